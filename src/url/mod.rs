//! URLs: the seeds of a cluster and the options of its client in one line of text.

mod options;
mod percent;
mod values;
mod zone;

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use self::options::{PARAMETERS, TLS_PARAMETERS, nearest};
use crate::address::Address;
use crate::config::{Config, Credentials};
use crate::error::{ConfigError, UrlError, UrlPart};
use crate::secret::Secret;

/// The port of a host that names none.
const DEFAULT_PORT: u16 = 6379;

/// A URL: the seeds of a cluster and the options of its client in one line of text.
///
/// ```text
/// redis://[[user]:password@]host[:port][,host[:port]..][/database][?parameter=value[&..]]
/// ```
///
/// - **Scheme**: `redis` or `valkey`; `rediss` and `valkeys` select TLS.
/// - **Hosts**: IPv6 addresses take brackets. The default port is 6379.
/// - **Escapes**: in a user, password or value, `%` and two hexadecimal digits are one byte.
///   Characters with a meaning in URLs need it: `@` is `%40`, `,` is `%2C`, `/` is `%2F`, `?` is
///   `%3F`, `#` is `%23`, `&` is `%26`, `%` is `%25`. So does the `%` before the zone of an IPv6
///   address: `[fe80::1%25eth0]`.
/// - **User**: an empty user with an empty password means no credentials.
///
/// ```
/// use core::time::Duration;
/// use hashslot::Url;
/// let url: Url = "redis://ann:s%40cret@10.0.0.1:7000,[::1]:7001,db?call_timeout=500ms".parse()?;
/// assert!(url.config.credentials.is_some());
/// assert_eq!(url.config.call_timeout, Duration::from_millis(500));
/// assert_eq!(url.seeds[1].to_string(), "[::1]:7001");
/// assert_eq!(url.seeds[2].to_string(), "db:6379");
/// // Printed without user and password.
/// assert_eq!(url.to_string(), "redis://***@10.0.0.1:7000,[::1]:7001,db:6379?call_timeout=500ms");
///
/// let error = "redis://db?call_timout=5s".parse::<Url>().unwrap_err();
/// assert_eq!(error.to_string(), "malformed URL: the parameter `call_timout` (bytes 11..22): \
///     there is none of this name, did you mean `call_timeout`?");
/// # Ok::<(), hashslot::error::ConfigError>(())
/// ```
///
/// # Parameters
///
/// Each is the field of [`Config`] of the same name.
///
#[doc = include_str!("parameters.md")]
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Url {
    /// The configuration of the client.
    pub config: Config,
    /// The nodes to ask for the topology first. Never empty.
    pub seeds: Vec<Address>,
    /// The TLS options; `None` for connections without TLS. A driver without TLS must refuse to
    /// connect if there are any.
    pub tls: Option<UrlTls>,
}

/// The TLS options of a URL. No option disables the verification of certificates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UrlTls {
    /// The file with the certificates of the trusted authorities.
    pub ca_file: Option<String>,
    /// The file with the client's certificate.
    pub cert_file: Option<String>,
    /// The file with the client's private key.
    pub key_file: Option<String>,
    /// The name that the certificate of every node must have.
    pub server_name: Option<String>,
}

impl FromStr for Url {
    type Err = ConfigError;

    /// Parses a URL.
    ///
    /// # Errors
    /// The caller's fault: [`ConfigError::Url`] names the malformed part and never quotes what may
    /// be a password; [`ConfigError::NoSeeds`] if there is no host.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        Parser { text, has_user: false }.parse()
    }
}

struct Parser<'a> {
    text: &'a str,
    /// Whether there is an `@`: if not, what should be a host may be a password.
    has_user: bool,
}

impl<'a> Parser<'a> {
    fn parse(&mut self) -> Result<Url, ConfigError> {
        let (scheme, rest) = self.text.split_once("://").unwrap_or((self.text, ""));
        let is_secure = match &*scheme.to_ascii_lowercase() {
            "redis" | "valkey" => false,
            "rediss" | "valkeys" => true,
            _ => {
                let expected = "expected redis://, valkey://, rediss:// or valkeys://";
                return Err(self.wrong(UrlPart::Scheme, scheme, expected).into());
            }
        };
        let mut url = Url {
            config: Config::default(),
            seeds: Vec::new(),
            tls: is_secure.then(UrlTls::default),
        };
        let rest = match rest.rsplit_once('@') {
            None => rest,
            Some((user, rest)) => {
                self.has_user = true;
                url.config.credentials = Some(self.credentials(user)?).filter(|c| !c.is_none());
                rest
            }
        };
        let hosts_len = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (hosts, rest) = rest.split_at_checked(hosts_len).unwrap_or((rest, ""));
        for host in hosts.split(',').filter(|host| !host.is_empty()) {
            url.seeds.push(self.seed(host)?);
        }
        if url.seeds.is_empty() {
            return Err(ConfigError::NoSeeds);
        }
        let (rest, fragment) = rest.split_once('#').map_or((rest, None), |(r, f)| (r, Some(f)));
        if let Some(fragment) = fragment {
            return Err(self.wrong(UrlPart::Fragment, fragment, "there is none").into());
        }
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        self.read_path(&mut url, path)?;
        self.read_query(&mut url, query, path.len() > 1)?;
        Ok(url)
    }

