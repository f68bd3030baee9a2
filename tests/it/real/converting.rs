//! One program of every type of argument and of reply, in RESP2 and RESP3 alike.

#![allow(
    clippy::disallowed_types,
    clippy::float_cmp,
    clippy::needless_borrows_for_generic_args,
    reason = "what applications write"
)]

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use hashslot::config::Protocol;
use hashslot::resp::OwnedValue;
use hashslot::{Call, Command, Frame, ServerError};

use super::adapter::{Adapter, Client, on_every_adapter};
use super::{Done, connect_with, on_usual};

/// Runs a program in both protocols.
#[expect(clippy::needless_pass_by_value, reason = "a closure stands where it is used")]
fn in_both<A: Adapter>(program: impl AsyncFn(&A::Client) -> Done) -> Done {
    on_usual::<A>(async |cluster| {
        for protocol in [Protocol::Resp2, Protocol::Resp3] {
            let client = connect_with::<A>(cluster, move |c| c.protocol = protocol).await?;
            program(&client).await.map_err(|error| format!("{protocol:?}: {error}"))?;
            client.command::<()>(Command::new("FLUSHALL")).await?;
        }
        Ok(())
    })
}

fn keys_and_values_of_twenty_types<A: Adapter>() -> Done {
    in_both::<A>(async |client| {
        let owned = String::from("k");
        let text = || String::from("v");
        client.set("k", "v").await?;
        client.set(&"k", &"v").await?;
        client.set(owned.clone(), text()).await?;
        client.set(&owned, &text()).await?;
        client.set(Cow::Borrowed("k"), Cow::<str>::Owned(text())).await?;
        client.set(Box::<str>::from("k"), Box::<str>::from("v")).await?;
        client.set(Arc::<str>::from("k"), Arc::<str>::from("v")).await?;
        client.set('k', 'v').await?;
        client.set(&b"k"[..], &b"v"[..]).await?;
        client.set(b"k", *b"v").await?;
        client.set(b"k".to_vec(), &b"v".to_vec()).await?;
        client.set(Bytes::from("k"), &Bytes::from("v")).await?;
        client.set(BytesMut::from("k"), BytesMut::from("v")).await?;
        assert_eq!(client.get::<String>("k").await?, "v");
        client.set(7_u8, u64::MAX).await?;
        assert_eq!(client.get::<u64>(7_i64).await?, u64::MAX);
        client.set(i128::MIN, u128::MAX).await?;
        assert_eq!(client.get::<u128>(&i128::MIN).await?, u128::MAX);
        client.set(7_usize, -7_isize).await?;
        assert_eq!(client.get::<isize>("7").await?, -7);
        client.set("k", 0.1_f32).await?;
        assert_eq!(client.get::<f32>("k").await?, 0.1);
        client.set("k", &1.5).await?;
        assert_eq!(client.get::<f64>("k").await?, 1.5);
        client.set("k", f64::NEG_INFINITY).await?;
        assert_eq!(client.get::<f64>("k").await?, f64::NEG_INFINITY);
        client.set("k", true).await?;
        assert!(client.get::<bool>("k").await?);
        Ok(())
    })
}

