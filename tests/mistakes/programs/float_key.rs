//! A map by floats, which have no equality. The hint: ask for a `Vec` of pairs

use std::collections::HashMap;

use hashslot::Frame;

fn names(reply: &Frame) -> Result<HashMap<f64, String>, hashslot::Error> {
    reply.to()
}

fn main() {}
