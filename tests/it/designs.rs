//! Designs: which combinations of levels are points, in which order, and which are refused.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use proptest::prelude::*;

use crate::errors::{all, folder, write};
use crate::sandbox::Sandbox;

const HEAD: &str = "name = \"e\"\nreplications = 3\n";

/// The design points of an experiment, as CSV rows without keys.
fn points(text: &str, files: &[(&str, &str)]) -> Vec<String> {
    let sandbox = Sandbox::new();
    for (name, text) in files {
        sandbox.write(name, text);
    }
    sandbox.write("e.toml", &format!("{HEAD}{text}"));
    let csv = sandbox.ok("plan e.toml --format csv");
    let without_key = |line: &str| line.split_once(',').map(|(_, rest)| rest.to_owned());
    csv.lines().skip(1).filter_map(without_key).collect()
}

const LEVELS: &str = "[factors]\nchaos_level = [\"low\", \"medium\", \"high\"]\n\
                      skill = [\"junior\", \"mid\"]\n";

#[test]
fn lockstep_crosses_the_other_factors_and_varies_fastest() {
    let zip = "[factors]\nchaos_level = [\"low\", \"high\"]\n\
               [[zip]]\nskill = [\"junior\", \"mid\", \"mid\"]\n\"sla.target\" = [95, 99, 95]\n";
    let expected = [
        "low,junior,95.0",
        "low,mid,99.0",
        "low,mid,95.0",
        "high,junior,95.0",
        "high,mid,99.0",
        "high,mid,95.0",
    ];
    assert_eq!(points(zip, &[]), expected);
}

#[test]
fn exclusion_leaves_the_order_of_the_others() {
    let rules = "exclude = [{ chaos_level = \"low\" }, \
                 { chaos_level = [\"medium\", \"high\"], skill = \"junior\" }]\n";
    let expected = ["medium,mid", "high,mid"];
    assert_eq!(points(&format!("{rules}{LEVELS}"), &[]), expected);
}

#[test]
fn one_at_a_time_is_the_base_and_every_single_change_of_it() {
    let around = "[design]\nmethod = \"one_at_a_time\"\nbase = { chaos_level = \"medium\" }\n";
    let expected = ["medium,junior", "low,junior", "high,junior", "medium,mid"];
    assert_eq!(points(&format!("{around}{LEVELS}"), &[]), expected);
}

#[test]
fn a_csv_file_is_the_design_and_crosses_factors() {
    let text =
        "[design]\nmethod = \"csv\"\nfile = \"d.csv\"\n[factors]\nskill = [\"mid\", \"senior\"]\n";
    let file = "# two points\nchaos_multiplier, rounds\n0.5, 15\n\n2, 30\n";
    let expected = [
        "0.5,15.0,mid",
        "0.5,15.0,senior",
        "2.0,30.0,mid",
        "2.0,30.0,senior",
    ];
    assert_eq!(points(text, &[("d.csv", file)]), expected);
}

/// A sample in lockstep equals the same points written out: a design point is what it simulates.
#[test]
fn a_point_has_one_key_however_the_design_is_written() {
    let sandbox = Sandbox::new();
    sandbox.write("a.toml", &format!("{HEAD}{LEVELS}"));
    let zip = "[[zip]]\nchaos_level = [\"high\", \"low\"]\nskill = [\"mid\", \"junior\"]\n";
    sandbox.write("b.toml", &format!("{HEAD}{zip}"));
    let all = sandbox.ok("plan a.toml --format csv");
    let some = sandbox.ok("plan b.toml --format csv");
    for line in some.lines() {
        assert!(all.lines().any(|known| known == line), "{line}");
    }
}

