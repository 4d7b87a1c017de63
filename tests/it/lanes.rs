//! Replications side by side are what they are one by one, bit for bit, whatever the instructions.

use std::sync::atomic::AtomicBool;

use proptest::prelude::*;
use sysworld::counts::PointCounts;
use sysworld::design::Design;
use sysworld::diagnostics::Sources;
use sysworld::experiment::Experiment;
use sysworld::simulation::{
    Accountant, Count, CountedIncident, InstructionSet, LANES, LaneState, MODEL_VERSION, Model,
    Replication, State, fits_lanes, simulate, simulate_lanes,
};
use sysworld::sweep::{Goal, Part, PartId, Plan, RowGroup, Segment, simulate_part};

use crate::cases::TIMES;
use crate::random_worlds::any_world;
use crate::support::{SEED, built_in, cloudinfra_with, model, world};

/// A replication, and the rounds of each of several journeys.
type Seen = (Replication, Vec<u32>);

/// What the reference says of some replications, as a block of lanes would.
fn reference(model: &Model, first: u64, count: usize) -> (Vec<Seen>, Vec<CountedIncident>) {
    let (mut state, mut accountant) = (State::new(), Accountant::default());
    let (mut replications, mut incidents) = (Vec::new(), Vec::new());
    for lane in 0..count {
        let outcome = simulate(model, first + lane as u64, &mut state, &mut accountant);
        let journeys = state.journey_rounds().to_vec();
        replications.push((accountant.replication(outcome), journeys));
        let own = accountant.incidents().iter();
        incidents.extend(own.map(|incident| CountedIncident { lane, ..*incident }));
    }
    incidents.sort();
    (replications, incidents)
}

/// A state that was used for something else, so that a reset that forgets something is noticed.
fn used() -> LaneState {
    let mut state = LaneState::new();
    let world = built_in("agentos-classic");
    let model = model(&world, 3.0, "junior");
    simulate_lanes(&model, 5, &mut state, InstructionSet::best());
    state
}

