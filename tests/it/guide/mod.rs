//! The pages for those who come from another client: complete, and true to what there is.
//!
//! The lists beside this file have the names of the methods of each client, as its sources have
//! them: the first line says of which version and file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::typed::sources::functions;

/// A page, and what it has to be complete for.
struct Page {
    name: &'static str,
    text: &'static str,
    /// The names of the client's methods. What several versions have is on one page.
    lists: &'static [&'static str],
    /// Whether a method with the name of one of ours needs no row.
    leaves_out_same_names: bool,
}

const PAGES: [Page; 4] = [
    Page {
        name: "redis_rs",
        text: include_str!("../../../src/guide/coming_from_redis_rs.md"),
        lists: &[include_str!("redis_rs.txt")],
        leaves_out_same_names: true,
    },
    Page {
        name: "fred",
        text: include_str!("../../../src/guide/coming_from_fred.md"),
        lists: &[include_str!("fred.txt")],
        leaves_out_same_names: true,
    },
    Page {
        name: "redis_py_cluster",
        text: include_str!("../../../src/guide/coming_from_redis_py_cluster.md"),
        lists: &[include_str!("redis_py.txt"), include_str!("redis_py_cluster.txt")],
        leaves_out_same_names: false,
    },
    Page {
        name: "coredis",
        text: include_str!("../../../src/guide/coming_from_coredis.md"),
        lists: &[include_str!("coredis.txt")],
        leaves_out_same_names: false,
    },
];

/// A row of a table of commands.
struct Row<'a> {
    /// The names of the client's methods.
    names: Vec<&'a str>,
    ours: &'a str,
    difference: &'a str,
}

impl Page {
    /// The names that the client has: each line but the first.
    fn methods(&self) -> BTreeSet<&'static str> {
        self.lists.iter().flat_map(|list| list.lines().skip(1)).collect()
    }

    /// The rows of all tables behind the heading `Commands`, without the heads.
    fn rows(&self) -> Vec<Row<'static>> {
        let (_, tables) = self.text.split_once("\n# Commands\n").expect("has that heading");
        let rows: Vec<_> = tables.lines().filter(|line| line.starts_with("| `")).map(row).collect();
        assert!(rows.len() > 50, "{}: {} rows", self.name, rows.len());
        rows
    }
}

fn row(line: &str) -> Row<'_> {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    let ["", names, ours, difference, ""] = cells[..] else { panic!("three cells: {line}") };
    Row { names: spans(names).map(without_arguments).collect(), ours, difference }
}

/// What stands between backticks.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// `set(key, value)` is `set`, and `json().get(key)` is `json().get`.
fn without_arguments(call: &str) -> &str {
    let mut parentheses = call.match_indices('(');
    let arguments = parentheses.find(|(at, _)| !call[*at..].starts_with("()."));
    arguments.map_or(call, |(at, _)| &call[..at])
}

/// The names that follow a word.
fn behind<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(word).map(move |(at, _)| name(&text[at + word.len()..]))
}

/// The name that a text begins with.
fn name(text: &str) -> &str {
    let is_end = |letter: char| !letter.is_alphanumeric() && letter != '_';
    &text[..text.find(is_end).unwrap_or(text.len())]
}

/// The functions of `hashslot::cmd`.
fn commands() -> BTreeSet<String> {
    functions().into_iter().map(|function| function.name).collect()
}

#[test]
fn each_method_of_a_client_has_a_row() {
    let commands = commands();
    for page in &PAGES {
        let mut counts = BTreeMap::<&str, usize>::new();
        for row in page.rows() {
            for name in BTreeSet::from_iter(row.names) {
                *counts.entry(name).or_default() += 1;
            }
        }
        let methods = page.methods();
        let is_left_out = |name: &str| page.leaves_out_same_names && commands.contains(name);
        let mut without: Vec<&str> = methods.iter().copied().collect();
        without.retain(|name| !counts.contains_key(name) && !is_left_out(name));
        assert!(without.is_empty(), "{}: no row for {without:?}", page.name);
        let foreign: Vec<_> = counts.keys().filter(|name| !methods.contains(*name)).collect();
        assert!(foreign.is_empty(), "{}: the client has no {foreign:?}", page.name);
        let twice: Vec<_> = counts.iter().filter(|(_, count)| **count > 1).collect();
        assert!(twice.is_empty(), "{}: more than one row for {twice:?}", page.name);
    }
}

#[test]
fn each_command_of_a_page_is_a_function() {
    let commands = commands();
    for page in &PAGES {
        let named = behind(page.text, "cmd::").filter(|name| name.starts_with(char::is_lowercase));
        let missing: BTreeSet<_> = named.filter(|name| !commands.contains(*name)).collect();
        assert!(missing.is_empty(), "{}: there is no function {missing:?}", page.name);
    }
}

#[test]
fn each_option_of_a_page_is_a_method() {
    let mut sources = String::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["src/cmd", "src/command", "src/plan", "src/procedure", "src/topology"] {
        for entry in fs::read_dir(root.join(folder)).expect("is there") {
            let path = entry.expect("can be read").path();
            if path.is_file() {
                sources += &fs::read_to_string(path).expect("is text");
            }
        }
    }
    let mut methods: BTreeSet<&str> = behind(&sources, "fn ").collect();
    // Filters of connections, which a macro makes: `user / not_user: "USER" / "NOT-USER"`.
    let filters = sources.lines().filter(|line| line.contains(" / not_"));
    methods.extend(filters.map(|line| name(line.trim())));
    for page in &PAGES {
        let cells = page.rows().into_iter().flat_map(|row| [row.ours, row.difference]);
        let options = cells.flat_map(spans).filter(|span| span.starts_with('.'));
        let options = options.flat_map(|span| span.split_inclusive('(').filter_map(option));
        let missing: BTreeSet<_> = options.filter(|option| !methods.contains(option)).collect();
        assert!(missing.is_empty(), "{}: there is no method {missing:?}", page.name);
    }
}

/// The name of a method, of what ends in its parenthesis: `0).with_scores(`.
fn option(text: &str) -> Option<&str> {
    Some(name(text.strip_suffix('(')?.rsplit_once('.')?.1))
}

#[test]
fn a_command_that_a_page_sends_by_its_name_has_no_function() {
    let commands = commands();
    for page in &PAGES {
        for row in page.rows() {
            for sent in row.ours.split("Command::new(\"").skip(1) {
                let (name, _) = sent.split_once('"').expect("the end of the name");
                let function = name.to_ascii_lowercase().replace([' ', '.'], "_");
                assert!(!commands.contains(&function), "{}: {name} has a function", page.name);
            }
        }
    }
}

#[test]
fn each_list_says_what_it_is_of() {
    for list in PAGES.iter().flat_map(|page| page.lists) {
        let (head, names) = list.split_once('\n').expect("has lines");
        assert!(head.contains(char::is_numeric) && head.contains('/'), "{head}");
        assert!(names.lines().is_sorted_by(|one, other| one < other), "{head}: not in order");
    }
}
