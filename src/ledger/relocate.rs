//! Lets images follow what an operation did to their files. It is known which file went where, so
//! nothing is guessed: an image keeps its id with everything a person did, and its text.
//!
//! Walks and events see the same moves, and may tell them before, in between or later. What they told
//! before is recognised: an image that is where it went stays, and one that was made for a file on its
//! way gives it back. What they tell later is of places that are known by then.

use super::ReadError;
use super::intern::Interned;
use super::observe::Elsewhere;
use super::relink::Relink;
use super::roots::{LocatedRoot, hide, locate};
use super::sweep::{bare, is_bare};
use super::txn::Tables;
use super::vacated;
use lumidex_schema::id::{FolderId, ImageId, RootId, Timestamp};
use lumidex_schema::operation::Operation;
use lumidex_schema::path::{self, RelPath};
use lumidex_schema::record::{Fingerprint, Folder, Former, Image, Presence, Root, Sighting};
use redb::ReadableTable;
use std::collections::HashMap;

/// Where a file or a folder is since an operation. Paths are absolute bytes, lexically normal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relocation {
    /// A file has another place, or is back at its own. Its image becomes present there, with its id, its
    /// text and everything a person did; below no wanted root it is [`Relocation::Gone`]. An image that
    /// was known there is missing. Nothing but the sighting changes when the image is there already; and
    /// nothing when it was found at a third place meanwhile.
    File {
        /// The image whose file it is.
        image: ImageId,
        /// Where the file was.
        from: Vec<u8>,
        /// Where it is.
        to: Vec<u8>,
        /// What was seen of it there. Where size, modification time or sidecar differ from what was read
        /// of the image, those remain in its record, so that a walk reads the file again.
        sighting: Sighting,
    },
    /// A file is in no folder of the library any more: the image is missing, if it was known there.
    Gone {
        /// The image whose file it was.
        image: ImageId,
        /// Where it was.
        from: Vec<u8>,
    },
    /// A folder has another place, with everything in it: so have all images below, missing ones
    /// included. Below no wanted root, those that were present are missing.
    Folder {
        /// Where it was.
        from: Vec<u8>,
        /// Where it is.
        to: Vec<u8>,
    },
}

impl Relocation {
    /// The image of which it says where its file is, or that it is gone.
    pub(super) const fn located(&self) -> Option<ImageId> {
        match self {
            Self::File { image, .. } | Self::Gone { image, .. } => Some(*image),
            Self::Folder { .. } => None,
        }
    }
}

/// Writes relocations of an operation in their order.
pub(super) fn relocate(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    relocations: Vec<Relocation>,
    operation: &Operation,
    at: Timestamp,
) -> Result<(), ReadError> {
    if relocations.is_empty() {
        return Ok(());
    }
    let roots = tables.all_roots()?;
    let relink = Relink::new(tables, interned, at);
    let mut following = Following { relink, roots, operation, folders: HashMap::new() };
    for relocation in relocations {
        match relocation {
            Relocation::File { image, from, to, sighting } => following.file(image, &from, &to, sighting)?,
            Relocation::Gone { image, from } => following.gone(image, &from)?,
            Relocation::Folder { from, to } => following.folder(&from, &to)?,
        }
    }
    Ok(())
}

struct Following<'a, 't> {
    relink: Relink<'a, 't>,
    roots: Vec<(RootId, Root)>,
    operation: &'a Operation,
    /// Folders of this batch by path, as far as they were looked up.
    folders: HashMap<Vec<u8>, Located>,
}

/// A folder's place in the library.
#[derive(Clone, Copy)]
struct Located {
    /// The folder's row, if there is one.
    folder: Option<FolderId>,
    /// Whether it lies below a wanted root.
    is_wanted: bool,
}

impl Following<'_, '_> {
    fn file(&mut self, image: ImageId, from: &[u8], to: &[u8], sighting: Sighting) -> Result<(), ReadError> {
        let Some((id, record)) = self.who(image, from, to)? else { return Ok(()) };
        self.left(from, [record.sighting, sighting]);
        if let Some(place) = self.place(to) {
            self.relink.interned.vacated.arrive(&place);
        }
        let Some((folder, name)) = self.make_place(to)? else { return self.gone(image, from) };
        let is_there = record.folder == folder && record.name == name;
        if is_there && record.presence == Presence::Present {
            let sighting = as_read(&record, sighting);
            return self.mend(id, record, sighting);
        }
        if record.presence == Presence::Present && !is_there && !self.is_at(&record, from)? {
            // More is known of it by now than the operation knew.
            return Ok(());
        }
        let (own, other) = self.told_apart(id, record)?;
        self.give(id, Image { folder, name: name.to_vec(), sighting: as_read(&own, sighting), ..own })?;
        self.see_again(other)
    }

