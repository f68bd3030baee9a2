//! Connections that break, and nodes that are slow or out of reach.

use std::time::{Duration, Instant};

use hashslot::tokio::Client;
use hashslot::{Call, Command, Commands, Error, Frame, cmd};
use tokio::task::JoinSet;

use crate::figures::Figures;
use crate::prober::Follower;
use crate::servers::proxy::{Direction, Flow};
use crate::servers::raw::{Connection, encode};
use crate::servers::slots::{key_in_slot, share};
use crate::stage::{Failure, NOISE, Setup, Stage, key_in_shard, pass, per_second, until};

/// C-8: servers close all connections of clients, again and again.
pub(crate) async fn client_kill(setup: &Setup) -> Result<Figures, Failure> {
    let stage = Stage::start(setup.options(), |_| {}).await?;
    let load = stage.load(setup).await?;
    let follower = Follower::start(&stage.client, &key_in_shard(0, "follower"));
    let mut figures = Figures::default();
    let nodes = [0, 1, 2].map(|node| stage.cluster.connection(node));
    let mut nodes = nodes.into_iter().collect::<Result<Vec<_>, _>>()?;
    let (mut killed_at, mut killed) = (Vec::new(), 0);
    let goes_on = until(setup.length);
    while goes_on() {
        killed_at.push(Instant::now());
        for node in &mut nodes {
            let reply = node.must(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"])?;
            killed += reply.integer().and_then(|count| u64::try_from(count).ok()).unwrap_or(0);
        }
        pass(Duration::from_millis(50)).await;
    }
    load.goes_on(1000).await?;
    let mut back: Vec<_> =
        killed_at.iter().filter_map(|moment| follower.beats.first_after(*moment)).collect();
    back.sort_unstable();
    let at = |percent: usize| back.get((back.len().max(1) - 1) * percent / 100).copied();
    let (median, late) = (at(50).unwrap_or_default(), at(99).unwrap_or_default());
    figures.fault("closed connections", killed);
    figures.note(format!("{killed} connections closed, back after {median:.1?} (p99 {late:.1?})"));
    figures.must(back.len() == killed_at.len(), "the follower did not come back");
    figures.must(late <= NOISE, format!("back after {late:.1?} only"));
    let lost = stage.client.stats().await?.links_lost;
    figures.must(lost > 10, format!("vacuous: {lost} links lost"));
    stage.conclude(load, false, &mut figures).await?;
    let not_executed = figures.tally.not_executed;
    figures.must(not_executed == 0, format!("{not_executed} calls not executed"));
    Ok(figures)
}

/// C-9: a node that is busy with something else, and one that takes no writes.
pub(crate) async fn slow_node(setup: &Setup) -> Result<Figures, Failure> {
    let mut options = setup.options();
    // The other nodes must not declare this node failed.
    options.node_timeout = Duration::from_secs(20);
    let budget = Duration::from_millis(300);
    let stage = Stage::start(options, |config| config.call_timeout = budget).await?;
    let load = stage.load(setup).await?;
    let mut figures = Figures::default();
    let before = stage.client.stats().await?;
    let node = stage.roles(0)?.0;

    let mut sleeper = stage.cluster.connection(node)?;
    sleeper.send(&["DEBUG", "SLEEP", "2"])?;
    pass(Duration::from_millis(100)).await;
    let asleep = deadlines(&stage.client, Command::incr, budget, &mut figures).await?;
    sleeper.receive()?.checked()?;
    load.goes_on(500).await?;
    figures.fault("sleeping nodes", 1);

    stage.cluster.call(node, &["CLIENT", "PAUSE", "1500", "WRITE"])?;
    pass(Duration::from_millis(50)).await;
    let paused = deadlines(&stage.client, Command::incr, budget, &mut figures).await?;
    pass(Duration::from_millis(1500)).await;
    load.goes_on(500).await?;
    figures.fault("paused nodes", 1);

    let after = stage.client.stats().await?;
    let late = after.late_replies - before.late_replies;
    figures.note(format!(
        "deadlines missed by {asleep:.1?} asleep and {paused:.1?} paused, {late} late replies"
    ));
    figures.must(asleep.max(paused) <= NOISE, "a deadline was missed by far");
    figures.must(late > 0, "no reply came late");
    let lost = after.links_lost - before.links_lost;
    figures.must(lost == 0, format!("{lost} connections lost, though all could be used on"));
    stage.conclude(load, false, &mut figures).await?;
    Ok(figures)
}

/// Makes fifty calls that a node cannot answer in time. By how much the worst missed its deadline.
async fn deadlines(
    client: &Client,
    command: impl Fn(String) -> Command,
    budget: Duration,
    figures: &mut Figures,
) -> Result<Duration, Failure> {
    let mut calls = JoinSet::new();
    for number in 0..50 {
        let call = Call::new(command(key_in_shard(0, &format!("slow{number}:"))));
        let client = client.clone();
        calls.spawn(async move {
            let begun_at = Instant::now();
            (client.call(call.timeout(budget)).await, begun_at.elapsed())
        });
    }
    let mut worst = Duration::ZERO;
    while let Some(ended) = calls.join_next().await {
        let (ended, took) = ended?;
        let is_sent =
            ended.as_ref().is_err_and(|error| error.is_timeout() && error.may_have_executed());
        figures.must(is_sent, format!("a call that was sent is answered {ended:?}"));
        figures.must(took >= budget, format!("given up after {took:?}"));
        worst = worst.max(took.saturating_sub(budget));
    }
    Ok(worst)
}

/// C-10: a connection breaks at each byte of an exchange, in each direction.
pub(crate) async fn every_byte(setup: &Setup) -> Result<Figures, Failure> {
    let stage = Stage::behind_proxies(setup.options(), |config| {
        // A node is dialled again soon, however often its connection has broken.
        config.max_reconnect_delay = config.min_reconnect_delay;
        // No question about the topology is to take bytes of a cut.
        config.min_refresh_interval = Duration::from_secs(3600);
        config.max_refresh_interval = config.min_refresh_interval;
    })
    .await?;
    let slot = share(2, 3).0 + 5;
    let (node, _) = stage.roles(2)?;
    let mut server = stage.cluster.connection(node)?;
    let proxy = stage.proxies.get(node).ok_or("each node has a proxy")?;
    let tag = format!("{{{}}}", key_in_slot(slot, "cut"));
    let value = format!("{tag}value");
    stage.client.set(&value, "0123456789").await?;
    let mut figures = Figures::default();
    let mut exchange = Exchange { tag, number: 0, exact: 0, cuts: 0 };
    for direction in [Direction::ToServer, Direction::ToClient] {
        let len: usize = exchange.lens(direction).iter().sum();
        for cut_at in 0..len {
            // The link is set up, and at rest.
            stage.client.get::<String>(&value).await?;
            exchange.number += 1;
            proxy.set(direction, Flow { cut_after: Some(cut_at), ..Flow::default() });
            let commands = cmd::each(exchange.commands().map(to_command));
            let ended = stage.client.pipeline_each(commands).await?;
            proxy.set(direction, Flow::default());
            exchange.check(direction, cut_at, &ended, &mut server, &mut figures)?;
        }
    }
    let Exchange { exact, cuts, .. } = exchange;
    figures.fault("cuts", cuts);
    figures.note(format!("{cuts} cuts, {exact} with exactly the writes that came through whole"));
    figures.must(exact == cuts, "a write ran that did not come through, or the other way round");
    Ok(figures)
}

fn to_command(words: Vec<String>) -> Command {
    let mut words = words.into_iter();
    Command::new(words.next().unwrap_or_default()).args(words)
}

/// Five commands that travel together, on keys that are new each time.
struct Exchange {
    tag: String,
    number: usize,
    exact: u64,
    cuts: u64,
}

/// What the server answers when each has run: the bytes, and whether the command writes.
const ANSWERS: [(&str, bool); 5] = [
    (":1\r\n", true),
    (":1\r\n", true),
    ("$10\r\n0123456789\r\n", false),
    ("+OK\r\n", true),
    (":6\r\n", true),
];

impl Exchange {
    fn commands(&self) -> [Vec<String>; 5] {
        let (tag, number) = (&self.tag, format!("{:06}", self.number));
        let key = |name| format!("{tag}{name}{number}");
        [
            vec!["RPUSH".into(), key("list"), number.clone()],
            vec!["INCR".into(), key("count")],
            vec!["GET".into(), format!("{tag}value")],
            vec!["SET".into(), key("set"), number.clone()],
            vec!["APPEND".into(), key("text"), number.clone()],
        ]
    }

    /// How many bytes each command, or each answer, has.
    fn lens(&self, direction: Direction) -> [usize; 5] {
        match direction {
            Direction::ToServer => self.commands().map(|words| encode(&words).len()),
            Direction::ToClient => ANSWERS.map(|(answer, _)| answer.len()),
        }
    }

    /// How often each command has run, as the server shows; a read shows nothing.
    fn ran(&self, server: &mut Connection) -> Result<[u64; 5], Failure> {
        let (tag, number) = (&self.tag, format!("{:06}", self.number));
        let mut ask = |name: &str, key: &str| {
            let reply = server.must(&[name, &format!("{tag}{key}{number}")])?;
            let text = reply.text().unwrap_or_default();
            Ok::<_, Failure>((reply.integer().unwrap_or(0), text))
        };
        let list = u64::try_from(ask("LLEN", "list")?.0)?;
        let count = ask("GET", "count")?.1.parse().unwrap_or(0);
        let set = u64::from(ask("GET", "set")?.1 == number);
        let text = u64::try_from(ask("GET", "text")?.1.len() / number.len())?;
        Ok([list, count, 0, set, text])
    }

    /// How often each command has run, once the server has seen what came through: it may read the
    /// last bytes of the connection later than the question on another one.
    fn settled(
        &self,
        direction: Direction,
        cut_at: usize,
        server: &mut Connection,
    ) -> Result<[u64; 5], Failure> {
        let limit = Instant::now() + Duration::from_secs(2);
        loop {
            let ran = self.ran(server)?;
            let mut end = 0;
            let has_seen_all = self.lens(direction).into_iter().zip(ANSWERS).zip(ran).all(
                |((len, answer), ran)| {
                    end += len;
                    let is_due = direction == Direction::ToClient || end <= cut_at;
                    !answer.1 || !is_due || ran > 0
                },
            );
            if has_seen_all || Instant::now() > limit {
                return Ok(ran);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Judges one cut: an answer came if it came through whole, and then its command ran once; else
    /// a read was sent again, and a write may have run once, or provably did not.
    fn check(
        &mut self,
        direction: Direction,
        cut_at: usize,
        ended: &[Result<Frame, Error>],
        server: &mut Connection,
        figures: &mut Figures,
    ) -> Result<(), Failure> {
        let ran = self.settled(direction, cut_at, server)?;
        let mut end = 0;
        let (mut is_exact, mut has_gap) = (true, false);
        let parts = self.lens(direction).into_iter().zip(ANSWERS).zip(ran).zip(ended);
        for (index, (((len, (answer, writes)), ran), ended)) in parts.enumerate() {
            end += len;
            let came_through = end <= cut_at;
            let place = format!("command {index}, {direction:?} cut after {cut_at}: {ended:?}");
            figures.tally.calls += 1;
            match ended {
                Ok(frame) => {
                    let text = frame_text(frame);
                    figures.must(text == answer, format!("{place}: not {answer:?} but {text:?}"));
                    figures.must(!writes || ran == 1, format!("{place}, and ran {ran} times"));
                    let may = !writes || direction == Direction::ToServer || came_through;
                    figures.must(may, format!("{place}, and its answer was cut"));
                }
                Err(error) => {
                    figures.must(writes, format!("{place}: a read is sent again"));
                    let missed = direction == Direction::ToClient && came_through;
                    figures.must(!missed, format!("{place}, and its answer came"));
                    figures.tally.maybe += u64::from(error.may_have_executed());
                    figures.tally.not_executed += u64::from(!error.may_have_executed());
                    let most = u64::from(error.may_have_executed());
                    figures.must(ran <= most, format!("{place}, and ran {ran} times"));
                }
            }
            figures.tally.doubled += ran.saturating_sub(1);
            let expected = u64::from(direction == Direction::ToClient || came_through);
            figures.must(!writes || ran <= expected, format!("{place}, and ran all the same"));
            figures.must(!writes || ran == 0 || !has_gap, format!("{place}, and ran out of order"));
            has_gap |= writes && ran == 0;
            is_exact &= !writes || ran == expected;
        }
        figures.must(ended.len() == 5, "a pipeline has one answer for each command");
        self.cuts += 1;
        self.exact += u64::from(is_exact);
        Ok(())
    }
}

/// An answer as its bytes were.
fn frame_text(frame: &Frame) -> String {
    let value = frame.value();
    match (value.as_integer(), value.as_str()) {
        (Some(number), _) => format!(":{number}\r\n"),
        (None, Some("OK")) => "+OK\r\n".into(),
        (None, Some(text)) => format!("${}\r\n{text}\r\n", text.len()),
        (None, None) => format!("{value:?}"),
    }
}

/// C-11: the network holds back all bytes, and no connection reports an error.
pub(crate) async fn black_hole(setup: &Setup) -> Result<Figures, Failure> {
    let (budget, stall) = (Duration::from_secs(2), Duration::from_secs(3));
    let stage = Stage::behind_proxies(setup.options(), |config| {
        (config.call_timeout, config.stall_timeout) = (budget, stall);
    })
    .await?;
    let load = stage.load(setup).await?;
    let (node, _) = stage.roles(0)?;
    let proxy = stage.proxies.get(node).ok_or("each node has a proxy")?;
    let follower = Follower::start(&stage.client, &key_in_shard(0, "follower"));
    let mut figures = Figures::default();
    pass(setup.length / 4).await;
    let (before, memory) = (stage.client.stats().await?, memory_len());
    load.take_longest();

    let calls = load.calls_beside(0);
    let begun_at = Instant::now();
    proxy.set_both(Flow { stall: true, ..Flow::default() });
    pass(Duration::from_secs(10)).await;
    proxy.set_both(Flow::default());
    let healed_at = Instant::now();
    let during = per_second(load.calls_beside(0) - calls, begun_at.elapsed());
    let longest = load.take_longest();
    let grown = memory_len().saturating_sub(memory) / 1024;
    let recovery = follower.beats.recovery("client", healed_at).await?;
    let stalled = stage.client.stats().await?.links_stalled - before.links_stalled;
    load.goes_on(1000).await?;

    figures.fault("black holes", 1);
    figures.note(format!(
        "longest call {longest:.2?} of {budget:?}, {stalled} connections given up, {grown} KiB \
         more memory, healed after {recovery:.2?}, other shards {during} calls/s"
    ));
    figures.must(longest <= budget + NOISE, format!("a call took {longest:?}"));
    figures.must(stalled > 0, "the silent connection was not given up");
    figures.must(grown < 64 << 10, format!("{grown} KiB more memory"));
    figures.must(recovery <= NOISE + Duration::from_secs(1), format!("healed after {recovery:?}"));
    figures.must(during > 100, format!("other shards had {during} calls/s only"));
    stage.conclude(load, false, &mut figures).await?;
    Ok(figures)
}

/// How many bytes of memory this process has in use; 0 where that cannot be told.
fn memory_len() -> u64 {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = status.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * 4096
}
