use alloc::format;
use alloc::vec::Vec;

use super::{Secret, wipe};

#[test]
fn f74_bytes_are_overwritten() {
    let mut bytes = Vec::from(*b"s3cret");
    wipe(&mut bytes);
    assert_eq!(bytes, [0; 6]);
}

#[test]
fn f74_nothing_moves_while_there_is_room() {
    let mut secret = Secret::new();
    secret.with_room(6).extend_from_slice(b"s3cret");
    let place = secret.as_slice().as_ptr();
    let grown = secret.with_room(0);
    assert_eq!(grown.as_ptr(), place);
    assert_eq!(secret.with_room(1000).len(), 6);
    assert_eq!(secret.as_slice(), b"s3cret");
    assert_eq!(format!("{secret:?}"), "Secret(..)");
}
