//! RESP2 and RESP3: bytes to frames, frames to values, values and commands to bytes.
//!
//! A **frame** is one complete value as it travelled, with everything in it. A [`Scanner`] finds
//! where it ends, a [`Frame`] owns its bytes, a [`Value`] reads them in place: an array of a
//! million elements costs one reference count and no allocation.
//!
//! # The grammar
//!
//! Every value begins with a byte that tells its type and a line that ends with CR LF. `n` is a
//! length in bytes or a number of elements: decimal digits.
//!
//! | type | on the wire | since | read as |
//! | --- | --- | --- | --- |
//! | simple string | `+text` | RESP2 | [`Value::Simple`] |
//! | error | `-CODE text` | RESP2 | [`Value::Error`] |
//! | integer | `:-12` | RESP2 | [`Value::Integer`] |
//! | bulk string | `$n`, then `n` bytes and CR LF | RESP2 | [`Value::Bulk`] |
//! | array | `*n`, then `n` values | RESP2 | [`Value::Array`] |
//! | null | `$-1` or `*-1` | RESP2 | [`Value::Null`] |
//! | null | `_` | RESP3 | [`Value::Null`] |
//! | boolean | `#t` or `#f` | RESP3 | [`Value::Boolean`] |
//! | double | `,1.5`, `,-2e+20`, `,inf`, `,-inf`, `,nan` | RESP3 | [`Value::Double`] |
//! | big number | `(-12345678901234567890` | RESP3 | [`Value::BigNumber`] |
//! | bulk error | `!n`, then as a bulk string | RESP3 | [`Value::Error`] |
//! | verbatim string | `=n`, then as a bulk string: `txt:` and the text | RESP3 | [`Value::Verbatim`] |
//! | map | `%n`, then `n` keys, each followed by its value | RESP3 | [`Value::Map`] |
//! | set | `~n`, then `n` values | RESP3 | [`Value::Set`] |
//! | push | `>n`, then `n` values, the first of them a string | RESP3 | [`Value::Push`] |
//! | attribute | `\|n`, then as a map; describes the value after it | RESP3 | [`Frame::attributes`] |
//!
//! - An attribute belongs to the value that follows it, at the top as well as inside aggregates. It
//!   is never counted as an element and never a reply.
//! - A push stands alone: never inside another value.
//! - Numbers are strict: no `+`, no blanks, no leading zeros, no `-0`. (A big number is handed out
//!   as text, whatever that is: scripts can make it anything.) Of doubles, `-nan` is accepted too:
//!   older servers print what the C library prints.
//! - A line has no CR and no LF inside. A bulk string may have any bytes, and CR LF must follow it.
//! - Streamed values (`$?`, `*?` and so on) are refused: no server sends them.
//!
//! Anything else is a [`Violation`](crate::error::Violation), with the number of bytes before it.
//! Lenient readers of RESP and servers disagree about where a reply ends, and one reply is then
//! taken for another.
//!
//! Where the end of the frame is certain all the same, the violation costs this frame only
//! ([`Scan::Broken`]): a malformed integer, double, boolean, null or verbatim string, a push
//! without a name, `-1` as the length of a type that has no null, and everything that is only
//! beyond a limit. The frame is read past and not kept. Malformed types, lengths and line ends cost
//! the stream, and so does a push inside another value: nothing tells whether it counts as an
//! element.
//!
//! ```
//! use hashslot::resp::{Frame, Value};
//!
//! let frame = Frame::parse(&b"%1\r\n+slots\r\n*2\r\n:0\r\n:5460\r\n"[..], &Default::default())?;
//! let slots = frame.value().pairs().and_then(|pairs| pairs.get(b"slots"));
//! let slots: Vec<Value<'_>> = slots.and_then(|value| value.elements()).unwrap().collect();
//! assert_eq!(slots, [Value::Integer(0), Value::Integer(5460)]);
//! # Ok::<(), hashslot::error::ProtocolError>(())
//! ```

mod convert;
pub mod encode;
mod error_line;
mod frame;
mod mismatch;
mod owned;
mod scan;
pub(crate) mod short;
mod skip;
pub(crate) mod value;

pub use frame::Frame;
pub use owned::OwnedValue;
pub use scan::{Scan, Scanner};
pub use value::{Elements, Pairs, Value};
