//! `lumidex undo` and `lumidex operations`: what was done, what is being done, taking back, stopping.

use super::asking::Request;
use super::talk::{Ended, Halt, Outcome, Talk};
use super::terminal::{grouped, plain, table, text, when};
use clap::Subcommand;
use serde_json::{Value, json};
use std::io::{self, Write};

/// What can be done about file operations under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum OperationsAction {
    /// Show what is under way (the default)
    List,
    /// Stop after the file it is at; what is done stays, and can be undone
    Stop {
        /// The number of the operation
        number: u64,
    },
}

/// Takes these back, in this order; what was done last when none is named.
///
/// # Errors
/// [`Halt`] when one cannot be taken back; those before it are.
pub(super) fn undo(numbers: &[u64], talk: &mut Talk<'_>) -> Outcome {
    let numbers: Vec<Option<u64>> =
        if numbers.is_empty() { vec![None] } else { numbers.iter().copied().map(Some).collect() };
    let mut undone = Vec::new();
    for number in numbers {
        (talk.progress)("undoing");
        let request = Request::post("/api/v1/undo", json!({ "number": number })).unhurried();
        let answer = match talk.body(&request) {
            Ok(answer) => answer,
            Err(halt @ Halt::Refused { .. }) if !undone.is_empty() => {
                talk.complain(&format!("lumidex: {halt}"));
                write_undone(&undone, talk)?;
                return Ok(Ended::Partly);
            }
            Err(halt) => return Err(halt),
        };
        undone.push(answer);
    }
    write_undone(&undone, talk)?;
    Ok(Ended::Done)
}

/// Shows what was done, newest first.
///
/// # Errors
/// [`Halt`] when nobody answers.
pub(super) fn history(talk: &mut Talk<'_>) -> Outcome {
    let answer = talk.body(&Request::get("/api/v1/undo"))?;
    if talk.manner.is_json {
        talk.document(&answer)?;
    } else {
        write_history(&answer, talk.out)?;
    }
    Ok(Ended::Done)
}

/// Shows file operations under way, or stops one.
///
/// # Errors
/// [`Halt`] when there is no such operation.
pub(super) fn operations(action: Option<OperationsAction>, talk: &mut Talk<'_>) -> Outcome {
    if let Some(OperationsAction::Stop { number }) = action {
        talk.asked(&Request::post("/api/v1/operations/stop", json!({ "number": number })))?;
        return talk.done("it stops after the file it is at", json!({ "stopping": number }), &[]);
    }
    let answer = talk.body(&Request::get("/api/v1/operations"))?;
    if talk.manner.is_json {
        talk.document(&answer)?;
        return Ok(Ended::Done);
    }
    let running = answer["running"].as_array().map(Vec::as_slice).unwrap_or_default();
    if running.is_empty() {
        writeln!(talk.out, "no files are being moved or copied")?;
        return Ok(Ended::Done);
    }
    let mut lines = vec![["NUMBER", "SINCE", "WHAT", "STEPS"].map(str::to_owned)];
    for operation in running {
        let count = |key: &str| grouped(operation[key].as_u64().unwrap_or_default());
        let number =
            operation["number"].as_u64().map_or_else(|| "planned".to_owned(), |number| number.to_string());
        let since = operation["since"].as_f64().map_or_else(String::new, when);
        let steps = format!("{} of {}", count("taken"), count("steps"));
        lines.push([number, since, text(&operation["kind"]), steps]);
    }
    table(&lines, talk.out)?;
    Ok(Ended::Done)
}

fn write_undone(undone: &[Value], talk: &mut Talk<'_>) -> io::Result<()> {
    if talk.manner.is_json {
        return talk.document(&json!({ "undone": undone }));
    }
    if talk.manner.is_quiet {
        return Ok(());
    }
    (talk.progress)("");
    for answer in undone {
        writeln!(talk.out, "undone: {}", text(&answer["text"]))?;
        if let Some(number) = answer["number"].as_u64() {
            writeln!(talk.out, "`lumidex undo {number}` does it again")?;
        }
    }
    Ok(())
}

fn write_history(answer: &Value, out: &mut dyn Write) -> io::Result<()> {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::talk::PARTLY;
    use super::super::talk::tests::{Stage, play};
    use super::*;

    #[test]
    fn what_was_done_is_listed_with_what_became_of_it() {
        let answer = json!({ "deeds": [
            { "number": 9, "at": null, "text": "undid 7", "undone_by": null, "lasting": null },
            { "number": 7, "at": null, "text": "moved `a\u{1b}[2J` into `/b`", "undone_by": 9, "lasting": null },
            { "number": 3, "at": null, "text": "deleted 2 items for good", "undone_by": null, "lasting": "it is gone" },
        ]});
        let want = "\
NUMBER  WHEN  WHAT
9             undid 7
7             moved `a\u{fffd}[2J` into `/b`   undone by 9
3             deleted 2 items for good  it is gone
";
        assert_eq!(play(&Stage { answers: &[(200, answer)], ..Stage::default() }, history).said, want);
    }

    #[test]
    fn several_are_taken_back_in_their_order_until_one_cannot() {
        let (did, refused) = (json!({ "text": "x", "number": 12 }), json!({ "detail": "it is gone" }));
        let answers = [(200, did), (400, refused)];
        let played = play(&Stage { answers: &answers, ..Stage::default() }, |talk| undo(&[5, 3], talk));
        assert_eq!(played.said, "undone: x\n`lumidex undo 12` does it again\n");
        assert_eq!(played.asked[1].body, json!({ "number": 3 }));
        assert_eq!(
            (played.outcome.unwrap().code(), &played.noted[..]),
            (PARTLY, &["lumidex: it is gone".to_owned()][..])
        );
    }
}
