//! A list as one argument. The hint: `.args(..)`

use hashslot::Command;

fn main() {
    let keys = vec![String::from("a"), String::from("b")];
    let _ = Command::new("MGET").arg(keys);
}
