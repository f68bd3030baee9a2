//! The blocking cluster client of redis-rs. It cannot be shared: each thread has one.

use redis::cluster::{ClusterConnection, cluster_pipe};
use redis::{Cmd, Value};

use super::redis_async::{builder, bytes};
use crate::Outcome;
use crate::callers::{Blocking, Peer, Threads};
use crate::nodes::Nodes;
use crate::workloads::Request;

pub(super) fn connect(name: &'static str, nodes: &Nodes) -> Outcome<Box<dyn Peer>> {
    let client = builder(nodes, true)?;
    let first = client.get_connection()?;
    let connect = Box::new(move || Ok(client.get_connection()?));
    Ok(Box::new(Threads { name, connect, clients: vec![first] }))
}

impl Blocking for ClusterConnection {
    fn call(&mut self, request: Request) -> Outcome<usize> {
        Ok(match request {
            Request::Get(key) => bytes(&Cmd::get(key).query(self)?),
            Request::Set(key, value) => Cmd::set(key, value).exec(self).map(|()| 0)?,
            Request::Batch(keys) => {
                let mut pipeline = cluster_pipe();
                for key in keys {
                    pipeline.get(*key);
                }
                let values: Vec<Value> = pipeline.query(self)?;
                values.iter().map(bytes).sum()
            }
            Request::Mget(keys) => bytes(&Cmd::mget(keys).query(self)?),
            Request::Mset(pairs) => Cmd::mset(pairs).exec(self).map(|()| 0)?,
        })
    }
}
