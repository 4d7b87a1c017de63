//! `[compare]`: differences replication by replication, held against a loop over the rows.

use std::collections::BTreeMap;

use sysworld::statistics::Confidence;
use sysworld::statistics::holm::SMALLEST_P;
use sysworld::statistics::paired::{PairedCounts, mean_difference, proportion_difference};

use crate::sandbox::Sandbox;

const COMPARE: &str = "name = \"compare\"\nreplications = 900\n[factors]\n\
                       chaos_level = [\"low\", \"high\"]\nskill = [\"junior\", \"mid\", \"senior\"]\n\
                       [compare]\nfactor = \"skill\"\nbaseline = \"mid\"\n";

type Row = BTreeMap<String, String>;

fn number(row: &Row, name: &str) -> f64 {
    let cell = &row[name];
    cell.parse().unwrap_or_else(|_| panic!("{name} = `{cell}`"))
}

/// The rows of `runs` by skill and replication, of one chaos level.
fn runs(sandbox: &Sandbox, folder: &str, level: &str) -> BTreeMap<(String, u64), Row> {
    let mut found = BTreeMap::new();
    for path in sandbox.data(folder).keys() {
        let path = path.to_str().expect("text");
        if path.starts_with("runs/") && path.ends_with(".csv") {
            for row in sandbox.rows(&format!("{folder}/{path}")) {
                if row["chaos_level"] == level {
                    let replication = row["replication"].parse().expect("a number");
                    found.insert((row["skill"].clone(), replication), row);
                }
            }
        }
    }
    found
}

fn whole(row: &Row, name: &str) -> i64 {
    row[name].parse().expect("a whole number")
}

#[test]
fn differences_are_those_of_a_loop_over_the_rows() {
    let sandbox = Sandbox::new();
    let csv = format!("{COMPARE}[output]\nformats = [\"parquet\", \"csv\"]\n");
    sandbox.write("e.toml", &csv);
    sandbox.ok("run e.toml --quiet --out r");
    let c = Confidence::default();
    let rows = sandbox.rows("r/comparisons.csv");
    assert_eq!(rows.len(), 2 * 2 * 4);
    for row in &rows {
        let runs = runs(&sandbox, "r", &row["chaos_level"]);
        let of = |skill: &str, replication| &runs[&(skill.to_owned(), replication)];
        let pairs = (0..900).map(|i| (of(&row["skill"], i), of("mid", i)));
        let found = match row["estimate"].as_str() {
            "sla_miss" => {
                let mut counts = PairedCounts::default();
                for (a, b) in pairs {
                    *match (a["sla_met"] == "false", b["sla_met"] == "false") {
                        (true, true) => &mut counts.both,
                        (true, false) => &mut counts.point_only,
                        (false, true) => &mut counts.baseline_only,
                        (false, false) => &mut counts.neither,
                    } += 1;
                }
                proportion_difference(&counts, c)
            }
            "mttr_rounds" => {
                let summary = sandbox.rows("r/summary.csv");
                let mttr = |skill: &str| {
                    let mut rows = summary.iter();
                    let row = rows
                        .find(|s| s["chaos_level"] == row["chaos_level"] && s["skill"] == skill);
                    number(row.expect("the point"), "mttr_rounds")
                };
                assert_eq!(number(row, "value"), mttr(&row["skill"]));
                let difference = mttr(&row["skill"]) - mttr("mid");
                assert!((number(row, "difference") - difference).abs() < 1e-12);
                continue;
            }
            indicator => {
                let (name, scale) = match indicator {
                    "availability" => ("up_checks", 90),
                    _ => ("journey_up_rounds", 15),
                };
                let mut histogram: BTreeMap<i64, u64> = BTreeMap::new();
                for (a, b) in pairs {
                    *histogram
                        .entry(whole(a, name) - whole(b, name))
                        .or_default() += 1;
                }
                mean_difference(&histogram.into_iter().collect::<Vec<_>>(), scale, c)
            }
        };
        let found = found.expect("a difference");
        let interval = found.interval.expect("an interval");
        assert_eq!(number(row, "difference"), found.value);
        assert_eq!(number(row, "difference_lo"), interval.lo);
        assert_eq!(number(row, "difference_hi"), interval.hi);
        let p = found.p_value.expect("a p-value");
        assert_eq!(number(row, "p_value"), p.max(SMALLEST_P));
        assert!(number(row, "p_holm") >= number(row, "p_value"));
        // Common random numbers pay.
        assert!(number(row, "variance_reduction") > 1.0, "{row:?}");
    }
}

