extern crate std;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;

use proptest::prelude::*;

use super::options::{PARAMETERS, Parameter, TLS_PARAMETERS};
use super::{Url, values};
use crate::config::Config;
use crate::error::{ConfigError, UrlError, UrlPart};

/// What a parameter may be, by what is expected.
fn value(expected: &'static str) -> BoxedStrategy<String> {
    let number = prop_oneof![0..10_u64, 0..100_000_u64, any::<u64>()];
    let units = |units: &'static [&'static str]| {
        (0..1_000_000_u64, prop::sample::select(units)).prop_map(|(n, unit)| format!("{n}{unit}"))
    };
    match expected {
        values::duration::EXPECTED => units(&["ns", "us", "ms", "s", "m", "h"]).boxed(),
        values::size::EXPECTED => units(&["", "B", "KiB", "MiB", "GiB"]).boxed(),
        values::count::EXPECTED => number.prop_map(|n| n.to_string()).boxed(),
        values::database::EXPECTED => any::<u32>().prop_map(|n| n.to_string()).boxed(),
        values::rate::EXPECTED => any::<u32>().prop_map(|n| n.to_string()).boxed(),
        values::small::EXPECTED => any::<u8>().prop_map(|n| n.to_string()).boxed(),
        values::name::EXPECTED => "[!-~]{1,20}".boxed(),
        values::address_map::EXPECTED => {
            let rule = prop_oneof![
                "[a-z][a-z0-9.]{0,8}:[1-9][0-9]{0,3}>[a-z]{1,9}:[1-9][0-9]{0,3}",
                "\\[::[1-9]\\]:[1-9][0-9]{0,3}>[a-z]{1,9}:[1-9][0-9]{0,3}",
                "[a-z0-9.]{1,9}>[a-z]{1,9}",
                "\\[::[1-9]\\]>\\[fe80::[1-9]\\]",
            ];
            prop::collection::vec(rule, 1..4).prop_map(|rules| rules.join(",")).boxed()
        }
        words => {
            let words: Vec<&str> = words.split('`').skip(1).step_by(2).collect();
            prop::sample::select(words).prop_map(ToString::to_string).boxed()
        }
    }
}

/// Each parameter or not, with a value.
fn query() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let parameters: Vec<_> = PARAMETERS
        .iter()
        .map(|known| proptest::option::of((Just(known.name), value(known.expected))))
        .collect();
    parameters.prop_map(|parameters| parameters.into_iter().flatten().collect())
}

/// Every byte escaped.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        write!(escaped, "%{byte:02x}").unwrap();
        escaped
    })
}

proptest! {
    #[test]
    fn what_is_printed_is_read_as_what_it_was(query in query(), secure: bool) {
        let scheme = if secure { "valkeys" } else { "VALKEY" };
        let mut url = format!("{scheme}://10.0.0.1,[::1]:7001?");
        for (name, value) in &query {
            write!(url, "{name}={}&", escaped(value)).unwrap();
        }
        let read = match url.parse::<Url>() {
            Ok(read) => read,
            // A limit that cannot work: it is named.
            Err(ConfigError::Url(UrlError { part: UrlPart::Value(name), .. })) => {
                prop_assert!(query.iter().any(|(known, _)| *known == name));
                return Ok(());
            }
            Err(ConfigError::Field { .. }) => return Ok(()),
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        };
        prop_assert_eq!(read.config.validate(), Ok(()));
        let printed = read.to_string();
        prop_assert_eq!(printed.parse::<Url>(), Ok(read), "{}", printed);
    }
}

#[test]
fn f71_every_duration_has_an_upper_bound() {
    let durations = PARAMETERS.iter().filter(|known| known.expected == values::duration::EXPECTED);
    let mut count = 0;
    for Parameter { name, .. } in durations {
        let url = |value: &str| format!("redis://10.0.0.1?{name}={value}").parse::<Url>();
        for value in ["18446744073709551615s", "31622401s", "18446744073709551615ms"] {
            let error = url(value).expect_err("is too long").to_string();
            assert!(error.contains(name) && error.contains("is above 366 days"), "{error}");
        }
        assert!(url("31622400s").is_ok(), "{name}");
        count += 1;
    }
    assert_eq!(count, 15);
}

