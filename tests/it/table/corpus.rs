//! Argument lists for all commands: well formed with all their options, and malformed in many ways.
//!
//! The same each time: all choices come from a seed.

use hashslot::command::{CommandInfo, KeyShape};

/// Choices that look random (`SplitMix64`).
pub(super) struct Choices(u64);

impl Choices {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// Words that mean something to some command, and may be keys as well.
const WORDS: [&str; 28] = [
    "a",
    "b",
    "{a}b",
    "{}c",
    "",
    "0",
    "1",
    "2",
    "-1",
    "STORE",
    "storedist",
    "KEYS",
    "STREAMS",
    "COUNT",
    "LIMIT",
    "BY",
    "GET",
    "AUTH",
    "AUTH2",
    "STRINGS",
    "WEIGHTS",
    "BLOCK",
    "GROUP",
    "long key with blanks",
    "NX",
    "12:30",
    "\u{e9}",
    "*",
];
/// What is no number of keys, or not theirs.
const COUNTS: [&str; 12] = [
    "",
    "-1",
    "+1",
    "x",
    "1x",
    "01",
    " 1",
    "1.5",
    "1000000",
    "4294967296",
    "9223372036854775808",
    "-0",
];

/// A command without its name, which may be two words.
type Words = Vec<String>;

/// Lists for one command, beginning with its name.
pub(super) fn lists(info: &CommandInfo, choices: &mut Choices) -> Vec<Words> {
    let count = match info.keys {
        KeyShape::None => 2,
        KeyShape::At(_) | KeyShape::Range { .. } => 8,
        _ => 240,
    };
    (0..count).map(|_| list(info, choices)).collect()
}

fn list(info: &CommandInfo, choices: &mut Choices) -> Words {
    let mut words: Words = info.name.split(' ').map(str::to_owned).collect();
    match info.keys {
        KeyShape::Counted { destination, count, step, .. } => {
            let before = usize::from(count) - usize::from(destination > 0) - words.len();
            words.extend((0..before + usize::from(destination > 0)).map(|_| word(choices)));
            counted(&mut words, step.into(), choices);
        }
        KeyShape::Streams { from } => streams(&mut words, from > 1, choices),
        KeyShape::Sort => sort(&mut words, choices),
        KeyShape::Store { from } => georadius(&mut words, from.into(), choices),
        KeyShape::Migrate => migrate(&mut words, choices),
        KeyShape::Stralgo => stralgo(&mut words, choices),
        _ => {
            let arity = usize::from(info.arity.unsigned_abs());
            let more = if info.arity < 0 { choices.below(7) } else { 0 };
            while words.len() < arity + more {
                words.push(word(choices));
            }
        }
    }
    if choices.one_in(5) {
        spoil(&mut words, choices);
    }
    if choices.one_in(3) {
        words[0] = words[0].to_ascii_lowercase();
    }
    words
}

fn word(choices: &mut Choices) -> String {
    if choices.one_in(3) {
        return choices.pick(&WORDS).to_owned();
    }
    format!("key:{}", choices.below(1000))
}

/// A word of the protocol, in capitals or not.
fn term(text: &str, choices: &mut Choices) -> String {
    if choices.one_in(4) { text.to_ascii_lowercase() } else { text.to_owned() }
}

/// Takes something away, or adds something, or changes it.
fn spoil(words: &mut Words, choices: &mut Choices) {
    if words.len() < 2 {
        return;
    }
    let at = 1 + choices.below(words.len() - 1);
    match choices.below(4) {
        0 => words.truncate(at),
        1 => drop(words.remove(at)),
        2 => words.insert(at, word(choices)),
        _ => words[at] = word(choices),
    }
}

fn counted(words: &mut Words, step: usize, choices: &mut Choices) {
    let count = choices.below(6);
    words.push(if choices.one_in(8) {
        choices.pick(&COUNTS).to_owned()
    } else {
        count.to_string()
    });
    words.extend((0..count * step).map(|_| word(choices)));
    let more = choices.below(5);
    words.extend((0..more).map(|_| word(choices)));
}

fn streams(words: &mut Words, has_group: bool, choices: &mut Choices) {
    if has_group {
        words.push(term("GROUP", choices));
        words.extend((0..2).map(|_| word(choices)));
    }
    for _ in 0..choices.below(4) {
        let option = choices.pick(&["COUNT", "BLOCK", "NOACK", "CLAIM"]);
        words.push(term(option, choices));
        if option != "NOACK" {
            words.push(choices.below(100).to_string());
        }
    }
    words.push(term("STREAMS", choices));
    let count = 1 + choices.below(4);
    words.extend((0..count).map(|_| word(choices)));
    words.extend((0..count).map(|_| choices.pick(&["$", ">", "0-0", "+", "5"]).to_owned()));
}

fn sort(words: &mut Words, choices: &mut Choices) {
    words.push(word(choices));
    for _ in 0..choices.below(5) {
        let (option, values) = choices.pick(&[
            ("BY", 1),
            ("LIMIT", 2),
            ("GET", 1),
            ("ASC", 0),
            ("ALPHA", 0),
            ("STORE", 1),
        ]);
        words.push(term(option, choices));
        words.extend((0..values).map(|_| word(choices)));
    }
}

fn georadius(words: &mut Words, from: usize, choices: &mut Choices) {
    words.push(word(choices));
    while words.len() < from - 1 {
        words.push(choices.below(90).to_string());
    }
    words.push(choices.pick(&["m", "km", "ft"]).to_owned());
    for _ in 0..choices.below(5) {
        let (option, values) = choices.pick(&[
            ("WITHCOORD", 0),
            ("WITHDIST", 0),
            ("COUNT", 1),
            ("DESC", 0),
            ("STORE", 1),
            ("STOREDIST", 1),
        ]);
        words.push(term(option, choices));
        if option == "COUNT" {
            words.push(choices.below(9).to_string());
        } else {
            words.extend((0..values).map(|_| word(choices)));
        }
    }
}

fn migrate(words: &mut Words, choices: &mut Choices) {
    words.extend(["127.0.0.1".to_owned(), "6379".to_owned()]);
    words.push(if choices.one_in(3) { word(choices) } else { String::new() });
    words.extend(["0".to_owned(), "1000".to_owned()]);
    for _ in 0..choices.below(4) {
        let (option, values) =
            choices.pick(&[("COPY", 0), ("REPLACE", 0), ("AUTH", 1), ("AUTH2", 2)]);
        words.push(term(option, choices));
        words.extend((0..values).map(|_| word(choices)));
    }
    if !choices.one_in(4) {
        words.push(term("KEYS", choices));
        let count = 1 + choices.below(4);
        words.extend((0..count).map(|_| word(choices)));
    }
}

fn stralgo(words: &mut Words, choices: &mut Choices) {
    words.push(term("LCS", choices));
    for _ in 0..choices.below(3) {
        let option = choices.pick(&["IDX", "LEN", "WITHMATCHLEN", "MINMATCHLEN"]);
        words.push(term(option, choices));
        if option == "MINMATCHLEN" {
            words.push(choices.below(9).to_string());
        }
    }
    let option = choices.pick(&["KEYS", "STRINGS"]);
    words.push(term(option, choices));
    words.extend((0..2).map(|_| word(choices)));
}
