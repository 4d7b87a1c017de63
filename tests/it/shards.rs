//! Shards in any order give the bytes of one run, and a sweep grows without touching what it has.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::sandbox::Sandbox;

const SWEEP: &str = r#"
name = "sweep"
replications = 7_000
[factors]
chaos_level = ["low", "extreme"]
skill = ["junior", "senior"]
[output]
formats = ["csv"]
"#;

/// 7 shards in one folder or in seven, in any order, one twice, with 1 to 8 threads, merged: the
/// bytes of one run.
#[test]
fn seven_shards_are_one_run() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", SWEEP);
    sandbox.ok("run e.toml --quiet --out whole --threads 1");
    let whole = sandbox.data("whole");
    for threads in [2, 3, 8] {
        let out = format!("whole-{threads}");
        sandbox.ok(&format!(
            "run e.toml --quiet --out {out} --threads {threads}"
        ));
        assert!(sandbox.data(&out) == whole, "{threads} threads");
    }
    for (i, threads) in [(5, 1), (2, 2), (7, 3), (2, 8), (1, 1), (6, 2), (3, 8)] {
        let run = format!("run e.toml --quiet --shard {i}/7 --threads {threads}");
        sandbox.ok(&format!("{run} --out shared"));
        sandbox.ok(&format!("{run} --out own-{i}"));
    }
    assert_eq!(sandbox.ok("status shared --missing --shards 7"), "4\n");
    let (code, said) = sandbox.fails("merge shared");
    assert!(
        code == 1 && said.contains("part 00-000003 is missing"),
        "{said}"
    );
    let named = "shard 4 of 7 is not finished: `run` with --shard 4/7 goes on";
    assert!(said.contains(named), "{said}");
    let (code, said) = sandbox.fails("merge own-1 own-6 own-7 --out joined");
    let named = "shards 2-5 of 7 are not finished: `run` with --shard 2/7 goes on";
    assert!(code == 1 && said.contains(named), "{said}");
    assert!(!sandbox.path("shared/summary.csv").exists());
    sandbox.ok("run e.toml --quiet --shard 4/7 --out shared");
    sandbox.ok("run e.toml --quiet --shard 4/7 --out own-4");
    sandbox.ok("merge shared");
    assert!(sandbox.data("shared") == whole);
    sandbox.ok("verify shared");
    let all = "merge own-3 own-1 own-7 own-2 own-5 own-6 own-4 --out joined";
    sandbox.ok("run e.toml --quiet --shard 1/7 --seed 7 --out foreign");
    let (code, said) = sandbox.fails(&all.replace("own-1", "foreign"));
    assert!(code == 2 && said.contains("foreign hold"), "{said}");
    let hurt = sandbox.path("own-5/runs/part-00-000004.csv");
    let bytes = fs::read(&hurt).expect("the part is there");
    fs::write(&hurt, &bytes[1..]).expect("written");
    let (code, said) = sandbox.fails(all);
    assert!(
        code == 1 && said.contains("own-5: runs/part-00-000004.csv"),
        "{said}"
    );
    assert!(!sandbox.path("joined").exists(), "a refused merge wrote");
    fs::write(&hurt, &bytes).expect("written");
    sandbox.ok(all);
    assert!(sandbox.data("joined") == whole);
    // What a merge that was cut short leaves is gone on with, by a merge or by a run.
    for again in [all, "run e.toml --quiet --out joined"] {
        fs::remove_file(sandbox.path("joined/ledger.jsonl")).expect("removed");
        fs::remove_file(sandbox.path("joined/runs/part-00-000006.csv")).expect("removed");
        sandbox.ok(again);
        assert!(sandbox.data("joined") == whole, "{again}");
    }
}

