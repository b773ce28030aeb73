//! `lumidex status`, `lumidex health` and `lumidex stats`: what the library is doing, whether a server answers, and
//! what the pictures are. Refuses to change anything.

use super::asking::{Answerer, Request};
use super::talk::{Ended, Halt, Outcome, Talk, counted};
use super::terminal::{grouped, table, text, when};
use serde_json::{Value, json};
use std::io::{self, Write};

/// What is going on.
///
/// # Errors
/// [`Halt`] when nobody answers.
pub(super) fn status(talk: &mut Talk<'_>) -> Outcome {
    let answer = standing(talk)?;
    if talk.manner.is_json {
        talk.document(&answer)?;
    } else {
        let who = talk.who.clone();
        write_status(&answer, &who, talk.out)?;
    }
    Ok(Ended::Done)
}

/// What is going on, with who says so. Nobody watches folders while no server runs.
pub(super) fn standing(talk: &mut Talk<'_>) -> Result<Value, Halt> {
    let mut answer = talk.body(&Request::status())?;
    match talk.who {
        Answerer::Server(address) => answer["served"] = json!(address),
        Answerer::Folder => {
            answer["served"] = Value::Null;
            for root in answer["roots"].as_array_mut().into_iter().flatten() {
                root["state"] = json!("not served");
            }
        }
    }
    Ok(answer)
}

/// Whether the server that has the data folder open answers; with `is_ready`, whether it has nothing to do before it
/// answers everything.
///
/// # Errors
/// [`Halt`] when it does not.
pub(super) fn health(talk: &mut Talk<'_>, is_ready: bool) -> Outcome {
    let Answerer::Server(address) = talk.who.clone() else {
        let text = "no server has the data folder open".to_owned();
        return Err(Halt::Refused { status: 503, text });
    };
    let answer = (talk.ask)(&Request::get(if is_ready { "/readyz" } else { "/healthz" }))?;
    if let Some(refused) = answer.refusal() {
        let reasons: Vec<String> =
            answer.body["reasons"].as_array().into_iter().flatten().map(text).collect();
        let why = if reasons.is_empty() { refused } else { reasons.join("; ") };
        return Err(Halt::Refused { status: answer.status, text: format!("the server is not well: {why}") });
    }
    if talk.manner.is_json {
        talk.document(&json!({ "served": address, "status": answer.body["status"] }))?;
    } else if !talk.manner.is_quiet {
        writeln!(talk.out, "http://{address}/ answers: {}", text(&answer.body["status"]))?;
    }
    Ok(Ended::Done)
}

/// Counts over time, and the most used models, samplers and adapters.
///
/// # Errors
/// [`Halt`] when nobody answers.
pub(super) fn stats(talk: &mut Talk<'_>) -> Outcome {
    let answer = talk.body(&Request::get("/iib/db/stats/trend"))?;
    if talk.manner.is_json {
        talk.document(&answer)?;
        return Ok(Ended::Done);
    }
    let images = answer["total_images"].as_u64().unwrap_or_default();
    let bytes = answer["total_disk_usage"].as_u64().unwrap_or_default();
    writeln!(talk.out, "{}, {} bytes", counted(images, "picture", "pictures"), grouped(bytes))?;
    for (key, title) in [
        ("monthly_trends", "MONTH"),
        ("top_models", "MODEL"),
        ("top_samplers", "SAMPLER"),
        ("top_lora", "LORA"),
        ("top_source", "MADE BY"),
    ] {
        let rows = answer[key].as_array().map(Vec::as_slice).unwrap_or_default();
        if rows.is_empty() {
            continue;
        }
        let mut lines = vec![[title.to_owned(), "PICTURES".to_owned()]];
        for row in rows {
            let name = if key == "monthly_trends" { &row["month"] } else { &row["name"] };
            lines.push([text(name), grouped(row["count"].as_u64().unwrap_or_default())]);
        }
        writeln!(talk.out)?;
        table(&lines, talk.out)?;
    }
    Ok(Ended::Done)
}

fn write_status(answer: &Value, who: &Answerer, out: &mut dyn Write) -> io::Result<()> {
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
    write_roots(answer, out)
}

fn write_roots(answer: &Value, out: &mut dyn Write) -> io::Result<()> {
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
pub(super) fn state(root: &Value) -> String {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::talk::Manner;
    use super::super::talk::tests::{Played, Stage, play};
    use super::*;

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

    fn played(who: Answerer, is_json: bool) -> Played {
        let manner = Manner { command: "status", is_json, ..Manner::default() };
        play(&Stage { manner, who, answers: &[(200, library())], ..Stage::default() }, status)
    }

    #[test]
    fn columns_are_aligned_and_escape_sequences_are_not_let_through() {
        let server = Answerer::Server("127.0.0.1:8000".to_owned());
        let said = played(server, false).said;
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
        let said: Value = serde_json::from_str(&played(Answerer::Folder, true).said).unwrap();
        assert_eq!((&said["schema"], &said["command"]), (&json!(1), &json!("status")));
        assert_eq!(said["data"]["roots"][0]["state"], "not served");
        assert_eq!(said["data"]["served"], Value::Null);
    }

    #[test]
    fn who_is_not_well_says_why() {
        let server = || Answerer::Server("127.0.0.1:1".to_owned());
        let answered = |who, status, body| {
            play(&Stage { who, answers: &[(status, body)], ..Stage::default() }, |talk| health(talk, true))
        };
        let well = answered(server(), 200, json!({ "status": "ready" }));
        assert_eq!(well.said, "http://127.0.0.1:1/ answers: ready\n");
        assert_eq!(well.asked[0].route, "/readyz");
        let unwell =
            answered(server(), 503, json!({ "reasons": ["it fills", "it starts"] })).outcome.unwrap_err();
        assert_eq!((unwell.code(), unwell.to_string().contains("it fills; it starts")), (1, true));
        assert_eq!(answered(Answerer::Folder, 200, Value::Null).outcome.unwrap_err().code(), 1);
    }
}
