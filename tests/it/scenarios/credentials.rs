//! Who the client is, and how that changes while connections are in use.

use hashslot::config::Protocol;
use hashslot::error::Disconnect;
use hashslot::{Call, Command, Config, Credentials, ReadFrom};

use crate::support::canned::*;
use crate::support::script::*;

const WRONGPASS: &str = "WRONGPASS invalid username-password pair or user is disabled.";
const LIBRARY: &str = concat!(
    "CLIENT SETINFO LIB-NAME hashslot; CLIENT SETINFO LIB-VER ",
    env!("CARGO_PKG_VERSION"),
    "; CLUSTER MYID"
);

fn ann(password: &str) -> Credentials {
    Credentials::user("ann", password)
}

fn with_password() -> Config {
    config(|config| config.credentials = Some(ann("old")))
}

/// A machine that has a link to each of three nodes.
fn linked_with_password() -> (World, [hashslot::LinkId; 3]) {
    let mut world = World::new(with_password(), &[A]);
    world.submit(Call::discovery());
    let links = [A, B, C].map(|node| {
        if node != A {
            world.submit(Call::new(Command::new("PING")).on_node(at(node)));
        }
        let link = world.accept(node);
        assert_eq!(world.reads(link), format!("HELLO 3 AUTH ann old; {LIBRARY}"));
        world.answer(link, &welcome("8.2.3"));
        if node == A {
            world.tells(link, ROWS);
        } else {
            assert_eq!(world.reads(link), "PING");
            world.answer(link, "+PONG\r\n");
        }
        link
    });
    world.events();
    (world, links)
}

#[test]
fn f38_links_are_authenticated_in_order_and_no_reply_is_lost() {
    let (mut world, links @ [a, b, c]) = linked_with_password();
    let before = world.submit(Command::get("bar"));
    world.set_credentials(ann("new"));
    let behind = world.submit(Command::get("b"));
    assert_eq!(world.reads(a), "GET bar; AUTH ann new; GET b");
    assert_eq!(world.reads(b), "AUTH ann new");
    assert_eq!(world.reads(c), "AUTH ann new");
    assert!(world.machine.is_reauthenticating());
    world.answer_in_chunks(a, "$1\r\n1\r\n+OK\r\n$1\r\n2\r\n", 3);
    assert_eq!(world.outcome(before), "$1\r\n1\r\n");
    assert_eq!(world.outcome(behind), "$1\r\n2\r\n");
    assert_eq!(world.events(), [format!("authenticated: {A}")]);
    world.answer(b, "+OK\r\n");
    assert!(world.machine.is_reauthenticating());
    world.answer(c, "+OK\r\n");
    assert!(!world.machine.is_reauthenticating());
    assert_eq!(
        world.events(),
        [
            format!("authenticated: {B}"),
            format!("authenticated: {C}"),
            "credentials replaced".to_owned()
        ]
    );
    assert_eq!(world.machine.stats().links_reauthenticated, 3);
    assert!(links.iter().all(|link| !world.is_closed(*link)));
    // A link that is dialled from now on begins with the new ones.
    world.close(b, Disconnect::EndOfStream);
    world.submit(Command::get("c"));
    let b = world.accept(B);
    assert_eq!(world.reads(b), format!("HELLO 3 AUTH ann new; {LIBRARY}"));
}

#[test]
fn f38_a_link_whose_node_refuses_stays_as_it_is() {
    let (mut world, [a, ..]) = linked_with_password();
    let before = world.submit(Command::get("bar"));
    world.set_credentials(ann("new"));
    let behind = world.submit(Command::get("b"));
    world.reads(a);
    world.answer(a, &format!("$1\r\n1\r\n-{WRONGPASS}\r\n$1\r\n2\r\n"));
    assert_eq!(world.outcome(before), "$1\r\n1\r\n");
    assert_eq!(world.outcome(behind), "$1\r\n2\r\n");
    assert!(!world.is_closed(a));
    assert_eq!(world.events(), [format!("unchanged: {A}, {WRONGPASS}")]);
    assert_eq!(world.machine.stats().reauthentications_refused, 1);
    // Once more, when the server knows better.
    world.set_credentials(ann("newer"));
    assert_eq!(world.reads(a), "AUTH ann newer");
    world.answer(a, "+OK\r\n");
    assert_eq!(world.events(), [format!("authenticated: {A}")]);
}

