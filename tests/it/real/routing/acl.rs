//! ACL: users are the same on all nodes.

use super::{in_both, on_each, sorted};
use crate::real::Done;
use crate::real::adapter::{Adapter, on_every_adapter};
use crate::servers::NAMES;
use crate::servers::raw::Reply;

fn a_user_is_made_and_deleted_on_all_nodes<A: Adapter>() -> Done {
    on_each::<A>("ACL users", &NAMES, async |stage| {
        let get = "ACL GETUSER ann";
        assert!(stage.one("ACL SETUSER ann on >secret ~* +get").await?.is_ok());
        for (node, user) in stage.directs(&stage.nodes(), get)? {
            let commands = user.field("commands").and_then(Reply::text);
            assert_eq!(commands.as_deref(), Some("-@all +get"), "node {node}");
        }
        assert_eq!(stage.one(get).await?, stage.direct(0, get)?);
        assert_eq!(stage.one("ACL LIST").await?, stage.direct(0, "ACL LIST")?);
        assert_eq!(sorted(&stage.one("ACL USERS").await?), ["ann", "default"].map(str::to_owned));
        assert_eq!(stage.one("ACL DELUSER ann").await?, Reply::Integer(1));
        for (node, user) in stage.directs(&stage.nodes(), get)? {
            assert!(user.is_null(), "node {node}");
        }
        assert_eq!(stage.one("ACL DELUSER ann").await?, Reply::Integer(0));
        assert_eq!(stage.one("ACL WHOAMI").await?.text().as_deref(), Some("default"));
        assert_eq!(stage.one("ACL CAT").await?, stage.direct(0, "ACL CAT")?);
        assert_eq!(stage.one("ACL GENPASS").await?.text().map(|text| text.len()), Some(64));
        let error = stage.error("ACL SETUSER ann nonsense").await?;
        assert!(error.server().is_some(), "all say the same: {error:?}");
        Ok(())
    })
}

fn refusals_are_told_node_by_node<A: Adapter>() -> Done {
    in_both::<A>(async |stage| {
        // RESET makes a status of each node's.
        let reset = stage.each("ACL LOG RESET").await?;
        assert!(reset.len() == 6 && reset.values().all(Reply::is_ok));
        let refusing = [stage.primaries[0], stage.replicas()[1]];
        for node in refusing {
            let refused = stage.cluster.connection(node)?.call(&["AUTH", "nobody", "wrong"])?;
            assert!(refused.error().is_some_and(|error| error.starts_with("WRONGPASS")));
        }
        let told = stage.each("ACL LOG").await?;
        for (node, entries) in &told {
            let count = usize::from(refusing.contains(node));
            assert_eq!(entries.elements().len(), count, "node {node}");
            for entry in entries.elements() {
                assert_eq!(
                    entry.field("username").and_then(Reply::text).as_deref(),
                    Some("nobody")
                );
            }
        }
        stage.each("ACL LOG RESET").await?;
        Ok(())
    })
}

on_every_adapter! {
    a_user_is_made_and_deleted_on_all_nodes,
    refusals_are_told_node_by_node,
}
