//! What a person answers to questions about identity, and how an answer is taken back.

use super::ReadError;
use super::cover;
use super::decide::{DecideError, Failure};
use super::edit;
use super::intern::Interned;
use super::relink::{self, Relink};
use super::txn::{Tables, decode};
use super::undo::Obstacle;
use lumidex_schema::id::{ImageId, Seq, Timestamp};
use lumidex_schema::record::{
    Action, Edit, Fingerprint, Image, Link, Presence, Question, Review, Row, Standing,
};
use redb::ReadableTable;
use std::collections::BTreeSet;

/// Settles a question; `take` is what [`super::Ledger::settle_review`] says.
pub(super) fn settle(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    number: Seq,
    take: Option<ImageId>,
    at: Timestamp,
) -> Result<Seq, Failure> {
    let action = answer(tables, interned, number, take, at)?;
    Ok(tables.decided(at, action)?)
}

/// As [`settle`], without recording it.
pub(super) fn answer(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    number: Seq,
    take: Option<ImageId>,
    at: Timestamp,
) -> Result<Action, Failure> {
    let refused = |error| Err(Failure::Refused(error));
    let review: Option<Review> = decode(tables.reviews.get(number.0)?)?;
    let Some(review) = review else { return refused(DecideError::UnknownReview(number)) };
    let before = place_of(&review.question);
    let Some(taken) = take else {
        tables.reviews.remove(number.0)?;
        return Ok(Action::ReviewSettled { review, image: before, before });
    };
    if !is_choice(&review.question, taken) {
        return refused(DecideError::NotAChoice { review: number, image: taken });
    }
    let mut was = Vec::new();
    for id in BTreeSet::from([taken, before]) {
        if let Some(standing) = standing(tables, id)? {
            was.push((standing, edit::of(tables, id)?));
        }
    }
    let Some(image) = settled_by(tables, interned, &review.question, taken, at)? else {
        return refused(DecideError::Outdated(number));
    };
    tables.reviews.remove(number.0)?;
    Ok(Action::ReviewTaken { review, image, before, was })
}

fn standing(tables: &Tables<'_>, image: ImageId) -> Result<Option<Standing>, ReadError> {
    let Some(record) = tables.image(image)? else { return Ok(None) };
    let links = relink::links(tables, image)?;
    let former = decode(tables.formers.get(image.0)?)?;
    Ok(Some(Standing { image, record, links, former, cover: cover::of(tables, image)? }))
}

/// Asks a question again; `take` is the answer that it had.
pub(super) fn reopen(
    tables: &mut Tables<'_>,
    review: Review,
    take: Option<ImageId>,
) -> Result<Action, ReadError> {
    let number = tables.next_seq();
    tables.reviews.insert(number.0, review.encode().as_slice())?;
    Ok(Action::ReviewReopened { review, number, take })
}

/// Makes the images what they were before a question was settled: the file of the one that stands there
/// goes back to the other.
pub(super) fn take_back(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    review: Review,
    (image, before): (ImageId, ImageId),
    was: Vec<(Standing, Option<Edit>)>,
    at: Timestamp,
) -> Result<Action, Obstacle> {
    let moved_on = || Obstacle::why("its images have moved on since");
    let (Some(there), Some(other)) = (tables.image(image)?, tables.image(before)?) else {
        return moved_on();
    };
    if there.presence != Presence::Present || other.presence == Presence::Present {
        return moved_on();
    }
    let take = match &review.question {
        Question::Ambiguous { .. } | Question::Both { .. } => image,
        Question::Replaced { image, .. } => *image,
    };
    let mut relink = Relink::new(tables, interned, at);
    relink.leave(image, &there)?;
    relink.leave(before, &other)?;
    relink.store(before, there.clone())?;
    let stood =
        was.iter().find(|(standing, _)| standing.image == image).map(|(standing, _)| standing.record.clone());
    // Nobody was there before it, unless it was lost then.
    let record =
        stood.unwrap_or(Image { presence: Presence::Retired, fingerprint: Fingerprint::default(), ..there });
    let place = (record.folder.0, record.name.clone());
    relink.interned.alikes.add(image, &record.fingerprint, &record.sighting);
    relink.store_elsewhere(image, record)?;
    if tables.paths.get((place.0, place.1.as_slice()))?.is_none() {
        tables.paths.insert((place.0, place.1.as_slice()), (image.0, 0))?;
    }
    put_back_links(tables, (image, before), &was)?;
    for (Standing { image, former, cover, .. }, edit) in was {
        edit::keep(tables, image, edit.as_ref())?;
        match former {
            Some(former) => {
                interned.alikes.add(image, &former.fingerprint, &former.sighting);
                tables.formers.insert(image.0, former.encode().as_slice())?.is_some()
            }
            None => tables.formers.remove(image.0)?.is_some(),
        };
        match cover {
            Some(cover) => tables.covers.insert(image.0, cover.as_slice())?.is_some(),
            None => tables.covers.remove(image.0)?.is_some(),
        };
    }
    Ok(reopen(tables, review, Some(take))?)
}

