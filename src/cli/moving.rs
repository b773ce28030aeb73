//! `lumidex move`, `copy`, `rename`, `flatten` and `trash`: what would be done is shown, a person agrees, the library
//! does it, and what takes it back is told. Touches no file itself.

use super::asking::{Asking, Request};
use super::input::TypedPaths;
use super::talk::{Ended, Halt, Outcome, Talk, counted};
use super::terminal::{grouped, plain, text};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::PathBuf;

/// Files of a plan, and errors, that are shown one by one to somebody who is asked.
const SHOWN: usize = 20;

/// What is to be moved or copied, and where to.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct TransferArgs {
    /// How it is told, and of which library.
    #[command(flatten)]
    pub asking: Asking,
    /// Which files.
    #[command(flatten)]
    pub typed: TypedPaths,
    /// The folder they go to
    pub dest: PathBuf,
    /// Make the folder, and those above it, when there is none
    #[arg(long, short = 'p')]
    pub make_folder: bool,
    /// Leave out what cannot be done, and do the rest
    #[arg(long)]
    pub keep_going: bool,
    /// How it is done.
    #[command(flatten)]
    pub caution: Caution,
}

/// Whether it is done at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Args)]
pub struct Caution {
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do it without asking
    #[arg(long, short)]
    pub yes: bool,
}

/// What can be done about deleted files.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum TrashAction {
    /// Put files, with what belongs to them, and empty folders into the trash of their folder
    Put {
        /// Which files.
        #[command(flatten)]
        typed: TypedPaths,
        /// Remove them for good instead; this cannot be undone
        #[arg(long)]
        permanent: bool,
        /// How it is done.
        #[command(flatten)]
        caution: Caution,
    },
    /// Remove everything in the trash for good; deletions can no longer be undone
    Purge {
        /// Do it without asking
        #[arg(long, short)]
        yes: bool,
    },
}

/// What becomes of files where they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transfer {
    /// They are gone from there.
    Move,
    /// They stay.
    Copy,
}

/// Moves or copies files.
///
/// # Errors
/// [`Halt`] when it cannot be done, or nobody agrees: then nothing was.
pub(super) fn transfer(which: Transfer, args: &TransferArgs, talk: &mut Talk<'_>) -> Outcome {
    let TransferArgs { asking: _, typed, dest, make_folder, keep_going, caution } = args;
    let (files, dest) = (named(typed, talk)?, talk.path(dest));
    let (word, did, route) = match which {
        Transfer::Move => ("move", "moved", "/iib/move_files"),
        Transfer::Copy => ("copy", "copied", "/iib/copy_files"),
    };
    let body = json!({
        "file_paths": files, "dest": dest, "create_dest_folder": make_folder, "continue_on_error": keep_going,
    });
    let foreseen = foresee(word, &body, talk)?;
    if caution.dry_run {
        return dry(&foreseen, talk);
    }
    let n = files.len() as u64;
    if !caution.yes && !talk.manner.is_json {
        write_plan(&foreseen, SHOWN, talk.out)?;
    }
    let question = format!("{} {} into `{dest}`?", capital(word), counted(n, "file", "files"));
    talk.consent(&question, caution.yes)?;
    (talk.progress)(&format!("{did} so far: `lumidex operations` shows it"));
    let reply = talk.asked(&Request::post(route, body).unhurried())?;
    (talk.progress)("");
    let errors: Vec<Value> = reply.body["errors"].as_array().cloned().unwrap_or_default();
    for error in &errors {
        talk.complain(&text(error));
    }
    let done = n.saturating_sub(errors.len() as u64);
    let words = format!("{did} {} into `{dest}`", counted(done, "file", "files"));
    talk.done(&words, json!({ "files": done, "into": dest, "errors": errors }), &reply.deeds())?;
    Ok(if errors.is_empty() { Ended::Done } else { Ended::Partly })
}

