//! `lumidex roots`: the folders of the library, and `lumidex update`, which brings them up to date.

use super::asking::{Answerer, Request};
use super::status::{standing, state};
use super::talk::{Ended, Outcome, Talk};
use super::terminal::{table, text, when};
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::PathBuf;

/// What can be done about folders.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum RootsAction {
    /// Show the folders, and how changes in them become known (the default)
    List,
    /// Add a folder to the library
    Add {
        /// The folder
        path: PathBuf,
        /// How pages show it
        #[arg(long = "as", value_enum, value_name = "KIND", default_value_t = FolderKind::Scanned)]
        kind: FolderKind,
    },
    /// Take a folder out of the library; its files stay, and so does what you did to them
    Remove {
        /// The folder
        path: PathBuf,
    },
    /// Give a folder another name in pages; an empty one takes it away
    Alias {
        /// The folder
        path: PathBuf,
        /// The name
        name: String,
    },
    /// Say that an offline folder is really empty: what was there counts as gone
    AcceptEmpty {
        /// The folder
        path: PathBuf,
    },
}

/// How pages show a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FolderKind {
    /// Pages show it with the folders above it
    Scanned,
    /// Pages open it without the folders above it
    ScannedFixed,
    /// Pages show all that is below it at once
    Walk,
}

/// Shows folders or changes them.
///
/// # Errors
/// [`super::talk::Halt`] when the library refuses.
pub(super) fn roots(action: Option<&RootsAction>, talk: &mut Talk<'_>) -> Outcome {
    const ROUTE: &str = "/iib/db/extra_paths";
    match action {
        None | Some(RootsAction::List) => list(talk),
        Some(RootsAction::Add { path, kind }) => {
            let path = talk.path(path);
            let kind = kind.to_possible_value().map_or_else(String::new, |kind| kind.get_name().to_owned());
            let reply = talk.asked(&Request::post(ROUTE, json!({ "path": path, "types": [kind] })))?;
            let ended = talk.done(&format!("added `{path}`"), json!({ "added": path }), &reply.deeds())?;
            if *talk.who == Answerer::Folder {
                talk.say("no server runs, so nothing is read yet: `lumidex update` does it, or serving");
            }
            Ok(ended)
        }
        Some(RootsAction::Remove { path }) => {
            let path = talk.path(path);
            let known = talk.body(&Request::get(ROUTE))?;
            if !known.as_array().into_iter().flatten().any(|entry| entry["path"] == json!(path)) {
                let text = format!("`{path}` is not among the folders");
                return Err(super::talk::Halt::Refused { status: 404, text });
            }
            let reply = talk.asked(&Request::delete(ROUTE, json!({ "path": path })))?;
            talk.done(&format!("removed `{path}`"), json!({ "removed": path }), &reply.deeds())
        }
        Some(RootsAction::Alias { path, name }) => {
            let path = talk.path(path);
            let body = json!({ "path": path, "alias": name });
            let reply = talk.asked(&Request::post("/iib/db/alias_extra_path", body))?;
            let words = format!("`{path}` is called `{name}`");
            talk.done(&words, json!({ "path": path, "alias": name }), &reply.deeds())
        }
        Some(RootsAction::AcceptEmpty { path }) => {
            let path = talk.path(path);
            let request = Request::post("/api/v1/roots/accept_empty", json!({ "path": path })).unhurried();
            let reply = talk.asked(&request)?;
            talk.done("done", json!({ "done": true }), &reply.deeds())
        }
    }
}

/// Looks at every folder again and waits until searches show what was found; with `is_whole`, reads every file again.
///
/// # Errors
/// [`super::talk::Halt`] when the library refuses.
pub(super) fn update(is_whole: bool, talk: &mut Talk<'_>) -> Outcome {
    (talk.progress)("looking at every folder");
    let route = if is_whole { "/iib/db/rebuild_index" } else { "/iib/db/update_image_data" };
    talk.asked(&Request::post(route, json!({})).unhurried())?;
    let standing = standing(talk)?;
    let images = standing["images"].as_u64().unwrap_or_default();
    let words = format!("up to date: {}", super::talk::counted(images, "picture", "pictures"));
    talk.done(&words, json!({ "images": images }), &[])
}

fn list(talk: &mut Talk<'_>) -> Outcome {
    let mut roots = standing(talk)?["roots"].take();
    let entries = talk.body(&Request::get("/iib/db/extra_paths"))?;
    let empty = Vec::new();
    let list = roots.as_array_mut();
    let mut all: Vec<Value> = list.map(std::mem::take).unwrap_or_default();
    for entry in entries.as_array().unwrap_or(&empty) {
        match all.iter_mut().find(|root| root["path"] == entry["path"]) {
            Some(root) => {
                root["types"] = entry["types"].clone();
                root["alias"] = entry["alias"].clone();
            }
            None => all.push(entry.clone()),
        }
    }
    if talk.manner.is_json {
        talk.document(&json!({ "roots": all }))?;
    } else {
        write_list(&all, talk.out)?;
    }
    Ok(Ended::Done)
}

fn write_list(roots: &[Value], out: &mut dyn Write) -> io::Result<()> {
    if roots.is_empty() {
        return writeln!(out, "no folders yet: `lumidex roots add FOLDER` adds one");
    }
    let mut lines = vec![["FOLDER", "STATE", "LAST WALK", "ALIAS", ""].map(str::to_owned)];
    for root in roots {
        // What lies within another folder is looked at with it.
        let is_outermost = root["state"].is_string();
        let walked = root["walked"].as_f64().map_or_else(|| "never".to_owned(), when);
        let (state, walked) =
            if is_outermost { (state(root), walked) } else { ("within another".to_owned(), String::new()) };
        lines.push([text(&root["path"]), state, walked, text(&root["alias"]), text(&root["reason"])]);
    }
    table(&lines, out)
}
