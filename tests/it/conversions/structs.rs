//! Structs by serde: from pairs, from JSON text, and back.

use std::borrow::Cow;
use std::collections::BTreeMap;

use hashslot::cmd::{self, Entry};
use hashslot::error::ConversionError;
use hashslot::serde::{Fields, Json, to_fields, to_json};
use hashslot::{Command, FromValue};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{both, fails, is, reply};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct User {
    name: String,
    age: Option<u8>,
    #[serde(default, rename = "isAdmin")]
    is_admin: bool,
}

fn ann() -> User {
    User { name: "ann".into(), age: Some(36), is_admin: true }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Low,
    High,
}

/// A field of every kind that a hash can hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct All {
    truth: bool,
    small: i8,
    big: u128,
    float: f64,
    single: f32,
    letter: char,
    text: String,
    newtype: Metres,
    level: Level,
    missing: Option<i64>,
    unit: (),
    #[serde(with = "hashslot::serde::json")]
    list: Vec<Option<u8>>,
    #[serde(with = "hashslot::serde::json")]
    map: BTreeMap<String, User>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Metres(f64);

fn all() -> All {
    All {
        truth: true,
        small: -7,
        big: u128::MAX,
        float: 0.1,
        single: 0.1,
        letter: 'ß',
        text: "a\r\nb".into(),
        newtype: Metres(1e20),
        level: Level::High,
        missing: None,
        unit: (),
        list: vec![Some(1), None],
        map: BTreeMap::from([("ann".into(), ann())]),
    }
}

/// The fields, as a command carries them.
fn fields<T: Serialize>(value: &T) -> Result<Vec<(String, String)>, ConversionError> {
    let command = Command::from(cmd::hset("key", to_fields(value)?));
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    let arguments: Vec<String> = command.arguments().skip(2).map(text).collect();
    Ok(arguments.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect())
}

/// What `HGETALL` returns of these fields: in RESP2, in RESP3, and as pairs of their own.
fn replies(fields: &[(String, String)]) -> [hashslot::Frame; 3] {
    let bulk = |text: &str| format!("${}\r\n{text}\r\n", text.len());
    let flat: String = fields.iter().map(|(name, value)| bulk(name) + &bulk(value)).collect();
    let pair = |(name, value): &(String, String)| "*2\r\n".to_owned() + &bulk(name) + &bulk(value);
    let pairs: String = fields.iter().map(pair).collect();
    let count = fields.len();
    [
        super::raw(format!("*{}\r\n{flat}", count * 2)),
        super::raw(format!("%{count}\r\n{flat}")),
        super::raw(format!("*{count}\r\n{pairs}")),
    ]
}

/// A value goes through the fields of a hash, and comes back.
#[track_caller]
fn returns<T>(value: &T)
where
    T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    for frame in replies(&fields(value).expect("fields")) {
        let Fields(read) = frame.to::<Fields<T>>().expect("a struct");
        assert_eq!(&read, value, "{frame:?}");
    }
}

#[test]
fn fields_of_every_kind_return() {
    returns(&ann());
    returns(&all());
    returns(&BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)]));
    returns(&BTreeMap::from([(1_u8, "x".to_owned()), (2, "y".to_owned())]));
    returns(&BTreeMap::from([(Level::Low, 1_i64)]));
}

#[cfg(feature = "proptest")]
mod random {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn fields_return(
            (truth, small, big) in any::<(bool, i8, u128)>(),
            (float, single) in (proptest::num::f64::ANY, proptest::num::f32::NORMAL),
            (letter, text, missing) in any::<(char, String, Option<i64>)>(),
            list in any::<Vec<Option<u8>>>(),
            names in proptest::collection::vec(any::<String>(), 0..4),
        ) {
            prop_assume!(!float.is_nan());
            let map = names.into_iter().map(|name| (name, ann())).collect();
            returns(&All { truth, small, big, float, single, letter, text, missing, list, map, ..all() });
        }
    }
}