    fn gone(&mut self, image: ImageId, from: &[u8]) -> Result<(), ReadError> {
        let Some((id, record)) = self.who(image, from, from)? else { return Ok(()) };
        self.left(from, [record.sighting; 2]);
        if record.presence == Presence::Present && self.is_at(&record, from)? {
            let (own, other) = self.told_apart(id, record)?;
            self.miss(id, own)?;
            self.see_again(other)?;
        }
        Ok(())
    }

    /// A file is not here any more; whoever looked before does not know it yet.
    fn left(&mut self, from: &[u8], sightings: [Sighting; 2]) {
        if let Some(place) = self.place(from) {
            self.relink.interned.vacated.leave(place, sightings);
        }
    }

    fn place(&self, path: &[u8]) -> Option<vacated::Spot> {
        let (directory, name) = split(path)?;
        let LocatedRoot { root, below } = locate(&self.roots, directory)?;
        Some((root, below, name.to_vec()))
    }

    /// The record as it was when the operation was asked for. Its file was gone from its place when another
    /// was seen there, and the image was thought to be rewritten: then, what is there now.
    fn told_apart(&mut self, id: ImageId, record: Image) -> Result<(Image, Option<Image>), ReadError> {
        let former = self.relink.former(id)?;
        let is_present = record.presence == Presence::Present;
        let another = former.filter(|former| former.is_of_rewriting() && former.at >= self.operation.at);
        let Some(Former { fingerprint, sighting, .. }) = another.filter(|_| is_present) else {
            return Ok((record, None));
        };
        self.relink.forget_former(id)?;
        // What was read of it is gone; it will be read again.
        Ok((Image { fingerprint, sighting, ..bare(record.clone()) }, Some(record)))
    }

    /// What took an image's name is another one.
    fn see_again(&mut self, other: Option<Image>) -> Result<(), ReadError> {
        other.map_or(Ok(()), |other| self.relink.see(other, &Elsewhere::default()).map(drop))
    }

    /// An image that is where it went. Another told that before, and perhaps took its file for a copy.
    fn mend(&mut self, id: ImageId, record: Image, sighting: Sighting) -> Result<(), ReadError> {
        let is_copy = self.relink.former(id)?.is_some_and(|former| !former.is_of_rewriting());
        if is_copy {
            self.relink.forget_former(id)?;
        }
        if record.sighting == sighting { Ok(()) } else { self.relink.store(id, Image { sighting, ..record }) }
    }

    /// Gives an image, whose record this will be, the place that its record names.
    fn give(&mut self, id: ImageId, record: Image) -> Result<(), ReadError> {
        let known = self.relink.at_place(record.folder, &record.name)?.filter(|(there, _)| *there != id);
        if let Some((newer, there)) = &known
            && *newer > self.operation.last_image
            && there.presence == Presence::Present
            && is_of_file(there, &record)
        {
            return self.relink.take_over(id, *newer);
        }
        self.relink.forget_former(id)?;
        if let Some(before) = self.relink.tables.image(id)? {
            self.relink.leave(id, &before)?;
        }
        self.relink.displace(known)?;
        self.relink.store(id, Image { presence: Presence::Present, ..record })
    }

    fn miss(&mut self, id: ImageId, record: Image) -> Result<(), ReadError> {
        let (name, presence) = (record.name.clone(), Presence::Missing { since: self.relink.at });
        hide(self.relink.tables, id, record, &name, presence)
    }

    /// The image itself, or the one that took its file over and is at one of these places.
    fn who(&mut self, image: ImageId, from: &[u8], to: &[u8]) -> Result<Option<(ImageId, Image)>, ReadError> {
        let Some(record) = self.relink.tables.image(image)? else { return Ok(None) };
        if record.presence != Presence::Retired || record.fingerprint != Fingerprint::default() {
            return Ok(Some((image, record)));
        }
        let Some((id, record)) = self.relink.at_place(record.folder, &record.name)? else {
            return Ok(None);
        };
        let is_it = id == image || self.is_at(&record, from)? || self.is_at(&record, to)?;
        Ok(is_it.then_some((id, record)))
    }

    fn is_at(&mut self, record: &Image, path: &[u8]) -> Result<bool, ReadError> {
        let Some((directory, name)) = split(path) else { return Ok(false) };
        Ok(record.name == name && self.located(directory)?.folder == Some(record.folder))
    }

