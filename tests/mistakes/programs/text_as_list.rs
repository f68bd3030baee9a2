//! One text as a list. The hint: one argument goes through `.arg(..)`

use hashslot::Command;

fn main() {
    let _ = Command::new("MGET").args("key");
}
