//! Valkey GLIDE, on tokio.

use glide::config::NodeAddress;
use glide::pipeline::pipe;
use glide::{
    AsyncCommands, GlideClusterClient, GlideClusterClientConfiguration, PipelineExt, ValkeyValue,
};

use crate::Outcome;
use crate::callers::{Asynchronous, Peer, Tasks};
use crate::executor::{Executor, OnTokio};
use crate::nodes::Nodes;
use crate::workloads::Request;

pub(super) fn connect(
    name: &'static str,
    nodes: &Nodes,
    tokio: &OnTokio,
) -> Outcome<Box<dyn Peer>> {
    let addresses = nodes.hosts().map(|(host, port)| NodeAddress::new(host, port)).collect();
    let configuration = GlideClusterClientConfiguration::new(addresses);
    let client = tokio.block_on(GlideClusterClient::connect(configuration))?;
    Ok(Box::new(Tasks { name, client, executor: tokio.clone() }))
}

impl Asynchronous for GlideClusterClient {
    async fn call(&mut self, request: Request) -> Outcome<usize> {
        Ok(match request {
            Request::Get(key) => bytes(&self.get(key).await?),
            Request::Set(key, value) => self.set::<_, _, ()>(key, value).await.map(|()| 0)?,
            Request::Batch(keys) => {
                let mut pipeline = pipe();
                for key in keys {
                    pipeline.get(*key);
                }
                bytes(&pipeline.query_async(self).await?)
            }
            Request::Mget(keys) => bytes(&self.mget(keys).await?),
            Request::Mset(pairs) => self.mset::<_, _, ()>(pairs).await.map(|()| 0)?,
        })
    }
}

/// A `ValkeyValue` is the cheapest form here: anything else is made from one.
fn bytes(value: &ValkeyValue) -> usize {
    match value {
        ValkeyValue::BulkString(bytes) => bytes.len(),
        ValkeyValue::Array(values) => values.iter().map(bytes).sum(),
        _ => 0,
    }
}
