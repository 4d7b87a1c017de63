//! Programs that respond: recorded, replayed without them, and told apart where they fail.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::but_latencies;
use crate::sandbox::{Sandbox, shipped};

/// A policy that follows the runbook; `{}` is where a test spoils it.
const BY_THE_BOOK: &str = r#"
import json, os, sys, time
asked = 0
for line in sys.stdin:
    said = json.loads(line)
    if said["type"] == "hello":
        print(json.dumps({"type": "hello", "version": "1"}), flush=True)
    if said["type"] == "observe":
        asked += 1
        act = {"type": "act", "actions": [alert["runbook"] for alert in said["alerts"]]}
        {}
        print(json.dumps(act), flush=True)
"#;

/// Whether there is Python to run a policy; without it a test says what it skips.
pub fn python(skipped: &str) -> bool {
    let there = Command::new("python3").arg("--version").output().is_ok();
    if !there {
        println!("skipped: no python3, so {skipped}");
    }
    there
}

/// A sandbox with a policy, a world that names it, and an experiment of it and the runbook.
pub fn sandbox(spoilt: &str, rest: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("policy.py", &BY_THE_BOOK.replace("{}", spoilt));
    sandbox.write(
        "w.toml",
        "extends = \"cloudinfra\"\n[responders.policy]\nkind = \"process\"\n\
         command = [\"python3\", \"policy.py\"]\nversion = \"1\"\n",
    );
    sandbox.write(
        "e.toml",
        &format!(
            "name = \"e\"\nworld = \"w.toml\"\nreplications = 12\n\
             output = {{ tables = [\"runs\", \"incidents\", \"rounds\"], formats = [\"csv\"] }}\n\
             [factors]\nchaos_level = [\"medium\", \"high\"]\nresponder = [\"runbook\", \"policy\"]\n{rest}"
        ),
    );
    sandbox
}

/// The keys of the recording, line by line.
fn keys(sandbox: &Sandbox) -> Vec<String> {
    let text = sandbox.read("recordings/answers.jsonl");
    let line = |line: &str| -> serde_json::Value { serde_json::from_str(line).expect("JSON") };
    text.lines()
        .map(|text| line(text)["key"].as_str().expect("a key").to_owned())
        .collect()
}

fn runs(sandbox: &Sandbox, responder: &str) -> Vec<BTreeMap<String, String>> {
    let mut rows = sandbox.rows("r/runs/part-00-000000.csv");
    rows.retain(|row| row["responder"] == responder);
    for row in &mut rows {
        row.retain(|name, _| !["point", "responder"].contains(&name.as_str()));
    }
    rows
}

/// A program that follows the runbook is the runbook, bit for bit; its recording gives the same bytes on
/// any number of threads when the program is gone, and by several that are asked at once.
#[test]
fn a_program_by_the_book_is_the_runbook() {
    if !python("no program responds") {
        return;
    }
    let sandbox = sandbox("", "[recording]\nconcurrency = 3\n");
    let (code, said) = sandbox.fails("run e.toml --quiet --out r");
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("24 of 24 replications lack an answer"),
        "{said}"
    );
    assert!(said.contains("run --record"), "{said}");
    sandbox.ok("run e.toml --quiet --record --out r");
    assert!(runs(&sandbox, "policy") == runs(&sandbox, "runbook"));
    let all = keys(&sandbox);
    assert_eq!(all.len(), all.iter().collect::<BTreeSet<_>>().len());

    fs::remove_file(sandbox.path("policy.py")).expect("it is there");
    let before = sandbox.read("recordings/answers.jsonl");
    for threads in [1, 2, 8] {
        let out = format!("r{threads}");
        sandbox.ok(&format!(
            "run e.toml --quiet --threads {threads} --out {out}"
        ));
        assert_eq!(sandbox.data(&out), sandbox.data("r"), "{threads} threads");
    }
    sandbox.ok("run e.toml --quiet --record --out again");
    assert_eq!(sandbox.read("recordings/answers.jsonl"), before);
    let at = "--at chaos_level=high,responder=policy";
    let told = sandbox.ok(&format!("replay r {at}"));
    assert!(told.contains("· responder policy ·"), "{told}");
    let line = "simulate --world w.toml --chaos-level high --skill mid --responder policy";
    assert_eq!(sandbox.ok(line), told);
    let (code, said) = sandbox.fails(&format!("replay r {at} --recording elsewhere"));
    assert_eq!(code, 1);
    assert!(
        said.contains("lacks an answer of the responder `policy` in elsewhere"),
        "{said}"
    );
}

