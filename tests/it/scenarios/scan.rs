//! All keys of a cluster, while nodes restart and slots move.

use hashslot::error::{Cause, ErrorKind, Ran};
use hashslot::{Call, Config, Error, LinkId, Reply, Scan};

use crate::support::canned::*;
use crate::support::script::*;

/// A walk over the keys of the three nodes.
struct Walk {
    world: World,
    links: [LinkId; 3],
    scan: Scan,
}

impl Walk {
    fn new(scan: Scan) -> Self {
        let (world, links) = World::linked(Config::default());
        Self { world, links, scan }
    }

    fn next_call(&mut self) -> Result<Option<Call>, Error> {
        self.scan.next_call(self.world.machine.topology())
    }

    /// The next call is this, to this node, which answers: the keys that it brings.
    #[track_caller]
    fn step(&mut self, node: usize, commands: &str, reply: &str) -> Vec<String> {
        let call = self.next_call().unwrap().expect("another call");
        let token = self.world.submit(call);
        assert_eq!(self.world.reads(self.links[node]), commands);
        self.world.answer(self.links[node], reply);
        let Ok(Reply::Pipeline(replies)) = self.world.result(token).clone() else { panic!() };
        let keys = self.scan.answered(Ok(replies)).unwrap();
        keys.iter().map(|key| String::from_utf8_lossy(key).into_owned()).collect()
    }

    /// One walk through a node that has one page.
    #[track_caller]
    fn walk(&mut self, node: usize, own: &str, key: &str) {
        assert!(
            self.step(node, "INFO server; CLUSTER NODES", &(info("x") + &nodes("0-16383")))
                .is_empty()
        );
        assert_eq!(self.step(node, "SCAN 0", &page("0", &[key])), [key]);
        let end = info("x") + &nodes(own);
        assert!(self.step(node, "INFO server; CLUSTER NODES", &end).is_empty());
    }
}

fn info(run_id: &str) -> String {
    bulk(&format!("# Server\r\nredis_version:7.0.15\r\nrun_id:{run_id}\r\n"))
}

fn page(cursor: &str, keys: &[&str]) -> String {
    let keys: String = keys.iter().map(|key| bulk(key)).collect();
    format!("*2\r\n{}*{}\r\n{keys}", bulk(cursor), keys.matches('$').count())
}

/// What a node says that serves these slots.
fn nodes(slots: &str) -> String {
    let other = format!("{} 127.0.0.1:7009@17009 master - 0 0 1 connected 0-16383", id(A));
    let own = format!("{} 127.0.0.1:7000@17000 myself,master - 0 0 2 connected {slots}", id(B));
    bulk(&format!("{other}\n{own}\n"))
}

#[test]
fn every_node_is_walked_to_its_end_and_once() {
    let mut walk = Walk::new(Scan::new().pattern("u*").count(2).of_type("string"));
    let options = "MATCH u* COUNT 2 TYPE string";
    walk.step(0, "INFO server; CLUSTER NODES", &(info("x") + &nodes("0-16383")));
    let keys = walk.step(0, &format!("SCAN 0 {options}"), &page("7", &["u1", "u2"]));
    assert_eq!(keys, ["u1", "u2"]);
    assert!(walk.step(0, &format!("SCAN 7 {options}"), &page("9", &[])).is_empty());
    assert_eq!(walk.step(0, &format!("SCAN 9 {options}"), &page("0", &["u3"])), ["u3"]);
    walk.step(0, "INFO server; CLUSTER NODES", &(info("x") + &nodes("0-5460")));
    assert_eq!(walk.scan.done_count(), 5461);
    for (node, slots) in [(1, "5461-10922"), (2, "10923-16383")] {
        walk.step(node, "INFO server; CLUSTER NODES", &(info("y") + &nodes("0-16383")));
        walk.step(node, &format!("SCAN 0 {options}"), &page("0", &[]));
        walk.step(node, "INFO server; CLUSTER NODES", &(info("y") + &nodes(slots)));
    }
    assert!(walk.next_call().unwrap().is_none());
    assert_eq!(walk.scan.done_count(), 16384);
}

#[test]
fn f60_slots_that_left_or_are_leaving_are_walked_again() {
    let mut walk = Walk::new(Scan::new());
    // Slot 7 has gone to the second node, slot 9 is on its way there.
    walk.walk(0, "0-6 8-5460 [9->-bbbb]", "a");
    assert_eq!(walk.scan.done_count(), 5459);
    walk.world.refresh_topology();
    walk.world.advance(ms(300));
    let asked = walk.world.asked();
    let rows: &[Row<'_>] = &[
        (0, 6, &[A]),
        (7, 7, &[B]),
        (8, 8, &[A]),
        (9, 9, &[B]),
        (10, 5460, &[A]),
        (5461, 10922, &[B]),
        (10923, 16383, &[C]),
    ];
    walk.world.answer(asked, &topology(rows, &[]));
    walk.walk(1, "7 9 5461-10922", "b");
    walk.walk(2, "10923-16383", "c");
    assert!(walk.next_call().unwrap().is_none());
}

