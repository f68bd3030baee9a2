//! SHA-1, by which servers name scripts.
//!
//! The digest names a script and protects nothing: a client that may send one script may send any.
//! Source: FIPS 180-4, 6.1.

/// The digest of `text`, in the hexadecimal digits that servers write it in.
pub(super) fn hex(text: &[u8]) -> [u8; 40] {
    let mut hex = [0; 40];
    let digits = digest(text).into_iter().flat_map(u32::to_be_bytes);
    let digits = digits.flat_map(|byte| [byte >> 4, byte & 15]);
    for (digit, place) in digits.zip(&mut hex) {
        *place = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
    }
    hex
}

fn digest(text: &[u8]) -> [u32; 5] {
    let mut state = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0];
    let (blocks, rest) = text.as_chunks::<64>();
    for block in blocks {
        mix(&mut state, block);
    }
    // Behind the text come a bit, zeros up to the last eight bytes of a block, and its length
    // there.
    let bits = u64::try_from(text.len()).unwrap_or(u64::MAX).wrapping_mul(8).to_be_bytes();
    let mut last = [0; 128];
    for (place, byte) in last.iter_mut().zip(rest.iter().chain(&[0x80])) {
        *place = *byte;
    }
    let padded_len = if rest.len() < 56 { 64 } else { 128 };
    let padded = last.get_mut(..padded_len).unwrap_or_default();
    if let Some(place) = padded.last_chunk_mut() {
        *place = bits;
    }
    for block in padded.as_chunks().0 {
        mix(&mut state, block);
    }
    state
}

/// Mixes one block in.
#[expect(clippy::many_single_char_names, reason = "the names that the standard gives them")]
fn mix(state: &mut [u32; 5], block: &[u8; 64]) {
    // The last 16 words of the schedule, the oldest first.
    let mut words = [0; 16];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    let [mut a, mut b, mut c, mut d, mut e] = *state;
    for round in 0..80 {
        let (chosen, constant) = match round {
            0..20 => ((b & c) | (!b & d), 0x5A82_7999),
            20..40 => (b ^ c ^ d, 0x6ED9_EBA1),
            40..60 => ((b & c) | (b & d) | (c & d), 0x8F1B_BCDC),
            _ => (b ^ c ^ d, 0xCA62_C1D6_u32),
        };
        let [word, _, third, .., ninth, _, _, _, _, fourteenth, _, _] = words;
        let mixed = a.rotate_left(5).wrapping_add(chosen).wrapping_add(e);
        let mixed = mixed.wrapping_add(constant).wrapping_add(word);
        (a, b, c, d, e) = (mixed, a, b.rotate_left(30), c, d);
        words.rotate_left(1);
        words[15] = (word ^ third ^ ninth ^ fourteenth).rotate_left(1);
    }
    for (sum, part) in state.iter_mut().zip([a, b, c, d, e]) {
        *sum = sum.wrapping_add(part);
    }
}
