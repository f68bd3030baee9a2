//! One number as a list. The hint: one argument goes through `.arg(..)`

use hashslot::Command;

fn main() {
    let _ = Command::new("LPUSH").arg("key").args(5);
}
