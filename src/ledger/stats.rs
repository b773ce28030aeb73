//! How much a ledger holds, of what kind, and which of it takes how much room. Counts by looking through a snapshot.

use super::backup::each_table;
use super::{ReadError, Reader};
use crate::limits::IMAGES_LOOKED_THROUGH_AT_ONCE;
use crate::sys::Stop;
use lumidex_schema::id::ImageId;
use lumidex_schema::path::display;
use lumidex_schema::record::{Fingerprint, Link, Presence, Row};
use lumidex_schema::tables;
use lumidex_schema::tag::TagKind;
use redb::{ReadableTable, ReadableTableMetadata};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// The largest number given.
    pub head: u64,
    /// Images by presence: `present`, `missing`, `retired`.
    pub images: BTreeMap<String, u64>,
    /// Images that are there, by kind of media.
    pub media: BTreeMap<String, u64>,
    /// Roots that are wanted.
    pub roots: Vec<RootStats>,
    /// Bytes of the files that are there.
    pub file_bytes: u64,
    /// Date of the oldest file that is there, and of the newest, in nanoseconds since 1970 UTC.
    pub dates: Option<(i64, i64)>,
    /// Files whose pictures are those of others that are there.
    pub duplicates: Duplicates,
    /// Folders that hold, or held, images.
    pub folders: u64,
    /// Distinct generation texts.
    pub texts: u64,
    /// Tags that were not removed, by kind.
    pub tags: BTreeMap<String, u64>,
    /// Links of custom tags: `given`, `ruled`, `refused`.
    pub links: BTreeMap<String, u64>,
    /// Texts given by hand.
    pub edits: u64,
    /// Covers that were chosen.
    pub covers: u64,
    /// Decisions that are recorded.
    pub decisions: u64,
    /// Operations on files.
    pub operations: u64,
    /// Questions that are recorded.
    pub reviews: u64,
    /// Files that an import waits for.
    pub waiting: u64,
    /// Settings of clients.
    pub settings: u64,
    /// Tables by name.
    pub tables: BTreeMap<String, TableStats>,
}

/// A root, with the images that are there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootStats {
    /// Its path as shown.
    pub path: String,
    /// Images.
    pub images: u64,
    /// Bytes of their files.
    pub bytes: u64,
}

/// See [`Stats::duplicates`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duplicates {
    /// Pictures that several files hold.
    pub pictures: u64,
    /// Files beyond the first of each.
    pub files: u64,
    /// Bytes of those files.
    pub bytes: u64,
}

/// A table of the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableStats {
    /// Rows.
    pub rows: u64,
    /// Bytes of keys and values.
    pub bytes: u64,
    /// Bytes of the pages they stand in.
    pub page_bytes: u64,
}

/// Counts what a snapshot holds; `None` when told to stop. `progress` is told images looked at, and how many
/// there are.
///
/// # Errors
/// When the store cannot be read.
pub fn stats(
    reader: &Reader,
    stop: &Stop,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Option<Stats>, ReadError> {
    let mut stats = Stats { head: reader.head()?.0, ..Stats::default() };
    let mut roots: BTreeMap<u32, RootStats> = BTreeMap::new();
    for (id, root) in reader.roots()?.into_iter().filter(|(_, root)| !root.retired) {
        roots.insert(id.0, RootStats { path: display(&root.path), ..RootStats::default() });
    }
    let mut homes: HashMap<u32, u32> = HashMap::new();
    let mut contents: HashMap<Fingerprint, u32> = HashMap::new();
    let (mut after, mut done, total) = (ImageId::default(), 0, reader.n_images()?);
    loop {
        let page = reader.images_after(after, IMAGES_LOOKED_THROUGH_AT_ONCE)?;
        let Some((last, _, _)) = page.last() else { break };
        after = *last;
        done += page.len() as u64;
        for (_, image, _) in page {
            let word = match image.presence {
                Presence::Present => "present",
                Presence::Missing { .. } => "missing",
                Presence::Retired => "retired",
            };
            count(&mut stats.images, word);
            if image.presence != Presence::Present {
                continue;
            }
            count(&mut stats.media, image.media.word());
            let (bytes, date) = (image.sighting.size, image.sighting.modified.0);
            stats.file_bytes += bytes;
            let (oldest, newest) = stats.dates.unwrap_or((date, date));
            stats.dates = Some((oldest.min(date), newest.max(date)));
            let home = match homes.get(&image.folder.0) {
                Some(home) => *home,
                None => {
                    let home = reader.folder(image.folder)?.map_or(0, |folder| folder.root.0);
                    homes.insert(image.folder.0, home);
                    home
                }
            };
            if let Some(root) = roots.get_mut(&home) {
                root.images += 1;
                root.bytes += bytes;
            }
            if image.fingerprint != Fingerprint::default() {
                let seen = contents.entry(image.fingerprint).or_default();
                *seen += 1;
                if *seen > 1 {
                    stats.duplicates.pictures += u64::from(*seen == 2);
                    stats.duplicates.files += 1;
                    stats.duplicates.bytes += bytes;
                }
            }
        }
        progress(done, total);
        if stop.is_stopped() {
            return Ok(None);
        }
    }
    stats.roots = roots.into_values().collect();
    count_rows(reader, &mut stats)?;
    Ok(Some(stats))
}

fn count(counts: &mut BTreeMap<String, u64>, word: &str) {
    match counts.get_mut(word) {
        Some(count) => *count += 1,
        None => drop(counts.insert(word.to_owned(), 1)),
    }
}

fn count_rows(reader: &Reader, stats: &mut Stats) -> Result<(), ReadError> {
    let txn = reader.txn();
    stats.folders = txn.open_table(tables::FOLDERS)?.len()?;
    stats.texts = txn.open_table(tables::TEXTS)?.len()?;
    for row in txn.open_table(tables::TAGS)?.iter()? {
        let tag = lumidex_schema::record::Tag::decode(row?.1.value())?;
        if !tag.removed {
            let word = if tag.kind == TagKind::PixelSize { "pixel size" } else { tag.kind.word() };
            count(&mut stats.tags, word);
        }
    }
    for row in txn.open_table(tables::LINKS)?.iter()? {
        let word = match Link::decode(row?.1.value())? {
            Link::Given => "given",
            Link::Ruled => "ruled",
            Link::Refused => "refused",
        };
        count(&mut stats.links, word);
    }
    stats.edits = txn.open_table(tables::EDITS)?.len()?;
    stats.covers = txn.open_table(tables::COVERS)?.len()?;
    stats.decisions = txn.open_table(tables::DECISIONS)?.len()?;
    stats.operations = txn.open_table(tables::OPERATIONS)?.len()?;
    stats.reviews = txn.open_table(tables::REVIEWS)?.len()?;
    stats.waiting = txn.open_table(tables::PENDING)?.len()?;
    stats.settings = txn.open_table(tables::SETTINGS)?.len()?;
    each_table(txn, &mut |name, rows, bytes, page_bytes| {
        stats.tables.insert(name.to_owned(), TableStats { rows, bytes, page_bytes });
    })
}
