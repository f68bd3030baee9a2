//! Loads many keys, with at most so many commands in flight.
//!
//! `cargo run --example bulk_load --features tokio -- redis://127.0.0.1:7000 20000`

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is an example")]

use std::error::Error;
use std::time::Instant;

use hashslot::cmd;
use hashslot::tokio::Client;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(count)) = (arguments.next(), arguments.next()) else {
        return Err("usage: bulk_load <url> <count>".into());
    };
    let count: usize = count.parse()?;
    let client = Client::connect(&url).await?;
    let begun_at = Instant::now();
    let rows = (0..count).map(|id| cmd::set(format!("bulk:{id}"), format!("row {id}")));
    let mut stored = client.stream(rows);
    let mut failed = 0;
    while let Some((number, result)) = stored.next().await {
        if let Err(error) = result {
            eprintln!("row {number}: {error}");
            failed += 1;
        }
    }
    let seconds = begun_at.elapsed().as_secs_f64();
    println!("{count} rows, {failed} failed");
    eprintln!("{seconds:.2} s");
    client.close().await;
    Ok(())
}
