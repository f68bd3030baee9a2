//! A value that owns its content.

use alloc::vec::Vec;

use bytes::Bytes;

use super::Value;

/// One value of a reply as a tree that owns its content.
///
/// A [`Value`] borrows its frame and costs nothing. The tree is for programs that keep values, or
/// take them apart. Attributes are left out.
///
/// **Cost**: one allocation for each aggregate. Texts share the memory of a frame that the tree is
/// made from, which stays as long as one of them does; a tree of a borrowed [`Value`] copies them.
/// **Limit**: making, comparing and dropping a tree go one call deeper for each level of nesting,
/// which [`Limits::max_depth`](crate::config::Limits::max_depth) bounds.
///
/// ```
/// use hashslot::resp::{Frame, OwnedValue};
/// let frame = Frame::parse(&b"%1\r\n+slots\r\n*2\r\n:0\r\n:5460\r\n"[..], &Default::default())?;
/// let slots = OwnedValue::Array(vec![OwnedValue::Integer(0), OwnedValue::Integer(5460)]);
/// let expected = OwnedValue::Map(vec![(OwnedValue::Simple("slots".into()), slots)]);
/// assert_eq!(frame.to::<OwnedValue>()?, expected);
/// assert_eq!(OwnedValue::from(frame.value()), expected);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum OwnedValue {
    /// There is nothing.
    Null,
    /// A short text, such as `OK`.
    Simple(Bytes),
    /// An error, its code first.
    Error(Bytes),
    /// An integer.
    Integer(i64),
    /// Any bytes.
    Bulk(Bytes),
    /// A double.
    Double(f64),
    /// True or false.
    Boolean(bool),
    /// An integer of any size, as text.
    BigNumber(Bytes),
    /// A text and what it is written in.
    Verbatim {
        /// **Shape**: three bytes, such as `txt` or `mkd`.
        format: Bytes,
        /// The text, without the format.
        text: Bytes,
    },
    /// Values in order.
    Array(Vec<Self>),
    /// Values in no order.
    Set(Vec<Self>),
    /// Keys with their values, in the order in which they travelled.
    Map(Vec<(Self, Self)>),
    /// A message that answers no command.
    Push(Vec<Self>),
}

impl OwnedValue {
    /// The tree of a value, with what `text` makes of each string.
    pub(crate) fn of(value: Value<'_>, text: &impl Fn(&[u8]) -> Bytes) -> Self {
        let owned = |value| Self::of(value, text);
        match value {
            Value::Null => Self::Null,
            Value::Simple(bytes) => Self::Simple(text(bytes)),
            Value::Error(bytes) => Self::Error(text(bytes)),
            Value::Integer(number) => Self::Integer(number),
            Value::Bulk(bytes) => Self::Bulk(text(bytes)),
            Value::Double(number) => Self::Double(number),
            Value::Boolean(truth) => Self::Boolean(truth),
            Value::BigNumber(bytes) => Self::BigNumber(text(bytes)),
            Value::Verbatim { format, text: bytes } => {
                Self::Verbatim { format: text(format), text: text(bytes) }
            }
            Value::Array(elements) => Self::Array(elements.map(owned).collect()),
            Value::Set(elements) => Self::Set(elements.map(owned).collect()),
            Value::Push(elements) => Self::Push(elements.map(owned).collect()),
            Value::Map(pairs) => {
                Self::Map(pairs.map(|(key, value)| (owned(key), owned(value))).collect())
            }
        }
    }
}

impl From<Value<'_>> for OwnedValue {
    fn from(value: Value<'_>) -> Self {
        Self::of(value, &Bytes::copy_from_slice)
    }
}
