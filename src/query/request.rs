//! What can be asked, and how asking can fail.

use crate::ledger::ReadError;
use crate::projection::text::TextError;
use lumidex_schema::id::TagId;
use lumidex_schema::media::MediaKind;
use std::hash::{Hash, Hasher};

/// What text an image must have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Matching {
    /// Any, or none.
    #[default]
    Everything,
    /// This, anywhere in its path or generation text, in any case of letters.
    Substring(String),
    /// A match of this regular expression, ignoring case; `^` and `$` match at line breaks, `.`
    /// matches line breaks.
    Regex(String),
}

/// In which order images come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// (date, id) descending.
    #[default]
    Newest,
    /// By a seeded hash; the seed is drawn with the first page and kept in its cursor.
    Random,
}

/// A search. All conditions hold together; empty ones are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// What text an image must have.
    pub matching: Matching,
    /// Look at paths only.
    pub path_only: bool,
    /// Kind of media.
    pub media: Option<MediaKind>,
    /// Absolute paths of folders; an image must lie in or below one of them. `None` or empty: any.
    pub folders: Option<Vec<Vec<u8>>>,
    /// Every one of these tags.
    pub and_tags: Vec<TagId>,
    /// At least one of these tags.
    pub or_tags: Vec<TagId>,
    /// None of these tags.
    pub not_tags: Vec<TagId>,
    /// In which order.
    pub order: Order,
    /// Hits on a page; clamped to 1..=10,000.
    pub size: usize,
    /// Where the last page ended; empty for the first.
    pub cursor: String,
}

impl Search {
    /// A digest of what is asked, without where and how much of it.
    #[must_use]
    pub(super) fn digest(&self) -> u32 {
        let Self {
            matching,
            path_only,
            media,
            folders,
            and_tags,
            or_tags,
            not_tags,
            order,
            size: _,
            cursor: _,
        } = self;
        let mut hasher = Digest(blake3::Hasher::new());
        (matching, path_only, media.map(MediaKind::word), folders).hash(&mut hasher);
        (and_tags, or_tags, not_tags, order).hash(&mut hasher);
        let bytes = hasher.0.finalize();
        let mut first = [0; 4];
        first.copy_from_slice(&bytes.as_bytes()[..4]);
        u32::from_le_bytes(first)
    }
}

/// std's hasher may change between releases; cursors live longer.
struct Digest(blake3::Hasher);

impl Hasher for Digest {
    fn finish(&self) -> u64 {
        0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

/// Why a search gave no page.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// No such tag, or it was removed.
    #[error("there is no tag `{0}`")]
    UnknownTag(TagId),
    /// The cursor is damaged.
    #[error("the cursor cannot be read; start again without one")]
    BadCursor,
    /// The cursor belongs to another query.
    #[error("the cursor belongs to another search; start again without one")]
    ForeignCursor,
    /// The regular expression cannot be used.
    #[error("the regular expression cannot be used: {0}")]
    BadRegex(String),
    /// The regular expression took too long.
    #[error(
        "the regular expression takes too long on this library; put a word of at least three letters in it, or \
         narrow the search to a folder"
    )]
    RegexTooExpensive,
    /// The indexes have not caught up yet.
    #[error("the index is still catching up; try again in a moment")]
    NotReady,
    /// The text index could not be read.
    #[error(transparent)]
    Text(#[from] TextError),
    /// The ledger could not be read.
    #[error(transparent)]
    Ledger(#[from] ReadError),
}
