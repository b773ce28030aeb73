//! How reading the files of a library went: of the ledger, or of the server that has it open. Nothing is written.

use std::path::Path;

use lumidex::intake;
use lumidex::ledger::{OpenError, ReadError, Reader};
use lumidex::sys::Stop;
use lumidex_schema::layout;
use serde_json::Value;

use crate::access::{self, AccessError, Looked};

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DoctorToolError {
    /// The library cannot be had.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The ledger cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The ledger cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It was told to stop.
    #[error("stopped before everything was looked at")]
    Stopped,
}

/// What the server answers to `GET /api/v1/doctor`, with up to `examples` paths of each group.
///
/// # Errors
///
/// [`DoctorToolError`].
pub fn doctor(folder: &Path, examples: usize, stop: &Stop) -> Result<Value, DoctorToolError> {
    match access::look(folder)? {
        Looked::Closed(_held) => {
            let reader = Reader::as_it_stands(&folder.join(layout::LEDGER))?;
            Ok(intake::checkup(&reader, examples, &|_| true)?.to_json())
        }
        Looked::Served(server) => {
            let path = format!("/api/v1/doctor?examples={examples}");
            server.ask(&path, stop)?.ok_or(DoctorToolError::Stopped)
        }
    }
}
