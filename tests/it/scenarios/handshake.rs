//! Setting up a connection, and what comes in beside replies.

use hashslot::config::Protocol;
use hashslot::error::{Cause, Disconnect, ErrorKind, NodeFailure};
use hashslot::{Call, Command, Config, Credentials, ReadFrom};

use crate::support::canned::*;
use crate::support::script::*;

const LIBRARY: &str = concat!(
    "CLIENT SETINFO LIB-NAME hashslot; CLIENT SETINFO LIB-VER ",
    env!("CARGO_PKG_VERSION"),
    "; CLUSTER MYID"
);

fn with_password() -> Config {
    config(|config| config.credentials = Some(Credentials::user("ann", "secret")))
}

#[test]
fn everything_leaves_in_one_write_and_commands_wait_for_its_last_reply() {
    let mut world = World::new(
        config(|config| {
            config.credentials = Some(Credentials::password("secret"));
            config.client_name = Some("app".into());
            config.read_from = ReadFrom::PreferReplica;
        }),
        &[A],
    );
    world.submit(Command::get("foo"));
    let a = world.accept(A);
    let expected = format!("HELLO 3 AUTH default secret SETNAME app; {LIBRARY}; READONLY");
    assert_eq!(world.reads(a), expected);
    world.answer(a, &welcome("8.2.3"));
    assert_eq!(world.reads(a), "");
    world.answer(a, "+OK\r\n");
    assert_eq!(world.reads(a), ASK_TOPOLOGY);
}

#[test]
fn the_handshake_byte_for_byte() {
    let mut world = World::new(with_password(), &[A]);
    world.submit(Call::discovery());
    let a = world.accept(A);
    let mut slices = [&[][..]; 4];
    let count = world.machine.sendable(a, &mut slices);
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        "*5\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$3\r\nann\r\n$6\r\nsecret\r\n\
         *4\r\n$6\r\nCLIENT\r\n$7\r\nSETINFO\r\n$8\r\nLIB-NAME\r\n$8\r\nhashslot\r\n\
         *4\r\n$6\r\nCLIENT\r\n$7\r\nSETINFO\r\n$7\r\nLIB-VER\r\n${}\r\n{version}\r\n\
         *2\r\n$7\r\nCLUSTER\r\n$4\r\nMYID\r\n",
        version.len()
    );
    assert_eq!(count, 1, "one write");
    assert_eq!(String::from_utf8_lossy(&slices[..count].concat()), expected);
}

#[test]
fn errors_of_setinfo_are_ignored() {
    let mut world = World::new(Config::default(), &[A]);
    world.submit(Call::discovery());
    let a = world.accept(A);
    assert_eq!(world.reads(a), HELLO);
    let hello = welcome("7.0.15").replace("+OK\r\n", "-ERR Unknown subcommand\r\n");
    world.answer_in_chunks(a, &hello, 1);
    assert_eq!(world.reads(a), ASK_TOPOLOGY);
}

#[test]
fn an_old_server_is_asked_for_nodes_instead_of_shards() {
    let mut world = World::new(Config::default(), &[A]);
    let ready = world.submit(Call::discovery());
    let a = world.accept(A);
    assert_eq!(world.reads(a), HELLO);
    world.answer(a, &welcome("6.2.5"));
    assert_eq!(world.reads(a), "CLUSTER SLOTS; CLUSTER NODES");
    let d = "127.0.0.1:7003";
    world.answer(a, &(slots_reply(ROWS) + &nodes_reply(ROWS, &[d])));
    assert_eq!(world.outcome(ready), "ready");
    assert!(world.machine.topology().lists(&at(d)));
}

