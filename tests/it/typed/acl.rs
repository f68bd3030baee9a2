//! Users and their permissions.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use hashslot::cmd::{self, AclUser, AclVerdict, UnixTime};
use hashslot::{Command, Commands};

use super::live::{SINCE_7_0, cases, refusal};
use super::server::{primary, read_both, words};

/// What servers say that have no file of users.
const NO_FILE: &str = "instance is not configured to use an ACL file.";

cases! {
    "ACL CAT" => |c| {
        assert!(c.acl_cat()?.iter().any(|category| category == "hash"));
        let commands = c.run(cmd::acl_cat().category("hash"))?;
        assert!(commands.iter().any(|command| command == "hget"));
        assert_eq!(c.acl_whoami()?, "default");
        assert_eq!(c.acl_genpass()?.len(), 64);
        assert_eq!(c.run(cmd::acl_genpass().bits(5))?.len(), 2);
        assert!(refusal(c.acl_load()).contains(NO_FILE));
        assert!(refusal(c.acl_save()).contains(NO_FILE));
    }
    "ACL SETUSER" => |c| {
        assert_eq!(c.acl_getuser("ann")?, None);
        let rules = ["on", ">secret", "~app:*", "~b", "resetchannels", "&news.*", "+get"];
        c.acl_setuser("ann", rules)?;
        c.acl_setuser("ann", "+set")?;
        let ann = c.acl_getuser("ann")?.ok_or("is there")?;
        assert!(ann.flags.iter().any(|flag| flag == "on"));
        assert_eq!(ann.keys, ["~app:*", "~b"]);
        assert_eq!(ann.channels, ["&news.*"]);
        assert!(["-@all +get +set", "-@all +set +get"].contains(&ann.commands.as_str()));
        assert_eq!(ann.password_hashes.len(), 1);
        assert_eq!(ann.selectors, []);
        assert!(!format!("{ann:?}").contains(&ann.password_hashes[0]));
        assert!(c.acl_users()?.contains(&"ann".to_owned()));
        assert!(c.acl_list()?.iter().any(|line| line.starts_with("user ann on")));
        let default = c.acl_getuser("default")?.ok_or("is there")?;
        assert_eq!((default.keys, default.channels), (vec!["~*".into()], vec!["&*".into()]));
        let error = c.acl_setuser("ann", "%secret").expect_err("no rule");
        assert!(!format!("{error} {error:?}").contains("secret"));
        assert_eq!(c.acl_deluser(["ann", "bob"])?, 1);
        assert_eq!(c.acl_getuser("ann")?, None);
    }
    "ACL SETUSER" on SINCE_7_0 => |c| {
        c.acl_setuser("ann", ["on", "%R~a*", "+get", "(~b* +set)"])?;
        let ann = c.acl_getuser("ann")?.ok_or("is there")?;
        assert_eq!(ann.keys, ["%R~a*"]);
        assert_eq!(ann.channels, [""; 0]);
        assert_eq!(ann.selectors.len(), 1);
        assert_eq!(ann.selectors[0].keys, ["~b*"]);
        assert_eq!(ann.selectors[0].commands, "-@all +set");
        assert_eq!(c.acl_dryrun("ann", cmd::get::<()>("a1"))?, AclVerdict::Allowed);
        assert!(c.acl_dryrun("ann", cmd::set("b1", 1))?.is_allowed());
        let AclVerdict::Denied(reason) = c.acl_dryrun("ann", cmd::set("a1", 1))? else {
            panic!("denied");
        };
        assert!(reason.contains("no permissions"), "{reason}");
        c.acl_deluser("ann")?;
        assert_eq!(refusal(c.acl_dryrun("ann", cmd::ping())), "ERR User 'ann' not found");
    }
    "ACL LOG" => |c| {
        let node = primary(c)?.to_string();
        assert!(c.run(cmd::acl_log().reset())?.values().all(Result::is_ok));
        assert!(c.acl_log()?.values().all(Vec::is_empty));
        let mut stranger = BufReader::new(TcpStream::connect(&node)?);
        let mut answer = String::new();
        for word in ["x", "y"] {
            stranger.get_mut().write_all(format!("AUTH {word} {word}\r\n").as_bytes())?;
            stranger.read_line(&mut answer)?;
        }
        assert_eq!(answer.matches("-WRONGPASS").count(), 2);
        let log = c.acl_log()?.remove(&node).ok_or("is there")?;
        assert_eq!(log.iter().map(|entry| entry.username.as_str()).collect::<Vec<_>>(), ["y", "x"]);
        assert_eq!((log[0].reason.as_str(), log[0].object.as_str(), log[0].count), ("auth", "AUTH", 1));
        assert!(log[0].client.id > 0);
        let one = c.run(cmd::acl_log().count(1))?;
        assert_eq!(one[&node].len(), 1);
    }
}

#[test]
fn passwords_are_not_shown() {
    let command = cmd::acl_setuser("ann", [">secret"]);
    assert_eq!(words(command.clone()), "ACL SETUSER ann >secret");
    assert!(!format!("{command:?}").contains("secret"));
    let none: [&str; 0] = [];
    assert_eq!(Command::from(cmd::acl_setuser("ann", none)).len(), 3);
}

#[test]
fn a_user_of_valkey_9_1_has_databases() {
    let user: AclUser = read_both(
        "%7\r\n$5\r\nflags\r\n~1\r\n$2\r\non\r\n$9\r\npasswords\r\n*1\r\n$4\r\n2d71\r\n\
         $8\r\ncommands\r\n$5\r\n+@all\r\n$4\r\nkeys\r\n$2\r\n~*\r\n$8\r\nchannels\r\n$0\r\n\r\n\
         $9\r\ndatabases\r\n$6\r\nalldbs\r\n$9\r\nselectors\r\n*0\r\n",
    );
    assert_eq!(user.databases.as_deref(), Some("alldbs"));
    assert_eq!(user.password_hashes, ["2d71"]);
    assert!(format!("{user:?}").contains("[1 hidden]"));
}

#[test]
fn an_entry_of_the_log_has_an_age() {
    let entries: Vec<cmd::AclLogEntry> = read_both(
        "*1\r\n%10\r\n$5\r\ncount\r\n:2\r\n$6\r\nreason\r\n$4\r\nauth\r\n\
         $7\r\ncontext\r\n$8\r\ntoplevel\r\n$6\r\nobject\r\n$4\r\nAUTH\r\n\
         $8\r\nusername\r\n$3\r\nann\r\n$11\r\nage-seconds\r\n,1.5\r\n\
         $11\r\nclient-info\r\n$44\r\nid=5 addr=127.0.0.1:1 age=1 idle=0 db=0 x=y \r\n\
         $8\r\nentry-id\r\n:3\r\n$17\r\ntimestamp-created\r\n:1500\r\n\
         $22\r\ntimestamp-last-updated\r\n:2500\r\n",
    );
    let entry = &entries[0];
    assert_eq!(
        (entry.count, entry.reason.as_str(), entry.context.as_str()),
        (2, "auth", "toplevel")
    );
    assert_eq!((entry.object.as_str(), entry.username.as_str()), ("AUTH", "ann"));
    assert_eq!(entry.age, Duration::from_millis(1500));
    assert_eq!((entry.client.id, entry.client.get("x")), (5, Some("y")));
    assert_eq!(entry.id, Some(3));
    assert_eq!(entry.created, Some(UnixTime::from_millis(1500)));
    assert_eq!(entry.updated, Some(UnixTime::from_millis(2500)));
}
