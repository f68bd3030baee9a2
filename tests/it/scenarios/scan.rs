//! All keys of a cluster, while nodes restart and slots move.

use bytes::Bytes;
use hashslot::error::{Cause, Disconnect, ErrorKind};
use hashslot::{Call, Config, Error, LinkId, Reply, Scan};

use crate::support::canned::*;
use crate::support::script::*;

/// A walk over the keys of the three nodes.
struct Walk {
    world: World,
    links: [LinkId; 3],
    /// The scan, while no page of it is on its way.
    scan: Option<Scan>,
    page: Option<Token>,
    is_over: bool,
}

impl Walk {
    fn new(scan: Scan) -> Self {
        let (world, links) = World::linked(Config::default());
        Self { world, links, scan: Some(scan), page: None, is_over: false }
    }

    /// The next page is asked for, unless it is on its way. A node is sent these commands.
    #[track_caller]
    fn asks(&mut self, node: usize, commands: &str) {
        if let Some(scan) = self.scan.take() {
            self.page = Some(self.world.submit(Call::scan(scan)));
        }
        assert_eq!(self.world.reads(self.links[node]), commands);
    }

    /// The page that was asked for, if it has come: its keys, or none at the end.
    fn page(&mut self) -> Option<Result<Vec<String>, Error>> {
        let token = self.page.filter(|token| self.world.outcome(*token) != "open")?;
        let Ok(Reply::Scan(page)) = self.world.result(token).clone() else { panic!("no page") };
        (self.scan, self.page) = (Some(page.scan), None);
        let text = |key: &Bytes| String::from_utf8_lossy(key).into_owned();
        let keys = page.keys.transpose();
        self.is_over = keys.is_none();
        let keys = keys.unwrap_or_else(|| Ok(Vec::new()));
        Some(keys.map(|keys| keys.iter().map(text).collect()))
    }

    /// A node is sent these commands, and answers: the keys of the page, if that has come.
    #[track_caller]
    fn step(&mut self, node: usize, commands: &str, reply: &str) -> Vec<String> {
        self.asks(node, commands);
        self.world.answer(self.links[node], reply);
        self.page().unwrap_or_else(|| Ok(Vec::new())).unwrap()
    }

    /// A node is asked who it is, and tells which slots it serves.
    #[track_caller]
    fn tells(&mut self, node: usize, run_id: &str, slots: &str) {
        self.tells_with(node, &(info(run_id) + &nodes(slots)));
    }

    #[track_caller]
    fn tells_with(&mut self, node: usize, reply: &str) {
        assert!(self.step(node, WHO, reply).is_empty());
    }

    /// One walk through a node that has one page.
    #[track_caller]
    fn walk(&mut self, node: usize, own: &str, key: &str) {
        self.tells(node, "x", "0-16383");
        assert_eq!(self.step(node, "SCAN 0", &page("0", &[key])), [key]);
        self.tells(node, "x", own);
    }

    /// So many slots were done when the last page came.
    #[track_caller]
    fn done(&self, count: usize) {
        assert_eq!(self.scan.as_ref().map(Scan::done_count), Some(count));
    }

    /// The next walk goes through this node, and so many slots are done.
    #[track_caller]
    fn goes_on_at(&mut self, node: usize, count: usize) {
        self.tells(node, "x", "0-16383");
        assert_eq!(self.step(node, "SCAN 0", &page("7", &["z"])), ["z"]);
        self.done(count);
    }
}

/// What a node is asked before and after its keys.
const WHO: &str = "INFO server; CLUSTER NODES";

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
    walk.tells(0, "x", "0-16383");
    let keys = walk.step(0, &format!("SCAN 0 {options}"), &page("7", &["u1", "u2"]));
    assert_eq!(keys, ["u1", "u2"]);
    assert!(walk.step(0, &format!("SCAN 7 {options}"), &page("9", &[])).is_empty());
    assert_eq!(walk.step(0, &format!("SCAN 9 {options}"), &page("0", &["u3"])), ["u3"]);
    walk.done(0);
    walk.tells(0, "x", "0-5460");
    for (node, slots, done) in [(1, "5461-10922", 5461), (2, "10923-16383", 10923)] {
        walk.tells(node, "y", "0-16383");
        assert_eq!(walk.step(node, &format!("SCAN 0 {options}"), &page("0", &["u4"])), ["u4"]);
        walk.done(done);
        walk.tells(node, "y", slots);
    }
    assert!(walk.is_over);
    walk.done(16384);
    let again = walk.scan.take().map(Call::scan).unwrap();
    walk.page = Some(walk.world.submit(again));
    assert!(walk.page().unwrap().unwrap().is_empty() && walk.is_over, "it stays over");
}

