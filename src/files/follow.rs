//! Where images are once steps were taken, as the ledger is told.

use super::place::{join, on_disk};
use super::problem::{Problem, in_full};
use super::roots::Roots;
use super::{Files, WishError};
use crate::ledger::Relocation;
use crate::limits::files as limits;
use crate::sys::PathError;
use crate::sys::tree::Kind;
use lumidex_schema::media::MediaKind;
use lumidex_schema::operation::{Act, Step};
use lumidex_schema::record::{Presence, Sighting};

pub(super) struct Follow<'a> {
    pub(super) files: &'a Files,
    pub(super) roots: Roots,
}

impl Follow<'_> {
    /// Adds what follows from a step that was taken.
    pub(super) fn taken(&self, step: &Step, after: Option<Sighting>, relocations: &mut Vec<Relocation>) {
        let (from, to) = (step.from.clone(), step.to.clone());
        match (step.act, step.image, after) {
            (Act::MoveFolder, ..) => {
                relocations.push(Relocation::Folder { from, to });
                self.found_again(step, relocations);
            }
            (Act::RemoveFile, Some(image), _) => relocations.push(Relocation::Gone { image, from }),
            (Act::MoveFile, Some(image), Some(sighting)) if self.is_kept(&to) => {
                relocations.push(Relocation::File { image, from, to, sighting });
            }
            (Act::MoveFile, Some(image), _) => relocations.push(Relocation::Gone { image, from }),
            _ => {}
        }
    }

    /// What follows from a step that was taken back: a file that came back from another disk is another
    /// file at the old place.
    pub(super) fn back(&self, step: &Step, back: Option<Sighting>) -> Option<Relocation> {
        let (image, before, back) = (step.image?, step.before?, back?);
        let (from, to) = (step.from.clone(), step.from.clone());
        let is_other = back.inode != before.inode && self.is_kept(&to);
        is_other.then_some(Relocation::File { image, from, to, sighting: back })
    }

    /// Whether an image has its place there.
    fn is_kept(&self, path: &[u8]) -> bool {
        self.roots.root_of(path).is_some() && self.roots.outside_trash(path).is_ok()
    }

    /// Images of a folder that left the library are missing, each at its old place. When the folder is
    /// back there, so are they.
    fn found_again(&self, step: &Step, relocations: &mut Vec<Relocation>) {
        if self.roots.root_of(&step.from).is_some() || self.roots.root_of(&step.to).is_none() {
            return;
        }
        if let Err(error) = self.find_again(&step.from, &step.to, 0, relocations) {
            // The next walk finds them.
            tracing::debug!(
                error = in_full(&error),
                "not all images of a folder that is back are known at once"
            );
        }
    }

    fn find_again(
        &self,
        from: &[u8],
        to: &[u8],
        depth: usize,
        relocations: &mut Vec<Relocation>,
    ) -> Result<(), WishError> {
        let tree = &self.files.tree;
        let unseen = |error: PathError| Problem::from(error).into_error();
        let reader = self.files.ledger.reader()?;
        for (name, kind) in tree.list(&on_disk(to)).map_err(unseen)?.iter() {
            if relocations.len() >= limits::FOUND_AGAIN_MAX || depth > limits::DEPTH_MAX {
                break;
            }
            let (from, to) = (join(from, name), join(to, name));
            match kind {
                Kind::Folder => self.find_again(&from, &to, depth + 1, relocations)?,
                Kind::File if MediaKind::of_name(name).is_some() => {
                    let Some((image, record)) = reader.image_at(&to)? else { continue };
                    let look = tree.look(&on_disk(&to)).map_err(unseen)?;
                    let same = look.map(|look| look.sighting).filter(|sighting| {
                        record.presence != Presence::Present && sighting.is_same_file(&record.sighting)
                    });
                    relocations.extend(same.map(|sighting| Relocation::File { image, from, to, sighting }));
                }
                Kind::File | Kind::Link | Kind::Special => {}
            }
        }
        Ok(())
    }
}
