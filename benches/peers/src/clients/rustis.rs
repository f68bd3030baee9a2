//! rustis, on tokio. It leaves Nagle's algorithm off by itself.

use rustis::client::{BatchPreparedCommand, Client};
use rustis::commands::StringCommands;
use rustis::resp::BulkString;

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
    let url = format!("redis+cluster://{}", nodes.list());
    let client = tokio.block_on(Client::connect(url))?;
    Ok(Box::new(Tasks { name, client, executor: tokio.clone() }))
}

impl Asynchronous for Client {
    async fn call(&mut self, request: Request) -> Outcome<usize> {
        let client = &*self;
        Ok(match request {
            Request::Get(key) => client.get::<BulkString>(key).await?.len(),
            Request::Set(key, value) => client.set(key, value).await.map(|()| 0)?,
            Request::Batch(keys) => {
                let mut pipeline = client.create_pipeline();
                pipeline.reserve(keys.len());
                for key in keys {
                    pipeline.get::<()>(key).queue();
                }
                total(&pipeline.execute::<Vec<BulkString>>().await?)
            }
            Request::Mget(keys) => total(&client.mget::<Vec<BulkString>>(keys).await?),
            Request::Mset(pairs) => client.mset(pairs).await.map(|()| 0)?,
        })
    }
}

fn total(values: &[BulkString]) -> usize {
    values.iter().map(|value| value.len()).sum()
}
