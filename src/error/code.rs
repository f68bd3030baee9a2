//! What is known about the errors of servers: their codes, and words where the code says too
//! little.
//!
//! Rules of this file: it is the one place that knows what servers say; others ask it.

use super::ServerError;

/// The code of an error, if the client knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    Moved,
    Ask,
    TryAgain,
    ClusterDown,
    CrossSlot,
    MasterDown,
    Loading,
    ReadOnly,
    NoReplicas,
    Misconf,
    Oom,
    Busy,
    Unblocked,
    ExecAbort,
    NoAuth,
    WrongPass,
    NoPerm,
    NoScript,
    NoProto,
    Denied,
    NotBusy,
    Err,
    Other,
}

/// All codes that the client knows.
const CODES: [(&str, Code); 22] = [
    ("MOVED", Code::Moved),
    ("ASK", Code::Ask),
    ("ERR", Code::Err),
    ("TRYAGAIN", Code::TryAgain),
    ("CLUSTERDOWN", Code::ClusterDown),
    ("CROSSSLOT", Code::CrossSlot),
    ("MASTERDOWN", Code::MasterDown),
    ("LOADING", Code::Loading),
    ("READONLY", Code::ReadOnly),
    ("NOREPLICAS", Code::NoReplicas),
    ("MISCONF", Code::Misconf),
    ("OOM", Code::Oom),
    ("BUSY", Code::Busy),
    ("UNBLOCKED", Code::Unblocked),
    ("EXECABORT", Code::ExecAbort),
    ("NOAUTH", Code::NoAuth),
    ("WRONGPASS", Code::WrongPass),
    ("NOPERM", Code::NoPerm),
    ("NOSCRIPT", Code::NoScript),
    ("NOPROTO", Code::NoProto),
    ("DENIED", Code::Denied),
    ("NOTBUSY", Code::NotBusy),
];

impl Code {
    /// The code as servers send it. Unknown codes are `ERR`: their text may be anything.
    pub(crate) fn name(self) -> &'static str {
        CODES.iter().find(|(_, code)| *code == self).map_or("ERR", |(name, _)| name)
    }

    /// Whether servers send this code only before they execute anything.
    /// Source: `processCommand` checks authentication, permissions, redirection, memory, disk,
    /// replicas, role, loading and busy scripts in this order, all of them before the call.
    pub(crate) const fn ran_nothing(self) -> bool {
        !matches!(self, Self::Err | Self::NotBusy | Self::Other)
    }
}

impl ServerError {
    /// The code, if the client knows it.
    pub(crate) fn known_code(&self) -> Code {
        let word = self.code_bytes();
        let known = CODES.iter().find(|(name, _)| name.as_bytes() == word);
        known.map_or(Code::Other, |(_, code)| *code)
    }

    /// Whether the server does not have the script that it was named. What follows differs from
    /// server to server. A script can answer with the same text, but not by chance.
    pub(crate) fn is_missing_script(&self) -> bool {
        self.as_bytes().starts_with(b"NOSCRIPT No matching script")
    }

    /// Whether the server does not know the command. It quotes the arguments then.
    pub(crate) fn is_unknown_command(&self) -> bool {
        self.as_bytes().starts_with(b"ERR unknown command")
    }

    /// Whether the server is not part of a cluster.
    pub(crate) fn lacks_cluster_support(&self) -> bool {
        self.known_code() == Code::Err && self.text().contains("cluster support disabled")
    }

    /// Whether the server takes no client like this one now: it says so before it is asked, and
    /// closes.
    pub(crate) fn is_about_clients(&self) -> bool {
        self.known_code() == Code::Denied || self.text().contains("max number of clients")
    }

    /// Whether the server refuses the password, in the words of any version.
    pub(crate) fn is_about_password(&self) -> bool {
        let text = self.text().to_ascii_lowercase();
        ["invalid password", "without any password", "invalid username-password"]
            .iter()
            .any(|told| text.contains(told))
    }
}
