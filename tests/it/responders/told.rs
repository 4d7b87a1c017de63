//! What is told of responders: counted again from the recording and the rows, and compared with people.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;

use polars_core::prelude::{AnyValue, DataFrame};
use polars_io::SerReader;
use polars_io::parquet::read::ParquetReader;

use super::process::{python, sandbox};
use crate::sandbox::{Sandbox, shipped};

fn number(row: &BTreeMap<String, String>, name: &str) -> f64 {
    row[name].parse().expect("a number")
}

/// A whole number with commas between thousands.
fn grouped(number: u64) -> String {
    match number {
        0..1000 => number.to_string(),
        _ => format!("{},{:03}", grouped(number / 1000), number % 1000),
    }
}

/// Whether a CSV file has the cells of the Parquet file beside it.
fn assert_same(sandbox: &Sandbox, name: &str) {
    let file = File::open(sandbox.path(&format!("{name}.parquet"))).expect("a table");
    let table: DataFrame = ParquetReader::new(file).finish().expect("a table");
    let rows = sandbox.rows(&format!("{name}.csv"));
    assert_eq!(table.height(), rows.len(), "{name}");
    for (i, row) in rows.iter().enumerate() {
        assert_eq!(table.width(), row.len());
        for (column, text) in row {
            let value = table.column(column).expect("a column").get(i);
            let value = value.expect("a cell");
            let same = match &value {
                AnyValue::Null => text.is_empty(),
                AnyValue::Boolean(flag) => flag.to_string() == *text,
                AnyValue::Float32(number) => text.parse() == Ok(*number),
                AnyValue::Float64(number) => text.parse() == Ok(*number),
                other => other.str_value() == text.as_str(),
            };
            assert!(same, "{name} {column} {i}: {value} {text}");
        }
    }
}

/// `responders` is what the recording says, counted again by hand, where a program declines, disagrees and
/// takes its time; `decisions` has its choices in their order; CSV and Parquet say the same.
#[test]
fn answers_are_counted_again_from_the_recording() {
    if !python("no answers are counted again") {
        return;
    }
    let sandbox = sandbox(
        "act['actions'][-1] = 'rollback'; act['actions'][0] = act['actions'][0] if asked % 3 else None; \
         time.sleep(0.004 * (asked % 4))",
        "",
    );
    let text = sandbox.read("e.toml");
    let text = text
        .replace("[\"medium\", \"high\"]", "\"high\"")
        .replace("[\"runbook\", \"policy\"]", "\"policy\"")
        .replace("\"incidents\", \"rounds\"]", "\"decisions\"]")
        .replace("[\"csv\"]", "[\"csv\", \"parquet\"]");
    sandbox.write("e.toml", &text);
    sandbox.ok("run e.toml --quiet --no-report --record --out r");

    let (mut latencies, mut said, mut answers) = (Vec::new(), Vec::new(), 0);
    for line in sandbox.read("recordings/answers.jsonl").lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let text: serde_json::Value =
            serde_json::from_str(line["text"].as_str().expect("a text")).expect("an answer");
        let actions = text["actions"].as_array().expect("actions");
        said.extend(actions.iter().map(|a| a.as_str().unwrap_or("").to_owned()));
        latencies.push(line["latency_ms"].as_u64().expect("milliseconds"));
        answers += 1;
    }
    latencies.sort_unstable();
    let at_most = |share: f64| latencies[(share * latencies.len() as f64).ceil() as usize - 1];
    // One program, one replication after another: the recording has the order of the rows.
    let decisions = sandbox.rows("r/decisions/part-00-000000.csv");
    let chosen: Vec<&String> = decisions.iter().map(|row| &row["action"]).collect();
    assert_eq!(chosen, said.iter().collect::<Vec<_>>());
    for row in &decisions {
        assert_eq!(row["action"].is_empty(), row["outcome"].is_empty());
    }
    let agreed = decisions
        .iter()
        .filter(|row| row["action"] == row["runbook"]);
    let declined = said.iter().filter(|action| action.is_empty()).count();
    let agreement = agreed.count() as f64 / said.len() as f64;
    assert!(declined > 10 && (0.1..0.9).contains(&agreement));
    let rows = sandbox.rows("r/responders.csv");
    let [row] = &rows[..] else {
        panic!("one point is asked: {rows:?}")
    };
    for (column, expected) in [
        ("answers", answers),
        ("requests", answers),
        ("invalid", 0),
        ("choices", said.len() as u64),
        ("declined", declined as u64),
        ("latency_p50_ms", at_most(0.5)),
        ("latency_p95_ms", at_most(0.95)),
    ] {
        assert_eq!(row[column], expected.to_string(), "{column}");
    }
    assert_eq!(number(row, "agreement"), agreement);
    for nothing in ["usd", "prompt_tokens", "completion_tokens"] {
        assert_eq!(row[nothing], "", "{nothing}");
    }
    let runs = sandbox.rows("r/runs/part-00-000000.csv");
    let of_runs: f64 = runs.iter().map(|row| number(row, "actions_declined")).sum();
    assert_eq!(of_runs, declined as f64);
    for table in ["responders", "summary", "decisions/part-00-000000"] {
        assert_same(&sandbox, &format!("r/{table}"));
    }
}

