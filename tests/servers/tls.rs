//! Servers that speak TLS and nothing else.

use std::fs;
use std::io;
use std::path::Path;

/// The socket in the folder of such a server by which the harness talks to it.
pub(super) const SOCKET: &str = "admin.sock";

/// What servers that speak TLS are set up with, as PEM.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The authority that they trust, for each other and for clients.
    pub authority: String,
    /// Their certificate, which is the same for all.
    pub certificate: String,
    /// Its key.
    pub key: String,
}

impl Tls {
    /// Writes the files of one server.
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        fs::write(folder.join("authority.pem"), &self.authority)?;
        fs::write(folder.join("certificate.pem"), &self.certificate)?;
        fs::write(folder.join("key.pem"), &self.key)
    }
}

/// The arguments of one server. Clients need no certificate.
pub(super) fn arguments(port: &str) -> [[&str; 2]; 9] {
    [
        ["--port", "0"],
        ["--tls-port", port],
        ["--tls-cluster", "yes"],
        ["--tls-replication", "yes"],
        ["--tls-ca-cert-file", "authority.pem"],
        ["--tls-cert-file", "certificate.pem"],
        ["--tls-key-file", "key.pem"],
        ["--tls-auth-clients", "no"],
        ["--unixsocket", SOCKET],
    ]
}
