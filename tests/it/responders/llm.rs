//! Language models that respond: a server in the place of one, which does all that a server may do.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::but_latencies;
use crate::sandbox::Sandbox;

const KEY: &str = "sk-secret-4711";

struct Request {
    head: String,
    body: Value,
}

enum Reply {
    Status(u16, &'static str, String),
    Hang,
    Reset,
}

/// What a model answers that follows the runbook.
fn by_the_book(request: &Request) -> Value {
    let said = request.body["messages"][1]["content"]
        .as_str()
        .expect("a text");
    let mut answer = serde_json::Map::new();
    for line in said.lines().filter(|line| line.starts_with("alert_")) {
        let (key, _) = line.split_once(':').expect("a key");
        let (_, action) = line.split_once("runbook: ").expect("the runbook");
        answer.insert(key.to_owned(), action.into());
    }
    Value::Object(answer)
}

fn completion(content: &str, finish: &str, fingerprint: &str) -> Reply {
    let body = json!({
        "id": "x", "object": "chat.completion", "model": "fake-1", "system_fingerprint": fingerprint,
        "choices": [{ "index": 0, "finish_reason": finish, "message": { "role": "assistant", "content": content } }],
        "usage": { "prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110 },
    });
    Reply::Status(200, "", body.to_string())
}

fn good(request: &Request) -> Reply {
    completion(&by_the_book(request).to_string(), "stop", "fp_1")
}

/// A server, and what it was asked.
struct Fake {
    port: u16,
    asked: Arc<Mutex<Vec<Request>>>,
}

impl Fake {
    fn start(answer: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let asked: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (log, answer) = (Arc::clone(&asked), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                thread::spawn(move || serve(stream, &log, &*answer));
            }
        });
        Self { port, asked }
    }

    fn calls(&self) -> usize {
        self.asked.lock().expect("no panic").len()
    }
}

fn serve(
    mut stream: TcpStream,
    log: &Mutex<Vec<Request>>,
    answer: &(dyn Fn(usize, &Request) -> Reply + Sync),
) {
    let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
    let mut head = read_head(&mut reader);
    if head.starts_with("CONNECT ") {
        stream
            .write_all(b"HTTP/1.1 200 OK\r\n\r\n")
            .expect("it listens");
        head += &read_head(&mut reader);
    }
    let length = head.to_ascii_lowercase();
    let Some((_, length)) = length.split_once("content-length:") else {
        return;
    };
    let length = length
        .lines()
        .next()
        .expect("a line")
        .trim()
        .parse()
        .expect("a number");
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    let body = serde_json::from_slice(&body).expect("JSON");
    let (reply, request) = {
        let request = Request { head, body };
        let number = log.lock().expect("no panic").len();
        (answer(number, &request), request)
    };
    log.lock().expect("no panic").push(request);
    match reply {
        Reply::Hang => thread::sleep(Duration::from_secs(5)),
        // Closed with bytes that nobody read, or simply closed: no answer either way.
        Reply::Reset => drop(stream),
        Reply::Status(status, headers, text) => {
            let reply = format!(
                "HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nConnection: close\r\n\
                 {headers}Content-Length: {}\r\n\r\n{text}",
                text.len()
            );
            let _ = stream.write_all(reply.as_bytes());
        }
    }
}

fn read_head(reader: &mut impl BufRead) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).expect("a head") == 0 {
            return head;
        }
    }
    head
}

/// A world with a model at a server, and an experiment of it and the runbook.
fn sandbox(fake: &Fake, recording: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(
        "w.toml",
        &format!(
            "extends = \"cloudinfra\"\n[responders.model]\nkind = \"llm\"\nmodel = \"fake\"\n\
             base_url = \"http://127.0.0.1:{}/v1\"\napi_key_env = \"FAKE_KEY\"\nmax_tokens = 100\n\
             price = {{ input = 1.0, output = 2.0 }}\n",
            fake.port
        ),
    );
    sandbox.write(
        "e.toml",
        &format!(
            "name = \"e\"\nworld = \"w.toml\"\nreplications = 4\n\
             output = {{ tables = [\"runs\"], formats = [\"csv\"] }}\n\
             [factors]\nchaos_level = [\"medium\", \"high\"]\nresponder = [\"runbook\", \"model\"]\n\
             [recording]\n{recording}\n"
        ),
    );
    sandbox
}

/// Exit code and all that was said.
fn run(sandbox: &Sandbox, line: &str, environment: &[(&str, &str)]) -> (i32, String) {
    let mut command = sandbox.sysworld(line);
    for name in ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command
        .env("FAKE_KEY", KEY)
        .envs(environment.iter().copied());
    let output = command.output().expect("it runs");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).expect("text");
    assert!(!said.contains(KEY), "{said}");
    (output.status.code().expect("a code"), said)
}

const RECORD: &str = "run e.toml --no-report --record --out r";

