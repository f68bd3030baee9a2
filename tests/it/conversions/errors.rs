//! What errors say: what was expected, what came and where, and never what a string holds.

use std::collections::BTreeMap;
use std::num::NonZero;

use hashslot::error::ConversionError;
use hashslot::resp::Value;
use hashslot::{Error, FromValue};

use super::{fails, raw, read, reply};

#[test]
fn of_single_values() {
    fails::<String>("$-1", "expected text, got null (ask for an Option)");
    fails::<i64>("_", "expected an integer, got null (ask for an Option)");
    fails::<String>("*2 :1 :2", "expected text, got an array of 2 (ask for a Vec)");
    fails::<f64>("~1 :1", "expected a number, got a set of 1 (ask for a Vec)");
    fails::<String>("%1 :1 :2", "expected text, got a map of 1 pair (ask for a HashMap)");
    fails::<u8>(":-3", "-3 is out of range for u8");
    fails::<u64>("$2 -3", "the number in a bulk string of 2 bytes is out of range for u64");
    fails::<i8>("$3 128", "the number in a bulk string of 3 bytes is out of range for i8");
    fails::<i64>("(12345678901234567890", "12345678901234567890 is out of range for i64");
    let beyond = "340282366920938463463374607431768211456";
    fails::<u128>(&format!("({beyond}"), &format!("{beyond} is out of range for u128"));
    for text in ["$3 1.5", "$3 +12", "$3 012", "$2 -0", "$0 ", "$3 1e3", "$1 -", "$2  1", "$2 1x"] {
        let error = read::<i64>(&raw(text.replacen(' ', "\r\n", 1) + "\r\n")).expect_err(text);
        let text = error.to_string();
        assert!(text.starts_with("expected an integer, got a bulk string of "), "{text}");
    }
    fails::<i64>(",1.5", "expected an integer, got the double 1.5");
    fails::<i64>(",1e300", "expected an integer, got the double 1e+300");
    fails::<i64>(",nan", "expected an integer, got the double nan");
    fails::<NonZero<u8>>(":0", "expected an integer other than 0, got the integer 0");
    let lost = "9007199254740993 is out of range for f64: it would lose digits";
    fails::<f64>(":9007199254740993", lost);
    fails::<f32>(":16777217", "16777217 is out of range for f32: it would lose digits");
    fails::<f32>(",1e300", "1e+300 is out of range for f32");
    fails::<f64>("$3 abc", "expected a number, got a bulk string of 3 bytes");
    fails::<bool>(":2", "expected a boolean, got the integer 2");
    fails::<bool>("$4 true", "expected a boolean, got a bulk string of 4 bytes");
    fails::<bool>("+PONG", "expected a boolean, got the simple string \"PONG\"");
    fails::<char>("$2 ab", "expected one character, got a bulk string of 2 bytes");
    fails::<char>("+", "expected one character, got the simple string \"\"");
    fails::<[u8; 3]>("$2 ab", "expected 3 bytes, got a bulk string of 2 bytes");
    fails::<()>("-ERR/no", "the server answered: ERR no");
    // Of the nodes that were asked, one refused.
    fails::<()>("%2 $1 a +OK $1 b -ERR/no", "the value of pair 1: the server answered: ERR no");
    fails::<()>("*4 $1 a +OK $1 b -ERR/no", "element 3: the server answered: ERR no");
    let error = read::<String>(&raw(&b"$1\r\n\xff\r\n"[..])).expect_err("is not UTF-8");
    let text =
        "expected text, got a bulk string of 1 byte: it is not UTF-8 (ask for Bytes or Vec<u8>)";
    assert_eq!(error.to_string(), text);
}