#[test]
fn f38_nothing_comes_between_multi_and_exec_or_asking_and_its_command() {
    let (mut world, [a, b, _]) = linked_with_password();
    let asked = world.submit(Command::get("c"));
    assert_eq!(world.reads(b), "GET c");
    world.submit(Call::transaction([Command::get("bar"), Command::get("bar")]));
    world.answer(b, &format!("-ASK 7365 {A}\r\n"));
    world.set_credentials(ann("new"));
    world.submit(Call::transaction([Command::get("bar")]));
    // However little the transport takes at a time.
    assert_eq!(
        world.reads_in_chunks(a, 5),
        "MULTI; GET bar; GET bar; EXEC; ASKING; GET c; AUTH ann new; MULTI; GET bar; EXEC"
    );
    world.answer(a, "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n_\r\n_\r\n+OK\r\n$1\r\n7\r\n");
    assert_eq!(world.outcome(asked), "$1\r\n7\r\n");
}

#[test]
fn f38_a_link_in_its_handshake_is_authenticated_when_it_is_ready() {
    let mut world = World::new(with_password(), &[A]);
    let ready = world.submit(Call::discovery());
    let a = world.accept(A);
    assert_eq!(world.reads(a), format!("HELLO 3 AUTH ann old; {LIBRARY}"));
    world.set_credentials(ann("new"));
    assert_eq!(world.reads(a), "");
    world.answer(a, &welcome("8.2.3"));
    assert_eq!(world.reads(a), format!("AUTH ann new; {ASK_TOPOLOGY}"));
    world.answer(a, &format!("+OK\r\n{}", topology(ROWS, &[])));
    assert_eq!(world.outcome(ready), "ready");
}

#[test]
fn f38_a_link_that_is_refused_with_former_credentials_is_dialled_again() {
    let mut world = World::new(with_password(), &[A]);
    let ready = world.submit(Call::discovery());
    let a = world.accept(A);
    world.reads(a);
    world.set_credentials(ann("new"));
    world.answer(a, &format!("-{WRONGPASS}\r\n-NOAUTH x\r\n-NOAUTH x\r\n"));
    assert!(world.is_closed(a));
    assert_eq!(world.outcome(ready), "open");
    world.events();
    while world.dialled().is_empty() {
        world.advance_to_timer();
    }
    assert!(world.elapsed() <= ms(300), "{:?}", world.elapsed());
    let a = world.accept(A);
    assert_eq!(world.reads(a), format!("HELLO 3 AUTH ann new; {LIBRARY}"));
}

#[test]
fn f38_new_credentials_are_tried_at_once_where_the_former_were_refused() {
    let (mut world, [_, b, _]) = linked_with_password();
    world.close(b, Disconnect::EndOfStream);
    let refused = world.submit(Command::get("c"));
    let b = world.accept(B);
    world.reads(b);
    world.answer(b, &format!("-{WRONGPASS}\r\n-NOAUTH x\r\n-NOAUTH x\r\n"));
    assert_eq!(
        world.outcome(refused),
        format!("GET for slot 7365 at {B}: not executed: authentication failed: {WRONGPASS}")
    );
    world.set_credentials(ann("new"));
    let get = world.submit(Command::get("c"));
    let b = world.accept(B);
    assert_eq!(world.reads(b), format!("HELLO 3 AUTH ann new; {LIBRARY}"));
    world.answer(b, &welcome("8.2.3"));
    assert_eq!(world.reads(b), "GET c");
    assert_eq!(world.outcome(get), "open");
}

