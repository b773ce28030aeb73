//! What an import knows of files that were not seen yet, and how it comes to their images.
//!
//! It waits under the place where the import found the file, so that another import of the same, with paths mapped
//! another way, takes its place. A file seen at the expected path gets it in the transaction in which it is seen, unless
//! the import knows its content and that is another. Elsewhere the only file of that content gets it or, where the
//! import does not know the content, the only one of its name and size: once the roots in which it lies and is
//! expected were walked to their ends, for before that another may come. What was waited for by content and has turned
//! up nowhere by then comes to the file at its path: it was rewritten in place.

use super::bring::{gives_way, links};
use super::txn::{Tables, decode};
use super::{ReadError, Reader};
use super::{cover, edit};
use lumidex_schema::id::{FolderId, ImageId, RootId};
use lumidex_schema::pending::{Candidate, Mark, Pending, UNKNOWN_SIZE};
use lumidex_schema::record::{Image, Link, Presence, Root, Row};
use lumidex_schema::{path, tables, upgrades};
use redb::{ReadableTable, ReadableTableMetadata};
use std::collections::HashMap;

/// Where an import found a file, its size there, and what waits for it.
pub type Waiting = (Vec<u8>, u64, Pending);

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

    /// What waits for the file that an import found there, of this size, and whether a file elsewhere may get it.
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
        let mark = mark_of(&pending, size);
        let candidate =
            names.get((mark.name.as_slice(), mark.size, source))?.map(|row| Candidate::decode(row.value()));
        Ok(Some((pending, candidate)))
    }

    /// Everything that waits: where an import found the file, its size there, and what was done to it. In the
    /// order of the former.
    ///
    /// # Errors
    /// As [`Reader::n_pending`]; so is each.
    pub fn all_pending(&self) -> Result<impl Iterator<Item = Result<Waiting, ReadError>>, ReadError> {
        let rows = self.txn().open_table(tables::PENDING)?.range::<(&[u8], u64)>(..)?;
        Ok(rows.map(|entry| {
            let (key, row) = entry?;
            let (source, size) = key.value();
            Ok((source.to_vec(), size, Pending::decode(row.value())?))
        }))
    }

    /// The image whose file is, or was last, in this folder under this name, without its record.
    ///
    /// # Errors
    /// As [`Reader::n_pending`].
    pub fn image_in(&self, folder: FolderId, name: &[u8]) -> Result<Option<ImageId>, ReadError> {
        let paths = self.txn().open_table(tables::PATHS)?;
        Ok(paths.get((folder.0, name))?.map(|row| ImageId(row.value().0)))
    }
}

