//! When the driver's task lets other tasks run.
//!
//! Rules of this file. If the first of several callers wakes the driver, the others run before the
//! driver takes what they submit. Callers whose calls have ended run before the driver falls
//! asleep: they may make other calls. All these calls then leave in one write for each node. A
//! caller that is alone waits for no such round.

/// Decides when the driver's task yields to callers.
#[derive(Debug, Default)]
pub(super) struct Yielding {
    /// Whether callers have run since the driver took submissions.
    has_yielded: bool,
    /// How many calls have ended whose callers have not run since.
    ended_count: usize,
}

impl Yielding {
    /// Turns in one poll at most: then other tasks run.
    pub(super) const TURN_COUNT_MAX: usize = 64;

    /// Notes that a call has ended.
    pub(super) const fn note_ended(&mut self) {
        self.ended_count += 1;
    }

    /// Whether to yield before submissions are taken.
    pub(super) const fn before_taking(&mut self, submitted: usize, in_progress: usize) -> bool {
        self.has_yielded = !self.has_yielded && submitted > 0 && submitted + in_progress > 1;
        self.has_yielded
    }

    /// Whether to yield before the driver falls asleep.
    pub(super) const fn before_sleep(&mut self, in_progress: usize) -> bool {
        let ended = core::mem::replace(&mut self.ended_count, 0);
        let yields = ended > 0 && ended + in_progress > 1;
        self.has_yielded |= yields;
        yields
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_that_is_alone_waits_for_no_round() {
        let mut yielding = Yielding::default();
        assert!(!yielding.before_taking(0, 5), "nothing is submitted");
        assert!(!yielding.before_taking(1, 0));
        yielding.note_ended();
        assert!(!yielding.before_sleep(0));
    }

    #[test]
    fn the_other_callers_run_once_before_submissions_are_taken() {
        let mut yielding = Yielding::default();
        assert!(yielding.before_taking(1, 1));
        assert!(!yielding.before_taking(2, 1), "they have run");
        assert!(yielding.before_taking(2, 0), "those were taken");
    }

    #[test]
    fn callers_run_once_after_their_calls_have_ended() {
        let mut yielding = Yielding::default();
        yielding.note_ended();
        yielding.note_ended();
        assert!(yielding.before_sleep(0));
        assert!(!yielding.before_taking(2, 0), "they have run");
        assert!(!yielding.before_sleep(2), "no further call has ended");
        yielding.note_ended();
        assert!(yielding.before_sleep(1), "another call waits");
    }
}
