//! The generator of the table: facts and decisions become rows, and places where rows are found.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use super::hash::{self, GROUP_COUNT, PLACE_COUNT};

/// What marks the place of a subcommand.
const SUBCOMMAND: u16 = 1 << 15;

const HEAD: &str = "\
//! Every row of the table, and where each is found.
//!
//! Made from `commands.txt` and `decisions.txt`, and not to be changed by hand:
//! `HASHSLOT_BLESS=1 cargo test --test it table` makes it anew.

use super::{CommandInfo, counted, range, row};
use crate::command::info::{KeyShape, RequestPolicy, ResponsePolicy};

use KeyShape::{At, Migrate, None as NoKey, Sort, Store, Stralgo, Streams};
use RequestPolicy::{
    AllNodes, AllShards, AnyNode, ExplicitNode, MultiShard, SlotArgument, SlotOwners,
};
use ResponsePolicy::{
    AllSucceeded, And, Concat, KeyOrder, Max, Min, NonNull, OneSucceeded, PerNode, Single,
    SlotStats, Sum, SumByName, Union,
};
";

/// A line of `commands.txt`.
pub(super) struct Fact<'a> {
    pub(super) name: &'a str,
    arity: &'a str,
    keys: &'a str,
    flags: &'a str,
    pub(super) tips: &'a str,
}

/// What a line of `decisions.txt` decides for one command: calls of functions of a row.
struct Decision {
    /// Where it goes, if that is decided.
    to: Option<String>,
    marks: String,
    is_used: bool,
}

#[test]
fn the_table_is_what_data_and_decisions_make() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/command/table");
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
    let made = generate(super::COMMANDS, &read("decisions.txt"));
    if made == read("rows.rs") {
        return;
    }
    if env::var_os("HASHSLOT_BLESS").is_some() {
        return fs::write(folder.join("rows.rs"), made).expect("the file can be written");
    }
    panic!("rows.rs is not up to date: HASHSLOT_BLESS=1 cargo test --test it table");
}

fn generate(commands: &str, decisions: &str) -> String {
    let mut info: Vec<_> = lines(commands).map(fact).collect();
    info.sort_by_key(|fact| fact.name);
    for pair in info.windows(2) {
        assert!(pair[0].name != pair[1].name, "{} is there twice", pair[0].name);
    }
    let mut decisions = decided(decisions, &info);
    let mut text = HEAD.to_owned();
    let names: Vec<_> = info.iter().map(|fact| fact.name).collect();
    places(&mut text, &names);
    text.push_str("\n/// Every row, sorted by name.\n#[rustfmt::skip]\n");
    writeln!(text, "pub(super) static TABLE: [CommandInfo; {}] = [", info.len()).unwrap();
    for fact in &info {
        let has_subcommands =
            names.iter().any(|name| name.split_once(' ').is_some_and(|(it, _)| it == fact.name));
        let decision = decisions.get_mut(fact.name);
        writeln!(text, "    {},", row(fact, has_subcommands, decision)).unwrap();
    }
    text.push_str("];\n");
    for (name, decision) in decisions {
        assert!(decision.is_used, "decisions.txt has {name}, which commands.txt has not");
    }
    text
}

pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty())
}

pub(super) fn fact(line: &str) -> Fact<'_> {
    let (name, rest) = line.split_once("  ").expect("a name, then two blanks");
    let columns: Vec<_> = rest.split_whitespace().collect();
    let [arity, keys, flags, tips] = columns[..] else { panic!("not four columns: {line}") };
    Fact { name, arity, keys, flags, tips }
}

