//! The main figures as files for a paper: SVG, and the same drawing as PNG.

use anyhow::{Context, Result, anyhow};
use resvg::{tiny_skia, usvg};

use super::chart::{Chart, Line, Mark};
use super::data::Report;
use super::indicators::Indicator;
use super::numbers::{grouped, percent};
use super::shown::Point;
use crate::results::{FIGURES, Held, PLOTS};
use crate::simulation::in_rounds;

/// Combinations of the factors that are neither on x nor a colour; each has figures of its own.
const MOST_PANELS: usize = 12;
/// A subset of Noto Sans, so that the same letters come out on a machine without fonts; its
/// licence is beside it.
const FONT: &[u8] = include_bytes!("NotoSans-subset.ttf");

/// Writes the figures into `plots` of a results folder; returns their names, and what is left out.
///
/// # Errors
///
/// A figure can't be drawn or written.
pub fn write(held: &Held, report: &Report) -> Result<(Vec<String>, Option<String>)> {
    let mut names = Vec::new();
    let panels = panels(report);
    for (number, panel) in panels.iter().take(MOST_PANELS).enumerate() {
        for (name, chart) in charts(report, panel) {
            let suffix = match panels.len() {
                1 => String::new(),
                _ => format!("-{}", number + 1),
            };
            let svg = chart.svg()?;
            let png = png(&svg)?;
            for (ending, bytes) in [("svg", svg.as_bytes()), ("png", &png)] {
                let file = format!("{name}{suffix}.{ending}");
                held.write_in(PLOTS, &file, bytes)?;
                names.push(file);
            }
        }
    }
    let more = panels.len().saturating_sub(MOST_PANELS);
    let said = (more > 0).then(|| {
        format!("{more} more combinations of levels have no figures; summary.csv has their numbers")
    });
    Ok((names, said))
}

/// The levels of the factors that are neither on x nor a colour, as they occur.
fn panels(report: &Report) -> Vec<Vec<usize>> {
    let level = |point: &Point| {
        let panels = report.axes.panels.iter();
        panels.map(|factor| point.levels[*factor]).collect()
    };
    let mut found: Vec<Vec<usize>> = report.points.iter().map(level).collect();
    found.sort();
    found.dedup();
    found
}

/// The figures of one panel, by name.
fn charts(report: &Report, panel: &[usize]) -> Vec<(&'static str, Chart)> {
    let here: Vec<&Point> = report
        .points
        .iter()
        .filter(|point| {
            let panels = report.axes.panels.iter();
            panels
                .map(|factor| point.levels[*factor])
                .eq(panel.iter().copied())
        })
        .collect();
    let place = place(report, panel);
    let indicator = |key: &str| {
        let mut indicators = report.indicators.iter();
        indicators.find(|indicator| indicator.key == key)
    };
    // Of the availabilities only what the SLA is held to is compared.
    let compared = |key: &&str| {
        let mut points = here.iter();
        !key.ends_with("availability") || points.any(|point| held_to(point) == *key)
    };
    let chart = |name: &'static str| {
        let chart = match name.strip_prefix("difference_") {
            _ if name == "time_to_resolve" => survival(report, &here, &place),
            Some(key) => {
                let key = Some(key).filter(compared)?;
                differences(report, &here, indicator(key)?, &place)
            }
            None => curves(report, &here, indicator(name)?, &place),
        };
        Some((name, chart?))
    };
    FIGURES.into_iter().filter_map(chart).collect()
}

fn place(report: &Report, panel: &[usize]) -> String {
    let panels = report.axes.panels.iter().zip(panel);
    let texts: Vec<String> = panels
        .map(|(factor, level)| {
            let axis = &report.axes.factors[*factor];
            format!("{} {}", axis.label, axis.labels[*level])
        })
        .collect();
    if texts.is_empty() {
        String::new()
    } else {
        format!(" at {}", texts.join(", "))
    }
}

/// An indicator against x; `None` where no point has it, or nothing varies.
fn curves(report: &Report, here: &[&Point], of: &Indicator, place: &str) -> Option<Chart> {
    let estimate = |point: &Point| point.estimates.get(&of.key).copied();
    let methods = methods(here.iter().filter_map(|point| {
        let estimate = estimate(point)?;
        estimate.interval().map(|_| estimate.method)
    }));
    let drawn = Drawn {
        title: format!("{}{place}", of.label),
        what: of.label.to_string(),
        about: format!(
            "{} Bars{BANDS} are {} % intervals ({methods}).",
            of.about,
            percent(report.confidence)
        ),
        y_label: format!("{} ({})", of.label, of.unit),
        y_range: match &*of.key {
            "sla_miss" => [Some(0.0), Some(100.0)],
            key if is_availability(key) => [None, Some(100.0)],
            _ => [Some(0.0), None],
        },
        rule: target(here, &of.key),
    };
    against_x(report, here, place, drawn, |point| {
        let estimate = estimate(point)?;
        let interval = estimate.interval().map(|i| [i.lo, i.hi]);
        Some((estimate.value?, interval, of.scale))
    })
}

