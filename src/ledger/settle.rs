//! What a person answers to questions about identity.

use super::decide::{DecideError, Failure};
use super::intern::Interned;
use super::relink;
use super::txn::{Tables, decode};
use lumidex_schema::id::{ImageId, Seq, Timestamp};
use lumidex_schema::record::{Action, Image, Presence, Question, Review};
use redb::ReadableTable;

/// Settles a question; `take` is what [`super::Ledger::settle_review`] says.
pub(super) fn settle(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    number: Seq,
    take: Option<ImageId>,
    at: Timestamp,
) -> Result<Seq, Failure> {
    let refused = |error| Err(Failure::Refused(error));
    let review: Option<Review> = decode(tables.reviews.get(number.0)?)?;
    let Some(review) = review else { return refused(DecideError::UnknownReview(number)) };
    let before = place_of(&review.question);
    let image = match take {
        None => before,
        Some(image) => {
            if !is_choice(&review.question, image) {
                return refused(DecideError::NotAChoice { review: number, image });
            }
            match settled_by(tables, interned, &review.question, image, at)? {
                Some(image) => image,
                None => return refused(DecideError::Outdated(number)),
            }
        }
    };
    tables.reviews.remove(number.0)?;
    Ok(tables.decided(at, Action::ReviewSettled { review, image, before })?)
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
