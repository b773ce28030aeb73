//! What makes a ledger right again, as changes of rows. Knows nothing of why.

use super::super::ReadError;
use super::super::txn::Tables;
use lumidex_schema::feed::Subject;
use lumidex_schema::operation::{Operation, Step};
use lumidex_schema::pending::Pending;
use lumidex_schema::record::{
    Decision, Edit, ExtraPath, Folder, Former, Image, Link, Review, Root, Row, Tag, Text,
};
use lumidex_schema::tables;
use redb::{ReadTransaction, ReadableTable, WriteTransaction};

/// A row that does not follow from others, by its table and key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Place {
    Root(u32),
    Folder(u32),
    Image(u32),
    Text(u32),
    Tag(u32),
    Former(u32),
    Edit(u32),
    Cover(u32),
    Link(u32, u32),
    Decision(u64),
    Review(u64),
    Operation(u64),
    Step(u64, u32),
    ExtraPath(Vec<u8>),
    Pending(Vec<u8>, u64),
    Setting(String),
}

/// A change of one row, or of one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// This row, which other rows follow from, is lost.
    Lost(Place),
    /// Taken out, and kept beside.
    SetAside(Place),
    /// The subject gets the next number, and its former feed row goes.
    Renumber(Subject),
    /// The image loses what was read of its file, which is read again.
    ReadAgain(u32),
    Feed(u64),
    Path((u32, Vec<u8>), Option<(u32, u64)>),
    FolderId((u32, Vec<u8>), Option<u32>),
    CustomTag(String, Option<u32>),
    Note(u32),
    SeenThrough(u32, Option<u32>),
    ReadWith(u32),
    Undone(u64),
    /// A counter is at least this.
    Counter(&'static str, u64),
    PendingPath((Vec<u8>, Vec<u8>, u64), bool),
    PendingName((Vec<u8>, u64, Vec<u8>), Option<u32>),
    /// An epoch begins here, with a token that no other has, or does not.
    Epoch(u64, bool),
    /// The head of an operation says this of its steps.
    Operation(u64, Box<Operation>),
}

macro_rules! each_table {
    ($place:expr, $with:ident) => {
        match $place {
            Place::Root(id) => $with!(ROOTS, roots, *id, is_row::<Root>),
            Place::Folder(id) => $with!(FOLDERS, folders, *id, is_row::<Folder>),
            Place::Image(id) => $with!(IMAGES, images, *id, is_row::<Image>),
            Place::Text(id) => $with!(TEXTS, texts, *id, is_row::<Text>),
            Place::Tag(id) => $with!(TAGS, tags, *id, is_row::<Tag>),
            Place::Former(id) => $with!(FORMERS, formers, *id, is_row::<Former>),
            Place::Edit(id) => $with!(EDITS, edits, *id, is_row::<Edit>),
            Place::Link(image, tag) => $with!(LINKS, links, (*image, *tag), is_row::<Link>),
            Place::Decision(seq) => $with!(DECISIONS, decisions, *seq, is_row::<Decision>),
            Place::Review(seq) => $with!(REVIEWS, reviews, *seq, is_row::<Review>),
            Place::Operation(seq) => $with!(OPERATIONS, operations, *seq, is_row::<Operation>),
            Place::Step(seq, nth) => $with!(STEPS, steps, (*seq, *nth), is_row::<Step>),
            Place::ExtraPath(path) => $with!(EXTRA_PATHS, extra_paths, path.as_slice(), is_row::<ExtraPath>),
            Place::Pending(path, size) => {
                $with!(PENDING, pending, (path.as_slice(), *size), is_row::<Pending>)
            }
            Place::Cover(id) => $with!(COVERS, covers, *id, is_picture),
            Place::Setting(_) => None,
        }
    };
}

fn is_row<R: Row>(bytes: &[u8]) -> bool {
    R::decode(bytes).is_ok()
}

fn is_picture(bytes: &[u8]) -> bool {
    !bytes.is_empty()
}

impl Place {
    /// The table and key, for a person.
    pub(super) fn shown(&self) -> String {
        let path = lumidex_schema::path::display;
        match self {
            Self::Root(id) => format!("root {id}"),
            Self::Folder(id) => format!("folder {id}"),
            Self::Image(id) => format!("image {id}"),
            Self::Text(id) => format!("text {id}"),
            Self::Tag(id) => format!("tag {id}"),
            Self::Former(id) => format!("former of image {id}"),
            Self::Edit(id) => format!("edit of image {id}"),
            Self::Cover(id) => format!("cover of image {id}"),
            Self::Link(image, tag) => format!("link of image {image} and tag {tag}"),
            Self::Decision(seq) => format!("decision {seq}"),
            Self::Review(seq) => format!("review {seq}"),
            Self::Operation(seq) => format!("operation {seq}"),
            Self::Step(seq, nth) => format!("step {nth} of operation {seq}"),
            Self::ExtraPath(of) => format!("extra path `{}`", path(of)),
            Self::Pending(of, size) => format!("what waits for `{}` of {size} bytes", path(of)),
            Self::Setting(name) => format!("setting `{name}`"),
        }
    }

    /// Its bytes in a snapshot, if they are a row of that table.
    pub(super) fn sound_in(&self, txn: &ReadTransaction) -> Result<Option<Vec<u8>>, ReadError> {
        macro_rules! get {
            ($table:ident, $field:ident, $key:expr, $is_sound:expr) => {{
                let table = match txn.open_table(tables::$table) {
                    Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
                    opened => opened?,
                };
                let found = table.get($key)?.map(|row| row.value().to_vec());
                found.filter(|bytes| $is_sound(bytes))
            }};
        }
        if let Self::Setting(name) = self {
            let found =
                txn.open_table(tables::SETTINGS)?.get(name.as_str())?.map(|json| json.value().to_owned());
            let is_json = |json: &String| serde_json::from_str::<serde::de::IgnoredAny>(json).is_ok();
            return Ok(found.filter(is_json).map(String::into_bytes));
        }
        Ok(each_table!(self, get))
    }

