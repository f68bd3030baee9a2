//! Bytes as `%` and two hexadecimal digits.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

/// Appends text without its escapes. Whether each `%` has its two digits.
pub(super) fn decode(text: &str, out: &mut Vec<u8>) -> bool {
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else { return false };
        out.push(u8::try_from(high * 16 + low).unwrap_or_default());
    }
    true
}

/// Text without its escapes; `None` if it is malformed, or no UTF-8.
pub(super) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    decode(text, &mut bytes).then(|| String::from_utf8(bytes).ok()).flatten()
}

/// Text with everything escaped that a value must not have, or that a shell would not leave alone.
pub(super) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"._~:,/[]-".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").unwrap_or_default(); // text takes everything
        }
    }
    encoded
}
