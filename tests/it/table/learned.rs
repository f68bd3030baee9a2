//! What is learned of a server: from replies that servers sent, from replies of modules and of
//! servers to come, and from nonsense.

use hashslot::command::{
    KeyError, KeyShape, LearnedCommand, LearnedCommands, RequestPolicy, ResponsePolicy,
};
use hashslot::config::Limits;
use hashslot::resp::Frame;
use hashslot::{Command, Slot};
use proptest::collection::vec;
use proptest::prelude::*;

/// What servers answered to `COMMAND INFO` with the names of some commands, the last of which none
/// has.
const REPLIES: [(&str, &[u8]); 4] = [
    ("redis-6.2", include_bytes!("replies/redis-6.2.resp2")),
    ("redis-7.0", include_bytes!("replies/redis-7.0.resp2")),
    ("redis-7.0", include_bytes!("replies/redis-7.0.resp3")),
    ("valkey-9.1", include_bytes!("replies/valkey-9.1.resp3")),
];

fn frame(bytes: &[u8]) -> Frame {
    Frame::parse(bytes.to_vec(), &Limits::default()).expect("is RESP")
}

fn command(words: &str) -> Command {
    let mut words = words.split(' ');
    Command::new(words.next().unwrap()).args(words)
}

fn keys(learned: &LearnedCommands, words: &str) -> Result<String, KeyError> {
    let command = command(words);
    let known = learned.get(&command).expect("was learned");
    let keys = known.keys(&command)?;
    Ok(keys.iter().map(|key| String::from_utf8_lossy(key)).collect::<Vec<_>>().join(" "))
}

#[test]
fn real_replies_tell_where_keys_are() {
    for (server, bytes) in REPLIES {
        let learned = LearnedCommands::read_all(&frame(bytes)).unwrap();
        let is_old = server == "redis-6.2";
        // What a server does not have is left out; `MEMORY` has six subcommands since 7.0.
        assert_eq!(learned.len(), if is_old { 10 } else { 19 }, "{server}");
        for (words, expected) in [
            ("MSET a 1 b 2", "a b"),
            ("bitop AND d a b", "d a b"),
            ("BLPOP a b 0", "a b"),
            ("DBSIZE", ""),
        ] {
            assert_eq!(keys(&learned, words).as_deref(), Ok(expected), "{server}: {words}");
        }
        if is_old {
            // There are no specifications, only the positions that do not move.
            assert_eq!(keys(&learned, "ZUNIONSTORE d 2 a b").as_deref(), Ok("d"));
            assert_eq!(keys(&learned, "XREAD COUNT 1 STREAMS a 0").as_deref(), Ok("COUNT"));
            continue;
        }
        for (words, expected) in [
            ("ZUNIONSTORE d 2 a b WEIGHTS 1 2", "d a b"),
            ("XREAD COUNT 1 STREAMS a b 0 0", "a b"),
            ("memory usage a", "a"),
            ("MEMORY DOCTOR", ""),
            ("LCS a b LEN", "a b"),
            ("EVAL code 0 arg", ""),
            ("EVAL code 1 a arg", "a"),
            ("SPUBLISH a hello", "a"),
            ("GEORADIUS a 1 2 3 m STORE b", "a b"),
            ("SORT_RO a BY b*", "a"),
            ("MIGRATE h 1 a 0 9 KEYS b c", "a b c"),
        ] {
            assert_eq!(keys(&learned, words).as_deref(), Ok(expected), "{server}: {words}");
        }
        let too_few = Err(KeyError::Malformed("fewer keys than the number of keys says"));
        assert_eq!(keys(&learned, "EVAL code 2 a"), too_few);
        assert!(matches!(keys(&learned, "EVAL code many a"), Err(KeyError::Malformed(_))));
    }
}

#[test]
fn real_replies_tell_flags_and_tips() {
    for (server, bytes) in REPLIES.into_iter().skip(1) {
        let learned = LearnedCommands::read_all(&frame(bytes)).unwrap();
        let get = |words: &str| learned.get(&command(words)).expect("was learned").clone();
        let info = |known: &LearnedCommand| (known.request(), known.reply());
        let xread = get("XREAD STREAMS a 0");
        assert_eq!(
            (xread.arity(), xread.read_only(), xread.blocking()),
            (-4, true, true),
            "{server}"
        );
        assert_eq!(info(&xread), (RequestPolicy::Keyed, ResponsePolicy::Single));
        assert_eq!(info(&get("DBSIZE")), (RequestPolicy::AllShards, ResponsePolicy::Sum));
        assert_eq!(info(&get("MSET")), (RequestPolicy::MultiShard, ResponsePolicy::AllSucceeded));
        assert_eq!(info(&get("MEMORY STATS")), (RequestPolicy::AllShards, ResponsePolicy::PerNode));
        assert!(get("EVAL").script() && !get("EVAL").read_only());
        assert_eq!(get("MSET").shape(), KeyShape::Range { first: 1, last: -1, step: 2 });
        assert_eq!(get("LCS").shape(), KeyShape::Range { first: 1, last: 2, step: 1 });
        assert_eq!(get("MEMORY USAGE").shape(), KeyShape::At(2));
        let two = KeyShape::Counted { destination: 0, count: 2, first: 3, step: 1 };
        assert_eq!(get("EVAL").shape(), two);
        assert_eq!(get("MIGRATE").shape(), KeyShape::Unknown);
        assert_eq!(get("DBSIZE").shape(), KeyShape::None);
    }
}