#[test]
fn a_server_without_hello_gets_a_second_write() {
    let mut world = World::new(with_password(), &[A]);
    let ready = world.submit(Call::discovery());
    let a = world.accept(A);
    assert_eq!(world.reads(a), format!("HELLO 3 AUTH ann secret; {LIBRARY}"));
    world.answer(a, "-ERR unknown command `HELLO`, with args beginning with: `3`\r\n");
    world.answer(a, &"-NOAUTH Authentication required.\r\n".repeat(3));
    assert_eq!(world.reads(a), "AUTH ann secret; CLUSTER MYID");
    world.answer(a, "+OK\r\n-ERR no\r\n");
    assert_eq!(world.reads(a), "CLUSTER SLOTS; CLUSTER NODES");
    world.answer(a, &(slots_reply(ROWS) + &nodes_reply(ROWS, &[])));
    assert_eq!(world.outcome(ready), "ready");
}

#[test]
fn a_server_without_hello_and_nothing_more_to_set_up_is_ready() {
    for refusal in [
        "ERR unknown command 'HELLO'",
        "NOPROTO unsupported protocol version",
        "NOPERM this user has no permissions to run the 'hello' command",
    ] {
        let mut world = World::new(Config::default(), &[A]);
        world.submit(Call::discovery());
        let a = world.accept(A);
        assert_eq!(world.reads(a), HELLO);
        world.answer(a, &format!("-{refusal}\r\n-ERR no\r\n-ERR no\r\n-ERR no\r\n"));
        assert_eq!(world.reads(a), "CLUSTER SLOTS; CLUSTER NODES", "{refusal}");
    }
}

#[test]
fn resp2_by_configuration() {
    let mut world = World::new(
        config(|config| {
            config.protocol = Protocol::Resp2;
            config.credentials = Some(Credentials::password("secret"));
            config.client_name = Some("app".into());
            config.read_from = ReadFrom::PreferReplica;
        }),
        &[A],
    );
    world.submit(Call::discovery());
    let a = world.accept(A);
    assert_eq!(world.reads(a), format!("AUTH secret; CLIENT SETNAME app; {LIBRARY}; READONLY"));
    world.answer(a, "+OK\r\n-ERR no\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n");
    assert_eq!(world.reads(a), "CLUSTER SLOTS; CLUSTER NODES");
}

#[test]
fn the_database_is_selected_before_anything_else_is_sent() {
    let mut world = World::new(
        config(|config| {
            config.database = 3;
            config.read_from = ReadFrom::PreferReplica;
        }),
        &[A],
    );
    world.submit(Call::discovery());
    let a = world.accept(A);
    assert_eq!(world.reads(a), format!("{HELLO}; SELECT 3; READONLY"));
    world.answer(a, &welcome("9.1.0"));
    world.answer(a, "+OK\r\n");
    assert_eq!(world.reads(a), "");
    world.answer(a, "+OK\r\n");
    assert_eq!(world.reads(a), ASK_TOPOLOGY);
}

#[test]
fn the_database_is_selected_without_hello_as_well() {
    let mut world = World::new(config(|config| config.database = 3), &[A]);
    world.submit(Call::discovery());
    let a = world.accept(A);
    world.reads(a);
    world.answer(a, "-ERR unknown command 'HELLO'\r\n-ERR no\r\n-ERR no\r\n-ERR no\r\n+OK\r\n");
    assert_eq!(world.reads(a), "SELECT 3");
    world.answer(a, "+OK\r\n");
    assert_eq!(world.reads(a), "CLUSTER SLOTS; CLUSTER NODES");
}

#[test]
fn a_database_that_there_is_not_fails_calls_at_once() {
    let mut world = World::new(config(|config| config.database = 3), &[A]);
    let get = world.submit(Command::get("foo"));
    let a = world.accept(A);
    world.reads(a);
    let refusal = "ERR SELECT is not allowed in cluster mode";
    world.answer(a, &format!("{}-{refusal}\r\n", welcome("8.2.3")));
    assert!(world.is_closed(a));
    assert_eq!(
        world.outcome(get),
        format!(
            "GET for slot 12182: not executed: no seed led to a cluster: {A}: database 3 cannot be \
             used: {refusal}"
        )
    );
    assert_eq!(world.elapsed(), ms(0));
}

