//! Replies of real servers through the parser: whole, to the byte, and as another reader has them.
//!
//! The other reader is the harness's, which shares no code with the crate. The two protocols are
//! compared with each other as well: what RESP2 says with fewer types has to mean the same.

use std::io::{self, Cursor, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use hashslot::Frame;
use hashslot::config::Protocol;
use hashslot::resp::{Scan, Scanner, Value, encode};

use super::{Done, on};
use crate::servers::NAMES;
use crate::servers::cluster::Cluster;
use crate::servers::raw::{self, Reply};

/// What is stored before the commands are sent. All keys are of a slot of the first node.
const PREPARATION: &str = "FLUSHALL
SET {b}text hello
SET {b}number 10
SET {b}other hallo
SETEX {b}brief 1000 x
RPUSH {b}list a b c a
HSET {b}hash one 1 two 2
SADD {b}set x y z
SADD {b}numbers 1 2 3
ZADD {b}zset 1 one 2.5 two inf top
ZADD {b}zother 3 two
GEOADD {b}geo 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
PFADD {b}pf a b c
SETBIT {b}bits 7 1
XADD {b}stream 1-1 a 1
XADD {b}stream 2-1 b 2 c 3
XGROUP CREATE {b}stream group 0
XREADGROUP GROUP group me COUNT 1 STREAMS {b}stream >";

/// What changes from one call to the next is marked with `~`.
const COMMANDS: &str = "GET {b}text
GET {b}none
MGET {b}text {b}none {b}list
STRLEN {b}text
GETRANGE {b}text 1 2
INCRBYFLOAT {b}number 1.5
SETRANGE {b}other 1 xyz
LCS {b}text {b}other
LCS {b}text {b}other IDX WITHMATCHLEN
LCS {b}text {b}other LEN
BITCOUNT {b}bits
BITFIELD {b}bits GET u8 0 SET u4 0 1 OVERFLOW FAIL INCRBY u2 0 9
BITPOS {b}bits 1
LRANGE {b}list 0 -1
LPOS {b}list a COUNT 0
LPOS {b}list none
LINDEX {b}list 9
LPOP {b}list 2
LPOP {b}none 2
LMPOP 2 {b}none {b}list LEFT COUNT 2
LMPOP 1 {b}none LEFT
BLPOP {b}none 0.01
HGETALL {b}hash
HGETALL {b}none
HMGET {b}hash one none
HKEYS {b}hash
HVALS {b}hash
HSCAN {b}hash 0
HRANDFIELD {b}hash 9 WITHVALUES
HRANDFIELD {b}hash 9
HRANDFIELD {b}none
HINCRBYFLOAT {b}hash one 0.5
HSTRLEN {b}hash one
SMEMBERS {b}set
SMEMBERS {b}none
SINTER {b}set {b}set
SUNION {b}set {b}numbers
SDIFF {b}set {b}none
SMISMEMBER {b}set x none
SSCAN {b}numbers 0
~SPOP {b}set 2
~SRANDMEMBER {b}numbers 2
SRANDMEMBER {b}none 2
ZRANGE {b}zset 0 -1
ZRANGE {b}zset 0 -1 WITHSCORES
ZRANGEBYSCORE {b}zset -inf +inf WITHSCORES LIMIT 0 2
ZREVRANGE {b}zset 0 -1 WITHSCORES
ZSCORE {b}zset two
ZSCORE {b}zset none
ZSCORE {b}zset top
ZMSCORE {b}zset one none
ZINCRBY {b}zset 0.1 one
ZADD {b}zset INCR 0.2 one
ZADD {b}zset XX INCR 1 none
ZRANK {b}zset two
ZRANK {b}zset two WITHSCORE
ZRANK {b}zset none
ZUNION 2 {b}zset {b}zother WITHSCORES
ZINTER 2 {b}zset {b}zother WITHSCORES
ZDIFF 2 {b}zset {b}zother WITHSCORES
ZRANDMEMBER {b}zset 9 WITHSCORES
ZSCAN {b}zset 0
ZPOPMIN {b}zset
ZPOPMAX {b}zset 2
ZPOPMIN {b}none
ZMPOP 1 {b}zother MIN COUNT 2
ZMPOP 1 {b}none MIN
BZPOPMIN {b}none 0.01
GEOPOS {b}geo Palermo none
GEODIST {b}geo Palermo Catania km
GEODIST {b}geo Palermo none
GEOHASH {b}geo Palermo none
GEOSEARCH {b}geo FROMLONLAT 15 37 BYRADIUS 200 km ASC WITHCOORD WITHDIST WITHHASH
PFCOUNT {b}pf
XADD {b}stream 3-1 d 4
XLEN {b}stream
XRANGE {b}stream - +
XREVRANGE {b}stream + - COUNT 1
XREAD COUNT 2 STREAMS {b}stream 0
XREAD COUNT 2 STREAMS {b}stream 9
XREADGROUP GROUP group you COUNT 1 STREAMS {b}stream >
XREADGROUP GROUP group me STREAMS {b}stream 0
~XPENDING {b}stream group
~XPENDING {b}stream group - + 9
~XINFO STREAM {b}stream
~XINFO STREAM {b}stream FULL
~XINFO GROUPS {b}stream
~XINFO CONSUMERS {b}stream group
~XAUTOCLAIM {b}stream group you 0 0
XACK {b}stream group 1-1
XDEL {b}stream 1-1
TYPE {b}hash
EXISTS {b}text {b}none
~TTL {b}brief
OBJECT ENCODING {b}text
OBJECT ENCODING {b}none
OBJECT REFCOUNT {b}text
~OBJECT IDLETIME {b}text
OBJECT HELP
~DUMP {b}list
SORT {b}numbers DESC
SCAN 0 COUNT 1000
~RANDOMKEY
MEMORY USAGE {b}none
~MEMORY STATS
~MEMORY DOCTOR
COPY {b}text {b}copy
~INFO
~INFO server
~INFO everything
CONFIG GET maxmemory*
CONFIG GET none
COMMAND INFO get mset none eval
COMMAND COUNT
COMMAND DOCS get
COMMAND GETKEYS MSET a 1 b 2
COMMAND GETKEYSANDFLAGS SET a 1
COMMAND LIST FILTERBY PATTERN z*
~COMMAND
~CLIENT LIST
~CLIENT INFO
~CLIENT ID
CLIENT GETNAME
~CLIENT TRACKINGINFO
CLIENT GETREDIR
~CLUSTER INFO
CLUSTER SLOTS
~CLUSTER NODES
~CLUSTER SHARDS
CLUSTER MYID
~CLUSTER LINKS
CLUSTER COUNTKEYSINSLOT 3300
CLUSTER GETKEYSINSLOT 3300 3
ACL WHOAMI
ACL GETUSER default
ACL LIST
ACL CAT string
~LATENCY LATEST
~LATENCY HISTOGRAM get
~SLOWLOG GET 2
~TIME
ROLE
DBSIZE
LASTSAVE
LOLWUT VERSION 5 1 1 1
EVAL return{1,'a',false,{2,{}},redis.status_reply('fine')} 0
EVAL return{double=3.5} 0
EVAL redis.setresp(3)return{map={a=1}} 0
EVAL return 1=1 0
EVAL return nil 0
FUNCTION LIST
FUNCTION STATS
SCRIPT EXISTS 0
PUBSUB NUMSUB a b
PUBSUB CHANNELS
MULTI
GET {b}text
HGETALL {b}hash
EXEC
EXEC
NOSUCH
GET
LPUSH {b}text 1
GET {a}elsewhere
WAIT 0 1
PING
ECHO hello";

#[test]
fn replies_are_parsed_whole() -> Done {
    for name in NAMES {
        on(name, |cluster| {
            let two = collect(cluster, b"2")?;
            let three = collect(cluster, b"3")?;
            let (mut note, mut failures) = (Vec::new(), Vec::new());
            for ((command, two), (_, three)) in two.iter().zip(&three) {
                for frame in [two, three] {
                    match is_read_alike(frame) {
                        Ok(why) => note.extend(why),
                        Err(failure) => failures.push(format!("{command}: {failure}")),
                    }
                }
                if let Err(failure) = is_same_in_both(command, two, three) {
                    failures.push(format!("{command}: {failure}"));
                }
                if let Err(failure) = is_converted(command, two, three) {
                    failures.push(format!("{command}: {failure}"));
                }
            }
            let plain = two.len() + three.len() - note.len();
            let because = |reason| note.iter().filter(|why| **why == reason).count();
            eprintln!(
                "{name}: {} replies; encoded again {plain} are the same bytes, {} have nulls of RESP2, {} doubles with other digits",
                two.len() + three.len(),
                because(Why::Null),
                because(Why::Double),
            );
            if failures.is_empty() { Ok(()) } else { Err(failures.join("\n").into()) }
        })?;
    }
    Ok(())
}

/// The replies to all commands, on a connection that has sent `HELLO` with this version.
fn collect(cluster: &Cluster, protocol: &[u8]) -> io::Result<Vec<(&'static str, Frame)>> {
    let mut wire = Wire::open(cluster.node(0).port)?;
    wire.call(&[b"HELLO", protocol])?;
    for line in PREPARATION.lines() {
        let reply = wire.line(line)?;
        if reply.is_error() {
            return Err(io::Error::other(format!("{line}: {reply:?}")));
        }
    }
    COMMANDS.lines().map(|line| Ok((line, wire.line(line.trim_start_matches('~'))?))).collect()
}

/// Why a reply is other bytes after it was decoded and encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// RESP2 has two nulls, RESP3 one; what is encoded is RESP3.
    Null,
    /// The same double can be spelled in many ways.
    Double,
}

