//! Servers in numbers and in zones: what one entry stands for, what is refused, and what is told.

use crate::sandbox::Sandbox;
use crate::support::world;

const HEAD: &str = "name = \"w\"\nchaos_levels.medium = 1\n\
    skills.mid = { diagnosis_accuracy = 1, remediation_speed = 1, panic_threshold = 9 }\n";

/// An entry with a count is the world in which its servers are written one by one.
#[test]
fn a_count_is_so_many_entries() {
    let text = |servers: &str| {
        format!(
            "{HEAD}[[chaos]]\nname = \"loss\"\nprobability = 0.1\nduration = 2\nstrikes = \"zone\"\n\
             effects = [{{ isolate = {{}} }}]\n{servers}"
        )
    };
    let shape = "type = \"web\"\nservices = [\"nginx\", \"app\"]\ncpu_capacity = 50\n";
    let counted = format!(
        "[[servers]]\nname = \"web\"\ncount = 5\nzones = [\"a\", \"b\"]\n{shape}\
         [[servers]]\nname = \"one\"\ncount = 1\nzone = \"c\"\n{shape}"
    );
    let mut written = String::new();
    for (number, zone) in (1..).zip(["a", "b", "a", "b", "a"]) {
        written += &format!("[[servers]]\nname = \"web-{number}\"\nzone = \"{zone}\"\n{shape}");
    }
    written += &format!("[[servers]]\nname = \"one-1\"\nzone = \"c\"\n{shape}");
    let json = |servers: &str| serde_json::to_string(&world(&text(servers))).expect("a world");
    assert_eq!(json(&counted), json(&written));
}

/// The count is a factor; per server, each added server brings as many events as those that were there.
#[test]
fn a_count_is_a_factor() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "w.toml",
        &format!(
            "{HEAD}[[servers]]\nname = \"web\"\ntype = \"web\"\ncount = 2\nzones = [\"a\", \"b\"]\n\
             [[chaos]]\nname = \"cut\"\nper = \"server\"\nprobability = 1\nduration = 2\n\
             effects = [{{ isolate = {{}} }}]\n"
        ),
    );
    let factor = "[factors]\n\"servers.web.count\" = [1, 2, 5]\n";
    let text = format!("name = \"e\"\nworld = \"w.toml\"\nreplications = 3\n{factor}");
    sandbox.write("e.toml", &text);
    sandbox.ok("run e.toml --out r --quiet");
    let rows = sandbox.rows("r/summary.csv");
    let counts: Vec<&str> = rows
        .iter()
        .map(|r| r["servers.web.count"].as_str())
        .collect();
    assert_eq!(counts, ["1.0", "2.0", "5.0"]);
    for count in [1, 2, 5] {
        let told = sandbox.ok(&format!(
            "simulate --world w.toml --set servers.web.count={count} --quiet"
        ));
        let events = format!(" {} events", 15 * count);
        assert!(told.contains(&events), "{told}");
    }
    // What can't be at a level is shown where the world says it, with the level.
    let quorum = sandbox.read("w.toml")
        + "[services.app]\nneeds = 2\n[[servers]]\nname = \"more\"\ntype = \"web\"\n";
    let quorum = quorum.replace("count = 2", "services = [\"app\"]\ncount = 2");
    sandbox.write("w.toml", &quorum);
    let text = text.replace("[factors]\n", "[factors]\nup_health = [50, 60]\n");
    sandbox.write("e.toml", &text);
    let (code, said) = sandbox.fails("check e.toml");
    assert_eq!((code, said.matches("error: ").count()), (2, 1), "{said}");
    assert!(
        said.contains("needs 2 servers, and only 1 runs it"),
        "{said}"
    );
    assert!(said.contains("it is so at servers.web.count=1\n"), "{said}");
}

