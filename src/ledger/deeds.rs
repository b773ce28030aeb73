//! Everything a person did to images, as it stands: for whoever takes it elsewhere.

use super::{ReadError, Reader};
use lumidex_schema::id::{ImageId, TagId};
use lumidex_schema::record::{Link, Row, Tag};
use lumidex_schema::tables;
use redb::ReadableTable;

impl Reader {
    /// Images a person, or a person's rules, did something to: with links, texts or covers; ascending.
    ///
    /// # Errors
    /// When the store cannot be read; so for every function here.
    pub fn images_with_deeds(&self) -> Result<Vec<ImageId>, ReadError> {
        let mut images = Vec::new();
        for entry in self.links().range::<(u32, u32)>(..)? {
            let image = ImageId(entry?.0.value().0);
            if images.last() != Some(&image) {
                images.push(image);
            }
        }
        for entry in self.edits().range::<u32>(..)? {
            images.push(ImageId(entry?.0.value()));
        }
        for entry in self.txn().open_table(tables::COVERS)?.range::<u32>(..)? {
            images.push(ImageId(entry?.0.value()));
        }
        images.sort_unstable();
        images.dedup();
        Ok(images)
    }

    /// What custom tags are to an image, those that were taken off it included.
    ///
    /// # Errors
    /// As [`Reader::images_with_deeds`].
    pub fn links_of(&self, image: ImageId) -> Result<Vec<(TagId, Link)>, ReadError> {
        let mut links = Vec::new();
        for entry in self.links().range((image.0, 0)..=(image.0, u32::MAX))? {
            let (key, link) = entry?;
            links.push((TagId(key.value().1), Link::decode(link.value())?));
        }
        Ok(links)
    }

    /// Every tag that there is or was, by id.
    ///
    /// # Errors
    /// As [`Reader::images_with_deeds`].
    pub fn all_tags(&self) -> Result<Vec<(TagId, Tag)>, ReadError> {
        let mut tags = Vec::new();
        for entry in self.txn().open_table(tables::TAGS)?.iter()? {
            let (id, row) = entry?;
            tags.push((TagId(id.value()), Tag::decode(row.value())?));
        }
        Ok(tags)
    }
}
