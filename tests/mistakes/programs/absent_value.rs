//! A value that may be absent, for a client. The hint: `.arg_opt(..)`

use hashslot::Commands;
use hashslot::runtimes::{Client, Runtime};

fn set<R: Runtime>(client: &Client<R>, value: Option<String>) {
    drop(client.set("key", value));
}

fn main() {}
