//! hashslot on its four adapters. Values are `Bytes` that share the memory of their reply.

use bytes::Bytes;
use hashslot::cmd::{self, CommandList};
use hashslot::runtimes::{Client, Runtime};
use hashslot::{Command, Commands, async_std, blocking, smol, tokio};

use crate::Outcome;
use crate::callers::{Asynchronous, Blocking, Peer, Tasks, Threads};
use crate::data::Key;
use crate::executor::{Executor, OnAsyncStd, OnSmol, OnTokio};
use crate::nodes::Nodes;
use crate::workloads::Request;

pub(super) fn on_tokio(
    name: &'static str,
    nodes: &Nodes,
    tokio: &OnTokio,
) -> Outcome<Box<dyn Peer>> {
    let client = tokio.block_on(tokio::Client::connect(&url(nodes)))?;
    Ok(Box::new(Tasks { name, client, executor: tokio.clone() }))
}

pub(super) fn on_smol(name: &'static str, nodes: &Nodes) -> Outcome<Box<dyn Peer>> {
    let client = OnSmol.block_on(smol::Client::connect(&url(nodes)))?;
    Ok(Box::new(Tasks { name, client, executor: OnSmol }))
}

pub(super) fn on_async_std(name: &'static str, nodes: &Nodes) -> Outcome<Box<dyn Peer>> {
    let client = OnAsyncStd.block_on(async_std::Client::connect(&url(nodes)))?;
    Ok(Box::new(Tasks { name, client, executor: OnAsyncStd }))
}

/// All threads share one client.
pub(super) fn blocking(name: &'static str, nodes: &Nodes) -> Outcome<Box<dyn Peer>> {
    let client = blocking::Client::connect(&url(nodes))?;
    let connect = Box::new(move || Ok(client.clone()));
    Ok(Box::new(Threads { name, connect, clients: Vec::new() }))
}

fn url(nodes: &Nodes) -> String {
    format!("redis://{}", nodes.list())
}

impl<R: Runtime> Asynchronous for Client<R> {
    async fn call(&mut self, request: Request) -> Outcome<usize> {
        Ok(match request {
            Request::Get(key) => self.get::<Bytes>(key).await?.len(),
            Request::Set(key, value) => self.set(key, value).await.map(|()| 0)?,
            Request::Batch(keys) => total(&self.pipeline(gets(keys)).await?),
            Request::Mget(keys) => total(&self.command::<Vec<Bytes>>(mget(keys)).await?),
            Request::Mset(pairs) => self.command(mset(pairs)).await.map(|()| 0)?,
        })
    }
}

impl Blocking for blocking::Client {
    fn call(&mut self, request: Request) -> Outcome<usize> {
        Ok(match request {
            Request::Get(key) => self.get::<Bytes>(key)?.len(),
            Request::Set(key, value) => self.set(key, value).map(|()| 0)?,
            Request::Batch(keys) => total(&self.pipeline(gets(keys))?),
            Request::Mget(keys) => total(&self.command::<Vec<Bytes>>(mget(keys))?),
            Request::Mset(pairs) => self.command(mset(pairs)).map(|()| 0)?,
        })
    }
}

fn gets(keys: &'static [Key]) -> impl CommandList<Replies = Vec<Bytes>> {
    cmd::each(keys.iter().map(|key| cmd::get(*key)))
}

fn mget(keys: &'static [Key]) -> Command {
    Command::new("MGET").args(keys.iter().copied())
}

fn mset(pairs: &'static [(Key, &'static str)]) -> Command {
    Command::new("MSET").args(pairs.iter().flat_map(|(key, value)| [*key, *value]))
}

fn total(values: &[Bytes]) -> usize {
    values.iter().map(Bytes::len).sum()
}
