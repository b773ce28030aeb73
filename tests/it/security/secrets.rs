//! Class 15: secrets are compared in constant time, throttled, and stand in no log, no answer and no argument.

use crate::contract::served::encode;
use crate::live::{Program, command, pictures};
use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

fn source(path: &str) -> String {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    text.split("#[cfg(test)]").next().unwrap().to_owned()
}

/// Lines that compare in a time that tells something.
fn comparisons(code: &str) -> Vec<String> {
    let compares = |line: &&str| {
        [" == ", " != ", ".eq(", ".starts_with(", ".contains("].iter().any(|op| line.contains(op))
    };
    code.lines()
        .map(|line| line.split("//").next().unwrap())
        .filter(compares)
        .map(|line| line.trim().to_owned())
        .collect()
}

#[test]
fn nothing_secret_is_compared_in_a_time_that_tells_how_much_was_right() {
    let code = source("src/serve/auth.rs");
    assert_eq!(comparisons(&code), [".filter(|(name, _)| *name == COOKIE)"], "only the cookie's name");
    assert_eq!(code.matches(".ct_eq(").count(), 3, "cookie, bearer token, owner's token");
    assert_eq!(comparisons("if given == self.key {").len(), 1);
}

#[test]
fn no_flag_takes_a_secret() {
    let help = Command::new(env!("CARGO_BIN_EXE_lumidex")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let words = help.split_whitespace().map(|word| word.trim_end_matches(['.', ',']));
    let flags = words.filter(|word| word.starts_with("--"));
    let mut telling: Vec<&str> = flags
        .filter(|flag| ["secret", "key", "token", "password"].iter().any(|word| flag.contains(word)))
        .collect();
    telling.dedup();
    assert_eq!(telling, ["--secret-file"], "which names a file");
}

#[test]
fn neither_logs_nor_answers_nor_arguments_show_a_secret() {
    const KEY: &str = "k3y-0f-th3-h0us3";
    const WRONG: &str = "wr0ng-gu3ss";
    const PAID: &str = "sk-p41d-f0r";
    let dir = tempfile::tempdir().unwrap();
    let (pics, data) = (dir.path().join("pics"), dir.path().join("data"));
    pictures(&pics, 3);
    let log = fs::File::create(dir.path().join("log")).unwrap();
    let mut run = command(&data);
    run.env("LUMIDEX_SECRET_KEY", KEY).env("OPENAI_API_KEY", PAID).env("RUST_LOG", "trace");
    run.env("OPENAI_BASE_URL", "http://127.0.0.1:9/v1");
    let mut program = Program::start_logging(run, &[&pics], Stdio::from(log));
    let cookie = crate::contract::cookie_of(KEY);
    let mut said = String::new();
    for (name, value) in [
        ("authorization", format!("Bearer {KEY}")),
        ("authorization", format!("Bearer {WRONG}")),
        ("cookie", cookie.clone()),
        ("cookie", format!("IIB_S={WRONG}")),
        ("x-lumidex-token", WRONG.to_owned()),
    ] {
        for route in
            ["/api/v1/status", "/iib/global_setting", "/iib/db/basic_info", "/metrics", "/readyz", "/nothing"]
        {
            let asked = program.client.get(format!("{}{route}", program.url)).header(name, &value);
            said.push_str(&asked.send().unwrap().text().unwrap());
        }
        let chat = program.client.post(format!("{}/iib/ai-chat", program.url)).header(name, &value);
        said.push_str(
            &chat
                .body("{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}")
                .send()
                .unwrap()
                .text()
                .unwrap(),
        );
    }
    let arguments = fs::read_to_string(format!("/proc/{}/cmdline", program.child.id())).unwrap();
    drop(program.child.kill());
    drop(program.child.wait());
    let mut log = String::new();
    fs::File::open(dir.path().join("log")).unwrap().read_to_string(&mut log).unwrap();
    assert!(log.contains("answered"), "it was logged: {log}");
    let hashed = cookie.trim_start_matches("IIB_S=");
    for secret in [KEY, WRONG, PAID, hashed, &encode(KEY)] {
        for (place, text) in [("the log", &log), ("an answer", &said), ("an argument", &arguments)] {
            assert!(!text.contains(secret), "{place} shows {secret}");
        }
    }
}
