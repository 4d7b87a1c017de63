//! Responders in files and sweeps: keys, columns, bytes, names.

use std::collections::BTreeMap;

use crate::sandbox::{Sandbox, shipped};
use crate::schema::{Kind, assert_accepted};

const HEAD: &str = "name = \"e\"\nreplications = 200\n\
                    output = { tables = [\"runs\", \"incidents\", \"rounds\"], formats = [\"csv\"] }\n";

type Row = BTreeMap<String, String>;

/// The rows of `runs` at a level of the factor `responder`, without what differs by name.
fn runs(sandbox: &Sandbox, folder: &str, responder: &str) -> Vec<Row> {
    let rows = sandbox.rows(&format!("{folder}/runs/part-00-000000.csv"));
    let mut rows: Vec<Row> = rows
        .into_iter()
        .filter(|row| row["responder"] == responder)
        .collect();
    for row in &mut rows {
        row.retain(|name, _| !["point", "responder"].contains(&name.as_str()));
    }
    rows
}

fn keys(csv: &str) -> Vec<&str> {
    let rows = csv.lines().skip(1);
    rows.map(|row| row.split(',').next().expect("a key"))
        .collect()
}

/// Whoever else responds, a point with the rules has its key and its rows; and where only the rules
/// do, every table has the bytes that it has without a word of responders.
#[test]
fn rules_are_as_they_were() {
    let sandbox = Sandbox::new();
    let with = |name: &str, rest: &str| {
        sandbox.write(name, &format!("{HEAD}{rest}"));
        sandbox.ok(&format!("run {name} --quiet --no-report --out {name}.out"));
        sandbox.ok(&format!("plan {name} --format csv"))
    };
    sandbox.write(
        "w.toml",
        "extends = \"cloudinfra\"\n[responders.book]\nkind = \"runbook\"\n\
         [responders.rules]\nkind = \"rules\"\n[skills.mid]\nresponder = \"rules\"\n",
    );
    let plain = with("plain.toml", "");
    assert_eq!(with("named.toml", "world = \"w.toml\"\n"), plain);
    assert_eq!(
        sandbox.data("named.toml.out"),
        sandbox.data("plain.toml.out")
    );
    assert!(
        !sandbox
            .read("plain.toml.out/summary.csv")
            .contains("declined")
    );

    let all = "[factors]\nresponder = [\"none\", \"rules\", \"book\"]\n";
    let mixed = with("mixed.toml", &format!("world = \"w.toml\"\n{all}"));
    assert_eq!(keys(&mixed)[1], keys(&plain)[0]);
    let mut of_rules = runs(&sandbox, "mixed.toml.out", "rules");
    for row in &mut of_rules {
        assert_eq!(row.remove("actions_declined").as_deref(), Some("0"));
    }
    let mut alone = sandbox.rows("plain.toml.out/runs/part-00-000000.csv");
    alone.iter_mut().for_each(|row| drop(row.remove("point")));
    assert_eq!(of_rules, alone);
    for row in sandbox.rows("mixed.toml.out/summary.csv") {
        let null = row["misdiagnoses"].is_empty();
        assert_eq!(null, row["responder"] != "rules", "{row:?}");
        let declines = row["actions_declined"] != "0";
        assert_eq!(declines, row["responder"] == "none", "{row:?}");
        assert_eq!(declines, row["alerts_handled"] == "0", "{row:?}");
    }
}

/// A sweep of the runbook is that of rules which never err, in every count of every replication, on any
/// number of threads.
#[test]
fn the_runbook_is_rules_that_never_err() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "e.toml",
        &format!(
            "{HEAD}world = \"agentos-classic\"\n[set]\n\"skills.mid.diagnosis_accuracy\" = 1\n\
             [factors]\nskill = \"mid\"\nresponder = [\"rules\", \"runbook\"]\n"
        ),
    );
    sandbox.ok("run e.toml --quiet --no-report --threads 1 --out one");
    sandbox.ok("run e.toml --quiet --no-report --threads 2 --out two");
    assert_eq!(sandbox.data("one"), sandbox.data("two"));
    let of = |responder| {
        let mut rows = runs(&sandbox, "one", responder);
        let null = |row: &mut Row| row.remove("misdiagnoses").expect("the column");
        let misdiagnoses: Vec<String> = rows.iter_mut().map(null).collect();
        (rows, misdiagnoses)
    };
    let (rules, never) = of("rules");
    let (runbook, undefined) = of("runbook");
    assert_eq!(rules.len(), 200);
    assert!(rules == runbook);
    assert!(never.iter().all(|n| n == "0") && undefined.iter().all(String::is_empty));
}