/// Responders that skills name stand in one comparison with people of all skills: each is the replications
/// of its responder on the same days, and the p-values are adjusted over all of them by Holm's method.
#[test]
fn people_and_marks_are_in_one_comparison() {
    let sandbox = Sandbox::new();
    let mut world = "extends = \"cloudinfra\"\n".to_owned();
    for responder in ["runbook", "random", "none"] {
        world += &format!(
            "[skills.{responder}]\ndiagnosis_accuracy = 0.8\nremediation_speed = 0.7\n\
             panic_threshold = 4\nresponder = \"{responder}\"\n"
        );
    }
    sandbox.write("w.toml", &world);
    let head = "world = \"w.toml\"\nreplications = 400\noutput = { formats = [\"csv\"] }\n[factors]\n\
                chaos_level = [\"medium\", \"high\"]\n";
    let skills = ["junior", "mid", "senior", "runbook", "random", "none"];
    sandbox.write(
        "skills.toml",
        &format!(
            "name = \"skills\"\n{head}skill = {skills:?}\n\
             [compare]\nfactor = \"skill\"\nbaseline = \"runbook\"\n"
        ),
    );
    sandbox.write(
        "responders.toml",
        &format!(
            "name = \"responders\"\n{head}skill = \"mid\"\n\
             responder = [\"rules\", \"runbook\", \"random\", \"none\"]\n"
        ),
    );
    sandbox.ok("run skills.toml --quiet --no-report --out s");
    sandbox.ok("run responders.toml --quiet --no-report --out r");
    let of = |folder: &str, factor: &str, level: &str| -> Vec<_> {
        let data = sandbox.data(folder);
        let parts = data.keys().filter(|path| path.starts_with("runs"));
        let parts = parts.map(|path| sandbox.rows(&format!("{folder}/{}", path.display())));
        let mut rows: Vec<_> = parts.flatten().collect();
        rows.retain(|row| row[factor] == level);
        for row in &mut rows {
            row.retain(|name, _| !["point", "skill", "responder"].contains(&name.as_str()));
        }
        rows
    };
    for (skill, responder) in [
        ("mid", "rules"),
        ("runbook", "runbook"),
        ("random", "random"),
        ("none", "none"),
    ] {
        let own = of("s", "skill", skill);
        assert_eq!(own.len(), 800);
        assert!(own == of("r", "responder", responder), "{skill}");
    }
    let rows = sandbox.rows("s/comparisons.csv");
    let compared: BTreeSet<_> = rows.iter().map(|row| row["skill"].as_str()).collect();
    assert_eq!(
        compared,
        BTreeSet::from(["junior", "mid", "senior", "random", "none"])
    );
    // Holm by hand: the k-th smallest of m, times m − k + 1, and never below one before it.
    let mut tested: Vec<_> = rows
        .iter()
        .filter(|row| !row["p_value"].is_empty())
        .collect();
    assert!(tested.len() >= 5 * 2 * 3, "{}", tested.len());
    tested.sort_by(|a, b| number(a, "p_value").total_cmp(&number(b, "p_value")));
    let mut least = 0.0_f64;
    for (k, row) in tested.iter().enumerate() {
        least = least
            .max(number(row, "p_value") * (tested.len() - k) as f64)
            .min(1.0);
        let found = number(row, "p_holm");
        assert!((found - least).abs() <= 1e-12 * least, "{row:?} {least}");
    }
}

