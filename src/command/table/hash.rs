//! The hash of names. The look-up and the generator of the table share this file.

/// How many places the table has; names lie in about half of them.
pub(super) const PLACE_COUNT: usize = 1024;
/// How many groups of names there are. Each group is moved so that no two names share a place.
pub(super) const GROUP_COUNT: usize = 256;

/// Takes small letters for capitals, and some other bytes for each other: names are compared whole
/// once they are found.
const CAPITALS: u64 = 0xdfdf_dfdf_dfdf_dfdf;

/// The hash of what `state` is the hash of, followed by a name. Upper and lower case are the same.
pub(super) fn fold(state: u64, name: &[u8]) -> u64 {
    let state = state ^ u64::try_from(name.len()).unwrap_or(0);
    if let Some(last) = name.last_chunk::<8>() {
        let (words, _) = name.as_chunks::<8>();
        let state = words.iter().fold(state, |state, word| mix(state, u64::from_le_bytes(*word)));
        return mix(state, u64::from_le_bytes(*last));
    }
    if let (Some(first), Some(last)) = (name.first_chunk::<4>(), name.last_chunk::<4>()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return mix(state, u64::from(first) | u64::from(last) << 32);
    }
    let ends = [name.first(), name.get(name.len() / 2), name.last()];
    let [first, middle, last] = ends.map(|byte| byte.copied().unwrap_or_default());
    mix(state, u64::from(u32::from_le_bytes([first, middle, last, 0])))
}

const fn mix(state: u64, word: u64) -> u64 {
    // The highest bits of a product depend on all others, so the lowest get some of them.
    let product = (state ^ (word & CAPITALS)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product ^ (product >> 32)
}

/// The group of a hash.
pub(super) fn group(hash: u64) -> usize {
    within(hash, GROUP_COUNT)
}

/// The place of a hash, if its group is moved by this much.
pub(super) fn place(hash: u64, moved_by: u16) -> usize {
    within((hash >> 50) ^ u64::from(moved_by), PLACE_COUNT)
}

/// The lowest bits. `count` is a power of two.
fn within(hash: u64, count: usize) -> usize {
    let mask = u64::try_from(count - 1).unwrap_or(0);
    usize::try_from(hash & mask).unwrap_or(0)
}
