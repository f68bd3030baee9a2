//! Sessions: a hash for each, which expires when it is not used.
//!
//! `cargo run --example session_store --features tokio -- redis://127.0.0.1:7000`

#![expect(clippy::print_stdout, reason = "it is an example")]

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use hashslot::tokio::Client;
use hashslot::{Commands, cmd};

const LIFE: Duration = Duration::from_secs(30 * 60);

type Session = BTreeMap<String, String>;

struct Sessions(Client);

impl Sessions {
    async fn create(&self, id: &str, session: &Session) -> Result<(), hashslot::Error> {
        let key = format!("session:{id}");
        // One slot, so that both happen or neither does.
        self.0.transaction((cmd::hset(&key, session), cmd::expire(&key, LIFE))).await?;
        Ok(())
    }

    /// The session, which lives on from now.
    async fn load(&self, id: &str) -> Result<Option<Session>, hashslot::Error> {
        let key = format!("session:{id}");
        let (session, is_there) =
            self.0.pipeline((cmd::hgetall(&key), cmd::expire(&key, LIFE))).await?;
        Ok(is_there.then_some(session))
    }

    async fn end(&self, id: &str) -> Result<bool, hashslot::Error> {
        Ok(self.0.del(format!("session:{id}")).await? == 1)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("usage: session_store <url>")?;
    let sessions = Sessions(Client::connect(&url).await?);
    let ann = Session::from([("user".into(), "ann".into()), ("theme".into(), "dark".into())]);
    sessions.create("7f3a", &ann).await?;
    println!("loaded: {}", sessions.load("7f3a").await? == Some(ann));
    println!("ended: {}", sessions.end("7f3a").await?);
    println!("loaded: {:?}", sessions.load("7f3a").await?);
    Ok(())
}
