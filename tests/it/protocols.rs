//! Frames in the other version of the protocol: every type, and what is left as it is.

use hashslot::config::{Limits, Protocol};
use hashslot::resp::Frame;

/// RESP3, what becomes of it in RESP2, and what becomes of that in RESP3.
const TABLE: &[(&[u8], &[u8], &[u8])] = &[
    (b"+OK\r\n", b"+OK\r\n", b"+OK\r\n"),
    (b"-ERR no\r\n", b"-ERR no\r\n", b"-ERR no\r\n"),
    (b":-7\r\n", b":-7\r\n", b":-7\r\n"),
    (b"$2\r\n\r\n\r\n", b"$2\r\n\r\n\r\n", b"$2\r\n\r\n\r\n"),
    (b"*0\r\n", b"*0\r\n", b"*0\r\n"),
    (b"$-1\r\n", b"$-1\r\n", b"_\r\n"),
    (b"*-1\r\n", b"*-1\r\n", b"_\r\n"),
    (b"_\r\n", b"$-1\r\n", b"_\r\n"),
    (b"#t\r\n", b":1\r\n", b":1\r\n"),
    (b"#f\r\n", b":0\r\n", b":0\r\n"),
    (b",1.5\r\n", b"$3\r\n1.5\r\n", b"$3\r\n1.5\r\n"),
    (b",-0\r\n", b"$2\r\n-0\r\n", b"$2\r\n-0\r\n"),
    (b",1e+20\r\n", b"$5\r\n1e+20\r\n", b"$5\r\n1e+20\r\n"),
    // Digits that no double needs: servers before Redis 7.2 write them in both protocols.
    (b",3.1000000000000001\r\n", b"$18\r\n3.1000000000000001\r\n", b"$18\r\n3.1000000000000001\r\n"),
    (b",inf\r\n", b"$3\r\ninf\r\n", b"$3\r\ninf\r\n"),
    (b",-inf\r\n", b"$4\r\n-inf\r\n", b"$4\r\n-inf\r\n"),
    (b",nan\r\n", b"$3\r\nnan\r\n", b"$3\r\nnan\r\n"),
    (b"(-12345678901234567890\r\n", b"$21\r\n-12345678901234567890\r\n", b"$21\r\n-12345678901234567890\r\n"),
    (b"!8\r\nERR a\r\nb\r\n", b"-ERR a  b\r\n", b"-ERR a  b\r\n"),
    (b"=8\r\ntxt:some\r\n", b"$4\r\nsome\r\n", b"$4\r\nsome\r\n"),
    (b"=4\r\nmkd:\r\n", b"$0\r\n\r\n", b"$0\r\n\r\n"),
    (b"%0\r\n", b"*0\r\n", b"*0\r\n"),
    (b"%2\r\n+a\r\n:1\r\n+b\r\n_\r\n", b"*4\r\n+a\r\n:1\r\n+b\r\n$-1\r\n", b"*4\r\n+a\r\n:1\r\n+b\r\n_\r\n"),
    (b"~2\r\n:1\r\n:2\r\n", b"*2\r\n:1\r\n:2\r\n", b"*2\r\n:1\r\n:2\r\n"),
    (b">2\r\n+pong\r\n_\r\n", b"*2\r\n+pong\r\n$-1\r\n", b"*2\r\n+pong\r\n_\r\n"),
    (b"|1\r\n+ttl\r\n:9\r\n+v\r\n", b"+v\r\n", b"+v\r\n"),
    (b"|1\r\n+a\r\n~1\r\n,1\r\n|0\r\n>1\r\n+m\r\n", b"*1\r\n+m\r\n", b"*1\r\n+m\r\n"),
    // Each kind inside of another one, with neighbours that stay.
    (
        b"*4\r\n:1\r\n%1\r\n~1\r\n#t\r\n%1\r\n+k\r\n,2\r\n|1\r\n+x\r\n*1\r\n_\r\n$1\r\nv\r\n*1\r\n_\r\n",
        b"*4\r\n:1\r\n*2\r\n*1\r\n:1\r\n*2\r\n+k\r\n$1\r\n2\r\n$1\r\nv\r\n*1\r\n$-1\r\n",
        b"*4\r\n:1\r\n*2\r\n*1\r\n:1\r\n*2\r\n+k\r\n$1\r\n2\r\n$1\r\nv\r\n*1\r\n_\r\n",
    ),
];

