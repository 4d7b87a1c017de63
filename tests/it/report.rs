//! What people look at holds the numbers of the tables: page, figures, terminal.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;
use sysworld::summary::catalogue::{CATALOGUE, Estimator, Quantity};

use crate::cases::TIMES;
use crate::sandbox::{Sandbox, shipped};

/// Experiments of every shape, by name.
pub const SHAPES: [(&str, &str); 13] = [
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
    (
        "sobol",
        "replications = 10\n[factors]\nchaos_multiplier = { from = 0.5, to = 3.0 }\n\
         \"chaos.cpu_spike.probability\" = { from = 0.05, to = 0.2 }\n\
         [design]\nmethod = \"sobol\"\npoints = 128\nseed = 1\n",
    ),
    (
        "journey",
        "replications = 200\n[factors]\nskill = [\"junior\", \"mid\", \"senior\"]\n\
         \"sla.target\" = [99.5]\n\"sla.indicator\" = [\"journey_availability\"]\n",
    ),
    (
        "mixed",
        "replications = 100\n[factors]\n\"sla.indicator\" = [\"availability\", \"journey_availability\"]\n\
         skill = [\"junior\", \"senior\"]\nchaos_level = [\"low\", \"high\"]\n\
         [compare]\nfactor = \"sla.indicator\"\nbaseline = \"availability\"\n",
    ),
    (
        "cases",
        "replications = 100\n[factors]\nworld = [\"timed.toml\", \"cloudinfra\"]\n\
         skill = [\"junior\", \"senior\"]\n",
    ),
];

/// Runs an experiment of some shape into a folder of its name.
pub fn run(sandbox: &Sandbox, (name, text): (&str, &str)) -> String {
    sandbox.write("e.toml", &format!("name = \"{name}\"\n{text}"));
    let timed = format!("name = \"timed\"\nextends = \"cloudinfra\"\n{TIMES}");
    sandbox.write("timed.toml", &timed);
    sandbox.ok(&format!("run e.toml --out {name}"))
}

fn data(page: &str) -> Value {
    let (_, rest) = page
        .split_once("<script type=\"application/json\" id=\"data\">")
        .expect("the page holds its data");
    let (json, _) = rest.split_once("</script>").expect("the data end");
    serde_json::from_str(json).expect("JSON")
}

/// Whatever the shape of an experiment, its page has every estimate of the summary to the last bit,
/// and the terminal's lines fit.
#[test]
fn a_page_holds_the_numbers_of_the_summary() {
    let sandbox = Sandbox::new();
    for shape in SHAPES {
        let name = shape.0;
        let table = run(&sandbox, shape);
        // The three long names of a point and both indicators of its SLA are never left out.
        for line in table.lines().filter(|_| name != "mixed") {
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
                    assert_eq!(ours, theirs, "{name}, {column}{suffix}");
                    count += 1;
                }
            }
            let stands = |one: &&Estimator| name == "cases" || one.of != Quantity::ResolvePart;
            assert_eq!(count, 3 * CATALOGUE.iter().filter(stands).count(), "{name}");
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
    // The answer is that of all points.
    let headline = page["answers"][1]["headline"].as_str().expect("a sentence");
    assert!(headline.contains("3,000 design points"), "{headline}");
    let worst = &ends(&sandbox.rows("huge/summary.csv"), "sla_miss")[1];
    let plain = page["plain"][0].as_str().expect("a sentence");
    let place = format!("skill {}) all of the 2 simulated", worst["skill"]);
    assert!(plain.contains(&place), "{plain}");
}

