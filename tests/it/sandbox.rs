//! The real binary in a folder of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use assert_cmd::Command;
use tempfile::TempDir;

use crate::schema::{self, Kind};

pub struct Sandbox(TempDir);

impl Sandbox {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).expect("the folder can be written to");
        path
    }

    /// Runs `sysworld` here; the words of `line` are its arguments.
    pub fn sysworld(&self, line: &str) -> Command {
        let mut command = Command::cargo_bin("sysworld").expect("the binary is built");
        command.current_dir(self.0.path()).args(line.split(' '));
        // Who runs the tests may have a terminal of any width.
        command.env_remove("COLUMNS");
        command
    }

    /// Runs `sysworld`, which must succeed, and returns its stdout.
    pub fn ok(&self, line: &str) -> String {
        let output = self.sysworld(line).assert().success().get_output().clone();
        self.assert_accepted_by_schema(line);
        String::from_utf8(output.stdout).expect("stdout is UTF-8")
    }

    /// What a command read with success must be good to the schema for editors too.
    fn assert_accepted_by_schema(&self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let (kind, file) = match words[..] {
            ["run" | "plan", file, ..] => (Kind::Experiment, file),
            ["simulate", "--world", file, ..] => (Kind::World, file),
            _ => return,
        };
        if let Ok(text) = fs::read_to_string(self.path(file)) {
            schema::assert_accepted(kind, &text);
        }
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("the file is there")
    }

    /// Starts `sysworld` here, without waiting for it.
    pub fn spawn(&self, line: &str) -> Child {
        let binary = assert_cmd::cargo::cargo_bin!("sysworld");
        // The tests may run where a signal is ignored, as with `nohup`, and a child inherits that.
        let mut command = if cfg!(target_os = "linux") {
            let mut command = std::process::Command::new("env");
            command.arg("--default-signal=INT,TERM,HUP").arg(binary);
            command
        } else {
            std::process::Command::new(binary)
        };
        command
            .current_dir(self.0.path())
            .args(line.split(' '))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts")
    }

    /// The exit code and stderr of `sysworld`.
    pub fn fails(&self, line: &str) -> (i32, String) {
        let output = self.sysworld(line).output().expect("the binary runs");
        let said = String::from_utf8(output.stderr).expect("stderr is UTF-8");
        (output.status.code().expect("an exit code"), said)
    }

    /// A CSV file as rows by column.
    pub fn rows(&self, name: &str) -> Vec<BTreeMap<String, String>> {
        let text = self.read(name);
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
        lines
            .map(|line| {
                let cells = line.split(',').map(str::to_owned);
                header
                    .iter()
                    .map(|name| name.to_string())
                    .zip(cells)
                    .collect()
            })
            .collect()
    }

    /// Every data file of a results folder with its bytes: all but what tells of clock and order.
    pub fn data(&self, folder: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let root = self.path(folder);
        let mut files = BTreeMap::new();
        collect(&root, &root, &mut files);
        files.retain(|path, _| {
            !["manifest.json", "ledger.jsonl", ".lock"].contains(&path.to_str().unwrap_or(""))
        });
        files
    }
}

/// Numbers that look random and are the same in every run (SplitMix64).
pub struct Chance(pub u64);

impl Chance {
    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end as u64) as usize
    }
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let name = path.strip_prefix(root).expect("a path below").to_owned();
            files.insert(name, fs::read(&path).expect("a readable file"));
        }
    }
}

/// A file of the repository, by its path from the root.
pub fn shipped(path: &str) -> String {
    format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))
}
