//! What the terminal shows: its width, its colours, the SLA's own indicator, differences.

use std::collections::BTreeMap;

use crate::sandbox::{Sandbox, shipped};

/// An experiment on a journey SLA.
const JOURNEY: &str = "name = \"journey\"\nreplications = 300\n[factors]\n\
                       chaos_level = [\"low\", \"high\"]\nskill = [\"junior\", \"mid\", \"senior\"]\n\
                       [compare]\nfactor = \"skill\"\nbaseline = \"mid\"\n\
                       [output]\nformats = [\"parquet\", \"csv\"]\n";
const ON_JOURNEY: &str = "--set sla.indicator=journey_availability";

fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().expect("a number")
}

/// What the run of a sweep prints in a terminal, or in a pipe, with these variables.
fn printed(sandbox: &Sandbox, line: &str, variables: &[(&str, &str)]) -> String {
    let mut command = sandbox.sysworld(line);
    command.envs(variables.iter().copied());
    let output = command.assert().success().get_output().clone();
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// A world with a journey SLA is read by its journey: that leads the table however narrow it is,
/// and the worst and the best replication are those of the journey.
#[test]
fn a_journey_sla_is_read_by_the_journey() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", JOURNEY);
    sandbox.ok(&format!("run e.toml --quiet --out r {ON_JOURNEY}"));
    for columns in ["60", "80", "200"] {
        let table = printed(&sandbox, "summarize r", &[("COLUMNS", columns)]);
        let first = |text: &str| table.find(text).unwrap_or(usize::MAX);
        assert!(
            first("journey") < first("SLA miss") && first("SLA miss") < first("MTTR"),
            "{columns}: {table}"
        );
        let said = "SLA 99.9 % of journey rounds (all must pass)";
        assert!(table.replace('\n', " ").contains(said), "{table}");
    }
    let rows: Vec<_> = (0..)
        .map(|part| format!("r/runs/part-00-{part:06}.csv"))
        .take_while(|name| sandbox.path(name).exists())
        .flat_map(|name| sandbox.rows(&name))
        .filter(|row| row["chaos_level"] == "low" && row["skill"] == "junior")
        .collect();
    let good = |n: &usize| {
        rows[*n]["journey_up_rounds"]
            .parse::<u32>()
            .expect("a count")
    };
    let worst = (0..rows.len()).min_by_key(|n| (good(n), *n)).expect("rows");
    let best = (0..rows.len())
        .max_by_key(|n| (good(n), rows.len() - n))
        .expect("rows");
    let fewest = |n: &usize| rows[*n]["up_checks"].parse::<u32>().expect("a count");
    assert_ne!(
        worst,
        (0..rows.len())
            .min_by_key(|n| (fewest(n), *n))
            .expect("rows")
    );
    for (which, n) in [("--worst", worst), ("--best", best)] {
        let told = sandbox.ok(&format!(
            "replay r --at chaos_level=low,skill=junior {which} --quiet"
        ));
        assert!(
            told.contains(&format!("replication {n}\n")),
            "{which}: {told}"
        );
    }
}

/// Servers and journeys in one design: both lead, and each point says which it is held to.
#[test]
fn a_mixed_design_says_what_each_point_is_held_to() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "e.toml",
        "name = \"e\"\nreplications = 20\n[factors]\n\
         \"sla.indicator\" = [\"availability\", \"journey_availability\"]\n",
    );
    let table = sandbox.ok("run e.toml --out r");
    assert!(
        table.contains("SLA on") && table.contains("available"),
        "{table}"
    );
    assert!(table.contains("SLA as the design says"), "{table}");
    let ends = |end: &str| table.lines().any(|line| format!("{line}  ").contains(end));
    assert!(ends("  journey  ") && ends("  servers  "), "{table}");
}

