//! A lock that expires, so that an owner which is gone blocks others for a while only.
//!
//! `cargo run --example lock --features tokio -- redis://127.0.0.1:7000`

#![expect(clippy::print_stdout, reason = "it is an example")]

use std::error::Error;
use std::time::Duration;

use hashslot::tokio::Client;
use hashslot::{Commands, Script, cmd};

const LEASE: Duration = Duration::from_secs(10);

/// Takes the lock unless it is taken. The token says whose it is.
async fn lock(client: &Client, key: &str, token: &str) -> Result<bool, hashslot::Error> {
    client.run(cmd::set(key, token).nx().ttl(LEASE)).await
}

/// Gives the lock back if it is still one's own.
async fn unlock(client: &Client, key: &str, token: &str) -> Result<bool, hashslot::Error> {
    let delete_if_equal = Script::new(
        "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
         return 0",
    );
    client.run(cmd::eval(delete_if_equal).key(key).arg(token)).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("usage: lock <url>")?;
    let client = Client::connect(&url).await?;
    let key = format!("lock:{}", std::process::id());
    println!("ann locks: {}", lock(&client, &key, "ann").await?);
    println!("bob locks: {}", lock(&client, &key, "bob").await?);
    println!("bob unlocks: {}", unlock(&client, &key, "bob").await?);
    println!("ann unlocks: {}", unlock(&client, &key, "ann").await?);
    println!("bob locks: {}", lock(&client, &key, "bob").await?);
    unlock(&client, &key, "bob").await?;
    Ok(())
}
