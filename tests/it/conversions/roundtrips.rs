//! What goes out as an argument comes back as the same value.

use std::fmt::Debug;

use hashslot::config::Limits;
use hashslot::resp::encode;
use hashslot::{Command, Frame, FromValue, ToArg};
use proptest::prelude::*;

/// The value as a server returns it: the text of the argument, as a bulk string.
fn returned<T: ToArg>(value: &T) -> Frame {
    let command = Command::new("ECHO").arg(value);
    let mut bytes = Vec::new();
    encode::bulk(&mut bytes, command.arguments().nth(1).expect("an argument"));
    Frame::parse(bytes, &Limits::default()).expect("a reply")
}

fn check<T: ToArg + FromValue + PartialEq + Debug>(value: T) {
    assert_eq!(returned(&value).to::<T>().as_ref(), Ok(&value));
    let command = Command::new("ECHO").args([&value]).arg(value);
    assert_eq!(command.arguments().nth(1), command.arguments().nth(2), "by value and by reference");
}

macro_rules! integers {
    ($($name:ident: $number:ty),*) => {
        proptest! {$(
            #[test]
            fn $name(number in any::<$number>()) {
                check(number);
                let frame = returned(&number);
                prop_assert_eq!(frame.to::<i128>().ok(), i128::try_from(number).ok());
                prop_assert_eq!(frame.to::<u8>().ok(), u8::try_from(number).ok());
                prop_assert_eq!(frame.to::<i64>().ok(), i64::try_from(number).ok());
                prop_assert_eq!(frame.to::<u64>().ok(), u64::try_from(number).ok());
                prop_assert_eq!(frame.to::<String>(), Ok(number.to_string()));
            }
        )*}
    };
}

integers!(
    every_i8: i8, every_i16: i16, every_i32: i32, every_i64: i64, every_i128: i128,
    every_isize: isize, every_u8: u8, every_u16: u16, every_u32: u32, every_u64: u64,
    every_u128: u128, every_usize: usize
);

proptest! {
    #[test]
    fn every_f64(number in any::<f64>()) {
        check(number);
        // The same as RESP3 sends it.
        let mut bytes = Vec::new();
        encode::double(&mut bytes, number);
        let frame = Frame::parse(bytes, &Limits::default()).expect("a reply");
        prop_assert_eq!(frame.to::<f64>(), Ok(number));
        prop_assert_eq!(frame.to::<String>(), returned(&number).to::<String>());
        let text = frame.to::<String>().expect("text");
        prop_assert_eq!(text.parse::<f64>(), Ok(number));
    }

    #[test]
    fn every_f32(number in any::<f32>()) {
        check(number);
        let mut bytes = Vec::new();
        encode::double(&mut bytes, f64::from(number));
        let frame = Frame::parse(bytes, &Limits::default()).expect("a reply");
        prop_assert_eq!(frame.to::<f32>(), Ok(number));
    }

    /// A float that is an integer is one for servers too.
    #[allow(clippy::cast_precision_loss, reason = "none is lost up to there")]
    #[test]
    fn every_integer_that_a_double_holds(number in -(1_i64 << 53)..=1 << 53) {
        let frame = returned(&(number as f64));
        prop_assert_eq!(frame.to::<i64>(), Ok(number));
        let frame = Frame::parse(format!(":{number}\r\n"), &Limits::default()).expect("a reply");
        prop_assert_eq!(frame.to::<f64>(), Ok(number as f64));
    }

    #[test]
    fn every_character_and_text(character in any::<char>(), text in any::<String>()) {
        check(character);
        check(text);
    }

    #[test]
    fn all_bytes(bytes in any::<Vec<u8>>()) {
        check(bytes.clone());
        check(bytes.clone().into_boxed_slice());
        check(bytes::Bytes::from(bytes));
    }

    #[test]
    fn every_truth(truth in any::<bool>()) {
        check(truth);
    }
}
