//! Zones of IPv6 addresses: `[fe80::1%25eth0]` in a URL is `fe80::1%eth0` everywhere else (RFC
//! 6874).

use alloc::borrow::Cow;
use alloc::format;
use core::fmt;

use super::percent;
use crate::address::Address;

/// What stands before a zone in a URL.
const MARK: &str = "%25";

/// The text of a host, with or without a port, whose zone is read as a URL writes it. `None` if the
/// zone is malformed. A bare `%` before the zone is accepted as well.
pub(super) fn decoded(text: &str) -> Option<Cow<'_, str>> {
    let Some((address, behind)) = text.strip_prefix('[').and_then(|text| text.split_once(']'))
    else {
        return Some(text.into());
    };
    let Some((address, zone)) = address.split_once(MARK) else { return Some(text.into()) };
    if address.contains('%') || !address.contains(':') {
        return Some(text.into());
    }
    Some(format!("[{address}%{}]{behind}", percent::decoded(zone)?).into())
}

/// Address and zone of an IPv6 address that has one.
fn split(host: &str) -> Option<(&str, &str)> {
    host.split_once('%').filter(|(address, _)| address.contains(':'))
}

/// An address as a URL has it.
pub(super) struct Encoded<'a>(pub(super) &'a Address);

impl fmt::Display for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match split(self.0.host()) {
            Some((address, zone)) => {
                write!(f, "[{address}{MARK}{}]:{}", percent::encoded(zone), self.0.port())
            }
            None => self.0.fmt(f),
        }
    }
}