/// A name of a world is text, wherever it is shown; and figures of a journey SLA have its target and
/// its differences.
#[test]
fn names_are_never_markup() {
    let sandbox = Sandbox::new();
    let name = "w<img onerror=x>&.toml";
    // Two worlds of one name are called as they are written.
    fs::write(
        sandbox.path(name),
        "name = \"cloudinfra\"\nextends = \"cloudinfra\"\nrounds = 16\n",
    )
    .expect("a file");
    let text = format!(
        "name = \"hostile\"\nreplications = 20\n[factors]\nworld = [\"cloudinfra\", \"{name}\"]\n\
         [compare]\nfactor = \"world\"\nbaseline = \"{name}\"\n"
    );
    sandbox.write("e.toml", &text);
    let set = "--set sla.indicator=journey_availability";
    sandbox.ok(&format!("run e.toml --quiet --out hostile {set}"));
    let page = sandbox.read("hostile/report.html");
    assert!(!page.contains("<img"));
    assert!(page.contains("w\\u003cimg onerror=x>&"));
    sandbox.ok("report hostile --plots");
    let read = |name: &str| sandbox.read(&format!("hostile/plots/{name}.svg"));
    for figure in ["sla_miss", "difference_sla_miss"] {
        let svg = read(figure);
        assert!(svg.contains("&lt;img") && !svg.contains("<img"), "{figure}");
    }
    let target = "SLA target 99.9 %\n</text>";
    assert!(read("journey_availability").contains(target));
    assert!(!read("availability").contains(target));
    assert!(read("difference_journey_availability").contains("percentage points"));
    assert!(
        !sandbox
            .path("hostile/plots/difference_availability.svg")
            .exists()
    );
}

/// Where the marks of a figure stand, from the top: dots, and polygons that are small.
fn heights(svg: &str) -> Vec<f64> {
    let attribute = |text: &str, name: &str| -> Option<String> {
        let (_, rest) = text.split_once(&format!(" {name}=\""))?;
        Some(rest.split('"').next()?.to_owned())
    };
    let circles = svg.split("<circle").skip(1).filter_map(|circle| {
        let circle = circle.split('>').next()?;
        (attribute(circle, "r")? == "10").then(|| attribute(circle, "cy")?.parse().ok())?
    });
    let polygons = svg.split("<polygon").skip(1).filter_map(|polygon| {
        let points = attribute(polygon.split('>').next()?, "points")?;
        let points: Vec<[f64; 2]> = points
            .split_whitespace()
            .filter_map(|point| {
                let (x, y) = point.split_once(',')?;
                Some([x.parse().ok()?, y.parse().ok()?])
            })
            .collect();
        let mean = |axis: usize| {
            let values = points.iter().map(|point| point[axis]);
            values.sum::<f64>() / points.len() as f64
        };
        let far = points
            .iter()
            .any(|[x, y]| (x - mean(0)).abs().max((y - mean(1)).abs()) > 25.0);
        (!far && points.len() > 2).then(|| mean(1))
    });
    // Those of the legend are above.
    circles.chain(polygons).filter(|y| *y > 150.0).collect()
}

/// Asserts that marks stand where values are: one linear scale maps all of them.
fn assert_to_scale(what: &str, svg: &str, mut values: Vec<f64>) {
    let mut heights = heights(svg);
    assert_eq!(heights.len(), values.len(), "{what}");
    // The higher the value, the smaller the distance from the top.
    heights.sort_by(f64::total_cmp);
    values.sort_by(|a, b| b.total_cmp(a));
    let last = values.len() - 1;
    let scale = (heights[last] - heights[0]) / (values[last] - values[0]);
    for (height, value) in heights.iter().zip(&values) {
        let wanted = heights[0] + scale * (value - values[0]);
        assert!(
            (height - wanted).abs() <= 2.0,
            "{what}: {height}, not {wanted}"
        );
    }
}

