//! Places in a file, and what a schema says of them.

use serde_json::Value as Json;
use toml::{Table, Value};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Key(String),
    Index(usize),
}

/// A place, from the top of the file.
pub type Place = Vec<Step>;

/// Every place in a file, the top first.
pub fn places(file: &Table) -> Vec<Place> {
    fn walk(value: &Value, place: &Place, found: &mut Vec<Place>) {
        let steps: Vec<(Step, &Value)> = match value {
            Value::Table(table) => {
                let entries = table.iter();
                entries
                    .map(|(key, v)| (Step::Key(key.clone()), v))
                    .collect()
            }
            Value::Array(values) => {
                let entries = values.iter().enumerate();
                entries.map(|(at, v)| (Step::Index(at), v)).collect()
            }
            _ => Vec::new(),
        };
        for (step, value) in steps {
            let place = [place.as_slice(), &[step]].concat();
            found.push(place.clone());
            walk(value, &place, found);
        }
    }
    let mut found = vec![Vec::new()];
    walk(&Value::Table(file.clone()), &Vec::new(), &mut found);
    found
}

/// The value at a place; the top counts as a table.
pub fn at<'a>(file: &'a mut Value, place: &[Step]) -> &'a mut Value {
    place.iter().fold(file, |value, step| match step {
        Step::Key(key) => &mut value[key.as_str()],
        Step::Index(at) => &mut value[*at],
    })
}

/// The subschemas that hold at a place, references followed and alternatives side by side.
pub fn subschemas<'a>(root: &'a Json, place: &[Step]) -> Vec<&'a Json> {
    let mut here = expand(root, root);
    for step in place {
        let below = here.into_iter().filter_map(|schema| child(schema, step));
        here = below.flat_map(|schema| expand(root, schema)).collect();
    }
    here
}

fn child<'a>(schema: &'a Json, step: &Step) -> Option<&'a Json> {
    let found = match step {
        Step::Key(key) => {
            let named = schema.get("properties").and_then(|p| p.get(key));
            named.or_else(|| schema.get("additionalProperties"))
        }
        Step::Index(at) => {
            let own = schema.get("prefixItems").and_then(|items| items.get(at));
            own.or_else(|| schema.get("items"))
        }
    };
    found.filter(|schema| schema.is_object())
}

fn expand<'a>(root: &'a Json, schema: &'a Json) -> Vec<&'a Json> {
    let mut found = vec![schema];
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root
            .pointer(&reference[1..])
            .expect("the reference leads somewhere");
        found.extend(expand(root, target));
    }
    for keyword in ["allOf", "anyOf", "oneOf"] {
        let parts = schema[keyword].as_array().into_iter().flatten();
        found.extend(parts.flat_map(|part| expand(root, part)));
    }
    found
}

/// Every subschema of a schema that satisfies a condition.
pub fn all(schema: &Json, wanted: fn(&Json) -> bool) -> Vec<&Json> {
    let mut found = Vec::new();
    if wanted(schema) {
        found.push(schema);
    }
    match schema {
        Json::Object(map) => found.extend(map.values().flat_map(|v| all(v, wanted))),
        Json::Array(list) => found.extend(list.iter().flat_map(|v| all(v, wanted))),
        _ => {}
    }
    found
}

/// A table that names all its keys.
pub fn is_closed(schema: &Json) -> bool {
    schema["properties"].is_object() && schema["additionalProperties"] == false
}

/// Texts from a fixed list.
pub fn is_enum(schema: &Json) -> bool {
    schema["type"] == "string" && schema["enum"].is_array()
}

/// A number.
pub fn is_number(schema: &Json) -> bool {
    schema["type"] == "number" || schema["type"] == "integer"
}
