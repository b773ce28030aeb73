//! What intake tells the ledger, and how a batch of it is written.
//!
//! Rows go in table by table and in key order: the storage engine is several times faster so.

use super::ReadError;
use super::intern::Interned;
use super::pending::{self, Arrivals};
use super::relink;
use super::roots::hide;
use super::txn::Tables;
use super::vacated;
use super::writer::now;
use lumidex_schema::feed::Subject;
use lumidex_schema::id::{FolderId, ImageId, RootId, Seq, TagId, TextId, Timestamp};
use lumidex_schema::media::MediaKind;
use lumidex_schema::note::Note;
use lumidex_schema::path::RelPath;
use lumidex_schema::record::{Fingerprint, Image, Link, Presence, Row, Sighting};
use lumidex_schema::tag::TagKind;
use redb::ReadableTable;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

/// One thing intake found out.
#[derive(Clone, Debug)]
pub enum Observation {
    /// A file arrived or was altered, and was read.
    Seen(Box<Seen>),
    /// A known file is gone from a root that can be reached. Says nothing of a file that the ledger
    /// learned more of meanwhile.
    Missing {
        /// Which, as it was known.
        file: Sighted,
        /// Images of the same content whose files were looked for and are where they are known.
        copies: Vec<Sighted>,
        /// When it was noticed.
        at: Timestamp,
    },
    /// The content of an image that is missing was looked for, see [`super::Ledger::take_displaced`].
    Sought {
        /// Which.
        image: ImageId,
        /// Images of the same content whose files were looked for and are where they are known.
        copies: Vec<Sighted>,
        /// When.
        at: Timestamp,
    },
    /// A walk of a root came to its end; everything it found was reported before.
    RootWalked {
        /// Which.
        root: RootId,
        /// The last id given when the walk began: images with greater ones arrived since. 0 when not
        /// everything could be seen.
        from: ImageId,
        /// When it ended.
        at: Timestamp,
        /// Version of the reader with which every file was looked at; 0 when files were left out that a newer
        /// reader would read differently.
        read_with: u8,
    },
}

/// An image's file as the ledger knew it: what is said of it holds only while that is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighted {
    /// Which.
    pub image: ImageId,
    /// A digest of where it was and of its sighting.
    digest: u64,
}

impl Sighted {
    /// A file of this name in a folder, whose number tells where it lies, with the digest of its sighting.
    #[must_use]
    pub fn new(image: ImageId, (folder, seq): (FolderId, Seq), name: &[u8], sighting: u64) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&folder.0.to_le_bytes());
        hasher.update(&seq.0.to_le_bytes());
        hasher.update(&sighting.to_le_bytes());
        hasher.update(name);
        let mut first = [0; 8];
        first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        Self { image, digest: u64::from_le_bytes(first) }
    }

    /// As its record and the number of its folder say.
    pub(super) fn of(image: ImageId, record: &Image, folder: Seq) -> Self {
        Self::new(image, (record.folder, folder), &record.name, record.sighting.digest())
    }
}

/// A file that arrived or was altered, as it was read.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The root it lies in.
    pub root: RootId,
    /// Its folder below the root.
    pub folder: RelPath,
    /// File name.
    pub name: Vec<u8>,
    /// What was seen without opening it.
    pub sighting: Sighting,
    /// By extension.
    pub media: MediaKind,
    /// Content identity.
    pub fingerprint: Fingerprint,
    /// Width in pixels of the file itself; 0 when unknown.
    pub pixel_width: u32,
    /// Height in pixels of the file itself; 0 when unknown.
    pub pixel_height: u32,
    /// The shared part of its generation text.
    pub text: Option<Arc<SharedText>>,
    /// The values of the text's holes.
    pub holes: Vec<u64>,
    /// Custom tags that a person's rules give it.
    pub rule_tags: Vec<String>,
    /// How many complaints reading it gave.
    pub complaints: u16,
    /// How reading it went.
    pub note: Note,
    /// What became of images that have to do with it.
    pub elsewhere: Elsewhere,
}

/// What was found where other images are known that have, or had, the same content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// No file is there.
    pub gone: Vec<Sighted>,
    /// Other content is there.
    pub altered: Vec<Sighted>,
    /// Of the content that was known at the place itself: it is there.
    pub copies: Vec<Sighted>,
    /// When the file itself had not been opened yet; of what operations told since, this says nothing.
    /// `None` when nobody looked.
    pub looked: Option<Instant>,
}

