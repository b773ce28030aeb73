//! Images whose files operations are about to move: until it is told where they went, nobody guesses it.
//!
//! A walk or an event may see half of what an operation does, and find by content what looks like another
//! end of the story: the copy of a file that is just being moved would take its image. So these images are
//! recognised only as the very files they are; and who was looked for in vain meanwhile is looked for again
//! when its step has been taken.

use super::ReadError;
use super::history::unfinished;
use super::txn::Tables;
use lumidex_schema::id::ImageId;
use lumidex_schema::operation::Step;
use lumidex_schema::record::Row;
use redb::ReadableTable;
use std::collections::{HashMap, HashSet};

/// As many as there are steps to be taken; some 16 bytes each.
#[derive(Default)]
pub(super) struct Underway {
    /// With how many steps are about them; filled from the journal when it is first needed.
    images: Option<HashMap<ImageId, u32>>,
    held_back: HashSet<ImageId>,
}

impl Underway {
    /// Reads the journal, unless that was done before.
    pub(super) fn load(&mut self, tables: &Tables<'_>) -> Result<(), ReadError> {
        if self.images.is_some() {
            return Ok(());
        }
        let mut images = HashMap::new();
        for (operation, head) in unfinished(&tables.operations)? {
            for entry in tables.steps.range((operation.0, head.taken)..=(operation.0, u32::MAX))? {
                if let Some(image) = Step::decode(entry?.1.value())?.image {
                    *images.entry(image).or_default() += 1;
                }
            }
        }
        self.images = Some(images);
        Ok(())
    }

    pub(super) fn contains(&self, image: ImageId) -> bool {
        self.images.as_ref().is_some_and(|images| images.contains_key(&image))
    }

    /// These steps are to be taken.
    pub(super) fn add(&mut self, steps: &[Step]) {
        if let Some(images) = &mut self.images {
            steps
                .iter()
                .filter_map(|step| step.image)
                .for_each(|image| *images.entry(image).or_default() += 1);
        }
    }

    /// A step about an image was taken.
    pub(super) fn take(&mut self, image: ImageId) {
        if let Some(images) = &mut self.images
            && let Some(n) = images.get_mut(&image)
        {
            *n -= 1;
            if *n == 0 {
                images.remove(&image);
            }
        }
    }

    /// What is known may be wrong; the journal is read again.
    pub(super) fn forget(&mut self) {
        self.images = None;
    }

    /// An image that went missing will be looked for later.
    pub(super) fn hold_back(&mut self, image: ImageId) {
        self.held_back.insert(image);
    }

    /// Images that were held back and can be looked for now.
    pub(super) fn released(&mut self) -> HashSet<ImageId> {
        let all = std::mem::take(&mut self.held_back);
        let (still, released) = all.into_iter().partition(|image| self.contains(*image));
        self.held_back = still;
        released
    }
}
