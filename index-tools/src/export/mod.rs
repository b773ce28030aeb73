//! Takes a library along: what a person did as an archive that can be read back, as XMP files beside pictures, and every
//! image as a document for search engines of others. Only reads the library.

mod archive;
mod deeds;
mod documents;
mod ndjson;
mod xmp;

use std::io;
use std::path::{Path, PathBuf};

use lumidex::ledger::ReadError;
use lumidex::ledger::backup::Existing;
use lumidex::ledger::paid::PaidError;
use lumidex::sys::{Beside, PathError};

pub(crate) use deeds::TAGS_UNDER;

pub use archive::{Archived, Contents, archive};
pub use ndjson::{Ndjson, Target, ndjson};
pub use xmp::{Sidecars, Where, sidecars};

/// Why there is no export. What was there before is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// There is a file of that name.
    #[error("`{}` exists already; choose another name, or add `--force`", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The ledger could not be read.
    #[error("the ledger cannot be read")]
    Read(#[from] ReadError),
    /// What was paid for could not be read.
    #[error(transparent)]
    Paid(#[from] PaidError),
    /// A file could not be written.
    #[error(transparent)]
    File(#[from] PathError),
    /// The output could not be written.
    #[error("the output cannot be written")]
    Output(#[source] io::Error),
    /// The caller asked to stop.
    #[error("stopped; nothing was kept of it")]
    Stopped,
}

/// Gives a file that is whole its name.
fn name(beside: Beside, path: &Path, existing: Existing) -> Result<(), ExportError> {
    match existing {
        Existing::Replace => Ok(beside.replace()?),
        Existing::Keep => beside.place().map_err(|error| match error.source.kind() {
            io::ErrorKind::AlreadyExists => ExportError::Exists { path: path.to_owned() },
            _ => error.into(),
        }),
    }
}

/// What is going on, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Files a person did something to: done, of how many.
    Files(u64, u64),
    /// Documents of images: done, of how many.
    Documents(u64, u64),
    /// Vectors: done, of how many.
    Vectors(u64, u64),
}
