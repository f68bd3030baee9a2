//! The example that tests a transport of one's own.

#[allow(dead_code, reason = "what it does when it is run alone")]
#[path = "../../examples/transport.rs"]
mod example;

/// Some of what the program runs in full.
#[test]
fn the_transport_of_the_example_passes_its_own_test() {
    let (seeds, profiles, calls) = (10, 3, 100);
    let answered = example::run(0..seeds);
    assert!(answered > usize::try_from(seeds).unwrap() * profiles * calls * 9 / 10, "{answered}");
}

/// The loop of the guide is the loop of the example, word for word, so that it ends as well.
#[test]
fn the_guide_shows_the_loop_of_the_example() {
    let page = include_str!("../../src/guide/transports.md");
    let example = include_str!("../../examples/transport.rs");
    let blocks = page.split("```\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    let block = blocks.into_iter().find(|block| block.contains("trait Transport")).unwrap();
    let items: Vec<_> = block.split("\n\n").filter(|item| !item.starts_with("use ")).collect();
    assert!(items.len() > 3, "{block}");
    for item in items {
        assert!(example.contains(item), "the example lacks:\n{item}");
    }
}
