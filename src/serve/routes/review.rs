//! The review list: questions about identity that are asked and never guessed.

use super::status::seconds;
use crate::serve::answer::{Answer, Outcome};
use crate::serve::extract::{WireId, required};
use crate::serve::limits::REVIEWS_SHOWN_MAX;
use crate::serve::problem::Problem;
use crate::serve::questions::{Known, Open};
use crate::serve::server::Call;
use lumidex_schema::api::Tag;
use lumidex_schema::id::{ImageId, Seq};
use lumidex_schema::path::display;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

/// `{"reviews": [...]}`, newest first. What has settled itself is left out.
pub(crate) fn list(call: &Call<'_>) -> Outcome {
    let shown: Vec<Value> = asked(call)?.iter().map(|open| question(call, open)).collect::<Result<_, _>>()?;
    Ok(Answer::Json(json!({ "reviews": shown })))
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Answered {
    number: Option<u64>,
    take: Option<WireId>,
}

/// `{"number": n, "take": id}`; `null` leaves all as it is.
pub(crate) fn settle(call: &Call<'_>) -> Outcome {
    let Answered { number, take } = call.asked.json()?;
    let number = Seq(required(number, "number")?);
    let known = asked(call)?.into_iter().find(|open| open.number == number);
    let open = known.ok_or_else(|| Problem::not_found(format!("there is no open question {number}")))?;
    let take = match take {
        None => None,
        Some(given) => {
            let id = given.number().map(ImageId);
            let chosen = open.choices.iter().find(|choice| Some(choice.id) == id);
            let chosen = chosen.ok_or_else(|| {
                Problem::bad(format!("question {number} does not have that image as a choice"))
            });
            Some(chosen?.id)
        }
    };
    call.did(call.engine().settle_review(number, take)?);
    Ok(Answer::Null)
}

/// Open questions about images that this server may show.
fn asked(call: &Call<'_>) -> Result<Vec<Open>, Problem> {
    let access = call.access()?;
    let mut all = call.engine().reviews(REVIEWS_SHOWN_MAX)?;
    all.retain(|open| access.may_show(&open.image.path));
    for open in &mut all {
        open.choices.retain(|choice| access.may_show(&choice.path));
    }
    Ok(all)
}

fn question(call: &Call<'_>, open: &Open) -> Result<Value, Problem> {
    let Open { number, at, kind, image, choices } = open;
    let ids: Vec<ImageId> = std::iter::once(image).chain(choices).map(|known| known.id).collect();
    let mut tags = call.engine().custom_tags_of(&ids)?.into_iter().map(names);
    let own = tags.next().unwrap_or_default();
    let choice = |(known, tags): (&Known, Vec<String>)| {
        json!({
            "image": known.id.get(), "path": display(&known.path), "present": known.is_present(), "tags": tags,
        })
    };
    Ok(json!({
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

fn names(tags: Vec<Tag>) -> Vec<String> {
    tags.into_iter().map(|tag| tag.name).collect()
}
