//! The tables of one write transaction, and the numbers it gives.

use super::ReadError;
use super::observe::Sighted;
use lumidex_schema::feed::Subject;
use lumidex_schema::id::{FolderId, ImageId, RootId, Seq, TagId, TextId, Timestamp};
use lumidex_schema::path::RelPath;
use lumidex_schema::record::{Action, Decision, Folder, Image, Root, Row, Tag};
use lumidex_schema::tables;
use lumidex_schema::tag::TagKind;
use redb::{ReadableTable, Table, WriteTransaction};

/// The last number given of each kind; stored with every commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counters {
    pub(super) head: Seq,
    pub(super) image: ImageId,
    pub(super) text: TextId,
    pub(super) tag: TagId,
    pub(super) folder: FolderId,
    pub(super) root: RootId,
}

impl Counters {
    pub(super) fn load(meta: &impl ReadableTable<&'static str, u64>) -> Result<Self, ReadError> {
        let number = |name| Ok::<_, ReadError>(meta.get(name)?.map_or(0, |value| value.value()));
        // Ids are stored as u64 like every number of the table; they were u32 when written.
        let id = |name| Ok::<_, ReadError>(u32::try_from(number(name)?).unwrap_or(u32::MAX));
        Ok(Self {
            head: Seq(number("head")?),
            image: ImageId(id("last_image")?),
            text: TextId(id("last_text")?),
            tag: TagId(id("last_tag")?),
            folder: FolderId(id("last_folder")?),
            root: RootId(id("last_root")?),
        })
    }

    pub(super) fn save(self, meta: &mut Table<'_, &'static str, u64>) -> Result<(), ReadError> {
        let Self { head, image, text, tag, folder, root } = self;
        for (name, value) in [
            ("head", head.0),
            ("last_image", image.0.into()),
            ("last_text", text.0.into()),
            ("last_tag", tag.0.into()),
            ("last_folder", folder.0.into()),
            ("last_root", root.0.into()),
        ] {
            meta.insert(name, value)?;
        }
        Ok(())
    }
}

/// Every table of one write transaction, opened once.
pub(super) struct Tables<'t> {
    pub(super) counters: Counters,
    pub(super) meta: Table<'t, &'static str, u64>,
    pub(super) roots: Table<'t, u32, &'static [u8]>,
    pub(super) folders: Table<'t, u32, &'static [u8]>,
    pub(super) folder_ids: Table<'t, (u32, &'static [u8]), u32>,
    pub(super) images: Table<'t, u32, &'static [u8]>,
    pub(super) paths: Table<'t, (u32, &'static [u8]), (u32, u64)>,
    pub(super) texts: Table<'t, u32, &'static [u8]>,
    pub(super) tags: Table<'t, u32, &'static [u8]>,
    pub(super) custom_tags: Table<'t, &'static str, u32>,
    pub(super) links: Table<'t, (u32, u32), &'static [u8]>,
    pub(super) feed: Table<'t, u64, u64>,
    pub(super) settings: Table<'t, &'static str, &'static str>,
    pub(super) extra_paths: Table<'t, &'static [u8], &'static [u8]>,
    pub(super) decisions: Table<'t, u64, &'static [u8]>,
    pub(super) formers: Table<'t, u32, &'static [u8]>,
    pub(super) reviews: Table<'t, u64, &'static [u8]>,
    pub(super) seen_through: Table<'t, u32, u32>,
    pub(super) operations: Table<'t, u64, &'static [u8]>,
    pub(super) steps: Table<'t, (u64, u32), &'static [u8]>,
    pub(super) undone: Table<'t, u64, u64>,
    pub(super) covers: Table<'t, u32, &'static [u8]>,
    pub(super) notes: Table<'t, u32, u64>,
    pub(super) read_with: Table<'t, u32, u64>,
    pub(super) edits: Table<'t, u32, &'static [u8]>,
    pub(super) pending: Table<'t, (&'static [u8], u64), &'static [u8]>,
    pub(super) pending_paths: Table<'t, (&'static [u8], &'static [u8], u64), ()>,
    pub(super) pending_names: Table<'t, (&'static [u8], u64, &'static [u8]), u32>,
}

