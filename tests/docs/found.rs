//! Finds sessions, commands and blocks in the documentation.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Failure;

/// What the documentation shows.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) sessions: Vec<Session>,
    /// The place and the words of each command.
    pub(crate) commands: Vec<(String, String)>,
    pub(crate) blocks: Vec<Block>,
    /// The places of Rust that nothing compiles.
    pub(crate) uncompiled: Vec<String>,
}

/// Commands that run one after the other.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) place: String,
    /// Each command, and the lines that it prints.
    pub(crate) steps: Vec<(String, Vec<String>)>,
}

/// Rust that needs servers.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) place: String,
    pub(crate) code: String,
}

/// What a command begins with, after variables.
const PROGRAMS: [&str; 5] = ["cargo ", "scripts/", "valgrind ", "callgrind_annotate ", ".ci/run"];

/// The folders and files that hold documentation.
const PLACES: [&str; 12] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "src",
    "runtimes",
    "examples",
    "benches",
    "scripts",
    ".ci/run",
    "fuzz/src",
    "tests/it",
    "tools",
];

/// The pages and folders whose Rust rustdoc compiles, since documentation of the crate includes
/// them.
const COMPILED: [&str; 3] = ["README.md", "runtimes/telemetry.md", "src/guide/"];

/// Reads everything.
pub(crate) fn everything(root: &Path) -> io::Result<Found> {
    let mut files = Vec::new();
    for place in PLACES {
        list(&root.join(place), &mut files)?;
    }
    files.sort();
    let mut found = Found::default();
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        let name = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("md") => found.markdown(&name, text.lines().map(str::to_owned).enumerate()),
            Some("rs") => {
                for part in comments(&text, &["//!", "///"]) {
                    found.markdown(&name, part.into_iter());
                }
            }
            _ if name.starts_with("scripts/") || name == ".ci/run" => found.script(&name, &text),
            _ => {}
        }
    }
    Ok(found)
}