/// What is wrong is refused with its place and what to do.
#[test]
fn what_no_infrastructure_can_be_is_refused() {
    let web = "[[servers]]\nname = \"web\"\ntype = \"web\"\n";
    let scenario = |keys: &str| {
        format!(
            "{web}zone = \"a\"\n[[servers]]\nname = \"db\"\ntype = \"db\"\n\
             [[chaos]]\nname = \"loss\"\nprobability = 0.1\nduration = 2\neffects = []\n{keys}\n"
        )
    };
    let crash = |recovers: &str| {
        format!(
            "{web}[[chaos]]\nname = \"loss\"\nprobability = 0.1\nduration = 2\n\
             effects = [{{ crash_service = {{ recovers = {recovers} }} }}]\n"
        )
    };
    for (text, said) in [
        (
            scenario("strikes = \"zone\""),
            "the chaos scenario `loss` strikes zones, and the server `db` has none",
        ),
        (scenario("strikes = \"zone\""), "or limit `target_types`"),
        (
            scenario("strikes = \"rack\""),
            "allowed: one, zone, type, all",
        ),
        (scenario("strikes = { share = 1.1 }"), "a fraction, 0 to 1"),
        (scenario("per = \"zone\""), "allowed: world, server"),
        (
            crash("[0, 3]"),
            "0 rounds, which means until it is restarted, is not the shortest duration",
        ),
        (
            crash("{ lognormal = { median = 0.2, sigma = 0.5 } }"),
            "a mean of 0.227 rounds",
        ),
        (
            crash("{ weibull = { shape = 1, scale = -2 } }"),
            "allowed: more than 0",
        ),
        (
            crash("{ values = [[3, 0]] }"),
            "these values have no weight",
        ),
        (
            crash("{ lognormal = { median = 5, sigma = -0.5 } }"),
            "-0.5 is not allowed here",
        ),
        (
            format!("{web}count = 0\n"),
            "allowed: a whole number, 1 to 10000",
        ),
        (
            format!("{web}count = 3\n[[servers]]\nname = \"web-2\"\ntype = \"web\"\n"),
            "the server `web-2` is defined twice",
        ),
        (
            format!("[[servers]]\nname = \"web-2\"\ntype = \"web\"\n{web}count = 3\n"),
            "the server `web-2` is defined twice",
        ),
        (
            format!("{web}{web}count = 3\n"),
            "the server `web` is defined twice",
        ),
        (
            format!("{web}zones = [\"a\", \"b\"]\n"),
            "`zones` needs `count`",
        ),
        (
            format!("{web}count = 2\nzone = \"a\"\nzones = [\"b\"]\n"),
            "servers have a `zone` or `zones`, not both",
        ),
        (format!("{web}count = 2\nzones = []\n"), "no zone is listed"),
        (
            format!("{web}count = 2\n").replace("\"web\"", &format!("\"{}\"", "w".repeat(99))),
            "too long with its number",
        ),
    ] {
        let sandbox = Sandbox::new();
        sandbox.write("w.toml", &format!("{HEAD}{text}"));
        let (code, message) = sandbox.fails("check w.toml");
        assert_eq!(code, 2, "{message}");
        assert!(message.contains(said), "{said}\n{message}");
        assert!(message.contains(" --> w.toml:"), "{message}");
    }
}

/// A narration says whom an event hit, how long what was drawn lasts, and what comes back by itself;
/// `worlds` prints a file with what is drawn, as a file that says the same.
#[test]
fn common_causes_and_drawn_durations_are_told() {
    let sandbox = Sandbox::new();
    let text = format!(
        "rounds = 4\n{HEAD}[[servers]]\nname = \"web\"\ntype = \"web\"\ncount = 3\nservices = [\"app\"]\n\
         [[chaos]]\nname = \"push\"\nprobability = 1\nduration = [3, 4]\nstrikes = \"all\"\n\
         effects = [{{ isolate = {{}} }}]\n\
         [[chaos]]\nname = \"crash\"\nprobability = 1\nduration = 1\nper = \"server\"\n\
         effects = [{{ crash_service = {{ recovers = [1, 1], recovers_scale = 2 }} }}]\n"
    );
    sandbox.write("w.toml", &text);
    let told = sandbox.ok("simulate --world w.toml");
    let pushes: Vec<&str> = told.lines().filter(|l| l.contains("push hits")).collect();
    assert_eq!(pushes.len(), 4, "{told}");
    for push in pushes {
        for web in ["web-1", "web-2", "web-3"] {
            assert!(push.contains(web), "{push}");
        }
        assert!(
            push.ends_with(" for 3 rounds") || push.ends_with(" for 4 rounds"),
            "{push}"
        );
    }
    let back = |n: u32| format!("recovery app on web-{n} is back by itself");
    // Each is struck in every round, so only the last crash could end: none does.
    assert!((1..=3).all(|n| !told.contains(&back(n))), "{told}");
    let once = text.replace(
        "probability = 1\nduration = 1",
        "probability = 0.3\nduration = 1",
    );
    sandbox.write("once.toml", &once);
    let told: String = (0..20)
        .map(|r| sandbox.ok(&format!("simulate --world once.toml --replication {r}")))
        .collect();
    assert!((1..=3).all(|n| told.contains(&back(n))), "{told}");

    let printed = sandbox.ok("worlds w.toml");
    assert!(printed.starts_with(&text), "{printed}");
    let table: Vec<Vec<&str>> = printed[text.len()..]
        .lines()
        .filter(|line| line.starts_with("# chaos."))
        .map(|line| line.split_whitespace().collect())
        .collect();
    let expected = [
        vec!["#", "chaos.push.duration", "3.5", "3", "4", "4"],
        vec![
            "#",
            "chaos.crash.effects.0.crash_service.recovers",
            "2.0",
            "2",
            "2",
            "2",
        ],
    ];
    assert_eq!(table, expected);
    sandbox.write("again.toml", &printed);
    assert_eq!(
        sandbox.ok("simulate --world again.toml"),
        sandbox.ok("simulate --world w.toml")
    );
}