#[test]
fn f38_a_wrong_password_fails_calls_at_once_and_is_not_tried_in_a_storm() {
    let mut world = World::new(with_password(), &[A]);
    let get = world.submit(Command::get("foo"));
    let a = world.accept(A);
    world.reads(a);
    let wrong = "WRONGPASS invalid username-password pair or user is disabled.";
    world.answer(a, &format!("-{wrong}\r\n-NOAUTH x\r\n-NOAUTH x\r\n"));
    assert!(world.is_closed(a));
    let told = format!(
        "GET for slot 12182: not executed: no seed led to a cluster: 127.0.0.1:7000: authentication \
         failed: {wrong}"
    );
    assert_eq!(world.outcome(get), told);
    for _ in 0..50 {
        let again = world.submit(Command::get("foo"));
        world.advance(ms(10));
        if world.outcome(again) != "open" {
            assert_eq!(world.outcome(again), told);
        }
    }
    assert_eq!(world.link_count(), 1);
    assert!(!format!("{:?}", world.machine).contains("secret"), "F-74");
    assert!(!world.outcome(get).contains("secret"), "F-74");
}

#[test]
fn f38_a_node_that_refuses_the_password_fails_its_own_calls_only() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let b = world.links()[1];
    world.close(b, Disconnect::EndOfStream);
    let get_b = world.submit(Command::get("c"));
    let b = world.accept(B);
    assert_eq!(world.reads(b), HELLO);
    world.answer(b, "-NOAUTH HELLO must be called with the client already authenticated\r\n");
    let told = "GET for slot 7365 at 127.0.0.1:7001: not executed: authentication failed: NOAUTH \
        HELLO must be called with the client already authenticated";
    assert_eq!(world.outcome(get_b), told);
    let again = world.submit(Command::get("c"));
    assert_eq!(world.outcome(again), told);
    let get_a = world.submit(Command::get("bar"));
    assert!(world.reads(a).contains("GET bar"));
    assert_eq!(world.outcome(get_a), "open");
    // The pause is a second at least, and then it is tried again.
    world.advance(ms(2_000));
    let later = world.submit(Command::get("c"));
    assert_eq!(world.outcome(later), "open");
    assert_eq!(world.dialled(), [B]);
}

#[test]
fn f38_noauth_without_credentials() {
    let mut world = World::new(Config::default(), &[A]);
    let get = world.submit(Command::get("foo"));
    let a = world.accept(A);
    world.reads(a);
    world.answer(a, "-NOAUTH HELLO must be called with the client already authenticated\r\n");
    assert_eq!(
        world.outcome(get),
        "GET for slot 12182: not executed: no seed led to a cluster: 127.0.0.1:7000: authentication failed: NOAUTH HELLO must be called with the client already authenticated"
    );
}

#[test]
fn f37_maxclients_is_a_connection_that_failed() {
    let (mut world, [_, b, _]) = World::linked(Config::default());
    world.close(b, Disconnect::EndOfStream);
    let get = world.submit(Command::get("c"));
    let full = "-ERR max number of clients + cluster connections reached\r\n";
    let mut dials = Vec::new();
    while world.outcome(get) == "open" {
        if world.dialled().is_empty() {
            world.advance_to_timer();
        } else {
            dials.push(world.elapsed());
            let b = world.accept(B);
            world.answer(b, full);
        }
        for link in world.links() {
            match &*world.reads(link) {
                ASK_TOPOLOGY => world.answer(link, &topology(ROWS, &[])),
                "PING" => world.answer(link, "+PONG\r\n"),
                other => assert_eq!(other, ""),
            }
        }
    }
    assert_eq!(dials[..2], [ms(0), ms(0)], "the first failure costs nothing");
    let pauses: Vec<_> = dials.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses.iter().all(|pause| *pause <= ms(1_000)), "{pauses:?}");
    assert!((20..120).contains(&dials.len()), "{} dials in 20 s", dials.len());
    assert_eq!(
        world.outcome(get),
        "GET for slot 7365 at 127.0.0.1:7001: not executed: it answered: ERR max number of clients + cluster connections reached"
    );
}

