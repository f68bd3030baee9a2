//! Floor 10: when a debug build looks at everything.
//!
//! A state of a thousand parts is looked at every thousandth input: the looks cost an input the
//! same, however much a debug build has to do. Searches ask [`Cluster::verify`] after every step.

use alloc::string::String;

use super::Cluster;

/// When everything is looked at again.
#[derive(Debug, Default)]
#[cfg_attr(feature = "sim", derive(Clone))]
pub(super) struct Audit {
    inputs_left: usize,
}

impl<T> Cluster<T> {
    /// Looks at everything if it is time to.
    ///
    /// # Errors
    /// What does not hold.
    pub(super) fn look_at_all(&mut self) -> Result<(), String> {
        if let Some(left) = self.audit.inputs_left.checked_sub(1) {
            self.audit.inputs_left = left;
            return Ok(());
        }
        self.audit.inputs_left = self.verify_all()?;
        Ok(())
    }
}
