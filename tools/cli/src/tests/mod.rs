//! How the program reads lines and prints values.

mod formats;
mod pipeline;
mod words;
