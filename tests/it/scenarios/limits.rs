//! What a node may say at what length, and what is kept of it.

use allocation_counter::measure;
use hashslot::error::Cause;
use hashslot::{Call, Command, Config, Instant};

use crate::machine::{Machine, keys};
use crate::support::canned::*;
use crate::support::script::*;

const NO_ROOM: &str = "incomplete replies have reached `max_received_bytes`";
const TOO_LONG: &str =
    "larger than `max_handshake_bytes`, `max_topology_bytes` or `max_push_bytes` allows";

#[test]
fn f40_a_node_says_little_while_a_link_is_set_up() {
    for cut in [1_000, 70_000] {
        let mut world = World::new(Config::default(), &[A]);
        let ready = world.submit(Call::discovery().timeout(ms(10)));
        let a = world.accept(A);
        world.reads(a);
        let hello = format!("%1\r\n{}{}", bulk("version"), bulk(&"8".repeat(65_600)));
        world.answer_in_chunks(a, &hello, cut);
        assert!(world.is_closed(a), "in pieces of {cut} bytes");
        world.advance(ms(10));
        assert!(world.outcome(ready).contains(TOO_LONG), "{}", world.outcome(ready));
    }
}

#[test]
fn f40_a_topology_has_a_length_of_its_own() {
    let config = config(|config| config.limits.max_topology_bytes = 2_000);
    let (mut world, [a, ..]) = World::linked(config);
    world.refresh_topology();
    world.advance(ms(300));
    let asked = world.asked();
    let long = format!("*1\r\n{}", bulk(&"x".repeat(3_000)));
    world.answer(asked, &(long + "*0\r\n"));
    // What is a caller's may be as long as ever, also behind it.
    let get = world.submit(Command::get("bar"));
    world.reads(a);
    let value = bulk(&"x".repeat(50_000));
    world.answer(a, &value);
    assert_eq!(world.outcome(get), value);
    assert_eq!(world.machine.stats().replies_unusable, 1);
}

#[test]
fn f40_messages_that_nobody_asked_for_are_short() {
    for cut in [10_000, 4_000_000] {
        let (mut world, [a, ..]) = World::linked(Config::default());
        let get = world.submit(Command::get("bar"));
        world.reads(a);
        let push = |len| format!(">2\r\n{}{}", bulk("news"), bulk(&"x".repeat(len)));
        world.answer_in_chunks(a, &(push(1 << 20) + &push(1_000) + "$-1\r\n"), cut);
        assert_eq!(world.outcome(get), "$-1\r\n");
        let stats = world.machine.stats();
        assert_eq!((stats.replies_unusable, stats.pushes), (1, 1), "in pieces of {cut} bytes");
    }
}

/// The reply that would bring more than there is room for is read past, whosever it is.
#[test]
fn f40_replies_on_their_way_have_a_limit_together() {
    let config = config(|config| config.max_received_bytes = 300_000);
    let (mut world, links) = World::linked(config);
    let gets = ["bar", "c", "foo"].map(|key| world.submit(Command::get(key)));
    let len = 200_000;
    let (head, tail) = (format!("${len}\r\n"), "\r\n");
    for link in links {
        world.reads(link);
        world.answer(link, &(head.clone() + &"x".repeat(140_000)));
    }
    for link in links {
        world.answer(link, &("x".repeat(len - 140_000) + tail));
    }
    let whole = format!("{head}{}{tail}", "x".repeat(len));
    assert_eq!(world.outcome(gets[0]), whole);
    assert_eq!(world.outcome(gets[1]), whole);
    let error = world.result(gets[2]).as_ref().expect_err("there was no room");
    assert!(matches!(error.cause(), Some(Cause::Protocol(_))), "{error}");
    assert!(error.to_string().contains(NO_ROOM), "{error}");
    // The link goes on, and there is room again.
    for (link, key) in links.into_iter().zip(["bar", "c", "foo"]) {
        let get = world.submit(Command::get(key));
        assert_eq!(world.reads(link), format!("GET {key}"));
        world.answer_in_chunks(link, &whole, 50_000);
        assert_eq!(world.outcome(get), whole);
    }
}

/// A push that is given up answers no call, and a link that is lost holds no memory.
#[test]
fn f40_what_is_lost_makes_room() {
    let config = config(|config| config.max_received_bytes = 200_000);
    let (mut world, [a, b, _]) = World::linked(config);
    let gets = ["bar", "c"].map(|key| world.submit(Command::get(key)));
    world.reads(a);
    world.reads(b);
    world.answer(a, &format!("$500000\r\n{}", "x".repeat(150_000)));
    world.answer(b, &format!(">2\r\n{}$400000\r\n{}", bulk("m"), "x".repeat(100_000)));
    world.answer(b, &("x".repeat(300_000) + "\r\n$-1\r\n"));
    assert_eq!(world.outcome(gets[1]), "$-1\r\n");
    world.close(a, hashslot::error::Disconnect::Reset);
    let get = world.submit(Command::get("c"));
    world.reads(b);
    world.answer_in_chunks(b, &bulk(&"y".repeat(190_000)), 90_000);
    assert_eq!(world.outcome(get), bulk(&"y".repeat(190_000)));
}

