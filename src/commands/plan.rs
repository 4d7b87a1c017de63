//! `plan`: what a sweep would do.

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::Result;
use sysworld::counts::PointCounts;
use sysworld::design::Design;
use sysworld::error::usage;
use sysworld::experiment::{Format, Overrides};
use sysworld::precision::Looks;
use sysworld::report;
use sysworld::results::{encode, point_columns, refuse_precision, row_tables};
use sysworld::summary::{self, PointSummary, Tables};
use sysworld::sweep::{Goal, Part, Plan, ROW_GROUP, RowGroup, simulate_part};

use super::shard_plan::{self, duration};
use super::{advise, load_design, print, print_json};
use crate::cli::{self, PlanFormat};

/// Points that are listed.
const MOST_LISTED: usize = 100;
/// How long the plan looks without a pilot.
const GLANCE: Duration = Duration::from_millis(50);
const PILOT: Duration = Duration::from_secs(1);

/// `plan EXPERIMENT`.
pub fn plan(args: &cli::Plan) -> Result<()> {
    let overrides = Overrides {
        replications: args.replications,
        seed: None,
        set: args.set.clone(),
    };
    let (design, sources) = load_design(&args.experiment, &overrides)?;
    advise(&design, &sources);
    if let Some(of) = args.shards {
        refuse_precision(&design)?;
        match args.format {
            PlanFormat::Text => {}
            PlanFormat::Csv => return Err(usage("--shards: shards are planned as text or JSON")),
            PlanFormat::Json => {
                let plan = Plan::new(&design, &[Goal::of(&design)]);
                let core_seconds = pilot(&design, &plan, budget(args))?.seconds;
                return shard_plan::print_json(&plan, of, core_seconds);
            }
        }
    }
    let all: Vec<usize> = (0..design.len()).collect();
    match args.format {
        PlanFormat::Text => {}
        PlanFormat::Csv => {
            for points in all.chunks(ROW_GROUP) {
                let bytes = encode(&point_columns(&design, points), Format::Csv)?;
                let text = String::from_utf8_lossy(&bytes);
                // The header stands once.
                let rows = text.split_once('\n').map_or("", |(_, rows)| rows);
                print(if points[0] == 0 { &text } else { rows })?;
            }
            return Ok(());
        }
        PlanFormat::Json => {
            let pieces = all.chunks(ROW_GROUP);
            let table = pieces.map(|points| point_columns(&design, points).data());
            return print_json(|out| report::json(out, table));
        }
    }
    let plan = Plan::new(&design, &[Goal::of(&design)]);
    let experiment = design.experiment();
    let mut text = format!("{}: {} design points\n\n", experiment.name, design.len());
    for point in 0..design.len().min(MOST_LISTED) {
        text.push_str(&format!(
            "{}  {}\n",
            design.key(point),
            design.describe(point)
        ));
    }
    if design.len() > MOST_LISTED {
        text.push_str(&format!("… and {} more\n", design.len() - MOST_LISTED));
    }
    let rows = design.len() as u64 * experiment.replications;
    text.push_str(&format!(
        "\nreplications  {} a point, {rows} in all (the rows of `runs`)\n\
         work          {} server-rounds in {} parts\n",
        experiment.replications,
        plan.work(),
        plan.parts.len()
    ));
    text.push_str(&looks(&design));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let Measured {
        seconds,
        bytes,
        summary,
    } = pilot(&design, &plan, budget(args))?;
    let how = if args.pilot {
        "by a pilot of a second"
    } else {
        "roughly; --pilot measures for a second"
    };
    text.push_str(&format!(
        "size          {} of row tables, {} of summary tables ({how})\n\
         memory        at most about {}\n\
         time          {} of one core, {} on {cores}, and {} for the summary ({how})\n",
        size(bytes),
        size(summary.bytes),
        size(memory(&design)),
        duration(seconds),
        duration(seconds / cores as f64),
        duration(summary.seconds),
    ));
    if let Some(of) = args.shards {
        text.push_str(&shard_plan::text(&plan, of, seconds));
    }
    print(&text)
}

/// How much further a precision may take the design points.
fn looks(design: &Design) -> String {
    let experiment = design.experiment();
    let lines = experiment.precision.iter().map(|precision| {
        let (first, most) = (experiment.replications, precision.max_replications);
        format!(
            "precision     {} ± {}: looked at after {first}, {}, {}, … replications; at most {most} a \
             point, {} in all\n",
            precision.estimate.name(),
            precision.half_width,
            first.saturating_mul(2).min(most),
            first.saturating_mul(4).min(most),
            most.saturating_mul(design.len() as u64),
        )
    });
    lines.collect()
}

fn budget(args: &cli::Plan) -> Duration {
    if args.pilot { PILOT } else { GLANCE }
}

