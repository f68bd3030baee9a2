//! Searches for bytes that break `hashslot_fuzz::topology`. Without `--cfg fuzzing`, checks files.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| hashslot_fuzz::topology(data));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    for path in std::env::args_os().skip(1) {
        hashslot_fuzz::topology(&std::fs::read(path)?);
    }
    Ok(())
}