/// A page ends after a hundred pages of servers without a key, so that the caller sees progress.
#[test]
fn pages_without_a_key_are_passed_over_but_not_without_end() {
    let mut walk = Walk::new(Scan::new());
    walk.tells(0, "x", "0-16383");
    for cursor in 0..99 {
        assert!(walk.page.is_some());
        walk.step(0, &format!("SCAN {cursor}"), &page(&(cursor + 1).to_string(), &[]));
    }
    walk.step(0, "SCAN 99", &page("100", &[]));
    assert!(walk.page.is_none() && !walk.is_over, "INFO and NODES brought no key either");
    assert_eq!(walk.step(0, "SCAN 100", &page("0", &["a"])), ["a"]);
}

#[test]
fn f60_slots_that_left_or_are_leaving_are_walked_again() {
    let mut walk = Walk::new(Scan::new());
    // Slot 7 has gone to the second node, slot 9 is on its way there.
    walk.walk(0, "0-6 8-5460 [9->-bbbb]", "a");
    walk.tells(0, "x", "0-16383"); // the topology has not changed yet
    walk.world.refresh_topology();
    walk.world.advance(ms(300));
    walk.asks(0, "SCAN 0");
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
    let scanned = page("0", &["a"]);
    let told = topology(rows, &[]);
    walk.world
        .answer(walk.links[0], &if asked == walk.links[0] { scanned + &told } else { scanned });
    if asked != walk.links[0] {
        walk.world.answer(asked, &told);
    }
    assert_eq!(walk.page().unwrap().unwrap(), ["a"]);
    walk.done(5459);
    walk.tells(0, "x", "0-6 8 10-5460");
    walk.walk(1, "7 9 5461-10922", "b");
    walk.walk(2, "10923-16383", "c");
    assert!(walk.is_over);
}

#[test]
fn f60_a_node_that_was_restarted_is_walked_again() {
    let mut walk = Walk::new(Scan::new());
    walk.tells(0, "x", "0-16383");
    walk.step(0, "SCAN 0", &page("0", &["a"]));
    walk.tells(0, "z", "0-5460");
    walk.tells(0, "x", "0-16383");
    walk.step(0, "SCAN 0", &page("0", &["a"]));
    walk.done(0);
    walk.tells(0, "x", "0-5460");
    walk.goes_on_at(1, 5461);
}

#[test]
fn f60_a_slot_that_stays_between_two_nodes_is_told() {
    let mut walk = Walk::new(Scan::new());
    walk.walk(0, "0-5460 [9->-bbbb]", "a");
    for _ in 0..5 {
        walk.walk(0, "0-5460 [9->-bbbb]", "a");
    }
    walk.tells(0, "x", "0-16383");
    assert_eq!(walk.step(0, "SCAN 0", &page("0", &["a"])), ["a"]);
    walk.asks(0, WHO);
    walk.world.answer(walk.links[0], &(info("x") + &nodes("0-5460 [9->-bbbb]")));
    let error = walk.page().unwrap().unwrap_err();
    assert_eq!(error.cause(), Some(&Cause::SlotMoving));
    assert_eq!(error.slot().map(hashslot::Slot::number), Some(9));
    // Asked again, it goes on.
    walk.walk(0, "0-5460", "a");
    walk.walk(1, "5461-10922", "b");
    walk.walk(2, "10923-16383", "c");
    assert!(walk.is_over);
}

#[test]
fn what_the_server_refuses_is_the_callers_and_the_rest_is_tried_again() {
    let mut walk = Walk::new(Scan::new());
    walk.tells_with(0, &("-NOPERM no\r\n".to_owned() + &nodes("0-16383")));
    walk.asks(0, "SCAN 0");
    walk.world.close(walk.links[0], Disconnect::Reset);
    walk.links[0] = walk.world.open(A);
    walk.asks(0, "SCAN 0"); // a read is sent again
    walk.world.answer(walk.links[0], "-NOPERM no\r\n");
    let error = walk.page().unwrap().unwrap_err();
    assert_eq!((error.kind(), walk.is_over), (ErrorKind::Server, false));
    walk.tells(0, "x", "0-16383");
    walk.asks(0, "SCAN 0");
    walk.world.shut_down();
    walk.world.answer(walk.links[0], &page("0", &["a"]));
    assert_eq!(walk.page().unwrap().unwrap(), ["a"], "its reply was waited for");
    let Err(refused) = walk.world.try_submit(Call::scan(walk.scan.take().unwrap())) else {
        panic!()
    };
    assert_eq!(refused.error.kind(), ErrorKind::ShutDown);
}

