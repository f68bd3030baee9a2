//! A map as a list. The hint: pairs and maps go through `.pairs(..)`

use std::collections::HashMap;

use hashslot::Command;

fn main() {
    let fields = HashMap::from([("name", "ann")]);
    let _ = Command::new("HSET").arg("key").args(fields);
}
