//! Language models that respond: what they are asked, and what becomes of their answers.

use std::collections::BTreeSet;

use serde_json::json;

use super::fake::{
    Fake, KEY, RECORD, by_the_book, completion, good, lines, no_file_has_the_key, run, sandbox,
};
use crate::sandbox::Sandbox;

/// A model that follows the runbook is the runbook in every count; it is sent what the page says and nothing
/// of the simulation; and its recording gives the same bytes when the endpoint is gone.
#[test]
fn a_model_by_the_book_is_the_runbook() {
    let fake = Fake::start(|_, request| good(request));
    let sandbox = sandbox(&fake, "concurrency = 3");
    let (code, said) = run(&sandbox, RECORD, &[]);
    assert_eq!(code, 0, "{said}");
    let mut rows = sandbox.rows("r/runs/part-00-000000.csv");
    rows.iter_mut().for_each(|row| drop(row.remove("point")));
    let (mut model, mut book) = (Vec::new(), Vec::new());
    for mut row in rows {
        match row.remove("responder").expect("the factor").as_str() {
            "model" => model.push(row),
            _ => book.push(row),
        }
    }
    assert!(model == book && model.len() == 8);
    {
        let asked = fake.asked.lock().expect("no panic");
        for request in asked.iter() {
            assert!(
                request
                    .head
                    .starts_with("POST /v1/chat/completions HTTP/1.1")
            );
            assert!(
                request.head.contains(&format!("Bearer {KEY}")),
                "{}",
                request.head
            );
            let text = request.body.to_string();
            for hidden in [
                "spike",
                "leak",
                "partition",
                "surge",
                "slowdown",
                "seed",
                "replication",
                "42",
            ] {
                let found = text.match_indices(hidden).next();
                // Actions are described in words of their own; numbers may be values.
                assert!(hidden == "42" || found.is_none(), "{hidden}: {text}");
            }
            let format = &request.body["response_format"];
            assert_eq!(format["type"], "json_schema");
            let schema = &format["json_schema"]["schema"];
            let keys = schema["required"].as_array().expect("keys");
            assert_eq!(
                schema["properties"].as_object().expect("keys").len(),
                keys.len()
            );
            assert_eq!(schema["additionalProperties"], false);
        }
        assert_eq!(asked.len(), lines(&sandbox).len());
    }
    let first = &lines(&sandbox)[0];
    assert_eq!(first["model"], "fake-1");
    assert_eq!(first["fingerprint"], "fp_1");
    assert_eq!(
        (&first["prompt_tokens"], &first["completion_tokens"]),
        (&json!(100), &json!(10))
    );
    no_file_has_the_key(&sandbox);
    for row in sandbox.rows("r/responders.csv") {
        let number = |name: &str| row[name].parse::<f64>().expect("a number");
        assert_eq!(number("prompt_tokens"), 100.0 * number("answers"));
        let usd = 120e-6 * number("answers");
        assert!((number("usd") - usd).abs() < 1e-12, "{row:?}");
        assert_eq!(row["agreement"], "1.0");
    }
    let calls = fake.calls();
    for threads in [1, 2, 8] {
        let gone = "--set responders.model.base_url=http://127.0.0.1:1";
        let line = format!("run e.toml --no-report --threads {threads} --out r{threads} {gone}");
        assert_eq!(run(&sandbox, &line, &[]).0, 0);
        assert_eq!(sandbox.data(&format!("r{threads}")), sandbox.data("r"));
    }
    assert_eq!(fake.calls(), calls, "an offline run calls nobody");

    let (code, said) = run(
        &sandbox,
        "simulate --world w.toml --use-llm --record --seed 7",
        &[],
    );
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("· responder model ·"), "{said}");
    assert!(said.contains("answer   {\"alert_1\":"), "{said}");
}

