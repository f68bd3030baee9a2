//! From seeds to a topology.

use hashslot::error::{Disconnect, SystemText};
use hashslot::{Call, Command, Config};

use crate::support::script::*;

#[test]
fn a_call_waits_for_discovery_and_goes_to_the_owner_of_its_slot() {
    let mut world = World::new(Config::default(), &[A]);
    let get = world.submit(Command::get("foo"));
    assert_eq!(world.events(), ["reinit: Start"]);
    assert_eq!(world.dialled(), [A]);

    let a = world.accept(A);
    world.handshake(a);
    assert_eq!(world.events(), ["ready: 127.0.0.1:7000"]);
    world.tells(a, ROWS);
    assert_eq!(world.events(), ["changed: 16384 slots moved, 3 nodes added"]);

    assert_eq!(world.dialled(), [C]);
    let c = world.accept(C);
    world.handshake(c);
    assert_eq!(world.reads(c), "GET foo");
    world.answer(c, "$3\r\nbar\r\n");
    assert_eq!(world.outcome(get), "$3\r\nbar\r\n");
    assert_eq!(world.events(), ["ready: 127.0.0.1:7002"]);
    assert_eq!(world.machine.stats().topology_queries, 1);
}

#[test]
fn discovery_alone_is_a_call() {
    let mut world = World::discovered(Config::default());
    let again = world.submit(Call::discovery());
    assert_eq!(world.outcome(again), "ready");
    assert_eq!(world.link_count(), 1);
}

const S1: &str = "10.0.0.1:7000";
const S2: &str = "10.0.0.2:7000";
const S3: &str = "10.0.0.3:7000";
const S4: &str = "10.0.0.4:7000";

#[test]
fn f35_dead_and_hanging_seeds_make_room_for_the_next() {
    let mut world = World::new(Config::default(), &[S1, S2, S3, S4]);
    let get = world.submit(Command::get("foo"));
    let first = world.dialled()[0].to_owned();
    world.refuse(&first, Disconnect::Refused);
    let second = world.dialled()[0].to_owned(); // at once
    assert_ne!(first, second);
    let hanging = world.accept(&second);
    assert_eq!(world.reads(hanging), HELLO);
    world.advance(ms(249));
    assert_eq!(world.dialled().len(), 0);
    world.advance(ms(1)); // `refresh_stagger`
    let third = world.dialled()[0].to_owned();
    let third = world.open(&third);
    world.tells(third, ROWS);
    let c = world.open(C);
    assert_eq!(world.reads(c), "GET foo");
    world.answer(c, "$-1\r\n");
    assert_eq!(world.outcome(get), "$-1\r\n");
    assert!(world.is_closed(hanging), "it is no node of the cluster");
    assert_eq!(world.elapsed(), ms(250));
}

#[test]
fn f35_no_more_than_three_seeds_are_asked_at_a_time() {
    let seeds = [S1, S2, S3, S4, "10.0.0.5:7000"];
    let mut world = World::new(Config::default(), &seeds);
    world.submit(Command::get("foo"));
    world.advance(ms(4_000));
    assert_eq!(world.dialled().len(), 3);
    world.advance(ms(1_300));
    assert_eq!(world.link_count(), 5, "the first two have used up `connect_timeout`");
}

#[test]
fn f35_every_seed_has_its_own_reason_at_the_deadline() {
    let mut world = World::new(Config::default(), &[S1, S2, S3, S4]);
    let get = world.submit(Call::new(Command::get("foo")).timeout(ms(3_000)));
    while world.outcome(get) == "open" {
        for node in world.dialled().into_iter().map(String::from).collect::<Vec<_>>() {
            match &*node {
                S1 => world.refuse(S1, Disconnect::Refused),
                S2 => world.refuse(S2, Disconnect::NameResolution(SystemText::new("no such name"))),
                S3 => drop(world.open(S3)),
                _ => drop(world.accept(S4)),
            }
        }
        for link in world.links() {
            if world.reads(link) == ASK_TOPOLOGY {
                world.answer(link, "*0\r\n*0\r\n");
            }
        }
        world.advance_to_timer();
    }
    let told = world.outcome(get);
    let begin = "GET for slot 12182: not executed: no seed led to a cluster: ";
    let mut reasons: Vec<_> = told.strip_prefix(begin).expect("no cluster").split("; ").collect();
    reasons.sort_unstable();
    assert_eq!(
        reasons,
        [
            "10.0.0.1:7000: cannot connect: connection refused",
            "10.0.0.2:7000: cannot connect: the host name cannot be resolved: no such name",
            "10.0.0.3:7000: unusable answer: the reply lists no slots",
            "10.0.0.4:7000: no answer in time",
        ]
    );
    assert_eq!(world.elapsed(), ms(3_000));
}

