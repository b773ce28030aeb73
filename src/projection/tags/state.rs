//! Everything the tags projection knows, in memory.

use super::columns::{Columns, Facts};
use super::names::{CHUNK, HOLE_MARK, Names};
use super::order::Order;
use super::posting::Posting;
use lumidex_schema::fold::fold;
use lumidex_schema::id::{FolderId, ImageId, TagId, TextId, Timestamp};
use lumidex_schema::media::MediaKind;
use lumidex_schema::path;
use lumidex_schema::record::{Image, Tag};
use lumidex_schema::tag::{TagKind, media_tag};
use roaring::RoaringBitmap;
use std::collections::{BTreeSet, HashMap};

/// A tag, with its images elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagEntry {
    /// What it says about an image.
    pub kind: TagKind,
    /// Name, case kept.
    pub name: Box<str>,
    /// CSS colour, or empty.
    pub color: Box<str>,
}

/// A folder with its path as it is searched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FolderEntry {
    /// Absolute path.
    pub path: Box<[u8]>,
    /// The path as shown, folded, without trailing separator (`""` for the top of the file system).
    pub folded: Box<str>,
}

impl FolderEntry {
    pub(super) fn new(path: &[u8]) -> Self {
        let shown = fold(&path::display(path));
        let folded = shown.strip_suffix('/').unwrap_or(&shown);
        Self { path: path.into(), folded: folded.into() }
    }
}

/// What a live image is to be from now on.
#[derive(Clone, Debug)]
pub(super) struct Live {
    pub(super) facts: Facts,
    pub(super) name: Vec<u8>,
    pub(super) holes: Vec<u8>,
    /// The tags of its text.
    pub(super) tags: std::rc::Rc<[TagId]>,
    pub(super) custom: Vec<TagId>,
}

impl Live {
    pub(super) fn new(image: &Image, tags: std::rc::Rc<[TagId]>, custom: Vec<TagId>) -> Self {
        let mut name = vec![b'/'];
        name.extend_from_slice(fold(&path::display(&image.name)).as_bytes());
        let mut holes = Vec::new();
        for value in &image.holes {
            holes.push(HOLE_MARK);
            holes.extend_from_slice(value.to_string().as_bytes());
            holes.push(HOLE_MARK);
        }
        let facts = Facts {
            date: image.sighting.modified,
            created: image.sighting.created,
            text: image.text,
            folder: image.folder,
            size_tag: image.size_tag,
            media: image.media as u8,
            bytes: image.sighting.size,
        };
        Self { facts, name, holes, tags, custom }
    }
}

/// One image's change, with what is needed to take its former self out.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) id: ImageId,
    /// The tags of its former text, when there was one and it is another now.
    pub(super) former_tags: std::rc::Rc<[TagId]>,
    /// `None` when it is not live from now on.
    pub(super) live: Option<Live>,
}

/// What is not on disk yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Dirty {
    pub(super) postings: BTreeSet<TagId>,
    pub(super) chunks: BTreeSet<u32>,
    pub(super) tags: BTreeSet<TagId>,
    pub(super) folders: BTreeSet<FolderId>,
    pub(super) changes: usize,
}

/// See the module.
#[derive(Debug, Default)]
pub struct State {
    /// Images that are there.
    pub live: RoaringBitmap,
    /// Numbers by image id.
    pub columns: Columns,
    /// Live images by date.
    pub order: Order,
    /// Folded file names, each as `/name`.
    pub names: Names,
    /// Values of holes, each as `\0digits\0`.
    pub holes: Names,
    /// The size in bytes of all live images.
    pub total_bytes: u64,
    /// Grows with every change, so that what was made from a state can be kept with it.
    pub version: u64,
    pub(super) tags: Vec<Option<TagEntry>>,
    pub(super) postings: Vec<Posting>,
    pub(super) folders: Vec<FolderEntry>,
    pub(super) folder_postings: Vec<Posting>,
    /// Custom tags by image, because a changed image must be taken off the tags it lost.
    pub(super) custom: HashMap<ImageId, Box<[TagId]>>,
    pub(super) dirty: Dirty,
}

static NOBODY: Posting = Posting::List(Vec::new());

