//! How the program reads lines and prints values.

mod completion;
mod formats;
mod history;
mod interactive;
mod pipeline;
mod words;
