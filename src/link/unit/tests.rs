//! What a unit is heard to say, and what becomes of it at each byte at which a link may be lost.

use alloc::string::{String, ToString};

use super::*;
use crate::config::Config;
use crate::link::{Choices, GROWTH_LEN, Received, State};

const NOW: Instant = Instant::EPOCH;

/// A link that is set up.
fn ready() -> Link<u32> {
    let mut link = Link::new(NOW, &Config::default(), Choices::default());
    link.state = State::Ready;
    link
}

fn commands() -> [Command; 2] {
    [Command::set("a", "1"), Command::get("a")]
}

fn write(link: &mut Link<u32>, asking: bool, work: u32) {
    link.write_unit(NOW, Unit { asking, body: Body::Transaction(&commands()) }, work);
    link.verify().expect("is sound");
}

/// What the owner hears, in words.
fn hears(link: &mut Link<u32>, mut bytes: &[u8]) -> Vec<String> {
    let mut heard = Vec::new();
    while let Some(received) =
        link.next(NOW, &Config::default(), &mut bytes, GROWTH_LEN).expect("the stream is sound")
    {
        link.verify().expect("is sound");
        let Received::Reply { work, told } = received else { panic!("{received:?}") };
        let error = told.frame().error().map(|error| error.to_string());
        heard.push(match told {
            Told::Answer(_) => alloc::format!("{work}: answer"),
            Told::Torn(_) => alloc::format!("{work}: torn by {}", error.expect("is an error")),
            Told::Refused { ran_nothing, .. } => {
                let ran = if ran_nothing { "ran nothing" } else { "may have run" };
                alloc::format!("{work}: {}, {ran}", error.expect("is an error"))
            }
        });
    }
    heard
}

#[test]
fn the_last_reply_decides_unless_one_before_it_was_a_refusal() {
    for (asking, replies, told) in [
        (false, "+OK|+QUEUED|+QUEUED|*2\r\n+OK\r\n$1\r\n1", "7: answer"),
        (false, "+OK|+QUEUED|+QUEUED|-OOM x", "7: OOM x, may have run"),
        (false, "+OK|-MOVED 1 a:1|-ERR x|-EXECABORT x", "7: MOVED 1 a:1, ran nothing"),
        (false, "+OK|+QUEUED|-ERR x|-EXECABORT x", "7: ERR x, ran nothing"),
        (false, "-NOPERM m|+OK|$1\r\n1|-ERR EXEC without MULTI", "7: torn by NOPERM m"),
        (false, "-NOPERM m|-ERR a|-ERR b|-ERR EXEC without MULTI", "7: torn by NOPERM m"),
        (true, "+OK|+OK|+QUEUED|+QUEUED|*0", "7: answer"),
        (true, "-ERR ask|+OK|+QUEUED|+QUEUED|*0", "7: answer"),
        (true, "-ERR ask|+OK|-MOVED 1 a:1|+QUEUED|-EXECABORT x", "7: ERR ask, ran nothing"),
        (true, "-ERR ask|-NOPERM m|+OK|+OK|-ERR x", "7: torn by NOPERM m"),
    ] {
        let mut link = ready();
        write(&mut link, asking, 7);
        write(&mut link, false, 8);
        link.sent(usize::MAX);
        let replies = alloc::format!("{replies}|").replace('|', "\r\n");
        assert_eq!(hears(&mut link, replies.as_bytes()), [told], "{replies}");
        // The next one begins anew.
        let well = "+OK\r\n+QUEUED\r\n+QUEUED\r\n*0\r\n";
        assert_eq!(hears(&mut link, well.as_bytes()), ["8: answer"], "behind {replies}");
    }
}

/// Commands behind a `MULTI` that was refused run when they come; all others at `EXEC`.
#[test]
fn at_each_byte_a_lost_link_tells_whether_a_transaction_may_have_run() {
    let mut link = ready();
    write(&mut link, false, 7);
    let ends: Vec<_> = link.expected.iter().map(|expected| expected.end).collect();
    let [multi, first, .., exec] = ends[..] else { panic!("{ends:?}") };
    for taken in 0..=exec {
        for (reply, runs_from) in [("", exec), ("+OK\r\n", exec), ("-NOPERM m\r\n", first)] {
            if taken < multi && !reply.is_empty() {
                continue; // it has not been asked
            }
            let mut link = ready();
            write(&mut link, false, 7);
            link.sent(usize::try_from(taken).expect("is small"));
            assert_eq!(hears(&mut link, reply.as_bytes()), [""; 0]);
            let debts = link.lose();
            let [Owed { work: 7, ran, is_suspect, multi_refused, .. }] = debts.owed[..] else {
                panic!("{debts:?}")
            };
            let told = alloc::format!("{taken} bytes taken, {reply:?} heard");
            assert_eq!(ran == Ran::Maybe, taken >= runs_from, "{told}");
            assert_eq!(multi_refused, reply.starts_with('-'), "{told}");
            assert_eq!(is_suspect, taken > if reply.is_empty() { 0 } else { multi }, "{told}");
        }
    }
}

#[test]
fn a_unit_is_taken_back_with_all_that_is_its_own() {
    let mut link = ready();
    for (work, asking) in [(1, false), (2, true), (3, false)] {
        write(&mut link, asking, work);
    }
    assert_eq!(link.take_back(|work| *work == 2), Some((4, 5)));
    link.verify().expect("is sound");
    assert_eq!(
        link.owed().map(|(number, work)| (number, *work)).collect::<Vec<_>>(),
        [(4, 1), (8, 3)]
    );
    link.sent(1);
    assert_eq!(link.take_back(|work| *work == 1), None, "some of it has left");
    assert_eq!(link.take_back(|work| *work == 3), Some((4, 4)));
    assert_eq!(link.unsent_len() + 1, link.in_flight_len());
}
