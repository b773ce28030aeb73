//! One segment of the index, opened: its gram postings and what its documents are about.
//!
//! Refuses to know fragments and queries.

use lumidex_schema::feed::Subject;
use lumidex_schema::text_index::Fields;
use std::sync::Arc;
use tantivy::{DocId, InvertedIndexReader, SegmentReader};

/// Stands where a document is no text.
const NO_TEXT: u32 = u32::MAX;

/// What the documents of a segment are about, read from its column once: 4 bytes a document.
/// Postings are mapped to ids by a look-up here, which is several times faster than the column.
pub(super) struct Subjects {
    /// Text id by document; [`NO_TEXT`] for other kinds.
    texts: Vec<u32>,
    /// The other kinds, by document.
    others: Vec<(DocId, Subject)>,
    n_texts: u32,
}

impl Subjects {
    /// Reads the column; an error when a document has no subject that this build knows.
    pub(super) fn read(reader: &SegmentReader) -> tantivy::Result<Self> {
        let column = reader.fast_fields().u64("subject")?;
        let mut subjects =
            Self { texts: Vec::with_capacity(reader.max_doc() as usize), others: Vec::new(), n_texts: 0 };
        for doc in 0..reader.max_doc() {
            match column.first(doc).and_then(Subject::decode) {
                Some(Subject::Text(id)) if id.0 != NO_TEXT => {
                    subjects.texts.push(id.0);
                    subjects.n_texts += 1;
                }
                Some(subject @ (Subject::Folder(_) | Subject::Tag(_))) => {
                    subjects.texts.push(NO_TEXT);
                    subjects.others.push((doc, subject));
                }
                Some(Subject::Text(_) | Subject::Image(_)) | None => {
                    return Err(tantivy::TantivyError::InternalError("document without a subject".into()));
                }
            }
        }
        Ok(subjects)
    }
}

/// An open segment.
pub(super) struct Segment {
    reader: SegmentReader,
    grams: Arc<InvertedIndexReader>,
    subjects: Arc<Subjects>,
}

impl Segment {
    pub(super) fn open(
        reader: &SegmentReader,
        fields: &Fields,
        subjects: Arc<Subjects>,
    ) -> tantivy::Result<Self> {
        Ok(Self { reader: reader.clone(), grams: reader.inverted_index(fields.grams)?, subjects })
    }

    pub(super) fn reader(&self) -> &SegmentReader {
        &self.reader
    }

    pub(super) fn grams(&self) -> &InvertedIndexReader {
        &self.grams
    }

    pub(super) fn subjects(&self) -> &Arc<Subjects> {
        &self.subjects
    }

    /// Number of texts.
    pub(super) fn len(&self) -> u32 {
        self.subjects.n_texts
    }

    /// The id of a document that is a text.
    #[inline]
    pub(super) fn text(&self, doc: DocId) -> u32 {
        self.subjects.texts.get(doc as usize).copied().unwrap_or(NO_TEXT)
    }

    /// The ids of its texts.
    pub(super) fn texts(&self) -> impl Iterator<Item = u32> {
        self.subjects.texts.iter().copied().filter(|&id| id != NO_TEXT)
    }

    /// Its folders and tags that are not deleted.
    pub(super) fn others(&self) -> impl Iterator<Item = Subject> {
        let alive = |doc| !self.reader.is_deleted(doc);
        self.subjects.others.iter().filter(move |(doc, _)| alive(*doc)).map(|(_, subject)| *subject)
    }

    /// The bare id of what a document is about, whatever its kind.
    pub(super) fn id(&self, doc: DocId) -> Option<u32> {
        match self.text(doc) {
            NO_TEXT => {
                let nth = self.subjects.others.binary_search_by_key(&doc, |(doc, _)| *doc).ok()?;
                Some(self.subjects.others[nth].1.encode() as u32)
            }
            id => Some(id),
        }
    }
}
