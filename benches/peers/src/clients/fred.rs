//! fred, on tokio. It sends no command with keys in several slots.

use fred::clients::Client;
use fred::interfaces::{ClientLike, KeysInterface};
use fred::types::config::{Config, ServerConfig};
use fred::types::{Builder, Key, Value};

use crate::Outcome;
use crate::callers::{Asynchronous, Peer, Tasks};
use crate::executor::{Executor, OnTokio};
use crate::nodes::Nodes;
use crate::workloads::{Kind, Request, Workload};

pub(super) fn connect(
    name: &'static str,
    nodes: &Nodes,
    tokio: &OnTokio,
) -> Outcome<Box<dyn Peer>> {
    let server = ServerConfig::new_clustered(nodes.hosts().collect());
    let client = Builder::from_config(Config { server, ..Config::default() })
        // Its own default is to leave Nagle's algorithm on.
        .with_connection_config(|connection| connection.tcp.nodelay = Some(true))
        .build()?;
    tokio.block_on(client.init())?;
    Ok(Box::new(Tasks { name, client, executor: tokio.clone() }))
}

impl Asynchronous for Client {
    fn can(workload: &Workload) -> bool {
        !matches!(workload.kind, Kind::Mget | Kind::Mset)
    }

    async fn call(&mut self, request: Request) -> Outcome<usize> {
        Ok(match request {
            Request::Get(key) => bytes(&KeysInterface::get(self, Key::from_static_str(key)).await?),
            Request::Set(key, value) => {
                let (key, value) = (Key::from_static_str(key), Value::from_static_str(value));
                self.set::<(), _, _>(key, value, None, None, false).await.map(|()| 0)?
            }
            Request::Batch(keys) => {
                let pipeline = self.pipeline();
                for key in keys {
                    pipeline.get::<(), _>(Key::from_static_str(key)).await?; // is only queued
                }
                bytes(&pipeline.all().await?)
            }
            Request::Mget(_) | Request::Mset(_) => return Err("fred cannot do that".into()),
        })
    }
}

/// A `Value` is the cheapest form here: anything else is made from one.
fn bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Array(values) => values.iter().map(bytes).sum(),
        _ => 0,
    }
}
