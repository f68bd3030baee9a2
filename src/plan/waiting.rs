//! What to do in place of a command that waits at the server.

/// How to get, without waiting there, what the command of this name is for.
pub(super) fn substitute(name: &str) -> &'static str {
    match name {
        "BLPOP" => "hashslot has no blocking commands yet; poll with LPOP",
        "BRPOP" => "hashslot has no blocking commands yet; poll with RPOP",
        "BLMPOP" => "hashslot has no blocking commands yet; poll with LMPOP",
        "BLMOVE" | "BRPOPLPUSH" => "hashslot has no blocking commands yet; poll with LMOVE",
        "BZPOPMIN" => "hashslot has no blocking commands yet; poll with ZPOPMIN",
        "BZPOPMAX" => "hashslot has no blocking commands yet; poll with ZPOPMAX",
        "BZMPOP" => "hashslot has no blocking commands yet; poll with ZMPOP",
        "XREAD" | "XREADGROUP" => {
            "hashslot has no blocking commands yet; leave BLOCK out, and poll"
        }
        "WAIT" | "WAITAOF" => {
            "hashslot has no blocking commands yet; min-replicas-to-write, which CONFIG SET changes, \
             protects writes"
        }
        _ => "hashslot has no blocking commands yet; poll with a command that does not wait",
    }
}
