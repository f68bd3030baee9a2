//! Checks the corpus, and a few thousand small changes of it that are the same in every run.

use std::fs;
use std::path::Path;

/// Changes of each file of the corpus.
const CHANGE_COUNT: u64 = 200;

#[test]
fn scan() {
    replay("scan", hashslot_fuzz::scan);
}

fn replay(target: &str, property: fn(&[u8])) {
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
        for _ in 0..CHANGE_COUNT {
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
