//! How much leaves together.

use std::io;

use crate::pipeline::{MAX_BYTES, MAX_COMMANDS, read};

/// How many lines leave together, each time.
fn counts(mut input: &[u8]) -> io::Result<Vec<usize>> {
    let mut counts = Vec::new();
    loop {
        match read(&mut input)?.len() {
            0 => return Ok(counts),
            count => counts.push(count),
        }
    }
}

#[test]
fn blank_lines_and_comments_are_no_commands() -> io::Result<()> {
    assert_eq!(counts(b"")?, [0_usize; 0]);
    assert_eq!(counts(b"\n# GET a\n  \n")?, [0_usize; 0]);
    assert_eq!(counts(b"GET a\n\n# x\nGET \"b\nGET c")?, [3]);
    Ok(())
}

#[test]
fn no_more_leave_together_than_the_limits_say() -> io::Result<()> {
    let many = "GET a\n".repeat(2 * MAX_COMMANDS + 1);
    assert_eq!(counts(many.as_bytes())?, [MAX_COMMANDS, MAX_COMMANDS, 1]);
    let long = format!("ECHO {}\n", "x".repeat(MAX_BYTES / 2)).repeat(5);
    assert_eq!(counts(long.as_bytes())?, [2, 2, 1]);
    Ok(())
}
