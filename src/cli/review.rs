//! `lumidex review`: questions about identity that wait for a person, and the answers.

use super::asking::Request;
use super::talk::{Ended, Outcome, Talk};
use super::terminal::{table, text};
use clap::Subcommand;
use serde_json::{Value, json};
use std::io::{self, Write};

/// What can be done about a question of the review list.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum ReviewAction {
    /// Show the questions (the default)
    List,
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

/// Shows the questions, or answers one.
///
/// # Errors
/// [`super::talk::Halt`] when there is no such question or choice.
pub(super) fn review(action: Option<&ReviewAction>, talk: &mut Talk<'_>) -> Outcome {
    const ROUTE: &str = "/api/v1/review";
    let answered = match action {
        None | Some(ReviewAction::List) => {
            let answer = talk.body(&Request::get(ROUTE))?;
            if talk.manner.is_json {
                talk.document(&answer)?;
            } else {
                write_questions(&answer, talk.out)?;
            }
            return Ok(Ended::Done);
        }
        Some(ReviewAction::Keep { number }) => json!({ "number": number, "take": null }),
        Some(ReviewAction::Take { number, image }) => json!({ "number": number, "take": image }),
    };
    let reply = talk.asked(&Request::post(ROUTE, answered))?;
    talk.done("done", json!({ "done": true }), &reply.deeds())
}

fn write_questions(answer: &Value, out: &mut dyn Write) -> io::Result<()> {
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

fn tags(of: &Value) -> String {
    let names: Vec<String> = of["tags"].as_array().into_iter().flatten().map(text).collect();
    if names.is_empty() { String::new() } else { format!("tags: {}", names.join(", ")) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::talk::tests::{Stage, play};
    use super::*;

    #[test]
    fn a_question_is_shown_with_what_to_type_for_an_answer() {
        let answer = json!({ "reviews": [{
            "number": 17, "kind": "both", "text": "Which?", "place": "/a/new.png", "tags": ["x", "y"],
            "choices": [{ "image": 8, "path": "/a/old.png", "present": false, "tags": [] }],
        }]});
        let said = |answer: &Value| {
            play(&Stage { answers: &[(200, answer.clone())], ..Stage::default() }, |talk| review(None, talk))
                .said
        };
        let shown = said(&answer);
        assert!(shown.contains("take 17 8  /a/old.png  missing\n"), "{shown}");
        assert!(shown.contains("keep 17    /a/new.png  there    tags: x, y\n"), "{shown}");
        assert_eq!(said(&json!({ "reviews": [] })), "nothing to review\n");
    }
}