/// Lines fit the width that is known, 80 columns where none is, and the footnote is two lines.
#[test]
fn the_table_is_as_wide_as_the_terminal() {
    let sandbox = Sandbox::new();
    let experiment = shipped("experiments/sla_vs_chaos.toml");
    let table = sandbox.ok(&format!("run {experiment} --replications 200 --out r"));
    assert_eq!(
        table,
        printed(&sandbox, "summarize r", &[("COLUMNS", "80")])
    );
    let notes = |table: &str| {
        let lines: Vec<&str> = table.lines().collect();
        let from = lines
            .iter()
            .position(|line| line.starts_with("95 % intervals"));
        let from = from.expect("the footnote");
        let length = lines[from..].iter().position(|line| line.is_empty());
        lines[from..from + length.expect("an end")].join("\n")
    };
    for (columns, most) in [
        ("20", 60),
        ("60", 60),
        ("80", 80),
        ("132", 132),
        ("500", 200),
    ] {
        let table = printed(&sandbox, "summarize r", &[("COLUMNS", columns)]);
        let widest = table.lines().map(|line| line.chars().count()).max();
        let widest = widest.expect("lines");
        assert!(
            widest <= most && widest + 10 >= most.min(100),
            "{columns}: {widest}\n{table}"
        );
        assert!(!table.contains('\u{1b}'), "colours in a pipe: {table}");
        let notes = notes(&table);
        assert!(most < 80 || notes.lines().count() <= 2, "{notes}");
        for said in [
            "within 15",
            "SLA 99.9 % of server checks (all must pass)",
            "healthy start",
        ] {
            let table = table.replace('\n', " ");
            assert!(table.contains(said), "{said}: {table}");
        }
    }
    let text = "name = \"e\"\nreplications = 1000\n[factors]\nskill = [\"junior\", \"mid\"]\n";
    sandbox.write("e.toml", text);
    let alone = notes(&sandbox.ok("run e.toml --out alone"));
    assert!(
        alone.contains("overlap is no test") && alone.lines().count() <= 2,
        "{alone}"
    );
    let wide = printed(&sandbox, "summarize r", &[("COLUMNS", "132")]);
    assert!(wide.contains("server-minutes"), "{wide}");
}

/// No line of any shape of table passes the width; a factor that does not vary is not missed, and the
/// bars of two points never have one name.
#[test]
fn every_shape_of_table_fits() {
    let sandbox = Sandbox::new();
    let worlds = [
        "cloudinfra".to_owned(),
        shipped("experiments/worlds/second-api.toml"),
    ];
    let compare = "[compare]\nfactor = \"world\"\nbaseline = \"cloudinfra\"\n";
    let head = "name = \"e\"\nreplications = 200\n";
    let mixed = format!(
        "{head}[factors]\nworld = {worlds:?}\nchaos_level = [\"low\", \"high\"]\n\
         \"sla.indicator\" = [\"availability\", \"journey_availability\"]\n{compare}"
    );
    let sobol = format!(
        "{head}[design]\nmethod = \"sobol\"\npoints = 16\n[factors]\n\
         chaos_multiplier = {{ from = 0.5, to = 3.0 }}\n\
         \"remediation.restart_service.cooldown\" = {{ from = 1, to = 4 }}\n\
         \"chaos.service_crash.probability\" = {{ from = 0.04, to = 0.2 }}\nskill = [\"mid\"]\n"
    );
    let mut runs = vec![
        (
            sandbox.write("mixed.toml", &mixed).display().to_string(),
            200,
        ),
        (
            sandbox.write("sobol.toml", &sobol).display().to_string(),
            100,
        ),
    ];
    for (name, replications) in [
        ("agentos_classic", 40),
        ("chaos_curve", 40),
        ("month", 2), // of a day
        ("redundancy", 40),
        ("sla_vs_chaos", 40),
        ("time_to_resolve", 40),
    ] {
        runs.push((shipped(&format!("experiments/{name}.toml")), replications));
    }
    for (at, (experiment, replications)) in runs.iter().enumerate() {
        let day = match experiment.contains("month") {
            true => " --set rounds=1440",
            false => "",
        };
        sandbox.ok(&format!(
            "run {experiment}{day} --replications {replications} --quiet --no-report --out r{at}"
        ));
        for width in [60, 80, 120, 200] {
            let columns = width.to_string();
            let table = printed(
                &sandbox,
                &format!("summarize r{at}"),
                &[("COLUMNS", &columns)],
            );
            for line in table.lines() {
                assert!(
                    line.chars().count() <= width,
                    "{experiment} {width}: {line}\n{table}"
                );
            }
            let left_out = table.split("Left out to fit").nth(1);
            let left_out = left_out
                .and_then(|text| text.split('.').next())
                .unwrap_or_default();
            assert!(!left_out.contains("skill"), "one level is no loss: {table}");
            let bars = table.lines().filter(|line| line.contains('▒'));
            let bars = bars.filter(|line| !line.contains("interval"));
            let mut names: Vec<&str> = bars
                .filter_map(|line| line.split(['█', '▒']).next())
                .collect();
            names.retain(|name| name.starts_with(' '));
            // Within an x level, of which the first bar has the name of x too.
            let lines: Vec<String> = names.iter().map(|name| name.trim().to_owned()).collect();
            let repeats = lines.windows(2).filter(|pair| pair[0] == pair[1]).count();
            assert_eq!(repeats, 0, "{table}");
        }
    }
}

