//! Servers that hang up while a client writes or reads: what they said before reaches its call, and
//! other calls go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hashslot::error;
use hashslot::{Command, Error, Frame};

use super::adapter::{Adapter, Client, on_every_adapter};
use super::setting::Setting;
use super::tasks::{Task, spawn};
use super::{Done, Failure, connect, on_each};
use crate::servers::NAMES;
use crate::support::is_lost;

const MIB: usize = 1 << 20;

/// Increments a counter beside a test, until it is told to stop. How its calls ended.
struct Beside {
    is_over: Arc<AtomicBool>,
    task: Task<Vec<Result<i64, Error>>>,
}

impl Beside {
    fn start<A: Adapter>(client: &A::Client, key: &'static str) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (client, stop) = (client.clone(), Arc::clone(&is_over));
        let task = spawn::<A, _>(async move {
            let (mut ended, mut longest) = (Vec::new(), Duration::ZERO);
            while !stop.load(Ordering::Relaxed) {
                let begun_at = Instant::now();
                ended.push(client.incr(key).await);
                longest = longest.max(begun_at.elapsed());
            }
            eprintln!("{} calls beside it, the longest took {longest:?}", ended.len());
            ended
        });
        Self { is_over, task }
    }

    async fn stop(self) -> Result<Vec<Result<i64, Error>>, Failure> {
        self.is_over.store(true, Ordering::Relaxed);
        self.task.await
    }
}

fn too_long() -> Bytes {
    vec![b'x'; 5 * MIB].into()
}

/// F-02: the server refuses a value for its length, and reads no more of it.
fn a_command_that_is_refused_unread_fails_alone<A: Adapter>() -> Done {
    on_each::<A>("too long a value", &NAMES, async |cluster| {
        let _setting = Setting::new(cluster, "proto-max-bulk-len", "1mb", "512mb")?;
        let client = connect::<A>(cluster).await?;
        let beside = Beside::start::<A>(&client, "{a}counter");
        for _ in 0..3 {
            let begun_at = Instant::now();
            let error = client.set("{a}long", too_long()).await.expect_err("is too long");
            eprintln!("refused after {:?}", begun_at.elapsed());
            let error::Failure::Server(refusal) = error.failure() else { return Err(error.into()) };
            assert_eq!(refusal.text(), "ERR Protocol error: invalid bulk length");
            assert!(!error.may_have_executed(), "the server has not read it");
        }
        let ended = beside.stop().await?;
        for (expected, ended) in (1..).zip(&ended) {
            assert_eq!(ended, &Ok(expected), "each ran once");
        }
        Ok(())
    })
}

/// F-02: more arguments than Redis 6.2 reads, where it reads them not.
fn more_arguments_than_the_server_reads_fail_alone<A: Adapter>() -> Done {
    on_each::<A>("too many arguments", &["redis-6.2"], async |cluster| {
        let client = connect::<A>(cluster).await?;
        let beside = Beside::start::<A>(&client, "{t}counter");
        let keys = (0..=MIB).map(|number| format!("{{t}}{number}"));
        let error = client.command::<Frame>(Command::new("DEL").args(keys)).await;
        let error = error.expect_err("they are too many");
        let error::Failure::Server(refusal) = error.failure() else { return Err(error.into()) };
        assert_eq!(refusal.text(), "ERR Protocol error: invalid multibulk length");
        assert!(!error.may_have_executed());
        let ended = beside.stop().await?;
        assert!(ended.iter().all(Result::is_ok), "{ended:?}");
        Ok(())
    })
}

/// F-02: the answers to what was sent before have come, and the write behind them fails.
fn answers_that_came_before_the_end_count<A: Adapter>() -> Done {
    on_each::<A>("answers before the end", &NAMES, async |cluster| {
        let _setting = Setting::new(cluster, "proto-max-bulk-len", "1mb", "512mb")?;
        let client = connect::<A>(cluster).await?;
        for round in 0..3 {
            let mut commands = vec![Command::incr("{a}counter"); 200];
            commands.push(Command::set("{a}long", too_long()));
            let mut ended = client.pipeline(commands).await?;
            let refused = ended.pop().ok_or("no result")?.expect_err("is too long");
            assert!(refused.to_string().contains("invalid bulk length"), "{refused}");
            for (expected, ended) in (round * 200 + 1..).zip(ended) {
                assert_eq!(ended?.value().as_integer(), Some(expected));
            }
        }
        Ok(())
    })
}

/// F-14: the server ends each connection that is to get a large value.
fn a_read_whose_answer_ends_the_connection_ends_at_the_second_time<A: Adapter>() -> Done {
    // Others send a value from where it is stored: it fills no buffer.
    let names = ["redis-6.2", "redis-7.0", "redis-8.2"];
    on_each::<A>("too long an answer", &names, async |cluster| {
        let client = connect::<A>(cluster).await?;
        client.set("{a}long", too_long()).await?;
        let option = "client-output-buffer-limit";
        let _setting = Setting::new(cluster, option, "normal 1048576 0 0", "normal 0 0 0")?;
        let beside = Beside::start::<A>(&client, "{a}counter");
        let error = client.get::<Frame>("{a}long").await.expect_err("the server does not send it");
        assert!(is_lost(&error), "{error}");
        let ended = beside.stop().await?;
        // One that stands before the read at first, and one behind it at each of its two losses.
        let lost = ended.iter().filter(|ended| ended.is_err()).count();
        assert!(lost <= 3, "{lost} of {} calls beside it have failed", ended.len());
        Ok(())
    })
}

on_every_adapter! {
    a_command_that_is_refused_unread_fails_alone,
    more_arguments_than_the_server_reads_fail_alone,
    answers_that_came_before_the_end_count,
    a_read_whose_answer_ends_the_connection_ends_at_the_second_time,
}
