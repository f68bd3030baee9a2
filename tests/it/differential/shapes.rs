//! How nodes tell what the cluster is, while nothing happens: whole replies, in both protocols.

use hashslot::sim::Version;

use super::sides::{Model, Real, Side, words};
use super::{Done, on};

#[test]
fn topologies_have_the_same_shape() -> Done {
    let versions = [
        ("redis-6.2", Version::Redis62),
        ("redis-7.0", Version::Redis70),
        ("redis-8.2", Version::Redis82),
        ("valkey-9.1", Version::Valkey9),
    ];
    for (name, version) in versions {
        on(name, |cluster| {
            let nodes = [0, 1, 2];
            let mut real = Real::new(cluster)?;
            real.connect(cluster, &nodes)?;
            let mut model = Model::new(version, &nodes)?;
            let commands = [
                "HELLO 2",
                "CLUSTER SLOTS",
                "CLUSTER SHARDS",
                "CLUSTER NODES",
                "CLUSTER MYID",
                "HELLO 3",
                "CLUSTER SLOTS",
                "CLUSTER SHARDS",
                "CLUSTER NODES",
                "CLUSTER MYID",
            ];
            for node in nodes {
                for command in commands {
                    let words = words(command);
                    let expected = real.call(node, &words)?;
                    let got = model.call(node, &words)?;
                    let by_server = real.names().compared(&words, &expected);
                    let by_model = model.names().compared(&words, &got);
                    assert_eq!(by_model, by_server, "{name}: the model is left: {command}");
                }
            }
            Ok(())
        })?;
    }
    Ok(())
}
