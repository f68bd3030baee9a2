//! Why a connection could not be secured.

/// What went wrong with TLS, and who can do something about it.
///
/// Nothing is ever sent in clear text instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsFailure {
    /// No authority that is trusted has signed the certificate: it is another one's, or the server
    /// has signed it itself.
    #[error(
        "the server's certificate is signed by an unknown authority: add the authority to the trusted \
         roots, or give the server another certificate"
    )]
    UnknownIssuer,
    /// The certificate is for other names. `Tls::server_names` says which name to expect.
    #[error(
        "the server's certificate is for another name: issue one for this name, or set the name to expect"
    )]
    WrongName,
    /// The name that should be verified is neither a host name nor an IP address.
    #[error("the name to verify is neither a host name nor an IP address: set `Tls::server_names`")]
    InvalidName,
    /// The certificate is no longer valid, or the clock of this machine is fast.
    #[error("the server's certificate has expired: renew it, or set this machine's clock")]
    Expired,
    /// The certificate is not valid yet, or the clock of this machine is slow.
    #[error("the server's certificate is not valid yet: set this machine's clock, or the server's")]
    NotYetValid,
    /// The authority has taken the certificate back.
    #[error("the server's certificate is revoked: give the server another one")]
    Revoked,
    /// The certificate, or the handshake, is not signed by the key that it names.
    #[error(
        "a signature is wrong: another authority of the same name has signed the server's \
         certificate, or the server has another key"
    )]
    BadSignature,
    /// The certificate cannot be read, or is not for servers.
    #[error("the server's certificate is malformed, or is not for servers")]
    BadCertificate,
    /// The server wants a certificate of the client, and none is configured.
    #[error("the server wants a certificate of the client, and none is configured")]
    ClientCertificateWanted,
    /// The server refuses the certificate of the client.
    #[error("the server refuses the client's certificate: use one that the server trusts")]
    ClientCertificateRefused,
    /// The server answers, but not with TLS.
    #[error(
        "the server does not speak TLS at this port: enable TLS on the server, or use its TLS port"
    )]
    NotTls,
    /// The server accepts connections and answers nothing. Redis without TLS does so, and so does a
    /// server that hangs.
    #[error("no answer to the TLS handshake: the server does not speak TLS at this port, or hangs")]
    NoAnswer,
    /// No version or cipher suite is common to both.
    #[error("the server and this client have no TLS version or cipher suite in common")]
    NoCommonProtocol,
    /// Anything else: a broken record, an alert without a reason.
    #[error("the TLS connection broke")]
    Other,
}

impl TlsFailure {
    /// Whether a retry cannot help until a certificate, a configuration or a clock changes.
    #[must_use]
    pub const fn is_permanent(self) -> bool {
        !matches!(self, Self::NoAnswer | Self::Other)
    }
}
