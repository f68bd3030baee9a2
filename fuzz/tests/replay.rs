//! Checks the corpus, and a few thousand small changes of it that are the same in every run.

use std::fs;
use std::path::Path;

/// Changes of each file of the corpus: fewer where a property takes longer.
const CHANGE_COUNT: u64 = 200;
const FEW_CHANGE_COUNT: u64 = 2;

#[test]
fn events() {
    replay("events", hashslot_fuzz::events, FEW_CHANGE_COUNT);
}

#[test]
fn keys() {
    replay("keys", hashslot_fuzz::keys, CHANGE_COUNT);
}

#[test]
fn redirect() {
    replay("redirect", hashslot_fuzz::redirect, CHANGE_COUNT);
}

#[test]
fn roundtrip() {
    replay("roundtrip", hashslot_fuzz::roundtrip, CHANGE_COUNT);
}

#[test]
fn scan() {
    replay("scan", hashslot_fuzz::scan, CHANGE_COUNT);
}

#[test]
fn simulate() {
    replay("simulate", hashslot_fuzz::simulate, 1);
}

#[test]
fn topology() {
    replay("topology", hashslot_fuzz::topology, FEW_CHANGE_COUNT);
}

#[test]
fn url() {
    replay("url", hashslot_fuzz::url, CHANGE_COUNT);
}

fn replay(target: &str, property: fn(&[u8]), change_count: u64) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .expect("the corpus is part of the repository")
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    files.sort();
    assert!(files.len() >= 20, "the corpus of {target} is gone");
    for (number, path) in (0_u64..).zip(&files) {
        let data = fs::read(path).expect("a readable file");
        property(&data);
        let mut random = Random(number + 1);
        for _ in 0..change_count {
            property(&changed(&data, &mut random));
        }
    }
}

/// Up to three bytes replaced, removed, added or repeated.
fn changed(data: &[u8], random: &mut Random) -> Vec<u8> {
    const LIKELY: &[u8] = b"\r\n+-:$*_#,(!=%~>|0123456789?.etinfax";
    let mut data = data.to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(data.len() + 1);
        let byte = LIKELY[random.below(LIKELY.len())];
        match (random.below(4), data.get_mut(at)) {
            (0, Some(old)) => *old = byte,
            (1, Some(_)) => drop(data.remove(at)),
            (2, Some(_)) => data.extend_from_within(at..),
            _ => data.insert(at, byte),
        }
    }
    data
}

/// Numbers that look random (xorshift64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % bound
    }
}
