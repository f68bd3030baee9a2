//! How the values of parameters are written: a module for each kind of them.
//!
//! Each has what is `EXPECTED`, in words, `read` and `write`. What is written is read as what it
//! was.

#![allow(clippy::trivially_copy_pass_by_ref, reason = "all kinds are written in the same way")]

use alloc::format;
use alloc::string::{String, ToString};

/// Words that stand for the variants of a type.
macro_rules! words {
    ($kind:ident, $type:ty, $expected:literal, $($word:literal => $variant:ident),+) => {
        pub(super) mod $kind {
            use alloc::string::{String, ToString};

            pub(in crate::url) const EXPECTED: &str = $expected;

            pub(in crate::url) fn read(text: &str) -> Option<$type> {
                match text {
                    $($word => Some(<$type>::$variant),)+
                    _ => None,
                }
            }

            pub(in crate::url) fn write(value: &$type) -> String {
                match value {
                    $(<$type>::$variant => $word.to_string(),)+
                }
            }
        }
    };
}

words!(protocol, crate::config::Protocol, "`2` or `3`", "2" => Resp2, "3" => Resp3);
words!(
    read_from, crate::config::ReadFrom, "`primary` or `prefer_replica`",
    "primary" => Primary, "prefer_replica" => PreferReplica
);
words!(
    redirect_policy, crate::config::RedirectPolicy, "`listed` or `any`",
    "listed" => Listed, "any" => Any
);
words!(
    cross_slot, crate::config::CrossSlot, "`split` or `refuse`",
    "split" => Split, "refuse" => Refuse
);

/// Numbers of a type.
macro_rules! numbers {
    ($kind:ident, $type:ty, $expected:literal) => {
        pub(super) mod $kind {
            use alloc::string::{String, ToString};

            pub(in crate::url) const EXPECTED: &str = $expected;

            pub(in crate::url) fn read(text: &str) -> Option<$type> {
                super::is_number(text).then(|| text.parse().ok()).flatten()
            }

            pub(in crate::url) fn write(value: &$type) -> String {
                value.to_string()
            }
        }
    };
}

numbers!(count, usize, "a whole number");
numbers!(rate, u32, "a whole number, of each second");
numbers!(small, u8, "a number from 0 to 255");
numbers!(database, u32, "the number of a database");

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number with one of these units, the largest first.
fn with_unit(text: &str, units: &[(&str, u128)]) -> Option<u128> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, worth) = units.iter().find(|(known, _)| *known == unit)?;
    number.parse::<u128>().ok()?.checked_mul(*worth)
}

/// The same number in the largest unit that it is a multiple of.
fn in_units(number: u128, units: &[(&str, u128)]) -> String {
    let fits = |(_, worth): &&(&str, u128)| number > 0 && number.is_multiple_of(*worth);
    match units.iter().find(fits).or_else(|| units.last()) {
        Some((unit, worth)) => format!("{}{unit}", number / worth),
        None => number.to_string(),
    }
}

pub(super) mod duration {
    use alloc::string::String;
    use core::time::Duration;

    pub(in crate::url) const EXPECTED: &str = "a duration such as `500ms`, `2s` or `1m`";

    const SECOND: u128 = 1_000_000_000;
    const UNITS: [(&str, u128); 6] = [
        ("h", 3600 * SECOND),
        ("m", 60 * SECOND),
        ("s", SECOND),
        ("ms", 1_000_000),
        ("us", 1_000),
        ("ns", 1),
    ];

    pub(in crate::url) fn read(text: &str) -> Option<Duration> {
        let nanos = super::with_unit(text, &UNITS)?;
        let seconds = u64::try_from(nanos / SECOND).ok()?;
        Some(Duration::new(seconds, u32::try_from(nanos % SECOND).ok()?))
    }

    pub(in crate::url) fn write(value: &Duration) -> String {
        super::in_units(value.as_nanos(), &UNITS)
    }
}

pub(super) mod size {
    use alloc::string::String;

    pub(in crate::url) const EXPECTED: &str = "a size such as `8MiB`, `64KiB` or `1000` (bytes)";

    const UNITS: [(&str, u128); 5] =
        [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1), ("", 1)];

    pub(in crate::url) fn read(text: &str) -> Option<usize> {
        usize::try_from(super::with_unit(text, &UNITS)?).ok()
    }

    pub(in crate::url) fn write(value: &usize) -> String {
        super::in_units(u128::try_from(*value).unwrap_or(u128::MAX), &UNITS)
    }
}

pub(super) mod name {
    use alloc::string::String;

    pub(in crate::url) const EXPECTED: &str = "a name without blanks";

    #[expect(clippy::option_option, reason = "a value for a field that may have none")]
    pub(in crate::url) fn read(text: &str) -> Option<Option<String>> {
        (!text.is_empty()).then(|| Some(text.into()))
    }

    #[expect(clippy::ref_option, reason = "all kinds are written in the same way")]
    pub(in crate::url) fn write(value: &Option<String>) -> String {
        value.clone().unwrap_or_default()
    }
}

pub(super) mod address_map {
    use alloc::string::String;
    use alloc::vec::Vec;

    use crate::config::AddressMap;

    pub(in crate::url) const EXPECTED: &str =
        "rules such as `10.0.0.7:6379>127.0.0.1:7001,10.0.0.8>db.example.net`";

    pub(in crate::url) fn read(text: &str) -> Option<AddressMap> {
        text.split(',').try_fold(AddressMap::default(), |map, rule| {
            let (from, to) = rule.split_once('>')?;
            match (has_port(from), has_port(to)) {
                (true, true) => Some(map.node(from.parse().ok()?, to.parse().ok()?)),
                (false, false) => Some(map.host(host(from)?, host(to)?)),
                _ => None,
            }
        })
    }

    /// Whether there is a port behind a host that may stand in brackets.
    pub(in crate::url) fn has_port(text: &str) -> bool {
        match text.strip_prefix('[') {
            Some(bracketed) => bracketed.contains("]:"),
            None => text.contains(':'),
        }
    }

    fn host(text: &str) -> Option<&str> {
        let host = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        Some(host.unwrap_or(text)).filter(|host| !host.is_empty())
    }

    pub(in crate::url) fn write(value: &AddressMap) -> String {
        value.rules().collect::<Vec<_>>().join(",")
    }
}
