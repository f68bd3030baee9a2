//! The callers: loops that make one request after the other until the time is over.

use std::future::Future;
use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::data::Data;
use crate::executor::Executor;
use crate::measure::Figures;
use crate::tally::Tally;
use crate::workloads::{Request, Workload};

/// One run of a workload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job {
    pub(crate) workload: &'static Workload,
    pub(crate) data: &'static Data,
    pub(crate) until: Instant,
}

/// A client, or another program, that can be measured.
pub(crate) trait Peer: Send {
    fn name(&self) -> &'static str;

    /// Whether it can do a workload at all.
    fn can(&self, workload: &Workload) -> bool;

    /// Does it until the time is over.
    fn run(&mut self, job: Job) -> Outcome<Tally>;

    /// What another program, which does it for so long, says that it did.
    fn external(&mut self, job: Job, time: Duration) -> Option<Outcome<Figures>> {
        let _ = (job, time);
        None
    }
}

/// An asynchronous client: callers have a clone each.
pub(crate) trait Asynchronous: Clone + Send + 'static {
    fn can(workload: &Workload) -> bool {
        let _ = workload;
        true
    }

    /// Makes a request, and has its values in memory of the caller's own, in the form that is
    /// cheapest for this client. Returns how many bytes of values there were.
    fn call(&mut self, request: Request) -> impl Future<Output = Outcome<usize>> + Send;
}

/// The same for clients that block.
pub(crate) trait Blocking: Send {
    fn call(&mut self, request: Request) -> Outcome<usize>;
}

/// Tasks that share a client.
pub(crate) struct Tasks<C, E> {
    pub(crate) name: &'static str,
    pub(crate) client: C,
    pub(crate) executor: E,
}

impl<C: Asynchronous, E: Executor> Peer for Tasks<C, E> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn can(&self, workload: &Workload) -> bool {
        C::can(workload)
    }

    fn run(&mut self, job: Job) -> Outcome<Tally> {
        self.executor.block_on(async {
            let tasks: Vec<_> = (0..job.workload.callers)
                .map(|caller| self.executor.spawn(task(self.client.clone(), job, caller)))
                .collect();
            let mut all = Tally::default();
            for task in tasks {
                all.add(&task.await?);
            }
            Ok(all)
        })
    }
}

async fn task(mut client: impl Asynchronous, job: Job, caller: usize) -> Outcome<Tally> {
    let mut progress = Progress::new(job, caller);
    while let Some(request) = progress.next() {
        let bytes = client.call(request).await?;
        progress.answered(request, bytes)?;
    }
    Ok(progress.tally)
}

/// Threads, with a client or a handle of a client each.
pub(crate) struct Threads<C> {
    pub(crate) name: &'static str,
    pub(crate) connect: Box<dyn Fn() -> Outcome<C> + Send>,
    pub(crate) clients: Vec<C>,
}

impl<C: Blocking> Peer for Threads<C> {
    fn name(&self) -> &'static str {
        self.name
    }

    /// Hundreds of threads measure the kernel's scheduler.
    fn can(&self, workload: &Workload) -> bool {
        workload.callers <= 64
    }

    fn run(&mut self, job: Job) -> Outcome<Tally> {
        let count = job.workload.callers;
        while self.clients.len() < count {
            self.clients.push((self.connect)()?); // in the round that warms up
        }
        if let (1, Some(client)) = (count, self.clients.first_mut()) {
            return in_thread(client, job, 0);
        }
        thread::scope(|scope| {
            let clients = self.clients.iter_mut().take(count).enumerate();
            let threads: Vec<_> = clients
                .map(|(caller, client)| scope.spawn(move || in_thread(client, job, caller)))
                .collect();
            let mut all = Tally::default();
            for thread in threads {
                all.add(&thread.join().expect("callers do not panic")?);
            }
            Ok(all)
        })
    }
}

fn in_thread(client: &mut impl Blocking, job: Job, caller: usize) -> Outcome<Tally> {
    let mut progress = Progress::new(job, caller);
    while let Some(request) = progress.next() {
        let bytes = client.call(request)?;
        progress.answered(request, bytes)?;
    }
    Ok(progress.tally)
}

/// How far a caller has come.
struct Progress {
    job: Job,
    caller: usize,
    made: usize,
    /// When the last answer came, and so when the next request leaves: one look at the clock for
    /// both.
    last: Instant,
    tally: Tally,
}

impl Progress {
    fn new(job: Job, caller: usize) -> Self {
        Self { job, caller, made: 0, last: Instant::now(), tally: Tally::default() }
    }

    fn next(&mut self) -> Option<Request> {
        let Job { workload, data, until } = self.job;
        (self.last < until).then(|| workload.request(data, self.caller, self.made))
    }

    fn answered(&mut self, request: Request, bytes: usize) -> Outcome<()> {
        let expected = self.job.workload.expected(request);
        if bytes != expected {
            return Err(format!("{bytes} bytes of values, not {expected}: {request:?}").into());
        }
        let now = Instant::now();
        self.tally.record(now - self.last, 1);
        self.last = now;
        self.made += 1;
        Ok(())
    }
}
