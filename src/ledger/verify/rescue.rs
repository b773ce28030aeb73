//! What becomes of rows that are lost: the newest backup that has one gives it back; where none has, it is made up
//! from what still speaks of it, or what speaks of it goes too. Decides, and changes nothing.

use super::change::{Change, Place};
use super::file::{Closed, FileError};
use super::look::VerifyError;
use lumidex_schema::feed::Subject;
use lumidex_schema::id::{FolderId, RootId, Seq, TagId, TextId, Timestamp};
use lumidex_schema::media::MediaKind;
use lumidex_schema::operation::{Operation, OperationState};
use lumidex_schema::path::RelPath;
use lumidex_schema::record::{
    Action, Decision, Edit, Folder, Image, Malformed, Presence, Row, Sighting, Tag, Text,
};
use lumidex_schema::tag::TagKind;
use lumidex_schema::{pending::Pending, tables};
use redb::{ReadTransaction, ReadableTable, TableError};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What is done to a ledger, each in turn.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) counters: Vec<(&'static str, u64)>,
    pub(super) epochs: Vec<(u64, bool)>,
    /// Rows that are written, with their bytes.
    pub(super) put: BTreeMap<Place, Vec<u8>>,
    /// Rows that are taken out.
    pub(super) taken: BTreeSet<Place>,
    pub(super) derived: Vec<Change>,
    pub(super) read_again: BTreeSet<u32>,
    pub(super) renumbered: BTreeSet<u64>,
    /// Rows that nothing can bring back.
    pub(super) hopeless: Vec<Place>,
    /// How many of `put` a backup gave.
    pub(super) n_from_backups: u64,
}

/// Copies of the ledger, the newest first, of which each is proved when it is first asked.
pub(super) struct Backups {
    waiting: std::vec::IntoIter<PathBuf>,
    opened: Vec<Closed>,
}

impl Backups {
    pub(super) fn of(newest_first: Vec<PathBuf>) -> Self {
        Self { waiting: newest_first.into_iter(), opened: Vec::new() }
    }

