//! What a snapshot tells of what people did: decisions, operations with their steps, and what undid what.

use super::{ReadError, Reader};
use lumidex_schema::id::Seq;
use lumidex_schema::operation::{Operation, OperationState, Step};
use lumidex_schema::record::{Decision, Row};
use lumidex_schema::tables;
use redb::{ReadableTable, TableDefinition};

impl Reader {
    /// Up to `max` latest decisions, newest first.
    ///
    /// # Errors
    /// When the store cannot be read; so for every function here.
    pub fn decisions(&self, max: usize) -> Result<Vec<(Seq, Decision)>, ReadError> {
        self.decisions_before(None, max)
    }

    /// As [`Reader::decisions`], of those with numbers below this one.
    ///
    /// # Errors
    /// As [`Reader::decisions`].
    pub fn decisions_before(
        &self,
        before: Option<Seq>,
        max: usize,
    ) -> Result<Vec<(Seq, Decision)>, ReadError> {
        self.newest(tables::DECISIONS, before, max)
    }

    /// A decision.
    ///
    /// # Errors
    /// As [`Reader::decisions`].
    pub fn decision(&self, seq: Seq) -> Result<Option<Decision>, ReadError> {
        let table = self.txn().open_table(tables::DECISIONS)?;
        Ok(table.get(seq.0)?.map(|row| Decision::decode(row.value())).transpose()?)
    }

    /// The head of an operation on files.
    ///
    /// # Errors
    /// As [`Reader::decisions`].
    pub fn operation(&self, seq: Seq) -> Result<Option<Operation>, ReadError> {
        let table = self.txn().open_table(tables::OPERATIONS)?;
        Ok(table.get(seq.0)?.map(|row| Operation::decode(row.value())).transpose()?)
    }

    /// Up to `max` operations with numbers below `before`, newest first.
    ///
    /// # Errors
    /// As [`Reader::decisions`].
    pub fn operations(&self, before: Option<Seq>, max: usize) -> Result<Vec<(Seq, Operation)>, ReadError> {
        self.newest(tables::OPERATIONS, before, max)
    }

    /// The operations that did not come to their end, oldest first.
    ///
    /// # Errors
    /// As [`Reader::decisions`].
    pub fn unfinished_operations(&self) -> Result<Vec<(Seq, Operation)>, ReadError> {
        unfinished(&self.txn().open_table(tables::OPERATIONS)?)
    }

    /// Up to `max` steps of an operation, from this place in it on; none of one that expired.
    ///
    /// # Errors
    /// As [`Reader::decisions`].
    pub fn steps(&self, operation: Seq, from: u32, max: usize) -> Result<Vec<Step>, ReadError> {
        let table = self.txn().open_table(tables::STEPS)?;
        let mut steps = Vec::new();
        for entry in table.range((operation.0, from)..=(operation.0, u32::MAX))?.take(max) {
            steps.push(Step::decode(entry?.1.value())?);
        }
        Ok(steps)
    }

    /// What undid a decision or operation.
    ///
    /// # Errors
    /// As [`Reader::decisions`].
    pub fn undone_by(&self, seq: Seq) -> Result<Option<Seq>, ReadError> {
        let table = self.txn().open_table(tables::UNDONE)?;
        Ok(table.get(seq.0)?.map(|by| Seq(by.value())))
    }

    fn newest<R: Row>(
        &self,
        table: TableDefinition<'static, u64, &'static [u8]>,
        before: Option<Seq>,
        max: usize,
    ) -> Result<Vec<(Seq, R)>, ReadError> {
        let table = self.txn().open_table(table)?;
        let before = before.map_or(u64::MAX, |before| before.0);
        let mut rows = Vec::new();
        for entry in table.range(..before)?.rev().take(max) {
            let (seq, row) = entry?;
            rows.push((Seq(seq.value()), R::decode(row.value())?));
        }
        Ok(rows)
    }
}

/// See [`Reader::unfinished_operations`].
pub(super) fn unfinished(
    operations: &impl ReadableTable<u64, &'static [u8]>,
) -> Result<Vec<(Seq, Operation)>, ReadError> {
    let mut found = Vec::new();
    for entry in operations.range::<u64>(..)? {
        let (seq, row) = entry?;
        let operation = Operation::decode(row.value())?;
        if matches!(operation.state, OperationState::Planning | OperationState::Applying) {
            found.push((Seq(seq.value()), operation));
        }
    }
    Ok(found)
}
