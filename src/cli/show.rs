//! `lumidex show`: all that is known of pictures, and `lumidex text`, which corrects what is said of one.

use super::asking::{Asking, Request};
use super::input::{TypedPaths, text_of_input};
use super::listing::as_json;
use super::talk::{Ended, Halt, NOT_FOUND, Outcome, Talk};
use super::terminal::{grouped, plain, table, text, when};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::io;
use std::path::{Path, PathBuf};

/// Longest text that is read from standard input, in bytes; the library takes no longer one.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// Which pictures, and what of them.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct ShowArgs {
    /// How it is told, and of which library.
    #[command(flatten)]
    pub asking: Asking,
    /// Which. A number is the id of a picture; `./123` is a file that is called so
    #[command(flatten)]
    pub typed: TypedPaths,
    /// The generation text alone
    #[arg(long, conflicts_with = "workflow")]
    pub text: bool,
    /// The ComfyUI graph in the file alone, as JSON: the editor's, or the one that was run
    #[arg(long)]
    pub workflow: bool,
}

/// What is done about the text of a picture.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum TextAction {
    /// Give it another text, which stays whatever becomes of the file; the file is not changed
    Set {
        /// The picture
        path: PathBuf,
        /// The text; `-` reads it from standard input
        text: String,
    },
    /// Show what the file says again
    Revert {
        /// The picture
        path: PathBuf,
    },
}

/// Shows pictures. One that is not known is told, and the others are shown all the same.
///
/// # Errors
/// [`Halt`] when nobody answers.
pub(super) fn show(args: &ShowArgs, talk: &mut Talk<'_>) -> Outcome {
    let (mut shown, mut missing) = (0_u64, 0_u64);
    args.typed.each(talk, |talk, path| {
        match one(args, path, talk) {
            Ok(()) => shown += 1,
            Err(halt @ Halt::Refused { .. }) => {
                if halt.code() != NOT_FOUND {
                    return Err(halt);
                }
                talk.complain(&format!("lumidex: {halt}"));
                missing += 1;
            }
            Err(halt) => return Err(halt),
        }
        Ok(())
    })?;
    Ok(match (shown, missing) {
        (_, 0) => Ended::Done,
        (0, _) => Ended::NothingFound,
        _ => Ended::Partly,
    })
}

fn one(args: &ShowArgs, typed: &Path, talk: &mut Talk<'_>) -> Result<(), Halt> {
    let is_id = |word: &&str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    let (id, path) = (typed.to_str().filter(is_id), talk.path(typed));
    let parameter = id.map_or(("path", path.as_str()), |id| ("id", id));
    if args.workflow {
        return workflow(parameter, talk);
    }
    let image = talk.body(&Request::with("/api/v1/image", &[parameter]))?;
    if args.text && !talk.manner.is_json {
        let text = image["generation_text"].as_str().unwrap_or_default();
        return Ok(write_lines(text, "", talk)?);
    }
    if talk.manner.is_json {
        return Ok(talk.line(&whole(&image))?);
    }
    Ok(write_image(&image, talk)?)
}

fn workflow(parameter: (&str, &str), talk: &mut Talk<'_>) -> Result<(), Halt> {
    let path = match parameter {
        ("id", _) => talk.body(&Request::with("/api/v1/image", &[parameter]))?["file"]["fullpath"].clone(),
        (_, path) => json!(path),
    };
    let path = path.as_str().unwrap_or_default();
    let graphs = talk.body(&Request::with("/api/v1/workflow", &[("path", path)]))?;
    if talk.manner.is_json {
        return Ok(talk.line(&json!({ "path": path, "api": graphs["api"], "editor": graphs["editor"] }))?);
    }
    match graphs["editor"].as_str().or(graphs["api"].as_str()) {
        Some(graph) => Ok(writeln!(talk.out, "{graph}")?),
        None => Err(Halt::Refused { status: 404, text: format!("`{path}` holds no ComfyUI graph") }),
    }
}

/// As `--json` shows a picture.
fn whole(image: &Value) -> Value {
    let mut whole = as_json(&image["file"]);
    let tags: Vec<&Value> = image["tags"].as_array().into_iter().flatten().map(|tag| &tag["name"]).collect();
    whole["tags"] = json!(tags);
    for key in ["pixel_width", "pixel_height", "generation_text", "edited", "recipe", "normalised"] {
        whole[key] = image[key].clone();
    }
    whole
}

fn write_image(image: &Value, talk: &mut Talk<'_>) -> io::Result<()> {
    let file = &image["file"];
    let mut lines = vec![["id".to_owned(), file["id"].to_string()]];
    let mut add = |name: &str, value: String| {
        if !value.is_empty() {
            lines.push([name.to_owned(), value]);
        }
    };
    add("date", file["date"].as_f64().map_or_else(String::new, when));
    add("bytes", grouped(file["bytes"].as_u64().unwrap_or_default()));
    let pixels = |key: &str| image[key].as_u64().unwrap_or_default();
    if pixels("pixel_width") > 0 {
        add("pixels", format!("{} × {}", pixels("pixel_width"), pixels("pixel_height")));
    }
    let names: Vec<String> =
        image["tags"].as_array().into_iter().flatten().map(|tag| text(&tag["name"])).collect();
    add("tags", names.join(", "));
    for key in ["source", "model", "sampler", "scheduler", "seed", "steps", "cfg"] {
        add(key, simple(&image["recipe"][key]));
    }
    if file["offline"] == true {
        add("state", "offline".to_owned());
    }
    if image["edited"] == true {
        add("text", "given by hand".to_owned());
    }
    writeln!(talk.out, "{}", text(&file["fullpath"]))?;
    for line in &mut lines {
        line[0] = format!("  {}", line[0]);
    }
    table(&lines, talk.out)?;
    write_lines(image["generation_text"].as_str().unwrap_or_default(), "  | ", talk)?;
    writeln!(talk.out)
}

/// A text line by line; on a terminal without what that would obey.
fn write_lines(text: &str, before: &str, talk: &mut Talk<'_>) -> io::Result<()> {
    for line in text.lines() {
        let line = if talk.manner.is_terminal || !before.is_empty() { plain(line) } else { line.to_owned() };
        writeln!(talk.out, "{before}{line}")?;
    }
    Ok(())
}

fn simple(value: &Value) -> String {
    match value {
        Value::String(text) => plain(text),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// Gives a picture another text, or takes that away.
///
/// # Errors
/// [`Halt`] when the picture is not known.
pub(super) fn correct(action: &TextAction, talk: &mut Talk<'_>) -> Outcome {
    match action {
        TextAction::Set { path, text } => {
            let path = talk.path(path);
            let text = if text == "-" { text_of_input(talk, TEXT_BYTES_MAX)? } else { text.clone() };
            let reply =
                talk.asked(&Request::post("/iib/update_exif", json!({ "path": path, "exif": text })))?;
            talk.done(&format!("`{path}` has this text now"), json!({ "path": path }), &reply.deeds())
        }
        TextAction::Revert { path } => {
            let path = talk.path(path);
            let reply = talk.asked(&Request::post("/api/v1/text/revert", json!({ "path": path })))?;
            talk.done(&format!("`{path}` says what its file says"), json!({ "path": path }), &reply.deeds())
        }
    }
}