#[test]
fn f38_calls_that_wait_for_any_node_are_not_failed_by_former_credentials() {
    let mut world = World::new(with_password(), &[A]);
    let get = world.submit(Command::get("bar"));
    let a = world.accept(A);
    world.reads(a);
    world.answer(a, &format!("-{WRONGPASS}\r\n"));
    assert!(world.outcome(get).contains("authentication failed: WRONGPASS"));
    world.set_credentials(ann("new"));
    let get = world.submit(Command::get("bar"));
    while world.dialled().is_empty() {
        world.advance_to_timer();
    }
    assert!(world.elapsed() <= ms(300), "{:?}", world.elapsed());
    let a = world.accept(A);
    assert_eq!(world.reads(a), format!("HELLO 3 AUTH ann new; {LIBRARY}"));
    assert_eq!(world.outcome(get), "open");
}

#[test]
fn f38_a_link_lost_with_an_auth_in_flight() {
    let (mut world, [a, b, c]) = linked_with_password();
    let get = world.submit(Command::get("bar"));
    let set = world.submit(Command::set("bar", "1"));
    world.set_credentials(ann("new"));
    let behind = world.submit(Command::set("b", "2"));
    // The transport takes the GET, and the SET not whole.
    assert_eq!(world.takes(a, 45), 45);
    for link in [b, c] {
        world.reads(link);
        world.answer(link, "+OK\r\n");
    }
    assert!(world.machine.is_reauthenticating());
    world.close(a, Disconnect::Reset);
    assert!(!world.machine.is_reauthenticating(), "nobody is left to be told");
    let a = world.accept(A);
    assert_eq!(world.reads(a), format!("HELLO 3 AUTH ann new; {LIBRARY}"));
    world.answer(a, &welcome("8.2.3"));
    assert!(world.reads(a).ends_with("GET bar; SET bar 1; SET b 2"));
    for call in [get, set, behind] {
        assert_eq!(world.outcome(call), "open");
    }
}

#[test]
fn f38_what_is_taken_back_leaves_the_auth_where_it_is() {
    let (mut world, [a, ..]) = linked_with_password();
    let before = world.submit(Command::get("bar"));
    let first = world.submit(Command::get("b"));
    world.set_credentials(ann("new"));
    let second = world.submit(Command::get("bar"));
    let behind = world.submit(Command::get("b"));
    world.cancel(first);
    world.cancel(second);
    assert_eq!(world.reads(a), "GET bar; AUTH ann new; GET b");
    world.answer(a, "$1\r\n1\r\n+OK\r\n$1\r\n2\r\n");
    assert_eq!(world.outcome(before), "$1\r\n1\r\n");
    assert_eq!(world.outcome(behind), "$1\r\n2\r\n");
}

#[test]
fn without_credentials_links_stay_what_they_are() {
    let (mut world, [a, b, _]) = linked_with_password();
    world.set_credentials(None);
    assert_eq!(world.reads(a), "");
    assert_eq!(world.events(), ["credentials replaced"]);
    world.close(b, Disconnect::EndOfStream);
    world.submit(Command::get("c"));
    let b = world.accept(B);
    assert_eq!(world.reads(b), HELLO);
}

#[test]
fn the_default_user_and_servers_without_hello() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    world.set_credentials(Credentials::password("new"));
    assert_eq!(world.reads(a), "AUTH default new", "it may need no password, as in HELLO");
    let mut world = World::new(config(|config| config.protocol = Protocol::Resp2), &[A]);
    world.submit(Call::discovery());
    let a = world.accept(A);
    world.reads(a);
    world.answer(a, "+OK\r\n+OK\r\n+OK\r\n");
    world.reads(a);
    world.set_credentials(Credentials::password("new"));
    assert_eq!(world.reads(a), "AUTH new");
}

