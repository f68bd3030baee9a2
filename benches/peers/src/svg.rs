//! A plot: the CPU time of an operation as a multiple of the limit's.

use std::fmt::Write;

use crate::clients::LIMIT;
use crate::report::show;
use crate::rounds::Row;
use crate::workloads::Workload;

const WIDTH: f64 = 720.0;
/// Where bars begin: names stand before, numbers behind.
const LEFT: f64 = 160.0;
const RIGHT: f64 = 60.0;
const BAR: f64 = 16.0;
const HEAD: f64 = 34.0;
const STYLE: &str = "text { font: 12px sans-serif; fill: #222 } .h { font-weight: bold } \
                     .own { fill: #2a6fbb } .peer { fill: #b9bec6 } .limit { fill: #222 }";

/// A group of bars for each workload, on one scale, which is logarithmic.
pub(crate) fn svg(results: &[(&'static Workload, Vec<Row>)]) -> String {
    let groups: Vec<_> =
        results.iter().filter_map(|(workload, rows)| group(workload, rows)).collect();
    let all = groups.iter().flat_map(|(_, bars)| bars.iter().map(|bar| bar.1));
    let highest = all.clone().fold(2.0, f64::max);
    let lowest = all.fold(1.0, f64::min);
    let length = |value: f64| {
        let part = (value / lowest).ln() / (highest / lowest).ln();
        2.0 + part * (WIDTH - LEFT - RIGHT - 2.0)
    };
    let (mut body, mut y) = (String::new(), 24.0);
    let _ = writeln!(
        body,
        r#"<text class="h" x="8" y="16">CPU time of an operation, times the limit's (log scale)</text>"#
    );
    for (name, bars) in &groups {
        let _ = writeln!(body, r#"<text class="h" x="8" y="{}">{name}</text>"#, y + HEAD - 10.0);
        y += HEAD;
        for (client, value) in bars {
            let (middle, width) = (y + BAR - 4.0, length(*value));
            let class = match *client {
                client if client.starts_with(LIMIT) => "limit",
                client if client.starts_with("hashslot") => "own",
                _ => "peer",
            };
            let _ = writeln!(
                body,
                r#"<text x="24" y="{middle:.0}">{client}</text><rect class="{class}" x="{LEFT}" y="{y:.0}" width="{width:.1}" height="{}"/><text x="{:.1}" y="{middle:.0}">{}</text>"#,
                BAR - 3.0,
                LEFT + width + 6.0,
                show(*value),
            );
            y += BAR;
        }
    }
    let height = y + 12.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\">\n<style>{STYLE}</style>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{body}</svg>\n"
    )
}

/// The bars of a workload, if the limit was measured as well.
fn group<'r>(workload: &Workload, rows: &'r [Row]) -> Option<(&'static str, Vec<(&'r str, f64)>)> {
    let limit = rows.iter().find(|row| row.client == LIMIT)?;
    let bars = rows
        .iter()
        .filter_map(|row| Some((row.client, row.ratio(limit, |figures| figures.cpu_us)?)))
        .collect();
    Some((workload.name, bars))
}
