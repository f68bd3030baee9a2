//! Commands as the client encodes them: what a server is told is what was said.

use hashslot::Command;
use hashslot::sim::Dice;

use super::{Done, count_from, on};
use crate::servers::NAMES;
use crate::servers::raw::Reply;

/// The longest argument.
const LEN_MAX: usize = 1 << 20;

/// `HASHSLOT_ROUNDS` of them, shared among the servers.
#[test]
fn arguments_come_back_as_they_were_sent() -> Done {
    let count = count_from("HASHSLOT_ROUNDS", 1000).div_ceil(NAMES.len() as u64);
    for (seed, name) in (1..).zip(NAMES) {
        on(name, |cluster| {
            let mut dice = Dice::new(seed);
            let mut connection = cluster.connection(0)?;
            for round in 0..count {
                // The tag is of a slot of the first node, whatever follows it.
                let key = [b"{b}".as_slice(), &bytes(&mut dice)].concat();
                let (value, echoed) = (bytes(&mut dice), bytes(&mut dice));
                let commands = [
                    Command::set(&key[..], &value[..]),
                    Command::get(&key[..]),
                    Command::new("ECHO").arg(&echoed[..]),
                    Command::del(&key[..]),
                ];
                let sent: Vec<_> = commands.iter().flat_map(Command::to_bytes).collect();
                connection.send_bytes(&sent)?;
                let expected = [
                    Reply::Simple("OK".to_owned()),
                    Reply::Bulk(Some(value)),
                    Reply::Bulk(Some(echoed)),
                    Reply::Integer(1),
                ];
                for expected in expected {
                    let is_same = connection.receive()? == expected;
                    assert!(is_same, "seed {seed}, round {round}: it is not what was sent");
                }
            }
            eprintln!("{name}: {count} rounds from seed {seed} came back");
            Ok(())
        })?;
    }
    Ok(())
}

/// Any bytes; mostly few.
fn bytes(dice: &mut Dice) -> Vec<u8> {
    let len_max = match dice.below(100) {
        0 => LEN_MAX,
        1..5 => 1 << 16,
        5..20 => 1 << 12,
        _ => 64,
    };
    let len = dice.index(len_max + 1);
    if dice.one_in(4) {
        // What means something to the protocol.
        return b"\r\n$5\r\n*1\r\n\0\xFF".iter().copied().cycle().take(len).collect();
    }
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        bytes.extend_from_slice(&dice.below(u64::MAX).to_be_bytes());
    }
    bytes.truncate(len);
    bytes
}
