//! Commands that ask a library: what they ask of it, and how its answers are told in a terminal.
//! Whether a server answers or the data folder itself, they do not know.

use super::doctor;
use super::terminal::{grouped, plain, table, when};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::io::{self, Write};
use std::path::PathBuf;

/// Flags of every such command.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct Asking {
    /// As JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Folder of the index [default: the platform's data folder] [env: LUMIDEX_DATA_DIR]
    #[arg(long, value_name = "DIR", alias = "data_dir", global = true)]
    pub data_dir: Option<PathBuf>,
}

/// What can be done about a question of the review list.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum ReviewAction {
    /// Leave all as it is and close the question
    Keep {
        /// The number of the question
        number: u64,
    },
    /// Answer the question with one of its choices
    Take {
        /// The number of the question
        number: u64,
        /// The id of the image
        image: u32,
    },
}

/// What a person can say about a folder.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum RootsAction {
    /// Say that an offline folder is really empty: what was there counts as gone
    AcceptEmpty {
        /// The folder
        path: PathBuf,
    },
}

/// What can be done about deleted files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum TrashAction {
    /// Remove everything in the trash for good; deletions can no longer be undone
    Purge,
}

/// A question to a library, as one of its own routes.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Below the host root.
    pub route: Cow<'static, str>,
    /// `null` is none.
    pub body: Value,
}

/// What the library said.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The JSON of the body; `null` when it is none.
    pub body: Value,
}

/// Who gave the answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answerer {
    /// A server that listens here.
    Server(String),
    /// The data folder, for no server runs.
    Folder,
}

/// A question and the way its answer is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// What is going on.
    Status,
    /// The folders alone.
    Roots,
    /// The review list.
    Review,
    /// What was done, for undoing it.
    History,
    /// Something was undone.
    Undone,
    /// The trash was emptied.
    Purged,
    /// How reading the files went.
    Doctor,
    /// Every file will be read again.
    Reparse,
    /// Something was done; there is nothing to show.
    Done,
}

impl Request {
    /// What is going on.
    #[must_use]
    pub fn status() -> Self {
        Self { method: "GET", route: "/api/v1/status".into(), body: Value::Null }
    }

    /// The folder at this absolute path is really empty.
    #[must_use]
    pub fn accept_empty(path: &str) -> Self {
        Self { method: "POST", route: "/api/v1/roots/accept_empty".into(), body: json!({ "path": path }) }
    }

    /// What was done.
    #[must_use]
    pub fn history() -> Self {
        Self { method: "GET", route: "/api/v1/undo".into(), body: Value::Null }
    }

    /// Take back what has this number, or what was done last.
    #[must_use]
    pub fn undo(number: Option<u64>) -> Self {
        Self { method: "POST", route: "/api/v1/undo".into(), body: json!({ "number": number }) }
    }

    /// Remove everything in the trash for good.
    #[must_use]
    pub fn purge_trash() -> Self {
        Self { method: "POST", route: "/api/v1/trash/purge".into(), body: json!({}) }
    }

    /// How reading the files went, with so many paths for each group.
    #[must_use]
    pub fn doctor(examples: usize) -> Self {
        let route = format!("/api/v1/doctor?examples={examples}").into();
        Self { method: "GET", route, body: Value::Null }
    }

    /// Read every file again.
    #[must_use]
    pub fn reparse() -> Self {
        Self { method: "POST", route: "/api/v1/doctor/reparse".into(), body: json!({}) }
    }

    /// The review list, or an answer to one of its questions.
    #[must_use]
    pub fn review(action: Option<&ReviewAction>) -> Self {
        let route = Cow::Borrowed("/api/v1/review");
        let post = |body| Self { method: "POST", route: route.clone(), body };
        match action {
            None => Self { method: "GET", route, body: Value::Null },
            Some(ReviewAction::Keep { number }) => post(json!({ "number": number, "take": null })),
            Some(ReviewAction::Take { number, image }) => post(json!({ "number": number, "take": image })),
        }
    }
}