/// The factor goes before the skill's own responder, which goes before the rules; `simulate` says who
/// responds, and what is declined.
#[test]
fn who_responds_is_named() {
    let sandbox = Sandbox::new();
    let world = "extends = \"cloudinfra\"\n[responders.book]\nkind = \"runbook\"\n\
                 [skills.mid]\nresponder = \"none\"\n";
    sandbox.write("w.toml", world);
    let told =
        |rest: &str| sandbox.ok(&format!("simulate --world w.toml --chaos-level high{rest}"));
    let by_skill = told("");
    assert!(
        by_skill.contains("skill mid · responder none · seed"),
        "{by_skill}"
    );
    assert!(by_skill.contains(": declined") && by_skill.contains(" declined\n"));
    assert_eq!(told(" --skill mid --responder none"), by_skill);
    assert!(told(" --incidents").contains(": declined"));
    assert!(told(" --responder book").contains("· responder book ·"));
    let rules = told(" --responder rules");
    assert_eq!(
        rules.replace("world cloudinfra", ""),
        sandbox
            .ok("simulate --chaos-level high")
            .replace("world cloudinfra", "")
    );

    let (code, said) = sandbox.fails("simulate --world w.toml --responder bok");
    assert_eq!(code, 2);
    assert!(said.contains("unknown responder `bok`"), "{said}");
    assert!(said.contains("did you mean `book`?"), "{said}");
    let wrong = world.replace("\"none\"", "\"nobody\"") + "[responders.random]\nkind = \"none\"\n";
    sandbox.write("w.toml", &wrong);
    sandbox.write(
        "e.toml",
        "name = \"e\"\nreplications = 1\n[factors]\nresponder = [\"rules\", \"runbok\"]\n",
    );
    let (code, said) = sandbox.fails("check w.toml e.toml");
    assert_eq!(code, 2);
    for expected in [
        "unknown responder `nobody`",
        "allowed: book, rules, runbook, random, none",
        "`random` is the name of a kind",
        "unknown responder `runbok`",
        "did you mean `runbook`?",
        "e.toml:4:",
    ] {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
}

/// The examples of the page are good, and the experiments among them run; the responder is compared with
/// the rules.
#[test]
fn the_examples_of_the_page_run() {
    let sandbox = Sandbox::new();
    let page = std::fs::read_to_string(shipped("docs/responders.md")).expect("the page is there");
    let blocks = page.split("\n```toml\n").skip(1);
    let blocks = blocks.map(|rest| rest.split("\n```").next().expect("it ends"));
    let mut met = [0, 0];
    for block in blocks {
        if block.starts_with("# world: part") {
            met[0] += 1;
            let text = format!("extends = \"cloudinfra\"\n{block}\n");
            assert_accepted(Kind::World, &text);
            sandbox.write("w.toml", &text);
            sandbox.ok("simulate --world w.toml --quiet");
        } else if block.starts_with("# experiment: recording") {
            let world = shipped("experiments/worlds/policy.toml");
            let text = block.replace("worlds/policy.toml", &world);
            sandbox.write("recording.toml", &format!("{text}\n"));
            sandbox.ok("plan recording.toml");
        } else if block.starts_with("# experiment: responders") {
            met[1] += 1;
            sandbox.write("e.toml", &format!("{block}\n"));
            sandbox.ok("run e.toml --quiet --out r");
            let rows = sandbox.rows("r/comparisons.csv");
            let compared = |row: &&Row| row["estimate"] == "availability";
            let signs = rows.iter().filter(compared).map(|row| {
                let low: f64 = row["difference_lo"].parse().expect("a number");
                let high: f64 = row["difference_hi"].parse().expect("a number");
                (row["responder"].as_str(), low > 0.0, high < 0.0)
            });
            let signs: Vec<_> = signs.collect();
            let expected = [
                ("runbook", true, false),
                ("random", false, true),
                ("none", false, true),
            ];
            assert_eq!(signs, [expected, expected].concat());
        }
    }
    assert!(met[0] >= 1 && met[1] == 1, "{met:?}");
}
