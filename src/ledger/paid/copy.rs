//! Copies of what was paid for, and what comes back from them.
//!
//! Rows are only ever added, so a copy is brought up to date by taking what was put since, and a copy that
//! comes back only adds what is missing. Nothing is removed either way.

use super::super::ReadError;
use super::super::backup::copy_unless;
use super::file::PaidFile;
use super::rows::{self, PromptHash};
use super::{Paid, PaidError};
use crate::limits;
use crate::sys::storage::Disk;
use crate::sys::{Beside, PathError, Stop};
use lumidex_schema::layout;
use lumidex_schema::paid::{self, Put};
use redb::{Database, ReadTransaction};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a copy, or what came back from one, comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Rows that were looked at because they are newer.
    pub rows: u64,
    /// Those that were not there and are now.
    pub added: u64,
}

/// Why there is no copy, or nothing came back. A copy that was there is as it was, or newer.
#[derive(Debug, thiserror::Error)]
pub enum PaidCopyError {
    /// One of both could not be read or written.
    #[error(transparent)]
    Paid(#[from] PaidError),
    /// The copy is damaged.
    #[error("`{}` is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The copy is not what it was made from.
    #[error("the copy `{}` differs from what it was made from; is the disk sound?", path.display())]
    Differs {
        /// The copy.
        path: PathBuf,
    },
    /// A file could not be read, written or renamed.
    #[error(transparent)]
    File(#[from] PathError),
    /// It was told to stop.
    #[error("stopped before all was copied")]
    Stopped,
}

/// Which row counts when both sides have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wins {
    Comer,
    Present,
}

/// A row on its way. Models go by their names, since each file has its own numbers for them.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Row {
    Vector(String, PromptHash, Vec<u8>),
    Failure(String, PromptHash, String),
    Title(String, String),
    Abstraction(String, String),
}

/// How far a copy is, and of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Mark {
    of: u64,
    through: u64,
}

impl Paid {
    /// Brings the copy at `target` up to date, or makes it; then compares what was added with what it was made
    /// from. Nothing is made when nothing was paid for.
    ///
    /// # Errors
    /// [`PaidCopyError`].
    pub fn copy_into(&self, target: &Path, stop: &Stop) -> Result<Merged, PaidCopyError> {
        let Some(identity) = self.file.read(|txn| rows::number(txn, "identity"))? else {
            return Ok(Merged::default());
        };
        if target.exists() {
            let there = Self::at(target);
            match there.mark() {
                Ok(mark) => {
                    let after = if mark.of == identity { mark.through } else { 0 };
                    let merged = pour(self, &there, after, identity, Wins::Comer, stop)?;
                    drop(there);
                    self.compare(target, after, stop)?;
                    return Ok(merged);
                }
                Err(error @ PaidError::Newer { .. }) => return Err(error.into()),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "a copy of what was paid for cannot be read; it is made anew");
                }
            }
        }
        let beside = Beside::of(target);
        let file = PaidFile::at(Disk::shared(), beside.path(), true);
        let made = Self { file: Arc::new(file) };
        let merged = pour(self, &made, 0, identity, Wins::Comer, stop)?;
        drop(made);
        self.compare(beside.path(), 0, stop)?;
        beside.replace()?;
        Ok(merged)
    }

    /// Adds what the copy at `path` has and this has not. The copy is only read; a copy of it, made in
    /// `folder` for the time, is checked first.
    ///
    /// # Errors
    /// [`PaidCopyError`]; what was added stays, and it can be repeated.
    pub fn merge_from(&self, path: &Path, folder: &Path, stop: &Stop) -> Result<Merged, PaidCopyError> {
        let working = Beside::of(&folder.join(layout::PAID));
        if !copy_unless(path, working.path(), stop)? {
            return Err(PaidCopyError::Stopped);
        }
        check(working.path())
            .then_some(())
            .ok_or_else(|| PaidCopyError::Damaged { path: path.to_owned() })?;
        let from = Self::at(working.path());
        let Some(identity) = from.file.read(|txn| rows::number(txn, "identity"))? else {
            return Ok(Merged::default());
        };
        pour(&from, self, 0, identity, Wins::Present, stop)
    }

    fn mark(&self) -> Result<Mark, PaidError> {
        let mark = self.file.read(|txn| {
            Ok(Mark { of: rows::number(txn, "copy_of")?, through: rows::number(txn, "copied")? })
        })?;
        Ok(mark.unwrap_or_default())
    }

    /// Whether everything that was put after a number stands in the copy as it stands here.
    fn compare(&self, copy: &Path, after: u64, stop: &Stop) -> Result<(), PaidCopyError> {
        let there = Self::at(copy);
        let mut at = after;
        loop {
            let (rows, next) = self.batch(at)?;
            let found =
                there.file.read(|txn| rows.iter().map(|row| find(txn, row)).collect::<Result<_, _>>())?;
            let found: Vec<bool> = found.unwrap_or_else(|| vec![false; rows.len()]);
            if found.contains(&false) {
                return Err(PaidCopyError::Differs { path: copy.to_owned() });
            }
            if next == at {
                return Ok(());
            }
            if stop.is_stopped() {
                return Err(PaidCopyError::Stopped);
            }
            at = next;
        }
    }

    /// The rows put after a number, and the number to go on from; the same one at the end.
    fn batch(&self, after: u64) -> Result<(Vec<Row>, u64), PaidError> {
        let batch = self.file.read(|txn| {
            let names = rows::names_by_number(txn)?;
            let (mut found, mut last) = (Vec::new(), after);
            let puts = txn.open_table(paid::PUTS)?;
            for put in puts.range(after.saturating_add(1)..)?.take(limits::paid::ROWS_COPIED_AT_ONCE) {
                let (number, put) = put?;
                last = number.value();
                found.extend(load(txn, &names, Put::decode(put.value())?)?);
            }
            Ok((found, last))
        })?;
        Ok(batch.unwrap_or((Vec::new(), after)))
    }
}

