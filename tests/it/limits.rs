//! What nobody means to give the program costs it nothing: no wait, no memory, no flood of errors,
//! nothing shown of a file that is not ours. Bounds of time are coarse: they tell seconds from minutes.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::sandbox::Sandbox;

const GOOD: &str = "name = \"e\"\nreplications = 2\n";
/// A quadratic search would take minutes.
const SOON: Duration = Duration::from_secs(20);

#[track_caller]
fn refused(sandbox: &Sandbox, line: &str) -> String {
    let begun = Instant::now();
    let (code, said) = sandbox.fails(line);
    assert_eq!(code, 2, "{line}: {said}");
    assert!(begun.elapsed() < SOON, "{line}: {:?}", begun.elapsed());
    said
}

fn listed(count: usize, entry: impl Fn(usize) -> String) -> String {
    (0..count).map(entry).collect::<Vec<_>>().concat()
}

/// Of very many problems twenty are shown and the others counted, in time that follows their number.
#[test]
fn thousands_of_problems_are_counted() {
    const MANY: usize = 30_000;
    let names = listed(MANY, |i| format!("\"level-{i}\","));
    let rounds = listed(MANY, |i| format!("{},", i + 1));
    let sandbox = Sandbox::new();
    for (text, more) in [
        (listed(MANY, |i| format!("key-{i} = 1\n")), MANY - 20),
        (format!("[factors]\nskill = [{names}]\n"), MANY - 20),
        (
            format!(
                "exclude = [{{ rounds = [{}] }}]\n[factors]\nrounds = [{rounds}]\n",
                listed(MANY, |i| format!("{},", i + MANY + 1))
            ),
            0,
        ),
        (
            format!(
                "exclude = [{}]\n[factors]\nrounds = [1, 2]\n",
                listed(1_000, |i| format!("{{ rounds = {} }},", i + 3))
            ),
            980,
        ),
    ] {
        sandbox.write("e.toml", &format!("{GOOD}{text}"));
        let said = refused(&sandbox, "plan e.toml");
        let shown = said.matches("error: ").count();
        assert!(said.len() < 60_000, "{} bytes", said.len());
        if more > 0 {
            assert_eq!(shown, 20, "{said}");
            assert!(
                said.contains(&format!("and {more} more problems")),
                "{said}"
            );
        }
    }
    // Too many rules, factors or entries are one problem.
    for text in [
        format!(
            "exclude = [{}]\n[factors]\nrounds = [1, 2]\n",
            "{ rounds = 1 },".repeat(MANY)
        ),
        format!(
            "[factors]\n{}",
            listed(MANY, |i| format!("\"f.{i}\" = [1]\n"))
        ),
    ] {
        sandbox.write("e.toml", &format!("{GOOD}{text}"));
        let said = refused(&sandbox, "plan e.toml");
        assert!(said.contains("allowed: at most "), "{said}");
    }
    let servers = listed(8_000, |i| {
        format!("{{ name = \"s{i}\", type = \"{i} x\" }},")
    });
    sandbox.write(
        "w.toml",
        &format!("name = \"w\"\nextends = \"cloudinfra\"\nservers = [{servers}]\n"),
    );
    let said = refused(&sandbox, "simulate --world w.toml");
    assert!(said.contains("and 7980 more problems"), "{said}");
    // What is wrong in entries, and what is wrong between the others.
    let servers = listed(8_000, |i| {
        format!("{{ name = \"s{i}\", type = \"web\", typ = \"web\" }},")
    });
    let needs = listed(8_000, |i| format!("n{i} = [\"m{i}\"]\n"));
    sandbox.write(
        "w.toml",
        &format!(
            "name = \"w\"\nextends = \"cloudinfra\"\nservers = [{servers}]\n[service_dependencies]\n{needs}"
        ),
    );
    let said = refused(&sandbox, "check w.toml");
    assert!(said.contains("and 23980 more problems"), "{said}");
}

