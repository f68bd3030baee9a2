//! What the machine does, byte for byte: one subject a file.

mod bounds;
mod calls;
mod costs;
mod credentials;
mod cut_short;
mod determinism;
mod dials;
mod discovery;
mod endpoints;
mod handshake;
mod limits;
mod links;
mod odd;
mod order;
mod plans;
mod redirections;
mod refresh;
mod replicas;
mod replies;
mod retries;
mod scale;
mod scan;
mod scripts;
mod storm;
mod strangers;
mod tls;