/// Whether a column is an availability, of servers or of a journey.
fn is_availability(key: &str) -> bool {
    key == "availability" || key == "journey_availability" || key.starts_with("journeys.")
}

/// The column of what the SLA of a point is held to.
fn held_to(point: &Point) -> &'static str {
    if point.on_journey {
        "journey_availability"
    } else {
        "availability"
    }
}

/// The target of the SLA, where all points have the same and are held to this indicator.
fn target(here: &[&Point], key: &str) -> Option<(f64, String)> {
    let target = &here.first()?.target;
    let same = |point: &&Point| held_to(point) == key && point.target == *target;
    if !here.iter().all(same) {
        return None;
    }
    Some((target.parse().ok()?, format!("SLA target {target} %")))
}

/// What each point of a comparison has more than its baseline; `None` where nothing is compared.
fn differences(report: &Report, here: &[&Point], of: &Indicator, place: &str) -> Option<Chart> {
    let baseline = report.baseline.as_ref()?;
    let find = |point: &Point| {
        let mut all = report.comparisons.iter();
        all.find(|row| row.point == point.key && row.estimate == of.key)
    };
    let rows = here.iter().filter_map(|point| find(point));
    let methods = methods(
        rows.filter(|row| row.lo.is_some())
            .filter_map(|row| row.method),
    );
    let unit = match of.unit == "%" {
        true => "percentage points".to_owned(),
        false => of.unit.to_string(),
    };
    let from = format!("{} {}", baseline.factor, baseline.level);
    let drawn = Drawn {
        title: format!("{}: difference from {from}{place}", of.label),
        what: format!(
            "{}, less that of {from} in the same replications,",
            of.label
        ),
        about: format!(
            "Bars{BANDS} are {} % intervals ({methods}), each by itself; comparisons.csv has p-values \
             that are adjusted for all.",
            percent(report.confidence)
        ),
        y_label: format!("difference from {from} ({unit})"),
        y_range: [None, None],
        rule: Some((0.0, String::new())),
    };
    against_x(report, here, place, drawn, |point| {
        let row = find(point)?;
        let interval = row.lo.zip(row.hi).map(|(lo, hi)| [lo, hi]);
        Some((row.difference?, interval, of.scale))
    })
}

/// Stands where a caption names the bands, if there are some.
const BANDS: &str = "{bands}";

/// What differs between the charts over x.
struct Drawn {
    title: String,
    /// What is shown against x.
    what: String,
    about: String,
    y_label: String,
    y_range: [Option<f64>; 2],
    rule: Option<(f64, String)>,
}

/// A chart over x of a value, its interval, and what both are multiplied with; `None` where no
/// point has one, or nothing varies.
fn against_x(
    report: &Report,
    here: &[&Point],
    place: &str,
    drawn: Drawn,
    of: impl Fn(&Point) -> Option<(f64, Option<[f64; 2]>, f64)>,
) -> Option<Chart> {
    let axes = &report.axes;
    let factor = axes.x?;
    let axis = &axes.factors[factor];
    let at = |point: &Point| {
        let level = point.levels[factor];
        let number = axis.levels[level].number().filter(|_| axis.numeric);
        number.unwrap_or(level as f64)
    };
    let mark = |point: &&Point| {
        let (value, interval, scale) = of(point)?;
        Some(Mark {
            x: at(point),
            y: scale * value,
            interval: interval.map(|ends| ends.map(|end| scale * end)),
            tick: false,
        })
    };
    // Between categories there is nothing that a line could pass through.
    let joined = axis.numeric && !axes.sampled;
    let mut lines = lines(report, here, |own| {
        let mut marks: Vec<Mark> = own.iter().filter_map(mark).collect();
        marks.sort_by(|a, b| a.x.total_cmp(&b.x));
        marks
    });
    // The baseline has no difference from itself.
    lines.retain(|line| !line.marks.is_empty());
    if lines.is_empty() {
        return None;
    }
    let series = axes.series.map(|series| &axes.factors[series].label);
    let caption = format!(
        "{} against {}{}{place}. {} {}",
        drawn.what,
        axis.label,
        series.map_or(String::new(), |series| format!(" for each {series}")),
        drawn
            .about
            .replace(BANDS, if joined { " and bands" } else { "" }),
        source(report, here),
    );
    Some(Chart {
        title: drawn.title,
        caption,
        x_label: axis.label.clone(),
        y_label: drawn.y_label,
        ticks: (!axis.numeric).then(|| axis.labels.clone()),
        y_range: drawn.y_range,
        joined,
        steps: false,
        rule: drawn.rule,
        lines,
    })
}

