//! No panic reaches a user, whatever a file holds: good files are mutated, and each must be read,
//! or be refused with problems that can be shown.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use sysworld::design::Design;
use sysworld::diagnostics::{Problem, Problems, Sources};
use sysworld::experiment::{Experiment, Overrides};
use sysworld::narrate::{Telling, Told, narrate};
use sysworld::responders::Answering;
use sysworld::simulation::{State, simulate};
use sysworld::world::BUILT_IN;

const CASES: u32 = 4000;
const MOST_POINTS: usize = 10_000;
const MOST_CHECKS: u64 = 10_000;

/// What takes the place of a number or a word.
const EXTREMES: [&str; 34] = [
    "0",
    "-0.0",
    "-1",
    "1",
    "2",
    "0.5",
    "+0.5",
    "1e-3",
    "1e-5",
    "1e-300",
    "1e308",
    "-1e308",
    "nan",
    "-inf",
    "inf",
    "0x10",
    "0o7",
    "1_000",
    "9223372036854775807",
    "-9223372036854775808",
    "99999999999999999999",
    "79228162514264337593543950335.5",
    "0.1234567890123456789012345678901",
    "\"\"",
    "\"é→\u{1F4A5}\"",
    "'''\n\n'''",
    "true",
    "1979-05-27",
    "[]",
    "[[], {}]",
    "{}",
    "{ from = 0, to = 1, step = 0.001 }",
    "name",
    "\"all\"",
];
/// What slips in anywhere.
const LITTER: [&str; 16] = [
    "\r\n",
    "\u{feff}",
    "\t",
    "\0",
    "é",
    "\u{1F4A5}",
    "\"",
    "'''",
    "[",
    "]]",
    "{",
    "=",
    "#",
    ".",
    "\n[a.b.c]\n",
    "\nextends = \"world.toml\"\n",
];

#[derive(Debug, Clone)]
enum Mutation {
    Flip(Index, u8),
    Delete(Index, Index),
    Truncate(Index),
    Insert(Index, Index),
    Number(Index, Index),
    Word(Index, Index),
    SwapWords(Index, Index),
    DeleteLine(Index),
    RepeatLine(Index, u8),
    SwapLines(Index, Index),
    LineOf(Index, Index, Index),
    HugeArray(Index, u16),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<Index>;
    prop_oneof![
        1 => (at(), any::<u8>()).prop_map(|(a, b)| Mutation::Flip(a, b)),
        1 => (at(), at()).prop_map(|(a, b)| Mutation::Delete(a, b)),
        1 => at().prop_map(Mutation::Truncate),
        1 => (at(), at()).prop_map(|(a, b)| Mutation::Insert(a, b)),
        8 => (at(), at()).prop_map(|(a, b)| Mutation::Number(a, b)),
        4 => (at(), at()).prop_map(|(a, b)| Mutation::Word(a, b)),
        4 => (at(), at()).prop_map(|(a, b)| Mutation::SwapWords(a, b)),
        4 => at().prop_map(Mutation::DeleteLine),
        2 => (at(), 1..4_u8).prop_map(|(a, n)| Mutation::RepeatLine(a, n)),
        2 => (at(), at()).prop_map(|(a, b)| Mutation::SwapLines(a, b)),
        2 => (at(), at(), at()).prop_map(|(a, b, c)| Mutation::LineOf(a, b, c)),
        1 => (at(), 1..5000_u16).prop_map(|(a, n)| Mutation::HugeArray(a, n)),
    ]
}

/// The ranges of the words of a text that satisfy a condition.
fn words(text: &[u8], wanted: fn(u8) -> bool) -> Vec<std::ops::Range<usize>> {
    let in_word = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-+".contains(&byte);
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    for (i, byte) in text.iter().enumerate().filter(|(_, byte)| in_word(**byte)) {
        match found.last_mut() {
            Some(last) if last.end == i => last.end = i + 1,
            _ if wanted(*byte) => found.push(i..i + 1),
            _ => {}
        }
    }
    found
}

fn replace_word(text: &mut Vec<u8>, wanted: fn(u8) -> bool, at: Index, new: &[u8]) {
    let words = words(text, wanted);
    if !words.is_empty() {
        text.splice(at.get(&words).clone(), new.iter().copied());
    }
}

fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    text.split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect()
}

