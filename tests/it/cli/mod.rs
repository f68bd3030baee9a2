//! The command line client: how it reads lines and prints values, and what it does with a real
//! cluster.

#[allow(dead_code, reason = "only the program makes plans")]
#[path = "../../../examples/cli/answer.rs"]
mod answer;
#[allow(dead_code, reason = "only the program reads its own arguments")]
#[path = "../../../examples/cli/arguments.rs"]
mod arguments;
#[path = "../../../examples/cli/json.rs"]
mod json;
#[path = "../../../examples/cli/line.rs"]
mod line;
#[path = "../../../examples/cli/plan.rs"]
mod plan;
#[path = "../../../examples/cli/terminal.rs"]
mod terminal;

mod formats;
mod sessions;
mod words;