struct Measured {
    seconds: f64,
    bytes: f64,
    summary: Summary,
}

/// What summarising takes.
struct Summary {
    seconds: f64,
    bytes: f64,
}

/// Bytes of memory of a run: what a small sweep takes, the row groups of the summary tables, and what
/// is known of every design point. Measured, see docs/performance.md.
pub(super) fn memory(design: &Design) -> f64 {
    let points = design.len() as f64;
    let factors = design.experiment().factors.iter();
    let levels: usize = factors.map(|factor| factor.levels.len()).sum();
    40e6 + 3e3 * points.min(ROW_GROUP as f64) + 160.0 * points + 250.0 * levels as f64
}

/// Simulates and encodes the beginnings of parts spread over the plan, in memory.
fn pilot(design: &Design, plan: &Plan, budget: Duration) -> Result<Measured> {
    let begun = Instant::now();
    let (mut work, mut rows, mut bytes) = (0_u64, 0_u64, 0_usize);
    let mut counted: Vec<(usize, PointCounts)> = Vec::new();
    // Parts differ in cost, so the pilot takes them in leaps over the whole plan.
    let leap = (plan.parts.len() / 2 + 1).max(1) | 1;
    let mut at = 0;
    for _ in 0..plan.parts.len() {
        let part = beginning(design, &plan.parts[at]);
        let mut counts = PointCounts::default();
        simulate_part(design, &part, &AtomicBool::new(false), |rows| {
            if let RowGroup::Counts(rows) = rows {
                rows.iter().for_each(|(_, row)| counts.absorb(row));
                return Ok(());
            }
            for (_, frame) in row_tables(design, rows) {
                for format in &design.experiment().output.formats {
                    bytes += encode(&frame, *format)?.len();
                }
            }
            Ok(())
        })?;
        counted.push((part.segments[0].point, counts));
        work += part.work;
        rows += part.replications();
        at = (at + leap) % plan.parts.len();
        if begun.elapsed() > budget {
            break;
        }
    }
    let all: u64 = plan.parts.iter().map(Part::replications).sum();
    let seconds = begun.elapsed().as_secs_f64();
    Ok(Measured {
        summary: summary_of(design, &counted)?,
        seconds: seconds * plan.work() as f64 / work.max(1) as f64,
        bytes: bytes as f64 * all as f64 / rows.max(1) as f64,
    })
}

/// What the summary of all design points takes, from that of some.
fn summary_of(design: &Design, counted: &[(usize, PointCounts)]) -> Result<Summary> {
    /// To read the counts of a point, and to write its rows.
    const SECONDS: f64 = 2e-5;
    let confidence = summary::confidence(design)?;
    let looks = Looks::of(design.experiment());
    let mut tables = Tables::new(design, |_| Ok(Vec::new()))?;
    let mut seconds = 0.0;
    for (point, counts) in counted {
        let begun = Instant::now();
        let row = PointSummary::new(design, *point, counts, confidence, &looks);
        seconds += begun.elapsed().as_secs_f64();
        tables.push(row)?;
    }
    let files = tables.finish(counted.iter().map(|(point, _)| *point), &[])?;
    // Parquet has a share that does not grow with the rows; of many rows it is a tenth of CSV.
    let csv = files.iter().filter(|(name, _)| name.ends_with(".csv"));
    let rows = csv.map(|(_, bytes)| {
        let header = bytes.iter().position(|byte| *byte == b'\n');
        bytes.len() - header.unwrap_or(0)
    });
    let share = design.len() as f64 / counted.len().max(1) as f64;
    let parquet = files.iter().filter(|(name, _)| name.ends_with(".parquet"));
    let parquet: usize = parquet.map(|(_, bytes)| bytes.len()).sum();
    Ok(Summary {
        seconds: seconds * share + SECONDS * design.len() as f64,
        bytes: 1.1 * rows.sum::<usize>() as f64 * share + parquet as f64,
    })
}

/// At most the first row group of a part's first segment: the size of a row depends on how many are
/// written together.
fn beginning(design: &Design, part: &Part) -> Part {
    let mut segment = part.segments[0];
    let checks = design.variation(segment.point).checks().max(1);
    // Long replications are taken one by one.
    let group = ROW_GROUP as u64;
    segment.count = segment.count.min(group).min((3_000_000 / checks).max(1));
    Part {
        id: part.id,
        segments: vec![segment],
        work: segment.count * checks,
    }
}

fn size(bytes: f64) -> String {
    match bytes {
        b if b < 1e6 => format!("{:.0} kB", b / 1e3),
        b if b < 1e9 => format!("{:.1} MB", b / 1e6),
        b => format!("{:.1} GB", b / 1e9),
    }
}