impl Mutation {
    fn apply(&self, text: &mut Vec<u8>, others: &[String]) {
        if text.is_empty() {
            return;
        }
        let size = text.len();
        match self {
            Self::Flip(at, bits) => text[at.index(size)] ^= bits,
            Self::Delete(a, b) => {
                let (a, b) = (a.index(size), b.index(40));
                text.drain(a..(a + b).min(size));
            }
            Self::Truncate(at) => text.truncate(at.index(size)),
            Self::Insert(at, which) => {
                let at = at.index(size);
                text.splice(at..at, which.get(&LITTER).bytes());
            }
            Self::Number(at, which) => {
                replace_word(
                    text,
                    |b| b.is_ascii_digit(),
                    *at,
                    which.get(&EXTREMES).as_bytes(),
                );
            }
            Self::Word(at, which) => {
                replace_word(text, |_| true, *at, which.get(&EXTREMES).as_bytes());
            }
            Self::SwapWords(a, b) => {
                let words = words(text, |_| true);
                if !words.is_empty() {
                    let other = text[b.get(&words).clone()].to_vec();
                    text.splice(a.get(&words).clone(), other);
                }
            }
            Self::HugeArray(at, count) => {
                let array = format!("[{}]", "1, ".repeat(usize::from(*count)));
                replace_word(text, |b| b.is_ascii_digit(), *at, array.as_bytes());
            }
            Self::DeleteLine(_) | Self::RepeatLine(..) | Self::SwapLines(..) | Self::LineOf(..) => {
                let mut lines = lines(text);
                let count = lines.len();
                match self {
                    Self::DeleteLine(at) => drop(lines.remove(at.index(count))),
                    Self::RepeatLine(at, times) => {
                        let at = at.index(count);
                        let line = vec![lines[at].clone(); usize::from(*times)];
                        lines.splice(at..at, line);
                    }
                    Self::SwapLines(a, b) => lines.swap(a.index(count), b.index(count)),
                    Self::LineOf(at, file, line) => {
                        let other: Vec<&str> = file.get(others).split_inclusive('\n').collect();
                        lines.insert(at.index(count), line.get(&other).as_bytes().to_vec());
                    }
                    _ => {}
                }
                *text = lines.concat();
            }
        }
    }
}

fn files(folder: &str, ending: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(folder).expect("the folder is there").flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    let wanted = paths
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e == ending));
    wanted
        .map(|path| fs::read_to_string(path).expect("a text"))
        .collect()
}

/// Every good file that we have.
fn corpus() -> Vec<String> {
    let mut texts: Vec<String> = BUILT_IN.iter().map(|world| world.text.to_owned()).collect();
    texts.extend(files("experiments", "toml"));
    texts.extend(files("experiments/worlds", "toml"));
    for page in files("docs", "md") {
        for rest in page.split("\n```toml\n").skip(1) {
            let (block, _) = rest.split_once("\n```").expect("the block ends");
            let whole = block.contains("# world: complete") || block.contains("replications");
            let head = if whole {
                ""
            } else {
                "extends = \"cloudinfra\"\n"
            };
            texts.push(format!("{head}{block}\n"));
        }
    }
    texts.push(
        "name = \"paths\"\nreplications = 3\nconfidence = 0.9\nrandom_numbers = \"independent\"\n\
         [factors]\n\"chaos.cpu_spike.probability\" = { from = 0.05, to = 0.15, step = 0.05 }\n\
         \"remediation.scale_up.cooldown\" = [1, 3]\n\"rounds\" = [5, 15]\nskill = [\"mid\"]\n\
         [output]\ntables = [\"runs\", \"incidents\", \"rounds\"]\nformats = [\"csv\"]\n"
            .to_owned(),
    );
    texts
}

/// Reads, designs, compiles and simulates; whether all of it went well.
fn outcome(read: impl FnOnce(&mut Sources) -> Result<Experiment, Vec<Problem>>) -> bool {
    let mut sources = Sources::default();
    let design = match read(&mut sources) {
        Ok(experiment) => {
            let levels = experiment.factors.iter().map(|factor| factor.levels.len());
            if levels.product::<usize>() > MOST_POINTS {
                return true;
            }
            Design::new(experiment)
        }
        Err(problems) => Err(problems),
    };
    let design = match design {
        Ok(design) => design,
        Err(problems) => {
            assert!(!problems.is_empty());
            let text = Problems::new(&sources, problems).to_string();
            assert!(text.starts_with("error: "), "{text}");
            return false;
        }
    };
    for point in [0, design.len() - 1] {
        if design.variation(point).checks() >= MOST_CHECKS {
            continue;
        }
        let resolved = design.resolve(point).expect("a checked point");
        let model = resolved.compile(42, 0);
        simulate(&model, 0, &mut State::new(), &mut ());
        if design.variation(point).checks() < MOST_CHECKS / 10 {
            for told in [Told::Rounds(None), Told::Incidents(None)] {
                let telling = Telling {
                    seed: 42,
                    scope: 0,
                    replication: 0,
                    told,
                };
                let mut responder = Answering::new(&resolved, None);
                assert!(narrate(&resolved, &telling, &mut responder).is_continue());
            }
        }
    }
    true
}

