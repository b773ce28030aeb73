//! What became of a job, as the journal of its operation tells it: the same whether the program ran through
//! or was killed halfway.

use super::job::{Mistake, Outcome};
use crate::ledger::{ReadError, Reader};
use crate::limits;
use lumidex_schema::id::{ImageId, Seq};
use lumidex_schema::media::MediaKind;
use lumidex_schema::operation::{Act, OperationKind, Step, StepState};
use lumidex_schema::path::display;
use lumidex_schema::record::Action;
use std::collections::{HashMap, HashSet};

/// A file that was to be moved or copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) image: ImageId,
    pub(super) from: Vec<u8>,
    pub(super) to: Vec<u8>,
}

/// The first operation that organizes files after this number.
pub(super) fn operation_after(reader: &Reader, began: Seq) -> Result<Option<Seq>, ReadError> {
    let mut found = None;
    let mut before = None;
    loop {
        let decisions = reader.decisions_before(before, limits::files::OPERATIONS_READ_AT_ONCE)?;
        let Some((last, _)) = decisions.last() else { return Ok(found) };
        before = Some(*last);
        for (number, decision) in &decisions {
            if *number <= began {
                return Ok(found);
            }
            if matches!(decision.action, Action::Files { kind: OperationKind::Organize }) {
                found = Some(*number);
            }
        }
    }
}

/// What an operation did. `refused` are those that were found to be impossible before anything was touched,
/// as far as that is still known.
pub(super) fn outcome_of(
    reader: &Reader,
    operation: Option<Seq>,
    expected: &[Expected],
    refused: &[(Vec<u8>, String)],
) -> Result<Outcome, ReadError> {
    let mut told = Told::default();
    told.outcome.operation = operation;
    if let Some(operation) = operation {
        let steps = reader.operation(operation)?.map_or(0, |operation| operation.steps);
        let mut next = 0;
        while next < steps {
            let some = reader.steps(operation, next, limits::organize::STEPS_READ_AT_ONCE)?;
            if some.is_empty() {
                break;
            }
            next += u32::try_from(some.len()).unwrap_or(u32::MAX);
            some.into_iter().for_each(|step| told.step(step));
        }
    }
    let destinations: HashMap<&[u8], &[u8]> =
        expected.iter().map(|one| (one.from.as_slice(), one.to.as_slice())).collect();
    for (path, why) in refused {
        // What failed on the disk was told by its step.
        if told.paths.insert(path.clone()) {
            let to = destinations.get(path.as_slice()).copied().unwrap_or_default();
            told.mistake(path.clone(), to.to_vec(), why.clone());
        }
    }
    for Expected { image, from, to } in expected {
        if !told.images.contains(image) && !told.paths.contains(from) {
            told.mistake(from.clone(), to.clone(), "it could not be done as the disk was then".to_owned());
        }
    }
    Ok(told.outcome)
}

/// Folders made and mistakes so far, of an operation under way; looks at the first steps only.
pub(super) fn so_far(reader: &Reader, operation: Seq) -> Result<Outcome, ReadError> {
    let mut told = Told::default();
    let taken = reader.operation(operation)?.map_or(0, |operation| operation.taken) as usize;
    let max = taken.min(limits::organize::STEPS_LOOKED_AT);
    reader.steps(operation, 0, max)?.into_iter().for_each(|step| told.step(step));
    Ok(told.outcome)
}

#[derive(Default)]
struct Told {
    outcome: Outcome,
    images: HashSet<ImageId>,
    paths: HashSet<Vec<u8>>,
}

impl Told {
    fn step(&mut self, step: Step) {
        let Step { act, from, to, image, state, item: _, before: _, after: _ } = step;
        match act {
            Act::MakeFolder if state == StepState::Done => self.outcome.created.push(to),
            Act::MoveFile | Act::CopyFile if MediaKind::of_name(name_of(&from)).is_some() => {
                self.images.extend(image);
                self.paths.insert(from.clone());
                match state {
                    StepState::Done => self.done(from, to),
                    StepState::Failed(why) => self.mistake(from, to, why),
                    StepState::TakenBack => {
                        let why = "it was put back, because its sidecar could not be done".to_owned();
                        self.mistake(from, to, why);
                    }
                    StepState::Pending => self.mistake(from, to, "it was stopped before its turn".to_owned()),
                }
            }
            Act::MakeFolder | Act::MoveFile | Act::CopyFile => {}
            Act::MoveFolder | Act::RemoveFile | Act::RemoveFolder => {}
        }
    }

    fn done(&mut self, from: Vec<u8>, to: Vec<u8>) {
        self.outcome.moved += 1;
        if name_of(&from) != name_of(&to) {
            let (taken, is) = (display(name_of(&from)), display(name_of(&to)));
            let why = format!("the name `{taken}` was taken there, so it is called `{is}` now");
            self.tell(Mistake { from, to, why, is_renamed: true });
        }
    }

    fn mistake(&mut self, from: Vec<u8>, to: Vec<u8>, why: String) {
        self.outcome.failed += 1;
        self.tell(Mistake { from, to, why, is_renamed: false });
    }

    fn tell(&mut self, mistake: Mistake) {
        if self.outcome.errors.len() < limits::files::ERRORS_TOLD_MAX {
            self.outcome.errors.push(mistake);
        }
    }
}

/// The last component.
pub(super) fn name_of(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}
