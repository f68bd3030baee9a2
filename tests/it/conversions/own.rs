//! Types of an application's own, which implement what is required only.

#![allow(clippy::needless_borrows_for_generic_args, reason = "callers have such arguments")]

use std::collections::BTreeMap;

use hashslot::command::Arg;
use hashslot::error::ConversionError;
use hashslot::resp::{Frame, Value};
use hashslot::{Command, FromValue, ToArg};

use super::{both, fails, is};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Id(u64);

impl ToArg for Id {
    fn to_arg(&self) -> Arg<'_> {
        self.0.to_arg()
    }
}

impl FromValue for Id {
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        u64::from_value(value, frame).map(Self)
    }
}

/// A struct from the fields of a hash.
#[derive(Debug, Clone, PartialEq)]
struct User {
    name: String,
    visits: u32,
}

impl FromValue for User {
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let fields = value.pairs().ok_or_else(|| ConversionError::new("a user", value))?;
        let missing = |name| ConversionError::custom(format_args!("the field `{name}` is missing"));
        let name = fields.get(b"name").ok_or_else(|| missing("name"))?;
        let visits = fields.get(b"visits").ok_or_else(|| missing("visits"))?;
        Ok(Self {
            name: FromValue::from_value(&name, frame)?,
            visits: FromValue::from_value(&visits, frame)?,
        })
    }
}

/// A list that is never empty.
#[derive(Debug, Clone, PartialEq)]
struct Some1<T>(Vec<T>);

impl<T: FromValue> FromValue for Some1<T> {
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        let elements = value.elements().ok_or_else(|| ConversionError::new("a list", value))?;
        let each = elements.enumerate().map(|(index, element)| {
            T::from_value(&element, frame).map_err(|error| error.at(index))
        });
        let all: Vec<T> = each.collect::<Result<_, _>>()?;
        if all.is_empty() { Err(ConversionError::custom("an empty list")) } else { Ok(Self(all)) }
    }
}

#[test]
fn a_type_of_ones_own_fits_everywhere() {
    is(":7", Id(7));
    is("*2 :7 $1 8", vec![Id(7), Id(8)]);
    is("*2 :7 $1 8", (Id(7), Id(8)));
    both("*2 :7 $1 8", "%1 :7 :8", BTreeMap::from([(Id(7), Id(8))]));
    is("_", None::<Id>);
    let ann = User { name: "ann".into(), visits: 3 };
    both("*4 $4 name $3 ann $6 visits $1 3", "%2 $4 name $3 ann $6 visits :3", ann.clone());
    let resp2 = "*2 $1 u *4 $4 name $3 ann $6 visits $1 3";
    both(resp2, "%1 $1 u %2 $4 name $3 ann $6 visits :3", BTreeMap::from([('u', ann)]));
    is("*2 :1 :2", Some1(vec![Id(1), Id(2)]));

    fails::<Vec<User>>("*1 *2 $4 name $3 ann", "element 0: the field `visits` is missing");
    fails::<User>("$1 x", "expected a user, got a bulk string of 1 byte");
    fails::<Some1<i64>>("*0", "an empty list");
    let place = "element 0, element 1: expected an integer, got null (ask for an Option)";
    fails::<(Some1<Id>,)>("*1 *2 :1 _", place);
}

#[test]
fn an_argument_of_ones_own_fits_everywhere() {
    let ids = [Id(7), Id(8)];
    let command = Command::new("X")
        .arg(Id(1))
        .arg(&Id(2))
        .args(&ids)
        .arg_opt(Some(Id(9)))
        .pairs([(Id(1), "a")])
        .pairs(&BTreeMap::from([(Id(2), Id(3))]));
    let words = ["1", "2", "7", "8", "9", "1", "a", "2", "3"].map(str::as_bytes);
    assert!(command.arguments().skip(1).eq(words));
}