/// A million levels, some of which can't be, are refused before they take time and memory.
#[test]
#[cfg(target_os = "linux")]
fn a_million_wrong_levels_cost_nothing() {
    let sandbox = Sandbox::new();
    let program = assert_cmd::cargo::cargo_bin!("sysworld");
    for levels in [
        "\"sla.target\" = { from = 0.0001, to = 99.99, step = 0.0001 }",
        "\"sla.target\" = { from = 50, to = 149.9999, step = 0.0001 }",
        "chaos_multiplier = { from = -1, to = 8, step = 0.00001 }",
        "roundz = { from = 1, to = 1000000, step = 1 }",
    ] {
        sandbox.write("e.toml", &format!("{GOOD}[factors]\n{levels}\n"));
        let output = std::process::Command::new("sh")
            // Kilobytes of addresses, of which this build alone takes many.
            .args(["-c", "ulimit -v 250000; exec \"$0\" plan e.toml"])
            .arg(program)
            .current_dir(sandbox.path(""))
            .output()
            .expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{levels}: {said}");
    }
}

/// Many rules that hold are as quick as few, and leave out what each says.
#[test]
fn many_exclusions_leave_out_what_they_say() {
    let sandbox = Sandbox::new();
    let rules = listed(900, |i| {
        format!("{{ rounds = {}, skill = \"junior\" }},", i + 1)
    });
    let text =
        "[factors]\nskill = [\"junior\", \"senior\"]\nrounds = { from = 1, to = 1000, step = 1 }\n";
    sandbox.write("e.toml", &format!("{GOOD}exclude = [{rules}]\n{text}"));
    let plan = sandbox.ok("plan e.toml --format csv");
    let of = |skill: &str| {
        let rows = plan.lines().filter(|line| line.contains(skill));
        rows.map(|line| line.rsplit(',').next().expect("a field").to_owned())
            .collect::<Vec<_>>()
    };
    let numbers = |from: usize| (from..=1000).map(|n| format!("{n}.0")).collect::<Vec<_>>();
    assert_eq!(of("junior"), numbers(901));
    assert_eq!(of("senior"), numbers(1));
}

/// Neither a long name nor a long line floods the terminal.
#[test]
fn long_names_are_cut() {
    let sandbox = Sandbox::new();
    let long = "x".repeat(500_000);
    for text in [
        format!("{GOOD}{long} = 1\n"),
        format!("{GOOD}[factors]\nskill = [\"{long}\"]\n"),
        format!("{GOOD}world = \"{long}\"\n"),
    ] {
        sandbox.write("e.toml", &text);
        let said = refused(&sandbox, "plan e.toml");
        assert!(
            said.len() < 5_000,
            "{} bytes: {}",
            said.len(),
            &said[..2_000]
        );
    }
    sandbox.write("large.toml", &format!("{GOOD}# {}", long.repeat(3)));
    let said = refused(&sandbox, "plan large.toml");
    assert!(said.contains("1048576 are read"), "{said}");
}

/// Worlds extend each other sixteen deep, and no deeper.
#[test]
fn worlds_extend_each_other_only_so_deep() {
    let sandbox = Sandbox::new();
    sandbox.write("w0.toml", "name = \"w0\"\nextends = \"cloudinfra\"\n");
    for i in 1..40 {
        let text = format!("name = \"w{i}\"\nextends = \"w{}.toml\"\n", i - 1);
        sandbox.write(&format!("w{i}.toml"), &text);
    }
    sandbox.ok("simulate --world w14.toml --quiet");
    let said = refused(&sandbox, "simulate --world w15.toml");
    assert!(said.contains("more than 16 deep"), "{said}");
    refused(&sandbox, "simulate --world w39.toml");
}

/// Pipes, devices and folders in place of a file are refused at once, by what they are.
#[test]
#[cfg(unix)]
fn what_is_no_file_is_refused() {
    let sandbox = Sandbox::new();
    let made = std::process::Command::new("mkfifo")
        .arg(sandbox.path("pipe.toml"))
        .status();
    assert!(made.expect("there is a mkfifo").success());
    fs::create_dir(sandbox.path("folder.toml")).expect("made");
    for name in ["pipe.toml", "/dev/zero", "folder.toml"] {
        let csv = format!("{GOOD}[design]\nmethod = \"csv\"\nfile = \"{name}\"\n");
        sandbox.write("csv.toml", &csv);
        sandbox.write("world.toml", &format!("{GOOD}world = \"{name}\"\n"));
        sandbox.write(
            "extends.toml",
            &format!("name = \"w\"\nextends = \"{name}\"\n"),
        );
        for line in [
            &format!("plan {name}"),
            "plan csv.toml",
            "plan world.toml",
            "simulate --world extends.toml",
        ] {
            let said = refused(&sandbox, line);
            assert!(said.contains("pipe") || said.contains("folder"), "{said}");
        }
    }
}

