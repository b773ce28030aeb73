//! The journal of operations on files: what is to be done is written before anything is touched, and
//! what became of it together with where the images are since.
//!
//! Knows nothing of disks. Whoever applies an operation tells the results of its steps in the order of
//! the journal; each call is one durable transaction, which it may share with other decisions.

use super::decide::{DecideError, Decided, Failure, Outcome, Request, done};
use super::intern::Interned;
use super::observe::miss;
use super::relocate::{Relocation, relocate};
use super::txn::{Tables, decode};
use super::{Ledger, ReadError};
use crate::limits;
use lumidex_schema::id::{ImageId, Seq, Timestamp};
use lumidex_schema::operation::{Operation, OperationKind, OperationState, Step, StepState};
use lumidex_schema::record::{Action, Presence, Row, Sighting};
use redb::ReadableTable;
use std::collections::HashSet;

/// What became of some steps of an operation, in the order of its journal.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    /// The place of the first of them, at most the number of steps that were looked at before.
    pub first: u32,
    /// What became of each, and what stands at its `to` since.
    pub steps: Vec<(StepState, Option<Sighting>)>,
    /// Where images are since, in the order in which it came to be.
    pub relocations: Vec<Relocation>,
    /// Bytes the operation holds in a trash after them, in all.
    pub held: u64,
    /// The operation came to this end: [`OperationState::Done`] or [`OperationState::Stopped`].
    pub end: Option<OperationState>,
}

/// Something to be written to the journal.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    Begin { kind: OperationKind, items: u32, steps: Vec<Step>, is_whole: bool },
    Add { operation: Seq, items: u32, steps: Vec<Step>, is_last: bool },
    Take { operation: Seq, taken: Taken },
    Forget { operation: Seq },
    Expire { operation: Seq },
}

impl Ledger {
    /// Begins an operation with its first steps and gives its number. When these are all (`is_whole`) it
    /// can be applied, otherwise more are added first. `items` is how many items the steps are of.
    ///
    /// # Errors
    /// [`DecideError::UnknownOperation`] or [`DecideError::CannotUndo`] when it is to undo another that
    /// does not exist, or was undone or has expired; [`DecideError::Write`]. Nothing is kept then.
    pub fn begin_operation(
        &self,
        kind: OperationKind,
        items: u32,
        steps: Vec<Step>,
        is_whole: bool,
    ) -> Result<Seq, DecideError> {
        self.journal(Entry::Begin { kind, items, steps, is_whole })
    }

    /// Adds steps to an operation that is being planned; after the last ones it can be applied. `items` is
    /// how many items they begin. Gives the head.
    ///
    /// # Errors
    /// [`DecideError::UnknownOperation`]; [`DecideError::NotNow`] when it is not being planned;
    /// [`DecideError::Write`]. Nothing is kept then.
    pub fn add_steps(
        &self,
        operation: Seq,
        items: u32,
        steps: Vec<Step>,
        is_last: bool,
    ) -> Result<Seq, DecideError> {
        self.journal(Entry::Add { operation, items, steps, is_last })
    }

    /// Notes what became of steps, and lets the images follow. With an end the operation is over; what an
    /// operation of kind [`OperationKind::Undo`] was about is then undone, if it is [`OperationState::Done`].
    /// Gives the head. To tell the same again changes nothing.
    ///
    /// # Errors
    /// [`DecideError::UnknownOperation`]; [`DecideError::NotNow`] when it is not being applied, or has no
    /// such steps; [`DecideError::Write`]. Nothing is kept then.
    pub fn take_steps(&self, operation: Seq, taken: Taken) -> Result<Seq, DecideError> {
        self.journal(Entry::Take { operation, taken })
    }

    /// Removes every trace of an operation that is still being planned, in small transactions; its head
    /// goes last. Gives the head of the ledger.
    ///
    /// # Errors
    /// As [`Ledger::add_steps`]; it can be called again then.
    pub fn forget_operation(&self, operation: Seq) -> Result<Seq, DecideError> {
        self.remove_steps(|| Entry::Forget { operation })
    }

    /// Removes the steps of an operation that came to its end, in small transactions; from the first on it
    /// can no longer be undone, see [`Operation::is_expired`]. Its head stays and holds nothing. Gives the
    /// head of the ledger.
    ///
    /// # Errors
    /// [`DecideError::UnknownOperation`]; [`DecideError::NotNow`] when it did not come to its end;
    /// [`DecideError::Write`]. It can be called again then.
    pub fn expire_operation(&self, operation: Seq) -> Result<Seq, DecideError> {
        self.remove_steps(|| Entry::Expire { operation })
    }

