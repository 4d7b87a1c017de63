//! `plan --shards`: what each shard would do, and how many suit.

use anyhow::Result;
use serde::Serialize;
use sysworld::sweep::{Plan, Shard};

/// What a shard has to do.
#[derive(Serialize)]
struct ShardPlan {
    /// As `2/7`.
    shard: String,
    parts: usize,
    /// In server-rounds.
    work: u64,
    /// Of the whole work.
    share: f64,
}

/// What each of N shards has to do.
fn shards(plan: &Plan, of: u32) -> Vec<ShardPlan> {
    let all = plan.work().max(1) as f64;
    let mut shards: Vec<ShardPlan> = (1..=of)
        .map(|index| ShardPlan {
            shard: Shard { index, of }.to_string(),
            parts: 0,
            work: 0,
            share: 0.0,
        })
        .collect();
    for (position, part) in plan.parts.iter().enumerate() {
        let shard = &mut shards[Shard::of_position(position, of).index as usize - 1];
        shard.parts += 1;
        shard.work += part.work;
        shard.share = shard.work as f64 / all;
    }
    shards
}

/// The same for people, with what to make of it.
pub fn text(plan: &Plan, of: u32, core_seconds: f64) -> String {
    let mut text = "\nshard  parts  share of the work\n".to_owned();
    for shard in shards(plan, of) {
        let share = 100.0 * shard.share;
        text.push_str(&format!(
            "{:<6} {:>5}  {share:.1} %\n",
            shard.shard, shard.parts
        ));
    }
    text + &advice(plan.parts.len(), of, core_seconds)
}

/// The same as JSON, with what the text advises.
pub fn print_json(plan: &Plan, of: u32, core_seconds: f64) -> Result<()> {
    #[derive(Serialize)]
    struct Shards {
        parts: usize,
        work: u64,
        core_seconds: f64,
        suggested_shards: usize,
        empty_shards: usize,
        shards: Vec<ShardPlan>,
    }
    let parts = plan.parts.len();
    let planned = Shards {
        parts,
        work: plan.work(),
        core_seconds,
        suggested_shards: good_number(parts, core_seconds),
        empty_shards: (of as usize).saturating_sub(parts),
        shards: shards(plan, of),
    };
    super::print_json(|out| Ok(serde_json::to_writer_pretty(out, &planned)?))
}

/// Whether some shards have nothing to do, and how many would take about ten minutes each.
fn advice(parts: usize, of: u32, core_seconds: f64) -> String {
    let warning = empty_shards(parts, of).map(|warning| format!("\n{warning}\n"));
    let good = good_number(parts, core_seconds);
    format!(
        "{}\nShards of 5 to 15 minutes suit most schedulers: here {good} of one core, {} each\n",
        warning.unwrap_or_default(),
        duration(core_seconds / good as f64)
    )
}

/// How many shards of one core take about ten minutes each.
fn good_number(parts: usize, core_seconds: f64) -> usize {
    ((core_seconds / SECONDS_OF_A_SHARD).ceil() as usize).clamp(1, parts.max(1))
}

/// A warning, if some shards have nothing to do.
pub fn empty_shards(parts: usize, of: u32) -> Option<String> {
    let empty = (of as usize).saturating_sub(parts);
    (empty > 0).then(|| {
        format!("warning: {of} shards on {parts} parts leave {empty} empty; use at most {parts}")
    })
}

/// In the middle of 5 to 15 minutes: starting a job costs little of it, and losing one too.
const SECONDS_OF_A_SHARD: f64 = 600.0;

/// A time for people.
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 120.0 => format!("{s:.1} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}
