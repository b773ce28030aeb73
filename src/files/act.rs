//! Taking one step on the disk, and taking it back. Before a step is taken, it is made sure that what
//! is there is the very thing that was planned; nothing is ever overwritten.

use super::place::{digest, folder_of, join, on_disk, shown};
use super::problem::Problem;
use super::running::Run;
use super::trash;
use crate::sys::PathError;
use crate::sys::tree::{CopyNew, Kind, Look, Tree};
use lumidex_schema::operation::{Act, Step};
use lumidex_schema::record::Sighting;
use std::collections::{BTreeSet, HashSet};
use std::io::ErrorKind;

/// Why a step was not taken. What it began is undone.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) problem: Problem,
    /// Not because of the disk, but because it was asked to end.
    pub(super) is_stopped: bool,
    /// A folder holds something, so it was not removed.
    pub(super) is_not_empty: bool,
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self { problem, is_stopped: false, is_not_empty: false }
    }
}

impl From<PathError> for Failure {
    fn from(error: PathError) -> Self {
        let kind = error.source.kind();
        Self {
            problem: error.into(),
            is_stopped: kind == ErrorKind::Interrupted,
            is_not_empty: kind == ErrorKind::DirectoryNotEmpty,
        }
    }
}

/// What takes the steps of one operation.
pub(super) struct Hands<'a> {
    pub(super) tree: &'a dyn Tree,
    pub(super) run: &'a Run,
    token: String,
    /// Folders whose entries changed since they were last made durable.
    touched: BTreeSet<Vec<u8>>,
    /// Folders of the trash that are there.
    ways: HashSet<u128>,
}

impl<'a> Hands<'a> {
    pub(super) fn new(tree: &'a dyn Tree, run: &'a Run, token: String) -> Self {
        Self { tree, run, token, touched: BTreeSet::new(), ways: HashSet::new() }
    }

    /// Takes a step; gives what stands at its `to` since. `nth` is its place in the journal.
    pub(super) fn take(&mut self, nth: u32, step: &Step) -> Result<Option<Sighting>, Failure> {
        match step.act {
            Act::MakeFolder => self.make_folder(step),
            Act::MoveFile | Act::MoveFolder => {
                let look = self.planned(step)?;
                self.make_way(&step.to)?;
                self.shift(nth, &step.from, &step.to, &look).map(Some)
            }
            Act::CopyFile => {
                self.planned(step)?;
                self.copy(nth, &step.from, &step.to, true)?;
                self.touch(&step.to);
                let made = self.still(&step.to, None).inspect_err(|_| {
                    // What cannot be looked at could not be undone.
                    let _ = self.tree.remove_file(&on_disk(&step.to));
                })?;
                Ok(Some(made.sighting))
            }
            Act::RemoveFile => {
                self.planned(step)?;
                self.tree.remove_file(&on_disk(&step.from))?;
                self.touch(&step.from);
                Ok(None)
            }
            Act::RemoveFolder => {
                self.planned(step)?;
                self.tree.remove_folder(&on_disk(&step.from))?;
                self.touch(&step.from);
                Ok(None)
            }
        }
    }

    /// Undoes what [`Hands::take`] did a moment ago. Of what was moved, gives what is back at its place.
    pub(super) fn take_back(
        &mut self,
        nth: u32,
        step: &Step,
        after: Option<Sighting>,
    ) -> Result<Option<Sighting>, Failure> {
        let mut back = None;
        match step.act {
            Act::MoveFile | Act::MoveFolder => {
                let look = self.still(&step.to, after)?;
                back = Some(self.shift(nth, &step.to, &step.from, &look)?);
            }
            Act::CopyFile => {
                self.still(&step.to, after)?;
                self.tree.remove_file(&on_disk(&step.to))?;
                self.touch(&step.to);
            }
            Act::MakeFolder => {
                self.tree.remove_folder(&on_disk(&step.to))?;
                self.touch(&step.to);
            }
            Act::RemoveFolder => {
                self.tree.make_folder(&on_disk(&step.from), permissions(step))?;
                self.touch(&step.from);
            }
            Act::RemoveFile => {
                return Err(Problem::refused(format!("{} was removed for good", shown(&step.from))).into());
            }
        }
        trash::clear_way(self.tree, &step.to, &self.token);
        self.ways.clear();
        Ok(back)
    }

