//! `[[precision]]`: where a sweep stops is a function of its counts, and nothing else.

use std::collections::BTreeMap;
use std::fs;

use sysworld::statistics::Confidence;
use sysworld::statistics::sequence::beta_binomial_sequence;

use crate::sandbox::Sandbox;

const FIRST: u64 = 200;
const CAP: u64 = 3000;
const HALF_WIDTH: f64 = 0.04;

fn experiment(half_width: f64) -> String {
    format!(
        "name = \"precise\"\nreplications = {FIRST}\n[factors]\n\
         chaos_level = [\"low\", \"extreme\"]\nskill = [\"junior\", \"senior\"]\n\
         [[precision]]\nestimate = \"sla_miss\"\nhalf_width = {half_width}\n\
         max_replications = {CAP}\n[output]\nformats = [\"parquet\", \"csv\"]\n"
    )
}

/// By design point: whether each replication missed the SLA.
fn missed(sandbox: &Sandbox, folder: &str) -> BTreeMap<String, BTreeMap<u64, bool>> {
    let mut found: BTreeMap<String, BTreeMap<u64, bool>> = BTreeMap::new();
    for entry in fs::read_dir(sandbox.path(&format!("{folder}/runs"))).expect("runs") {
        let name = entry.expect("an entry").file_name();
        let name = name.to_str().expect("text");
        if name.ends_with(".csv") {
            for row in sandbox.rows(&format!("{folder}/runs/{name}")) {
                let replication = row["replication"].parse().expect("a number");
                let of_point = found.entry(row["point"].clone()).or_default();
                of_point.insert(replication, row["sla_met"] == "false");
            }
        }
    }
    found
}

fn half_width(missed: &BTreeMap<u64, bool>, n: u64) -> f64 {
    let count = missed.range(..n).filter(|(_, missed)| **missed).count();
    let estimate = beta_binomial_sequence(count as u64, n, FIRST, Confidence::default());
    let estimate = estimate.expect("replications");
    let interval = estimate.interval.expect("an interval");
    (interval.hi - estimate.value).max(estimate.value - interval.lo)
}

/// Each point stops at the first of 200, 400, 800, … replications at which the half-width is
/// reached, or at the cap, and its interval is that of the sequence.
#[test]
fn a_point_stops_at_the_first_look_that_is_precise_enough() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", &experiment(HALF_WIDTH));
    sandbox.ok("run e.toml --quiet --out r");
    let missed = missed(&sandbox, "r");
    let rows = sandbox.rows("r/summary.csv");
    let mut stopped = Vec::new();
    for row in &rows {
        let of_point = &missed[&row["point"]];
        let mut n = FIRST;
        while n < CAP && half_width(of_point, n) > HALF_WIDTH {
            n = (2 * n).min(CAP);
        }
        assert_eq!(row["n"], n.to_string());
        assert_eq!(of_point.len() as u64, n);
        assert_eq!(row["sla_miss_method"], "beta_binomial_sequence");
        let [value, lo, hi] = ["sla_miss", "sla_miss_lo", "sla_miss_hi"]
            .map(|name| row[name].parse::<f64>().expect("a number"));
        assert_eq!((hi - value).max(value - lo), half_width(of_point, n));
        stopped.push(n);
    }
    stopped.sort();
    assert!(
        stopped[0] < stopped[3],
        "all points stop alike: {stopped:?}"
    );
}

/// Threads and kills change nothing; the looks are breadth first.
#[test]
fn looks_do_not_depend_on_threads_or_kills() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", &experiment(HALF_WIDTH));
    sandbox.ok("run e.toml --quiet --threads 1 --out whole");
    sandbox.ok("verify whole");
    let whole = sandbox.data("whole");
    sandbox.ok("run e.toml --quiet --threads 3 --out threads");
    assert!(sandbox.data("threads") == whole);

    // Every part of the first look and then of each later one in turn is lost, as after a kill.
    let text = sandbox.read("whole/manifest.json");
    let manifest: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let looks = manifest["looks"].as_array().expect("looks").clone();
    let sizes: Vec<u64> = looks
        .iter()
        .map(|look| look["replications"].as_u64().expect("a number"))
        .collect();
    assert!(sizes.len() > 2 && sizes.is_sorted(), "{sizes:?}");
    let ledger = sandbox.read("whole/ledger.jsonl");
    let parts = whole
        .keys()
        .filter(|path| path.starts_with("counts"))
        .count();
    assert_eq!(ledger.lines().count(), parts, "each part is made once");
    let replications: u64 = sandbox
        .rows("whole/summary.csv")
        .iter()
        .map(|row| row["n"].parse::<u64>().expect("a number"))
        .sum();
    assert_eq!(manifest["facts"]["replications"], replications);
    for kept in 0..ledger.lines().count() {
        let lines: Vec<&str> = ledger.lines().take(kept).collect();
        fs::write(sandbox.path("whole/ledger.jsonl"), lines.join("\n")).expect("written");
        sandbox.ok("run e.toml --quiet --out whole");
        assert!(sandbox.data("whole") == whole, "after {kept} parts");
    }
}

/// A sweep that was killed before its first look was written goes on to the same looks.
#[test]
fn a_sweep_without_its_looks_makes_them_again() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "plain.toml",
        &experiment(HALF_WIDTH).replace(&format!("= {HALF_WIDTH}"), "= 0.49"),
    );
    sandbox.ok("run plain.toml --quiet --out grown");
    assert_eq!(sandbox.rows("grown/summary.csv")[0]["n"], FIRST.to_string());
    sandbox.write("e.toml", &experiment(HALF_WIDTH));
    sandbox.ok("run e.toml --quiet --out grown");
    sandbox.ok("run e.toml --quiet --out fresh");
    assert!(sandbox.data("grown") == sandbox.data("fresh"));
    // What was decided by looking can't be taken back, nor begin elsewhere.
    let without = experiment(HALF_WIDTH)
        .split("[[precision]]")
        .next()
        .map(str::to_owned);
    sandbox.write("without.toml", &without.expect("a text"));
    let (code, said) = sandbox.fails("run without.toml --out grown");
    assert!(code == 2 && said.contains("precision"), "{said}");
    let (code, said) = sandbox.fails("run e.toml --replications 400 --out grown");
    assert!(
        code == 2 && said.contains("replications: 200 in the folder, 400 now"),
        "{said}"
    );
}

#[test]
fn shards_and_a_precision_exclude_each_other() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", &experiment(HALF_WIDTH));
    let (code, said) = sandbox.fails("run e.toml --shard 1/2");
    assert_eq!(code, 2);
    assert!(
        said.contains("without --shard, or without [[precision]]"),
        "{said}"
    );
    assert!(!sandbox.path("results").exists());
}
