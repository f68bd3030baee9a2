//! The pictures of the figures, from the tables that [`report`](crate::report) writes: a picture
//! can be drawn again without another measurement.

use std::fmt::Write;

const WIDTH: f64 = 720.0;
/// Where bars begin: names stand before, numbers behind.
const LEFT: f64 = 160.0;
const RIGHT: f64 = 60.0;
const BAR: f64 = 16.0;
const HEAD: f64 = 34.0;
const STYLE: &str = "text { font: 12px sans-serif; fill: #222 } .h { font-weight: bold } \
                     .own { fill: #2a6fbb } .peer { fill: #b9bec6 } .limit { fill: #222 }";

/// The panels of the summary, by the short names of their workloads.
const SUMMARY: [&str; 4] = ["W1", "W2-64", "W3-100", "W4-64K"];
/// The bars of the summary, and what it calls them: the clients on tokio.
const SUMMARY_BARS: [(&str, &str); 5] = [
    ("hashslot-tokio", "hashslot"),
    ("redis-rs-async", "redis-rs"),
    ("fred", "fred"),
    ("rustis", "rustis"),
    ("glide", "GLIDE"),
];
const SUMMARY_LEFT: f64 = 72.0;
const SUMMARY_RIGHT: f64 = 52.0;

/// The bars of one table.
struct Panel<'t> {
    /// The heading: words, then the short name of the workload in parentheses.
    title: &'t str,
    /// Each client with its number, as it is written.
    bars: Vec<(&'t str, &'t str, f64)>,
}

/// The tables of a text, with the column of this name. Those without the column are left out.
fn panels<'t>(tables: &'t str, column: &str) -> Vec<Panel<'t>> {
    let mut panels = Vec::<Panel<'t>>::new();
    let (mut title, mut index) = ("", None);
    for line in tables.lines() {
        if let Some(text) = line.strip_prefix("### ") {
            (title, index) = (text, None);
        }
        let Some(row) = line.strip_prefix("| ") else { continue };
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        if cells.first() == Some(&"client") {
            index = cells.iter().position(|cell| *cell == column);
            if index.is_some() {
                panels.push(Panel { title, bars: Vec::new() });
            }
            continue;
        }
        let Some(text) = index.and_then(|index| cells.get(index)) else { continue };
        if let (Some(panel), Ok(value)) = (panels.last_mut(), text.parse()) {
            panel.bars.push((cells[0], text, value));
        }
    }
    panels
}

/// The CPU time of an operation as a multiple of the limit's: a group of bars for each workload, on
/// one scale, which is logarithmic.
pub(crate) fn svg(tables: &str) -> String {
    let panels = panels(tables, "CPU x limit");
    let all = panels.iter().flat_map(|panel| panel.bars.iter().map(|bar| bar.2));
    let highest = all.clone().fold(2.0, f64::max);
    let lowest = all.fold(1.0, f64::min);
    let length = |value: f64| {
        let part = (value / lowest).ln() / (highest / lowest).ln();
        2.0 + part * (WIDTH - LEFT - RIGHT - 2.0)
    };
    let (mut body, mut y) = (String::new(), 46.0);
    let _ = writeln!(
        body,
        r#"<text class="h" x="8" y="16">CPU time of the client for an operation, as a multiple of the limit's: lower is better (log scale)</text>"#
    );
    let legend = [
        ("limit", "limit: prepared bytes on bare sockets", 8.0),
        ("own", "hashslot, on each adapter", 280.0),
        ("peer", "other clients", 470.0),
    ];
    for (class, text, x) in legend {
        let _ = writeln!(
            body,
            r#"<rect class="{class}" x="{x}" y="28" width="13" height="13"/><text x="{}" y="39">{text}</text>"#,
            x + 19.0
        );
    }
    for Panel { title, bars } in &panels {
        let _ = writeln!(body, r#"<text class="h" x="8" y="{}">{title}</text>"#, y + HEAD - 10.0);
        y += HEAD;
        for &(client, number, value) in bars {
            bar(&mut body, (24.0, LEFT, y), client, class_of(client), length(value), number);
            y += BAR;
        }
    }
    picture(&body, y + 12.0)
}

/// The CPU time of an operation in microseconds, on tokio: four panels, each with a scale of its
/// own.
pub(crate) fn summary(tables: &str) -> String {
    let panels = panels(tables, "CPU us/op");
    let (mut body, mut height) = (String::new(), 24.0_f64);
    let _ = writeln!(
        body,
        r#"<text class="h" x="8" y="16">CPU time of the client for an operation, in microseconds: lower is better</text>"#
    );
    let shown = SUMMARY.iter().filter_map(|name| {
        panels.iter().find_map(|panel| {
            let title = panel.title.strip_suffix(&format!(" ({name})"))?;
            Some((title, &panel.bars))
        })
    });
    for (place, (title, bars)) in shown.enumerate() {
        let x = if place.is_multiple_of(2) { 8.0 } else { 8.0 + WIDTH / 2.0 };
        let rows = if place < 2 { 0.0 } else { 1.0 };
        let mut y = 24.0 + rows * (HEAD + BAR * SUMMARY_BARS.len() as f64);
        let _ = writeln!(body, r#"<text class="h" x="{x}" y="{}">{title}</text>"#, y + HEAD - 10.0);
        y += HEAD;
        let highest = bars
            .iter()
            .filter(|(client, ..)| SUMMARY_BARS.iter().any(|(name, _)| name == client))
            .fold(0.0, |highest, bar| f64::max(highest, bar.2));
        for (client, name) in SUMMARY_BARS {
            let Some(&(_, number, value)) = bars.iter().find(|bar| bar.0 == client) else {
                continue;
            };
            let width = value / highest * (WIDTH / 2.0 - SUMMARY_LEFT - SUMMARY_RIGHT);
            bar(&mut body, (x, x + SUMMARY_LEFT - 8.0, y), name, class_of(client), width, number);
            y += BAR;
        }
        height = height.max(y);
    }
    picture(&body, height + 12.0)
}

fn class_of(client: &str) -> &'static str {
    match client {
        client if client.starts_with("limit") => "limit",
        client if client.starts_with("hashslot") => "own",
        _ => "peer",
    }
}

/// Draws a name, a bar and a number. The place is where the name begins, where the bar does, and
/// how far down.
fn bar(
    body: &mut String,
    (name_x, x, y): (f64, f64, f64),
    name: &str,
    class: &str,
    width: f64,
    number: &str,
) {
    let middle = y + BAR - 4.0;
    let _ = writeln!(
        body,
        r#"<text x="{name_x}" y="{middle:.0}">{name}</text><rect class="{class}" x="{x}" y="{y:.0}" width="{width:.1}" height="{}"/><text x="{:.1}" y="{middle:.0}">{number}</text>"#,
        BAR - 3.0,
        x + width + 6.0,
    );
}

fn picture(body: &str, height: f64) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\">\n<style>{STYLE}</style>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{body}</svg>\n"
    )
}
