//! What people look at holds the numbers of the tables: page, figures, terminal.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::sandbox::{Sandbox, shipped};

/// Experiments of every shape, by name.
pub const SHAPES: [(&str, &str); 9] = [
    (
        "main",
        "replications = 400\n[factors]\nchaos_level = [\"low\", \"medium\", \"high\", \"extreme\"]\n\
         skill = [\"junior\", \"mid\", \"senior\"]\n[compare]\nfactor = \"skill\"\nbaseline = \"mid\"\n",
    ),
    (
        "one-factor",
        "replications = 100\n[factors]\n\"remediation.restart_service.cooldown\" = [1, 2, 4]\n",
    ),
    (
        "three-factors",
        "replications = 100\n[factors]\nskill = [\"junior\", \"senior\"]\n\
         \"remediation.restart_service.cooldown\" = [1, 4]\nchaos_level = [\"low\", \"high\"]\n",
    ),
    ("one-point", "replications = 100\n"),
    (
        "one-replication",
        "replications = 1\n[factors]\nskill = [\"junior\", \"mid\"]\n",
    ),
    (
        "calm",
        "replications = 100\n[factors]\nchaos_multiplier = [0, 0.0001]\nskill = [\"junior\", \"mid\"]\n",
    ),
    (
        "many",
        "replications = 20\n[factors]\nchaos_multiplier = { from = 0.1, to = 5.0, step = 0.1 }\n\
         \"remediation.restart_service.success_rate\" = [0.5, 0.7, 0.9, 1.0]\n",
    ),
    (
        "worlds",
        "replications = 100\n[factors]\nworld = [\"cloudinfra\", \"agentos-classic\"]\n\
         skill = [\"junior\", \"senior\"]\n",
    ),
    (
        "sample",
        "replications = 50\n[factors]\nchaos_multiplier = { from = 0.5, to = 3.0 }\n\
         \"chaos.cpu_spike.probability\" = { from = 0.05, to = 0.2 }\n\
         [design]\nmethod = \"latin_hypercube\"\npoints = 12\nseed = 1\n",
    ),
];

/// Runs an experiment of some shape into a folder of its name.
pub fn run(sandbox: &Sandbox, (name, text): (&str, &str)) -> String {
    sandbox.write("e.toml", &format!("name = \"{name}\"\n{text}"));
    sandbox.ok(&format!("run e.toml --out {name}"))
}

fn data(page: &str) -> Value {
    let (_, rest) = page
        .split_once("<script type=\"application/json\" id=\"data\">")
        .expect("the page holds its data");
    let (json, _) = rest.split_once("</script>").expect("the data end");
    serde_json::from_str(json).expect("JSON")
}

/// Whatever the shape of an experiment, each number in its page is the summary's to the last bit,
/// and the terminal's lines fit.
#[test]
fn a_page_holds_the_numbers_of_the_summary() {
    let sandbox = Sandbox::new();
    for shape in SHAPES {
        let name = shape.0;
        let table = run(&sandbox, shape);
        for line in table.lines() {
            assert!(line.chars().count() <= 80, "{name}: {line}");
        }
        assert!(!table.contains('\u{1b}'), "{name}: colours in a pipe");
        let page = data(&sandbox.read(&format!("{name}/report.html")));
        let points = page["points"].as_array().expect("points");
        let summary = sandbox.rows(&format!("{name}/summary.csv"));
        assert_eq!(points.len(), summary.len(), "{name}");
        for (point, row) in points.iter().zip(&summary) {
            assert_eq!(point["key"], row["point"].as_str());
            let estimates = point["estimates"].as_object().expect("estimates");
            let known = |row: &BTreeMap<String, String>, column: &str| row[column].parse().ok();
            let mut count = 0;
            for column in row
                .keys()
                .filter(|column| row.contains_key(&format!("{column}_lo")))
            {
                for (part, suffix) in [("value", ""), ("lo", "_lo"), ("hi", "_hi")] {
                    let ours = estimates.get(column).and_then(|e| e[part].as_f64());
                    let theirs: Option<f64> = known(row, &format!("{column}{suffix}"));
                    if ours.is_some() || page["indicators"].to_string().contains(column.as_str()) {
                        assert_eq!(ours, theirs, "{name}, {column}{suffix}");
                        count += 1;
                    }
                }
            }
            assert!(count >= 15, "{name}: {count} numbers compared");
        }
    }
}

/// The verdict is the interval's against the tolerance, and the sentence counts the verdicts.
#[test]
fn the_answer_follows_from_the_intervals() {
    let sandbox = Sandbox::new();
    run(&sandbox, SHAPES[0]);
    let text = sandbox.read("main/report.html");
    let page = data(&text);
    let summary = sandbox.rows("main/summary.csv");
    for answer in page["answers"].as_array().expect("answers") {
        let tolerance = answer["tolerance"].as_f64().expect("a number");
        let mut met = 0;
        for (verdict, row) in answer["verdicts"]
            .as_array()
            .expect("verdicts")
            .iter()
            .zip(&summary)
        {
            let end = |column: &str| row[column].parse::<f64>().expect("a number");
            let wanted = match (end("sla_miss_lo"), end("sla_miss_hi")) {
                (_, hi) if hi <= tolerance => "met",
                (lo, _) if lo > tolerance => "missed",
                _ => "undecided",
            };
            assert_eq!(verdict, wanted);
            met += usize::from(wanted == "met");
        }
        let headline = answer["headline"].as_str().expect("a sentence");
        assert_eq!(
            headline.contains(&format!("is met at {met}")),
            met > 0,
            "{headline}"
        );
    }
    // Who has no scripts reads the answer, too.
    assert!(
        text.contains(
            "<p id=\"headline\" class=\"headline\">The 99.9 % availability SLA is missed"
        )
    );
    assert!(text.contains("27."));
}

