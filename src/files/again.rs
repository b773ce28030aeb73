//! Taking a step of which nobody knows whether it was taken: the program ended before it could tell.
//! What is on the disk says.

use super::act::{Failure, Hands};
use super::place::{folder_of, name_of, on_disk, shown};
use super::problem::Problem;
use crate::sys::tree::{Kind, Look};
use lumidex_schema::operation::{Act, Step};
use lumidex_schema::record::Sighting;

/// Coarse clocks of file systems round the time of a copy by so much at most.
const ROUNDED_NS: i64 = 2_000_000_000;

impl Hands<'_> {
    /// Takes a step, or finishes or finds it taken. As [`Hands::take`] otherwise.
    pub(super) fn take_again(&mut self, nth: u32, step: &Step) -> Result<Option<Sighting>, Failure> {
        match step.act {
            Act::MoveFile | Act::MoveFolder => self.move_again(nth, step),
            Act::CopyFile => self.copy_again(nth, step),
            Act::RemoveFile | Act::RemoveFolder => match self.tree.look(&on_disk(&step.from))? {
                None => {
                    self.touch(&step.from);
                    Ok(None)
                }
                Some(_) => self.take(nth, step),
            },
            Act::MakeFolder => self.take(nth, step),
        }
    }

    fn move_again(&mut self, nth: u32, step: &Step) -> Result<Option<Sighting>, Failure> {
        let Some(before) = step.before else { return self.take(nth, step) };
        let from = self.tree.look(&on_disk(&step.from))?.filter(|look| look.is_still(&before));
        let to = self.tree.look(&on_disk(&step.to))?;
        match (from, to) {
            (Some(_), None) => {
                self.remove_unfinished(nth, step)?;
                self.take(nth, step)
            }
            (Some(from), Some(to)) if is_one(&from, &to) => self.part(nth, step, to),
            (Some(from), Some(to)) if self.is_copy(step, &from, &to)? => {
                self.finish_across(&step.from, &step.to, &from)?;
                self.found(step, to)
            }
            (None, Some(to)) if is_moved(&to, &before) => self.found(step, to),
            (_, Some(_)) => Err(Problem::refused(format!("{} exists already", shown(&step.to))).into()),
            (None, None) => {
                Err(Problem::unknown(format!("{} is not there any more", shown(&step.from))).into())
            }
        }
    }

    fn copy_again(&mut self, nth: u32, step: &Step) -> Result<Option<Sighting>, Failure> {
        let from = self.tree.look_through(&on_disk(&step.from))?;
        let to = self.tree.look(&on_disk(&step.to))?;
        let before = step.before.unwrap_or_default();
        match (from.filter(|look| look.is_still(&before)), to) {
            (_, None) => {
                self.remove_unfinished(nth, step)?;
                self.take(nth, step)
            }
            // It has its name only since it was whole and proven equal.
            (_, Some(to)) if to.kind == Kind::File && is_like(&to, &before) => self.found(step, to),
            (_, Some(_)) => Err(Problem::refused(format!("{} exists already", shown(&step.to))).into()),
        }
    }

    /// One file under both names: it was linked to the second, and not yet unlinked from the first. On a
    /// disk that takes both for one name it was not yet renamed.
    fn part(&mut self, nth: u32, step: &Step, to: Look) -> Result<Option<Sighting>, Failure> {
        let listing = self.tree.list(&on_disk(folder_of(&step.from)))?;
        let is_elsewhere = folder_of(&step.from) != folder_of(&step.to);
        if !is_elsewhere && listing.kind_of(name_of(&step.to)).is_none() {
            return self.take(nth, step);
        }
        if listing.kind_of(name_of(&step.from)).is_some() && to.kind != Kind::Folder {
            self.tree.remove_file(&on_disk(&step.from))?;
            self.touch(&step.from);
        }
        self.found(step, to)
    }

    fn is_copy(&self, step: &Step, from: &Look, to: &Look) -> Result<bool, Failure> {
        if from.kind != to.kind || to.kind == Kind::Folder || !is_like(to, &from.sighting) {
            return Ok(false);
        }
        let run = self.run;
        let (from, to) = (on_disk(&step.from), on_disk(&step.to));
        Ok(self.tree.is_same_content(&from, &to, &mut |bytes| run.copied(bytes))?)
    }

    fn found(&mut self, step: &Step, to: Look) -> Result<Option<Sighting>, Failure> {
        self.touch(&step.from);
        self.touch(&step.to);
        Ok(Some(to.sighting))
    }

    /// A copy that was being made has a name that nothing else has.
    fn remove_unfinished(&self, nth: u32, step: &Step) -> Result<(), Failure> {
        let beside = on_disk(&self.beside(nth, &step.to));
        if self.tree.look(&beside)?.is_some() {
            self.tree.remove_file(&beside)?;
        }
        Ok(())
    }
}

fn is_one(from: &Look, to: &Look) -> bool {
    let (from, to) = (&from.sighting, &to.sighting);
    from.inode != 0 && (from.inode, from.device) == (to.inode, to.device)
}

/// Whether this is what was moved: the very file, or on another disk its copy.
fn is_moved(to: &Look, before: &Sighting) -> bool {
    to.is_still(before) || (to.sighting.device != before.device && is_like(to, before))
}

fn is_like(to: &Look, before: &Sighting) -> bool {
    let apart = to.sighting.modified.0.saturating_sub(before.modified.0).saturating_abs();
    to.sighting.size == before.size && apart <= ROUNDED_NS
}
