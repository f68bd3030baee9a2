//! What is set on a builder stays, in whatever order.

use alloc::string::ToString;
use alloc::vec::Vec;
use core::time::Duration;

use super::{Builder, SETTERS};
use crate::config::{AddressMap, Limits, Protocol, RedirectPolicy};
use crate::{Credentials, CrossSlot, ReadFrom, Url};

type Made = Builder<()>;

/// Calls a setter, and tells whether what it set is there.
struct Setter {
    name: &'static str,
    set: fn(Made) -> Made,
    is_set: fn(&Made) -> bool,
}

macro_rules! setters {
    ($($name:ident($value:expr);)+) => {
        [$(Setter {
            name: stringify!($name),
            set: |builder| builder.$name($value),
            is_set: |builder| builder.config.$name == $value,
        }),+]
    };
}

fn map() -> AddressMap {
    AddressMap::default().host("a", "b")
}

fn all() -> Vec<Setter> {
    let own = setters! {
        database(7);
        protocol(Protocol::Resp2);
        address_map(map());
        read_from(ReadFrom::PreferReplica);
        redirect_policy(RedirectPolicy::Any);
        cross_slot(CrossSlot::Refuse);
        call_timeout(SECOND);
        connect_timeout(SECOND);
        dial_stagger(SECOND);
        stall_timeout(SECOND);
        ping_interval(SECOND);
        drain_timeout(SECOND);
        max_redirections(7);
        links_per_node(7);
        max_in_flight(7);
        max_in_flight_bytes(7);
        max_queued(7);
        max_pending_calls(7);
        max_pending_bytes(7);
        max_connections(7);
        max_dials(7);
        max_dial_rate(7);
        max_received_bytes(7);
        max_held_reply_bytes(7);
        limits(Limits { max_depth: 77, ..Limits::default() });
    };
    let others = [
        Setter {
            name: "client_name",
            set: |builder| builder.client_name("set"),
            is_set: |builder| builder.config.client_name.as_deref() == Some("set"),
        },
        Setter {
            name: "credentials",
            set: |builder| builder.credentials(Credentials::user("ann", "set")),
            is_set: |builder| builder.config.credentials == Some(Credentials::user("ann", "set")),
        },
        Setter {
            name: "seed",
            set: |builder| builder.seed("set:1".parse().unwrap()),
            is_set: |builder| builder.seeds.iter().any(|seed| seed.host() == "set"),
        },
        Setter {
            name: "credentials_from",
            set: |builder| builder.credentials_from(|_| Err::<Credentials, ()>(())),
            is_set: |builder| builder.provider.is_some(),
        },
        Setter {
            name: "configure",
            set: |builder| builder.configure(|config| config.moved_trust = SECOND),
            is_set: |builder| builder.config.moved_trust == SECOND,
        },
    ];
    own.into_iter().chain(others).collect()
}

const SECOND: Duration = Duration::from_secs(1);

/// A URL that says something else of most of it.
fn begun() -> Made {
    let url: Url =
        "rediss://bob:url@url:2/3?protocol=3&client_name=url&address_map=c>d&call_timeout=9s\
                    &connect_timeout=9s&dial_stagger=9s&stall_timeout=9s&ping_interval=9s&drain_timeout=9s\
                    &max_redirections=9&links_per_node=9&max_in_flight=9&max_in_flight_bytes=9\
                    &max_queued=9&max_pending_calls=9&max_pending_bytes=9&max_connections=9\
                    &max_dials=9&max_dial_rate=9&max_received_bytes=9&max_held_reply_bytes=9&limits.max_depth=9\
                    &moved_trust=9s&tls_server_name=url"
            .parse()
            .unwrap();
    Builder::from_url((), url)
}

fn check(setters: &[Setter], order: &[usize], begin: fn() -> Made) {
    let builder = order.iter().fold(begin(), |builder, index| (setters[*index].set)(builder));
    for setter in setters {
        assert!((setter.is_set)(&builder), "{} is lost in the order {order:?}", setter.name);
    }
}

#[test]
fn every_setter_survives_the_others_in_any_order() {
    let setters = all();
    for name in SETTERS {
        assert!(setters.iter().any(|setter| setter.name == *name), "{name} is not tried");
    }
    let order: Vec<_> = (0..setters.len()).collect();
    let beginnings: [fn() -> Made; 2] = [begun, || Builder::new(())];
    for begin in beginnings {
        let fresh = begin();
        for setter in &setters {
            assert!(!(setter.is_set)(&fresh), "{} says nothing", setter.name);
        }
        // Each of them first and last, and before and behind each other one.
        for first in 0..order.len() {
            let mut order = order.clone();
            order.rotate_left(first);
            check(&setters, &order, begin);
            order.reverse();
            check(&setters, &order, begin);
        }
    }
}

#[test]
fn what_a_url_says_stays_if_nothing_else_is_set() {
    let builder = begun().seed("set:1".parse().unwrap()).client_name("set");
    assert_eq!(builder.config.credentials, Some(Credentials::user("bob", "url")));
    assert_eq!((builder.config.database, builder.config.call_timeout), (3, SECOND * 9));
    let seeds: Vec<_> = builder.seeds.iter().map(ToString::to_string).collect();
    assert_eq!(seeds, ["url:2", "set:1"]);
    assert_eq!(builder.url_tls.unwrap().server_name.as_deref(), Some("url"));
}
