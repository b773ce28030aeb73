//! Who stands where: the writing that gives a place to an image, takes it away, or makes a new image of
//! a file. Decides nothing.

use super::ReadError;
use super::edit;
use super::relink::{Relink, links};
use lumidex_schema::feed::Subject;
use lumidex_schema::id::{FolderId, ImageId};
use lumidex_schema::record::{Fingerprint, Former, Image, Link, Presence, Row};
use redb::ReadableTable;

impl Relink<'_, '_> {
    pub(super) fn take_over(&mut self, id: ImageId, newer: ImageId) -> Result<(), ReadError> {
        let (Some(old), Some(place)) = (self.tables.image(id)?, self.tables.image(newer)?) else {
            return Ok(());
        };
        for (tag, link) in links(self.tables, newer)? {
            let key = (id.0, tag.0);
            let decided = self.tables.links.get(key)?.is_some();
            if link != Link::Ruled || !decided {
                self.tables.links.insert(key, link.encode().as_slice())?;
            }
            self.tables.links.remove((newer.0, tag.0))?;
        }
        let cover = self.tables.covers.remove(newer.0)?.map(|cover| cover.value().to_vec());
        if let Some(cover) = cover {
            // Chosen for the file as it is now.
            self.tables.covers.insert(id.0, cover.as_slice())?;
        }
        if let Some(edit) = edit::of(self.tables, newer)? {
            edit::keep(self.tables, newer, None)?;
            edit::keep(self.tables, id, Some(&edit))?;
        }
        let note = self.tables.notes.remove(newer.0)?.map(|note| note.value());
        if let Some(note) = note {
            self.tables.notes.insert(id.0, note)?;
        }
        self.leave(id, &old)?;
        self.forget_former(id)?;
        self.forget_former(newer)?;
        let retired =
            Image { presence: Presence::Retired, fingerprint: Fingerprint::default(), ..place.clone() };
        self.store_elsewhere(newer, retired)?;
        self.store(id, Image { seq: old.seq, ..place })
    }

    /// Makes a new image of the file of another, which then is nowhere.
    pub(super) fn part(&mut self, id: ImageId, record: &Image) -> Result<ImageId, ReadError> {
        let newer = self.next_id();
        for (tag, link) in links(self.tables, id)? {
            if link == Link::Ruled {
                self.tables.links.insert((newer.0, tag.0), link.encode().as_slice())?;
                self.tables.links.remove((id.0, tag.0))?;
            }
        }
        self.forget_former(id)?;
        self.store(newer, record.clone())?;
        Ok(newer)
    }

    pub(super) fn move_here(
        &mut self,
        id: ImageId,
        seen: Image,
        known: Option<(ImageId, Image)>,
    ) -> Result<(), ReadError> {
        self.forget_former(id)?;
        if let Some(old) = self.tables.image(id)? {
            self.leave(id, &old)?;
            if !old.sighting.is_same_file(&seen.sighting) {
                // A copy, perhaps, and the file itself turns up in a moment.
                let Image { fingerprint, sighting, .. } = old;
                self.remember(id, Former { fingerprint, sighting, since: fingerprint, at: self.at })?;
            }
        }
        let displaced = self.displace(known)?;
        self.store(id, seen)?;
        displaced.map_or(Ok(()), |displaced| self.missed(displaced))
    }

    pub(super) fn new_here(
        &mut self,
        seen: Image,
        known: Option<(ImageId, Image)>,
    ) -> Result<ImageId, ReadError> {
        let displaced = self.displace(known)?;
        let id = self.next_id();
        self.store(id, seen)?;
        if let Some(displaced) = displaced {
            self.missed(displaced)?;
        }
        Ok(id)
    }

    /// The image at a place that another gets: it is missing, if it was there at all.
    pub(super) fn displace(&mut self, known: Option<(ImageId, Image)>) -> Result<Option<ImageId>, ReadError> {
        let Some((id, record)) = known else { return Ok(None) };
        if matches!(record.presence, Presence::Missing { .. }) {
            return Ok(None);
        }
        let presence = match record.presence {
            Presence::Present => Presence::Missing { since: self.at },
            other => other,
        };
        self.store_elsewhere(id, Image { presence, ..record })?;
        self.interned.displaced.push(id);
        Ok(Some(id))
    }

    /// Takes the way to an image's former place away, when it still leads to it.
    pub(super) fn leave(&mut self, id: ImageId, record: &Image) -> Result<(), ReadError> {
        let key = (record.folder.0, record.name.as_slice());
        let leads_to = self.tables.paths.get(key)?.map(|row| row.value().0);
        if leads_to == Some(id.0) {
            self.tables.paths.remove(key)?;
        }
        Ok(())
    }

    /// Stores an image at its place.
    pub(super) fn store(&mut self, id: ImageId, image: Image) -> Result<(), ReadError> {
        let digest = image.sighting.digest();
        self.tables.paths.insert((image.folder.0, image.name.as_slice()), (id.0, digest))?;
        self.interned.alikes.add(id, &image.fingerprint, &image.sighting);
        self.store_elsewhere(id, image)
    }

    /// Stores an image whose place, if any, is not its own.
    pub(super) fn store_elsewhere(&mut self, id: ImageId, mut image: Image) -> Result<(), ReadError> {
        let former = self.tables.image(id)?.map(|image| image.seq);
        image.seq = self.tables.renumber(former, Subject::Image(id))?;
        self.tables.images.insert(id.0, image.encode().as_slice())?;
        Ok(())
    }

    pub(super) fn next_id(&mut self) -> ImageId {
        self.tables.counters.image = self.tables.counters.image.next();
        self.tables.counters.image
    }

    pub(super) fn at_place(
        &self,
        folder: FolderId,
        name: &[u8],
    ) -> Result<Option<(ImageId, Image)>, ReadError> {
        let Some(id) = self.tables.paths.get((folder.0, name))?.map(|row| ImageId(row.value().0)) else {
            return Ok(None);
        };
        Ok(self.tables.image(id)?.map(|image| (id, image)))
    }
}
