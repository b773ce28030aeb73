//! Images whose files operations are about to move: until it is told where they went, nobody guesses it.
//!
//! A walk or an event may see half of what an operation does, and find by content what looks like another
//! end of the story: the copy of a file that is just being moved would take its image. So these images are
//! recognised only as the very files they are; and who was looked for in vain meanwhile is looked for again
//! when its step has been taken. Nor are they missing because they are not seen where they are about to leave:
//! the operation tells where they are, and only of whom it says nothing that is believed then.

use super::ReadError;
use super::history::unfinished;
use super::observe::Sighted;
use super::txn::Tables;
use lumidex_schema::id::{ImageId, Timestamp};
use lumidex_schema::operation::{Act, Step};
use lumidex_schema::record::{Image, Row};
use redb::ReadableTable;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// What the steps are about that are still to be taken; no more than there are such steps.
#[derive(Default)]
pub(super) struct Underway {
    /// Whether the journal was read; only then the rest is worth anything.
    is_loaded: bool,
    /// With how many steps are about them, some 16 bytes each.
    images: HashMap<ImageId, u32>,
    /// Folders that are about to move with all below, likewise.
    folders: HashMap<Vec<u8>, u32>,
    held_back: HashSet<ImageId>,
    /// Files that were said to be gone meanwhile, and when.
    gone: HashMap<ImageId, (Sighted, Timestamp)>,
}

impl Underway {
    /// Reads the journal, unless that was done before.
    pub(super) fn load(&mut self, tables: &Tables<'_>) -> Result<(), ReadError> {
        if self.is_loaded {
            return Ok(());
        }
        for (operation, head) in unfinished(&tables.operations)? {
            for entry in tables.steps.range((operation.0, head.taken)..=(operation.0, u32::MAX))? {
                self.count(&Step::decode(entry?.1.value())?);
            }
        }
        self.is_loaded = true;
        Ok(())
    }

    /// Whether an image's file, which lies where this record says, is about to move.
    pub(super) fn contains(
        &self,
        tables: &Tables<'_>,
        image: ImageId,
        record: &Image,
    ) -> Result<bool, ReadError> {
        if self.images.contains_key(&image) {
            return Ok(true);
        }
        if self.folders.is_empty() {
            return Ok(false);
        }
        let mut folder = tables.folder_path(record.folder)?;
        loop {
            if self.folders.contains_key(&folder) {
                return Ok(true);
            }
            let Some(slash) = folder.iter().rposition(|byte| *byte == b'/') else { return Ok(false) };
            folder.truncate(slash);
        }
    }

    /// These steps are to be taken.
    pub(super) fn add(&mut self, steps: &[Step]) {
        if self.is_loaded {
            steps.iter().for_each(|step| self.count(step));
        }
    }

    fn count(&mut self, step: &Step) {
        if let Some(image) = step.image {
            *self.images.entry(image).or_default() += 1;
        }
        if step.act == Act::MoveFolder {
            *self.folders.entry(step.from.clone()).or_default() += 1;
        }
    }

    /// A step was taken.
    pub(super) fn take(&mut self, step: &Step) {
        if let Some(image) = step.image {
            count_down(&mut self.images, &image);
        }
        if step.act == Act::MoveFolder {
            count_down(&mut self.folders, &step.from);
        }
    }

    /// What is known may be wrong; the journal is read again.
    pub(super) fn forget(&mut self) {
        self.is_loaded = false;
        self.images.clear();
        self.folders.clear();
    }

    /// An image that went missing will be looked for later.
    pub(super) fn hold_back(&mut self, image: ImageId) {
        self.held_back.insert(image);
    }

    /// A file that is about to move was said to be gone.
    pub(super) fn say_gone(&mut self, file: Sighted, at: Timestamp) {
        self.gone.insert(file.image, (file, at));
    }

    /// Files that were said to be gone and are not about to move any more.
    pub(super) fn said_gone(&mut self, tables: &Tables<'_>) -> Result<Vec<(Sighted, Timestamp)>, ReadError> {
        if self.gone.is_empty() {
            return Ok(Vec::new());
        }
        self.load(tables)?;
        let mut said = Vec::new();
        for (image, gone) in std::mem::take(&mut self.gone) {
            let record = tables.image(image)?;
            match record.map(|record| self.contains(tables, image, &record)).transpose()? {
                Some(true) => drop(self.gone.insert(image, gone)),
                Some(false) | None => said.push(gone),
            }
        }
        Ok(said)
    }

    /// Images that were held back and can be looked for now.
    pub(super) fn released(&mut self) -> HashSet<ImageId> {
        let all = std::mem::take(&mut self.held_back);
        let (still, released) = all.into_iter().partition(|image| self.images.contains_key(image));
        self.held_back = still;
        released
    }
}

fn count_down<K: Hash + Eq>(counts: &mut HashMap<K, u32>, key: &K) {
    let Some(n) = counts.get_mut(key) else { return };
    *n -= 1;
    if *n == 0 {
        counts.remove(key);
    }
}
