//! The file of prompts: chunks of the tables in memory, and the checkpoint in the same transaction.

use super::prompts::Prompts;
use crate::ledger::paid::PromptHash;
use crate::sys::storage::{Backend, Open, Storage};
use lumidex_schema::checkpoint::Checkpoint;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use std::path::Path;

const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
/// Chunk → the prompts of its texts, little-endian.
const TEXTS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("texts");
/// Chunk → for each of its prompts the first text, little-endian, and the hash.
const PROMPTS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("prompts");

/// Texts, or prompts, in a chunk.
const CHUNK: usize = 1_024;
/// Bytes of a prompt.
const ROW: usize = 4 + size_of::<PromptHash>();
/// Pages kept in memory; everything is read once, at start.
const CACHE_BYTES: usize = 2 << 20;

/// What was wrong with a stored row, or the engine's own error.
pub(super) type StoreError = Box<dyn std::error::Error + Send + Sync>;

/// From where on a table is not stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) texts: usize,
    pub(super) prompts: usize,
}

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
pub(super) fn load(db: &Database) -> Result<Prompts, StoreError> {
    let txn = db.begin_read()?;
    let (mut of_texts, mut firsts, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
    for (nth, row) in txn.open_table(TEXTS)?.iter()?.enumerate() {
        let (chunk, bytes) = row?;
        let (numbers, rest) = bytes.value().as_chunks::<4>();
        if chunk.value() as usize != nth || of_texts.len() != nth * CHUNK || !rest.is_empty() {
            return Err("a chunk of texts is damaged".into());
        }
        of_texts.extend(numbers.iter().map(|number| u32::from_le_bytes(*number)));
    }
    for (nth, row) in txn.open_table(PROMPTS)?.iter()?.enumerate() {
        let (chunk, bytes) = row?;
        let (rows, rest) = bytes.value().as_chunks::<ROW>();
        if chunk.value() as usize != nth || hashes.len() != nth * CHUNK || !rest.is_empty() {
            return Err("a chunk of prompts is damaged".into());
        }
        for row in rows {
            let (first, hash) = row.split_first_chunk::<4>().ok_or("a prompt is damaged")?;
            firsts.push(u32::from_le_bytes(*first));
            hashes.push(hash.try_into()?);
        }
    }
    Prompts::from_stored(of_texts, firsts, hashes).ok_or_else(|| "the prompts do not fit together".into())
}

/// Writes what is not stored, and the checkpoint with it.
pub(super) fn save(
    db: &Database,
    prompts: &Prompts,
    stored: Stored,
    checkpoint: &Checkpoint,
) -> Result<(), StoreError> {
    let mut txn = db.begin_write()?;
    txn.set_quick_repair(true);
    {
        let mut texts = txn.open_table(TEXTS)?;
        for nth in stored.texts / CHUNK..prompts.of_texts.len().div_ceil(CHUNK) {
            let chunk = prompts.of_texts.iter().skip(nth * CHUNK).take(CHUNK);
            let bytes: Vec<u8> = chunk.flat_map(|prompt| prompt.to_le_bytes()).collect();
            texts.insert(nth as u32, bytes.as_slice())?;
        }
        let mut table = txn.open_table(PROMPTS)?;
        for nth in stored.prompts / CHUNK..prompts.hashes.len().div_ceil(CHUNK) {
            let rows = prompts.firsts.iter().zip(&prompts.hashes).skip(nth * CHUNK).take(CHUNK);
            let bytes: Vec<u8> =
                rows.flat_map(|(first, hash)| first.to_le_bytes().into_iter().chain(*hash)).collect();
            table.insert(nth as u32, bytes.as_slice())?;
        }
        let mut meta = txn.open_table(META)?;
        meta.insert("checkpoint", serde_json::to_vec(checkpoint)?.as_slice())?;
    }
    txn.commit()?;
    Ok(())
}