/// An answer that is none is asked for once more; the second is recorded, and then nothing is done.
#[test]
fn invalid_answers_are_data() {
    let spoil =
        |content: &str, finish: &str| -> (String, String) { (content.into(), finish.into()) };
    for (content, finish) in [
        spoil("I would restart it.", "stop"),
        spoil("{\"alert_1\": \"reboot\"}", "stop"),
        spoil("{\"first\": \"rollback\"}", "stop"),
        spoil("[1]", "stop"),
        spoil(
            "{\"alert_1\": \"rollback\", \"alert_2\": \"rollback\", \"alert_3\": \"rollback\"}",
            "length",
        ),
        spoil("", "content_filter"),
    ] {
        let text = content.clone();
        let fake = Fake::start(move |_, _| completion(&text, &finish, "fp_1"));
        let sandbox = sandbox(&fake, "");
        let (code, said) = run(&sandbox, RECORD, &[]);
        assert_eq!(code, 0, "{said}");
        let lines = lines(&sandbox);
        assert_eq!(fake.calls(), 2 * lines.len());
        assert!(
            lines
                .iter()
                .all(|line| line["attempts"] == 2 && line["text"] == *content)
        );
        assert!(lines.iter().all(|line| line["prompt_tokens"] == 200));
        for row in sandbox.rows("r/summary.csv") {
            if row["responder"] == "model" {
                let answered = sandbox.rows("r/responders.csv");
                assert!(answered.iter().all(|row| row["invalid"] == row["answers"]));
                assert!(answered.iter().all(|row| row["agreement"] == "0.0"));
                assert_eq!(row["alerts_handled"], "0", "{content}");
                assert_ne!(row["actions_declined"], "0");
            }
        }
    }
    // The first answer is none, the second is one.
    let fake = Fake::start(|number, request| match number % 2 {
        0 => completion("{}", "stop", "fp_1"),
        _ => good(request),
    });
    let sandbox = sandbox(&fake, "");
    assert_eq!(run(&sandbox, RECORD, &[]).0, 0);
    let row = |responder| {
        let rows = sandbox.rows("r/summary.csv");
        let row = rows.into_iter().find(|row| row["responder"] == responder);
        row.expect("a row")["alerts_handled"].clone()
    };
    assert_eq!(row("model"), row("runbook"));
}

/// Answers of several fingerprints are told of.
#[test]
fn fingerprints_are_told_apart() {
    let fake = Fake::start(|number, request| {
        let fingerprint = if number % 2 == 0 { "fp_1" } else { "fp_2" };
        completion(&by_the_book(request).to_string(), "stop", fingerprint)
    });
    let sandbox = sandbox(&fake, "");
    let (code, said) = run(&sandbox, RECORD, &[]);
    assert_eq!(code, 0);
    let warning = "the answers of the responder `model` came from 2, which may answer differently: \
                   fake-1 fp_1; fake-1 fp_2";
    assert!(said.contains(warning), "{said}");
}

/// What is wrong with a model is told with its place.
#[test]
fn models_are_checked() {
    let sandbox = Sandbox::new();
    for (keys, expected) in [
        ("model = \"m\"", "needs `base_url`"),
        ("base_url = \"http://a/v1\"", "needs `model`"),
        (
            "model = \"m\"\nbase_url = \"a/v1\"",
            "this is no URL of an endpoint",
        ),
        (
            "model = \"m\"\nbase_url = \"https://me:secret@a/v1\"",
            "a URL with a name or password",
        ),
        (
            "model = \"m\"\nbase_url = \"https://a\"\ncommand = [\"a\"]",
            "`command` is a key of the kind `process` alone",
        ),
        (
            "model = \"m\"\nbase_url = \"https://a\"\ncontext = [\"server\"]",
            "unknown name `server`",
        ),
        (
            "model = \"m\"\nbase_url = \"https://a\"\nmax_tokens = 0",
            "0 is not allowed here",
        ),
        (
            "model = \"m\"\nbase_url = \"https://a\"\nprice = { input = 1 }",
            "`output`",
        ),
    ] {
        let text = format!("extends = \"cloudinfra\"\n[responders.m]\nkind = \"llm\"\n{keys}\n");
        sandbox.write("w.toml", &text);
        let (code, said) = sandbox.fails("check w.toml");
        assert_eq!(code, 2);
        assert!(said.contains(expected), "{expected}\n{said}");
    }
    let (code, said) = sandbox.fails("simulate --use-llm");
    assert_eq!(code, 2);
    assert!(said.contains("no responder of the kind `llm`"), "{said}");
}

