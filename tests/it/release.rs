//! What is released together says the same: version, changelog, citation, names of files, man pages.

use std::fs;

use toml::Value;

use crate::sandbox::{Sandbox, shipped};

fn text(path: &str) -> String {
    fs::read_to_string(shipped(path)).expect("a text")
}

fn manifest() -> Value {
    toml::from_str(&text("Cargo.toml")).expect("TOML")
}

/// The version of `Cargo.toml` is that of the citation, and the newest one of the changelog, unless what
/// is there is not released yet. The wheel takes it from `Cargo.toml`.
#[test]
fn the_version_is_in_step() {
    let manifest = manifest();
    let version = manifest["package"]["version"].as_str().expect("a version");
    let citation = text("CITATION.cff");
    assert!(
        citation.contains(&format!("\nversion: {version}\n")),
        "{citation}"
    );
    let changelog = text("CHANGELOG.md");
    let mut headings = changelog
        .lines()
        .filter_map(|line| line.strip_prefix("## "));
    match headings.next() {
        // What is in work raises the version when it is released.
        Some("Unreleased") => {
            let newest = headings.next().map(|heading| heading.split(' ').next());
            assert!(
                newest.is_none_or(|newest| newest == Some(version)),
                "{newest:?}"
            );
        }
        newest => assert_eq!(
            newest.and_then(|heading| heading.split(' ').next()),
            Some(version)
        ),
    }
    let python: Value = toml::from_str(&text("pyproject.toml")).expect("TOML");
    assert_eq!(python["project"]["dynamic"][0].as_str(), Some("version"));
    assert!(python["project"].get("version").is_none());
    assert_eq!(python["project"]["license"], manifest["package"]["license"]);
    assert_eq!(
        python["project"]["description"],
        manifest["package"]["description"]
    );
    let program = Sandbox::new().ok("--version");
    assert_eq!(program, format!("sysworld {version}\n"));
}

/// `cargo binstall` asks for the tarball that the release makes, and for the binary in it.
#[test]
fn binstall_finds_what_is_released() {
    let manifest = manifest();
    let binstall = &manifest["package"]["metadata"]["binstall"];
    let url = binstall["pkg-url"].as_str().expect("a URL");
    let name = url.rsplit('/').next().expect("a name");
    let folder = name.strip_suffix(".tar.gz").expect("a tarball");
    let made = folder
        .replace("{ version }", "$version")
        .replace("{ target }", "$target");
    assert!(
        text(".ci/release").contains(&format!("name={made}\n")),
        "{made}"
    );
    let binary = binstall["bin-dir"].as_str().expect("a path");
    assert_eq!(binary, format!("{folder}/{{ bin }}{{ binary-ext }}"));
}

/// Every command has a man page with its name and options, and a name that is none is told.
#[test]
fn every_command_has_a_man_page() {
    let sandbox = Sandbox::new();
    let help = sandbox.ok("--help");
    let commands = help.split("Commands:\n").nth(1).expect("a list");
    let commands = commands.lines().take_while(|line| !line.is_empty());
    let names: Vec<&str> = commands
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(names.len() > 14, "{names:?}");
    let all = sandbox.ok("man");
    for name in &names {
        assert!(
            all.contains(&format!("sysworld\\-{name}(1)")),
            "{name}: {all}"
        );
        let page = sandbox.ok(&format!("man {name}"));
        assert!(page.contains(&format!(".TH sysworld-{name} 1")), "{page}");
    }
    assert!(sandbox.ok("man run").contains("\\-\\-no\\-lock"));
    let (code, said) = sandbox.fails("man rnu");
    assert!(code == 2 && said.contains("run"), "{said}");
}
