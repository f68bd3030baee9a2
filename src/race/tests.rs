//! What is dialled when, as tables.

use super::*;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;

fn addresses(hosts: &str) -> Vec<Address> {
    hosts.split_whitespace().map(|host| Address::new(host, 7000).unwrap()).collect()
}

/// The hosts of a race in the order in which they are dialled, if each of them fails at once.
fn order(hosts: &str, count_max: usize) -> String {
    let config = Config { max_addresses: count_max, ..Config::default() };
    let mut race = Race::new(addresses(hosts), &config);
    let mut order = vec![];
    while let RaceStep::Dial(address) = race.next(Instant::EPOCH) {
        order.push(address.host().to_string());
        race.failed(Instant::EPOCH, Disconnect::Refused);
    }
    order.join(" ")
}

#[test]
fn families_take_turns_and_each_address_is_dialled_once() {
    for (resolved, dialled) in [
        ("", ""),
        ("10.0.0.1", "10.0.0.1"),
        ("10.0.0.1 10.0.0.2 10.0.0.3", "10.0.0.1 10.0.0.2 10.0.0.3"),
        ("::1 ::2 10.0.0.1 10.0.0.2", "::1 10.0.0.1 ::2 10.0.0.2"),
        ("10.0.0.1 10.0.0.2 ::1", "10.0.0.1 ::1 10.0.0.2"),
        ("::1 10.0.0.1 10.0.0.2 10.0.0.3", "::1 10.0.0.1 10.0.0.2 10.0.0.3"),
        ("::1 ::1 10.0.0.1 10.0.0.1 ::1", "::1 10.0.0.1"),
    ] {
        assert_eq!(order(resolved, 16), dialled, "{resolved}");
    }
}

#[test]
fn so_many_addresses_are_dialled_and_of_both_families() {
    assert_eq!(order("::1 ::2 ::3 10.0.0.1 10.0.0.2", 3), "::1 10.0.0.1 ::2");
    assert_eq!(order("::1 ::2 ::3 10.0.0.1", 1), "::1");
    let many: Vec<_> =
        (0..1000).map(|number| format!("10.0.{}.{}", number / 250, number % 250)).collect();
    assert_eq!(order(&many.join(" "), 16), many[..16].join(" "));
}

/// What a race is told, and what it says, at a time in milliseconds.
enum Line {
    Next(u64, &'static str),
    Failed(u64, Disconnect),
}

fn play(hosts: &str, lines: Vec<Line>) {
    let mut race = Race::new(addresses(hosts), &Config::default());
    let at = |ms| Instant::EPOCH + Duration::from_millis(ms);
    for line in lines {
        match line {
            Failed(ms, cause) => race.failed(at(ms), cause),
            Next(ms, expected) => {
                let said = match race.next(at(ms)) {
                    RaceStep::Dial(address) => format!("dial {}", address.host()),
                    RaceStep::Wait(None) => "wait".to_string(),
                    RaceStep::Wait(Some(at)) => format!("wait {:?}", at.since_epoch()),
                    RaceStep::Lost(cause) => cause.to_string(),
                };
                assert_eq!(said, expected, "at {ms} ms");
            }
        }
    }
}

use Line::{Failed, Next};

#[test]
fn the_next_one_begins_after_a_while_and_the_earlier_ones_go_on() {
    play(
        "a b c",
        vec![
            Next(1000, "dial a"),
            Next(1000, "wait 1.25s"),
            Next(1249, "wait 1.25s"),
            Next(1250, "dial b"),
            Next(1250, "wait 1.5s"),
            Next(1600, "dial c"),
            Next(1600, "wait"),
            Failed(1700, Disconnect::TimedOut),
            Next(1700, "wait"), // for the two others
            Failed(1800, Disconnect::TimedOut),
            Failed(1900, Disconnect::TimedOut),
            Next(1900, "no answer in time"),
        ],
    );
}

#[test]
fn each_one_is_dialled_in_the_first_half_of_the_time() {
    let hosts: Vec<_> = (0..16).map(|number| format!("h{number}")).collect();
    for (timeout, count, began) in [
        (ms(5_000), 4, ms(750)),
        (ms(5_000), 16, ms(15 * 156) + Duration::from_micros(15 * 250)),
        (ms(600), 4, ms(225)),
        (ms(20), 4, ms(30)), // no faster than may be
    ] {
        let config = Config { connect_timeout: timeout, ..Config::default() };
        let mut race = Race::new(addresses(&hosts[..count].join(" ")), &config);
        let (mut now, mut dialled) = (Instant::EPOCH, 0);
        loop {
            match race.next(now) {
                RaceStep::Dial(_) => dialled += 1,
                RaceStep::Wait(Some(at)) => now = at,
                step @ (RaceStep::Wait(None) | RaceStep::Lost(_)) => {
                    break assert_eq!(step, RaceStep::Wait(None));
                }
            }
        }
        assert_eq!((dialled, now.since_epoch()), (count, began), "{timeout:?}");
    }
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn a_failure_lets_the_next_one_begin_at_once() {
    play(
        "a b c",
        vec![
            Next(0, "dial a"),
            Failed(10, Disconnect::Refused),
            Next(10, "dial b"),
            Next(10, "wait 260ms"),
            Failed(20, Disconnect::Refused),
            Next(20, "dial c"),
            Failed(30, Disconnect::Refused),
            Next(30, "connection refused"),
            Next(40, "connection refused"),
        ],
    );
}

#[test]
fn the_failure_that_says_most_is_told() {
    let other = || Disconnect::Other(SystemText::new("Too many open files"));
    for (causes, told) in [
        (vec![Disconnect::Unreachable, Disconnect::Refused], "connection refused"),
        (vec![Disconnect::Refused, Disconnect::Unreachable], "connection refused"),
        (vec![Disconnect::Unreachable, Disconnect::TimedOut], "no answer in time"),
        (vec![Disconnect::TimedOut, Disconnect::Refused], "connection refused"),
        (vec![Disconnect::Refused, other()], "input/output error: Too many open files"),
        (vec![], "the host name cannot be resolved: it has no address"),
    ] {
        let hosts = "a b".split_at(if causes.is_empty() { 0 } else { 3 }).0;
        let mut race = Race::new(addresses(hosts), &Config::default());
        for cause in causes {
            assert!(matches!(race.next(Instant::EPOCH), RaceStep::Dial(_)));
            race.failed(Instant::EPOCH, cause);
        }
        let RaceStep::Lost(cause) = race.next(Instant::EPOCH) else { panic!("it goes on") };
        assert_eq!(cause.to_string(), told);
    }
}