#[test]
fn pairs_are_read_in_each_form() {
    both(
        "*4 $4 name $3 ann $3 age $2 36",
        "%2 $4 name $3 ann $3 age :36",
        Fields(User { is_admin: false, ..ann() }),
    );
    is("*3 *2 $4 name $3 ann *2 $3 age $2 36 *2 $7 isAdmin #t", Fields(ann()));
    // Fields that the struct lacks, of any type and any bytes.
    is(
        "%3 $4 more *2 :1 *1 :2 $4 name $3 ann +skip _",
        Fields(User { name: "ann".into(), ..User::default() }),
    );
    let unreadable =
        super::raw(&b"%2\r\n$2\r\n\xff\xfe\r\n$1\r\nx\r\n$4\r\nname\r\n$3\r\nann\r\n"[..]);
    assert_eq!(unreadable.to::<Fields<User>>().unwrap().0.name, "ann");
    // A list of hashes, as a pipeline or a module returns them.
    is(
        "*2 *2 $4 name $3 ann %1 $4 name $3 bob",
        vec![
            Fields(User { name: "ann".into(), ..User::default() }),
            Fields(User { name: "bob".into(), ..User::default() }),
        ],
    );
}

#[test]
fn no_pairs_are_no_struct() {
    for text in ["*0", "%0", "_", "*-1"] {
        is(text, Fields(None::<User>));
    }
    fails::<Fields<User>>("%0", "missing field `name`");
    fails::<Fields<User>>("_", "expected pairs, got null");
    is("*0", Fields(BTreeMap::<String, i64>::new()));
}

#[test]
fn entries_of_streams_have_structs() {
    let text = "*1 *2 $3 1-0 *4 $4 name $3 ann $3 age $2 36";
    let entries: Vec<Entry<Fields<User>>> = reply(text).to().unwrap();
    assert_eq!(entries[0].fields, Fields(User { is_admin: false, ..ann() }));
}

#[test]
fn nested_replies_are_read_as_they_are() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Group {
        name: String,
        members: Vec<User>,
        range: (u16, u16),
        labels: BTreeMap<String, String>,
    }
    is(
        "%4 $4 name $1 g $7 members *1 %1 $4 name $3 ann $5 range *2 :0 :5 $6 labels %1 $1 a $1 b",
        Fields(Group {
            name: "g".into(),
            members: vec![User { name: "ann".into(), ..User::default() }],
            range: (0, 5),
            labels: BTreeMap::from([("a".into(), "b".into())]),
        }),
    );
    is("*2 $1 1 $1 2", Fields((1_u8, 2_u8)));
    is("*2 $1 1 $1 2", Fields(vec![1_u8, 2]));
    fails::<Fields<(u8, u8)>>("*3 :1 :2 :3", "expected an array of 2, got an array of 3");
}

/// Takes what serde finds first.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Loose {
    Number(i64),
    Truth(bool),
    Float(f64),
    Text(String),
    List(Vec<Self>),
}

#[test]
fn where_serde_asks_for_the_type_fields_are_text() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Outer {
        id: u64,
        #[serde(flatten)]
        rest: BTreeMap<String, String>,
    }
    is(
        "*4 $2 id $1 7 $1 a $1 1",
        Fields(Outer { id: 7, rest: BTreeMap::from([("a".into(), "1".into())]) }),
    );
    is(
        "*6 :1 #t ,1.5 $1 7 ~1 =5 txt:x _",
        Fields(vec![
            Some(Loose::Number(1)),
            Some(Loose::Truth(true)),
            Some(Loose::Float(1.5)),
            Some(Loose::Text("7".into())),
            Some(Loose::List(vec![Loose::Text("x".into())])),
            None,
        ]),
    );
}

