//! The schemas have the keys, the names and the bounds of the reader, which is asked for them by
//! files that are wrong in one place.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use toml::{Table, Value};

use super::broken::{Verdict, agree};
use super::places::{Place, all, at, is_closed, is_enum, is_number, places, subschemas};
use super::{Kind, corpus};

fn tables() -> Vec<(Kind, Table)> {
    let parsed = |(kind, text): (Kind, String)| (kind, text.parse().expect("TOML"));
    corpus().into_iter().map(parsed).collect()
}

/// A file with another value at one place.
fn with(file: &Table, place: &Place, value: Value) -> String {
    let mut file = Value::Table(file.clone());
    *at(&mut file, place) = value;
    toml::to_string(&file).expect("a table")
}

/// The names after `allowed: ` in the one message that the reader has.
fn allowed(kind: Kind, text: &str, about: &str) -> BTreeSet<String> {
    let messages = kind.refused_by_reader(text);
    let message = messages.iter().find(|message| message.starts_with(about));
    let message = message.unwrap_or_else(|| panic!("{text}\n{messages:#?}"));
    if message.contains("none is defined here") {
        return BTreeSet::new();
    }
    let (_, list) = message.split_once("allowed: ").expect("what is allowed");
    let list = list.lines().next().expect("a line");
    list.split(", ").map(str::to_owned).collect()
}

fn keys(schemas: &[&Json]) -> BTreeSet<String> {
    let closed = schemas.iter().filter(|schema| is_closed(schema));
    let properties = closed.filter_map(|schema| schema["properties"].as_object());
    properties.flat_map(|p| p.keys().cloned()).collect()
}

fn names(schema: &Json) -> BTreeSet<String> {
    let names = schema["enum"].as_array().into_iter().flatten();
    names.filter_map(Json::as_str).map(str::to_owned).collect()
}

/// Where the reader lists what it knows, and is only asked once for each subschema.
struct Unmet<'a>(Vec<&'a Json>);

impl<'a> Unmet<'a> {
    fn of(schema: &'a Json, wanted: fn(&Json) -> bool) -> Self {
        Self(all(schema, wanted))
    }

    /// Whether any of these is met for the first time.
    fn meet(&mut self, schemas: &[&Json]) -> bool {
        let before = self.0.len();
        self.0
            .retain(|f| !schemas.iter().any(|s| std::ptr::eq(*f, *s)));
        self.0.len() < before
    }
}

/// Each table of the schema has exactly the keys of the reader's.
#[test]
fn keys_are_those_of_the_reader() {
    let tables = tables();
    for kind in [Kind::World, Kind::Experiment] {
        let schema = &kind.schema().json;
        let mut unmet = Unmet::of(schema, is_closed);
        let all_of_them = unmet.0.len();
        // The keys of a design depend on its method.
        let (mut of_methods, mut of_design) = (BTreeSet::new(), BTreeSet::new());
        for (_, file) in tables.iter().filter(|(k, _)| *k == kind) {
            for place in places(file) {
                let mut whole = Value::Table(file.clone());
                let here = subschemas(schema, &place);
                let has_cases = |schema: &&Json| is_closed(schema) && schema["allOf"].is_array();
                let by_case = here.iter().any(has_cases);
                if !at(&mut whole, &place).is_table() || !unmet.meet(&here) && !by_case {
                    continue;
                }
                // A table with one key, which names its kind, can't have another beside it.
                let one_key = here.iter().any(|schema| schema["maxProperties"] == 1);
                let known = if one_key {
                    let unknown =
                        Table::from_iter([("zzz".to_owned(), Value::Table(Table::new()))]);
                    let text = with(file, &place, Value::Table(unknown));
                    allowed(kind, &text, "unknown name `zzz`")
                } else {
                    let table = at(&mut whole, &place).as_table_mut().expect("a table");
                    table.insert("zzz".to_owned(), Value::Integer(1));
                    let text = toml::to_string(&whole).expect("a table");
                    allowed(kind, &text, "unknown key `zzz`")
                };
                let mut expected = keys(&here);
                if place.is_empty() {
                    // Both are taken out before the rest is read.
                    expected.retain(|key| !["extends", "remove"].contains(&key.as_str()));
                }
                if by_case {
                    of_methods.extend(known);
                    of_design.extend(expected);
                } else {
                    assert_eq!(known, expected, "{kind:?} {place:?}");
                }
            }
        }
        assert!(unmet.0.is_empty(), "no file has these: {:#?}", unmet.0);
        assert_eq!(of_methods, of_design);
        assert!(all_of_them >= if kind == Kind::World { 27 } else { 7 });
    }
}

/// A table with named keys is closed; only the factors are names of the user's.
#[test]
fn tables_are_closed() {
    for kind in [Kind::World, Kind::Experiment] {
        let root = &kind.schema().json;
        let is_table = |s: &Json| s["type"] == "object" && s["description"].is_string();
        for table in all(root, is_table) {
            let names = &table["propertyNames"];
            assert!(is_closed(table) != names.is_object(), "{table:#}");
        }
    }
}