#[test]
fn every_field_has_a_parameter() {
    // Who adds a field meets this list.
    let Config {
        credentials: _,
        client_name: _,
        database: _,
        protocol: _,
        address_map: _,
        read_from: _,
        redirect_policy: _,
        cross_slot: _,
        call_timeout: _,
        connect_timeout: _,
        dial_stagger: _,
        stall_timeout: _,
        ping_interval: _,
        drain_timeout: _,
        max_redirections: _,
        min_retry_delay: _,
        max_retry_delay: _,
        min_reconnect_delay: _,
        max_reconnect_delay: _,
        min_refresh_interval: _,
        max_refresh_interval: _,
        refresh_stagger: _,
        moved_trust: _,
        takeover_delay: _,
        links_per_node: _,
        max_in_flight: _,
        max_in_flight_bytes: _,
        max_queued: _,
        max_pending_calls: _,
        max_pending_bytes: _,
        max_connections: _,
        max_dials: _,
        max_dial_rate: _,
        max_addresses: _,
        max_nodes: _,
        max_received_bytes: _,
        max_held_reply_bytes: _,
        limits:
            crate::config::Limits {
                max_frame_bytes: _,
                max_elements: _,
                max_depth: _,
                max_handshake_bytes: _,
                max_topology_bytes: _,
                max_push_bytes: _,
                max_skipped_bytes: _,
            },
    } = Config::default();
    // 38 of them, seven in `limits`, and no parameter for the credentials.
    assert_eq!(PARAMETERS.len(), 38 - 1 + 7 - 1);
    let mut names: Vec<_> = PARAMETERS.iter().map(|known| known.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), PARAMETERS.len());
}

#[test]
fn the_description_is_up_to_date() {
    let mut text = String::from("| parameter | value | default |\n| --- | --- | --- |\n");
    let default = Config::default();
    for known in &PARAMETERS {
        let value = (known.get)(&default);
        let value = if value.is_empty() { "none".to_string() } else { format!("`{value}`") };
        writeln!(text, "| `{}` | {} | {value} |", known.name, known.expected).unwrap();
    }
    text += "\nWith TLS, and only then:\n\n| parameter | value |\n| --- | --- |\n";
    for known in &TLS_PARAMETERS {
        writeln!(text, "| `{}` | {} |", known.name, known.what).unwrap();
    }
    if std::env::var_os("HASHSLOT_BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/url/parameters.md");
        std::fs::write(path, &text).unwrap();
    } else {
        assert_eq!(include_str!("parameters.md"), text, "run the test with HASHSLOT_BLESS=1");
    }
}

/// The error of a URL, as text.
#[track_caller]
fn error(url: &str) -> String {
    let error = url.parse::<Url>().expect_err(url);
    if let ConfigError::Url(error) = &error
        && let Some(text) = error.text()
    {
        assert_eq!(url.get(error.range()), Some(text));
    }
    error.to_string()
}

