//! Slots that move, and nodes that come and go.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hashslot::tokio::Client;
use hashslot::{Command, Commands, Error, Stats, cmd};
use tokio::task::JoinSet;

use crate::figures::Figures;
use crate::load::{Home, homes};
use crate::servers::cluster::Cluster;
use crate::servers::raw::Reply;
use crate::servers::slots::{key_in_slot, share, slot_of};
use crate::stage::{CHANGE_LIMIT, Failure, NOISE, Setup, Stage, connect, pass, until};

/// A slot is held open for so long at most.
const HOLD_MAX: Duration = Duration::from_secs(20);
/// How many slots a reshard moves, and how many keys are in each.
const RESHARD_SLOT_COUNT: u16 = 1_000;
const KEYS_PER_SLOT: usize = 50;
/// A reshard that takes longer is not waited for.
const RESHARD_LIMIT: Duration = Duration::from_secs(100);

/// C-5: a slot stays between two nodes while its keys move one by one.
pub(crate) async fn held_slot(setup: &Setup) -> Result<Figures, Failure> {
    let length = (setup.length / 2).min(HOLD_MAX);
    // Keys that are apart for all of that time are no reason to give a call up.
    let budget = HOLD_MAX * 2;
    let stage = Stage::start(setup.options(), |config| config.call_timeout = budget).await?;
    let slot = share(0, 3).0 + 11;
    let tag = key_in_slot(slot, "held");
    let mut homes = homes();
    // Three of four tasks live in the slot, every other one of these with one key for a command:
    // they go on while others wait for the keys of theirs to be together again.
    for (number, home) in homes.iter_mut().enumerate().filter(|(number, _)| number % 4 != 3) {
        *home = Home { tags: vec![tag.clone()], shard: home.shard, single: number % 2 == 0 };
    }
    let load = stage.load_at(setup, homes, false).await?;
    load.goes_on(5000).await?;
    let mut figures = Figures::default();
    let (asks, try_agains) = (stage.error_count("ASK")?, stage.error_count("TRYAGAIN")?);

    let (from, to) = (0, 1);
    stage.cluster.open_slot(slot, from, to)?;
    let moved = move_slowly(&stage.cluster, slot, from, to, length).await?;
    let asks = stage.error_count("ASK")? - asks;
    let try_agains = stage.error_count("TRYAGAIN")? - try_agains;
    while stage.cluster.move_keys(slot, from, to, 100)? > 0 {}
    stage.cluster.close_slot(slot, to)?;
    load.goes_on(1000).await?;

    figures.fault("held slots", 1);
    figures
        .note(format!("{moved} keys moved alone, {asks} ASK and {try_agains} TRYAGAIN answered"));
    figures.note("blocking commands and sharded channels are left out: the client has none yet");
    figures.must(asks > 1000, format!("vacuous: {asks} ASK"));
    figures.must(try_agains > 100, format!("vacuous: {try_agains} TRYAGAIN"));
    stage.conclude(load, false, &mut figures).await?;
    figures.must_be_calm();
    Ok(figures)
}

/// Moves keys of an open slot one by one, spread over some time. How many.
async fn move_slowly(
    cluster: &Cluster,
    slot: u16,
    from: usize,
    to: usize,
    length: Duration,
) -> Result<u32, Failure> {
    let count = cluster.call(from, &["CLUSTER", "COUNTKEYSINSLOT", &slot.to_string()])?;
    let count = count.integer().and_then(|count| u32::try_from(count).ok()).unwrap_or(0);
    let (begun_at, goes_on) = (Instant::now(), until(length));
    let mut moved = 0;
    while goes_on() {
        // Behind the plan: no pause.
        let planned_at = begun_at + length * moved / count.max(1);
        pass(planned_at.saturating_duration_since(Instant::now())).await;
        if goes_on() && cluster.move_keys(slot, from, to, 1)? == 0 {
            // Each task has keys in the slot: all of them are at the target.
            pass(Duration::from_millis(50)).await;
            continue;
        }
        moved += 1;
    }
    Ok(moved)
}