/// Parts of a folder, as rows in an order of their own.
fn sorted_rows(sandbox: &Sandbox, folder: &str) -> Vec<String> {
    let parts = sandbox.data(folder);
    let runs = parts.iter().filter(|(path, _)| path.starts_with("runs"));
    let mut rows: Vec<String> = runs
        .flat_map(|(_, bytes)| {
            String::from_utf8_lossy(bytes)
                .into_owned()
                .lines()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .filter(|line| !line.starts_with("point,"))
        .collect();
    rows.sort();
    rows
}

/// More replications and a level in the middle: old parts keep inode, time and bytes, and the
/// tables are those of a fresh run; also when the first generation was not finished.
#[test]
fn a_sweep_grows() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", SWEEP);
    let more = SWEEP.replace("7_000", "9_000");
    sandbox.write("more.toml", &more);
    let wide = more.replace("\"junior\",", "\"junior\", \"mid\",");
    sandbox.write("wide.toml", &wide);
    sandbox.ok("run wide.toml --quiet --out fresh");
    let fresh = sandbox.data("fresh");
    for folder in ["grown", "torn"] {
        sandbox.ok(&format!("run e.toml --quiet --out {folder}"));
        if folder == "torn" {
            fs::remove_file(sandbox.path("torn/runs/part-00-000002.csv")).expect("there");
        }
        let old: Vec<_> = sandbox
            .data(folder)
            .into_keys()
            .filter(|p| p.parent() != Some("".as_ref()))
            .collect();
        let state = || -> Vec<_> {
            let paths = old.iter().filter(|path| {
                !path.ends_with("part-00-000002.csv") && !path.ends_with("part-00-000002.parquet")
            });
            paths
                .map(|path| {
                    let facts = fs::metadata(sandbox.path(folder).join(path)).expect("an old part");
                    (facts.ino(), facts.mtime(), facts.mtime_nsec(), facts.len())
                })
                .collect()
        };
        let before = state();
        sandbox.ok(&format!("run more.toml --quiet --out {folder}"));
        sandbox.ok(&format!("run wide.toml --quiet --out {folder}"));
        assert!(state() == before, "{folder}: an old part was touched");
        let grown = sandbox.data(folder);
        for table in ["design", "summary", "ttr"] {
            for ending in ["csv", "parquet"] {
                let name = std::path::PathBuf::from(format!("{table}.{ending}"));
                assert!(grown[&name] == fresh[&name], "{folder}: {table}.{ending}");
            }
        }
        assert!(sorted_rows(&sandbox, folder) == sorted_rows(&sandbox, "fresh"));
        sandbox.ok(&format!("verify {folder}"));
    }
}

/// What is not an extension is refused with the difference, and nothing is touched; `--force`
/// replaces the sweep and keeps the user's own files.
#[test]
fn what_does_not_extend_is_refused() {
    let sandbox = Sandbox::new();
    let small = SWEEP.replace("7_000", "50");
    sandbox.write("e.toml", &small);
    sandbox.ok("run e.toml --quiet --out r");
    let before = (sandbox.data("r"), sandbox.read("r/manifest.json"));
    for (from, to, said) in [
        ("\"low\", ", "", "chaos_level"),
        ("name = ", "seed = 1\nname = ", "seed"),
        ("name = ", "world = \"agentos-classic\"\nname = ", "world"),
        ("[\"csv\"]", "[\"parquet\"]", "formats"),
    ] {
        sandbox.write("other.toml", &small.replace(from, to));
        let (code, why) = sandbox.fails("run other.toml --quiet --out r");
        assert!(code == 2 && why.contains(said), "{to}: {why}");
        assert!((sandbox.data("r"), sandbox.read("r/manifest.json")) == before);
    }
    let (code, why) = sandbox.fails("run e.toml --quiet --replications 49 --out r");
    assert!(code == 2 && why.contains("replications"), "{why}");
    sandbox.write("r/mine.txt", "mine");
    sandbox.write("r/runs/mine.csv", "mine");
    sandbox.ok("run e.toml --quiet --seed 1 --force --out r");
    assert_eq!(sandbox.read("r/mine.txt"), "mine");
    assert_eq!(sandbox.read("r/runs/mine.csv"), "mine");
}

/// `auto/N` is the shard that the variable of each scheduler names, from 0 or 1; none, two, an index out
/// of range and N = 0 are refused, with nothing written.
#[test]
fn the_index_of_a_job_array_is_the_shard() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", &SWEEP.replace("7_000", "70"));
    let run = |shard: &str, variables: &[(&str, &str)], out: &str| {
        let line = format!("run e.toml --quiet --shard {shard} --out {out}");
        let mut command = sandbox.sysworld(&line);
        for name in SCHEDULERS.map(|(name, _)| name) {
            command.env_remove(name);
        }
        command.envs(variables.iter().copied());
        command.output().expect("it ran")
    };
    for (name, first) in SCHEDULERS {
        for index in 1..=2_u32 {
            let (auto, explicit) = (format!("{name}-{index}"), format!("explicit-{index}"));
            let value = (first + index - 1).to_string();
            assert!(run("auto/2", &[(name, &value)], &auto).status.success());
            assert!(run(&format!("{index}/2"), &[], &explicit).status.success());
            assert!(sandbox.data(&auto) == sandbox.data(&explicit), "{auto}");
        }
        assert!(sandbox.data("explicit-1") != sandbox.data("explicit-2"));
        for value in [first as i64 - 1, first as i64 + 2] {
            let refused = run("auto/2", &[(name, &value.to_string())], "refused");
            assert_eq!(refused.status.code(), Some(2), "{name}={value}");
        }
    }
    let two = [("SLURM_ARRAY_TASK_ID", "1"), ("JOB_COMPLETION_INDEX", "0")];
    for (shard, variables, says) in [
        ("auto/2", &two[..], "are both set"),
        ("auto/2", &[], "needs the index of a job array"),
        ("auto/2", &[("SGE_TASK_ID", "undefined")], "needs the index"),
        ("auto/0", &two[..1], "N at most 100000"),
        ("auto/", &two[..1], "N at most 100000"),
    ] {
        let refused = run(shard, variables, "refused");
        let said = String::from_utf8_lossy(&refused.stderr).replace("\n", " ");
        assert!(
            refused.status.code() == Some(2) && said.contains(says),
            "{said}"
        );
    }
    assert!(!sandbox.path("refused").exists());
    let plan = sandbox.ok("plan e.toml --shards 5000");
    assert!(plan.contains("warning: 5000 shards on"), "{plan}");
    let plan = sandbox.ok("plan e.toml --shards 1");
    assert!(
        !plan.contains("warning") && plan.contains("5 to 15 minutes"),
        "{plan}"
    );
    let (code, said) = sandbox.fails("plan e.toml --shards 2 --format csv");
    assert!(code == 2 && said.contains("as text or JSON"), "{said}");
}