/// Each fixed list of names in the schema is the reader's.
#[test]
fn names_are_those_of_the_reader() {
    let tables = tables();
    for kind in [Kind::World, Kind::Experiment] {
        let schema = &kind.schema().json;
        let mut unmet = Unmet::of(schema, is_enum);
        for (_, file) in tables.iter().filter(|(k, _)| *k == kind) {
            for place in places(file) {
                let mut whole = Value::Table(file.clone());
                let here = subschemas(schema, &place);
                if !at(&mut whole, &place).is_str() || !unmet.meet(&here) {
                    continue;
                }
                let text = with(file, &place, Value::String("zzz".to_owned()));
                let lists = here.iter().filter(|schema| is_enum(schema));
                let expected: BTreeSet<String> = lists.flat_map(|list| names(list)).collect();
                if expected.iter().eq(["all"]) {
                    let messages = kind.refused_by_reader(&text);
                    assert!(messages[0].contains("or \"all\", found"), "{messages:?}");
                } else {
                    assert_eq!(allowed(kind, &text, "unknown name `zzz`"), expected);
                }
            }
        }
        assert!(unmet.0.is_empty(), "no file has these: {:#?}", unmet.0);
    }
}

/// A factor can be what the reader takes for one: six kinds, each value at the top of a world, and
/// paths into each of its tables and lists.
#[test]
fn factors_are_those_of_the_reader() {
    let world = &Kind::World.schema().json["properties"];
    let (mut single, mut deep) = (BTreeSet::new(), BTreeSet::new());
    for (key, schema) in world.as_object().expect("keys") {
        match schema["type"].as_str() {
            _ if ["extends", "remove"].contains(&key.as_str()) => continue,
            Some("string" | "number" | "integer") => single.insert(key.clone()),
            _ => deep.insert(key.clone()),
        };
    }
    let head = "name = \"e\"\nreplications = 1\n";
    let text = format!("{head}world = \"agentos-classic\"\nfactors.zzz = [1]\n");
    let known = allowed(Kind::Experiment, &text, "unknown factor `zzz`");
    let of_experiments = [
        "chaos_level",
        "chaos_multiplier",
        "skill",
        "responder",
        "trial",
        "world",
    ];
    single.extend(of_experiments.map(str::to_owned));
    assert!(known.is_subset(&single) && known.len() >= single.len() - 2);

    let factor_name = &Kind::Experiment.schema().json["$defs"]["factor_name"]["anyOf"];
    assert_eq!(names(&factor_name[0]), single);
    let pattern = factor_name[1]["pattern"].as_str().expect("a pattern");
    let starts = pattern.split(['(', ')']).nth(1).expect("a group");
    let starts: BTreeSet<String> = starts.split('|').map(str::to_owned).collect();
    assert_eq!(starts, deep);
}

/// At, just inside and just outside of every bound, schema and reader say the same.
#[test]
fn bounds_are_those_of_the_reader() {
    let tables = tables();
    let (mut counts, mut differ) = ([0; 3], Vec::new());
    for kind in [Kind::World, Kind::Experiment] {
        let schema = &kind.schema().json;
        let mut unmet = Unmet::of(schema, is_number);
        for (_, file) in tables.iter().filter(|(k, _)| *k == kind) {
            for place in places(file) {
                let here = subschemas(schema, &place);
                let mut whole = Value::Table(file.clone());
                let old = at(&mut whole, &place);
                if !(old.is_float() || old.is_integer()) || !unmet.meet(&here) {
                    continue;
                }
                for value in around(&here) {
                    match agree(kind, &with(file, &place, value)) {
                        Ok(Verdict::Accepted) => counts[0] += 1,
                        Ok(Verdict::Refused) => counts[1] += 1,
                        Ok(Verdict::Beyond) => counts[2] += 1,
                        Err(e) => differ.push(e),
                    }
                }
            }
        }
        assert!(unmet.0.is_empty(), "no file has these: {:#?}", unmet.0);
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
    let [accepted, refused, beyond] = counts;
    println!("bounds: {accepted} accepted, {refused} refused, {beyond} beyond the schema");
    assert!(accepted >= 100 && refused >= 300, "{counts:?}");
}

/// Numbers at, around and far from the bounds of these schemas.
fn around(schemas: &[&Json]) -> Vec<Value> {
    let mut values = vec![
        Value::Float(f64::NAN),
        Value::Float(f64::INFINITY),
        Value::Float(f64::NEG_INFINITY),
        Value::Float(1e308),
        Value::Float(-1e308),
        Value::Integer(i64::MAX),
        Value::Integer(i64::MIN),
        Value::Integer(0),
        Value::Float(-0.0),
        Value::Float(0.5),
        Value::Float(3.0),
    ];
    for keyword in ["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"] {
        for bound in schemas.iter().filter_map(|schema| schema[keyword].as_i64()) {
            values.extend([-1, 0, 1].map(|off| Value::Integer(bound.saturating_add(off))));
            let bound = bound as f64;
            values.extend([-1e-9, 1e-9].map(|off| Value::Float(bound + off)));
        }
    }
    values
}