/// Kaplan–Meier curves at the level in the middle of x, as the page opens with.
fn survival(report: &Report, here: &[&Point], place: &str) -> Option<Chart> {
    let axes = &report.axes;
    if axes.sampled {
        return None;
    }
    let middle = axes.x.map(|x| (x, (axes.factors[x].levels.len() - 1) / 2));
    let chosen: Vec<&Point> = here
        .iter()
        .filter(|point| middle.is_none_or(|(x, level)| point.levels[x] == level))
        .copied()
        .collect();
    let lines = lines(report, &chosen, |own| {
        let Some(point) = own.first().filter(|point| !point.ttr.is_empty()) else {
            return Vec::new();
        };
        let start = Mark {
            x: 0.0,
            y: 100.0,
            interval: Some([100.0, 100.0]),
            tick: false,
        };
        let steps = point.ttr.iter().map(|step| Mark {
            x: in_rounds(step.0),
            y: 100.0 * step.1,
            interval: step.2.zip(step.3).map(|(lo, hi)| [100.0 * lo, 100.0 * hi]),
            tick: step.5 > 0,
        });
        std::iter::once(start).chain(steps).collect()
    });
    if lines.iter().all(|line| line.marks.is_empty()) {
        return None;
    }
    let level = middle.map_or(String::new(), |(x, level)| {
        let axis = &axes.factors[x];
        format!(" at {} {}", axis.label, axis.labels[level])
    });
    Some(Chart {
        title: format!("Time to resolve{level}{place}"),
        caption: format!(
            "Share of incidents still open after some time{level}{place}: Kaplan–Meier. Upright \
             marks: incidents open when their replication ended (censored). Bands are pointwise {} % \
             intervals (jackknife over groups of replications). {}",
            percent(report.confidence),
            source(report, &chosen),
        ),
        x_label: "time since the incident opened (rounds)".to_owned(),
        y_label: "incidents still open (%)".to_owned(),
        ticks: None,
        y_range: [Some(0.0), Some(100.0)],
        joined: true,
        steps: true,
        rule: None,
        lines,
    })
}

/// One line a level of the series factor, else one.
fn lines(report: &Report, here: &[&Point], marks: impl Fn(&[&Point]) -> Vec<Mark>) -> Vec<Line> {
    let Some(series) = report.axes.series else {
        return vec![Line {
            style: 0,
            label: String::new(),
            marks: marks(here),
        }];
    };
    let labels = report.axes.factors[series].labels.iter().enumerate();
    labels
        .map(|(level, label)| {
            let own = here.iter().filter(|point| point.levels[series] == level);
            let own: Vec<&Point> = own.copied().collect();
            Line {
                style: level,
                label: label.clone(),
                marks: marks(&own),
            }
        })
        .collect()
}

/// The methods of intervals, in words.
fn methods(known: impl Iterator<Item = &'static str>) -> String {
    let mut names: Vec<String> = known.map(method).collect();
    names.sort();
    names.dedup();
    if names.is_empty() {
        "none: they are withheld".to_owned()
    } else {
        names.join(", ")
    }
}

/// The name of a method as a paper has it.
fn method(name: &str) -> String {
    match name {
        "wilson" => "Wilson".to_owned(),
        "student_t" => "Student t".to_owned(),
        "empirical_bernstein" => "empirical Bernstein".to_owned(),
        "tango" => "Tango score".to_owned(),
        "student_t_hall" => "Student t with Hall's correction".to_owned(),
        "paired_t" => "paired Student t".to_owned(),
        "paired_t_hall" => "paired Student t with Hall's correction".to_owned(),
        "paired_bernstein" => "paired empirical Bernstein".to_owned(),
        "paired_jackknife" => "paired jackknife over groups of replications".to_owned(),
        "jackknife_log" => "jackknife over groups of replications, log scale".to_owned(),
        other => other.replace('_', " "),
    }
}

/// What the numbers rest on.
fn source(report: &Report, here: &[&Point]) -> String {
    let least = here.iter().map(|point| point.n).min().unwrap_or(0);
    let most = here.iter().map(|point| point.n).max().unwrap_or(0);
    let n = if least == most {
        grouped(least)
    } else {
        format!("{} to {}", grouped(least), grouped(most))
    };
    let common = if report.common_random_numbers {
        " Points share random numbers, so overlap of intervals is no test of a difference."
    } else {
        ""
    };
    let seed = report.made.iter().find(|(name, _)| name == "Master seed");
    format!(
        "{} from a healthy start; n = {n} replications a point.{common} Experiment {}, seed {}, sysworld {}.",
        report.setting,
        report.title,
        seed.map_or("", |(_, seed)| seed),
        env!("CARGO_PKG_VERSION")
    )
}

/// The same drawing in dots.
fn png(svg: &str) -> Result<Vec<u8>> {
    let mut options = usvg::Options {
        font_family: "Noto Sans".to_owned(),
        ..usvg::Options::default()
    };
    let fonts = options.fontdb_mut();
    fonts.load_font_data(FONT.to_vec());
    fonts.set_sans_serif_family("Noto Sans");
    let tree = usvg::Tree::from_str(svg, &options).context("can't read the figure back")?;
    let size = tree.size().to_int_size();
    let mut dots = tiny_skia::Pixmap::new(size.width(), size.height())
        .ok_or_else(|| anyhow!("a figure without a size"))?;
    resvg::render(&tree, tiny_skia::Transform::default(), &mut dots.as_mut());
    dots.encode_png().context("can't encode PNG")
}
