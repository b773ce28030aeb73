//! Planning a folder that goes to another disk: it is made there, what is in it is moved file by file,
//! and it is removed here. Each file with its sidecars is an item of its own, so that a move that is cut
//! short leaves whole files on both sides, and can be undone or gone on with.

use super::file::special_across;
use super::{Destination, Planner, step};
use crate::files::place::{join, name_of, on_disk, shown};
use crate::files::problem::{Problem, Wrong};
use crate::files::siblings::{media_of, sidecars_of, stem_of};
use crate::limits::files as limits;
use crate::sys::tree::{Kind, Listing, Look};
use lumidex_schema::operation::{Act, Step};

impl Planner<'_> {
    pub(super) fn move_across(
        &mut self,
        path: &[u8],
        to: &[u8],
        destination: &Destination,
    ) -> Result<(), Wrong> {
        // All of it is looked at before the first step goes to the journal.
        let bytes = self.survey(path, 0)?;
        self.space.add(destination.device, &destination.existing, bytes);
        match self.rebuild(path, to) {
            // What was journaled cannot be taken out again.
            Err(Wrong::Item(problem)) => Err(Wrong::Whole(problem.into_error())),
            planned => planned,
        }
    }

    /// The bytes in a folder and below.
    fn survey(&mut self, folder: &[u8], depth: usize) -> Result<u64, Wrong> {
        if depth > limits::DEPTH_MAX {
            return Err(Problem::refused(format!("{} is too deep", shown(folder))).into());
        }
        let mut bytes: u64 = 0;
        for (name, kind) in self.tree().list(&on_disk(folder))?.iter() {
            self.go_on()?;
            let path = join(folder, name);
            match kind {
                Kind::Folder => bytes = bytes.saturating_add(self.survey(&path, depth + 1)?),
                Kind::Special => return Err(special_across(&path).into()),
                Kind::File | Kind::Link => {
                    let size = self.looked_at(&path)?.sighting.size;
                    bytes = bytes.saturating_add(size);
                }
            }
        }
        Ok(bytes)
    }

    fn rebuild(&mut self, folder: &[u8], to: &[u8]) -> Result<(), Wrong> {
        let look = self.looked_at(folder)?;
        self.draft.add(vec![step(Act::MakeFolder, b"", to.to_vec(), None, Some(&look))])?;
        let listing = self.tree().list(&on_disk(folder))?;
        for (name, kind) in listing.iter() {
            self.go_on()?;
            if kind == Kind::Folder {
                self.rebuild(&join(folder, name), &join(to, name))?;
            } else {
                let names = go_together(&listing, name);
                let steps: Result<Vec<_>, _> =
                    names.iter().map(|name| self.step_across(&join(folder, name), &join(to, name))).collect();
                self.draft.add(steps?)?;
            }
        }
        Ok(self.draft.add(vec![step(Act::RemoveFolder, folder, Vec::new(), None, Some(&look))])?)
    }

    fn step_across(&mut self, from: &[u8], to: &[u8]) -> Result<Step, Wrong> {
        let look = self.looked_at(from)?;
        Ok(step(Act::MoveFile, from, to.to_vec(), self.image_at(from)?, Some(&look)))
    }

    pub(super) fn looked_at(&self, path: &[u8]) -> Result<Look, Wrong> {
        let look = self.tree().look(&on_disk(path))?;
        Ok(look.ok_or_else(|| Problem::unknown(format!("{} is gone", shown(path))))?)
    }
}

/// The names of a folder that are done with this one; none when it is done with an earlier one.
fn go_together(listing: &Listing, name: &[u8]) -> Vec<Vec<u8>> {
    let stem = stem_of(name);
    let sidecars = stem.map(|stem| sidecars_of(listing, stem)).unwrap_or_default();
    let family =
        stem.filter(|_| !sidecars.is_empty()).map(|stem| media_of(listing, stem)).unwrap_or_default();
    match family.first() {
        None => vec![name_of(name).to_vec()],
        Some(first) if first == name => family.into_iter().chain(sidecars).collect(),
        Some(_) => Vec::new(),
    }
}