#[test]
fn f08_a_handshake_that_never_ends_is_given_up() {
    let mut world = World::new(Config::default(), &[A]);
    let get = world.submit(Command::get("foo"));
    let a = world.accept(A);
    assert_eq!(world.reads(a), HELLO);
    world.answer(a, "%7\r\n$6\r\nserver\r\n"); // and no more
    world.advance(ms(4_999));
    assert!(!world.is_closed(a));
    world.advance(ms(1));
    assert!(world.is_closed(a));
    assert_eq!(world.outcome(get), "open");
    world.events();
    // The machine ignores a late reply.
    world.answer(a, "$5\r\nredis\r\n+OK\r\n+OK\r\n");
    assert_eq!(world.events(), Vec::<String>::new());
}

#[test]
fn a_dial_that_never_ends_is_given_up() {
    let mut world = World::new(Config::default(), &[A]);
    world.submit(Command::get("foo"));
    world.advance(ms(5_000));
    assert_eq!(
        world.events()[1..3],
        [
            "lost: 127.0.0.1:7000, no answer in time, 0 in flight",
            "unavailable: 127.0.0.1:7000: no answer in time"
        ]
    );
}

#[test]
fn f46_pushes_are_no_replies() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let get = world.submit(Command::get("bar"));
    assert_eq!(world.reads(a), "GET bar");
    let push = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$3\r\nfoo\r\n";
    world.answer_in_chunks(a, &format!("{push}$1\r\n1\r\n{push}"), 7);
    assert_eq!(world.outcome(get), "$1\r\n1\r\n");
    let text = "pushed: 127.0.0.1:7000 >2\\r\\n$10\\r\\ninvalidate\\r\\n*1\\r\\n$3\\r\\nfoo\\r\\n";
    assert_eq!(world.events(), [text, text]);
    world.answer(a, push);
    assert_eq!(world.events(), [text], "with nothing in flight as well");
    assert!(!world.is_closed(a));
}

#[test]
fn f46_pushes_between_the_replies_of_the_handshake() {
    let mut world = World::new(Config::default(), &[A]);
    world.submit(Call::discovery());
    let a = world.accept(A);
    world.reads(a);
    let push = ">1\r\n+hello\r\n";
    let hello = welcome("8.2.3").replace("+OK\r\n", &format!("{push}+OK\r\n"));
    world.answer(a, &(push.to_owned() + &hello));
    assert_eq!(world.reads(a), ASK_TOPOLOGY);
}

#[test]
fn f47_an_attribute_belongs_to_its_reply() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let first = world.submit(Command::get("bar"));
    let second = world.submit(Command::get("b"));
    assert_eq!(world.reads(a), "GET bar; GET b");
    world.answer_in_chunks(a, "|1\r\n+ttl\r\n:9\r\n$1\r\n1\r\n$1\r\n2\r\n", 3);
    assert_eq!(world.outcome(first), "|1\r\n+ttl\r\n:9\r\n$1\r\n1\r\n");
    assert_eq!(world.outcome(second), "$1\r\n2\r\n");
    let third = world.submit(Command::get("bar"));
    world.reads(a);
    world.answer(a, "|1\r\n+a\r\n+b\r\n-MOVED 5061 127.0.0.1:7001\r\n");
    assert_eq!(world.outcome(third), "open", "an attribute hides no redirection");
}

#[test]
fn f38_a_seed_that_cannot_authenticate_says_so() {
    let mut world = World::new(with_password(), &[A]);
    let discovery = world.submit(Call::discovery());
    let a = world.accept(A);
    world.reads(a);
    world.answer(a, "-ERR AUTH <password> called without any password configured\r\n");
    let error = world.result(discovery).as_ref().expect_err("no cluster");
    let Some(Cause::NoCluster(failures)) = error.cause() else { panic!("{error}") };
    let reasons: Vec<_> = failures.iter().map(|(_, failure)| failure.clone()).collect();
    assert!(matches!(&reasons[..], [NodeFailure::Authentication(_)]), "{reasons:?}");
}

