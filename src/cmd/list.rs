//! Several typed commands at once: what pipelines and transactions are made of.

use alloc::boxed::Box;
use alloc::vec::{self, Vec};

use super::TypedCommand;
use crate::action::{Outcome, Reply};
use crate::command::{Command, Each, FromValue};
use crate::error::{ConversionError, Error, Ran};
use crate::resp::Frame;

/// Typed commands in order, whose replies have the types of the commands.
///
/// | commands | replies | one result each |
/// | --- | --- | --- |
/// | a tuple of up to 12 | a tuple | a tuple of `Result`s |
/// | an array | an array | an array of `Result`s |
/// | a vector, a boxed slice | a vector | a vector of `Result`s |
/// | an iterator, in [`each`](super::each) | a vector | a vector of `Result`s |
///
/// [`Command`] is a typed command as well, whose reply is a [`Frame`].
///
/// ```
/// use hashslot::cmd::{self, CommandList};
/// fn types<L: CommandList>(_: L) -> Option<(L::Replies, L::Results)> {
///     None
/// }
/// let pair = (cmd::incr("visits"), cmd::get::<Option<String>>("user:1"));
/// if let Some(((visits, name), _)) = types(pair) {
///     let (_, _): (i64, Option<String>) = (visits, name);
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of typed commands",
    label = "neither a tuple nor an array or vector of typed commands",
    note = "an iterator of commands goes through `cmd::each(..)`; more than 12 commands of different types do not fit a tuple"
)]
pub trait CommandList {
    /// The replies if every command succeeded.
    type Replies;
    /// One result for each command.
    type Results;

    /// Hands over the commands in order.
    #[doc(hidden)]
    fn into_commands(self) -> Vec<Command>;

    /// Converts the replies; the first error ends it.
    #[doc(hidden)]
    fn replies(replied: &mut Replied) -> Result<Self::Replies, Error>;

    /// Converts each reply, or keeps its error.
    #[doc(hidden)]
    fn results(replied: &mut Replied) -> Result<Self::Results, Error>;
}

/// The results of a pipeline, on their way to their types.
#[derive(Debug)]
#[doc(hidden)]
pub struct Replied {
    results: vec::IntoIter<Result<Frame, Error>>,
    names: Names,
    /// How many results were taken.
    count: usize,
}

impl Replied {
    /// The results of a pipeline of commands with these names.
    ///
    /// # Errors
    /// That of the call as a whole.
    #[inline]
    pub fn of_pipeline(outcome: Outcome, names: Names) -> Result<Self, Error> {
        match outcome? {
            Reply::Pipeline(results) => Ok(Self::new(results, names)),
            Reply::One(_) | Reply::PerNode(_) | Reply::Scan(_) | Reply::Ready => {
                Err(unexpected_reply())
            }
        }
    }

    /// The results of a transaction of commands with these names. It ran, so a command that failed
    /// inside of it did as well.
    ///
    /// # Errors
    /// That of the transaction, which did not run.
    #[inline]
    pub fn of_transaction(outcome: Outcome, names: Names) -> Result<Self, Error> {
        let reply = outcome.and_then(|reply| reply.into_frame().ok_or_else(unexpected_reply));
        let frames = reply.and_then(|frame| Ok(Vec::<Frame>::from_frame(frame)?));
        let frames = frames.map_err(|error| error.of("EXEC"))?;
        let result = |frame: Frame| match frame.error() {
            Some(error) => Err(Error::new(error, Ran::Maybe)),
            None => Ok(frame),
        };
        Ok(Self::new(frames.into_iter().map(result).collect(), names))
    }

    #[inline]
    fn new(results: Vec<Result<Frame, Error>>, names: Names) -> Self {
        Self { results: results.into_iter(), names, count: 0 }
    }

    fn next<T: FromValue>(&mut self) -> Result<T, Error> {
        let index = self.count;
        self.count += 1;
        let result = self
            .results
            .next()
            .unwrap_or_else(|| Err(ConversionError::unexpected("one more reply", "none").into()));
        let converted = result.and_then(|frame| T::from_frame(frame).map_err(Error::from));
        converted.map_err(|error| error.of(self.names.get(index)).numbered(index + 1))
    }
}

