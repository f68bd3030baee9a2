//! No argument at all. The hint: neither text, nor bytes, nor a number

use hashslot::Command;

fn main() {
    let _ = Command::set("key", ());
}
