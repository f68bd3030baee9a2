//! One server on its own, which is no cluster unless its arguments say so.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::process::{self, Process};
use super::raw::Connection;
use super::wait_until;

/// How long the server may take to answer: far more than it takes on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(30);

/// One server on its own.
#[derive(Debug)]
pub struct Lone {
    pub port: u16,
    _process: Process,
}

impl Lone {
    /// Starts a server and waits until it answers.
    pub fn start(server: &Path, args: &[&str]) -> io::Result<Self> {
        let port = process::free_port()?;
        let folder = process::new_folder()?;
        let words = ["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""];
        let words = words.iter().chain(args).map(|word| (*word).to_owned());
        let process = Process::start(server, &words.collect::<Vec<_>>(), &folder)?;
        wait_until("the server answers", START_LIMIT, || {
            Connection::to_port(port)?.call(&["PING"]).map(|_| true)
        })?;
        Ok(Self { port, _process: process })
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}
