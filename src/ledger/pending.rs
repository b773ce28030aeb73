//! What an import knows of files that were not seen yet, and how it comes to their images.
//!
//! It waits under the place where the import found the file, so that another import of the same, with paths mapped
//! another way, takes its place. A file seen at the expected path gets it in the transaction in which it is seen.
//! Elsewhere a file of the same name and size gets it, if it is the only one: once the root it lies in
//! was walked to its end, for before that another may come.

use super::edit;
use super::txn::{Tables, decode};
use super::{ReadError, Reader};
use lumidex_schema::id::{FolderId, ImageId, RootId, TagId};
use lumidex_schema::path;
use lumidex_schema::pending::{Candidate, Pending, UNKNOWN_SIZE};
use lumidex_schema::record::{Image, Link, Presence, Root, Row};
use lumidex_schema::tables;
use redb::{ReadableTable, ReadableTableMetadata};
use std::collections::HashMap;

/// Where an import found a file, and how large it was there.
pub(super) type Key = (Vec<u8>, u64);

impl Reader {
    /// How many files are waited for.
    ///
    /// # Errors
    /// When the store cannot be read; so for every function here.
    pub fn n_pending(&self) -> Result<u64, ReadError> {
        Ok(self.txn().open_table(tables::PENDING)?.len()?)
    }

    /// What waits for the file that an import found there, of this size, and whether a file of its name and size
    /// elsewhere may get it.
    ///
    /// # Errors
    /// As [`Reader::n_pending`].
    pub fn pending(
        &self,
        source: &[u8],
        size: u64,
    ) -> Result<Option<(Pending, Option<Candidate>)>, ReadError> {
        let table = self.txn().open_table(tables::PENDING)?;
        let Some(row) = table.get((source, size))? else { return Ok(None) };
        let pending = Pending::decode(row.value())?;
        let names = self.txn().open_table(tables::PENDING_NAMES)?;
        let candidate =
            names.get((name_of(&pending.path), size, source))?.map(|row| Candidate::decode(row.value()));
        Ok(Some((pending, candidate)))
    }

    /// The image whose file is, or was last, in this folder under this name, without its record.
    ///
    /// # Errors
    /// As [`Reader::n_pending`].
    pub fn image_in(&self, folder: FolderId, name: &[u8]) -> Result<Option<ImageId>, ReadError> {
        let paths = self.txn().open_table(tables::PATHS)?;
        Ok(paths.get((folder.0, name))?.map(|row| ImageId(row.value().0)))
    }

    /// What custom tags are to an image, those that were taken off it included.
    ///
    /// # Errors
    /// As [`Reader::n_pending`].
    pub fn links_of(&self, image: ImageId) -> Result<Vec<(TagId, Link)>, ReadError> {
        let mut links = Vec::new();
        for entry in self.links().range((image.0, 0)..=(image.0, u32::MAX))? {
            let (key, link) = entry?;
            links.push((TagId(key.value().1), Link::decode(link.value())?));
        }
        Ok(links)
    }
}

