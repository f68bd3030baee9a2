//! Slots are used again, and never piled up.

use super::std;
use super::*;

/// Collects as the driver does, after a request was left.
fn collect(mailbox: &Mailbox, used: &mut VecDeque<Arc<ReplySlot>>) {
    mailbox.request(Box::new(|_, _| {}));
    mailbox.collect(&mut Letters::default(), used);
}

#[test]
fn a_slot_is_used_again_once_its_caller_has_looked() {
    let mailbox = Arc::new(Mailbox::new());
    let call = || Call::new(crate::Command::get("key"));
    let waiting = mailbox.submit(call());
    let slot = Arc::clone(&waiting);
    let address = Arc::as_ptr(&slot);
    let mut letters = Letters::default();
    let mut used = VecDeque::new();
    mailbox.collect(&mut letters, &mut used);
    drop(letters);
    used.push_back(slot);
    collect(&mailbox, &mut used);
    assert_eq!(used.len(), 1, "its caller has not looked yet");
    mailbox.abandon(waiting);
    collect(&mailbox, &mut VecDeque::new()); // the word that it left
    collect(&mailbox, &mut used);
    assert!(used.is_empty());
    let again = mailbox.submit(call());
    assert_eq!(Arc::as_ptr(&again), address);
}

#[test]
fn slots_of_callers_that_never_look_are_not_piled_up() {
    let mailbox = Mailbox::new();
    let held: Vec<Arc<ReplySlot>> =
        std::iter::repeat_with(Arc::default).take(3 * SPARE_COUNT_MAX).collect();
    let mut used: VecDeque<_> = held.iter().cloned().collect();
    mailbox.collect(&mut Letters::default(), &mut used);
    assert!(used.len() <= SPARE_COUNT_MAX, "{} are kept", used.len());
}
