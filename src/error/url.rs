//! What is wrong with a URL.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;
use core::ops::Range;

/// What is wrong with a URL, and where. The caller's fault.
///
/// Nothing that may be a password is quoted: neither what stands before an `@`, nor what would if
/// an `@` were forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlError {
    pub(crate) part: UrlPart,
    pub(crate) range: Range<usize>,
    pub(crate) text: Option<String>,
    pub(crate) problem: Cow<'static, str>,
    pub(crate) nearest: Option<&'static str>,
}

/// A part of a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlPart {
    /// What stands before `://`.
    Scheme,
    /// What stands before `@`: user and password.
    UserInfo,
    /// One of the hosts.
    Host,
    /// The path: the number of the database.
    Database,
    /// A parameter behind `?`.
    Parameter,
    /// The value of the parameter of this name.
    Value(&'static str),
    /// What stands behind `#`.
    Fragment,
}

impl UrlError {
    /// The part that is wrong.
    #[must_use]
    pub const fn part(&self) -> UrlPart {
        self.part
    }

    /// Which bytes of the URL are wrong.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// What they are, if they can be no password.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// The name of a parameter that there is, close to one that there is not.
    #[must_use]
    pub const fn nearest(&self) -> Option<&'static str> {
        self.nearest
    }
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed URL: {}", self.part)?;
        if let Some(text) = &self.text {
            write!(f, " `{text}`")?;
        }
        write!(f, " (bytes {}..{}): {}", self.range.start, self.range.end, self.problem)?;
        if let Some(nearest) = self.nearest {
            write!(f, ", did you mean `{nearest}`?")?;
        }
        Ok(())
    }
}

impl core::error::Error for UrlError {}

impl fmt::Display for UrlPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "the scheme",
            Self::UserInfo => "the user or password",
            Self::Host => "the host",
            Self::Database => "the database",
            Self::Parameter => "the parameter",
            Self::Value(name) => return write!(f, "the value of `{name}`"),
            Self::Fragment => "the fragment",
        })
    }
}
