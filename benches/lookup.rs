//! What it costs to know a command: to find its row of the table, and its keys.
//!
//! Run with `cargo bench --bench lookup`. Where all names are looked up, one after the other, the
//! figure is for one of them.

mod report;

use std::hint::black_box;

use hashslot::Command;
use hashslot::command::CommandInfo;
use report::report;

/// The facts from which the table is made: a command a line, its name first.
const FACTS: &str = include_str!("../src/command/table/commands.txt");

fn main() {
    report::head("command");
    let lines = FACTS.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let rows: Vec<&str> = lines.filter_map(|line| line.split("  ").next()).collect();
    let names: Vec<&str> = rows.iter().copied().filter(|name| !name.contains(' ')).collect();
    let subcommands = rows.iter().filter_map(|name| name.split_once(' '));
    let lower: Vec<_> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    let lower: Vec<_> = lower.iter().map(String::as_str).collect();

    each("CommandInfo::of, all names", &names, |name| {
        black_box(CommandInfo::of(black_box(name)));
    });
    each("CommandInfo::of, all names in small letters", &lower, |name| {
        black_box(CommandInfo::of(black_box(name)));
    });
    each("CommandInfo::of, all names and subcommands", &rows, |name| {
        black_box(CommandInfo::of(black_box(name)));
    });
    let commands: Vec<_> = subcommands.map(|(name, sub)| Command::new(name).arg(sub)).collect();
    each("info of all subcommands", &commands.iter().collect::<Vec<_>>(), |command| {
        black_box(black_box(command).info());
    });
    for name in ["GET", "HGETALL", "ZREVRANGEBYSCORE", "NO.SUCH"] {
        report(&format!("CommandInfo::of, {name}"), 1, || {
            black_box(CommandInfo::of(black_box(name)));
        });
    }
    // What routing a command takes: its row, and then its key's slot.
    let key = "user:12345678901";
    for (name, command) in [("GET", Command::get(key)), ("SET", Command::set(key, "a value"))] {
        report(&format!("info of {name}"), 1, || {
            black_box(black_box(&command).info());
        });
        report(&format!("slot of {name}"), 1, || {
            black_box(black_box(&command).slot().ok());
        });
    }
    for count in [1, 10, 10_000_u32] {
        let mget = Command::new("MGET").args((0..count).map(|index| format!("{{a}}{index}")));
        report(&format!("slot of MGET, {count} keys, a key"), count, || {
            black_box(black_box(&mget).slot().ok());
        });
    }
}

/// What one of them costs.
fn each<T: Copy>(name: &str, all: &[T], mut work: impl FnMut(T)) {
    let count = u32::try_from(all.len()).unwrap_or(u32::MAX);
    report(name, count, || all.iter().copied().for_each(&mut work));
}