#[test]
fn a_server_that_is_no_cluster_node_is_told_at_once() {
    let mut world = World::new(Config::default(), &[A]);
    let get = world.submit(Command::get("foo"));
    let a = world.open(A);
    assert_eq!(world.reads(a), ASK_TOPOLOGY);
    let no = "-ERR This instance has cluster support disabled\r\n";
    world.answer(a, &no.repeat(2));
    let told = "GET for slot 12182: not executed: no seed led to a cluster: 127.0.0.1:7000: not a cluster \
        node: ERR This instance has cluster support disabled";
    assert_eq!(world.outcome(get), told);
    assert_eq!(
        world.events()[2..],
        ["unavailable: 127.0.0.1:7000: not a cluster node: ERR This instance has cluster support \
         disabled"]
    );
    // The next call asks again: an operator may have changed the configuration.
    let again = world.submit(Command::get("foo"));
    let (pause, text) = world.reads_later(a);
    assert!(pause <= ms(200), "{pause:?}");
    assert_eq!(text, ASK_TOPOLOGY);
    world.answer(a, &no.repeat(2));
    assert_eq!(world.outcome(again), told);
}

#[test]
fn hostile_seeds_have_their_own_text_and_others_serve() {
    let answers = [
        ("garbage\r\n", "unusable answer"),
        (
            "*1\r\n*3\r\n:0\r\n:99999\r\n*2\r\n$1\r\nh\r\n:1\r\n*0\r\n",
            "0 to 99999 is not a range of slots",
        ),
        ("+OK\r\n+OK\r\n", "expected"),
        ("-ERR go away\r\n-ERR go away\r\n", "it answered: ERR go away"),
    ];
    for (answer, reason) in answers {
        let mut world = World::new(Config::default(), &[A]);
        let get = world.submit(Call::new(Command::get("foo")).timeout(ms(200)));
        let a = world.open(A);
        world.reads(a);
        world.answer(a, answer);
        world.advance(ms(200));
        let told = world.outcome(get);
        let reason =
            if answer.starts_with("garbage") { "unknown type 0x67 at byte 0" } else { reason };
        assert!(
            told.starts_with("GET for slot 12182: not executed: no seed led to a cluster: "),
            "{told}"
        );
        assert!(told.contains(reason), "{told}");
    }
}

#[test]
fn f38_a_hopeless_seed_does_not_hide_one_that_serves() {
    let mut world = World::new(Config::default(), &[S1, S2]);
    let get = world.submit(Command::get("foo"));
    let first = world.dialled()[0].to_owned();
    let wrong = world.accept(&first);
    world.reads(wrong);
    world.answer(wrong, "-WRONGPASS no\r\n");
    assert_eq!(world.outcome(get), "open");
    let second = world.dialled()[0].to_owned();
    let good = world.open(&second);
    world.tells(good, ROWS);
    let c = world.open(C);
    assert_eq!(world.reads(c), "GET foo");
}

#[test]
fn seeds_that_come_up_late_are_found() {
    let mut world = World::new(Config::default(), &[A]);
    let get = world.submit(Command::get("bar"));
    while world.elapsed() < ms(6_000) {
        while world.dialled().is_empty() {
            world.advance_to_timer();
        }
        world.refuse(A, Disconnect::Refused);
    }
    let a = world.open_later(A);
    assert!(world.elapsed() < ms(13_000), "{:?}", world.elapsed());
    world.tells(a, ROWS);
    assert_eq!(world.reads(a), "GET bar");
    world.answer(a, "$-1\r\n");
    assert_eq!(world.outcome(get), "$-1\r\n");
    assert!(world.link_count() < 30, "{} dials", world.link_count());
}

#[test]
fn f35_discovery_ends_when_every_seed_has_said_no_and_other_calls_wait_on() {
    let seeds = [S1, S2, S3, S4, "10.0.0.5:7000"];
    let mut world = World::new(Config::default(), &seeds);
    let get = world.submit(Command::get("foo"));
    let find = world.submit(Call::discovery());
    let causes = [
        Disconnect::Refused,
        Disconnect::Unreachable,
        Disconnect::NameResolution(SystemText::new("no such name")),
        Disconnect::Other(SystemText::new("Permission denied")),
        Disconnect::Panicked(SystemText::new("oh")),
    ];
    for (seed, cause) in seeds.iter().zip(&causes).cycle() {
        if world.outcome(find) != "open" {
            break;
        }
        if world.dialled().contains(seed) {
            world.refuse(seed, cause.clone());
        }
    }
    assert_eq!(world.elapsed(), ms(0));
    let told = world.outcome(find);
    for (seed, cause) in seeds.iter().zip(causes) {
        assert!(told.contains(&format!("{seed}: cannot connect: {cause}")), "{told}");
    }
    assert_eq!(world.outcome(get), "open");
    world.advance(ms(19_999));
    assert_eq!(world.outcome(get), "open");
    world.advance(ms(1));
    assert!(world.outcome(get).contains("no seed led to a cluster"), "{}", world.outcome(get));
}

#[test]
fn discovery_waits_for_a_seed_that_does_not_answer_or_is_not_ready() {
    let loading = "-LOADING Redis is loading the dataset in memory\r\n".repeat(2);
    for is_silent in [true, false] {
        let mut world = World::new(Config::default(), &[S1, S2]);
        let find = world.submit(Call::discovery());
        while world.elapsed() < ms(10_000) {
            if world.dialled().contains(&S1) {
                world.refuse(S1, Disconnect::Refused);
            }
            if !is_silent && world.dialled().contains(&S2) {
                world.open(S2);
            }
            for link in world.links() {
                if world.reads(link) == ASK_TOPOLOGY {
                    world.answer(link, &loading);
                }
            }
            world.advance_to_timer();
        }
        assert_eq!(world.outcome(find), "open", "silent: {is_silent}");
    }
}