    /// The place of a file, with a row for its folder; `None` when it lies below no wanted root.
    fn make_place<'p>(&mut self, path: &'p [u8]) -> Result<Option<(FolderId, &'p [u8])>, ReadError> {
        let Some((directory, name)) = split(path) else { return Ok(None) };
        let located = self.located(directory)?;
        if !located.is_wanted {
            return Ok(None);
        }
        if let Some(folder) = located.folder {
            return Ok(Some((folder, name)));
        }
        let Some(LocatedRoot { root, below }) = locate(&self.roots, directory) else { return Ok(None) };
        let folder = self.relink.tables.folder(root, &below)?;
        self.folders.insert(directory.to_vec(), Located { folder: Some(folder), is_wanted: true });
        Ok(Some((folder, name)))
    }

    fn located(&mut self, directory: &[u8]) -> Result<Located, ReadError> {
        if let Some(known) = self.folders.get(directory) {
            return Ok(*known);
        }
        let located = match locate(&self.roots, directory) {
            Some(LocatedRoot { root, below }) => Located {
                folder: self.row_at(root, &below)?,
                is_wanted: self.roots.iter().any(|(id, record)| *id == root && !record.retired),
            },
            None => Located { folder: None, is_wanted: false },
        };
        self.folders.insert(directory.to_vec(), located);
        Ok(located)
    }

    fn row_at(&self, root: RootId, below: &RelPath) -> Result<Option<FolderId>, ReadError> {
        let row = self.relink.tables.folder_ids.get((root.0, below.as_bytes()))?;
        Ok(row.map(|id| FolderId(id.value())))
    }

    fn folder(&mut self, from: &[u8], to: &[u8]) -> Result<(), ReadError> {
        for (id, row, rest) in self.rows_from(from)? {
            let directory = path::absolute(to, rest.as_bytes(), b"");
            let located = self.located(&directory)?;
            match (locate(&self.roots, &directory), located) {
                (_, Located { is_wanted: false, .. }) | (None, _) => self.miss_all(id)?,
                (_, Located { folder: Some(there), .. }) if there != id => self.arrive(id, there)?,
                (Some(place), _) => {
                    self.relink.tables.move_folder(id, &row, place.root, place.below)?;
                    self.arrive(id, id)?;
                }
            }
        }
        if let Some(LocatedRoot { root, below }) = locate(&self.roots, from) {
            self.relink.interned.vacated.leave_folder((root, below));
        }
        // Rows are elsewhere now.
        self.folders.clear();
        Ok(())
    }

    /// The rows of a folder and of all below it, whichever root they belong to, each with its path below
    /// the folder.
    fn rows_from(&self, from: &[u8]) -> Result<Vec<(FolderId, Folder, RelPath)>, ReadError> {
        let tables = &*self.relink.tables;
        let mut rows = Vec::new();
        for (root, record) in &self.roots {
            // Either the folder lies in the root, or the root in the folder.
            let (top, above) = match (path::below(from, &record.path), path::below(&record.path, from)) {
                (Some(top), _) => (top, &b""[..]),
                (None, Some(above)) => (&b""[..], above),
                (None, None) => continue,
            };
            for entry in tables.folder_ids.range((root.0, top)..(root.0 + 1, &[][..]))? {
                let (key, id) = entry?;
                let (key, id) = (key.value().1, FolderId(id.value()));
                let Some(rest) = path::below(key, top) else {
                    if key.starts_with(top) { continue } else { break }
                };
                if let Some(row) = tables.folder_row(id)? {
                    rows.push((id, row, RelPath::from_bytes(above).join(rest)));
                }
            }
        }
        Ok(rows)
    }

    fn miss_all(&mut self, folder: FolderId) -> Result<(), ReadError> {
        for (_, id) in self.relink.tables.present_in(folder)? {
            if let Some(record) = self.relink.tables.image(id)? {
                self.miss(id, record)?;
            }
        }
        Ok(())
    }

    /// Gives the images of a folder their places in a row, one by one: a walk made it, or it was known
    /// before; or it is the folder's own, and some images were told to be missing meanwhile.
    fn arrive(&mut self, folder: FolderId, there: FolderId) -> Result<(), ReadError> {
        let mut moved = Vec::new();
        for entry in self.relink.tables.paths.range((folder.0, &[][..])..(folder.0 + 1, &[][..]))? {
            let (_, value) = entry?;
            let (image, digest) = value.value();
            if digest == 0 || folder != there {
                moved.push(ImageId(image));
            }
        }
        for id in moved {
            let Some(record) = self.relink.tables.image(id)? else { continue };
            let was_there = match record.presence {
                Presence::Present => true,
                Presence::Missing { since } => since >= self.operation.at,
                Presence::Retired => false,
            };
            if was_there && record.folder == folder {
                self.give(id, Image { folder: there, ..record })?;
            }
        }
        Ok(())
    }
}

/// Whether a record is of the very file of another, as far as the file system can tell; where it knows no
/// files, of the same content.
fn is_of_file(record: &Image, other: &Image) -> bool {
    let (a, b) = (&record.sighting, &other.sighting);
    if a.inode == 0 || b.inode == 0 {
        return record.fingerprint == other.fingerprint && (a.size, a.modified) == (b.size, b.modified);
    }
    a.is_same_file(b)
}

/// What was read of an image, in the file that was seen now: where they differ it has to be read again, and
/// the record must not say that it was.
fn as_read(record: &Image, seen: Sighting) -> Sighting {
    let Sighting { size, modified, sidecar, .. } = record.sighting;
    // What a sweep took can be read again, too.
    let size = if is_bare(record) { 0 } else { size };
    Sighting { size, modified, sidecar, ..seen }
}

fn split(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let slash = path.iter().rposition(|byte| *byte == b'/')?;
    Some((&path[..slash.max(1)], &path[slash + 1..]))
}