/// Compares how a reply is read here and there, and what it is when it is written again.
fn is_read_alike(frame: &Frame) -> Result<Option<Why>, String> {
    let bytes = frame.as_bytes();
    let other = raw::read_reply(&mut Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let (own, other) = (structure(frame.value()), with_one_null(other));
    if own != other {
        return Err(format!("{own:?}, but the other reader has {other:?}"));
    }
    let mut again = Vec::new();
    encode::value(&mut again, &frame.value());
    let second = Frame::parse(again.clone(), &hashslot::config::Limits::default())
        .map_err(|e| e.to_string())?;
    if second.value() != frame.value() {
        return Err(format!("{frame:?} is written as {second:?}"));
    }
    if again == bytes[..] {
        return Ok(None);
    }
    let has = |text: &[u8]| bytes.windows(text.len()).any(|part| part == text);
    if has(b"$-1\r\n") || has(b"*-1\r\n") {
        return Ok(Some(Why::Null));
    }
    if has_double(&own) {
        return Ok(Some(Why::Double));
    }
    Err(format!("{frame:?} is written in other bytes: {}", again.escape_ascii()))
}

/// A value in the words of the other reader.
fn structure(value: Value<'_>) -> Reply {
    let text = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
    match value {
        Value::Null => Reply::Null,
        Value::Simple(line) => Reply::Simple(text(line)),
        Value::Error(line) => Reply::Error(text(line)),
        Value::Integer(number) => Reply::Integer(number),
        Value::Bulk(bytes) => Reply::Bulk(Some(bytes.to_vec())),
        Value::Double(number) => Reply::Double(number),
        Value::Boolean(truth) => Reply::Boolean(truth),
        Value::BigNumber(digits) => Reply::BigNumber(text(digits)),
        Value::Verbatim { format, text: bytes } => Reply::Verbatim(text(format), bytes.to_vec()),
        Value::Array(elements) => Reply::Array(Some(elements.map(structure).collect())),
        Value::Set(elements) => Reply::Set(elements.map(structure).collect()),
        Value::Push(elements) => Reply::Push(elements.map(structure).collect()),
        Value::Map(pairs) => {
            Reply::Map(pairs.map(|(key, value)| (structure(key), structure(value))).collect())
        }
        other => panic!("a type that the harness does not know: {other:?}"),
    }
}

/// RESP2's nulls as RESP3's.
fn with_one_null(reply: Reply) -> Reply {
    let all = |replies: Vec<Reply>| replies.into_iter().map(with_one_null).collect();
    match reply {
        Reply::Bulk(None) | Reply::Array(None) => Reply::Null,
        Reply::Array(Some(elements)) => Reply::Array(Some(all(elements))),
        Reply::Set(elements) => Reply::Set(all(elements)),
        Reply::Push(elements) => Reply::Push(all(elements)),
        Reply::Map(pairs) => {
            let both = |(key, value)| (with_one_null(key), with_one_null(value));
            Reply::Map(pairs.into_iter().map(both).collect())
        }
        other => other,
    }
}

fn has_double(reply: &Reply) -> bool {
    match reply {
        Reply::Double(_) => true,
        Reply::Map(pairs) => pairs.iter().any(|(key, value)| has_double(key) || has_double(value)),
        _ => reply.elements().iter().any(has_double),
    }
}

/// Compares what the two protocols say. RESP2 has arrays only, and RESP3 puts some pairs into
/// arrays of their own: the values in order are the same. Of what changes, the type at the top is.
fn is_same_in_both(command: &str, two: &Frame, three: &Frame) -> Result<(), String> {
    let (by_two, by_three) = (leaves(two.value()), leaves(three.value()));
    if command.starts_with('~') {
        let is_one =
            |frame: &Frame| frame.value().elements().is_none() && frame.value().pairs().is_none();
        let is_alike = is_one(two) == is_one(three) && two.is_error() == three.is_error();
        return is_alike.then_some(()).ok_or_else(|| format!("RESP2 {two:?}, RESP3 {three:?}"));
    }
    let is_same = |(two, three): (&Value<'_>, &Value<'_>)| match (two, three) {
        (Value::Bulk(text), Value::Double(number)) => {
            std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()) == Some(*number)
        }
        (Value::Bulk(two), Value::Verbatim { text, .. } | Value::BigNumber(text)) => two == text,
        (Value::Integer(number), Value::Boolean(truth)) => *number == i64::from(*truth),
        // A script says true with 1, and false with nothing.
        (Value::Null, Value::Boolean(truth)) => !truth,
        _ => two == three,
    };
    if by_two.len() == by_three.len() && by_two.iter().zip(&by_three).all(is_same) {
        return Ok(());
    }
    Err(format!("RESP2 {by_two:?}, RESP3 {by_three:?}"))
}

