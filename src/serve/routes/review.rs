//! The review list: questions about identity that are asked and never guessed.

use super::status::seconds;
use crate::serve::answer::{Answer, Outcome};
use crate::serve::limits::REVIEWS_MAX;
use crate::serve::problem::Problem;
use crate::serve::questions::{Known, Open};
use crate::serve::server::Call;
use lumidex_schema::id::ImageId;
use lumidex_schema::path::display;

/// `{"reviews": [...]}`, newest first. What has settled itself is left out.
pub(crate) fn list(call: &Call<'_>) -> Outcome {
    let mut shown = Vec::new();
    for open in asked(call)? {
        shown.push(question(call, &open)?);
    }
    Ok(Answer::object([("reviews", Answer::Json(shown.into()))]))
}

/// Open questions about images that this server may show.
fn asked(call: &Call<'_>) -> Result<Vec<Open>, Problem> {
    let access = call.access()?;
    let mut all = call.engine().reviews(REVIEWS_MAX)?;
    all.retain(|open| access.may_show(&open.image.path));
    for open in &mut all {
        open.choices.retain(|choice| access.may_show(&choice.path));
    }
    Ok(all)
}

fn question(call: &Call<'_>, open: &Open) -> Result<serde_json::Value, Problem> {
    let Open { number, at, kind, image, choices } = open;
    let ids: Vec<ImageId> = std::iter::once(image).chain(choices).map(|known| known.id).collect();
    let mut tags = call.engine().custom_tags_of(&ids)?.into_iter().map(names);
    let own = tags.next().unwrap_or_default();
    let choice = |(known, tags): (&Known, Vec<String>)| {
        serde_json::json!({
            "image": known.id.get(), "path": display(&known.path), "present": known.is_present(), "tags": tags,
        })
    };
    Ok(serde_json::json!({
        "number": number.0,
        "at": seconds(*at),
        "kind": kind.word(),
        "text": kind.text(),
        "place": display(&image.path),
        "image": image.id.get(),
        "tags": own,
        "choices": choices.iter().zip(tags).map(choice).collect::<Vec<_>>(),
    }))
}

fn names(tags: Vec<lumidex_schema::api::Tag>) -> Vec<String> {
    tags.into_iter().map(|tag| tag.name).collect()
}
