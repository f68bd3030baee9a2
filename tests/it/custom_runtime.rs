//! The example of a runtime and a transport of one's own.

#[allow(dead_code, reason = "what it does when it is run alone")]
#[path = "../../examples/custom_runtime.rs"]
mod example;

#[test]
fn the_runtime_of_the_example_works() {
    assert_eq!(example::run().unwrap(), 1);
}
