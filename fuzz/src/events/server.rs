//! What a server says.

use hashslot::Slot;
use hashslot::config::Protocol;
use hashslot::resp::encode;

use super::wire::Written;
use crate::replies::Writer;
use crate::source::Source;

/// Where nodes listen: the last two are in no topology.
pub(super) const PLACES: &[&str] = &[
    "127.0.0.1:7000",
    "127.0.0.1:7001",
    "127.0.0.1:7002",
    "127.0.0.1:7003",
    "127.0.0.1:6666",
    "evil.example:7000",
];

/// Ranges with the ports of their nodes, the primary first.
type Layout = &'static [(i64, i64, &'static [i64])];
const LAYOUTS: &[Layout] = &[
    &[(0, 5460, &[7000]), (5461, 10_922, &[7001]), (10_923, 16_383, &[7002])],
    &[(0, 5460, &[7000, 7003]), (5461, 10_922, &[7001]), (10_923, 16_383, &[7002])],
    &[(0, 16_383, &[7001, 7000, 7002])],
    &[(0, 5000, &[7002]), (5001, 10_922, &[7000]), (10_923, 16_383, &[7003])],
    &[(0, 5460, &[7000]), (10_923, 16_383, &[7002])],
    &[],
];

/// The reply that a well-behaved server gives.
pub(super) fn right(command: &Written, source: &mut Source<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    if command.is_queued {
        return b"+QUEUED\r\n".to_vec();
    }
    let subcommand = command.args.get(1).map(Vec::as_slice);
    match (command.args[0].as_slice(), subcommand) {
        (b"HELLO", _) => {
            let version = source.pick(&["8.0.0", "8.0.0", "6.2.5", "x"]);
            encode::map_header(&mut out, 1, Protocol::Resp3);
            encode::bulk(&mut out, b"version");
            encode::bulk(&mut out, version.as_bytes());
        }
        (b"CLUSTER", Some(question)) => about_cluster(&mut out, question, source),
        (b"GET", _) => encode::bulk(&mut out, b"ann"),
        (b"MGET", _) => {
            encode::array_header(&mut out, command.args.len() - 1);
            command.args[1..].iter().for_each(|key| encode::bulk(&mut out, key));
        }
        (b"DEL" | b"EXISTS" | b"DBSIZE", _) => encode::integer(&mut out, 2),
        (b"KEYS", _) => out.extend_from_slice(b"*1\r\n$3\r\nfoo\r\n"),
        (b"EXEC", _) => out.extend_from_slice(b"*1\r\n+OK\r\n"),
        _ => encode::simple(&mut out, b"OK"),
    }
    out
}

fn about_cluster(out: &mut Vec<u8>, question: &[u8], source: &mut Source<'_>) {
    let layout = LAYOUTS[usize::from(source.byte() / 8) % LAYOUTS.len()];
    match question {
        b"SLOTS" => {
            encode::array_header(out, layout.len());
            for (first, last, ports) in layout {
                encode::array_header(out, 2 + ports.len());
                encode::integer(out, *first);
                encode::integer(out, *last);
                for port in *ports {
                    encode::array_header(out, 3);
                    encode::bulk(out, b"127.0.0.1");
                    encode::integer(out, *port);
                    encode::bulk(out, &id(*port));
                }
            }
        }
        b"SHARDS" => {
            encode::array_header(out, 1);
            encode::map_header(out, 1, Protocol::Resp3);
            encode::bulk(out, b"nodes");
            encode::array_header(out, 4);
            for port in 7000..7004 {
                encode::map_header(out, 3, Protocol::Resp3);
                encode::bulk(out, b"id");
                encode::bulk(out, &id(port));
                encode::bulk(out, b"endpoint");
                encode::bulk(out, b"127.0.0.1");
                encode::bulk(out, b"port");
                encode::integer(out, port);
            }
        }
        _ => {
            let mut text = Vec::new();
            for port in 7000..7004 {
                text.extend_from_slice(&id(port));
                let rest = format!(" 127.0.0.1:{port}@17000 master - 0 0 1 connected\n");
                text.extend_from_slice(rest.as_bytes());
            }
            encode::bulk(out, &text);
        }
    }
}

fn id(port: i64) -> [u8; 40] {
    [b"abcd"[usize::try_from(port - 7000).unwrap_or(0) % 4]; 40]
}

/// A reply that a server in trouble, or a hostile one, gives.
pub(super) fn odd(command: Option<&Written>, source: &mut Source<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let key = command.and_then(|command| {
        let at = if command.args[0].starts_with(b"EVAL") { 3 } else { 1 };
        command.args.get(at)
    });
    let mut slot = key.map_or(0, |key| Slot::of_key(key).number());
    let kind = source.below(20);
    match kind {
        0..8 => {
            if source.one_in(8) {
                slot = source.number();
            }
            let code = if kind < 5 { "MOVED" } else { "ASK" };
            let place = source.pick(&[
                PLACES[0], PLACES[1], PLACES[2], PLACES[3], PLACES[4], PLACES[5], ":7001",
                "?:7000", "", ":6666",
            ]);
            encode::error(&mut out, format!("{code} {slot} {place}").as_bytes());
        }
        8..11 => {
            let text = source.pick(&[
                "TRYAGAIN x",
                "CLUSTERDOWN x",
                "LOADING x",
                "READONLY x",
                "MASTERDOWN x",
                "ERR unknown command",
                "NOAUTH Authentication required.",
                "WRONGPASS x",
                "EXECABORT x",
                "NOPROTO x",
                "ERR This instance has cluster support disabled",
                "ERR x",
                "NOSCRIPT No matching script.",
            ]);
            encode::error(&mut out, text.as_bytes());
        }
        11 => out.extend_from_slice(b">2\r\n+message\r\n+x\r\n"),
        12 => out.extend_from_slice(b"|1\r\n+ttl\r\n:1\r\n+OK\r\n"),
        13 => encode::null(&mut out, source.pick(&[Protocol::Resp3, Protocol::Resp2])),
        14 => out.extend_from_slice(&b"*1\r\n".repeat(source.below(40))),
        15 => out.extend_from_slice(source.text(60)),
        16 => encode::bulk(&mut out, &vec![b'x'; usize::from(source.number() % 3000)]),
        _ => {
            let protocol = source.pick(&[Protocol::Resp3, Protocol::Resp2]);
            let mut writer = Writer { source, protocol, out };
            match kind {
                17 => writer.slots(),
                18 => writer.shards(),
                _ => writer.nodes(),
            }
            out = writer.out;
        }
    }
    out
}