#[test]
fn the_table_wins() {
    for (server, bytes) in REPLIES {
        let learned = LearnedCommands::read(&frame(bytes)).unwrap();
        assert!(learned.is_empty(), "{server}: {learned:?}");
        assert!(learned.get(&command("XREAD STREAMS a 0")).is_none());
    }
}

/// An entry of a module: its name, positions of keys, tips and specifications, which are RESP.
fn entry(name: &str, flags: &[&str], positions: [i64; 3], tips: &[&str], specs: &[&str]) -> String {
    let list = |texts: &[&str]| {
        let lines: Vec<_> = texts.iter().map(|text| format!("+{text}\r\n")).collect();
        format!("*{}\r\n{}", texts.len(), lines.concat())
    };
    let [first, last, step] = positions;
    format!(
        "*10\r\n${}\r\n{name}\r\n:-2\r\n{}:{first}\r\n:{last}\r\n:{step}\r\n*0\r\n{}*{}\r\n{}*0\r\n",
        name.len(),
        list(flags),
        list(tips),
        specs.len(),
        specs.concat(),
    )
}

fn learn(entries: &[String]) -> LearnedCommands {
    LearnedCommands::read(&frame(format!("*{}\r\n{}", entries.len(), entries.concat()).as_bytes()))
        .unwrap()
}

/// A specification in RESP3: a search that begins at an index or behind a word, and finds a range.
fn spec(begin: &str, last: i64, limit: i64) -> String {
    let begin = match begin.split_once('@') {
        None => format!("%2\r\n+type\r\n+index\r\n+spec\r\n%1\r\n+index\r\n:{begin}\r\n"),
        Some((word, from)) => format!(
            "%2\r\n+type\r\n+keyword\r\n+spec\r\n%2\r\n+keyword\r\n+{word}\r\n+startfrom\r\n:{from}\r\n"
        ),
    };
    format!(
        "%3\r\n+flags\r\n~0\r\n+begin_search\r\n{begin}+find_keys\r\n%2\r\n+type\r\n+range\r\n+spec\r\n\
         %3\r\n+lastkey\r\n:{last}\r\n+keystep\r\n:1\r\n+limit\r\n:{limit}\r\n"
    )
}

#[test]
fn a_module_is_learned() {
    let learned = learn(&[
        entry("my.get", &["readonly"], [1, 1, 1], &[], &[&spec("1", 0, 0)]),
        entry("my.del", &[], [1, -1, 1], &["request_policy:multi_shard"], &[&spec("1", -1, 0)]),
        entry(
            "my.count",
            &[],
            [0, 0, 0],
            &["nondeterministic_output", "request_policy:all_nodes", "response_policy:agg_sum"],
            &[],
        ),
        entry("my.odd", &[], [0, 0, 0], &["request_policy:special"], &[]),
        entry("my.free", &[], [0, 0, 0], &[], &[]),
        entry("my.moves", &["movablekeys"], [0, 0, 0], &[], &[]),
        entry("my.last", &[], [0, 0, 0], &[], &[&spec("KEY@-1", 0, 0)]),
        entry("my.third", &[], [0, 0, 0], &[], &[&spec("KEYS@1", -1, 3)]),
        entry("cluster|my-own", &[], [2, 2, 1], &[], &[&spec("2", 0, 0)]),
        entry("get", &[], [2, 2, 1], &[], &[&spec("2", 0, 0)]),
    ]);
    let names: Vec<_> = learned.commands().map(LearnedCommand::name).collect();
    let expected = "CLUSTER MY-OWN,MY.COUNT,MY.DEL,MY.FREE,MY.GET,MY.LAST,MY.MOVES,MY.ODD,MY.THIRD";
    assert_eq!(names.join(","), expected);
    for (words, request, reply, found) in [
        ("MY.GET a", RequestPolicy::Keyed, ResponsePolicy::Single, "a"),
        ("my.del a b", RequestPolicy::MultiShard, ResponsePolicy::KeyOrder, "a b"),
        ("MY.COUNT x", RequestPolicy::AllNodes, ResponsePolicy::Sum, ""),
        ("MY.ODD x", RequestPolicy::ExplicitNode, ResponsePolicy::Single, ""),
        ("MY.FREE x", RequestPolicy::AnyNode, ResponsePolicy::Single, ""),
        ("MY.MOVES a", RequestPolicy::Keyed, ResponsePolicy::Single, "a"),
        ("MY.LAST key a KEY b", RequestPolicy::Keyed, ResponsePolicy::Single, "b"),
        ("MY.LAST x", RequestPolicy::Keyed, ResponsePolicy::Single, ""),
        ("MY.THIRD keys a b 1 2 3 4", RequestPolicy::Keyed, ResponsePolicy::Single, "a b"),
        ("cluster My-Own a", RequestPolicy::Keyed, ResponsePolicy::Single, "a"),
    ] {
        let known = learned.get(&command(words)).expect("was learned");
        assert_eq!((known.request(), known.reply()), (request, reply), "{words}");
        assert_eq!(keys(&learned, words).as_deref(), Ok(found), "{words}");
    }
    for words in ["GET a", "MY", "MY.GE a", "CLUSTER INFO", "MY-OWN"] {
        assert!(learned.get(&command(words)).is_none(), "{words}");
    }
    let get = command("MY.GET a");
    assert_eq!(learned.get(&get).unwrap().slot(&get), Ok(Some(Slot::of_key(b"a"))));
    let del = command("MY.DEL a b");
    assert!(matches!(learned.get(&del).unwrap().slot(&del), Err(KeyError::CrossSlot(..))));
    assert!(matches!(keys(&learned, "MY.GET"), Err(KeyError::Malformed(_))));
}

