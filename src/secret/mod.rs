//! Bytes that are never printed, and overwritten before their memory is given back.

use alloc::vec::Vec;
use core::fmt;
use core::hint::black_box;

/// Bytes that are never printed, and overwritten with zeros when they are dropped.
///
/// What that does not reach: what they were made from, what the transport keeps of them, and memory
/// that the system has written elsewhere.
#[derive(PartialEq, Eq)]
pub(crate) struct Secret(Vec<u8>);

impl Secret {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// A copy of these bytes, without room for more.
    pub(crate) fn copy_of(bytes: &[u8]) -> Self {
        Self(Vec::from(bytes))
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, with room for `len` more, so that appending them leaves no copy behind.
    pub(crate) fn with_room(&mut self, len: usize) -> &mut Vec<u8> {
        if self.0.capacity() - self.0.len() < len {
            let mut larger = Vec::with_capacity((self.0.len() + len).max(self.0.len() * 2));
            larger.extend_from_slice(&self.0);
            wipe(&mut self.0);
            self.0 = larger;
        }
        &mut self.0
    }
}

impl Clone for Secret {
    fn clone(&self) -> Self {
        Self::copy_of(&self.0)
    }
}

impl AsRef<[u8]> for Secret {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// Overwrites bytes. `black_box` hides from the compiler that no code reads them afterwards;
/// without it the compiler could remove the writes.
fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    black_box(bytes);
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests;
