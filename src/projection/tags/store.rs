//! The tags projection's own file: postings, chunks of columns, tags and folders, and the
//! checkpoint in the same transaction.

use super::names::{CHUNK, Names, Runs};
use super::posting::Posting;
use super::state::{Dirty, FolderEntry, State, TagEntry};
use crate::sys::storage::{Backend, Open, Storage};
use lumidex_schema::checkpoint::Checkpoint;
use lumidex_schema::tag::TagKind;
use redb::{Database, ReadableDatabase, TableDefinition};
use std::path::Path;

const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
const POSTINGS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("postings");
const CHUNKS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("chunks");
const TAGS: TableDefinition<'_, u32, (u8, &str, &str)> = TableDefinition::new("tags");
const FOLDERS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("folders");

/// Pages kept in memory; everything is read once at start, so a few are enough.
const CACHE_BYTES: usize = 8 * 1024 * 1024;

/// What was wrong with a stored row, or the engine's own error.
pub(super) type StoreError = Box<dyn std::error::Error + Send + Sync>;

/// Opens the file, or makes an empty one.
pub(super) fn open(storage: &dyn Storage, path: &Path) -> Result<Database, StoreError> {
    let file = storage.open(path, Open::Keep)?;
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_BYTES);
    Ok(builder.create_with_backend(Backend::new(file))?)
}

/// The checkpoint, when there is one.
pub(super) fn checkpoint(db: &Database) -> Result<Option<Checkpoint>, StoreError> {
    let txn = db.begin_read()?;
    let meta = match txn.open_table(META) {
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
        opened => opened?,
    };
    let Some(bytes) = meta.get("checkpoint")? else { return Ok(None) };
    Ok(Some(serde_json::from_slice(bytes.value())?))
}

/// Everything stored.
pub(super) fn load(db: &Database) -> Result<State, StoreError> {
    let txn = db.begin_read()?;
    let mut state = State::default();
    for row in txn.open_table(CHUNKS)?.range::<u32>(..)? {
        let (nth, bytes) = row?;
        load_chunk(&mut state, nth.value() as usize, bytes.value()).ok_or("a chunk is damaged")?;
    }
    for row in txn.open_table(POSTINGS)?.range::<u32>(..)? {
        let (tag, bytes) = row?;
        let at = tag.value() as usize;
        if state.postings.len() <= at {
            state.postings.resize(at + 1, Posting::default());
        }
        state.postings[at] = Posting::decode(bytes.value()).ok_or("a posting is damaged")?;
    }
    for row in txn.open_table(TAGS)?.range::<u32>(..)? {
        let (tag, entry) = row?;
        let (at, (kind, name, color)) = (tag.value() as usize, entry.value());
        if state.tags.len() <= at {
            state.tags.resize(at + 1, None);
        }
        let kind = TagKind::from_stored(kind).ok_or("a tag is damaged")?;
        state.tags[at] = Some(TagEntry { kind, name: name.into(), color: color.into() });
    }
    for row in txn.open_table(FOLDERS)?.range::<u32>(..)? {
        let (folder, path) = row?;
        let at = folder.value() as usize;
        if state.folders.len() <= at {
            state.folders.resize(at + 1, FolderEntry::default());
        }
        state.folders[at] = FolderEntry::new(path.value());
    }
    state.derive();
    Ok(state)
}

/// Writes what is dirty, and the checkpoint with it.
pub(super) fn save(
    db: &Database,
    state: &State,
    dirty: &Dirty,
    checkpoint: &Checkpoint,
) -> Result<(), StoreError> {
    let mut txn = db.begin_write()?;
    txn.set_quick_repair(true);
    {
        let mut chunks = txn.open_table(CHUNKS)?;
        for nth in &dirty.chunks {
            chunks.insert(*nth, chunk_bytes(state, *nth as usize).as_slice())?;
        }
        let mut postings = txn.open_table(POSTINGS)?;
        for tag in &dirty.postings {
            match state.posting(*tag) {
                posting if posting.is_empty() => drop(postings.remove(tag.0)?),
                posting => drop(postings.insert(tag.0, posting.encode().as_slice())?),
            }
        }
        let mut tags = txn.open_table(TAGS)?;
        for tag in &dirty.tags {
            match state.tag(*tag) {
                Some(entry) => drop(tags.insert(tag.0, (entry.kind as u8, &*entry.name, &*entry.color))?),
                None => drop(tags.remove(tag.0)?),
            }
        }
        let mut folders = txn.open_table(FOLDERS)?;
        for folder in &dirty.folders {
            if let Some(entry) = state.folders.get(folder.index()) {
                folders.insert(folder.0, &*entry.path)?;
            }
        }
        let mut meta = txn.open_table(META)?;
        meta.insert("checkpoint", serde_json::to_vec(checkpoint)?.as_slice())?;
    }
    txn.commit()?;
    Ok(())
}

/// Columns, then names, then holes: each as the length of its bytes, the ends, the bytes.
fn chunk_bytes(state: &State, nth: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(CHUNK * 64);
    state.columns.encode_chunk(nth, &mut bytes);
    for names in [&state.names, &state.holes] {
        let empty = Runs::default();
        let runs = names.chunks.get(nth).unwrap_or(&empty);
        bytes.extend((runs.ends.len() as u32).to_le_bytes());
        bytes.extend(runs.ends.iter().flat_map(|end| end.to_le_bytes()));
        bytes.extend_from_slice(&runs.bytes);
    }
    bytes
}

fn load_chunk(state: &mut State, nth: usize, bytes: &[u8]) -> Option<()> {
    let rest = state.columns.decode_chunk(nth, bytes)?;
    let rest = load_runs(&mut state.names, nth, rest)?;
    let rest = load_runs(&mut state.holes, nth, rest)?;
    rest.is_empty().then_some(())
}

fn load_runs<'b>(names: &mut Names, nth: usize, bytes: &'b [u8]) -> Option<&'b [u8]> {
    let (len, rest) = bytes.split_first_chunk::<4>()?;
    let len = u32::from_le_bytes(*len) as usize;
    let (ends, rest) = rest.split_at_checked(len.checked_mul(4)?)?;
    let ends: Vec<u32> = ends.as_chunks::<4>().0.iter().map(|end| u32::from_le_bytes(*end)).collect();
    let (bytes, rest) = rest.split_at_checked(ends.last().map_or(0, |end| *end as usize))?;
    if len > CHUNK || !ends.is_sorted() {
        return None;
    }
    if names.chunks.len() <= nth {
        names.chunks.resize_with(nth + 1, Runs::default);
    }
    names.chunks[nth] = Runs { bytes: bytes.to_vec(), ends };
    Some(rest)
}
