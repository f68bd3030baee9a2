//! Who may forbid that an address is dialled.

use super::std;

use core::fmt;
use std::sync::Arc;

use super::cause::caught;
use crate::Address;
use crate::error::Disconnect;

/// Says of each address whether it may be dialled: as the cluster announces it, and as its name was
/// looked up.
#[derive(Clone, Default)]
pub(super) struct Permit(Option<Arc<Allows>>);

type Allows = dyn Fn(&Address) -> bool + Send + Sync;

impl Permit {
    pub(super) fn new(allows: impl Fn(&Address) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(allows)))
    }

    /// # Errors
    /// The address may not be dialled; or who should say it panicked.
    pub(super) fn check(&self, address: &Address) -> Result<(), Disconnect> {
        let Some(allows) = &self.0 else { return Ok(()) };
        if caught(|| allows(address))? { Ok(()) } else { Err(Disconnect::Forbidden) }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Permit(..)" } else { "Permit(all)" })
    }
}
