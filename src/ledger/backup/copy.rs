//! Copies a snapshot table by table into a file of its own and compares the copy with it, row by
//! row, before the file gets its name.
//!
//! A snapshot keeps its pages while the ledger is written, so a copy is of one moment, and the
//! ledger's file may grow a little while it is made. A table this program does not know ends it:
//! a copy is whole or none.

use super::super::open::readable_format;
use super::super::{OpenError, ReadError, Reader};
use crate::limits;
use crate::sys::{Beside, PathError, Stop};
use lumidex_schema::id::Seq;
use lumidex_schema::tables;
use redb::{
    Builder, Database, Key, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata,
    TableDefinition, TableHandle, Value, WriteTransaction,
};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Every table of a ledger. One that is missing here makes every copy fail, and so every test of it.
const TABLES: [&dyn Table; 28] = [
    &tables::META,
    &tables::EPOCHS,
    &tables::ROOTS,
    &tables::FOLDERS,
    &tables::FOLDER_IDS,
    &tables::IMAGES,
    &tables::PATHS,
    &tables::TEXTS,
    &tables::TAGS,
    &tables::CUSTOM_TAGS,
    &tables::LINKS,
    &tables::FEED,
    &tables::SETTINGS,
    &tables::EXTRA_PATHS,
    &tables::DECISIONS,
    &tables::FORMERS,
    &tables::REVIEWS,
    &tables::SEEN_THROUGH,
    &tables::OPERATIONS,
    &tables::STEPS,
    &tables::UNDONE,
    &tables::COVERS,
    &tables::NOTES,
    &tables::READ_WITH,
    &tables::EDITS,
    &tables::PENDING,
    &tables::PENDING_PATHS,
    &tables::PENDING_NAMES,
];
/// Rows between two looks whether to stop: a few milliseconds of work.
const ROWS_AT_ONCE: u64 = 4_096;

/// What a copy holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The largest number given.
    pub head: Seq,
    /// Rows of all tables.
    pub rows: u64,
    /// Size of the file.
    pub bytes: u64,
}

/// What becomes of a file that has the name of the copy already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and no copy is made.
    Keep,
    /// The copy takes its place once it is whole.
    Replace,
}

/// Why no copy was made. What has the copy's name is as it was.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is a file of that name.
    #[error("`{}` exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The disk has no room for it.
    #[error("there is no room for `{}` on its disk", path.display())]
    Full {
        /// The copy.
        path: PathBuf,
    },
    /// The ledger holds something this program does not know.
    #[error("the ledger has a table `{name}`, which this program does not know; use a newer one")]
    UnknownTable {
        /// Its name.
        name: String,
    },
    /// The copy is not what the ledger holds.
    #[error("the copy differs from the ledger in table `{table}`; is the disk sound?")]
    Differs {
        /// The first table that differs.
        table: String,
    },
    /// The ledger could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The ledger or the copy could not be read or written.
    #[error("the ledger could not be copied")]
    Store(#[source] ReadError),
    /// The copy could not be put in place.
    #[error(transparent)]
    File(PathError),
    /// It was told to stop.
    #[error("stopped before the copy was whole")]
    Stopped,
}

