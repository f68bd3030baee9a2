//! The pictures of states in `ARCHITECTURE.md`, held against the lists in the sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("is there")
}

/// The names of the states that a source lists.
fn listed(path: &str, list: &str) -> BTreeSet<String> {
    let text = read(path);
    let body = text.split_once(&format!("enum {list} {{\n")).expect("is there").1;
    let body = body.split_once("\n}").expect("has an end").0;
    let name = |line: &str| {
        let end = line.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(line.len());
        line[..end].to_owned()
    };
    let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
    lines.filter(|line| line.starts_with(char::is_uppercase)).map(name).collect()
}

/// The names of the states in the picture below a heading: its words with a capital.
fn drawn(heading: &str) -> BTreeSet<String> {
    let text = read("ARCHITECTURE.md");
    let below = text.split_once(&format!("\n### {heading}\n")).expect("has the heading").1;
    let picture = below.split("```").nth(1).expect("has a picture");
    let words = picture.split(|letter: char| !letter.is_alphanumeric());
    words.filter(|word| word.starts_with(char::is_uppercase)).map(str::to_owned).collect()
}

#[test]
fn the_picture_of_a_part_has_each_place() {
    assert_eq!(drawn("A part"), listed("src/cluster/calls.rs", "Place"));
}

#[test]
fn the_picture_of_a_link_has_each_state() {
    let mut states = listed("src/link/mod.rs", "State");
    assert!(states.remove("SettingUp"), "its two handshakes are told apart");
    states.extend(listed("src/link/mod.rs", "Handshake"));
    assert_eq!(drawn("A link"), states);
}

#[test]
fn the_picture_of_a_round_has_each_stage() {
    assert_eq!(drawn("A round"), listed("src/cluster/rounds.rs", "Stage"));
}
