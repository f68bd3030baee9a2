//! A type of one's own that converts nothing. The hint: implement `FromValue`

use hashslot::Commands;
use hashslot::runtimes::{Client, Runtime};

struct Session {
    user: String,
}

async fn get<R: Runtime>(client: &Client<R>) -> Result<String, hashslot::Error> {
    let session: Session = client.get("session:1").await?;
    Ok(session.user)
}

fn main() {}
