//! Questions about identity as a person sees them: which files are meant, what can be chosen.
//! Decides nothing.

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
    for (number, review) in reader.reviews(max)? {
        let (kind, place, choices) = match &review.question {
            Question::Ambiguous { arrived, missing } => (Kind::Ambiguous, *arrived, missing.as_slice()),
            Question::Both { missing, arrived } => (Kind::Both, *arrived, std::slice::from_ref(missing)),
            Question::Replaced { image, before: _ } => (Kind::Replaced, *image, std::slice::from_ref(image)),
        };
        let Some(image) = known(reader, place)? else { continue };
        let mut open = Open { number, at: review.at, kind, image, choices: Vec::new() };
        for id in choices {
            // Some of the missing ones may have been found meanwhile.
            let is_choice = |known: &Known| kind == Kind::Replaced || !known.is_present();
            open.choices.extend(known(reader, *id)?.filter(is_choice));
        }
        all.push(open);
    }
    Ok(all)
}

fn known(reader: &Reader, id: ImageId) -> Result<Option<Known>, ReadError> {
    let Some(image) = reader.image(id)? else { return Ok(None) };
    let path = reader.path_of(&image)?;
    Ok(Some(Known { id, path, image }))
}