fn sampled(method: &str, points_wanted: usize, seed: u64) -> Vec<Vec<f64>> {
    let text = format!(
        "[design]\nmethod = \"{method}\"\npoints = {points_wanted}\nseed = {seed}\n\
         [factors]\nchaos_multiplier = {{ from = 0.0, to = 1.0 }}\n\
         \"chaos.cpu_spike.probability\" = {{ from = 0.0, to = 0.5 }}\n"
    );
    let parse = |row: String| {
        row.split(',')
            .map(|x| x.parse().expect("a number"))
            .collect()
    };
    points(&text, &[]).into_iter().map(parse).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Each of n equal parts of each range holds exactly one point, whatever the seed.
    #[test]
    fn a_latin_hypercube_has_one_point_in_each_part(n in 1_usize..60, seed in 0_u64..1000) {
        let points = sampled("latin_hypercube", n, seed);
        prop_assert_eq!(points.len(), n);
        for (factor, width) in [(0, 1.0), (1, 0.5)] {
            let part = |point: &Vec<f64>| (point[factor] / width * n as f64) as usize;
            let parts: BTreeSet<usize> = points.iter().map(part).collect();
            prop_assert_eq!(parts, (0..n).collect::<BTreeSet<_>>());
        }
    }

    /// Of 2^m points of a Sobol sequence, each of 2^m equal parts of each range holds one, and so
    /// does each cell of any grid of 2^a × 2^b such parts.
    #[test]
    fn a_sobol_sequence_fills_every_elementary_cell(m in 1_u32..6, seed in 0_u64..1000) {
        let n = 1 << m;
        let points = sampled("sobol", n, seed);
        for a in 0..=m {
            let (columns, rows) = (1 << a, 1 << (m - a));
            let cell = |point: &Vec<f64>| {
                let column = (point[0] * f64::from(columns)) as usize;
                let row = (point[1] / 0.5 * f64::from(rows)) as usize;
                (column, row)
            };
            let cells: BTreeSet<_> = points.iter().map(cell).collect();
            prop_assert_eq!(cells.len(), n);
        }
    }
}

#[test]
fn a_sample_depends_on_its_seed_alone() {
    for method in ["latin_hypercube", "sobol"] {
        assert_eq!(sampled(method, 8, 3), sampled(method, 8, 3));
        assert_ne!(sampled(method, 8, 3), sampled(method, 8, 4));
    }
}

#[test]
fn whole_intervals_sample_whole_numbers_with_both_ends() {
    let text = "[design]\nmethod = \"latin_hypercube\"\npoints = 64\n[factors]\n\
                chaos_multiplier = { from = 0.5, to = 1.5 }\n\
                \"remediation.scale_up.cooldown\" = { from = 1, to = 4 }\n";
    let last = |row: String| row.rsplit_once(',').map(|(_, x)| x.to_owned());
    let cooldowns: Vec<String> = points(text, &[]).into_iter().filter_map(last).collect();
    for level in ["1.0", "2.0", "3.0", "4.0"] {
        assert_eq!(cooldowns.iter().filter(|c| *c == level).count(), 16);
    }
}

