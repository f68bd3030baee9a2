//! Writes the fields of a struct for serde.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec::Vec;

use serde_core::ser::{Impossible, Serialize, SerializeMap, SerializeStruct, Serializer};

use crate::command::{Arg, ToArg};
use crate::error::ConversionError;

/// The memory that a type may ask for before it has written pairs.
const CAPACITY_MAX: usize = 1024;

type Pair = (Cow<'static, str>, Arg<'static>);

/// What cannot be written.
type Never<T> = Impossible<T, ConversionError>;

const AS_JSON: Option<&str> =
    Some("#[serde(with = \"hashslot::serde::json\")] makes JSON text of it");

fn not_fields<T>(got: &str) -> Result<T, ConversionError> {
    Err(ConversionError::of_type("a struct or a map".into(), got.into(), None))
}

fn not_text<T>(got: &str) -> Result<T, ConversionError> {
    Err(ConversionError::of_type("text or a number".into(), got.into(), AS_JSON))
}

const A_VARIANT: &str = "a variant with content";

/// What both writers do alike: they look through `Some` and newtypes, and refuse lists and variants
/// with content by this function.
macro_rules! no_lists {
    ($refuse:ident) => {
        type SerializeSeq = Never<Self::Ok>;
        type SerializeTuple = Never<Self::Ok>;
        type SerializeTupleStruct = Never<Self::Ok>;
        type SerializeTupleVariant = Never<Self::Ok>;
        type SerializeStructVariant = Never<Self::Ok>;

        fn serialize_some<T: Serialize + ?Sized>(
            self,
            value: &T,
        ) -> Result<Self::Ok, ConversionError> {
            value.serialize(self)
        }

        fn serialize_newtype_struct<T: Serialize + ?Sized>(
            self,
            _: &'static str,
            value: &T,
        ) -> Result<Self::Ok, ConversionError> {
            value.serialize(self)
        }

        fn serialize_newtype_variant<T: Serialize + ?Sized>(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: &T,
        ) -> Result<Self::Ok, ConversionError> {
            $refuse(A_VARIANT)
        }

        fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, ConversionError> {
            $refuse("a list")
        }

        fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, ConversionError> {
            $refuse("a tuple")
        }

        fn serialize_tuple_struct(
            self,
            _: &'static str,
            len: usize,
        ) -> Result<Self::SerializeTupleStruct, ConversionError> {
            self.serialize_tuple(len)
        }

        fn serialize_tuple_variant(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeTupleVariant, ConversionError> {
            $refuse(A_VARIANT)
        }

        fn serialize_struct_variant(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeStructVariant, ConversionError> {
            $refuse(A_VARIANT)
        }
    };
}

/// Writes a struct or map as pairs.
pub(super) struct FieldsWriter;

/// The pairs that are written.
pub(super) struct Pairs {
    pairs: Vec<Pair>,
    /// The key of a map whose value comes next.
    key: Option<Cow<'static, str>>,
}

impl Pairs {
    fn with_capacity(count: usize) -> Self {
        Self { pairs: Vec::with_capacity(count), key: None }
    }

    fn push<T: Serialize + ?Sized>(
        &mut self,
        name: Cow<'static, str>,
        value: &T,
    ) -> Result<(), ConversionError> {
        match value.serialize(TextWriter) {
            Ok(Some(text)) => self.pairs.push((name, text)),
            Ok(None) => {}
            Err(error) => return Err(error.at_field(name)),
        }
        Ok(())
    }
}

impl SerializeStruct for Pairs {
    type Ok = Vec<Pair>;
    type Error = ConversionError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), ConversionError> {
        self.push(name.into(), value)
    }

    fn end(self) -> Result<Vec<Pair>, ConversionError> {
        Ok(self.pairs)
    }
}

impl SerializeMap for Pairs {
    type Ok = Vec<Pair>;
    type Error = ConversionError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), ConversionError> {
        let text = key.serialize(TextWriter).and_then(|text| match text {
            Some(text) => {
                text.with_bytes(|bytes| String::from_utf8(bytes.to_owned()).ok()).ok_or_else(|| {
                    ConversionError::of_type("text".into(), "bytes that are not UTF-8".into(), None)
                })
            }
            None => not_text("nothing"),
        });
        self.key = Some(text.map_err(|error| error.at_key(self.pairs.len()))?.into());
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ConversionError> {
        let key = self.key.take().unwrap_or_default();
        self.push(key, value)
    }

    fn end(self) -> Result<Vec<Pair>, ConversionError> {
        Ok(self.pairs)
    }
}

/// Methods that refuse scalars.
macro_rules! refused {
    ($($serialize:ident $scalar:ty, $got:literal);* $(;)?) => {$(
        fn $serialize(self, _: $scalar) -> Result<Self::Ok, ConversionError> {
            not_fields($got)
        }
    )*};
}

impl Serializer for FieldsWriter {
    type Ok = Vec<Pair>;
    type Error = ConversionError;
    type SerializeMap = Pairs;
    type SerializeStruct = Pairs;

    no_lists!(not_fields);

    refused! {
        serialize_bool bool, "a boolean";
        serialize_i8 i8, "an integer";
        serialize_i16 i16, "an integer";
        serialize_i32 i32, "an integer";
        serialize_i64 i64, "an integer";
        serialize_u8 u8, "an integer";
        serialize_u16 u16, "an integer";
        serialize_u32 u32, "an integer";
        serialize_u64 u64, "an integer";
        serialize_f32 f32, "a float";
        serialize_f64 f64, "a float";
        serialize_char char, "a character";
        serialize_str &str, "text";
        serialize_bytes &[u8], "bytes";
    }

    fn serialize_none(self) -> Result<Self::Ok, ConversionError> {
        not_fields("None")
    }

    fn serialize_unit(self) -> Result<Self::Ok, ConversionError> {
        not_fields("nothing")
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Self::Ok, ConversionError> {
        Ok(Vec::new())
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
    ) -> Result<Self::Ok, ConversionError> {
        not_fields("a variant")
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Pairs, ConversionError> {
        Ok(Pairs::with_capacity(len.unwrap_or(0).min(CAPACITY_MAX)))
    }

    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Pairs, ConversionError> {
        Ok(Pairs::with_capacity(len.min(CAPACITY_MAX)))
    }
}

/// Writes the one text of a field. `None` if there is nothing to store.
struct TextWriter;

macro_rules! texts {
    ($($serialize:ident $scalar:ty),* $(,)?) => {$(
        fn $serialize(self, value: $scalar) -> Result<Self::Ok, ConversionError> {
            Ok(Some(value.to_arg().into_owned()))
        }
    )*};
}

impl Serializer for TextWriter {
    type Ok = Option<Arg<'static>>;
    type Error = ConversionError;
    type SerializeMap = Never<Self::Ok>;
    type SerializeStruct = Never<Self::Ok>;

    no_lists!(not_text);

    texts! {
        serialize_bool bool,
        serialize_i8 i8,
        serialize_i16 i16,
        serialize_i32 i32,
        serialize_i64 i64,
        serialize_i128 i128,
        serialize_u8 u8,
        serialize_u16 u16,
        serialize_u32 u32,
        serialize_u64 u64,
        serialize_u128 u128,
        serialize_f32 f32,
        serialize_f64 f64,
        serialize_char char,
        serialize_str &str,
        serialize_bytes &[u8],
    }

    fn serialize_none(self) -> Result<Self::Ok, ConversionError> {
        Ok(None)
    }

    fn serialize_unit(self) -> Result<Self::Ok, ConversionError> {
        Ok(Some("".into_arg()))
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Self::Ok, ConversionError> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
    ) -> Result<Self::Ok, ConversionError> {
        Ok(Some(name.into_arg()))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, ConversionError> {
        not_text("a map")
    }

    fn serialize_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStruct, ConversionError> {
        not_text("a struct")
    }
}