/// C-6: a reshard as operators do it.
pub(crate) async fn reshard(setup: &Setup) -> Result<Figures, Failure> {
    let stage = Stage::start(setup.options(), |_| {}).await?;
    let keys = keys_by_slot(RESHARD_SLOT_COUNT);
    let (count, mut wrong) = fill(&stage.client, &keys).await?;
    let load = stage.load(setup).await?;
    let mut figures = Figures::default();
    load.take_longest();
    let begun_at = Instant::now();
    let mut moved = 0;
    for slot in keys.keys() {
        if begun_at.elapsed() > RESHARD_LIMIT {
            break;
        }
        stage.cluster.migrate_slot(*slot, 0, 1)?;
        moved += 1;
    }
    let (took, longest) = (begun_at.elapsed(), load.take_longest());
    load.goes_on(500).await?;
    figures.fault("moved slots", moved);
    figures
        .note(format!("{moved} slots with {count} keys in {took:.1?}, longest call {longest:.0?}"));
    let all = u64::from(RESHARD_SLOT_COUNT);
    figures.must(moved == all, format!("only {moved} slots moved within {RESHARD_LIMIT:?}"));
    figures.must(longest <= NOISE, format!("a call took {longest:.0?}"));
    wrong += read_back(&stage.client, &keys).await?;
    figures.must(wrong == 0, format!("{wrong} of {count} keys do not hold their values"));
    stage.conclude(load, false, &mut figures).await?;
    figures.must_be_calm();
    Ok(figures)
}

/// Keys of the first slots of the first primary.
fn keys_by_slot(slot_count: u16) -> BTreeMap<u16, Vec<String>> {
    let mut keys = BTreeMap::<u16, Vec<String>>::new();
    for number in 0.. {
        let tag = format!("{{m{number}}}");
        let slot = slot_of(&tag);
        if slot < slot_count && !keys.contains_key(&slot) {
            keys.insert(slot, (0..KEYS_PER_SLOT).map(|key| format!("{tag}:{key}")).collect());
            if keys.len() == usize::from(slot_count) {
                break;
            }
        }
    }
    keys
}

/// Writes all keys, each with its own name for a value. How many, and how many failed.
async fn fill(
    client: &Client,
    keys: &BTreeMap<u16, Vec<String>>,
) -> Result<(usize, usize), Failure> {
    let (mut count, mut failed) = (0, 0);
    for keys in keys.values().collect::<Vec<_>>().chunks(40) {
        let commands = keys.iter().copied().flatten().map(|key| Command::set(key, key));
        let results = client.pipeline_each(cmd::each(commands)).await?;
        count += results.len();
        failed += results.iter().filter(|result| result.is_err()).count();
    }
    Ok((count, failed))
}

/// How many keys do not hold their names.
async fn read_back(client: &Client, keys: &BTreeMap<u16, Vec<String>>) -> Result<usize, Failure> {
    let mut wrong = 0;
    for keys in keys.values().collect::<Vec<_>>().chunks(40) {
        let keys: Vec<_> = keys.iter().copied().flatten().collect();
        let results =
            client.pipeline_each(cmd::each(keys.iter().map(|key| Command::get(*key)))).await?;
        let is_right = |(key, result): &(&&String, Result<hashslot::Frame, Error>)| {
            let value = result.as_ref().map(hashslot::Frame::value);
            value.is_ok_and(|value| value.as_bytes() == Some(key.as_bytes()))
        };
        wrong += keys.iter().zip(results).filter(|pair| !is_right(pair)).count();
    }
    Ok(wrong)
}

