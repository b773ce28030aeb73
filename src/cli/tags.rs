//! `lumidex tags`: what tags there are, putting them on pictures and taking them off, any number of them, in batches.

use super::asking::Request;
use super::input::TypedPaths;
use super::talk::{Ended, Halt, Outcome, Talk, counted};
use super::terminal::{grouped, table, text};
use clap::Subcommand;
use serde_json::{Value, json};

/// Pictures of one request, and so of one step of undoing.
const BATCH_PATHS: usize = 10_000;
/// Bytes of the paths of one request; the library takes four times as many.
const BATCH_BYTES: usize = 4 << 20;

/// What can be done about tags.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum TagsAction {
    /// Show the tags you made (the default)
    List {
        /// Those too that follow from the files: models, samplers, prompts ...
        #[arg(long, short)]
        all: bool,
        /// Those alone that hold this text
        filter: Option<String>,
    },
    /// Put a tag on pictures; it is made if there is none
    Add {
        /// The tag
        tag: String,
        /// Which pictures.
        #[command(flatten)]
        typed: TypedPaths,
    },
    /// Take a tag off pictures
    Remove {
        /// The tag
        tag: String,
        /// Which pictures.
        #[command(flatten)]
        typed: TypedPaths,
    },
    /// Put the rules that give tags to every picture
    Apply,
    /// Make a tag that is on no picture yet
    Create {
        /// The tag
        tag: String,
    },
    /// Remove a tag from the library and from every picture; asks before it does
    Delete {
        /// The tag
        tag: String,
        /// Do it without asking
        #[arg(long, short)]
        yes: bool,
    },
    /// Give a tag a colour, such as `#ff8800`; an empty one takes it away
    Color {
        /// The tag
        tag: String,
        /// The colour
        color: String,
    },
}

/// Shows tags or changes them.
///
/// # Errors
/// [`Halt`] when the library refuses.
pub(super) fn tags(action: Option<&TagsAction>, talk: &mut Talk<'_>) -> Outcome {
    match action {
        None => list(false, "", talk),
        Some(TagsAction::List { all, filter }) => list(*all, filter.as_deref().unwrap_or_default(), talk),
        Some(TagsAction::Add { tag, typed }) => link(tag, typed, "add", talk),
        Some(TagsAction::Remove { tag, typed }) => link(tag, typed, "remove", talk),
        Some(TagsAction::Apply) => apply(talk),
        Some(TagsAction::Create { tag }) => {
            let reply = talk.asked(&make(tag))?;
            let words = if reply.deed.is_some() { "made" } else { "there was" };
            talk.done(
                &format!("{words} the tag `{tag}`"),
                json!({ "tag": reply.body["name"] }),
                &reply.deeds(),
            )
        }
        Some(TagsAction::Delete { tag, yes }) => {
            let known = named(tag, talk)?;
            let n = known["count"].as_u64().unwrap_or_default();
            let question = format!("Remove the tag `{tag}` from {}?", counted(n, "picture", "pictures"));
            talk.consent(&question, *yes)?;
            let request = Request::post("/iib/db/remove_custom_tag", json!({ "tag_id": known["id"] }));
            let reply = talk.asked(&request)?;
            talk.done(
                &format!("removed the tag `{tag}`"),
                json!({ "tag": tag, "pictures": n }),
                &reply.deeds(),
            )
        }
        Some(TagsAction::Color { tag, color }) => {
            let known = named(tag, talk)?;
            let request = Request::post("/iib/db/update_tag", json!({ "id": known["id"], "color": color }));
            let reply = talk.asked(&request)?;
            let words = format!("the tag `{tag}` has the colour `{color}`");
            talk.done(&words, json!({ "tag": tag, "color": color }), &reply.deeds())
        }
    }
}