#[test]
fn errors_point_at_what_is_wrong() {
    for (url, told) in [
        ("10.0.0.1:7000", "the scheme (bytes 0..13): expected redis://, valkey://"),
        ("http://h", "the scheme `http` (bytes 0..4): expected redis://, valkey://"),
        ("redis://ann@h", "the user or password (bytes 8..11): no password: expected user:pass"),
        ("redis://ann:s%4@h", "the user or password (bytes 8..15): expected two hexadecimal dig"),
        ("redis://ann:s/c@h", "the user or password (bytes 8..15): write / ? # there as %2F %3F"),
        ("redis://h/?client_name=a@b", "the user or password (bytes 8..24): write / ? # there as"),
        ("redis://h:1,u:pw@h2:2", "the user or password (bytes 8..16): write / ? # there as %2F"),
        ("redis://u:p@w@h", "the user or password (bytes 8..13): write / ? # there as %2F"),
        ("redis://:p@0x7f.1", "the host `0x7f.1` (bytes 11..17): expected host, host:port"),
        ("redis://h:99999", "the host (bytes 8..15): expected host, host:port or [IPv6]:port"),
        ("redis://:p@a,h:0", "the host `h:0` (bytes 13..16): expected host, host:port or [IPv6]"),
        ("redis://h/x", "the database `x` (bytes 10..11): expected a number, such as /2"),
        ("redis://h/4294967296", "the database `4294967296` (bytes 10..20): expected a number"),
        ("redis://h#x", "the fragment `x` (bytes 10..11): there is none"),
        ("redis://h?x", "the parameter `x` (bytes 10..11): expected name=value"),
        (
            "redis://h?read_form=any",
            "the parameter `read_form` (bytes 10..19): there is none of this name, did you mean \
             `read_from`?",
        ),
        ("redis://h?x.y=1", "the parameter `x.y` (bytes 10..13): there is none of this name"),
        ("redis://h?protocol=2&protocol=2", "the parameter `protocol` (bytes 21..29): it is there"),
        ("redis://h/1?database=1", "the parameter `database` (bytes 12..20): it is there twice"),
        (
            "redis://h?call_timeout=5x",
            "the value of `call_timeout` `5x` (bytes 23..25): expected a duration such as `500ms`",
        ),
        ("redis://h?call_timeout=", "the value of `call_timeout` (bytes 23..23): expected a dura"),
        (
            "redis://h?call_timeout=0s",
            "the value of `call_timeout` `0s` (bytes 23..25): is zero: every call would time out at once",
        ),
        ("redis://h?max_pending_bytes=8MB", "`8MB` (bytes 28..31): expected a size such as `8MiB`"),
        ("redis://h?max_queued=-1", "`-1` (bytes 21..23): expected a whole number"),
        (
            "redis://h?max_queued=0",
            "the value of `max_queued` `0` (bytes 21..22): is zero: no command with a key could be submitted",
        ),
        (
            "redis://h?max_in_flight_bytes=0",
            "the value of `max_in_flight_bytes` `0` (bytes 30..31): is zero: no command could be sent",
        ),
        ("redis://h?max_redirections=256", "expected a number from 0 to 255"),
        ("redis://h?read_from=replica", "expected `primary` or `prefer_replica`"),
        ("redis://h?protocol=4", "expected `2` or `3`"),
        ("redis://h?client_name=a%20b", "(bytes 22..27): has spaces or other characters"),
        ("redis://h?address_map=a", "expected rules such as `10.0.0.7:6379>127.0.0.1:7001,"),
        ("redis://h?tls_ca_file=x", "`tls_ca_file` (bytes 10..21): only with rediss:// or valkeys"),
        ("rediss://h?tls_ca_file=", "expected the file with the certificates of the authorities"),
        ("rediss://h?tls_insecure=1", "`tls_insecure` (bytes 11..23): there is none of this name"),
        ("redis://", "no seed: at least one address"),
        ("redis://,,/1", "no seed: at least one address"),
    ] {
        let error = error(url);
        assert!(error.contains(told), "{url}: {error}");
    }
}

#[test]
fn f74_errors_and_urls_are_printed_without_secrets() {
    for url in [
        "redis://ann:s3cret@h:x",
        "redis://ann:s3cret@h/x?y=z",
        "redis://ann:s3cret%4@h",
        "redis://ann:s3/cret@h",
        "redis://ann:s3?cret@h",
        "redis://ann:s3cret",
        "redis://:s3cret,h",
        "ann:s3cret@h",
        "redis:ann:s3cret@h",
    ] {
        let error = url.parse::<Url>().expect_err(url);
        for shown in [error.to_string(), format!("{error:?}")] {
            assert!(!shown.contains("s3") && !shown.contains("cret"), "{url}: {shown}");
        }
    }
    let url: Url = "redis://s3cret:s3cret@h/3?client_name=app".parse().unwrap();
    assert_eq!(url.to_string(), "redis://***@h:6379/3?client_name=app");
    assert!(!format!("{url:?}").contains("s3cret"));
    assert!(url.to_string().parse::<Url>().is_err(), "what is not shown is not made up");
}

