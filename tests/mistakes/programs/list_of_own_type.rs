//! A list of such a type. The hint: implement `FromValue`

use hashslot::Frame;

struct Session {
    user: String,
}

fn users(reply: &Frame) -> Result<Vec<String>, hashslot::Error> {
    let sessions = reply.to::<Vec<Session>>()?;
    Ok(sessions.into_iter().map(|session| session.user).collect())
}

fn main() {}
