//! Calls of a language model: what fails, what is tried again, what it may cost, and who hears the key.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use super::but_latencies;
use super::fake::{
    Fake, KEY, RECORD, Reply, by_the_book, good, lines, no_file_has_the_key, run, sandbox,
};
use crate::sandbox::Sandbox;

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
        said.contains("given up, for the next call would be after 1.2 s ([recording] give_up_s)"),
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
    let sandbox = sandbox(&proxy, "give_up_s = 3.0");
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
    let calls = proxy.calls();
    let direct = [("ALL_PROXY", url.as_str()), ("NO_PROXY", "model.test")];
    let line = line.replace("--out r", "--out direct --recording direct");
    let (code, said) = run(&sandbox, &line, &direct);
    assert_eq!((code, proxy.calls()), (1, calls), "{said}");
    let local = Fake::start(|_, request| good(request));
    let sandbox = self::sandbox(&local, "give_up_s = 1.0");
    let (code, said) = run(&sandbox, RECORD, &[("ALL_PROXY", "http://127.0.0.1:1")]);
    assert_eq!(code, 0, "{said}");
}

/// A request a minute for each that is allowed.
#[test]
fn the_pace_is_kept() {
    let fake = Fake::start(|_, request| good(request));
    let sandbox = sandbox(&fake, "concurrency = 4\nrequests_per_minute = 300");
    let begun = Instant::now();
    let (code, said) = run(&sandbox, &format!("{RECORD} --replications 1"), &[]);
    assert_eq!(code, 0, "{said}");
    let least = Duration::from_millis(200) * (fake.calls() as u32 - 1);
    assert!(begun.elapsed() >= least);
    // Two are asked side by side; what they wait for their turn is not the time of their answers.
    let latencies = lines(&sandbox)
        .into_iter()
        .map(|line| line["latency_ms"].as_u64());
    let sum: u64 = latencies.map(|ms| ms.expect("milliseconds")).sum();
    assert!(Duration::from_millis(sum) < begun.elapsed(), "{sum} ms");
}

/// A call that hangs is not waited for longer than `give_up_s` has left, however long an answer may take.
#[test]
fn a_hanging_call_ends_in_time() {
    let fake = Fake::start(|_, _| Reply::Hang);
    let sandbox = sandbox(&fake, "timeout_s = 90\ngive_up_s = 1.5");
    let begun = Instant::now();
    let (code, said) = run(&sandbox, RECORD, &[]);
    assert_eq!((code, fake.calls()), (1, 1), "{said}");
    assert!(begun.elapsed() < Duration::from_secs(45), "{said}");
    assert!(said.contains("did not answer: timeout"), "{said}");
    assert!(
        said.contains("given up, for the next call would be after 1.5 s"),
        "{said}"
    );
}

/// Whoever lets itself be called again at once is not called without a pause, and a time that nobody lives
/// to see is no reason to wait.
#[test]
fn what_is_asked_for_between_calls_is_kept_in_bounds() {
    for (header, most) in [
        ("Retry-After: 0\r\n", 3),
        ("Retry-After: 18446744073709551615\r\n", 1),
        ("Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n", 3),
    ] {
        let fake = Fake::start(move |_, _| Reply::Status(429, header, String::new()));
        let sandbox = sandbox(&fake, "give_up_s = 1.9");
        let (code, said) = run(&sandbox, RECORD, &[]);
        assert_eq!(code, 1, "{said}");
        assert!(
            (1..=most).contains(&fake.calls()),
            "{header}: {}",
            fake.calls()
        );
        assert!(
            said.contains("given up, for the next call would be after 1.9 s"),
            "{said}"
        );
    }
}

/// The key is not recorded where a model says it, however JSON writes it.
#[test]
fn the_key_is_not_recorded() {
    let written = KEY.replace('-', "\\u002d");
    let fake = Fake::start(move |_, _| {
        let body = format!(
            "{{\"model\": \"{written}\", \"system_fingerprint\": \"{KEY}\", \"choices\": [{{\"message\": \
             {{\"content\": \"My key is {written}, or {KEY}.\"}}, \"finish_reason\": \"{written}\"}}]}}"
        );
        Reply::Status(200, "", body)
    });
    let sandbox = sandbox(&fake, "");
    // It is sent as a header is, without the blanks around it.
    let (code, said) = run(&sandbox, RECORD, &[("FAKE_KEY", &format!(" {KEY}\n"))]);
    assert_eq!(code, 0, "{said}");
    let asked = fake.asked.lock().expect("no panic");
    assert!(
        asked[0].head.contains(&format!("Bearer {KEY}\r\n")),
        "{}",
        asked[0].head
    );
    for line in lines(&sandbox) {
        assert_eq!(line["text"], "My key is [the key], or [the key].");
        assert_eq!(line["fingerprint"], "[the key]");
    }
    no_file_has_the_key(&sandbox);
}

/// Tokens that are not told, or that nobody can have used, are not known: then a call is taken to have cost
/// what it may have cost.
#[test]
fn tokens_that_are_not_known_cost_the_most() {
    for usage in [
        "{}",
        "{\"prompt_tokens\": 18446744073709551615, \"completion_tokens\": 1}",
    ] {
        let fake = Fake::start(move |_, request| {
            let content = by_the_book(request).to_string();
            let message = serde_json::json!({ "content": content });
            let body = format!("{{\"choices\": [{{\"message\": {message}}}], \"usage\": {usage}}}");
            Reply::Status(200, "", body)
        });
        let sandbox = sandbox(&fake, "budget = { usd = 0.02 }");
        let (code, said) = run(&sandbox, RECORD, &[]);
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("the budget is spent: "), "{said}");
        let most: usize = fake
            .asked
            .lock()
            .expect("no panic")
            .iter()
            .map(|r| r.size + 200)
            .sum();
        assert!(most as f64 * 1e-6 <= 0.02, "{most}");
        assert!(
            lines(&sandbox)
                .iter()
                .all(|line| line["prompt_tokens"].is_null())
        );
    }
}
