//! Connections of clients, and messages of a connection.

use std::time::Duration;

use hashslot::Commands;
use hashslot::cmd::{self, ClientInfo, ClientKind, TrackingInfo};

use super::live::{SINCE_7_0, cases};
use super::server::{on, primary, read, read_both, words};

cases! {
    "CLIENT ID" => |c| {
        let node = primary(c)?;
        let id = on(c, node.clone(), cmd::client_id())?;
        assert!(id > 0);
        assert_eq!(on(c, node.clone(), cmd::client_getname())?, None);
        assert_eq!(on(c, node.clone(), cmd::client_getredir())?, -1);
        let tracking = on(c, node.clone(), cmd::client_trackinginfo())?;
        assert_eq!((tracking.flags, tracking.redirect), (vec!["off".to_owned()], -1));
        assert_eq!(tracking.prefixes, [""; 0]);
        let me = on(c, node.clone(), cmd::client_info())?;
        assert_eq!((me.id, me.user.as_deref(), me.database), (id, Some("default"), 0));
        assert!(me.command.as_deref().is_some_and(|name| name.starts_with("client")));
        assert_eq!(me.get("laddr"), Some(node.to_string().as_str()));
        for without_target in [c.client_id().err(), c.client_getname().err(), c.client_info().err()] {
            assert!(without_target.is_some_and(|error| !error.may_have_executed()));
        }
    }
    "CLIENT LIST" => |c| {
        let all = c.client_list()?;
        assert_eq!(all.len(), c.topology()?.nodes().count());
        assert!(all.values().all(|clients| !clients.is_empty()));
        let replicas = c.run(cmd::client_list().kind(ClientKind::Replica))?;
        let primaries = c.run(cmd::client_list().kind(ClientKind::Primary))?;
        assert!(replicas.values().flatten().all(|client| client.flags.contains('S')));
        assert!(primaries.values().flatten().all(|client| client.flags.contains('M')));
        let (node, id) = (primary(c)?, on(c, primary(c)?, cmd::client_id())?);
        let list = cmd::client_list().id([id, 9_999_999]).reply::<Vec<ClientInfo>>();
        let mine = on(c, node, list)?;
        assert_eq!(mine.iter().map(|client| client.id).collect::<Vec<_>>(), [id]);
        assert!(mine[0].age >= mine[0].idle);
        assert!(mine[0].fields().any(|(name, _)| name == "qbuf"));
    }
    "CLIENT LIST" on &["valkey-8.1", "valkey-9.1"] => |c| {
        let some = c.run(cmd::client_list().user("default").kind(ClientKind::Normal))?;
        assert!(some.values().flatten().all(|client| client.user.as_deref() == Some("default")));
    }
    "CLIENT LIST" on &["valkey-9.1"] => |c| {
        let node = primary(c)?;
        let list = cmd::client_list().local_address(node.to_string()).not_user("default");
        assert!(c.run(list)?.values().all(Vec::is_empty));
        let list = cmd::client_list().database(0).not_kind(ClientKind::PubSub).ip("127.0.0.1");
        assert!(c.run(list)?.values().all(|clients| !clients.is_empty()));
    }
    "CLIENT KILL" => |c| {
        assert_eq!(c.run(cmd::client_kill().id(9_999_999))?, 0);
        assert_eq!(c.run(cmd::client_kill().address("127.0.0.1:1").user("default"))?, 0);
        assert_eq!(c.run(cmd::client_kill().kind(ClientKind::PubSub))?, 0);
        assert!(c.client_kill().is_err());
    }
    "CLIENT KILL" on &["valkey-8.1", "valkey-9.1"] => |c| {
        let old = cmd::client_kill().max_age(Duration::from_secs(100_000)).include_me();
        assert_eq!(c.run(old)?, 0);
    }
    "CLIENT PAUSE" => |c| {
        c.client_pause(Duration::from_millis(1))?;
        c.run(cmd::client_pause(Duration::from_micros(1)).writes())?;
        c.run(cmd::client_pause(Duration::from_millis(1)).all())?;
        c.client_unpause()?;
        assert!(!c.client_unblock(9_999_999)?);
        assert!(!c.run(cmd::client_unblock(9_999_999).error())?);
        assert!(!c.run(cmd::client_unblock(9_999_999).timeout())?);
    }
    "CLIENT LIST" on SINCE_7_0 => |c| {
        let has_resp = |client: &ClientInfo| ["2", "3"].map(Some).contains(&client.get("resp"));
        assert!(c.client_list()?.values().flatten().all(has_resp));
    }
}