fn list(place: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !place.is_dir() {
        files.push(place.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(place)? {
        let path = entry?.path();
        if !path.ends_with("target") {
            list(&path, files)?;
        }
    }
    Ok(())
}

/// The texts of comments that begin like this, each with its lines' numbers.
fn comments(text: &str, marks: &[&str]) -> Vec<Vec<(usize, String)>> {
    let mut parts: Vec<Vec<(usize, String)>> = vec![Vec::new()];
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_start();
        let rest = marks.iter().find_map(|mark| line.strip_prefix(mark));
        match (rest, parts.last_mut()) {
            (Some(rest), Some(part)) => {
                part.push((number, rest.strip_prefix(' ').unwrap_or(rest).to_owned()));
            }
            (None, Some(part)) if !part.is_empty() => parts.push(Vec::new()),
            _ => {}
        }
    }
    parts
}

fn is_command(text: &str) -> bool {
    let mut rest = text;
    while let Some((word, after)) = rest.split_once(' ')
        && let Some((name, _)) = word.split_once('=')
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    {
        rest = after;
    }
    // `scripts/` alone is a folder, and a name with a dot is not a program.
    let is_file = |rest: &str| {
        let name = rest.split(' ').next().unwrap_or_default();
        name == "scripts/" || (name.starts_with("scripts/") && name.contains('.'))
    };
    PROGRAMS.iter().any(|program| rest.starts_with(program)) && !is_file(rest)
}

/// A command without what stands behind it in a table: two blanks end it.
fn command_of_line(line: &str) -> Option<String> {
    let line = line.trim_start();
    let command = line.split_once("  ").map_or(line, |(command, _)| command).trim_end();
    is_command(command).then(|| command.to_owned())
}

impl Found {
    fn markdown(&mut self, name: &str, lines: impl Iterator<Item = (usize, String)>) {
        let mut fence: Option<(usize, String, Vec<String>)> = None;
        let mut paragraph = (0, String::new());
        for (number, line) in lines {
            let is_fence = line.starts_with("```");
            if let Some((at, kind, mut inside)) = fence.take() {
                if is_fence {
                    self.fenced(&format!("{name}:{}", at + 1), &kind, &inside);
                } else {
                    inside.push(line);
                    fence = Some((at, kind, inside));
                }
            } else if is_fence {
                self.spans(name, &mut paragraph);
                fence = Some((number, line.trim_start_matches('`').to_owned(), Vec::new()));
            } else if line.trim().is_empty() {
                self.spans(name, &mut paragraph);
            } else {
                if paragraph.1.is_empty() {
                    paragraph.0 = number;
                }
                paragraph.1.push_str(line.trim());
                paragraph.1.push(' ');
            }
        }
        self.spans(name, &mut paragraph);
    }

    /// Takes the code spans of a paragraph.
    fn spans(&mut self, name: &str, paragraph: &mut (usize, String)) {
        let (number, text) = std::mem::take(paragraph);
        for span in text.split('`').skip(1).step_by(2) {
            if is_command(span) {
                self.commands.push((format!("{name}:{}", number + 1), span.to_owned()));
            }
        }
    }

    fn fenced(&mut self, place: &str, kind: &str, lines: &[String]) {
        let is_page =
            place.contains(".md:") && !COMPILED.iter().any(|page| place.starts_with(page));
        if kind.contains("ignore") || (kind.contains("rust") && is_page) {
            self.uncompiled.push(place.to_owned());
        }
        if kind.contains("no_run") {
            self.blocks.push(Block { place: place.to_owned(), code: lines.join("\n") });
            return;
        }
        if !["", "text", "sh", "console"].contains(&kind) {
            return;
        }
        let joined = join_continued(lines);
        if !joined.iter().any(|line| line.starts_with("$ ")) {
            let commands = joined.iter().filter_map(|line| command_of_line(line));
            self.commands.extend(commands.map(|command| (place.to_owned(), command)));
            return;
        }
        let mut steps: Vec<(String, Vec<String>)> = Vec::new();
        for line in joined {
            match (line.strip_prefix("$ "), steps.last_mut()) {
                (Some(command), _) => steps.push((command.to_owned(), Vec::new())),
                (None, Some((_, prints))) => prints.push(line),
                (None, None) => {}
            }
        }
        self.sessions.push(Session { place: place.to_owned(), steps });
    }

    /// Takes the commands of a script's head, which stand apart, and code spans.
    fn script(&mut self, name: &str, text: &str) {
        let head: String = text.lines().skip(1).take_while(|line| line.starts_with('#')).fold(
            String::new(),
            |mut head, line| {
                head.push_str(line.trim_start_matches('#'));
                head.push('\n');
                head
            },
        );
        let mut prose = Vec::new();
        for (number, line) in head.lines().enumerate() {
            match (line.starts_with("   "), command_of_line(line)) {
                (true, Some(command)) => {
                    self.commands.push((format!("{name}:{}", number + 2), command));
                }
                _ => prose.push((number + 1, line.to_owned())),
            }
        }
        self.markdown(name, prose.into_iter());
    }
}

/// Lines, of which those that end in a backslash go on in the next one.
fn join_continued(lines: &[String]) -> Vec<String> {
    let mut joined: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in lines {
        let (text, more) = line.strip_suffix('\\').map_or((line.as_str(), false), |l| (l, true));
        match joined.last_mut() {
            Some(last) if goes_on => {
                *last = format!("{} {}", last.trim_end(), text.trim());
            }
            _ => joined.push(text.to_owned()),
        }
        goes_on = more;
    }
    joined
}

/// Examples whose commands name other features than they need.
pub(crate) fn wrong_features(
    root: &Path,
    commands: &[(String, String)],
) -> io::Result<Vec<Failure>> {
    let manifest = fs::read_to_string(root.join("Cargo.toml"))?;
    let mut needed: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for part in manifest.split("[[example]]").skip(1) {
        let quoted = |line: &'static str| {
            let line = part.lines().find_map(|found| found.strip_prefix(line));
            line.unwrap_or_default().split('"').skip(1).step_by(2)
        };
        let name = quoted("name = ").next().unwrap_or_default();
        needed.insert(name, quoted("required-features = ").collect());
    }
    let mut failures = Vec::new();
    for (place, command) in commands {
        let mut words = command.split(' ').skip_while(|word| *word != "--example").skip(1);
        let Some(example) = words.next().filter(|_| command.starts_with("cargo run")) else {
            continue;
        };
        let mut words = command.split(' ').skip_while(|word| *word != "--features").skip(1);
        let named: BTreeSet<_> =
            words.next().into_iter().flat_map(|features| features.split(',')).collect();
        let needs = needed.get(example).cloned().unwrap_or_default();
        if named != needs {
            failures.push(format!("{place}: `{command}` names {named:?}, but needs {needs:?}"));
        }
    }
    Ok(failures)
}

/// Compares the table of adapters in the README with what `cargo tree -e normal` names.
pub(crate) fn wrong_counts(root: &Path) -> Result<(), Failure> {
    let readme = fs::read_to_string(root.join("README.md")).map_err(|error| error.to_string())?;
    let rows = readme.lines().filter_map(|line| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, feature, client, _, count, _] = cells[..] else { return None };
        client.contains("hashslot::").then(|| (feature.trim_matches('`'), count.parse::<usize>()))
    });
    let rows: Vec<_> = rows.collect();
    if rows.len() != 5 {
        return Err(format!("the README has no table of 5 adapters: {rows:?}"));
    }
    for (feature, told) in rows {
        let feature = if feature == "none" { "" } else { feature };
        let tree = Command::new(super::run::cargo())
            .args(["tree", "-e", "normal", "--prefix", "none", "--no-default-features"])
            .args(["--target", "x86_64-unknown-linux-gnu", "--features", feature])
            .current_dir(root)
            .output()
            .map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&tree.stdout).into_owned();
        let crates: BTreeSet<_> = text
            .lines()
            .map(|line| line.trim_end_matches(" (*)"))
            .filter(|l| !l.is_empty())
            .collect();
        if told != Ok(crates.len()) {
            let message = format!("the README says {told:?} crates for `{feature}`");
            return Err(format!("{message}, and there are {}", crates.len()));
        }
    }
    Ok(())
}
