//! TLS for every adapter: rustls as a layer over any byte stream.
//!
//! Rules of this folder: with TLS, the client never sends clear text. It verifies the chain and the
//! name of every certificate, whatever named the node. No option turns that off.

use super::std;

mod failure;
mod names;
mod secured;
#[cfg(test)]
#[cfg(feature = "tls-ring")]
mod tests;

use core::fmt;
use std::borrow::Cow;
use std::format;
use std::fs;
use std::string::ToString;
use std::sync::Arc;
use std::vec::Vec;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};

pub use self::names::ServerNames;
pub(super) use self::secured::{Secured, secure};
use crate::Address;
use crate::error::{ConfigError, TlsFailure};
use crate::topology::Topology;
use crate::url::UrlTls;

/// The TLS options of a client: trusted authorities, the client's certificate, and the names that
/// nodes must prove.
///
/// The client verifies the chain and the name of every certificate: of seeds, of listed nodes, and
/// of nodes that a redirection names. No method turns this off. An application that must do so
/// passes its own rustls configuration ([`Tls::from_config`]).
///
/// Versions: TLS 1.2 and 1.3. The cryptography provider is the first of these: the one passed to
/// [`Tls::provider`], the default of the process, AWS-LC (feature `tls-aws-lc-rs`), ring (feature
/// `tls-ring`).
///
/// ```
/// # #[cfg(feature = "tokio")]
/// # async fn f(ca: &str, chain: &str, key: &str) -> Result<(), Box<dyn std::error::Error>> {
/// use hashslot::runtimes::ServerNames;
/// use hashslot::Tls;
///
/// let tls = Tls::with_roots(ca)?
///     .client_certificate(chain, key)? // if the servers want one
///     .server_names(ServerNames::announced()); // if the nodes are dialled by IP and have names
/// let client =
///     hashslot::tokio::Client::builder().seed("10.0.0.1:7000".parse()?).tls(tls).connect().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Tls {
    trust: Trust,
    identity: Option<Arc<Identity>>,
    provider: Option<Arc<CryptoProvider>>,
    names: ServerNames,
}

#[derive(Clone)]
enum Trust {
    Roots(Arc<RootCertStore>),
    Config(Arc<ClientConfig>),
}

