//! Where and with what it was measured.

use std::fs;
use std::path::Path;
use std::process::Command;

/// What was locked for this build.
const LOCKED: &str = include_str!("../Cargo.lock");

/// The packages whose versions matter, by the names of the clients.
const PACKAGES: [(&str, &str); 6] = [
    ("redis-rs", "redis"),
    ("fred", "fred"),
    ("rustis", "rustis"),
    ("glide", "valkey-glide"),
    ("tokio", "tokio"),
    ("hashslot", "hashslot"),
];

/// Lines that say what a table belongs to.
pub(crate) fn describe(server: &Path, runtime: &str) -> Vec<String> {
    let versions: Vec<_> = PACKAGES
        .iter()
        .filter_map(|(name, package)| Some(format!("{name} {}", version(package)?)))
        .collect();
    let first_line = |program: &Path, argument: &str| {
        let output = Command::new(program).arg(argument).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).lines().next()?.to_owned())
    };
    let or_unknown = |line: Option<String>| line.unwrap_or_else(|| "unknown".to_owned());
    vec![
        format!("Date: {}", or_unknown(first_line(Path::new("date"), "+%Y-%m-%d"))),
        format!("Machine: {}", machine()),
        format!("Server: {}", or_unknown(first_line(server, "--version"))),
        format!("Versions: {}; tokio {runtime}", versions.join(", ")),
        format!("Compiler: {}", or_unknown(first_line(Path::new("rustc"), "--version"))),
    ]
}

fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let lines = || info.lines().filter_map(|line| line.split_once(": "));
    let count = lines().filter(|(name, _)| name.trim_end() == "processor").count();
    let model = lines().find(|(name, _)| name.trim_end() == "model name");
    let model = model.map_or("unknown processor", |(_, value)| value);
    format!("{count} CPUs, {model}")
}

/// The version of a package in the lock file.
fn version(package: &str) -> Option<&'static str> {
    let (_, rest) = LOCKED.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    Some(rest.split_once('"')?.0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn versions_are_known() {
        assert!(super::PACKAGES.iter().all(|(_, package)| super::version(package).is_some()));
    }
}
