//! The same inputs give the same outputs, byte for byte.

use hashslot::error::Disconnect;
use hashslot::{Call, Command, Config};

use crate::support::canned::*;
use crate::support::script::*;

/// A day in the life of a cluster, as text.
fn story() -> String {
    let seeds = ["10.0.0.1:7000", "10.0.0.2:7000", "10.0.0.3:7000"];
    let mut world = World::new(Config::default(), &seeds);
    let keys = ["foo", "bar", "c", "a", "b", "d", "g"];
    for round in 0..400_usize {
        let key = keys[round % keys.len()];
        match round % 5 {
            0 => world.submit(Command::get(key)),
            1 => world.submit(Call::new(Command::incr(key)).timeout(ms(300))),
            2 => world.submit(Call::pipeline(keys.map(Command::get))),
            3 => world.submit(Call::transaction([Command::incr(key), Command::get(key)])),
            _ => world.submit(Command::new("PUBLISH").arg("news").arg(round)),
        };
        for node in world.dialled().into_iter().map(String::from).collect::<Vec<_>>() {
            if round % 7 == 0 {
                world.refuse(&node, Disconnect::Refused);
            } else {
                world.open(&node);
            }
        }
        for link in world.links() {
            let text = world.reads_in_chunks(link, 50);
            let mut replies = String::new();
            for (index, command) in text.split("; ").filter(|text| !text.is_empty()).enumerate() {
                let reply = match command {
                    "CLUSTER SLOTS" => slots_reply(ROWS),
                    "CLUSTER SHARDS" => shards_reply(ROWS, &[]),
                    "GET foo" if round % 3 == 0 => "-MOVED 12182 127.0.0.1:7001\r\n".into(),
                    "GET bar" if round % 4 == 0 => "-ASK 5061 127.0.0.1:7002\r\n".into(),
                    "GET c" if round % 2 == 0 => "-TRYAGAIN x\r\n".into(),
                    "GET d" => "-CLUSTERDOWN x\r\n".into(),
                    _ => format!(":{index}\r\n"),
                };
                replies.push_str(&reply);
            }
            world.answer_in_chunks(link, &replies, 100);
            if round % 11 == 0 && !world.is_closed(link) {
                world.close(link, Disconnect::Reset);
            }
        }
        world.advance(ms(37));
    }
    world.shut_down();
    world.advance(ms(60_000));
    assert!(world.machine.is_shut_down());
    world.log().to_owned() + &format!("{:?}", world.machine.stats())
}

#[test]
fn the_same_inputs_give_the_same_outputs() {
    let story_once = story();
    assert!(story_once.len() > 100_000, "it has something to tell: {}", story_once.len());
    assert_eq!(story_once, story());
}