#[derive(Debug, PartialEq, Deserialize)]
struct Listed {
    list: Vec<u8>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Strict {
    name: String,
}

#[test]
fn errors_name_the_field_and_show_no_content() {
    fails::<Fields<User>>(
        "*4 $4 name $3 ann $3 age $6 secret",
        "field `age`: expected an integer, got a bulk string of 6 bytes",
    );
    fails::<Fields<User>>(
        "*4 $4 name $3 ann $3 age $3 300",
        "field `age`: the number in a bulk string of 3 bytes is out of range for u8",
    );
    fails::<Fields<User>>("*3 $4 name $3 ann $3 age", "expected pairs, got an array of 3");
    fails::<Fields<User>>(
        "*2 *2 $4 name $3 ann *1 $3 age",
        "element 1: expected an array of 2, got an array of 1",
    );
    fails::<Fields<User>>(
        "*2 $4 name -ERR/broken",
        "field `name`: the server answered: ERR broken",
    );
    fails::<Fields<BTreeMap<String, u8>>>(
        "%1 $6 secret $1 x",
        "the value of pair 0: expected an integer, got a bulk string of 1 byte",
    );
    fails::<Fields<BTreeMap<u8, u8>>>(
        "%1 $6 secret $1 1",
        "the key of pair 0: expected an integer, got a bulk string of 6 bytes",
    );
    fails::<Fields<BTreeMap<String, Level>>>(
        "%1 $1 a $6 secret",
        "the value of pair 0: expected one of the variants `low`, `high`, got another name",
    );
    fails::<Fields<Listed>>(
        "*2 $4 list $3 1,2",
        "field `list`: expected an array, got a bulk string of 3 bytes \
         (is it JSON? #[serde(with = \"hashslot::serde::json\")] reads it)",
    );
    fails::<Fields<Strict>>(
        "*2 $3 age $1 7",
        "the key of pair 0: unknown field `age`: the struct has `name`",
    );
    fails::<Fields<BTreeMap<String, All>>>(
        "%1 $1 a $1 b",
        "the value of pair 0: expected pairs, got a bulk string of 1 byte \
         (is it JSON? #[serde(with = \"hashslot::serde::json\")] reads it)",
    );
}

#[test]
fn what_a_hash_cannot_hold_is_refused_by_its_name() {
    #[derive(Serialize)]
    struct Nested<T> {
        inner: T,
    }
    const HINT: &str = "(#[serde(with = \"hashslot::serde::json\")] makes JSON text of it)";
    let refused = |end: Result<Vec<(String, String)>, ConversionError>| {
        end.expect_err("it cannot be stored").to_string()
    };
    let expected =
        |got: &str| format!("field `inner`: expected text or a number, got {got} {HINT}");
    assert_eq!(refused(fields(&Nested { inner: vec![1] })), expected("a list"));
    assert_eq!(refused(fields(&Nested { inner: (1, 2) })), expected("a tuple"));
    assert_eq!(refused(fields(&Nested { inner: ann() })), expected("a struct"));
    let map = BTreeMap::from([("a", 1)]);
    assert_eq!(refused(fields(&Nested { inner: &map })), expected("a map"));
    let by_list = BTreeMap::from([(vec![1], 1)]);
    let error = refused(fields(&by_list));
    assert_eq!(error, format!("the key of pair 0: expected text or a number, got a list {HINT}"));
    for (value, got) in [
        (fields(&7), "an integer"),
        (fields(&"text"), "text"),
        (fields(&[1, 2]), "a tuple"),
        (fields(&None::<User>), "None"),
    ] {
        assert_eq!(refused(value), format!("expected a struct or a map, got {got}"));
    }
    assert_eq!(fields(&Some(ann())).unwrap().len(), 3);
    assert_eq!(
        fields(&Nested { inner: Cow::Borrowed("x") }).unwrap(),
        [("inner".into(), "x".into())]
    );
}

/// Lists in lists.
#[derive(Debug, PartialEq, Deserialize)]
struct List(Vec<Self>);

fn fails_at_depth(text: &str) {
    let error = Fields::<List>::from_frame(reply(text)).expect_err("it is too deep");
    assert_eq!(error.reason(), Some("the reply nests deeper than 128"));
}

#[test]
fn deep_replies_end_in_an_error() {
    let nested = |depth: usize| "*1 ".repeat(depth) + "*0";
    assert!(Fields::<List>::from_frame(reply(&nested(127))).is_ok());
    fails_at_depth(&nested(128));
    fails_at_depth(&nested(1000));
}

/// A string with this content.
fn bulk(text: &str) -> hashslot::Frame {
    super::raw(format!("${}\r\n{text}\r\n", text.len()))
}

#[test]
fn json_text_is_read() {
    let text = to_json(&ann()).unwrap();
    assert_eq!(text, r#"{"name":"ann","age":36,"isAdmin":true}"#);
    assert_eq!(bulk(&text).to::<Json<User>>().unwrap(), Json(ann()));
    assert_eq!(bulk(&text).to::<Option<Json<User>>>().unwrap(), Some(Json(ann())));
    assert_eq!(reply("_").to::<Option<Json<User>>>().unwrap(), None);
    is(":7", Json(7));
    is(",1.5", Json(1.5));
    is("=8 txt:null", Json(None::<u8>));
    is("*2 $3 [1] $-1", vec![Some(Json(vec![1])), None]);
    // Pairs, flat and nested.
    let pairs = vec![("a".to_owned(), Json([1])), ("b".to_owned(), Json([2]))];
    both("*4 $1 a $3 [1] $1 b $3 [2]", "%2 $1 a $3 [1] $1 b $3 [2]", pairs);
    both("*2 $3 [1] $3 [2]", "*1 *2 $3 [1] $3 [2]", vec![Json([1]), Json([2])]);
}

#[test]
fn json_documents_are_read() {
    let reply = bulk(&format!("[{}]", to_json(&ann()).unwrap()));
    let matches = <Json<Vec<User>> as FromValue>::from_frame(reply).unwrap();
    assert_eq!(matches, Json(vec![ann()]));
    let command = Command::from(cmd::json_get::<Json<Vec<User>>>("user:1").path("$"));
    assert!(command.arguments().eq([&b"JSON.GET"[..], b"user:1", b"$"]));
}

/// A map that is no JSON.
#[derive(Serialize)]
struct NoJson {
    #[serde(with = "hashslot::serde::json")]
    map: BTreeMap<Vec<u8>, u8>,
}

#[test]
fn errors_of_json_name_the_place_and_show_no_content() {
    let error = |text: &str| bulk(text).to::<Json<Vec<User>>>().expect_err(text).to_string();
    for (text, message) in [
        (
            r#"[{"name":"ann"},{"name":7}]"#,
            "element 1, field `name`: expected a string, got an integer at line 1 column 25",
        ),
        (
            r#"[{"name":"ann","age":"secret, expected u8"}]"#,
            "element 0, field `age`: expected u8, got a string at line 1 column 42",
        ),
        (
            r#"[{"name":"ann","age":300}]"#,
            "element 0, field `age`: expected u8, got an integer at line 1 column 24",
        ),
        (r#"[{"age":7}]"#, "element 0: missing field `name` at line 1 column 10"),
        (r#"{"name":"ann"}"#, "expected a sequence, got a map at line 1 column 0"),
        ("[7", "element 0: expected struct User, got an integer at line 1 column 2"),
        ("secret", "not JSON: expected value at line 1 column 1"),
        ("[] secret", "not JSON: trailing characters at line 1 column 4"),
        ("", "not JSON: EOF while parsing a value at line 1 column 0"),
    ] {
        assert_eq!(error(text), message, "{text}");
    }
    let level = bulk(r#"{"a":"secret"}"#).to::<Json<BTreeMap<String, Level>>>().unwrap_err();
    assert_eq!(
        level.to_string(),
        "field `a`: unknown variant, expected `low` or `high` at line 1 column 13"
    );
    // A field that the struct refuses is named, harmless and not at any length.
    let unknown = bulk(&format!("{{\"\\u001b[2J{}\":1}}", "x".repeat(1000)));
    let text = unknown.to::<Json<Strict>>().unwrap_err().to_string();
    assert!(text.contains("unknown field `\\u{1b}[2Jxxx"), "{text}");
    assert!(text.len() < 700 && !text.contains('\u{1b}'), "{text}");
    fails::<Json<User>>("_", "expected bytes, got null (ask for an Option)");
    fails::<Json<User>>("*1 :1", "expected bytes, got an array of 1 (ask for a Vec)");
    fails::<Fields<All>>(
        "*4 $4 list $1 x $3 map $2 {}",
        "field `list`: not JSON: expected value at line 1 column 1",
    );

    let by_list = BTreeMap::from([(vec![1], 1)]);
    assert_eq!(to_json(&by_list).unwrap_err().to_string(), "key must be a string");
    let error = fields(&NoJson { map: BTreeMap::from([(vec![1], 1)]) }).unwrap_err();
    assert_eq!(error.to_string(), "field `map`: key must be a string");
}

#[test]
fn deep_json_ends_in_an_error() {
    let error = bulk(&("[".repeat(1000) + &"]".repeat(1000))).to::<Json<List>>().unwrap_err();
    assert!(
        error.to_string().ends_with("not JSON: recursion limit exceeded at line 1 column 128"),
        "{error}"
    );
}