/// A terminal says its width, and has colours unless `NO_COLOR` is set.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_has_its_width_and_colours() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", JOURNEY);
    sandbox.ok("run e.toml --quiet --out r");
    let binary = assert_cmd::cargo::cargo_bin!("sysworld");
    let typed = |variables: &str| {
        let line = format!(
            "stty cols 110 rows 40; {variables} {} summarize r",
            binary.display()
        );
        let output = std::process::Command::new("script")
            .args(["-qec", &line, "/dev/null"])
            .current_dir(sandbox.path(""))
            .env_remove("COLUMNS")
            .env_remove("NO_COLOR")
            .env("TERM", "xterm")
            .output();
        match output {
            Ok(output) => String::from_utf8(output.stdout).expect("UTF-8"),
            Err(error) => panic!("`script` of util-linux: {error}"),
        }
    };
    let (coloured, plain) = (typed(""), typed("NO_COLOR=1"));
    assert!(coloured.contains("\u{1b}[1m"), "{coloured}");
    assert!(!plain.contains('\u{1b}'), "{plain}");
    let without: String = coloured
        .split('\u{1b}')
        .enumerate()
        .map(|(at, piece)| match at {
            0 => piece,
            _ => piece.split_once('m').expect("an end").1,
        })
        .collect();
    assert_eq!(without, plain);
    let plain = plain.replace('\r', "");
    assert_eq!(
        plain,
        printed(&sandbox, "summarize r", &[("COLUMNS", "110")])
    );
    assert!(!typed("TERM=dumb").contains('\u{1b}'));
}

/// The differences of `[compare]` are in the terminal and in the JSON, as the table has them; no
/// p-value is 0.
#[test]
fn differences_are_shown() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", &JOURNEY.replace("300", "4000"));
    let table = sandbox.ok(&format!("run e.toml --out r {ON_JOURNEY}"));
    let (_, shown) = table
        .split_once("Differences from skill mid")
        .expect("a table");
    let rows = sandbox.rows("r/comparisons.csv");
    for row in rows.iter().filter(|row| row["estimate"] == "sla_miss") {
        let mut lines = shown.lines();
        let line = lines.find(|line| {
            let mut words = line.split_whitespace();
            words.next() == Some(&row["chaos_level"]) && words.next() == Some(&row["skill"])
        });
        let difference = 100.0 * number(row, "difference");
        let sign = if difference > 0.0 { '+' } else { '−' };
        let said = format!("{sign}{:.1}", difference.abs());
        let line = line.expect("a row");
        assert!(line.contains(&said), "{said} in {line}");
    }
    assert!(
        shown.contains("journey,") && !shown.contains("available,"),
        "{shown}"
    );
    for row in &rows {
        assert!(number(row, "p_value") >= 1e-16 && number(row, "p_holm") >= 1e-16);
    }
    assert!(rows.iter().any(|row| number(row, "p_value") == 1e-16));
    // A mark stands on each difference by itself: a row has some that stand and some that don't.
    let marks = |row: &&BTreeMap<String, String>| {
        let shown = ["journey_availability", "sla_miss"];
        shown.contains(&row["estimate"].as_str())
    };
    let stand = rows.iter().filter(marks);
    let stand = stand.filter(|row| number(row, "p_holm") < 0.05).count();
    let (body, note) = shown.split_once("* differs from 0").expect("a footnote");
    assert_eq!(body.matches('*').count(), stand, "{shown}");
    assert!(note.contains("(p < 0.05)") && 0 < stand, "{shown}");
    let json = sandbox.ok(&format!("run e.toml --out r --format json {ON_JOURNEY}"));
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let comparisons = json["comparisons"].as_array().expect("rows");
    assert_eq!(comparisons.len(), rows.len());
    for (object, row) in comparisons.iter().zip(&rows) {
        assert_eq!(object["estimate"], row["estimate"].as_str());
        assert_eq!(
            object["difference"].as_f64(),
            row["difference"].parse().ok()
        );
    }
}