fn lines(sandbox: &Sandbox) -> Vec<Value> {
    let text = fs::read_to_string(sandbox.path("recordings/answers.jsonl")).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

fn no_file_has_the_key(sandbox: &Sandbox) {
    for (path, bytes) in sandbox.data(".") {
        let has = bytes
            .windows(KEY.len())
            .any(|window| window == KEY.as_bytes());
        assert!(!has, "{}", path.display());
    }
}

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

/// After every kind of failed call the call is made again, and what is recorded is as if none had failed.
#[test]
fn failed_calls_are_made_again() {
    let fake = Fake::start(|number, request| match number {
        0 => Reply::Status(429, "Retry-After: 1\r\n", format!("slow down, {KEY}")),
        1 | 3 => Reply::Status(500, "", "oops".to_owned()),
        5 => Reply::Hang,
        7 => Reply::Reset,
        9 => Reply::Status(200, "", "<html>hello</html>".to_owned()),
        11 => Reply::Status(200, "", "{\"choices\": []}".to_owned()),
        _ => good(request),
    });
    let sandbox = sandbox(&fake, "timeout_s = 3");
    let begun = Instant::now();
    let (code, said) = run(&sandbox, RECORD, &[]);
    assert_eq!(code, 0, "{said}");
    assert!(begun.elapsed() >= Duration::from_secs(1), "Retry-After");
    assert_eq!(fake.calls(), lines(&sandbox).len() + 7);
    let undisturbed = Fake::start(|_, request| good(request));
    let other = self::sandbox(&undisturbed, "");
    assert_eq!(run(&other, RECORD, &[]).0, 0);
    let keys = |s: &Sandbox| -> BTreeSet<String> {
        lines(s).iter().map(|l| l["key"].to_string()).collect()
    };
    assert_eq!(keys(&sandbox), keys(&other));
    assert_eq!(but_latencies(&sandbox, "r"), but_latencies(&other, "r"));
    no_file_has_the_key(&sandbox);
}

/// What fails for good ends the run within `give_up_s`, keeps what was recorded, and the next run asks only
/// what is missing.
#[test]
fn it_is_given_up_in_time() {
    let fake = Fake::start(|number, request| match number {
        10.. => Reply::Status(503, "", format!("maintenance of {KEY}")),
        _ => good(request),
    });
    let sandbox = sandbox(&fake, "give_up_s = 1.2");
    let begun = Instant::now();
    let (code, said) = run(&sandbox, RECORD, &[]);
    assert_eq!(code, 1);
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert!(
        said.contains("answered with status 503: maintenance of [the key]"),
        "{said}"
    );
    assert!(
        said.contains("given up after 1.2 s ([recording] give_up_s)"),
        "{said}"
    );
    assert_eq!(lines(&sandbox).len(), 10);
    let again = Fake::start(|_, request| good(request));
    let line = format!(
        "{RECORD} --set responders.model.base_url=http://127.0.0.1:{}/v1",
        again.port
    );
    assert_eq!(run(&sandbox, &line, &[]).0, 0);
    assert_eq!(again.calls() + 10, lines(&sandbox).len());
    no_file_has_the_key(&sandbox);
}

/// A key that is refused ends the run with one call, and is nowhere to be read, even where it is echoed.
#[test]
fn a_refused_key_ends_it_at_once() {
    let fake = Fake::start(|_, request| Reply::Status(401, "", request.head.clone()));
    let sandbox = sandbox(&fake, "concurrency = 1");
    let (code, said) = run(&sandbox, RECORD, &[]);
    assert_eq!((code, fake.calls()), (1, 1), "{said}");
    assert!(
        said.contains("the responder `model` at http://127.0.0.1"),
        "{said}"
    );
    assert!(said.contains("answered with status 401"), "{said}");
    no_file_has_the_key(&sandbox);
    let mut command = sandbox.sysworld(RECORD);
    let output = command.env_remove("FAKE_KEY").output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("no variable FAKE_KEY"), "{said}");
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

/// Neither budget is exceeded, with calls in flight and calls that fail.
#[test]
fn budgets_are_never_exceeded() {
    for (budget, most) in [("requests = 9", 9), ("usd = 0.006", 1000)] {
        let fake = Fake::start(|number, request| match number % 3 {
            1 => Reply::Status(500, "", String::new()),
            _ => {
                thread::sleep(Duration::from_millis(30));
                good(request)
            }
        });
        let sandbox = sandbox(&fake, &format!("concurrency = 4\nbudget = {{ {budget} }}"));
        let (code, said) = run(&sandbox, RECORD, &[]);
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("the budget is spent: "), "{said}");
        let calls = fake.calls();
        assert!(calls <= most && calls > 4, "{calls}");
        // A dollar a million tokens, two of completions: 120 millionths an answer.
        let usd = 120e-6 * lines(&sandbox).len() as f64;
        assert!(usd <= 0.006, "{usd}");
    }
}

/// A proxy is asked for other machines, and never for this one.
#[test]
fn proxies_are_for_others() {
    let proxy = Fake::start(|_, request| good(request));
    let sandbox = sandbox(&proxy, "");
    let url = format!("http://127.0.0.1:{}", proxy.port);
    let line =
        format!("{RECORD} --set responders.model.base_url=http://model.test/v1 --replications 1");
    let (code, said) = run(&sandbox, &line, &[("ALL_PROXY", &url)]);
    assert_eq!(code, 0, "{said}");
    assert!(proxy.calls() > 0);
    for request in proxy.asked.lock().expect("no panic").iter() {
        assert!(
            request.head.starts_with("CONNECT model.test:80 "),
            "{}",
            request.head
        );
    }
    let local = Fake::start(|_, request| good(request));
    let sandbox = self::sandbox(&local, "give_up_s = 1.0");
    let (code, said) = run(&sandbox, RECORD, &[("ALL_PROXY", "http://127.0.0.1:1")]);
    assert_eq!(code, 0, "{said}");
}

/// A request a minute for each that is allowed.
#[test]
fn the_pace_is_kept() {
    let fake = Fake::start(|_, request| good(request));
    let sandbox = sandbox(&fake, "concurrency = 4\nrequests_per_minute = 600");
    let begun = Instant::now();
    let (code, said) = run(&sandbox, &format!("{RECORD} --replications 1"), &[]);
    assert_eq!(code, 0, "{said}");
    let least = Duration::from_millis(100) * (fake.calls() as u32 - 1);
    assert!(begun.elapsed() >= least);
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
