//! Bad command lines and results folders, as in `errors`.

use std::fs;

use insta::assert_snapshot;
use tempfile::TempDir;

use super::errors::{GOOD, all, folder, sysworld, write};

#[test]
fn command_lines() {
    let folder = folder();
    write(folder.path(), "e.toml", GOOD);
    assert_snapshot!(
        "command_lines",
        all(
            folder.path(),
            &[
                "rnu e.toml",
                "run",
                "run e.toml --fast",
                "run e.toml --threads 0",
                "run e.toml --replications 0",
                "run e.toml --replications 2000000000000",
                "run e.toml --seed -1",
                "run e.toml --replications 1000000000000",
                "run e.toml --format xml",
                "run e.toml --out ''",
                "simulate --skill senoir",
                "simulate --chaos-level hihg",
                "simulate --world cloudinfa",
                "worlds cloudinfa",
                "completions bsh",
            ]
        )
    );
}

fn finished() -> TempDir {
    let folder = folder();
    let text =
        format!("{GOOD}[factors]\nskill = [\"junior\", \"mid\"]\nchaos_multiplier = [1, 1.5]\n");
    write(folder.path(), "e.toml", &text);
    write(
        folder.path(),
        "other.toml",
        text.replace("= 2", "= 3").replace("1.5", "2.5"),
    );
    write(folder.path(), "file", "");
    sysworld(folder.path(), "run e.toml --quiet")
        .assert()
        .success();
    folder
}

#[test]
fn folders() {
    let folder = finished();
    let at = folder.path();
    let foreign = at.join("foreign");
    fs::create_dir(&foreign).expect("a folder");
    write(&foreign, "manifest.json", "{ \"name\": \"a web page\" }");
    assert_snapshot!(
        "folders",
        all(
            at,
            &[
                "run other.toml --out results/e",
                "run e.toml --seed 7 --out results/e",
                "run e.toml --out foreign",
                "run e.toml --out foreign --force",
                "run e.toml --out . --force",
                "run e.toml --out file",
                "run e.toml --out file/below",
                "run e.toml --out /proc/sysworld",
                "summarize foreign",
                "summarize nowhere",
                "summarize file",
                "replay nowhere",
                "replay .",
            ]
        )
    );
    sysworld(at, "run other.toml --out results/e --force --quiet")
        .assert()
        .success();
    sysworld(at, "run other.toml --out results/e --quiet")
        .assert()
        .success();
}

#[test]
fn damaged_manifests() {
    let folder = finished();
    let path = folder.path().join("results/e/manifest.json");
    let good = fs::read_to_string(&path).expect("a manifest");
    let said = |bad: &str| {
        assert_ne!(bad, good);
        fs::write(&path, bad).expect("a file");
        all(
            folder.path(),
            &["replay results/e --at skill=mid,chaos_multiplier=1"],
        )
    };
    // The facts of a run, its seconds among them, are not always as long.
    let facts = good.find("\"facts\"").expect("facts");
    let mut text = said(&good[..facts / 2]);
    text += &said(&good.replace("\"replications\": 2", "\"replications\": 0"));
    text += &said(&good.replace("\"replications\": 2", "\"replications\": \"two\""));
    text += &said(&good.replace("\"junior\"", "\"juniro\""));
    text += &all(
        folder.path(),
        &["run e.toml", "run e.toml --force", "summarize results/e"],
    );
    text += &said("[1]");
    assert_snapshot!("damaged_manifests", text);
}

#[test]
fn replays() {
    let folder = finished();
    assert_snapshot!(
        "replays",
        all(
            folder.path(),
            &[
                "replay results/e",
                "replay results/e --point 0123456789abcdef",
                "replay results/e --at skill=mid",
                "replay results/e --at skill=midd,chaos_multiplier=1",
                "replay results/e --at skil=mid,chaos_multiplier=1",
                "replay results/e --at skill=mid,chaos_multiplier=2",
                "replay results/e --at skill=mid,skill=junior",
                "replay results/e --at skill",
                "replay results/e --at ''",
                "replay results/e --at skill=mid,chaos_multiplier=1 --replication 2",
                "replay results/e --at skill=mid,chaos_multiplier=1 --replication -1",
                "replay results/e --at skill=mid,chaos_multiplier=1 --worst --best",
            ]
        )
    );
}
