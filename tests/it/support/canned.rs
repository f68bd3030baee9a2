//! What nodes say, ready to be sent.

use std::fmt::Write;

use super::script::{Row, at};

/// The replies to the handshake of the default configuration, from a server of this version that
/// does not tell its ID.
pub(crate) fn welcome(version: &str) -> String {
    let version = bulk(version);
    format!("%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n{version}+OK\r\n+OK\r\n+OK\r\n")
}

/// The same, from a server with this ID.
pub(crate) fn welcome_from(id: &str) -> String {
    let welcome = welcome("8.2.3");
    welcome.strip_suffix("+OK\r\n").expect("the reply without an ID").to_owned() + &bulk(id)
}

pub(crate) fn bulk(text: &str) -> String {
    format!("${}\r\n{text}\r\n", text.len())
}

/// The replies to both questions about the topology, in RESP3; `others` serve no slots.
pub(crate) fn topology(rows: &[Row<'_>], others: &[&str]) -> String {
    slots_reply(rows) + &shards_reply(rows, others)
}

/// The ID of a node: its port, 40 digits long.
pub(crate) fn id(address: &str) -> String {
    format!("{:040}", at(address).port())
}

/// The reply to `CLUSTER SLOTS`, as Redis 4 to 6.2 give it, in both protocols.
pub(crate) fn slots_reply(rows: &[Row<'_>]) -> String {
    let mut reply = format!("*{}\r\n", rows.len());
    for (first, last, nodes) in rows {
        write!(reply, "*{}\r\n:{first}\r\n:{last}\r\n", 2 + nodes.len()).expect("text");
        for node in *nodes {
            let (host, port) = node.rsplit_once(':').expect("host and port");
            write!(reply, "*3\r\n{}:{port}\r\n{}", bulk(host), bulk(&id(node))).expect("text");
        }
    }
    reply
}

/// The reply to `CLUSTER SHARDS` in RESP3; `others` serve no slots.
pub(crate) fn shards_reply(rows: &[Row<'_>], others: &[&str]) -> String {
    let mut reply = format!("*{}\r\n", rows.len() + others.len());
    let others = others.iter().map(|other| (String::from("*0\r\n"), std::slice::from_ref(other)));
    let rows =
        rows.iter().map(|(first, last, nodes)| (format!("*2\r\n:{first}\r\n:{last}\r\n"), *nodes));
    for (slots, nodes) in rows.chain(others) {
        let count = nodes.len();
        write!(reply, "%2\r\n{}{slots}{}*{count}\r\n", bulk("slots"), bulk("nodes")).expect("text");
        for (index, node) in nodes.iter().enumerate() {
            let (host, port) = node.rsplit_once(':').expect("host and port");
            let role = if index == 0 { "master" } else { "replica" };
            reply.push_str("%5\r\n");
            for (key, value) in [("id", &*id(node)), ("endpoint", host), ("role", role)] {
                reply.push_str(&(bulk(key) + &bulk(value)));
            }
            write!(reply, "{}:{port}\r\n", bulk("port")).expect("text");
            reply.push_str(&(bulk("health") + &bulk("online")));
        }
    }
    reply
}

/// The reply to `CLUSTER NODES`; `others` serve no slots.
pub(crate) fn nodes_reply(rows: &[Row<'_>], others: &[&str]) -> String {
    let mut lines = String::new();
    let mut line = |node: &str, role: &str, slots: &str| {
        let id = id(node);
        writeln!(lines, "{id} {node}@17000 {role} - 0 0 1 connected{slots}").expect("text");
    };
    for (first, last, nodes) in rows {
        line(nodes[0], "master", &format!(" {first}-{last}"));
    }
    for other in others {
        line(other, "master", "");
    }
    bulk(&lines)
}
