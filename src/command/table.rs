//! What is known about each command, one row a command.
//!
//! Rules of this file: rows are sorted by name, so that a name is found by bisection; a command with
//! subcommands has a row of its own, and each subcommand one after it. What is not here is taken for
//! a write whose first argument is its key.

use core::cmp::Ordering;

use super::facts::{Facts, KeyShape, ReplyPolicy, RequestPolicy};

use KeyShape::{At, Migrate, None as NoKey, Store, Streams};
use RequestPolicy::{
    AllNodes, AllShards, AnyNode, Connection, ExplicitNode, Keyed, MultiShard, SlotArgument,
    SlotOwners,
};

/// The row of a command that the table does not have.
pub(super) static UNKNOWN: Facts = Facts { script: true, ..row("", -1, KeyShape::Unknown, false) };

const fn row(name: &'static str, arity: i8, keys: KeyShape, read_only: bool) -> Facts {
    Facts {
        name,
        arity,
        keys,
        read_only,
        blocking: false,
        script: false,
        has_subcommands: false,
        request: Keyed,
        reply: Single,
    }
}

/// A command that only reads.
const fn read(name: &'static str, arity: i8, keys: KeyShape) -> Facts {
    row(name, arity, keys, true)
}

/// A command that may write.
const fn write(name: &'static str, arity: i8, keys: KeyShape) -> Facts {
    row(name, arity, keys, false)
}

/// A command without keys.
const fn free(name: &'static str, arity: i8, request: RequestPolicy, reply: ReplyPolicy) -> Facts {
    Facts { request, reply, ..row(name, arity, NoKey, false) }
}

/// A command that changes or holds its connection.
const fn held(name: &'static str, arity: i8, instead: &'static str) -> Facts {
    Facts { request: Connection(instead), ..row(name, arity, NoKey, false) }
}

/// A command with subcommands.
const fn container(name: &'static str) -> Facts {
    Facts { has_subcommands: true, request: ExplicitNode, ..row(name, -2, NoKey, false) }
}

#[expect(clippy::needless_pass_by_value, reason = "rows are made once, at compile time")]
const fn blocking(facts: Facts) -> Facts {
    Facts { blocking: true, ..facts }
}

#[expect(clippy::needless_pass_by_value, reason = "rows are made once, at compile time")]
const fn script(facts: Facts) -> Facts {
    Facts { script: true, ..facts }
}

#[expect(clippy::needless_pass_by_value, reason = "rows are made once, at compile time")]
const fn split(facts: Facts, reply: ReplyPolicy) -> Facts {
    Facts { request: MultiShard, reply, ..facts }
}

#[expect(clippy::needless_pass_by_value, reason = "rows are made once, at compile time")]
const fn all_shards(facts: Facts, reply: ReplyPolicy) -> Facts {
    Facts { request: AllShards, reply, ..facts }
}

const fn range(first: u8, last: i8, step: u8) -> KeyShape {
    KeyShape::Range { first, last, step }
}

const fn counted(destination: u8, count: u8, step: u8) -> KeyShape {
    KeyShape::Counted { destination, count, first: count + 1, step }
}

const CONFIGURE: &str = "set it in the configuration of the client";
const TRANSACTION: &str = "submit a transaction";
const SUBSCRIPTION: &str = "it needs a connection of its own";

use ReplyPolicy::{
    AllSucceeded, And, Concat, KeyOrder, Min, NonNull, OneSucceeded, PerNode, Single, Sum,
};

