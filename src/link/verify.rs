//! Whether a link is sound: what must hold whenever no input is being dealt with.

use alloc::format;
use alloc::string::String;

use super::{Expect, Expected, Link, State};

impl<W: Copy> Link<W> {
    /// Checks the queue of expected replies against the bytes.
    ///
    /// # Errors
    /// What does not hold.
    pub(crate) fn verify(&self) -> Result<(), String> {
        let mut end = self.answered_end;
        for expected in &self.expected {
            if expected.end <= end {
                return Err(format!("a command ends at {}, the one before at {end}", expected.end));
            }
            end = expected.end;
        }
        if end != self.outbox.end() {
            return Err(format!(
                "the last command ends at {end}, its bytes at {}",
                self.outbox.end()
            ));
        }
        self.outbox.verify()?;
        let is_setup = |what: &Expect<W>| matches!(what, Expect::Setup(_));
        let of_setup = self.expected.iter().filter(|expected| is_setup(&expected.what)).count();
        let is_sound = match self.state {
            State::Dialling => self.expected.is_empty(),
            State::SettingUp(_) => of_setup == self.expected.len() && of_setup > 0,
            State::Ready => of_setup == 0 && self.credentials.is_none(),
        };
        if !is_sound {
            return Err(format!("{:?}, and {of_setup} steps to come", self.state));
        }
        let mut before: Option<&Expect<W>> = None;
        for expected in &self.expected {
            let follows = match before {
                _ if is_setup(&expected.what) => before.is_none_or(is_setup),
                None => true, // the unit that is half heard
                Some(Expect::Setup(_) | Expect::Work(_) | Expect::Exec(_)) => {
                    !matches!(expected.what, Expect::Queued | Expect::Exec(_))
                }
                Some(Expect::Asking) => matches!(expected.what, Expect::Multi | Expect::Work(_)),
                Some(Expect::Multi | Expect::Queued) => {
                    matches!(expected.what, Expect::Queued | Expect::Exec(_))
                }
            };
            if !follows {
                return Err("a unit has a command that is none of its own".into());
            }
            before = Some(&expected.what);
        }
        if before.is_some_and(|what| what.work().is_none() && !is_setup(what)) {
            return Err("the last unit has no end".into());
        }
        let is_inside = |expected: &Expected<W>| !is_setup(&expected.what);
        if self.hearing.is_some() && !self.expected.front().is_some_and(is_inside) {
            return Err("a unit is half heard that owes nothing".into());
        }
        let numbers = self.short.iter().map(|(number, _)| *number);
        if !numbers.clone().is_sorted() || numbers.max().is_some_and(|n| n >= self.owed_until()) {
            return Err("a bound is for a reply that is not owed".into());
        }
        Ok(())
    }
}