/// The part of a generation text that images of a batch share, with the tags that follow from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedText {
    template: String,
    tags: Vec<(TagKind, String)>,
    digest: [u8; 16],
}

impl SharedText {
    /// From a template (see [`lumidex_schema::text`]) and its tags.
    #[must_use]
    pub fn new(template: String, tags: Vec<(TagKind, String)>) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(template.len() as u64).to_le_bytes());
        hasher.update(template.as_bytes());
        // The tags are part of the identity: a later reader that finds other tags in the same
        // text makes another text of it, and its images follow.
        for (kind, name) in &tags {
            hasher.update(&[*kind as u8]);
            hasher.update(&(name.len() as u64).to_le_bytes());
            hasher.update(name.as_bytes());
        }
        let mut digest = [0; 16];
        digest.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        Self { template, tags, digest }
    }

    /// The text with its holes.
    #[must_use]
    pub fn template(&self) -> &str {
        &self.template
    }

    /// The tags that follow from it.
    #[must_use]
    pub fn tags(&self) -> &[(TagKind, String)] {
        &self.tags
    }

    /// First 16 bytes of the BLAKE3 digest of all of it.
    #[must_use]
    pub fn digest(&self) -> &[u8; 16] {
        &self.digest
    }
}

/// Rows gathered for one pass over each table.
#[derive(Default)]
struct Rows {
    images: Vec<(ImageId, Image)>,
    former: Vec<Seq>,
    /// Images of this batch by place, should a file be reported twice.
    by_place: HashMap<(FolderId, Vec<u8>), usize>,
}

/// Writes a slice of observations.
pub(super) fn apply(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    observations: Vec<Observation>,
) -> Result<(), ReadError> {
    interned.underway.load(tables)?;
    let mut rows = Rows::default();
    let (mut missing, mut walked) = (Vec::new(), Vec::new());
    let (mut fresh, n_displaced_before) = (Vec::new(), interned.displaced.len());
    let mut notes = Vec::new();
    let mut arrivals = Arrivals::default();
    let mut folders: HashMap<(RootId, RelPath), FolderId> = HashMap::new();
    for observation in observations {
        match observation {
            Observation::Seen(seen) if vacated::is_late(tables, interned, &seen)? => {}
            Observation::Seen(seen) => {
                let place = (seen.root, seen.folder.clone());
                let folder = match folders.get(&place) {
                    Some(id) => *id,
                    None => {
                        let id = tables.folder(seen.root, &seen.folder)?;
                        folders.insert(place, id);
                        id
                    }
                };
                let note = seen.note;
                arrivals.add(tables, folder, &seen.name)?;
                let image = see(tables, interned, &mut rows, folder, *seen)?;
                fresh.push(image);
                notes.push((image, note));
            }
            Observation::Missing { file, copies, at } => {
                write(tables, std::mem::take(&mut rows))?;
                match is_about_to_move(tables, interned, &file)? {
                    true => interned.underway.say_gone(file, at),
                    false if miss(tables, file, at)? => missing.push((file.image, copies, at)),
                    false => {}
                }
            }
            Observation::Sought { image, copies, at } => missing.push((image, copies, at)),
            Observation::RootWalked { root, from, at, read_with } => walked.push((root, from, at, read_with)),
        }
    }
    write(tables, rows)?;
    for (image, note) in notes {
        tables.notes.insert(image.0, note.encode())?;
    }
    // Last, so that whoever arrived with them has found them already.
    for (image, copies, at) in missing {
        relink::missed(tables, interned, image, &copies, at)?;
    }
    let displaced = interned.displaced[n_displaced_before..].to_vec();
    for image in displaced {
        relink::displaced(tables, interned, image, &fresh, now())?;
    }
    arrivals.settle(tables)?;
    // After them: what came since a root was last seen is told by how far it had been seen before.
    for (root, from, at, read_with) in walked {
        tables.root_walked(root, from, at)?;
        if read_with > 0 {
            tables.read_with.insert(root.0, u64::from(read_with))?;
        }
        pending::walked(tables, root)?;
    }
    Ok(())
}