impl State {
    /// All there is, as if nothing were on disk.
    pub(super) fn everything(&self) -> Dirty {
        let chunks = self.live.max().map_or(0, |last| last / CHUNK as u32 + 1);
        Dirty {
            postings: (0..self.postings.len() as u32).map(TagId).collect(),
            chunks: (0..chunks).collect(),
            tags: (0..self.tags.len() as u32).map(TagId).collect(),
            folders: (0..self.folders.len() as u32).map(FolderId).collect(),
            changes: self.dirty.changes,
        }
    }

    /// A tag that was not removed.
    #[must_use]
    pub fn tag(&self, id: TagId) -> Option<&TagEntry> {
        self.tags.get(id.index())?.as_ref()
    }

    /// Every tag that was not removed, by id.
    pub fn tags(&self) -> impl Iterator<Item = (TagId, &TagEntry)> {
        self.tags
            .iter()
            .enumerate()
            .filter_map(|(id, entry)| Some((TagId(u32::try_from(id).ok()?), entry.as_ref()?)))
    }

    /// The live images that have a tag.
    #[must_use]
    pub fn posting(&self, tag: TagId) -> &Posting {
        self.postings.get(tag.index()).unwrap_or(&NOBODY)
    }

    /// Live images of a kind of media.
    #[must_use]
    pub fn media(&self, media: MediaKind) -> &Posting {
        self.posting(media_tag(media))
    }

    /// Every folder that ever held an image, by id; the first stands for *no folder*.
    #[must_use]
    pub fn folders(&self) -> &[FolderEntry] {
        &self.folders
    }

    /// The live images directly in a folder.
    #[must_use]
    pub fn in_folder(&self, folder: FolderId) -> &Posting {
        self.folder_postings.get(folder.index()).unwrap_or(&NOBODY)
    }

    pub(super) fn set_tag(&mut self, id: TagId, tag: Option<Tag>) {
        if self.tags.len() <= id.index() {
            self.tags.resize(id.index() + 1, None);
        }
        self.tags[id.index()] = tag.filter(|tag| !tag.removed).map(|tag| TagEntry {
            kind: tag.kind,
            name: tag.name.into_boxed_str(),
            color: tag.color.into_boxed_str(),
        });
        self.dirty.tags.insert(id);
        self.dirty.changes += 1;
        self.version += 1;
    }

    pub(super) fn set_folder(&mut self, id: FolderId, path: &[u8]) {
        if self.folders.len() <= id.index() {
            self.folders.resize(id.index() + 1, FolderEntry::default());
        }
        self.folders[id.index()] = FolderEntry::new(path);
        self.dirty.folders.insert(id);
        self.dirty.changes += 1;
        self.version += 1;
    }

    /// The order after these changes; computed before they are made.
    pub(super) fn order_after(&self, changes: &[Change]) -> Order {
        let changed: RoaringBitmap = changes.iter().map(|change| change.id.0).collect();
        let came: Vec<(Timestamp, ImageId, u32)> = changes
            .iter()
            .filter_map(|change| {
                let live = change.live.as_ref()?;
                Some((live.facts.date, change.id, live.facts.text.0))
            })
            .collect();
        self.order.merged(&self.columns, &changed, came)
    }

    /// Whether a batch of changes leaves the order as it is: nothing came, went or changed date.
    pub(super) fn keeps_order(&self, changes: &[Change]) -> bool {
        changes.iter().all(|change| match (self.columns.get(change.id), &change.live) {
            (None, None) => true,
            (Some(former), Some(live)) => former.date == live.facts.date && former.text == live.facts.text,
            _ => false,
        })
    }

    /// Makes the changes; ids are distinct. `order` is what [`State::order_after`] gave. Returns the
    /// former order: giving its memory back takes longer than all else, and need not be waited for.
    pub(super) fn change(&mut self, mut changes: Vec<Change>, order: Option<Order>) -> Option<Order> {
        changes.sort_unstable_by_key(|change| change.id);
        let mut names = Vec::with_capacity(changes.len());
        let mut holes = Vec::with_capacity(changes.len());
        self.dirty.changes += changes.len();
        self.version += 1;
        for change in changes {
            let Change { id, former_tags, live } = change;
            if live.is_none() && self.columns.get(id).is_none() {
                // It was not live and is not: there may not even be a place for it.
                continue;
            }
            self.take_out(id, &former_tags, live.as_ref());
            match live {
                Some(live) => {
                    self.put_in(id, &live);
                    names.push((id, live.name));
                    holes.push((id, live.holes));
                }
                None => {
                    names.push((id, Vec::new()));
                    holes.push((id, Vec::new()));
                }
            }
            self.dirty.chunks.insert((id.index() / CHUNK) as u32);
        }
        self.names.change(names);
        self.holes.change(holes);
        order.map(|order| std::mem::replace(&mut self.order, order))
    }