/// Refusals that are kept until time runs out keep their beginning only.
#[test]
fn f66_refusals_of_waiting_calls_are_short() {
    const COUNT: usize = 200;
    for refusal in ["TRYAGAIN", "CLUSTERDOWN", "LOADING"] {
        let config = config(|config| config.min_refresh_interval = ms(3_600_000));
        let (mut world, [a, ..]) = World::linked(config);
        let gets: Vec<_> = (0..COUNT)
            .map(|_| world.submit(Call::new(Command::get("bar")).timeout(ms(5))))
            .collect();
        world.reads(a);
        let long = format!("-{refusal} {}\r\n", "x".repeat(1 << 20));
        let held = measure(|| {
            for _ in 0..COUNT {
                world.machine.handle_received(world.now(), a, long.as_bytes());
            }
        });
        assert!(held.bytes_current < 1 << 20, "{refusal}: {} bytes", held.bytes_current);
        world.advance(ms(5));
        for get in gets {
            let told = world.outcome(get);
            assert!(told.len() < 500, "{told}");
        }
    }
}

/// The refusals of a transaction wait for its `EXEC`.
#[test]
fn f66_refusals_of_a_transaction_are_short() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let held: i64 = (0..50)
        .map(|_| {
            let incr = || Command::incr("bar");
            world.submit(Call::transaction([incr(), incr()]));
            world.reads(a);
            let long = format!("+OK\r\n-ERR {}\r\n", "x".repeat(1 << 20));
            let now = world.now();
            measure(|| world.machine.handle_received(now, a, long.as_bytes())).bytes_current
        })
        .sum();
    assert!(held < 1 << 20, "{held} bytes");
}

/// Replies that wait for others of their call have a limit together; what has been given up has
/// none.
#[test]
fn f66_replies_that_wait_for_others_have_a_limit_together() {
    let (mut world, [a, b, c]) =
        World::linked(config(|config| config.max_held_reply_bytes = 250_000));
    let value = bulk(&"x".repeat(100_000));
    let keys = || ["bar", "c", "foo"].map(Command::get);
    let pipeline = world.submit(Call::pipeline(keys()));
    let split = world.submit(Command::new("MGET").arg("bar").arg("c").arg("foo"));
    for link in [a, b] {
        world.reads(link);
        world.answer(link, &value);
    }
    // The third one finds no room: its own call fails in part.
    world.answer(a, &format!("*1\r\n{value}"));
    world.reads(c);
    world.answer(c, "$-1\r\n");
    assert_eq!(world.outcome(pipeline), format!("[{value}, {value}, $-1\r\n]"));
    world.answer(b, &format!("*1\r\n{value}"));
    world.answer(c, "*1\r\n$-1\r\n");
    let error = world.result(split).as_ref().expect_err("a part had no room");
    assert!(error.to_string().contains("`max_held_reply_bytes`"), "{error}");
    assert!(error.may_have_executed());
    // What is cancelled makes room.
    for _ in 0..5 {
        let pipeline = world.submit(Call::pipeline(keys()));
        world.reads(a);
        world.answer(a, &value);
        world.cancel(pipeline);
    }
    let pipeline = world.submit(Call::pipeline(keys()));
    for link in [a, b, c] {
        world.reads(link);
    }
    world.answer(a, &value);
    for link in [b, c] {
        world.answer(link, &(value.repeat(5) + &value));
    }
    assert_eq!(world.outcome(pipeline).matches("reached").count(), 1, "two of three have room");
}

/// What the limits of a configuration add up to is what a machine holds at most, and not much less:
/// with one node, and with a thousand.
#[test]
fn f66_a_machine_holds_what_its_limits_add_up_to() {
    for node_count in [1, 1_000] {
        let mut settings = config(|config| {
            config.max_pending_calls = 1_000;
            config.max_pending_bytes = 32 << 20;
            config.max_in_flight = usize::MAX;
            config.max_in_flight_bytes = 32 << 20;
            config.max_received_bytes = 64 << 20;
            config.max_held_reply_bytes = 8 << 20;
            config.limits.max_topology_bytes = 1 << 20;
            config.max_nodes = node_count;
        });
        settings.max_connections = node_count;
        let stated = settings.max_held_bytes();
        let held = measure(|| {
            let mut machine = Machine::with(settings, node_count);
            fill(&mut machine, node_count);
        });
        let (peak, stated) = (held.bytes_max, u64::try_from(stated).unwrap());
        assert!(peak <= stated, "{peak} bytes at most, of {stated} with {node_count} nodes");
        // What is added for each link is what one may keep; most keep less.
        let links = u64::try_from(node_count * (320 << 10)).unwrap();
        assert!(peak * 3 > stated - links, "{peak} bytes at most, of {stated}");
    }
}

/// As many commands as there may be, all of them taken by the transport, and as much of replies.
fn fill(machine: &mut Machine, node_count: usize) {
    let keys = keys(1_000);
    let cluster = &mut machine.cluster;
    for (key, token) in keys.iter().zip(1_000..) {
        let set = Command::set(key, vec![b'x'; 40_000]);
        drop(cluster.submit(Instant::EPOCH, Call::new(set), token));
    }
    while cluster.poll_action().is_some() {}
    for link in machine.links.clone() {
        machine.take_sent(link, |_| {});
    }
    let piece = [b'x'; 16 << 10];
    let piece_count = (64 << 20) / node_count / piece.len();
    for link in machine.links.clone() {
        machine.cluster.handle_received(Instant::EPOCH, link, b"$500000000\r\n");
        for _ in 0..piece_count {
            machine.cluster.handle_received(Instant::EPOCH, link, &piece);
        }
    }
}
