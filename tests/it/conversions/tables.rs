//! Every type, from what RESP2 and RESP3 send.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::num::NonZero;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use hashslot::resp::OwnedValue;
use hashslot::{Frame, ServerError};

use super::{both, is, read, reply};

fn text(text: &str) -> String {
    text.to_owned()
}

#[test]
fn integers_of_every_size() {
    both("$20 18446744073709551615", "(18446744073709551615", u64::MAX);
    both("$20 18446744073709551615", "(18446744073709551615", u128::from(u64::MAX));
    both("$20 -9223372036854775808", ":-9223372036854775808", i64::MIN);
    macro_rules! limits {
        ($($number:ty),*) => {$(
            for limit in [<$number>::MIN, <$number>::MAX] {
                let digits = limit.to_string();
                is(&format!("${} {digits}", digits.len()), limit);
                both(&format!("+{digits}"), &format!("({digits}"), limit);
            }
            is::<$number>(":7", 7);
            both::<$number>(":1", "#t", 1);
            both::<$number>(":0", "#f", 0);
            both::<$number>("$1 5", ",5", 5);
            both::<$number>("$1 5", "=5 txt:5", 5);
            is::<$number>(",-0", 0);
            is("$1 7", NonZero::<$number>::new(7).expect("is not 0"));
        )*};
    }
    limits!(i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);
    both("$16 9007199254740992", ",9007199254740992", 9_007_199_254_740_992_i64);
}

#[test]
fn floats() {
    is(":5000000000", 5e9);
    is(":9007199254740992", 9_007_199_254_740_992.0);
    is(":-9007199254740992", -9_007_199_254_740_992.0);
    both("$3 1.5", ",1.5", 1.5);
    both("$3 1.5", ",1.5", 1.5_f32);
    both("$3 inf", ",inf", f64::INFINITY);
    both("$4 -inf", ",-inf", f64::NEG_INFINITY);
    both("$4 -inf", ",-inf", f32::NEG_INFINITY);
    both("$5 1e+20", ",1e20", 1e20);
    both(":1", "#t", 1.0);
    both("$3 0.1", ",0.1", 0.1_f32);
    is(":16777216", 16_777_216.0_f32);
    for text in ["$3 nan", ",nan", "$4 -nan"] {
        assert!(read::<f64>(&reply(text)).expect("a number").is_nan());
        assert!(read::<f32>(&reply(text)).expect("a number").is_nan());
    }
}

#[test]
fn booleans() {
    both(":1", "#t", true);
    both(":0", "#f", false);
    both("$1 1", ":1", true);
    both("$1 0", "+0", false);
    both("$-1", "_", false);
    is("+OK", true);
    both("*-1", "_", None::<bool>);
    both("*3 :1 :0 :1", "*3 #t #f #t", vec![true, false, true]);
}

#[test]
fn texts_and_bytes() {
    both("$3 ann", "=7 txt:ann", text("ann"));
    both("+ann", "$3 ann", Box::<str>::from("ann"));
    both("+ann", "$3 ann", Arc::<str>::from("ann"));
    both("+ann", "$3 ann", Bytes::from("ann"));
    both("+ann", "$3 ann", BytesMut::from("ann"));
    both("+ann", "$3 ann", b"ann".to_vec());
    both("+ann", "$3 ann", Box::<[u8]>::from(&b"ann"[..]));
    both("+ann", "$3 ann", *b"ann");
    both("+ann", "$3 ann", VecDeque::from(*b"ann"));
    both("$1 x", "+x", 'x');
    both("$1 7", ":7", '7');
    // What RESP3 sends as a number, RESP2 sends as text.
    for (resp2, resp3, spelled) in [
        ("$1 7", ":7", "7"),
        ("$2 -7", ":-7", "-7"),
        ("$1 1", ",1", "1"),
        ("$3 1.5", ",1.5", "1.5"),
        ("$5 1e+20", ",1e+20", "1e+20"),
        ("$3 inf", ",inf", "inf"),
        ("$4 -inf", ",-inf", "-inf"),
        ("$3 nan", ",nan", "nan"),
        ("$1 1", "#t", "1"),
        ("$1 0", "#f", "0"),
        ("$20 12345678901234567890", "(12345678901234567890", "12345678901234567890"),
    ] {
        both(resp2, resp3, text(spelled));
        both(resp2, resp3, Box::<str>::from(spelled));
        both(resp2, resp3, Arc::<str>::from(spelled));
        both(resp2, resp3, Bytes::copy_from_slice(spelled.as_bytes()));
        both(resp2, resp3, spelled.as_bytes().to_vec());
        both(resp2, resp3, Some(text(spelled)));
    }
    is("*2 :1 :255", vec![1_u8, 255]);
    is("*2 :1 :255", [1_u8, 255]);
    let frame = reply("$5 hello");
    let shared: Bytes = frame.to().expect("bytes");
    assert!(frame.as_bytes().as_ptr_range().contains(&shared.as_ptr()));
}