impl Reply {
    /// Why it was refused; `None` when it was done.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        if (200..300).contains(&self.status) {
            return None;
        }
        let detail = self.body["detail"].as_str().map(str::to_owned);
        Some(detail.unwrap_or_else(|| format!("the library answered with status {}", self.status)))
    }
}

/// Writes an answer for a person, or as JSON.
///
/// # Errors
/// Only what writing to `out` fails with.
pub fn tell(
    topic: Topic,
    answer: &Value,
    who: &Answerer,
    as_json: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let answer = placed(answer, who);
    match topic {
        Topic::Status if as_json => writeln!(out, "{answer:#}"),
        Topic::Roots if as_json => writeln!(out, "{:#}", json!({ "roots": answer["roots"] })),
        Topic::Review | Topic::History | Topic::Undone | Topic::Purged | Topic::Doctor | Topic::Reparse
            if as_json =>
        {
            writeln!(out, "{answer:#}")
        }
        Topic::Done if as_json => writeln!(out, "{:#}", json!({ "done": true })),
        Topic::Status => status(&answer, who, out),
        Topic::Roots => roots(&answer, out),
        Topic::Review => review(&answer, out),
        Topic::History => history(&answer, out),
        Topic::Undone => undone(&answer, out),
        Topic::Purged => purged(&answer, out),
        Topic::Doctor => doctor::told(&answer, out),
        Topic::Reparse => writeln!(out, "every file is read again; `lumidex status` shows how far it is"),
        Topic::Done => writeln!(out, "done"),
    }
}

/// The answer with who gave it. Nobody watches folders while no server runs.
fn placed(answer: &Value, who: &Answerer) -> Value {
    let mut answer = answer.clone();
    if !answer["roots"].is_array() {
        return answer;
    }
    match who {
        Answerer::Server(address) => answer["served"] = json!(address),
        Answerer::Folder => {
            answer["served"] = Value::Null;
            for root in answer["roots"].as_array_mut().into_iter().flatten() {
                root["state"] = json!("not served");
            }
        }
    }
    answer
}

fn status(answer: &Value, who: &Answerer, out: &mut dyn Write) -> io::Result<()> {
    let version = text(&answer["version"]);
    match who {
        Answerer::Server(address) => writeln!(out, "lumidex {version} serves http://{address}/")?,
        Answerer::Folder => {
            writeln!(out, "lumidex {version}: no server runs; this is what the data folder holds")?;
        }
    }
    let indexing = &answer["indexing"];
    let count = |value: &Value| grouped(value.as_u64().unwrap_or_default());
    let doing = match (indexing["running"].as_bool(), answer["partial"].is_null(), answer["ready"].as_bool())
    {
        (Some(true), ..) if indexing["expected"].as_u64().unwrap_or_default() > 0 => {
            format!("reading {} of {}", count(&indexing["read"]), count(&indexing["expected"]))
        }
        (Some(true), ..) => format!("looking, {} seen", count(&indexing["seen"])),
        (_, false, _) => "the text index fills".to_owned(),
        (_, _, Some(false)) => "starting".to_owned(),
        _ => "nothing to do".to_owned(),
    };
    let mut lines = vec![
        ["images".to_owned(), count(&answer["images"])],
        ["indexing".to_owned(), doing],
        ["to review".to_owned(), count(&answer["reviews"])],
    ];
    if answer["waiting"].as_u64().is_some_and(|waiting| waiting > 0) {
        let waiting = format!("{} files that were imported and not seen yet", count(&answer["waiting"]));
        lines.push(["waiting for".to_owned(), waiting]);
    }
    for problem in answer["problems"].as_array().into_iter().flatten() {
        lines.push(["problem".to_owned(), text(&problem["text"])]);
    }
    table(&lines, out)?;
    writeln!(out)?;
    roots(answer, out)
}

fn roots(answer: &Value, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = vec![["FOLDER", "STATE", "LAST WALK", ""].map(str::to_owned)];
    for root in answer["roots"].as_array().into_iter().flatten() {
        let walked = root["walked"].as_f64().map_or_else(|| "never".to_owned(), when);
        lines.push([text(&root["path"]), state(root), walked, text(&root["reason"])]);
    }
    if lines.len() == 1 {
        return writeln!(out, "no folders yet: lumidex FOLDER adds one");
    }
    table(&lines, out)
}

