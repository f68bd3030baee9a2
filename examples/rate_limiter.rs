//! A rate limiter: so many requests of a user in each window.
//!
//! `cargo run --example rate_limiter --features tokio -- redis://127.0.0.1:7000`

#![expect(clippy::print_stdout, reason = "it is an example")]

use std::error::Error;
use std::time::Duration;

use hashslot::tokio::Client;
use hashslot::{Commands, Script, cmd};

const LIMIT: i64 = 3;
const WINDOW: Duration = Duration::from_secs(60);

struct Limiter {
    client: Client,
    script: Script,
}

impl Limiter {
    fn new(client: Client) -> Self {
        // The first request of a window starts its clock. A script, so that no counter is left
        // without one.
        let script = Script::new(
            "local count = redis.call('INCR', KEYS[1])
             if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
             return count",
        );
        Self { client, script }
    }

    async fn allows(&self, user: &str) -> Result<bool, hashslot::Error> {
        let key = format!("limit:{user}");
        let request = cmd::eval::<i64>(&self.script).key(key).arg(WINDOW.as_millis());
        Ok(self.client.run(request).await? <= LIMIT)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("usage: rate_limiter <url>")?;
    let limiter = Limiter::new(Client::connect(&url).await?);
    for request in 1..=5 {
        let user = format!("ann:{}", std::process::id());
        println!("request {request}: {}", limiter.allows(&user).await?);
    }
    Ok(())
}
