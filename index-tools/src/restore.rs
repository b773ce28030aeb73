//! Puts a backup in the place of a library's ledger, while no server runs.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use lumidex::ledger::backup::{self, RestoreError, Restored};
use lumidex::ledger::paid::Merged;
use lumidex::sys::lock::LockError;
use lumidex::sys::{DirLock, Stop};
use lumidex_schema::id::Timestamp;

use crate::paid::{self, PaidToolError};

/// Why nothing was restored; everything is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreToolError {
    /// Another process has the folder.
    #[error("{0}; stop it first")]
    InUse(LockError),
    /// The lock could not be taken for another reason.
    #[error(transparent)]
    Lock(LockError),
    /// The backup is not sound, or a file could not be read, written or renamed.
    #[error(transparent)]
    Restore(#[from] RestoreError),
}

/// A data folder that nobody else uses.
pub struct Place {
    folder: PathBuf,
    _lock: DirLock,
}

impl Place {
    /// Takes the folder's lock, for a restore from this file. The folder is made if need be.
    ///
    /// # Errors
    ///
    /// [`RestoreToolError`].
    pub fn take(folder: &Path, backup: &Path) -> Result<Self, RestoreToolError> {
        // Looked for first, so that a mistyped folder is not made for nothing.
        if !backup.is_file() {
            return Err(RestoreError::Absent { path: backup.to_owned() }.into());
        }
        let lock = DirLock::take(folder).map_err(|error| match error {
            LockError::Held { .. } => RestoreToolError::InUse(error),
            LockError::File(_) => RestoreToolError::Lock(error),
        })?;
        Ok(Self { folder: folder.to_owned(), _lock: lock })
    }

    /// Checks a copy of the backup and puts it in the ledger's place, which is kept under another
    /// name. Indexes notice by themselves and fill again when a server starts.
    ///
    /// # Errors
    ///
    /// [`RestoreToolError`].
    pub fn restore(&self, backup: &Path, stop: &Stop) -> Result<Restored, RestoreToolError> {
        Ok(backup::restore(backup, &self.folder, now(), stop)?)
    }

    /// Adds what an upstream was paid for, if there is a copy of it with the backup.
    ///
    /// # Errors
    ///
    /// [`PaidToolError`]; what was added stays.
    pub fn restore_paid(&self, backup: &Path, stop: &Stop) -> Result<Option<Merged>, PaidToolError> {
        paid::restore(backup, &self.folder, stop)
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