/// `watching 1,234 folders`, `partly polling 120 of 3,000 folders every 5 min`.
fn state(root: &Value) -> String {
    let (watched, polled) = (&root["folders_watched"], &root["folders_polled"]);
    let (watched, polled) = (watched.as_u64().unwrap_or_default(), polled.as_u64().unwrap_or_default());
    let every = root["poll_every_s"].as_f64().map(|every| format!(" every {} s", every.round()));
    let every = every.unwrap_or_default();
    match text(&root["state"]).as_str() {
        "partly polling" => {
            format!("partly polling {} of {} folders{every}", grouped(polled), grouped(watched + polled))
        }
        "watching" if watched > 0 => format!("watching {} folders", grouped(watched)),
        "polling" if polled > 0 => format!("polling {} folders{every}", grouped(polled)),
        state => state.to_owned(),
    }
}

fn review(answer: &Value, out: &mut dyn Write) -> io::Result<()> {
    let reviews = answer["reviews"].as_array().map(Vec::as_slice).unwrap_or_default();
    if reviews.is_empty() {
        return writeln!(out, "nothing to review");
    }
    for question in reviews {
        let number = &question["number"];
        writeln!(out, "{number}  {}  {}", text(&question["kind"]), text(&question["place"]))?;
        writeln!(out, "  {}", text(&question["text"]))?;
        let mut lines = Vec::new();
        for choice in question["choices"].as_array().into_iter().flatten() {
            let there = if choice["present"] == true { "there" } else { "missing" };
            let act = format!("  take {number} {}", choice["image"]);
            lines.push([act, text(&choice["path"]), there.to_owned(), tags(choice)]);
        }
        lines.push([
            format!("  keep {number}"),
            text(&question["place"]),
            "there".to_owned(),
            tags(question),
        ]);
        table(&lines, out)?;
        writeln!(out)?;
    }
    writeln!(out, "Answer with `lumidex review take NUMBER IMAGE` or `lumidex review keep NUMBER`.")
}

fn history(answer: &Value, out: &mut dyn Write) -> io::Result<()> {
    let deeds = answer["deeds"].as_array().map(Vec::as_slice).unwrap_or_default();
    if deeds.is_empty() {
        return writeln!(out, "nothing was done yet");
    }
    let mut lines = vec![["NUMBER", "WHEN", "WHAT", ""].map(str::to_owned)];
    for deed in deeds {
        let state = match (deed["undone_by"].as_u64(), deed["lasting"].as_str()) {
            (Some(by), _) => format!("undone by {by}"),
            (None, Some(why)) => plain(why),
            (None, None) => String::new(),
        };
        let at = deed["at"].as_f64().map_or_else(String::new, when);
        lines.push([deed["number"].to_string(), at, text(&deed["text"]), state]);
    }
    table(&lines, out)
}

fn undone(answer: &Value, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "undone: {}", text(&answer["text"]))?;
    match answer["number"].as_u64() {
        Some(number) => writeln!(out, "`lumidex undo {number}` does it again"),
        None => Ok(()),
    }
}

fn purged(answer: &Value, out: &mut dyn Write) -> io::Result<()> {
    let count = |name: &str| grouped(answer[name].as_u64().unwrap_or_default());
    writeln!(out, "removed {} files ({} bytes) for good", count("files"), count("bytes"))
}

fn tags(of: &Value) -> String {
    let names: Vec<String> = of["tags"].as_array().into_iter().flatten().map(text).collect();
    if names.is_empty() { String::new() } else { format!("tags: {}", names.join(", ")) }
}

