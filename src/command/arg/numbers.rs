//! Arguments that are numbers or booleans.

use core::num::NonZero;

use super::{Arg, Content, ToArg};
use crate::resp::short::{self, Short};

macro_rules! unsigned {
    ($($number:ty),*) => {$(
        impl ToArg for $number {
            #[inline]
            fn to_arg(&self) -> Arg<'_> {
                Arg(match u64::try_from(*self) {
                    Ok(number) => Content::Unsigned(number),
                    Err(_) => Content::Short(Short::format(format_args!("{self}"))),
                })
            }
        }

        non_zero!($number);
    )*};
}

macro_rules! signed {
    ($($number:ty),*) => {$(
        impl ToArg for $number {
            #[inline]
            fn to_arg(&self) -> Arg<'_> {
                Arg(match (u64::try_from(*self), i64::try_from(*self)) {
                    (Ok(number), _) => Content::Unsigned(number),
                    (Err(_), Ok(number)) => Content::Negative(number),
                    (Err(_), Err(_)) => Content::Short(Short::format(format_args!("{self}"))),
                })
            }
        }

        non_zero!($number);
    )*};
}

macro_rules! non_zero {
    ($number:ty) => {
        impl ToArg for NonZero<$number> {
            fn to_arg(&self) -> Arg<'_> {
                self.get().into_arg()
            }
        }
    };
}

macro_rules! floats {
    ($($number:ty),*) => {$(
        impl ToArg for $number {
            fn to_arg(&self) -> Arg<'_> {
                Arg(Content::Short(short::float(*self)))
            }
        }
    )*};
}

unsigned!(u8, u16, u32, u64, u128, usize);
signed!(i8, i16, i32, i64, i128, isize);
floats!(f32, f64);

impl ToArg for bool {
    fn to_arg(&self) -> Arg<'_> {
        Arg(Content::Unsigned(u64::from(*self)))
    }
}