/// Commands whose replies the two protocols shape differently, not only with other types. The
/// conversion of a frame does not know its command, and so cannot follow.
const SHAPED: &[&str] = &[
    "HRANDFIELD {b}hash 9 WITHVALUES",
    "ZRANGE {b}zset 0 -1 WITHSCORES",
    "ZRANGEBYSCORE {b}zset -inf +inf WITHSCORES LIMIT 0 2",
    "ZREVRANGE {b}zset 0 -1 WITHSCORES",
    "ZUNION 2 {b}zset {b}zother WITHSCORES",
    "ZINTER 2 {b}zset {b}zother WITHSCORES",
    "ZDIFF 2 {b}zset {b}zother WITHSCORES",
    "ZRANDMEMBER {b}zset 9 WITHSCORES",
    "ZPOPMAX {b}zset 2",
    "XREAD COUNT 2 STREAMS {b}stream 0",
    "XREADGROUP GROUP group you COUNT 1 STREAMS {b}stream >",
    "XREADGROUP GROUP group me STREAMS {b}stream 0",
];

/// Compares RESP3's reply, converted, with RESP2's: every byte, except which null of RESP2 it is.
fn is_converted(command: &str, two: &Frame, three: &Frame) -> Result<(), String> {
    let one_null = |frame: &Frame| frame.to_protocol(Protocol::Resp3);
    let made = three.to_protocol(Protocol::Resp2);
    let is_same = one_null(&made) == one_null(two);
    if command.starts_with('~') || is_same != SHAPED.contains(&command) {
        return Ok(());
    }
    Err(format!("RESP2 {two:?}, from RESP3 {made:?}, which is expected to differ: {}", !is_same))
}