#[test]
fn a_link_has_credentials_of_its_own() {
    let mut world = World::new(with_password(), &[A]);
    let ready = world.submit(Call::discovery());
    let a = world.accept_with(A, ann("own"));
    assert_eq!(world.reads(a), format!("HELLO 3 AUTH ann own; {LIBRARY}"));
    // Also in the handshake without HELLO.
    world.answer(a, "-ERR unknown command 'HELLO'\r\n-NOAUTH x\r\n-NOAUTH x\r\n-NOAUTH x\r\n");
    assert_eq!(world.reads(a), "AUTH ann own; CLUSTER MYID");
    world.answer(a, "+OK\r\n+OK\r\n");
    assert_eq!(world.reads(a), "CLUSTER SLOTS; CLUSTER NODES");
    world.answer(a, &(slots_reply(ROWS) + &nodes_reply(ROWS, &[])));
    assert_eq!(world.outcome(ready), "ready");
    // Not its own were provided before the credentials were replaced, so the new ones win.
    world.submit(Command::get("c"));
    world.set_credentials(ann("new"));
    assert_eq!(world.reads(a), "AUTH ann new");
    let b = world.accept_with(B, ann("own"));
    assert_eq!(world.reads(b), format!("HELLO 3 AUTH ann own; {LIBRARY}"));
    world.answer(b, &welcome("8.2.3"));
    assert_eq!(world.reads(b), "AUTH ann new; GET c");
    // Those that are provided later are news.
    world.submit(Command::get("foo"));
    let c = world.accept_with(C, ann("own"));
    world.reads(c);
    world.answer(c, &welcome("8.2.3"));
    assert_eq!(world.reads(c), "GET foo");
}

#[test]
fn f38_a_node_that_forgot_who_a_link_is_gets_a_new_one() {
    let (mut world, [a, ..]) = linked_with_password();
    let get = world.submit(Command::get("bar"));
    world.reads(a);
    world.answer(a, "-NOAUTH Authentication required.\r\n");
    assert_eq!(
        world.outcome(get),
        "GET for slot 5061 at 127.0.0.1:7000: the server answered: NOAUTH Authentication required."
    );
    assert!(!world.is_closed(a), "a link that is new might be no better");
    world.advance(ms(1_000));
    let get = world.submit(Command::get("bar"));
    world.reads(a);
    world.answer(a, "-NOAUTH Authentication required.\r\n");
    assert_eq!(
        world.outcome(get),
        "GET for slot 5061 at 127.0.0.1:7000: the server answered: NOAUTH Authentication required."
    );
    assert!(world.is_closed(a));
    world.submit(Command::get("bar"));
    let a = world.accept(A);
    assert_eq!(world.reads(a), format!("HELLO 3 AUTH ann old; {LIBRARY}"));
}

#[test]
fn f23_noperm_is_the_callers_at_once() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let get = world.submit(Command::get("bar"));
    world.reads(a);
    let noperm = "NOPERM User ann has no permissions to run the 'get' command";
    world.answer(a, &format!("-{noperm}\r\n"));
    assert_eq!(
        world.outcome(get),
        format!("GET for slot 5061 at {A}: the server answered: {noperm}")
    );
    assert!(!world.is_closed(a));
}

#[test]
fn f38_without_the_permission_to_read_the_topology() {
    let mut world = World::new(with_password(), &[A]);
    let get = world.submit(Command::get("bar"));
    let a = world.accept(A);
    world.reads(a);
    world.answer(a, &welcome("8.2.3"));
    assert_eq!(world.reads(a), ASK_TOPOLOGY);
    let noperm = "NOPERM this user has no permissions to run the 'cluster' command";
    world.answer(a, &format!("-{noperm}\r\n-{noperm}\r\n"));
    assert_eq!(
        world.outcome(get),
        format!(
            "GET for slot 5061: not executed: no seed led to a cluster: {A}: no permission to run \
             CLUSTER SLOTS: {noperm}"
        )
    );
    assert_eq!(world.elapsed(), ms(0));
}

