//! A list of what may be absent. The hint: an `Option` goes through `.arg_opt(..)`

use hashslot::Command;

fn main() {
    let _ = Command::new("MGET").args([Some("a"), None]);
}
