//! Nodes that die, freeze and fail over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hashslot::error::ErrorKind;
use hashslot::tokio::Client;
use hashslot::{Call, Command, Commands, Reply};
use tokio::task::JoinSet;

use crate::figures::Figures;
use crate::load::{TASK_COUNT, homes};
use crate::prober::{Control, Follower, Prober};
use crate::servers::slots::share;
use crate::stage::{
    CHANGE_LIMIT, Failure, NOISE, Setup, Stage, connect, key_in_shard, pass, per_second,
};

/// At most so many commands of a task are on their way at once.
const COMMANDS_PER_CALL: usize = 6;

/// C-1: each primary in turn is killed, and comes back as the replica of its heir.
pub(crate) async fn kill(setup: &Setup) -> Result<Figures, Failure> {
    let mut options = setup.options();
    // Else the other shards stand still as well, by themselves.
    options.args = ["--cluster-require-full-coverage", "no"].map(str::to_owned).into();
    let stage = Stage::start(options, |_| {}).await?;
    let load = stage.load(setup).await?;
    let mut figures = Figures::default();
    let mut healthy_percent = u64::MAX;
    for shard in 0..3 {
        let (primary, heir) = stage.roles(shard)?;
        let follower = Follower::start(&stage.client, &key_in_shard(shard, "follower"));
        let (before, second) = (load.calls_beside(shard), Instant::now());
        pass(setup.length / 8).await;
        let before = per_second(load.calls_beside(shard) - before, second.elapsed());

        let calls = load.calls_beside(shard);
        stage.cluster.kill(primary)?;
        let killed_at = Instant::now();
        let prober = Prober::start(vec![stage.port(heir)], &key_in_shard(shard, "prober"));
        let client = follower.beats.recovery("client", killed_at).await?;
        let during = per_second(load.calls_beside(shard) - calls, killed_at.elapsed());
        let server = prober.beats.recovery("prober", killed_at).await?;
        figures.fault("kills", 1);
        figures.recovered(client, server);
        figures.note(format!("recovery {client:.2?} (prober {server:.2?})"));
        let what = format!("recovery {client:.2?}, the servers' own {server:.2?}");
        figures.must(client <= server + NOISE, what);
        healthy_percent = healthy_percent.min(during * 100 / before.max(1));

        drop((prober, follower));
        stage.cluster.wait_ok(CHANGE_LIMIT)?;
        stage.cluster.restart(primary)?;
        stage.cluster.wait_ok(CHANGE_LIMIT)?;
        load.goes_on(500).await?;
    }
    figures.note(format!("healthy shards at {healthy_percent} % or more"));
    figures.must(healthy_percent >= 30, "healthy shards were held up");
    stage.conclude(load, false, &mut figures).await?;
    unknown_is_bounded(&mut figures, 3)?;
    Ok(figures)
}

/// At most what was on its way may have run without an answer.
fn unknown_is_bounded(figures: &mut Figures, fault_count: usize) -> Result<(), Failure> {
    let most = u64::try_from(TASK_COUNT * COMMANDS_PER_CALL * fault_count)?;
    let maybe = figures.tally.maybe;
    figures.must(maybe <= most, format!("{maybe} maybe-executed, not {most}"));
    Ok(())
}

/// C-2: a primary that accepts connections and answers nothing, and goes on when it has an heir.
pub(crate) async fn freeze(setup: &Setup) -> Result<Figures, Failure> {
    let stall = Duration::from_secs(1);
    let stage = Stage::start(setup.options(), |config| {
        (config.stall_timeout, config.connect_timeout) = (stall, stall);
    })
    .await?;
    let load = stage.load(setup).await?;
    let mut figures = Figures::default();
    let patient = Patient::start(&stage).await?;
    // Too short for anybody to take the node for dead: the connections stay.
    stage.cluster.freeze(2)?;
    pass(Duration::from_millis(600)).await;
    stage.cluster.thaw(2)?;
    figures.fault("freezes", 1);
    for shard in 0..2 {
        let (primary, heir) = stage.roles(shard)?;
        let follower = Follower::start(&stage.client, &key_in_shard(shard, "follower"));
        stage.cluster.freeze(primary)?;
        let frozen_at = Instant::now();
        let prober = Prober::start(vec![stage.port(heir)], &key_in_shard(shard, "prober"));
        let recovered = async {
            let server = prober.beats.recovery("prober", frozen_at).await?;
            Ok::<_, Failure>((server, follower.beats.recovery("client", frozen_at).await?))
        };
        let recovered = recovered.await;
        pass(Duration::from_secs(5).saturating_sub(frozen_at.elapsed())).await;
        stage.cluster.thaw(primary)?;
        let (server, client) = recovered?;
        figures.fault("freezes", 1);
        figures.note(format!("recovery {client:.2?} (prober {server:.2?})"));
        let what = format!("recovery {client:.2?}, the servers' own {server:.2?}");
        figures.must(client <= server + stall + NOISE, what);
        stage.cluster.wait_ok(CHANGE_LIMIT)?;
        load.goes_on(500).await?;
    }
    let stats = stage.client.stats().await?;
    figures.must(stats.links_stalled >= 2, "no link was given up");
    let (late, wrong) = patient.stop().await?;
    figures.note(format!("{late} late replies, none of them anybody's"));
    figures.must(late > 0, "no reply came late");
    figures.must(wrong == 0, format!("{wrong} replies were another's"));
    stage.conclude(load, false, &mut figures).await?;
    unknown_is_bounded(&mut figures, 3 * 4)?;
    Ok(figures)
}

