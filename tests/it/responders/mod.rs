//! Who responds, and what that changes.

mod calls;
mod fake;
mod kernel;
mod llm;
mod process;
mod sweep;
mod told;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::sandbox::Sandbox;

/// The results in a folder, but for how long answers took, which no two recordings have in common.
fn but_latencies(sandbox: &Sandbox, folder: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = sandbox.data(folder);
    files.retain(|path, _| {
        !path.starts_with("counts") && path.file_stem().is_none_or(|stem| stem != "responders")
    });
    for mut row in sandbox.rows(&format!("{folder}/responders.csv")) {
        row.retain(|column, _| !column.starts_with("latency_"));
        files.insert(row["point"].clone().into(), format!("{row:?}").into_bytes());
    }
    files
}
