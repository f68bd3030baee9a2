//! What a command costs in memory: allocations on its way, and bytes while it waits.

use allocation_counter::{AllocationInfo, measure};
use bytes::Bytes;
use hashslot::{Action, Call, Command, Config, FromReply, Instant, LinkId, Reply};

use crate::support::script::World;

/// A machine that has a link to the node of `bar`, warm: what it keeps for reuse is there.
struct Warm {
    world: World,
    link: LinkId,
    now: Instant,
}

impl Warm {
    fn new() -> Self {
        let (world, [link, ..]) = World::linked(Config::default());
        let now = Instant::from_epoch(world.elapsed());
        let mut warm = Self { world, link, now };
        for _ in 0..100 {
            warm.round(|| Command::get("bar"), b"$-1\r\n", |_| {});
        }
        warm
    }

    fn submit(&mut self, command: Command) {
        self.world.machine.submit(self.now, Call::new(command), 0).expect("is taken");
    }

    /// The node reads all that there is.
    fn send(&mut self) {
        let machine = &mut self.world.machine;
        while let Some(action) = machine.poll_action() {
            assert!(matches!(action, Action::SendToNode { .. }), "{action:?}");
        }
        loop {
            let mut slices = [&[][..]; 8];
            let count = machine.sendable(self.link, &mut slices);
            let len = slices[..count].iter().map(|slice| slice.len()).sum();
            if len == 0 {
                break;
            }
            machine.handle_sent(self.now, self.link, len);
        }
    }

    /// One command from its making to its reply's end.
    fn round(&mut self, make: impl Fn() -> Command, answer: &[u8], look: impl Fn(Reply)) {
        self.submit(make());
        self.send();
        self.world.machine.handle_received(self.now, self.link, answer);
        let Some(Action::Complete { outcome, .. }) = self.world.machine.poll_action() else {
            panic!("it is answered");
        };
        look(outcome.expect("it is answered"));
    }

    fn cost(
        &mut self,
        make: impl Fn() -> Command,
        answer: &[u8],
        look: impl Fn(Reply),
    ) -> AllocationInfo {
        self.round(&make, answer, &look);
        measure(|| self.round(&make, answer, &look))
    }
}

/// The value as the caller wants it.
fn value(reply: Reply) -> Bytes {
    Bytes::from_frame(reply.into_frame().expect("one reply")).expect("a string")
}

#[test]
fn a_command_costs_one_allocation_at_most() {
    let mut warm = Warm::new();
    let value_64 = [b'v'; 64];
    let bulk_64 = [&b"$64\r\n"[..], &value_64, b"\r\n"].concat();
    let get = || Command::get("{bar}:0123456789");
    let cost = warm.cost(get, &bulk_64, |reply| assert_eq!(value(reply), &value_64[..]));
    assert_eq!(cost.count_total, 1, "the reply, of which the value is a part");
    let cost = warm.cost(get, b"$-1\r\n", |_| {});
    assert_eq!(cost.count_total, 0);
    let cost = warm.cost(|| Command::incr("{bar}:0123456789"), b":42\r\n", |_| {});
    assert_eq!(cost.count_total, 1, "the reply");
    let set = |value: &'static [u8]| move || Command::set("{bar}:0123456789", value);
    let cost = warm.cost(set(b"a few"), b"+OK\r\n", |_| {});
    assert_eq!(cost.count_total, 0);
    let cost = warm.cost(set(&[b'v'; 64]), b"+OK\r\n", |_| {});
    assert_eq!(cost.count_total, 0);
    let cost = warm.cost(set(&[b'v'; 200]), b"+OK\r\n", |_| {});
    assert_eq!(cost.count_total, 1, "the command");
}

#[test]
fn a_command_that_waits_takes_some_hundred_bytes() {
    const COUNT: usize = 10_000;
    let mut warm = Warm::new();
    let submit = |warm: &mut Warm| {
        for _ in 0..COUNT {
            warm.submit(Command::get("{bar}:0123456789"));
        }
        warm.send();
    };
    let answer = |warm: &mut Warm| {
        let answers = b"$-1\r\n".repeat(COUNT);
        warm.world.machine.handle_received(warm.now, warm.link, &answers);
        while warm.world.machine.poll_action().is_some() {}
    };
    let taken = measure(|| submit(&mut warm)).bytes_current;
    let each = usize::try_from(taken).expect("some") / COUNT;
    // Tables that double are half empty at the worst.
    assert!((200..700).contains(&each), "{each} bytes");
    answer(&mut warm);
    let again = measure(|| {
        submit(&mut warm);
        answer(&mut warm);
    });
    assert_eq!(again.bytes_current, 0, "{again:?}");
}