fn decided(decisions: &str, info: &[Fact<'_>]) -> BTreeMap<String, Decision> {
    let mut all = BTreeMap::new();
    for line in lines(decisions) {
        let columns: Vec<_> = line.split('|').map(str::trim).collect();
        let [names, what, reason] = columns[..] else { panic!("not three columns: {line}") };
        assert!(!reason.is_empty(), "no reason: {line}");
        for name in names.split(", ") {
            let of_all = name.strip_prefix('*');
            let meant = info.iter().map(|fact| fact.name).filter(|it| match of_all {
                Some(end) => it.ends_with(end),
                None => *it == name,
            });
            let meant: Vec<_> = meant.collect();
            assert!(!meant.is_empty(), "decisions.txt has {name}, which commands.txt has not");
            for name in meant {
                let earlier = all.insert(name.to_owned(), decision(what));
                assert!(earlier.is_none(), "{name} is decided twice");
            }
        }
    }
    all
}

/// What a decision says.
fn decision(what: &str) -> Decision {
    let (refused, words) = match what.strip_prefix("refused \"") {
        Some(rest) => {
            rest.split_once('"').map(|(text, words)| (Some(text), words)).expect("a quote")
        }
        None => (None, what),
    };
    let (mut request, mut reply, mut marks) = (None, "Single", String::new());
    for word in words.split_whitespace() {
        match word {
            "overtakes" | "repeatable" | "script" | "secret" => write!(marks, ".{word}()").unwrap(),
            _ if request.is_none() => request = Some(request_of(word)),
            _ => reply = reply_of(word),
        }
    }
    let refused = refused.map(|text| format!(".refused({text:?})"));
    let to = refused.or_else(|| Some(format!(".to({}, {reply})", request?)));
    assert!(to.is_some() || !marks.is_empty(), "nothing is decided");
    Decision { to, marks, is_used: false }
}

fn request_of(word: &str) -> &'static str {
    match word {
        "keyed" => "Keyed",
        "multi-shard" | "multi_shard" => "MultiShard",
        "slot-argument" => "SlotArgument",
        "slot-owners" => "SlotOwners",
        "any" => "AnyNode",
        "all-shards" | "all_shards" => "AllShards",
        "all-nodes" | "all_nodes" => "AllNodes",
        "explicit" => "ExplicitNode",
        _ => panic!("it goes {word}?"),
    }
}

fn reply_of(word: &str) -> &'static str {
    match word {
        "single" => "Single",
        "all-succeeded" | "all_succeeded" => "AllSucceeded",
        "one-succeeded" | "one_succeeded" => "OneSucceeded",
        "and" | "agg_logical_and" => "And",
        "min" | "agg_min" => "Min",
        "max" | "agg_max" => "Max",
        "sum" | "agg_sum" => "Sum",
        "concat" => "Concat",
        "union" => "Union",
        "sum-by-name" => "SumByName",
        "key-order" => "KeyOrder",
        "non-null" => "NonNull",
        "slot-stats" => "SlotStats",
        "per-node" => "PerNode",
        _ => panic!("replies become one by {word}?"),
    }
}

fn row(fact: &Fact<'_>, has_subcommands: bool, decision: Option<&mut Decision>) -> String {
    let Fact { name, arity, .. } = fact;
    let mut text = format!("row({name:?}, {arity}, {})", keys(fact.keys));
    for flag in fact.flags.split(',') {
        text.push_str(match flag {
            "readonly" => ".reads()",
            "blocking" => ".waits()",
            "-" => "",
            _ => panic!("{name} has the flag {flag}"),
        });
    }
    if has_subcommands {
        text.push_str(".container()");
    }
    let (to, marks) = match decision {
        Some(decision) => {
            decision.is_used = true;
            (decision.to.as_deref(), &*decision.marks)
        }
        None => (None, ""),
    };
    if let Some(to) = to {
        text.push_str(to);
    } else if let Some((request, reply)) = fact.tips.split_once('/') {
        write!(text, ".to({}, {})", request_of(request), reply_of(reply)).unwrap();
    } else {
        let is_clear = fact.tips == "-" && fact.keys != "-";
        assert!(is_clear, "{name} has no keys, or a tip that says too little: decide");
    }
    text.push_str(marks);
    text.replace(".to(Keyed, Single)", "")
}

