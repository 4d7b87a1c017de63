//! What `job` prints: files that a scheduler takes as they are.
//! Real engines run them in `tests/engines`.

use std::process::{Command, Output};

use crate::sandbox::Sandbox;

const SWEEP: &str = r#"
name = "sweep"
replications = 7_000
[factors]
chaos_level = ["low", "extreme"]
skill = ["junior", "senior"]
[output]
formats = ["csv"]
"#;

/// `sysworld job` with arguments that may hold spaces.
fn job(sandbox: &Sandbox, args: &[&str]) -> Output {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("sysworld"));
    command.current_dir(sandbox.path("")).arg("job").args(args);
    command.output().expect("it ran")
}

fn printed(sandbox: &Sandbox, args: &[&str]) -> String {
    let output = job(sandbox, args);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// What is printed for each engine, to the letter, with every option that goes into it.
#[test]
fn files_of_each_engine() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("my worlds")).expect("a folder");
    sandbox.write("my worlds/e.toml", &format!("world = \"w.toml\"{SWEEP}"));
    sandbox.write(
        "my worlds/w.toml",
        "name = \"w\"\nextends = \"cloudinfra\"\nrounds = 12\n",
    );
    for engine in ["slurm", "kubernetes", "snakemake", "dask"] {
        let args = [
            &[
                engine,
                "my worlds/e.toml",
                "--shards",
                "6",
                "--out",
                "results/a b",
            ][..],
            &[
                "--seed",
                "7",
                "--set",
                "sla.target=99.5",
                "--threads",
                "2",
                "--no-lock",
            ],
        ];
        insta::assert_snapshot!(format!("job_{engine}"), printed(&sandbox, &args.concat()));
    }
}

/// What no shard could run, and what could not stand in a file, is refused, with nothing printed.
#[test]
fn what_can_not_be_submitted_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", SWEEP);
    sandbox.write("wrong.toml", &SWEEP.replace("skill", "skil"));
    sandbox.write(
        "precise.toml",
        &format!("{SWEEP}[[precision]]\nestimate = \"sla_miss\"\nhalf_width = 0.01\nmax_replications = 9000\n"),
    );
    std::fs::create_dir(sandbox.path("sub")).expect("a folder");
    sandbox.write("sub/e.toml", &format!("world = \"../w.toml\"{SWEEP}"));
    sandbox.write("w.toml", "name = \"w\"\nextends = \"cloudinfra\"\n");
    for (args, says) in [
        (&["slurm", "e.toml"][..], "--shards"),
        (
            &["pbs", "e.toml", "--shards", "2"],
            "[possible values: slurm, kubernetes",
        ),
        (&["slurm", "e.toml", "--shards", "0"], "1..=100000"),
        (&["slurm", "wrong.toml", "--shards", "2"], "skil"),
        (
            &["slurm", "precise.toml", "--shards", "2"],
            "precision can't be reached in shards",
        ),
        (
            &["slurm", "e.toml", "--shards", "2", "--image", "x"],
            "--image is for kubernetes",
        ),
        (
            &["slurm", "e.toml", "--shards", "2", "--out", "a\nb"],
            "control characters",
        ),
        (
            &["dask", "e.toml", "--shards", "2", "--out=-x"],
            "write ./-x",
        ),
        (
            &["kubernetes", "e.toml", "--shards", "2", "--out", "/r"],
            "a folder of the volume",
        ),
        (
            &["kubernetes", "e.toml", "--shards", "2", "--out", "../r"],
            "a folder of the volume",
        ),
        (
            &["snakemake", "e.toml", "--shards", "2", "--out", "{r}"],
            "reads braces as wildcards",
        ),
        (
            &["kubernetes", "sub/e.toml", "--shards", "2"],
            "w.toml is not in the folder of",
        ),
    ] {
        let output = job(&sandbox, args);
        let said = String::from_utf8_lossy(&output.stderr).replace("\n", " ");
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(
            said.contains(says) && output.stdout.is_empty(),
            "{args:?}: {said}"
        );
    }
    // More shards than parts work, and are warned of.
    let output = job(&sandbox, &["slurm", "e.toml", "--shards", "500"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("warning: 500 shards on"),
        "{said}"
    );
}

/// The file for Slurm, run as Slurm runs it, in folders with spaces and quotes: the shards, a merge that
/// lacks one and prints the line that submits it, and the merge, with the bytes of one run.
#[test]
fn the_slurm_script_runs_shards_and_merges() {
    let sandbox = Sandbox::new();
    let (experiment, out) = ("it's/an experiment.toml", "it's/out $HOME");
    std::fs::create_dir(sandbox.path("it's")).expect("a folder");
    sandbox.write(experiment, SWEEP);
    let text = printed(
        &sandbox,
        &["slurm", experiment, "--shards", "3", "--out", out],
    );
    sandbox.write("my sweep.slurm", &text);
    // What knows the file that was submitted.
    let tool = "#!/bin/sh\necho 'JobId=7 JobName=x'; echo '   Command=/home/me/my sweep.slurm'\n";
    let tool = sandbox.write("scontrol", tool);
    let binary = assert_cmd::cargo::cargo_bin!("sysworld");
    std::os::unix::fs::symlink(binary, sandbox.path("sysworld")).expect("a link");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(tool, mode).expect("changed");
    let run = |index: Option<u32>| {
        let mut command = Command::new("bash");
        let path = std::env::var("PATH").expect("a path");
        let path = format!("{}:{path}", sandbox.path("").display());
        command.current_dir(sandbox.path("")).arg("my sweep.slurm");
        command.env("PATH", path).env("SLURM_JOB_ID", "7");
        command.env("SLURM_CPUS_PER_TASK", "1");
        command.env_remove("SLURM_ARRAY_TASK_ID");
        command.envs(index.map(|index| ("SLURM_ARRAY_TASK_ID", index.to_string())));
        let output = command.output().expect("it ran");
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
        )
    };
    let again = |tasks: &str| {
        format!(
            "sbatch --dependency=afterany:$(sbatch --parsable --array={tasks} /home/me/my\\ sweep.slurm) \
             /home/me/my\\ sweep.slurm\n"
        )
    };
    let (code, said) = run(None);
    assert!(code == Some(1) && said.ends_with(&again("1-3")), "{said}");
    for index in [3, 1] {
        assert_eq!(run(Some(index)), (Some(0), String::new()));
    }
    let (code, said) = run(None);
    assert!(code == Some(1) && said.ends_with(&again("2")), "{said}");
    assert_eq!(run(Some(4)).0, Some(2));
    assert_eq!(run(Some(2)).0, Some(0));
    let (code, said) = run(None);
    assert!(code == Some(0) && said.contains("SLA miss %"), "{said}");
    let whole = Command::new(assert_cmd::cargo::cargo_bin!("sysworld"))
        .args([
            "run",
            experiment,
            "--quiet",
            "--no-report",
            "--out",
            "whole",
        ])
        .current_dir(sandbox.path(""))
        .status();
    assert!(whole.expect("it ran").success());
    let mut merged = sandbox.data(out);
    merged.remove(std::path::Path::new("report.html"));
    assert!(merged == sandbox.data("whole"));
}