    fn take_out(&mut self, id: ImageId, former_tags: &[TagId], live: Option<&Live>) {
        let Some(former) = self.columns.get(id) else { return };
        for tag in former_tags {
            self.unlink(*tag, id);
        }
        self.unlink(former.size_tag, id);
        self.total_bytes = self.total_bytes.saturating_sub(former.bytes);
        if live.is_none_or(|live| live.facts.folder != former.folder)
            && let Some(posting) = self.folder_postings.get_mut(former.folder.index())
        {
            posting.remove(id);
        }
        let keeps: &[TagId] = live.map_or(&[], |live| &live.custom);
        if let Some(custom) = self.custom.remove(&id) {
            custom.iter().filter(|tag| !keeps.contains(tag)).for_each(|tag| self.unlink(*tag, id));
        }
        if live.is_none() {
            let media = MediaKind::ALL.into_iter().find(|media| *media as u8 == former.media);
            media.into_iter().for_each(|media| self.unlink(media_tag(media), id));
            self.live.remove(id.0);
            self.columns.set(id, Facts::default());
        }
    }

    fn put_in(&mut self, id: ImageId, live: &Live) {
        let Live { facts, name: _, holes: _, tags, custom } = live;
        // A text that did not change was not taken out either; putting it in again is harmless.
        for tag in tags.iter().chain(custom) {
            self.link(*tag, id);
        }
        self.link(facts.size_tag, id);
        let media = MediaKind::ALL.into_iter().find(|media| *media as u8 == facts.media);
        media.into_iter().for_each(|media| self.link(media_tag(media), id));
        if self.folder_postings.len() <= facts.folder.index() {
            self.folder_postings.resize(facts.folder.index() + 1, Posting::default());
        }
        self.folder_postings[facts.folder.index()].insert(id);
        if !custom.is_empty() {
            self.custom.insert(id, custom.clone().into_boxed_slice());
        }
        self.total_bytes += facts.bytes;
        self.live.insert(id.0);
        self.columns.set(id, *facts);
    }

    fn link(&mut self, tag: TagId, id: ImageId) {
        if self.postings.len() <= tag.index() {
            self.postings.resize(tag.index() + 1, Posting::default());
        }
        if self.postings[tag.index()].insert(id) {
            self.dirty.postings.insert(tag);
        }
    }

    fn unlink(&mut self, tag: TagId, id: ImageId) {
        if self.postings.get_mut(tag.index()).is_some_and(|posting| posting.remove(id)) {
            self.dirty.postings.insert(tag);
        }
    }

    /// The text an image had, when it is live.
    pub(super) fn text_of(&self, id: ImageId) -> Option<TextId> {
        self.columns.get(id).map(|facts| facts.text)
    }

    /// Makes everything that is not stored from what is: after loading.
    pub(super) fn derive(&mut self) {
        for id in 0..self.columns.len() as u32 {
            let Some(facts) = self.columns.get(ImageId(id)) else { continue };
            self.live.insert(id);
            self.total_bytes += facts.bytes;
            let folder = facts.folder.index();
            if self.folder_postings.len() <= folder {
                self.folder_postings.resize(folder + 1, Posting::default());
            }
            self.folder_postings[folder].insert(ImageId(id));
        }
        self.order = Order::sort(&self.columns, &self.live);
        let mut custom: HashMap<ImageId, Vec<TagId>> = HashMap::new();
        for (tag, entry) in self.tags.iter().enumerate() {
            if entry.as_ref().is_some_and(|entry| entry.kind == TagKind::Custom)
                && let Some(posting) = self.postings.get(tag)
            {
                posting.for_each(|id| custom.entry(id).or_default().push(TagId(tag as u32)));
            }
        }
        self.custom = custom.into_iter().map(|(id, tags)| (id, tags.into_boxed_slice())).collect();
    }
}
