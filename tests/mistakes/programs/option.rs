//! An argument that may be absent. The hint: `.arg_opt(..)`

use hashslot::Command;

fn main() {
    let limit: Option<u32> = None;
    let _ = Command::new("SINTERCARD").arg(1).arg("key").arg(limit);
}
