//! Replies that are records: names with values, a map in RESP3 and a flat array in RESP2.

use crate::command::FromValue;
use crate::error::ConversionError;
use crate::resp::{Elements, Frame, Value};

/// The fields of a reply that is a record.
pub(super) struct Fields<'a, 'f> {
    pairs: Elements<'a>,
    frame: &'f Frame,
}

impl<'a, 'f> Fields<'a, 'f> {
    #[inline]
    pub(super) fn of(value: &Value<'a>, frame: &'f Frame) -> Result<Self, ConversionError> {
        match value.flat() {
            Some(pairs) if pairs.len().is_multiple_of(2) => Ok(Self { pairs, frame }),
            _ => Err(ConversionError::new("a record of names and values", value)),
        }
    }

    /// The value of a field. A field that is missing is a null, since servers add fields with time.
    pub(super) fn get<T: FromValue>(&self, name: &'static str) -> Result<T, ConversionError> {
        let mut pairs = self.pairs;
        while let (Some(key), Some(value)) = (pairs.next(), pairs.next()) {
            if key.as_bytes() == Some(name.as_bytes()) {
                return T::from_value(&value, self.frame).map_err(|error| error.at_field(name));
            }
        }
        T::from_value(&Value::Null, self.frame).map_err(|error| error.at_field(name))
    }
}

/// Declares a reply that is a record: each field with the name that servers give it.
macro_rules! record {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident {
            $($(#[$of_field:meta])* pub $field:ident: $type:ty = $wire:literal,)*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$of_field])* pub $field: $type,)*
        }

        impl $crate::FromValue for $name {
            #[inline]
            fn from_value(
                value: &$crate::resp::Value<'_>,
                frame: &$crate::Frame,
            ) -> Result<Self, $crate::error::ConversionError> {
                let fields = $crate::cmd::record::Fields::of(value, frame)?;
                Ok(Self { $($field: fields.get($wire)?,)* })
            }
        }
    };
}

pub(super) use record;
