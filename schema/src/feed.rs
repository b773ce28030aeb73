//! The feed: each subject once, at its latest number, oldest first.
//!
//! A row is a number and what changed; it carries no payload. Writing a subject again removes its
//! old row and adds one at the end, so the feed never outgrows the library and *catching up from
//! zero is rebuilding*.

use crate::id::{FolderId, ImageId, TagId, TextId};

/// What a feed row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// An image's record or links changed.
    Image(ImageId),
    /// A distinct text was added.
    Text(TextId),
    /// A folder was added or re-homed.
    Folder(FolderId),
    /// A tag was added, coloured or removed.
    Tag(TagId),
}

impl Subject {
    /// The value of the feed row: 1 byte of kind above 32 bits of id.
    #[must_use]
    pub const fn encode(self) -> u64 {
        let (kind, id) = match self {
            Self::Image(id) => (0, id.0),
            Self::Text(id) => (1, id.0),
            Self::Folder(id) => (2, id.0),
            Self::Tag(id) => (3, id.0),
        };
        (kind << 32) | id as u64
    }

    /// Reads what [`Subject::encode`] wrote; `None` for a kind this build does not know.
    #[must_use]
    pub const fn decode(row: u64) -> Option<Self> {
        let id = row as u32;
        match row >> 32 {
            0 => Some(Self::Image(ImageId(id))),
            1 => Some(Self::Text(TextId(id))),
            2 => Some(Self::Folder(FolderId(id))),
            3 => Some(Self::Tag(TagId(id))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subject_comes_back() {
        for subject in [
            Subject::Image(ImageId(u32::MAX)),
            Subject::Text(TextId(1)),
            Subject::Folder(FolderId(2)),
            Subject::Tag(TagId(3)),
        ] {
            assert_eq!(Subject::decode(subject.encode()), Some(subject));
        }
        assert_eq!(Subject::decode(9 << 32), None);
    }
}
