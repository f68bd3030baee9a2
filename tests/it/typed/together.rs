//! Typed commands in pipelines and transactions, and views of a client.

use std::time::Duration;

use hashslot::cmd;
use hashslot::error::{ErrorKind, Failure as Cause, Ran};
use hashslot::{Call, Command, Commands, CrossSlot, Error, Target};

use super::live::cases;
use crate::real::Done;

cases! {
    "INCR" => |c| {
        // A tuple, whose replies have different types; an array, a vector, an iterator.
        let (visits, name) = c.pipeline((cmd::incr("a"), cmd::get::<Option<String>>("b")))?;
        assert_eq!((visits, name), (1, None));
        let four = (cmd::set("b", "v"), cmd::get::<String>("b"), cmd::del(["a", "x"]), cmd::ttl("b"));
        let ((), value, count, ttl) = c.pipeline(four)?;
        assert_eq!((value.as_str(), count, ttl), ("v", 1, cmd::Ttl::Persistent));
        assert_eq!(c.pipeline([cmd::incr("a"), cmd::incr("a")])?, [1, 2]);
        assert_eq!(c.pipeline(vec![cmd::incr("a"), cmd::decr("a")])?, [3, 2]);
        let keys = ["a", "c", "d"];
        assert_eq!(c.pipeline(cmd::each(keys.iter().map(cmd::incr)))?, [3, 1, 1]);
        assert_eq!(c.pipeline(Vec::<Command>::new())?.len(), 0);
        let frames = c.pipeline([Command::get("a"), Command::get("c")])?;
        assert_eq!(frames.map(|frame| frame.to::<i64>().ok()), [Some(3), Some(1)]);
    }
    "MGET" => |c| {
        // Splits, fan-outs and scripts stand inside like any other command.
        c.mset([("a", 1), ("b", 2), ("c", 3)])?;
        let script = hashslot::Script::new("return redis.call('GET', KEYS[1])");
        let script = cmd::Typed::<i64>::new(script.invoke(["b"]));
        let (all, size, found, dels) = c.pipeline((
            cmd::mget::<Vec<i64>>(["a", "b", "c"]),
            cmd::Typed::<u64>::new(Command::new("DBSIZE")),
            script,
            cmd::del(["a", "b", "c"]),
        ))?;
        assert_eq!((all, size, found, dels), (vec![1, 2, 3], 3, 2, 3));
    }
    "STRLEN" => |c| {
        c.set("text", "text")?;
        // The first error has the number and the name of its command; the others ran.
        let error = c.pipeline((cmd::incr("a"), cmd::incr("text"), cmd::incr("a"))).unwrap_err();
        assert_eq!((error.number(), error.command()), (Some(2), Some("INCR")));
        assert!(error.to_string().starts_with("command 2 (INCR) for slot "), "{error}");
        assert_eq!(c.get::<i64>("a")?, 2);
        let wrong_type = c.pipeline((cmd::incr("a"), cmd::get::<u8>("text"))).unwrap_err();
        assert_eq!(
            wrong_type.to_string(),
            "command 2 (GET): expected an integer, got a bulk string of 4 bytes"
        );
        let (first, second, third) =
            c.pipeline_each((cmd::incr("a"), cmd::incr("text"), cmd::get::<u8>("text")))?;
        assert_eq!(first?, 4);
        assert_eq!(second.unwrap_err().number(), Some(2));
        assert_eq!(third.unwrap_err().kind(), ErrorKind::Conversion);
        let ends = c.pipeline_each(vec![cmd::incr("a"), cmd::incr("text")])?;
        assert_eq!(ends.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false]);
    }
    "RENAME" => |c| {
        // A command that cannot be sent: alone, or with it the whole.
        c.set("a", 1)?;
        let crossed = || (cmd::incr("a"), cmd::rename("a", "b"));
        let (incremented, renamed) = c.pipeline_each(crossed())?;
        assert_eq!(incremented?, 2);
        let renamed = renamed.unwrap_err();
        assert_eq!((renamed.kind(), renamed.number()), (ErrorKind::Rejected, Some(2)));
        let error = c.pipeline_strict(crossed()).unwrap_err();
        assert_eq!((error.kind(), error.ran()), (ErrorKind::Rejected, Ran::No));
        assert_eq!(c.get::<i64>("a")?, 2);
        assert_eq!(c.pipeline_strict([cmd::incr("a")])?, [3]);
    }
    "SET" => |c| {
        // A stream yields each result in its place, whatever its window.
        for window in [1, 7, 1000, 100_000] {
            let rows = (0..3000).map(|id| cmd::set(format!("user:{id}"), id));
            let mut count = 0;
            for (number, result) in c.stream(rows).window(window) {
                count += 1;
                assert_eq!(number, count);
                result?;
            }
            assert_eq!(count, 3000);
        }
        c.set("user:1500", "text")?;
        let sums = c.stream((0..3000).map(|id| cmd::incr(format!("user:{id}"))));
        for (number, result) in sums {
            match result {
                Ok(sum) => assert_eq!(Ok(sum), i64::try_from(number)),
                Err(error) => {
                    assert_eq!((error.number(), number), (Some(1501), 1501));
                    assert_eq!(error.command(), Some("INCR"));
                }
            }
        }
        assert_eq!(c.stream(Vec::<Command>::new()).count(), 0);
    }
    "EXEC" => |c| {
        let (from, to) = c.transaction((cmd::decrby("{t}a", 10), cmd::incrby("{t}b", 10)))?;
        assert_eq!((from, to), (-10, 10));
        assert_eq!(c.transaction(vec![cmd::incr("{t}a"); 3])?, [-9, -8, -7]);
        // Refused before it ran.
        let wrong = Command::new("GET").arg("{t}a").arg("too many");
        let error = c.transaction((cmd::incr("{t}a"), wrong)).unwrap_err();
        assert_eq!((error.command(), error.number()), (Some("EXEC"), None));
        assert_eq!(c.get::<i64>("{t}a")?, -7);
        // Failed inside: the others ran.
        c.set("{t}text", "text")?;
        let both = (cmd::incr("{t}a"), cmd::incr("{t}text"));
        let error = c.transaction(both).unwrap_err();
        assert_eq!((error.command(), error.number()), (Some("INCR"), Some(2)));
        assert!(error.may_have_executed());
        assert_eq!(c.get::<i64>("{t}a")?, -6);
        let crossed = c.transaction((cmd::incr("{t}a"), cmd::incr("other"))).unwrap_err();
        assert!(crossed.to_string().contains("different slots"), "{crossed}");
    }
    "PING" => |c| {
        // Views are clients with options.
        let nodes: Vec<_> = c.topology()?.primaries().map(|node| node.address().clone()).collect();
        c.mset([("a", 1), ("b", 2), ("c", 3)])?;
        let mut sum = 0;
        for node in nodes {
            let there = c.target(Target::Node(node));
            sum += there.command::<u64>(Command::new("DBSIZE"))?;
        }
        assert_eq!(sum, 3);
        let everywhere = c.target(Target::AllPrimaries);
        assert_eq!(everywhere.explain(Call::new(cmd::ping()))?.planned.len(), 3);
        assert_eq!(c.explain(Call::new(cmd::ping()))?.planned.len(), 1);
        let split = c.cross_slot(CrossSlot::Split);
        assert_eq!(split.mget::<Vec<i64>>(["a", "b"])?, [1, 2]);
        let refuse = c.cross_slot(CrossSlot::Refuse);
        assert!(matches!(refuse.mget::<Vec<i64>>(["a", "b"]), Err(error) if is_rejected(&error)));
        // What a call says itself wins.
        let call = Call::new(cmd::mget::<()>(["a", "b"])).cross_slot(CrossSlot::Split);
        assert_eq!(refuse.call_as::<Vec<i64>>(call)?, [1, 2]);
        assert_eq!(refuse.idempotent().with_timeout(Duration::from_secs(5)).incr("a")?, 2);
        assert!(matches!(refuse.mget::<Vec<i64>>(["a", "b"]), Err(error) if is_rejected(&error)));
    }
}

fn is_rejected(error: &Error) -> bool {
    matches!(error.failure(), Cause::Rejected(_))
}

#[test]
fn a_view_has_a_time_budget_of_its_own() -> Done {
    use std::net::TcpListener;

    // It takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let seed = silent.local_addr()?.to_string().parse()?;
    let client = hashslot::blocking::Client::builder().seed(seed).connect_lazily()?;
    let error = client.with_timeout(Duration::from_millis(20)).incr("a").unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Cluster), "{error}");
    assert!(!error.may_have_executed());
    Ok(())
}

#[test]
fn a_stream_of_a_closed_client_ends() -> Done {
    let client =
        hashslot::blocking::Client::builder().seed("127.0.0.1:1".parse()?).connect_lazily()?;
    client.close();
    let ends: Vec<_> = client.stream((0..600).map(cmd::incr)).collect();
    assert_eq!(ends.len(), 600);
    for (index, (number, result)) in ends.into_iter().enumerate() {
        let error = result.unwrap_err();
        assert_eq!((number, error.number()), (index + 1, Some(index + 1)));
        assert_eq!(error.kind(), ErrorKind::ShutDown);
    }
    Ok(())
}
