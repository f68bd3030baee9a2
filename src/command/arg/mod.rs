//! Arguments: what a command takes, and how it gets there.
//!
//! Rules of this file: an argument is borrowed or moved, never copied before the command copies it.
//! Numbers and characters become text on the stack.

mod groups;
mod lists;
mod numbers;
mod texts;

use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

pub use self::groups::{Each, ListItem, OneOrMore, PairOrMore};
pub use self::lists::{Pair, ToArgs, ToPairs};
use super::{Command, LARGE_LEN};
use crate::resp::encode::Digits;
use crate::resp::short::Short;

/// A type that can be an argument of a command.
///
/// Ready-made are, each by value and by reference:
///
/// | type | argument |
/// | --- | --- |
/// | `str`, `String`, `Cow<str>`, `Box<str>`, `Rc<str>`, `Arc<str>`, `char` | the text, as UTF-8 |
/// | `[u8]`, `[u8; N]`, `Vec<u8>`, `Cow<[u8]>`, `Box<[u8]>`, `Rc<[u8]>`, `Arc<[u8]>` | the bytes |
/// | `Bytes`, `BytesMut` | the bytes |
/// | `i8` to `i128`, `u8` to `u128`, `isize`, `usize`, `NonZero` of them | the digits |
/// | `f32`, `f64` | the fewest digits that read as the same number; `inf`, `-inf`, `nan` |
/// | `bool` | `1` or `0` |
///
/// A float without a fraction below 10<sup>17</sup> has no exponent, so that servers read it as an
/// integer as well: `1000`, not `1e3`.
///
/// [`Command::args`] takes several arguments, [`Command::pairs`] takes pairs and maps,
/// [`Command::arg_opt`] takes an `Option`. A `Duration` has no unit that fits all commands: pass
/// `.as_secs()` or `.as_millis()`.
///
/// **Cost**: no allocation. `Bytes`, `Vec<u8>` and `String` of 1 KiB or more that are passed by
/// value are moved, not copied; so are `Box`, `BytesMut` and the owned half of a `Cow`.
///
/// A type of your own passes the request on to a field, or makes a text:
///
/// ```
/// use core::net::Ipv4Addr;
/// use hashslot::command::Arg;
/// use hashslot::{Command, ToArg};
///
/// struct UserId(u64);
///
/// impl ToArg for UserId {
///     fn to_arg(&self) -> Arg<'_> {
///         self.0.to_arg()
///     }
/// }
///
/// struct Host(Ipv4Addr);
///
/// impl ToArg for Host {
///     fn to_arg(&self) -> Arg<'_> {
///         self.0.to_string().into_arg()
///     }
/// }
///
/// let command = Command::new("HSET").arg(UserId(7)).arg("host").arg(&Host(Ipv4Addr::LOCALHOST));
/// assert!(command.arguments().skip(1).eq([&b"7"[..], b"host", b"127.0.0.1"]));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an argument of a command",
    label = "neither text, nor bytes, nor a number",
    note = "a list of arguments goes through `.args(..)`; pairs and maps go through `.pairs(..)`",
    note = "an `Option` goes through `.arg_opt(..)`; a `Duration` is passed as `.as_secs()` or `.as_millis()`",
    note = "implement `ToArg` for a type of your own: `self.field.to_arg()` is enough"
)]
pub trait ToArg {
    /// The argument, borrowed where it can be.
    fn to_arg(&self) -> Arg<'_>;

    /// The argument by value. Memory that the value owns is moved where it can be; what a reference
    /// points to stays borrowed.
    fn into_arg<'a>(self) -> Arg<'a>
    where
        Self: Sized + 'a,
    {
        self.to_arg().into_owned()
    }
}

impl<T: ToArg + ?Sized> ToArg for &T {
    #[inline]
    fn to_arg(&self) -> Arg<'_> {
        (**self).to_arg()
    }

    #[inline]
    fn into_arg<'a>(self) -> Arg<'a>
    where
        Self: 'a,
    {
        (*self).to_arg()
    }
}

/// One argument on its way into a command. [`ToArg`] makes it from text, bytes and numbers.
pub struct Arg<'a>(Content<'a>);

enum Content<'a> {
    Borrowed(&'a [u8]),
    Owned(Vec<u8>),
    Shared(Bytes),
    Unsigned(u64),
    Negative(i64),
    Short(Short),
}

impl Arg<'_> {
    /// The same argument, which borrows nothing.
    ///
    /// **Cost**: a borrowed argument is copied; without an allocation if it is short.
    #[must_use]
    pub fn into_owned(self) -> Arg<'static> {
        Arg(match self.0 {
            Content::Borrowed(bytes) => match Short::copy_of(bytes) {
                Some(short) => Content::Short(short),
                None => Content::Owned(bytes.to_vec()),
            },
            Content::Owned(bytes) => Content::Owned(bytes),
            Content::Shared(bytes) => Content::Shared(bytes),
            Content::Unsigned(number) => Content::Unsigned(number),
            Content::Negative(number) => Content::Negative(number),
            Content::Short(short) => Content::Short(short),
        })
    }

    /// Calls `take` with the bytes of the argument.
    #[inline]
    pub(crate) fn with_bytes<R>(&self, take: impl FnOnce(&[u8]) -> R) -> R {
        match &self.0 {
            Content::Borrowed(bytes) => take(bytes),
            Content::Owned(bytes) => take(bytes),
            Content::Shared(bytes) => take(bytes),
            Content::Unsigned(number) => take(Digits::of(*number).as_bytes()),
            Content::Negative(number) => take(Digits::of_negative(*number).as_bytes()),
            Content::Short(short) => take(short.as_bytes()),
        }
    }
}

impl ToArg for Arg<'_> {
    fn to_arg(&self) -> Arg<'_> {
        Arg(match &self.0 {
            Content::Borrowed(bytes) => Content::Borrowed(bytes),
            Content::Owned(bytes) => Content::Borrowed(bytes),
            Content::Shared(bytes) => return bytes.to_arg(),
            Content::Unsigned(number) => Content::Unsigned(*number),
            Content::Negative(number) => Content::Negative(*number),
            Content::Short(short) => Content::Borrowed(short.as_bytes()),
        })
    }

    #[inline]
    fn into_arg<'a>(self) -> Arg<'a>
    where
        Self: 'a,
    {
        self
    }
}

impl fmt::Debug for Arg<'_> {
    /// Shows no content: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Arg(..)")
    }
}

impl Command {
    /// Adds an argument.
    #[inline]
    pub(crate) fn push_arg(&mut self, argument: Arg<'_>) {
        match argument.0 {
            Content::Borrowed(bytes) => self.push(bytes),
            Content::Owned(bytes) if bytes.len() >= LARGE_LEN => self.push_large(bytes.into()),
            Content::Owned(bytes) => self.push(&bytes),
            Content::Shared(bytes) if bytes.len() >= LARGE_LEN => self.push_large(bytes),
            Content::Shared(bytes) => self.push(&bytes),
            Content::Unsigned(number) => self.push(Digits::of(number).as_bytes()),
            Content::Negative(number) => self.push(Digits::of_negative(number).as_bytes()),
            Content::Short(short) => self.push(short.as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests;