/// Copies what `reader` sees into a new file at `target`, and proves it. The file has that name
/// only when it is whole, proven and durable. `progress` is told rows done and their sum.
///
/// # Errors
/// [`BackupError`]; then nothing is left behind.
pub fn copy(
    reader: &Reader,
    target: &Path,
    existing: Existing,
    stop: &Stop,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Copied, BackupError> {
    copy_of(reader.txn(), target, existing, stop, progress)
}

/// Copies a ledger that nobody has open; the caller holds its folder's lock. The ledger is only
/// read, so that it is not upgraded by it, unless it must be repaired after a crash first.
///
/// # Errors
/// As [`copy`], and when it cannot be opened.
pub fn copy_closed(
    ledger: &Path,
    target: &Path,
    existing: Existing,
    stop: &Stop,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Copied, BackupError> {
    let store = |source: ReadError| OpenError::Store { path: ledger.display().to_string(), source };
    let from: Box<dyn Snapshots> = match builder().open_read_only(ledger) {
        Ok(db) => Box::new(db),
        Err(redb::DatabaseError::RepairAborted) => {
            Box::new(builder().open(ledger).map_err(|error| store(error.into()))?)
        }
        Err(error) => return Err(store(error.into()).into()),
    };
    from.judge(ledger)?;
    copy_of(&from.snapshot().map_err(store)?, target, existing, stop, progress)
}

/// An open store, whether it may be written or not.
trait Snapshots {
    fn judge(&self, path: &Path) -> Result<(), OpenError>;
    fn snapshot(&self) -> Result<ReadTransaction, ReadError>;
}

impl<D: ReadableDatabase> Snapshots for D {
    fn judge(&self, path: &Path) -> Result<(), OpenError> {
        match readable_format(self, path)? {
            Some(_) => Ok(()),
            None => Err(OpenError::Foreign { path: path.display().to_string() }),
        }
    }

    fn snapshot(&self) -> Result<ReadTransaction, ReadError> {
        Ok(self.begin_read()?)
    }
}

fn copy_of(
    from: &ReadTransaction,
    target: &Path,
    existing: Existing,
    stop: &Stop,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Copied, BackupError> {
    let exists = || BackupError::Exists { path: target.to_owned() };
    if existing == Existing::Keep && std::fs::symlink_metadata(target).is_ok() {
        return Err(exists());
    }
    let beside = Beside::of(target);
    let written = write_and_compare(from, beside.path(), stop, progress);
    let (head, rows) = written.map_err(|error| full_at(target, error))?;
    let bytes = std::fs::metadata(beside.path()).map_or(0, |metadata| metadata.len());
    let placed = match existing {
        Existing::Keep => beside.place(),
        Existing::Replace => beside.replace(),
    };
    placed.map_err(|error| match error.source.kind() {
        std::io::ErrorKind::AlreadyExists => exists(),
        std::io::ErrorKind::StorageFull => BackupError::Full { path: target.to_owned() },
        _ => BackupError::File(error),
    })?;
    Ok(Copied { head, rows, bytes })
}

/// A full disk is said in its own words.
fn full_at(target: &Path, error: BackupError) -> BackupError {
    match error {
        BackupError::Store(error) if error.is_disk_full() => BackupError::Full { path: target.to_owned() },
        other => other,
    }
}

/// How far a copy is.
struct Steps<'a> {
    done: u64,
    total: u64,
    stop: &'a Stop,
    progress: &'a mut dyn FnMut(u64, u64),
}

impl Steps<'_> {
    fn step(&mut self) -> Result<(), BackupError> {
        self.done += 1;
        if self.done.is_multiple_of(ROWS_AT_ONCE) {
            (self.progress)(self.done, self.total);
            if self.stop.is_stopped() {
                return Err(BackupError::Stopped);
            }
        }
        Ok(())
    }
}

/// The head and the number of rows of what now stands in `path`.
fn write_and_compare(
    from: &ReadTransaction,
    path: &Path,
    stop: &Stop,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(Seq, u64), BackupError> {
    let tables = known_tables(from)?;
    let mut rows = 0;
    for table in &tables {
        rows += table.n_rows(from)?;
    }
    // Each is written once and compared once.
    let mut steps = Steps { done: 0, total: rows * 2, stop, progress };
    write(from, &tables, path, &mut steps)?;
    compare(from, &tables, path, &mut steps)?;
    (steps.progress)(steps.total, steps.total);
    let meta = from.open_table(tables::META)?;
    Ok((Seq(meta.get("head")?.map_or(0, |head| head.value())), rows))
}

fn write(
    from: &ReadTransaction,
    tables: &[&dyn Table],
    path: &Path,
    steps: &mut Steps<'_>,
) -> Result<(), BackupError> {
    let db: Database = builder().create(path)?;
    let mut txn = db.begin_write()?;
    // The copy then opens without a repair, whatever becomes of the program meanwhile.
    txn.set_quick_repair(true);
    for table in tables {
        table.copy(from, &txn, steps)?;
    }
    txn.commit()?;
    Ok(())
}

fn compare(
    from: &ReadTransaction,
    tables: &[&dyn Table],
    path: &Path,
    steps: &mut Steps<'_>,
) -> Result<(), BackupError> {
    let copy = builder().open_read_only(path)?.begin_read()?;
    let names = |txn: &ReadTransaction| -> Result<BTreeSet<String>, BackupError> {
        Ok(txn.list_tables()?.map(|table| table.name().to_owned()).collect())
    };
    if let Some(table) = names(from)?.symmetric_difference(&names(&copy)?).next() {
        return Err(BackupError::Differs { table: table.clone() });
    }
    for table in tables {
        if !table.is_equal(from, &copy, steps)? {
            return Err(BackupError::Differs { table: table.name().to_owned() });
        }
    }
    Ok(())
}

/// The tables that are there, all of them known.
fn known_tables(from: &ReadTransaction) -> Result<Vec<&'static dyn Table>, BackupError> {
    let known = |name: &str| TABLES.iter().find(|table| table.name() == name).copied();
    let mut there = Vec::new();
    for handle in from.list_tables()? {
        let unknown = || BackupError::UnknownTable { name: handle.name().to_owned() };
        there.push(known(handle.name()).ok_or_else(unknown)?);
    }
    if let Some(handle) = from.list_multimap_tables()?.next() {
        return Err(BackupError::UnknownTable { name: redb::MultimapTableHandle::name(&handle).to_owned() });
    }
    Ok(there)
}

/// Tells of each table its name, rows, bytes of keys and values, and bytes of the pages they stand in.
pub(in crate::ledger) fn each_table(
    from: &ReadTransaction,
    told: &mut dyn FnMut(&str, u64, u64, u64),
) -> Result<(), ReadError> {
    for handle in from.list_tables()? {
        let name = handle.name().to_owned();
        let table = from.open_untyped_table(handle)?;
        let stats = table.stats()?;
        let bytes = stats.stored_bytes();
        let page_bytes = bytes + stats.metadata_bytes() + stats.fragmented_bytes();
        told(&name, table.len()?, bytes, page_bytes);
    }
    Ok(())
}

/// How many rows stand in a file that was proven sound.
pub(super) fn n_rows(from: &ReadTransaction) -> Result<u64, BackupError> {
    known_tables(from)?.iter().map(|table| table.n_rows(from)).sum()
}

pub(super) fn builder() -> Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(limits::LEDGER_CACHE_BYTES);
    builder
}

