//! The prompts of a set of images.

use super::prompts::Prompts;
use crate::projection::tags::Columns;
use lumidex_schema::id::{ImageId, PromptId};
use roaring::RoaringBitmap;

/// Images by their prompts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// By increasing id.
    prompts: Vec<PromptId>,
    /// Where the images of each end among `images`.
    ends: Vec<u32>,
    images: Vec<ImageId>,
    /// Images without a prompt.
    n_without: u64,
}

impl Scope {
    /// Looks up each image once; some ten milliseconds for a million.
    pub(super) fn of(prompts: &Prompts, columns: &Columns, images: &RoaringBitmap) -> Self {
        let mut counts = vec![0_u32; prompts.len() as usize];
        let mut with = Vec::with_capacity(images.len() as usize);
        let mut n_without = 0;
        for image in images {
            match prompts.of(columns.text(ImageId(image))) {
                Some(prompt) => {
                    counts[prompt.index()] += 1;
                    with.push((prompt, ImageId(image)));
                }
                None => n_without += 1,
            }
        }
        let mut scope = Self { n_without, images: vec![ImageId(0); with.len()], ..Self::default() };
        // From counts to where the images of each prompt begin.
        let mut begin = 0;
        for (prompt, count) in counts.iter_mut().enumerate() {
            let n = std::mem::replace(count, begin);
            if n > 0 {
                begin += n;
                scope.prompts.push(PromptId(prompt as u32));
                scope.ends.push(begin);
            }
        }
        for (prompt, image) in with {
            let at = &mut counts[prompt.index()];
            scope.images[*at as usize] = image;
            *at += 1;
        }
        scope
    }

    /// Every prompt that an image has, by increasing id.
    #[must_use]
    pub fn prompts(&self) -> &[PromptId] {
        &self.prompts
    }

    /// Every prompt with its images, both by increasing id.
    pub fn iter(&self) -> impl Iterator<Item = (PromptId, &[ImageId])> {
        (0..self.prompts.len()).map(|nth| (self.prompts[nth], self.nth(nth)))
    }

    /// The images of a prompt, by increasing id.
    #[must_use]
    pub fn images_of(&self, prompt: PromptId) -> &[ImageId] {
        self.prompts.binary_search(&prompt).map_or(&[], |nth| self.nth(nth))
    }

    /// The prompts as a set, to search among.
    #[must_use]
    pub fn to_bitmap(&self) -> RoaringBitmap {
        self.prompts.iter().map(|prompt| prompt.0).collect()
    }

    /// Images that have a prompt.
    #[must_use]
    pub fn n_images(&self) -> u64 {
        self.images.len() as u64
    }

    /// Images that have none.
    #[must_use]
    pub fn n_without(&self) -> u64 {
        self.n_without
    }

    fn nth(&self, nth: usize) -> &[ImageId] {
        let start = if nth == 0 { 0 } else { self.ends[nth - 1] };
        &self.images[start as usize..self.ends[nth] as usize]
    }
}
