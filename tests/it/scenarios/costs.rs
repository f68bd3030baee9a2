//! What a command costs in memory: allocations on its way. `scale` has the bytes while it waits.

use allocation_counter::measure;
use bytes::Bytes;
use hashslot::{Call, Command, FromValue, Reply};

use crate::machine::Machine;

/// The allocations of a command from its making to its reply's end, on a machine that is warm: what
/// it keeps for reuse is there.
fn allocations(
    machine: &mut Machine,
    make: impl Fn() -> Command,
    answer: &[u8],
    look: impl Fn(Reply),
) -> u64 {
    let answer = machine.replies(&["bar".to_owned()], answer);
    let mut round = || {
        machine.submit(Call::new(make()));
        machine.drain();
        machine.answer(&answer);
        let count = machine.drain_into(|outcome| look(outcome.expect("it is answered")));
        assert_eq!(count, 1, "it is answered");
    };
    (0..100).for_each(|_| round());
    measure(round).count_total
}

/// The value as the caller wants it.
fn value(reply: Reply) -> Bytes {
    Bytes::from_frame(reply.into_frame().expect("one reply")).expect("a string")
}

#[test]
fn a_command_costs_one_allocation_at_most() {
    let mut machine = Machine::new(3);
    let mut cost = |make: &dyn Fn() -> Command, answer: &[u8], look: &dyn Fn(Reply)| {
        allocations(&mut machine, make, answer, look)
    };
    let value_64 = [b'v'; 64];
    let bulk_64 = [&b"$64\r\n"[..], &value_64, b"\r\n"].concat();
    let is_value = |reply| assert_eq!(value(reply), &value_64[..]);
    let get = || Command::get("{bar}:0123456789");
    let one = cost(&get, &bulk_64, &is_value);
    assert_eq!(one, 1, "the reply, of which the value is a part");
    assert_eq!(cost(&get, b"$-1\r\n", &|_| {}), 0);
    let incr = || Command::incr("{bar}:0123456789");
    assert_eq!(cost(&incr, b":42\r\n", &|_| {}), 1, "the reply");
    let mut set = |len| {
        let value = vec![b'v'; len];
        cost(&|| Command::set("{bar}:0123456789", &value), b"+OK\r\n", &|_| {})
    };
    assert_eq!(set(5), 0);
    assert_eq!(set(64), 0);
    assert_eq!(set(200), 1, "the command");
}

#[test]
fn arguments_of_every_type_cost_no_allocation() {
    let (text, owned) = (String::from("{bar}:0123456789"), std::sync::Arc::<str>::from("value"));
    let count = measure(|| {
        let command = Command::new("X")
            .arg(owned)
            .arg('x')
            .args([7_u64])
            .arg(*b"bytes")
            .arg(true)
            .arg_opt(Some(1.5))
            .pairs([(1_u8, -1_i64)]);
        assert_eq!(command.len(), 9);
    });
    assert_eq!(count.count_total, 0);
    let count = measure(|| drop(Command::new("X").arg(i128::MIN).arg(f64::MIN_POSITIVE)));
    assert_eq!(count.count_total, 0, "numbers are written on the stack");
    // The memory of the text itself was allocated before.
    let count = measure(|| drop(Command::new("X").arg(text)));
    assert_eq!(count.count_total, 0);
}

#[test]
fn a_conversion_allocates_its_result_only() {
    fn cost<T: FromValue>(reply: &'static str) -> u64 {
        let limits = hashslot::config::Limits::default();
        let frame = hashslot::Frame::parse(reply.as_bytes(), &limits).expect("a reply");
        measure(|| drop(T::from_value(&frame.value(), &frame).expect("what was asked for")))
            .count_total
    }
    assert_eq!(cost::<u128>("$2\r\n12\r\n"), 0);
    assert_eq!(cost::<i64>(",12\r\n"), 0);
    assert_eq!(cost::<f64>("$3\r\n1.5\r\n"), 0);
    assert_eq!(cost::<Option<bool>>("_\r\n"), 0);
    assert_eq!(cost::<[u8; 3]>("$3\r\nabc\r\n"), 0);
    assert_eq!(cost::<(i64, char, [f64; 2])>("*3\r\n:1\r\n+x\r\n*2\r\n:1\r\n:2\r\n"), 0);
    assert_eq!(cost::<[(u8, u8); 2]>("%2\r\n:1\r\n:2\r\n:3\r\n:4\r\n"), 0);
    assert_eq!(cost::<String>("$3\r\nabc\r\n"), 1);
    assert_eq!(cost::<String>(":7\r\n"), 1);
    assert_eq!(cost::<Vec<Bytes>>("*2\r\n$1\r\na\r\n$1\r\nb\r\n"), 1);
    assert_eq!(
        cost::<Vec<(Bytes, f64)>>("*2\r\n*2\r\n$1\r\na\r\n,1\r\n*2\r\n$1\r\nb\r\n,2\r\n"),
        1
    );
    assert_eq!(cost::<Vec<u8>>("$3\r\nabc\r\n"), 1);
    assert_eq!(cost::<Vec<hashslot::Frame>>("*2\r\n:1\r\n:2\r\n"), 1);
}
