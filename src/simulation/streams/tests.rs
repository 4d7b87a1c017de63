//! Each choice by itself at ten million draws, and each pair of choices that share an output.

use super::*;

/// Draws of each test.
const DRAWS: usize = 10_000_000;
/// How often a test may fail by chance alone: about once in 30,000 comparisons.
const MOST_Z: f64 = 4.2;

/// Outputs as replications draw them: so many from each stream of consecutive replications.
fn outputs(each: u64) -> impl Iterator<Item = Bits> {
    let key = stream_key(42, 0, Purpose::Response, "");
    (0..).flat_map(move |replication| {
        let mut stream = Stream::new(key, replication);
        (0..each).map(move |_| stream.next())
    })
}

/// The luck of alerts: of five in each round, in ten rounds of each replication.
fn lucks() -> impl Iterator<Item = Luck> {
    outputs(10).take(DRAWS / 5).flat_map(|mut round| {
        let mut next = move || round.split();
        [next(), next(), next(), next(), next()]
    })
}

/// Holds counts to probabilities by a chi-square, as a standard normal number (Wilson and Hilferty).
#[track_caller]
fn assert_fits(what: &str, counts: &[u64], probabilities: &[f64]) {
    let n: u64 = counts.iter().sum();
    let cells = counts.iter().zip(probabilities);
    let terms = cells.map(|(count, probability)| {
        let expected = n as f64 * probability;
        assert!(expected >= 5.0, "{what}: {expected} expected");
        (*count as f64 - expected).powi(2) / expected
    });
    let (square, freedom) = (terms.sum::<f64>(), counts.len() as f64 - 1.0);
    let spread = 2.0 / (9.0 * freedom);
    let z = ((square / freedom).cbrt() - 1.0 + spread) / spread.sqrt();
    assert!(z.abs() < MOST_Z, "{what}: {counts:?}, z = {z}");
}

/// Counts of two indices below `bound`, all pairs equally likely.
struct Pairs {
    bound: usize,
    counts: Vec<u64>,
}

impl Pairs {
    fn new(bound: usize) -> Self {
        let counts = vec![0; bound * bound];
        Self { bound, counts }
    }

    fn add(&mut self, a: usize, b: usize) {
        self.counts[a * self.bound + b] += 1;
    }

    #[track_caller]
    fn assert_independent(&self, what: &str) {
        let cells = self.counts.len();
        assert_fits(what, &self.counts, &vec![1.0 / cells as f64; cells]);
    }
}

/// Which of 16 equal parts of [0, 1) a number is in.
fn sixteenth(unit: f64) -> usize {
    (unit * 16.0) as usize
}

/// Event, target and service of one output: together as probable as each by itself says.
#[test]
fn events_targets_and_services_are_independent() {
    for (probability, targets, services) in [
        (0.12, 6, 2),
        (0.37, 7, 3),
        (1.0 / 3.0, 1, 5),
        (0.000_3, 3, 3),
        (0.999_7, 5, 7),
        (1.0, 11, 13),
    ] {
        let chance = Chance::new(probability);
        let mut counts = vec![0; targets * services + 1];
        for bits in outputs(15).take(DRAWS) {
            let details = bits.details();
            let cell = details.upper().below(targets) * services + details.lower().below(services);
            let happens = chance.happens(bits);
            counts[if happens { cell } else { targets * services }] += 1;
        }
        let each = probability / (targets * services) as f64;
        let mut expected = vec![each; targets * services];
        if probability < 1.0 {
            expected.push(1.0 - probability);
        } else {
            assert_eq!(counts.pop(), Some(0));
        }
        let what = format!("{probability}, {targets} targets, {services} services");
        assert_fits(&what, &counts, &expected);
    }
}

