//! Looking through a ledger row by row: where it is told what was found, how far it is, and whether to stop.
//! Knows none of the rules.

use super::super::ReadError;
use super::change::{Change, Place};
use super::finding::{Finding, Mend};
use crate::sys::Stop;
use lumidex_schema::layout;
use redb::{Key, ReadTransaction, ReadableTable, ReadableTableMetadata, TableDefinition, TableError, Value};
use std::collections::BTreeSet;

/// Rows between two looks whether to stop: a few milliseconds of work.
const ROWS_AT_ONCE: u64 = 4_096;

/// Why a check did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The ledger could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It was told to stop.
    #[error("stopped before everything was looked at")]
    Stopped,
}

macro_rules! from_redb {
    ($($error:ty),*) => { $(impl From<$error> for VerifyError {
        fn from(error: $error) -> Self { Self::Read(ReadError::from(error)) }
    })* };
}
from_redb!(redb::StorageError, TableError, redb::TransactionError);

/// See the module.
pub(super) struct Look<'a> {
    pub(super) txn: &'a ReadTransaction,
    pub(super) stop: &'a Stop,
    pub(super) progress: &'a mut dyn FnMut(u64, u64),
    pub(super) told: &'a mut dyn FnMut(Finding, Vec<Change>),
    pub(super) done: u64,
    pub(super) total: u64,
    /// Rows that were told to be lost: each once.
    pub(super) lost: BTreeSet<Place>,
}

impl Look<'_> {
    /// Tells of something that is not as it should be, and what changes make it right.
    pub(super) fn tell(
        &mut self,
        rule: &'static str,
        what: String,
        (expected, found): (impl Into<String>, impl Into<String>),
        mend: Mend,
        changes: Vec<Change>,
    ) {
        let finding = Finding::new(layout::LEDGER, rule, what, (expected, found), mend);
        (self.told)(finding, changes);
    }

    /// One row was looked at.
    pub(super) fn step(&mut self) -> Result<(), VerifyError> {
        self.done += 1;
        if self.done.is_multiple_of(ROWS_AT_ONCE) {
            (self.progress)(self.done.min(self.total), self.total);
            if self.stop.is_stopped() {
                return Err(VerifyError::Stopped);
            }
        }
        Ok(())
    }

    /// Hands over each row of a table in the order of its keys; none, when a ledger is older than the table.
    pub(super) fn each<K: Key + 'static, V: Value + 'static>(
        &mut self,
        table: TableDefinition<'static, K, V>,
        mut row: impl FnMut(&mut Self, K::SelfType<'_>, V::SelfType<'_>) -> Result<(), VerifyError>,
    ) -> Result<(), VerifyError> {
        let table = match self.txn.open_table(table) {
            Err(TableError::TableDoesNotExist(_)) => return Ok(()),
            opened => opened?,
        };
        for entry in table.iter()? {
            let (key, value) = entry?;
            row(self, key.value(), value.value())?;
            self.step()?;
        }
        Ok(())
    }

    /// How many rows a table has.
    pub(super) fn n_rows<K: Key + 'static, V: Value + 'static>(
        &self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<u64, VerifyError> {
        match self.txn.open_table(table) {
            Err(TableError::TableDoesNotExist(_)) => Ok(0),
            opened => Ok(opened?.len()?),
        }
    }
}

/// What is known of rows by their ids, which come in their order.
#[derive(Debug)]
pub(super) struct ById<T> {
    rows: Vec<(u32, T)>,
}

impl<T> Default for ById<T> {
    fn default() -> Self {
        Self { rows: Vec::new() }
    }
}

impl<T> ById<T> {
    pub(super) fn push(&mut self, id: u32, row: T) {
        self.rows.push((id, row));
    }

    pub(super) fn get(&self, id: u32) -> Option<&T> {
        self.position(id).map(|at| &self.rows[at].1)
    }

    pub(super) fn get_mut(&mut self, id: u32) -> Option<&mut T> {
        self.position(id).map(|at| &mut self.rows[at].1)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.rows.iter().map(|(id, row)| (*id, row))
    }

    pub(super) fn last(&self) -> u32 {
        self.rows.last().map_or(0, |(id, _)| *id)
    }

    fn position(&self, id: u32) -> Option<usize> {
        // Ids have few gaps, so most rows are where they would be without any.
        let first = self.rows.first()?.0;
        let near = id.checked_sub(first)? as usize;
        match self.rows.get(near) {
            Some((known, _)) if *known == id => Some(near),
            _ => {
                let until = self.rows.len().min(near + 1);
                self.rows[..until].binary_search_by_key(&id, |(known, _)| *known).ok()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_with_and_without_gaps() {
        for ids in [vec![1, 2, 3, 4], vec![3, 9, 10, 4_000_000_000], vec![7], vec![]] {
            let mut rows = ById::default();
            ids.iter().for_each(|id| rows.push(*id, id.wrapping_mul(2)));
            for id in [0, 1, 2, 3, 4, 5, 7, 9, 10, 11, 4_000_000_000, u32::MAX] {
                assert_eq!(rows.get(id).copied(), ids.contains(&id).then(|| id.wrapping_mul(2)), "{id}");
            }
        }
    }
}