/// However a server says that it has no `HELLO`: what counts is the second handshake.
#[test]
fn a_refusal_of_hello_in_any_words_leads_to_the_second_handshake() {
    for refusal in [
        "unsupported command 'HELLO'",
        "ERR 'HELLO' command is not supported",
        "ERR HELLO is disabled",
        "ERR wrong number of arguments for 'hello' command",
        "NOAUTH Authentication required.",
        "NOAUTH HELLO must be called with the client already authenticated",
        "NOPERM no",
        "NOPROTO no",
        "ERR command 'secret' is not allowed here",
        "UNIMPLEMENTED",
        "x",
        "",
    ] {
        let mut world = World::new(with_password(), &[A]);
        let ready = world.submit(Call::discovery());
        let a = world.accept(A);
        assert_eq!(world.reads(a), format!("HELLO 3 AUTH ann secret; {LIBRARY}"));
        world.answer(a, &format!("-{refusal}\r\n-{refusal}\r\n-NOAUTH x\r\n-NOAUTH x\r\n"));
        assert_eq!(world.reads(a), "AUTH ann secret; CLUSTER MYID", "{refusal:?}");
        world.answer(a, "+OK\r\n-ERR no\r\n");
        assert_eq!(world.reads(a), "CLUSTER SLOTS; CLUSTER NODES");
        world.answer(a, &(slots_reply(ROWS) + &nodes_reply(ROWS, &[])));
        assert_eq!(world.outcome(ready), "ready", "{refusal:?}");
        assert_eq!(world.link_count(), 1);
    }
}

#[test]
fn the_error_of_the_second_handshake_is_what_is_told() {
    for (refusal, told) in [
        ("WRONGPASS no", "authentication failed: WRONGPASS .."),
        ("ERR invalid password", "authentication failed: ERR invalid password"),
        ("ERR nobody is called that", "it answered: ERR .."),
        ("NOPERM no", "no permission to run AUTH: NOPERM .."),
        ("LOADING no", "it answered: LOADING .."),
        ("ERR secret is wrong", "it answered: ERR .."),
        ("secret", "it answered: ERR .."),
    ] {
        let told = told.replace("..", "(its words are left out: they may repeat the password)");
        let mut world = World::new(with_password(), &[A]);
        let get = world.submit(Call::new(Command::get("foo")).timeout(ms(90)));
        let a = world.accept(A);
        world.reads(a);
        world.answer(a, "-unsupported command 'HELLO'\r\n-ERR no\r\n-ERR no\r\n-ERR no\r\n");
        assert_eq!(world.reads(a), "AUTH ann secret; CLUSTER MYID");
        world.answer(a, &format!("-{refusal}\r\n"));
        assert!(world.is_closed(a));
        world.advance(ms(90));
        let expected = format!(
            "GET for slot 12182: not executed: no seed led to a cluster: 127.0.0.1:7000: {told}"
        );
        assert_eq!(world.outcome(get), expected);
        assert!(!format!("{:?}", world.machine).contains("secret"), "F-74");
    }
}