/// `plan --shards` as JSON: every shard with its share, which add up, and which are empty.
#[test]
fn shards_are_planned_as_json() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", SWEEP);
    let plan = sandbox.ok("plan e.toml --shards 20 --format json");
    let plan: serde_json::Value = serde_json::from_str(&plan).expect("JSON");
    let shards = plan["shards"].as_array().expect("a list");
    assert_eq!(shards.len(), 20);
    assert_eq!(shards[2]["shard"], "3/20");
    let sum = |key: &str| shards.iter().filter_map(|s| s[key].as_u64()).sum::<u64>();
    assert_eq!(
        (Some(sum("parts")), Some(sum("work"))),
        (plan["parts"].as_u64(), plan["work"].as_u64())
    );
    let share: f64 = shards.iter().filter_map(|s| s["share"].as_f64()).sum();
    assert!((share - 1.0).abs() < 1e-9, "{share}");
    let empty = shards.iter().filter(|s| s["parts"] == 0).count() as u64;
    assert!(empty > 0 && plan["empty_shards"] == empty, "{plan}");
    assert_eq!(plan["suggested_shards"], 1);
    assert!(plan["core_seconds"].as_f64().is_some_and(|s| s > 0.0));
}

/// The variable of each scheduler, and its first index.
const SCHEDULERS: [(&str, u32); 6] = [
    ("SLURM_ARRAY_TASK_ID", 1),
    ("SGE_TASK_ID", 1),
    ("PBS_ARRAY_INDEX", 1),
    ("LSB_JOBINDEX", 1),
    ("JOB_COMPLETION_INDEX", 0),
    ("AWS_BATCH_JOB_ARRAY_INDEX", 0),
];