/// Diagnosis, success and the action of a misdiagnosis: together as probable as each by itself
/// says, whatever the number of actions and the accuracy.
#[test]
fn diagnosis_success_and_wrong_action_are_independent() {
    for (accuracy, success, actions) in [
        (0.6, 0.9, 3),
        (0.15, 0.45, 5),
        (0.8, 0.7, 6),
        (0.97, 0.31, 7),
        (0.123_456_789, 0.987_654_321, 11),
        (0.999_7, 0.03, 2),
        (0.000_3, 0.97, 4),
        (0.5, 0.5, 29),
    ] {
        let chances = [accuracy, success].map(Chance::new);
        let mut counts = vec![0; 4 * actions];
        for luck in lucks() {
            let diagnosed = usize::from(luck.diagnoses(chances[0]));
            let succeeded = usize::from(luck.succeeds(chances[1]));
            counts[(diagnosed * 2 + succeeded) * actions + luck.wrong_action(actions)] += 1;
        }
        let of = |probability: f64| [1.0 - probability, probability];
        let mut expected = Vec::new();
        for diagnosed in of(accuracy) {
            for succeeded in of(success) {
                expected.extend(vec![diagnosed * succeeded / actions as f64; actions]);
            }
        }
        let what = format!("accuracy {accuracy}, success {success}, {actions} actions");
        assert_fits(&what, &counts, &expected);
    }
}

/// What an action draws is uniform, and tells nothing of the other decisions, nor of the next draw.
#[test]
fn draws_of_actions_are_independent_of_the_decisions() {
    let mut pairs: [Pairs; 5] = std::array::from_fn(|_| Pairs::new(16));
    for luck in lucks() {
        let first = luck.details();
        let second = first.details();
        let [a, b] = [first, second].map(|bits| sixteenth(bits.lower().unit()));
        let Luck(bits) = luck;
        let (diagnosis, success) = (bits.upper().unit(), bits.lower().unit());
        pairs[0].add(a, sixteenth(diagnosis));
        pairs[1].add(a, sixteenth(success));
        pairs[2].add(a, luck.wrong_action(16));
        pairs[3].add(a, b);
        pairs[4].add(b, luck.wrong_action(16));
    }
    for (pairs, what) in pairs.iter().zip([
        "draw and diagnosis",
        "draw and success",
        "draw and wrong action",
        "two draws",
        "second draw and wrong action",
    ]) {
        pairs.assert_independent(what);
    }
}

/// How long an action takes is uniform, and tells nothing of the other decisions on it.
#[test]
fn durations_of_actions_are_independent_of_the_decisions() {
    let mut pairs: [Pairs; 5] = std::array::from_fn(|_| Pairs::new(16));
    for luck in lucks() {
        let duration = sixteenth(luck.duration().unit());
        let draws = [luck.details(), luck.details().details()];
        let Luck(bits) = luck;
        pairs[0].add(duration, sixteenth(bits.upper().unit()));
        pairs[1].add(duration, sixteenth(bits.lower().unit()));
        pairs[2].add(duration, luck.wrong_action(16));
        for (pairs, draw) in pairs[3..].iter_mut().zip(draws) {
            pairs.add(duration, sixteenth(draw.lower().unit()));
        }
    }
    for (pairs, what) in pairs.iter().zip([
        "duration and diagnosis",
        "duration and success",
        "duration and wrong action",
        "duration and first draw",
        "duration and second draw",
    ]) {
        pairs.assert_independent(what);
    }
}

/// The two delays of a case are uniform, and tell nothing of each other, nor of the case that opens in
/// the next round, in the next replication, or on another server.
#[test]
fn delays_of_cases_are_independent() {
    let keys = ["web-1", "web-2"].map(|name| stream_key(42, 0, Purpose::Case, name));
    let mut pairs: [Pairs; 5] = std::array::from_fn(|_| Pairs::new(16));
    for replication in 0..DRAWS as u64 / 20 {
        let [now, next] = [replication, replication + 1].map(mix);
        for round in 0..10 {
            let of = |key, mixed, round| {
                let bits = case_bits(key, mixed, round);
                [bits.upper(), bits.lower()].map(|half| sixteenth(half.unit()))
            };
            let [a, b] = of(keys[0], now, round);
            let others = [
                of(keys[0], now, round + 1),
                of(keys[0], next, round),
                of(keys[1], now, round),
            ];
            pairs[0].add(a, b);
            for (pairs, [c, _]) in pairs[1..].iter_mut().zip(others) {
                pairs.add(a, c);
            }
            pairs[4].add(b, others[0][0]);
        }
    }
    for (pairs, what) in pairs.iter().zip([
        "two delays of a case",
        "two rounds",
        "two replications",
        "two servers",
        "two delays of two rounds",
    ]) {
        pairs.assert_independent(what);
    }
}