fn parse(bytes: &[u8]) -> Frame {
    let mut limits = Limits::default();
    limits.max_depth = usize::MAX;
    Frame::parse(bytes.to_vec(), &limits)
        .unwrap_or_else(|error| panic!("{}: {error}", bytes.escape_ascii()))
}

/// Both functions, which must agree; the result is RESP and does not change again.
#[track_caller]
fn converted(bytes: &[u8], protocol: Protocol) -> Vec<u8> {
    let frame = parse(bytes);
    let made = frame.to_protocol(protocol);
    let mut out = b"before".to_vec();
    frame.write_as(protocol, &mut out);
    assert_eq!(out.strip_prefix(b"before"), Some(&made.as_bytes()[..]));
    let again = parse(made.as_bytes());
    let twice = again.to_protocol(protocol);
    assert_eq!(
        twice.as_bytes().as_ptr(),
        again.as_bytes().as_ptr(),
        "nothing changes, nothing is copied"
    );
    assert!(made.as_bytes().len() <= 2 * bytes.len(), "{}", bytes.escape_ascii());
    made.as_bytes().to_vec()
}

#[test]
fn every_type_has_a_form_in_either_protocol() {
    let show = |bytes: &[u8]| bytes.escape_ascii().to_string();
    for &(resp3, resp2, back) in TABLE {
        assert_eq!(show(&converted(resp3, Protocol::Resp2)), show(resp2), "{}", show(resp3));
        assert_eq!(show(&converted(resp2, Protocol::Resp3)), show(back), "{}", show(resp2));
    }
}

#[test]
fn attributes_stay_in_resp3() {
    let said = b"|1\r\n+a\r\n*1\r\n$-1\r\n*1\r\n*-1\r\n";
    assert_eq!(converted(said, Protocol::Resp3), b"|1\r\n+a\r\n*1\r\n_\r\n*1\r\n_\r\n");
}

#[test]
fn depth_takes_no_stack() {
    const DEPTH: usize = 100_000;
    let deep = |level: &[u8], end: &[u8]| [&level.repeat(DEPTH)[..], end].concat();
    for (resp3, resp2) in [
        (deep(b"~1\r\n", b"_\r\n"), deep(b"*1\r\n", b"$-1\r\n")),
        (deep(b"%1\r\n+k\r\n", b"#f\r\n"), deep(b"*2\r\n+k\r\n", b":0\r\n")),
        (deep(b"|1\r\n+k\r\n", b":1\r\n"), Vec::new()),
    ] {
        if resp2.is_empty() {
            let values = b"+v\r\n".repeat(DEPTH);
            assert_eq!(converted(&[resp3, values].concat(), Protocol::Resp2), b"+v\r\n");
        } else {
            assert_eq!(converted(&resp3, Protocol::Resp2), resp2);
        }
    }
}

/// The trees convert themselves one value after the other, with a recursion.
#[cfg(feature = "proptest")]
mod model {
    use hashslot::sim::strategies::{frames, pushes};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(1_000)
        })]

        #[test]
        fn frames_become_what_trees_become(tree in prop_oneof![9 => frames(), 1 => pushes()]) {
            let (resp2, resp3) = (tree.encode(Protocol::Resp2), tree.encode(Protocol::Resp3));
            prop_assert_eq!(converted(&resp3, Protocol::Resp2), &resp2[..]);
            prop_assert_eq!(converted(&resp3, Protocol::Resp3), resp3);
            let back = tree.in_resp2().encode(Protocol::Resp3);
            prop_assert_eq!(converted(&resp2, Protocol::Resp3), back);
        }
    }
}
