//! The page in a real browser: see `tests/browser`.

use std::env;
use std::path::Path;
use std::process::Command;

use crate::report::{SHAPES, run};
use crate::sandbox::{Sandbox, shipped};

/// Set where a test that can't run is a failure.
const REQUIRED: &str = "SYSWORLD_BROWSER_TESTS";

/// What a machine lacks for these tests; nothing where it has all.
fn lacking() -> Option<String> {
    let works = |program: &str| {
        let version = Command::new(program).arg("--version").output();
        version.is_ok_and(|output| output.status.success())
    };
    let chromium = env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
    let packages = shipped("tests/browser/node_modules/playwright-core");
    if !works("node") {
        Some("node is not installed".to_owned())
    } else if !works(&chromium) {
        Some(format!(
            "there is no Chromium at {chromium} (or in $CHROMIUM)"
        ))
    } else if !Path::new(&packages).exists() {
        Some("run `npm ci` in tests/browser".to_owned())
    } else {
        None
    }
}

/// Pages of every shape, in Chromium: no console error, no request, the numbers of the tables,
/// hovering, switching lines, keyboard, phone, paper, and nothing serious for axe.
#[test]
fn pages_work_in_a_browser() {
    if let Some(why) = lacking() {
        let required = env::var(REQUIRED).is_ok_and(|value| value == "required");
        assert!(!required, "the browser tests are required, but {why}");
        // Not captured, so that a skipped test is seen to be one.
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), "SKIPPED: the report in a browser: {why}");
        return;
    }
    let sandbox = Sandbox::new();
    for shape in SHAPES {
        let table = run(&sandbox, shape);
        sandbox.write(&format!("{}.txt", shape.0), &table);
    }
    let output = Command::new("node")
        .arg(shipped("tests/browser/report.js"))
        .args(SHAPES.map(|(name, _)| sandbox.path(name)))
        .output()
        .expect("node starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(said.lines().count(), SHAPES.len(), "{said}");
}
