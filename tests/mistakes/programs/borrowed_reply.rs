//! A reply that is borrowed. The hint: ask for `String` instead of `&str`

use hashslot::Commands;
use hashslot::runtimes::{Client, Runtime};

async fn get<R: Runtime>(client: &Client<R>) -> Result<(), hashslot::Error> {
    let name = client.get::<&str>("key").await?;
    println!("{name}");
    Ok(())
}

fn main() {}
