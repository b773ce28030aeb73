//! Why vectors could not be had.

use crate::ledger::ReadError;
use crate::ledger::paid::PaidError;
use std::io;
use std::path::PathBuf;

/// See the module.
#[derive(Debug, thiserror::Error)]
pub enum VectorsError {
    /// The ledger could not be read.
    #[error(transparent)]
    Ledger(#[from] ReadError),
    /// What was paid for could not be read.
    #[error(transparent)]
    Paid(#[from] PaidError),
    /// An edition could not be written or read back.
    #[error("vectors cannot be kept in `{}`", path.display())]
    File {
        /// The folder of the model.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It was told to stop; what was done so far is not lost.
    #[error("stopped before the vectors were ready")]
    Stopped,
}
