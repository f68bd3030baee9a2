//! What errors and panics of a transport mean to the machine.

use super::std;

use core::any::Any;
use core::panic::AssertUnwindSafe;
use std::io;
use std::net::IpAddr;
use std::panic::catch_unwind;
use std::string::{String, ToString as _};

use super::provider::NoCredentials;
use crate::Address;
use crate::error::{Disconnect, SystemText, TlsFailure};

/// The core's word for an error of a connection.
#[expect(clippy::wildcard_enum_match_arm, reason = "the system has many; these have a word")]
pub(super) fn closed_by(error: &io::Error) -> Disconnect {
    let inner = error.get_ref();
    if inner.and_then(|inner| inner.downcast_ref::<NoCredentials>()).is_some() {
        return Disconnect::Credentials;
    }
    if let Some(failure) = inner.and_then(|inner| inner.downcast_ref::<TlsFailure>()) {
        return Disconnect::Tls(*failure);
    }
    if let Some(cause) = inner.and_then(|inner| inner.downcast_ref::<Disconnect>()) {
        return cause.clone();
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Disconnect::Refused,
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => Disconnect::Reset,
        io::ErrorKind::UnexpectedEof | io::ErrorKind::WriteZero => Disconnect::EndOfStream,
        io::ErrorKind::TimedOut => Disconnect::TimedOut,
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::AddrNotAvailable => Disconnect::Unreachable,
        _ => Disconnect::Other(SystemText::new(&error.to_string())),
    }
}

/// The core's word for an error of a dial.
pub(super) fn dial_failed_by(address: &Address, error: &io::Error) -> Disconnect {
    let is_about_name =
        matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidInput);
    let cause = closed_by(error);
    if let Disconnect::Other(text) = &cause
        && is_about_name
        && is_name(address)
    {
        return Disconnect::NameResolution(text.clone());
    }
    cause
}

/// Whether the host of an address has to be resolved.
pub(super) fn is_name(address: &Address) -> bool {
    address.unix_path().is_none() && address.host().parse::<IpAddr>().is_err()
}

/// Runs what an application has written. A panic in it becomes an error, so that it ends what it
/// concerns, and no more.
pub(super) fn caught<V>(run: impl FnOnce() -> V) -> Result<V, Disconnect> {
    // What has panicked is dropped, and not looked at again.
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| Disconnect::Panicked(message(&*panic)))
}

/// The message of a panic.
fn message(panic: &(dyn Any + Send)) -> SystemText {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.map_or(SystemText::EMPTY, SystemText::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_of_the_system_has_its_word_or_keeps_its_own()
    -> Result<(), crate::error::AddressError> {
        let (name, ip) = ("db.example:1".parse::<Address>()?, "10.0.0.1:1".parse::<Address>()?);
        let path = Address::unix("/run/none")?;
        let error = |kind: io::ErrorKind| io::Error::new(kind, "the system's words\u{7}");
        for (address, kind, told) in [
            (&ip, io::ErrorKind::ConnectionRefused, "connection refused"),
            (&ip, io::ErrorKind::PermissionDenied, "input/output error: the system's words"),
            (&ip, io::ErrorKind::InvalidInput, "input/output error: the system's words"),
            (&path, io::ErrorKind::NotFound, "input/output error: the system's words"),
            (&name, io::ErrorKind::PermissionDenied, "input/output error: the system's words"),
            (
                &name,
                io::ErrorKind::NotFound,
                "the host name cannot be resolved: the system's words",
            ),
            (&name, io::ErrorKind::TimedOut, "no answer in time"),
        ] {
            assert_eq!(dial_failed_by(address, &error(kind)).to_string(), told, "{address} {kind}");
        }
        let wrapped = io::Error::other(Disconnect::Panicked(SystemText::EMPTY));
        assert_eq!(closed_by(&wrapped), Disconnect::Panicked(SystemText::EMPTY));
        Ok(())
    }

    #[test]
    fn a_panic_is_an_error_with_its_message() {
        let text = |run: fn()| caught(run).expect_err("panics").to_string();
        assert_eq!(text(|| panic!("no {}", "cable")), "the transport panicked: no cable");
        assert_eq!(text(|| panic!("no cable")), "the transport panicked: no cable");
        assert_eq!(text(|| std::panic::panic_any(7)), "the transport panicked");
        assert_eq!(caught(|| 7), Ok(7));
    }
}