/// The last component of a path.
pub(super) fn name_of(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

/// By which a file is known wherever it is.
pub(super) fn mark_of(pending: &Pending, size: u64) -> Mark {
    let by_content = Mark::of_content(&pending.fingerprint);
    by_content.unwrap_or_else(|| Mark::of_name(name_of(&pending.path), size))
}

/// Rows of format 5 become rows of format 6.
pub(super) fn upgrade(tables: &mut Tables<'_>) -> Result<(), ReadError> {
    let mut rows = Vec::new();
    for entry in tables.pending.range::<(&[u8], u64)>(..)? {
        let (key, row) = entry?;
        let (source, size) = key.value();
        rows.push(((source.to_vec(), size), upgrades::pending_of_5(row.value())?));
    }
    for ((source, size), pending) in rows {
        tables.pending.insert((source.as_slice(), size), pending.encode().as_slice())?;
    }
    Ok(())
}

/// Stores what waits for a file in place of what did before; says whether that was the same.
pub(super) fn put(
    tables: &mut Tables<'_>,
    key: &Key,
    pending: &Pending,
    candidate: Option<Candidate>,
) -> Result<bool, ReadError> {
    let (source, size) = (key.0.as_slice(), key.1);
    let mark = mark_of(pending, size);
    let marked = (mark.name.as_slice(), mark.size, source);
    let before: Option<Pending> = decode(tables.pending.get((source, size))?)?;
    let is_same = match &before {
        Some(before) => {
            let found = tables.pending_names.get(marked)?.map(|row| Candidate::decode(row.value()));
            Pending { at: pending.at, ..before.clone() } == *pending && found == candidate
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
    if let Some(candidate) = candidate.filter(|_| mark.size != UNKNOWN_SIZE) {
        tables.pending_names.insert(marked, candidate.encode())?;
    }
    Ok(false)
}

/// Takes away what waits for a file.
pub(super) fn take(tables: &mut Tables<'_>, key: &Key) -> Result<Option<Pending>, ReadError> {
    let (source, size) = (key.0.as_slice(), key.1);
    let pending: Option<Pending> = decode(tables.pending.remove((source, size))?)?;
    if let Some(pending) = &pending {
        let mark = mark_of(pending, size);
        tables.pending_paths.remove((pending.path.as_slice(), source, size))?;
        tables.pending_names.remove((mark.name.as_slice(), mark.size, source))?;
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
            let mut is_given = false;
            for key in waiting_at(tables, &place)? {
                if is_content_of(tables, &key, &image)? {
                    attach(tables, &key, id)?;
                    is_given = true;
                }
            }
            if !is_given {
                offer(tables, id, &image)?;
            }
        }
        Ok(())
    }
}

/// Whether nothing speaks against this image's being the one that is waited for at its path.
fn is_content_of(tables: &Tables<'_>, key: &Key, image: &Image) -> Result<bool, ReadError> {
    let waiting: Option<Pending> = decode(tables.pending.get((key.0.as_slice(), key.1))?)?;
    let Some(waiting) = waiting else { return Ok(false) };
    let is_known = Mark::of_content(&waiting.fingerprint).is_some();
    Ok(if is_known { waiting.fingerprint == image.fingerprint } else { !waiting.was_missing })
}

/// A walk of a root came to its end: what waits for the only file of its mark comes to it, and what was
/// waited for by content and is nowhere comes to the file at its path.
pub(super) fn walked(tables: &mut Tables<'_>, root: RootId) -> Result<(), ReadError> {
    if tables.pending_names.is_empty()? {
        return Ok(());
    }
    let mut found = Vec::new();
    for entry in tables.pending_names.range::<(&[u8], u64, &[u8])>(..)? {
        let (key, candidate) = entry?;
        let (name, size, source) = key.value();
        let mark = Mark { name: name.to_vec(), size };
        match Candidate::decode(candidate.value()) {
            Candidate::One(id) => found.push((mark, source.to_vec(), Some(id))),
            Candidate::None if mark.content().is_some() => found.push((mark, source.to_vec(), None)),
            Candidate::None | Candidate::Several => {}
        }
    }
    let expectations = Expectations::load(tables)?;
    for (mark, source, found) in found {
        let Some(key) = key_of(tables, &mark, source)? else { continue };
        let waiting: Option<Pending> = decode(tables.pending.get((key.0.as_slice(), key.1))?)?;
        let Some(waiting) = waiting else { continue };
        match found {
            Some(id) => {
                let Some(image) = tables.image(id)? else { continue };
                if expectations.is_settled(tables, &image, &waiting.path)? {
                    come_to(tables, &key, &mark, id, &image)?;
                }
            }
            None if waiting.was_missing => {}
            None => {
                let Some((id, folder)) = expectations.at(tables, &waiting.path)? else { continue };
                if folder == root {
                    attach(tables, &key, id)?;
                }
            }
        }
    }
    Ok(())
}

/// Under which key something waits, of which only the mark and the place in the import are known.
fn key_of(tables: &Tables<'_>, mark: &Mark, source: Vec<u8>) -> Result<Option<Key>, ReadError> {
    if mark.content().is_none() {
        return Ok(Some((source, mark.size)));
    }
    for entry in tables.pending.range((source.as_slice(), 0)..=(source.as_slice(), u64::MAX))? {
        let (key, row) = entry?;
        if Mark::of_content(&Pending::decode(row.value())?.fingerprint).as_ref() == Some(mark) {
            return Ok(Some((source, key.value().1)));
        }
    }
    Ok(None)
}

/// The roots, to tell where a path is expected.
struct Expectations {
    roots: Vec<(RootId, Root)>,
}

impl Expectations {
    fn load(tables: &Tables<'_>) -> Result<Self, ReadError> {
        let roots = tables.all_roots()?.into_iter().filter(|(_, root)| !root.retired).collect();
        Ok(Self { roots })
    }

    /// The root below which a path lies, and the path below it.
    fn root_of<'p>(&self, place: &'p [u8]) -> Option<(RootId, &Root, &'p [u8])> {
        self.roots
            .iter()
            .find_map(|(id, root)| path::below(place, &root.path).map(|below| (*id, root, below)))
    }

    /// Whether the root in which an image lies, and that in which a file is expected, were walked.
    fn is_settled(&self, tables: &Tables<'_>, image: &Image, expected: &[u8]) -> Result<bool, ReadError> {
        let home = tables.folder_row(image.folder)?.map(|folder| folder.root);
        let home = self.roots.iter().find(|(id, _)| Some(*id) == home);
        let there = self.root_of(expected).is_none_or(|(_, root, _)| root.walked.is_some());
        Ok(there && home.is_some_and(|(_, root)| root.walked.is_some()))
    }

    /// The image that is there, and the root in which it lies.
    fn at(&self, tables: &Tables<'_>, place: &[u8]) -> Result<Option<(ImageId, RootId)>, ReadError> {
        let Some((root, _, below)) = self.root_of(place) else { return Ok(None) };
        let name = name_of(below);
        let folder = below[..below.len() - name.len()].strip_suffix(b"/").unwrap_or_default();
        let Some(folder) = tables.folder_ids.get((root.0, folder))?.map(|id| FolderId(id.value())) else {
            return Ok(None);
        };
        Ok(present_at(tables, folder, name)?.map(|(id, _)| (id, root)))
    }
}

/// An image that nothing waits for at its path may be what is waited for elsewhere.
fn offer(tables: &mut Tables<'_>, id: ImageId, image: &Image) -> Result<(), ReadError> {
    if tables.pending_names.is_empty()? {
        return Ok(());
    }
    let marks = [Mark::of_content(&image.fingerprint), Some(Mark::of_name(&image.name, image.sighting.size))];
    for mark in marks.into_iter().flatten() {
        if offer_by(tables, id, image, &mark)? {
            break;
        }
    }
    Ok(())
}

/// Says whether something waits for this mark.
fn offer_by(tables: &mut Tables<'_>, id: ImageId, image: &Image, mark: &Mark) -> Result<bool, ReadError> {
    let mut waiting = Vec::new();
    for entry in tables.pending_names.range((mark.name.as_slice(), mark.size, &[][..])..)? {
        let (key, candidate) = entry?;
        let (name, size, source) = key.value();
        if (name, size) != (mark.name.as_slice(), mark.size) {
            break;
        }
        waiting.push((source.to_vec(), Candidate::decode(candidate.value())));
    }
    let n_waiting = waiting.len();
    // Two that wait for the same: which of them it is, nobody can tell.
    let Ok([(source, before)]) = <[_; 1]>::try_from(waiting) else { return Ok(n_waiting > 0) };
    let now = match before {
        Candidate::One(other)
            if other != id && tables.image(other)?.is_some_and(|other| is_of(&other, mark)) =>
        {
            Candidate::Several
        }
        Candidate::Several => Candidate::Several,
        Candidate::None | Candidate::One(_) => Candidate::One(id),
    };
    if now != before {
        tables.pending_names.insert((mark.name.as_slice(), mark.size, source.as_slice()), now.encode())?;
    }
    let Some(key) = key_of(tables, mark, source)? else { return Ok(true) };
    let waiting: Option<Pending> = decode(tables.pending.get((key.0.as_slice(), key.1))?)?;
    let expected = waiting.map(|waiting| waiting.path).unwrap_or_default();
    if now == Candidate::One(id) && Expectations::load(tables)?.is_settled(tables, image, &expected)? {
        come_to(tables, &key, mark, id, image)?;
    }
    Ok(true)
}

/// Gives the only image of its mark what waits for it, if it still is that.
fn come_to(
    tables: &mut Tables<'_>,
    key: &Key,
    mark: &Mark,
    id: ImageId,
    image: &Image,
) -> Result<(), ReadError> {
    if is_of(image, mark) { attach(tables, key, id) } else { Ok(()) }
}

fn is_of(image: &Image, mark: &Mark) -> bool {
    let is_it = match mark.content() {
        Some(content) => image.fingerprint == content,
        None => image.name == mark.name && image.sighting.size == mark.size,
    };
    is_it && image.presence == Presence::Present
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
    for (tags, link) in links(&pending.tags, &pending.refused, &pending.ruled) {
        for tag in tags {
            let is_there = tables.tag(*tag)?.is_some_and(|tag| !tag.removed);
            let before: Option<Link> = decode(tables.links.get((id.0, tag.0))?)?;
            if is_there && gives_way(before, link) {
                tables.links.insert((id.0, tag.0), link.encode().as_slice())?;
            }
        }
    }
    if let Some(edit) = &pending.edit
        && edit::of(tables, id)?.is_none()
    {
        edit::keep(tables, id, Some(edit))?;
    }
    if let Some(webp) = &pending.cover
        && cover::of(tables, id)?.is_none()
    {
        cover::put(tables, id, Some(webp))?;
    }
    tables.decided_on(id)
}
