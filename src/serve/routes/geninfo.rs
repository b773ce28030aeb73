//! Contract section 3: what a file says about how it was made.

use crate::query::Hit;
use crate::serve::access::{Place, Standing};
use crate::serve::answer::{Answer, Outcome};
use crate::serve::engine::{Beside, FileText};
use crate::serve::extract::{not_too_many, nullable};
use crate::serve::limits::BATCH_READS_MAX;
use crate::serve::problem::Problem;
use crate::serve::server::Call;
use lumidex_schema::media::MediaKind;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// 3.1. Always a text; empty when there is none or it cannot be read.
pub(crate) fn one(call: &Call<'_>) -> Outcome {
    let place = call.path_param()?;
    let hit = call.image_at(&place)?;
    Ok(Answer::json(text_of(call, &place, hit.as_ref(), Reading::Allowed)?))
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Paths {
    #[serde(default, deserialize_with = "nullable")]
    paths: Vec<String>,
}

/// 3.2. Keyed by the texts the client sent.
pub(crate) fn batch(call: &Call<'_>) -> Outcome {
    let Paths { paths } = call.asked.json()?;
    let given = not_too_many(paths)?;
    let places = given.iter().map(|path| call.place(path)).collect::<Result<Vec<_>, _>>()?;
    let lexical: Vec<&[u8]> = places.iter().map(|place| place.path.as_slice()).collect();
    let hits = call.engine().images_at(&lexical)?;
    let mut texts = serde_json::Map::new();
    let mut reads = 0;
    for ((path, place), hit) in given.into_iter().zip(&places).zip(&hits) {
        reads += usize::from(hit.is_none());
        let reading = if reads <= BATCH_READS_MAX { Reading::Allowed } else { Reading::Spent };
        texts.insert(path, Value::String(text_of(call, place, hit.as_ref(), reading)?));
    }
    Ok(Answer::Json(Value::Object(texts)))
}

/// 3.3. A flat object of texts; empty for anything that is no readable picture.
pub(crate) fn exif(call: &Call<'_>) -> Outcome {
    let place = call.path_param()?;
    let is_picture = MediaKind::of_name(&place.path) == Some(MediaKind::Image);
    let FileText { entries, .. } = if is_picture { read(call, &place) } else { FileText::default() };
    let texts = entries.into_iter().map(|(key, value)| (key, Value::String(value)));
    Ok(Answer::Json(Value::Object(texts.collect())))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    Allowed,
    Spent,
}

/// The stored text if there is one, else what the file says.
fn text_of(call: &Call<'_>, place: &Place, hit: Option<&Hit>, reading: Reading) -> Result<String, Problem> {
    if let Some(hit) = hit {
        return Ok(call.engine().generation_text(&hit.image)?);
    }
    if reading == Reading::Spent {
        return Ok(String::new());
    }
    Ok(read(call, place).generation_text)
}

/// What the file says; nothing when it is not there, or is no media that may be shown.
pub(crate) fn read(call: &Call<'_>, place: &Place) -> FileText {
    if MediaKind::of_name(&place.path).is_none() {
        return FileText::default();
    }
    if place.standing() == Standing::Outside && super::media::open_media(place).is_err() {
        return FileText::default();
    }
    // Outside the roots nothing but media is read.
    let beside = if place.standing() == Standing::Inside { Beside::Sidecar } else { Beside::Nothing };
    call.engine().read_file(&place.file, beside).unwrap_or_default()
}
