//! Tasks that keep a cluster busy, and write down what they were told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hashslot::tokio::Client;
use hashslot::{Call, Command, Error, Reply};
use tokio::task::JoinSet;

use crate::oracle::{Book, Ended, Expected, Kind};
use crate::servers::slots::{share, slot_of};
use crate::stage::{CHANGE_LIMIT, Failure};

/// The number of tasks.
pub(crate) const TASK_COUNT: usize = 64;
/// A call without an answer after this long never gets one: no budget of a client is above 40 s.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);
/// Between two calls of a task: servers that are starved fail over without being harmed.
const PAUSE: Duration = Duration::from_millis(2);
/// So many ids go to one key, then the next key begins: keys stay small, and are ever created anew.
const IDS_PER_KEY: u64 = 100;
/// Keys of a task that are overwritten.
const REGISTER_COUNT: u64 = 6;

/// The index of the tasks that call nodes of all three shards.
pub(crate) const EVERYWHERE: usize = 3;

/// Where a task's keys are, and what it does there.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    /// Hash tags: the first is the task's own place, pipelines go to all of them.
    pub(crate) tags: Vec<String>,
    /// The shard that all tags are in, or [`EVERYWHERE`].
    pub(crate) shard: usize,
    /// Whether its commands have one key each.
    pub(crate) single: bool,
}

/// A quarter of the tasks in each of three shards, and a quarter everywhere.
pub(crate) fn homes() -> Vec<Home> {
    let in_share = |tag: &String, (first, last)| (first..=last).contains(&slot_of(tag));
    let tags_in = |shard| {
        let tags = (0..).map(|number| format!("c{number}"));
        tags.filter(move |tag| in_share(tag, share(shard, 3)))
    };
    let mut tags = [0, 1, 2].map(tags_in);
    let home = |task| {
        let shard = task % 4;
        let from = |index: usize| if shard == EVERYWHERE { (index + task) % 3 } else { shard };
        let next = |index| tags.get_mut(from(index)).and_then(Iterator::next);
        Home { tags: (0..3).filter_map(next).collect(), shard, single: false }
    };
    (0..TASK_COUNT).map(home).collect()
}

#[derive(Debug, Default)]
struct Shared {
    is_over: AtomicBool,
    /// Calls that have ended, by the shard of their task.
    calls: [AtomicU64; 4],
    /// The longest call since it was last asked for, in microseconds.
    longest: AtomicU64,
}

/// Tasks that call until they are stopped.
#[derive(Debug)]
pub(crate) struct Load {
    tasks: JoinSet<Book>,
    shared: Arc<Shared>,
}

impl Load {
    /// Starts one task for each home. Servers may lose what they acknowledged, or not.
    pub(crate) fn start(client: &Client, homes: Vec<Home>, may_lose: bool) -> Self {
        let shared = Arc::<Shared>::default();
        let mut tasks = JoinSet::new();
        for (number, home) in (1_u64..).zip(homes) {
            let task = Task {
                client: client.clone(),
                shared: Arc::clone(&shared),
                book: Book::new(format!("t{number}"), may_lose),
                home,
                dice: number.wrapping_mul(0x9E37_79B9_7F4A_7C15),
                last_id: 0,
            };
            tasks.spawn(task.run());
        }
        Self { tasks, shared }
    }

    /// Calls that have ended, of the tasks of one shard.
    pub(crate) fn calls_of(&self, shard: usize) -> u64 {
        self.shared.calls.get(shard).map_or(0, |calls| calls.load(Ordering::Relaxed))
    }

    /// Calls that have ended, of the tasks that stay away from one shard.
    pub(crate) fn calls_beside(&self, shard: usize) -> u64 {
        (0..3).filter(|other| *other != shard).map(|other| self.calls_of(other)).sum()
    }

    /// The longest call since it was last asked for.
    pub(crate) fn take_longest(&self) -> Duration {
        Duration::from_micros(self.shared.longest.swap(0, Ordering::Relaxed))
    }

