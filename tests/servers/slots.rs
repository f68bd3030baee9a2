//! Slots worked out apart from the crate, as an oracle for its tests.

/// The number of hash slots.
pub const SLOT_COUNT: u16 = 16_384;

/// The slots of the `index`-th of `count` primaries, as `redis-cli --cluster create` deals them
/// out.
pub fn share(index: usize, count: usize) -> (u16, u16) {
    // The end of the part, rounded to the nearest slot.
    let end = |index: usize| (2 * usize::from(SLOT_COUNT) * index + count) / (2 * count);
    let slot = |slot: usize| u16::try_from(slot).expect("below the number of slots");
    (slot(end(index)), slot(end(index + 1) - 1))
}

/// The slot of a key, worked out bit by bit: CRC16-XMODEM of the hash tag or of all, mod 16384.
/// Shares nothing with the crate, which is tested against it.
pub fn slot_of(key: impl AsRef<[u8]>) -> u16 {
    let key = key.as_ref();
    let tag = key.iter().position(|byte| *byte == b'{').and_then(|open| {
        let rest = key.get(open + 1..)?;
        let close = rest.iter().position(|byte| *byte == b'}')?;
        rest.get(..close).filter(|tag| !tag.is_empty())
    });
    let crc = tag.unwrap_or(key).iter().fold(0u16, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    });
    crc % SLOT_COUNT
}

/// A key of a slot: the prefix and a number.
///
/// # Panics
///
/// When the prefix has a hash tag of another slot, so that there is no such key.
pub fn key_in_slot(slot: u16, prefix: &str) -> String {
    (0..2_000_000)
        .map(|number| format!("{prefix}{number}"))
        .find(|key| slot_of(key) == slot)
        .expect("one key in 16384 is in the slot")
}