/// C-7: the client does not know that the slot has moved, and a thousand callers find out at once.
pub(crate) async fn moved_slot(setup: &Setup) -> Result<Figures, Failure> {
    let stage = Stage::start(setup.options(), |_| {}).await?;
    let mut figures = Figures::default();
    let mut longest = Duration::ZERO;
    let (mut queries_max, mut counted_max, mut dials_max, mut moved_count) = (0, 0, 0, 0);
    for round in 0..6_u16 {
        let slot = share(0, 3).0 + 20 + round;
        let key = format!("{{{}}}", key_in_slot(slot, "met"));
        // A new one each time: nothing that it was to ask because of the last slot is left.
        let client = connect(&stage.cluster, |_| {}).await?;
        client.set(format!("{key}value"), &key).await?;
        client.set(key_in_slot(share(1, 3).0, "met"), "the link is up").await?;
        stage.cluster.migrate_slot(slot, 0, 1)?;
        stage.cluster.wait_ok(CHANGE_LIMIT)?;
        let (before, counted) = (client.stats().await?, queries(&stage.cluster)?);
        let begun_at = Instant::now();
        meet(&client, &key, &mut figures).await?;
        longest = longest.max(begun_at.elapsed());
        // A query too many would follow soon.
        pass(Duration::from_millis(500)).await;
        let after = client.stats().await?;
        figures.fault("moved slots", 1);
        let gained = |of: fn(&Stats) -> u64| of(&after) - of(&before);
        queries_max = queries_max.max(gained(|stats| stats.topology_queries));
        dials_max = dials_max.max(gained(|stats| stats.links_dialled));
        moved_count += gained(|stats| stats.moved_followed);
        counted_max = counted_max.max(queries(&stage.cluster)? - counted);
        client.close().await;
    }
    figures.note(format!(
        "at most {queries_max} topology queries ({counted_max} counted by the servers) and \
         {dials_max} new connections, {moved_count} MOVED, all done within {longest:.0?}"
    ));
    figures.must(moved_count > 0 && queries_max > 0, "vacuous: no MOVED");
    // Before Redis 7.0 servers count all CLUSTER commands as one, and two of them make a query.
    let counted_bound = if stage.cluster.version().at_least(7, 0) { 3 } else { 6 };
    figures.must(queries_max <= 3, format!("{queries_max} queries"));
    figures.must(counted_max <= counted_bound, format!("servers counted {counted_max} queries"));
    figures.must(dials_max <= 1, format!("{dials_max} new connections"));
    figures.must(longest <= NOISE, format!("took {longest:.0?}"));
    figures.must_be_calm();
    Ok(figures)
}

/// A thousand callers at once: half of them count, and half of them read.
async fn meet(client: &Client, key: &str, figures: &mut Figures) -> Result<(), Failure> {
    let mut counting = JoinSet::new();
    let mut reading = JoinSet::new();
    for _ in 0..500 {
        let (counter, client) = (client.clone(), client.clone());
        let (count, value) = (format!("{key}count"), format!("{key}value"));
        counting.spawn(async move { counter.incr(&count).await });
        reading.spawn(async move { client.get::<String>(&value).await });
    }
    let (mut counts, mut values) = (Vec::new(), Vec::new());
    while let Some(ended) = counting.join_next().await {
        counts.push(ended?);
    }
    while let Some(ended) = reading.join_next().await {
        values.push(ended?);
    }
    figures.tally.calls += 1000;
    let errors = counts.iter().filter_map(|count| count.as_ref().err());
    let errors = errors.chain(values.iter().filter_map(|value| value.as_ref().err()));
    figures.tally.errors.extend(errors.map(ToString::to_string));
    let mut counts: Vec<_> = counts.into_iter().flatten().collect();
    counts.sort_unstable();
    figures.must(counts.into_iter().eq(1..=500), "the counters' answers are not 1 to 500");
    let is_right = values.iter().flatten().all(|value| value == key);
    figures.must(is_right, "a reader got another's value");
    Ok(())
}