/// A file that is none of ours is refused without a word of what it holds.
#[test]
fn nothing_is_shown_of_other_files() {
    let sandbox = Sandbox::new();
    for text in [
        "root:$6$secret:19000:0:99999:7:::\n",
        "password = \"secret\"\ntoken = \"secret\"\n",
        "secret\nsecret\n",
        "{\"secret\": 1}",
    ] {
        sandbox.write("other", text);
        sandbox.write("w.toml", &format!("{GOOD}world = \"other\"\n"));
        sandbox.write("x.toml", "name = \"x\"\nextends = \"other\"\n");
        for line in ["plan other", "plan w.toml", "simulate --world x.toml"] {
            let said = refused(&sandbox, line);
            assert!(!said.contains("secret"), "{said}");
            assert!(said.contains("none of the keys"), "{said}");
        }
    }
    fs::write(sandbox.path("other"), b"secret \xff").expect("written");
    assert!(!refused(&sandbox, "plan other").contains("secret"));
    sandbox.write("other", "root:$6$secret:19000:0:99999:7:::\nsecret\n");
    sandbox.write(
        "e.toml",
        &format!("{GOOD}[design]\nmethod = \"csv\"\nfile = \"other\"\n"),
    );
    let said = refused(&sandbox, "plan e.toml");
    assert!(!said.contains("secret"), "{said}");
    // Of ours the line is shown.
    sandbox.write("e.toml", "name = \"e\"\nreplications = 2\nmisspelled = 3\n");
    assert!(refused(&sandbox, "plan e.toml").contains("misspelled = 3"));
}

/// Neither a name nor a path steers the terminal, in what is said, on the page or in a table.
#[test]
#[cfg(unix)]
fn names_do_not_steer_the_terminal() {
    let sandbox = Sandbox::new();
    let evil = ["\u{1b}", "\u{9b}", "\u{202e}", "\u{2067}"];
    let hidden = |text: &str| {
        evil.iter()
            .find(|c| text.contains(**c))
            .map(|c| c.escape_unicode())
    };
    let name = "w\u{1b}[31m\u{202e}.toml";
    sandbox.write(name, "name = \"w\"\nextends = \"cloudinfra\"\n");
    // TOML may write them as escapes.
    sandbox.write(
        "e.toml",
        &format!("{GOOD}[factors]\n\"base\\u001btraffic\" = [1]\nskill = [\"a\\u009b31m\", \"b\\u2067\"]\n"),
    );
    let said = refused(&sandbox, "plan e.toml");
    assert_eq!(hidden(&said).map(|c| c.to_string()), None, "{said:?}");
    assert!(said.contains("\\u001b"), "{said}");
    // A level that is legal: the role of a server is a text, and so is a description of a world.
    let out = "r\u{1b}[2J";
    sandbox.write("ok.toml", GOOD);
    let output = sandbox
        .sysworld(&format!("run ok.toml --out {out}"))
        .output()
        .expect("it runs");
    assert!(output.status.success());
    for bytes in [output.stdout, output.stderr] {
        let text = String::from_utf8(bytes).expect("text");
        assert_eq!(hidden(&text).map(|c| c.to_string()), None, "{text:?}");
    }
    let page = sandbox.read(&format!("{out}/report.html"));
    assert_eq!(hidden(&page).map(|c| c.to_string()), None);
    for policy in ["base-uri 'none'", "form-action 'none'"] {
        assert!(page.contains(policy));
    }
    // A file whose name is shown by `verify`.
    fs::write(sandbox.path(&format!("{out}/runs/\u{1b}[31m")), "").expect("written");
    let output = sandbox
        .sysworld(&format!("verify {out}"))
        .output()
        .expect("it runs");
    let text = String::from_utf8(output.stdout).expect("text");
    assert_eq!(hidden(&text).map(|c| c.to_string()), None, "{text:?}");
    assert!(Path::new(&sandbox.path(out)).exists());
}
