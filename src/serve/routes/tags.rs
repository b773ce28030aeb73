//! Contract section 5 and 11.7: custom tags and which images have them.

use crate::query::Hit;
use crate::serve::access::Place;
use crate::serve::answer::{Answer, Outcome};
use crate::serve::engine::Linking;
use crate::serve::extract::{WireId, not_too_many, nullable, required};
use crate::serve::limits::COLOR_BYTES_MAX;
use crate::serve::problem::Problem;
use crate::serve::server::Call;
use lumidex_schema::api::Tag;
use lumidex_schema::id::{ImageId, TagId};
use lumidex_schema::path::display;
use lumidex_schema::tag::{LIKE, TagKind, is_valid_name};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// 5.1. Unknown files have no tags.
pub(crate) fn of_image(call: &Call<'_>) -> Outcome {
    let place = call.path_param()?;
    let Some(hit) = call.image_at(&place)? else { return Ok(Answer::Tags(Vec::new())) };
    let tags = call.engine().custom_tags_of(&[hit.id])?.into_iter().next();
    Ok(Answer::Tags(tags.unwrap_or_default()))
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Paths {
    #[serde(default, deserialize_with = "nullable")]
    paths: Vec<String>,
}

/// 5.2. Keyed by the texts the client sent; files without custom tags are absent.
pub(crate) fn of_images(call: &Call<'_>) -> Outcome {
    let Paths { paths } = call.asked.json()?;
    let paths = not_too_many(paths)?;
    let known = images_of(call, &paths)?;
    let ids: Vec<ImageId> = known.values().map(|hit| hit.id).collect();
    let tags = call.engine().custom_tags_of(&ids)?;
    let entries = known.into_keys().zip(tags).filter(|(_, tags)| !tags.is_empty());
    Ok(Answer::Object(entries.map(|(path, tags)| (path.to_owned().into(), Answer::Tags(tags))).collect()))
}

/// The known images among the paths a client sent, by what it sent.
pub(crate) fn images_of<'a>(call: &Call<'_>, given: &'a [String]) -> Result<BTreeMap<&'a str, Hit>, Problem> {
    let places = given.iter().map(|path| call.place(path)).collect::<Result<Vec<_>, _>>()?;
    let paths: Vec<&[u8]> = places.iter().map(|place| place.path.as_slice()).collect();
    let hits = call.engine().images_at(&paths)?;
    Ok(given.iter().zip(hits).filter_map(|(path, hit)| Some((path.as_str(), hit?))).collect())
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Name {
    tag_name: Option<String>,
}

/// 5.3
pub(crate) fn add(call: &Call<'_>) -> Outcome {
    let Name { tag_name } = call.asked.json()?;
    let name = required(tag_name, "tag_name")?;
    if !is_valid_name(&name) {
        return Err(Problem::bad(
            "a tag name is not blank, and not longer than 8 words and 40 characters, or 12 ideographs",
        ));
    }
    let (tag, deed) = call.engine().make_tag(&name)?;
    call.did(deed);
    Ok(Answer::Tag(tag))
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Toggle {
    img_path: Option<String>,
    tag_id: Option<WireId>,
}

/// 5.4
pub(crate) fn toggle(call: &Call<'_>) -> Outcome {
    let Toggle { img_path, tag_id } = call.asked.json()?;
    let place = call.place(&required(img_path, "img_path")?)?;
    let tag = custom(call, required(tag_id, "tag_id")?)?;
    let image = taggable(call, &place)?;
    let (is_remove, deed) = call.engine().toggle_tag(TagId(tag.id), image)?;
    call.did(deed);
    Ok(Answer::object([("is_remove", Answer::json(is_remove))]))
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Batch {
    #[serde(default, deserialize_with = "nullable")]
    img_paths: Vec<String>,
    action: Option<String>,
    tag_id: Option<WireId>,
}

/// 5.5. Everything is checked before anything changes.
pub(crate) fn batch(call: &Call<'_>) -> Outcome {
    let Batch { img_paths, action, tag_id } = call.asked.json()?;
    let linking = match required(action, "action")?.as_str() {
        "add" => Linking::Put,
        "remove" => Linking::Take,
        other => return Err(Problem::bad(format!("`action` is `add` or `remove`, not `{other}`"))),
    };
    let tag = custom(call, required(tag_id, "tag_id")?)?;
    let places =
        not_too_many(img_paths)?.iter().map(|path| call.place(path)).collect::<Result<Vec<_>, _>>()?;
    let mut images = Vec::with_capacity(places.len());
    for place in &places {
        images.push(taggable(call, place)?);
    }
    images.sort_unstable();
    images.dedup();
    call.did(call.engine().link_tag(TagId(tag.id), &images, linking)?);
    Ok(Answer::Null)
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Removal {
    tag_id: Option<WireId>,
}

/// 5.6. Unknown ids are ignored; automatic tags and `like` are refused.
pub(crate) fn remove(call: &Call<'_>) -> Outcome {
    let Removal { tag_id } = call.asked.json()?;
    let Some(id) = required(tag_id, "tag_id")?.number() else { return Ok(Answer::Null) };
    let Some(tag) = call.engine().tag(TagId(id))? else { return Ok(Answer::Null) };
    refuse_auto(&tag)?;
    if tag.name == LIKE {
        return Err(Problem::bad(format!("the tag `{LIKE}` cannot be removed")));
    }
    call.did(call.engine().remove_tag(TagId(id))?);
    Ok(Answer::Null)
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Colour {
    id: Option<WireId>,
    #[serde(default, deserialize_with = "nullable")]
    color: String,
}

/// 5.7. Only the colour changes; unknown ids are ignored. Clients send a whole tag.
pub(crate) fn update(call: &Call<'_>) -> Outcome {
    let Colour { id, color } = call.asked.json()?;
    if color.len() > COLOR_BYTES_MAX {
        return Err(Problem::bad(format!("`color` is longer than {COLOR_BYTES_MAX} bytes")));
    }
    let Some(id) = required(id, "id")?.number() else { return Ok(Answer::Null) };
    if call.engine().tag(TagId(id))?.is_some() {
        call.did(call.engine().color_tag(TagId(id), &color)?);
    }
    Ok(Answer::Null)
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct TakeOff {
    img_id: Option<WireId>,
    tag_id: Option<WireId>,
}

/// 11.7
pub(crate) fn take_off(call: &Call<'_>) -> Outcome {
    let TakeOff { img_id, tag_id } = call.asked.json()?;
    let image = required(img_id, "img_id")?.number().map(ImageId);
    let tag = custom(call, required(tag_id, "tag_id")?)?;
    let known = image.map(|id| call.engine().image(id)).transpose()?.flatten();
    let hit = known.ok_or_else(|| Problem::not_found("there is no image with this `img_id`"))?;
    if !call.access()?.may_show(&hit.path) {
        return Err(Problem::forbidden("the image lies outside the folders this server may show"));
    }
    call.did(call.engine().link_tag(TagId(tag.id), &[hit.id], Linking::Take)?);
    Ok(Answer::Null)
}

/// A custom tag that is there.
fn custom(call: &Call<'_>, id: WireId) -> Result<Tag, Problem> {
    let id = id.tag()?;
    let known = call.engine().tag(id)?;
    let tag = known.ok_or_else(|| Problem::not_found(format!("there is no tag with the id `{id}`")))?;
    refuse_auto(&tag)?;
    Ok(tag)
}

fn refuse_auto(tag: &Tag) -> Result<(), Problem> {
    if tag.kind == TagKind::Custom.word() {
        return Ok(());
    }
    Err(Problem::bad(format!("`{}` follows from the files and cannot be changed by hand", tag.name)))
}

/// An image a tag can be put on: below a root, and known or read at once.
fn taggable(call: &Call<'_>, place: &Place) -> Result<ImageId, Problem> {
    let shown = display(&place.path);
    if !call.access()?.is_under_root(&place.path) {
        return Err(Problem::bad(format!("`{shown}` lies in no indexed folder")));
    }
    if let Some(hit) = call.image_at(place)? {
        return Ok(hit.id);
    }
    if call.engine().n_images()? == 0 {
        return Err(Problem::bad("the library is empty; update the index first"));
    }
    if place.kind().is_none() {
        return Err(Problem::not_found(format!("`{shown}` does not exist")));
    }
    let hit = call.engine().index_file(&place.path)?;
    let why = || match call.is_offline(&place.path) {
        true => format!("`{shown}` lies in a folder that is offline; nothing new is read there"),
        false => format!("`{shown}` is no media file"),
    };
    Ok(hit.ok_or_else(|| Problem::bad(why()))?.id)
}
