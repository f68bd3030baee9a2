//! What a user writes: URLs, addresses, maps of addresses, limits.

use core::time::Duration;

use hashslot::config::{AddressMap, Protocol, RedirectPolicy};
use hashslot::error::ConfigError;
use hashslot::{Address, Cluster, Config, Credentials, ReadFrom, Url};

use crate::host;
use crate::source::Source;

/// Words that no error and no debug output may have.
const SECRET: &str = "s3cr3t-canary";

/// What a user writes: nothing panics, what can be read is printed and read again as it was,
/// nothing that is printed has the password, and a configuration that is valid makes a machine.
///
/// **Shape**: the first byte chooses: a text as URL and address, such a text with a password put
/// into it, a map of addresses (a rule a line: `from to`), or the fields of a configuration.
///
/// # Panics
/// If the property does not hold.
pub fn url(data: &[u8]) {
    let [choice, rest @ ..] = data else { return };
    let text = String::from_utf8_lossy(rest);
    match choice % 4 {
        0 => {
            read_address(&text);
            read_url(&text);
        }
        1 => keep_secret(&text),
        2 => map(&text),
        _ => configure(Source::new(rest)),
    }
}

fn read_address(text: &str) {
    let Ok(address) = text.parse::<Address>() else { return };
    check(&address);
    let (host, port) = text.rsplit_once(':').expect("an address has a port");
    assert_eq!(port.parse(), Ok(address.port()));
    assert_eq!(host::normal(host).as_deref(), Some(address.host()));
    assert_eq!(Address::new(address.host(), address.port()).as_ref(), Ok(&address));
}

/// What holds for every address.
fn check(address: &Address) {
    assert!(!address.host().is_empty() && address.host() != "?" && address.port() > 0);
    assert!(address.host().len() <= 255);
    assert_eq!(address.to_string().parse().as_ref(), Ok(address), "it is printed as another one");
}

fn read_url(text: &str) {
    let url = match text.parse::<Url>() {
        Ok(url) => url,
        Err(ConfigError::Url(error)) => {
            let pointed_at = text.get(error.range()).expect("it points into the text");
            assert!(error.text().is_none_or(|quoted| quoted == pointed_at), "{error}");
            return;
        }
        Err(_) => return,
    };
    assert_eq!(url.config.validate(), Ok(()));
    assert!(!url.seeds.is_empty());
    url.seeds.iter().for_each(check);

    // The printed URL means the same, except for user and password. A host may contain separators.
    let printed = url.to_string();
    let (_, hosts) = printed.split_once("://").expect("a scheme");
    let is_plain = !url.seeds.iter().any(|seed| seed.host().contains(['#', ',']));
    let mut again = printed.clone();
    if url.config.credentials.is_none()
        && let Some((before, _)) = text.rsplit_once('@')
    {
        assert!(before.ends_with("://:"), "there are credentials: {text}");
    }
    if let Some(credentials) = &url.config.credentials {
        let user = text.rsplit_once('@').expect("a user").0.split_once("://").expect("a scheme").1;
        let (user, password) = user.split_once(':').expect("a password");
        let (user, password) = (plain(user), plain(password));
        let expected = if user.is_empty() {
            Credentials::password(&password)
        } else {
            Credentials::user(&user, &password)
        };
        assert!(!user.is_empty() || !password.is_empty(), "there are none");
        assert_eq!(credentials, &expected);
        let hosts = hosts.strip_prefix("***@").expect("they are left out");
        let scheme = if url.tls.is_some() { "valkeys" } else { "Redis" };
        // Every byte of them escaped.
        again = format!("{scheme}://{}:{}@{hosts}", escaped(&user), escaped(&password));
    }
    if is_plain {
        assert_eq!(again.parse(), Ok(url), "{again}");
    }
}

/// Text without its escapes.
fn plain(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).expect("two digits"));
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).expect("text")
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        escaped = escaped + "%" + &format!("{byte:02x}");
    }
    escaped
}

