//! Publish and subscribe: messages to all subscribers of a channel.

use super::typed::{Typed, start};
use crate::command::{FromValue, OneOrMore, ToArg};

/// Sends a message to the subscribers of a channel, and returns how many got it from the node that
/// was asked: `PUBLISH`.
///
/// Nodes pass the message on to each other: subscribers of other nodes get it and are not counted.
/// [`spublish`] sends it to the nodes of one shard only.
///
/// **Since**: Redis 2.0. **Complexity**: O(n + m) in the number of subscribers and of patterns.
pub fn publish(channel: impl ToArg, message: impl ToArg) -> Typed<u64> {
    start!("PUBLISH").arg(channel).arg(message)
}

/// Returns the channels that have subscribers and match a pattern, of all nodes: `PUBSUB CHANNELS`.
///
/// `*` matches all of them. Subscriptions to patterns do not count.
///
/// **Since**: Redis 2.8. **Complexity**: O(n) in the number of channels.
pub fn pubsub_channels<V: FromValue>(pattern: impl ToArg) -> Typed<V> {
    start!("PUBSUB CHANNELS").arg(pattern)
}

/// Returns the number of patterns that clients of all nodes are subscribed to: `PUBSUB NUMPAT`.
///
/// A pattern counts once for each node that has subscribers of it.
///
/// **Since**: Redis 2.8. **Complexity**: O(1).
#[inline]
pub fn pubsub_numpat() -> Typed<u64> {
    start!("PUBSUB NUMPAT")
}

/// Returns the number of subscribers of each channel, on all nodes: `PUBSUB NUMSUB`.
///
/// The reply has each channel before its number: ask for pairs or a map. Subscribers of patterns do
/// not count.
///
/// **Since**: Redis 2.8. **Complexity**: O(n) in the number of channels.
///
/// ```
/// use hashslot::cmd::{self, Typed};
/// let counts: Typed<Vec<(String, u64)>> = cmd::pubsub_numsub(["news", "weather"]);
/// ```
pub fn pubsub_numsub<V: FromValue>(channels: impl OneOrMore) -> Typed<V> {
    start!("PUBSUB NUMSUB").args(channels)
}

/// Returns the sharded channels that have subscribers and match a pattern, of all nodes:
/// `PUBSUB SHARDCHANNELS`.
///
/// `*` matches all of them.
///
/// **Since**: Redis 7.0. **Complexity**: O(n) in the number of channels.
pub fn pubsub_shardchannels<V: FromValue>(pattern: impl ToArg) -> Typed<V> {
    start!("PUBSUB SHARDCHANNELS").arg(pattern)
}

/// Returns the number of subscribers of each sharded channel, on all nodes: `PUBSUB SHARDNUMSUB`.
///
/// The reply has each channel before its number: ask for pairs or a map.
///
/// **Since**: Redis 7.0. **Complexity**: O(n) in the number of channels.
pub fn pubsub_shardnumsub<V: FromValue>(channels: impl OneOrMore) -> Typed<V> {
    start!("PUBSUB SHARDNUMSUB").args(channels)
}

/// Sends a message to the subscribers of a sharded channel, and returns how many got it from the
/// node that was asked: `SPUBLISH`.
///
/// A sharded channel has a slot, as a key does. The primary of the slot and its replicas pass the
/// message on to each other.
///
/// **Since**: Redis 7.0. **Complexity**: O(n) in the number of subscribers.
pub fn spublish(channel: impl ToArg, message: impl ToArg) -> Typed<u64> {
    start!("SPUBLISH").key(channel).arg(message)
}
