//! The summary against the rows: by a plain loop, and by polars, exactly.

use std::collections::BTreeMap;
use std::fs::File;

use polars_core::prelude::{ChunkCompareEq, DataFrame};
use polars_io::SerReader;
use polars_io::parquet::read::ParquetReader;

use crate::sandbox::Sandbox;

const SWEEP: &str = r#"
name = "rows"
replications = 3_000
[factors]
chaos_level = ["low", "extreme"]
skill = ["junior", "senior"]
[output]
formats = ["parquet", "csv"]
"#;

/// Columns of `runs` whose sums are columns of `summary`.
pub const TOTALS: [&str; 10] = [
    "events",
    "incidents",
    "incidents_open",
    "alerts",
    "alerts_handled",
    "misdiagnoses",
    "actions",
    "actions_failed",
    "actions_blocked",
    "overwhelmed_rounds",
];

fn parts(sandbox: &Sandbox, ending: &str) -> Vec<String> {
    let data = sandbox.data("r");
    let names = data.keys().filter_map(|path| path.to_str());
    let runs = names.filter(|name| name.starts_with("runs/") && name.ends_with(ending));
    runs.map(|name| format!("r/{name}")).collect()
}

#[test]
fn the_summary_is_that_of_the_rows() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", SWEEP);
    sandbox.ok("run e.toml --quiet --out r");

    let mut by_loop: BTreeMap<(String, &str), u64> = BTreeMap::new();
    for part in parts(&sandbox, ".csv") {
        for row in sandbox.rows(&part) {
            let point = &row["point"];
            let mut add = |name, value: u64| {
                *by_loop.entry((point.clone(), name)).or_default() += value;
            };
            for name in TOTALS.into_iter().chain(["up_checks", "journey_up_rounds"]) {
                add(name, row[name].parse().expect("a whole number"));
            }
            add("sla_missed", u64::from(row["sla_met"] == "false"));
            add("n", 1);
        }
    }

    let mut by_polars: BTreeMap<(String, &str), u64> = BTreeMap::new();
    for part in parts(&sandbox, ".parquet") {
        let file = File::open(sandbox.path(&part)).expect("a part");
        let rows: DataFrame = ParquetReader::new(file).finish().expect("a table");
        for (point, name) in by_loop.keys() {
            let keys = rows.column("point").and_then(|c| c.str()).expect("keys");
            let own = rows.filter(&keys.equal(point.as_str())).expect("rows");
            let sum = match *name {
                "n" => own.height() as u64,
                "sla_missed" => {
                    let met = own.column("sla_met").and_then(|c| c.bool()).expect("flags");
                    own.height() as u64 - u64::from(met.sum().unwrap_or(0))
                }
                name => {
                    let column = own.column(name).expect("a column");
                    column.as_materialized_series().sum().unwrap_or(0)
                }
            };
            *by_polars.entry((point.clone(), *name)).or_default() += sum;
        }
    }
    assert_eq!(by_loop, by_polars);

    for row in sandbox.rows("r/summary.csv") {
        let sum = |name| by_loop[&(row["point"].clone(), name)];
        for name in TOTALS.into_iter().chain(["sla_missed", "n"]) {
            assert_eq!(row[name], sum(name).to_string(), "{name}");
        }
        // A mean is one division of two whole numbers.
        let n = sum("n") as f64;
        let read = |name: &str| row[name].parse::<f64>().expect("a number");
        assert_eq!(read("availability"), sum("up_checks") as f64 / (n * 90.0));
        let journey = sum("journey_up_rounds") as f64 / (n * 15.0);
        assert_eq!(read("journey_availability"), journey);
        assert_eq!(read("sla_miss"), sum("sla_missed") as f64 / n);
    }
}