#[test]
fn what_may_be_absent() {
    both("$-1", "_", None::<String>);
    both("*-1", "_", None::<Vec<String>>);
    both("$1 a", "+a", Some(text("a")));
    both("*2 $1 a $-1", "*2 $1 a _", vec![Some(text("a")), None]);
    both("*2 $1 a $-1", "*2 $1 a _", (text("a"), None::<i64>));
    both("$1 a", "$1 a", Box::new(text("a")));
    both("*2 *2 $1 1 $1 2 *-1", "*2 *2 ,1 ,2 _", vec![Some((1.0, 2.0)), None]);
}

#[test]
fn nothing_is_made_of_anything() {
    for text in ["+OK", "$-1", "*0", ":1", "%0"] {
        is(text, ());
    }
}

/// `HGETALL`.
const FIELDS: [&str; 2] = ["*4 $1 a $1 1 $1 b $1 2", "%2 $1 a $1 1 $1 b $1 2"];
/// `ZRANGE .. WITHSCORES`, `ZPOPMIN key 2`, `HRANDFIELD key 2 WITHVALUES`.
const SCORES: [&str; 2] = ["*4 $1 a $1 1 $1 b $3 2.5", "*2 *2 $1 a ,1 *2 $1 b ,2.5"];

#[test]
fn maps_and_lists_of_pairs() {
    let [resp2, resp3] = FIELDS;
    both(resp2, resp3, vec![(text("a"), text("1")), (text("b"), text("2"))]);
    both(resp2, resp3, vec![("a".to_owned(), 1_u8), ("b".to_owned(), 2)]);
    both(resp2, resp3, BTreeMap::from([(text("a"), 1), (text("b"), 2)]));
    both(resp2, resp3, BTreeSet::from([('a', 1), ('b', 2)]));
    both(resp2, resp3, VecDeque::from([('a', 1), ('b', 2)]));
    both(resp2, resp3, [('a', 1), ('b', 2)]);
    both(resp2, resp3, [text("a"), text("1"), text("b"), text("2")]);
    both(resp2, resp3, vec![text("a"), text("1"), text("b"), text("2")]);
    both(resp2, resp3, ('a', 1, 'b', 2));
    both("*0", "%0", Vec::<(String, String)>::new());
    both("*0", "%0", BTreeMap::<String, String>::new());

    let [resp2, resp3] = SCORES;
    both(resp2, resp3, vec![(text("a"), 1.0), (text("b"), 2.5)]);
    both(resp2, resp3, [(text("a"), 1.0), (text("b"), 2.5)]);
    both(resp2, resp3, BTreeMap::from([(text("a"), text("1")), (text("b"), text("2.5"))]));
    both(resp2, resp3, ["a", "1", "b", "2.5"].map(text).to_vec());
    both(resp2, resp3, ["a", "1", "b", "2.5"].map(text));
    both(resp2, resp3, ["a", "1", "b", "2.5"].map(|text| text.as_bytes().to_vec()).to_vec());
    both(resp2, resp3, ["a", "1", "b", "2.5"].map(|text| Some(Bytes::from(text))).to_vec());
    both(resp2, resp3, BTreeSet::from(["a", "1", "b", "2.5"].map(text)));
    // Of equal keys the last wins.
    is("*4 $1 a :1 $1 a :2", BTreeMap::from([('a', 2)]));
}

