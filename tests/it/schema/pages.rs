//! What the schemas say in words is what the pages say: description, unit and default of each key.

use std::fs;

use serde_json::Value as Json;
use toml::Table;

use super::Kind;
use super::places::{Step, all, subschemas};
use crate::sandbox::shipped;

/// The rows of the tables of a page by the heading above them, each with its cells by column.
fn rows(page: &str) -> Vec<(String, Vec<(String, String)>)> {
    let text = fs::read_to_string(shipped(page)).expect("the page is there");
    let (mut heading, mut columns, mut found) = (String::new(), Vec::new(), Vec::new());
    let cells = |line: &str| -> Vec<String> {
        let line = line.trim_matches('|');
        line.split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    for line in text.lines() {
        if let Some(title) = line.strip_prefix('#') {
            heading = title.trim_matches(['#', ' ']).to_owned();
        } else if !line.starts_with('|') {
            columns.clear();
        } else if columns.is_empty() {
            columns = cells(line);
        } else if !line.starts_with("|---") {
            let row = columns.iter().cloned().zip(cells(line)).collect();
            found.push((heading.clone(), row));
        }
    }
    found
}

fn cell<'a>(row: &'a [(String, String)], column: &str) -> Option<&'a str> {
    let found = row.iter().find(|(name, _)| name == column);
    found.map(|(_, cell)| cell.as_str())
}

/// A text without the targets of its links.
fn plain(text: &str) -> String {
    let mut parts = text.split("](");
    let mut plain = parts.next().unwrap_or_default().replace('[', "");
    for part in parts {
        let (_, rest) = part.split_once(')').expect("the link ends");
        plain += &rest.replace('[', "");
    }
    plain
}

/// Where the tables of the pages stand in a file: page, heading, the place.
const TABLES: [(Kind, &str, &str); 17] = [
    (Kind::World, "Top level", ""),
    (Kind::World, "`[sla]`", "sla"),
    (Kind::World, "`[journey]`", "journey"),
    (Kind::World, "`[[journeys]]`", "journeys.0"),
    (Kind::World, "`[services.NAME]`", "services.NAME"),
    (Kind::World, "`[[servers]]`", "servers.0"),
    (
        Kind::World,
        "`[metrics.cpu_usage]`, `[metrics.memory_usage]`, `[metrics.disk_usage]`",
        "metrics.cpu_usage",
    ),
    (
        Kind::World,
        "`[metrics.error_rate]`, `[metrics.latency_p99]`",
        "metrics.error_rate",
    ),
    (Kind::World, "`[[chaos]]`", "chaos.0"),
    (Kind::World, "`[response]`", "response"),
    (Kind::World, "`[[remediation]]`", "remediation.0"),
    (Kind::World, "`[[runbook]]`", "runbook.0"),
    (Kind::World, "`[runbook_default]`", "runbook_default"),
    (Kind::World, "`[skills.NAME]`", "skills.NAME"),
    (Kind::World, "`[responders.NAME]`", "responders.NAME"),
    (Kind::Experiment, "Keys", ""),
    (Kind::Experiment, "`[recording]`", "recording"),
];

fn place(path: &str) -> Vec<Step> {
    let steps = path.split('.').filter(|step| !step.is_empty());
    steps
        .map(|step| match step.parse() {
            Ok(at) => Step::Index(at),
            Err(_) => Step::Key(step.to_owned()),
        })
        .collect()
}

/// The subschema with a description at a place; within a list of tables, that of the list.
fn described(kind: Kind, path: &str) -> Json {
    let found = subschemas(&kind.schema().json, &place(path));
    let found = found.into_iter().find(|s| s["description"].is_string());
    found
        .unwrap_or_else(|| panic!("nothing describes {path}"))
        .clone()
}

#[test]
fn descriptions_are_those_of_the_pages() {
    let mut compared = 0;
    for (kind, heading, table) in TABLES {
        let page = match kind {
            Kind::World => "docs/world-files.md",
            Kind::Experiment => "docs/experiments.md",
        };
        let rows = rows(page);
        let mut rows = rows.iter().filter(|(title, row)| {
            title == heading && (cell(row, "key").is_some() || cell(row, "kind").is_some())
        });
        for (_, row) in rows.by_ref() {
            let key = cell(row, "key").or(cell(row, "kind")).expect("a key");
            let key = key.trim_matches(['`', '[', ']']);
            let path = match cell(row, "kind") {
                Some(_) => format!("{table}.effects.0.{key}"),
                None if key.ends_with("_above")
                    || key == "range"
                    || key == "dependency_down"
                    || key.ends_with("_below") && table.starts_with("metrics") =>
                {
                    format!("{table}.bands.0.{key}")
                }
                None => format!("{table}.{key}"),
            };
            let schema = described(kind, &path);
            let unit = cell(row, "unit").filter(|unit| !unit.is_empty());
            let unit = unit.map_or(String::new(), |unit| format!(" Unit: {unit}."));
            let meaning = plain(cell(row, "meaning").expect("a meaning"));
            assert_eq!(schema["description"], plain(&(meaning + &unit)), "{path}");
            if let Some(written) = cell(row, "default") {
                let value = format!("v = {}", written.trim_matches('`'));
                let default = match value.parse::<Table>() {
                    Ok(table) => serde_json::to_value(&table["v"]).expect("a value"),
                    Err(_) if written.starts_with("empty") && schema["type"] == "string" => {
                        "".into()
                    }
                    Err(_) if written.starts_with("empty") => Json::Array(Vec::new()),
                    Err(_) => Json::Null,
                };
                assert_eq!(schema["default"], default, "{path}");
            }
            compared += 1;
        }
    }
    println!("{compared} keys compared");
    assert!(compared >= 70, "{compared}");
}

/// Every key of every table has words for it.
#[test]
fn every_key_is_described() {
    let mut keys = 0;
    for kind in [Kind::World, Kind::Experiment] {
        let root = &kind.schema().json;
        for table in all(root, super::places::is_closed) {
            for (key, schema) in table["properties"].as_object().expect("keys") {
                let target = schema["$ref"].as_str().and_then(|r| root.pointer(&r[1..]));
                let words = &schema["description"];
                let words = words
                    .as_str()
                    .or(target.and_then(|t| t["description"].as_str()));
                assert!(
                    words.is_some_and(|w| w.ends_with(['.', ':'])),
                    "{key}: {words:?}"
                );
                keys += 1;
            }
        }
    }
    assert!(keys >= 130, "{keys}");
}

/// The defaults at the top of the schema are those that a world is laid on.
#[test]
fn defaults_are_those_of_the_program() {
    let defaults = fs::read_to_string(shipped("src/world/defaults.toml")).expect("a file");
    let defaults: Table = defaults.parse().expect("TOML");
    let mut compared = 0;
    for (key, value) in &defaults {
        let values = match value.as_table() {
            None => vec![(key.clone(), value.clone())],
            Some(table) => {
                let entries = table.iter();
                entries
                    .map(|(k, v)| (format!("{key}.{k}"), v.clone()))
                    .collect()
            }
        };
        for (path, value) in values.into_iter().filter(|(_, value)| !value.is_table()) {
            let value = serde_json::to_value(&value).expect("a value");
            assert_eq!(described(Kind::World, &path)["default"], value, "{path}");
            compared += 1;
        }
    }
    assert_eq!(compared, 10);
}
