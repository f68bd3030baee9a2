//! A second reading of hosts: a name, or an IP address in normal form.

use std::net::Ipv6Addr;

/// The host as it is kept, without brackets; `None` if it is none.
pub(crate) fn normal(host: &str) -> Option<String> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if !(1..=255).contains(&bare.len()) {
        return None;
    }
    if bare.contains(':') {
        let (address, zone) = bare.split_once('%').map_or((bare, None), |(a, z)| (a, Some(z)));
        let address = address.parse::<Ipv6Addr>().ok()?;
        let is_odd = |c: char| !c.is_ascii_alphanumeric() && !"-_.~%".contains(c);
        return match zone {
            None => Some(address.to_string()),
            Some(zone) if zone.is_empty() || zone.contains(is_odd) => None,
            Some(zone) => Some(format!("{address}%{zone}")),
        };
    }
    if bare.contains(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c)) {
        return None;
    }
    let labels: Vec<_> = bare.split('.').collect();
    let is_byte = |label: &&str| label.parse::<u8>().is_ok_and(|byte| byte.to_string() == **label);
    if labels.len() == 4 && labels.iter().all(is_byte) {
        return Some(bare.to_owned());
    }
    // One dot at the end says that the name is whole.
    let without_dot = if labels.len() > 1 && labels.last() == Some(&"") {
        &labels[..labels.len() - 1]
    } else {
        &labels
    };
    let is_number = |label: &&str| {
        let lower = label.to_ascii_lowercase();
        let (digits, radix) = lower.strip_prefix("0x").map_or((&*lower, 10), |rest| (rest, 16));
        digits.chars().all(|c| c.is_digit(radix))
    };
    (!without_dot.iter().all(is_number)).then(|| bare.to_owned())
}
