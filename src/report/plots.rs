//! The main figures as files for a paper: SVG, and the same drawing as PNG.

use anyhow::{Context, Result, anyhow};
use resvg::{tiny_skia, usvg};

use super::chart::{Chart, Line, Mark};
use super::data::{Point, Report};
use super::indicators::Indicator;
use super::numbers::{grouped, percent};
use crate::results::{FIGURES, Held, PLOTS};

/// Combinations of the factors that are neither on x nor a colour; each has figures of its own.
const MOST_PANELS: usize = 12;
/// A subset of Noto Sans, so that the same letters come out on a machine without fonts; its
/// licence is beside it.
const FONT: &[u8] = include_bytes!("NotoSans-subset.ttf");

/// Writes the figures into `plots` of a results folder; returns their names, and what is left out.
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
    let [indicators @ .., curve] = FIGURES;
    let mut charts: Vec<(&'static str, Chart)> = report
        .indicators
        .iter()
        .filter(|indicator| indicators.contains(&indicator.key))
        .filter_map(|indicator| Some((indicator.key, curves(report, &here, indicator, &place)?)))
        .collect();
    charts.extend(survival(report, &here, &place).map(|chart| (curve, chart)));
    charts
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
    let axes = &report.axes;
    let factor = axes.x?;
    let axis = &axes.factors[factor];
    let at = |point: &Point| {
        let level = point.levels[factor];
        axis.levels[level]
            .number()
            .filter(|_| axis.numeric)
            .unwrap_or(level as f64)
    };
    let marks = |point: &&&Point| {
        let estimate = point.estimates.get(of.key)?;
        Some(Mark {
            x: at(point),
            y: of.scale * estimate.value?,
            interval: estimate
                .interval()
                .map(|i| [of.scale * i.lo, of.scale * i.hi]),
            tick: false,
        })
    };
    // Between categories there is nothing that a line could pass through.
    let joined = axis.numeric && !axes.sampled;
    let lines = lines(report, here, |own| {
        let mut marks: Vec<Mark> = own.iter().filter_map(|point| marks(&point)).collect();
        marks.sort_by(|a, b| a.x.total_cmp(&b.x));
        marks
    });
    if lines.iter().all(|line| line.marks.is_empty()) {
        return None;
    }
    let methods = methods(here, of.key);
    let caption = format!(
        "{} against {}{}{place}. {} Bars{} are {} % intervals ({methods}). {}",
        of.label,
        axis.label,
        axes.series.map_or(String::new(), |s| format!(
            " for each {}",
            axes.factors[s].label
        )),
        of.about,
        if joined { " and bands" } else { "" },
        percent(report.confidence),
        source(report, here),
    );
    Some(Chart {
        title: format!("{}{place}", of.label),
        caption,
        x_label: axis.label.clone(),
        y_label: format!("{} ({})", of.label, of.unit),
        ticks: (!axis.numeric).then(|| axis.labels.clone()),
        y_range: match of.key {
            "sla_miss" => [Some(0.0), Some(100.0)],
            "availability" => [None, Some(100.0)],
            _ => [Some(0.0), None],
        },
        joined,
        steps: false,
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
            x: f64::from(step.0) / 2.0,
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
        lines,
    })
}

/// One line a level of the series factor, else one.
fn lines(report: &Report, here: &[&Point], marks: impl Fn(&[&Point]) -> Vec<Mark>) -> Vec<Line> {
    let Some(series) = report.axes.series else {
        return vec![Line {
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
                label: label.clone(),
                marks: marks(&own),
            }
        })
        .collect()
}

/// The methods of the intervals of an estimate, in words.
fn methods(here: &[&Point], key: &str) -> String {
    let estimates = here.iter().filter_map(|point| point.estimates.get(key));
    let known = estimates.filter(|estimate| estimate.interval().is_some());
    let mut names: Vec<String> = known.map(|estimate| method(estimate.method)).collect();
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
        "{}; n = {n} replications a point.{common} Experiment {}, seed {}, sysworld {}.",
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
