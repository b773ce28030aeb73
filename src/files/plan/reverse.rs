//! Planning to undo an operation: its steps reversed, the last first. All of them are checked before
//! anything is touched, and where the world has changed since, nothing is undone.
//!
//! What is already as it was before is passed over, so an undo that was stopped can be asked for again.

use super::{Mistakes, Plan, Planner, step};
use crate::files::place::{digest, folder_of, on_disk, shown};
use crate::files::problem::{Problem, Wrong};
use crate::files::running::{Run, now};
use crate::files::{Files, WishError, trash};
use crate::limits;
use crate::sys::tree::Kind;
use lumidex_schema::id::Seq;
use lumidex_schema::operation::{Act, Operation, OperationKind, OperationState, Step, StepState};
use lumidex_schema::record::Sighting;

/// See the top of the file.
///
/// # Errors
/// When it cannot be undone; then no trace of the plan is left.
pub(crate) fn reverse(files: &Files, run: &Run, of: Seq) -> Result<Plan, WishError> {
    let head = files.ledger.reader()?.operation(of)?;
    let head = head.ok_or_else(|| WishError::Unknown(format!("there is no operation {of}")))?;
    let mut planner = Planner::new(files, run)?;
    let planned = planner
        .may_be_undone(of, &head)
        .and_then(|()| planner.reverse(of, &head))
        .and_then(|()| planner.space.check(files.tree.as_ref()));
    let plan = planner.finish(planned)?;
    if plan.operation.is_none() {
        return Err(WishError::Refused(format!("there is nothing of operation {of} to be undone")));
    }
    Ok(plan)
}