/// The alerts of one round share an output, and still know nothing of each other.
#[test]
fn alerts_of_a_round_are_independent() {
    let mut pairs: [Pairs; 4] = std::array::from_fn(|_| Pairs::new(16));
    for mut round in outputs(10).take(DRAWS) {
        let (first, second) = (round.split(), round.split());
        let of = |luck: Luck| [luck.0.upper(), luck.0.lower()].map(|half| sixteenth(half.unit()));
        let ([a, b], [c, d]) = (of(first), of(second));
        pairs[0].add(a, c);
        pairs[1].add(b, d);
        pairs[2].add(b, c);
        pairs[3].add(first.wrong_action(16), second.wrong_action(16));
    }
    for pairs in &pairs {
        pairs.assert_independent("two alerts");
    }
}

/// The five numbers of a server are uniform, and each two of them are independent; so are the
/// lower bits, of which the fifth is made.
#[test]
fn the_five_numbers_of_a_server_are_independent() {
    let mut pairs: Vec<Pairs> = (0..20).map(|_| Pairs::new(16)).collect();
    let mut stream = outputs(30);
    let mut next = || stream.next().expect("no end");
    for _ in 0..DRAWS / 2 {
        let numbers = five([next(), next()]);
        let parts = numbers.map(|number| sixteenth(f64::from(unit(number))));
        let lowest = numbers.map(|number| number as usize % 16);
        let mut pair = pairs.iter_mut();
        for a in 0..5 {
            for b in 0..a {
                for of in [&parts, &lowest] {
                    pair.next().expect("ten pairs").add(of[a], of[b]);
                }
            }
        }
    }
    for pairs in &pairs {
        pairs.assert_independent("two of five numbers");
    }
}

/// Traffic is uniform, and tells nothing of the traffic of the next round.
#[test]
fn traffic_is_uniform_and_independent() {
    let mut pairs = Pairs::new(100);
    let mut last = 0;
    for bits in outputs(15).take(DRAWS) {
        let now = (bits.upper().unit() * 100.0) as usize;
        pairs.add(last, now);
        last = now;
    }
    pairs.assert_independent("two rounds of traffic");
}

/// Replications that follow each other, and streams of other names, know nothing of each other.
#[test]
fn streams_are_independent() {
    let keys = ["web-1", "web-2"].map(|name| stream_key(42, 0, Purpose::Environment, name));
    let (mut neighbours, mut names) = (Pairs::new(32), Pairs::new(32));
    let mut last = 0;
    for replication in 0..DRAWS as u64 {
        let [a, b] = keys.map(|key| Stream::new(key, replication).next());
        let [a, b] = [a, b].map(|bits| (bits.upper().unit() * 32.0) as usize);
        neighbours.add(last, a);
        names.add(a, b);
        last = a;
    }
    neighbours.assert_independent("two replications");
    names.assert_independent("two streams");
}

/// A probability is used as the next multiple of 2⁻⁵³, or of 2⁻³² by half an output, and an index
/// is within 2⁻³² of its probability.
#[test]
fn thresholds_and_indices_are_as_exact_as_the_page_says() {
    let tiny = [1e-300, 1e-17, 1e-12, 1e-9, 0.1, 0.3, 0.6, 0.95];
    for probability in tiny.iter().flat_map(|p| [*p, 1.0 - p]).chain([0.0, 1.0]) {
        let chance = Chance::new(probability);
        for (threshold, whole) in [
            (chance.of_bits, 2_f64.powi(53)),
            (chance.of_half, 2_f64.powi(32)),
        ] {
            let excess = threshold as f64 - probability * whole;
            assert!(
                (0.0..=1.0).contains(&excess),
                "{probability}: {threshold} of {whole}"
            );
        }
    }
    for bound in (1..300).chain([65_535, 1 << 20]) {
        // The first half with an index is that at ⌈index · 2³² / bound⌉.
        let first = |index: usize| ((index as u64) << 32).div_ceil(bound as u64);
        for index in 0..bound.min(400) {
            assert_eq!(Half(first(index)).below(bound), index);
            assert_eq!(Half(first(index + 1) - 1).below(bound), index);
            let width = (first(index + 1) - first(index)) as f64;
            assert!((width - 2_f64.powi(32) / bound as f64).abs() < 1.0);
        }
    }
}