/// Whatever is wrong before and behind it, a password is not printed.
fn keep_secret(text: &str) {
    let (before, behind) = text.split_once('|').unwrap_or(("redis://ann", text));
    for password in [SECRET.to_string(), escaped(SECRET)] {
        let url = format!("{before}:{password}@{behind}");
        let printed = match url.parse::<Url>() {
            Ok(url) => format!("{url:?} {url}"),
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(!printed.contains(&password), "{printed}");
        assert!(!printed.contains(SECRET), "{printed}");
        if before.contains('@') || behind.contains('@') {
            continue;
        }
        if let Err(error) = format!("{before}:{password}{behind}").parse::<Url>() {
            assert!(!format!("{error} {error:?}").contains(SECRET), "the @ is forgotten: {error}");
        }
    }
}

fn map(text: &str) {
    let mut map = AddressMap::default();
    let mut rules = Vec::new();
    for line in text.lines() {
        let Some((from, to)) = line.split_once(' ') else { continue };
        match (from.parse::<Address>(), to.parse::<Address>()) {
            (Ok(from), Ok(to)) => map = map.node(from, to),
            _ => map = map.host(from, to),
        }
        rules.push((from, to));
    }
    let announced = ["10.0.0.7:6379", "db:7000", "::1:7001", "10.0.0.8:6380"];
    let announced = announced.into_iter().chain(rules.iter().map(|(from, _)| *from));
    for address in announced.filter_map(|address| address.parse::<Address>().ok()) {
        let mapped = map.apply(address.clone());
        check(&mapped);
        assert_eq!(mapped, naive(&rules, &address));
    }
}

/// The first rule that matches decides.
fn naive(rules: &[(&str, &str)], address: &Address) -> Address {
    for (from, to) in rules {
        if let (Ok(from), Ok(to)) = (from.parse::<Address>(), to.parse::<Address>()) {
            if from == *address {
                return to;
            }
        } else if *from == address.host() {
            return Address::new(to, address.port()).unwrap_or_else(|_| address.clone());
        }
    }
    address.clone()
}

fn configure(mut source: Source<'_>) {
    let mut config = Config::default();
    let mut time = || match source.below(4) {
        0 => Duration::ZERO,
        1 => [Config::MAX_DURATION, Duration::MAX][source.below(2)],
        2 => Duration::from_nanos(source.byte().into()),
        _ => Duration::from_millis(source.number().into()),
    };
    config.call_timeout = time();
    config.connect_timeout = time();
    config.stall_timeout = time();
    config.ping_interval = time();
    config.drain_timeout = time();
    config.min_retry_delay = time();
    config.max_retry_delay = time();
    config.min_reconnect_delay = time();
    config.max_reconnect_delay = time();
    config.min_refresh_interval = time();
    config.max_refresh_interval = time();
    config.refresh_stagger = time();
    config.moved_trust = time();
    let mut count = || [0, 1, 8, usize::MAX][source.below(4)];
    config.links_per_node = u8::try_from(count()).unwrap_or(u8::MAX);
    config.max_in_flight = count();
    config.max_in_flight_bytes = count();
    config.max_queued = count();
    config.max_pending_calls = count();
    config.max_pending_bytes = count();
    config.max_nodes = count();
    config.max_connections = count();
    config.max_dials = count();
    config.max_received_bytes = count();
    config.max_held_reply_bytes = count();
    config.limits.max_depth = count();
    config.limits.max_handshake_bytes = count();
    config.database = source.number().into();
    config.max_redirections = source.byte();
    config.protocol = source.pick(&[Protocol::Resp3, Protocol::Resp2]);
    config.read_from = source.pick(&[ReadFrom::Primary, ReadFrom::PreferReplica]);
    config.redirect_policy = source.pick(&[RedirectPolicy::Listed, RedirectPolicy::Any]);
    if source.one_in(2) {
        config.client_name = Some(String::from_utf8_lossy(source.text(20)).into_owned());
    }

    let verdict = config.validate();
    let seeds = vec![Address::new("127.0.0.1", 7000).expect("an address")];
    assert_eq!(verdict.is_ok(), can_work(&config), "{verdict:?}");
    let machine = Cluster::<u64>::new(config, seeds, 1);
    assert_eq!(machine.err(), verdict.err());
}

/// Whether a client can run with it, as far as what is drawn above is concerned.
fn can_work(config: &Config) -> bool {
    let is_named = config
        .client_name
        .as_ref()
        .is_none_or(|name| !name.contains(|c: char| !c.is_ascii_graphic()));
    is_named
        && config.max_nodes > 0
        && config.max_pending_calls > 0
        && config.max_pending_bytes > 0
        && config.max_queued > 0
        && config.max_connections > 0
        && config.max_dials > 0
        && (1..=64).contains(&config.links_per_node)
        && config.max_in_flight > 0
        && config.max_in_flight_bytes > 0
        && config.limits.max_depth >= 8
        && config.limits.max_handshake_bytes >= 4_096
        && ![
            config.call_timeout,
            config.connect_timeout,
            config.stall_timeout,
            config.ping_interval,
            config.min_retry_delay,
            config.min_reconnect_delay,
            config.min_refresh_interval,
        ]
        .contains(&Duration::ZERO)
        && [
            config.call_timeout,
            config.connect_timeout,
            config.stall_timeout,
            config.ping_interval,
            config.drain_timeout,
            config.min_retry_delay,
            config.max_retry_delay,
            config.min_reconnect_delay,
            config.max_reconnect_delay,
            config.min_refresh_interval,
            config.max_refresh_interval,
            config.refresh_stagger,
            config.moved_trust,
        ]
        .iter()
        .all(|duration| *duration <= Config::MAX_DURATION)
}
