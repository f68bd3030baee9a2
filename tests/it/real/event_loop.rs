//! The example that drives the machine by hand, against a cluster that changes.

use hashslot::{Call, Command, FromValue, Reply};

use super::{Done, Failure, Spot, USUAL, shared};

#[allow(dead_code, reason = "what it does when it is run alone")]
#[path = "../../../examples/event_loop.rs"]
mod example;

fn one<V: FromValue>(machine: &mut example::EventLoop, command: Command) -> Result<V, Failure> {
    super::one(machine.call(Call::new(command))?)
}

/// Many slots, a value that no socket buffer holds, a slot on its way and one that has gone.
#[test]
fn the_event_loop_of_the_example_works() -> Done {
    let Some(cluster) = shared(USUAL)? else { return Ok(()) };
    let mut machine =
        example::EventLoop::new(&cluster.addresses()[0]).map_err(|error| error.to_string())?;
    let key = |index: i64| format!("loop:{index}");
    let sets = (0..500).map(|index| Command::set(key(index), index));
    machine.call(Call::pipeline(sets))?;
    let Reply::Pipeline(values) =
        machine.call(Call::pipeline((0..500).map(|i| Command::get(key(i)))))?
    else {
        return Err("not a pipeline".into());
    };
    for (index, value) in (0_i64..).zip(values) {
        assert_eq!(i64::from_frame(value?)?, index);
    }
    let large = "0123456789".repeat(1 << 20);
    one::<()>(&mut machine, Command::set("loop:large", large.as_str()))?;
    assert!(one::<String>(&mut machine, Command::get("loop:large"))? == large);
    assert!(one::<bool>(&mut machine, Command::del("loop:large"))?);

    let spot = Spot::new(&cluster, 9_999)?;
    one::<()>(&mut machine, Command::set(spot.key("moves"), "along"))?;
    spot.open(&cluster)?;
    spot.move_key(&cluster, &spot.key("moves"))?;
    assert_eq!(one::<String>(&mut machine, Command::get(spot.key("moves")))?, "along");
    spot.close(&cluster)?;
    assert_eq!(one::<String>(&mut machine, Command::get(spot.key("moves")))?, "along");
    let stats = machine.cluster.stats();
    assert_eq!((stats.ask_followed, stats.moved_followed), (1, 1));
    Ok(())
}
