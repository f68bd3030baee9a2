//! A list as pairs. The hint: a list of single arguments goes through `.args(..)`

use hashslot::Command;

fn main() {
    let words = vec![String::from("name"), String::from("ann")];
    let _ = Command::new("HSET").arg("key").pairs(words);
}