    /// Makes durable what was done since the last call; gives what could not be.
    pub(super) fn sync(&mut self) -> Vec<(Vec<u8>, Problem)> {
        let mut failed = Vec::new();
        for folder in std::mem::take(&mut self.touched) {
            match self.tree.sync_folder(&on_disk(&folder)) {
                Ok(()) => {}
                // Removed in the same breath.
                Err(error) if error.is_absent() => {}
                Err(error) => failed.push((folder, error.into())),
            }
        }
        failed
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// What the step is about, if it is what was planned.
    fn planned(&self, step: &Step) -> Result<Look, Failure> {
        let path = on_disk(&step.from);
        let look = match step.act {
            Act::CopyFile => self.tree.look_through(&path)?,
            _ => self.tree.look(&path)?,
        };
        is_still(&step.from, look, step.before)
    }

    fn still(&self, path: &[u8], expected: Option<Sighting>) -> Result<Look, Failure> {
        is_still(path, self.tree.look(&on_disk(path))?, expected)
    }

    fn make_folder(&mut self, step: &Step) -> Result<Option<Sighting>, Failure> {
        let path = on_disk(&step.to);
        match self.tree.make_folder(&path, permissions(step)) {
            Ok(()) => self.touch(&step.to),
            Err(error) if error.source.kind() == ErrorKind::AlreadyExists => {
                // Somebody made it meanwhile: it is as wanted.
                let there = self.tree.look_through(&path)?;
                if there.is_none_or(|there| there.kind != Kind::Folder) {
                    return Err(error.into());
                }
            }
            Err(error) => {
                // It may be there without its permissions.
                let _ = self.tree.remove_folder(&path);
                return Err(error.into());
            }
        }
        Ok(self.tree.look_through(&path)?.map(|look| look.sighting))
    }

    fn make_way(&mut self, to: &[u8]) -> Result<(), Failure> {
        if !self.ways.insert(digest(folder_of(to))) {
            return Ok(());
        }
        let made = match trash::make_way(self.tree, to, &self.token) {
            // Another operation removed an empty trash in the same moment.
            Err(error) if error.is_absent() => trash::make_way(self.tree, to, &self.token),
            made => made,
        };
        match made {
            Ok(touched) => self.touched.extend(touched),
            Err(error) => {
                self.ways.clear();
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Gives something another place, on another disk by copying it. Gives what is there then.
    fn shift(&mut self, nth: u32, from: &[u8], to: &[u8], look: &Look) -> Result<Sighting, Failure> {
        match self.tree.move_new(&on_disk(from), &on_disk(to)) {
            Err(error) if error.source.kind() == ErrorKind::CrossesDevices => {
                self.shift_across(nth, from, to, look)
            }
            Err(error) => Err(error.into()),
            Ok(()) => {
                self.touch(from);
                self.touch(to);
                // If it cannot be looked at, it is what went there.
                let there = self.tree.look(&on_disk(to)).ok().flatten();
                Ok(there.map_or(look.sighting, |there| there.sighting))
            }
        }
    }

    fn shift_across(&mut self, nth: u32, from: &[u8], to: &[u8], look: &Look) -> Result<Sighting, Failure> {
        match look.kind {
            Kind::File => self.copy(nth, from, to, false)?,
            Kind::Link => self.tree.copy_link(&on_disk(from), &on_disk(to))?,
            Kind::Folder | Kind::Special => {
                let from = shown(from);
                let why = format!("{from} cannot be moved there in one step: it is another disk or mount");
                return Err(Problem::refused(why).into());
            }
        }
        let finished = self.finish_across(from, to, look);
        // The error that led here is the one to report. One copy too many is better than none.
        if finished.is_err() && self.still(from, Some(look.sighting)).is_ok() {
            let _ = self.tree.remove_file(&on_disk(to));
        }
        finished
    }

    /// Once a copy is durable, the original goes, if it is still the one that was copied. Gives what was
    /// seen of the copy.
    pub(super) fn finish_across(&mut self, from: &[u8], to: &[u8], look: &Look) -> Result<Sighting, Failure> {
        let copy = self.still(to, None)?;
        self.tree.sync_folder(&on_disk(folder_of(to)))?;
        self.still(from, Some(look.sighting))?;
        self.tree.remove_file(&on_disk(from))?;
        self.touch(from);
        Ok(copy.sighting)
    }

    fn copy(&mut self, nth: u32, from: &[u8], to: &[u8], is_through_links: bool) -> Result<(), Failure> {
        let beside = on_disk(&self.beside(nth, to));
        let (from, to) = (on_disk(from), on_disk(to));
        let copy = CopyNew { from: &from, beside: &beside, to: &to, is_through_links };
        let run = self.run;
        Ok(self.tree.copy_new(copy, &mut |bytes| run.copied(bytes))?)
    }

    /// The name of the unfinished copy that a step makes: hidden, passed over by walks, and found again
    /// after a crash.
    pub(super) fn beside(&self, nth: u32, to: &[u8]) -> Vec<u8> {
        join(folder_of(to), format!(".lumidex-{}-{nth}.tmp", self.token).as_bytes())
    }

    pub(super) fn touch(&mut self, path: &[u8]) {
        self.touched.insert(folder_of(path).to_vec());
    }
}

fn is_still(path: &[u8], look: Option<Look>, expected: Option<Sighting>) -> Result<Look, Failure> {
    let look = look.ok_or_else(|| Problem::unknown(format!("{} is not there any more", shown(path))))?;
    if expected.is_none_or(|expected| look.is_still(&expected)) {
        Ok(look)
    } else {
        Err(Problem::refused(format!("{} has changed meanwhile", shown(path))).into())
    }
}

/// Those of the folder that is made again or rebuilt, which stand where others have their size.
fn permissions(step: &Step) -> Option<u32> {
    step.before.and_then(|before| u32::try_from(before.size).ok())
}
