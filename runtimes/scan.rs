//! All keys of a cluster, page by page.

use super::std;

use std::vec::Vec;

use bytes::Bytes;

use super::client::Client;
use super::runtime::Runtime;
#[cfg(doc)]
use crate::error::Why;
use crate::{Error, Scan};

/// So many pages without a key follow each other within one call.
const EMPTY_COUNT_MAX: usize = 100;

/// The keys of a cluster, on their way: [`Client::scan`].
#[derive(Debug)]
pub struct Keys<R: Runtime> {
    client: Client<R>,
    scan: Scan,
}

impl<R: Runtime> Keys<R> {
    pub(super) const fn new(client: Client<R>, scan: Scan) -> Self {
        Self { client, scan }
    }

    /// Some more keys; `None` when there are no more. Dropping the future loses nothing. After a
    /// hundred pages without a key the result is an empty list, which bounds the wait: call it
    /// again.
    ///
    /// # Errors
    /// As [`Client::call`], and [`Why::SlotUnassigned`] or [`Why::SlotMoving`] if slots stay
    /// without a node, or between two, while all others are done: the topology is read again then.
    /// It may be called again after any error, best after a pause, and goes on.
    pub async fn next(&mut self) -> Result<Option<Vec<Bytes>>, Error> {
        for _ in 0..EMPTY_COUNT_MAX {
            let call = match self.scan.pending_call() {
                Some(call) => call,
                None => match self.scan.next_call(&self.client.topology().await?) {
                    Ok(Some(call)) => call,
                    Ok(None) => return Ok(None),
                    Err(error) => {
                        self.client.refresh_topology();
                        return Err(error);
                    }
                },
            };
            let outcome = self.client.call_each(call).await;
            let keys = self.scan.answered(outcome)?;
            if !keys.is_empty() {
                return Ok(Some(keys));
            }
        }
        Ok(Some(Vec::new()))
    }

    /// How far it has come: the number of slots that are done, of 16384.
    #[must_use]
    pub fn done_count(&self) -> usize {
        self.scan.done_count()
    }
}
