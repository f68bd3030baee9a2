//! The figures for programs.

use std::fmt::Write;

use crate::rounds::{Figure, Row};
use crate::workloads::Workload;

const HEADER: &str = "client,workload,ops_per_s,client_cpu_s_per_million_ops,allocs_per_op,p50_us,\
                      p99_us,syscalls_per_op";

/// A line for each client and workload, also where nothing was measured: fields are empty then.
pub(crate) fn csv(results: &[(&'static Workload, Vec<Row>)]) -> String {
    let mut text = format!("{HEADER}\n");
    for (workload, rows) in results {
        for row in rows {
            // CPU seconds of a million operations are CPU microseconds of one.
            let figures: [Figure; 5] = [
                |figures| figures.ops_per_s,
                |figures| figures.cpu_us,
                |figures| figures.allocations,
                |figures| figures.p50_us,
                |figures| figures.p99_us,
            ];
            let _ = write!(text, "{},{}", row.client, workload.name);
            for value in figures.map(|figure| row.median(figure)).into_iter().chain([row.syscalls])
            {
                text.push(',');
                if let Some(value) = value {
                    let _ = write!(text, "{value:.3}");
                }
            }
            text.push('\n');
        }
    }
    text
}