fn lists_of_arguments_of_twelve_kinds<A: Adapter>() -> Done {
    in_both::<A>(async |client| {
        let texts = vec!["a", "b"];
        let owned = vec![String::from("a"), String::from("b")];
        let map = BTreeMap::from([("a", 1), ("b", 2)]);
        let hashed: HashMap<String, f64> = HashMap::from([(String::from("a"), 0.5)]);
        let add = || Command::new("SADD").arg("s");
        let set = || Command::new("HSET").arg("h");
        for (command, expected) in [
            (add().args(&["a", "b"]), 2),
            (add().args(["a", "c"]), 1),
            (add().args(texts.clone()), 0),
            (add().args(texts.iter()), 0),
            (add().args(&owned), 0),
            (add().args(owned.iter().map(|text| format!("{text}{text}"))), 2),
            (add().args(&[1, 2]).args(3..5), 4),
            (add().args(&[0.5, 1e300][..]), 2),
            (set().pairs(&map), 2),
            (set().pairs([("c", true)]), 1),
            (set().pairs(&hashed), 0),
            (set().pairs(vec![('d', Cow::Borrowed("x"))]).arg_opt(None::<u8>), 1),
        ] {
            assert_eq!(client.command::<i64>(command).await?, expected);
        }
        let all: BTreeMap<String, String> =
            client.command(Command::new("HGETALL").arg("h")).await?;
        let expected = [("a", "0.5"), ("b", "2"), ("c", "1"), ("d", "x")];
        assert_eq!(all, expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
        Ok(())
    })
}

fn replies_of_eighteen_types<A: Adapter>() -> Done {
    in_both::<A>(async |client| {
        let word = |text: &str| text.to_owned();
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let command = |text: &str| {
            let mut words = text.split(' ');
            Command::new(words.next().unwrap_or_default()).args(words)
        };
        client.command::<i64>(command("HSET h a 1 b 2")).await?;
        client.command::<i64>(command("ZADD z 1 a 2.5 b")).await?;
        client.command::<i64>(command("RPUSH l x y")).await?;
        client.command::<i64>(command("SADD s x y")).await?;
        client.set("text", "ann").await?;

        let hash = || command("HGETALL h");
        let pairs = vec![(word("a"), 1), (word("b"), 2)];
        assert_eq!(client.command::<Vec<(String, i32)>>(hash()).await?, pairs);
        assert_eq!(
            client.command::<HashMap<String, i32>>(hash()).await?,
            pairs.clone().into_iter().collect()
        );
        assert_eq!(
            client.command::<BTreeMap<String, i32>>(hash()).await?,
            pairs.into_iter().collect()
        );
        assert_eq!(client.command::<Vec<String>>(hash()).await?, words("a 1 b 2"));
        assert_eq!(client.command::<[String; 4]>(hash()).await?, ["a", "1", "b", "2"]);
        let scores = || command("ZRANGE z 0 -1 WITHSCORES");
        let expected = vec![(word("a"), 1.0), (word("b"), 2.5)];
        assert_eq!(client.command::<Vec<(String, f64)>>(scores()).await?, expected);
        assert_eq!(client.command::<VecDeque<(String, f64)>>(scores()).await?, expected);
        assert_eq!(client.command::<Vec<String>>(scores()).await?, words("a 1 b 2.5"));
        let picked: Vec<(Bytes, u8)> = client.command(command("HRANDFIELD h 2 WITHVALUES")).await?;
        assert_eq!(picked.len(), 2);
        let list = || command("LRANGE l 0 -1");
        assert_eq!(client.command::<Box<[Arc<str>]>>(list()).await?[..], ["x".into(), "y".into()]);
        assert_eq!(client.command::<(char, char)>(list()).await?, ('x', 'y'));
        let set = || command("SMEMBERS s");
        assert_eq!(
            client.command::<HashSet<String>>(set()).await?,
            HashSet::from(["x", "y"].map(word))
        );
        assert_eq!(client.command::<BTreeSet<char>>(set()).await?, BTreeSet::from(['x', 'y']));
        assert_eq!(client.get::<Vec<u8>>("text").await?, b"ann");
        assert_eq!(client.get::<[u8; 3]>("text").await?, *b"ann");
        assert_eq!(client.get::<Option<Box<str>>>("missing").await?, None);
        assert_eq!(client.command::<f64>(command("ZSCORE z b")).await?, 2.5);
        assert_eq!(client.command::<String>(command("ZSCORE z a")).await?, "1");
        assert_eq!(client.command::<i64>(command("ZSCORE z a")).await?, 1);
        assert_eq!(client.command::<f64>(command("INCRBY n 5000000000")).await?, 5e9);
        let tree: OwnedValue = client.command(command("GET text")).await?;
        assert_eq!(tree, OwnedValue::Bulk("ann".into()));
        let frames: (Frame, Option<Frame>) = client.command(command("HMGET h a missing")).await?;
        assert_eq!((frames.0.to::<i64>()?, frames.1), (1, None));
        let results: (i64, Result<i64, ServerError>) =
            client.transaction([Command::incr("t"), Command::new("LLEN").arg("t")]).await?;
        assert_eq!((results.0, results.1.expect_err("no list").code()), (1, "WRONGTYPE"));
        let popped: Vec<(String, f64)> = client.command(command("ZPOPMIN z 1")).await?;
        assert_eq!(popped, [(word("a"), 1.0)]);
        // Replies of several nodes, one each.
        let sizes: HashMap<String, Vec<(String, String)>> =
            client.command(command("CONFIG GET maxmemory")).await?;
        assert!(sizes.values().all(|options| options[0].0 == "maxmemory"), "{sizes:?}");

        let error = client.get::<String>("missing").await.expect_err("null");
        assert_eq!(error.to_string(), "GET: expected text, got null (ask for an Option)");
        let error = client.call_as::<Vec<i64>>(Call::new(list())).await.expect_err("no numbers");
        let text = "LRANGE: element 0: expected an integer, got a bulk string of 1 byte";
        assert_eq!(error.to_string(), text);
        Ok(())
    })
}

on_every_adapter! {
    keys_and_values_of_twenty_types,
    lists_of_arguments_of_twelve_kinds,
    replies_of_eighteen_types,
}