fn keys(shape: &str) -> String {
    if let Some((destination, counted)) = shape.split_once("+#") {
        return format!("counted({destination}, {counted}, 1)");
    }
    if let Some(counted) = shape.strip_prefix('#') {
        let (count, step) = counted.split_once('/').unwrap_or((counted, "1"));
        return format!("counted(0, {count}, {step})");
    }
    if let Some((first, last)) = shape.split_once("..") {
        let (last, step) = last.split_once('/').unwrap_or((last, "1"));
        return format!("range({first}, {last}, {step})");
    }
    match shape.split_once('@') {
        Some(("streams", from)) => format!("Streams {{ from: {from} }}"),
        Some(("store", from)) => format!("Store {{ from: {from} }}"),
        Some(_) => panic!("the shape {shape}"),
        None if shape == "-" => "NoKey".to_owned(),
        None if shape == "sort" => "Sort".to_owned(),
        None if shape == "migrate" => "Migrate".to_owned(),
        None if shape == "stralgo" => "Stralgo".to_owned(),
        None => format!("At({shape})"),
    }
}

/// Writes where each row is found: tries until each name has a place of its own.
fn places(text: &mut String, names: &[&str]) {
    let (seed, moved_by, places) = (0..1000_u64)
        .find_map(|seed| place(seed, names).map(|(moved_by, places)| (seed, moved_by, places)))
        .expect("one seed of many");
    writeln!(text, "\n/// What all hashes begin with.\npub(super) const SEED: u64 = {seed};")
        .unwrap();
    text.push_str("\n/// How far the names of each group are moved.\n");
    numbers(text, "MOVED_BY", "GROUP_COUNT", &moved_by);
    text.push_str("\n/// The number of the row of each place; 65535 if there is none.\n");
    numbers(text, "PLACES", "PLACE_COUNT", &places);
}

fn numbers(text: &mut String, name: &str, count: &str, numbers: &[u16]) {
    writeln!(text, "#[rustfmt::skip]\npub(super) static {name}: [u16; super::hash::{count}] = [")
        .unwrap();
    for line in numbers.chunks(16) {
        let line: Vec<_> = line.iter().map(u16::to_string).collect();
        writeln!(text, "    {},", line.join(", ")).unwrap();
    }
    text.push_str("];\n");
}

/// With this seed: how far each group is moved, and what lies at each place.
fn place(seed: u64, names: &[&str]) -> Option<(Vec<u16>, Vec<u16>)> {
    let mut groups: Vec<(usize, Vec<(u64, u16)>)> =
        (0..GROUP_COUNT).map(|group| (group, Vec::new())).collect();
    for (index, name) in names.iter().enumerate() {
        let (name, subcommand) = name.split_once(' ').unwrap_or((name, ""));
        let index = u16::try_from(index).expect("few rows");
        let hash = hash::fold(seed, name.as_bytes());
        let (hash, mark) = match subcommand {
            "" => (hash, 0),
            _ => (hash::fold(hash, subcommand.as_bytes()), SUBCOMMAND),
        };
        groups[hash::group(hash)].1.push((hash, index | mark));
    }
    // Those with most names first, as long as there is room.
    groups.sort_by_key(|(_, members)| usize::MAX - members.len());
    let mut moved_by = vec![0; GROUP_COUNT];
    let mut places = vec![u16::MAX; PLACE_COUNT];
    for (group, members) in groups {
        let count = u16::try_from(PLACE_COUNT).expect("few places");
        moved_by[group] = (0..count).find(|moved_by| {
            let mut wanted: Vec<_> =
                members.iter().map(|(hash, _)| hash::place(*hash, *moved_by)).collect();
            wanted.sort_unstable();
            wanted.windows(2).all(|pair| pair[0] != pair[1])
                && wanted.iter().all(|place| places[*place] == u16::MAX)
        })?;
        for (hash, index) in members {
            places[hash::place(hash, moved_by[group])] = index;
        }
    }
    Some((moved_by, places))
}
