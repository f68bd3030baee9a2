//! Tasks that keep a cluster busy and check every answer.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use hashslot::Error;

use super::adapter::{Adapter, Client};
use super::tasks::Tasks;
use super::{Done, Failure, until};

/// Tasks that write values, each task its own, read each back, and count.
#[derive(Debug)]
pub(crate) struct Load<A: Adapter> {
    tasks: Tasks<Tally>,
    is_over: Arc<AtomicBool>,
    call_count: Arc<AtomicU64>,
    adapter: PhantomData<fn() -> A>,
}

/// How the calls of a load ended.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// All calls.
    pub(crate) calls: u64,
    /// Calls that may have run.
    pub(crate) unknown: Vec<Error>,
    /// Calls that did not run.
    pub(crate) not_executed: Vec<Error>,
    /// Answers that are none, or not to what was asked.
    pub(crate) wrong: Vec<String>,
}

impl Tally {
    /// **Panics**: when there was an error, or an answer was wrong.
    pub(crate) fn assert_flawless(&self) {
        self.assert_right();
        assert!(self.unknown.is_empty(), "{:?}", self.unknown);
        assert!(self.not_executed.is_empty(), "{:?}", self.not_executed);
    }

    /// **Panics**: when an answer was wrong. Calls may have ended without one.
    pub(crate) fn assert_right(&self) {
        assert!(self.wrong.is_empty(), "{:?}", self.wrong);
    }

    fn note<V>(&mut self, ended: Result<V, Error>) -> Ended<V> {
        self.calls += 1;
        match ended {
            Ok(value) => Ended::Value(value),
            Err(error) if error.may_have_executed() && error.cause().is_some() => {
                self.unknown.push(error);
                Ended::Unknown
            }
            Err(error) if !error.may_have_executed() => {
                self.not_executed.push(error);
                Ended::NotExecuted
            }
            Err(error) => {
                self.wrong.push(error.to_string());
                Ended::Unknown
            }
        }
    }
}

enum Ended<V> {
    Value(V),
    NotExecuted,
    Unknown,
}

impl<A: Adapter> Load<A> {
    /// Starts tasks on keys of as many slots.
    pub(crate) fn start(client: &A::Client, prefix: &str, task_count: usize) -> Self {
        Self::on_tags(client, (0..task_count).map(|task| format!("{prefix}-{task}")))
    }

    /// Starts one task for each hash tag.
    pub(crate) fn on_tags(client: &A::Client, tags: impl IntoIterator<Item = String>) -> Self {
        let (is_over, call_count) = (Arc::default(), Arc::default());
        let mut tasks = Tasks::new();
        for tag in tags {
            let work = Work {
                client: client.clone(),
                tag,
                is_over: Arc::clone(&is_over),
                call_count: Arc::clone(&call_count),
                tally: Tally::default(),
            };
            tasks.spawn::<A>(work.run());
        }
        Self { tasks, is_over, call_count, adapter: PhantomData }
    }

    /// Waits until so many more calls have ended.
    pub(crate) async fn goes_on(&self, count: u64) -> Done {
        let goal = self.call_count.load(Ordering::Relaxed) + count;
        until::<A>("the load goes on", async || Ok(self.call_count.load(Ordering::Relaxed) >= goal))
            .await
    }

    /// Stops, and tells how it went.
    pub(crate) async fn stop(mut self) -> Result<Tally, Failure> {
        self.is_over.store(true, Ordering::Relaxed);
        let mut all = Tally::default();
        while let Some(tally) = self.tasks.join_next().await {
            let tally = tally?;
            all.calls += tally.calls;
            all.unknown.extend(tally.unknown);
            all.not_executed.extend(tally.not_executed);
            all.wrong.extend(tally.wrong);
        }
        Ok(all)
    }
}

struct Work<C: Client> {
    client: C,
    tag: String,
    is_over: Arc<AtomicBool>,
    call_count: Arc<AtomicU64>,
    tally: Tally,
}

impl<C: Client> Work<C> {
    async fn run(mut self) -> Tally {
        let (key, counter) = (format!("{{{}}}:value", self.tag), format!("{{{}}}:count", self.tag));
        // What the key may hold, and where the counter may stand.
        let mut possible = vec![None];
        let (mut least, mut most) = (0, 0);
        for number in 1_u64.. {
            let value = format!("{}={number}", self.tag);
            match self.tally.note(self.client.set(&key, &value).await) {
                Ended::Value(()) => possible = vec![Some(value)],
                Ended::Unknown => possible.push(Some(value)),
                Ended::NotExecuted => {}
            }
            if let Ended::Value(found) = self.tally.note(self.client.get(&key).await) {
                if !possible.contains(&found) {
                    self.wrong(format!("{key} holds {found:?}, not one of {possible:?}"));
                }
                possible = vec![found];
            }
            match self.tally.note(self.client.incr(&counter).await) {
                Ended::Value(count) => {
                    if !(least + 1..=most + 1).contains(&count) {
                        self.wrong(format!("{counter} is {count}, not in {least}..={most} + 1"));
                    }
                    (least, most) = (count, count);
                }
                Ended::Unknown => most += 1,
                Ended::NotExecuted => {}
            }
            self.call_count.fetch_add(3, Ordering::Relaxed);
            if self.is_over.load(Ordering::Relaxed) {
                break;
            }
        }
        self.tally
    }

    fn wrong(&mut self, what: String) {
        self.tally.wrong.push(what);
    }
}
