//! What nodes did, and whether the answers of clients agree with it.

pub(super) mod history;
pub(super) mod joint;
mod merged;
pub(super) mod oracle;
