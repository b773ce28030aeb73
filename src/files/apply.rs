//! Applying what is journaled: steps are taken in chunks, and the ledger is told of each chunk in one
//! transaction, with where the images are since.
//!
//! When the ledger cannot be told, it is tried again for some seconds. Then what was done stays done on
//! the disk: taking it back would be more work for a machine that is failing, and the journal knows how
//! to go on. The next wish, or the next start, looks at the disk and tells the ledger.

use super::act::{Failure, Hands};
use super::draft::weight;
use super::follow::Follow;
use super::place::name_of;
use super::plan::{Mistakes, Plan};
use super::problem::{Problem, in_full};
use super::roots::Roots;
use super::running::{Ending, Run};
use super::{Files, WishError, trash};
use crate::ledger::{DecideError, Relocation, Taken};
use crate::limits::files as limits;
use lumidex_schema::id::Seq;
use lumidex_schema::media::MediaKind;
use lumidex_schema::operation::{Act, Operation, OperationKind, OperationState, Step, StepState};
use lumidex_schema::record::Sighting;
use std::time::Instant;

/// How an operation came to its end.
#[derive(Debug)]
pub(super) struct Applied {
    pub(super) done: u64,
    /// Anything at all was done, and not taken back.
    pub(super) has_effect: bool,
    pub(super) mistakes: Mistakes,
    pub(super) is_stopped: bool,
    pub(super) head: Seq,
}

impl Applied {
    pub(super) const fn nothing(mistakes: Mistakes, head: Seq) -> Self {
        Self { done: 0, has_effect: false, mistakes, is_stopped: false, head }
    }
}

/// How steps are taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// The first item that fails is the last that is tried.
    pub(super) stops: bool,
    /// Some steps may have been taken before.
    pub(super) is_again: bool,
}

/// Takes the steps of an operation that were not taken yet, up to its end.
///
/// # Errors
/// When the ledger fails or the program stops; then it can be gone on with.
pub(super) fn apply(
    files: &Files,
    run: &Run,
    operation: Seq,
    plan: Plan,
    manner: Manner,
) -> Result<Applied, WishError> {
    let reader = files.ledger.reader()?;
    let head = reader.operation(operation)?;
    let head = head.ok_or_else(|| WishError::Unknown(format!("operation {operation} is gone")))?;
    let hands = Hands::new(files.tree.as_ref(), run, trash::token(operation, head.at));
    let applied = Applied::nothing(plan.mistakes, reader.head()?);
    run.set_progress(head.taken, head.steps);
    let follow = Follow { files, roots: Roots::read(&reader)? };
    drop(reader);
    let mut applying = Applying { files, run, operation, head, manner, hands, follow, applied };
    while applying.chunk()? {}
    Ok(applying.applied)
}

struct Applying<'a> {
    files: &'a Files,
    run: &'a Run,
    operation: Seq,
    head: Operation,
    manner: Manner,
    hands: Hands<'a>,
    follow: Follow<'a>,
    applied: Applied,
}

/// What came of some steps, before the ledger is told.
#[derive(Default)]
struct Chunk {
    outcomes: Vec<(StepState, Option<Sighting>)>,
    relocations: Vec<Relocation>,
    held: u64,
    /// Places in a trash that something was taken from.
    left: Vec<Vec<u8>>,
    end: Option<OperationState>,
}

/// What came of an item.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Done,
    Failed,
    /// Nothing of it was done, because it was asked to end.
    NotTried,
}