/// `plan` says what is missing of a recording, what that takes as what is there took, and how many
/// replications tell a responder from the baseline.
#[test]
fn a_plan_says_what_answers_take() {
    let sandbox = Sandbox::new();
    let experiment = shipped("experiments/llm_vs_rules.toml");
    let folder = shipped("experiments/recordings/llm_vs_rules");
    sandbox.ok(&format!(
        "run {experiment} --recording {folder} --quiet --no-report --out r"
    ));
    let plan = |more: &str| sandbox.ok(&format!("plan {experiment} {more}"));

    let whole = plan(&format!("--recording {folder}"));
    for name in ["policy", "smollm2"] {
        let said = format!("{name}: all of 160 replications have theirs");
        assert!(whole.contains(&said), "{whole}");
    }
    // As by the mean and the standard error of the comparison, which is reckoned elsewhere.
    let rows = sandbox.rows("r/comparisons.csv");
    for row in rows.iter().filter(|row| row["estimate"] == "availability") {
        let deviation = number(row, "difference_se") * number(row, "n").sqrt();
        // z of 97.5 % and of 80 %.
        let needed = (1.959_964 + 0.841_621) * deviation / number(row, "difference");
        let start = format!(
            "chaos_level={},skill={} from skill=smollm2: about {} repl",
            row["chaos_level"],
            row["skill"],
            needed.powi(2).ceil().max(2.0)
        );
        assert!(whole.contains(&start), "{start}\n{whole}");
    }
    assert_eq!(
        whole.matches(" from skill=smollm2: ").count(),
        14,
        "{whole}"
    );

    // Of more replications, what lacks answers takes as much as what has them.
    let more = plan(&format!("--recording {folder} --replications 100"));
    let (_, said) = more.split_once("smollm2: ").expect("what it lacks");
    let mut numbers = said
        .split([' ', ','])
        .filter_map(|word| word.parse::<f64>().ok());
    let [lacking, all, requests] = [(); 3].map(|()| numbers.next().expect("a number"));
    // A replication in which nobody is alerted lacks nothing.
    assert!((30.0..=40.0).contains(&lacking) && all == 200.0, "{more}");
    let (_, sample) = said.split_once("(as the first ").expect("the sample");
    let sample: f64 = sample
        .split(' ')
        .next()
        .expect("a number")
        .parse()
        .expect("a number");
    assert!(sample >= 160.0);
    sandbox.ok(&format!(
        "run {experiment} --recording {folder} --quiet --no-report --replications {} --out s",
        sample / 2.0
    ));
    let told = sandbox.rows("s/responders.csv");
    let models = told.iter().filter(|row| row["skill"] == "smollm2");
    let sum = models.map(|row| number(row, "requests")).sum::<f64>();
    assert_eq!(requests, (sum / sample * lacking).round(), "{more}");
    assert!(more.contains("tokens of prompts and"), "{more}");

    // Without any answer only the questions can be counted.
    let nothing = plan("--recording nowhere");
    let said = "smollm2: 160 of 160 replications lack some, each ";
    assert!(nothing.contains(said), "{nothing}");
    assert!(!nothing.contains("to tell"), "{nothing}");
    assert!(!sandbox.path("nowhere").exists(), "nothing is written");
}

/// The recording that ships answers every question of its experiment, so nothing is asked.
#[test]
fn the_shipped_recording_is_whole() {
    let sandbox = Sandbox::new();
    let experiment = shipped("experiments/llm_vs_rules.toml");
    let folder = shipped("experiments/recordings/llm_vs_rules");
    sandbox.ok(&format!(
        "run {experiment} --recording {folder} --quiet --out r"
    ));
    let told = sandbox.rows("r/responders.csv");
    // The page has them too, and says what its intervals do not cover.
    let page = sandbox.read("r/report.html");
    let section = page
        .split("<section id=\"asked\"")
        .nth(1)
        .expect("a section");
    let section = section.split("</section>").next().expect("its end");
    assert!(section.contains("chaos and luck given these answers"));
    assert_eq!(section.matches("<tr><th scope=\"row\">").count(), 4);
    for row in &told {
        let requests: u64 = row["requests"].parse().expect("a number");
        let cell = format!("<td>{}</td>", grouped(requests));
        assert!(section.contains(&cell), "{cell}\n{section}");
    }
    let skills: Vec<_> = told.iter().map(|row| row["skill"].as_str()).collect();
    assert_eq!(skills, ["policy", "smollm2", "policy", "smollm2"]);
    assert!(told.iter().all(|row| row["answers"] != "0"));
}