    fn credentials(&self, text: &str) -> Result<Credentials, UrlError> {
        let wrong = |problem| self.wrong(UrlPart::UserInfo, text, problem);
        if text.contains(['/', '?', '#', '@', ',']) {
            return Err(wrong(
                "write / ? # there as %2F %3F %23, @ and , as %40 and %2C, and an @ behind the hosts as %40",
            ));
        }
        let Some((user, password)) = text.split_once(':') else {
            return Err(wrong("no password: expected user:password@ or :password@"));
        };
        let malformed = "expected two hexadecimal digits, of UTF-8 text, behind each %";
        let user = percent::decoded(user).ok_or_else(|| wrong(malformed))?;
        let mut secret = Secret::new();
        let is_whole = percent::decode(password, secret.with_room(password.len()));
        if !is_whole || core::str::from_utf8(secret.as_slice()).is_err() {
            return Err(wrong(malformed));
        }
        Ok(Credentials::of_secret((!user.is_empty()).then_some(user), secret))
    }

    fn seed(&self, text: &str) -> Result<Address, UrlError> {
        let read = |text: &str| {
            if values::address_map::has_port(text) {
                text.parse().ok()
            } else {
                Address::new(text, DEFAULT_PORT).ok()
            }
        };
        let address = zone::decoded(text).and_then(|text| read(&text));
        address.ok_or_else(|| {
            let expected = "expected host, host:port or [IPv6]:port, with a port from 1 to 65535";
            let wrong = self.wrong(UrlPart::Host, text, expected);
            // With its @ forgotten, what should be a port is the password.
            UrlError { text: self.has_user.then(|| text.into()), ..wrong }
        })
    }

    /// The number of the database behind the hosts.
    fn read_path(&self, url: &mut Url, path: &str) -> Result<(), UrlError> {
        let number = path.strip_prefix('/').unwrap_or(path);
        if !number.is_empty() {
            let wrong = || self.wrong(UrlPart::Database, number, "expected a number, such as /2");
            url.config.database = values::database::read(number).ok_or_else(wrong)?;
        }
        Ok(())
    }

    fn read_query(
        &self,
        url: &mut Url,
        query: &'a str,
        has_database: bool,
    ) -> Result<(), ConfigError> {
        let mut read: Vec<(&str, &str)> = Vec::new();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let wrong = |problem| self.wrong(UrlPart::Parameter, parameter, problem);
            let Some((name, value)) = parameter.split_once('=') else {
                return Err(wrong("expected name=value").into());
            };
            let is_known = read.iter().any(|(known, _)| *known == name);
            if is_known || (has_database && name == "database") {
                return Err(self.wrong(UrlPart::Parameter, name, "it is there twice").into());
            }
            self.read_parameter(url, name, value)?;
            read.push((name, value));
        }
        url.config.validate().map_err(|error| {
            let ConfigError::Field { field, problem } = error else { return error };
            let Some((_, value)) = read.iter().find(|(name, _)| *name == field) else {
                return error;
            };
            self.wrong(UrlPart::Value(field), value, problem).into()
        })
    }

    fn read_parameter(&self, url: &mut Url, name: &str, value: &str) -> Result<(), UrlError> {
        if let Some(known) = PARAMETERS.iter().find(|known| known.name == name) {
            let set = percent::decoded(value).and_then(|text| (known.set)(&mut url.config, &text));
            return set.ok_or_else(|| self.unexpected(known.name, value, known.expected));
        }
        let Some(known) = TLS_PARAMETERS.iter().find(|known| known.name == name) else {
            let wrong = self.wrong(UrlPart::Parameter, name, "there is none of this name");
            return Err(UrlError { nearest: nearest(name), ..wrong });
        };
        let Some(tls) = &mut url.tls else {
            let problem = "only with rediss:// or valkeys://";
            return Err(self.wrong(UrlPart::Parameter, name, problem));
        };
        let text = percent::decoded(value).filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| self.unexpected(known.name, value, known.what))?;
        *(known.field)(tls) = Some(text);
        Ok(())
    }

    fn unexpected(&self, name: &'static str, value: &str, expected: &str) -> UrlError {
        self.wrong(UrlPart::Value(name), value, alloc::format!("expected {expected}"))
    }

    /// The error about a slice of the text.
    fn wrong(&self, part: UrlPart, slice: &str, problem: impl Into<Cow<'static, str>>) -> UrlError {
        let start = slice.as_ptr().addr().saturating_sub(self.text.as_ptr().addr());
        let range = start..start + slice.len();
        let text = (part != UrlPart::UserInfo && is_harmless(slice)).then(|| slice.into());
        UrlError { part, range, text, problem: problem.into(), nearest: None }
    }
}

/// Whether text may be quoted: what stands behind a `:` may be a password, whatever it was taken
/// for.
fn is_harmless(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !text.is_empty() && text.len() <= 64 && text.bytes().all(is_plain)
}

impl fmt::Display for Url {
    /// Formats an equivalent URL, with `***` in place of user and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.tls.is_some() { "rediss://" } else { "redis://" })?;
        if self.config.credentials.is_some() {
            f.write_str("***@")?;
        }
        for (index, seed) in self.seeds.iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            write!(f, "{separator}{}", zone::Encoded(seed))?;
        }
        let default = Config::default();
        if self.config.database != default.database {
            write!(f, "/{}", self.config.database)?;
        }
        let mut separator = '?';
        let mut write_parameter = |f: &mut fmt::Formatter<'_>, name, value: &str| {
            let written = write!(f, "{separator}{name}={}", percent::encoded(value));
            separator = '&';
            written
        };
        for parameter in PARAMETERS.iter().filter(|parameter| parameter.name != "database") {
            let value = (parameter.get)(&self.config);
            if value != (parameter.get)(&default) {
                write_parameter(f, parameter.name, &value)?;
            }
        }
        let mut tls = self.tls.clone().unwrap_or_default();
        for parameter in &TLS_PARAMETERS {
            if let Some(value) = (parameter.field)(&mut tls) {
                write_parameter(f, parameter.name, value)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
