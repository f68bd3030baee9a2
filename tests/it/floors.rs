//! The inner walls of the machine: read from its sources.
//!
//! Each file of `src/cluster` whose methods are the machine's tells its floor in its first line. A
//! method calls methods of its own file and of lower floors. So no two files call each other, and a
//! file is understood with what is below it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A method of the machine, and the methods that it calls.
struct Method {
    file: String,
    calls: BTreeSet<String>,
}

/// The door is above all rooms.
const DOOR: &str = "mod";

fn sources() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cluster");
    let files =
        fs::read_dir(folder).expect("is there").map(|file| file.expect("can be read").path());
    let text = |path: &Path| fs::read_to_string(path).expect("is text");
    let name = |path: &Path| path.file_stem().expect("has a name").to_string_lossy().into_owned();
    files.filter(|path| path.is_file()).map(|path| (name(&path), text(&path))).collect()
}

/// The name behind a marker, if a line has it.
fn name_behind<'a>(line: &'a str, marker: &str) -> Option<&'a str> {
    let rest = line.split_once(marker)?.1;
    let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
    Some(&rest[..end.unwrap_or(rest.len())])
}

/// The name at the beginning of a text, if it is called there.
fn called(text: &str) -> Option<&str> {
    let (name, _) = text.split_once('(')?;
    name.chars().all(|letter| letter.is_alphanumeric() || letter == '_').then_some(name)
}

/// All methods of the machine by their names.
fn methods() -> BTreeMap<String, Method> {
    let mut methods: BTreeMap<String, Method> = BTreeMap::new();
    for (file, text) in sources() {
        let mut is_inside = false;
        let mut current = None;
        for line in text.split("#[cfg(test)]\nmod").next().unwrap_or_default().lines() {
            if line.starts_with("impl<T> Cluster<T>") {
                is_inside = true;
            } else if line.starts_with('}') {
                is_inside = false;
            } else if !is_inside || line.trim_start().starts_with("//") {
                continue;
            }
            let declares = line.starts_with("    ") && !line.starts_with("     ");
            if let Some(name) = name_behind(line, "fn ").filter(|_| declares) {
                let method = Method { file: file.clone(), calls: BTreeSet::new() };
                assert!(methods.insert(name.to_owned(), method).is_none(), "{name} is there twice");
                current = Some(name.to_owned());
            }
            // A chain that is too long for one line begins with the object alone.
            assert!(line.trim() != "self", "{file}: this test does not read on in the next line");
            let Some(method) = current.as_ref().and_then(|name| methods.get_mut(name)) else {
                continue;
            };
            for marker in ["self.", "Self::"] {
                let places = line.match_indices(marker).map(|(at, _)| &line[at + marker.len()..]);
                method.calls.extend(places.filter_map(called).map(str::to_owned));
            }
        }
    }
    let names: BTreeSet<_> = methods.keys().cloned().collect();
    for method in methods.values_mut() {
        method.calls.retain(|call| names.contains(call));
    }
    methods
}

/// The floor of a file, from its first line.
fn floor(text: &str) -> Option<u32> {
    text.lines().next()?.strip_prefix("//! Floor ")?.split(':').next()?.parse().ok()
}

#[test]
fn methods_call_only_what_is_below_them() {
    let sources = sources();
    let methods = methods();
    assert!(methods.len() > 150, "{} methods are known", methods.len());
    let floor_of = |file: &str| match file {
        DOOR => u32::MAX,
        _ => floor(&sources[file]).unwrap_or_else(|| panic!("{file}.rs does not tell its floor")),
    };
    let mut wrong = Vec::new();
    for (name, method) in &methods {
        for call in &method.calls {
            let called = &methods[call];
            if called.file != method.file && floor_of(&called.file) >= floor_of(&method.file) {
                wrong.push(format!("{}::{name} calls {}::{call}", method.file, called.file));
            }
        }
    }
    assert!(wrong.is_empty(), "these calls go up:\n{}", wrong.join("\n"));
}

/// Methods of one file could still call each other in a circle.
#[test]
fn no_method_calls_itself_over_others() {
    let methods = methods();
    let mut left: BTreeSet<&String> = methods.keys().collect();
    loop {
        let is_done = |name: &&String| methods[*name].calls.iter().all(|call| !left.contains(call));
        let done: Vec<_> = left.iter().copied().filter(|name| is_done(name)).collect();
        if done.is_empty() {
            break;
        }
        left.retain(|name| !done.contains(name));
    }
    assert!(left.is_empty(), "these methods call each other in a circle: {left:?}");
}
