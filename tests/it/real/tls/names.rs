//! By which name a node is verified.

use hashslot::error::TlsFailure;
use hashslot::runtimes::ServerNames;

use super::certificates::{OURS, trusting_ours};
use super::{NAME, connect, give, lone, refused, secured, talks};
use crate::real::adapter::{Adapter, Client, on_every_adapter};
use crate::real::{Done, run};

fn f73_the_name_is_the_users_choice<A: Adapter>() -> Done {
    let Some(cluster) = secured()? else { return Ok(()) };
    run::<A>(async {
        let (addresses, wrong) = (cluster.addresses(), TlsFailure::WrongName);
        for names in [ServerNames::announced(), ServerNames::fixed(NAME)] {
            talks::<A>(&cluster, trusting_ours().server_names(names)).await?;
        }
        let fixed = trusting_ours().server_names(ServerNames::fixed("other.example"));
        refused::<A>(&addresses, fixed, wrong).await?;
        let parsed = addresses.iter().map(|address| address.parse().unwrap());
        let map = ServerNames::map(parsed.map(|address| (address, "other.example")));
        refused::<A>(&addresses, trusting_ours().server_names(map), wrong).await?;
        let by = ServerNames::by(|_, _| Some("not a name".into()));
        let by = trusting_ours().server_names(by);
        refused::<A>(&addresses, by, TlsFailure::InvalidName).await?;
        // By a host name: that name, for the seed; nodes are dialled by IP after that.
        let seeds = [format!("localhost:{}", cluster.node(0).port)];
        connect::<A>(&seeds, trusting_ours()).await?.close().await;
        Ok(())
    })
}

/// The certificate has the announced name only: seeds are called by it, and so are all others.
fn f73_announced_names_are_verified<A: Adapter>() -> Done {
    let Some(cluster) = lone()? else { return Ok(()) };
    give(&cluster, &OURS.certify(&["localhost"]))?;
    run::<A>(async {
        let wrong = TlsFailure::WrongName;
        refused::<A>(&cluster.addresses(), trusting_ours(), wrong).await?;
        // The seed has its name. The node that the topology lists has only an IP, unless its
        // announced name is asked for.
        let seeds = [format!("localhost:{}", cluster.node(0).port)];
        let client = connect::<A>(&seeds, trusting_ours()).await?;
        let error = client.set("key", "value").await.expect_err("it is called by its IP");
        let told = format!("TLS failed: {wrong}");
        assert!(error.to_string().contains(&told), "{error}");
        assert!(!error.may_have_executed());
        client.close().await;
        let announced = trusting_ours().server_names(ServerNames::announced());
        let client = connect::<A>(&seeds, announced).await?;
        client.set("key", "value").await?;
        assert_eq!(client.get::<String>("key").await?, "value");
        client.close().await;
        Ok(())
    })
}

on_every_adapter! {
    f73_the_name_is_the_users_choice,
    f73_announced_names_are_verified,
}
