//! A library for tools that only read: its data folder when nobody has it open, else a copy that the server that has
//! it hands out.

use std::path::Path;

use lumidex::ledger::backup::Existing;
use lumidex::ledger::paid::Paid;
use lumidex::ledger::{OpenError, Reader};
use lumidex::sys::Stop;
use lumidex::sys::lock::LookLock;
use lumidex_schema::layout;
use tempfile::TempDir;

use crate::access::{self, AccessError, Looked};
use crate::backup::{BackupToolError, Stage, backup_unless};
use crate::paid::{self, PaidToolError};

/// Why a library cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadingError {
    /// There is none, or who has it does not answer.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The server did not hand out a copy.
    #[error(transparent)]
    Copy(#[from] BackupToolError),
    /// The server did not hand out what was paid for.
    #[error(transparent)]
    Paid(#[from] PaidToolError),
    /// The ledger, or the copy, could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is no room for a copy.
    #[error("there is no temporary folder for a copy of the ledger")]
    Temporary(#[source] std::io::Error),
}

/// A library as it stands. Nobody opens its data folder for writing as long as this lives, unless a server had it open
/// before.
pub struct Standing {
    /// The ledger.
    pub reader: Reader,
    /// What was paid for.
    pub paid: Paid,
    // In this order: the copy is removed when nothing reads it.
    _copy: Option<TempDir>,
    _lock: Option<LookLock>,
}

impl Standing {
    /// Opens the library in `folder` for reading. With `with_paid`, a copy of a server has what was paid for too.
    ///
    /// # Errors
    ///
    /// [`ReadingError`].
    pub fn open(
        folder: &Path,
        with_paid: bool,
        stop: &Stop,
        progress: &mut dyn FnMut(Stage),
    ) -> Result<Self, ReadingError> {
        let lock = match access::look(folder)? {
            Looked::Closed(lock) => lock,
            Looked::Served(_) => return Self::copied(folder, with_paid, stop, progress),
        };
        let reader = Reader::as_it_stands(&folder.join(layout::LEDGER))?;
        let paid = Paid::at(&folder.join(layout::PAID));
        Ok(Self { reader, paid, _copy: None, _lock: Some(lock) })
    }

    fn copied(
        folder: &Path,
        with_paid: bool,
        stop: &Stop,
        progress: &mut dyn FnMut(Stage),
    ) -> Result<Self, ReadingError> {
        let copy = tempfile::Builder::new().prefix("lumidex-").tempdir().map_err(ReadingError::Temporary)?;
        let ledger = copy.path().join(layout::LEDGER);
        backup_unless(folder, &ledger, Existing::Keep, stop, progress)?;
        if with_paid {
            paid::backup(folder, &ledger, stop)?;
        }
        let reader = Reader::as_it_stands(&ledger)?;
        let paid = Paid::at(&paid::beside_backup(&ledger));
        Ok(Self { reader, paid, _copy: Some(copy), _lock: None })
    }
}
