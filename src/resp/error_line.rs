//! An error as a server would send it.

use alloc::format;
use alloc::vec::Vec;

use bytes::Bytes;

use super::encode;
use crate::error::{Cause, Error, Failure, Rejection};

impl Error {
    /// Encodes the error as a server would send it, for proxies: a RESP error line.
    ///
    /// **Shape**: a server's error is forwarded verbatim, including whatever the server repeated
    /// from the command. Any other error begins with the code that a server would use:
    /// `CROSSSLOT`, `CLUSTERDOWN`, `TRYAGAIN`, or else `ERR`.
    ///
    /// ```
    /// use hashslot::Error;
    /// use hashslot::error::ServerError;
    /// let error = Error::from(ServerError::new("WRONGTYPE not a list"));
    /// assert_eq!(error.to_resp(), "-WRONGTYPE not a list\r\n");
    /// assert_eq!(Error::shut_down().to_resp(), "-ERR not sent: the client is shut down\r\n");
    /// ```
    #[must_use]
    pub fn to_resp(&self) -> Bytes {
        let mut line = Vec::new();
        if let Failure::Server(error) = self.failure() {
            encode::error(&mut line, error.as_bytes());
        } else {
            let text = format!("{} {self}", self.resp_code());
            encode::error(&mut line, text.as_bytes());
        }
        line.into()
    }

    /// The code that a server would use for an error that is not a server's.
    const fn resp_code(&self) -> &'static str {
        match self.failure() {
            Failure::Rejected(Rejection::CrossSlot(..)) => "CROSSSLOT",
            Failure::Failed(Cause::SlotUnassigned | Cause::NoCluster(_) | Cause::NoNode) => {
                "CLUSTERDOWN"
            }
            Failure::Failed(Cause::SlotMoving) | Failure::Overloaded { .. } => "TRYAGAIN",
            Failure::Rejected(_)
            | Failure::Server(_)
            | Failure::Failed(_)
            | Failure::Partial(_)
            | Failure::ShutDown
            | Failure::Conversion(_)
            | Failure::Config(_) => "ERR",
        }
    }
}