/// Puts everything that was put in `from` after a number into `to`, in transactions that say how far they are.
fn pour(
    from: &Paid,
    to: &Paid,
    after: u64,
    identity: u64,
    wins: Wins,
    stop: &Stop,
) -> Result<Merged, PaidCopyError> {
    let (mut at, mut merged) = (after, Merged::default());
    loop {
        let (found, next) = from.batch(at)?;
        if next == at {
            return Ok(merged);
        }
        merged.rows += found.len() as u64;
        merged.added += to.file.write(|txn| {
            let mut tables = rows::Tables::open(txn)?;
            let before = tables.last();
            for row in &found {
                put(&mut tables, row, wins)?;
            }
            let added = tables.last() - before;
            if wins == Wins::Comer {
                tables.meta.insert("copy_of", identity)?;
                tables.meta.insert("copied", next)?;
            }
            tables.finish(super::now())?;
            Ok(added)
        })?;
        at = next;
        if stop.is_stopped() {
            return Err(PaidCopyError::Stopped);
        }
    }
}

fn put(tables: &mut rows::Tables<'_>, row: &Row, wins: Wins) -> Result<(), ReadError> {
    match row {
        Row::Vector(model, hash, bytes) => {
            let id = tables.model(model)?;
            let stays = match wins {
                Wins::Present => rows::Stays::Present,
                Wins::Comer => rows::Stays::Comer,
            };
            tables.put_vector(id, hash, bytes, stays)
        }
        Row::Failure(model, hash, reason) => {
            let id = tables.model(model)?;
            tables.put_failure(id, hash, reason)
        }
        Row::Title(key, _) if wins == Wins::Present && tables.has_title(key)? => Ok(()),
        Row::Title(key, json) => tables.put_title(key, json),
        Row::Abstraction(key, _) if wins == Wins::Present && tables.has_abstraction(key)? => Ok(()),
        Row::Abstraction(key, json) => tables.put_abstraction(key, json),
    }
}

/// What stands in the tables now; `None` where a vector took a failure's place.
fn load(
    txn: &ReadTransaction,
    names: &std::collections::HashMap<u32, String>,
    put: Put,
) -> Result<Option<Row>, ReadError> {
    let name = |model: u32| names.get(&model).cloned();
    Ok(match put {
        Put::Vector(model, hash) => {
            let found =
                txn.open_table(paid::VECTORS)?.get((model, &hash))?.map(|bytes| bytes.value().to_vec());
            name(model).zip(found).map(|(model, bytes)| Row::Vector(model, hash, bytes))
        }
        Put::Failure(model, hash) => {
            let found =
                txn.open_table(paid::FAILURES)?.get((model, &hash))?.map(|why| why.value().to_owned());
            name(model).zip(found).map(|(model, reason)| Row::Failure(model, hash, reason))
        }
        Put::Title(key) => rows::title(txn, &key)?.map(|json| Row::Title(key, json)),
        Put::Abstraction(key) => rows::abstraction(txn, &key)?.map(|json| Row::Abstraction(key, json)),
    })
}

/// Whether the row stands in a copy.
fn find(txn: &ReadTransaction, row: &Row) -> Result<bool, ReadError> {
    let number = |model: &str| -> Result<u32, ReadError> {
        Ok(txn.open_table(paid::MODELS)?.get(model)?.map_or(0, |row| row.value().0))
    };
    Ok(match row {
        Row::Vector(model, hash, bytes) => {
            let found = txn.open_table(paid::VECTORS)?.get((number(model)?, hash))?;
            found.is_some_and(|there| there.value() == bytes.as_slice())
        }
        Row::Failure(model, hash, reason) => {
            let found = txn.open_table(paid::FAILURES)?.get((number(model)?, hash))?;
            let vector = txn.open_table(paid::VECTORS)?.get((number(model)?, hash))?;
            found.is_some_and(|there| there.value() == reason) || vector.is_some()
        }
        Row::Title(key, json) => rows::title(txn, key)?.as_ref() == Some(json),
        Row::Abstraction(key, json) => rows::abstraction(txn, key)?.as_ref() == Some(json),
    })
}

/// Whether every page of a file is what was written. Damage that makes the engine panic is damage like any
/// other.
fn check(path: &Path) -> bool {
    let checked = catch_unwind(AssertUnwindSafe(|| -> Result<bool, redb::Error> {
        let mut db: Database = Database::builder().open(path)?;
        Ok(db.check_integrity()?)
    }));
    matches!(checked, Ok(Ok(true)))
}