impl Planner<'_> {
    fn may_be_undone(&self, of: Seq, head: &Operation) -> Result<(), Wrong> {
        let refused = |why: String| Err(Problem::refused(format!("operation {of} {why}")).into());
        if matches!(head.state, OperationState::Planning | OperationState::Applying) {
            return Err(WishError::Busy(format!("operation {of} is still being done")).into());
        }
        if let Some(by) = self.reader.undone_by(of)? {
            return refused(format!("was undone before, by {by}"));
        }
        if head.kind == OperationKind::DeleteForGood {
            return refused("deleted for good".to_owned());
        }
        let age_max = i64::try_from(limits::UNDO_AGE_MAX.as_nanos()).unwrap_or(i64::MAX);
        if head.is_expired() || head.at.0 < now().0.saturating_sub(age_max) {
            return refused("is too old: what it needs is not kept any more".to_owned());
        }
        Ok(())
    }

    fn reverse(&mut self, of: Seq, head: &Operation) -> Result<(), Wrong> {
        let mut reasons: Vec<Problem> = Vec::new();
        let (mut item, mut number) = (Vec::new(), None);
        let mut end = head.taken;
        while end > 0 && reasons.len() < limits::files::UNDO_REASONS_TOLD_MAX {
            let n = end.min(u32::try_from(limits::files::STEPS_JOURNALED_AT_ONCE).unwrap_or(u32::MAX));
            let steps = self.reader.steps(of, end - n, n as usize)?;
            end -= n;
            for (nth, taken) in
                (end..end + n).zip(steps).rev().filter(|(_, step)| step.state == StepState::Done)
            {
                self.go_on()?;
                if number != Some(taken.item) {
                    self.draft.add(std::mem::take(&mut item))?;
                    number = Some(taken.item);
                }
                match self.reverse_step((of, nth), &taken) {
                    Ok(reversed) => item.extend(reversed),
                    Err(Wrong::Item(problem)) => reasons.push(problem),
                    Err(whole) => return Err(whole),
                }
            }
        }
        self.draft.add(item)?;
        if reasons.is_empty() {
            return Ok(());
        }
        let reasons: Vec<_> =
            reasons.iter().take(limits::files::UNDO_REASONS_TOLD_MAX).map(Problem::text).collect();
        Err(Problem::refused(format!("operation {of} cannot be undone: {}", reasons.join("; "))).into())
    }

    /// `None` when there is nothing to do.
    fn reverse_step(&mut self, of: (Seq, u32), taken: &Step) -> Result<Option<Step>, Wrong> {
        match taken.act {
            Act::MoveFile | Act::MoveFolder => self.move_back(of, taken),
            Act::CopyFile => self.take_copy_away(of, taken),
            Act::RemoveFile => self.copy_again(taken).map(Some),
            Act::MakeFolder => self.remove_made(of, taken),
            Act::RemoveFolder => self.make_again(taken),
        }
    }

    fn move_back(&mut self, of: (Seq, u32), taken: &Step) -> Result<Option<Step>, Wrong> {
        let Step { act, from, to, .. } = taken;
        let after = sighting(taken)?;
        let Some(look) = self.tree().look(&on_disk(to))? else {
            let back = self.tree().look(&on_disk(from))?;
            // An undo that was stopped did it, or a person did.
            if back.is_some_and(|back| back.is_still(&after) || back.is_like(&after)) {
                return Ok(None);
            }
            return Err(Problem::refused(format!("{} is not there any more", shown(to))).into());
        };
        if !self.is_still_of(of, to, &look, &after)? {
            return Err(changed(to).into());
        }
        if *act == Act::MoveFolder {
            self.roots.may_go(to)?;
        }
        let place = self.place_back(taken)?;
        self.set_aside(to, &place)?;
        if let Some(before) = taken.before.filter(|before| before.device != look.sighting.device) {
            let existing = self.existing_above(&place)?;
            self.space.add(before.device, &existing, look.sighting.size);
        }
        let image = match taken.image {
            Some(image) => Some(image),
            None => self.image_at(to)?,
        };
        Ok(Some(step(*act, to, place, image, Some(&look))))
    }

    /// Where a file was before; if that was in the trash of another operation, in that of this one.
    fn place_back(&mut self, taken: &Step) -> Result<Vec<u8>, Wrong> {
        if self.roots.outside_trash(&taken.from).is_err() {
            return self.trash_place(&taken.to);
        }
        self.needs_folder_of(&taken.from)?;
        Ok(taken.from.clone())
    }

    fn trash_place(&mut self, path: &[u8]) -> Result<Vec<u8>, Wrong> {
        let token = self.draft.token()?;
        let place = self.roots.root_of(path).and_then(|root| trash::place(root, &token, path));
        let no_trash = || Problem::refused(format!("{} lies in no folder of the library", shown(path)));
        Ok(place.ok_or_else(no_trash)?)
    }

    fn take_copy_away(&mut self, of: (Seq, u32), taken: &Step) -> Result<Option<Step>, Wrong> {
        let Step { from: original, to: copy, .. } = taken;
        let Some(look) = self.tree().look(&on_disk(copy))? else { return Ok(None) };
        if !self.is_still_of(of, copy, &look, &sighting(taken)?)? {
            return Err(changed(copy).into());
        }
        if self.roots.root_of(copy).is_some() {
            let place = self.trash_place(copy)?;
            let image = self.image_at(copy)?;
            return Ok(Some(step(Act::MoveFile, copy, place, image, Some(&look))));
        }
        // There is no trash to put it in, but it can be made again.
        let now = self.tree().look_through(&on_disk(original))?;
        let is_original = match now.zip(taken.before) {
            Some((now, before)) => self.is_still_of(of, original, &now, &before)?,
            None => false,
        };
        if !is_original {
            return Err(Problem::refused(format!(
                "{} is a copy outside of the library, whose original {} is not there unchanged",
                shown(copy),
                shown(original)
            ))
            .into());
        }
        Ok(Some(step(Act::RemoveFile, copy, original.clone(), None, Some(&look))))
    }

    fn copy_again(&mut self, taken: &Step) -> Result<Step, Wrong> {
        let Step { from: copy, to: original, .. } = taken;
        if original.is_empty() {
            return Err(Problem::refused(format!("{} was removed for good", shown(copy))).into());
        }
        let now = self.tree().look_through(&on_disk(original))?;
        let now = now.filter(|now| taken.before.is_some_and(|before| now.is_like(&before)));
        let Some(look) = now else { return Err(changed(original).into()) };
        self.needs_folder_of(copy)?;
        self.claim(original, copy)?;
        let existing = self.existing_above(copy)?;
        let device = self.looked_at_through(&existing)?;
        self.space.add(device, &existing, look.sighting.size);
        Ok(step(Act::CopyFile, original, copy.clone(), None, Some(&look)))
    }

    /// A folder that was made for the operation goes if it is empty by then.
    fn remove_made(&mut self, of: (Seq, u32), taken: &Step) -> Result<Option<Step>, Wrong> {
        let look = self.tree().look(&on_disk(&taken.to))?;
        let after = sighting(taken)?;
        let Some(look) = look.filter(|look| look.kind == Kind::Folder) else { return Ok(None) };
        if !self.is_still_of(of, &taken.to, &look, &after)? || self.roots.may_go(&taken.to).is_err() {
            return Ok(None);
        }
        Ok(Some(step(Act::RemoveFolder, &taken.to, Vec::new(), None, Some(&look))))
    }

    fn make_again(&mut self, taken: &Step) -> Result<Option<Step>, Wrong> {
        let folder = &taken.from;
        match self.tree().look_through(&on_disk(folder))? {
            Some(look) if look.kind == Kind::Folder => return Ok(None),
            Some(_) => return Err(Problem::refused(format!("{} is in the way", shown(folder))).into()),
            None => {}
        }
        self.needs_folder_of(folder)?;
        self.claim(b"", folder)?;
        self.made.insert(digest(folder));
        let mut made = step(Act::MakeFolder, b"", folder.clone(), None, None);
        made.before = taken.before;
        Ok(Some(made))
    }

    /// The folder of a place is there, or is made before.
    fn needs_folder_of(&self, path: &[u8]) -> Result<(), Wrong> {
        let folder = folder_of(path);
        if self.made.contains(&digest(folder)) {
            return Ok(());
        }
        match self.tree().look_through(&on_disk(folder))? {
            Some(look) if look.kind == Kind::Folder => Ok(()),
            _ => Err(Problem::refused(format!("the folder {} is not there any more", shown(folder))).into()),
        }
    }

    fn existing_above(&self, path: &[u8]) -> Result<Vec<u8>, Wrong> {
        for above in crate::files::place::folders_above(path) {
            if self.tree().look_through(&on_disk(above))?.is_some() {
                return Ok(above.to_vec());
            }
        }
        Err(Problem::refused(format!("there is nothing above {}", shown(path))).into())
    }

    fn looked_at_through(&self, folder: &[u8]) -> Result<u64, Wrong> {
        let look = self.tree().look_through(&on_disk(folder))?;
        Ok(look.map_or(0, |look| look.sighting.device))
    }
}

fn sighting(taken: &Step) -> Result<Sighting, Problem> {
    let unknown = || Problem::refused(format!("nothing is known of {} since", shown(&taken.to)));
    taken.after.ok_or_else(unknown)
}

fn changed(path: &[u8]) -> Problem {
    Problem::refused(format!("{} has changed since", shown(path)))
}

impl Plan {
    /// What has to be done was found in a journal.
    pub(crate) fn found(operation: Seq) -> Self {
        Self { operation: Some(operation), mistakes: Mistakes::default() }
    }
}
