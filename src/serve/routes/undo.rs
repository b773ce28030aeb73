//! What was done, and taking it back.

use super::status::seconds;
use crate::serve::answer::{Answer, Outcome};
use crate::serve::deeds::Deed;
use crate::serve::extract::required;
use crate::serve::limits::DEEDS_SHOWN_MAX;
use crate::serve::problem::Problem;
use crate::serve::server::Call;
use lumidex_schema::id::Seq;
use lumidex_schema::path::display;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

/// `?before=NUMBER&max=N`: `{"deeds": [...]}`, newest first.
pub(crate) fn list(call: &Call<'_>) -> Outcome {
    let before = number(call, "before")?.map(Seq);
    let max = number(call, "max")?.map_or(DEEDS_SHOWN_MAX, |max| usize::try_from(max).unwrap_or(usize::MAX));
    let deeds = call.engine().history(before, max.clamp(1, DEEDS_SHOWN_MAX))?;
    let mut shown = Vec::with_capacity(deeds.len());
    for deed in deeds {
        if may_show(call, &deed)? {
            shown.push(as_json(&deed));
        }
    }
    Ok(Answer::Json(json!({ "deeds": shown })))
}

fn number(call: &Call<'_>, name: &str) -> Result<Option<u64>, Problem> {
    let given = call.asked.param(name);
    given.map(|text| text.parse().map_err(|_| Problem::bad(format!("`{name}` is no number")))).transpose()
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Undoing {
    number: Option<u64>,
}

/// `{"number": n}`; without one, the newest that can be taken back and was not.
/// Answers `{"undone": n, "number": m, "text": what, "done": items}`; `m` undoes the undoing.
pub(crate) fn undo(call: &Call<'_>) -> Outcome {
    let Undoing { number } = call.asked.json()?;
    let deed = match number {
        Some(number) => {
            let next = Seq(number.saturating_add(1));
            let found = call.engine().history(Some(next), 1)?.into_iter().next();
            found.filter(|deed| deed.number.0 == number)
        }
        None => {
            let newest = call.engine().history(None, DEEDS_SHOWN_MAX)?;
            newest.into_iter().find(|deed| deed.undone_by.is_none() && deed.lasting.is_none())
        }
    };
    let unknown = || match number {
        Some(number) => Problem::not_found(format!("nothing has the number {number}")),
        None => Problem::not_found("there is nothing to undo"),
    };
    let deed = deed.ok_or_else(unknown)?;
    if !may_show(call, &deed)? {
        return Err(unknown());
    }
    let report = call.engine().undo(deed.number)?;
    if let Some(number) = report.operation {
        call.did(number);
    }
    if let Some((path, why)) = report.errors.first() {
        return Err(Problem::bad(format!("`{}`: {why}; {} were taken back", display(path), report.done)));
    }
    Ok(Answer::Json(json!({
        "undone": deed.number.0,
        "number": report.operation.map(|number| number.0),
        "text": deed.text,
        "done": report.done,
    })))
}

/// Where only some folders may be shown, what happened elsewhere is not told.
fn may_show(call: &Call<'_>, deed: &Deed) -> Result<bool, Problem> {
    let access = call.access()?;
    Ok(deed.paths.iter().all(|path| access.may_show(path)))
}

fn as_json(deed: &Deed) -> Value {
    let Deed { number, at, kind, text, paths, undone_by, lasting } = deed;
    json!({
        "number": number.0,
        "at": seconds(*at),
        "kind": kind,
        "text": text,
        "paths": paths.iter().map(|path| display(path)).collect::<Vec<_>>(),
        "undone_by": undone_by.map(|number| number.0),
        "lasting": lasting,
    })
}

/// `{"running": [...]}`: file operations under way.
pub(crate) fn running(call: &Call<'_>) -> Outcome {
    let running = call.engine().running().into_iter().map(|operation| {
        json!({
            "number": operation.operation.map(|number| number.0),
            "kind": operation.kind.word(),
            "since": seconds(operation.since),
            "taken": operation.taken,
            "steps": operation.steps,
            "bytes": operation.bytes,
            "stopping": operation.is_stopping,
        })
    });
    Ok(Answer::Json(json!({ "running": running.collect::<Vec<_>>() })))
}

/// `{"number": n}`: stops a file operation after the item it is at; what is done stays, and can be undone.
pub(crate) fn stop(call: &Call<'_>) -> Outcome {
    let Undoing { number } = call.asked.json()?;
    let number = required(number, "number")?;
    if call.engine().stop_operation(Seq(number)) {
        return Ok(Answer::Null);
    }
    Err(Problem::not_found(format!("no file operation with the number {number} is under way")))
}

/// Removes what is in the trash for good: `{"operations", "files", "bytes"}`.
pub(crate) fn purge(call: &Call<'_>) -> Outcome {
    let gone = call.engine().purge_trash()?;
    Ok(Answer::Json(json!({ "operations": gone.operations, "files": gone.files, "bytes": gone.bytes })))
}
