//! How pictures were made: texts given by hand (contract 11.5), rules put to every image, graphs as they
//! stand in the files, and how reading all that went.

use crate::limits::metadata::GENERATION_TEXT_BYTES_MAX;
use crate::metadata::{Workflow, as_generation_text};
use crate::serve::access::Standing;
use crate::serve::answer::{Answer, Outcome};
use crate::serve::extract::required;
use crate::serve::limits::{DOCTOR_EXAMPLES_DEFAULT, DOCTOR_EXAMPLES_MAX};
use crate::serve::problem::Problem;
use crate::serve::server::Call;
use crate::sys::tree::Kind;
use lumidex_schema::path::display;
use lumidex_schema::problem::Code;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Edit {
    path: Option<String>,
    exif: Option<String>,
}

/// 11.5. The file is not touched; the text stays whatever becomes of it.
pub(crate) fn update_exif(call: &Call<'_>) -> Outcome {
    let Edit { path, exif } = call.asked.json()?;
    let place = call.place(&required(path, "path")?)?;
    let text = required(exif, "exif")?;
    if text.len() > GENERATION_TEXT_BYTES_MAX {
        return Err(Problem::bad(format!("`exif` is longer than {GENERATION_TEXT_BYTES_MAX} bytes")));
    }
    let unknown = || Problem::not_found(format!("the library knows no image at `{}`", display(&place.path)));
    let hit = call.image_at(&place)?.ok_or_else(unknown)?;
    call.did(call.engine().edit_text(hit.id, Some(&as_generation_text(&text)))?);
    Ok(Answer::Json(json!({ "success": true, "message": "the text was stored; the file was not touched" })))
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Named {
    path: Option<String>,
}

/// `{"path": ...}`: shows what the file says again.
pub(crate) fn revert(call: &Call<'_>) -> Outcome {
    let Named { path } = call.asked.json()?;
    let place = call.place(&required(path, "path")?)?;
    let unknown = || Problem::not_found(format!("the library knows no image at `{}`", display(&place.path)));
    let hit = call.image_at(&place)?.ok_or_else(unknown)?;
    call.did(call.engine().edit_text(hit.id, None)?);
    Ok(Answer::Null)
}

/// `?path=`. `{"api": text or null, "editor": text or null}`: the ComfyUI graphs as they stand in the file, the
/// one that was run and the one of the editor.
pub(crate) fn workflow(call: &Call<'_>) -> Outcome {
    let place = call.path_param()?;
    let missing = || Problem::not_found(format!("`{}` does not exist", display(&place.path)));
    if place.standing() == Standing::Outside {
        super::media::open_media(&place)?;
    } else if place.kind() != Some(Kind::File) {
        return Err(missing());
    }
    let Workflow { api, ui } = call.engine().workflow(&place.file);
    Ok(Answer::Json(json!({ "api": api, "editor": ui })))
}

/// Puts the rules of the setting `auto_tag_rules` to every image: `{"images": looked at, "matched": n}`.
pub(crate) fn apply_rules(call: &Call<'_>) -> Outcome {
    let ruled = call.engine().put_rules_to_all()?;
    if ruled.is_broken_off {
        return Err(Problem::busy(
            Code::Unavailable,
            "the server is stopping; the rest of the images is left as it was",
            5,
        ));
    }
    Ok(Answer::Json(json!({ "images": ruled.images, "matched": ruled.matched })))
}

/// `?examples=N`: how many files speak which dialect, how many say nothing and why, what was wrong with
/// them, which took longest.
pub(crate) fn doctor(call: &Call<'_>) -> Outcome {
    let wanted = call.asked.param("examples").map(|n| n.parse::<usize>());
    let wanted = wanted.transpose().map_err(|_| Problem::bad("`examples` is no number"))?;
    let examples = wanted.unwrap_or(DOCTOR_EXAMPLES_DEFAULT).min(DOCTOR_EXAMPLES_MAX);
    let access = call.access()?;
    let found = call.engine().checkup(examples, &|path| access.may_show(path))?;
    Ok(Answer::Json(found.to_json()))
}

/// Every file is read again; answers at once.
pub(crate) fn reparse(call: &Call<'_>) -> Outcome {
    call.engine().read_all_again();
    Ok(Answer::Json(json!({ "started": true })))
}
