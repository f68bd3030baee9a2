//! A web service: one client for all requests, a health page, and an end in order.
//!
//! `cargo run --package web-service -- redis://127.0.0.1:7000`
//!
//! A second argument is the port, 8080 without it; 0 takes any port that is free.
//!
//! - `GET /visits/home` counts a visit of the page `home`, and answers with the count.
//! - `GET /health` answers 200 if each slot has a primary that is well, else 503, and says why.
//! - Ctrl-C or SIGTERM ends it: it takes no more connections, answers the requests that have come,
//!   and closes its client.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is an example")]

use std::error::Error;
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use hashslot::Commands;
use hashslot::tokio::Client;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

type Answer = (StatusCode, String);

/// How long a node has to answer; less than a probe waits for the page.
const HEALTH_TIMEOUT: Duration = Duration::from_millis(500);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("usage: web-service <url> [port]")?;
    let port = arguments.next().map_or(Ok(8080), |port| port.parse())?;
    let client = Client::connect(&url).await?;
    let pages = Router::new()
        .route("/visits/{page}", get(visits))
        .route("/health", get(health))
        .with_state(client.clone()); // each request gets a clone, which shares the connections
    let end = end()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, pages).with_graceful_shutdown(end).await?;
    client.close().await; // all requests are answered: nothing waits for it
    println!("closed");
    Ok(())
}

async fn visits(State(client): State<Client>, Path(page): Path<String>) -> Answer {
    match client.incr(format!("visits:{page}")).await {
        Ok(count) => (StatusCode::OK, format!("{count}\n")),
        Err(error) => {
            eprintln!("visits of {page:?}: {error}");
            (StatusCode::SERVICE_UNAVAILABLE, "try again later\n".to_owned())
        }
    }
}

async fn health(State(client): State<Client>) -> Answer {
    match client.health(HEALTH_TIMEOUT).await {
        Ok(health) if health.is_serving() => (StatusCode::OK, format!("{health}\n")),
        Ok(health) => (StatusCode::SERVICE_UNAVAILABLE, format!("{health}\n")),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")),
    }
}

/// Ctrl-C, or the signal by which service managers end a program.
fn end() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
    })
}
