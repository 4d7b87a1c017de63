//! The notebooks and the Python of their page, executed on fresh sweeps; without Python, what can
//! be said of the files alone.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::sandbox::{Sandbox, shipped};

/// Every notebook, by name.
fn notebooks() -> Vec<(PathBuf, Value)> {
    let files = fs::read_dir(shipped("notebooks")).expect("the folder is there");
    let paths = files.map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "ipynb"))
        .collect();
    paths.sort();
    let parsed = paths.into_iter().map(|path| {
        let text = fs::read_to_string(&path).expect("a text");
        let notebook = serde_json::from_str(&text).expect("JSON");
        (path, notebook)
    });
    parsed.collect()
}

fn code(notebook: &Value) -> Vec<&Value> {
    let cells = notebook["cells"].as_array().expect("cells").iter();
    cells.filter(|cell| cell["cell_type"] == "code").collect()
}

/// The lines of a text in a notebook, which may be in pieces.
fn text(value: &Value) -> String {
    match value {
        Value::Array(pieces) => pieces.iter().map(text).collect(),
        other => other.as_str().expect("a text").to_owned(),
    }
}

/// The experiment whose command the first cell gives, as a path from the root, and its options.
fn experiment(notebook: &Value) -> String {
    let cell = text(&code(notebook)[0]["source"]);
    let (_, rest) = (cell.split_once("cargo run --release -- run ")).expect("the command");
    let end = rest.find('"').expect("the end of the command");
    rest[..end].to_owned()
}

/// The Python that has `notebooks/requirements.txt`. Without it the test says what it skips, unless
/// `SYSWORLD_PYTHON` promises one.
fn python(skipped: &str) -> Option<PathBuf> {
    if let Some(promised) = env::var_os("SYSWORLD_PYTHON") {
        return Some(promised.into());
    }
    let local = PathBuf::from(shipped("notebooks/.venv/bin/python"));
    if local.exists() {
        return Some(local);
    }
    // Past the capture of the test runner, so that it is read.
    let said = format!("SKIPPED, for there is no Python in notebooks/.venv: {skipped}\n");
    (std::io::stderr().write_all(said.as_bytes())).expect("stderr is open");
    None
}

fn run(python: &Path, sandbox: &Sandbox, arguments: &[&str]) -> Output {
    let output = Command::new(python)
        .args(arguments)
        .current_dir(sandbox.path(""))
        // Nobody's own settings, and nothing of ours in their home.
        .env("IPYTHONDIR", sandbox.path("ipython"))
        .env("JUPYTER_RUNTIME_DIR", sandbox.path("runtime"))
        .env("MPLBACKEND", "agg")
        .env("SYSWORLD", env!("CARGO_BIN_EXE_sysworld"))
        .output();
    output.unwrap_or_else(|error| panic!("{}: {error}", python.display()))
}