#[test]
fn designs_that_make_no_sense_are_refused() {
    let folder = folder();
    let with = |text: &str| format!("{HEAD}{text}\n");
    let cases = [
        "zip = 3",
        "zip = [3]",
        "[[zip]]",
        "[[zip]]\nskill = [\"junior\", \"mid\"]\nchaos_multiplier = [1, 2, 3]",
        "[[zip]]\nskill = [\"junior\"]\n[[zip]]\nskill = [\"mid\"]",
        "[[zip]]\nskill = [\"mid\", \"mid\"]\nchaos_multiplier = [1, 1]",
        "[factors]\nchaos_level = [\"low\"]\n[[zip]]\nchaos_multiplier = [1]",
        "exclude = { skill = \"mid\" }",
        "exclude = [{ skil = \"mid\" }]\n[factors]\nskill = [\"mid\", \"junior\"]",
        "exclude = [{ skill = \"midd\" }]\n[factors]\nskill = [\"mid\", \"junior\"]",
        "exclude = [{}]\n[factors]\nskill = [\"mid\", \"junior\"]",
        "exclude = [{ skill = [] }]\n[factors]\nskill = [\"mid\", \"junior\"]",
        "exclude = [{ skill = [\"mid\", \"junior\"] }]\n[factors]\nskill = [\"mid\", \"junior\"]",
        "design = \"sobol\"",
        "[design]\npoints = 3",
        "[design]\nmethod = \"sobool\"",
        "[design]\nmethod = \"sobol\"",
        "[design]\nmethod = \"sobol\"\npoints = 4",
        "[design]\nmethod = \"sobol\"\npoints = 0",
        "[design]\nmethod = \"sobol\"\npoints = 65537",
        "[design]\nmethod = \"sobol\"\npoints = 4\n[factors]\nskill = [\"mid\"]",
        "[design]\nmethod = \"sobol\"\npoints = 4\nbase = { skill = \"mid\" }",
        "[design]\nmethod = \"latin_hypercube\"\npoints = 4\n[factors]\nchaos_multiplier = { from = 2, to = 1 }",
        "[design]\nmethod = \"latin_hypercube\"\npoints = 9\n[factors]\n\"rounds\" = { from = 1, to = 2 }",
        "[design]\nmethod = \"latin_hypercube\"\npoints = 9\n[factors]\nskill = { from = 1, to = 2 }",
        "[design]\nmethod = \"one_at_a_time\"\nbase = { skill = \"mid\" }",
        "[design]\nmethod = \"one_at_a_time\"\nbase = { skill = \"mid\" }\n[factors]\nskill = [\"junior\"]",
        "[design]\nmethod = \"one_at_a_time\"\nbase = { skill = \"mid\", chaos_level = \"low\" }\n\
         [[zip]]\nskill = [\"junior\", \"mid\"]\nchaos_level = [\"low\", \"high\"]",
        "[design]\nmethod = \"csv\"",
        "[design]\nmethod = \"csv\"\nfile = \"none.csv\"",
        "[design]\nmethod = \"csv\"\nfile = \"empty.csv\"",
        "[design]\nmethod = \"csv\"\nfile = \"header.csv\"",
        "[design]\nmethod = \"csv\"\nfile = \"ragged.csv\"",
        "[design]\nmethod = \"csv\"\nfile = \"gap.csv\"",
        "[design]\nmethod = \"csv\"\nfile = \"name.csv\"",
        "[design]\nmethod = \"csv\"\nfile = \"level.csv\"",
        "[design]\nmethod = \"csv\"\nfile = \"twice.csv\"",
        "[design]\nmethod = \"csv\"\nfile = \"good.csv\"\n[factors]\nskill = [\"mid\"]",
        "[compare]\nfactor = \"skill\"\nbaseline = \"mid\"",
        "[compare]\nfactor = \"skill\"\n[factors]\nskill = [\"mid\", \"junior\"]",
        "[compare]\nfactor = \"skill\"\nbaseline = \"senor\"\n[factors]\nskill = [\"mid\", \"senior\"]",
        "[compare]\nfactor = \"skill\"\nbaseline = \"mid\"\n[factors]\nskill = [\"mid\"]",
        "[intervals]\nsla_miss = \"wald\"",
        "[[precision]]\nestimate = \"mttr\"\nhalf_width = 0.1\nmax_replications = 10",
        "[[precision]]\nestimate = \"sla_miss\"\nhalf_width = 0\nmax_replications = 10",
        "[[precision]]\nestimate = \"sla_miss\"\nhalf_width = 0.1\nmax_replications = 2",
        "[[precision]]\nestimate = \"sla_miss\"\nhalf_width = 0.1",
        "[[precision]]\nestimate = \"sla_miss\"\nhalf_width = 0.1\nmax_replications = 9\n\
         [[precision]]\nestimate = \"sla_miss\"\nhalf_width = 0.2\nmax_replications = 9",
    ];
    for (name, text) in [
        ("empty.csv", ""),
        ("header.csv", "skill\n"),
        ("ragged.csv", "skill,rounds\nmid,15\n# more\njunior\n"),
        ("gap.csv", "skill,rounds\nmid,\n"),
        ("name.csv", "skil\nmid\n"),
        ("level.csv", "skill\nmid\nsenor\n"),
        ("twice.csv", "skill\nmid\nmid\n"),
        ("good.csv", "skill\nmid\n"),
    ] {
        write(folder.path(), name, text);
    }
    let mut said = String::new();
    for case in cases {
        write(folder.path(), "e.toml", with(case));
        said += &format!("{case}\n{}", all(folder.path(), &["run e.toml"]));
    }
    assert_snapshot!("refused", said);
}