impl<'t> Tables<'t> {
    pub(super) fn open(txn: &'t WriteTransaction) -> Result<Self, ReadError> {
        let meta = txn.open_table(tables::META)?;
        Ok(Self {
            counters: Counters::load(&meta)?,
            meta,
            roots: txn.open_table(tables::ROOTS)?,
            folders: txn.open_table(tables::FOLDERS)?,
            folder_ids: txn.open_table(tables::FOLDER_IDS)?,
            images: txn.open_table(tables::IMAGES)?,
            paths: txn.open_table(tables::PATHS)?,
            texts: txn.open_table(tables::TEXTS)?,
            tags: txn.open_table(tables::TAGS)?,
            custom_tags: txn.open_table(tables::CUSTOM_TAGS)?,
            links: txn.open_table(tables::LINKS)?,
            feed: txn.open_table(tables::FEED)?,
            settings: txn.open_table(tables::SETTINGS)?,
            extra_paths: txn.open_table(tables::EXTRA_PATHS)?,
            decisions: txn.open_table(tables::DECISIONS)?,
            formers: txn.open_table(tables::FORMERS)?,
            reviews: txn.open_table(tables::REVIEWS)?,
            seen_through: txn.open_table(tables::SEEN_THROUGH)?,
            operations: txn.open_table(tables::OPERATIONS)?,
            steps: txn.open_table(tables::STEPS)?,
            undone: txn.open_table(tables::UNDONE)?,
            covers: txn.open_table(tables::COVERS)?,
            notes: txn.open_table(tables::NOTES)?,
            read_with: txn.open_table(tables::READ_WITH)?,
            edits: txn.open_table(tables::EDITS)?,
            pending: txn.open_table(tables::PENDING)?,
            pending_paths: txn.open_table(tables::PENDING_PATHS)?,
            pending_names: txn.open_table(tables::PENDING_NAMES)?,
        })
    }

    /// The largest number given, of a transaction whose tables are not open.
    pub(super) fn head_in(txn: &WriteTransaction) -> Result<u64, ReadError> {
        Ok(Counters::load(&txn.open_table(tables::META)?)?.head.0)
    }

    /// Gives a subject the next number: its former feed row goes, one at the end comes.
    pub(super) fn renumber(&mut self, former: Option<Seq>, subject: Subject) -> Result<Seq, ReadError> {
        if let Some(former) = former {
            self.feed.remove(former.0)?;
        }
        let seq = self.next_seq();
        self.feed.insert(seq.0, subject.encode())?;
        Ok(seq)
    }

    pub(super) fn next_seq(&mut self) -> Seq {
        self.counters.head = self.counters.head.next();
        self.counters.head
    }

    /// Records what a person did under a number of its own.
    pub(super) fn record(&mut self, decision: &Decision) -> Result<Seq, ReadError> {
        let seq = self.next_seq();
        self.decisions.insert(seq.0, decision.encode().as_slice())?;
        Ok(seq)
    }

    pub(super) fn image(&self, id: ImageId) -> Result<Option<Image>, ReadError> {
        decode(self.images.get(id.0)?)
    }

    pub(super) fn tag(&self, id: TagId) -> Result<Option<Tag>, ReadError> {
        decode(self.tags.get(id.0)?)
    }

    pub(super) fn add_tag(&mut self, kind: TagKind, name: &str) -> Result<TagId, ReadError> {
        self.counters.tag = self.counters.tag.next();
        let id = self.counters.tag;
        let seq = self.renumber(None, Subject::Tag(id))?;
        let tag = Tag { seq, kind, name: name.to_owned(), color: String::new(), removed: false };
        self.tags.insert(id.0, tag.encode().as_slice())?;
        if kind == TagKind::Custom {
            self.custom_tags.insert(name, id.0)?;
        }
        Ok(id)
    }

    pub(super) fn change_tag(&mut self, id: TagId, mut tag: Tag) -> Result<(), ReadError> {
        tag.seq = self.renumber(Some(tag.seq), Subject::Tag(id))?;
        self.tags.insert(id.0, tag.encode().as_slice())?;
        Ok(())
    }

    pub(super) fn all_roots(&self) -> Result<Vec<(RootId, Root)>, ReadError> {
        let mut roots = Vec::new();
        for entry in self.roots.range::<u32>(..)? {
            let (id, root) = entry?;
            roots.push((RootId(id.value()), Root::decode(root.value())?));
        }
        Ok(roots)
    }

    pub(super) fn put_root(&mut self, id: RootId, root: &Root) -> Result<(), ReadError> {
        self.roots.insert(id.0, root.encode().as_slice())?;
        Ok(())
    }

    /// A walk of a root came to its end; `from` was the last id given when it began, 0 when it did not
    /// see everything.
    pub(super) fn root_walked(
        &mut self,
        root: RootId,
        from: ImageId,
        at: Timestamp,
    ) -> Result<(), ReadError> {
        if from > ImageId::default() {
            self.seen_through.insert(root.0, from.0)?;
        }
        let known: Option<Root> = decode(self.roots.get(root.0)?)?;
        if let Some(mut record) = known {
            record.walked = Some(at);
            self.put_root(root, &record)?;
        }
        Ok(())
    }

