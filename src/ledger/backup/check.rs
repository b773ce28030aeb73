//! Judges a file that claims to be a ledger: its format, every checksum in it, its rows.

use super::super::open::readable_format;
use super::super::{OpenError, ReadError};
use super::copy::{BackupError, Copied, builder, n_rows};
use lumidex_schema::id::Seq;
use lumidex_schema::tables;
use redb::{Database, ReadTransaction, ReadableDatabase};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Why a file is not taken for a sound ledger.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// It is no ledger, or of a format this program cannot read, or cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It was one, and something happened to it.
    #[error("`{}` is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found, where it has words for it.
        #[source]
        source: Option<ReadError>,
    },
    /// It holds something this program does not know.
    #[error("`{}` has a table `{name}`, which this program does not know; use a newer one", path.display())]
    UnknownTable {
        /// The file.
        path: PathBuf,
        /// The table.
        name: String,
    },
}

/// What tells one state of a ledger from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The largest number given.
    pub head: Seq,
    /// Token of the epoch that gave it.
    pub epoch: u64,
}

/// Reads all of a file: that it is a ledger this program can open, that every page is what was
/// written, how many rows it has. The file is opened for writing, since one that was not closed
/// must be repaired first; give a copy where that is not wanted.
///
/// # Errors
/// [`CheckError`].
pub fn check(path: &Path) -> Result<Copied, CheckError> {
    fenced(path, || {
        let mut db: Database = builder().open(path).map_err(|error| unopened(path, error))?;
        if readable_format(&db, path)?.is_none() {
            return Err(OpenError::Foreign { path: path.display().to_string() }.into());
        }
        match db.check_integrity() {
            Ok(true) => {}
            // What the store would mend is no more what was written.
            Ok(false) => return Err(damaged(path, None)),
            Err(error) => return Err(damaged(path, Some(error.into()))),
        }
        let txn = db.begin_read().map_err(|error| damaged(path, Some(error.into())))?;
        let rows = n_rows(&txn).map_err(|error| match error {
            BackupError::UnknownTable { name } => CheckError::UnknownTable { path: path.to_owned(), name },
            BackupError::Store(error) => damaged(path, Some(error)),
            _ => damaged(path, None),
        })?;
        let Identity { head, .. } = identity_of(&txn).map_err(|error| damaged(path, Some(error)))?;
        let bytes = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        Ok(Copied { head, rows, bytes })
    })
}

/// Which state of a ledger a file holds, without reading more than that takes.
///
/// # Errors
/// [`CheckError`].
pub fn identity(path: &Path) -> Result<Identity, CheckError> {
    fenced(path, || {
        let db = builder().open_read_only(path).map_err(|error| unopened(path, error))?;
        readable_format(&db, path)?;
        let txn = db.begin_read().map_err(|error| damaged(path, Some(error.into())))?;
        identity_of(&txn).map_err(|error| damaged(path, Some(error)))
    })
}

fn identity_of(txn: &ReadTransaction) -> Result<Identity, ReadError> {
    let head = txn.open_table(tables::META)?.get("head")?.map_or(0, |head| head.value());
    let epochs = txn.open_table(tables::EPOCHS)?;
    let epoch = epochs.range(..=head)?.next_back().transpose()?.map_or(0, |(_, token)| token.value());
    Ok(Identity { head: Seq(head), epoch })
}

/// Damage that makes the store panic is damage like any other.
fn fenced<T>(path: &Path, work: impl FnOnce() -> Result<T, CheckError>) -> Result<T, CheckError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(damaged(path, None)))
}

fn unopened(path: &Path, error: redb::DatabaseError) -> CheckError {
    let is_damage = matches!(
        error,
        redb::DatabaseError::RepairAborted | redb::DatabaseError::Storage(redb::StorageError::Corrupted(_))
    );
    let source = ReadError::from(error);
    if is_damage {
        damaged(path, Some(source))
    } else {
        OpenError::Store { path: path.display().to_string(), source }.into()
    }
}

fn damaged(path: &Path, source: Option<ReadError>) -> CheckError {
    CheckError::Damaged { path: path.to_owned(), source }
}
