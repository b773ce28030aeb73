//! What intake tells the ledger, and how a batch of it is written.
//!
//! Rows go in table by table and in key order: the storage engine is several times faster so.

use super::ReadError;
use super::intern::Interned;
use super::roots::hide;
use super::txn::Tables;
use lumidex_schema::feed::Subject;
use lumidex_schema::id::{FolderId, ImageId, RootId, Seq, TagId, TextId, Timestamp};
use lumidex_schema::media::MediaKind;
use lumidex_schema::path::RelPath;
use lumidex_schema::record::{Fingerprint, Image, Link, Presence, Row, Sighting};
use lumidex_schema::tag::TagKind;
use redb::ReadableTable;
use std::collections::HashMap;
use std::sync::Arc;

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
        /// When it was noticed.
        at: Timestamp,
    },
    /// A walk of a root came to its end; everything it found was reported before.
    RootWalked {
        /// Which.
        root: RootId,
        /// The last id given when the walk began: images with greater ones arrived since.
        from: ImageId,
        /// When it ended.
        at: Timestamp,
    },
}

/// An image's file as the ledger knew it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighted {
    /// Which.
    pub image: ImageId,
    /// Digest of its sighting.
    pub digest: u64,
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
    /// Images of the same content whose files were looked for and are not where they were.
    pub gone: Vec<Sighted>,
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
    let mut rows = Rows::default();
    let mut folders: HashMap<(RootId, RelPath), FolderId> = HashMap::new();
    for observation in observations {
        match observation {
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
                see(tables, interned, &mut rows, folder, *seen)?;
            }
            Observation::Missing { file, at } => {
                write(tables, std::mem::take(&mut rows))?;
                miss(tables, file.image, at)?;
            }
            Observation::RootWalked { root, from: _, at } => {
                if let Some((_, mut record)) = tables.all_roots()?.into_iter().find(|(id, _)| *id == root) {
                    record.walked = Some(at);
                    tables.put_root(root, &record)?;
                }
            }
        }
    }
    write(tables, rows)
}

fn see(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    rows: &mut Rows,
    folder: FolderId,
    seen: Seen,
) -> Result<(), ReadError> {
    let text = match &seen.text {
        Some(shared) => interned.text(tables, shared)?,
        None => TextId::NONE,
    };
    let size_tag = interned.pixel_size(tables, seen.pixel_width, seen.pixel_height)?;
    let place = (folder, seen.name);
    let twice = rows.by_place.get(&place).copied();
    let id = match twice {
        Some(at) => rows.images[at].0,
        None => match tables.paths.get((folder.0, place.1.as_slice()))? {
            Some(known) => ImageId(known.value().0),
            None => {
                tables.counters.image = tables.counters.image.next();
                tables.counters.image
            }
        },
    };
    for name in &seen.rule_tags {
        let tag = interned.tag(tables, TagKind::Custom, name)?;
        rule(tables, id, tag)?;
    }
    let image = Image {
        seq: Seq::ZERO,
        folder,
        name: place.1.clone(),
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
    match twice {
        Some(at) => rows.images[at].1 = image,
        None => {
            if let Some(former) = former_seq(tables, id)? {
                rows.former.push(former);
            }
            rows.by_place.insert(place, rows.images.len());
            rows.images.push((id, image));
        }
    }
    Ok(())
}

fn former_seq(tables: &Tables<'_>, id: ImageId) -> Result<Option<Seq>, ReadError> {
    // An id above every stored one was given a moment ago and has no record yet.
    Ok(tables.image(id)?.map(|image| image.seq))
}

/// A rule puts a tag on, unless a person decided about it before.
fn rule(tables: &mut Tables<'_>, image: ImageId, tag: TagId) -> Result<(), ReadError> {
    let key = (image.0, tag.0);
    if tables.links.get(key)?.is_none() {
        tables.links.insert(key, Link::Ruled.encode().as_slice())?;
    }
    Ok(())
}

fn miss(tables: &mut Tables<'_>, id: ImageId, at: Timestamp) -> Result<(), ReadError> {
    if let Some(image) = tables.image(id)?
        && image.presence == Presence::Present
    {
        let name = image.name.clone();
        hide(tables, id, image, &name, Presence::Missing { since: at })?;
    }
    Ok(())
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
