//! A lock whose poison is ignored.

use super::std;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub(super) fn lock<V>(mutex: &Mutex<V>) -> MutexGuard<'_, V> {
    // Nothing that runs under these locks can panic half-way.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
