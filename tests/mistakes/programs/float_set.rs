//! A set of floats, which have no order. The hint: ask for a `Vec` of pairs

use std::collections::BTreeSet;

use hashslot::Frame;

fn scores(reply: &Frame) -> Result<BTreeSet<f64>, hashslot::Error> {
    reply.to()
}

fn main() {}