/// A program hears what the page says, in its order: never a scenario, a seed or the number of a replication.
/// Another version of it is another design point, whose answers are not known; another command is not.
#[test]
fn a_program_hears_what_the_page_says() {
    if !python("no program hears") {
        return;
    }
    let sandbox = sandbox("", "");
    let policy = sandbox.read("policy.py");
    let log =
        "\nlog = open('heard', 'a')\nfor line in sys.stdin:\n    log.write(line); log.flush()";
    sandbox.write(
        "policy.py",
        &policy.replace("\nfor line in sys.stdin:", log),
    );
    sandbox.ok("run e.toml --quiet --no-report --record --out r");
    let heard = sandbox.read("heard");
    for hidden in [
        "spike",
        "leak",
        "partition",
        "surge",
        "slowdown",
        "seed",
        "replication",
    ] {
        assert!(!heard.contains(hidden), "{hidden}");
    }
    let lines: Vec<Value> = heard
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(
        lines[0],
        serde_json::json!({ "type": "hello", "protocol": 1 })
    );
    let kind = |line: &Value| line["type"].as_str().expect("a type").to_owned();
    let mut before = "end".to_owned();
    let mut met: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in &lines[1..] {
        let kind = kind(line);
        let follows: &[&str] = match before.as_str() {
            "end" => &["reset"],
            "reset" => &["observe"],
            _ => &["observe", "end"],
        };
        assert!(follows.contains(&kind.as_str()), "{kind} after {before}");
        before = kind;
        names(line, "", &mut met);
    }
    assert_eq!(before, "end");
    let page = fs::read_to_string(shipped("docs/responders.md")).expect("a page");
    for (of, names) in &met {
        for name in names {
            assert!(
                page.contains(&format!("`{name}`")) || page.contains(&format!("\"{name}\"")),
                "{of}: {name}"
            );
        }
    }
    let of = |place: &str| met[place].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(
        of("observe"),
        ["alerts", "came", "cooldowns", "round", "servers", "type"]
    );
    assert_eq!(
        of("alerts"),
        ["alert", "level", "runbook", "server", "threshold", "value"]
    );
    assert_eq!(
        of("came"),
        ["action", "alert", "outcome", "round", "server"]
    );

    sandbox.ok("run e.toml --quiet --no-report --out o --set responders.policy.command.0=nowhere");
    assert_eq!(sandbox.data("o"), sandbox.data("r"));
    let next = "run e.toml --quiet --no-report --out n --set responders.policy.version=two";
    let (code, said) = sandbox.fails(next);
    assert_eq!(code, 1);
    assert!(
        said.contains("24 of 24 replications lack an answer"),
        "{said}"
    );
}

/// The names of a line's tables, by where they stand.
fn names(value: &Value, place: &str, met: &mut BTreeMap<String, BTreeSet<String>>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| names(value, place, met)),
        Value::Object(table) => {
            let place = table
                .get("type")
                .and_then(Value::as_str)
                .filter(|_| place.is_empty())
                .unwrap_or(place);
            for (name, value) in table {
                // These are names of the world's.
                if !["cooldowns", "depends_on"].contains(&place) {
                    met.entry(place.to_owned())
                        .or_default()
                        .insert(name.clone());
                }
                names(value, name, met);
            }
        }
        _ => {}
    }
}