#[test]
fn of_places_in_a_reply() {
    fails::<Vec<i64>>(
        "*4 :1 :2 :3 $5 hello",
        "element 3: expected an integer, got a bulk string of 5 bytes",
    );
    fails::<Vec<String>>(":1", "expected an array, got the integer 1");
    fails::<Vec<u8>>("_", "expected bytes, got null (ask for an Option)");
    fails::<Vec<(String, i64)>>("$1 a", "expected pairs, got a bulk string of 1 byte");
    fails::<Vec<(String, i64)>>(
        "*3 $1 a :1 $1 b",
        "expected an array of 2 elements each, got an array of 3",
    );
    fails::<Vec<(i64, i64, i64)>>(
        "%1 :1 :2",
        "expected an array, got a map of 1 pair (ask for a HashMap)",
    );
    let value = "the value of pair 1: expected an integer, got a bulk string of 1 byte";
    fails::<Vec<(String, i64)>>("*4 $1 a :1 $1 b $1 x", value);
    fails::<BTreeMap<String, i64>>("%2 $1 a :1 $1 b $1 x", value);
    let key = "the key of pair 0: expected an integer, got a bulk string of 1 byte";
    fails::<BTreeMap<i64, i64>>("%1 $1 a :1", key);
    let nested = "element 1, element 0: expected an integer, got a bulk string of 1 byte";
    fails::<Vec<(i64, i64)>>("*2 *2 :1 :2 *2 $1 x :2", nested);
    fails::<Vec<i64>>("*2 *2 :1 :2 *2 $1 x :2", nested);
    fails::<Vec<(i64, i64)>>(
        "*2 *2 :1 :2 *1 :2",
        "element 1: expected an array of 2, got an array of 1",
    );
    fails::<Vec<i64>>("*2 *2 :1 :2 :3", "element 1: expected an array of 2, got the integer 3");
    fails::<Vec<(i64, i64, i64)>>(
        "*3 :1 :2 $1 x",
        "element 2: expected an integer, got a bulk string of 1 byte",
    );
    fails::<(i64, i64)>(
        "*2 :1 $1 x",
        "element 1: expected an integer, got a bulk string of 1 byte",
    );
    fails::<(i64, i64)>("*3 :1 :2 :3", "expected an array of 2, got an array of 3");
    fails::<(i64, i64)>("_", "expected an array of 2, got null (ask for an Option)");
    fails::<[i64; 2]>("*3 :1 :2 :3", "expected an array of 2, got an array of 3 (ask for a Vec)");
    fails::<[i64; 2]>("*2 :1 _", "element 1: expected an integer, got null (ask for an Option)");
    let deep = "the value of pair 0, element 1, the key of pair 0: expected text, got null (ask for an Option)";
    fails::<BTreeMap<String, (i64, BTreeMap<String, i64>)>>("%1 $1 a *2 :1 %1 _ :2", deep);
    fails::<Vec<i64>>(
        "*2 :1 -WRONGTYPE/no/list",
        "element 1: the server answered: WRONGTYPE no list",
    );
}

#[test]
fn an_error_tells_its_parts() {
    let error = read::<Vec<i64>>(&reply("*2 :1 $5 hello")).expect_err("no integer");
    assert_eq!(error.path(), "element 1");
    assert_eq!(error.expected(), Some("an integer"));
    assert_eq!(error.got(), Some("a bulk string of 5 bytes"));
    assert_eq!((error.reason(), error.server_error()), (None, None));
    let error = read::<Vec<i64>>(&reply("*2 :1 -WRONGTYPE/no/list")).expect_err("no integer");
    let server = error.server_error().expect("is kept");
    assert_eq!(server.code(), "WRONGTYPE");
    assert_eq!((error.expected(), error.got()), (None, None));
    assert_eq!(error, error.clone());
    assert_ne!(error, error.clone().at(0));
    assert_eq!(format!("{error:?}"), format!("ConversionError({error})"));
    let one_word = size_of::<usize>();
    assert_eq!(size_of::<ConversionError>(), one_word);
    assert!(std::error::Error::source(&error).is_none());
}

#[test]
fn an_error_of_a_frame_is_the_error_of_a_client() {
    fn numbers(results: Vec<Result<hashslot::Frame, Error>>) -> Result<Vec<i64>, Error> {
        results.into_iter().map(|result| result?.to()).collect()
    }
    assert_eq!(numbers(vec![Ok(reply(":1")), Ok(reply("$1 2"))]), Ok(vec![1, 2]));
    let error = numbers(vec![Ok(reply(":1")), Ok(reply("_"))]).expect_err("null");
    assert_eq!(error.to_string(), "expected an integer, got null (ask for an Option)");
    assert_eq!(numbers(vec![Err(Error::shut_down())]), Err(Error::shut_down()));
}

#[test]
fn no_content_of_a_string_is_shown() {
    fn check<T: FromValue>(value: &Value<'_>, frame: &hashslot::Frame) {
        if let Err(error) = T::from_value(value, frame) {
            let text = format!("{error} {error:?} {:?} {:?}", error.got(), error.expected());
            assert!(!text.contains("canary"), "{text}");
        }
    }
    for text in [
        "$6 canary",
        "=10 txt:canary",
        "+a.canary.in.a.simple.string.that.is.long",
        "(canary",
        "*1 $6 canary",
        "%1 $6 canary $6 canary",
        "*2 *2 $6 canary $6 canary *2 $6 canary $6 canary",
    ] {
        let frame = reply(text);
        let value = frame.value();
        check::<i64>(&value, &frame);
        check::<u128>(&value, &frame);
        check::<f64>(&value, &frame);
        check::<f32>(&value, &frame);
        check::<bool>(&value, &frame);
        check::<char>(&value, &frame);
        check::<NonZero<u8>>(&value, &frame);
        check::<[u8; 3]>(&value, &frame);
        check::<Vec<i64>>(&value, &frame);
        check::<(i64, i64, i64)>(&value, &frame);
        check::<Vec<(i64, i64)>>(&value, &frame);
        check::<BTreeMap<i64, i64>>(&value, &frame);
        check::<[String; 7]>(&value, &frame);
    }
}
