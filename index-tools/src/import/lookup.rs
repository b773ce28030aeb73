//! Finds the images here that files of an import are: by path, by content, by name and size. Only reads.

use std::collections::HashMap;

use lumidex::ledger::{ReadError, Reader};
use lumidex::sys::Stop;
use lumidex_schema::id::{FolderId, ImageId};
use lumidex_schema::path::below;
use lumidex_schema::pending::{Candidate, Mark};
use lumidex_schema::record::{Image, Presence};

use super::ImportError;
use super::source::digest_of;

/// Images read at once where all are looked through.
const IMAGES_AT_ONCE: usize = 8_192;

/// Looks images up by path; each folder once.
pub(super) struct Places<'r> {
    reader: &'r Reader,
    folders: HashMap<Vec<u8>, Option<FolderId>>,
}

impl<'r> Places<'r> {
    pub(super) fn of(reader: &'r Reader) -> Self {
        Self { reader, folders: HashMap::new() }
    }

    /// The image whose file is, or was last, at this path.
    pub(super) fn image(&mut self, path: &[u8]) -> Result<Option<ImageId>, ReadError> {
        let Some(slash) = path.iter().rposition(|byte| *byte == b'/') else { return Ok(None) };
        let (directory, name) = (&path[..slash.max(1)], &path[slash + 1..]);
        let folder = match self.folders.get(directory) {
            Some(folder) => *folder,
            None => {
                let folder = self.reader.folder_at(directory)?;
                self.folders.insert(directory.to_vec(), folder);
                folder
            }
        };
        folder.map_or(Ok(None), |folder| self.reader.image_in(folder, name))
    }
}

/// What was found by a mark.
#[derive(Clone, Copy, Debug)]
struct Found {
    /// Among images that are there.
    there: Candidate,
    /// Among those that are gone; by content alone.
    gone: Candidate,
}

/// Images here by what tells them from others, as far as somebody looks for them.
#[derive(Default)]
pub(super) struct Alike {
    found: HashMap<u64, Found>,
    /// Images of roots that no walk has come to the end of: another may be there.
    unsettled: Vec<ImageId>,
    /// Paths of these roots.
    unwalked: Vec<Vec<u8>>,
}

impl Alike {
    /// Looks for all of these.
    pub(super) fn find(
        reader: &Reader,
        wanted: impl Iterator<Item = Mark>,
        stop: &Stop,
    ) -> Result<Self, ImportError> {
        let none = Found { there: Candidate::None, gone: Candidate::None };
        let mut alike =
            Self { found: wanted.map(|mark| (digest_of(&mark), none)).collect(), ..Self::default() };
        let roots = reader.roots()?.into_iter().filter(|(_, root)| !root.retired && root.walked.is_none());
        let (unwalked, paths): (Vec<_>, Vec<_>) = roots.map(|(id, root)| (id, root.path)).unzip();
        alike.unwalked = paths;
        let mut after = ImageId::default();
        while !alike.found.is_empty() {
            if stop.is_stopped() {
                return Err(ImportError::Stopped);
            }
            let images = reader.images_after(after, IMAGES_AT_ONCE)?;
            let Some((last, _, _)) = images.last() else { break };
            after = *last;
            for (id, image, _) in &images {
                if alike.meet(*id, image) && !unwalked.is_empty() {
                    let folder = reader.folder(image.folder)?;
                    if folder.is_none_or(|folder| unwalked.contains(&folder.root)) {
                        alike.unsettled.push(*id);
                    }
                }
            }
        }
        Ok(alike)
    }

    /// Whether somebody looks for it.
    fn meet(&mut self, id: ImageId, image: &Image) -> bool {
        let is_there = image.presence == Presence::Present;
        let by_name = is_there.then(|| Mark::of_name(&image.name, image.sighting.size));
        let mut is_met = false;
        for mark in by_name.into_iter().chain(Mark::of_content(&image.fingerprint)) {
            let Some(found) = self.found.get_mut(&digest_of(&mark)) else { continue };
            let candidate = if is_there { &mut found.there } else { &mut found.gone };
            *candidate = match candidate {
                Candidate::None => Candidate::One(id),
                Candidate::One(_) | Candidate::Several => Candidate::Several,
            };
            is_met = true;
        }
        is_met
    }

    /// Which image that is there has this mark.
    pub(super) fn of(&self, mark: &Mark) -> Candidate {
        self.found.get(&digest_of(mark)).map_or(Candidate::None, |found| found.there)
    }

    /// The only image that is gone and had this content, when none that is there has it.
    pub(super) fn gone(&self, mark: &Mark) -> Option<ImageId> {
        match self.found.get(&digest_of(mark))? {
            Found { there: Candidate::None, gone: Candidate::One(id) } => Some(*id),
            _ => None,
        }
    }

    /// Whether nothing can turn up any more that would rather be the file expected at this path.
    pub(super) fn is_settled(&self, id: ImageId, expected: &[u8]) -> bool {
        self.unsettled.binary_search(&id).is_err() && self.is_walked(expected)
    }

    /// Whether no root that was never walked holds this path.
    pub(super) fn is_walked(&self, expected: &[u8]) -> bool {
        !self.unwalked.iter().any(|root| below(expected, root).is_some())
    }
}