#[test]
fn each_command_of_the_second_handshake_has_its_own_refusal() {
    let everything = || {
        config(|config| {
            config.credentials = Some(Credentials::user("ann", "secret"));
            config.client_name = Some("app".into());
            config.database = 3;
            config.read_from = ReadFrom::PreferReplica;
        })
    };
    for (answers, told) in [
        ("+OK\r\n-x\r\n-x\r\n+OK\r\n+OK\r\n", None),
        ("-x\r\n", Some("it answered: ERR ..")),
        ("+OK\r\n+OK\r\n-x\r\n-ERR no\r\n", Some("database 3 cannot be used: ERR ..")),
        ("+OK\r\n+OK\r\n-x\r\n+OK\r\n-x\r\n", Some("it answered: ERR ..")),
        (
            "+OK\r\n+OK\r\n-x\r\n+OK\r\n-NOPERM x\r\n",
            Some("no permission to run READONLY: NOPERM .."),
        ),
    ] {
        let mut world = World::new(everything(), &[A]);
        let get = world.submit(Call::new(Command::get("foo")).timeout(ms(90)));
        let a = world.accept(A);
        world.reads(a);
        world.answer(a, &"-what is that?\r\n".repeat(6));
        assert_eq!(
            world.reads(a),
            "AUTH ann secret; CLIENT SETNAME app; CLUSTER MYID; SELECT 3; READONLY"
        );
        world.answer(a, answers);
        let Some(told) = told else {
            assert_eq!(world.reads(a), "CLUSTER SLOTS; CLUSTER NODES");
            continue;
        };
        assert!(world.is_closed(a), "{answers}");
        world.advance(ms(90));
        let told = told.replace("..", "(its words are left out: they may repeat the password)");
        assert!(world.outcome(get).ends_with(&told), "{}", world.outcome(get));
    }
}

/// A server that closes the connection upon `HELLO` is spoken to without it at the next attempt.
#[test]
fn a_connection_that_is_closed_upon_hello_is_followed_by_one_without() {
    for cause in [Disconnect::EndOfStream, Disconnect::Reset] {
        for answer in ["", "-ERR unknown command\r\n", "-ERR unknown command\r\n-x\r\n-x\r\n"] {
            let mut world = World::new(with_password(), &[A]);
            let ready = world.submit(Call::discovery());
            let a = world.accept(A);
            assert_eq!(world.reads(a), format!("HELLO 3 AUTH ann secret; {LIBRARY}"));
            world.answer(a, answer);
            world.close(a, cause.clone());
            while world.dialled().is_empty() {
                world.advance_to_timer();
            }
            let a = world.accept(A);
            assert_eq!(world.reads(a), "AUTH ann secret; CLUSTER MYID");
            world.answer(a, "+OK\r\n-ERR no\r\n");
            assert_eq!(world.reads(a), "CLUSTER SLOTS; CLUSTER NODES");
            world.answer(a, &(slots_reply(ROWS) + &nodes_reply(ROWS, &[])));
            assert_eq!(world.outcome(ready), "ready");
            // Each node is asked on its own.
            world.submit(Call::new(Command::new("PING")).on_node(at(B)));
            let b = world.accept(B);
            assert!(world.reads(b).starts_with("HELLO 3 AUTH"));
            // It stays like that as long as no node knows HELLO.
            world.close(a, Disconnect::Reset);
            world.submit(Command::get("bar"));
            let a = world.accept(A);
            assert_eq!(world.reads(a), "AUTH ann secret; CLUSTER MYID");
            world.answer(b, &welcome("8.2.3"));
            world.close(a, Disconnect::Reset);
            while world.dialled().is_empty() {
                world.advance_to_timer();
            }
            let a = world.accept(A);
            assert!(world.reads(a).starts_with("HELLO 3 AUTH"), "a node knows it");
        }
    }
}

/// Commands wait for an answer all the same.
#[test]
fn a_connection_without_hello_and_without_anything_to_set_up_begins_with_a_ping() {
    for (answer, told) in [
        ("+PONG\r\n", None),
        ("-LOADING no\r\n", None),
        ("-NOAUTH no\r\n", Some("authentication failed: NOAUTH no")),
        ("-ERR max number of clients reached\r\n", Some("it answered: ERR max number of clients")),
    ] {
        let mut world = World::new(Config::default(), &[A]);
        let get = world.submit(Call::new(Command::get("foo")).timeout(ms(500)));
        let a = world.accept(A);
        world.close(a, Disconnect::EndOfStream);
        while world.dialled().is_empty() {
            world.advance_to_timer();
        }
        let a = world.accept(A);
        assert_eq!(world.reads(a), "PING");
        world.answer(a, answer);
        assert_eq!(world.is_closed(a), told.is_some());
        let Some(told) = told else {
            assert_eq!(world.reads(a), "CLUSTER SLOTS; CLUSTER NODES");
            continue;
        };
        world.advance(ms(500));
        assert!(world.outcome(get).contains(told), "{}", world.outcome(get));
    }
}