#[cfg(feature = "std")]
#[allow(clippy::disallowed_types, reason = "what a caller asks for")]
#[test]
fn maps_and_sets_of_the_standard_library() {
    use std::collections::{HashMap, HashSet};
    let [resp2, resp3] = FIELDS;
    both(resp2, resp3, HashMap::from([(text("a"), 1_i64), (text("b"), 2)]));
    both(resp2, resp3, HashMap::from([(text("a"), text("1")), (text("b"), text("2"))]));
    let [resp2, resp3] = SCORES;
    both(resp2, resp3, HashMap::from([(text("a"), 1.0), (text("b"), 2.5)]));
    both("*2 $1 a $1 b", "~2 $1 b $1 a", HashSet::from(["a", "b"].map(text)));
    let nested = HashMap::from([(text("n:1"), HashMap::from([(text("a"), 1)]))]);
    both("*2 $3 n:1 *2 $1 a $1 1", "%1 $3 n:1 %1 $1 a :1", nested);
}

#[test]
fn lists_and_sets() {
    both("*2 $1 a $1 b", "~2 $1 a $1 b", vec![text("a"), text("b")]);
    both("*2 $1 a $1 b", "~2 $1 a $1 b", BTreeSet::from(["a", "b"].map(text)));
    both("*2 $1 a $1 b", "~2 $1 a $1 b", VecDeque::from(["a", "b"].map(text)));
    both("*2 $1 a $1 b", "~2 $1 a $1 b", Box::<[String]>::from(["a", "b"].map(text)));
    both("*2 $1 a $1 b", "~2 $1 a $1 b", ["a", "b"].map(text));
    is("*0", Vec::<String>::new());
    is("*0", [0_i64; 0]);
    is("*2 *1 $1 a *2 $1 b $1 c", vec![vec![text("a")], vec![text("b"), text("c")]]);
    // Arrays of pairs of numbers are no bytes.
    is("*2 *2 :0 :1 *2 :1 :1", vec![vec![0_u8, 1], vec![1, 1]]);
    is("*2 *2 :0 :1 *2 :1 :1", vec![vec![0_u16, 1], vec![1, 1]]);
    is("*2 *2 :0 :1 *2 :1 :1", vec![[0_u8, 1], [1, 1]]);
    is("*2 *2 :0 :1 *2 :1 :1", vec![0_i64, 1, 1, 1]);
}

#[test]
fn tuples_of_one_to_twelve() {
    is("*1 :1", (1,));
    is("*2 :1 :2", (1, 2));
    is("*3 :1 $1 a ,2", (1, 'a', 2.0));
    is("*4 :1 :2 :3 :4", (1, 2, 3, 4));
    is("*5 :1 :2 :3 :4 :5", (1, 2, 3, 4, 5));
    is("*6 :1 :2 :3 :4 :5 :6", (1, 2, 3, 4, 5, 6));
    is("*7 :1 :2 :3 :4 :5 :6 :7", (1, 2, 3, 4, 5, 6, 7));
    is("*8 :1 :2 :3 :4 :5 :6 :7 :8", (1, 2, 3, 4, 5, 6, 7, 8));
    is("*9 :1 :2 :3 :4 :5 :6 :7 :8 :9", (1, 2, 3, 4, 5, 6, 7, 8, 9));
    is("*10 :1 :2 :3 :4 :5 :6 :7 :8 :9 :0", (1, 2, 3, 4, 5, 6, 7, 8, 9, 0));
    is("*11 :1 :2 :3 :4 :5 :6 :7 :8 :9 :0 :1", (1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1));
    is("*12 :1 :2 :3 :4 :5 :6 :7 :8 :9 :0 :1 :2", (1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2));
    // What RESP2 sends flat.
    both("*6 :1 :2 :3 :4 :5 :6", "*2 *3 :1 :2 :3 *3 :4 :5 :6", vec![(1, 2, 3), (4, 5, 6)]);
    both("*2 :1 :2", "*2 *1 :1 *1 :2", vec![(1,), (2,)]);
    // `XREAD`: names with their entries, of which each has fields.
    let entries = vec![(text("1-0"), vec![(text("f"), text("v"))])];
    both(
        "*1 *2 $1 s *1 *2 $3 1-0 *2 $1 f $1 v",
        "%1 $1 s *1 *2 $3 1-0 *2 $1 f $1 v",
        vec![(text("s"), entries)],
    );
}

