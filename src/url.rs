//! Where a cluster is, in one line of text.

use alloc::vec::Vec;

use crate::address::Address;
use crate::config::{Config, Credentials};
use crate::error::ConfigError;

/// The port of a host that names none.
const DEFAULT_PORT: u16 = 6379;

/// Reads `redis://[[user]:password@]host[:port][,host[:port]..]`: configuration and seeds. An IPv6
/// address stands in brackets; `%` and two hexadecimal digits in user and password are one byte.
///
/// # Errors
/// [`ConfigError`] says what is wrong, without the password.
///
/// ```
/// use hashslot::parse_url;
/// let (config, seeds) = parse_url("redis://ann:s%40cret@10.0.0.1:7000,[::1]:7001,db")?;
/// assert!(config.credentials.is_some());
/// assert_eq!(seeds[1].to_string(), "[::1]:7001");
/// assert_eq!(seeds[2].to_string(), "db:6379");
/// # Ok::<(), hashslot::ConfigError>(())
/// ```
pub fn parse_url(url: &str) -> Result<(Config, Vec<Address>), ConfigError> {
    if url.starts_with("rediss://") || url.starts_with("valkeys://") {
        return Err(ConfigError::Url("TLS is an adapter's: `connect` with the feature `tls`"));
    }
    let rest = url.strip_prefix("redis://").or_else(|| url.strip_prefix("valkey://"));
    let rest = rest.ok_or(ConfigError::Url("it must begin with redis:// or valkey://"))?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.contains(['?', '#', '/']) {
        return Err(ConfigError::Url("only hosts may follow: no path, no options"));
    }
    let mut config = Config::default();
    let hosts = match rest.rsplit_once('@') {
        None => rest,
        Some((user, hosts)) => {
            config.credentials = Some(credentials(user)?);
            hosts
        }
    };
    let seeds = hosts.split(',').filter(|host| !host.is_empty()).map(seed);
    let seeds = seeds.collect::<Result<Vec<_>, _>>().map_err(|error| match config.credentials {
        Some(_) => error,
        // With its @ forgotten, what should be a port is the password.
        None => ConfigError::Url("expected hosts as host, host:port or [IPv6]:port"),
    })?;
    if seeds.is_empty() {
        return Err(ConfigError::NoSeeds);
    }
    Ok((config, seeds))
}

fn seed(host: &str) -> Result<Address, ConfigError> {
    let has_port = match host.strip_prefix('[') {
        Some(bracketed) => bracketed.contains("]:"),
        None => host.contains(':'),
    };
    let address = if has_port { host.parse() } else { Address::new(host, DEFAULT_PORT) };
    Ok(address?)
}

fn credentials(text: &str) -> Result<Credentials, ConfigError> {
    let Some((user, password)) = text.split_once(':') else {
        return Err(ConfigError::Url(
            "a user without a password: write user:password@ or :password@",
        ));
    };
    let (user, password) = (decoded(user)?, decoded(password)?);
    Ok(if user.is_empty() {
        Credentials::password(&password)
    } else {
        Credentials::user(&user, &password)
    })
}

/// Text with `%` and two digits as one byte.
fn decoded(text: &str) -> Result<alloc::string::String, ConfigError> {
    let wrong = ConfigError::Url("user or password: % needs two hexadecimal digits, of UTF-8 text");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else { return Err(wrong) };
        bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
    }
    alloc::string::String::from_utf8(bytes).map_err(|_| wrong)
}