fn list(is_all: bool, filter: &str, talk: &mut Talk<'_>) -> Outcome {
    let all = match is_all {
        true => talk.body(&Request::get("/iib/db/basic_info"))?["tags"].take(),
        false => custom(talk)?,
    };
    let filter = filter.to_lowercase();
    let holds = |tag: &&Value| tag["name"].as_str().is_some_and(|name| name.to_lowercase().contains(&filter));
    let shown: Vec<&Value> = all.as_array().into_iter().flatten().filter(holds).collect();
    if talk.manner.is_json {
        let one = |tag: &&Value| json!({ "name": tag["name"], "kind": tag["type"], "pictures": tag["count"], "color": tag["color"], "id": tag["id"] });
        let tags: Vec<Value> = shown.iter().map(one).collect();
        talk.document(&json!({ "tags": tags }))?;
        return Ok(Ended::Done);
    }
    if !talk.manner.is_terminal {
        // For other programs: names alone where there is one kind, and which kind where there are several.
        for tag in shown {
            let kind = if is_all { format!("{}:", text(&tag["type"])) } else { String::new() };
            writeln!(talk.out, "{kind}{}", text(&tag["name"]))?;
        }
        return Ok(Ended::Done);
    }
    if shown.is_empty() {
        writeln!(talk.out, "no such tags")?;
        return Ok(Ended::Done);
    }
    let mut lines = vec![["TAG", "PICTURES", "KIND", "COLOUR"].map(str::to_owned)];
    for tag in shown {
        let count = grouped(tag["count"].as_u64().unwrap_or_default());
        lines.push([text(&tag["name"]), count, text(&tag["type"]), text(&tag["color"])]);
    }
    table(&lines, talk.out)?;
    Ok(Ended::Done)
}

fn apply(talk: &mut Talk<'_>) -> Outcome {
    (talk.progress)("putting the rules to every picture");
    let request = Request::post("/api/v1/auto-tags/apply", json!({})).unhurried();
    let reply = talk.asked(&request)?;
    let count = |key: &str| reply.body[key].as_u64().unwrap_or_default();
    let words = format!(
        "{} looked at, {} matched",
        counted(count("images"), "picture", "pictures"),
        count("matched")
    );
    let data = json!({ "images": count("images"), "matched": count("matched") });
    talk.done(&words, data, &reply.deeds())
}

/// Puts a tag on pictures or takes it off. A batch is done whole or not at all; one that is refused ends it, and what
/// was done before it stays.
fn link(tag: &str, typed: &TypedPaths, action: &str, talk: &mut Talk<'_>) -> Outcome {
    let mut deeds = Vec::new();
    let known = match action {
        "add" => {
            let reply = talk.asked(&make(tag))?;
            deeds.extend(reply.deed);
            reply.body
        }
        _ => named(tag, talk)?,
    };
    let (mut batch, mut bytes, mut n) = (Vec::new(), 0, 0_u64);
    let mut send = |batch: &mut Vec<String>, deeds: &mut Vec<u64>, talk: &mut Talk<'_>| -> Result<(), Halt> {
        if batch.is_empty() {
            return Ok(());
        }
        let body = json!({ "img_paths": batch, "action": action, "tag_id": known["id"] });
        let reply = talk.asked(&Request::post("/iib/db/batch_update_image_tag", body).unhurried())?;
        deeds.extend(reply.deed);
        n += batch.len() as u64;
        (talk.progress)(&counted(n, "picture", "pictures"));
        batch.clear();
        Ok(())
    };
    let sent = typed
        .each(talk, |talk, path| {
            let path = talk.path(path);
            bytes += path.len();
            batch.push(path);
            if batch.len() < BATCH_PATHS && bytes < BATCH_BYTES {
                return Ok(());
            }
            bytes = 0;
            send(&mut batch, &mut deeds, talk)
        })
        .and_then(|()| send(&mut batch, &mut deeds, talk));
    let is_partial = match sent {
        Ok(()) => false,
        Err(halt) if n > 0 => {
            talk.complain(&format!("lumidex: {halt}"));
            true
        }
        Err(halt) => {
            // The tag was made for nothing.
            for deed in deeds {
                talk.asked(&Request::post("/api/v1/undo", json!({ "number": deed })))?;
            }
            return Err(halt);
        }
    };
    let did = if action == "add" { "is on" } else { "was taken off" };
    let words = format!("`{tag}` {did} {}", counted(n, "picture", "pictures"));
    talk.done(&words, json!({ "tag": tag, "pictures": n }), &deeds)?;
    Ok(if is_partial { Ended::Partly } else { Ended::Done })
}