/// The names of the commands of a pipeline, for errors that name none.
#[derive(Debug, Clone)]
#[doc(hidden)]
#[non_exhaustive]
pub enum Names {
    /// All have this one.
    Same(&'static str),
    /// Each has its own. A thin pointer: a future of a call should stay small.
    Each(Box<Box<[&'static str]>>),
}

impl Names {
    /// **Cost**: allocates only if the names differ.
    #[must_use]
    #[inline]
    pub fn of(commands: &[Command]) -> Self {
        let mut names = commands.iter().map(|command| command.info().name);
        let first = names.next().unwrap_or_default();
        if names.all(|name| core::ptr::eq(name, first)) {
            return Self::Same(first);
        }
        Self::Each(Box::new(commands.iter().map(|command| command.info().name).collect()))
    }

    /// The name of the first command, or of the only one.
    #[cfg(feature = "std")]
    #[inline]
    pub(crate) fn first(&self) -> &'static str {
        self.get(0)
    }

    #[inline]
    fn get(&self, index: usize) -> &'static str {
        match self {
            Self::Same(name) => name,
            Self::Each(names) => names.get(index).copied().unwrap_or_default(),
        }
    }
}

/// The results of commands of one type.
fn rest<T: FromValue>(replied: &mut Replied) -> impl Iterator<Item = Result<T, Error>> {
    let count = replied.results.len();
    (0..count).map(|_| replied.next())
}

macro_rules! lists {
    ($([$($generics:tt)*] $list:ty,)*) => {$(
        impl<$($generics)*> CommandList for $list {
            type Replies = Vec<C::Reply>;
            type Results = Vec<Result<C::Reply, Error>>;

            fn into_commands(self) -> Vec<Command> {
                self.into_iter().map(TypedCommand::into_command).collect()
            }

            fn replies(replied: &mut Replied) -> Result<Self::Replies, Error> {
                rest(replied).collect()
            }

            fn results(replied: &mut Replied) -> Result<Self::Results, Error> {
                Ok(rest(replied).collect())
            }
        }
    )*};
}

lists! {
    [C: TypedCommand] Vec<C>,
    [C: TypedCommand] Box<[C]>,
    [C: TypedCommand, I: IntoIterator<Item = C>] Each<I>,
}

impl<C: TypedCommand, const N: usize> CommandList for [C; N] {
    type Replies = [C::Reply; N];
    type Results = [Result<C::Reply, Error>; N];

    fn into_commands(self) -> Vec<Command> {
        self.into_iter().map(TypedCommand::into_command).collect()
    }

    fn replies(replied: &mut Replied) -> Result<Self::Replies, Error> {
        let all: Vec<C::Reply> = rest(replied).collect::<Result<_, _>>()?;
        all.try_into().map_err(|_| wrong_count())
    }

    fn results(replied: &mut Replied) -> Result<Self::Results, Error> {
        let results: Vec<_> = rest(replied).collect();
        results.try_into().map_err(|_| wrong_count())
    }
}

/// A call of one kind was answered as another: cannot happen.
#[inline]
pub(crate) fn unexpected_reply() -> Error {
    ConversionError::unexpected("the reply to another call", "a reply").into()
}

/// A pipeline with another number of replies than commands: cannot happen.
#[inline]
fn wrong_count() -> Error {
    ConversionError::unexpected("one reply for each command", "another number of them").into()
}

macro_rules! tuples {
    ($($(($name:ident $index:tt))+;)*) => {$(
        impl<$($name: TypedCommand),+> CommandList for ($($name,)+) {
            type Replies = ($($name::Reply,)+);
            type Results = ($(Result<$name::Reply, Error>,)+);

            fn into_commands(self) -> Vec<Command> {
                Vec::from([$(self.$index.into_command()),+])
            }

            fn replies(replied: &mut Replied) -> Result<Self::Replies, Error> {
                Ok(($(replied.next::<$name::Reply>()?,)+))
            }

            fn results(replied: &mut Replied) -> Result<Self::Results, Error> {
                Ok(($(replied.next::<$name::Reply>(),)+))
            }
        }
    )*};
}

tuples! {
    (A 0);
    (A 0) (B 1);
    (A 0) (B 1) (C 2);
    (A 0) (B 1) (C 2) (D 3);
    (A 0) (B 1) (C 2) (D 3) (E 4);
    (A 0) (B 1) (C 2) (D 3) (E 4) (F 5);
    (A 0) (B 1) (C 2) (D 3) (E 4) (F 5) (G 6);
    (A 0) (B 1) (C 2) (D 3) (E 4) (F 5) (G 6) (H 7);
    (A 0) (B 1) (C 2) (D 3) (E 4) (F 5) (G 6) (H 7) (I 8);
    (A 0) (B 1) (C 2) (D 3) (E 4) (F 5) (G 6) (H 7) (I 8) (J 9);
    (A 0) (B 1) (C 2) (D 3) (E 4) (F 5) (G 6) (H 7) (I 8) (J 9) (K 10);
    (A 0) (B 1) (C 2) (D 3) (E 4) (F 5) (G 6) (H 7) (I 8) (J 9) (K 10) (L 11);
}