fn said(output: &Output) -> String {
    let bytes = [&output.stdout[..], &output.stderr].concat();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Each is small and stored as it came out of one run from top to bottom, with a figure and a
/// check, and nothing that changes from run to run; its first cell names a sweep that is shipped.
#[test]
fn notebooks_are_stored_as_executed() {
    let notebooks = notebooks();
    assert_eq!(notebooks.len(), 7);
    for (path, notebook) in &notebooks {
        let name = path.display();
        assert!(path.metadata().expect("a file").len() < 300_000, "{name}");
        assert_eq!(
            notebook["metadata"],
            json!({
                "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
                "language_info": {"name": "python"},
            }),
            "{name}"
        );
        let (mut figures, mut checks) = (0, 0);
        for (i, cell) in code(notebook).into_iter().enumerate() {
            assert_eq!(cell["execution_count"], json!(i + 1), "{name}");
            assert_eq!(cell["metadata"], json!({}), "{name}");
            checks += text(&cell["source"]).matches("assert ").count();
            for output in cell["outputs"].as_array().expect("outputs") {
                assert_ne!(output["output_type"], "error", "{name}");
                assert_ne!(output["name"], "stderr", "{name}");
                figures += usize::from(!output["data"]["image/svg+xml"].is_null());
            }
        }
        assert!(figures >= 1 && checks >= 2, "{name}");
        let command = experiment(notebook);
        let file = command.split(' ').next().expect("a path");
        let file = fs::read_to_string(shipped(file)).expect("the experiment");
        let folder = file.lines().find_map(|line| line.strip_prefix("name = "));
        let folder = folder.expect("a name").trim_matches('"');
        let first = text(&code(notebook)[0]["source"]);
        assert!(
            first.contains(&format!("\"../results/{folder}\"")),
            "{name}"
        );
    }
}

/// On the sweeps that their first cells ask for, all cells run, all checks in them hold, and what
/// comes out is what is stored.
#[test]
fn notebooks_give_what_is_stored() {
    let Some(python) = python("the notebooks were not executed") else {
        return;
    };
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("notebooks")).expect("a new folder");
    let notebooks = notebooks();
    let sweeps: BTreeSet<String> = notebooks.iter().map(|(_, n)| experiment(n)).collect();
    // As in the project's folder: programs and recordings have paths from there.
    std::os::unix::fs::symlink(shipped("experiments"), sandbox.path("experiments"))
        .expect("a link to what is shipped");
    for sweep in sweeps {
        sandbox.ok(&format!("run {sweep} --quiet"));
    }
    let script = shipped("notebooks/execute.py");
    let paths: Vec<_> = (notebooks.iter())
        .map(|(path, _)| path.to_str().expect("text"))
        .collect();
    let arguments = [&[&script, "--check", "--in", "notebooks"][..], &paths].concat();
    let output = run(&python, &sandbox, &arguments);
    assert!(output.status.success(), "{}", said(&output));
    for path in paths {
        assert!(said(&output).contains(&format!("{path}: executed")));
    }
}

/// A check that fails is a failure, and so is an output that differs in a number.
#[test]
fn execution_notices_what_is_wrong() {
    let Some(python) = python("whether a failing notebook is noticed was not tried") else {
        return;
    };
    let sandbox = Sandbox::new();
    let mut notebook = json!({
        "nbformat": 4, "nbformat_minor": 5, "metadata": {},
        "cells": [{
            "id": "a", "cell_type": "code", "metadata": {}, "execution_count": 1,
            "source": "print(0.5)",
            "outputs": [{"output_type": "stream", "name": "stdout", "text": "0.5\n"}],
        }],
    });
    sandbox.write("good.ipynb", &notebook.to_string());
    notebook["cells"][0]["outputs"][0]["text"] = json!("0.6\n");
    sandbox.write("stale.ipynb", &notebook.to_string());
    notebook["cells"][0]["source"] = json!("assert 1 == 2");
    sandbox.write("fails.ipynb", &notebook.to_string());
    let script = shipped("notebooks/execute.py");
    let files = ["good.ipynb", "stale.ipynb", "fails.ipynb"];
    let output = run(
        &python,
        &sandbox,
        &[&[&*script, "--check"][..], &files].concat(),
    );
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for line in [
        "good.ipynb: executed",
        "stale.ipynb: the stored outputs are not those",
        "fails.ipynb: a cell failed",
    ] {
        assert!(said.contains(line), "{said}");
    }
}

/// The Python of the page on big tables runs on the sweep of its experiment, at a small size.
#[test]
fn the_page_on_big_tables_runs() {
    let page = fs::read_to_string(shipped("docs/notebooks.md")).expect("the page");
    let block = |start: &str| -> Vec<String> {
        let blocks = page.split(start).skip(1);
        blocks
            .map(|rest| rest.split("\n```").next().expect("an end").to_owned() + "\n")
            .collect()
    };
    let (experiment, snippets) = (block("```toml\n"), block("```python\n"));
    assert_eq!((experiment.len(), snippets.len()), (1, 3));
    let sandbox = Sandbox::new();
    sandbox.write("million.toml", &experiment[0]);
    sandbox.ok("run million.toml --replications 300 --quiet");
    assert!(sandbox.path("results/million/rounds").exists());
    let Some(python) = python("the Python of docs/notebooks.md was not run") else {
        return;
    };
    for snippet in snippets {
        let output = run(&python, &sandbox, &["-c", &snippet]);
        assert!(output.status.success(), "{snippet}\n{}", said(&output));
        assert!(said(&output).contains("service_crash"), "{}", said(&output));
    }
}