#[test]
fn a_node_is_not_spoken_to_without_hello_once_a_node_has_answered_it() {
    let (mut world, [a, b, _]) = World::linked(Config::default());
    for link in [a, b] {
        world.close(link, Disconnect::EndOfStream);
    }
    world.submit(Command::get("bar"));
    for _ in 0..5 {
        while !world.dialled().contains(&A) {
            world.advance_to_timer();
        }
        let a = world.accept(A);
        assert_eq!(world.reads(a), HELLO);
        world.close(a, Disconnect::EndOfStream);
    }
}

#[test]
fn a_dial_that_fails_or_a_server_that_is_silent_says_nothing_about_hello() {
    let mut world = World::new(Config::default(), &[A]);
    world.submit(Command::get("bar"));
    world.refuse(A, Disconnect::Refused);
    while world.dialled().is_empty() {
        world.advance_to_timer();
    }
    let a = world.accept(A);
    assert_eq!(world.reads(a), HELLO);
    world.advance(ms(5_000));
    assert!(world.is_closed(a));
    while world.dialled().is_empty() {
        world.advance_to_timer();
    }
    let a = world.accept(A);
    assert_eq!(world.reads(a), HELLO);
}

/// Disconnect with and without `HELLO`: it was not about that, and so the ways take turns.
#[test]
fn a_server_that_closes_every_connection_is_asked_both_ways_in_turn() {
    let mut world = World::new(with_password(), &[A]);
    world.submit(Call::discovery());
    for round in 0..6 {
        while world.dialled().is_empty() {
            world.advance_to_timer();
        }
        let a = world.accept(A);
        assert_eq!(world.reads(a).starts_with("HELLO"), round % 2 == 0, "round {round}");
        world.close(a, Disconnect::EndOfStream);
    }
}

/// An empty user with an empty password is none.
#[test]
fn empty_credentials_are_none() {
    for protocol in [Protocol::Resp2, Protocol::Resp3] {
        let mut world = World::new(
            config(|config| {
                config.protocol = protocol;
                config.credentials = Some(Credentials::password(""));
            }),
            &[A],
        );
        world.submit(Call::discovery());
        let a = world.accept_with(A, Credentials::user("", ""));
        assert!(!world.reads(a).contains("AUTH"));
        world.close(a, Disconnect::Reset);
        while world.dialled().is_empty() {
            world.advance_to_timer();
        }
        let a = world.accept(A);
        assert!(!world.reads(a).contains("AUTH"));
    }
    let (mut world, [a, ..]) = World::linked(Config::default());
    world.set_credentials(Credentials::password(""));
    assert_eq!(world.reads(a), "");
    assert!(!world.machine.is_reauthenticating());
    world.set_credentials(Credentials::user("ann", ""));
    assert_eq!(world.reads(a), "AUTH ann ");
    // An empty name is that of the default user.
    world.set_credentials(Credentials::user("", "secret"));
    assert_eq!(world.reads(a), "AUTH default secret");
}

/// All nodes refuse the password: that is one error, and no list of parts.
#[test]
fn f38_a_split_command_whose_nodes_refuse_the_user_has_one_error() {
    let (mut world, links) = World::linked(Config::default());
    let (a, c) = (links[0], links[2]);
    world.close(a, Disconnect::EndOfStream);
    world.close(c, Disconnect::EndOfStream);
    let mget = world.submit(Command::new("MGET").args(["foo", "bar"]));
    for address in [A, C] {
        let link = world.accept(address);
        assert_eq!(world.reads(link), HELLO);
        world
            .answer(link, "-NOAUTH HELLO must be called with the client already authenticated\r\n");
    }
    let error = world.result(mget).as_ref().expect_err("both refuse");
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
    assert_eq!(
        error.to_string(),
        "MGET: not executed: authentication failed: NOAUTH HELLO must be called with the client \
         already authenticated"
    );
}