impl Applying<'_> {
    /// Whether there is more to do.
    fn chunk(&mut self) -> Result<bool, WishError> {
        let steps = self.next_steps()?;
        let mut chunk = Chunk::default();
        let began = Instant::now();
        let mut nth = self.head.taken;
        for item in steps.chunk_by(|one, other| one.item == other.item) {
            if self.run.ending().is_some() {
                break;
            }
            let fate = self.item(nth, item, &mut chunk);
            if fate == Fate::NotTried {
                break;
            }
            nth += u32::try_from(item.len()).unwrap_or(u32::MAX);
            let is_enough = self.manner.stops && fate == Fate::Failed;
            if is_enough {
                chunk.end = Some(OperationState::Stopped);
            }
            if is_enough || began.elapsed() > limits::STEPS_TAKEN_FOR {
                break;
            }
        }
        self.sync(&mut chunk);
        if nth >= self.head.steps || steps.is_empty() {
            chunk.end = Some(OperationState::Done);
        } else if self.run.ending() == Some(Ending::Asked) {
            (chunk.end, self.applied.is_stopped) = (Some(OperationState::Stopped), true);
        }
        self.tell(chunk)?;
        match self.run.ending() {
            _ if self.head.ended.is_some() => Ok(false),
            Some(Ending::Program) => Err(WishError::Busy("the program is stopping".to_owned())),
            _ => Ok(true),
        }
    }

    /// Whole items, some thousand steps of them.
    fn next_steps(&self) -> Result<Vec<Step>, WishError> {
        let reader = self.files.ledger.reader()?;
        let read = |n_read: usize| {
            let from = self.head.taken.saturating_add(u32::try_from(n_read).unwrap_or(u32::MAX));
            reader.steps(self.operation, from, limits::STEPS_TAKEN_AT_ONCE)
        };
        let mut steps = read(0)?;
        while self.head.taken as usize + steps.len() < self.head.steps as usize {
            let (Some(first), Some(last)) = (steps.first(), steps.last()) else { break };
            let (first, last) = (first.item, last.item);
            if first != last {
                // The rest of its item is not here.
                steps.truncate(steps.partition_point(|step| step.item < last));
                break;
            }
            let more = read(steps.len())?;
            if more.is_empty() {
                break;
            }
            steps.extend(more);
        }
        Ok(steps)
    }

    fn item(&mut self, first: u32, steps: &[Step], chunk: &mut Chunk) -> Fate {
        let mut outcomes: Vec<(StepState, Option<Sighting>)> = Vec::with_capacity(steps.len());
        for (nth, step) in (first..).zip(steps) {
            let taken = if self.manner.is_again {
                self.hands.take_again(nth, step)
            } else {
                self.hands.take(nth, step)
            };
            match taken {
                Ok(after) => outcomes.push((StepState::Done, after)),
                Err(failure) if failure.is_not_empty && self.may_stay() => {
                    outcomes.push((StepState::Failed(failure.problem.text().to_owned()), None));
                }
                Err(failure) => return self.give_up(first, steps, outcomes, failure, chunk),
            }
        }
        self.applied.done += u64::from(weight(self.head.kind, steps));
        self.note(steps, outcomes, chunk);
        Fate::Done
    }

    /// A folder that was to be removed because it would be empty, and is not, stays; that is no failure,
    /// unless removing it was all that was wished.
    const fn may_stay(&self) -> bool {
        !matches!(self.head.kind, OperationKind::Delete | OperationKind::DeleteForGood)
    }

    /// Takes back what was done of an item.
    fn give_up(
        &mut self,
        first: u32,
        steps: &[Step],
        mut outcomes: Vec<(StepState, Option<Sighting>)>,
        failure: Failure,
        chunk: &mut Chunk,
    ) -> Fate {
        let mut text = failure.problem.text().to_owned();
        let mut is_clean = true;
        for (k, (step, outcome)) in steps.iter().zip(&mut outcomes).enumerate().rev() {
            if outcome.0 != StepState::Done {
                continue;
            }
            let nth = first.saturating_add(u32::try_from(k).unwrap_or(u32::MAX));
            match self.hands.take_back(nth, step, outcome.1) {
                Ok(back) => {
                    chunk.relocations.extend(self.follow.back(step, back));
                    *outcome = (StepState::TakenBack, None);
                }
                Err(back) => {
                    is_clean = false;
                    text = format!(
                        "{text}; and what was done before cannot be taken back: {}",
                        back.problem.text()
                    );
                }
            }
        }
        if failure.is_stopped && is_clean {
            return Fate::NotTried;
        }
        if let Some(step) = steps.get(outcomes.len()) {
            trash::clear_way(self.hands.tree, &step.to, self.hands.token());
        }
        while outcomes.len() < steps.len() {
            outcomes.push((StepState::Failed(text.clone()), None));
        }
        let problem = if is_clean { failure.problem } else { Problem::refused(text) };
        for path in asked_for(steps) {
            self.applied.mistakes.add(path, problem.clone());
        }
        self.note(steps, outcomes, chunk);
        Fate::Failed
    }

    fn note(&mut self, steps: &[Step], outcomes: Vec<(StepState, Option<Sighting>)>, chunk: &mut Chunk) {
        for (step, (state, after)) in steps.iter().zip(outcomes) {
            if state == StepState::Done {
                self.applied.has_effect = true;
                if step.act == Act::MoveFile && trash::root_of(&step.to, self.hands.token()).is_some() {
                    chunk.held += after.map_or(0, |after| after.size);
                }
                if self.follow.roots.outside_trash(&step.from).is_err() {
                    chunk.left.push(step.from.clone());
                }
                self.follow.taken(step, after, &mut chunk.relocations);
            }
            chunk.outcomes.push((state, after));
        }
    }

    /// What cannot be made durable was done all the same, but nothing more is tried.
    fn sync(&mut self, chunk: &mut Chunk) {
        for (folder, problem) in self.hands.sync() {
            self.applied.mistakes.add(&folder, problem);
            chunk.end = Some(OperationState::Stopped);
        }
    }

    fn tell(&mut self, chunk: Chunk) -> Result<(), WishError> {
        if chunk.outcomes.is_empty() && chunk.end.is_none() {
            return Ok(());
        }
        let n_taken = chunk.outcomes.len();
        let held = self.head.held + chunk.held;
        let taken = Taken {
            first: self.head.taken,
            steps: chunk.outcomes,
            relocations: chunk.relocations,
            held,
            end: chunk.end,
        };
        self.applied.head = self.take_steps(&taken)?;
        self.head.taken += u32::try_from(n_taken).unwrap_or(u32::MAX);
        self.head.held = held;
        self.head.ended = chunk.end.map(|_| super::running::now());
        self.run.add_taken(n_taken);
        // Only now: until the ledger knows, they may be needed again.
        for place in chunk.left {
            if let Some(token) = trash::token_in(&place) {
                trash::clear_way(self.hands.tree, &place, token);
            }
        }
        Ok(())
    }

    fn take_steps(&self, taken: &Taken) -> Result<Seq, WishError> {
        let began = Instant::now();
        loop {
            match self.files.ledger.take_steps(self.operation, taken.clone()) {
                Err(DecideError::Write(error)) => {
                    if began.elapsed() > self.files.patience
                        || self.files.stop.wait_for(limits::LEDGER_TRIED_EVERY)
                    {
                        let operation = self.operation.0;
                        tracing::error!(
                            operation,
                            error = in_full(&error),
                            "files were moved, and the ledger cannot be told; it will be told later"
                        );
                        return Err(WishError::Ledger(Box::new(error)));
                    }
                }
                told => return Ok(told?),
            }
        }
    }
}

/// What was asked for of an item: its media files, or whatever it begins with.
fn asked_for(steps: &[Step]) -> Vec<&[u8]> {
    let is_media = |step: &&Step| {
        matches!(step.act, Act::MoveFile | Act::CopyFile | Act::RemoveFile)
            && MediaKind::of_name(name_of(&step.from)).is_some()
    };
    let media: Vec<_> = steps.iter().filter(is_media).map(|step| step.from.as_slice()).collect();
    if !media.is_empty() {
        return media;
    }
    steps
        .first()
        .map(|step| if step.from.is_empty() { &step.to[..] } else { &step.from[..] })
        .into_iter()
        .collect()
}