/// Without the table `runs` as Parquet the same differences come from what is kept for them; and
/// a comparison can be added to a sweep that is done, if it has `runs`.
#[test]
fn comparisons_do_not_depend_on_what_is_written() {
    let sandbox = Sandbox::new();
    let tables = |tables: &str| format!("{COMPARE}[output]\n{tables}\n");
    sandbox.write("runs.toml", COMPARE);
    sandbox.write("none.toml", &tables("tables = []"));
    sandbox.write("csv.toml", &tables("formats = [\"csv\"]"));
    let later = COMPARE.split("[compare]").next().expect("a text");
    sandbox.write("later.toml", later);
    let of = |folder: &str| sandbox.read(&format!("{folder}/comparisons.csv"));
    for name in ["runs", "none", "csv", "later"] {
        sandbox.ok(&format!("run {name}.toml --quiet --out {name}"));
    }
    assert!(!sandbox.path("later/comparisons.csv").exists());
    let parts = sandbox.data("later");
    sandbox.ok("run runs.toml --quiet --out later");
    for (path, bytes) in parts.iter().filter(|(path, _)| path.starts_with("runs")) {
        assert!(sandbox.data("later")[path] == *bytes, "{path:?}");
    }
    for name in ["none", "csv", "later"] {
        assert_eq!(of("runs"), of(name), "{name}");
    }
    // Where single replications were not kept, it is too late.
    sandbox.write("bare.toml", &format!("{later}[output]\ntables = []\n"));
    sandbox.ok("run bare.toml --quiet --out bare");
    let (code, said) = sandbox.fails("run none.toml --out bare");
    assert!(
        code == 2 && said.contains("compare: nothing in the folder"),
        "{said}"
    );
}

/// A factor that changes nothing has differences of exactly 0, with a p-value of 1.
#[test]
fn points_that_do_the_same_do_not_differ() {
    let sandbox = Sandbox::new();
    let text = "name = \"same\"\nreplications = 50\n[factors]\nbase_traffic = [1000, 2000]\n\
                [compare]\nfactor = \"base_traffic\"\nbaseline = 1000\n";
    sandbox.write("e.toml", text);
    sandbox.ok("run e.toml --quiet --out r");
    for row in sandbox.rows("r/comparisons.csv") {
        assert_eq!(number(&row, "difference"), 0.0);
        assert_eq!(row["variance_reduction"], "");
        if row["estimate"] != "mttr_rounds" {
            assert_eq!(number(&row, "p_value"), 1.0);
        }
    }
}

/// Worlds of unlike sizes are compared as shares: the mean difference is that of the means.
#[test]
fn worlds_of_unlike_sizes_are_compared_as_shares() {
    let sandbox = Sandbox::new();
    let small = "name = \"small\"\nextends = \"cloudinfra\"\nremove = [\"servers.db-replica\"]\n";
    sandbox.write("small.toml", small);
    let text = "name = \"sizes\"\nreplications = 300\n[factors]\nworld = [\"cloudinfra\", \"small.toml\"]\n\
                rounds = [15, 20]\n[compare]\nfactor = \"world\"\nbaseline = \"cloudinfra\"\n";
    sandbox.write("e.toml", text);
    sandbox.ok("run e.toml --quiet --out r");
    let summary = sandbox.rows("r/summary.csv");
    let rows = sandbox.rows("r/comparisons.csv");
    assert_eq!(rows.len(), 2 * 4);
    for row in rows.iter().filter(|row| row["estimate"] == "availability") {
        let mut points = summary.iter().filter(|s| s["rounds"] == row["rounds"]);
        let (a, b) = (
            points.next().expect("cloudinfra"),
            points.next().expect("small"),
        );
        let expected = number(b, "availability") - number(a, "availability");
        assert!((number(row, "difference") - expected).abs() < 1e-12);
    }
}