/// The table `responders` says what was answered where it had to be asked, and `decisions` has each choice,
/// whoever made it; both follow from the parts, also in shards that are merged.
#[test]
fn what_was_answered_is_told() {
    if !python("no answers are told of") {
        return;
    }
    let sandbox = sandbox("", "");
    let text = sandbox
        .read("e.toml")
        .replace("\"rounds\"]", "\"decisions\"]");
    sandbox.write("e.toml", &text);
    sandbox.ok("run e.toml --quiet --no-report --record --out r");
    let summary = sandbox.rows("r/summary.csv");
    let answered = sandbox.rows("r/responders.csv");
    assert_eq!(answered.len(), 2);
    let number = |text: &str| text.parse::<u64>().expect("a number");
    let decisions = sandbox.rows("r/decisions/part-00-000000.csv");
    for row in &answered {
        let same = |other: &&BTreeMap<String, String>| other["point"] == row["point"];
        let total = summary.iter().find(same).expect("its summary");
        assert_eq!(row["responder"], "policy");
        assert_eq!(row["choices"], total["alerts_handled"]);
        for (column, value) in [
            ("agreement", "1.0"),
            ("invalid", "0"),
            ("declined", "0"),
            ("usd", ""),
            ("prompt_tokens", ""),
        ] {
            assert_eq!(row[column], value, "{column}");
        }
        assert_eq!(row["requests"], row["answers"]);
        // One answer a round with choices.
        let rounds: BTreeSet<_> = decisions
            .iter()
            .filter(|decision| decision["point"] == row["point"])
            .map(|decision| (&decision["replication"], &decision["round"]))
            .collect();
        assert_eq!(number(&row["answers"]), rounds.len() as u64);
        assert!(number(&row["latency_p50_ms"]) <= number(&row["latency_p95_ms"]));
    }
    for total in &summary {
        let own: Vec<_> = decisions
            .iter()
            .filter(|row| row["point"] == total["point"])
            .collect();
        assert_eq!(own.len() as u64, number(&total["alerts_handled"]));
        let with =
            |outcome: &str| own.iter().filter(|row| row["outcome"] == outcome).count() as u64;
        assert_eq!(with("blocked"), number(&total["actions_blocked"]));
        assert_eq!(with("failed"), number(&total["actions_failed"]));
        assert_eq!(
            with("succeeded") + with("failed"),
            number(&total["actions"])
        );
        assert!(own.iter().all(|row| row["action"] == row["runbook"]));
    }
    for shard in 1..=2 {
        sandbox.ok(&format!("run e.toml --quiet --shard {shard}/2 --out s"));
    }
    sandbox.ok("merge s");
    sandbox.ok("run e.toml --quiet --out whole");
    assert_eq!(sandbox.data("s"), sandbox.data("whole"));
}

/// A run that is killed while it records goes on with what it has, also where its last line is torn, and ends
/// with the bytes of one that was not killed.
#[test]
fn recording_goes_on_after_a_kill() {
    if !python("no recording is killed") {
        return;
    }
    let whole = sandbox("", "");
    whole.ok("run e.toml --quiet --no-report --record --out r");
    let sandbox = sandbox("time.sleep(0.02)", "");
    let mut child = sandbox.spawn("run e.toml --quiet --no-report --record --out r");
    let file = sandbox.path("recordings/answers.jsonl");
    let begun = Instant::now();
    let lines =
        |file: &Path| fs::read(file).map_or(0, |b| b.iter().filter(|b| **b == b'\n').count());
    while lines(&file) < 20 && begun.elapsed() < Duration::from_secs(60) {
        sleep(Duration::from_millis(5));
    }
    child.kill().expect("it runs");
    child.wait().expect("it is waited for");
    let mut bytes = fs::read(&file).expect("a recording");
    let kept = bytes.iter().filter(|b| **b == b'\n').count();
    assert!((20..keys(&whole).len()).contains(&kept), "{kept}");
    bytes.extend_from_slice(b"{\"key\":\"torn");
    fs::write(&file, &bytes).expect("writable");
    sandbox.ok("run e.toml --quiet --no-report --record --out r");
    let sorted = |sandbox| -> BTreeSet<String> { keys(sandbox).into_iter().collect() };
    assert_eq!(keys(&sandbox).len(), keys(&whole).len());
    assert_eq!(sorted(&sandbox), sorted(&whole));
    assert_eq!(but_latencies(&sandbox, "r"), but_latencies(&whole, "r"));

    let text = sandbox.read("recordings/answers.jsonl");
    let damaged = text.replacen("\"text\"", "\"tex\"", 1);
    sandbox.write("recordings/answers.jsonl", &damaged);
    let (code, said) = sandbox.fails("run e.toml --quiet --out r2");
    assert_eq!(code, 2);
    assert!(
        said.contains("line 1 of recordings/answers.jsonl is not an answer"),
        "{said}"
    );
}

/// The first answer to a question counts, whatever stands below.
#[test]
fn the_first_answer_counts() {
    if !python("nothing is answered twice") {
        return;
    }
    let sandbox = sandbox("", "");
    sandbox.ok("run e.toml --quiet --no-report --record --out r");
    let text = sandbox.read("recordings/answers.jsonl");
    let declined = text.replace("restart_service", "rollback");
    assert_ne!(declined, text);
    sandbox.write("recordings/answers.jsonl", &format!("{text}{declined}"));
    sandbox.ok("run e.toml --quiet --no-report --out r2");
    assert_eq!(sandbox.data("r2"), sandbox.data("r"));
    sandbox.write("recordings/answers.jsonl", &format!("{declined}{text}"));
    let (code, said) = sandbox.fails("run e.toml --quiet --no-report --out r3");
    assert_eq!(code, 1, "other answers lead to other questions: {said}");
}

