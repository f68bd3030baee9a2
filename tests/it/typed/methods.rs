//! Makes `src/cmd/commands.rs`: the trait that has a method for each typed command.
//!
//! `HASHSLOT_BLESS=1 cargo test --test it typed::methods` writes it.

use std::env;
use std::fmt::Write as _;
use std::fs;

use super::sources::{Function, files, functions, read};

const HEAD: &str = r#"//! The methods of whatever runs typed commands.
//!
//! Made from the functions of this module, and not to be changed by hand:
//! `HASHSLOT_BLESS=1 cargo test --test it typed::methods` makes it anew.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;

#[allow(clippy::wildcard_imports, reason = "the types of all typed commands")]
use super::*;
use crate::command::{FromValue, OneOrMore, PairOrMore, ToArg};

/// The server commands as methods: of every client, and of everything else that is an
/// [`Executor`].
///
/// Each method runs the typed command that the function of the same name in [`cmd`](super) makes.
/// To set options, make the command with that function and pass it to [`run`](Self::run).
///
/// # Errors
/// All methods fail in the same way: [`Error`](crate::Error) says what happened, and
/// [`Error::may_have_executed`](crate::Error::may_have_executed) whether it is safe to run the
/// command again. An error reply is
/// [`Failure::Server`](crate::error::Failure::Server), a reply of another type than asked for is
/// [`Failure::Conversion`](crate::error::Failure::Conversion).
///
#[cfg_attr(feature = "blocking", doc = "```no_run")]
#[cfg_attr(not(feature = "blocking"), doc = "```ignore")]
/// use hashslot::{Commands, blocking::Client, cmd};
///
/// let client = Client::connect("redis://10.0.0.1:7000")?;
/// client.rpush("queue", ["a", "b"])?;
/// let first: Option<String> = client.lpop("queue")?;
/// let two: Option<Vec<String>> = client.run(cmd::lpop::<()>("queue").count(2))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Commands: Executor {
    /// Runs a typed command: one with options, or of your own.
    ///
    /// ```
    /// use std::time::Duration;
    /// use hashslot::{Commands, cmd};
    /// fn lock<E: Commands>(executor: &E, token: &str) -> E::Output<bool> {
    ///     executor.run(cmd::set("lock", token).nx().ttl(Duration::from_secs(30)))
    /// }
    /// ```
    #[inline]
    fn run<C: TypedCommand>(&self, command: C) -> Self::Output<C::Reply> {
        self.execute(command)
    }

"#;

#[test]
fn there_is_a_method_for_each_typed_command() {
    let made = make();
    if made == read("commands.rs") {
        return;
    }
    if env::var_os("HASHSLOT_BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cmd/commands.rs");
        return fs::write(path, made).expect("can be written");
    }
    panic!("commands.rs is not up to date: HASHSLOT_BLESS=1 cargo test --test it typed::methods");
}

fn make() -> String {
    let functions = functions();
    let mut text = HEAD.to_owned();
    for file in files() {
        writeln!(text, "    // --- {} ---\n", file.replace('_', " ")).expect("fits");
        for function in functions.iter().filter(|function| function.file == file) {
            text += &method(function);
            text.push('\n');
        }
    }
    text.truncate(text.trim_end().len());
    text + "\n}\n\nimpl<E: Executor + ?Sized> Commands for E {}\n"
}

fn method(function: &Function) -> String {
    let Function { name, generics, parameters, returns, reply, .. } = function;
    let mut text = String::new();
    for line in docs(&function.docs) {
        writeln!(text, "    {line}").expect("fits");
    }
    if returns != "Typed" {
        writeln!(text, "    ///\n    /// Options: [`{returns}`].").expect("fits");
    }
    for line in function.docs.iter().filter(|line| line.starts_with("#[doc(alias")) {
        writeln!(text, "    {line}").expect("fits");
    }
    let mut all = vec!["&self".to_owned()];
    all.extend(parameters.iter().cloned());
    let flat = format!("    fn {name}{generics}({}) -> Self::Output<{reply}> {{", all.join(", "));
    if flat.len() <= 100 {
        writeln!(text, "{flat}").expect("fits");
    } else {
        writeln!(text, "    fn {name}{generics}(").expect("fits");
        for parameter in all {
            writeln!(text, "        {parameter},").expect("fits");
        }
        writeln!(text, "    ) -> Self::Output<{reply}> {{").expect("fits");
    }
    let names = parameters.iter().map(|parameter| {
        parameter.split(':').next().unwrap_or_default().trim_start_matches("mut ")
    });
    let names = names.collect::<Vec<_>>().join(", ");
    writeln!(text, "        self.execute({name}({names}))\n    }}").expect("fits");
    text
}

/// The comments without their examples, which show the function; deeper inside, so narrower.
fn docs(lines: &[String]) -> Vec<String> {
    let mut kept: Vec<&str> = Vec::new();
    let mut in_example = false;
    for line in lines.iter().filter(|line| line.starts_with("///")) {
        if line.starts_with("/// ```") {
            in_example = !in_example;
        } else if !in_example {
            kept.push(line);
        }
    }
    while kept.last() == Some(&"///") {
        kept.pop();
    }
    let kept: Vec<String> = kept.into_iter().map(without_path).collect();
    let kept: Vec<&str> = kept.iter().map(String::as_str).collect();
    let is_text = |line: &&str| line.len() > 4 && !line[4..].starts_with(['-', '|', ' ']);
    let paragraphs = kept.chunk_by(|before, after| is_text(before) && is_text(after));
    paragraphs.flat_map(wrap).collect()
}

/// A line whose links have no path: the trait sees everything by its name.
fn without_path(line: &str) -> String {
    let mut line = line.to_owned();
    while let Some(start) = line.find("](super::") {
        let end = line[start..].find(')').map_or(line.len(), |at| start + at + 1);
        line.replace_range(start + 1..end, "");
    }
    line
}

/// The lines of a paragraph, broken again if one of them is too long.
fn wrap(paragraph: &[&str]) -> Vec<String> {
    const WIDTH: usize = 96;
    if paragraph.iter().all(|line| line.chars().count() <= WIDTH) {
        return paragraph.iter().map(|&line| line.to_owned()).collect();
    }
    let mut lines = vec!["///".to_owned()];
    for word in paragraph.iter().flat_map(|line| line.trim_start_matches("///").split_whitespace())
    {
        let line = lines.last_mut().expect("not empty");
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(format!("/// {word}"));
        } else {
            *line += " ";
            *line += word;
        }
    }
    lines
}