/// A page asks nobody for anything, and is small; a huge sweep says what its page leaves out.
#[test]
fn a_page_is_self_contained_and_bounded() {
    let sandbox = Sandbox::new();
    run(&sandbox, SHAPES[0]);
    run(
        &sandbox,
        (
            "huge",
            "replications = 2\n[factors]\nchaos_multiplier = { from = 0.05, to = 5.0, step = 0.05 }\n\
             \"remediation.restart_service.success_rate\" = { from = 0.1, to = 1.0, step = 0.1 }\n\
             skill = [\"junior\", \"mid\", \"senior\"]\n",
        ),
    );
    for (name, most) in [("main", 1_000_000), ("huge", 3_000_000)] {
        let page = sandbox.read(&format!("{name}/report.html"));
        assert!(page.len() < most, "{name}: {} bytes", page.len());
        assert!(page.contains("default-src 'none'"));
        // The library speaks of url(#…) of its own drawings; the browser test holds it.
        let (before, rest) = page.split_once("var echarts=").expect("the library");
        let (_, after) = rest.split_once("</script>").expect("its end");
        let page = [before, after].concat();
        for outside in [
            "<link rel=\"stylesheet",
            " src=",
            "url(",
            "@import",
            "fetch(\"",
            "href=\"http",
        ] {
            assert!(!page.contains(outside), "{name} has {outside}");
        }
    }
    let page = data(&sandbox.read("huge/report.html"));
    let said = page["omissions"].to_string();
    assert!(
        said.contains("levels of chaos multiplier") && said.contains("summary.csv"),
        "{said}"
    );
    assert!(page["points"].as_array().expect("points").len() <= 400);
}

/// A name of a world is text, wherever it is shown.
#[test]
fn names_are_never_markup() {
    let sandbox = Sandbox::new();
    let name = "w<img onerror=x>&.toml";
    fs::write(
        sandbox.path(name),
        "name = \"w\"\nextends = \"cloudinfra\"\n",
    )
    .expect("a file");
    run(
        &sandbox,
        (
            "hostile",
            &format!("replications = 5\n[factors]\nworld = [\"cloudinfra\", \"{name}\"]\n"),
        ),
    );
    let page = sandbox.read("hostile/report.html");
    assert!(!page.contains("<img"));
    assert!(page.contains("w\\u003cimg onerror=x>&"));
    sandbox.ok("report hostile --plots");
    let svg = sandbox.read("hostile/plots/sla_miss.svg");
    assert!(svg.contains("&lt;img") && !svg.contains("<img"));
}

/// The dots of a figure stand where the summary says: one linear scale maps all of them.
#[test]
fn figures_are_drawn_to_scale() {
    let sandbox = Sandbox::new();
    run(&sandbox, SHAPES[0]);
    sandbox.ok("report main --plots");
    let summary = sandbox.rows("main/summary.csv");
    for estimate in ["sla_miss", "availability", "mttr_rounds"] {
        let svg = sandbox.read(&format!("main/plots/{estimate}.svg"));
        let mut heights: Vec<f64> = svg
            .split("<circle")
            .filter(|circle| circle.contains("r=\"10\""))
            .map(|circle| {
                let (_, rest) = circle.split_once("cy=\"").expect("a height");
                rest.split('"')
                    .next()
                    .expect("it ends")
                    .parse()
                    .expect("a number")
            })
            .collect();
        let mut values: Vec<f64> = summary
            .iter()
            .map(|row| row[estimate].parse().expect("a number"))
            .collect();
        assert_eq!(heights.len(), values.len(), "{estimate}");
        // The higher the value, the smaller the distance from the top.
        heights.sort_by(f64::total_cmp);
        values.sort_by(|a, b| b.total_cmp(a));
        let last = values.len() - 1;
        let scale = (heights[last] - heights[0]) / (values[last] - values[0]);
        for (height, value) in heights.iter().zip(&values) {
            let wanted = heights[0] + scale * (value - values[0]);
            assert!(
                (height - wanted).abs() <= 1.5,
                "{estimate}: {height}, not {wanted}"
            );
        }
        assert!(svg.contains("95 % intervals") && svg.contains("n = 400 replications a point"));
        assert!(svg.contains("<desc>"));
        let png =
            fs::read(sandbox.path(&format!("main/plots/{estimate}.png"))).expect("it is there");
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n") && png.len() > 20_000);
    }
    let before = sandbox.data("main");
    sandbox.ok("report main --plots");
    assert_eq!(before, sandbox.data("main"), "the same bytes again");
}

/// A report is written unless it is declined, and goes with the sweep that it is of.
#[test]
fn reports_come_and_go() {
    let sandbox = Sandbox::new();
    let experiment = shipped("experiments/sla_vs_chaos.toml");
    sandbox.ok(&format!(
        "run {experiment} --replications 20 --out r --no-report --quiet"
    ));
    assert!(!sandbox.path("r/report.html").exists());
    let said = sandbox.ok("report r --plots");
    for line in said.lines() {
        assert!(sandbox.path(line).is_file(), "{line}");
    }
    assert_eq!(said.lines().count(), 9);
    sandbox.ok(&format!(
        "run {experiment} --replications 20 --seed 7 --out r --force --no-report --quiet"
    ));
    assert!(!sandbox.path("r/report.html").exists() && !sandbox.path("r/plots").exists());
    let (code, said) = sandbox.fails("report nowhere");
    assert!(
        code == 2 && said.contains("there is no folder nowhere"),
        "{said}"
    );
}