    /// Its bytes in a snapshot, whatever they are.
    pub(super) fn raw_in(&self, txn: &ReadTransaction) -> Result<Option<Vec<u8>>, ReadError> {
        macro_rules! get {
            ($table:ident, $field:ident, $key:expr, $is_sound:expr) => {{
                let table = match txn.open_table(tables::$table) {
                    Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
                    opened => opened?,
                };
                table.get($key)?.map(|row| row.value().to_vec())
            }};
        }
        if let Self::Setting(name) = self {
            let json = txn.open_table(tables::SETTINGS)?.get(name.as_str())?;
            return Ok(json.map(|json| json.value().as_bytes().to_vec()));
        }
        Ok(each_table!(self, get))
    }

    /// Writes the row.
    pub(super) fn put(&self, tables: &mut Tables<'_>, bytes: &[u8]) -> Result<(), ReadError> {
        macro_rules! put {
            ($table:ident, $field:ident, $key:expr, $is_sound:expr) => {{
                tables.$field.insert($key, bytes)?;
                None::<()>
            }};
        }
        if let Self::Setting(name) = self {
            tables.settings.insert(name.as_str(), &*String::from_utf8_lossy(bytes))?;
            return Ok(());
        }
        let _: Option<()> = each_table!(self, put);
        Ok(())
    }

    /// Takes the row out; gives its bytes, whatever they are.
    pub(super) fn take(&self, tables: &mut Tables<'_>) -> Result<Option<Vec<u8>>, ReadError> {
        macro_rules! take {
            ($table:ident, $field:ident, $key:expr, $is_sound:expr) => {
                tables.$field.remove($key)?.map(|row| row.value().to_vec())
            };
        }
        if let Self::Setting(name) = self {
            return Ok(tables.settings.remove(name.as_str())?.map(|json| json.value().as_bytes().to_vec()));
        }
        Ok(each_table!(self, take))
    }

    /// The subject of the feed that it is a row of.
    pub(super) fn subject(&self) -> Option<Subject> {
        use lumidex_schema::id::{FolderId, ImageId, TagId, TextId};
        match self {
            Self::Folder(id) => Some(Subject::Folder(FolderId(*id))),
            Self::Image(id) => Some(Subject::Image(ImageId(*id))),
            Self::Text(id) => Some(Subject::Text(TextId(*id))),
            Self::Tag(id) => Some(Subject::Tag(TagId(*id))),
            _ => None,
        }
    }

    /// The row of a subject.
    pub(super) fn of(subject: Subject) -> Self {
        match subject {
            Subject::Folder(id) => Self::Folder(id.0),
            Subject::Image(id) => Self::Image(id.0),
            Subject::Text(id) => Self::Text(id.0),
            Subject::Tag(id) => Self::Tag(id.0),
        }
    }
}

/// Makes rows that follow from others what they should be.
pub(super) fn derive(tables: &mut Tables<'_>, change: &Change) -> Result<(), ReadError> {
    match change {
        Change::Feed(seq) => drop(tables.feed.remove(seq)?),
        Change::Path((folder, name), row) => {
            let key = (*folder, name.as_slice());
            match row {
                Some(row) => drop(tables.paths.insert(key, row)?),
                None => drop(tables.paths.remove(key)?),
            }
        }
        Change::FolderId((root, path), row) => {
            let key = (*root, path.as_slice());
            match row {
                Some(id) => drop(tables.folder_ids.insert(key, id)?),
                None => drop(tables.folder_ids.remove(key)?),
            }
        }
        Change::CustomTag(name, Some(id)) => drop(tables.custom_tags.insert(name.as_str(), id)?),
        Change::CustomTag(name, None) => drop(tables.custom_tags.remove(name.as_str())?),
        Change::Note(image) => drop(tables.notes.remove(image)?),
        Change::SeenThrough(root, Some(image)) => drop(tables.seen_through.insert(root, image)?),
        Change::SeenThrough(root, None) => drop(tables.seen_through.remove(root)?),
        Change::ReadWith(root) => drop(tables.read_with.remove(root)?),
        Change::Undone(seq) => drop(tables.undone.remove(seq)?),
        Change::PendingPath((path, source, size), is_there) => {
            let key = (path.as_slice(), source.as_slice(), *size);
            match is_there {
                true => drop(tables.pending_paths.insert(key, ())?),
                false => drop(tables.pending_paths.remove(key)?),
            }
        }
        Change::PendingName((name, size, source), row) => {
            let key = (name.as_slice(), *size, source.as_slice());
            match row {
                Some(candidate) => drop(tables.pending_names.insert(key, candidate)?),
                None => drop(tables.pending_names.remove(key)?),
            }
        }
        Change::Operation(seq, head) => drop(tables.operations.insert(seq, head.encode().as_slice())?),
        Change::Lost(_)
        | Change::SetAside(_)
        | Change::Renumber(_)
        | Change::ReadAgain(_)
        | Change::Epoch(..)
        | Change::Counter(..) => {}
    }
    Ok(())
}

/// Numbers of the table of numbers, which are read before all else.
pub(super) fn put_counter(txn: &WriteTransaction, name: &'static str, least: u64) -> Result<(), ReadError> {
    let mut meta = txn.open_table(tables::META)?;
    let now = meta.get(name)?.map_or(0, |number| number.value());
    meta.insert(name, now.max(least))?;
    Ok(())
}