#[test]
fn f60_a_node_that_was_restarted_is_walked_again() {
    let mut walk = Walk::new(Scan::new());
    walk.step(0, "INFO server; CLUSTER NODES", &(info("x") + &nodes("0-16383")));
    walk.step(0, "SCAN 0", &page("0", &["a"]));
    walk.step(0, "INFO server; CLUSTER NODES", &(info("z") + &nodes("0-5460")));
    assert_eq!(walk.scan.done_count(), 0);
    walk.walk(0, "0-5460", "a");
    assert_eq!(walk.scan.done_count(), 5461);
}

#[test]
fn f60_a_slot_that_stays_between_two_nodes_is_told() {
    let mut walk = Walk::new(Scan::new());
    walk.walk(0, "0-5460 [9->-bbbb]", "a");
    for _ in 0..6 {
        walk.walk(0, "0-5460 [9->-bbbb]", "a");
    }
    let Err(error) = walk.next_call() else { panic!() };
    assert_eq!(error.cause(), Some(&Cause::SlotMoving));
    assert_eq!(error.slot().map(hashslot::Slot::number), Some(9));
    walk.walk(0, "0-5460", "a"); // asked again, it goes on
    walk.walk(1, "5461-10922", "b");
    walk.walk(2, "10923-16383", "c");
    assert!(walk.next_call().unwrap().is_none());
}

#[test]
fn what_the_server_refuses_is_the_callers_and_the_rest_is_tried_again() {
    let mut walk = Walk::new(Scan::new());
    walk.step(0, "INFO server; CLUSTER NODES", &("-NOPERM no\r\n".to_owned() + &nodes("0-16383")));
    let call = walk.next_call().unwrap().unwrap();
    walk.world.submit(call);
    assert_eq!(walk.world.reads(walk.links[0]), "SCAN 0");
    let lost = Error::new(Cause::TimedOut, Ran::Maybe);
    assert!(walk.scan.answered(Err(lost)).unwrap().is_empty());
    assert!(walk.scan.answered(Err(Error::shut_down())).is_err());
    let next = walk.next_call().unwrap().unwrap();
    walk.world.submit(next);
    assert_eq!(walk.world.reads(walk.links[0]), "INFO server; CLUSTER NODES");
}

#[test]
fn f60_a_slot_that_left_and_came_back_is_walked_again() {
    let mut walk = Walk::new(Scan::new());
    let start = info("x") + &nodes("0-5460");
    walk.step(0, "INFO server; CLUSTER NODES", &start);
    walk.step(0, "SCAN 0", &page("7", &["a"]));
    // Slot 5 has been at another node meanwhile, and its keys came back behind the cursor.
    walk.step(0, "SCAN 7", &page("0", &["b"]));
    let end = info("x") + &nodes("0-5460").replace("0 0 2 connected", "0 0 3 connected");
    walk.step(0, "INFO server; CLUSTER NODES", &end);
    assert_eq!(walk.scan.done_count(), 0);
    walk.step(0, "INFO server; CLUSTER NODES", &end);
    assert_eq!(walk.step(0, "SCAN 0", &page("0", &["a", "b", "of slot 5"])).len(), 3);
    walk.step(0, "INFO server; CLUSTER NODES", &end);
    assert_eq!(walk.scan.done_count(), 5461);
}

#[test]
fn f60_a_slot_that_comes_back_to_who_has_the_greatest_epoch_is_walked_again() {
    let mut walk = Walk::new(Scan::new());
    // The topology says 0-5460; the node does not have slot 5 just now, and gets it back behind the
    // cursor. It has the greatest epoch already, and takes no new one.
    walk.step(0, "INFO server; CLUSTER NODES", &(info("x") + &nodes("0-4 6-5460")));
    walk.step(0, "SCAN 0", &page("0", &["a"]));
    walk.step(0, "INFO server; CLUSTER NODES", &(info("x") + &nodes("0-5460")));
    assert_eq!(walk.scan.done_count(), 5460);
    walk.step(0, "INFO server; CLUSTER NODES", &(info("x") + &nodes("0-5460")));
    assert_eq!(walk.step(0, "SCAN 0", &page("0", &["a", "of slot 5"])).len(), 2);
    walk.step(0, "INFO server; CLUSTER NODES", &(info("x") + &nodes("0-5460")));
    assert_eq!(walk.scan.done_count(), 5461);
}

/// A page that cannot be read may have had keys: its slots are not done, they are walked again.
#[test]
fn f60_a_page_that_is_none_is_told_and_the_node_walked_again() {
    let mut walk = Walk::new(Scan::new());
    for odd in [":7\r\n", "*1\r\n$1\r\n0\r\n", "*2\r\n$1\r\n0\r\n*1\r\n:1\r\n"] {
        walk.step(0, "INFO server; CLUSTER NODES", &(info("x") + &nodes("0-16383")));
        let token = walk.next_call().unwrap().map(|call| walk.world.submit(call)).unwrap();
        assert_eq!(walk.world.reads(walk.links[0]), "SCAN 0");
        walk.world.answer(walk.links[0], odd);
        let Ok(Reply::Pipeline(replies)) = walk.world.result(token).clone() else { panic!() };
        let error = walk.scan.answered(Ok(replies)).expect_err("is no page");
        assert!(error.kind() == ErrorKind::Conversion, "{error}");
        assert_eq!(walk.scan.done_count(), 0);
    }
    walk.next_call().unwrap();
    assert!(walk.scan.answered(Ok(Vec::new())).unwrap().is_empty(), "it lacks replies");
    walk.walk(0, "0-5460", "a");
    assert_eq!(walk.scan.done_count(), 5461);
}