/// A table of whatever types, to be copied whole.
trait Table {
    fn name(&self) -> &str;
    fn n_rows(&self, from: &ReadTransaction) -> Result<u64, BackupError>;
    fn copy(
        &self,
        from: &ReadTransaction,
        to: &WriteTransaction,
        steps: &mut Steps<'_>,
    ) -> Result<(), BackupError>;
    fn is_equal(
        &self,
        from: &ReadTransaction,
        copy: &ReadTransaction,
        steps: &mut Steps<'_>,
    ) -> Result<bool, BackupError>;
}

impl<K: Key + 'static, V: Value + 'static> Table for TableDefinition<'static, K, V> {
    fn name(&self) -> &str {
        TableHandle::name(self)
    }

    fn n_rows(&self, from: &ReadTransaction) -> Result<u64, BackupError> {
        Ok(from.open_table(*self)?.len()?)
    }

    fn copy(
        &self,
        from: &ReadTransaction,
        to: &WriteTransaction,
        steps: &mut Steps<'_>,
    ) -> Result<(), BackupError> {
        let from = from.open_table(*self)?;
        let mut to = to.open_table(*self)?;
        for row in from.iter()? {
            let (key, value) = row?;
            to.insert(key.value(), value.value())?;
            steps.step()?;
        }
        Ok(())
    }

    fn is_equal(
        &self,
        from: &ReadTransaction,
        copy: &ReadTransaction,
        steps: &mut Steps<'_>,
    ) -> Result<bool, BackupError> {
        let (from, copy) = (from.open_table(*self)?, copy.open_table(*self)?);
        let mut copied = copy.iter()?;
        for row in from.iter()? {
            let (key, value) = row?;
            let Some((copied_key, copied_value)) = copied.next().transpose()? else { return Ok(false) };
            let is_equal = K::as_bytes(&key.value()).as_ref() == K::as_bytes(&copied_key.value()).as_ref()
                && V::as_bytes(&value.value()).as_ref() == V::as_bytes(&copied_value.value()).as_ref();
            if !is_equal {
                return Ok(false);
            }
            steps.step()?;
        }
        Ok(copied.next().is_none())
    }
}

impl<E: Into<ReadError>> From<E> for BackupError {
    fn from(error: E) -> Self {
        Self::Store(error.into())
    }
}