/// Gives a file or folder another name in its folder.
///
/// # Errors
/// [`Halt`] when it is not there or the name is taken.
pub(super) fn rename(path: &std::path::Path, name: &str, talk: &mut Talk<'_>) -> Outcome {
    let path = talk.path(path);
    let reply =
        talk.asked(&Request::post("/iib/db/rename", json!({ "path": path, "name": name })).unhurried())?;
    let now = reply.body["new_path"].clone();
    talk.done(&format!("`{path}` is `{}` now", text(&now)), json!({ "path": now }), &reply.deeds())
}

/// Moves the pictures of all folders below one up into it.
///
/// # Errors
/// [`Halt`] when names are in the way, or nobody agrees: then nothing was done.
pub(super) fn flatten(folder: &std::path::Path, caution: Caution, talk: &mut Talk<'_>) -> Outcome {
    let folder = talk.path(folder);
    let ask = |dry_run: bool| {
        Request::post("/iib/flatten_folder", json!({ "folder_path": folder, "dry_run": dry_run })).unhurried()
    };
    let preview = talk.body(&ask(true))?;
    let conflicts = preview["conflicts"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !conflicts.is_empty() {
        for name in conflicts.iter().take(SHOWN) {
            talk.complain(&format!("`{}` would be there more than once", text(name)));
        }
        let text = format!(
            "nothing was done: {} in the way",
            counted(conflicts.len() as u64, "name is", "names are")
        );
        return Err(Halt::Refused { status: 400, text });
    }
    let n = preview["total_files"].as_u64().unwrap_or_default();
    if caution.dry_run {
        let words = format!("{} would be moved up into `{folder}`", counted(n, "file", "files"));
        return talk.done(&words, json!({ "files": n }), &[]);
    }
    talk.consent(&format!("Move {} up into `{folder}`?", counted(n, "file", "files")), caution.yes)?;
    let reply = talk.asked(&ask(false))?;
    let errors = reply.body["errors"].as_array().cloned().unwrap_or_default();
    for error in &errors {
        talk.complain(&text(error));
    }
    let moved = reply.body["moved_files"].as_u64().unwrap_or_default();
    let words = format!("moved {} up into `{folder}`", counted(moved, "file", "files"));
    talk.done(&words, json!({ "files": moved, "errors": errors }), &reply.deeds())?;
    Ok(if reply.body["success"] == true { Ended::Done } else { Ended::Partly })
}

/// Deletes files, or empties the trash.
///
/// # Errors
/// [`Halt`] when it cannot be done, or nobody agrees.
pub(super) fn trash(action: &TrashAction, talk: &mut Talk<'_>) -> Outcome {
    match action {
        TrashAction::Purge { yes } => {
            talk.consent("Remove everything in the trash for good?", *yes)?;
            (talk.progress)("removing");
            let gone = talk.body(&Request::post("/api/v1/trash/purge", json!({})).unhurried())?;
            let count = |name: &str| gone[name].as_u64().unwrap_or_default();
            let words = format!(
                "removed {} ({} bytes) for good",
                counted(count("files"), "file", "files"),
                grouped(count("bytes"))
            );
            talk.done(&words, gone.clone(), &[])
        }
        TrashAction::Put { typed, permanent, caution } => {
            let files = named(typed, talk)?;
            let body = json!({ "file_paths": files, "permanent": permanent });
            let foreseen = foresee("trash", &body, talk)?;
            if caution.dry_run {
                return dry(&foreseen, talk);
            }
            let n = counted(files.len() as u64, "file", "files");
            let question = match permanent {
                true => format!("Remove {n} for good?"),
                false => format!("Put {n} into the trash?"),
            };
            if !caution.yes && !talk.manner.is_json {
                for path in files.iter().take(SHOWN) {
                    writeln!(talk.out, "{}", plain(path))?;
                }
            }
            talk.consent(&question, caution.yes)?;
            (talk.progress)("deleting");
            let reply = talk.asked(&Request::post("/iib/delete_files", body).unhurried())?;
            let words = match permanent {
                true => format!("removed {n} for good"),
                false => format!("put {n} into the trash"),
            };
            talk.done(&words, json!({ "files": files.len() }), &reply.deeds())
        }
    }
}

fn named(typed: &TypedPaths, talk: &mut Talk<'_>) -> Result<Vec<String>, Halt> {
    let files = typed.all(talk)?;
    if files.is_empty() { Err(Halt::Usage("no file was named".to_owned())) } else { Ok(files) }
}

fn foresee(action: &str, body: &Value, talk: &mut Talk<'_>) -> Result<Value, Halt> {
    let mut body = body.clone();
    body["action"] = json!(action);
    talk.body(&Request::post("/api/v1/foresee", body).unhurried())
}

fn dry(foreseen: &Value, talk: &mut Talk<'_>) -> Outcome {
    if talk.manner.is_json {
        talk.document(foreseen)?;
    } else {
        write_plan(foreseen, usize::MAX, talk.out)?;
    }
    Ok(if foreseen["errors"].as_array().is_some_and(|errors| !errors.is_empty()) {
        Ended::Partly
    } else {
        Ended::Done
    })
}

fn write_plan(foreseen: &Value, max: usize, out: &mut dyn Write) -> io::Result<()> {
    let places = foreseen["places"].as_array().map(Vec::as_slice).unwrap_or_default();
    for place in places.iter().take(max) {
        writeln!(out, "{} -> {}", text(&place["from"]), text(&place["to"]))?;
    }
    if places.len() > max {
        writeln!(out, "and {} more", grouped((places.len() - max) as u64))?;
    }
    for error in foreseen["errors"].as_array().into_iter().flatten().take(max) {
        writeln!(out, "{}: {}", text(&error["path"]), text(&error["error"]))?;
    }
    Ok(())
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::talk::tests::{Played, Stage, play};
    use super::*;

    fn moving(caution: Caution, agrees: Option<bool>, answers: &[(u16, Value)]) -> Played {
        let args = TransferArgs {
            asking: Asking::default(),
            typed: TypedPaths { paths: vec!["a".into(), "b".into()], null: false },
            dest: "to".into(),
            make_folder: true,
            keep_going: true,
            caution,
        };
        play(&Stage { agrees, answers, ..Stage::default() }, |talk| transfer(Transfer::Move, &args, talk))
    }

    fn foreseen() -> (u16, Value) {
        let place = json!({ "from": "/w/a", "to": "/w/to/a" });
        (200, json!({ "places": [place], "errors": [{ "path": "/w/b", "error": "it is taken" }] }))
    }

    #[test]
    fn a_plan_is_shown_and_carried_out_when_a_person_agrees() {
        let moved = (200, json!({ "errors": ["/w/b: it is taken"] }));
        let played = moving(Caution::default(), Some(true), &[foreseen(), moved]);
        assert_eq!(played.asked[0].body["action"], "move");
        assert_eq!(
            played.asked[1].body,
            json!({ "file_paths": ["/w/a", "/w/b"], "dest": "/w/to", "create_dest_folder": true, "continue_on_error": true })
        );
        let want =
            "/w/a -> /w/to/a\n/w/b: it is taken\nmoved 1 file into `/w/to`\n`lumidex undo 7` takes it back\n";
        assert_eq!(played.said, want);
        assert_eq!(
            (played.outcome.unwrap(), &played.noted[..]),
            (Ended::Partly, &["/w/b: it is taken".to_owned()][..])
        );
    }

    #[test]
    fn without_consent_or_in_a_dry_run_nothing_is_done() {
        for agrees in [None, Some(false)] {
            let played = moving(Caution::default(), agrees, &[foreseen()]);
            assert_eq!((played.asked.len(), played.outcome.unwrap_err().code()), (1, 1));
        }
        let played = moving(Caution { dry_run: true, yes: true }, Some(true), &[foreseen()]);
        assert_eq!((played.asked.len(), played.outcome.unwrap()), (1, Ended::Partly));
        let purge = |yes| {
            let answers = [(200, json!({ "files": 1, "bytes": 2 }))];
            play(&Stage { answers: &answers, ..Stage::default() }, |talk| {
                trash(&TrashAction::Purge { yes }, talk)
            })
        };
        assert_eq!(
            (purge(false).asked.len(), purge(true).said.as_str()),
            (0, "removed 1 file (2 bytes) for good\n")
        );
    }
}
