//! What the program is built from: all of it from the registry, under licences that we accept.
//! Known vulnerabilities are not looked for here: that takes `cargo deny` and its data, see `.ci/run`.

use std::fs;
use std::process::Command;

use toml::Value;

use crate::sandbox::shipped;

fn text(path: &str) -> String {
    fs::read_to_string(shipped(path)).expect("a text")
}

/// Everything locked comes from crates.io, with its checksum.
#[test]
fn dependencies_come_from_the_registry() {
    let lock: Value = toml::from_str(&text("Cargo.lock")).expect("TOML");
    let packages = lock["package"].as_array().expect("packages");
    assert!(packages.len() > 100);
    for package in packages
        .iter()
        .filter(|p| p["name"].as_str() != Some("sysworld"))
    {
        let source = package.get("source").and_then(Value::as_str);
        let registry = "registry+https://github.com/rust-lang/crates.io-index";
        assert_eq!(source, Some(registry), "{package}");
        assert!(package.get("checksum").is_some(), "{package}");
    }
}

/// Whether one of the alternatives of an SPDX expression has only licences that are allowed.
fn accepted(expression: &str, allowed: &[String]) -> bool {
    let flat = expression.replace('/', " OR ");
    // `(A OR B) AND C` has at most one pair of brackets in practice: each bracket is a term.
    if let (Some(open), Some(close)) = (flat.find('('), flat.find(')')) {
        let inner = if accepted(&flat[open + 1..close], allowed) {
            "MIT"
        } else {
            "refused"
        };
        let rest = format!("{}{inner}{}", &flat[..open], &flat[close + 1..]);
        return accepted(&rest, allowed);
    }
    let known = |licence: &str| allowed.iter().any(|name| name == licence.trim());
    flat.split(" OR ").any(|all| all.split(" AND ").all(known))
}

/// Every package that is built for this machine has a licence of `deny.toml`.
#[test]
fn licences_are_accepted() {
    let deny: Value = toml::from_str(&text("deny.toml")).expect("TOML");
    let allowed = deny["licenses"]["allow"].as_array().expect("a list");
    let allowed: Vec<String> = allowed
        .iter()
        .filter_map(|l| Some(l.as_str()?.to_owned()))
        .collect();
    assert!(accepted("(MIT OR GPL-3.0) AND Zlib", &allowed));
    assert!(!accepted("GPL-3.0 AND MIT", &allowed));
    let cargo = |args: &[&str], program: &str| {
        let output = Command::new(program)
            .args(args)
            .current_dir(shipped(""))
            .output()
            .expect("it starts");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("text")
    };
    let version = cargo(&["-vV"], "rustc");
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .expect("a host");
    let metadata = cargo(
        &[
            "metadata",
            "--locked",
            "--offline",
            "--format-version",
            "1",
            "--filter-platform",
            host,
        ],
        env!("CARGO"),
    );
    let metadata: serde_json::Value = serde_json::from_str(&metadata).expect("JSON");
    let nodes = metadata["resolve"]["nodes"].as_array().expect("nodes");
    let used: Vec<&str> = nodes
        .iter()
        .filter_map(|node| node["id"].as_str())
        .collect();
    let packages = metadata["packages"].as_array().expect("packages");
    let built = packages
        .iter()
        .filter(|p| used.iter().any(|id| p["id"] == *id));
    let mut count = 0;
    for package in built {
        let licence = package["license"].as_str().unwrap_or("none");
        assert!(
            accepted(licence, &allowed),
            "{}: {licence}",
            package["name"]
        );
        count += 1;
    }
    assert!(count > 100);
}
