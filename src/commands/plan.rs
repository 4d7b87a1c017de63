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
use sysworld::sweep::{Goal, Part, Plan, ROW_GROUP, RowGroup, Segment, simulate_part};

use super::shard_plan::{self, duration};
use super::{advise, answer_plan, load_design, print, print_json, recording_folder};
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
    match args.format {
        PlanFormat::Text => print(&text(args, &design)?),
        PlanFormat::Csv => print_csv(&design),
        PlanFormat::Json => {
            let all: Vec<usize> = (0..design.len()).collect();
            let pieces = all.chunks(ROW_GROUP);
            let table = pieces.map(|points| point_columns(&design, points).data());
            print_json(|out| report::json(out, table))
        }
    }
}

/// The design points as CSV.
fn print_csv(design: &Design) -> Result<()> {
    let all: Vec<usize> = (0..design.len()).collect();
    for points in all.chunks(ROW_GROUP) {
        let bytes = encode(&point_columns(design, points), Format::Csv)?;
        let text = String::from_utf8_lossy(&bytes);
        // The header stands once.
        let rows = text.split_once('\n').map_or("", |(_, rows)| rows);
        print(if points[0] == 0 { &text } else { rows })?;
    }
    Ok(())
}

/// The plan in words.
fn text(args: &cli::Plan, design: &Design) -> Result<String> {
    let plan = Plan::new(design, &[Goal::of(design)]);
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
    text.push_str(&looks(design));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let measured = pilot(design, &plan, budget(args))?;
    text.push_str(&measured.text(design, cores, args.pilot));
    let folder = recording_folder(args.recording.as_ref(), design);
    text.push_str(&answer_plan::text(design, &folder, cores)?);
    if let Some(of) = args.shards {
        text.push_str(&shard_plan::text(&plan, of, measured.seconds));
    }
    Ok(text)
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

impl Measured {
    /// Size, memory and time of a sweep.
    fn text(&self, design: &Design, cores: usize, piloted: bool) -> String {
        let how = match piloted {
            true => "by a pilot of a second",
            false => "roughly; --pilot measures for a second",
        };
        let (seconds, summary) = (self.seconds, &self.summary);
        format!(
            "size          {} of row tables, {} of summary tables ({how})\n\
             memory        at most about {}\n\
             time          {} of one core, {} on {cores}, and {} for the summary ({how})\n",
            size(self.bytes),
            size(summary.bytes),
            size(memory(design)),
            duration(seconds),
            duration(seconds / cores as f64),
            duration(summary.seconds),
        )
    }
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
    let (mut work, mut rows, mut seconds, mut bytes) = (0_u64, 0_u64, 0.0, 0.0);
    let mut counted: Vec<(usize, PointCounts)> = Vec::new();
    // Parts differ in cost, so the pilot takes them in leaps over the whole plan.
    let leap = (plan.parts.len() / 2 + 1).max(1) | 1;
    let mut at = 0;
    for _ in 0..plan.parts.len() {
        let part = &plan.parts[at];
        let taken = Sample::of(design, &beginning(design, part))?;
        bytes += match part.segments.len() {
            1 => taken.bytes_of(part.replications(), None),
            _ => {
                let segments = part.segments[..1].to_vec();
                let first = beginning(design, &Part { segments, ..*part });
                let first = Sample::of(design, &first)?;
                taken.bytes_of(part.replications(), Some(&first))
            }
        };
        rows += part.replications();
        work += taken.work;
        seconds += taken.seconds;
        counted.extend(taken.counts);
        at = (at + leap) % plan.parts.len();
        if begun.elapsed() > budget {
            break;
        }
    }
    let all: u64 = plan.parts.iter().map(Part::replications).sum();
    Ok(Measured {
        summary: summary_of(design, &counted)?,
        seconds: seconds * plan.work() as f64 / work.max(1) as f64,
        bytes: bytes * all as f64 / rows.max(1) as f64,
    })
}

/// The beginning of a part, done.
struct Sample {
    work: u64,
    rows: u64,
    bytes: usize,
    seconds: f64,
    counts: Vec<(usize, PointCounts)>,
}

impl Sample {
    fn of(design: &Design, part: &Part) -> Result<Self> {
        let begun = Instant::now();
        let mut bytes = 0;
        let mut counts: Vec<(usize, PointCounts)> = Vec::new();
        simulate_part(design, part, None, &AtomicBool::new(false), |rows| {
            if let RowGroup::Counts(rows) = rows {
                for (point, row) in rows {
                    if counts.last().is_none_or(|(last, _)| last != point) {
                        counts.push((*point, PointCounts::default()));
                    }
                    if let Some((_, counts)) = counts.last_mut() {
                        counts.absorb(row);
                    }
                }
                return Ok(());
            }
            for (_, frame) in row_tables(design, rows) {
                for format in &design.experiment().output.formats {
                    bytes += encode(&frame, *format)?.len();
                }
            }
            Ok(())
        })?;
        Ok(Self {
            work: part.work,
            rows: part.replications(),
            bytes,
            seconds: begun.elapsed().as_secs_f64(),
            counts,
        })
    }

    /// Bytes of a part with so many rows. A file has a share that does not grow with its rows; what that
    /// is, a smaller sample of the same part tells.
    fn bytes_of(&self, rows: u64, smaller: Option<&Self>) -> f64 {
        let (mut fixed, mut each) = (0.0, self.bytes as f64 / self.rows.max(1) as f64);
        if let Some(smaller) = smaller.filter(|smaller| smaller.rows < self.rows) {
            let more = self.bytes.saturating_sub(smaller.bytes) as f64;
            each = more / (self.rows - smaller.rows) as f64;
            fixed = (smaller.bytes as f64 - each * smaller.rows as f64).max(0.0);
        }
        fixed + each * rows as f64
    }
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

/// The first segments of a part, at most a row group of them: the size of a row depends on how many are
/// written together, and what a design point takes by itself on how many have one file.
fn beginning(design: &Design, part: &Part) -> Part {
    /// More tell nothing new.
    const POINTS: usize = 256;
    /// Long replications are taken one by one.
    const CHECKS: u64 = 3_000_000;
    let mut begun = Part {
        segments: Vec::new(),
        work: 0,
        ..*part
    };
    for segment in part.segments.iter().take(POINTS) {
        let checks = design.variation(segment.point).checks().max(1);
        let room = (ROW_GROUP as u64 - begun.replications())
            .min((CHECKS - begun.work.min(CHECKS)) / checks);
        let least = u64::from(begun.segments.is_empty());
        let count = segment.count.min(room.max(least));
        if count == 0 {
            break;
        }
        begun.segments.push(Segment { count, ..*segment });
        begun.work += count * checks;
    }
    begun
}

fn size(bytes: f64) -> String {
    match bytes {
        b if b < 1e6 => format!("{:.0} kB", b / 1e3),
        b if b < 1e9 => format!("{:.1} MB", b / 1e6),
        b => format!("{:.1} GB", b / 1e9),
    }
}
