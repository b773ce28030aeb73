//! Makes a redb file small. A copy is made small and proved, and only then takes the file's name: killed anywhere,
//! there is the one file or the other, whole. The engine's own way works in place and leaves a file that must be
//! repaired when it is cut off.

use crate::sys::beside::folder_of;
use crate::sys::space::free_bytes;
use crate::sys::{Beside, PathError};
use redb::{Database, ReadableDatabase, ReadableTableMetadata, TableHandle};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Bytes that a copy leaves on the disk.
const RESERVE_BYTES: u64 = 256 << 20;

/// Why a file was not made small; it is as it was.
#[derive(Debug, thiserror::Error)]
pub enum CompactError {
    /// There is no room for a copy.
    #[error("`{}` has {bytes} bytes, and its disk has no room for a copy of it", path.display())]
    Full {
        /// The file.
        path: PathBuf,
        /// How large it is.
        bytes: u64,
    },
    /// A page of it is not what was written.
    #[error("`{}` is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The engine failed.
    #[error("`{}` could not be made smaller", path.display())]
    Store {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<redb::Error>,
    },
    /// It could not be copied or replaced.
    #[error(transparent)]
    File(#[from] PathError),
}

/// Makes a file smaller that nobody has open; gives its bytes before and after. The caller holds the lock of its
/// folder.
///
/// # Errors
/// [`CompactError`].
pub fn compact(path: &Path) -> Result<(u64, u64), CompactError> {
    let length =
        |of: &Path| std::fs::metadata(of).map(|file| file.len()).map_err(PathError::doing("open", of));
    let before = length(path)?;
    if free_bytes(folder_of(path))? < before.saturating_add(RESERVE_BYTES) {
        return Err(CompactError::Full { path: path.to_owned(), bytes: before });
    }
    let copy = Beside::of(path);
    std::fs::copy(path, copy.path()).map_err(PathError::doing("copy", path))?;
    let made = catch_unwind(AssertUnwindSafe(|| make_small(copy.path())));
    match made {
        Ok(Ok(true)) => {}
        Ok(Ok(false)) | Err(_) => return Err(CompactError::Damaged { path: path.to_owned() }),
        Ok(Err(source)) => {
            return Err(CompactError::Store { path: path.to_owned(), source: Box::new(source) });
        }
    }
    let after = length(copy.path())?;
    if after >= before {
        return Ok((before, before));
    }
    copy.replace()?;
    Ok((before, after))
}

/// Whether every page was as it was written, before and after, and no row went.
fn make_small(path: &Path) -> Result<bool, redb::Error> {
    let mut db: Database = Database::builder().open(path)?;
    if !db.check_integrity()? {
        return Ok(false);
    }
    let rows = n_rows(&db)?;
    db.compact()?;
    Ok(db.check_integrity()? && n_rows(&db)? == rows)
}

/// Rows of each table.
fn n_rows(db: &Database) -> Result<Vec<(String, u64)>, redb::Error> {
    let txn = db.begin_read()?;
    let mut rows = Vec::new();
    for handle in txn.list_tables()? {
        let name = handle.name().to_owned();
        rows.push((name, txn.open_untyped_table(handle)?.len()?));
    }
    rows.sort();
    Ok(rows)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use redb::TableDefinition;

    const TABLE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("table");

    #[test]
    fn room_that_was_freed_is_given_back_and_every_row_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.redb");
        let db = Database::create(&path).unwrap();
        let change = |keep: &dyn Fn(u64) -> bool| {
            let txn = db.begin_write().unwrap();
            {
                let mut table = txn.open_table(TABLE).unwrap();
                for n in 0..4_000 {
                    match keep(n) {
                        true => drop(table.insert(n, [7; 900].as_slice()).unwrap()),
                        false => drop(table.remove(n).unwrap()),
                    }
                }
            }
            txn.commit().unwrap();
        };
        change(&|_| true);
        change(&|n| n % 16 == 0);
        drop(db);
        let (before, after) = compact(&path).unwrap();
        assert!(after * 2 < before, "{before} {after}");
        let db = Database::open(&path).unwrap();
        let table = db.begin_read().unwrap().open_table(TABLE).unwrap();
        assert_eq!(table.len().unwrap(), 250);
        drop((table, db));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let mut bytes = std::fs::read(&path).unwrap();
        let at = bytes.len() / 2;
        bytes[at..at + 512].fill(0x5a);
        std::fs::write(&path, &bytes).unwrap();
        assert!(compact(&path).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }
}