/// Readers whose calls time out soon. Their connections stay open: late replies find no call.
struct Patient {
    client: Client,
    readers: JoinSet<()>,
    is_over: Arc<AtomicBool>,
    wrong: Arc<AtomicU64>,
}

impl Patient {
    async fn start(stage: &Stage) -> Result<Self, Failure> {
        let client = connect(&stage.cluster, |config| {
            config.stall_timeout = CHANGE_LIMIT;
        })
        .await?;
        let (is_over, wrong) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let mut readers = JoinSet::new();
        for number in 0..12 {
            let key = key_in_shard(number % 3, &format!("patient{number}:"));
            client.set(&key, &key).await?;
            let (client, over) = (client.clone(), Arc::clone(&is_over));
            let wrong = Arc::clone(&wrong);
            readers.spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    let call = Call::new(Command::get(&key)).timeout(Duration::from_millis(200));
                    match client.call(call).await {
                        Ok(Reply::One(frame)) if frame.value().as_str() == Some(&key) => {}
                        // Out of time, or refused while the shard has no primary.
                        Err(error) if error.is_timeout() || error.kind() == ErrorKind::Server => {}
                        _ => {
                            wrong.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                    pass(Duration::from_millis(20)).await;
                }
            });
        }
        Ok(Self { client, readers, is_over, wrong })
    }

    /// How many replies came late, and how many reached a reader whose they are not.
    async fn stop(mut self) -> Result<(u64, u64), Failure> {
        self.is_over.store(true, Ordering::Relaxed);
        while let Some(ended) = self.readers.join_next().await {
            ended?;
        }
        Ok((self.client.stats().await?.late_replies, self.wrong.load(Ordering::Relaxed)))
    }
}

/// C-3: operators change roles. No caller sees an error.
pub(crate) async fn fail_over(setup: &Setup) -> Result<Figures, Failure> {
    let stage = Stage::start(setup.options(), |_| {}).await?;
    let load = stage.load(setup).await?;
    let mut figures = Figures::default();
    let (mut longest, mut longest_gap) = (Duration::ZERO, Duration::ZERO);
    for round in 0..10 {
        let shard = round % 3;
        let (primary, replica) = stage.roles(shard)?;
        let ports = vec![stage.port(primary), stage.port(replica)];
        let prober = Prober::start(ports, &key_in_shard(shard, "prober"));
        pass(setup.length / 32).await;
        load.take_longest();
        stage.cluster.failover(replica)?;
        stage.cluster.wait_ok(CHANGE_LIMIT)?;
        load.goes_on(300).await?;
        figures.fault("failovers", 1);
        longest = longest.max(load.take_longest());
        longest_gap = longest_gap.max(prober.beats.longest_gap());
    }
    figures.note(format!("longest call {longest:.0?} (prober's gap {longest_gap:.0?})"));
    figures.must(longest <= longest_gap + NOISE, "a call took far longer than the servers");
    stage.conclude(load, false, &mut figures).await?;
    figures.must_be_calm();
    Ok(figures)
}

/// C-4: failovers without agreement. Servers lose writes then; the client must not lose more.
pub(crate) async fn force(setup: &Setup) -> Result<Figures, Failure> {
    let stage = Stage::start(setup.options(), |_| {}).await?;
    let load = stage.load_at(setup, homes(), true).await?;
    let mut figures = Figures::default();
    let (first, second) = stage.roles(0)?;
    let key = key_in_shard(0, "control");
    let control = Control::start(vec![stage.port(first), stage.port(second)], &key);
    for way in ["FORCE", "FORCE", "TAKEOVER", "TAKEOVER"] {
        pass(setup.length / 8).await;
        let (_, replica) = stage.roles(0)?;
        stage.cluster.call(replica, &["CLUSTER", "FAILOVER", way])?;
        figures.fault("forced failovers", 1);
        let promoted = || stage.cluster.is_primary(replica);
        crate::servers::wait_until("promotion", CHANGE_LIMIT, promoted)?;
        stage.cluster.wait_ok(CHANGE_LIMIT)?;
        load.goes_on(500).await?;
    }
    let acknowledged = control.stop()?;
    let books = stage.conclude(load, true, &mut figures).await?;
    let (primary, _) = stage.roles(0)?;
    let held = stage.cluster.call(primary, &["LRANGE", &key, "0", "-1"])?;
    let kept: std::collections::BTreeSet<u64> =
        held.elements().iter().filter_map(|id| id.text()?.parse().ok()).collect();
    let control_lost = acknowledged.iter().filter(|id| !kept.contains(id)).count();
    let control_lost = u64::try_from(control_lost)?;
    let control_all = u64::try_from(acknowledged.len())?;
    let all: u64 = books.iter().map(|book| book.acknowledged_in(share(0, 3))).sum();
    let lost = figures.tally.lost;
    figures.note(format!(
        "{lost} of {all} acknowledged writes of the shard lost \
         (control: {control_lost} of {control_all})"
    ));
    // Not more than five of a hundred above what a writer without a client loses.
    let bound = u128::from(control_lost) * 100 / u128::from(control_all.max(1)) + 5;
    let lost_percent = u128::from(lost) * 100 / u128::from(all.max(1));
    figures.must(lost_percent <= bound, format!("lost {lost_percent} %, control {bound} %"));
    Ok(figures)
}
