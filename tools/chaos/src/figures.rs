//! What one scenario, or all of them, came to.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::oracle::Tally;

/// How many of the sentences about what is wrong are printed: the first tell enough.
const SENTENCE_COUNT_MAX: usize = 4;

/// Counts and times of a scenario, and what is not as it must be.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) tally: Tally,
    /// What was done to the cluster, by kind.
    faults: BTreeMap<&'static str, u64>,
    /// The longest recovery after a kill: the client's, and the prober's of the same kill.
    recovery: Option<(Duration, Duration)>,
    notes: Vec<String>,
    failures: Vec<String>,
}

impl Figures {
    /// Counts what was done to the cluster.
    pub(crate) fn fault(&mut self, kind: &'static str, count: u64) {
        *self.faults.entry(kind).or_default() += count;
    }

    /// Says something on the line of the scenario.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Something without which the scenario has failed.
    pub(crate) fn must(&mut self, holds: bool, what: impl Into<String>) {
        if !holds {
            self.failures.push(what.into());
        }
    }

    /// How long it took after a kill until a call was answered, and until the servers could.
    pub(crate) fn recovered(&mut self, client: Duration, prober: Duration) {
        self.recovery = self.recovery.max(Some((client, prober)));
    }

    /// Takes a load's figures, and what holds for each load: all calls end, no answer is wrong, and
    /// nothing runs twice. Nothing that was acknowledged is lost either, unless servers may lose
    /// it.
    pub(crate) fn take(&mut self, tally: Tally, may_lose: bool) {
        self.must(tally.calls > 0, "nobody called");
        self.must(tally.unanswered == 0, format!("{} calls without an end", tally.unanswered));
        self.must(tally.wrong.is_empty(), Sentences("wrong", &tally.wrong).to_string());
        self.must(tally.doubled == 0, format!("{} doubled", tally.doubled));
        self.must(may_lose || tally.lost == 0, format!("{} acknowledged and lost", tally.lost));
        self.tally.add(tally);
    }

    /// No caller has seen an error.
    pub(crate) fn must_be_calm(&mut self) {
        let errors = Sentences("caller errors", &self.tally.errors).to_string();
        self.must(self.tally.errors.is_empty(), errors);
    }

    pub(crate) fn has_passed(&self) -> bool {
        self.failures.is_empty()
    }

    pub(crate) fn verdict(&self) -> &'static str {
        if self.has_passed() { "PASS" } else { "FAIL" }
    }

    /// Takes in another scenario's.
    pub(crate) fn add(&mut self, other: Self) {
        self.tally.add(other.tally);
        for (kind, count) in other.faults {
            self.fault(kind, count);
        }
        self.recovery = self.recovery.max(other.recovery);
        self.failures.extend(other.failures);
    }

    /// All of it on one line.
    pub(crate) fn closing_line(&self) -> String {
        let faults: Vec<_> =
            self.faults.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let recovery = self.recovery.map_or_else(String::new, |(client, prober)| {
            format!(", longest recovery after a kill {client:.2?} (prober {prober:.2?})")
        });
        format!(
            "{} calls, faults: {}; {} wrong, {} unanswered, {} doubled, {} lost acknowledged \
             ({} of them where servers may), {} maybe-executed, {} not executed{recovery}: {}",
            self.tally.calls,
            faults.join(", "),
            self.tally.wrong.len(),
            self.tally.unanswered,
            self.tally.doubled,
            self.tally.lost,
            self.tally.forgiven,
            self.tally.maybe,
            self.tally.not_executed,
            self.verdict(),
        )
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tally = &self.tally;
        write!(f, "{} calls, {} maybe-executed", tally.calls, tally.maybe)?;
        write!(f, ", {} not executed", tally.not_executed)?;
        for note in &self.notes {
            write!(f, ", {note}")?;
        }
        if !self.failures.is_empty() {
            write!(f, "{}", Sentences(" -- not as it must be", &self.failures))?;
        }
        Ok(())
    }
}

/// A few of many sentences.
struct Sentences<'a>(&'static str, &'a [String]);

impl fmt::Display for Sentences<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(what, sentences) = self;
        write!(f, "{what} ({}):", sentences.len())?;
        for sentence in sentences.iter().take(SENTENCE_COUNT_MAX) {
            write!(f, " [{sentence}]")?;
        }
        Ok(())
    }
}