/// How often the nodes were asked who serves which slots.
fn queries(cluster: &Cluster) -> Result<u64, Failure> {
    let mut sum = 0;
    for node in cluster.running() {
        sum += cluster.command_calls(node, "cluster|slots")?;
    }
    Ok(sum)
}

/// C-12: a node is added, gets slots, loses them and is forgotten; another changes its port.
pub(crate) async fn nodes_change(setup: &Setup) -> Result<Figures, Failure> {
    let name = "chaos-c12";
    let options = setup.options();
    let mut stage = Stage::start(options, |_| {}).await?;
    stage.client = connect(&stage.cluster, |config| config.client_name = Some(name.into())).await?;
    let load = stage.load(setup).await?;
    let mut figures = Figures::default();

    let new = stage.cluster.add_node()?;
    figures.fault("added nodes", 1);
    // The places of the tasks of the first shard.
    let homes = homes();
    let homes = homes.iter().filter(|home| home.shard == 0);
    let mut slots: Vec<_> = homes.flat_map(|home| home.tags.iter().map(slot_of)).collect();
    slots.sort_unstable();
    slots.dedup();
    for slot in &slots {
        stage.cluster.migrate_slot(*slot, 0, new)?;
    }
    load.goes_on(2000).await?;
    figures.must(connections(&stage.cluster, new, name)? > 0, "nobody called the new node");
    for slot in &slots {
        stage.cluster.migrate_slot(*slot, new, 0)?;
    }
    figures.fault("moved slots", 2 * u64::try_from(slots.len())?);
    load.goes_on(500).await?;

    forget(&stage.cluster, new)?;
    figures.fault("removed nodes", 1);
    let forgotten_at = Instant::now();
    let mut left = connections(&stage.cluster, new, name)?;
    // The client hears of it when something makes it ask; a moved slot does.
    stage.cluster.migrate_slot(share(1, 3).0 + 30, 1, 0)?;
    stage.client.set(key_in_slot(share(1, 3).0 + 30, "asks"), "now").await?;
    while left > 0 && forgotten_at.elapsed() < CHANGE_LIMIT {
        pass(Duration::from_millis(100)).await;
        left = connections(&stage.cluster, new, name)?;
    }
    figures
        .note(format!("{left} sockets to the removed node after {:.1?}", forgotten_at.elapsed()));
    figures.must(left == 0, format!("{left} sockets to the removed node"));
    stage.cluster.kill(new)?;

    for shard in 0..2 {
        let (_, replica) = stage.roles(shard)?;
        stage.cluster.restart_elsewhere(replica)?;
        stage.cluster.wait_ok(CHANGE_LIMIT)?;
        figures.fault("changed ports", 1);
        stage.cluster.failover(replica)?;
        stage.cluster.wait_ok(CHANGE_LIMIT)?;
        load.goes_on(1000).await?;
        let served = connections(&stage.cluster, replica, name)?;
        figures.must(served > 0, "nobody called the node at its new port");
    }
    stage.conclude(load, false, &mut figures).await?;
    figures.must_be_calm();
    Ok(figures)
}

/// How many connections of this name a node has.
fn connections(cluster: &Cluster, node: usize, name: &str) -> Result<usize, Failure> {
    let list = cluster.call(node, &["CLIENT", "LIST"])?.text().unwrap_or_default();
    let name = format!(" name={name} ");
    Ok(list.lines().filter(|line| line.contains(&name)).count())
}

/// Has all nodes but itself forget a node.
fn forget(cluster: &Cluster, node: usize) -> Result<(), Failure> {
    let id = &cluster.node(node).id;
    for other in cluster.running().into_iter().filter(|other| *other != node) {
        let reply: Reply = cluster.connection(other)?.call(&["CLUSTER", "FORGET", id])?;
        // Since 7.2 nodes tell each other to forget.
        if !reply.error().is_some_and(|error| error.contains("Unknown node")) {
            reply.checked()?;
        }
    }
    Ok(())
}
