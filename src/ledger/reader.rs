//! Snapshots of the ledger. A reader sees one moment and cannot write.

use super::ReadError;
use super::observe::Sighted;
use super::roots::{LocatedRoot, locate};
use super::settle::is_open;
use super::store::Generation;
use lumidex_schema::feed::Subject;
use lumidex_schema::id::{EpochToken, FolderId, ImageId, RootId, Seq, TagId, TextId};
use lumidex_schema::path::{self, RelPath};
use lumidex_schema::record::{Folder, Former, Image, Link, Presence, Review, Root, Row, Tag, Text};
use lumidex_schema::{checkpoint::History, tables, text};
use redb::{ReadOnlyTable, ReadTransaction, ReadableTable};
use std::sync::{Arc, OnceLock};

/// A file the ledger believes to be there, as a walk compares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownFile {
    /// File name.
    pub name: Vec<u8>,
    /// Its folder.
    pub folder: FolderId,
    /// The number of its folder's latest change.
    pub folder_seq: Seq,
    /// Its image.
    pub image: ImageId,
    /// Digest of the last sighting, never 0.
    pub digest: u64,
    /// Today's reader would read it differently; only known where that was asked for.
    pub is_outdated: bool,
}

impl KnownFile {
    /// Without its name.
    #[must_use]
    pub fn sighted(&self) -> Sighted {
        Sighted::new(self.image, (self.folder, self.folder_seq), &self.name, self.digest)
    }
}

/// Records under the number of an id.
pub(super) type RowsById = ReadOnlyTable<u32, &'static [u8]>;

/// The ledger at one moment.
pub struct Reader {
    txn: ReadTransaction,
    meta: ReadOnlyTable<&'static str, u64>,
    images: ReadOnlyTable<u32, &'static [u8]>,
    folders: ReadOnlyTable<u32, &'static [u8]>,
    texts: ReadOnlyTable<u32, &'static [u8]>,
    tags: ReadOnlyTable<u32, &'static [u8]>,
    links: ReadOnlyTable<(u32, u32), &'static [u8]>,
    edits: RowsById,
    feed: ReadOnlyTable<u64, u64>,
    roots: OnceLock<Vec<(RootId, Root)>>,
    /// Last, so that it is let go of last: while it is held, nothing is written under the snapshot.
    _generation: Arc<Generation>,
}

impl Reader {
    pub(super) fn begin(generation: &Arc<Generation>) -> Result<Self, ReadError> {
        let txn = generation.begin_read()?;
        Ok(Self {
            meta: txn.open_table(tables::META)?,
            images: txn.open_table(tables::IMAGES)?,
            folders: txn.open_table(tables::FOLDERS)?,
            texts: txn.open_table(tables::TEXTS)?,
            tags: txn.open_table(tables::TAGS)?,
            links: txn.open_table(tables::LINKS)?,
            edits: txn.open_table(tables::EDITS)?,
            feed: txn.open_table(tables::FEED)?,
            roots: OnceLock::new(),
            txn,
            _generation: Arc::clone(generation),
        })
    }

    /// All tables of this moment, for copying them.
    pub(super) fn txn(&self) -> &ReadTransaction {
        &self.txn
    }

    /// The largest number given.
    ///
    /// # Errors
    /// When the store cannot be read; so for every function here.
    pub fn head(&self) -> Result<Seq, ReadError> {
        self.number("head").map(Seq)
    }

