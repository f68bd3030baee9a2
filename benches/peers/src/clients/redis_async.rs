//! The asynchronous cluster client of redis-rs, on tokio and on smol.

use futures_util::future::try_join_all;
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::io::tcp::TcpSettings;
use redis::{Cmd, FromRedisValue, RedisError, Value};

use crate::Outcome;
use crate::callers::{Asynchronous, Peer, Tasks};
use crate::executor::{Executor, OnSmol, OnTokio};
use crate::nodes::Nodes;
use crate::workloads::Request;

/// Its own default is to leave Nagle's algorithm on.
pub(super) fn on_tokio(
    name: &'static str,
    nodes: &Nodes,
    tokio: &OnTokio,
    no_delay: bool,
) -> Outcome<Box<dyn Peer>> {
    let client = builder(nodes, no_delay)?;
    let client = tokio.block_on(client.get_async_connection())?;
    Ok(Box::new(Tasks { name, client, executor: tokio.clone() }))
}

/// It is on smol wherever there is no tokio.
pub(super) fn on_smol(name: &'static str, nodes: &Nodes) -> Outcome<Box<dyn Peer>> {
    let client = builder(nodes, true)?;
    let client = OnSmol.block_on(async move {
        let connected = OnSmol.spawn(async move { client.get_async_connection().await });
        connected.await
    })?;
    Ok(Box::new(Tasks { name, client, executor: OnSmol }))
}

pub(crate) fn builder(nodes: &Nodes, no_delay: bool) -> Outcome<ClusterClient> {
    let urls = nodes.hosts().map(|(host, port)| format!("redis://{host}:{port}"));
    let settings = TcpSettings::default().set_nodelay(no_delay);
    Ok(ClusterClient::builder(urls).tcp_settings(settings).build()?)
}

impl Asynchronous for ClusterConnection {
    async fn call(&mut self, request: Request) -> Outcome<usize> {
        Ok(match request {
            Request::Get(key) => bytes(&query(self, Cmd::get(key)).await?),
            Request::Set(key, value) => {
                query::<()>(self, Cmd::set(key, value)).await.map(|()| 0)?
            }
            // It refuses a pipeline that concerns more than one node: this is what a user can do.
            Request::Batch(keys) => {
                let gets = keys.iter().map(|key| {
                    let mut connection = self.clone();
                    async move { query(&mut connection, Cmd::get(*key)).await }
                });
                let values: Vec<Value> = try_join_all(gets).await?;
                values.iter().map(bytes).sum()
            }
            Request::Mget(keys) => bytes(&query(self, Cmd::mget(keys)).await?),
            Request::Mset(pairs) => query::<()>(self, Cmd::mset(pairs)).await.map(|()| 0)?,
        })
    }
}

async fn query<T: FromRedisValue>(
    connection: &mut ClusterConnection,
    command: Cmd,
) -> Result<T, RedisError> {
    command.query_async(connection).await
}

/// A `Value` is the cheapest form here: anything else is made from one.
pub(super) fn bytes(value: &Value) -> usize {
    match value {
        Value::BulkString(bytes) => bytes.len(),
        Value::Array(values) => values.iter().map(bytes).sum(),
        _ => 0,
    }
}
