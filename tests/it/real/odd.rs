//! Odd replies of real servers: they concern the one call that asked for them.

use hashslot::config::Protocol;
use hashslot::{Call, Command, Error, Frame, FromValue};

use super::adapter::{Adapter, Client, on_every_adapter};
use super::tasks::Tasks;
use super::{Done, SINCE_7_0, connect, connect_with, on_each};

/// A script that reads nothing and writes nothing.
fn script(source: &str, key: &str) -> Command {
    Command::new("EVAL").arg(source).arg(1).arg(key)
}

/// A long line, deep nesting, a big number that is none: all of them come whole, and the counter
/// beside them on the same connection loses nothing.
fn f39_odd_replies_come_whole_and_nobody_else_notices<A: Adapter>() -> Done {
    on_each::<A>("odd replies", SINCE_7_0, async |cluster| {
        let client = connect::<A>(cluster).await?;
        client.del("{odd}count").await?;
        let mut tasks = Tasks::new();
        for _ in 0..8 {
            let client = client.clone();
            tasks.spawn::<A>(async move {
                for _ in 0..100 {
                    client.incr("{odd}count").await?;
                }
                Ok::<_, Error>(())
            });
        }
        for _ in 0..20 {
            let long = script("return redis.status_reply(string.rep('x', 70000))", "{odd}k");
            let long: Frame = client.command(long).await?;
            assert_eq!(long.as_bytes().len(), 70_003);
            let deep = "local t = {1}; for i = 1, 64 do t = {t} end; return t";
            let deep: Frame = client.command(script(deep, "{odd}k")).await?;
            assert_eq!(deep.as_bytes().len(), 65 * 4 + 4);
            let odd = "redis.setresp(3); return {big_number = '12x'}";
            let odd: Frame = client.command(script(odd, "{odd}k")).await?;
            assert_eq!(&odd.as_bytes()[..], b"(12x\r\n");
            assert!(i64::from_frame(odd).is_err(), "it is no number");
        }
        while let Some(ended) = tasks.join_next().await {
            ended??;
        }
        assert_eq!(client.get::<i64>("{odd}count").await?, 800);
        let stats = client.stats().await?;
        assert_eq!((stats.links_lost, stats.protocol_errors, stats.maybe_executed), (0, 0, 0));
        Ok(())
    })
}

/// A reply that breaks a limit is read past, and its call alone learns of it.
fn f40_a_reply_beyond_a_limit_ends_its_call_only<A: Adapter>() -> Done {
    on_each::<A>("limits", SINCE_7_0, async |cluster| {
        for protocol in [Protocol::Resp2, Protocol::Resp3] {
            let client = connect_with::<A>(cluster, move |config| {
                config.protocol = protocol;
                config.limits.max_frame_bytes = 20_000;
                config.limits.max_elements = 1_000;
                config.limits.max_depth = 16;
            })
            .await?;
            client.del("{odd}count").await?;
            let odd = [
                ("return string.rep('x', 1000000)", "`max_frame_bytes`"),
                ("return redis.status_reply(string.rep('x', 100000))", "`max_frame_bytes`"),
                ("local t = {}; for i = 1, 2000 do t[i] = 1 end; return t", "`max_elements`"),
                ("local t = {1}; for i = 1, 64 do t = {t} end; return t", "`max_depth`"),
            ];
            let calls: Vec<_> = odd
                .iter()
                .flat_map(|(source, _)| [Command::incr("{odd}count"), script(source, "{odd}k")])
                .collect();
            let ended = client.call_each(Call::pipeline(calls)).await?;
            for (index, pair) in ended.chunks(2).enumerate() {
                let count = pair[0].as_ref().map(|frame| frame.value().as_integer());
                assert_eq!(count, Ok(i64::try_from(index + 1).ok()));
                let error = pair[1].as_ref().expect_err("beyond a limit");
                assert!(error.to_string().contains(odd[index].1), "{error}");
                assert!(error.may_have_executed());
            }
            let stats = client.stats().await?;
            assert_eq!((stats.links_lost, stats.protocol_errors), (0, 0));
            assert_eq!(stats.replies_unusable, 4);
        }
        Ok(())
    })
}

on_every_adapter! {
    f39_odd_replies_come_whole_and_nobody_else_notices,
    f40_a_reply_beyond_a_limit_ends_its_call_only,
}
