//! What replies are converted to, in RESP2 and RESP3 alike, and what arguments become.

mod errors;
mod own;
mod roundtrips;
#[cfg(feature = "serde")]
mod structs;
mod tables;

use hashslot::error::ConversionError;
use hashslot::{Frame, FromValue};

/// A reply: a blank stands for a line end, a slash for a blank.
#[track_caller]
fn reply(text: &str) -> Frame {
    raw((text.replace(' ', "\r\n") + "\r\n").replace('/', " "))
}

#[track_caller]
fn raw(bytes: impl Into<bytes::Bytes>) -> Frame {
    Frame::parse(bytes, &hashslot::config::Limits::default()).expect("a reply")
}

/// Converts a reply in all three ways, which agree.
#[track_caller]
fn read<T>(frame: &Frame) -> Result<T, ConversionError>
where
    T: FromValue + PartialEq + std::fmt::Debug,
{
    let converted = T::from_frame(frame.clone());
    let same = |other: &T| {
        let is_same = converted.as_ref().is_ok_and(|value| value == other);
        assert!(is_same || format!("{converted:?}") == format!("Ok({other:?})"));
    };
    match frame.to::<T>() {
        Ok(value) => same(&value),
        Err(error) => {
            let expected = converted.as_ref().expect_err("the same");
            assert_eq!(error, hashslot::Error::from(expected.clone()));
        }
    }
    if let Ok(value) = T::from_value(&frame.value(), frame) {
        same(&value);
    }
    converted
}

/// What RESP2 and RESP3 send is read as this value.
#[allow(clippy::needless_pass_by_value, reason = "a value stands where it is used")]
#[track_caller]
fn both<T>(resp2: &str, resp3: &str, value: T)
where
    T: FromValue + PartialEq + std::fmt::Debug,
{
    for text in [resp2, resp3] {
        assert_eq!(read::<T>(&reply(text)).as_ref(), Ok(&value), "{text}");
    }
}

/// This reply is read as this value.
#[track_caller]
fn is<T>(text: &str, value: T)
where
    T: FromValue + PartialEq + std::fmt::Debug,
{
    both(text, text, value);
}

/// This reply is not read as such a value: the error says so.
#[track_caller]
fn fails<T>(text: &str, message: &str)
where
    T: FromValue + PartialEq + std::fmt::Debug,
{
    let error = read::<T>(&reply(text)).expect_err(text);
    assert_eq!(error.to_string(), message, "{text}");
}