/// A plot of what is everywhere the same is not drawn.
#[test]
fn what_says_nothing_is_not_drawn() {
    let sandbox = Sandbox::new();
    for factors in [
        "skill = [\"junior\", \"mid\"]",
        "base_traffic = { from = 1000, to = 1040 , step = 1 }",
    ] {
        let calm = format!(
            "name = \"calm\"\nreplications = 4\n[factors]\nchaos_multiplier = [0]\n{factors}\n"
        );
        sandbox.write("e.toml", &calm);
        let table = sandbox.ok("run e.toml --out r --force");
        assert!(
            !table.contains("▒ the interval") && !table.contains('▁'),
            "{table}"
        );
    }
}

/// `--rounds` tells those rounds of the log and no others; `--incidents` tells each incident of the
/// table once, with its causes and its end.
#[test]
fn a_replication_can_be_told_in_part() {
    let sandbox = Sandbox::new();
    let simulate = "simulate --chaos-level high --skill mid --replication 3";
    let all = sandbox.ok(simulate);
    let blocks: Vec<&str> = all.split("\n\n").collect();
    let some = sandbox.ok(&format!("{simulate} --rounds 3-5"));
    let last = blocks.len() - 1;
    let wanted = [&blocks[..1], &blocks[3..6], &blocks[last..]].concat();
    assert_eq!(some.split("\n\n").collect::<Vec<_>>(), wanted);
    let one = sandbox.ok(&format!("{simulate} --rounds 3"));
    assert!(one.contains("round 3 of 15") && !one.contains("round 4 of 15"));

    sandbox.write(
        "e.toml",
        "name = \"e\"\nreplications = 4\n[factors]\nchaos_level = [\"high\"]\n\
         [output]\ntables = [\"incidents\"]\nformats = [\"csv\"]\n",
    );
    sandbox.ok("run e.toml --quiet --out r");
    let rows: Vec<_> = sandbox
        .rows("r/incidents/part-00-000000.csv")
        .into_iter()
        .filter(|row| row["replication"] == "3")
        .collect();
    let told = sandbox.ok("replay r --at chaos_level=high --replication 3 --incidents");
    let blocks: Vec<&str> = told.split("\n\n").collect();
    assert_eq!(
        blocks.len(),
        rows.len() + 2,
        "header, incidents, verdict: {told}"
    );
    for (block, row) in blocks[1..].iter().zip(&rows) {
        let causes = row["cause"].replace('+', ", ");
        let rounds = row["ttr_half_rounds"].parse::<f64>().expect("a time") / 2.0;
        let end = match row["closed_by"].as_str() {
            "action" => format!("by an action after {rounds} rounds"),
            "recovery" => format!("by itself after {rounds} rounds"),
            _ => format!("at the end, after {rounds} rounds"),
        };
        assert!(
            block.contains(&format!("· {} is down", row["server"])),
            "{block}"
        );
        assert!(
            block.contains(&causes) && block.contains(&end),
            "{row:?}\n{block}"
        );
        let handled = block.lines().any(|line| line.starts_with("  round "));
        assert_eq!(handled, !row["handled_half_round"].is_empty(), "{block}");
    }
    let some = sandbox.ok("replay r --at chaos_level=high --replication 3 --incidents --rounds 1");
    let early = rows.iter().filter(|row| {
        let opened: u32 = row["opened_half_round"].parse().expect("a time");
        opened < 2
    });
    assert_eq!(some.split("\n\n").count(), early.count() + 2, "{some}");

    for (wrong, says) in [
        ("--rounds 0-3", "counted from 1"),
        ("--rounds 5-3", "did you mean 3-5?"),
        ("--rounds 14-16", "there is no round 16"),
        ("--rounds 3 --quiet", "cannot be used with"),
        ("--incidents --quiet", "cannot be used with"),
    ] {
        let (code, said) = sandbox.fails(&format!("{simulate} {wrong}"));
        assert!(code == 2 && said.contains(says), "{wrong}: {said}");
    }
}
