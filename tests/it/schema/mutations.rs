//! Good files with one or two things wrong, anywhere: schema and reader say the same of each.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use toml::{Table, Value};

use super::broken::{Verdict, agree};
use super::places::{Place, Step, at, places};
use super::{Kind, corpus};

const CASES: u32 = 3000;

#[derive(Debug, Clone)]
enum Mutation {
    /// An unknown key in some table.
    Key(Index),
    /// Another value, mostly of another type, in some place.
    Value(Index, Index),
    /// Another number in the place of some number.
    Number(Index, Index),
    /// Something is missing.
    Missing(Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<Index>;
    prop_oneof![
        2 => at().prop_map(Mutation::Key),
        4 => (at(), at()).prop_map(|(a, b)| Mutation::Value(a, b)),
        3 => (at(), at()).prop_map(|(a, b)| Mutation::Number(a, b)),
        1 => at().prop_map(Mutation::Missing),
    ]
}

fn values() -> Vec<Value> {
    let date = "d = 1979-05-27".parse::<Table>().expect("TOML");
    let text = |text: &str| Value::String(text.to_owned());
    vec![
        Value::Boolean(true),
        text(""),
        text("zzz"),
        text("a.b"),
        text("2"),
        text("all"),
        Value::Array(Vec::new()),
        Value::Array(vec![text("zzz")]),
        Value::Array(vec![Value::Integer(1), Value::Integer(2)]),
        Value::Array(vec![Value::Integer(1), text("one")]),
        Value::Array(vec![Value::Table(Table::new())]),
        Value::Table(Table::new()),
        Value::Table(Table::from_iter([("zzz".to_owned(), Value::Integer(1))])),
        date["d"].clone(),
    ]
}

const NUMBERS: [f64; 16] = [
    -1e300,
    -1.0,
    -1e-9,
    -0.0,
    0.0,
    1e-9,
    0.5,
    1.0,
    1.5,
    64.0,
    100.0,
    100.5,
    1e9,
    2e9,
    1e18,
    f64::NAN,
];

impl Mutation {
    /// Changes a file; `false` if there is nothing to change.
    fn apply(&self, file: &mut Value) -> bool {
        let mut found = places(file.as_table().expect("a file"));
        match self {
            Self::Key(place) => {
                found.retain(|place| at(file, place).is_table());
                let table = at(file, place.get::<Place>(&found)).as_table_mut();
                let table = table.expect("only tables are left");
                table.insert("zzz".to_owned(), Value::Integer(1));
            }
            Self::Value(place, value) => {
                found.remove(0);
                if found.is_empty() {
                    return false;
                }
                *at(file, place.get::<Place>(&found)) = value.get(&values()).clone();
            }
            Self::Number(place, value) => {
                found.retain(|place| at(file, place).is_integer() || at(file, place).is_float());
                if found.is_empty() {
                    return false;
                }
                let old = at(file, place.get::<Place>(&found));
                let new = *value.get(&NUMBERS);
                // A whole number stays one, if it can.
                *old = if old.is_integer() && new.fract() == 0.0 && new.abs() < 1e18 {
                    Value::Integer(new as i64)
                } else {
                    Value::Float(new)
                };
            }
            Self::Missing(place) => {
                found.remove(0);
                if found.is_empty() {
                    return false;
                }
                let place = place.get::<Place>(&found);
                let (last, above) = place.split_last().expect("below the top");
                match (last, at(file, above)) {
                    (Step::Key(key), Value::Table(table)) => drop(table.remove(key)),
                    (Step::Index(at), Value::Array(values)) => drop(values.remove(*at)),
                    _ => unreachable!("a key is in a table, a number in a list"),
                }
            }
        }
        true
    }
}

#[test]
fn a_mutated_file_is_refused_by_both_or_by_neither() {
    let corpus: Vec<(Kind, Table)> = corpus()
        .into_iter()
        .map(|(kind, text)| (kind, text.parse().expect("TOML")))
        .collect();
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let counts = [(); 3].map(|()| Cell::new(0));
    let cases = (any::<Index>(), prop::collection::vec(mutation(), 1..=2));
    let result = runner.run(&cases, |(file, mutations)| {
        let (kind, table) = file.get(&corpus);
        let mut file = Value::Table(table.clone());
        for mutation in &mutations {
            prop_assume!(mutation.apply(&mut file));
        }
        let text = toml::to_string(&file).expect("a file");
        let count = match agree(*kind, &text).map_err(TestCaseError::fail)? {
            Verdict::Accepted => &counts[0],
            Verdict::Refused => &counts[1],
            Verdict::Beyond => &counts[2],
        };
        count.set(count.get() + 1);
        Ok(())
    });
    if let Err(e) = result {
        panic!("{e}");
    }
    let [accepted, refused, beyond] = counts.map(|count| count.get());
    println!("mutations: {accepted} accepted, {refused} refused, {beyond} beyond the schema");
    assert!(accepted > CASES / 20 && refused > CASES / 2 && beyond < CASES / 4);
}
