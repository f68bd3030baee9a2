//! Rounds: every client does a little, then every client again, so that whatever else the machine
//! does hits all of them.

use std::time::Duration;

use crate::Outcome;
use crate::callers::Peer;
use crate::data::Data;
use crate::measure::{self, Figures};
use crate::workloads::Workload;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    /// Rounds that count. One more comes before them, which warms up.
    pub(crate) rounds: usize,
    /// How long a client has in a round.
    pub(crate) time: Duration,
}

/// What one client did in one workload.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) client: &'static str,
    /// Empty if it cannot do the workload, or failed.
    pub(crate) rounds: Vec<Figures>,
    /// Why it failed.
    pub(crate) failure: Option<String>,
    pub(crate) syscalls: Option<f64>,
    pub(crate) peak_mib: Option<f64>,
}

/// A figure of a round.
pub(crate) type Figure = fn(&Figures) -> f64;

impl Row {
    pub(crate) fn median(&self, figure: Figure) -> Option<f64> {
        middle(self.rounds.iter().map(figure).filter(|value| !value.is_nan()).collect())
    }

    /// How far apart the rounds are, those between the quarters, as a part of the median.
    pub(crate) fn spread(&self, figure: Figure) -> Option<f64> {
        let mut sorted: Vec<f64> = self.rounds.iter().map(figure).collect();
        sorted.sort_by(f64::total_cmp);
        let quarter = sorted.len() / 4;
        let (low, high) = (sorted.get(quarter)?, sorted.get(sorted.len() - 1 - quarter)?);
        Some((high - low) / self.median(figure)?)
    }

    /// The median of the ratios to another client, each within a round.
    pub(crate) fn ratio(&self, other: &Self, figure: Figure) -> Option<f64> {
        if self.rounds.len() != other.rounds.len() {
            return None;
        }
        let pairs = self.rounds.iter().zip(&other.rounds);
        middle(pairs.map(|(mine, others)| figure(mine) / figure(others)).collect())
    }
}

fn middle(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.len().checked_sub(1)? / 2, values.len() / 2);
    Some(f64::midpoint(values[low], values[high]))
}

/// Has all clients do one workload. The order turns by one each round.
pub(crate) fn run(
    peers: &mut [Box<dyn Peer>],
    workload: &'static Workload,
    data: &'static Data,
    servers: &[u32],
    extent: Extent,
) -> Outcome<Vec<Row>> {
    let mut rows: Vec<Row> = peers.iter().map(|peer| empty_row(peer.name())).collect();
    for round in 0..=extent.rounds {
        for place in 0..peers.len() {
            let index = (place + round) % peers.len();
            let (peer, row) = (&mut peers[index], &mut rows[index]);
            if !peer.can(workload) || row.failure.is_some() {
                continue;
            }
            match measure::measure(peer.as_mut(), workload, data, extent.time, servers) {
                Ok(figures) if round > 0 => row.rounds.push(figures),
                Ok(_) => {}
                // Nothing can be compared without them.
                Err(error) if row.client.starts_with("limit") => return Err(error),
                Err(error) => {
                    eprintln!("{}, {}: {error}", row.client, workload.name);
                    row.failure = Some(error.to_string());
                    row.rounds.clear();
                }
            }
        }
    }
    Ok(rows)
}

fn empty_row(client: &'static str) -> Row {
    Row { client, rounds: Vec::new(), failure: None, syscalls: None, peak_mib: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_between_two_or_is_one() {
        assert_eq!(middle(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(middle(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(middle(Vec::new()), None);
    }
}
