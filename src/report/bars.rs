//! SLA misses against chaos as a few lines of text.

use super::axes::Axes;
use super::terminal::{WIDTH, lines};
use crate::design::Design;
use crate::summary::PointSummary;

/// Up to so many bars; above, each series is one line of blocks.
const MOST_BARS: usize = 24;
/// Lines of blocks at most.
const MOST_LINES: usize = 12;
/// Width of a full bar.
const BAR: usize = 50;
/// Widest name of a line.
const LABEL: usize = 20;

/// A plot of the share of replications that miss the SLA; empty where there is nothing to compare.
pub fn plot(design: &Design, axes: &Axes, rows: &[PointSummary]) -> String {
    let (Some(x), false) = (axes.x, axes.sampled) else {
        return String::new();
    };
    let mut points: Vec<Point> = rows
        .iter()
        .filter_map(|row| Point::new(axes, &axes.levels(design, row.point), row))
        .collect();
    let label = &axes.factors[x].label;
    if points.len() <= MOST_BARS {
        points.sort_by(|a, b| (a.x, &a.line).cmp(&(b.x, &b.line)));
        let title = format!("SLA miss by {label} (█ up to the interval, ▒ the interval)");
        return format!(
            "
{}{}",
            lines(&title),
            bars(&points)
        );
    }
    // Along a line runs x.
    points.sort_by(|a, b| (&a.line, a.x).cmp(&(&b.line, b.x)));
    let levels = &axes.factors[x].labels;
    let (Some(first), Some(last)) = (levels.first(), levels.last()) else {
        return String::new();
    };
    let title =
        format!("\nSLA miss, {label} from {first} to {last} (▁ 0 to 12 %, █ 88 to 100 %)\n");
    format!(
        "
{}{}",
        lines(&title),
        blocks(&points)
    )
}

struct Point {
    x: usize,
    x_label: String,
    /// The levels of the other factors that vary, and their indices.
    line: Vec<usize>,
    line_label: String,
    miss: [f64; 3],
}

impl Point {
    fn new(axes: &Axes, levels: &[usize], row: &PointSummary) -> Option<Self> {
        let x = axes.x?;
        let miss = row.sla_miss?;
        let interval = miss.interval?;
        let others = axes.panels.iter().copied().chain(axes.series);
        let others: Vec<usize> = others.collect();
        let names = others
            .iter()
            .map(|f| axes.factors[*f].labels[levels[*f]].as_str());
        Some(Self {
            x: levels[x],
            x_label: axes.factors[x].labels[levels[x]].clone(),
            line: others.iter().map(|factor| levels[*factor]).collect(),
            line_label: names.collect::<Vec<_>>().join(" "),
            miss: [interval.lo, miss.value, interval.hi],
        })
    }
}

fn bars(points: &[Point]) -> String {
    let width = |label: fn(&Point) -> &str| {
        let widths = points.iter().map(|point| label(point).chars().count());
        widths.max().unwrap_or(0).min(LABEL)
    };
    let (x_width, line_width) = (width(|p| &p.x_label), width(|p| &p.line_label));
    let bar = BAR.min(WIDTH.saturating_sub(x_width + line_width + 10));
    let mut text = String::new();
    let mut before = None;
    for point in points {
        // A level is said once, where it begins.
        let repeated = before == Some(point.x);
        before = Some(point.x);
        let x_label = if repeated { "" } else { &point.x_label };
        let [lo, value, hi] = point.miss;
        let cells = |share: f64| (share * bar as f64).round() as usize;
        let solid = cells(lo);
        let shade = cells(hi).max(solid + usize::from(hi > lo)).min(bar) - solid.min(bar);
        let drawn = format!("{}{}", "█".repeat(solid.min(bar)), "▒".repeat(shade));
        text.push_str(&format!(
            "{:x_width$}  {:line_width$}  {drawn:bar$} {:5.1}\n",
            cut(x_label),
            cut(&point.line_label),
            100.0 * value,
        ));
    }
    text
}

fn blocks(points: &[Point]) -> String {
    const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let lines: Vec<&[Point]> = points.chunk_by(|a, b| a.line == b.line).collect();
    let labels = lines.iter().filter_map(|line| line.first());
    let widths = labels.map(|point| point.line_label.chars().count());
    let width = widths.max().unwrap_or(0).min(LABEL);
    let room = WIDTH - width - 2;
    let mut text = String::new();
    for line in lines.iter().take(MOST_LINES) {
        let step = line.len().div_ceil(room);
        let drawn: String = line
            .iter()
            .step_by(step)
            .map(|point| HEIGHTS[((point.miss[1] * 8.0) as usize).min(7)])
            .collect();
        let label = line.first().map_or("", |point| &point.line_label);
        text.push_str(&format!("{:width$}  {drawn}\n", cut(label)));
    }
    if lines.len() > MOST_LINES {
        text.push_str(&format!("… and {} more lines\n", lines.len() - MOST_LINES));
    }
    text
}

fn cut(text: &str) -> String {
    if text.chars().count() <= LABEL {
        return text.to_owned();
    }
    let head: String = text.chars().take(LABEL - 1).collect();
    format!("{head}…")
}
