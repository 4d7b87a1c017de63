//! Summaries go through a sweep point by point: however its parts lie, they say the same, and memory
//! does not follow the design points.

use std::fs;

use crate::sandbox::Sandbox;

const TABLES: [&str; 4] = ["summary", "ttr", "budget", "causes"];

fn tables(sandbox: &Sandbox, folder: &str) -> Vec<Vec<u8>> {
    let names = TABLES
        .iter()
        .flat_map(|name| [format!("{name}.csv"), format!("{name}.parquet")]);
    names
        .map(|name| fs::read(sandbox.path(&format!("{folder}/{name}"))).expect("a table"))
        .collect()
}

fn experiment(replications: u32, chaos: &str, skills: &str) -> String {
    format!(
        "name = \"e\"\nreplications = {replications}\n[factors]\nchaos_multiplier = {chaos}\n\
         skill = {skills}\n[output]\ntables = []\n"
    )
}

/// A sweep whose levels changed places, and got between each other, when it was extended has the
/// summary of one that was run at once.
#[test]
fn generations_are_read_side_by_side() {
    let steps = [
        experiment(40, "[1, 3]", "[\"junior\", \"senior\"]"),
        experiment(60, "[1, 2, 3]", "[\"junior\", \"mid\", \"senior\"]"),
        experiment(90, "[3, 2, 1, 4]", "[\"senior\", \"mid\", \"junior\"]"),
    ];
    let sandbox = Sandbox::new();
    for text in &steps {
        sandbox.write("e.toml", text);
        sandbox.ok("run e.toml --quiet --out grown");
        sandbox.ok("verify grown");
    }
    sandbox.ok("run e.toml --quiet --out fresh");
    assert!(tables(&sandbox, "grown") == tables(&sandbox, "fresh"));
    let page = |folder: &str| sandbox.read(&format!("{folder}/report.html"));
    assert!(page("grown") == page("fresh"));
}

/// The memory of a sweep with three times the design points hardly grows, and it still
/// shows the points of the page, the first, and all in the tables.
#[test]
#[cfg(target_os = "linux")]
fn memory_does_not_follow_the_design_points() {
    let sandbox = Sandbox::new();
    let peak = |points: u32| {
        let to = f64::from(points) / 1000.0;
        let chaos = format!("{{ from = 0.001, to = {to}, step = 0.001 }}");
        sandbox.write("e.toml", &experiment(1, &chaos, "[\"mid\"]"));
        let mut child = sandbox.spawn(&format!("run e.toml --quiet --threads 1 --out r{points}"));
        let status = format!("/proc/{}/status", child.id());
        let mut most = 0;
        while child.try_wait().expect("a child").is_none() {
            let text = fs::read_to_string(&status).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kilobytes = line.and_then(|line| line.trim().split(' ').next()?.parse().ok());
            most = most.max(kilobytes.unwrap_or(0_u64));
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert!(child.wait().expect("a child").success());
        assert_eq!(
            sandbox.rows(&format!("r{points}/summary.csv")).len() as u32,
            points
        );
        most
    };
    let (small, large) = (peak(2_100), peak(6_300));
    println!("{small} kB, {large} kB");
    // Four thousand points with all their counts and rows would be 60 MB more.
    assert!(large < small + 35_000, "{small} kB, {large} kB");
    assert!(large < 200_000, "{large} kB");
    let page = sandbox.read("r6300/report.html");
    assert!(
        page.contains("design points are shown") || page.contains("levels of"),
        "{}",
        page.len()
    );
}
