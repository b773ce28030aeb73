//! A small library, with a server or without one, and the program asked about it.

use crate::contract::served::{png, write_at};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// A name that no list of lines can hold.
pub(super) const ODD: &str = "odd\n\u{1b}[2J.png";

/// A folder of pictures, indexed, and who answers for it.
pub(super) struct World {
    dir: tempfile::TempDir,
    server: Option<Server>,
}

/// Killed when dropped.
struct Server {
    child: Child,
    url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The same with a server and without one.
pub(super) fn both(test: impl Fn(&World)) {
    for has_server in [true, false] {
        let mut world = World::served();
        if !has_server {
            world.server = None;
        }
        test(&world);
    }
}

impl World {
    /// With a server.
    pub(super) fn served() -> Self {
        Self::served_with(&[])
    }

    /// With a server that was given these flags.
    pub(super) fn served_with(flags: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let pics = dir.path().join("pics");
        std::fs::create_dir_all(pics.join("sub")).unwrap();
        let fox = "a red fox in the snow\nSteps: 20, Sampler: Euler a, Seed: 11, Model: oak";
        let files = [
            ("a.png", png(fox)),
            ("b.png", png("a blue dog\nSteps: 30, Sampler: DDIM, Seed: 12, Model: elm")),
            (ODD, png("a green cat\nSteps: 30, Sampler: DDIM, Seed: 13, Model: elm")),
            ("sub/c.png", png(&fox.replace("11", "14"))),
            ("sound.wav", b"RIFF\x04\0\0\0WAVE".to_vec()),
        ];
        for (nth, (name, content)) in files.into_iter().enumerate() {
            write_at(&pics.join(name), &content, Duration::from_secs(2_000_000_000 - nth as u64));
        }
        let mut world = Self { dir, server: None };
        world.serve(flags);
        world
    }

    fn serve(&mut self, flags: &[&str]) {
        let mut command = self.command();
        command.args(["--port", "0"]).args(flags).arg(self.pics());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
        self.server = Some(Server { child, url });
        self.json(&["update"]);
    }

    /// Ends the server, if there is one.
    pub(super) fn unserve(&mut self) {
        self.server = None;
    }

    /// Where the server answers.
    pub(super) fn url(&self) -> &str {
        &self.server.as_ref().unwrap().url
    }

    pub(super) fn is_served(&self) -> bool {
        self.server.is_some()
    }

    pub(super) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(super) fn pics(&self) -> PathBuf {
        self.dir.path().join("pics")
    }

    /// A file of the library, as an argument.
    pub(super) fn path(&self, name: &str) -> String {
        self.pics().join(name).to_str().unwrap().to_owned()
    }

    /// The program, in the folder of pictures.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lumidex"));
        command.env_clear().env("HOME", self.dir.path()).env("TZ", "UTC").current_dir(self.pics());
        command.env("LUMIDEX_DATA_DIR", self.dir.path().join("data")).stdin(Stdio::null());
        command
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    /// With this on standard input.
    pub(super) fn fed(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut command = self.command();
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        child.wait_with_output().unwrap()
    }

    /// What it says, which must go well.
    #[track_caller]
    pub(super) fn said(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_code(&output, 0, arguments);
        String::from_utf8(output.stdout).unwrap()
    }

    /// What it complains of, with nothing on standard output.
    #[track_caller]
    pub(super) fn fails(&self, arguments: &[&str], code: i32) -> String {
        let output = self.run(arguments);
        assert_code(&output, code, arguments);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// What one document of JSON holds.
    #[track_caller]
    pub(super) fn json(&self, arguments: &[&str]) -> Value {
        let said = self.said(&[arguments, &["--json"]].concat());
        data(arguments[0], &said)
    }

    /// What each line of JSON holds.
    #[track_caller]
    pub(super) fn lines(&self, arguments: &[&str]) -> Vec<Value> {
        let said = self.said(&[arguments, &["--json"]].concat());
        said.lines().map(|line| data(arguments[0], line)).collect()
    }

    /// Takes back what a command says takes it back.
    #[track_caller]
    pub(super) fn undo(&self, said: &str) {
        let numbers = said.split("`lumidex undo ").nth(1).and_then(|rest| rest.split('`').next()).unwrap();
        let arguments: Vec<&str> = std::iter::once("undo").chain(numbers.split(' ')).collect();
        self.said(&arguments);
    }
}

/// The one form of answers in JSON.
#[track_caller]
fn data(command: &str, text: &str) -> Value {
    let mut answer: Value = serde_json::from_str(text).unwrap();
    let mut keys: Vec<&String> = answer.as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(keys, ["command", "data", "schema"]);
    assert_eq!((&answer["schema"], &answer["command"]), (&json!(1), &json!(command)));
    answer["data"].take()
}

#[track_caller]
pub(super) fn assert_code(output: &Output, code: i32, arguments: &[impl AsRef<OsStr> + std::fmt::Debug]) {
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{said}\n{complained}");
}
