//! Structs in place of fields and of JSON text.

use hashslot::Commands;
use hashslot::cmd::{self, Entry};
use hashslot::serde::{Fields, Json, to_fields, to_json};
use serde::{Deserialize, Serialize};

use super::live::cases;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Session {
    user: String,
    visits: u32,
    score: f64,
    is_admin: bool,
    referrer: Option<String>,
    #[serde(with = "hashslot::serde::json")]
    basket: Vec<String>,
}

fn session() -> Session {
    Session {
        user: "ann".into(),
        visits: 7,
        score: 0.5,
        is_admin: true,
        referrer: None,
        basket: vec!["tea".into(), "\u{1F375}".into()],
    }
}

cases! {
    "HGETALL" => |c| {
        assert_eq!(c.hset("s", to_fields(&session())?)?, 5);
        let Fields(read): Fields<Session> = c.hgetall("s")?;
        assert_eq!(read, session());
        assert_eq!(c.hgetall::<Fields<Option<Session>>>("missing")?, Fields(None));
        assert_eq!(c.hincrby("s", "visits", 1)?, 8);
        let with_referrer =
            Session { visits: 8, referrer: Some("bob".into()), ..session() };
        c.hset("s", ("referrer", "bob"))?;
        let (Fields(read), missing) = c.pipeline((
            cmd::hgetall::<Fields<Session>>("s"),
            cmd::hgetall::<Fields<Option<Session>>>("missing"),
        ))?;
        assert_eq!((read, missing), (with_referrer, Fields(None)));
        c.hset("s", ("visits", "many"))?;
        let error = c.hgetall::<Fields<Session>>("s").expect_err("no number");
        let text = "HGETALL: field `visits`: expected an integer, got a bulk string of 4 bytes";
        assert_eq!(error.to_string(), text);
        assert!(error.may_have_executed());
    }
    "GET" => |c| {
        c.set("s", to_json(&session())?)?;
        assert_eq!(c.get::<Json<Session>>("s")?, Json(session()));
        assert_eq!(c.get::<Option<Json<Session>>>("missing")?, None);
        let sessions: Vec<Option<Json<Session>>> = c.mget(["s", "missing"])?;
        assert_eq!(sessions, [Some(Json(session())), None]);
    }
    "XRANGE" => |c| {
        let id = c.xadd("log", to_fields(&session())?)?;
        let entries: Vec<Entry<Fields<Session>>> = c.xrange("log", ..)?;
        assert_eq!(entries[0].id, id);
        assert_eq!(entries[0].fields, Fields(session()));
        assert_eq!(entries.len(), 1);
    }
}