    fn journal(&self, entry: Entry) -> Result<Seq, DecideError> {
        Ok(self.decide(Request::Journal(entry))?.0)
    }

    fn remove_steps(&self, entry: impl Fn() -> Entry) -> Result<Seq, DecideError> {
        loop {
            let (seq, outcome) = self.decide(Request::Journal(entry()))?;
            if !matches!(outcome, Outcome::StepsLeft(1..)) {
                return Ok(seq);
            }
        }
    }
}

pub(super) fn apply(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    entry: Entry,
    at: Timestamp,
) -> Decided {
    match entry {
        Entry::Begin { kind, items, steps, is_whole } => {
            begin(tables, interned, kind, (items, &steps), is_whole, at)
        }
        Entry::Add { operation, items, steps, is_last } => {
            add(tables, interned, operation, (items, &steps), is_last)
        }
        Entry::Take { operation, taken } => take(tables, interned, operation, taken, at),
        Entry::Forget { operation } => forget(tables, interned, operation),
        Entry::Expire { operation } => expire(tables, operation),
    }
}

fn begin(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    kind: OperationKind,
    (items, steps): (u32, &[Step]),
    is_whole: bool,
    at: Timestamp,
) -> Decided {
    if let OperationKind::Undo { of } = kind {
        can_be_undone(tables, of)?;
    }
    let number = tables.decided(at, Action::Files { kind })?;
    let mut head = Operation {
        at,
        kind,
        state: OperationState::Planning,
        items: 0,
        steps: 0,
        taken: 0,
        failed: 0,
        held: 0,
        ended: None,
        last_image: tables.counters.image,
    };
    append(tables, number, &mut head, (items, steps), is_whole)?;
    tables.operations.insert(number.0, head.encode().as_slice())?;
    interned.underway.add(steps);
    Ok((number, Outcome::Done))
}

fn can_be_undone(tables: &Tables<'_>, operation: Seq) -> Result<(), Failure> {
    let refused = |why: String| Err(Failure::Refused(DecideError::CannotUndo { decision: operation, why }));
    let head = head_of(tables, operation)?;
    if let Some(by) = tables.undone.get(operation.0)? {
        return refused(format!("it was undone before, by `{}`", by.value()));
    }
    if head.is_expired() {
        return refused("it is too old: what it needs is not kept any more".to_owned());
    }
    match head.state {
        OperationState::Done | OperationState::Stopped => Ok(()),
        OperationState::Planning | OperationState::Applying => {
            refused("it has not come to its end".to_owned())
        }
    }
}

fn head_of(tables: &Tables<'_>, operation: Seq) -> Result<Operation, Failure> {
    let head: Option<Operation> = decode(tables.operations.get(operation.0)?)?;
    head.ok_or(Failure::Refused(DecideError::UnknownOperation(operation)))
}

/// The head, when the operation is in one of these states.
fn head_in(
    tables: &Tables<'_>,
    operation: Seq,
    states: &[OperationState],
    why: &'static str,
) -> Result<Operation, Failure> {
    let head = head_of(tables, operation)?;
    if states.contains(&head.state) { Ok(head) } else { Err(not_now(operation, &head, why)) }
}

fn not_now(operation: Seq, head: &Operation, why: &'static str) -> Failure {
    Failure::Refused(DecideError::NotNow { operation, state: head.state, why })
}

/// The ledger differs from what it was at its head, and says so.
fn put_head(tables: &mut Tables<'_>, operation: Seq, head: &Operation) -> Result<(), ReadError> {
    tables.operations.insert(operation.0, head.encode().as_slice())?;
    tables.next_seq();
    Ok(())
}

fn append(
    tables: &mut Tables<'_>,
    operation: Seq,
    head: &mut Operation,
    (items, steps): (u32, &[Step]),
    is_last: bool,
) -> Result<(), Failure> {
    let counted = u32::try_from(steps.len()).ok().and_then(|n| head.steps.checked_add(n));
    let counted = counted.zip(head.items.checked_add(items));
    let Some((n_steps, n_items)) = counted else {
        return Err(not_now(operation, head, "it has as many steps as can be counted"));
    };
    for (nth, step) in (head.steps..).zip(steps) {
        tables.steps.insert((operation.0, nth), step.encode().as_slice())?;
    }
    (head.steps, head.items) = (n_steps, n_items);
    if is_last {
        head.state = OperationState::Applying;
    }
    Ok(())
}

fn add(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    operation: Seq,
    steps: (u32, &[Step]),
    is_last: bool,
) -> Decided {
    let states = [OperationState::Planning];
    let mut head = head_in(tables, operation, &states, "steps are added while it is planned")?;
    append(tables, operation, &mut head, steps, is_last)?;
    put_head(tables, operation, &head)?;
    interned.underway.add(steps.1);
    done(tables)
}