fn see(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    rows: &mut Rows,
    folder: FolderId,
    seen: Seen,
) -> Result<ImageId, ReadError> {
    let text = match &seen.text {
        Some(shared) => interned.text(tables, shared)?,
        None => TextId::NONE,
    };
    let size_tag = interned.pixel_size(tables, seen.pixel_width, seen.pixel_height)?;
    let image = Image {
        seq: Seq::ZERO,
        folder,
        name: seen.name,
        sighting: seen.sighting,
        fingerprint: seen.fingerprint,
        presence: Presence::Present,
        media: seen.media,
        pixel_width: seen.pixel_width,
        pixel_height: seen.pixel_height,
        size_tag,
        text,
        holes: seen.holes,
        complaints: seen.complaints,
    };
    let id = identify(tables, interned, rows, image, &seen.elsewhere)?;
    rule_all(tables, interned, id, &seen.rule_tags)?;
    Ok(id)
}

/// Rules put tags on an image, which is written anyway.
pub(super) fn rule_all(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    image: ImageId,
    names: &[String],
) -> Result<(), ReadError> {
    for name in names {
        let tag = interned.tag(tables, TagKind::Custom, name)?;
        rule(tables, image, tag)?;
    }
    Ok(())
}

/// Whose file it is. New images, and those that stay where they are, are gathered for one pass.
fn identify(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    rows: &mut Rows,
    image: Image,
    elsewhere: &Elsewhere,
) -> Result<ImageId, ReadError> {
    let place = (image.folder, image.name.clone());
    if rows.by_place.contains_key(&place) {
        write(tables, std::mem::take(rows))?;
    }
    let known = tables.paths.get((place.0.0, place.1.as_slice()))?.map(|row| ImageId(row.value().0));
    let record = known.map(|id| tables.image(id)).transpose()?.flatten();
    let content = (&image.fingerprint, &image.sighting);
    if !relink::is_plain(tables, interned, record.as_ref(), content, elsewhere)? {
        write(tables, std::mem::take(rows))?;
        return relink::see(tables, interned, image, elsewhere, now());
    }
    let id = match (known, record) {
        (Some(id), Some(record)) => {
            rows.former.push(record.seq);
            id
        }
        _ => {
            tables.counters.image = tables.counters.image.next();
            tables.counters.image
        }
    };
    interned.alikes.add(id, &image.fingerprint, &image.sighting);
    rows.by_place.insert(place, rows.images.len());
    rows.images.push((id, image));
    Ok(id)
}

/// A rule puts a tag on, unless a person decided about it before.
fn rule(tables: &mut Tables<'_>, image: ImageId, tag: TagId) -> Result<(), ReadError> {
    let key = (image.0, tag.0);
    if tables.links.get(key)?.is_none() {
        tables.links.insert(key, Link::Ruled.encode().as_slice())?;
    }
    Ok(())
}

/// Whether the file was there until now.
/// Whether an operation will tell where this file is.
fn is_about_to_move(tables: &Tables<'_>, interned: &Interned, file: &Sighted) -> Result<bool, ReadError> {
    match tables.image(file.image)? {
        Some(image) => interned.underway.contains(tables, file.image, &image),
        None => Ok(false),
    }
}

/// A file is gone from where it was known; says whether it was known there.
pub(super) fn miss(tables: &mut Tables<'_>, file: Sighted, at: Timestamp) -> Result<bool, ReadError> {
    let Some(image) = tables.image(file.image)? else { return Ok(false) };
    if image.presence != Presence::Present || tables.sighted(file.image, &image)? != file {
        return Ok(false);
    }
    let name = image.name.clone();
    hide(tables, file.image, image, &name, Presence::Missing { since: at })?;
    Ok(true)
}

/// One pass over each table, each in key order.
fn write(tables: &mut Tables<'_>, rows: Rows) -> Result<(), ReadError> {
    let Rows { mut images, mut former, by_place: _ } = rows;
    if images.is_empty() {
        return Ok(());
    }
    former.sort_unstable();
    for seq in former {
        tables.feed.remove(seq.0)?;
    }
    images.sort_unstable_by_key(|(id, _)| *id);
    for (id, image) in &mut images {
        image.seq = tables.next_seq();
        tables.feed.insert(image.seq.0, Subject::Image(*id).encode())?;
    }
    for (id, image) in &images {
        tables.images.insert(id.0, image.encode().as_slice())?;
    }
    images.sort_unstable_by(|(_, a), (_, b)| (a.folder, &a.name).cmp(&(b.folder, &b.name)));
    for (id, image) in &images {
        // A digest of 0 stands for "not there"; the odds of a real one are 1 in 2^64, and such a
        // file would merely be read again by every walk.
        let key = (image.folder.0, image.name.as_slice());
        tables.paths.insert(key, (id.0, image.sighting.digest()))?;
    }
    Ok(())
}