/// The budget is met to the question; what is left is the same first replications at all points; and the
/// next run asks only what is missing.
#[test]
fn the_budget_leaves_a_paired_prefix() {
    if !python("no budget is spent") {
        return;
    }
    let sandbox = sandbox("", "[recording]\nbudget = { requests = 40 }\n");
    let (code, said) = sandbox.fails("run e.toml --quiet --record --out r");
    assert_eq!(code, 1);
    assert!(said.contains("the budget is spent: "), "{said}");
    assert_eq!(keys(&sandbox).len(), 40);
    let (_, prefix) = said.split_once("--replications ").expect("a prefix");
    let prefix: u64 = prefix
        .split('.')
        .next()
        .expect("a number")
        .parse()
        .expect("a number");
    assert!((1..12).contains(&prefix), "{said}");
    sandbox.ok(&format!(
        "run e.toml --quiet --replications {prefix} --out prefix"
    ));
    assert_eq!(
        sandbox.rows("prefix/runs/part-00-000000.csv").len() as u64,
        4 * prefix
    );

    let text = sandbox
        .read("e.toml")
        .replace("requests = 40", "requests = 100_000");
    sandbox.write("e.toml", &text);
    sandbox.ok("run e.toml --quiet --record --out r");
    let all = keys(&sandbox);
    assert_eq!(all.len(), all.iter().collect::<BTreeSet<_>>().len());
    assert!(runs(&sandbox, "policy") == runs(&sandbox, "runbook"));
}

/// A program that fails is named with what it did, and none is left behind.
#[test]
fn a_program_that_fails_is_named() {
    if !python("no program fails") {
        return;
    }
    let pid = "open('pid', 'w').write(str(os.getpid()));";
    let failures = [
        (
            "if asked == 3: sys.exit('out of ideas')",
            "ended (exit status: 1)",
        ),
        (
            "if asked == 3: sys.exit('out of ideas')",
            "last words on stderr:\nout of ideas",
        ),
        ("time.sleep(600)", "said nothing for 3 s after `observe`"),
        (
            "print('thinking about it')",
            "answered `thinking about it`: expected",
        ),
        ("print('thinking about it')", "logs belong on stderr"),
        (
            "act['actions'][0] = 'reboot'",
            "unknown action `reboot`; allowed: restart_service",
        ),
        (
            "act['actions'].append(None)",
            "alerts: each has its own, or null",
        ),
        ("act['actoins'] = []", "unknown field `actoins`"),
        (
            "print('x' * 2_000_000)",
            "said a line of more than 1048576 bytes",
        ),
        (
            "sys.stdout.close(); os.close(1); time.sleep(600)",
            "closed its stdin or stdout",
        ),
    ];
    for (spoilt, expected) in failures {
        // Only who is silent is waited for: Python takes its time to start on a busy machine.
        let timeout = if expected.contains("nothing for") {
            3
        } else {
            60
        };
        let recording = format!("[recording]\ntimeout_s = {timeout}\n");
        let sandbox = sandbox(&format!("{pid} {spoilt}"), &recording);
        let spoilt_twice = spoilt.contains("if ");
        if spoilt_twice {
            // A condition can't follow another statement in a line of Python.
            let text = BY_THE_BOOK.replace("{}", &format!("{pid}\n        {spoilt}"));
            sandbox.write("policy.py", &text);
        }
        let (code, said) = sandbox.fails("run e.toml --quiet --record --out r");
        assert_eq!(code, 1, "{spoilt}: {said}");
        assert!(said.contains("the responder `policy` "), "{spoilt}: {said}");
        assert!(said.contains(expected), "{spoilt}: {said}");
        let pid = sandbox.read("pid");
        assert!(
            !Path::new(&format!("/proc/{pid}")).exists(),
            "{spoilt}: {pid} is left"
        );
    }

    let sandbox = sandbox("", "");
    let line = "run e.toml --quiet --record --out r --set responders.policy.";
    let (code, said) = sandbox.fails(&format!("{line}version=two"));
    assert_eq!(code, 2, "{said}");
    assert!(
        said.contains("is version 1, and the world names version two"),
        "{said}"
    );
    let line = line.replace("--out r ", "--out r2 ");
    let (code, said) = sandbox.fails(&format!("{line}command.0=nowhere-at-all"));
    assert_eq!(code, 2);
    assert!(said.contains("can't start `nowhere-at-all`"), "{said}");
}

