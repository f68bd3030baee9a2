//! A producer, and a worker of a consumer group that asks for more when it is done.
//!
//! `cargo run --example stream_worker --features tokio -- redis://127.0.0.1:7000`

#![expect(clippy::print_stdout, reason = "it is an example")]

use std::collections::BTreeMap;
use std::error::Error;

use hashslot::tokio::Client;
use hashslot::{Commands, cmd};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("usage: stream_worker <url>")?;
    let client = Client::connect(&url).await?;
    let (stream, group) = ("orders", "billing");
    client.del(stream).await?;
    client.run(cmd::xgroup_create(stream, group, "$").mkstream()).await?;

    for order in 1..=5 {
        client.xadd(stream, [("order", order), ("amount", order * 10)]).await?;
    }

    let mut sum = 0;
    let next = cmd::xreadgroup::<BTreeMap<String, u64>>(group, "worker-1", (stream, ">")).count(2);
    while let Some(orders) = client.run(next.clone()).await?.pop() {
        for order in orders.entries {
            sum += order.fields.get("amount").copied().unwrap_or_default();
            client.xack(stream, group, order.id).await?;
        }
    }
    println!("billed {sum}, pending {}", client.xpending(stream, group).await?.count);
    Ok(())
}
