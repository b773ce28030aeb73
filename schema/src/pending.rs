//! What a person did, by an import, to files that the ledger has not seen yet.

use crate::id::{ImageId, TagId, Timestamp};
use crate::record::{Edit, Fingerprint};
use serde::{Deserialize, Serialize};

/// Stands for the size of a file whose size the import does not know.
pub const UNKNOWN_SIZE: u64 = u64::MAX;

/// What waits for a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The absolute path at which the file is expected.
    pub path: Vec<u8>,
    /// Its content; all zero when the import does not know it.
    pub fingerprint: Fingerprint,
    /// It was not there any more when the import's library was last looked at: only its content tells it.
    pub was_missing: bool,
    /// Custom tags to be put on it, sorted.
    pub tags: Vec<TagId>,
    /// Custom tags that a person took off it, sorted.
    pub refused: Vec<TagId>,
    /// Custom tags that a person's rules give it, sorted.
    pub ruled: Vec<TagId>,
    /// The generation text it was given.
    pub edit: Option<Edit>,
    /// The WebP picture that was chosen as its cover.
    pub cover: Option<Vec<u8>>,
    /// When it was imported.
    pub at: Timestamp,
}

/// What tells a file that waits from others wherever it is: the beginning of a key of
/// [`crate::tables::PENDING_NAMES`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mark {
    /// Its name; of a known content a slash, which no name has, and the fingerprint.
    pub name: Vec<u8>,
    /// Its size in bytes; 0 of a known content, for rewriting what a file says of itself changes its size.
    pub size: u64,
}

impl Mark {
    /// Of a file of this name and size.
    #[must_use]
    pub fn of_name(name: &[u8], size: u64) -> Self {
        Self { name: name.to_vec(), size }
    }

    /// Of a file of this content; `None` when it is not known.
    #[must_use]
    pub fn of_content(fingerprint: &Fingerprint) -> Option<Self> {
        let name = || [b"/", &fingerprint.0[..]].concat();
        (*fingerprint != Fingerprint::default()).then(|| Self { name: name(), size: 0 })
    }

    /// The content it is of; `None` for a name and size.
    #[must_use]
    pub fn content(&self) -> Option<Fingerprint> {
        let bytes = self.name.strip_prefix(b"/")?;
        bytes.try_into().ok().map(Fingerprint)
    }
}

/// Which image has the [`Mark`] of a file that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Candidate {
    /// None was seen.
    None,
    /// This one alone.
    One(ImageId),
    /// Several: which of them it is, only a path can tell.
    Several,
}

impl Candidate {
    /// The stored number.
    #[must_use]
    pub const fn encode(self) -> u32 {
        match self {
            Self::None => 0,
            Self::One(id) => id.0,
            Self::Several => u32::MAX,
        }
    }

    /// Reads what [`Candidate::encode`] gave.
    #[must_use]
    pub const fn decode(number: u32) -> Self {
        match number {
            0 => Self::None,
            u32::MAX => Self::Several,
            id => Self::One(ImageId(id)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_taken_for_a_content() {
        let content = Fingerprint([7; 16]);
        assert_eq!(Mark::of_content(&content).and_then(|mark| mark.content()), Some(content));
        assert_eq!(Mark::of_content(&Fingerprint::default()), None);
        assert_eq!(Mark::of_name(&[7; 16], 0).content(), None);
    }

    #[test]
    fn every_candidate_comes_back() {
        for candidate in [Candidate::None, Candidate::One(ImageId(7)), Candidate::Several] {
            assert_eq!(Candidate::decode(candidate.encode()), candidate);
        }
    }
}