/// The values inside of all aggregates.
fn leaves(value: Value<'_>) -> Vec<Value<'_>> {
    match value {
        Value::Array(inside) | Value::Set(inside) | Value::Push(inside) => {
            inside.flat_map(leaves).collect()
        }
        Value::Map(pairs) => {
            pairs.flat_map(|(key, value)| [leaves(key), leaves(value)].concat()).collect()
        }
        other => vec![other],
    }
}

/// What `DEBUG PROTOCOL` says of each type: RESP2's reply and RESP3's.
fn expectations(double: &str) -> Vec<(&'static str, Reply, Reply)> {
    let number = double.parse().expect("a double");
    let bulk = |text: &str| Reply::Bulk(Some(text.into()));
    let integers = || (0..3).map(Reply::Integer).collect::<Vec<_>>();
    let array = || Reply::Array(Some(integers()));
    let flat =
        (0..3).flat_map(|n| [Reply::Integer(n), Reply::Integer(i64::from(n == 1))]).collect();
    let map = (0..3).map(|n| (Reply::Integer(n), Reply::Boolean(n == 1))).collect();
    let digits = "1234567999999999999999999999999999999";
    let verbatim = "This is a verbatim\nstring";
    vec![
        ("string", bulk("Hello World"), bulk("Hello World")),
        ("integer", Reply::Integer(12345), Reply::Integer(12345)),
        ("double", bulk(double), Reply::Double(number)),
        ("bignum", bulk(digits), Reply::BigNumber(digits.to_owned())),
        ("null", Reply::Null, Reply::Null),
        ("array", array(), array()),
        ("set", array(), Reply::Set(integers())),
        ("map", Reply::Array(Some(flat)), Reply::Map(map)),
        ("verbatim", bulk(verbatim), Reply::Verbatim("txt".to_owned(), verbatim.into())),
        ("true", Reply::Integer(1), Reply::Boolean(true)),
        ("false", Reply::Integer(0), Reply::Boolean(false)),
    ]
}

#[test]
fn every_type_is_what_the_server_meant() -> Done {
    for name in NAMES {
        on(name, |cluster| {
            let mut wire = Wire::open(cluster.node(0).port)?;
            let double = if name == "redis-6.2" { "3.14159265359" } else { "3.141" };
            for (kind, by_two, by_three) in expectations(double) {
                let mut replies = Vec::new();
                for (protocol, expected) in [(b"2", by_two), (b"3", by_three)] {
                    wire.call(&[b"HELLO", protocol])?;
                    let reply = wire.line(&format!("DEBUG PROTOCOL {kind}"))?;
                    is_read_alike(&reply)?;
                    let got = structure(reply.value());
                    // Some spell a double with more digits than it takes.
                    let is_same = got == expected
                        || kind == "double" && as_double(&got) == as_double(&expected);
                    assert!(is_same, "{name}: {kind} in {protocol:?}: {got:?}, not {expected:?}");
                    replies.push(reply);
                }
                assert_eq!(replies[1].to_protocol(Protocol::Resp2), replies[0], "{name}: {kind}");
            }
            wire.call(&[b"HELLO", b"3"])?;
            let reply = wire.line("DEBUG PROTOCOL attrib")?;
            let popularity = reply.attributes().and_then(|pairs| pairs.get(b"key-popularity"));
            let popularity = popularity.map(structure);
            let key = Reply::Bulk(Some(b"key:123".to_vec()));
            assert_eq!(
                popularity,
                Some(Reply::Array(Some(vec![key, Reply::Integer(90)]))),
                "{name}"
            );
            let text = reply.value().as_str();
            assert_eq!(text, Some("Some real reply following the attribute"), "{name}");
            wire.send(&[b"DEBUG", b"PROTOCOL", b"push"])?;
            // Redis 8.2 sends the push behind the reply.
            let both = [wire.receive()?, wire.receive()?];
            let (push, reply) = if both[0].is_push() { (0, 1) } else { (1, 0) };
            let usage = vec![Reply::Bulk(Some(b"server-cpu-usage".to_vec())), Reply::Integer(42)];
            assert_eq!(structure(both[push].value()), Reply::Push(usage), "{name}");
            let text = both[reply].value().as_str();
            assert_eq!(text, Some("Some real reply following the push reply"), "{name}");
            wire.is_at_end()?;
            // RESP2 has neither: an attribute is left out, and a push as well, or
            // refused (Redis 6.2 is not asked).
            wire.call(&[b"HELLO", b"2"])?;
            let reply = wire.line("DEBUG PROTOCOL attrib")?;
            let text = reply.value().as_str();
            assert_eq!(text, Some("Some real reply following the attribute"), "{name}");
            if name != "redis-6.2" {
                let reply = wire.line("DEBUG PROTOCOL push")?;
                let text = Some("Some real reply following the push reply");
                assert!(reply.is_error() || reply.value().as_str() == text, "{name}: {reply:?}");
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn as_double(reply: &Reply) -> Option<f64> {
    if let Reply::Double(number) = reply { Some(*number) } else { reply.text()?.parse().ok() }
}

/// A connection whose bytes go through the crate's scanner and nothing else.
struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Wire {
    fn open(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    fn send(&mut self, words: &[&[u8]]) -> io::Result<()> {
        self.stream.write_all(&raw::encode(words))
    }

    fn line(&mut self, line: &str) -> io::Result<Frame> {
        self.call(&line.split(' ').map(str::as_bytes).collect::<Vec<_>>())
    }

    /// Sends a command, and receives one reply and no byte more.
    fn call(&mut self, words: &[&[u8]]) -> io::Result<Frame> {
        self.send(words)?;
        let frame = self.receive()?;
        self.is_at_end()?;
        Ok(frame)
    }

    fn receive(&mut self) -> io::Result<Frame> {
        let mut scanner = Scanner::new(hashslot::config::Limits::default());
        loop {
            match scanner.scan(&self.buffer).map_err(io::Error::other)? {
                Scan::Frame { len } => {
                    let bytes = self.buffer.drain(..len).collect::<Vec<_>>();
                    return Frame::parse(bytes, &hashslot::config::Limits::default())
                        .map_err(io::Error::other);
                }
                Scan::Broken { error, .. } | Scan::Skipped { error, .. } => {
                    return Err(io::Error::other(error));
                }
                Scan::More { .. } => {
                    let mut piece = [0; 4096];
                    let count = self.stream.read(&mut piece)?;
                    if count == 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    self.buffer.extend_from_slice(&piece[..count]);
                }
            }
        }
    }

    /// Whether the next bytes are the next reply: nothing was left over, and nothing taken too
    /// much.
    fn is_at_end(&mut self) -> io::Result<()> {
        // A transaction queues it, and then lists it; a word of its own would be in all replies.
        if !self.buffer.is_empty() {
            return Err(io::Error::other(format!("left over: {}", self.buffer.escape_ascii())));
        }
        Ok(())
    }
}
