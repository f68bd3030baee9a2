//! One node of a cluster: its addresses, its process and its files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::fake::lock;
use super::process::{self, Process};

/// One node of a cluster.
#[derive(Debug)]
pub struct Node {
    /// The port on 127.0.0.1.
    pub port: u16,
    /// The address: `127.0.0.1:port`.
    pub address: String,
    /// The node ID: 40 hex digits.
    pub id: String,
    /// The index of its primary when the cluster was started, if the node was a replica.
    pub primary: Option<usize>,
    pub(super) folder: PathBuf,
    pub(super) process: Mutex<Process>,
}

impl Node {
    /// The folder that its process runs in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The process ID, which changes with a restart.
    pub fn pid(&self) -> u32 {
        lock(&self.process).pid()
    }

    /// Whether the node is neither killed nor frozen.
    pub fn is_running(&self) -> bool {
        lock(&self.process).is_running()
    }

    /// What the server has logged.
    pub fn log(&self) -> String {
        self.file(process::LOG).unwrap_or_default()
    }

    /// What a file in the server's folder holds.
    pub fn file(&self, name: &str) -> io::Result<String> {
        fs::read_to_string(self.folder.join(name))
    }

    /// Writes a file in the server's folder.
    pub fn write(&self, name: &str, content: &str) -> io::Result<()> {
        fs::write(self.folder.join(name), content)
    }

    /// Whether there is a file in the server's folder.
    pub fn has_file(&self, name: &str) -> bool {
        self.folder.join(name).is_file()
    }

    /// Removes a file from the server's folder.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.folder.join(name))
    }
}
