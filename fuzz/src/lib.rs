//! Properties that hold for any bytes, one function each. They panic if one does not.
//!
//! `scripts/fuzz` searches for bytes that break them; `tests/replay.rs` checks those that are
//! known.

mod events;
mod host;
mod keys;
mod redirect;
mod replies;
mod roundtrip;
mod scan;
mod simulate;
mod source;
mod topology;
mod url;

pub use events::events;
pub use keys::keys;
pub use redirect::redirect;
pub use roundtrip::roundtrip;
pub use scan::scan;
pub use simulate::simulate;
pub use topology::topology;
pub use url::url;