#[test]
fn filters_have_the_words_of_the_server() {
    let many = cmd::client_kill()
        .id([1, 2])
        .not_id(3)
        .name("a")
        .not_name("b")
        .idle(Duration::from_millis(1500))
        .flags("N")
        .not_flags("S")
        .library_name("hashslot")
        .not_library_name("x")
        .library_version("1")
        .not_library_version("2")
        .not_database(7)
        .capability("r")
        .not_capability("s")
        .not_ip("10.0.0.1")
        .not_address("10.0.0.1:1")
        .not_local_address("10.0.0.1:2");
    assert_eq!(
        words(many),
        "CLIENT KILL ID 1 2 NOT-ID 3 NAME a NOT-NAME b IDLE 2 FLAGS N NOT-FLAGS S LIB-NAME hashslot \
         NOT-LIB-NAME x LIB-VER 1 NOT-LIB-VER 2 NOT-DB 7 CAPA r NOT-CAPA s NOT-IP 10.0.0.1 \
         NOT-ADDR 10.0.0.1:1 NOT-LADDR 10.0.0.1:2"
    );
    let kinds = [ClientKind::Normal, ClientKind::Primary, ClientKind::Replica, ClientKind::PubSub];
    let kinds = kinds.map(|kind| words(cmd::client_list().kind(kind)));
    assert_eq!(
        kinds.map(|words| words[17..].to_owned()),
        ["normal", "master", "replica", "pubsub"]
    );
}

#[test]
fn connections_are_lines() {
    let lines = "id=3 addr=10.0.0.1:5 name=ann age=7 idle=2 flags=N db=1 cmd=get user=bob x=\n\
        id=4 addr=:0 age=0 idle=0 db=0 cmd=NULL\n";
    let len = lines.len();
    let clients: Vec<ClientInfo> = read(&format!("${len}\r\n{lines}\r\n"));
    assert_eq!(read::<Vec<ClientInfo>>(&format!("={}\r\ntxt:{lines}\r\n", len + 4)), clients);
    let [ann, other] = &clients[..] else { panic!("{clients:?}") };
    assert_eq!((ann.id, ann.address.as_str(), ann.name.as_deref()), (3, "10.0.0.1:5", Some("ann")));
    assert_eq!((ann.age, ann.idle), (Duration::from_secs(7), Duration::from_secs(2)));
    assert_eq!((ann.flags.as_str(), ann.database), ("N", 1));
    assert_eq!((ann.user.as_deref(), ann.command.as_deref()), (Some("bob"), Some("get")));
    assert_eq!((ann.get("x"), ann.get("y")), (Some(""), None));
    assert_eq!((&other.name, &other.user, &other.command), (&None, &None, &None));
    let tracking: TrackingInfo = read_both(
        "%3\r\n$5\r\nflags\r\n~2\r\n$2\r\non\r\n$5\r\nbcast\r\n$8\r\nredirect\r\n:7\r\n\
         $8\r\nprefixes\r\n*1\r\n$1\r\na\r\n",
    );
    assert_eq!(tracking.flags, ["on", "bcast"]);
    assert_eq!((tracking.redirect, tracking.prefixes), (7, vec!["a".to_owned()]));
}
