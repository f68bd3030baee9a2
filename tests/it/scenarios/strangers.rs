//! Nodes of other clusters at known addresses: what they get, and what they are believed.

use std::collections::BTreeMap;
use std::time::Duration;

use hashslot::error::Disconnect;
use hashslot::{Call, Command, Config, LinkId};

use crate::support::canned::*;
use crate::support::script::*;

const SEED: &str = "seed.example:7000";
const ALL: Row<'_> = (0, 16383, &[C]);

/// The ID of a node of another cluster.
fn foreign(letter: char) -> String {
    letter.to_string().repeat(40)
}

/// A node that answers.
#[derive(Clone)]
struct Node {
    /// What it tells of itself.
    id: Option<String>,
    /// What it answers to both questions about the topology.
    view: [String; 2],
}

impl Node {
    /// A node of the first cluster.
    fn own(address: &str) -> Self {
        Self { id: Some(id(address)), view: [slots_reply(ROWS), shards_reply(ROWS, &[])] }
    }

    /// A node of another cluster, whose IDs are of these letters.
    fn stranger(letter: char, rows: &[Row<'_>], letters: &[(&str, char)]) -> Self {
        let view = [slots_reply(rows), shards_reply(rows, &[])].map(|mut reply| {
            for (address, letter) in letters {
                reply = reply.replace(&id(address), &foreign(*letter));
            }
            reply
        });
        Self { id: Some(foreign(letter)), view }
    }

    /// The same node, which does not tell who it is.
    fn silent(mut self) -> Self {
        self.id = None;
        self
    }
}

/// Nodes that answer, by their addresses. All others refuse.
#[derive(Default)]
struct Nodes {
    nodes: BTreeMap<&'static str, Node>,
    /// What callers' commands they got.
    got: Vec<(String, String)>,
}

impl Nodes {
    fn with(nodes: &[(&'static str, Node)]) -> Self {
        Self { nodes: nodes.iter().cloned().collect(), got: Vec::new() }
    }

    /// Accepts dials, and answers whatever there is, for so long.
    #[track_caller]
    fn run(&mut self, world: &mut World, time: Duration) {
        let end = world.elapsed() + time;
        while world.elapsed() < end {
            while self.step(world) {}
            let due = world.machine.poll_timeout().map(hashslot::Instant::since_epoch);
            match due.filter(|due| *due < end) {
                Some(_) => _ = world.advance_to_timer(),
                None => world.advance(end.saturating_sub(world.elapsed())),
            }
        }
    }

    fn step(&mut self, world: &mut World) -> bool {
        let mut has_moved = false;
        for address in world.dialled().into_iter().map(String::from).collect::<Vec<_>>() {
            has_moved = true;
            let Some(node) = self.nodes.get(&*address).cloned() else {
                world.refuse(&address, Disconnect::Refused);
                continue;
            };
            let link = world.accept(&address);
            assert_eq!(world.reads(link), HELLO);
            let welcome = node.id.map_or_else(|| welcome("8.2.3"), |id| welcome_from(&id));
            world.answer(link, &welcome);
        }
        for link in world.links() {
            let address = world.address(link).to_owned();
            let Some(node) = self.nodes.get(&*address).cloned() else {
                world.close(link, Disconnect::Reset);
                continue;
            };
            for command in world.reads(link).split("; ").filter(|text| !text.is_empty()) {
                has_moved = true;
                let reply = match command {
                    "CLUSTER SLOTS" => &node.view[0],
                    "CLUSTER SHARDS" => &node.view[1],
                    "PING" => "+PONG\r\n",
                    other => {
                        self.got.push((address.clone(), other.into()));
                        ":1\r\n"
                    }
                };
                world.answer(link, reply);
            }
        }
        has_moved
    }

    /// The commands that this address got since this was asked the last time.
    fn taken(&mut self, address: &str) -> Vec<String> {
        let (its, others) = self.got.drain(..).partition(|(at, _)| at == address);
        self.got = others;
        its.into_iter().map(|(_, command): (String, String)| command).collect()
    }
}

/// A machine that has linked all nodes of the first cluster, which have told who they are.
fn known(seeds: &[&str]) -> (World, Nodes) {
    let mut world = World::new(Config::default(), seeds);
    let mut nodes = Nodes::with(&[A, B, C].map(|address| (address, Node::own(address))));
    nodes.nodes.insert(SEED, Node::own(A));
    for key in ["bar", "c", "foo"] {
        world.submit(Command::get(key));
    }
    nodes.run(&mut world, ms(100));
    assert_eq!(world.machine.call_count(), 0);
    nodes.got.clear();
    (world, nodes)
}

#[track_caller]
fn link_to(world: &World, address: &str) -> LinkId {
    let mut links = world.links().into_iter();
    links.find(|link| world.address(*link) == address).expect("a link")
}

/// C leaves the topology, as A and B tell, and a node of another cluster gets its address.
fn replace_c_by_a_stranger(world: &mut World, nodes: &mut Nodes) {
    let rows: &[Row<'_>] = &[(0, 8191, &[A]), (8192, 16383, &[B])];
    for address in [A, B] {
        let view = [slots_reply(rows), shards_reply(rows, &[])];
        nodes.nodes.insert(address, Node { view, ..Node::own(address) });
    }
    world.refresh_topology();
    while world.machine.topology().nodes().count() > 2 {
        world.advance(ms(100));
        let asked = world.links().into_iter().filter(|link| world.address(*link) != C);
        for link in asked.collect::<Vec<_>>() {
            if world.machine.topology().nodes().count() > 2 && !world.reads(link).is_empty() {
                world.answer(link, &nodes.nodes[A].view.concat());
            }
        }
    }
    nodes.nodes.insert(C, Node::stranger('e', &[ALL], &[(C, 'e')]));
}

fn incr(world: &mut World, key: &str) -> Token {
    world.submit(Command::new("INCR").arg(key))
}

#[test]
fn a_stranger_at_a_known_address_gets_no_command_and_is_not_followed() {
    for seeds in [&[A, B, C][..], &[A], &[C], &[SEED]] {
        let (mut world, mut nodes) = known(seeds);
        // The seed's name leads to where it led before.
        nodes.nodes.insert(C, Node::stranger('e', &[ALL], &[(C, 'e')]));
        let c = link_to(&world, C);
        world.close(c, Disconnect::Reset);
        let lost = incr(&mut world, "foo");
        for _ in 0..150 {
            let calls = [incr(&mut world, "bar"), incr(&mut world, "c")];
            nodes.run(&mut world, ms(100));
            assert!(calls.map(|call| world.outcome(call)).iter().all(|told| told == ":1\r\n"));
        }
        assert_eq!(nodes.taken(C), Vec::<String>::new(), "{seeds:?}");
        assert_eq!(world.outcome(lost), "open");
        // Its own node is back.
        nodes.nodes.insert(C, Node::own(C));
        nodes.run(&mut world, ms(2_000));
        assert_eq!(world.outcome(lost), ":1\r\n");
        assert_eq!(nodes.taken(C), ["INCR foo"]);
    }
}

#[test]
fn a_replica_that_took_over_gets_the_commands_of_a_node_whose_address_a_stranger_has() {
    const HEIR: &str = "127.0.0.1:7003";
    let (mut world, mut nodes) = known(&[A]);
    nodes.nodes.insert(C, Node::stranger('e', &[ALL], &[(C, 'e')]));
    let c = link_to(&world, C);
    world.close(c, Disconnect::Reset);
    let call = incr(&mut world, "foo");
    nodes.run(&mut world, ms(1_000));
    let rows: &[Row<'_>] = &[(0, 5460, &[A]), (5461, 10922, &[B]), (10923, 16383, &[HEIR])];
    for address in [A, B, HEIR] {
        let node =
            Node { view: [slots_reply(rows), shards_reply(rows, &[])], ..Node::own(address) };
        nodes.nodes.insert(address, node);
    }
    nodes.run(&mut world, ms(2_000));
    assert_eq!(world.outcome(call), ":1\r\n");
    assert_eq!((nodes.taken(HEIR), nodes.taken(C).len()), (vec!["INCR foo".into()], 0));
}

#[test]
fn known_nodes_that_cannot_be_reached_for_a_while_are_waited_for() {
    let (mut world, mut nodes) = known(&[A, B, C]);
    let (a, b) = (Node::own(A), Node::own(B));
    nodes.nodes = BTreeMap::from([(C, Node::stranger('e', &[ALL], &[(C, 'e')]))]);
    nodes.step(&mut world);
    for link in world.links() {
        world.close(link, Disconnect::Reset);
    }
    let call = incr(&mut world, "bar");
    world.refresh_topology();
    nodes.run(&mut world, ms(15_000));
    nodes.nodes.extend([(A, a), (B, b)]);
    nodes.run(&mut world, ms(3_000));
    assert_eq!(world.outcome(call), ":1\r\n");
    assert_eq!((nodes.taken(A).len(), nodes.taken(C).len()), (1, 0));
}

#[test]
fn a_pause_does_not_prove_that_the_known_nodes_are_gone() {
    let (mut world, mut nodes) = known(&[A, B, C]);
    let before = world.machine.topology().clone();
    let (a, b) = (Node::own(A), Node::own(B));
    let stranger = Node::stranger('e', &[ALL], &[(C, 'e')]);
    nodes.nodes = BTreeMap::from([(C, stranger.clone())]);
    for link in world.links() {
        world.close(link, Disconnect::Reset);
    }
    world.refresh_topology();
    nodes.run(&mut world, ms(3_000));
    // It is asked once more, and its answer is read after a pause in which all came back.
    let asked = loop {
        for address in world.dialled().into_iter().map(String::from).collect::<Vec<_>>() {
            if address == C {
                let link = world.accept(C);
                world.reads(link);
                world.answer(link, &welcome_from(&foreign('e')));
            } else {
                world.refuse(&address, Disconnect::Refused);
            }
        }
        let mut links = world.links().into_iter();
        if let Some(link) = links.find(|link| world.reads(*link) == ASK_TOPOLOGY) {
            break link;
        }
        world.advance_to_timer();
    };
    world.oversleep(ms(60_000));
    world.answer(asked, &stranger.view.concat());
    assert_eq!(world.machine.topology(), &before);
    nodes.nodes.extend([(A, a), (B, b)]);
    let call = incr(&mut world, "bar");
    nodes.run(&mut world, ms(3_000));
    assert_eq!(world.outcome(call), ":1\r\n");
    assert_eq!((nodes.taken(A).len(), nodes.taken(C).len()), (1, 0));
}

#[test]
fn what_is_for_a_node_that_left_goes_to_no_stranger() {
    // The node leaves while the command waits for a dial, and while it waits for its answer.
    for is_linked in [true, false] {
        let (mut world, mut nodes) = known(&[A, C]); // a seed is never forgotten
        nodes.run(&mut world, ms(5_000)); // all is asked that is to be asked
        let c = link_to(&world, C);
        let info = || Call::new(Command::new("INFO")).on_node(C.parse().expect("an address"));
        if !is_linked {
            world.close(c, Disconnect::Reset);
        }
        let call = world.submit(info());
        assert_eq!(world.reads(c), if is_linked { "INFO" } else { "" });
        replace_c_by_a_stranger(&mut world, &mut nodes);
        if is_linked {
            world.close(c, Disconnect::Reset);
        }
        nodes.run(&mut world, ms(30_000));
        assert_eq!(nodes.taken(C), Vec::<String>::new(), "{is_linked}");
        let fate = if is_linked { "may have been executed" } else { "not executed" };
        let told = format!("INFO at 127.0.0.1:7002: {fate}: the node is not part of the cluster");
        assert_eq!(world.outcome(call), told);
        // A new call is for the node that has the address now.
        let call = world.submit(info());
        nodes.run(&mut world, ms(1_000));
        assert_eq!((&*world.outcome(call), nodes.taken(C)), (":1\r\n", vec!["INFO".into()]));
    }
}

/// The address of a seed that left is given to a node of another cluster before it is dialled
/// again. Then a known node cannot be reached, and the seed is asked.
#[test]
fn a_seed_that_left_vouches_for_no_other_node_at_its_address() {
    let (mut world, mut nodes) = known(&[A, C]);
    nodes.run(&mut world, ms(5_000));
    replace_c_by_a_stranger(&mut world, &mut nodes);
    for address in [B, C] {
        let link = link_to(&world, address);
        world.close(link, Disconnect::Reset);
    }
    let b = nodes.nodes.remove(B).expect("is there");
    let call = incr(&mut world, "foo");
    nodes.run(&mut world, ms(15_000));
    assert_eq!((&*world.outcome(call), nodes.taken(C)), ("open", vec![]));
    nodes.nodes.insert(B, b);
    nodes.run(&mut world, ms(3_000));
    assert_eq!((&*world.outcome(call), nodes.taken(C)), (":1\r\n", vec![]));
}

#[test]
fn what_was_redirected_to_a_node_that_left_goes_to_no_stranger() {
    let (mut world, mut nodes) = known(&[A, C]);
    nodes.run(&mut world, ms(5_000)); // all is asked that is to be asked
    let (a, c) = (link_to(&world, A), link_to(&world, C));
    world.close(c, Disconnect::Reset);
    let call = incr(&mut world, "bar");
    assert_eq!(world.reads(a), "INCR bar");
    world.answer(a, "-ASK 5061 127.0.0.1:7002\r\n");
    replace_c_by_a_stranger(&mut world, &mut nodes);
    nodes.run(&mut world, ms(5_000));
    assert_eq!(nodes.taken(C), Vec::<String>::new());
    assert_eq!((&*world.outcome(call), nodes.taken(A)), (":1\r\n", vec!["INCR bar".into()]));
}

/// Time that passes with the views of one other cluster speaks for no third.
#[test]
fn each_other_cluster_is_waited_for_by_itself() {
    let (mut world, mut nodes) = known(&[A, B, C]);
    nodes.nodes = BTreeMap::from([(C, Node::stranger('e', &[ALL], &[(C, 'e')]))]);
    for link in world.links() {
        world.close(link, Disconnect::Reset);
    }
    world.refresh_topology();
    nodes.run(&mut world, ms(29_000));
    nodes.nodes.insert(C, Node::stranger('f', &[ALL], &[(C, 'f')]));
    let c = link_to(&world, C);
    world.close(c, Disconnect::Reset);
    let call = incr(&mut world, "bar");
    nodes.run(&mut world, ms(5_000));
    assert_eq!((&*world.outcome(call), nodes.taken(C).len()), ("open", 0));
    nodes.run(&mut world, ms(40_000));
    assert!(world.outcome(call).contains("not executed"), "it was not asked in time");
    let call = incr(&mut world, "bar");
    nodes.run(&mut world, ms(5_000));
    assert_eq!((&*world.outcome(call), nodes.taken(C)), (":1\r\n", vec!["INCR bar".into()]));
}

/// Of several other clusters that one is followed which more nodes belong to, whether they tell its
/// view or not.
#[test]
fn the_larger_of_two_other_clusters_is_followed() {
    let (mut world, mut nodes) = known(&[A, B, C]);
    let rows: &[Row<'_>] = &[(0, 8191, &[A]), (8192, 16383, &[B])];
    let letters = [(A, 'e'), (B, 'd')];
    let mute =
        Node { id: Some(foreign('d')), view: ["-ERR busy\r\n", "-ERR busy\r\n"].map(Into::into) };
    nodes.nodes = BTreeMap::from([(C, Node::stranger('f', &[ALL], &[(C, 'f')]))]);
    for link in world.links() {
        world.close(link, Disconnect::Reset);
    }
    world.refresh_topology();
    nodes.run(&mut world, ms(2_000));
    nodes.nodes.insert(A, Node::stranger('e', rows, &letters));
    nodes.nodes.insert(B, mute);
    let call = incr(&mut world, "bar");
    nodes.run(&mut world, ms(5_000));
    assert_eq!((&*world.outcome(call), nodes.taken(A)), (":1\r\n", vec!["INCR bar".into()]));
    assert_eq!(nodes.taken(C).len(), 0);
}

/// Where no other cluster has more nodes than the next one, time decides.
#[test]
fn of_other_clusters_of_the_same_size_none_is_followed_at_once() {
    let (mut world, mut nodes) = known(&[A, B, C]);
    let alone =
        |address, letter| Node::stranger(letter, &[(0, 16383, &[address])], &[(address, letter)]);
    nodes.nodes = BTreeMap::from([(A, alone(A, 'd')), (B, alone(B, 'e')), (C, alone(C, 'f'))]);
    for link in world.links() {
        world.close(link, Disconnect::Reset);
    }
    world.refresh_topology();
    nodes.run(&mut world, ms(29_000));
    let call = incr(&mut world, "bar");
    nodes.run(&mut world, ms(500));
    assert_eq!(world.outcome(call), "open");
    nodes.run(&mut world, ms(10_000));
    assert_eq!(world.outcome(call), ":1\r\n");
}

/// A node that was met at the address of a node that left the cluster is no seed to trust.
#[test]
fn a_seed_where_a_stranger_was_met_does_not_vouch_for_it() {
    let (mut world, mut nodes) = known(&[A, C]);
    nodes.run(&mut world, ms(5_000)); // all is asked that is to be asked
    nodes.nodes.insert(C, Node::stranger('e', &[ALL], &[(C, 'e')]));
    let c = link_to(&world, C);
    world.close(c, Disconnect::Reset);
    incr(&mut world, "foo"); // for C, and for B later
    nodes.run(&mut world, ms(1_000));
    replace_c_by_a_stranger(&mut world, &mut nodes);
    // A node of the cluster fails, so that seeds are asked as well.
    nodes.nodes.remove(B);
    let b = link_to(&world, B);
    world.close(b, Disconnect::Reset);
    for _ in 0..100 {
        let call = incr(&mut world, "bar");
        nodes.run(&mut world, ms(200));
        assert_eq!(world.outcome(call), ":1\r\n");
    }
    assert_eq!((nodes.taken(A).len(), nodes.taken(C).len()), (100, 0));
}

#[test]
fn where_only_a_stranger_answers_it_is_followed_after_a_time() {
    let (mut world, mut nodes) = known(&[A, B, C]);
    nodes.nodes = BTreeMap::from([(C, Node::stranger('e', &[ALL], &[(C, 'e')]))]);
    for link in world.links() {
        world.close(link, Disconnect::Reset);
    }
    world.refresh_topology();
    let mut calls = vec![incr(&mut world, "bar")];
    nodes.run(&mut world, ms(29_000));
    assert_eq!(nodes.taken(C).len(), 0);
    calls.push(incr(&mut world, "bar"));
    nodes.run(&mut world, ms(15_000));
    let told = calls.iter().map(|call| world.outcome(*call)).collect::<Vec<_>>();
    assert!(told[0].contains("not executed"), "{told:?}");
    assert_eq!(told[1], ":1\r\n");
    assert_eq!(nodes.taken(C), ["INCR bar"]);
}

#[test]
fn a_cluster_that_was_rebuilt_at_the_same_addresses_is_followed_at_once() {
    let letters = [(A, 'd'), (B, 'e'), (C, 'f')];
    for tells_id in [true, false] {
        let (mut world, mut nodes) = known(&[A]);
        for (address, letter) in letters {
            let node = Node::stranger(letter, ROWS, &letters);
            nodes.nodes.insert(address, if tells_id { node } else { node.silent() });
        }
        for link in world.links() {
            world.close(link, Disconnect::Reset);
        }
        let calls = ["bar", "c", "foo"].map(|key| incr(&mut world, key));
        nodes.run(&mut world, ms(1_000));
        let told = calls.map(|call| world.outcome(call));
        assert_eq!(told, [":1\r\n"; 3], "{tells_id}");
        for address in [A, B, C] {
            assert_eq!(nodes.taken(address).len(), 1);
        }
    }
}

#[test]
fn a_cluster_that_was_rebuilt_behind_the_name_of_a_seed_is_followed_at_once() {
    const NEW: &str = "127.0.0.1:7009";
    let (mut world, mut nodes) = known(&[SEED]);
    let rebuilt = Node::stranger('e', &[(0, 16383, &[NEW])], &[(NEW, 'e')]);
    // The connection to the seed stands as long as that: its name is looked up anew.
    nodes.nodes = BTreeMap::from([(SEED, rebuilt.clone()), (NEW, rebuilt)]);
    for link in world.links() {
        world.close(link, Disconnect::Reset);
    }
    let call = incr(&mut world, "foo");
    nodes.run(&mut world, ms(2_000));
    assert_eq!(world.outcome(call), ":1\r\n");
    assert_eq!((nodes.taken(SEED).len(), nodes.taken(NEW).len()), (0, 1));
}

#[test]
fn of_nodes_that_do_not_tell_who_they_are_the_views_decide() {
    let mut world = World::discovered(Config::default());
    let before = world.machine.topology().clone();
    let stranger = Node::stranger('e', &[ALL], &[(C, 'e')]).silent();
    let own = [A, B].map(|address| (address, Node::own(address).silent()));
    let mut nodes = Nodes::with(&[(C, stranger), own[0].clone(), own[1].clone()]);
    for _ in 0..20 {
        world.refresh_topology();
        nodes.run(&mut world, ms(6_000));
        assert_eq!(world.machine.topology(), &before);
    }
}

#[test]
fn a_node_that_got_another_id_is_dialled_anew_after_its_last_reply() {
    let (mut world, mut nodes) = known(&[A]);
    let c = link_to(&world, C);
    let call = incr(&mut world, "foo");
    assert_eq!(world.reads(c), "INCR foo");
    let reset = |node: Node| Node {
        id: node.id.map(|own| own.replace(&id(C), &foreign('e'))),
        view: node.view.map(|view| view.replace(&id(C), &foreign('e'))),
    };
    nodes.nodes = nodes.nodes.into_iter().map(|(at, node)| (at, reset(node))).collect();
    world.refresh_topology();
    let a = world.asked();
    let view = nodes.nodes[A].view.concat();
    world.answer(a, &view);
    assert!(!world.is_closed(c));
    let next = incr(&mut world, "foo");
    assert_eq!(world.reads(c), "");
    world.answer(c, ":7\r\n");
    assert_eq!(world.outcome(call), ":7\r\n");
    assert!(world.is_closed(c));
    nodes.run(&mut world, ms(100));
    assert_eq!(world.outcome(next), ":1\r\n");
}
