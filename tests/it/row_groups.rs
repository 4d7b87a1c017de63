//! A part is written as its rows come: what a file holds does not tell, what memory holds does.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use polars_io::csv::write::CsvWriter;
use polars_io::parquet::read::ParquetReader;
use polars_io::{SerReader, SerWriter};
use sysworld::design::Design;
use sysworld::diagnostics::Sources;
use sysworld::experiment::Experiment;
use sysworld::sweep::{Goal, Plan, ROW_GROUP, RowGroup, Segment, simulate_part};

use crate::sandbox::Sandbox;

/// Parts of more than a row group, with design points that end within one, and a world without a
/// journey.
const SWEEP: &str = r#"
name = "groups"
replications = 30_011
[factors]
world = ["cloudinfra", "agentos-classic"]
rounds = [1, 6]
chaos_multiplier = [0, 10]
[output]
tables = ["runs", "incidents", "rounds"]
formats = ["parquet", "csv"]
"#;

fn files(sandbox: &Sandbox, folder: &str) -> Vec<String> {
    let data = sandbox.data("r");
    let names = data.keys().filter_map(|path| path.to_str());
    let names = names.filter(|name| name.starts_with(folder) && name.ends_with(".parquet"));
    names.map(|name| format!("r/{name}")).collect()
}

/// Row groups have so many rows, and what is left of a part is the last.
#[test]
fn row_groups_have_one_size() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", SWEEP);
    sandbox.ok("run e.toml --quiet --out r");
    for folder in ["runs/", "incidents/", "rounds/"] {
        let mut whole = 0;
        for name in files(&sandbox, folder) {
            let mut reader = ParquetReader::new(File::open(sandbox.path(&name)).expect("a part"));
            let groups = &reader.get_metadata().expect("a table").row_groups;
            let rows: Vec<usize> = groups.iter().map(|group| group.num_rows()).collect();
            // Where nothing strikes there are no incidents, and so no row group.
            let Some((last, first)) = rows.split_last() else {
                assert_eq!(folder, "incidents/");
                continue;
            };
            assert!(first.iter().all(|n| *n == ROW_GROUP), "{name} {rows:?}");
            assert!((1..=ROW_GROUP).contains(last), "{name} {rows:?}");
            whole += first.len();
        }
        assert!(whole > 0, "no file of {folder} has two row groups");
    }
}

/// Both formats of a part say the same, to the last bit: what is coded or written as steps in
/// Parquet is what CSV has in full.
#[test]
fn both_formats_say_the_same() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", SWEEP);
    sandbox.ok("run e.toml --quiet --out r");
    for name in ["runs/", "incidents/", "rounds/"]
        .iter()
        .flat_map(|folder| files(&sandbox, folder))
    {
        let file = File::open(sandbox.path(&name)).expect("a part");
        let mut rows = ParquetReader::new(file).finish().expect("a table");
        let mut text = Vec::new();
        CsvWriter::new(&mut text).finish(&mut rows).expect("text");
        let csv = sandbox.read(&name.replace(".parquet", ".csv"));
        assert!(csv.as_bytes() == text, "{name}");
    }
}

/// No more than a row group is handed on at a time, in the order of the part, all of it, and only
/// the last may be smaller; also of long replications, whose rows come by the thousand.
#[test]
fn no_more_than_a_row_group_is_in_flight() {
    let text = "name = \"e\"\nreplications = 35\n[factors]\nrounds = [10_000]\n\
                skill = [\"junior\", \"senior\"]\n[output]\ntables = [\"rounds\"]\n";
    let parsed = Experiment::parse("e.toml", text, Path::new(""), &mut Sources::default());
    let design = parsed.and_then(Design::new).expect("a good experiment");
    let plan = Plan::new(&design, &[Goal::of(&design)]);
    let mut parts = 0;
    for part in &plan.parts {
        let (mut sizes, mut rounds) = (Vec::new(), Vec::new());
        let mut segments: Vec<Segment> = Vec::new();
        simulate_part(&design, part, None, &AtomicBool::new(false), |rows| {
            match rows {
                RowGroup::Runs(runs) => segments.extend(&runs.segments),
                RowGroup::Incidents(_) | RowGroup::Decisions(_) => unreachable!("not asked for"),
                RowGroup::Counts(_) => {}
                RowGroup::Rounds(rows) => {
                    sizes.push(rows.len());
                    rounds.extend(rows.iter().map(|r| (r.point, r.replication, r.round)));
                }
            }
            Ok(())
        })
        .expect("a part");
        assert_eq!(segments, part.segments);
        let (last, first) = sizes.split_last().expect("rows");
        assert!(first.iter().all(|size| *size == ROW_GROUP), "{sizes:?}");
        assert!((1..=ROW_GROUP).contains(last), "{sizes:?}");
        assert!(rounds.is_sorted_by(|a, b| a < b));
        assert_eq!(rounds.len() as u64, part.replications() * 10_000);
        parts += usize::from(sizes.len() > 1);
    }
    assert!(parts > 0, "no part has two row groups");
}
