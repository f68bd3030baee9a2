//! Who the client is.

use alloc::string::String;
use core::fmt;

use crate::secret::Secret;

/// User name and password. Never printed; the password is overwritten in memory when it is dropped.
///
/// An empty name is that of the default user. With an empty password that is no credentials at all,
/// wherever they come from: no `AUTH` is sent. A user with a name may have an empty password.
///
/// ```
/// use hashslot::Credentials;
/// let credentials = Credentials::user("ann", "s3cret");
/// assert_eq!(format!("{credentials:?}"), "Credentials(..)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    username: Option<String>,
    password: Secret,
}

impl Credentials {
    /// The password of the default user.
    #[must_use]
    pub fn password(password: &str) -> Self {
        Self { username: None, password: Secret::copy_of(password.as_bytes()) }
    }

    /// Name and password of an ACL user.
    #[must_use]
    pub fn user(username: &str, password: &str) -> Self {
        let username = (!username.is_empty()).then(|| username.into());
        Self { username, password: Secret::copy_of(password.as_bytes()) }
    }

    pub(crate) const fn of_secret(username: Option<String>, password: Secret) -> Self {
        Self { username, password }
    }

    /// Whether there is neither a name nor a password: nothing to authenticate with.
    pub(crate) fn is_none(&self) -> bool {
        self.username.is_none() && self.password.as_slice().is_empty()
    }

    /// The name of the user, if it is not the default one.
    pub(crate) fn username(&self) -> Option<&str> {
        self.username.as_deref()
    }

    pub(crate) fn secret(&self) -> &Secret {
        &self.password
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}