    /// What is needed to judge a checkpoint that has seen `seen`.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn history(&self, seen: Seq) -> Result<History, ReadError> {
        Ok(History {
            head: self.head()?,
            horizon: self.number("horizon").map(Seq)?,
            token_of_seen: self.epoch_of(seen)?,
        })
    }

    /// The token of the epoch that wrote, or was open at, this number.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn epoch_of(&self, seq: Seq) -> Result<Option<EpochToken>, ReadError> {
        let epochs = self.txn.open_table(tables::EPOCHS)?;
        let last = epochs.range(..=seq.0)?.next_back().transpose()?;
        Ok(last.map(|(_, token)| EpochToken(token.value())))
    }

    /// Up to `max` feed rows after `after`, oldest first.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn feed_after(&self, after: Seq, max: usize) -> Result<Vec<(Seq, Subject)>, ReadError> {
        let mut rows = Vec::new();
        for row in self.feed.range(after.0.saturating_add(1)..)?.take(max) {
            let (seq, subject) = row?;
            let subject = Subject::decode(subject.value())
                .ok_or(lumidex_schema::record::Malformed { table: "feed" })?;
            rows.push((Seq(seq.value()), subject));
        }
        Ok(rows)
    }

    /// An image's record, whatever its presence, with the generation text that a person gave it, if one did.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn image(&self, id: ImageId) -> Result<Option<Image>, ReadError> {
        let Some(mut image) = self.image_as_read(id)? else { return Ok(None) };
        if let Some(edit) = self.edit(id)? {
            (image.text, image.holes) = (edit.text, edit.holes);
        }
        Ok(Some(image))
    }

    /// As [`Reader::image`], with the generation text that its file holds.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn image_as_read(&self, id: ImageId) -> Result<Option<Image>, ReadError> {
        row(&self.images, id.0)
    }

    /// Custom tags on images, and taken off them.
    pub(super) fn links(&self) -> &ReadOnlyTable<(u32, u32), &'static [u8]> {
        &self.links
    }

    /// See [`Reader::edit`].
    pub(super) fn edits(&self) -> &RowsById {
        &self.edits
    }

    /// A text's record.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn text(&self, id: TextId) -> Result<Option<Text>, ReadError> {
        row(&self.texts, id.0)
    }

    /// The tags that follow from a text; none for no text.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn tags_of_text(&self, id: TextId) -> Result<Vec<TagId>, ReadError> {
        match self.texts.get(id.0)? {
            Some(bytes) => Ok(Text::decode_tags(bytes.value())?),
            None => Ok(Vec::new()),
        }
    }

    /// A folder's record.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn folder(&self, id: FolderId) -> Result<Option<Folder>, ReadError> {
        row(&self.folders, id.0)
    }

    /// A tag's record, removed ones included.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn tag(&self, id: TagId) -> Result<Option<Tag>, ReadError> {
        row(&self.tags, id.0)
    }

    /// Every custom tag that was not removed, by id.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn custom_tags(&self) -> Result<Vec<(TagId, Tag)>, ReadError> {
        let ids = self.txn.open_table(tables::CUSTOM_TAGS)?;
        let mut tags = Vec::new();
        for entry in ids.range::<&str>(..)? {
            let id = TagId(entry?.1.value());
            if let Some(tag) = self.tag(id)? {
                tags.push((id, tag));
            }
        }
        tags.sort_unstable_by_key(|(id, _)| *id);
        Ok(tags)
    }

    /// The custom tags on an image, by id.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn custom_tags_of(&self, image: ImageId) -> Result<Vec<(TagId, Tag)>, ReadError> {
        let mut tags = Vec::new();
        for id in self.custom_tag_ids_of(image)? {
            if let Some(tag) = self.tag(id)?
                && !tag.removed
            {
                tags.push((id, tag));
            }
        }
        Ok(tags)
    }

    /// The ids of the custom tags on an image, ascending.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn custom_tag_ids_of(&self, image: ImageId) -> Result<Vec<TagId>, ReadError> {
        let mut ids = Vec::new();
        for entry in self.links.range((image.0, 0)..=(image.0, u32::MAX))? {
            let (key, link) = entry?;
            match Link::decode(link.value())? {
                Link::Given | Link::Ruled => ids.push(TagId(key.value().1)),
                Link::Refused => {}
            }
        }
        Ok(ids)
    }

    /// Whether any image carries, or refused, a custom tag; lets followers skip a look per image.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn has_links(&self) -> Result<bool, ReadError> {
        Ok(self.links.first()?.is_some())
    }

    /// Every root, retired ones included.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn roots(&self) -> Result<Vec<(RootId, Root)>, ReadError> {
        if let Some(roots) = self.roots.get() {
            return Ok(roots.clone());
        }
        let table = self.txn.open_table(tables::ROOTS)?;
        let mut roots = Vec::new();
        for entry in table.range::<u32>(..)? {
            let (id, root) = entry?;
            roots.push((RootId(id.value()), Root::decode(root.value())?));
        }
        Ok(self.roots.get_or_init(|| roots).clone())
    }

    /// A root's record.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn root(&self, id: RootId) -> Result<Option<Root>, ReadError> {
        Ok(self.roots()?.into_iter().find_map(|(known, root)| (known == id).then_some(root)))
    }

    /// The folder at this place below a root, if it ever held an image.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn folder_id(&self, root: RootId, path: &RelPath) -> Result<Option<FolderId>, ReadError> {
        let ids = self.txn.open_table(tables::FOLDER_IDS)?;
        Ok(ids.get((root.0, path.as_bytes()))?.map(|id| FolderId(id.value())))
    }

    /// Every folder of a root, by path.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn folders_of(&self, root: RootId) -> Result<Vec<(FolderId, RelPath)>, ReadError> {
        let ids = self.txn.open_table(tables::FOLDER_IDS)?;
        let mut folders = Vec::new();
        for entry in ids.range((root.0, &[][..])..(root.0 + 1, &[][..]))? {
            let (key, id) = entry?;
            folders.push((FolderId(id.value()), RelPath::from_bytes(key.value().1)));
        }
        Ok(folders)
    }

    /// A folder and every folder below it that ever held an image, by path.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn folders_from(&self, root: RootId, top: &RelPath) -> Result<Vec<(FolderId, RelPath)>, ReadError> {
        if top.as_bytes().is_empty() {
            return self.folders_of(root);
        }
        let ids = self.txn.open_table(tables::FOLDER_IDS)?;
        let mut folders = Vec::new();
        if let Some(id) = ids.get((root.0, top.as_bytes()))? {
            folders.push((FolderId(id.value()), top.clone()));
        }
        // Everything below begins with the folder and a separator; `0` is the byte after `/`.
        let [from, to] = [b"/", b"0"].map(|end| [top.as_bytes(), end].concat());
        for entry in ids.range((root.0, from.as_slice())..(root.0, to.as_slice()))? {
            let (key, id) = entry?;
            folders.push((FolderId(id.value()), RelPath::from_bytes(key.value().1)));
        }
        Ok(folders)
    }

    /// The files of a folder that are believed to be there, by name.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn known_in(&self, folder: FolderId) -> Result<Vec<KnownFile>, ReadError> {
        self.known_from(folder, b"", usize::MAX)
    }

    /// As [`Reader::known_in`], but up to `max` whose name is not less than `name`.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn known_from(&self, folder: FolderId, name: &[u8], max: usize) -> Result<Vec<KnownFile>, ReadError> {
        let paths = self.txn.open_table(tables::PATHS)?;
        let folder_seq = self.folder(folder)?.map_or(Seq::ZERO, |folder| folder.seq);
        let mut known = Vec::new();
        for entry in paths.range((folder.0, name)..(folder.0 + 1, &[][..]))? {
            if known.len() >= max {
                break;
            }
            let (key, value) = entry?;
            let (image, digest) = value.value();
            if digest != 0 {
                let name = key.value().1.to_vec();
                known.push(KnownFile {
                    name,
                    folder,
                    folder_seq,
                    image: ImageId(image),
                    digest,
                    is_outdated: false,
                });
            }
        }
        Ok(known)
    }

    /// The folder at this absolute path, if it lies in a root and ever held an image.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn folder_at(&self, path: &[u8]) -> Result<Option<FolderId>, ReadError> {
        let roots = self.roots()?;
        let Some(LocatedRoot { root, below }) = locate(&roots, path) else { return Ok(None) };
        self.folder_id(root, &below)
    }

    /// The image whose file is, or was last, at this absolute path.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn image_at(&self, path: &[u8]) -> Result<Option<(ImageId, Image)>, ReadError> {
        let Some(slash) = path.iter().rposition(|b| *b == b'/') else { return Ok(None) };
        let (directory, name) = (&path[..slash.max(1)], &path[slash + 1..]);
        let Some(folder) = self.folder_at(directory)? else { return Ok(None) };
        let paths = self.txn.open_table(tables::PATHS)?;
        let Some(id) = paths.get((folder.0, name))?.map(|v| ImageId(v.value().0)) else { return Ok(None) };
        Ok(self.image(id)?.map(|image| (id, image)))
    }

    /// As [`Reader::image_at`], but only an image that is present.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn present_at(&self, path: &[u8]) -> Result<Option<(ImageId, Image)>, ReadError> {
        Ok(self.image_at(path)?.filter(|(_, image)| image.presence == Presence::Present))
    }

    /// An image's file as its record says.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn sighted(&self, id: ImageId, image: &Image) -> Result<Sighted, ReadError> {
        let folder = self.folder(image.folder)?.map_or(Seq::ZERO, |folder| folder.seq);
        Ok(Sighted::of(id, image, folder))
    }

    /// The absolute path of a folder.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn folder_path(&self, id: FolderId) -> Result<Vec<u8>, ReadError> {
        let Some(folder) = self.folder(id)? else { return Ok(Vec::new()) };
        let root = self.root(folder.root)?.map(|root| root.path).unwrap_or_default();
        Ok(path::absolute(&root, folder.path.as_bytes(), b""))
    }

    /// The absolute path of an image's file.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn path_of(&self, image: &Image) -> Result<Vec<u8>, ReadError> {
        Ok(path::absolute(&self.folder_path(image.folder)?, b"", &image.name))
    }

    /// The whole generation text of an image, empty when it has none.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn generation_text(&self, image: &Image) -> Result<String, ReadError> {
        if image.text == TextId::NONE {
            return Ok(String::new());
        }
        let shared = self.text(image.text)?;
        Ok(shared.map(|shared| text::fill(&shared.template, &image.holes)).unwrap_or_default())
    }

    /// What the file of an image held before its pixels were changed, as far as that is remembered.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn former(&self, id: ImageId) -> Result<Option<Former>, ReadError> {
        row(&self.txn.open_table(tables::FORMERS)?, id.0)
    }

    /// Up to `max` questions about identity that nobody has settled, newest first, each under its number.
    /// Those that what happened since has answered are left out.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn reviews(&self, max: usize) -> Result<Vec<(Seq, Review)>, ReadError> {
        let table = self.txn.open_table(tables::REVIEWS)?;
        let mut all = Vec::new();
        for entry in table.range::<u64>(..)?.rev() {
            if all.len() >= max {
                break;
            }
            let (seq, review) = entry?;
            let review = Review::decode(review.value())?;
            if is_open(&review.question, |id| self.image(id))? {
                all.push((Seq(seq.value()), review));
            }
        }
        Ok(all)
    }

    /// Hands over the tables that say which image has, or had, which content.
    pub(super) fn with_contents<T>(
        &self,
        use_them: impl FnOnce(&RowsById, &RowsById) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        use_them(&self.images, &self.txn.open_table(tables::FORMERS)?)
    }

    /// The last id given to an image; those that arrive from now on get greater ones.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn last_image(&self) -> Result<ImageId, ReadError> {
        Ok(ImageId(u32::try_from(self.number("last_image")?).unwrap_or(u32::MAX)))
    }

    /// How many images the ledger has ever numbered and still holds, whatever their presence.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn n_images(&self) -> Result<u64, ReadError> {
        use redb::ReadableTableMetadata;
        Ok(self.images.len()?)
    }

    fn number(&self, name: &'static str) -> Result<u64, ReadError> {
        Ok(self.meta.get(name)?.map_or(0, |number| number.value()))
    }
}

fn row<R: Row>(table: &ReadOnlyTable<u32, &'static [u8]>, id: u32) -> Result<Option<R>, ReadError> {
    match table.get(id)? {
        Some(bytes) => Ok(Some(R::decode(bytes.value())?)),
        None => Ok(None),
    }
}
