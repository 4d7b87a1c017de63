//! A server in the place of a language model, which does all that a server may do.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::sandbox::Sandbox;

pub const KEY: &str = "sk-secret-4711";

pub struct Request {
    pub head: String,
    pub body: Value,
    /// Bytes of the body.
    pub size: usize,
}

pub enum Reply {
    Status(u16, &'static str, String),
    Hang,
    Reset,
}

/// What a model answers that follows the runbook.
pub fn by_the_book(request: &Request) -> Value {
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

pub fn completion(content: &str, finish: &str, fingerprint: &str) -> Reply {
    let body = json!({
        "id": "x", "object": "chat.completion", "model": "fake-1", "system_fingerprint": fingerprint,
        "choices": [{ "index": 0, "finish_reason": finish, "message": { "role": "assistant", "content": content } }],
        "usage": { "prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110 },
    });
    Reply::Status(200, "", body.to_string())
}

pub fn good(request: &Request) -> Reply {
    completion(&by_the_book(request).to_string(), "stop", "fp_1")
}

/// A server, and what it was asked.
pub struct Fake {
    pub port: u16,
    pub asked: Arc<Mutex<Vec<Request>>>,
}

impl Fake {
    pub fn start(answer: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> Self {
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

    pub fn calls(&self) -> usize {
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
    let size = body.len();
    let body = serde_json::from_slice(&body).expect("JSON");
    let (reply, request) = {
        let request = Request { head, body, size };
        let number = log.lock().expect("no panic").len();
        (answer(number, &request), request)
    };
    log.lock().expect("no panic").push(request);
    match reply {
        // Longer than any test waits for it.
        Reply::Hang => thread::sleep(Duration::from_secs(120)),
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
pub fn sandbox(fake: &Fake, recording: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(
        "w.toml",
        &format!(
            "extends = \"cloudinfra\"\n[responders.model]\nkind = \"llm\"\nmodel = \"fake\"\n\
             base_url = \"http://127.0.0.1:{}/v1\"\napi_key_env = \"FAKE_KEY\"\nmax_tokens = 100\ntemperature = 0.0\n\
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
pub fn run(sandbox: &Sandbox, line: &str, environment: &[(&str, &str)]) -> (i32, String) {
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

pub const RECORD: &str = "run e.toml --no-report --record --out r";

pub fn lines(sandbox: &Sandbox) -> Vec<Value> {
    let text = fs::read_to_string(sandbox.path("recordings/answers.jsonl")).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

pub fn no_file_has_the_key(sandbox: &Sandbox) {
    for (path, bytes) in sandbox.data(".") {
        let has = bytes
            .windows(KEY.len())
            .any(|window| window == KEY.as_bytes());
        assert!(!has, "{}", path.display());
    }
}
