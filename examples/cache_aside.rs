//! Cache aside: what is not in the cache is computed and kept for a while. A cluster that is away
//! costs time, and no request.
//!
//! `cargo run --example cache_aside --features tokio -- redis://127.0.0.1:7000`

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is an example")]

use std::error::Error;
use std::time::Duration;

use hashslot::tokio::Client;
use hashslot::{Commands, cmd};

const LIFE: Duration = Duration::from_secs(10);

/// A view of the client: its calls give up soon.
struct Cache(Client);

impl Cache {
    async fn get_or(&self, key: &str, compute: impl AsyncFnOnce() -> String) -> String {
        match self.0.get(key).await {
            Ok(Some(value)) => return value,
            Ok(None) => {}
            Err(error) => eprintln!("cache: {error}"),
        }
        let value = compute().await;
        if let Err(error) = self.0.run(cmd::set(key, &value).ttl(LIFE)).await {
            eprintln!("cache: {error}");
        }
        value
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("usage: cache_aside <url>")?;
    let client = Client::connect(&url).await?;
    client.del("page:home").await?;
    let cache = Cache(client.with_timeout(Duration::from_millis(200)));
    for _ in 0..2 {
        let page = cache.get_or("page:home", async || {
            println!("computed");
            "<h1>home</h1>".to_owned()
        });
        println!("{}", page.await);
    }
    Ok(())
}
