//! What a refusal advises can be followed: all that its text names exists, and works today.

use std::collections::BTreeSet;

use hashslot::error::Rejection;
use hashslot::{Call, Cluster, Command, Config};

use super::generate::{fact, lines};

/// Words in capitals that are neither commands nor parts of their names.
const OTHER_WORDS: [&str; 3] = ["URL", "HTTP", "BLOCK"];
/// What the servers' own tools have.
const OF_TOOLS: [&str; 2] = ["redis-cli --ldb", "redis-cli --rdb"];

fn cluster() -> Cluster<()> {
    let seeds = vec!["127.0.0.1:7000".parse().unwrap()];
    Cluster::new(Config::default(), seeds, 1).unwrap()
}

/// What is said of a command of this name, if it is refused on shared connections.
fn refusal(cluster: &Cluster<()>, name: &str) -> Option<String> {
    let mut words = name.split(' ');
    let first = Command::new(words.next().unwrap());
    let command = words.fold(first, Command::arg);
    // Enough arguments for any; the option counts for those that wait with it only.
    let options = ["BLOCK", "0", "STREAMS", "1", "1", "1"];
    let command = options.into_iter().fold(command, Command::arg);
    match cluster.explain(Call::new(command)) {
        Err(error) => match error.rejection() {
            Some(Rejection::NotAllowedHere { instead }) => Some((*instead).to_owned()),
            _ => None,
        },
        Ok(_) => None,
    }
}

/// The names of settings and of methods.
fn is_of_the_crate(name: &str) -> bool {
    let settings = include_str!("../../../src/url/parameters.md");
    let methods = include_str!("../../../runtimes/client.rs");
    settings.contains(&format!("| `{name}` |"))
        || [" fn ", " async fn "].iter().any(|keyword| {
            ["(", "<"].iter().any(|end| methods.contains(&format!("pub{keyword}{name}{end}")))
        })
}

/// Names that exist, and what is named and does not.
fn names(cluster: &Cluster<()>, text: &str) -> Result<usize, String> {
    let commands: BTreeSet<_> = lines(super::COMMANDS).map(|line| fact(line).name).collect();
    let mut found = OF_TOOLS.iter().filter(|tool| text.contains(*tool)).count();
    if text.contains("redis-cli") && found == 0 {
        return Err("another option of redis-cli".to_owned());
    }
    for name in text.split('`').skip(1).step_by(2) {
        if !is_of_the_crate(name) {
            return Err(format!("there is no {name}"));
        }
        found += 1;
    }
    let words: Vec<_> = text.split([' ', ';', ',']).collect();
    let is_name = |word: &str| word.len() > 2 && word.bytes().all(|byte| byte.is_ascii_uppercase());
    for (index, word) in words.iter().enumerate().filter(|(_, word)| is_name(word)) {
        let pair = |first: usize| words.get(first..first + 2).map(|pair| pair.join(" "));
        let before = index.checked_sub(1).and_then(pair);
        if OTHER_WORDS.contains(word) || before.is_some_and(|pair| commands.contains(&*pair)) {
            continue;
        }
        let command = pair(index).filter(|pair| commands.contains(&**pair));
        let command = command.unwrap_or_else(|| (*word).to_owned());
        if !commands.contains(&*command) {
            return Err(format!("there is no command {command}"));
        }
        if command != "XREAD" && refusal(cluster, &command).is_some() {
            return Err(format!("{command} is refused as well"));
        }
        found += 1;
    }
    Ok(found)
}

#[test]
fn every_refusal_names_what_exists_or_what_is_not_there_yet() {
    let cluster = cluster();
    let (mut refused, mut wrong) = (0, Vec::new());
    for name in lines(super::COMMANDS).map(|line| fact(line).name) {
        let Some(text) = refusal(&cluster, name) else { continue };
        refused += 1;
        let is_missing = text.starts_with("hashslot has no ") && text.contains(" yet");
        let is_not_for_clients = text.starts_with("only ") || text.contains("HTTP");
        match names(&cluster, &text) {
            Ok(0) if !is_missing && !is_not_for_clients => wrong.push(format!("{name}: {text}")),
            Ok(_) => {}
            Err(problem) => wrong.push(format!("{name}: {text}: {problem}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(refused > 40, "{refused}");
}
