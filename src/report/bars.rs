//! SLA misses against chaos as a few lines of text.

use super::axes::Axes;
use super::labels::{SHORTEST, shorten, shortened};
use super::look::Look;
use super::numbers;
use super::numbers::lines;
use crate::design::Design;
use crate::statistics::Interval;
use crate::summary::PointSummary;

/// Up to so many bars; above, each series is one line of blocks.
const MOST_BARS: usize = 24;
/// Lines of blocks at most.
const MOST_LINES: usize = 12;
/// Width of a full bar in 80 columns, and in the widest terminal.
const BAR: [usize; 2] = [50, 100];
/// Widest name of a line, unless names that differ need more.
const LABEL: usize = 20;

/// A plot of the share of replications that miss the SLA; empty where there is nothing to compare,
/// or all of it looks the same.
pub fn plot(design: &Design, axes: &Axes, rows: &[PointSummary], look: Look) -> String {
    let (Some(x), false) = (axes.x, axes.sampled) else {
        return String::new();
    };
    // Of several factors each level has its share of a label.
    let others = axes.panels.len() + axes.series.iter().len();
    let longest = (LABEL + 1) / others.max(1) - 1;
    let factors = axes.factors.iter().enumerate();
    let short: Vec<Vec<String>> = factors
        .map(|(factor, axis)| match Some(factor) == axes.x {
            true => shortened(&axis.labels, LABEL),
            false => shortened(&axis.labels, longest.max(SHORTEST)),
        })
        .collect();
    let mut points: Vec<Point> = rows
        .iter()
        .filter_map(|row| Point::new(axes, &axes.levels(design, row.point), row, &short))
        .collect();
    let label = &axes.factors[x].label;
    let (title, plot) = if points.len() <= MOST_BARS {
        points.sort_by(|a, b| (a.x, &a.line).cmp(&(b.x, &b.line)));
        let title = format!("SLA miss % by {label} (█ up to the interval, ▒ the interval)");
        (title, bars(&points, look))
    } else {
        // Along a line runs x.
        points.sort_by(|a, b| (&a.line, a.x).cmp(&(&b.line, b.x)));
        let levels = &axes.factors[x].labels;
        let (Some(first), Some(last)) = (levels.first(), levels.last()) else {
            return String::new();
        };
        let title =
            format!("SLA miss, {label} from {first} to {last} (▁ 0 to 12 %, █ 88 to 100 %)");
        (title, blocks(&points, look))
    };
    match plot {
        Some(plot) => format!("\n{}{plot}", lines(&title, look.width)),
        None => String::new(),
    }
}

struct Point {
    x: usize,
    x_label: String,
    /// The levels of the other factors that vary, and their indices.
    line: Vec<usize>,
    line_label: String,
    miss: f64,
    interval: Interval,
}

impl Point {
    fn new(
        axes: &Axes,
        levels: &[usize],
        row: &PointSummary,
        short: &[Vec<String>],
    ) -> Option<Self> {
        let x = axes.x?;
        let miss = row.sla_miss?;
        let others = axes.panels.iter().copied().chain(axes.series);
        let others: Vec<usize> = others.collect();
        let names = others.iter().map(|f| short[*f][levels[*f]].as_str());
        Some(Self {
            x: levels[x],
            x_label: short[x][levels[x]].clone(),
            line: others.iter().map(|factor| levels[*factor]).collect(),
            line_label: names.collect::<Vec<_>>().join(" "),
            miss: miss.value,
            interval: miss.interval?,
        })
    }

    /// In percent, as the table has it.
    fn text(&self) -> String {
        numbers::value(self.miss, Some(self.interval), 100.0, 1)
    }

    /// Letters of a full bar of so many: those below the interval, and those within.
    fn cells(&self, bar: usize) -> [usize; 2] {
        let cells = |share: f64| ((share * bar as f64).round() as usize).min(bar);
        let Interval { lo, hi } = self.interval;
        let solid = cells(lo);
        let shade = cells(hi).max(solid + usize::from(hi > lo)).min(bar) - solid;
        [solid, shade]
    }
}

/// Whether all of some values are the same; so that a drawing of them says nothing.
fn all_equal<T: PartialEq>(values: impl IntoIterator<Item = T>) -> bool {
    let mut values = values.into_iter();
    let first = values.next();
    values.all(|value| Some(value) == first)
}

fn bars(points: &[Point], look: Look) -> Option<String> {
    let width = |label: fn(&Point) -> &str| {
        let widths = points.iter().map(|point| label(point).chars().count());
        widths.max().unwrap_or(0)
    };
    let (x_width, line_width) = (width(|p| &p.x_label), width(|p| &p.line_label));
    let [usual, most] = BAR;
    let wanted = (look.width * usual / Look::WIDTH).min(most);
    let bar = wanted.min(look.width.saturating_sub(x_width + line_width + 12));
    if all_equal(points.iter().map(|point| point.cells(bar))) {
        return None;
    }
    let number = points.iter().map(|point| point.text().len()).max()?;
    let mut text = String::new();
    let mut before = None;
    for point in points {
        // A level is said once, where it begins.
        let repeated = before == Some(point.x);
        before = Some(point.x);
        let x_label = if repeated { "" } else { &point.x_label };
        let [solid, shade] = point.cells(bar);
        text.push_str(&format!(
            "{:x_width$}  {:line_width$}  {}{}{:rest$} {:>number$}\n",
            x_label,
            point.line_label,
            look.blue(&"█".repeat(solid)),
            look.dim(&"▒".repeat(shade)),
            "",
            point.text(),
            rest = bar - solid - shade,
        ));
    }
    Some(text)
}

fn blocks(points: &[Point], look: Look) -> Option<String> {
    const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let height = |point: &Point| HEIGHTS[((point.miss * 8.0) as usize).min(7)];
    if all_equal(points.iter().map(height)) {
        return None;
    }
    let lines: Vec<&[Point]> = points.chunk_by(|a, b| a.line == b.line).collect();
    let labels = lines.iter().filter_map(|line| line.first());
    let widths = labels.map(|point| point.line_label.chars().count());
    let width = widths.max().unwrap_or(0).min(look.width / 2);
    let mut text = String::new();
    for line in lines.iter().take(MOST_LINES) {
        let room = look.width.saturating_sub(width + 2).max(1);
        let step = line.len().div_ceil(room);
        let drawn: String = line.iter().step_by(step).map(height).collect();
        let label = line.first().map_or("", |point| &point.line_label);
        text.push_str(&format!(
            "{:width$}  {}\n",
            shorten(label, width),
            look.blue(&drawn)
        ));
    }
    if lines.len() > MOST_LINES {
        text.push_str(&format!("… and {} more lines\n", lines.len() - MOST_LINES));
    }
    Some(text)
}