/// The last component of a path.
pub(super) fn name_of(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

/// Stores what waits for a file in place of what did before; says whether that was the same.
pub(super) fn put(
    tables: &mut Tables<'_>,
    key: &Key,
    pending: &Pending,
    candidate: Option<Candidate>,
) -> Result<bool, ReadError> {
    let (source, size) = (key.0.as_slice(), key.1);
    let name = name_of(&pending.path);
    let before: Option<Pending> = decode(tables.pending.get((source, size))?)?;
    let is_same = match &before {
        Some(before) => {
            let by_name =
                tables.pending_names.get((name, size, source))?.map(|row| Candidate::decode(row.value()));
            Pending { at: pending.at, ..before.clone() } == *pending && by_name == candidate
        }
        None => false,
    };
    if is_same {
        return Ok(true);
    }
    if before.is_some() {
        take(tables, key)?;
    }
    tables.pending.insert((source, size), pending.encode().as_slice())?;
    tables.pending_paths.insert((pending.path.as_slice(), source, size), ())?;
    if let Some(candidate) = candidate.filter(|_| size != UNKNOWN_SIZE) {
        tables.pending_names.insert((name, size, source), candidate.encode())?;
    }
    Ok(false)
}

/// Takes away what waits for a file.
pub(super) fn take(tables: &mut Tables<'_>, key: &Key) -> Result<Option<Pending>, ReadError> {
    let (source, size) = (key.0.as_slice(), key.1);
    let pending: Option<Pending> = decode(tables.pending.remove((source, size))?)?;
    if let Some(pending) = &pending {
        tables.pending_paths.remove((pending.path.as_slice(), source, size))?;
        tables.pending_names.remove((name_of(&pending.path), size, source))?;
    }
    Ok(pending)
}

/// Files that were seen, for whom something may wait.
#[derive(Default)]
pub(super) struct Arrivals {
    places: Vec<(FolderId, Vec<u8>)>,
}

impl Arrivals {
    /// A file was seen at this place; asked of nobody while nothing waits.
    pub(super) fn add(
        &mut self,
        tables: &Tables<'_>,
        folder: FolderId,
        name: &[u8],
    ) -> Result<(), ReadError> {
        if !tables.pending.is_empty()? {
            self.places.push((folder, name.to_vec()));
        }
        Ok(())
    }

    /// Gives each what waits for it. To be asked when it is settled whose files they are.
    pub(super) fn settle(self, tables: &mut Tables<'_>) -> Result<(), ReadError> {
        let mut folders: HashMap<FolderId, Vec<u8>> = HashMap::new();
        for (folder, name) in self.places {
            let directory = match folders.get(&folder) {
                Some(directory) => directory,
                None => folders.entry(folder).or_insert(tables.folder_path(folder)?),
            };
            let place = path::absolute(directory, b"", &name);
            let Some((id, image)) = present_at(tables, folder, &name)? else { continue };
            let keys = waiting_at(tables, &place)?;
            for key in &keys {
                attach(tables, key, id)?;
            }
            if keys.is_empty() {
                offer(tables, id, &image)?;
            }
        }
        Ok(())
    }
}

/// A walk of a root came to its end: what waits for the only file of its name and size comes to it.
pub(super) fn walked(tables: &mut Tables<'_>, root: RootId) -> Result<(), ReadError> {
    if tables.pending_names.is_empty()? {
        return Ok(());
    }
    let mut found = Vec::new();
    for entry in tables.pending_names.range::<(&[u8], u64, &[u8])>(..)? {
        let (key, candidate) = entry?;
        if let Candidate::One(id) = Candidate::decode(candidate.value()) {
            let (name, size, source) = key.value();
            found.push((name.to_vec(), size, source.to_vec(), id));
        }
    }
    for (name, size, source, id) in found {
        let Some(image) = tables.image(id)? else { continue };
        let home = tables.folder_row(image.folder)?.map(|folder| folder.root);
        if home == Some(root) {
            come_to(tables, &(source, size), &name, id, &image)?;
        }
    }
    Ok(())
}

/// An image that nothing waits for at its path may be what is waited for elsewhere.
fn offer(tables: &mut Tables<'_>, id: ImageId, image: &Image) -> Result<(), ReadError> {
    let (name, size) = (image.name.as_slice(), image.sighting.size);
    let mut waiting = Vec::new();
    for entry in tables.pending_names.range((name, size, &[][..])..)? {
        let (key, candidate) = entry?;
        let (other, its_size, source) = key.value();
        if (other, its_size) != (name, size) {
            break;
        }
        waiting.push((source.to_vec(), Candidate::decode(candidate.value())));
    }
    // Two that wait for the same name and size: which of them it is, nobody can tell.
    let Ok([(source, before)]) = <[_; 1]>::try_from(waiting) else { return Ok(()) };
    let now = match before {
        Candidate::One(other) if other != id && has(tables, other, name, size)?.is_some() => {
            Candidate::Several
        }
        Candidate::Several => Candidate::Several,
        Candidate::None | Candidate::One(_) => Candidate::One(id),
    };
    if now != before {
        tables.pending_names.insert((name, size, source.as_slice()), now.encode())?;
    }
    let Some(folder) = tables.folder_row(image.folder)? else { return Ok(()) };
    let root: Option<Root> = decode(tables.roots.get(folder.root.0)?)?;
    if now == Candidate::One(id) && root.is_some_and(|root| root.walked.is_some()) {
        come_to(tables, &(source, size), name, id, image)?;
    }
    Ok(())
}

/// Gives the only image of its name and size what waits for it, if it still is that.
fn come_to(
    tables: &mut Tables<'_>,
    key: &Key,
    name: &[u8],
    id: ImageId,
    image: &Image,
) -> Result<(), ReadError> {
    let is_it = image.presence == Presence::Present && image.name == name && image.sighting.size == key.1;
    if is_it { attach(tables, key, id) } else { Ok(()) }
}

fn has(tables: &Tables<'_>, id: ImageId, name: &[u8], size: u64) -> Result<Option<Image>, ReadError> {
    let is_it = |image: &Image| {
        image.presence == Presence::Present && image.name == name && image.sighting.size == size
    };
    Ok(tables.image(id)?.filter(is_it))
}

fn present_at(
    tables: &Tables<'_>,
    folder: FolderId,
    name: &[u8],
) -> Result<Option<(ImageId, Image)>, ReadError> {
    let Some(id) = tables.paths.get((folder.0, name))?.map(|row| ImageId(row.value().0)) else {
        return Ok(None);
    };
    let image = tables.image(id)?.filter(|image| image.presence == Presence::Present);
    Ok(image.map(|image| (id, image)))
}

fn waiting_at(tables: &Tables<'_>, place: &[u8]) -> Result<Vec<Key>, ReadError> {
    let mut keys = Vec::new();
    for entry in tables.pending_paths.range((place, &[][..], 0)..)? {
        let (key, _) = entry?;
        let (path, source, size) = key.value();
        if path != place {
            break;
        }
        keys.push((source.to_vec(), size));
    }
    Ok(keys)
}

/// Gives an image what waits for it. What a person did to it here stays.
fn attach(tables: &mut Tables<'_>, key: &Key, id: ImageId) -> Result<(), ReadError> {
    let Some(pending) = take(tables, key)? else { return Ok(()) };
    for (tags, link) in [(&pending.tags, Link::Given), (&pending.ruled, Link::Ruled)] {
        for tag in tags {
            let is_there = tables.tag(*tag)?.is_some_and(|tag| !tag.removed);
            let before: Option<Link> = decode(tables.links.get((id.0, tag.0))?)?;
            let gives_way = before.is_none() || (link == Link::Given && before == Some(Link::Ruled));
            if is_there && gives_way {
                tables.links.insert((id.0, tag.0), link.encode().as_slice())?;
            }
        }
    }
    if let Some(given) = &pending.edit
        && edit::of(tables, id)?.is_none()
    {
        edit::keep(tables, id, Some(given))?;
    }
    tables.decided_on(id)
}
