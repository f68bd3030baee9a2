//! What Tab offers: names of commands and of subcommands, in the case of what is typed.

use hashslot::command::CommandInfo;

/// Where the word before the end of this text begins, and the words that it may become. The only
/// one has a blank behind it.
pub(crate) fn candidates(text: &str) -> (usize, Vec<String>) {
    let start = text.rfind([' ', '\t']).map_or(0, |blank| blank + 1);
    let (before, typed) = text.split_at(start);
    let mut words = before.split_ascii_whitespace();
    let (container, hint) = match (words.next(), words.next()) {
        (None, _) => (None, typed),
        (Some(name), None) => match CommandInfo::of(name) {
            Some(info) if info.has_subcommands => {
                (Some(info.name), if typed.is_empty() { name } else { typed })
            }
            _ => return (start, Vec::new()),
        },
        // Arguments: what they may be is not known.
        (Some(_), Some(_)) => return (start, Vec::new()),
    };
    let is_lower = hint.chars().rfind(char::is_ascii_alphabetic).is_some_and(char::is_lowercase);
    let mut found: Vec<_> =
        names(container).filter_map(|name| continued(typed, name, is_lower)).collect();
    if let [only] = &mut *found {
        only.push(' ');
    }
    (start, found)
}

/// The names of all commands, or those of the subcommands of one.
fn names(container: Option<&'static str>) -> impl Iterator<Item = &'static str> {
    CommandInfo::all().iter().filter_map(move |info| match (container, info.name.split_once(' ')) {
        (None, None) => Some(info.name),
        (Some(container), Some((of, subcommand))) => (of == container).then_some(subcommand),
        (None, Some(_)) | (Some(_), None) => None,
    })
}

/// What is typed, and what the name has more than that.
fn continued(typed: &str, name: &str, is_lower: bool) -> Option<String> {
    let (begin, rest) = name.split_at_checked(typed.len())?;
    let rest = if is_lower { rest.to_ascii_lowercase() } else { rest.to_owned() };
    begin.eq_ignore_ascii_case(typed).then(|| typed.to_owned() + &rest)
}