    /// Waits until so many more calls have ended.
    pub(crate) async fn goes_on(&self, count: u64) -> Result<(), Failure> {
        let all = || (0..4).map(|shard| self.calls_of(shard)).sum::<u64>();
        let (goal, deadline) = (all() + count, Instant::now() + CHANGE_LIMIT);
        while all() < goal {
            if Instant::now() > deadline {
                return Err("the load does not go on".into());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Stops the tasks, and gives what they have written down.
    pub(crate) async fn stop(mut self) -> Result<Vec<Book>, Failure> {
        self.shared.is_over.store(true, Ordering::Relaxed);
        let mut books = Vec::new();
        while let Some(book) = self.tasks.join_next().await {
            books.push(book?);
        }
        Ok(books)
    }
}

/// How commands travel together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    One,
    Pipeline,
    Transaction,
}

type Step = (Command, Expected);

struct Task {
    client: Client,
    shared: Arc<Shared>,
    book: Book,
    home: Home,
    dice: u64,
    last_id: u64,
}

impl Task {
    async fn run(mut self) -> Book {
        while !self.shared.is_over.load(Ordering::Relaxed) {
            let (shape, steps) = self.steps();
            let (commands, expected): (Vec<_>, Vec<_>) = steps.into_iter().unzip();
            let begun_at = Instant::now();
            let call = match shape {
                Shape::One => commands.into_iter().next().map(Call::new),
                Shape::Pipeline => Some(Call::pipeline(commands)),
                Shape::Transaction => Some(Call::transaction(commands)),
            };
            let Some(call) = call else { break };
            let ended = tokio::time::timeout(ANSWER_LIMIT, self.client.call(call)).await;
            let took = u64::try_from(begun_at.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.shared.longest.fetch_max(took, Ordering::Relaxed);
            self.book.tally.calls += u64::try_from(expected.len()).unwrap_or(0);
            self.settle(shape, expected, ended.ok());
            if let Some(calls) = self.shared.calls.get(self.home.shard) {
                calls.fetch_add(1, Ordering::Relaxed);
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.book
    }

    fn settle(&mut self, shape: Shape, all: Vec<Expected>, ended: Option<Result<Reply, Error>>) {
        match ended {
            None => {
                self.book.tally.unanswered += u64::try_from(all.len()).unwrap_or(0);
                for expected in all {
                    self.book.settle(expected, Ended::Maybe);
                }
            }
            Some(Err(error)) => {
                for expected in all {
                    let ended = self.book.judge(&error);
                    self.book.settle(expected, ended);
                }
            }
            Some(Ok(Reply::Pipeline(results))) if results.len() == all.len() => {
                for (expected, result) in all.into_iter().zip(results) {
                    let ended = match &result {
                        Ok(frame) => Ended::Value(frame.value()),
                        Err(error) => self.book.judge(error),
                    };
                    self.book.settle(expected, ended);
                }
            }
            Some(Ok(Reply::One(frame))) if shape == Shape::One => {
                for expected in all {
                    self.book.settle(expected, Ended::Value(frame.value()));
                }
            }
            Some(Ok(Reply::One(frame))) => match frame.value().elements() {
                Some(elements) if elements.len() == all.len() => {
                    for (expected, value) in all.into_iter().zip(elements) {
                        self.book.settle(expected, Ended::Value(value));
                    }
                }
                _ => self.book.wrong(format!("EXEC: {frame:?}")),
            },
            Some(Ok(other)) => self.book.wrong(format!("{shape:?}: {other:?}")),
        }
    }

    /// What to do next.
    fn steps(&mut self) -> (Shape, Vec<Step>) {
        let tag = self.tag(0);
        let choice = if self.home.single { self.roll(10) } else { self.roll(16) };
        let one = |step| (Shape::One, vec![step]);
        match choice {
            0..=2 => one(self.add(&tag, Kind::List)),
            3..=4 => one(self.add(&tag, Kind::Count)),
            5 => one(self.add(&tag, Kind::Text)),
            6..=7 => {
                let number = self.roll(REGISTER_COUNT);
                one(self.write(&tag, number))
            }
            8..=9 => one(self.read(&tag, 1)),
            10..=11 => one(self.read(&tag, REGISTER_COUNT)),
            12..=13 => {
                let kinds = [Kind::List, Kind::Count, Kind::Text];
                (Shape::Transaction, kinds.map(|kind| self.add(&tag, kind)).into())
            }
            _ => {
                let (second, third) = (self.tag(1), self.tag(2));
                let pipeline = vec![
                    self.add(&tag, Kind::List),
                    self.add(&second, Kind::Count),
                    self.read(&tag, 1),
                    self.add(&third, Kind::Text),
                    self.read(&third, 2),
                    // Nothing beside it reads that one: parts of a pipeline are not in order.
                    self.write(&second, REGISTER_COUNT),
                ];
                (Shape::Pipeline, pipeline)
            }
        }
    }

    fn tag(&self, index: usize) -> String {
        let tags = &self.home.tags;
        tags.get(index).or_else(|| tags.first()).cloned().unwrap_or_default()
    }

    fn roll(&mut self, limit: u64) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice % limit
    }

    fn key(&self, tag: &str, what: &str, number: u64) -> String {
        format!("{{{tag}}}:{}:{what}{number}", self.book.name())
    }

    fn add(&mut self, tag: &str, kind: Kind) -> Step {
        self.last_id += 1;
        let id = self.last_id;
        let number = id / IDS_PER_KEY;
        let (key, command) = match kind {
            Kind::List => {
                let key = self.key(tag, "list", number);
                let command = Command::new("RPUSH").arg(&key).arg(self.book.text_of(id));
                (key, command)
            }
            Kind::Text => {
                let key = self.key(tag, "text", number);
                let text = format!("{};", self.book.text_of(id));
                let command = Command::new("APPEND").arg(&key).arg(text);
                (key, command)
            }
            Kind::Count => {
                let key = self.key(tag, "count", number);
                let command = Command::incr(&key);
                (key, command)
            }
        };
        (command, Expected::Added { key, kind, id })
    }

    fn write(&mut self, tag: &str, number: u64) -> Step {
        self.last_id += 1;
        let key = self.key(tag, "value", number);
        let command = Command::set(&key, format!("{key}={}", self.last_id));
        (command, Expected::Written { key, id: self.last_id })
    }

    fn read(&mut self, tag: &str, count: u64) -> Step {
        let first = self.roll(REGISTER_COUNT);
        let numbers = (first..first + count).map(|number| number % REGISTER_COUNT);
        let keys: Vec<_> = numbers.map(|number| self.key(tag, "value", number)).collect();
        let command = match keys.as_slice() {
            [key] => Command::get(key),
            keys => Command::new("MGET").args(keys),
        };
        (command, Expected::Values(keys))
    }
}