/// Every row, sorted by name.
#[rustfmt::skip]
pub(super) const TABLE: &[Facts] = &[
    container("ACL"),
    write("APPEND", 3, At(1)),
    held("ASKING", 1, "redirections are followed by the client"),
    held("AUTH", -2, CONFIGURE),
    free("BGREWRITEAOF", 1, AllNodes, PerNode),
    free("BGSAVE", -1, AllNodes, PerNode),
    read("BITCOUNT", -2, At(1)),
    write("BITFIELD", -2, At(1)),
    read("BITFIELD_RO", -2, At(1)),
    write("BITOP", -4, range(2, -1, 1)),
    read("BITPOS", -3, At(1)),
    blocking(write("BLMOVE", 6, range(1, 2, 1))),
    blocking(write("BLMPOP", -5, counted(0, 2, 1))),
    blocking(write("BLPOP", -3, range(1, -2, 1))),
    blocking(write("BRPOP", -3, range(1, -2, 1))),
    blocking(write("BRPOPLPUSH", 4, range(1, 2, 1))),
    blocking(write("BZMPOP", -5, counted(0, 2, 1))),
    blocking(write("BZPOPMAX", -3, range(1, -2, 1))),
    blocking(write("BZPOPMIN", -3, range(1, -2, 1))),
    container("CLIENT"),
    held("CLIENT CACHING", 3, CONFIGURE),
    free("CLIENT GETNAME", 2, ExplicitNode, Single),
    free("CLIENT ID", 2, ExplicitNode, Single),
    free("CLIENT INFO", 2, ExplicitNode, Single),
    free("CLIENT KILL", -3, AllNodes, Sum),
    free("CLIENT LIST", -2, AllNodes, PerNode),
    held("CLIENT NO-EVICT", 3, CONFIGURE),
    held("CLIENT NO-TOUCH", 3, CONFIGURE),
    free("CLIENT PAUSE", -3, AllNodes, AllSucceeded),
    held("CLIENT REPLY", 3, "drop the reply instead"),
    held("CLIENT SETINFO", 4, CONFIGURE),
    held("CLIENT SETNAME", 3, CONFIGURE),
    held("CLIENT TRACKING", -3, CONFIGURE),
    free("CLIENT UNPAUSE", 2, AllNodes, AllSucceeded),
    container("CLUSTER"),
    free("CLUSTER ADDSLOTS", -3, ExplicitNode, Single),
    free("CLUSTER BUMPEPOCH", 2, ExplicitNode, Single),
    free("CLUSTER COUNTKEYSINSLOT", 3, SlotArgument, Single),
    free("CLUSTER DELSLOTS", -3, SlotOwners, AllSucceeded),
    free("CLUSTER FAILOVER", -2, ExplicitNode, Single),
    free("CLUSTER FORGET", 3, ExplicitNode, Single),
    free("CLUSTER GETKEYSINSLOT", 4, SlotArgument, Single),
    free("CLUSTER INFO", 2, AnyNode, Single),
    free("CLUSTER KEYSLOT", 3, AnyNode, Single),
    free("CLUSTER LINKS", 2, AnyNode, Single),
    free("CLUSTER MEET", -4, ExplicitNode, Single),
    free("CLUSTER MYID", 2, AnyNode, Single),
    free("CLUSTER MYSHARDID", 2, AnyNode, Single),
    free("CLUSTER NODES", 2, AnyNode, Single),
    free("CLUSTER REPLICAS", 3, AnyNode, Single),
    free("CLUSTER REPLICATE", 3, ExplicitNode, Single),
    free("CLUSTER RESET", -2, ExplicitNode, Single),
    free("CLUSTER SETSLOT", -4, ExplicitNode, Single),
    free("CLUSTER SHARDS", 2, AnyNode, Single),
    free("CLUSTER SLOTS", 2, AnyNode, Single),
    free("COMMAND", -1, AnyNode, Single),
    container("COMMANDLOG"),
    container("CONFIG"),
    free("CONFIG GET", -3, AllNodes, PerNode),
    free("CONFIG RESETSTAT", 2, AllNodes, AllSucceeded),
    free("CONFIG REWRITE", 2, AllNodes, AllSucceeded),
    free("CONFIG SET", -4, AllNodes, AllSucceeded),
    write("COPY", -3, range(1, 2, 1)),
    free("DBSIZE", 1, AllShards, Sum),
    free("DEBUG", -2, ExplicitNode, Single),
    write("DECR", 2, At(1)),
    write("DECRBY", 3, At(1)),
    split(write("DEL", -2, range(1, -1, 1)), Sum),
    held("DISCARD", 1, TRANSACTION),
    read("DUMP", 2, At(1)),
    free("ECHO", 2, AnyNode, Single),
    script(write("EVAL", -3, counted(0, 2, 1))),
    script(write("EVALSHA", -3, counted(0, 2, 1))),
    script(read("EVALSHA_RO", -3, counted(0, 2, 1))),
    script(read("EVAL_RO", -3, counted(0, 2, 1))),
    held("EXEC", 1, TRANSACTION),
    split(read("EXISTS", -2, range(1, -1, 1)), Sum),
    write("EXPIRE", -3, At(1)),
    write("EXPIREAT", -3, At(1)),
    read("EXPIRETIME", 2, At(1)),
    free("FAILOVER", -1, ExplicitNode, Single),
    script(write("FCALL", -3, counted(0, 2, 1))),
    script(read("FCALL_RO", -3, counted(0, 2, 1))),
    free("FLUSHALL", -1, AllShards, AllSucceeded),
    free("FLUSHDB", -1, AllShards, AllSucceeded),
    container("FUNCTION"),
    write("GEOADD", -5, At(1)),
    read("GEODIST", -4, At(1)),
    read("GEOHASH", -2, At(1)),
    read("GEOPOS", -2, At(1)),
    write("GEORADIUS", -6, Store { from: 6 }),
    write("GEORADIUSBYMEMBER", -5, Store { from: 5 }),
    read("GEORADIUSBYMEMBER_RO", -5, At(1)),
    read("GEORADIUS_RO", -6, At(1)),
    read("GEOSEARCH", -7, At(1)),
    write("GEOSEARCHSTORE", -8, range(1, 2, 1)),
    read("GET", 2, At(1)),
    read("GETBIT", 3, At(1)),
    write("GETDEL", 2, At(1)),
    write("GETEX", -2, At(1)),
    read("GETRANGE", 4, At(1)),
    write("GETSET", 3, At(1)),
    write("HDEL", -3, At(1)),
    held("HELLO", -1, CONFIGURE),
    read("HEXISTS", 3, At(1)),
    write("HEXPIRE", -6, At(1)),
    read("HGET", 3, At(1)),
    read("HGETALL", 2, At(1)),
    write("HINCRBY", 4, At(1)),
    write("HINCRBYFLOAT", 4, At(1)),
    read("HKEYS", 2, At(1)),
    read("HLEN", 2, At(1)),
    read("HMGET", -3, At(1)),
    write("HMSET", -4, At(1)),
    container("HOTKEYS"),
    read("HRANDFIELD", -2, At(1)),
    read("HSCAN", -3, At(1)),
    write("HSET", -4, At(1)),
    write("HSETNX", 4, At(1)),
    read("HSTRLEN", 3, At(1)),
    read("HVALS", 2, At(1)),
    write("INCR", 2, At(1)),
    write("INCRBY", 3, At(1)),
    write("INCRBYFLOAT", 3, At(1)),
    free("INFO", -1, AllShards, PerNode),
    all_shards(read("KEYS", 2, NoKey), Concat),
    free("LASTSAVE", 1, AllNodes, PerNode),
    container("LATENCY"),
    read("LCS", -3, range(1, 2, 1)),
    read("LINDEX", 3, At(1)),
    write("LINSERT", 5, At(1)),
    read("LLEN", 2, At(1)),
    write("LMOVE", 5, range(1, 2, 1)),
    write("LMPOP", -4, counted(0, 1, 1)),
    free("LOLWUT", -1, AnyNode, Single),
    write("LPOP", -2, At(1)),
    read("LPOS", -3, At(1)),
    write("LPUSH", -3, At(1)),
    write("LPUSHX", -3, At(1)),
    read("LRANGE", 4, At(1)),
    write("LREM", 4, At(1)),
    write("LSET", 4, At(1)),
    write("LTRIM", 4, At(1)),
    container("MEMORY"),
    read("MEMORY USAGE", -3, At(2)),
    split(read("MGET", -2, range(1, -1, 1)), KeyOrder),
    write("MIGRATE", -6, Migrate),
    container("MODULE"),
    held("MONITOR", 1, SUBSCRIPTION),
    write("MOVE", 3, At(1)),
    split(write("MSET", -3, range(1, -1, 2)), AllSucceeded),
    split(write("MSETEX", -4, counted(0, 1, 2)), And),
    write("MSETNX", -3, range(1, -1, 2)),
    held("MULTI", 1, TRANSACTION),
    container("OBJECT"),
    read("OBJECT ENCODING", 3, At(2)),
    read("OBJECT FREQ", 3, At(2)),
    read("OBJECT IDLETIME", 3, At(2)),
    read("OBJECT REFCOUNT", 3, At(2)),
    write("PERSIST", 2, At(1)),
    write("PEXPIRE", -3, At(1)),
    write("PEXPIREAT", -3, At(1)),
    read("PEXPIRETIME", 2, At(1)),
    write("PFADD", -2, At(1)),
    read("PFCOUNT", -2, range(1, -1, 1)),
    write("PFMERGE", -2, range(1, -1, 1)),
    free("PING", -1, AnyNode, Single),
    write("PSETEX", 4, At(1)),
    held("PSUBSCRIBE", -2, SUBSCRIPTION),
    held("PSYNC", -1, "it is the word of a replica"),
    read("PTTL", 2, At(1)),
    free("PUBLISH", 3, AnyNode, Single),
    container("PUBSUB"),
    held("PUNSUBSCRIBE", -1, SUBSCRIPTION),
    held("QUIT", -1, "close the client"),
    all_shards(read("RANDOMKEY", 1, NoKey), NonNull),
    held("READONLY", 1, CONFIGURE),
    held("READWRITE", 1, CONFIGURE),
    write("RENAME", 3, range(1, 2, 1)),
    write("RENAMENX", 3, range(1, 2, 1)),
    held("REPLCONF", -1, "it is the word of a replica"),
    free("REPLICAOF", 3, ExplicitNode, Single),
    held("RESET", 1, CONFIGURE),
    write("RESTORE", -4, At(1)),
    free("ROLE", 1, AnyNode, Single),
    write("RPOP", -2, At(1)),
    write("RPOPLPUSH", 3, range(1, 2, 1)),
    write("RPUSH", -3, At(1)),
    write("RPUSHX", -3, At(1)),
    write("SADD", -3, At(1)),
    free("SAVE", 1, AllNodes, PerNode),
    free("SCAN", -2, ExplicitNode, Single),
    read("SCARD", 2, At(1)),
    container("SCRIPT"),
    free("SCRIPT EXISTS", -3, AllShards, And),
    free("SCRIPT FLUSH", -2, AllNodes, AllSucceeded),
    free("SCRIPT KILL", 2, AllShards, OneSucceeded),
    free("SCRIPT LOAD", 3, AllNodes, AllSucceeded),
    read("SDIFF", -2, range(1, -1, 1)),
    write("SDIFFSTORE", -3, range(1, -1, 1)),
    held("SELECT", 2, CONFIGURE),
    write("SET", -3, At(1)),
    write("SETBIT", 4, At(1)),
    write("SETEX", 4, At(1)),
    write("SETNX", 3, At(1)),
    write("SETRANGE", 4, At(1)),
    free("SHUTDOWN", -1, ExplicitNode, Single),
    read("SINTER", -2, range(1, -1, 1)),
    read("SINTERCARD", -3, counted(0, 1, 1)),
    write("SINTERSTORE", -3, range(1, -1, 1)),
    read("SISMEMBER", 3, At(1)),
    free("SLAVEOF", 3, ExplicitNode, Single),
    container("SLOWLOG"),
    read("SMEMBERS", 2, At(1)),
    read("SMISMEMBER", -3, At(1)),
    write("SMOVE", 4, range(1, 2, 1)),
    write("SORT", -2, Store { from: 2 }),
    read("SORT_RO", -2, At(1)),
    write("SPOP", -2, At(1)),
    write("SPUBLISH", 3, At(1)),
    read("SRANDMEMBER", -2, At(1)),
    write("SREM", -3, At(1)),
    read("SSCAN", -3, At(1)),
    held("SSUBSCRIBE", -2, SUBSCRIPTION),
    read("STRLEN", 2, At(1)),
    held("SUBSCRIBE", -2, SUBSCRIPTION),
    read("SUBSTR", 4, At(1)),
    read("SUNION", -2, range(1, -1, 1)),
    write("SUNIONSTORE", -3, range(1, -1, 1)),
    held("SUNSUBSCRIBE", -1, SUBSCRIPTION),
    free("SWAPDB", 3, ExplicitNode, Single),
    held("SYNC", -1, "it is the word of a replica"),
    free("TIME", 1, AnyNode, Single),
    split(read("TOUCH", -2, range(1, -1, 1)), Sum),
    read("TTL", 2, At(1)),
    read("TYPE", 2, At(1)),
    split(write("UNLINK", -2, range(1, -1, 1)), Sum),
    held("UNSUBSCRIBE", -1, SUBSCRIPTION),
    held("UNWATCH", 1, TRANSACTION),
    blocking(free("WAIT", 3, AllShards, Min)),
    blocking(free("WAITAOF", 4, AllShards, Min)),
    held("WATCH", -2, TRANSACTION),
    write("XACK", -4, At(1)),
    write("XADD", -5, At(1)),
    write("XAUTOCLAIM", -6, At(1)),
    write("XCLAIM", -6, At(1)),
    write("XDEL", -3, At(1)),
    container("XGROUP"),
    write("XGROUP CREATE", -5, At(2)),
    write("XGROUP CREATECONSUMER", 5, At(2)),
    write("XGROUP DELCONSUMER", 5, At(2)),
    write("XGROUP DESTROY", 4, At(2)),
    write("XGROUP SETID", -5, At(2)),
    container("XINFO"),
    read("XINFO CONSUMERS", 4, At(2)),
    read("XINFO GROUPS", 3, At(2)),
    read("XINFO STREAM", -3, At(2)),
    read("XLEN", 2, At(1)),
    read("XPENDING", -3, At(1)),
    read("XRANGE", -4, At(1)),
    blocking(read("XREAD", -4, Streams { from: 1 })),
    blocking(write("XREADGROUP", -7, Streams { from: 4 })),
    read("XREVRANGE", -4, At(1)),
    write("XSETID", -3, At(1)),
    write("XTRIM", -4, At(1)),
    write("ZADD", -4, At(1)),
    read("ZCARD", 2, At(1)),
    read("ZCOUNT", 4, At(1)),
    read("ZDIFF", -3, counted(0, 1, 1)),
    write("ZDIFFSTORE", -4, counted(1, 2, 1)),
    write("ZINCRBY", 4, At(1)),
    read("ZINTER", -3, counted(0, 1, 1)),
    read("ZINTERCARD", -3, counted(0, 1, 1)),
    write("ZINTERSTORE", -4, counted(1, 2, 1)),
    read("ZLEXCOUNT", 4, At(1)),
    write("ZMPOP", -4, counted(0, 1, 1)),
    read("ZMSCORE", -3, At(1)),
    write("ZPOPMAX", -2, At(1)),
    write("ZPOPMIN", -2, At(1)),
    read("ZRANDMEMBER", -2, At(1)),
    read("ZRANGE", -4, At(1)),
    read("ZRANGEBYLEX", -4, At(1)),
    read("ZRANGEBYSCORE", -4, At(1)),
    write("ZRANGESTORE", -5, range(1, 2, 1)),
    read("ZRANK", -3, At(1)),
    write("ZREM", -3, At(1)),
    write("ZREMRANGEBYLEX", 4, At(1)),
    write("ZREMRANGEBYRANK", 4, At(1)),
    write("ZREMRANGEBYSCORE", 4, At(1)),
    read("ZREVRANGE", -4, At(1)),
    read("ZREVRANGEBYLEX", -4, At(1)),
    read("ZREVRANGEBYSCORE", -4, At(1)),
    read("ZREVRANK", -3, At(1)),
    read("ZSCAN", -3, At(1)),
    read("ZSCORE", 3, At(1)),
    read("ZUNION", -3, counted(0, 1, 1)),
    write("ZUNIONSTORE", -4, counted(1, 2, 1)),
];

