//! What the contract does not know: searches and details for our own page.

use super::geninfo;
use super::search::{find, size_of};
use crate::metadata::{normalised, recipe_of};
use crate::query::{Matching, Order, Search};
use crate::serve::access::Standing;
use crate::serve::answer::{Answer, Outcome};
use crate::serve::engine::{Backup, FileText};
use crate::serve::limits::NEEDLE_BYTES_MAX;
use crate::serve::pieces::{Piece, Pieces};
use crate::serve::problem::Problem;
use crate::serve::server::Call;
use axum::http::{HeaderName, HeaderValue, Response, header};
use lumidex_schema::path::display;
use lumidex_schema::recipe::Recipe;
use tokio::sync::OwnedSemaphorePermit;

/// `q` (text to find, may be empty), `cursor`, `size`. Answers as 4.5.
pub(crate) fn search(call: &Call<'_>) -> Outcome {
    let text = call.asked.param("q").unwrap_or_default();
    if text.len() > NEEDLE_BYTES_MAX {
        return Err(Problem::bad(format!("the search text is longer than {NEEDLE_BYTES_MAX} bytes")));
    }
    let size =
        call.asked.param("size").map(|size| size.parse().map_err(|_| Problem::bad("`size` is no number")));
    let request = Search {
        matching: if text.is_empty() { Matching::Everything } else { Matching::Substring(text.to_owned()) },
        path_only: false,
        media: None,
        folders: call.access()?.narrowed(None),
        and_tags: Vec::new(),
        or_tags: Vec::new(),
        not_tags: Vec::new(),
        order: Order::Newest,
        size: size_of(size.transpose()?),
        cursor: call.asked.param("cursor").unwrap_or_default().to_owned(),
    };
    find(call, &request)
}

/// `path`. One known image: `{"file", "pixel_width", "pixel_height", "generation_text", "edited", "recipe", "normalised", "tags"}`; `recipe` is
/// null when none was recognised; its `raw` is left empty, for that is what the text says.
pub(crate) fn image(call: &Call<'_>) -> Outcome {
    let place = call.path_param()?;
    let unknown = || Problem::not_found(format!("the library knows no image at `{}`", display(&place.path)));
    let hit = call.image_at(&place)?.ok_or_else(unknown)?;
    let text = call.engine().generation_text(&hit.image)?;
    // Links inside a root may lead out of it; what is behind them is not read.
    let FileText { recipe, .. } =
        if place.standing == Standing::Inside { geninfo::read(call, &place) } else { FileText::default() };
    let is_edited = call.engine().is_edited(hit.id)?;
    // A text given by hand speaks for the file, as one that is away leaves what its text says.
    let recipe = recipe
        .filter(|_| !is_edited)
        .or_else(|| recipe_of(&text))
        .map(|recipe| Recipe { raw: String::new(), ..recipe });
    let normalised = serde_json::to_value(recipe.as_ref().map(normalised))
        .map_err(|error| Problem::internal("writing a recipe", &error))?;
    let recipe =
        serde_json::to_value(recipe).map_err(|error| Problem::internal("writing a recipe", &error))?;
    let tags = call.engine().custom_tags_of(&[hit.id])?.into_iter().next().unwrap_or_default();
    Ok(Answer::object([
        ("file", Answer::File(Box::new(call.file_info(&hit)))),
        ("pixel_width", Answer::json(hit.image.pixel_width)),
        ("pixel_height", Answer::json(hit.image.pixel_height)),
        ("generation_text", Answer::json(text)),
        ("edited", Answer::json(is_edited)),
        ("recipe", Answer::Json(recipe)),
        ("normalised", Answer::Json(normalised)),
        ("tags", Answer::Tags(tags)),
    ]))
}

/// A consistent, proven copy of the ledger. `x-lumidex-rows` says how many rows it has.
pub(crate) fn backup(call: &Call<'_>) -> Outcome {
    let turn = call.server.backup_turn()?;
    Ok(handed_out(call.engine().backup()?, turn))
}

/// A proven copy of what an upstream was paid for, with `x-lumidex-rows`; no bytes when nothing was.
pub(crate) fn backup_paid(call: &Call<'_>) -> Outcome {
    let turn = call.server.backup_turn()?;
    Ok(handed_out(call.engine().backup_paid()?, turn))
}

/// What is not as it should be, as `{"told": [...], "counts": {...}}`; one at a time.
pub(crate) fn verify(call: &Call<'_>) -> Outcome {
    let _turn = call.server.backup_turn()?;
    Ok(Answer::Json(call.engine().verify(&call.stop)?))
}

/// How much there is, of what kind; one at a time.
pub(crate) fn stats(call: &Call<'_>) -> Outcome {
    let _turn = call.server.backup_turn()?;
    Ok(Answer::Json(call.engine().stats(&call.stop)?))
}

/// A copy on its way, which keeps others waiting until it has gone.
fn handed_out(copy: Backup, turn: OwnedSemaphorePermit) -> Answer {
    let Backup { file, bytes, rows } = copy;
    let body = Pieces::new(file, [Piece::Span(0..bytes)]).holding(turn);
    let mut response = Response::new(body.into_body());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("x-lumidex-rows"), HeaderValue::from(rows));
    Answer::raw(response)
}
