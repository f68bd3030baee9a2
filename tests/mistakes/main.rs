//! What the compiler says to mistakes that everyone makes: one error each, with what to write
//! instead.
//!
//! Each file in `programs` has one mistake, and the hint that its error has to give in the first
//! line. All errors are in `errors.md`, for a reviewer to read; `HASHSLOT_BLESS=1 cargo test --test
//! mistakes` writes it. Compilers differ in what else they tell: only the message, the label and
//! the notes of this crate are compared.

#![allow(
    clippy::indexing_slicing,
    clippy::unnecessary_debug_formatting,
    reason = "paths are written with quotes, and what is wrong in a test ends it"
)]

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

type Failure = Box<dyn Error>;

/// What stands before the hint in the first line of a program.
const HINT: &str = "The hint: ";
/// Notes of the compiler's own begin like this.
const NOT_OURS: [&str; 4] = ["required for", "this error originates", "the full name", "consider"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The programs, by name.
fn programs() -> Result<BTreeMap<String, PathBuf>, Failure> {
    let mut programs = BTreeMap::new();
    for entry in fs::read_dir(root().join("tests/mistakes/programs"))? {
        let path = entry?.path();
        let name = path.file_stem().ok_or("a file has a name")?.to_string_lossy().into_owned();
        programs.insert(name, path);
    }
    Ok(programs)
}

/// What the compiler prints for all programs, which use the crate as it is. Needs no network.
fn compiled(programs: &BTreeMap<String, PathBuf>) -> Result<String, Failure> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mistakes");
    fs::create_dir_all(&folder)?;
    let mut manifest = format!(
        "[package]\nname = \"mistakes\"\nedition = \"2024\"\nautobins = false\n\n\
         [dependencies]\nhashslot = {{ path = {:?}, features = [\"std\"] }}\n\n[workspace]\n",
        root()
    );
    for (name, path) in programs {
        write!(manifest, "\n[[bin]]\nname = {name:?}\npath = {path:?}\n")?;
    }
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["check", "--bins", "--keep-going", "--offline", "--color", "never"])
        .arg("--target-dir")
        .arg(folder.join("target"))
        .current_dir(&folder)
        .output()?;
    Ok(String::from_utf8_lossy(&output.stderr).into_owned())
}

/// What an error says, without what compilers differ in.
fn said(error: &str) -> String {
    let message = error.split_once(": ").map_or(error, |(_, text)| text);
    let mut said = message.lines().next().unwrap_or_default().to_owned();
    let mut is_labelled = false;
    for line in error.lines() {
        let label = line.rsplit_once('^').map_or("", |(_, label)| label.trim());
        if !label.is_empty() && !is_labelled {
            is_labelled = true;
            said.extend(["\n  - ", label]);
        }
        if let Some((_, note)) = line.split_once("= note: ")
            && !NOT_OURS.iter().any(|begin| note.starts_with(begin))
        {
            said.extend(["\n  - ", note]);
        }
    }
    said
}

/// The errors in each program.
fn errors(printed: &str, programs: &BTreeMap<String, PathBuf>) -> BTreeMap<String, Vec<String>> {
    let mut errors: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for block in printed.split("\n\n") {
        let Some(start) = block
            .find("error[")
            .filter(|start| *start == 0 || block.as_bytes().get(start - 1) == Some(&b'\n'))
        else {
            continue;
        };
        let error = &block[start..];
        let place = error.lines().find(|line| line.trim_start().starts_with("--> "));
        let place = place.unwrap_or_default();
        let file = place.split_once("--> ").and_then(|(_, place)| place.split_once(".rs:"));
        let name = file.and_then(|(file, _)| Path::new(file).file_name()?.to_str());
        let name = name.filter(|name| programs.contains_key(*name));
        let name = name.map_or_else(|| panic!("an error elsewhere:\n{error}"), str::to_owned);
        errors.entry(name).or_default().push(said(error));
    }
    errors
}

#[test]
fn each_mistake_is_one_error_that_says_what_to_write() -> Result<(), Failure> {
    let programs = programs()?;
    let printed = compiled(&programs)?;
    let errors = errors(&printed, &programs);
    let mut text = String::from(
        "# What the compiler says to mistakes\n\n\
         Written by a test: `HASHSLOT_BLESS=1 cargo test --test mistakes`.\n",
    );
    for (name, path) in &programs {
        let source = fs::read_to_string(path)?;
        let head = source.lines().next().unwrap_or_default();
        let (what, hint) =
            head.split_once(HINT).ok_or_else(|| format!("{name} promises no hint"))?;
        let errors = errors.get(name).map_or(&[][..], Vec::as_slice);
        let [error] = errors else {
            panic!("{name}: {} errors, not one: {errors:#?}\n{printed}", errors.len());
        };
        assert!(error.contains(hint), "{name}: the hint `{hint}` is missing:\n{error}");
        let what = what.trim_start_matches("//! ").trim();
        write!(text, "\n## {name}\n\n{what}\n\n- {error}\n")?;
    }
    let golden = root().join("tests/mistakes/errors.md");
    if env::var_os("HASHSLOT_BLESS").is_some() {
        return Ok(fs::write(golden, text)?);
    }
    assert_eq!(fs::read_to_string(golden)?, text, "run the test with HASHSLOT_BLESS=1");
    Ok(())
}
