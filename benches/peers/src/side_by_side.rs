//! Clients of one kind, as many as a workload asks for.

use std::thread;
use std::time::Duration;

use crate::Outcome;
use crate::callers::{Job, Peer};
use crate::clients::{self, REDIS_BENCHMARK};
use crate::executor::OnTokio;
use crate::measure::Figures;
use crate::nodes::Nodes;
use crate::tally::Tally;
use crate::workloads::Workload;

/// One client, and others that are connected when a workload wants more.
pub(crate) struct SideBySide {
    nodes: Nodes,
    tokio: OnTokio,
    first: Box<dyn Peer>,
    others: Vec<Box<dyn Peer>>,
}

impl SideBySide {
    pub(crate) fn connect(name: &str, nodes: &Nodes, tokio: &OnTokio) -> Outcome<Self> {
        let first = clients::connect_one(name, nodes, tokio)?;
        Ok(Self { nodes: nodes.clone(), tokio: tokio.clone(), first, others: Vec::new() })
    }
}

impl Peer for SideBySide {
    fn name(&self) -> &'static str {
        self.first.name()
    }

    fn can(&self, workload: &Workload) -> bool {
        let is_other_process = self.name() == REDIS_BENCHMARK;
        self.first.can(workload) && !(is_other_process && workload.clients > 1)
    }

    fn run(&mut self, job: Job) -> Outcome<Tally> {
        let other_count = job.workload.clients - 1;
        while self.others.len() < other_count {
            let other = clients::connect_one(self.first.name(), &self.nodes, &self.tokio)?;
            self.others.push(other); // in the round that warms up
        }
        let others = self.others.iter_mut().take(other_count);
        // The threads only wait, unless the client blocks.
        thread::scope(|scope| {
            let others: Vec<_> = others.map(|other| scope.spawn(|| other.run(job))).collect();
            let mut all = self.first.run(job)?;
            for other in others {
                all.add(&other.join().expect("callers do not panic")?);
            }
            Ok(all)
        })
    }

    fn external(&mut self, job: Job, time: Duration) -> Option<Outcome<Figures>> {
        self.first.external(job, time)
    }
}
