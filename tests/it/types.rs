//! The type of a column follows from what it is, not from how its values were spelled.

use std::fs::File;

use polars_core::prelude::DataType;
use polars_io::SerReader;
use polars_io::parquet::read::ParquetReader;

use crate::sandbox::{Sandbox, shipped};

/// The columns of a Parquet file with their types.
fn columns(sandbox: &Sandbox, name: &str) -> Vec<(String, DataType)> {
    let file = File::open(sandbox.path(name)).expect("a table");
    let data = ParquetReader::new(file).finish().expect("readable");
    let columns = data.columns().iter();
    columns
        .map(|column| (column.name().to_string(), column.dtype().clone()))
        .collect()
}

/// Whole numbers refined to fractions extend a sweep, and end with the bytes of a fresh one.
#[test]
fn a_number_factor_is_a_float_however_it_is_spelled() {
    let sandbox = Sandbox::new();
    let write = |levels: &str| {
        let text = format!(
            "name = \"e\"\nreplications = 20\n[factors]\nchaos_multiplier = {levels}\n\
             rounds = [15]\n\"sla.indicator\" = [\"availability\"]\n"
        );
        sandbox.write("e.toml", &text)
    };
    write("[1, 2, 3]");
    sandbox.ok("run e.toml --quiet --out r");
    write("[1.0, 1.5, 2.0, 3]");
    sandbox.ok("run e.toml --quiet --out r");
    sandbox.ok("run e.toml --quiet --out fresh");
    assert_eq!(
        sandbox.read("r/summary.csv"),
        sandbox.read("fresh/summary.csv")
    );
    let types = columns(&sandbox, "r/summary.parquet");
    let of = |wanted: &str| {
        types
            .iter()
            .find(|(name, _)| name == wanted)
            .expect("it is there")
    };
    assert_eq!(of("chaos_multiplier").1, DataType::Float64);
    assert_eq!(of("rounds").1, DataType::Float64);
    assert_eq!(of("sla.indicator").1, DataType::String);
    // What was read again from the manifest simulates the same world.
    sandbox.ok("replay r --at chaos_multiplier=2,rounds=15 --quiet");
    sandbox.ok("replay r --at chaos_multiplier=2.0,rounds=15.0 --quiet");
}

/// A difference of two counts can be negative: no table has an unsigned column. A key is a text for
/// every reader.
#[test]
fn counts_are_signed_and_keys_begin_with_a_letter() {
    let sandbox = Sandbox::new();
    let tables = "[output]\ntables = [\"runs\", \"incidents\", \"rounds\"]\n\
                  [compare]\nfactor = \"skill\"\nbaseline = \"mid\"\n\
                  [factors]\nskill = [\"mid\", \"senior\"]\n";
    sandbox.write(
        "e.toml",
        &format!("name = \"e\"\nreplications = 50\n{tables}"),
    );
    sandbox.ok("run e.toml --quiet --out r");
    let mut seen = 0;
    for path in sandbox.data("r").keys() {
        let name = format!("r/{}", path.display());
        if !name.ends_with(".parquet") {
            continue;
        }
        for (column, kind) in columns(&sandbox, &name) {
            let unsigned = [
                DataType::UInt8,
                DataType::UInt16,
                DataType::UInt32,
                DataType::UInt64,
            ];
            assert!(!unsigned.contains(&kind), "{name}: {column} is {kind}");
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen} columns");
    for row in sandbox.rows("r/design.csv") {
        let digits = row["point"].strip_prefix('p').expect("a letter in front");
        assert_eq!(
            (digits.len(), u64::from_str_radix(digits, 16).is_ok()),
            (16, true)
        );
        sandbox.ok(&format!("replay r --point {} --quiet", row["point"]));
    }
    let (code, said) = sandbox.fails("replay r --point 0123456789abcdef");
    assert_eq!(code, 2);
    assert!(said.contains("no design point"), "{said}");
    let experiment = shipped("experiments/sla_vs_chaos.toml");
    let json = sandbox.ok(&format!(
        "run {experiment} --replications 10 --format json --out j"
    ));
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(
        (
            &json["summary"][0]["n"],
            json["summary"][0]["events"].is_i64()
        ),
        (&10.into(), true)
    );
}