#[test]
fn replies_of_nodes_become_any_type() {
    both(
        "*4 $3 n:1 :3 $3 n:2 :4",
        "%2 $3 n:1 :3 $3 n:2 :4",
        vec![(text("n:1"), 3), (text("n:2"), 4)],
    );
    let resp2 = "*4 $3 n:1 *2 $1 a $1 b $3 n:2 *0";
    let resp3 = "%2 $3 n:1 *2 $1 a $1 b $3 n:2 *0";
    let lists = [(text("n:1"), vec![text("a"), text("b")]), (text("n:2"), vec![])];
    both(resp2, resp3, BTreeMap::from(lists.clone()));
    both(resp2, resp3, lists);
    let resp2 = "*2 $3 n:1 *4 $1 a $1 1 $1 b $1 2";
    let resp3 = "%1 $3 n:1 %2 $1 a $1 1 $1 b $1 2";
    let inside = BTreeMap::from([(text("a"), 1), (text("b"), 2)]);
    both(resp2, resp3, BTreeMap::from([(text("n:1"), inside)]));
    both(resp2, resp3, (text("n:1"), vec![(text("a"), 1), (text("b"), 2)]));
}

#[test]
fn an_element_that_is_an_error_is_kept() {
    let no = || ServerError::new("ERR no");
    is("*2 :1 -ERR/no", vec![Ok(1), Err(no())]);
    is("*2 :1 -ERR/no", (1, Err::<(), _>(no())));
    is("-ERR/no", Err::<i64, _>(no()));
    is("$1 a", Ok::<_, ServerError>(text("a")));
    both("*1 -ERR/no", "*1 !6 ERR/no", vec![Err::<i64, _>(no())]);
}

#[test]
fn frames_keep_the_bytes_as_they_travelled() {
    let inside = ["$-1", "*2 $1 a *-1", ":7", ",1.50", "|1 +ttl :9 $1 v", "=5 txt:a", "!6 ERR/no"];
    for text in inside {
        let frame = reply(text);
        is(text, frame.clone());
        let other = reply(":1");
        is(&format!("*2 {text} :1"), (frame.clone(), 1));
        is(&format!("*2 :1 {text}"), (other.clone(), frame.clone()));
        is(&format!("*2 {text} :1"), vec![frame.clone(), other.clone()]);
        is(&format!("*2 :1 {text}"), [other.clone(), frame.clone()]);
        is(&format!("*2 *1 {text} :1"), (vec![frame.clone()], other.clone()));
        is(&format!("*4 :1 {text} :2 {text}"), vec![(1, frame.clone()), (2, frame.clone())]);
        is(&format!("*2 *2 :1 {text} *2 :2 {text}"), vec![(1, frame.clone()), (2, frame.clone())]);
        is(&format!("%1 :1 {text}"), BTreeMap::from([(1, frame.clone())]));
        is(&format!("*2 {text} :1"), Box::new((Box::new(frame.clone()), 1)));
        if !frame.value().is_null() {
            is(&format!("*1 {text}"), vec![Some(frame.clone())]);
        }
        if !frame.is_error() {
            is(&format!("*1 {text}"), vec![Ok::<_, ServerError>(frame.clone())]);
        }
    }
    both("*1 $-1", "*1 _", vec![None::<Frame>]);
    both("$-1", "_", None::<Frame>);
}

#[test]
fn trees_own_everything() {
    use OwnedValue as O;
    let bulk = |text: &'static str| O::Bulk(text.into());
    is("$-1", O::Null);
    is("+OK", O::Simple("OK".into()));
    is("-ERR/no", O::Error("ERR no".into()));
    is("#t", O::Boolean(true));
    is(",1.5", O::Double(1.5));
    is("(123", O::BigNumber("123".into()));
    is("=5 txt:a", O::Verbatim { format: "txt".into(), text: "a".into() });
    is("*2 :1 $1 a", O::Array(vec![O::Integer(1), bulk("a")]));
    is("~1 :1", O::Set(vec![O::Integer(1)]));
    is("%1 $1 a *0", O::Map(vec![(bulk("a"), O::Array(vec![]))]));
    is("*2 :1 $1 a", (1, bulk("a")));
    let frame = reply("$5 hello");
    assert_eq!(O::from(frame.value()), bulk("hello"));
    let Ok(O::Bulk(shared)) = frame.to() else { panic!("a string") };
    assert!(frame.as_bytes().as_ptr_range().contains(&shared.as_ptr()));
}

#[test]
fn a_tree_is_as_deep_as_replies_are_by_default() {
    let depth = hashslot::config::Limits::default().max_depth - 1;
    let frame = reply(&format!("{}:1", "*1 ".repeat(depth)));
    let tree: OwnedValue = frame.to().expect("a tree");
    assert_eq!(tree, tree.clone());
    assert_eq!(OwnedValue::from(frame.value()), tree);
}
