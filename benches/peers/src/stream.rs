//! A million SETs through one client: in a stream, and in pipelines, with GETs of others beside.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hashslot::tokio::Client;
use hashslot::{Commands, cmd};

use crate::Outcome;
use crate::alloc;
use crate::clients;
use crate::data::{Data, VALUE};
use crate::executor::{Executor, OnTokio};
use crate::nodes::Nodes;
use crate::tally::Tally;

/// How many SETs each way of storing sends.
const COUNT: usize = 1_000_000;
/// The commands of one pipeline.
const PIPELINE_LEN: usize = 1000;
/// Tasks that send a GET now and then.
const READER_COUNT: usize = 4;
const READ_PERIOD: Duration = Duration::from_millis(2);

/// A way to send all the SETs.
#[derive(Clone, Copy)]
enum Way {
    /// None: the GETs alone.
    Nothing,
    /// hashslot's `stream` with this window.
    Stream(usize),
    /// hashslot's pipelines, one after the other.
    Pipelines,
    /// Those of redis-rs. Its asynchronous client refuses them, and its client is not shared.
    RedisSync,
}

const WAYS: [(&str, Way); 7] = [
    ("nothing for 3 s", Way::Nothing),
    ("`stream`, window 300", Way::Stream(300)),
    ("`stream`, window 1000", Way::Stream(1000)),
    ("`stream`, window 3000", Way::Stream(3000)),
    ("`stream`, window 10,000", Way::Stream(10_000)),
    ("pipelines of 1000", Way::Pipelines),
    ("redis-rs, synchronous: pipelines of 1000", Way::RedisSync),
];

/// A table of how fast the SETs went, what was allocated at most, and how long GETs took meanwhile.
pub(crate) fn table(nodes: &Nodes, data: &'static Data, tokio: &OnTokio) -> Outcome<String> {
    let client = tokio.block_on(Client::connect(&format!("redis://{}", nodes.list())))?;
    let mut text =
        "| SETs | k/s | peak KiB | GET p50 us | GET p99 us |\n|---|--:|--:|--:|--:|\n".to_owned();
    for (name, way) in WAYS {
        let is_over = Arc::new(AtomicBool::new(false));
        let peak = Peak::watch(is_over.clone());
        let readers = (0..READER_COUNT)
            .map(|place| tokio.spawn(read(client.clone(), data, place, is_over.clone())));
        let readers: Vec<_> = readers.collect();
        let begun_at = Instant::now();
        let done = match way {
            Way::Nothing => {
                thread::sleep(Duration::from_secs(3));
                Ok(())
            }
            Way::Stream(window) => tokio.block_on(tokio.spawn(stream(client.clone(), window))),
            Way::Pipelines => tokio.block_on(tokio.spawn(pipelines(client.clone()))),
            Way::RedisSync => redis_pipelines(nodes),
        };
        let seconds = begun_at.elapsed().as_secs_f64();
        is_over.store(true, Relaxed);
        done?;
        let mut tally = Tally::default();
        for reader in readers {
            tally.add(&tokio.block_on(reader)?);
        }
        let is_any = !matches!(way, Way::Nothing);
        let rate = is_any.then(|| format!("{:.0}", COUNT as f64 / seconds / 1e3));
        let (p50, p99) = (tally.quantile_us(0.5), tally.quantile_us(0.99));
        let (rate, peak) = (rate.unwrap_or_else(|| "-".to_owned()), peak.kib());
        text += &format!("| {name} | {rate} | {peak} | {p50:.0} | {p99:.0} |\n");
    }
    Ok(text)
}

fn key(number: usize) -> String {
    format!("stream:{number:09}")
}

async fn stream(client: Client, window: usize) -> Outcome<()> {
    let sets = (0..COUNT).map(|number| cmd::set(key(number), VALUE));
    let mut stored = client.stream(sets).window(window);
    while let Some((_, result)) = stored.next().await {
        result?;
    }
    Ok(())
}

async fn pipelines(client: Client) -> Outcome<()> {
    for first in (0..COUNT).step_by(PIPELINE_LEN) {
        let numbers = first..first + PIPELINE_LEN;
        let sets: Vec<_> = numbers.map(|number| cmd::set(key(number), VALUE)).collect();
        client.pipeline(sets).await?;
    }
    Ok(())
}

fn redis_pipelines(nodes: &Nodes) -> Outcome<()> {
    let mut connection = clients::redis_rs(nodes, true)?.get_connection()?;
    for first in (0..COUNT).step_by(PIPELINE_LEN) {
        let mut pipeline = redis::cluster::cluster_pipe();
        for number in first..first + PIPELINE_LEN {
            pipeline.set(key(number), VALUE).ignore();
        }
        pipeline.query::<()>(&mut connection)?;
    }
    Ok(())
}

/// Sends a GET in each period, until it is over.
async fn read(
    client: Client,
    data: &'static Data,
    place: usize,
    is_over: Arc<AtomicBool>,
) -> Outcome<Tally> {
    let mut tally = Tally::default();
    let mut period = tokio::time::interval(READ_PERIOD);
    for turn in 0.. {
        if is_over.load(Relaxed) {
            break;
        }
        period.tick().await;
        let begun_at = Instant::now();
        client.get::<Bytes>(data.key(place + turn * READER_COUNT)).await?;
        tally.record(begun_at.elapsed(), 1);
    }
    Ok(tally)
}

/// What is allocated at most, above what there was.
struct Peak {
    before: u64,
    most: Arc<AtomicU64>,
}

impl Peak {
    fn watch(is_over: Arc<AtomicBool>) -> Self {
        let before = alloc::held();
        let most = Arc::new(AtomicU64::new(before));
        let seen = most.clone();
        thread::spawn(move || {
            while !is_over.load(Relaxed) {
                seen.fetch_max(alloc::held(), Relaxed);
                thread::sleep(Duration::from_micros(500));
            }
        });
        Self { before, most }
    }

    fn kib(&self) -> u64 {
        self.most.load(Relaxed).saturating_sub(self.before) / 1024
    }
}
