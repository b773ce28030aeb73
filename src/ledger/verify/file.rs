//! A ledger's file that nobody has open: every page of it is proved, then its rows are looked through. What opening
//! it would write, as when it was not closed, is written in memory alone.

use super::super::ReadError;
use super::super::open::{OpenError, readable_format};
use super::super::store::engine;
use super::finding::{Finding, Findings, Mend};
use super::look::VerifyError;
use super::look_through;
use crate::limits;
use crate::sys::Stop;
use crate::sys::storage::{Disk, Diverting};
use lumidex_schema::layout;
use redb::{Database, ReadTransaction, ReadableDatabase};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Why a file could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be opened, for a reason that is no damage: a newer program wrote it, or the disk fails.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It is damaged.
    #[error("{0}")]
    Damaged(String),
    /// It could not be looked through.
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

/// A file every page of which is what was written.
pub struct Closed {
    txn: ReadTransaction,
    /// Kept open for as long as it is read.
    _db: Database,
}

impl Closed {
    /// Opens a file and proves every page. The caller holds the lock of its folder.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn open(path: &Path) -> Result<Self, FileError> {
        fenced(|| {
            let store = |source: ReadError| OpenError::Store { path: path.display().to_string(), source };
            let backend = Diverting::as_it_stands(&*Disk::shared(), path);
            let backend = backend.map_err(|error| store(error.into()))?;
            let mut db = engine(&backend, limits::LEDGER_CACHE_BYTES)
                .map_err(|error| FileError::Damaged(in_words(&error)))?;
            if readable_format(&db, path)?.is_none() {
                return Err(FileError::Damaged("there is nothing in it".to_owned()));
            }
            match db.check_integrity() {
                Ok(true) => {}
                Ok(false) => return Err(FileError::Damaged("a page is not as it was written".to_owned())),
                Err(error) => return Err(FileError::Damaged(in_words(&error))),
            }
            let txn = db.begin_read().map_err(|error| FileError::Damaged(in_words(&error)))?;
            Ok(Self { txn, _db: db })
        })
    }

    pub(super) fn txn(&self) -> &ReadTransaction {
        &self.txn
    }

    /// Looks through its rows, as [`super::verify`] does.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn verify(&self, stop: &Stop, progress: &mut dyn FnMut(u64, u64)) -> Result<Findings, FileError> {
        fenced(|| {
            let mut findings = Findings::default();
            look_through(&self.txn, stop, progress, &mut |finding, _| findings.add(finding))?;
            Ok(findings)
        })
    }
}

/// Looks through a ledger that nobody has open; damage is a finding.
///
/// # Errors
/// [`FileError`], but for [`FileError::Damaged`].
pub fn verify_closed(
    path: &Path,
    stop: &Stop,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Findings, FileError> {
    let damaged = |found: String| {
        let mut findings = Findings::default();
        let words = ("a ledger as it was written".to_owned(), found);
        findings.add(Finding::new(layout::LEDGER, "file-sound", "the file", words, Mend::Restore));
        findings
    };
    match Closed::open(path).and_then(|closed| closed.verify(stop, progress)) {
        Err(FileError::Damaged(found)) => Ok(damaged(found)),
        Err(FileError::Open(error @ OpenError::Foreign { .. })) => Ok(damaged(error.to_string())),
        verified => verified,
    }
}

/// Damage that makes the engine panic is damage like any other.
pub(super) fn fenced<T>(work: impl FnOnce() -> Result<T, FileError>) -> Result<T, FileError> {
    let panicked = || FileError::Damaged("reading it panics".to_owned());
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(panicked()))
}

/// An error with its causes.
pub(super) fn in_words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(": ");
        words.push_str(&error.to_string());
        cause = error.source();
    }
    words
}