#[test]
fn what_is_no_such_reply_is_refused() {
    for bytes in
        ["+OK\r\n", ":1\r\n", "-ERR unknown command\r\n", "*1\r\n:1\r\n", "*1\r\n*1\r\n:1\r\n"]
    {
        assert!(LearnedCommands::read(&frame(bytes.as_bytes())).is_err(), "{bytes}");
    }
    let (long, many) = ("x".repeat(65), vec![spec("1", 0, 0); 9]);
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    let learned = learn(&[
        entry(&long, &[], [1, 1, 1], &[], &[]),
        entry("my.many", &[], [1, 1, 1], &[], &many),
        "*-1\r\n".to_owned(),
        "_\r\n".to_owned(),
    ]);
    assert!(learned.is_empty(), "{learned:?}");
    let more: Vec<_> =
        (0..5000).map(|index| entry(&format!("my.{index}"), &[], [1, 1, 1], &[], &[])).collect();
    assert_eq!(learn(&more).len(), 4096);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_reply_and_no_arguments_panic(
        which in 0..REPLIES.len(),
        changes in vec((any::<prop::sample::Index>(), "[-0-9:*%~$+ a-z]"), 0..8),
        words in vec("[a-z]|STREAMS|KEYS|STORE|-?[0-9]{1,20}", 0..8),
    ) {
        let mut bytes = REPLIES[which].1.to_vec();
        for (index, change) in changes {
            let len = bytes.len();
            bytes[index.index(len)] = change.as_bytes()[0];
        }
        let Ok(frame) = Frame::parse(bytes, &Limits::default()) else { return Ok(()) };
        let Ok(learned) = LearnedCommands::read_all(&frame) else { return Ok(()) };
        for known in learned.commands() {
            let mut name = known.name().split(' ');
            let command = Command::new(name.next().unwrap_or_default()).args(name).args(&words);
            let keys = known.keys(&command).unwrap_or_default();
            prop_assert!(keys.len() <= 3 * command.len());
            known.slot(&command).ok();
        }
    }

    #[test]
    fn no_numbers_panic(numbers in vec(any::<i64>(), 3), limit in any::<i64>(), first in any::<i64>()) {
        let positions = [numbers[0], numbers[1], numbers[2]];
        let specs = [spec(&first.to_string(), numbers[1], limit), spec(&format!("a@{first}"), limit, 2)];
        let learned = learn(&[
            entry("my.one", &[], positions, &[], &[&specs[0], &specs[1]]),
        ]);
        let [one, two, three] = positions;
        let old = format!("*1\r\n*6\r\n+my.two\r\n:2\r\n*0\r\n:{one}\r\n:{two}\r\n:{three}\r\n");
        let old = LearnedCommands::read(&frame(old.as_bytes())).expect("is a reply");
        let other = command("MY.TWO a b c d");
        old.get(&other).expect("was learned").keys(&other).ok();
        let command = command("MY.ONE a b c d");
        learned.get(&command).expect("was learned").keys(&command).ok();
    }
}