/// `CLUSTER SHARDS` only adds to what `CLUSTER SLOTS` says, and names only adorn.
#[test]
fn f38_without_permissions_that_are_not_needed() {
    let mut world = World::new(with_password(), &[A]);
    let ready = world.submit(Call::discovery());
    let a = world.accept(A);
    world.reads(a);
    let noperm = "-NOPERM User ann has no permissions to run the 'client|setinfo' command\r\n";
    world.answer(a, &welcome("8.2.3").replace("+OK\r\n", noperm));
    assert_eq!(world.reads(a), ASK_TOPOLOGY);
    world.answer(a, &(slots_reply(ROWS) + noperm));
    assert_eq!(world.outcome(ready), "ready");
}

#[test]
fn f38_without_the_permission_to_read_from_replicas() {
    let replicas = config(|config| config.read_from = ReadFrom::PreferReplica);
    let mut world = World::new(replicas, &[A]);
    let get = world.submit(Command::get("bar"));
    let a = world.accept(A);
    assert_eq!(world.reads(a), format!("{HELLO}; READONLY"));
    let noperm = "NOPERM User ann has no permissions to run the 'readonly' command";
    world.answer(a, &format!("{}-{noperm}\r\n", welcome("8.2.3")));
    assert_eq!(
        world.outcome(get),
        format!(
            "GET for slot 5061: not executed: no seed led to a cluster: {A}: no permission to run \
             READONLY: {noperm}"
        )
    );
    assert_eq!(world.elapsed(), ms(0));
}

#[test]
fn f38_a_node_that_lacks_a_permission_fails_its_own_calls_at_once() {
    let replicas = config(|config| config.read_from = ReadFrom::PreferReplica);
    let mut world = World::new(replicas, &[A]);
    world.submit(Call::discovery());
    let a = world.accept(A);
    world.reads(a);
    world.answer(a, &format!("{}+OK\r\n", welcome("8.2.3")));
    world.tells(a, ROWS);
    let get = world.submit(Command::get("c"));
    let b = world.accept(B);
    world.reads(b);
    let noperm = "NOPERM User ann has no permissions to run the 'readonly' command";
    world.answer(b, &format!("{}-{noperm}\r\n", welcome("8.2.3")));
    let told =
        format!("GET for slot 7365 at {B}: not executed: no permission to run READONLY: {noperm}");
    assert_eq!(world.outcome(get), told);
    for _ in 0..90 {
        let again = world.submit(Command::get("c"));
        assert_eq!(world.outcome(again), told);
        world.advance(ms(10));
        for link in world.links() {
            if world.reads(link) == ASK_TOPOLOGY {
                world.answer(link, &topology(ROWS, &[]));
            }
        }
    }
    assert_eq!(world.link_count(), 2, "no storm");
}

/// Some servers repeat the arguments of a command that they do not know.
#[test]
fn f74_an_answer_that_repeats_the_password_is_not_passed_on() {
    for repeated in [
        "ERR unknown command `AUTH`, with args beginning with: `ann`, `s3cret`, ",
        "ERR cannot AUTH ann s3cret here",
        "s3cret",
    ] {
        let secret = Credentials::user("ann", "s3cret");
        let mut world = World::new(
            config(|config| {
                config.protocol = Protocol::Resp2;
                config.credentials = Some(secret.clone());
                config.call_timeout = ms(100);
            }),
            &[A],
        );
        let get = world.submit(Command::get("bar"));
        let a = world.accept(A);
        world.reads(a);
        world.answer(a, &format!("-{repeated}\r\n"));
        world.advance(ms(100));
        assert!(world.outcome(get).contains("it answered: "), "{}", world.outcome(get));
        let told = format!("{} {:?}", world.outcome(get), world.events());
        assert!(!told.contains("s3cret"), "{told}");

        let (mut world, [a, ..]) = World::linked(Config::default());
        world.set_credentials(secret);
        world.reads(a);
        world.answer(a, &format!("-{repeated}\r\n"));
        let told = format!("{:?}", world.events());
        assert!(told.contains("unchanged") && !told.contains("s3cret"), "{told}");
    }
}
