//! A time without its unit. The hint: `.as_secs()`

use std::time::Duration;

use hashslot::Command;

fn main() {
    let _ = Command::new("EXPIRE").arg("key").arg(Duration::from_secs(5));
}
