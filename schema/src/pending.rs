//! What a person did, by an import, to files that the ledger has not seen yet.

use crate::id::{ImageId, TagId, Timestamp};
use crate::record::Edit;
use serde::{Deserialize, Serialize};

/// Stands for the size of a file whose size the import does not know.
pub const UNKNOWN_SIZE: u64 = u64::MAX;

/// What waits for a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The absolute path at which the file is expected.
    pub path: Vec<u8>,
    /// Custom tags to be put on it, sorted.
    pub tags: Vec<TagId>,
    /// The generation text it was given.
    pub edit: Option<Edit>,
    /// Custom tags that a person's rules give it by that text, sorted.
    pub ruled: Vec<TagId>,
    /// When it was imported.
    pub at: Timestamp,
}

/// Which image has the name and size of a file that is waited for.
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
    fn every_candidate_comes_back() {
        for candidate in [Candidate::None, Candidate::One(ImageId(7)), Candidate::Several] {
            assert_eq!(Candidate::decode(candidate.encode()), candidate);
        }
    }
}
