//! No server command without a typed one, and no typed one without a case.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use hashslot::command::{CommandInfo, RequestPolicy};

use super::sources::{functions, read};

/// Commands that have no typed one, and why. `*` stands for any subcommand.
const NOT_TYPED: &str = include_str!("not_typed.txt");

/// A name as functions have it: `CONFIG GET` is `config_get`.
fn as_function(name: &str) -> String {
    name.to_ascii_lowercase().replace([' ', '.', '-', '_'], "_")
}

/// The names of [`NOT_TYPED`].
fn not_typed() -> Vec<&'static str> {
    let lines = NOT_TYPED.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .flat_map(|line| line.split('|').next().unwrap_or_default().split(", "))
        .map(str::trim)
        .collect()
}

fn is_exempt(info: &CommandInfo) -> bool {
    let is_refused = matches!(info.request, RequestPolicy::Connection(_));
    let is_listed = not_typed().iter().any(|name| match name.strip_suffix('*') {
        Some(start) => info.name.starts_with(start),
        None => match name.strip_prefix('*') {
            Some(end) => info.name.ends_with(end),
            None => info.name == *name,
        },
    });
    info.has_subcommands || is_listed || (is_refused && !info.blocking)
}

/// Whether a command comes with a module.
fn is_of_module(info: &CommandInfo) -> bool {
    info.name.contains('.')
}

#[test]
fn typed_coverage() {
    let functions = functions();
    let typed: BTreeSet<String> =
        functions.iter().flat_map(|function| function.names().map(as_function)).collect();
    for (what, of_modules) in [("data-type", false), ("module", true)] {
        let wanted = CommandInfo::all().iter().filter(|info| is_of_module(info) == of_modules);
        let wanted: Vec<&str> =
            wanted.filter(|info| !is_exempt(info)).map(|info| info.name).collect();
        let is_typed = |name: &&str| typed.contains(&as_function(name));
        let (there, missing): (Vec<&str>, Vec<&str>) = wanted.into_iter().partition(is_typed);
        let count = there.len() + missing.len();
        println!("typed: {} of {count} {what} commands", there.len());
        assert!(missing.is_empty(), "no typed command sends {}", missing.join(", "));
    }
}

#[test]
fn each_typed_command_has_a_case() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/typed");
    let mut cases = String::new();
    for entry in fs::read_dir(folder).expect("is there") {
        cases += &fs::read_to_string(entry.expect("can be read").path()).expect("is text");
    }
    let without: Vec<String> = functions()
        .into_iter()
        .filter(|function| {
            let name = &function.name;
            ![".", "cmd::"].iter().any(|before| {
                ["(", "::<"].iter().any(|behind| cases.contains(&format!("{before}{name}{behind}")))
            })
        })
        .map(|function| function.name)
        .collect();
    assert!(without.is_empty(), "no case uses {}", without.join(", "));
}

#[test]
fn each_typed_command_tells_when_it_came_and_what_it_costs() {
    for function in functions() {
        let docs = function.docs.join("\n");
        for part in ["**Since**: ", "**Complexity**: O("] {
            assert!(docs.contains(part), "{} does not say {part}", function.name);
        }
    }
    assert!(read("mod.rs").contains("Typed commands"));
}
