//! What can go wrong in the text projection.

use std::path::PathBuf;

/// An operation on the text index failed.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    /// The index under the arenas refused.
    #[error("text index in `{dir}` failed")]
    Index {
        /// The directory of the projection.
        dir: PathBuf,
        /// What tantivy said.
        #[source]
        source: tantivy::TantivyError,
    },
    /// A file or the directory could not be read, written or removed.
    #[error("file `{path}` of the text index failed")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// What is stored contradicts itself; starting empty is the remedy.
    #[error("text index in `{dir}` is damaged: {what}")]
    Damaged {
        /// The directory of the projection.
        dir: PathBuf,
        /// The contradiction found.
        what: &'static str,
    },
    /// A search failed.
    #[error("text index cannot be searched")]
    Search(#[from] tantivy::TantivyError),
}

impl TextError {
    /// Whether nothing but starting empty helps.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        matches!(self, Self::Damaged { .. })
    }
}