    pub(super) fn add_root(&mut self, root: &Root) -> Result<RootId, ReadError> {
        self.counters.root = self.counters.root.next();
        let id = self.counters.root;
        self.put_root(id, root)?;
        Ok(id)
    }

    /// The folder at this place, made when there is none.
    pub(super) fn folder(&mut self, root: RootId, path: &RelPath) -> Result<FolderId, ReadError> {
        if let Some(id) = self.folder_ids.get((root.0, path.as_bytes()))? {
            return Ok(FolderId(id.value()));
        }
        self.counters.folder = self.counters.folder.next();
        let id = self.counters.folder;
        self.put_folder(id, None, root, path.clone())?;
        Ok(id)
    }

    pub(super) fn folder_row(&self, id: FolderId) -> Result<Option<Folder>, ReadError> {
        decode(self.folders.get(id.0)?)
    }

    /// The absolute path of a folder.
    pub(super) fn folder_path(&self, id: FolderId) -> Result<Vec<u8>, ReadError> {
        let Some(folder) = self.folder_row(id)? else { return Ok(Vec::new()) };
        let root: Option<Root> = decode(self.roots.get(folder.root.0)?)?;
        let root = root.map(|root| root.path).unwrap_or_default();
        Ok(lumidex_schema::path::absolute(&root, folder.path.as_bytes(), b""))
    }

    /// An image's file as it is known now.
    pub(super) fn sighted(&self, id: ImageId, image: &Image) -> Result<Sighted, ReadError> {
        let folder = self.folder_row(image.folder)?.map_or(Seq::ZERO, |folder| folder.seq);
        Ok(Sighted::of(id, image, folder))
    }

    /// Gives a folder another place, with the same id.
    pub(super) fn move_folder(
        &mut self,
        id: FolderId,
        from: &Folder,
        root: RootId,
        path: RelPath,
    ) -> Result<(), ReadError> {
        self.folder_ids.remove((from.root.0, from.path.as_bytes()))?;
        self.put_folder(id, Some(from.seq), root, path)
    }

    fn put_folder(
        &mut self,
        id: FolderId,
        former: Option<Seq>,
        root: RootId,
        path: RelPath,
    ) -> Result<(), ReadError> {
        let seq = self.renumber(former, Subject::Folder(id))?;
        self.folder_ids.insert((root.0, path.as_bytes()), id.0)?;
        self.folders.insert(id.0, Folder { root, path, seq }.encode().as_slice())?;
        Ok(())
    }

    /// Names and ids of the images believed to be in a folder.
    pub(super) fn present_in(&self, folder: FolderId) -> Result<Vec<(Vec<u8>, ImageId)>, ReadError> {
        let mut present = Vec::new();
        for entry in self.paths.range((folder.0, &[][..])..(folder.0 + 1, &[][..]))? {
            let (key, value) = entry?;
            let (image, digest) = value.value();
            if digest != 0 {
                present.push((key.value().1.to_vec(), ImageId(image)));
            }
        }
        Ok(present)
    }

    /// Gives an image a new number because its links changed.
    pub(super) fn touch(&mut self, id: ImageId) -> Result<(), ReadError> {
        if let Some(mut image) = self.image(id)? {
            image.seq = self.renumber(Some(image.seq), Subject::Image(id))?;
            self.images.insert(id.0, image.encode().as_slice())?;
        }
        Ok(())
    }

    /// As [`Tables::touch`], because a person decided about it as it is now: what its file was before does
    /// not matter any more.
    pub(super) fn decided_on(&mut self, id: ImageId) -> Result<(), ReadError> {
        self.formers.remove(id.0)?;
        self.touch(id)
    }

    /// Records a decision and gives its number.
    pub(super) fn decided(&mut self, at: Timestamp, action: Action) -> Result<Seq, ReadError> {
        self.record(&Decision { at, action })
    }

    /// Stores the numbers given; the last thing before a commit.
    pub(super) fn finish(mut self) -> Result<Seq, ReadError> {
        self.counters.save(&mut self.meta)?;
        Ok(self.counters.head)
    }
}

pub(super) fn decode<R: Row>(
    found: Option<redb::AccessGuard<'_, &'static [u8]>>,
) -> Result<Option<R>, ReadError> {
    match found {
        Some(bytes) => Ok(Some(R::decode(bytes.value())?)),
        None => Ok(None),
    }
}