/// Both readers on the same bytes.
fn read_both(folder: &Path, bytes: &[u8]) -> [bool; 2] {
    let path = folder.join("world.toml");
    fs::write(&path, bytes).expect("the folder can be written to");
    let world = |sources: &mut _| {
        Experiment::single("world.toml", &[], &Overrides::default(), folder, sources)
    };
    let experiment = |sources: &mut _| Experiment::load(&path, &Overrides::default(), sources);
    [outcome(world), outcome(experiment)]
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let worlds = folder.path().join("worlds");
    fs::create_dir(&worlds).expect("the folder can be made");
    let names = ["month", "no-replica", "second-api", "second-cache"];
    for (name, text) in names.iter().zip(files("experiments/worlds", "toml")) {
        fs::write(worlds.join(format!("{name}.toml")), text).expect("a file");
    }
    folder
}

#[test]
fn mutated_files_are_read_or_refused() {
    let (folder, corpus) = (folder(), corpus());
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let (good, bad) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    let cases = (any::<Index>(), prop::collection::vec(mutation(), 1..5));
    let result = runner.run(&cases, |(file, mutations)| {
        let mut bytes = file.get(&corpus).clone().into_bytes();
        for mutation in &mutations {
            mutation.apply(&mut bytes, &corpus);
        }
        let begun = Instant::now();
        match read_both(folder.path(), &bytes) {
            [false, false] => bad.set(bad.get() + 1),
            _ => good.set(good.get() + 1),
        }
        prop_assert!(begun.elapsed() < Duration::from_secs(5), "too slow");
        Ok(())
    });
    if let Err(e) = result {
        panic!("{e}");
    }
    // Neither only trivial damage nor only harmless changes.
    assert!(
        good.get() > CASES / 10 && bad.get() > CASES / 4,
        "{good:?} {bad:?}"
    );
}

#[test]
fn every_cut_of_a_file_is_read_or_refused() {
    let folder = folder();
    let text =
        "\u{feff}name = \"é→\u{1F4A5}\"\r\n\r\n[[chaos]]\r\nname\t= 'ü'\r\neffects = [{ hold = {";
    for end in 0..=text.len() {
        read_both(folder.path(), &text.as_bytes()[..end]);
        read_both(folder.path(), &text.as_bytes()[end..]);
    }
}

#[test]
fn deep_files_are_refused() {
    let folder = folder();
    const DEEP: usize = 10_000;
    let dots = "a.".repeat(DEEP);
    for text in [
        format!("a = {}{}", "[".repeat(DEEP), "]".repeat(DEEP)),
        format!("a = {}1{}", "{a=".repeat(DEEP), "}".repeat(DEEP)),
        format!("{dots}a = 1"),
        format!("[{dots}a]\nb = 1"),
        format!("[[{dots}a]]\nb = 1"),
        format!("[{}", "[".repeat(DEEP)),
        format!("a = {{ {dots}a = 1 }}"),
    ] {
        assert_eq!(read_both(folder.path(), text.as_bytes()), [false, false]);
    }
}

#[test]
fn the_largest_ranges_take_no_time() {
    let begun = Instant::now();
    for factors in [
        "chaos_multiplier = { from = 0, to = 1, step = 0.00001 }",
        "\"rounds\" = { from = 1, to = 5000, step = 1 }",
        "\"chaos.cpu_spike.probability\" = { from = 0, to = 1, step = 0.001 }\n\
         \"chaos.disk_full.probability\" = { from = 0, to = 1, step = 0.0000001 }",
    ] {
        let text = format!("name = \"a\"\nreplications = 1\n[factors]\n{factors}\n");
        let mut sources = Sources::default();
        let read = Experiment::parse("a", &text, Path::new(""), &mut sources);
        assert_eq!(read.and_then(Design::new).is_ok(), !factors.contains('\n'));
    }
    assert!(begun.elapsed() < Duration::from_secs(10));
}
