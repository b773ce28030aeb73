//! What the contract does not know: searches and details for our own page.

use super::geninfo;
use super::search::{find, folders_of, media_of, size_of};
use crate::metadata::{normalised, recipe_of};
use crate::query::{Matching, Order, Search};
use crate::serve::access::Standing;
use crate::serve::answer::{Answer, Outcome};
use crate::serve::engine::{Backup, FileText};
use crate::serve::limits::{NEEDLE_BYTES_MAX, TAGS_MAX};
use crate::serve::pieces::{Piece, Pieces};
use crate::serve::problem::Problem;
use crate::serve::server::Call;
use axum::http::{HeaderName, HeaderValue, Response, header};
use lumidex_schema::id::{ImageId, TagId};
use lumidex_schema::path::display;
use lumidex_schema::recipe::Recipe;
use lumidex_schema::tag::TagKind;
use tokio::sync::OwnedSemaphorePermit;

/// `q` (text to find, may be empty) or `regex`, `path_only`, `folder` (any number), `tag`, `any_tag`, `not_tag` (by
/// name, any number), `media`, `sort` (`newest` or `random`), `cursor`, `size`. Answers as 4.5.
pub(crate) fn search(call: &Call<'_>) -> Outcome {
    let text = |name: &str| call.asked.param(name).unwrap_or_default().to_owned();
    let (plain, regex) = (text("q"), text("regex"));
    if plain.len().max(regex.len()) > NEEDLE_BYTES_MAX {
        return Err(Problem::bad(format!("the search text is longer than {NEEDLE_BYTES_MAX} bytes")));
    }
    let matching = match (plain, regex) {
        (_, regex) if !regex.is_empty() => Matching::Regex(regex),
        (plain, _) if !plain.is_empty() => Matching::Substring(plain),
        _ => Matching::Everything,
    };
    let size =
        call.asked.param("size").map(|size| size.parse().map_err(|_| Problem::bad("`size` is no number")));
    let order = match call.asked.param("sort") {
        None | Some("newest") => Order::Newest,
        Some("random") => Order::Random,
        Some(other) => {
            return Err(Problem::bad(format!("`sort` is `newest` or `random`, not `{other}`")));
        }
    };
    let request = Search {
        matching,
        path_only: matches!(call.asked.param("path_only"), Some("1" | "true")),
        media: media_of(call.asked.param("media"))?,
        folders: folders_of(call, all(call, "folder"))?,
        and_tags: tags_named(call, "tag")?,
        or_tags: tags_named(call, "any_tag")?,
        not_tags: tags_named(call, "not_tag")?,
        order,
        size: size_of(size.transpose()?),
        cursor: text("cursor"),
    };
    find(call, &request)
}

/// Every value of a parameter.
fn all(call: &Call<'_>, name: &str) -> Vec<String> {
    let pairs = call.asked.query.iter().filter(|(key, _)| key == name);
    pairs.map(|(_, value)| value.clone()).collect()
}

/// Tags by their names, each once: `NAME`, or `KIND:NAME` where several kinds have one of that name. A tag a person made
/// comes before all others.
fn tags_named(call: &Call<'_>, parameter: &str) -> Result<Vec<TagId>, Problem> {
    let names = all(call, parameter);
    if names.is_empty() {
        return Ok(Vec::new());
    }
    if names.len() > TAGS_MAX {
        return Err(Problem::bad(format!("more than {TAGS_MAX} tags are more than a request may name")));
    }
    let known = call.engine().tags()?;
    let mut tags = Vec::with_capacity(names.len());
    for name in &names {
        let called = |name: &str| known.iter().filter(|tag| tag.name == name).collect::<Vec<_>>();
        let mut found = called(name);
        if let Some(own) = found.iter().position(|tag| tag.kind == TagKind::Custom.word()) {
            found = vec![found[own]];
        }
        if let (true, Some((kind, rest))) = (found.is_empty(), name.split_once(':')) {
            found = called(rest);
            found.retain(|tag| tag.kind.eq_ignore_ascii_case(kind));
        }
        match found[..] {
            [tag] => tags.push(TagId(tag.id)),
            [] => return Err(Problem::not_found(format!("there is no tag `{name}`"))),
            [first, ..] => {
                let kinds: Vec<String> = found.iter().map(|tag| format!("`{}:{name}`", tag.kind)).collect();
                let kinds = kinds.join(", ");
                return Err(Problem::bad(format!("`{}` is the name of several tags: {kinds}", first.name)));
            }
        }
    }
    tags.sort_unstable();
    tags.dedup();
    Ok(tags)
}

/// `path` or `id`. One known image: `{"file", "pixel_width", "pixel_height", "generation_text", "edited", "recipe", "normalised", "tags"}`; `recipe` is
/// null when none was recognised; its `raw` is left empty, for that is what the text says.
pub(crate) fn image(call: &Call<'_>) -> Outcome {
    let (place, hit) = match call.asked.param("id") {
        None => {
            let place = call.path_param()?;
            let unknown =
                || Problem::not_found(format!("the library knows no image at `{}`", display(&place.path)));
            let hit = call.image_at(&place)?.ok_or_else(unknown)?;
            (place, hit)
        }
        Some(id) => {
            let unknown = || Problem::not_found(format!("the library knows no image with the id `{id}`"));
            let number = id.parse().ok().filter(|id| *id > 0).map(ImageId);
            let hit = number.map(|id| call.engine().image(id)).transpose()?.flatten().ok_or_else(unknown)?;
            // Whether it may be shown is decided by where it lies.
            (call.place(&display(&hit.path))?, hit)
        }
    };
    let text = call.engine().generation_text(&hit.image)?;
    // Links inside a root may lead out of it; what is behind them is not read.
    let FileText { recipe, .. } =
        if place.standing() == Standing::Inside { geninfo::read(call, &place) } else { FileText::default() };
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