/// Names of files come from strangers; escape sequences of a terminal stay text.
fn text(value: &Value) -> String {
    plain(value.as_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn told(topic: Topic, answer: &Value, who: &Answerer, as_json: bool) -> String {
        let mut out = Vec::new();
        tell(topic, answer, who, as_json, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn library() -> Value {
        json!({
            "version": "1.2.3", "images": 1_234_567, "ready": true, "reviews": 2, "partial": null,
            "indexing": { "running": true, "seen": 9, "read": 5, "expected": 1000, "complaints": 0 },
            "problems": [{ "kind": "offline", "text": "`/b` is offline: it is empty" }],
            "roots": [
                { "path": "/a\u{1b}[2J", "state": "partly polling", "folders_watched": 2880, "folders_polled": 120,
                  "poll_every_s": 300.0, "walked": null, "reason": "too many folders" },
                { "path": "/long/path", "state": "watching", "folders_watched": 7, "folders_polled": 0,
                  "poll_every_s": null, "walked": null, "reason": null },
            ],
        })
    }

    #[test]
    fn columns_are_aligned_and_escape_sequences_are_not_let_through() {
        let server = Answerer::Server("127.0.0.1:8000".to_owned());
        let said = told(Topic::Status, &library(), &server, false);
        let want = format!(
            "\
lumidex 1.2.3 serves http://127.0.0.1:8000/
images     1,234,567
indexing   reading 5 of 1,000
to review  2
problem    `/b` is offline: it is empty

{:10}  {:47}  LAST WALK
{:10}  {:47}  never      too many folders
{:10}  {:47}  never
",
            "FOLDER",
            "STATE",
            "/a\u{fffd}[2J",
            "partly polling 120 of 3,000 folders every 300 s",
            "/long/path",
            "watching 7 folders",
        );
        assert_eq!(said, want);
    }

    #[test]
    fn without_a_server_nobody_watches() {
        let said = told(Topic::Roots, &library(), &Answerer::Folder, true);
        let said: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(said["roots"][1]["state"], "not served");
        assert!(told(Topic::Status, &library(), &Answerer::Folder, false).contains("no server runs"));
    }

    #[test]
    fn questions_say_how_they_are_answered() {
        let answer = json!({ "reviews": [{
            "number": 17, "kind": "both", "text": "Which?", "place": "/a/new.png", "tags": ["x", "y"],
            "choices": [{ "image": 8, "path": "/a/old.png", "present": false, "tags": [] }],
        }]});
        let said = told(Topic::Review, &answer, &Answerer::Folder, false);
        assert!(said.contains("take 17 8  /a/old.png  missing\n"), "{said}");
        assert!(said.contains("keep 17    /a/new.png  there    tags: x, y\n"), "{said}");
        let nothing = told(Topic::Review, &json!({ "reviews": [] }), &Answerer::Folder, false);
        assert_eq!(nothing, "nothing to review\n");
        assert_eq!(
            serde_json::from_str::<Value>(&told(Topic::Review, &answer, &Answerer::Folder, true)).unwrap(),
            answer
        );
    }

    #[test]
    fn what_was_done_is_listed_with_what_became_of_it() {
        let answer = json!({ "deeds": [
            { "number": 9, "at": null, "text": "undid 7", "undone_by": null, "lasting": null },
            { "number": 7, "at": null, "text": "moved `a\u{1b}[2J` into `/b`", "undone_by": 9, "lasting": null },
            { "number": 3, "at": null, "text": "deleted 2 items for good", "undone_by": null, "lasting": "it is gone" },
        ]});
        let said = told(Topic::History, &answer, &Answerer::Folder, false);
        let want = "\
NUMBER  WHEN  WHAT
9             undid 7
7             moved `a\u{fffd}[2J` into `/b`   undone by 9
3             deleted 2 items for good  it is gone
";
        assert_eq!(said, want);
        let undone = told(Topic::Undone, &json!({ "text": "x", "number": 12 }), &Answerer::Folder, false);
        assert_eq!(undone, "undone: x\n`lumidex undo 12` does it again\n");
    }

    #[test]
    fn refusals_are_told_in_the_words_of_the_library() {
        let reply = |status, body| Reply { status, body }.refusal();
        assert_eq!(reply(200, Value::Null), None);
        assert_eq!(reply(404, json!({ "detail": "no such question" })).unwrap(), "no such question");
        assert_eq!(reply(500, Value::Null).unwrap(), "the library answered with status 500");
    }
}
