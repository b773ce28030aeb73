//! The text projection: which distinct texts may contain a fragment, and ranked word search.
//!
//! Immutable distinct things only: generation texts as templates with holes, folders, tag names.
//! What an image has of its own (date, folder, file name, hole values, tags) is elsewhere.
//!
//! A tantivy index holds, for each text, the set of its 1-, 2- and 3-grams of folded code points;
//! beside it lie *arenas*, immutable files of the folded templates, memory-mapped. A search
//! intersects the postings of a few grams and has the remaining templates proved by `memmem`,
//! newest image first, which is the caller's. Changes since the last commit stand in a small tail
//! in memory that every search scans.

mod arena;
mod candidates;
mod directory;
mod error;
mod grams;
mod index;
mod projection;
mod ranked;
mod segment;
mod snapshot;
mod store;
mod tail;
mod verify;
mod words;

pub use candidates::Candidates;
pub use error::TextError;
pub use index::TextIndex;
pub use projection::TextProjection;
pub use snapshot::{Snapshot, TextReader, WordField};
pub use verify::verify;
pub(super) use verify::verify_closed;

#[cfg(test)]
mod tests;
