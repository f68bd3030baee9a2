//! Replies to tuples.

use super::FromValue;
use super::rows::{self, Shape, not_of};
use crate::error::ConversionError;
use crate::resp::{Elements, Frame, Value};

macro_rules! tuple {
    ($width:literal: $($name:ident $index:literal),+) => {
        impl<$($name: FromValue),+> FromValue for ($($name,)+) {
            const SHAPE: Shape = Shape::Row($width);

            fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
                match value.flat() {
                    Some(mut row) if row.len() == $width => {
                        Self::from_row(&mut row, frame).map_err(|(index, error)| error.at(index))
                    }
                    _ => Err(not_of($width, value)),
                }
            }

            #[inline]
            fn from_row(
                row: &mut Elements<'_>,
                frame: &Frame,
            ) -> Result<Self, (usize, ConversionError)> {
                Ok(($(rows::next::<$name>(row, frame).map_err(|error| ($index, error))?,)+))
            }
        }
    };
}

tuple!(1: A 0);
tuple!(2: A 0, B 1);
tuple!(3: A 0, B 1, C 2);
tuple!(4: A 0, B 1, C 2, D 3);
tuple!(5: A 0, B 1, C 2, D 3, E 4);
tuple!(6: A 0, B 1, C 2, D 3, E 4, F 5);
tuple!(7: A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple!(8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
tuple!(9: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
tuple!(10: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
tuple!(11: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10);
tuple!(12: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11);