    fn find(&mut self, place: &Place) -> Result<Option<Vec<u8>>, VerifyError> {
        for backup in &self.opened {
            if let Some(bytes) = place.sound_in(backup.txn())? {
                return Ok(Some(bytes));
            }
        }
        for path in self.waiting.by_ref() {
            // One that is damaged is told of elsewhere.
            let Ok(backup) = Closed::open(&path) else { continue };
            let found = place.sound_in(backup.txn())?;
            self.opened.push(backup);
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

impl Plan {
    /// What makes a ledger right, of which looking through it gave these changes.
    pub(super) fn make(
        txn: &ReadTransaction,
        changes: Vec<Change>,
        backups: &mut Backups,
        now: Timestamp,
    ) -> Result<Self, FileError> {
        let mut plan = Self::default();
        let mut lost = BTreeSet::new();
        for change in changes {
            match change {
                Change::Lost(place) => drop(lost.insert(place)),
                Change::SetAside(place) => drop(plan.taken.insert(place)),
                Change::Renumber(subject) => drop(plan.renumbered.insert(subject.encode())),
                Change::ReadAgain(image) => drop(plan.read_again.insert(image)),
                Change::Counter(name, least) => plan.counters.push((name, least)),
                Change::Epoch(seq, is_there) => plan.epochs.push((seq, is_there)),
                derived => plan.derived.push(derived),
            }
        }
        let mut rest = BTreeSet::new();
        for place in lost {
            match backups.find(&place)? {
                Some(bytes) => {
                    plan.n_from_backups += 1;
                    plan.write(place, bytes);
                }
                None => drop(rest.insert(place)),
            }
        }
        let ways = Ways::to(txn, &rest)?;
        let mut rescue = Rescue { txn, ways, now, plan };
        for place in rest {
            rescue.without_backup(place)?;
        }
        let Rescue { mut plan, .. } = rescue;
        // What is written is not taken out.
        plan.taken.retain(|place| !plan.put.contains_key(place));
        Ok(plan)
    }

    fn write(&mut self, place: Place, bytes: Vec<u8>) {
        if let Some(subject) = place.subject() {
            self.renumbered.insert(subject.encode());
        }
        self.put.insert(place, bytes);
    }
}

/// What speaks of lost subjects.
#[derive(Default)]
struct Ways {
    paths: BTreeMap<u32, (u32, Vec<u8>, u64)>,
    folders: BTreeMap<u32, (u32, Vec<u8>)>,
    tags: BTreeMap<u32, String>,
    linked: BTreeSet<u32>,
    feed: BTreeMap<u64, Vec<u64>>,
}

impl Ways {
    fn to(txn: &ReadTransaction, lost: &BTreeSet<Place>) -> Result<Self, VerifyError> {
        let mut ways = Self::default();
        if lost.iter().all(|place| place.subject().is_none()) {
            return Ok(ways);
        }
        for row in txn.open_table(tables::PATHS)?.iter()? {
            let (key, row) = row?;
            let ((folder, name), (image, digest)) = (key.value(), row.value());
            if lost.contains(&Place::Image(image)) {
                ways.paths.insert(image, (folder, name.to_vec(), digest));
            }
        }
        for row in txn.open_table(tables::FOLDER_IDS)?.iter()? {
            let (key, id) = row?;
            if lost.contains(&Place::Folder(id.value())) {
                ways.folders.insert(id.value(), (key.value().0, key.value().1.to_vec()));
            }
        }
        for row in txn.open_table(tables::CUSTOM_TAGS)?.iter()? {
            let (name, id) = row?;
            if lost.contains(&Place::Tag(id.value())) {
                ways.tags.insert(id.value(), name.value().to_owned());
            }
        }
        for row in txn.open_table(tables::LINKS)?.iter()? {
            ways.linked.insert(row?.0.value().1);
        }
        for row in pending_in(txn)? {
            if let Ok(pending) = row.2 {
                let tags = pending.tags.iter().chain(&pending.refused).chain(&pending.ruled);
                ways.linked.extend(tags.map(|tag| tag.0));
            }
        }
        for row in txn.open_table(tables::FEED)?.iter()? {
            let (seq, subject) = row?;
            let place = Subject::decode(subject.value()).map(Place::of);
            if place.is_some_and(|place| lost.contains(&place)) {
                ways.feed.entry(subject.value()).or_default().push(seq.value());
            }
        }
        Ok(ways)
    }
}

/// A table, if the ledger is not older than it.
fn there<T>(opened: Result<T, TableError>) -> Result<Option<T>, VerifyError> {
    match opened {
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        opened => Ok(Some(opened?)),
    }
}

type Waiting = (Vec<u8>, u64, Result<Pending, Malformed>);

/// What waits for files: few rows, or none.
fn pending_in(txn: &ReadTransaction) -> Result<Vec<Waiting>, VerifyError> {
    let mut rows = Vec::new();
    let Some(table) = there(txn.open_table(tables::PENDING))? else { return Ok(rows) };
    for row in table.iter()? {
        let (key, bytes) = row?;
        let (source, size) = key.value();
        rows.push((source.to_vec(), size, Pending::decode(bytes.value())));
    }
    Ok(rows)
}

struct Rescue<'a> {
    txn: &'a ReadTransaction,
    ways: Ways,
    now: Timestamp,
    plan: Plan,
}

impl Rescue<'_> {
    fn without_backup(&mut self, place: Place) -> Result<(), VerifyError> {
        match place {
            Place::Image(id) => self.image(id),
            Place::Text(id) => self.text(id),
            Place::Tag(id) => self.tag(id),
            Place::Folder(id) => self.folder(id),
            Place::Decision(seq) => self.decision(seq),
            Place::Operation(seq) => self.steps_of(seq, None),
            Place::Step(seq, _) => self.step(seq),
            Place::Root(_) => {
                self.plan.hopeless.push(place);
                Ok(())
            }
            other => {
                self.plan.taken.insert(other);
                Ok(())
            }
        }
    }

    /// An image whose place is known keeps its id, and with it all that a person did: its file is read again.
    fn image(&mut self, id: u32) -> Result<(), VerifyError> {
        if let Some((folder, name, digest)) = self.ways.paths.remove(&id) {
            let presence =
                if digest == 0 { Presence::Missing { since: self.now } } else { Presence::Present };
            let media = MediaKind::of_name(&name).unwrap_or_default();
            let folder = FolderId(folder);
            let image = Image { folder, name, presence, media, size_tag: UNKNOWN_SIZE, ..Image::default() };
            self.plan.write(Place::Image(id), image.encode());
            self.plan.read_again.insert(id);
            return Ok(());
        }
        self.forget(Subject::Image(lumidex_schema::id::ImageId(id)));
        self.plan.derived.push(Change::Note(id));
        for place in [Place::Edit(id), Place::Cover(id), Place::Former(id)] {
            self.plan.taken.insert(place);
        }
        for row in self.txn.open_table(tables::LINKS)?.range((id, 0)..=(id, u32::MAX))? {
            self.plan.taken.insert(Place::Link(id, row?.0.value().1));
        }
        Ok(())
    }

    /// What files say is read from them again; what a person wrote is set aside.
    fn text(&mut self, id: u32) -> Result<(), VerifyError> {
        self.forget(Subject::Text(TextId(id)));
        for row in self.txn.open_table(tables::IMAGES)?.iter()? {
            let (image, bytes) = row?;
            if Image::decode(bytes.value()).is_ok_and(|image| image.text.0 == id) {
                self.plan.read_again.insert(image.value());
            }
        }
        if let Some(edits) = there(self.txn.open_table(tables::EDITS))? {
            for row in edits.iter()? {
                let (image, bytes) = row?;
                if Edit::decode(bytes.value()).is_ok_and(|edit| edit.text.0 == id) {
                    self.plan.taken.insert(Place::Edit(image.value()));
                }
            }
        }
        for (source, size, pending) in pending_in(self.txn)? {
            let edit = pending.ok().and_then(|pending| pending.edit);
            if edit.is_some_and(|edit| edit.text.0 == id) {
                self.plan.taken.insert(Place::Pending(source, size));
            }
        }
        Ok(())
    }

    fn tag(&mut self, id: u32) -> Result<(), VerifyError> {
        let name = self.ways.tags.remove(&id);
        // A person put it on something, so it is kept, whatever it was called.
        let name = name.or_else(|| self.ways.linked.contains(&id).then(|| format!("recovered tag {id}")));
        if let Some(name) = name {
            self.plan.derived.push(Change::CustomTag(name.clone(), Some(id)));
            let kind = TagKind::Custom;
            let tag = Tag { seq: Seq::ZERO, kind, name, color: String::new(), removed: false };
            self.plan.write(Place::Tag(id), tag.encode());
            return Ok(());
        }
        // It follows from texts, which are read again and give it another id.
        self.forget(Subject::Tag(TagId(id)));
        let mut texts = Vec::new();
        for row in self.txn.open_table(tables::TEXTS)?.iter()? {
            let (text, bytes) = row?;
            if Text::decode_tags(bytes.value()).is_ok_and(|tags| tags.contains(&TagId(id))) {
                texts.push(text.value());
            }
        }
        for row in self.txn.open_table(tables::IMAGES)?.iter()? {
            let (image, bytes) = row?;
            if Image::decode(bytes.value()).is_ok_and(|image| image.size_tag.0 == id) {
                self.plan.read_again.insert(image.value());
            }
        }
        for text in texts {
            let seq = self.txn.open_table(tables::TEXTS)?.get(text)?;
            let seq = seq.and_then(|bytes| Text::decode_head(bytes.value()).map(|((seq, _), _)| seq.0));
            self.plan.derived.extend(seq.map(Change::Feed));
            self.text(text)?;
        }
        Ok(())
    }

    /// A folder whose place is not known any more gets one where nothing is: its images count as missing with the
    /// next walk, and are found by their content.
    fn folder(&mut self, id: u32) -> Result<(), VerifyError> {
        let first_root = self.txn.open_table(tables::ROOTS)?.first()?.map(|(root, _)| root.value());
        let place = self.ways.folders.remove(&id);
        let place = place.or_else(|| Some((first_root?, format!(".lost-folder-{id}").into_bytes())));
        let Some((root, path)) = place else {
            self.plan.hopeless.push(Place::Folder(id));
            return Ok(());
        };
        self.plan.derived.push(Change::FolderId((root, path.clone()), Some(id)));
        let folder = Folder { root: RootId(root), path: RelPath::from_bytes(path), seq: Seq::ZERO };
        self.plan.write(Place::Folder(id), folder.encode());
        Ok(())
    }

    fn decision(&mut self, seq: u64) -> Result<(), VerifyError> {
        let operation = self.txn.open_table(tables::OPERATIONS)?.get(seq)?;
        match operation.and_then(|bytes| Operation::decode(bytes.value()).ok()) {
            Some(Operation { at, kind, .. }) => {
                let decision = Decision { at, action: Action::Files { kind } };
                self.plan.write(Place::Decision(seq), decision.encode());
            }
            None => drop(self.plan.taken.insert(Place::Decision(seq))),
        }
        Ok(())
    }

    /// An operation that lacks a step can be neither gone on with nor undone, as one that expired.
    fn step(&mut self, seq: u64) -> Result<(), VerifyError> {
        let head = self.txn.open_table(tables::OPERATIONS)?.get(seq)?;
        let head = head.and_then(|bytes| Operation::decode(bytes.value()).ok());
        self.steps_of(seq, head)
    }

    fn steps_of(&mut self, seq: u64, head: Option<Operation>) -> Result<(), VerifyError> {
        for row in self.txn.open_table(tables::STEPS)?.range((seq, 0)..=(seq, u32::MAX))? {
            self.plan.taken.insert(Place::Step(seq, row?.0.value().1));
        }
        let Some(head) = head else {
            self.plan.taken.insert(Place::Operation(seq));
            return Ok(());
        };
        let state = match head.state {
            OperationState::Planning | OperationState::Applying => OperationState::Stopped,
            ended => ended,
        };
        let ended = head.ended.or(Some(self.now));
        let taken = head.taken.max(1);
        let head = Operation { state, ended, steps: 0, taken, held: 0, ..head };
        self.plan.derived.push(Change::Operation(seq, Box::new(head)));
        Ok(())
    }

    /// A subject that is no more.
    fn forget(&mut self, subject: Subject) {
        self.plan.taken.insert(Place::of(subject));
        let seqs = self.ways.feed.remove(&subject.encode()).unwrap_or_default();
        self.plan.derived.extend(seqs.into_iter().map(Change::Feed));
    }
}

/// The tag that says that the pixel size is not known.
pub(super) const UNKNOWN_SIZE: TagId = TagId(6);

/// What was read of an image's file is forgotten, so that the next walk reads it again.
pub(super) fn unread(image: Image) -> Image {
    // The length of no file that was read.
    let sighting = Sighting { size: 0, ..image.sighting };
    let (text, holes) = (TextId::NONE, Vec::new());
    Image { sighting, text, holes, size_tag: UNKNOWN_SIZE, ..image }
}
