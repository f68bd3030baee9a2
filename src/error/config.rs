//! Mistakes in a configuration.

use alloc::borrow::Cow;

use super::UrlError;

/// A mistake in the configuration. The caller's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// There is no seed.
    #[error("no seed: at least one address of a cluster node is needed")]
    NoSeeds,
    /// A limit that cannot work.
    #[error("`{field}` {problem}")]
    Field {
        /// The field of the configuration.
        field: &'static str,
        /// What is wrong with its value.
        problem: &'static str,
    },
    /// The TLS configuration is unusable: a bad certificate, a bad key, or no cryptography.
    #[error("TLS: {0}")]
    Tls(Cow<'static, str>),
    /// A URL that cannot be read.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// A URL asks for TLS, and the driver was built without it. The driver does not connect in
    /// clear text.
    #[error("the URL asks for TLS, but this client was built without the feature `tls`")]
    NoTls,
}