/// The row of a command by its name, in capitals or not.
pub(super) fn find(name: &[u8]) -> Option<&'static Facts> {
    let index = TABLE.binary_search_by(|facts| compare(facts.name.as_bytes(), name)).ok()?;
    TABLE.get(index)
}

/// The row of a subcommand.
pub(super) fn find_subcommand(container: &Facts, subcommand: &[u8]) -> Option<&'static Facts> {
    let start = TABLE.partition_point(|facts| facts.name <= container.name);
    TABLE
        .get(start..)?
        .iter()
        .map_while(|facts| {
            let rest = facts.name.strip_prefix(container.name)?.strip_prefix(' ')?;
            Some((rest, facts))
        })
        .find(|(rest, _)| rest.as_bytes().eq_ignore_ascii_case(subcommand))
        .map(|(_, facts)| facts)
}

/// The row of a command that is known to be there, found when the crate is compiled.
#[expect(clippy::indexing_slicing, reason = "runs at compile time")]
pub(super) const fn known(name: &str) -> &'static Facts {
    let mut index = 0;
    while index < TABLE.len() {
        if same(TABLE[index].name.as_bytes(), name.as_bytes()) {
            return &TABLE[index];
        }
        index += 1;
    }
    panic!("no row of this name")
}

#[expect(clippy::indexing_slicing, reason = "runs at compile time, within both lengths")]
const fn same(left: &[u8], right: &[u8]) -> bool {
    let mut index = 0;
    while index < left.len() && index < right.len() && left[index] == right[index] {
        index += 1;
    }
    index == left.len() && index == right.len()
}

/// Compares a name in capitals with one as the caller wrote it.
fn compare(row: &[u8], name: &[u8]) -> Ordering {
    row.iter().copied().cmp(name.iter().map(u8::to_ascii_uppercase))
}
