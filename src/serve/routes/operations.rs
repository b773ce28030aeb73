//! Contract 1.3 to 1.8: what people do to files. Each route is a wish; what it means for files and
//! index is the library's business.

use super::media::open_media;
use crate::files::{Foreseen, Report, Wish, WishError};
use crate::serve::access::{Place, Standing};
use crate::serve::answer::{Answer, Outcome};
use crate::serve::extract::{not_too_many, nullable, required};
use crate::serve::problem::Problem;
use crate::serve::server::Call;
use lumidex_schema::path::{absolute, display, from_display};
use lumidex_schema::problem::Code;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Deletion {
    #[serde(default, deserialize_with = "nullable")]
    file_paths: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    permanent: bool,
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Foreseeing {
    action: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    file_paths: Vec<String>,
    dest: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    create_dest_folder: bool,
    #[serde(default, deserialize_with = "nullable")]
    continue_on_error: bool,
    #[serde(default, deserialize_with = "nullable")]
    permanent: bool,
}

/// The body of 1.3, 1.5 or 1.6 with an `action`, which is `move`, `copy` or `trash`: what would be done, as
/// `{"places": [{"from", "to"}], "errors": [{"path", "error"}]}`. Nothing is.
pub(crate) fn foresee(call: &Call<'_>) -> Outcome {
    let asked: Foreseeing = call.asked.json()?;
    let action = required(asked.action, "action")?;
    let files = paths_of(call, asked.file_paths, "file_paths")?;
    let (make_folder, go_on) = (asked.create_dest_folder, asked.continue_on_error);
    let into = || Ok::<_, Problem>(call.place(&required(asked.dest.clone(), "dest")?)?.path);
    let wish = match action.as_str() {
        "move" => Wish::Move { files, into: into()?, make_folder, go_on },
        "copy" => Wish::Copy { files, into: into()?, make_folder, go_on },
        "trash" => Wish::Delete { files, for_good: asked.permanent },
        other => return Err(Problem::bad(format!("`action` is `move`, `copy` or `trash`, not `{other}`"))),
    };
    let Foreseen { places, errors } = call.engine().foresee(&wish)?;
    let places = places.iter().map(|(from, to)| json!({ "from": display(from), "to": display(to) }));
    let errors = errors.iter().map(|(path, why)| json!({ "path": display(path), "error": why }));
    Ok(Answer::Json(json!({ "places": places.collect::<Vec<_>>(), "errors": errors.collect::<Vec<_>>() })))
}

/// 1.3. Into the trash, unless `permanent` says otherwise. Stops at the first file it cannot delete.
pub(crate) fn delete(call: &Call<'_>) -> Outcome {
    let Deletion { file_paths, permanent } = call.asked.json()?;
    let files = paths_of(call, file_paths, "file_paths")?;
    let wish = Wish::Delete { files, for_good: permanent };
    let report = call.engine().perform(wish).map_err(|error| match error {
        // What is not there cannot be deleted: no other route calls that a bad request.
        WishError::Unknown(what) => Problem::bad(what),
        error => error.into(),
    })?;
    whole(call, &report)?;
    Ok(Answer::object([("ok", Answer::json(true))]))
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Folder {
    dest_folder: Option<String>,
}

/// 1.4
pub(crate) fn mkdirs(call: &Call<'_>) -> Outcome {
    let Folder { dest_folder } = call.asked.json()?;
    let folder = call.place(&required(dest_folder, "dest_folder")?)?.path;
    let report = call.engine().perform(Wish::MakeFolder { folder })?;
    whole(call, &report)?;
    Ok(Answer::Null)
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Transfer {
    #[serde(default, deserialize_with = "nullable")]
    file_paths: Vec<String>,
    dest: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    create_dest_folder: bool,
    #[serde(default, deserialize_with = "nullable")]
    continue_on_error: bool,
}

/// 1.5
pub(crate) fn copy(call: &Call<'_>) -> Outcome {
    let (files, into, make_folder, go_on) = transfer(call)?;
    transferred(call, Wish::Copy { files, into, make_folder, go_on })
}

/// 1.6
pub(crate) fn shift(call: &Call<'_>) -> Outcome {
    let (files, into, make_folder, go_on) = transfer(call)?;
    transferred(call, Wish::Move { files, into, make_folder, go_on })
}

type Transferring = (Vec<Vec<u8>>, Vec<u8>, bool, bool);

fn transfer(call: &Call<'_>) -> Result<Transferring, Problem> {
    let Transfer { file_paths, dest, create_dest_folder, continue_on_error } = call.asked.json()?;
    let into = call.place(&required(dest, "dest")?)?.path;
    let files = paths_of(call, file_paths, "file_paths")?;
    Ok((files, into, create_dest_folder, continue_on_error))
}

fn transferred(call: &Call<'_>, wish: Wish) -> Outcome {
    let goes_on = matches!(wish, Wish::Copy { go_on: true, .. } | Wish::Move { go_on: true, .. });
    let report = call.engine().perform(wish)?;
    if !goes_on || report.is_stopped {
        whole(call, &report)?;
    }
    did(call, &report);
    Ok(Answer::object([("errors", errors(&report))]))
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Renaming {
    path: Option<String>,
    name: Option<String>,
}

/// 1.7
pub(crate) fn rename(call: &Call<'_>) -> Outcome {
    let Renaming { path, name } = call.asked.json()?;
    let Place { path, .. } = changeable(call, &required(path, "path")?)?;
    let name = from_display(&required(name, "name")?);
    if name.is_empty() || name == b"." || name == b".." || name.iter().any(|byte| matches!(byte, b'/' | 0)) {
        return Err(Problem::bad("`name` is not the name of a file: it is one component of a path"));
    }
    let folder = path.iter().rposition(|byte| *byte == b'/').map_or(&b"/"[..], |at| &path[..at.max(1)]);
    let new_path = display(&absolute(folder, b"", &name));
    // What it is to be called is checked like every other path.
    call.place(&new_path)?;
    let report = call.engine().perform(Wish::Rename { path, name })?;
    whole(call, &report)?;
    Ok(Answer::object([
        ("detail", Answer::json(format!("renamed to `{new_path}`"))),
        ("new_path", Answer::json(new_path)),
    ]))
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Flatten {
    folder_path: Option<String>,
    dry_run: Option<bool>,
}

/// 1.8
pub(crate) fn flatten(call: &Call<'_>) -> Outcome {
    let Flatten { folder_path, dry_run } = call.asked.json()?;
    let folder = call.place(&required(folder_path, "folder_path")?)?.path;
    let as_folder = |error| match error {
        WishError::Unknown(what) => Problem::bad(what),
        error => error.into(),
    };
    if dry_run.unwrap_or(true) {
        let found = call.engine().preview_flatten(&folder).map_err(as_folder)?;
        let conflicts: Vec<String> = found.conflicts.iter().map(|name| display(name)).collect();
        return Ok(flattened(
            conflicts.is_empty(),
            found.files,
            conflicts,
            0,
            Answer::json(Vec::<String>::new()),
        ));
    }
    let report = call.engine().perform(Wish::Flatten { folder }).map_err(as_folder)?;
    did(call, &report);
    let is_whole = report.failed == 0 && !report.is_stopped;
    Ok(flattened(is_whole, report.done + report.failed, Vec::new(), report.done, errors(&report)))
}

fn flattened(success: bool, files: u64, conflicts: Vec<String>, moved: u64, errors: Answer) -> Answer {
    Answer::object([
        ("success", Answer::json(success)),
        ("total_files", Answer::json(files)),
        ("conflicts", Answer::json(conflicts)),
        ("moved_files", Answer::json(moved)),
        ("errors", errors),
    ])
}

fn paths_of(call: &Call<'_>, given: Vec<String>, name: &str) -> Result<Vec<Vec<u8>>, Problem> {
    if given.is_empty() {
        return Err(Problem::bad(format!("`{name}` names no file")));
    }
    not_too_many(given)?.iter().map(|path| Ok(changeable(call, path)?.path)).collect()
}

/// A file or folder that may be changed: any inside the roots, only media outside, for what is brought inside is
/// served whatever it is (design ruling 21).
fn changeable(call: &Call<'_>, given: &str) -> Result<Place, Problem> {
    let place = call.place(given)?;
    if place.standing() != Standing::Inside && place.kind().is_some() {
        open_media(&place)?;
    }
    Ok(place)
}

/// Every item was done, or the first that was not is why the request failed. What was done before it
/// stays, and can be undone.
fn whole(call: &Call<'_>, report: &Report) -> Result<(), Problem> {
    did(call, report);
    let so_far = match report.done {
        0 => String::new(),
        1 => "; one was done before it".to_owned(),
        n => format!("; {n} were done before it"),
    };
    if let Some((path, why)) = report.errors.first() {
        return Err(Problem::bad(format!("`{}`: {why}{so_far}", display(path))));
    }
    if report.is_stopped {
        return Err(Problem::bad(format!("it was stopped{so_far}")));
    }
    Ok(())
}

fn errors(report: &Report) -> Answer {
    let mut said: Vec<String> =
        report.errors.iter().map(|(path, why)| format!("{}: {why}", display(path))).collect();
    let more = report.failed.saturating_sub(said.len() as u64);
    if more > 0 {
        said.push(format!("and {more} more"));
    }
    Answer::json(said)
}

fn did(call: &Call<'_>, report: &Report) {
    if let Some(operation) = report.operation {
        call.did(operation);
    }
}

impl From<WishError> for Problem {
    fn from(error: WishError) -> Self {
        match error {
            WishError::Refused(why) => Self::bad(why),
            WishError::Unknown(what) => Self::not_found(what),
            WishError::Forbidden(why) => Self::forbidden(why),
            WishError::Busy(why) => Self::busy(Code::Unavailable, why, 1),
            WishError::Ledger(_) => Self::internal("changing files", &crate::serve::server::Chain(&error)),
        }
    }
}
