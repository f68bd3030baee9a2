//! A leaderboard: scores, the best players, and the rank of one.
//!
//! `cargo run --example leaderboard --features tokio -- redis://127.0.0.1:7000`

#![expect(clippy::print_stdout, reason = "it is an example")]

use std::error::Error;

use hashslot::tokio::Client;
use hashslot::{Commands, cmd};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("usage: leaderboard <url>")?;
    let client = Client::connect(&url).await?;
    let board = "leaderboard:2026";
    client.del(board).await?;

    client.zadd(board, [(120.0, "ann"), (80.5, "bob"), (95.0, "cid"), (30.0, "dot")]).await?;
    let score = client.zincrby(board, 50.0, "bob").await?;
    println!("bob has {score}");

    let best = cmd::zrange(board, ..3).rev().with_scores();
    let best: Vec<(String, f64)> = client.run(best).await?;
    for (place, (player, score)) in (1..).zip(best) {
        println!("{place}. {player} {score}");
    }
    let (rank, count) = client.pipeline((cmd::zrevrank(board, "cid"), cmd::zcard(board))).await?;
    println!("cid is at {} of {count}", rank.map_or(0, |rank| rank + 1));
    Ok(())
}
