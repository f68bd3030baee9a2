//! One argument or several, one pair or several: what typed commands take.
//!
//! A byte string is one argument, so a vector is a list only if its items are no bytes:
//! [`ListItem`] leaves `u8` out.

use alloc::borrow::{Cow, ToOwned};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::rc::Rc;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::num::NonZero;

use bytes::{Bytes, BytesMut};

use super::{Arg, Pair, ToArg, ToArgs, ToPairs};
use crate::command::Command;

/// One argument or several: text, bytes or a number, or a collection of them.
///
/// Typed commands take it where the server takes one key, member or value or more of them:
///
/// ```
/// use hashslot::{Command, cmd};
/// let keys = vec![String::from("{user}1"), String::from("{user}2")];
/// assert_eq!(Command::from(cmd::del("{user}1")).len(), 2);
/// assert_eq!(Command::from(cmd::del(["{user}1", "{user}2"])).len(), 3);
/// assert_eq!(Command::from(cmd::del(&keys)).len(), 3);
/// let old = cmd::each(keys.iter().map(|key| format!("{key}:old")));
/// assert_eq!(Command::from(cmd::del(old)).len(), 3);
/// ```
///
/// **Shape**: every [`ToArg`] is one argument, bytes included: `b"ab"`, `vec![1_u8, 2]`. Arrays,
/// slices, vectors, deques and sets of [`ListItem`]s are several. An iterator goes through
/// [`cmd::each`](crate::cmd::each).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither an argument of a command nor a list of them",
    label = "neither text, bytes or a number, nor a list of them",
    note = "an iterator goes through `cmd::each(..)`; an `Option` has to be unwrapped first"
)]
pub trait OneOrMore {
    /// The command with these arguments behind its own.
    #[must_use]
    fn append_to(self, command: Command) -> Command;
}

/// One pair of arguments or several: a tuple `(key, value)`, or a map or list of them.
///
/// ```
/// use std::collections::BTreeMap;
/// use hashslot::{Command, cmd};
/// let map = BTreeMap::from([("name", "ann"), ("age", "36")]);
/// assert_eq!(Command::from(cmd::hset("user:1", ("name", "ann"))).len(), 4);
/// assert_eq!(Command::from(cmd::hset("user:1", [("age", 36), ("visits", 7)])).len(), 6);
/// assert_eq!(Command::from(cmd::hset("user:1", &map)).len(), 6);
/// ```
///
/// **Shape**: arrays, slices, vectors, deques and maps, by value or by reference. An iterator goes
/// through [`cmd::each`](crate::cmd::each).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a pair of arguments nor a list or map of them",
    label = "neither `(key, value)`, nor a list or map of such pairs",
    note = "an iterator of pairs goes through `cmd::each(..)`"
)]
pub trait PairOrMore {
    /// The command with these pairs behind its own arguments: each key before its value.
    #[must_use]
    fn append_to(self, command: Command) -> Command;
}

/// An argument whose collections are lists of arguments: every [`ToArg`] but `u8`, since a vector
/// of bytes is one argument.
///
/// Implement it for a type of your own that is a [`ToArg`], to pass vectors of it as
/// [`OneOrMore`]:
///
/// ```
/// use hashslot::command::{Arg, ListItem};
/// use hashslot::{Command, ToArg, cmd};
///
/// struct UserId(u64);
/// impl ToArg for UserId {
///     fn to_arg(&self) -> Arg<'_> {
///         self.0.to_arg()
///     }
/// }
/// impl ListItem for UserId {}
///
/// let command = Command::from(cmd::sadd("online", vec![UserId(7), UserId(8)]));
/// assert_eq!(command.len(), 4);
/// ```
#[diagnostic::on_unimplemented(
    message = "a collection of `{Self}` is not a list of arguments",
    label = "not a list of text, byte strings or numbers",
    note = "a type of your own needs `impl ListItem for` it, beside its `ToArg`"
)]
pub trait ListItem: ToArg {}

/// The items of an iterator, as arguments or pairs: made by [`cmd::each`](crate::cmd::each).
#[derive(Debug, Clone)]
pub struct Each<I>(pub(crate) I);

impl<I: IntoIterator> IntoIterator for Each<I> {
    type Item = I::Item;
    type IntoIter = I::IntoIter;

    fn into_iter(self) -> I::IntoIter {
        self.0.into_iter()
    }
}

impl<T: ListItem + ?Sized> ListItem for &T {}
impl<B: ListItem + ToOwned<Owned: ToArg> + ?Sized> ListItem for Cow<'_, B> {}
impl<const N: usize> ListItem for [u8; N] {}
impl ListItem for Arg<'_> {}

macro_rules! list_items {
    ($($item:ty),* $(,)?) => {$(impl ListItem for $item {})*};
}

list_items! {
    str, String, Box<str>, Rc<str>, Arc<str>, char, bool,
    [u8], Vec<u8>, Box<[u8]>, Rc<[u8]>, Arc<[u8]>, Bytes, BytesMut,
    i8, i16, i32, i64, i128, isize, u16, u32, u64, u128, usize, f32, f64,
    NonZero<i8>, NonZero<i16>, NonZero<i32>, NonZero<i64>, NonZero<i128>, NonZero<isize>,
    NonZero<u16>, NonZero<u32>, NonZero<u64>, NonZero<u128>, NonZero<usize>,
}

impl<T: ToArg> OneOrMore for T {
    #[inline]
    fn append_to(self, command: Command) -> Command {
        command.arg(self)
    }
}

impl<K: ToArg, V: ToArg> PairOrMore for (K, V) {
    #[inline]
    fn append_to(self, command: Command) -> Command {
        command.arg(self.0).arg(self.1)
    }
}

macro_rules! lists {
    ($([$($generics:tt)*] $list:ty),* $(,)?) => {$(
        impl<$($generics)*> OneOrMore for $list
        where
            T: ListItem,
        {
            #[inline]
            fn append_to(self, command: Command) -> Command {
                ToArgs::add_to(self, command)
            }
        }
    )*};
}

lists! {
    [T, const N: usize] [T; N],
    [T, const N: usize] &[T; N],
    [T] &[T],
    [T] Box<[T]>,
    [T] &Box<[T]>,
    [T] Vec<T>,
    [T] &Vec<T>,
    [T] VecDeque<T>,
    [T] &VecDeque<T>,
    [T] BTreeSet<T>,
    [T] &BTreeSet<T>,
}

macro_rules! pairs {
    ($([$($generics:tt)*] $list:ty),* $(,)?) => {$(
        impl<K: ToArg, V: ToArg, $($generics)*> PairOrMore for $list {
            #[inline]
            fn append_to(self, command: Command) -> Command {
                ToPairs::add_to(self, command)
            }
        }
    )*};
}

pairs! {
    [const N: usize] [(K, V); N],
    [const N: usize] &[(K, V); N],
    [] &[(K, V)],
    [] Box<[(K, V)]>,
    [] &Box<[(K, V)]>,
    [] Vec<(K, V)>,
    [] &Vec<(K, V)>,
    [] VecDeque<(K, V)>,
    [] &VecDeque<(K, V)>,
    [] BTreeMap<K, V>,
    [] &BTreeMap<K, V>,
}

impl<I: IntoIterator<Item: ToArg>> OneOrMore for Each<I> {
    #[inline]
    fn append_to(self, command: Command) -> Command {
        ToArgs::add_to(self.0, command)
    }
}

impl<I: IntoIterator<Item: Pair>> PairOrMore for Each<I> {
    #[inline]
    fn append_to(self, command: Command) -> Command {
        ToPairs::add_to(self.0, command)
    }
}
