//! Reads a reply for serde.
//!
//! Rules of this file: scalars are converted by [`FromValue`], so that a field of a struct reads
//! what a reply of its type reads. Text is borrowed from the reply.

use alloc::string::String;
use alloc::vec::Vec;
use core::str;

use serde_core::de::value::{BorrowedStrDeserializer, StringDeserializer};
use serde_core::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::command::FromValue;
use crate::error::ConversionError;
use crate::resp::{Elements, Frame, Value};

/// So deep may a reply nest what serde reads: its types recurse.
const DEPTH_MAX: u8 = 128;

/// What to do about an aggregate that is stored as text.
const NESTED: Option<&str> =
    Some("is it JSON? #[serde(with = \"hashslot::serde::json\")] reads it");

/// A value of a reply.
#[derive(Clone, Copy)]
pub(super) struct Reader<'de, 'f> {
    value: Value<'de>,
    frame: &'f Frame,
    depth: u8,
}

impl<'de, 'f> Reader<'de, 'f> {
    /// The value that a caller asks for.
    pub(super) const fn of(value: Value<'de>, frame: &'f Frame) -> Self {
        Self { value, frame, depth: 0 }
    }

    /// A value inside of this one.
    const fn inside(self, value: Value<'de>) -> Self {
        Self { value, depth: self.depth + 1, ..self }
    }

    fn to<T: FromValue>(self) -> Result<T, ConversionError> {
        T::from_value(&self.value, self.frame)
    }

    /// What is in an aggregate.
    fn elements(self, expected: &'static str) -> Result<Elements<'de>, ConversionError> {
        if self.depth == DEPTH_MAX {
            return Err(ConversionError::custom("the reply nests deeper than 128"));
        }
        let hint = if self.value.as_bytes().is_some() { NESTED } else { None };
        let mismatch = || ConversionError::hinting(expected, &self.value, hint);
        self.value.flat().ok_or_else(mismatch)
    }

    fn list(self) -> Result<List<'de, 'f>, ConversionError> {
        Ok(List { elements: self.elements("an array")?, index: 0, of: self })
    }

    fn pairs(self, names: &'static [&'static str]) -> Result<Pairs<'de, 'f>, ConversionError> {
        let elements = self.elements("pairs")?;
        let is_nested = !matches!(self.value, Value::Map(_))
            && elements.get(0).is_some_and(|first| first.elements().is_some());
        if !is_nested && !elements.len().is_multiple_of(2) {
            return Err(ConversionError::hinting("pairs", &self.value, None));
        }
        Ok(Pairs { elements, is_nested, begun: None, index: 0, names, of: self })
    }
}

