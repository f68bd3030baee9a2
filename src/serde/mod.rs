//! Structs of your own as hashes and as JSON, by [serde].
//!
//! | server | read | write |
//! | --- | --- | --- |
//! | fields of a hash or of an entry of a stream | [`Fields`] | [`to_fields`] |
//! | JSON text: a string, a JSON document, a field | [`Json`] | [`to_json`] |
//! | a field that is a list, a map or a struct: JSON text | [`json`], by `with` | [`json`], by `with` |
//!
#![cfg_attr(feature = "tokio", doc = "```no_run")]
#![cfg_attr(not(feature = "tokio"), doc = "```ignore")]
//! use hashslot::serde::{Fields, Json, to_fields, to_json};
//! use hashslot::{Commands, tokio::Client};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Session {
//!     user: String,
//!     visits: u32,
//!     referrer: Option<String>, // no field if it is `None`
//!     #[serde(with = "hashslot::serde::json")]
//!     basket: Vec<String>, // one field, with JSON text
//! }
//!
//! # async fn run(client: Client, session: Session) -> Result<(), hashslot::Error> {
//! client.hset("session:9", to_fields(&session)?).await?;
//! let Fields(session): Fields<Session> = client.hgetall("session:9").await?;
//!
//! client.set("copy:9", to_json(&session)?).await?;
//! let Json(copy): Json<Session> = client.get("copy:9").await?;
//! # let _ = copy;
//! # Ok(())
//! # }
//! ```
//!
//! Without the wrapper, if the struct is read in many places: a type of the program implements
//! [`FromValue`](crate::FromValue) by one line.
//!
//! ```
//! use hashslot::FromValue;
//! use hashslot::error::ConversionError;
//! use hashslot::resp::{Frame, Value};
//! use hashslot::serde::Fields;
//! use serde::Deserialize;
//!
//! #[derive(Debug, PartialEq, Deserialize)]
//! struct User {
//!     name: String,
//!     age: u8,
//! }
//!
//! impl FromValue for User {
//!     fn from_value(value: &Value<'_>, frame: &Frame) -> Result<Self, ConversionError> {
//!         Fields::from_value(value, frame).map(Fields::into_inner)
//!     }
//! }
//!
//! // What `HGETALL user:1` returns, in RESP3.
//! let reply = &b"%2\r\n$4\r\nname\r\n$3\r\nann\r\n$3\r\nage\r\n$2\r\n36\r\n"[..];
//! let user: User = Frame::parse(reply, &Default::default())?.to()?;
//! assert_eq!(user, User { name: "ann".into(), age: 36 });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Limits
//!
//! Servers store text: only the type that is read tells that a field is a number. Where serde asks
//! for the type first, a field is text: with `#[serde(flatten)]`, `untagged`, or `tag`. A number in
//! there needs a `deserialize_with` that reads text.
//!
//! [serde]: https://serde.rs

mod error;
mod fields;
pub mod json;
mod reader;
mod writer;

pub use self::fields::{Fields, to_fields};
pub use self::json::{Json, to_json};
