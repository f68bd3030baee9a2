//! The figures for people: a table for each workload.

use std::fmt::Write;

use crate::clients::{FRED, LIMIT, REDIS_ASYNC};
use crate::rounds::{Extent, Figure, Row};
use crate::workloads::Workload;

/// How the tables came about, before the first of them.
pub(crate) fn head(about: &[String], extent: Extent) -> String {
    let mut text = String::new();
    for line in about {
        let _ = writeln!(text, "- {line}");
    }
    let Extent { rounds, time } = extent;
    let _ = writeln!(text, "- Rounds: {rounds} of {time:?}, interleaved; medians");
    text
}

/// Whether the figures are worth anything: said when all is over.
pub(crate) fn others(part: f64) -> String {
    format!("- Other processes had {:.0} % of the machine meanwhile\n", part * 100.0)
}

/// The table of one workload.
pub(crate) fn table(workload: &Workload, rows: &[Row], pinned: bool) -> String {
    let pinned = if pinned { ", all on one CPU" } else { "" };
    let mut text = format!("### {}{pinned} ({})\n\n", workload.title(), workload.name);
    let _ = writeln!(text, "{}{pinned}.\n", capitalised(&workload.describe()));
    let columns = columns(rows);
    let head: Vec<_> = columns.iter().map(|(head, _)| head.as_str()).collect();
    let _ = writeln!(text, "| client | {} |", head.join(" | "));
    let _ = writeln!(text, "|---|{}", "--:|".repeat(columns.len()));
    for (index, row) in rows.iter().enumerate().filter(|(_, row)| !row.rounds.is_empty()) {
        let cells: Vec<_> = columns.iter().map(|(_, cells)| cells[index].as_str()).collect();
        let _ = writeln!(text, "| {} | {} |", row.client, cells.join(" | "));
    }
    for row in rows {
        if let Some(failure) = &row.failure {
            let _ = writeln!(text, "\n{} failed: {failure}", row.client);
        }
    }
    text
}

/// The columns, each with its head and a cell for each row. Those with nothing in them are left
/// out.
fn columns(rows: &[Row]) -> Vec<(String, Vec<String>)> {
    let ops: Figure = |figures| figures.ops_per_s;
    let cpu: Figure = |figures| figures.cpu_us;
    let mut columns = Vec::new();
    let mut add = |head: &str, cell: &dyn Fn(&Row) -> Option<String>| {
        let cells: Vec<_> = rows.iter().map(cell).collect();
        if cells.iter().any(Option::is_some) {
            let cells = cells.into_iter().map(Option::unwrap_or_default).collect();
            columns.push((head.to_owned(), cells));
        }
    };
    let number = |figure: Figure| move |row: &Row| row.median(figure).map(show);
    let spread = |figure: Figure| {
        move |row: &Row| row.spread(figure).map(|part| format!("{:.0} %", part * 100.0))
    };
    let base = |name: &str| rows.iter().find(|row| row.client == name);
    for (head, prefix, figure) in [("ops/s", "", ops), ("CPU us/op", "CPU ", cpu)] {
        add(head, &number(figure));
        add("spread", &spread(figure));
        for name in [LIMIT, REDIS_ASYNC, FRED] {
            let Some(base) = base(name) else { continue };
            add(&format!("{prefix}x {name}"), &|row| row.ratio(base, figure).map(show));
        }
    }
    add("server CPU us/op", &number(|figures| figures.server_cpu_us));
    add("allocs/op", &number(|figures| figures.allocations));
    add("bytes/op", &number(|figures| figures.allocated_bytes));
    add("p50 us", &number(|figures| figures.p50_us));
    add("p99 us", &number(|figures| figures.p99_us));
    add("syscalls/op", &|row| row.syscalls.map(show));
    add("peak MiB", &|row| row.peak_mib.map(show));
    columns
}

/// Three digits that say something.
pub(crate) fn show(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

fn capitalised(text: &str) -> String {
    let (first, rest) = text.split_at(1);
    first.to_uppercase() + rest
}
