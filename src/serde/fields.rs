//! Structs and the fields of hashes.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use serde_core::Serialize;
use serde_core::de::DeserializeOwned;

use super::reader::Reader;
use super::writer::FieldsWriter;
use crate::command::{Arg, FromValue};
use crate::error::ConversionError;
use crate::resp::{Frame, Value};

/// A struct or map that is read from pairs: from the fields of a hash, or of an entry of a stream.
///
/// **Shape**: pairs in each form in which servers send them: a map, a flat array, or an array of
/// arrays of two. `HGETALL` of a missing key returns no pairs: ask for a `Fields<Option<T>>`, which
/// is `None` then.
///
/// | field of the struct | from |
/// | --- | --- |
/// | integer, float, `bool`, `char`, `String` | what [`FromValue`] converts to them |
/// | `Option<T>` | null or no field, which is `None`, or what `T` is made from |
/// | an enum without content | the name of the variant |
/// | bytes by `serde_bytes` | any string |
/// | a list, map or struct | an array or map in the reply; in a hash: JSON text, by [`json`](super::json) |
///
/// Fields that the struct lacks are left out, unless it says `deny_unknown_fields`.
///
/// **Errors**: [`ConversionError`] names the field, and shows no content:
/// `` field `age`: expected an integer, got a bulk string of 3 bytes ``. What is stored is at
/// fault.
///
/// ```
/// use hashslot::Frame;
/// use hashslot::serde::Fields;
/// use serde::Deserialize;
///
/// #[derive(Debug, PartialEq, Deserialize)]
/// struct User {
///     name: String,
///     age: Option<u8>,
/// }
///
/// // What `HGETALL user:1` returns, in RESP2.
/// let reply = Frame::parse(&b"*2\r\n$4\r\nname\r\n$3\r\nann\r\n"[..], &Default::default())?;
/// let Fields(user) = reply.to::<Fields<User>>()?;
/// assert_eq!(user, User { name: "ann".into(), age: None });
///
/// let missing = Frame::parse(&b"*0\r\n"[..], &Default::default())?;
/// assert_eq!(missing.to::<Fields<Option<User>>>()?.into_inner(), None);
/// let error = missing.to::<Fields<User>>().unwrap_err();
/// assert!(error.to_string().contains("missing field `name`"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_structs, reason = "programs take it apart")]
pub struct Fields<T>(pub T);

impl<T> Fields<T> {
    /// The struct itself.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: DeserializeOwned> FromValue for Fields<T> {
    fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
        T::deserialize(Reader::of(*value, frame)).map(Self)
    }
}

/// The fields of a struct or map, as pairs of arguments: for `HSET`, `XADD` and others.
///
/// **Shape**: numbers, text and bytes are as [`ToArg`](crate::ToArg) writes them, `bool` is `1` or
/// `0`, an enum without content is the name of its variant, `()` is empty text. A field that is
/// `None` is left out: `HSET` does not remove what was stored in it before.
///
/// # Errors
/// [`ConversionError`] names a field that is a list, a map or a struct: a field of a hash holds one
/// text, and [`json`](super::json) makes one of it. The type is at fault.
///
/// **Cost**: names of fields, numbers and short text need no allocation.
///
/// ```
/// use hashslot::serde::to_fields;
/// use hashslot::{Command, cmd};
/// use serde::Serialize;
///
/// #[derive(Serialize)]
/// struct User<'a> {
///     name: &'a str,
///     age: Option<u8>,
///     is_admin: bool,
/// }
///
/// let user = User { name: "ann", age: None, is_admin: true };
/// let command = Command::from(cmd::hset("user:1", to_fields(&user)?));
/// assert!(command.arguments().skip(2).eq([&b"name"[..], b"ann", b"is_admin", b"1"]));
/// # Ok::<(), hashslot::error::ConversionError>(())
/// ```
pub fn to_fields<T: Serialize + ?Sized>(
    value: &T,
) -> Result<Vec<(Cow<'static, str>, Arg<'static>)>, ConversionError> {
    value.serialize(FieldsWriter)
}
