//! A producer, and a worker of a consumer group that asks for more when it is done.
//!
//! `cargo run --example stream_worker --features tokio -- redis://127.0.0.1:7000`

#![expect(clippy::print_stdout, reason = "it is an example")]

use std::collections::BTreeMap;
use std::error::Error;

use hashslot::cmd::{Entry, StreamStart};
use hashslot::tokio::Client;
use hashslot::{Commands, cmd};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("usage: stream_worker <url>")?;
    let client = Client::connect(&url).await?;
    let (stream, group) = ("orders", "billing");
    client.del(stream).await?;
    let create = cmd::xgroup_create(stream, group, StreamStart::End).mkstream();
    client.run(create).await?;

    for order in 1..=5 {
        client.xadd(stream, [("order", order), ("amount", order * 10)]).await?;
    }

    let mut sum = 0;
    loop {
        let next = cmd::xreadgroup::<BTreeMap<String, u64>>(
            group,
            "worker-1",
            (stream, StreamStart::Undelivered),
        );
        let streams = client.run(next.count(2)).await?;
        let entries: Vec<Entry<_>> =
            streams.into_iter().flat_map(|stream| stream.entries).collect();
        if entries.is_empty() {
            break;
        }
        for entry in entries {
            sum += entry.fields.get("amount").copied().unwrap_or_default();
            client.xack(stream, group, entry.id).await?;
        }
    }
    println!("billed {sum}, pending {}", client.xpending(stream, group).await?.count);
    Ok(())
}
