//! The functions of `src/cmd`, read from their sources.

use std::fs;
use std::path::Path;

/// A function of `hashslot::cmd` that makes a command.
#[derive(Debug)]
pub(crate) struct Function {
    /// The file that it is in, without `.rs`.
    pub(crate) file: String,
    pub(crate) name: String,
    /// The lines before it: comments and attributes.
    pub(crate) docs: Vec<String>,
    /// With angle brackets; empty if there are none.
    pub(crate) generics: String,
    /// `key: impl ToArg`, one by one.
    pub(crate) parameters: Vec<String>,
    /// The type that it returns: `Typed` or one with options.
    pub(crate) returns: String,
    /// The type of the reply.
    pub(crate) reply: String,
}

impl Function {
    /// The names in small letters under which the documentation has it: its own, and its aliases.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let aliases = self.docs.iter().filter_map(|line| alias(line));
        std::iter::once(self.name.as_str()).chain(aliases)
    }
}

/// The name that an attribute adds to the index of the documentation.
fn alias(line: &str) -> Option<&str> {
    line.strip_prefix("#[doc(alias = \"")?.strip_suffix("\")]")
}

/// The files of `src/cmd` that have functions, in the order in which their module lists them.
pub(crate) fn files() -> Vec<String> {
    let text = read("mod.rs");
    let glob = |line: &str| Some(line.strip_prefix("pub use self::")?.strip_suffix("::*;")?.into());
    text.lines().filter_map(glob).collect()
}

/// All functions, file by file, in the order of their sources.
pub(crate) fn functions() -> Vec<Function> {
    let of = |file: String| {
        let text = read(&format!("{file}.rs"));
        parse(&file, &text)
    };
    files().into_iter().flat_map(of).collect()
}

/// A file of `src/cmd`.
pub(crate) fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cmd").join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn parse(file: &str, text: &str) -> Vec<Function> {
    let mut functions = Vec::new();
    let mut docs = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("///") || line.starts_with("#[") {
            docs.push(line.to_owned());
        } else if let Some(rest) = line.strip_prefix("pub fn ") {
            let mut head = rest.to_owned();
            while !head.ends_with('{') {
                head += lines.next().expect("a body").trim();
            }
            functions.push(function(file, std::mem::take(&mut docs), &head));
        } else {
            docs.clear();
        }
    }
    functions
}

/// Takes `name<V: A>(key: B, value: C) -> Typed<V> {` apart.
fn function(file: &str, docs: Vec<String>, head: &str) -> Function {
    let (name, rest) = head.split_at(head.find(['<', '(']).expect("parameters"));
    let open = rest.find('(').expect("parameters");
    let (generics, rest) = rest.split_at(open);
    let close = rest.rfind(") -> ").unwrap_or_else(|| panic!("{name} returns nothing"));
    let parameters = split(rest[1..close].trim_end_matches(','));
    let returned = rest[close + 5..].trim_end_matches([' ', '{']);
    let (returns, reply) = returned.split_once('<').unwrap_or_else(|| panic!("{name}: {returned}"));
    Function {
        file: file.to_owned(),
        name: name.to_owned(),
        docs,
        generics: generics.to_owned(),
        parameters,
        returns: returns.to_owned(),
        reply: reply.strip_suffix('>').expect("a bracket").to_owned(),
    }
}

/// Splits at commas that are not inside of brackets.
fn split(list: &str) -> Vec<String> {
    let (mut parts, mut depth) = (vec![String::new()], 0);
    for letter in list.chars() {
        match letter {
            '<' | '(' | '[' => depth += 1,
            '>' | ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().expect("not empty").push(letter);
    }
    parts.iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}