macro_rules! scalars {
    ($($deserialize:ident $visit:ident $scalar:ty),* $(,)?) => {$(
        fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
            visitor.$visit(self.to::<$scalar>()?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'de, '_> {
    type Error = ConversionError;

    /// The type that the server sent. Text stays text, also if it spells a number.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Integer(number) => visitor.visit_i64(number),
            Value::Double(number) => visitor.visit_f64(number),
            Value::Boolean(truth) => visitor.visit_bool(truth),
            Value::Simple(_) | Value::Bulk(_) | Value::BigNumber(_) | Value::Verbatim { .. } => {
                self.deserialize_identifier(visitor)
            }
            Value::Array(_) | Value::Set(_) | Value::Push(_) => self.deserialize_seq(visitor),
            Value::Map(_) => self.deserialize_map(visitor),
            Value::Error(_) => Err(ConversionError::new("a value", &self.value)),
        }
    }

    scalars! {
        deserialize_bool visit_bool bool,
        deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
        deserialize_i128 visit_i128 i128,
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
        deserialize_u128 visit_u128 u128,
        deserialize_f32 visit_f32 f32,
        deserialize_f64 visit_f64 f64,
        deserialize_char visit_char char,
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        match self.value.as_str() {
            Some(text) => visitor.visit_borrowed_str(text),
            None => visitor.visit_string(self.to()?),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        match self.value.as_bytes() {
            Some(bytes) => visitor.visit_borrowed_bytes(bytes),
            None => visitor.visit_byte_buf(self.to::<Vec<u8>>()?),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(
        self,
        visitor: V,
    ) -> Result<V::Value, ConversionError> {
        self.deserialize_bytes(visitor)
    }

    /// No pairs at all are what servers send for a missing key.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        let is_missing = self.depth == 0 && self.value.flat().is_some_and(|all| all.is_empty());
        if self.value.is_null() || is_missing {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        self.to::<()>()?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ConversionError> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ConversionError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        visitor.visit_seq(self.list()?)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, ConversionError> {
        let list = self.list()?;
        if list.elements.len() != len {
            let expected = alloc::format!("an array of {len}");
            return Err(ConversionError::hinting(expected, &self.value, None));
        }
        visitor.visit_seq(list)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, ConversionError> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        visitor.visit_map(self.pairs(&[])?)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ConversionError> {
        visitor.visit_map(self.pairs(fields)?)
    }

    /// Variants without content: the name is the value.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ConversionError> {
        match self.value.as_str() {
            Some(name) => visitor.visit_enum(BorrowedStrDeserializer::new(name)),
            None => visitor.visit_enum(StringDeserializer::new(self.to::<String>()?)),
        }
    }

    /// The name of a field: any bytes, since a struct may leave out the field.
    fn deserialize_identifier<V: Visitor<'de>>(
        self,
        visitor: V,
    ) -> Result<V::Value, ConversionError> {
        match self.value.as_bytes().map(|name| (name, str::from_utf8(name))) {
            Some((_, Ok(name))) => visitor.visit_borrowed_str(name),
            Some((name, Err(_))) => visitor.visit_borrowed_bytes(name),
            None => visitor.visit_string(self.to()?),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(
        self,
        visitor: V,
    ) -> Result<V::Value, ConversionError> {
        visitor.visit_unit()
    }
}

/// The elements of an aggregate.
struct List<'de, 'f> {
    elements: Elements<'de>,
    /// How many were read.
    index: usize,
    of: Reader<'de, 'f>,
}

impl<'de> SeqAccess<'de> for List<'de, '_> {
    type Error = ConversionError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ConversionError> {
        let Some(value) = self.elements.next() else { return Ok(None) };
        self.index += 1;
        let element = seed.deserialize(self.of.inside(value));
        element.map(Some).map_err(|error| error.at(self.index - 1))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.elements.len())
    }
}

/// The pairs of an aggregate.
struct Pairs<'de, 'f> {
    elements: Elements<'de>,
    /// Whether each pair is an array of its own.
    is_nested: bool,
    /// The pair whose key was read, and whose value comes next.
    begun: Option<(Value<'de>, Value<'de>)>,
    /// How many pairs were begun.
    index: usize,
    /// The fields of the struct; none if a map is read.
    names: &'static [&'static str],
    of: Reader<'de, 'f>,
}

impl<'de> Pairs<'de, '_> {
    fn next(&mut self) -> Result<Option<(Value<'de>, Value<'de>)>, ConversionError> {
        let Some(first) = self.elements.next() else { return Ok(None) };
        self.index += 1;
        let pair = if self.is_nested {
            let inside = first.elements().filter(|inside| inside.len() == 2);
            inside.and_then(|mut inside| inside.next().zip(inside.next()))
        } else {
            Some(first).zip(self.elements.next())
        };
        let mismatch = || ConversionError::hinting("an array of 2", &first, None);
        pair.ok_or_else(|| mismatch().at(self.index - 1)).map(Some)
    }

    /// The error in the value of this key. Only fields of the struct are named: other keys are
    /// content.
    fn in_value(&self, key: &Value<'_>, error: ConversionError) -> ConversionError {
        let key = key.as_bytes().unwrap_or_default();
        match self.names.iter().find(|name| name.as_bytes() == key) {
            Some(name) => error.at_field(*name),
            None => error.at_value(self.index - 1),
        }
    }
}

impl<'de> MapAccess<'de> for Pairs<'de, '_> {
    type Error = ConversionError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ConversionError> {
        self.begun = self.next()?;
        let Some((key, _)) = self.begun else { return Ok(None) };
        let key = seed.deserialize(self.of.inside(key));
        key.map(Some).map_err(|error| error.at_key(self.index - 1))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, ConversionError> {
        let (key, value) = self.begun.take().unwrap_or((Value::Null, Value::Null));
        seed.deserialize(self.of.inside(value)).map_err(|error| self.in_value(&key, error))
    }

    fn size_hint(&self) -> Option<usize> {
        let count = self.elements.len();
        Some(if self.is_nested { count } else { count / 2 })
    }
}