/// Who the client is.
struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Tls {
    /// Trusts the authorities of the platform; if `SSL_CERT_FILE` or `SSL_CERT_DIR` are set, those
    /// of that file and folder instead. Reads the certificates at once.
    ///
    /// # Errors
    /// [`ConfigError::Tls`] if it finds no certificates.
    pub fn platform() -> Result<Self, ConfigError> {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(found.certs);
        if !roots.is_empty() {
            return Ok(Self::trusting(roots));
        }
        let because = found.errors.first().map(|error| format!(": {error}")).unwrap_or_default();
        Err(wrong(format!("the platform has no certificates of authorities{because}")))
    }

    /// What a URL says. Reads the files that it names now.
    pub(super) fn of_url(url: &UrlTls) -> Result<Self, ConfigError> {
        let read = |file: &str| {
            fs::read(file).map_err(|error| wrong(format!("{file} cannot be read: {error}")))
        };
        let tls = match &url.ca_file {
            Some(file) => Self::with_roots(read(file)?)?,
            None => Self::platform()?,
        };
        let tls = match (&url.cert_file, &url.key_file) {
            (Some(chain), Some(key)) => tls.client_certificate(read(chain)?, read(key)?)?,
            (None, None) => tls,
            _ => return Err(wrong("`tls_cert_file` and `tls_key_file` go together")),
        };
        Ok(match &url.server_name {
            Some(name) => tls.server_names(ServerNames::fixed(name)),
            None => tls,
        })
    }

    /// Trusts these authorities and no others.
    ///
    /// **Shape**: PEM, one or more certificates.
    ///
    /// # Errors
    /// The caller's fault: [`ConfigError::Tls`] if there is no certificate, or a malformed one.
    pub fn with_roots(pem: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(pem.as_ref(), "the authorities")? {
            roots.add(certificate).map_err(|error| {
                wrong(format!("a certificate of the authorities is of no use: {error}"))
            })?;
        }
        Ok(Self::trusting(roots))
    }

    fn trusting(roots: RootCertStore) -> Self {
        let trust = Trust::Roots(Arc::new(roots));
        Self { trust, identity: None, provider: None, names: ServerNames::default() }
    }

    /// Uses a rustls configuration unchanged, including its verification, client certificate and
    /// cryptography provider.
    #[must_use]
    pub fn from_config(config: Arc<ClientConfig>) -> Self {
        let trust = Trust::Config(config);
        Self { trust, identity: None, provider: None, names: ServerNames::default() }
    }

    /// Sets the client's certificate, for servers that request one.
    ///
    /// **Shape**: PEM. The client's certificate first, then the intermediate ones; the private key
    /// as PKCS#8, PKCS#1 or SEC1.
    ///
    /// # Errors
    /// The caller's fault: [`ConfigError::Tls`] if the certificates or the key are malformed. A key
    /// of another certificate is an error of the first connection.
    pub fn client_certificate(
        self,
        chain: impl AsRef<[u8]>,
        key: impl AsRef<[u8]>,
    ) -> Result<Self, ConfigError> {
        let chain = certificates(chain.as_ref(), "the client")?;
        // Nothing of the key is quoted.
        let key = PrivateKeyDer::from_pem_slice(key.as_ref())
            .map_err(|_| wrong("the client's private key is no PEM of a private key"))?;
        Ok(Self { identity: Some(Arc::new(Identity { chain, key })), ..self })
    }

    /// Sets the cryptography provider.
    #[must_use]
    pub fn provider(self, provider: Arc<CryptoProvider>) -> Self {
        Self { provider: Some(provider), ..self }
    }

    /// Sets the name that a node's certificate must have. Default: the dialled host.
    #[must_use]
    pub fn server_names(self, names: ServerNames) -> Self {
        Self { names, ..self }
    }

    /// What the dials of a client need.
    pub(super) fn security(&self) -> Result<Security, ConfigError> {
        let config = match &self.trust {
            Trust::Config(_) if self.identity.is_some() || self.provider.is_some() => {
                return Err(wrong(
                    "a configuration that was handed over has its own client certificate and \
                     provider: set them there",
                ));
            }
            Trust::Config(config) => Arc::clone(config),
            Trust::Roots(roots) => Arc::new(self.config(roots)?),
        };
        Ok(Security { config, names: self.names.clone() })
    }

    fn config(&self, roots: &Arc<RootCertStore>) -> Result<ClientConfig, ConfigError> {
        let provider = self.provider.clone().or_else(default_provider).ok_or_else(|| {
            wrong(
                "no cryptography: turn on the feature `tls-ring` or `tls-aws-lc-rs`, install a \
                 default provider for the process, or give one to `Tls::provider`",
            )
        })?;
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| wrong(error.to_string()))?
            .with_root_certificates(Arc::clone(roots));
        let Some(identity) = &self.identity else { return Ok(builder.with_no_client_auth()) };
        builder
            .with_client_auth_cert(identity.chain.clone(), identity.key.clone_key())
            .map_err(|error| wrong(format!("the client's certificate or key: {error}")))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let trust = match &self.trust {
            Trust::Roots(roots) => format!("{} authorities", roots.len()),
            Trust::Config(_) => "as configured".into(),
        };
        f.debug_struct("Tls")
            .field("trust", &trust)
            .field("has_client_certificate", &self.identity.is_some())
            .field("server_names", &self.names)
            .finish_non_exhaustive()
    }
}

/// What the dials of a client need to secure their connections.
#[derive(Clone)]
pub(super) struct Security {
    config: Arc<ClientConfig>,
    names: ServerNames,
}

impl Security {
    /// The name that the node at this address has to have.
    pub(super) fn name_of(
        &self,
        address: &Address,
        topology: &Topology,
    ) -> Result<ServerName<'static>, TlsFailure> {
        self.names.name_of(address, topology)
    }
}

/// That of the process, else one that was built in.
fn default_provider() -> Option<Arc<CryptoProvider>> {
    CryptoProvider::get_default().cloned().or_else(built_in_provider)
}

#[cfg(feature = "tls-aws-lc-rs")]
#[expect(clippy::unnecessary_wraps, reason = "there may be none")]
fn built_in_provider() -> Option<Arc<CryptoProvider>> {
    Some(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
}

#[cfg(all(feature = "tls-ring", not(feature = "tls-aws-lc-rs")))]
#[expect(clippy::unnecessary_wraps, reason = "there may be none")]
fn built_in_provider() -> Option<Arc<CryptoProvider>> {
    Some(Arc::new(rustls::crypto::ring::default_provider()))
}

#[cfg(not(any(feature = "tls-ring", feature = "tls-aws-lc-rs")))]
fn built_in_provider() -> Option<Arc<CryptoProvider>> {
    None
}

fn certificates(pem: &[u8], whose: &str) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|_| wrong(format!("the certificates of {whose} are malformed PEM")))?;
    if certificates.is_empty() {
        return Err(wrong(format!("there is no PEM of a certificate of {whose}")));
    }
    Ok(certificates)
}

fn wrong(what: impl Into<Cow<'static, str>>) -> ConfigError {
    ConfigError::Tls(what.into())
}