fn make(tag: &str) -> Request {
    Request::post("/iib/db/add_custom_tag", json!({ "tag_name": tag }))
}

/// Every tag a person made.
fn custom(talk: &mut Talk<'_>) -> Result<Value, Halt> {
    Ok(talk.body(&Request::get("/iib/global_setting"))?["all_custom_tags"].take())
}

/// The tag of this name that a person made.
fn named(name: &str, talk: &mut Talk<'_>) -> Result<Value, Halt> {
    let mut all = custom(talk)?;
    let found = all.as_array_mut().into_iter().flatten().find(|tag| tag["name"] == name);
    found.map(Value::take).ok_or_else(|| Halt::Refused {
        status: 404,
        text: format!("there is no tag `{name}`; `lumidex tags` shows those there are"),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::talk::PARTLY;
    use super::super::talk::tests::{Stage, play};
    use super::*;

    fn add(n: usize, answers: &[(u16, Value)]) -> super::super::talk::tests::Played {
        let input: String = (0..n).map(|nth| format!("{nth}.png\n")).collect();
        let typed = TypedPaths { paths: vec!["-".into()], null: false };
        let stage = Stage { input: input.as_bytes(), answers, ..Stage::default() };
        play(&stage, |talk| tags(Some(&TagsAction::Add { tag: "x".into(), typed: typed.clone() }), talk))
    }

    #[test]
    fn many_pictures_are_tagged_in_batches_that_are_undone_together() {
        let done = (200, Value::Null);
        let made = (200, json!({ "id": 4, "name": "x" }));
        let played = add(BATCH_PATHS + 1, &[made, done.clone(), done]);
        let sizes: Vec<usize> =
            played.asked[1..].iter().map(|asked| asked.body["img_paths"].as_array().unwrap().len()).collect();
        assert_eq!(sizes, [BATCH_PATHS, 1]);
        assert_eq!(
            (&played.asked[2].body["tag_id"], &played.asked[2].body["action"]),
            (&json!(4), &json!("add"))
        );
        assert_eq!(played.said, "`x` is on 10,001 pictures\n`lumidex undo 7 7 7` takes it back\n");
        assert_eq!(played.outcome.unwrap(), Ended::Done);
    }

    #[test]
    fn a_batch_that_is_refused_leaves_what_was_done_before_it() {
        let (made, done) = ((200, json!({ "id": 4 })), (200, Value::Null));
        let played =
            add(BATCH_PATHS + 1, &[made, done, (404, json!({ "detail": "`/w/0.png` does not exist" }))]);
        assert_eq!(played.outcome.unwrap().code(), PARTLY);
        assert!(played.said.starts_with("`x` is on 10,000 pictures\n"), "{}", played.said);
        assert_eq!(played.noted, ["lumidex: `/w/0.png` does not exist"]);
    }

    #[test]
    fn a_tag_that_was_made_for_nothing_goes_again() {
        let made = (200, json!({ "id": 4 }));
        let played = add(1, &[made, (400, json!({ "detail": "no media" })), (200, json!({}))]);
        assert_eq!(
            (&*played.asked[2].route, &played.asked[2].body),
            ("/api/v1/undo", &json!({ "number": 7 }))
        );
        assert_eq!(played.outcome.unwrap_err().code(), 1);
    }

    #[test]
    fn a_tag_is_deleted_only_with_consent() {
        let known = (200, json!({ "all_custom_tags": [{ "id": 4, "name": "x", "count": 2 }] }));
        let delete = |tag: &str, agrees| {
            let action = TagsAction::Delete { tag: tag.into(), yes: false };
            let answers = [known.clone(), (200, Value::Null)];
            play(&Stage { agrees, answers: &answers, ..Stage::default() }, |talk| tags(Some(&action), talk))
        };
        assert_eq!(delete("x", Some(true)).asked[1].body, json!({ "tag_id": 4 }));
        for agrees in [None, Some(false)] {
            let refused = delete("x", agrees);
            assert_eq!((refused.asked.len(), refused.outcome.unwrap_err().code()), (1, 1));
        }
        assert_eq!(delete("y", Some(true)).outcome.unwrap_err().code(), super::super::talk::NOT_FOUND);
    }
}
