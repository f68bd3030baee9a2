//! Replies that are not what the caller asked for.
//!
//! `resp/mismatch` makes most of them: it says in words what came.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::ServerError;

/// A reply that is not what the caller asked to have it converted to.
///
/// `Display` says what was expected, what came, and where in the reply: `element 3: expected an
/// integer, got a bulk string of 5 bytes`. An [`Error`](crate::Error) of a client
/// has the name of the command before it. The content of strings is never shown.
///
/// Conversions of your own make such errors as well: [`new`](Self::new), [`custom`](Self::custom),
/// and [`at`](Self::at) for containers.
///
/// ```
/// use hashslot::FromValue;
/// use hashslot::error::ConversionError;
/// use hashslot::resp::{Frame, Value};
///
/// #[derive(Debug)]
/// struct Port(u16);
///
/// impl FromValue for Port {
///     fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
///         match u16::from_value(value, frame)? {
///             0 => Err(ConversionError::custom("a port is not 0")),
///             port => Ok(Self(port)),
///         }
///     }
/// }
///
/// let reply = Frame::parse(&b"*2\r\n:80\r\n:0\r\n"[..], &Default::default())?;
/// let error = Vec::<Port>::from_frame(reply).unwrap_err();
/// assert_eq!(error.to_string(), "element 1: a port is not 0");
/// # Ok::<(), hashslot::error::ProtocolError>(())
/// ```
///
/// **Cost**: one word, so that a `Result` stays small; made only on failure.
#[derive(Clone, PartialEq, Eq)]
pub struct ConversionError(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    /// Where in the reply, the innermost step first.
    path: Vec<Step>,
    problem: Problem,
    /// What else is known about it.
    reason: Option<Box<str>>,
}

#[derive(Clone, PartialEq, Eq)]
enum Step {
    Element(usize),
    Key(usize),
    Value(usize),
    Field(Cow<'static, str>),
}

#[derive(Clone, PartialEq, Eq)]
enum Problem {
    Type { expected: Cow<'static, str>, got: Box<str>, hint: Option<&'static str> },
    Range { got: Box<str>, target: &'static str },
    Server(ServerError),
    Custom,
}

impl ConversionError {
    fn of(problem: Problem) -> Self {
        Self(Box::new(Inner { path: Vec::new(), problem, reason: None }))
    }

    /// The error for something of another type than expected, described in words.
    pub(crate) fn of_type(
        expected: Cow<'static, str>,
        got: Box<str>,
        hint: Option<&'static str>,
    ) -> Self {
        Self::of(Problem::Type { expected, got, hint })
    }

    /// The error for a number that does not fit a type.
    pub(crate) fn of_range(got: Box<str>, target: &'static str) -> Self {
        Self::of(Problem::Range { got, target })
    }

    /// The error for an error of the server in place of a value.
    pub(crate) fn of_server(error: ServerError) -> Self {
        Self::of(Problem::Server(error))
    }

    /// The error for something that is no value of the reply.
    pub(crate) fn unexpected(expected: &'static str, got: &str) -> Self {
        Self::of_type(expected.into(), got.into(), None)
    }

    /// The error for a value that has the right type and does not make sense: the reason, in the
    /// words of the caller.
    #[must_use]
    pub fn custom(reason: impl fmt::Display) -> Self {
        Self::of(Problem::Custom).because(reason)
    }

    /// The same error with a reason, which is shown behind what came.
    #[must_use]
    pub fn because(mut self, reason: impl fmt::Display) -> Self {
        self.0.reason = Some(reason.to_string().into());
        self
    }

    /// The same error inside of the element with this index, counted from 0. Containers add their
    /// steps from the inside out.
    #[must_use]
    pub fn at(self, index: usize) -> Self {
        self.inside(Step::Element(index))
    }

    /// The same error inside of the key of the pair with this index, counted from 0.
    #[must_use]
    pub fn at_key(self, index: usize) -> Self {
        self.inside(Step::Key(index))
    }

    /// The same error inside of the value of the pair with this index, counted from 0.
    #[must_use]
    pub fn at_value(self, index: usize) -> Self {
        self.inside(Step::Value(index))
    }

    /// The same error inside of the field with this name, of a reply that is a record.
    #[must_use]
    pub fn at_field(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.inside(Step::Field(name.into()))
    }

    fn inside(mut self, step: Step) -> Self {
        self.0.path.push(step);
        self
    }

    /// What was expected, such as `an integer` or `u8`; `None` if a server error came, and for
    /// [`custom`](Self::custom).
    #[must_use]
    pub fn expected(&self) -> Option<&str> {
        match &self.0.problem {
            Problem::Type { expected, .. } => Some(expected),
            Problem::Range { target, .. } => Some(target),
            Problem::Server(_) | Problem::Custom => None,
        }
    }

    /// What came, without the content of strings, such as `null` or `a bulk string of 5 bytes`.
    #[must_use]
    pub fn got(&self) -> Option<&str> {
        match &self.0.problem {
            Problem::Type { got, .. } | Problem::Range { got, .. } => Some(got),
            Problem::Server(_) | Problem::Custom => None,
        }
    }

    /// Where in the reply, from the outside in: `element 2, the value of pair 0`. Empty for the
    /// reply as a whole.
    #[must_use]
    pub fn path(&self) -> String {
        let steps = self.0.path.iter().rev().map(ToString::to_string);
        steps.collect::<Vec<_>>().join(", ")
    }

    /// The reason, where there is one.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// The error that the server sent in place of the value, if that is what came.
    #[must_use]
    pub fn server_error(&self) -> Option<&ServerError> {
        if let Problem::Server(error) = &self.0.problem { Some(error) } else { None }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Element(index) => write!(f, "element {index}"),
            Self::Key(index) => write!(f, "the key of pair {index}"),
            Self::Value(index) => write!(f, "the value of pair {index}"),
            Self::Field(name) => write!(f, "field `{name}`"),
        }
    }
}

impl fmt::Display for ConversionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { path, problem, reason } = &*self.0;
        for (count, step) in path.iter().rev().enumerate() {
            let separator = if count == 0 { "" } else { ", " };
            write!(f, "{separator}{step}")?;
        }
        if !path.is_empty() {
            f.write_str(": ")?;
        }
        let mut separator = ": ";
        let mut hinted = None;
        match problem {
            Problem::Type { expected, got, hint } => {
                write!(f, "expected {expected}, got {got}")?;
                hinted = *hint;
            }
            Problem::Range { got, target } => write!(f, "{got} is out of range for {target}")?,
            Problem::Server(error) => write!(f, "the server answered: {error}")?,
            Problem::Custom => separator = "",
        }
        if let Some(reason) = reason {
            write!(f, "{separator}{reason}")?;
        }
        if let Some(hint) = hinted { write!(f, " ({hint})") } else { Ok(()) }
    }
}

impl fmt::Debug for ConversionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConversionError({self})")
    }
}

impl core::error::Error for ConversionError {}