/// The time of the call is that of all its steps. The scan goes on with the next call.
#[test]
fn a_page_has_one_deadline() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let token = world.submit(Call::scan(Scan::new()).timeout(ms(1_000)));
    assert_eq!(world.reads(a), WHO);
    world.advance(ms(900));
    world.answer(a, &(info("x") + &nodes("0-16383")));
    assert_eq!(world.reads(a), "SCAN 0");
    world.advance(ms(99));
    assert_eq!(world.outcome(token), "open");
    world.advance(ms(1));
    let Ok(Reply::Scan(ended)) = world.result(token).clone() else { panic!() };
    assert_eq!(ended.keys, Ok(Some(Vec::new())), "no key in the time");
    world.answer(a, &page("0", &["late"]));
    assert_eq!(world.machine.stats().late_replies, 1);
    world.submit(Call::scan(ended.scan));
    assert_eq!(world.reads(a), WHO, "the walk begins anew");
}

/// A scan that is cancelled between its steps, or within one, leaves nothing.
#[test]
fn a_page_is_cancelled_as_a_whole() {
    let (mut world, [a, ..]) = World::linked(Config::default());
    let token = world.submit(Call::scan(Scan::new()));
    assert_eq!(world.reads(a), WHO);
    world.cancel(token);
    world.answer(a, &(info("x") + &nodes("0-16383")));
    assert_eq!((world.reads(a), world.machine.call_count()), (String::new(), 0));
}

/// Before the cluster is known a scan waits for it, and no longer than its time.
#[test]
fn a_scan_waits_for_the_topology() {
    let mut world = World::new(Config::default(), &[A]);
    let token = world.submit(Call::scan(Scan::new()));
    let late = world.submit(Call::scan(Scan::new()).timeout(ms(10)));
    let a = world.accept(A);
    world.handshake(a);
    world.advance(ms(10));
    let Ok(Reply::Scan(ended)) = world.result(late).clone() else { panic!() };
    assert_eq!(ended.keys.unwrap_err().kind(), ErrorKind::Cluster);
    world.tells(a, ROWS);
    assert_eq!((world.outcome(token), world.reads(a)), ("open".into(), WHO.into()));
}

#[test]
fn f60_a_slot_that_left_and_came_back_is_walked_again() {
    let mut walk = Walk::new(Scan::new());
    walk.tells(0, "x", "0-5460");
    walk.step(0, "SCAN 0", &page("7", &["a"]));
    // Slot 5 has been at another node meanwhile, and its keys came back behind the cursor.
    walk.step(0, "SCAN 7", &page("0", &["b"]));
    let end = info("x") + &nodes("0-5460").replace("0 0 2 connected", "0 0 3 connected");
    walk.tells_with(0, &end);
    walk.tells_with(0, &end);
    assert_eq!(walk.step(0, "SCAN 0", &page("0", &["a", "b", "of slot 5"])).len(), 3);
    walk.done(0);
    walk.tells_with(0, &end);
    walk.goes_on_at(1, 5461);
}

#[test]
fn f60_a_slot_that_comes_back_to_who_has_the_greatest_epoch_is_walked_again() {
    let mut walk = Walk::new(Scan::new());
    // The topology says 0-5460; the node does not have slot 5 just now, and gets it back behind the
    // cursor. It has the greatest epoch already, and takes no new one.
    walk.tells(0, "x", "0-4 6-5460");
    walk.step(0, "SCAN 0", &page("0", &["a"]));
    walk.tells(0, "x", "0-5460");
    walk.tells(0, "x", "0-5460");
    assert_eq!(walk.step(0, "SCAN 0", &page("0", &["a", "of slot 5"])).len(), 2);
    walk.done(5460);
    walk.tells(0, "x", "0-5460");
    walk.goes_on_at(1, 5461);
}

/// A page that cannot be read may have had keys: its slots are not done, they are walked again.
#[test]
fn f60_a_page_that_is_none_is_told_and_the_node_walked_again() {
    let mut walk = Walk::new(Scan::new());
    for odd in [":7\r\n", "*1\r\n$1\r\n0\r\n", "*2\r\n$1\r\n0\r\n*1\r\n:1\r\n"] {
        walk.tells(0, "x", "0-16383");
        walk.asks(0, "SCAN 0");
        walk.world.answer(walk.links[0], odd);
        let error = walk.page().unwrap().expect_err("is no page");
        assert!(error.kind() == ErrorKind::Conversion, "{error}");
        walk.done(0);
    }
    walk.walk(0, "0-5460", "a");
    walk.goes_on_at(1, 5461);
}