/// A model is told what `context` names, and nothing else beside the alerts; each context is another design
/// point. Where a model is called, by which key and for how much is not part of one.
#[test]
fn it_is_told_what_the_context_names() {
    let told = [
        ("servers", ", health "),
        ("cooldowns", "Cooling down:\n"),
        ("history", "What came of your last actions:\n"),
        ("runbook", ", runbook: "),
        ("topology", " needs "),
    ];
    // Whoever acts on all alerts has a past, and actions that cool down.
    let acts = |_, request: &super::fake::Request| {
        let schema = &request.body["response_format"]["json_schema"]["schema"];
        let mut answer = serde_json::Map::new();
        for (key, one_of) in schema["properties"].as_object().expect("keys") {
            answer.insert(key.clone(), one_of["enum"][0].clone());
        }
        completion(
            &serde_json::Value::Object(answer).to_string(),
            "stop",
            "fp_1",
        )
    };
    let fake = Fake::start(acts);
    let sandbox = sandbox(&fake, "");
    let world = sandbox.read("w.toml");
    let mut points = BTreeSet::new();
    let plan = |more: &str| sandbox.ok(&format!("plan e.toml --format csv{more}"));
    let names: Vec<&str> = told.iter().map(|(name, _)| *name).collect();
    let contexts = names.iter().map(|name| vec![*name]);
    for context in contexts.chain([vec![], names.clone()]) {
        sandbox.write("w.toml", &format!("{world}context = {context:?}\n"));
        points.insert(plan(""));
        let before = fake.calls();
        let (code, said) = run(&sandbox, &format!("{RECORD} --force"), &[]);
        assert_eq!(code, 0, "{said}");
        let asked = fake.asked.lock().expect("no panic");
        let asked: String = asked[before..]
            .iter()
            .map(|r| r.body["messages"].to_string())
            .collect();
        assert!(asked.contains("(threshold "), "{asked}");
        for (name, words) in told {
            let words = words.replace('\n', "\\n");
            assert_eq!(
                asked.contains(&words),
                context.contains(&name),
                "{context:?}: {words}"
            );
        }
    }
    assert_eq!(points.len(), 7);
    sandbox.write("w.toml", &world);
    let all = plan("");
    assert!(
        points.contains(&all),
        "all of it is told unless a context is named"
    );
    for (key, value, same) in [
        ("base_url", "http://else.where/v1", true),
        ("api_key_env", "OTHER_KEY", true),
        ("price.input", "7", true),
        ("model", "other", false),
        ("temperature", "0.5", false),
        ("max_tokens", "99", false),
    ] {
        let changed = plan(&format!(" --set responders.model.{key}={value}"));
        assert_eq!(changed == all, same, "{key}");
    }
}

/// A further trial asks every question again, and only a trial that was asked is known.
#[test]
fn a_trial_asks_anew() {
    let fake = Fake::start(|_, request| good(request));
    let sandbox = sandbox(&fake, "");
    assert_eq!(run(&sandbox, RECORD, &[]).0, 0);
    let calls = fake.calls();
    let text = sandbox.read("e.toml");
    let trials = "trial = [0, 1]\nchaos_level";
    let text = text
        .replace("chaos_level", trials)
        .replace("[\"runbook\", \"model\"]", "\"model\"");
    sandbox.write("e.toml", &text);
    let (code, said) = run(&sandbox, "run e.toml --no-report --out trials", &[]);
    assert_eq!(code, 1);
    assert!(
        said.contains("8 of 16 replications lack an answer"),
        "{said}"
    );
    let (code, said) = run(&sandbox, &RECORD.replace("--out r", "--out trials"), &[]);
    assert_eq!((code, fake.calls()), (0, 2 * calls), "{said}");
}

/// `plan` says what the tokens of the missing answers cost, as those that are there did.
#[test]
fn a_plan_says_what_tokens_cost() {
    let fake = Fake::start(|_, request| good(request));
    let sandbox = sandbox(&fake, "");
    assert_eq!(run(&sandbox, RECORD, &[]).0, 0);
    // Prices are no part of what was recorded.
    let prices = "--set responders.model.price.input=1000 --set responders.model.price.output=2000";
    let (code, said) = run(
        &sandbox,
        &format!("plan e.toml --replications 40 {prices}"),
        &[],
    );
    assert_eq!(code, 0);
    let (_, line) = said.split_once("model: ").expect("a line");
    let line = line.lines().next().expect("a line").replace(',', "");
    let numbers: Vec<f64> = line
        .split([' ', '$'])
        .filter_map(|word| word.parse().ok())
        .collect();
    // 100 tokens of a prompt and 10 of a completion a request: 12 cents.
    let [_, all, requests, prompt, completion, usd, _] = numbers[..] else {
        panic!("{line}");
    };
    assert!(all == 80.0 && requests > 0.0, "{line}");
    let near = |found: f64, expected: f64| (found - expected).abs() <= 0.01 * expected;
    assert!(
        near(prompt, 100.0 * requests) && near(completion, 10.0 * requests),
        "{line}"
    );
    assert!(near(usd, 0.12 * requests), "{line}");
}