#[test]
fn an_empty_user_with_an_empty_password_is_none() {
    use crate::Credentials;
    for (user, expected) in [
        (":", None),
        ("ann:", Some(Credentials::user("ann", ""))),
        (":s3cret", Some(Credentials::password("s3cret"))),
        ("default:", Some(Credentials::user("default", ""))),
    ] {
        let url: Url = format!("redis://{user}@h?protocol=2").parse().unwrap();
        assert_eq!(url.config.credentials, expected, "{user}");
    }
    assert_eq!(Credentials::user("", "s3cret"), Credentials::password("s3cret"));
    let none: Url = "redis://:@h?protocol=2".parse().unwrap();
    assert_eq!(none.to_string(), "redis://h:6379?protocol=2");
}

#[test]
fn the_zone_of_an_address_is_read_without_its_escapes() {
    for (host, address, printed) in [
        ("[::1%25lo]", "::1%lo", "[::1%25lo]:6379"),
        ("[::1%25lo]:7000", "::1%lo", "[::1%25lo]:7000"),
        ("[fe80::1%25en%2D0]:7000", "fe80::1%en-0", "[fe80::1%25en-0]:7000"),
        ("[fe80::1%2525]", "fe80::1%25", "[fe80::1%2525]:6379"),
        ("[fe80::1%25a%25b]", "fe80::1%a%b", "[fe80::1%25a%25b]:6379"),
        ("[fe80::1%eth0]", "fe80::1%eth0", "[fe80::1%25eth0]:6379"),
        ("[fe80::1]", "fe80::1", "[fe80::1]:6379"),
        ("::1%25lo:7000", "::1%25lo", "[::1%2525lo]:7000"),
    ] {
        let url: Url = format!("redis://{host}").parse().expect(host);
        assert_eq!(url.seeds[0].host(), address);
        assert_eq!(url.to_string(), format!("redis://{printed}"));
        assert_eq!(url.to_string().parse::<Url>().as_ref(), Ok(&url));
    }
    for host in [
        "[fe80::1%25]",
        "[fe80::1%]",
        "[fe80::1%25%]",
        "[fe80::1%25a%2]",
        "[fe80::1%25%40]",
        "[::1%25%ff]",
        "[a%25b]",
        "a%25b:c:7000",
    ] {
        assert!(error(&format!("redis://{host}")).contains("the host (bytes 8.."), "{host}");
    }
}

#[test]
fn all_of_it() {
    let url = "rediss://ann:p%40ss@a:7000,[::1]/2?protocol=2&max_pending_bytes=1MiB&read_from=\
               prefer_replica&address_map=10.0.0.7:6379>db:7001&tls_server_name=redis.example.net\
               &tls_ca_file=/etc/ca.pem&moved_trust=1m&limits.max_depth=9";
    let url: Url = url.parse().unwrap();
    assert_eq!(url.config.database, 2);
    assert_eq!(url.config.max_pending_bytes, 1 << 20);
    assert_eq!(url.config.limits.max_depth, 9);
    assert_eq!(url.config.address_map.apply("10.0.0.7:6379".parse().unwrap()).host(), "db");
    let credentials = url.config.credentials.clone();
    assert_eq!(credentials, Some(crate::Credentials::user("ann", "p@ss")));
    let tls = url.tls.as_ref().unwrap();
    assert_eq!(tls.server_name.as_deref(), Some("redis.example.net"));
    assert_eq!(tls.ca_file.as_deref(), Some("/etc/ca.pem"));
    assert_eq!(
        url.to_string(),
        "rediss://***@a:7000,[::1]:6379/2?protocol=2&address_map=10.0.0.7:6379%3Edb:7001&read_from=\
         prefer_replica&moved_trust=1m&max_pending_bytes=1MiB&limits.max_depth=9\
         &tls_ca_file=/etc/ca.pem&tls_server_name=redis.example.net"
    );
}
