//! Vector sets.

use hashslot::blocking::Client;
use hashslot::cmd::{self, VSimMatch, Vector};
use hashslot::{Command, Commands};

use super::live::{cases, refusal};

/// Makes a set of two elements, of which one has attributes.
fn add_two(c: &Client) {
    let one = cmd::vadd("k", [1.0, 0.0, 0.5], "a").unquantized().attributes(r#"{"x": 1}"#);
    assert_eq!(c.run(one).ok(), Some(true));
    let other = cmd::vadd("k", vec![0.0_f32, 1.0, 0.5], "b").unquantized();
    assert_eq!(c.run(other).ok(), Some(true));
}

cases! {
    "VADD" => |c| {
        assert!(c.vadd("k", [1.0, 0.5], "a")?);
        assert!(!c.vadd("k", &[0.5_f32, 1.0], "a")?);
        assert!(c.run(cmd::vadd("k", &vec![0.5, 1.0], "b").cas().effort(300).links(16).q8())?);
        assert_eq!(c.vcard("k")?, 2);
        assert_eq!(c.vcard("missing")?, 0);
        assert_eq!(c.vdim("k")?, 2);
        assert_eq!(refusal(c.vdim("missing")), "ERR key does not exist");
        assert!(c.run(cmd::vadd("small", [1.0, 0.5, 0.0], "a").reduce_to(2).binary())?);
        let info = c.vinfo("small")?.ok_or("is there")?;
        assert_eq!((info.quantization.as_str(), info.len, info.dimensions), ("bin", 1, 2));
        assert_eq!((info.input_dimensions, info.links), (Some(3), Some(16)));
        assert_eq!(info.attribute_count, Some(0));
        assert_eq!(c.vinfo("missing")?, None);
        assert!(c.vismember("k", "b")?);
        assert!(!c.vismember("k", "c")?);
        assert!(c.vrem("k", "b")?);
        assert!(!c.vrem("k", "b")?);
    }
    "VEMB" => |c| {
        add_two(c);
        let vector = c.vemb::<Option<Vec<f32>>>("k", "a")?.ok_or("is there")?;
        assert!(vector.iter().zip([1.0, 0.0, 0.5]).all(|(a, b)| (a - b).abs() < 1e-6));
        assert_eq!(c.vemb::<Option<Vec<f64>>>("k", "c")?, None);
        let raw = c.run(cmd::vemb::<()>("k", "a").raw())?.ok_or("is there")?;
        assert_eq!((raw.quantization.as_str(), raw.bytes.len(), raw.range), ("f32", 12, None));
        assert!((raw.norm - 1.25_f64.sqrt()).abs() < 1e-6);
        assert_eq!(c.run(cmd::vemb::<()>("missing", "a").raw())?, None);
        c.vadd("q8", [1.0, 0.0], "a")?;
        let raw = c.run(cmd::vemb::<()>("q8", "a").raw())?.ok_or("is there")?;
        assert_eq!((raw.quantization.as_str(), &raw.bytes[..]), ("int8", &b"\x7f\0"[..]));
        assert_eq!(raw.range, Some(1.0));
    }
    "VGETATTR" => |c| {
        add_two(c);
        assert_eq!(c.vgetattr::<Option<String>>("k", "a")?.as_deref(), Some(r#"{"x": 1}"#));
        assert_eq!(c.vgetattr::<Option<String>>("k", "b")?, None);
        assert!(c.vsetattr("k", "b", r#"{"x": 2}"#)?);
        assert_eq!(c.vgetattr::<String>("k", "b")?, r#"{"x": 2}"#);
        assert!(c.vsetattr("k", "b", "")?);
        assert!(!c.vsetattr("k", "c", "{}")?);
        assert_eq!(c.vgetattr::<Option<String>>("k", "b")?, None);
    }
    "VLINKS" => |c| {
        add_two(c);
        let layers = c.vlinks::<Option<Vec<Vec<String>>>>("k", "a")?.ok_or("is there")?;
        assert_eq!(layers.last().ok_or("a layer")?, &["b"]);
        let layers: Vec<Vec<(String, f64)>> = c.run(cmd::vlinks("k", "a").with_scores())?;
        assert!(layers.last().ok_or("a layer")?[0].1 > 0.5);
        assert_eq!(c.vlinks::<Option<Vec<Vec<String>>>>("k", "c")?, None);
    }
    "VRANDMEMBER" => |c| {
        assert_eq!(c.vrandmember::<Option<String>>("k")?, None);
        let none: Vec<String> = c.run(cmd::vrandmember::<()>("k").count(2))?;
        assert!(none.is_empty());
        add_two(c);
        assert!(["a", "b"].contains(&c.vrandmember::<String>("k")?.as_str()));
        let mut both: Vec<String> = c.run(cmd::vrandmember::<()>("k").count(5))?;
        both.sort();
        assert_eq!(both, ["a", "b"]);
        assert_eq!(c.run(cmd::vrandmember::<()>("k").count::<Vec<String>>(-5))?.len(), 5);
    }
    "VSIM" => |c| {
        add_two(c);
        assert_eq!(c.vsim::<Vec<String>>("k", "b")?, ["b", "a"]);
        assert_eq!(c.vsim::<Vec<String>>("k", [1.0, 0.0, 0.5])?, ["a", "b"]);
        let vector = Vector::from(&[0.0_f32, 1.0, 0.5][..]);
        assert_eq!(c.vsim::<Vec<String>>("k", &vector)?, ["b", "a"]);
        assert_eq!(c.run(cmd::vsim::<Vec<String>>("k", vector).count(1))?, ["b"]);
        assert!(c.vsim::<Vec<String>>("missing", "a")?.is_empty());
        assert_eq!(refusal(c.vsim::<Vec<String>>("k", "c")), "ERR element not found in set");
        let scored: Vec<(String, f64)> = c.run(cmd::vsim("k", "a").with_scores())?;
        assert_eq!((scored.len(), scored[0].0.as_str()), (2, "a"));
        assert!(scored[0].1 > 0.99 && scored[1].1 < 0.7);
        let near = cmd::vsim::<Vec<String>>("k", "a").max_distance(0.2).effort(50).exact();
        assert_eq!(c.run(near.in_main_thread())?, ["a"]);
        let filtered = cmd::vsim::<Vec<String>>("k", "b").filter(".x == 1").filter_effort(10);
        assert_eq!(c.run(filtered)?, ["a"]);
        let attributes = cmd::vsim::<Vec<(String, Option<String>)>>("k", "b").with_attributes();
        let with_attributes = [("b".into(), None), ("a".into(), Some(r#"{"x": 1}"#.into()))];
        assert_eq!(c.run(attributes)?, with_attributes);
        let all = c.run(cmd::vsim::<()>("k", "a").with_scores_and_attributes())?;
        let all: Vec<(String, bool, Option<String>)> = all
            .into_iter()
            .map(|VSimMatch { element, score, attributes, .. }| (element, score > 0.9, attributes))
            .collect();
        let expected = [("a".into(), true, Some(r#"{"x": 1}"#.into())), ("b".into(), false, None)];
        assert_eq!(all, expected);
        let none = cmd::vsim::<()>("missing", "a").with_scores_and_attributes::<String>();
        assert!(c.run(none)?.is_empty());
    }
}

#[test]
fn options_stand_where_the_server_expects_them() {
    let command = cmd::vadd("k", [1.0], "a").effort(9).reduce_to(2);
    let words: Vec<Vec<u8>> = Command::from(command).arguments().map(<[u8]>::to_vec).collect();
    let expected: [&[u8]; 9] =
        [b"VADD", b"k", b"REDUCE", b"2", b"FP32", &[0, 0, 0x80, 0x3f], b"a", b"EF", b"9"];
    assert_eq!(words, expected);
    let command = Command::from(cmd::vrange::<Vec<String>>("k", "[a", "+").count(10));
    assert!(command.arguments().eq([&b"VRANGE"[..], b"k", b"[a", b"+", b"10"]));
    assert_eq!(Vector::from_bytes(&[0, 0, 0x80, 0x3f][..]), Vector::from([1.0]));
    assert_eq!(format!("{:?}", Vector::from([1.0])), "Vector(4 bytes)");
}