/// The marks of a figure stand where the summary says, differences where `comparisons` says; the
/// target is drawn on what the SLA is held to; lines differ in more than colour.
#[test]
fn figures_are_drawn_to_scale() {
    let sandbox = Sandbox::new();
    run(&sandbox, SHAPES[0]);
    sandbox.ok("report main --plots");
    let summary = sandbox.rows("main/summary.csv");
    let number = |row: &BTreeMap<String, String>, column: &str| {
        row[column].parse::<f64>().expect("a number")
    };
    for estimate in [
        "sla_miss",
        "availability",
        "journey_availability",
        "mttr_rounds",
    ] {
        let svg = sandbox.read(&format!("main/plots/{estimate}.svg"));
        let values = summary.iter().map(|row| number(row, estimate));
        assert_to_scale(estimate, &svg, values.collect());
        assert!(svg.contains("95 % intervals") && svg.contains("n = 400 replications a point"));
        assert!(svg.contains("<desc>"));
        assert_eq!(
            svg.contains("SLA target 99.9 %\n</text>"),
            estimate == "availability",
            "{estimate}"
        );
        // Three skills: a circle, a square, a triangle.
        assert!(
            svg.contains("<circle") && svg.contains("<polygon"),
            "{estimate}"
        );
        let png =
            fs::read(sandbox.path(&format!("main/plots/{estimate}.png"))).expect("it is there");
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n") && png.len() > 20_000);
    }
    let comparisons = sandbox.rows("main/comparisons.csv");
    for estimate in ["sla_miss", "availability", "mttr_rounds"] {
        let svg = sandbox.read(&format!("main/plots/difference_{estimate}.svg"));
        let rows = comparisons.iter().filter(|row| row["estimate"] == estimate);
        let values = rows.map(|row| number(row, "difference"));
        assert_to_scale(estimate, &svg, values.collect());
        assert!(svg.contains("difference from skill mid"));
    }
    assert!(
        !sandbox
            .path("main/plots/difference_journey_availability.svg")
            .exists()
    );
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
    // The page, five figures and three of differences, each as SVG and PNG.
    assert_eq!(said.lines().count(), 1 + 2 * 8);
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

/// The row with the least and the one with the most of a column.
fn ends(rows: &[BTreeMap<String, String>], column: &str) -> [BTreeMap<String, String>; 2] {
    let of = |row: &BTreeMap<String, String>| row[column].parse::<f64>().expect("a number");
    let by = |a: &&BTreeMap<String, String>, b: &&BTreeMap<String, String>| of(a).total_cmp(&of(b));
    [
        rows.iter().min_by(by).expect("a row").clone(),
        // Of equals the first, too.
        rows.iter().rev().max_by(by).expect("a row").clone(),
    ]
}

/// The sentence at the top says the table's numbers, of the point with the least risk and of the
/// one with the most, and no surer than their intervals.
#[test]
fn the_plain_sentence_says_what_the_table_says() {
    let sandbox = Sandbox::new();
    run(&sandbox, SHAPES[0]);
    let page = sandbox.read("main/report.html");
    let data = data(&page);
    let [best, worst] = ends(&sandbox.rows("main/summary.csv"), "sla_miss");
    let share = |row: &BTreeMap<String, String>, column: &str| {
        100.0 * row[column].parse::<f64>().expect("a number")
    };
    let plain = data["plain"][0].as_str().expect("a sentence");
    let best_said = format!(
        "At best (chaos level {}, skill {}) {:.0} of 100 windows of 15 minutes miss the 99.9 % \
         availability target, at worst (chaos level {}, skill {}) ",
        best["chaos_level"],
        best["skill"],
        share(&best, "sla_miss").round(),
        worst["chaos_level"],
        worst["skill"],
    );
    assert!(plain.starts_with(&best_said), "{plain}");
    let within: f64 = plain
        .split_once("known to within ")
        .and_then(|(_, rest)| rest.split(' ').next())
        .expect("how sure")
        .parse()
        .expect("a number");
    let rounded = share(&best, "sla_miss").round();
    for end in ["sla_miss_lo", "sla_miss_hi"] {
        let end = share(&best, end).round();
        assert!((rounded - end).abs() <= within, "{plain}: {end}");
    }
    // 400 of 400 are not 100 of 100.
    assert_eq!(worst["sla_missed"], "400");
    let sure = (share(&worst, "sla_miss_lo") * 10.0).floor();
    let worst_said = format!(
        "all of the 400 simulated; the first is known to within {within} in 100, \
                              the second to be at least {sure} in 1,000."
    );
    assert!(plain.ends_with(&worst_said), "{plain}");
    let nines: f64 = best["nines"].parse().expect("a number");
    let beside = data["plain"][1].as_str().expect("a sentence");
    assert!(
        beside.contains(&format!("; {nines:.2} nines, ")),
        "{beside}"
    );
    let text = format!("<p id=\"plain\" class=\"plain\">{plain}</p>");
    assert!(page.contains(&text), "who has no scripts reads it too");
}

/// An experiment whose SLA is the journey's is drawn with the journey: the curve of single
/// replications, the worst one, the target.
#[test]
fn a_page_shows_what_the_sla_is_held_to() {
    let sandbox = Sandbox::new();
    let csv = "[output]\nformats = [\"parquet\", \"csv\"]\n";
    for name in ["journey", "mixed"] {
        let shape = SHAPES
            .iter()
            .find(|shape| shape.0 == name)
            .expect("it is there");
        run(&sandbox, (name, &format!("{}{csv}", shape.1)));
        let page = data(&sandbox.read(&format!("{name}/report.html")));
        let mut runs: Vec<BTreeMap<String, String>> = Vec::new();
        for entry in fs::read_dir(sandbox.path(&format!("{name}/runs"))).expect("a folder") {
            let file = entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("text");
            if file.ends_with(".csv") {
                runs.extend(sandbox.rows(&format!("{name}/runs/{file}")));
            }
        }
        let mut on_journey = 0;
        for point in page["points"].as_array().expect("points") {
            let journey = point["on_journey"].as_bool().expect("a flag");
            on_journey += usize::from(journey);
            let (good, all) = match journey {
                true => ("journey_up_rounds", "rounds"),
                false => ("up_checks", "checks"),
            };
            let number = |row: &BTreeMap<String, String>, column: &str| {
                row[column].parse::<u64>().expect("a number")
            };
            let own: Vec<&BTreeMap<String, String>> = runs
                .iter()
                .filter(|row| point["key"] == row["point"].as_str())
                .collect();
            assert!(own.len() >= 100);
            let of =
                |row: &&&BTreeMap<String, String>| (number(row, good), number(row, "replication"));
            let worst = own.iter().min_by_key(of).expect("a replication");
            assert_eq!(point["worst"][0], number(worst, "replication"), "{name}");
            assert_eq!(point["worst"][1], number(worst, good));
            assert_eq!(point["sla_checks"], number(worst, all));
            let spread = point["spread"].as_array().expect("steps");
            for step in spread {
                let at_most = own
                    .iter()
                    .filter(|row| number(row, good) <= step[0].as_u64().expect("a number"));
                assert_eq!(step[1], at_most.count() as u64, "{name}");
            }
            // What is left of the target is what misses it.
            let target: f64 = point["target"]
                .as_str()
                .expect("text")
                .parse()
                .expect("a number");
            let below = |step: &&Value| {
                let share = step[0].as_f64().expect("a number") / number(worst, all) as f64;
                100.0 * share < target
            };
            let missed = spread
                .iter()
                .filter(below)
                .map(|step| step[1].as_u64())
                .next_back();
            let wanted = own.iter().filter(|row| row["sla_met"] == "false").count();
            assert_eq!(missed.flatten().unwrap_or(0), wanted as u64, "{name}");
        }
        let held = page["agreement"]["held"].as_str().expect("a word");
        let headline = page["answers"][1]["headline"].as_str().expect("a sentence");
        match name {
            "journey" => {
                assert_eq!((held, on_journey), ("journey", 3));
                assert!(
                    headline.starts_with("The 99.5 % journey-availability SLA is"),
                    "{headline}"
                );
            }
            _ => {
                assert_eq!((held, on_journey), ("mixed", 4));
                assert!(headline.starts_with("The 99.9 % SLA is"), "{headline}");
            }
        }
    }
}

/// What is compared is never chosen from: a page that opened at the baseline would have no
/// difference to show.
#[test]
fn the_compared_factor_is_on_x_or_a_colour() {
    let sandbox = Sandbox::new();
    let factors = [
        ("skill", "[\"junior\", \"senior\"]", "\"junior\""),
        ("chaos_level", "[\"low\", \"high\"]", "\"low\""),
        ("\"remediation.restart_service.cooldown\"", "[1, 4]", "1"),
    ];
    for (along, _, baseline) in factors {
        let mut text = "replications = 2\n[factors]\n".to_owned();
        for (name, levels, _) in factors {
            text.push_str(&format!("{name} = {levels}\n"));
        }
        text.push_str(&format!(
            "[compare]\nfactor = {}\nbaseline = {baseline}\n",
            if along.starts_with('"') {
                along.to_owned()
            } else {
                format!("\"{along}\"")
            }
        ));
        let name = format!("by-{}", along.trim_matches('"').replace('.', "-"));
        run(&sandbox, (&name, &text));
        let axes = &data(&sandbox.read(&format!("{name}/report.html")))["axes"];
        let compared = &axes["compared"];
        assert!(compared.is_u64());
        assert!(
            axes["x"] == *compared || axes["series"] == *compared,
            "{axes}"
        );
        assert!(
            !axes["panels"]
                .as_array()
                .expect("a list")
                .contains(compared)
        );
        assert_eq!(axes["panels"].as_array().map(Vec::len), Some(1));
    }
    // The baseline is among the colours of a page that can't show all levels.
    let levels: Vec<String> = (1..=20).map(|level| level.to_string()).collect();
    run(
        &sandbox,
        (
            "wide",
            &format!(
                "replications = 2\n[factors]\nchaos_level = [\"low\", \"high\"]\n\
                 \"remediation.restart_service.cooldown\" = [{}]\n[compare]\n\
                 factor = \"remediation.restart_service.cooldown\"\nbaseline = 18\n",
                levels.join(", ")
            ),
        ),
    );
    let page = data(&sandbox.read("wide/report.html"));
    let shown = page["axes"]["factors"][1]["labels"].to_string();
    assert!(
        shown.contains("\"18\"") && shown.contains("\"20\""),
        "{shown}"
    );
    assert_eq!(
        page["axes"]["factors"][1]["labels"]
            .as_array()
            .map(Vec::len),
        Some(8)
    );
    assert_eq!(page["baseline"]["level"], "18");
}

/// Downtime stands beside nines: of one server over a replication, and over a month only where a
/// replication is as long, since it starts healthy.
#[test]
fn downtime_is_stated_for_no_longer_than_was_simulated() {
    let sandbox = Sandbox::new();
    for (name, minutes, over, factor) in [
        ("short", 1.0, "15 minutes", 1.0),
        ("long", 5760.0, "30 days", 0.5),
    ] {
        run(
            &sandbox,
            (
                name,
                &format!(
                    "replications = 50\n[factors]\nskill = [\"junior\", \"senior\"]\nround_minutes = [{minutes}]\n"
                ),
            ),
        );
        let page = data(&sandbox.read(&format!("{name}/report.html")));
        let all = page["indicators"].as_array().expect("a list");
        let keys: Vec<&str> = all.iter().filter_map(|i| i["key"].as_str()).collect();
        let nines = keys.iter().position(|key| *key == "nines").expect("nines");
        assert_eq!(keys[nines + 1], "downtime");
        let downtime = &all[nines + 1];
        let wanted = format!("Mean downtime of a server in {over}");
        assert_eq!(downtime["label"], wanted.as_str());
        let rows = sandbox.rows(&format!("{name}/summary.csv"));
        for (point, row) in page["points"].as_array().expect("points").iter().zip(&rows) {
            let of = |column: &str| row[column].parse::<f64>().expect("a number");
            let estimate = &point["estimates"]["downtime"];
            for (end, column) in [("value", ""), ("lo", "_lo"), ("hi", "_hi")] {
                let ours = estimate[end].as_f64().expect("a number");
                let servers = 6.0;
                let theirs = of(&format!("downtime_minutes{column}")) / servers * factor;
                assert!(
                    (ours - theirs).abs() <= 1e-9 * theirs.abs(),
                    "{ours}, not {theirs}"
                );
            }
        }
        let start = page["start"].as_str().expect("a sentence");
        assert!(start.starts_with("Every replication starts with all servers healthy"));
        assert_eq!(start.contains("longer window"), name == "short", "{start}");
        let within = &all.iter().find(|i| i["key"] == "mttr_rounds").expect("it")["label"];
        assert_eq!(within, "Mean time to resolve within 15 rounds");
    }
}

/// A page of a sweep that is not finished says so above its answer; a finished one does not.
#[test]
fn an_unfinished_sweep_is_said_to_be_one() {
    let sandbox = Sandbox::new();
    let text = "name = \"e\"\nreplications = 20000\n[factors]\nskill = [\"junior\", \"mid\"]\n";
    sandbox.write("e.toml", text);
    sandbox.ok("run e.toml --out half --shard 1/2 --quiet");
    sandbox.ok("report half");
    let page = sandbox.read("half/report.html");
    let said = data(&page)["unfinished"]
        .as_str()
        .expect("a sentence")
        .to_owned();
    let rows: u64 = data(&page)["points"]
        .as_array()
        .expect("points")
        .iter()
        .filter_map(|point| point["n"].as_u64())
        .sum();
    assert!(rows > 0 && rows < 40_000);
    let (thousands, rest) = (rows / 1000, rows % 1000);
    let wanted = format!("it has {thousands},{rest:03} of 40,000 replications");
    assert!(said.contains(&wanted), "{said}");
    let shown = page.find("id=\"unfinished\"").expect("it is shown");
    assert!(shown < page.find("id=\"plain\"").expect("the answer"));
    sandbox.ok("run e.toml --out half --quiet");
    let page = sandbox.read("half/report.html");
    assert!(!page.contains("id=\"unfinished\"") && data(&page)["unfinished"].is_null());
    assert!(!page.contains("id=\"asked\""), "nobody was asked");
}

/// What `plan` warns of is on the page, above the verdicts.
#[test]
fn advice_is_on_the_page() {
    let sandbox = Sandbox::new();
    let shape = SHAPES
        .iter()
        .find(|shape| shape.0 == "mixed")
        .expect("it is there");
    run(&sandbox, *shape);
    let page = sandbox.read("mixed/report.html");
    let said = sandbox
        .sysworld("plan e.toml")
        .output()
        .expect("it runs")
        .stderr;
    let said = String::from_utf8(said)
        .expect("text")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let advice = data(&page)["advice"].as_array().expect("a list").clone();
    assert!(!advice.is_empty());
    for text in &advice {
        let text = text.as_str().expect("text");
        let first = text
            .split(['.', ';'])
            .next()
            .expect("a sentence")
            .to_lowercase();
        assert!(
            said.to_lowercase().contains(first.trim()),
            "{said} lacks {first}"
        );
    }
    let shown = page.find("id=\"advice\"").expect("it is shown");
    assert!(shown < page.find("id=\"curves\"").expect("the figures"));
    run(
        &sandbox,
        (
            "clear",
            "replications = 2\n[factors]\n\"sla.target\" = [90]\n",
        ),
    );
    assert!(!sandbox.read("clear/report.html").contains("id=\"advice\""));
}