fn take(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    operation: Seq,
    taken: Taken,
    at: Timestamp,
) -> Decided {
    let states = [OperationState::Applying];
    let mut head = head_in(tables, operation, &states, "steps are taken while it is applied")?;
    let Taken { first, steps, relocations, held, end } = taken;
    let end_of_them = u32::try_from(steps.len()).ok().and_then(|n| first.checked_add(n));
    let Some(taken) = end_of_them.filter(|end| first <= head.taken && *end <= head.steps) else {
        return Err(not_now(operation, &head, "it has no such steps, or those before them were not taken"));
    };
    if matches!(end, Some(OperationState::Planning | OperationState::Applying)) {
        return Err(not_now(operation, &head, "an end is `Done` or `Stopped`"));
    }
    for (nth, (state, after)) in (first..).zip(steps) {
        let row: Option<Step> = decode(tables.steps.get((operation.0, nth))?)?;
        let Some(mut step) = row else { continue };
        head.failed -= u32::from(has_failed(&step.state));
        head.failed += u32::from(has_failed(&state));
        (step.state, step.after) = (state, after);
        tables.steps.insert((operation.0, nth), step.encode().as_slice())?;
        if nth >= head.taken {
            interned.underway.take(&step);
        }
    }
    (head.taken, head.held) = (head.taken.max(taken), held);
    let located: HashSet<ImageId> = relocations.iter().filter_map(Relocation::located).collect();
    relocate(tables, interned, relocations, &head, at)?;
    if let Some(end) = end {
        if head.taken < head.steps {
            interned.underway.forget();
        }
        (head.state, head.ended) = (end, Some(at));
        if let (OperationKind::Undo { of }, OperationState::Done) = (head.kind, end) {
            tables.undone.insert(of.0, operation.0)?;
        }
    }
    put_head(tables, operation, &head)?;
    look_for_released(tables, interned, &located)?;
    done(tables)
}

/// Images that went missing, or were said to, while their steps were to be taken, and were not given a place by
/// them; of those that are `located`, it was said where they are.
fn look_for_released(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    located: &HashSet<ImageId>,
) -> Result<(), ReadError> {
    for (file, at) in interned.underway.said_gone(tables)? {
        if !located.contains(&file.image) && miss(tables, file, at)? {
            interned.displaced.push(file.image);
        }
    }
    for id in interned.underway.released() {
        let is_missing =
            tables.image(id)?.is_some_and(|image| matches!(image.presence, Presence::Missing { .. }));
        if is_missing {
            interned.displaced.push(id);
        }
    }
    Ok(())
}

const fn has_failed(state: &StepState) -> bool {
    matches!(state, StepState::Failed(_) | StepState::TakenBack)
}

fn forget(tables: &mut Tables<'_>, interned: &mut Interned, operation: Seq) -> Decided {
    let states = [OperationState::Planning];
    let mut head = head_in(tables, operation, &states, "only what was not begun is forgotten")?;
    interned.underway.forget();
    head.steps = remove_last_steps(tables, operation)?;
    if head.steps > 0 {
        put_head(tables, operation, &head)?;
    } else {
        tables.operations.remove(operation.0)?;
        tables.decisions.remove(operation.0)?;
        tables.next_seq();
    }
    look_for_released(tables, interned, &HashSet::new())?;
    Ok((tables.counters.head, Outcome::StepsLeft(head.steps)))
}

fn expire(tables: &mut Tables<'_>, operation: Seq) -> Decided {
    let states = [OperationState::Done, OperationState::Stopped];
    let mut head = head_in(tables, operation, &states, "what is not over does not expire")?;
    let left = remove_last_steps(tables, operation)?;
    // At once fewer than were taken, however many are still to be removed.
    let steps = left.min(head.taken.saturating_sub(1));
    if (steps, 0) != (head.steps, head.held) {
        (head.steps, head.held) = (steps, 0);
        put_head(tables, operation, &head)?;
    }
    Ok((tables.counters.head, Outcome::StepsLeft(left)))
}

/// Removes some of an operation's last steps; how many are left.
fn remove_last_steps(tables: &mut Tables<'_>, operation: Seq) -> Result<u32, ReadError> {
    let last = tables.steps.range((operation.0, 0)..=(operation.0, u32::MAX))?.next_back().transpose()?;
    let n_steps = last.map_or(0, |(key, _)| key.value().1 + 1);
    let left = n_steps.saturating_sub(limits::JOURNAL_STEPS_REMOVED);
    for nth in left..n_steps {
        tables.steps.remove((operation.0, nth))?;
    }
    Ok(left)
}