#[track_caller]
fn assert_lanes_agree(model: &Model, first: u64, state: &mut LaneState) {
    assert!(fits_lanes(model));
    let (replications, incidents) = reference(model, first, LANES);
    for instructions in InstructionSet::available() {
        simulate_lanes(model, first, state, instructions);
        let journeys = |lane| state.journey_rounds(lane).collect();
        let own: Vec<Seen> = state.replications().zip((0..LANES).map(journeys)).collect();
        assert_eq!(own, replications, "{instructions:?}");
        let mut own = state.incidents().to_vec();
        own.sort();
        assert_eq!(own, incidents, "{instructions:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// In any world, with any instruction set, for any replications.
    #[test]
    fn lanes_are_the_reference(draft in any_world(), multiplier in 0.0..3.0, first: u64) {
        let model = model(&world(&draft.text()), multiplier, "one");
        let first = first.min(u64::MAX - LANES as u64);
        assert_lanes_agree(&model, first, &mut used());
    }
}

/// A change of any result needs another model version. Thresholds amid what is usual, and so many
/// replications, that a number which is rounded otherwise tips a comparison in some of them.
#[test]
fn results_are_those_of_the_model_version() {
    let mut state = used();
    let mut table = String::new();
    let edge = cloudinfra_with(
        "metrics.cpu_usage.warning = 22.3\nmetrics.memory_usage.warning = 31.7\n\
         metrics.disk_usage.warning = 41.3\nmetrics.error_rate.warning = 0.37\n\
         metrics.latency_p99.warning = 123.4\n",
    );
    let classic = built_in("agentos-classic");
    for (name, world) in [("edge", edge), ("classic", classic)] {
        for (level, multiplier) in &world.chaos_levels {
            let model = model(&world, multiplier.get(), "mid");
            let (mut all, mut digest) = (0_u64, 0_u64);
            for block in 0..10_000 {
                let first = block * LANES as u64;
                simulate_lanes(&model, first, &mut state, InstructionSet::best());
                for replication in state.replications() {
                    let o = replication.outcome;
                    for count in [o.up_checks, o.incidents, o.alerts, o.actions_failed] {
                        all += u64::from(count);
                        digest = digest.wrapping_mul(31).wrapping_add(u64::from(count));
                    }
                }
            }
            table += &format!("{name} {}: {all} {digest:016x}\n", level.get_ref());
        }
    }
    insta::assert_snapshot!(format!("model_version_{MODEL_VERSION}"), table);
}

/// All orders of the phases, in both shipped worlds, with everyone responding.
#[test]
fn lanes_are_the_reference_in_all_phase_orders() {
    let phases = ["chaos", "update", "respond", "assess"];
    let mut state = used();
    let mut orders = 0;
    for code in 0..256 {
        let order = [code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6].map(|i| phases[i]);
        if !phases.iter().all(|phase| order.contains(phase)) {
            continue;
        }
        orders += 1;
        for (base, times) in [
            ("cloudinfra", ""),
            ("agentos-classic", ""),
            ("cloudinfra", TIMES),
            ("agentos-classic", TIMES),
        ] {
            let head = format!("name = \"order\"\nextends = \"{base}\"\nphases = {order:?}\n");
            let text = head + times;
            let world = world(&text);
            for (multiplier, skill) in [(3.0, "junior"), (1.0, "mid"), (2.0, "senior")] {
                assert_lanes_agree(&model(&world, multiplier, skill), 40, &mut state);
            }
        }
    }
    assert_eq!(orders, 24);
}

/// More servers than fit a word of alerts, long replications, journey SLA, probabilities 0 and 1.
#[test]
fn lanes_are_the_reference_in_great_worlds() {
    let mut text = "rounds = 400\n[sla]\ntarget = 90\nindicator = \"journey_availability\"\n\
                    [[chaos]]\nname = \"service_crash\"\nprobability = 1\n\
                    [[chaos]]\nname = \"cpu_spike\"\nprobability = 0\n"
        .to_owned();
    for i in 0..30 {
        let kind = ["web", "api", "cache"][i % 3];
        text += &format!(
            "[[servers]]\nname = \"more-{i}\"\ntype = \"{kind}\"\nservices = [\"redis\"]\n"
        );
    }
    let world = cloudinfra_with(&text);
    for (multiplier, skill) in [(0.0, "mid"), (1.0, "junior"), (3.0, "senior")] {
        assert_lanes_agree(&model(&world, multiplier, skill), 0, &mut used());
    }
}

/// The shop in as bad a day as can be, and as it is.
#[test]
fn lanes_are_the_reference_in_the_shop() {
    let day = world("name = \"day\"\nextends = \"shop\"\nrounds = 1440\n");
    for (multiplier, skill) in [(500.0, "junior"), (100.0, "mid"), (2000.0, "senior")] {
        assert_lanes_agree(&model(&day, multiplier, skill), 0, &mut used());
    }
    assert_lanes_agree(&model(&built_in("shop"), 1.0, "mid"), 0, &mut used());
}

fn design(text: &str) -> Design {
    let text = format!("name = \"e\"\nseed = {SEED}\n{text}");
    Experiment::parse(
        "e.toml",
        &text,
        std::path::Path::new(""),
        &mut Sources::default(),
    )
    .and_then(Design::new)
    .expect("a good experiment")
}

/// What a part is known by here.
#[derive(Default)]
struct Made {
    up_checks: Vec<u32>,
    incidents: u64,
    counts: Vec<(usize, PointCounts)>,
}

fn part(design: &Design, first: u64, count: u64) -> Made {
    let id = PartId {
        generation: 0,
        part: 0,
    };
    let segments = (0..design.len()).map(|point| Segment {
        point,
        first,
        count,
    });
    let part = Part {
        id,
        segments: segments.collect(),
        work: 0,
    };
    let mut made = Made {
        counts: vec![(0, PointCounts::default()); design.len()],
        ..Made::default()
    };
    simulate_part(design, &part, None, &AtomicBool::new(false), |rows| {
        match rows {
            RowGroup::Counts(rows) => {
                for (point, row) in rows {
                    made.counts[*point].0 = *point;
                    made.counts[*point].1.absorb(row);
                }
            }
            RowGroup::Runs(runs) => made.up_checks.extend(&runs.outcomes.up_checks),
            RowGroup::Incidents(rows) => made.incidents += rows.len() as u64,
            RowGroup::Rounds(_) | RowGroup::Decisions(_) => {}
        }
        Ok(())
    })
    .expect("a part");
    made
}

/// A part has its replications and no others, however few are left for the last block, and
/// whether it is watched or not.
#[test]
fn parts_hold_their_replications_only() {
    let quick = "[factors]\nskill = [\"junior\", \"senior\"]\n";
    let watched = format!("{quick}[output]\ntables = [\"runs\", \"incidents\", \"rounds\"]\n");
    let (quick, watched) = (
        design(&format!("replications = 99\n{quick}")),
        design(&format!("replications = 99\n{watched}")),
    );
    for (first, count) in [(0, 1), (3, 15), (7, 16), (16, 17), (1, 83)] {
        let (fast, slow) = (part(&quick, first, count), part(&watched, first, count));
        assert_eq!(fast.counts, slow.counts);
        assert_eq!(fast.up_checks, slow.up_checks);
        assert_eq!(fast.up_checks.len() as u64, 2 * count);
        let rows: u64 = fast
            .counts
            .iter()
            .map(|(_, counts)| counts.replications())
            .sum();
        assert_eq!(rows, 2 * count);
        let incidents: u64 = fast
            .counts
            .iter()
            .map(|(_, c)| c.total(Count::Incidents))
            .sum();
        assert_eq!(slow.incidents, incidents);
    }
}

#[track_caller]
fn assert_counts_add_up(counts: &PointCounts, checks: u64) {
    let missed: u64 = counts.budget_exhausted_round.values().sum();
    assert_eq!(missed, counts.sla_missed());
    let causes = counts.causes();
    let incidents: u64 = causes.iter().map(|cause| cause.incidents).sum();
    assert_eq!(incidents, counts.total(Count::Incidents));
    let down: u64 = causes.iter().map(|cause| cause.down_checks).sum();
    let up: u64 = counts
        .up_checks
        .iter()
        .map(|(up, n)| u64::from(*up) * n)
        .sum();
    assert_eq!(down, counts.replications() * checks - up);
}

/// Budgets run out exactly in the replications that miss the SLA, and causes account for every
/// incident and every down check; stored rows give the same counts again.
#[test]
fn causes_and_budgets_account_for_everything() {
    let levels = "replications = 500\n[factors]\nchaos_level = [\"low\", \"extreme\"]\n";
    let worlds = ["cloudinfra", "agentos-classic"];
    for world in worlds {
        let design = design(&format!("world = \"{world}\"\n{levels}"));
        for (_, counts) in part(&design, 0, 500).counts {
            assert_counts_add_up(&counts, 90);
            assert!(counts.causes().len() > 5, "{:?}", counts.causes());
            assert!(counts.budget_exhausted_round.len() > 5);
            let mut again = PointCounts::default();
            for row in counts.rows() {
                again.absorb(&row);
            }
            assert_eq!(again, counts);
        }
    }
}

/// A world with more scenarios than a machine word has bits takes the scalar way, and names the
/// same causes; so does another world after it, in the same part.
#[test]
fn worlds_of_many_scenarios_are_simulated_too() {
    let sandbox = tempfile::tempdir().expect("a folder");
    let path = sandbox.path().join("many.toml");
    let idle = |i| {
        format!("[[chaos]]\nname = \"idle-{i}\"\nprobability = 0\nduration = 1\neffects = []\n")
    };
    let many = (0..60).map(idle).collect::<String>();
    std::fs::write(
        &path,
        format!("name = \"many\"\nextends = \"cloudinfra\"\n{many}"),
    )
    .expect("written");
    let few = part(&design("replications = 300\n"), 0, 300);
    let both = format!("replications = 300\n[factors]\nworld = [{path:?}, \"cloudinfra\"]\n");
    let both = design(&both);
    assert!(!fits_lanes(&both.compile(0).expect("a model")));
    assert!(fits_lanes(&both.compile(1).expect("a model")));
    for (_, counts) in part(&both, 0, 300).counts {
        assert_counts_add_up(&counts, 90);
        assert_eq!(counts, few.counts[0].1);
    }
    assert!(
        few.counts[0]
            .1
            .causes()
            .iter()
            .any(|c| c.cause.as_deref() == Some("network_partition"))
    );
}

/// Only the end of a design point's replications may leave lanes unused.
#[test]
fn parts_are_cut_between_blocks() {
    for (rounds, replications) in [
        (15, 99_999),
        (43_200, 390),
        (20_000_000, 40),
        (1, 2_000_003),
    ] {
        let design = design(&format!(
            "replications = {replications}\n[factors]\nrounds = [{rounds}]\nskill = [\"junior\", \"senior\"]\n"
        ));
        let parts = Plan::new(&design, &[Goal::of(&design)]).parts;
        let mut reached = vec![0; design.len()];
        for segment in parts.iter().flat_map(|part| &part.segments) {
            assert_eq!(segment.first, reached[segment.point]);
            reached[segment.point] += segment.count;
            let last = reached[segment.point] == replications;
            assert!(last || segment.count % LANES as u64 == 0, "{segment:?}");
        }
        assert_eq!(reached, vec![replications; design.len()]);
        assert!(parts.len() > 2, "{} parts", parts.len());
    }
}
