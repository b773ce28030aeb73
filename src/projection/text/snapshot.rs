//! What a search sees: one state of the text index that nothing changes any more.
//!
//! A snapshot is a few shared pointers; taking one is cheap and holding one delays nobody, except
//! that the files it uses stay on disk until it is dropped. Refuses to know images and queries.

use super::arena::Arena;
use super::candidates::{self, Candidates};
use super::error::TextError;
use super::ranked;
use super::segment::Segment;
use super::tail::Tail;
use lumidex_schema::id::{Seq, TextId};
use lumidex_schema::text_index::Fields;
use parking_lot::RwLock;
use std::sync::Arc;
use tantivy::Searcher;

/// Gives snapshots; cloning it is cheap.
#[derive(Clone)]
pub struct TextReader {
    pub(super) current: Arc<RwLock<Snapshot>>,
}

impl TextReader {
    /// The state that is visible now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.current.read().clone()
    }
}

/// The durable part: what the last commit holds, open for reading.
pub(super) struct Base {
    pub(super) searcher: Searcher,
    pub(super) fields: Fields,
    pub(super) segments: Vec<Segment>,
    /// Oldest and largest first.
    pub(super) arenas: Vec<Arc<Arena>>,
}

/// One visible state.
#[derive(Clone)]
pub struct Snapshot {
    pub(super) base: Option<Arc<Base>>,
    pub(super) tail: Tail,
    pub(super) visible: Seq,
    pub(super) len: u32,
}

/// Which words [`Snapshot::ranked`] searches, and what its ids are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordField {
    /// Positive prompts; ids of texts.
    Prompt,
    /// Negative prompts; ids of texts.
    Negative,
    /// Absolute paths of folders; ids of folders.
    Path,
    /// Names of tags; ids of tags.
    Tag,
}

impl Snapshot {
    pub(super) fn compose(base: Option<Arc<Base>>, tail: Tail, visible: Seq) -> Self {
        let arenas = base.iter().flat_map(|base| &base.arenas);
        let last = arenas.map(|arena| arena.last()).chain([tail.last()]).max().unwrap_or_default();
        Self { base, tail, visible, len: last.0.saturating_add(1) }
    }

    /// Every text up to this number of the feed is here.
    #[must_use]
    pub fn visible(&self) -> Seq {
        self.visible
    }

    /// One more than the largest text id.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "it bounds ids; id 0 is always below it")]
    pub fn len(&self) -> u32 {
        self.len
    }

    /// The folded template with holes as NUL.
    #[must_use]
    pub fn folded(&self, id: TextId) -> Option<&str> {
        // Checked anew each time: some tens of nanoseconds, where keeping a proof would take
        // unsafe code. `folded_bytes` does without.
        std::str::from_utf8(self.folded_bytes(id)?).ok()
    }

    /// The UTF-8 bytes of the folded template, for `memmem`.
    #[inline]
    #[must_use]
    pub fn folded_bytes(&self, id: TextId) -> Option<&[u8]> {
        let arenas = self.base.iter().flat_map(|base| &base.arenas);
        arenas.filter_map(|arena| arena.get(id)).next().or_else(|| self.tail.get(id).map(str::as_bytes))
    }

    /// The texts that may contain `fragment`, which is folded and holds no NUL, between two
    /// holes. Every text that does is in the result; others may be unless it is exact, which it
    /// always is for fragments of up to three code points.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn candidates(&self, fragment: &str) -> Result<Candidates, TextError> {
        let segments = self.base.as_ref().map_or(&[][..], |base| &base.segments);
        candidates::candidates(segments, &self.tail, self.len, fragment)
            .map_err(|error| TextError::Search(error.into()))
    }

    /// The set of all texts: what an empty fragment gives.
    #[must_use]
    pub fn all(&self) -> Candidates {
        Candidates::all(self.len, true)
    }

    /// The `limit` best matches of any of the query's words with their BM25 scores, best first;
    /// equal scores by increasing id. Covers what is durable, not the last few seconds.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn ranked(&self, field: WordField, query: &str, limit: usize) -> Result<Vec<(u32, f32)>, TextError> {
        match &self.base {
            Some(base) => Ok(ranked::ranked(base, field, query, limit)?),
            None => Ok(Vec::new()),
        }
    }
}
