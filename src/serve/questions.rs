//! Questions about identity as a person sees them: which files are meant, what can be chosen.
//! What has settled itself in the meantime is left out. Decides nothing.

use crate::ledger::{ReadError, Reader};
use lumidex_schema::id::{ImageId, Seq, Timestamp};
use lumidex_schema::record::{Image, Presence, Question};

/// A question that waits for a person.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    /// Its number; how it is named.
    pub number: Seq,
    /// When it came up.
    pub at: Timestamp,
    /// What it is about.
    pub kind: Kind,
    /// The image that stands at the place in question now.
    pub image: Known,
    /// What can be taken instead of leaving all as it is.
    pub choices: Vec<Known>,
}

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Which of several missing images a file is.
    Ambiguous,
    /// Whether a missing image and a newer one are one.
    Both,
    /// Whether a file that was rewritten is another picture.
    Replaced,
}

/// An image with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// Which.
    pub id: ImageId,
    /// The absolute path of its file, or of where that was last.
    pub path: Vec<u8>,
    /// Its record.
    pub image: Image,
}

impl Kind {
    /// The word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ambiguous => "ambiguous",
            Self::Both => "both",
            Self::Replaced => "replaced",
        }
    }

    /// The question in words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Ambiguous => {
                "This file holds what several missing images held. Take the one it is, or keep it as an \
                 image of its own."
            }
            Self::Both => {
                "A missing image and this one hold the same, and you have worked on both. Take the \
                 missing one to make them one with the tags of both, or keep them apart."
            }
            Self::Replaced => {
                "This file was rewritten with other pixels and another recipe. Take the image to say that \
                 it is another picture now, or keep its tags on it."
            }
        }
    }
}

impl Known {
    /// Whether its file is there.
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.image.presence == Presence::Present
    }
}

/// Up to `max` questions that are still open, newest first.
///
/// # Errors
/// When the ledger cannot be read.
pub(super) fn open(reader: &Reader, max: usize) -> Result<Vec<Open>, ReadError> {
    let mut all = Vec::new();
    for (number, review) in reader.reviews()? {
        if all.len() == max {
            break;
        }
        if let Some((kind, image, choices)) = judged(reader, &review.question)? {
            all.push(Open { number, at: review.at, kind, image, choices });
        }
    }
    Ok(all)
}

/// The question with what is meant by it today; `None` when it is moot.
fn judged(reader: &Reader, question: &Question) -> Result<Option<(Kind, Known, Vec<Known>)>, ReadError> {
    let (kind, standing, missing) = match question {
        Question::Ambiguous { arrived, missing } => (Kind::Ambiguous, *arrived, missing.as_slice()),
        Question::Both { missing, arrived } => (Kind::Both, *arrived, std::slice::from_ref(missing)),
        Question::Replaced { image, before } => {
            let known = known(reader, *image)?.filter(Known::is_present);
            // With its former content back nothing was replaced.
            let known = known.filter(|known| known.image.fingerprint != *before);
            return Ok(known.map(|known| (Kind::Replaced, known.clone(), vec![known])));
        }
    };
    let Some(image) = known(reader, standing)?.filter(Known::is_present) else { return Ok(None) };
    let mut choices = Vec::with_capacity(missing.len());
    for id in missing {
        let is_missing = |known: &Known| matches!(known.image.presence, Presence::Missing { .. });
        choices.extend(known(reader, *id)?.filter(is_missing));
    }
    Ok((!choices.is_empty()).then_some((kind, image, choices)))
}

fn known(reader: &Reader, id: ImageId) -> Result<Option<Known>, ReadError> {
    let Some(image) = reader.image(id)? else { return Ok(None) };
    let path = reader.path_of(&image)?;
    Ok(Some(Known { id, path, image }))
}