/// The policy that ships does better than the runbook at both chaos levels, which does better than
/// chance and than nothing.
#[test]
fn the_shipped_policy_beats_the_runbook() {
    if !python("the shipped policy is not tried") {
        return;
    }
    let sandbox = Sandbox::new();
    let experiment = shipped("experiments/policy.toml");
    let program = shipped("experiments/policies/spare_the_restart.py");
    sandbox.ok(&format!(
        "run {experiment} --quiet --record --out r --set responders.policy.command.1={program}"
    ));
    let mut compared = 0;
    for row in sandbox.rows("r/comparisons.csv") {
        if row["estimate"] != "availability" {
            continue;
        }
        let end = |name: &str| row[name].parse::<f64>().expect("a number");
        match row["responder"].as_str() {
            "policy" => assert!(end("difference_lo") > 0.0, "{row:?}"),
            _ => assert!(end("difference_hi") < 0.0, "{row:?}"),
        }
        compared += 1;
    }
    assert_eq!(compared, 6);
}

/// Trials are asked for one by one; a responder that need not be asked has only one; and what can't be
/// recorded beforehand is refused.
#[test]
fn trials_are_apart() {
    let head = "name = \"e\"\nworld = \"w.toml\"\nreplications = 2\n";
    let with = |rest: &str, sandbox: &Sandbox| {
        sandbox.write("e.toml", &format!("{head}{rest}"));
        sandbox.fails("check e.toml")
    };
    let sandbox = sandbox("", "");
    let twins = "[factors]\nresponder = [\"rules\", \"policy\"]\ntrial = [0, 1]\n";
    let (code, said) = with(twins, &sandbox);
    assert_eq!(code, 2);
    assert!(said.contains("two design points are the same"), "{said}");
    let precise = "[factors]\nresponder = \"policy\"\n[[precision]]\nestimate = \"sla_miss\"\n\
                   half_width = 0.1\nmax_replications = 100\n";
    let (code, said) = with(precise, &sandbox);
    assert_eq!(code, 2);
    assert!(said.contains("no precision can be asked for where the responder has to be asked"));
    for (rest, expected) in [
        (
            "[factors]\ntrial = [0.5]\n",
            "a trial is a whole number, not 0.5",
        ),
        ("[recording]\nfolder = \"\"\n", "the folder has no name"),
        (
            "[recording]\nconcurrency = 0\n",
            "allowed: a whole number, 1 to 256",
        ),
        (
            "[recording]\ntimeout_s = 0.0\n",
            "timeout_s = 0 is not possible",
        ),
        (
            "[recording]\nbudget = { request = 1 }\n",
            "did you mean `requests`?",
        ),
    ] {
        let (code, said) = with(rest, &sandbox);
        assert_eq!(code, 2);
        assert!(said.contains(expected), "{expected}\n{said}");
    }
    for (responder, expected) in [
        ("kind = \"process\"\nversion = \"1\"", "needs `command`"),
        ("kind = \"process\"\ncommand = [\"a\"]", "needs `version`"),
        (
            "kind = \"none\"\nversion = \"1\"",
            "`version` is a key of the kind `process` alone",
        ),
        (
            "kind = \"process\"\ncommand = []\nversion = \"1\"",
            "the command is empty",
        ),
    ] {
        sandbox.write(
            "w.toml",
            &format!("extends = \"cloudinfra\"\n[responders.p]\n{responder}\n"),
        );
        let (code, said) = sandbox.fails("check w.toml");
        assert_eq!(code, 2);
        assert!(said.contains(expected), "{expected}\n{said}");
    }
    if !python("no trial is asked for") {
        return;
    }
    let sandbox = self::sandbox(
        "act['actions'] = [None if said['alerts'][0]['value'] > 90 + trial else act['actions'][0] for a in act['actions']]",
        "",
    );
    let policy = sandbox.read("policy.py");
    let policy = policy.replace("asked = 0\n", "asked = 0\ntrial = 0\n").replace(
        "    if said[\"type\"] == \"observe\":",
        "    if said[\"type\"] == \"reset\":\n        trial = 5 * said[\"trial\"]\n    if said[\"type\"] == \"observe\":",
    );
    sandbox.write("policy.py", &policy);
    sandbox.write(
        "e.toml",
        &format!(
            "{head}output = {{ formats = [\"csv\"] }}\n[factors]\nresponder = [\"rules\", \"policy\"]\ntrial = [0, 1]\n"
        )
        .replace("replications = 2\n", "replications = 30\nexclude = [{ responder = \"rules\", trial = 1 }]\n"),
    );
    sandbox.ok("run e.toml --quiet --record --out r");
    let rows = sandbox.rows("r/summary.csv");
    let points: BTreeSet<&String> = rows.iter().map(|row| &row["point"]).collect();
    assert_eq!((rows.len(), points.len()), (3, 3));
    let declined: BTreeSet<&String> = rows.iter().map(|row| &row["actions_declined"]).collect();
    assert_eq!(declined.len(), 3, "each trial has answers of its own");
}
