//! What people did, as it is recorded: decisions, operations with their steps, what undid what; and the numbers
//! all of it was given.

use super::change::{Change, Place};
use super::finding::Mend;
use super::known::Known;
use super::look::{Look, VerifyError};
use lumidex_schema::operation::{Operation, Step, StepState};
use lumidex_schema::record::Decision;
use lumidex_schema::tables;
use lumidex_schema::tag::WELL_KNOWN;
use redb::ReadableTable;
use std::collections::{BTreeMap, BTreeSet};

/// Lacking steps of an operation that are told one by one.
const LACKING_TOLD_MAX: usize = 1_000;

impl Look<'_> {
    /// A number of the table of numbers; 0 when it is not there.
    pub(super) fn number(&self, name: &'static str) -> Result<u64, VerifyError> {
        let meta = self.txn.open_table(tables::META)?;
        Ok(meta.get(name)?.map_or(0, |number| number.value()))
    }

    /// Decisions and operations, which have the same numbers, and their steps.
    pub(super) fn deeds(&mut self) -> Result<(), VerifyError> {
        let mut decisions = BTreeSet::new();
        self.each(tables::DECISIONS, |look, seq, bytes| {
            look.read::<Decision>(Place::Decision(seq), bytes);
            decisions.insert(seq);
            Ok(())
        })?;
        let mut operations: BTreeMap<u64, (Operation, Steps)> = BTreeMap::new();
        self.each(tables::OPERATIONS, |look, seq, bytes| {
            let Some(head) = look.read::<Operation>(Place::Operation(seq), bytes) else { return Ok(()) };
            if !decisions.contains(&seq) {
                look.absent(Place::Decision(seq), Place::Operation(seq).shown());
            }
            operations.insert(seq, (head, Steps::default()));
            Ok(())
        })?;
        self.each(tables::STEPS, |look, (seq, nth), bytes| {
            let place = Place::Step(seq, nth);
            let Some((head, seen)) = operations.get_mut(&seq) else {
                look.absent(Place::Operation(seq), place.shown());
                return Ok(());
            };
            if !head.is_expired() {
                (seen.n..nth.min(head.steps)).take(LACKING_TOLD_MAX).for_each(|lacking| {
                    look.absent(Place::Step(seq, lacking), Place::Operation(seq).shown());
                });
            }
            seen.n = seen.n.max(nth.saturating_add(1));
            let Some(step) = look.read::<Step>(place.clone(), bytes) else { return Ok(()) };
            seen.failed += u32::from(matches!(step.state, StepState::Failed(_) | StepState::TakenBack));
            let is_beyond = nth >= head.steps && !head.is_expired();
            if is_beyond || (nth >= head.taken && step.state != StepState::Pending) {
                let expected = match is_beyond {
                    true => format!("{} steps", head.steps),
                    false => format!("{} steps that were taken", head.taken),
                };
                let words = (expected, "a further one");
                look.tell(
                    "step-of-operation",
                    place.shown(),
                    words,
                    Mend::PutBack,
                    vec![Change::Lost(place)],
                );
            }
            Ok(())
        })?;
        for (seq, (head, seen)) in operations {
            if head.is_expired() {
                continue;
            }
            let place = Place::Operation(seq);
            (seen.n..head.steps)
                .take(LACKING_TOLD_MAX)
                .for_each(|lacking| self.absent(Place::Step(seq, lacking), place.shown()));
            if seen.failed != head.failed
                && self.lost.range(Place::Step(seq, 0)..=Place::Step(seq, u32::MAX)).next().is_none()
            {
                let words = (format!("{} steps that failed", seen.failed), format!("{}", head.failed));
                let right = Box::new(Operation { failed: seen.failed, ..head });
                let changes = vec![Change::Operation(seq, right)];
                self.tell("operation-counts", place.shown(), words, Mend::Derive, changes);
            }
        }
        self.each(tables::UNDONE, |look, seq, by| {
            if !(decisions.contains(&seq) && decisions.contains(&by)) {
                let words = ("two decisions", "at most one of them");
                let what = format!("{by}, which undid {seq}");
                look.tell("undone-is-decision", what, words, Mend::Derive, vec![Change::Undone(seq)]);
            }
            Ok(())
        })
    }

    /// Counters are not behind what was given, and every number belongs to an epoch.
    pub(super) fn numbers(&mut self, known: &Known) -> Result<(), VerifyError> {
        let last = |table: Option<u64>| table.unwrap_or(0);
        let mut head = last(self.last_of(tables::FEED)?)
            .max(last(self.last_of(tables::DECISIONS)?))
            .max(last(self.last_of(tables::REVIEWS)?))
            .max(last(self.last_of(tables::OPERATIONS)?));
        head = head.max(self.number("horizon")?);
        for (name, least) in [
            ("head", head),
            ("last_image", known.images.last().into()),
            ("last_text", known.texts.last().into()),
            ("last_tag", known.tags.last().into()),
            ("last_folder", known.folders.last().into()),
            ("last_root", known.roots.last().into()),
        ] {
            let stored = self.number(name)?;
            if stored < least {
                let words = (format!("at least {least}"), format!("{stored}"));
                let changes = vec![Change::Counter(name, least)];
                self.tell("counter", format!("counter `{name}`"), words, Mend::Derive, changes);
            }
        }
        let head = head.max(self.number("head")?);
        let mut tokens = BTreeMap::new();
        let mut first = None;
        self.each(tables::EPOCHS, |look, seq, token| {
            first.get_or_insert(seq);
            let what = format!("epoch that begins at {seq}");
            let changes = |right| vec![Change::Epoch(seq, right)];
            if seq > head.saturating_add(1) {
                let words = (format!("a beginning of at most {}", head + 1), format!("{seq}"));
                look.tell("epoch-begins", what, words, Mend::Derive, changes(false));
            } else if let Some(other) = tokens.insert(token, seq) {
                let words = ("a token of its own".to_owned(), format!("that of the epoch at {other}"));
                look.tell("epoch-token", what, words, Mend::Derive, changes(true));
            }
            Ok(())
        })?;
        // What every ledger begins with was numbered before its first epoch.
        let least = WELL_KNOWN.len() as u64 + 1;
        if first.is_none_or(|first| first > least) {
            let words = (format!("an epoch that begins at {least}"), "none");
            let changes = vec![Change::Epoch(least, true)];
            self.tell("epoch-begins", format!("numbers from {least} on"), words, Mend::Derive, changes);
        }
        Ok(())
    }

    fn last_of<V: redb::Value + 'static>(
        &self,
        table: redb::TableDefinition<'static, u64, V>,
    ) -> Result<Option<u64>, VerifyError> {
        match self.txn.open_table(table) {
            Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
            opened => Ok(opened?.last()?.map(|(seq, _)| seq.value())),
        }
    }
}

/// What was seen of the steps of an operation.
#[derive(Default)]
struct Steps {
    /// One more than the last.
    n: u32,
    failed: u32,
}
