//! A map of such a type. The hint: implement `FromValue`

use std::collections::HashMap;

use hashslot::Frame;

struct Session {
    user: String,
}

fn users(reply: &Frame) -> Result<Vec<String>, hashslot::Error> {
    let sessions = reply.to::<HashMap<String, Session>>()?;
    Ok(sessions.into_values().map(|session| session.user).collect())
}

fn main() {}