/// Every link as it was. What rules have put on since belongs to who has the file.
fn put_back_links(
    tables: &mut Tables<'_>,
    (image, before): (ImageId, ImageId),
    was: &[(Standing, Option<Edit>)],
) -> Result<(), ReadError> {
    let mut ruled = Vec::new();
    for id in [image, before] {
        for (tag, link) in relink::links(tables, id)? {
            tables.links.remove((id.0, tag.0))?;
            ruled.extend((link == Link::Ruled).then_some(tag));
        }
    }
    for (standing, _) in was {
        for (tag, link) in &standing.links {
            if tables.tag(*tag)?.is_some_and(|tag| !tag.removed) {
                tables.links.insert((standing.image.0, tag.0), link.encode().as_slice())?;
            }
        }
    }
    let had = |tag| was.iter().any(|(standing, _)| standing.links.contains(&(tag, Link::Ruled)));
    for tag in ruled.into_iter().filter(|tag| !had(*tag)) {
        if tables.links.get((before.0, tag.0))?.is_none() {
            tables.links.insert((before.0, tag.0), Link::Ruled.encode().as_slice())?;
        }
    }
    Ok(())
}

/// The image that stands where the question arose.
const fn place_of(question: &Question) -> ImageId {
    match question {
        Question::Ambiguous { arrived, .. } | Question::Both { arrived, .. } => *arrived,
        Question::Replaced { image, .. } => *image,
    }
}

fn is_choice(question: &Question, image: ImageId) -> bool {
    match question {
        Question::Ambiguous { missing, .. } => missing.contains(&image),
        Question::Both { missing, .. } => *missing == image,
        Question::Replaced { image: replaced, .. } => *replaced == image,
    }
}

/// The image that stands there then; `None` when the images have moved on since it was asked.
fn settled_by(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    question: &Question,
    image: ImageId,
    at: Timestamp,
) -> Result<Option<ImageId>, Failure> {
    if !is_open(question, |id| tables.image(id))? {
        return Ok(None);
    }
    match question {
        Question::Ambiguous { arrived, .. } | Question::Both { arrived, .. } => {
            let is_missing =
                tables.image(image)?.is_some_and(|image| matches!(image.presence, Presence::Missing { .. }));
            if !is_missing {
                return Ok(None);
            }
            relink::take_over(tables, interned, image, *arrived, at)?;
            Ok(Some(image))
        }
        Question::Replaced { before, .. } => Ok(relink::part(tables, interned, image, *before, at)?),
    }
}

/// Whether a question still makes sense.
pub(super) fn is_open<E>(
    question: &Question,
    image: impl Fn(ImageId) -> Result<Option<Image>, E>,
) -> Result<bool, E> {
    let content_at = |id| {
        let there = image(id)?.filter(|image| image.presence == Presence::Present);
        Ok(there.map(|image| image.fingerprint))
    };
    let is_missing_with = |id, content| {
        Ok(image(id)?.is_some_and(|image| {
            matches!(image.presence, Presence::Missing { .. }) && Some(image.fingerprint) == content
        }))
    };
    match question {
        Question::Ambiguous { arrived, missing } => {
            let content = content_at(*arrived)?;
            for id in missing {
                if is_missing_with(*id, content)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Question::Both { missing, arrived } => is_missing_with(*missing, content_at(*arrived)?),
        Question::Replaced { image: id, before } => {
            Ok(content_at(*id)?.is_some_and(|content| content != *before))
        }
    }
}
