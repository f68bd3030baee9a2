//! The clients, each with its defaults, except that all set `TCP_NODELAY`. Only
//! `redis-rs-async-nagle` leaves it off.

mod fred;
#[cfg(feature = "glide")]
mod glide;
mod hashslot;
mod redis_async;
mod redis_benchmark;
mod redis_sync;
mod rustis;

pub(crate) use redis_async::builder as redis_rs;

use crate::Outcome;
use crate::callers::Peer;
use crate::executor::OnTokio;
use crate::limit;
use crate::nodes::Nodes;
use crate::side_by_side::SideBySide;

/// What can be measured, in the order of the tables.
pub(crate) const NAMES: [&str; 15] = [
    LIMIT,
    "limit-blocking",
    "limit+values",
    "hashslot-tokio",
    "hashslot-smol",
    "hashslot-async-std",
    "hashslot-blocking",
    REDIS_ASYNC,
    REDIS_ASYNC_NAGLE,
    "redis-rs-smol",
    "redis-rs-sync",
    FRED,
    "rustis",
    GLIDE,
    REDIS_BENCHMARK,
];

/// Those that others are compared with.
pub(crate) const LIMIT: &str = "limit";
pub(crate) const REDIS_ASYNC: &str = "redis-rs-async";
pub(crate) const FRED: &str = "fred";

/// Not among those that are measured unless it is asked for.
pub(crate) const REDIS_ASYNC_NAGLE: &str = "redis-rs-async-nagle";

/// A process of its own.
pub(crate) const REDIS_BENCHMARK: &str = "redis-benchmark";

const GLIDE: &str = "glide";

/// Those that are measured unless some are named.
pub(crate) fn usual() -> Vec<&'static str> {
    let absent = |name: &&str| *name == GLIDE && !cfg!(feature = "glide");
    NAMES.into_iter().filter(|name| *name != REDIS_ASYNC_NAGLE && !absent(name)).collect()
}

/// Connects one of them.
pub(crate) fn connect(name: &str, nodes: &Nodes, tokio: &OnTokio) -> Outcome<Box<dyn Peer>> {
    Ok(Box::new(SideBySide::connect(name, nodes, tokio)?))
}

/// Connects a single one.
pub(crate) fn connect_one(name: &str, nodes: &Nodes, tokio: &OnTokio) -> Outcome<Box<dyn Peer>> {
    let known = NAMES.into_iter().find(|known| *known == name).ok_or("no such client")?;
    match known {
        LIMIT => limit::on_tokio(known, nodes, tokio),
        "limit-blocking" => limit::blocking(known, nodes),
        "limit+values" => limit::with_values(known, nodes, tokio),
        "hashslot-tokio" => hashslot::on_tokio(known, nodes, tokio),
        "hashslot-smol" => hashslot::on_smol(known, nodes),
        "hashslot-async-std" => hashslot::on_async_std(known, nodes),
        "hashslot-blocking" => hashslot::blocking(known, nodes),
        REDIS_ASYNC => redis_async::on_tokio(known, nodes, tokio, true),
        REDIS_ASYNC_NAGLE => redis_async::on_tokio(known, nodes, tokio, false),
        "redis-rs-smol" => redis_async::on_smol(known, nodes),
        "redis-rs-sync" => redis_sync::connect(known, nodes),
        FRED => fred::connect(known, nodes, tokio),
        "rustis" => rustis::connect(known, nodes, tokio),
        #[cfg(feature = "glide")]
        GLIDE => glide::connect(known, nodes, tokio),
        REDIS_BENCHMARK => redis_benchmark::connect(known, nodes),
        _ => Err(format!("{known} is not in this build").into()),
    }
}
