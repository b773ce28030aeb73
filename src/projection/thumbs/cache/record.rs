//! How thumbnails lie in the files of the cache.
//!
//! ```text
//! NUMBER.seg   "LXTHUMB1", then records: key (16), length (4), checksum of key and bytes (8), bytes
//! NUMBER.idx   "LXTHIDX1", then an entry for each record: key (16), offset (4), length (4); and a
//!              checksum of all that (8)
//! ```
//!
//! Numbers are little endian. The index of a segment is written when it is full; without one its
//! records are walked through. Nothing is believed that its checksum does not vouch for.

use crate::limits::thumbs::{RECORD_BYTES_MAX, SEGMENT_BYTES};
use crate::projection::thumbs::key::Key;
use crate::sys::storage::StoredFile;

/// Bytes in front of the records of a segment.
pub(super) const SEGMENT_HEAD: &[u8; 8] = b"LXTHUMB1";
const INDEX_HEAD: &[u8; 8] = b"LXTHIDX1";
/// Bytes in front of a thumbnail.
pub(super) const RECORD_HEAD: u32 = 28;
const ENTRY_BYTES: usize = 24;

/// Where a thumbnail lies in its segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// Of the record.
    pub(super) offset: u32,
    /// Of the thumbnail in it.
    pub(super) len: u32,
}

impl Span {
    /// Bytes of the record.
    pub(super) fn record_bytes(self) -> u64 {
        u64::from(RECORD_HEAD) + u64::from(self.len)
    }

    /// Where the next record begins.
    pub(super) fn end(self) -> u64 {
        u64::from(self.offset) + self.record_bytes()
    }
}

fn checksum(key: &Key, bytes: &[u8]) -> [u8; 8] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(key.bytes());
    hasher.update(bytes);
    let mut first = [0; 8];
    hasher.finalize_xof().fill(&mut first);
    first
}

/// A record; `None` when it is too long to be kept.
pub(super) fn encode(key: &Key, bytes: &[u8]) -> Option<Vec<u8>> {
    let len = u32::try_from(bytes.len()).ok().filter(|len| *len <= RECORD_BYTES_MAX)?;
    let mut record = Vec::with_capacity(RECORD_HEAD as usize + bytes.len());
    record.extend_from_slice(key.bytes());
    record.extend_from_slice(&len.to_le_bytes());
    record.extend_from_slice(&checksum(key, bytes));
    record.extend_from_slice(bytes);
    Some(record)
}

/// The thumbnail in a record, if it is this key's and whole.
pub(super) fn decode<'a>(record: &'a [u8], key: &Key) -> Option<&'a [u8]> {
    let (head, bytes) = record.split_at_checked(RECORD_HEAD as usize)?;
    let is_whole = head[..16] == *key.bytes()
        && head[16..20] == u32::try_from(bytes.len()).ok()?.to_le_bytes()
        && head[20..] == checksum(key, bytes);
    is_whole.then_some(bytes)
}

/// The entries of a segment whose index was not written, up to the first record that is cut off.
/// Whether their bytes are whole is seen when they are read.
pub(super) fn walk(file: &dyn StoredFile, n_bytes: u64) -> Vec<(Key, Span)> {
    let mut entries = Vec::new();
    let mut head = [0; SEGMENT_HEAD.len()];
    if file.read_at(0, &mut head).is_err() || head != *SEGMENT_HEAD {
        return entries;
    }
    let mut at = SEGMENT_HEAD.len() as u64;
    let mut head = [0; RECORD_HEAD as usize];
    while at < 2 * SEGMENT_BYTES && file.read_at(at, &mut head).is_ok() {
        let (mut key, mut len) = ([0; 16], [0; 4]);
        key.copy_from_slice(&head[..16]);
        len.copy_from_slice(&head[16..20]);
        // Below twice the size of a segment.
        let span = Span { offset: at as u32, len: u32::from_le_bytes(len) };
        if span.len == 0 || span.len > RECORD_BYTES_MAX || span.end() > n_bytes {
            break;
        }
        entries.push((Key::from_bytes(key), span));
        at = span.end();
    }
    entries
}

/// What stands in the index file of a segment.
pub(super) fn encode_index(entries: &[(Key, Span)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(entries.len() * ENTRY_BYTES + 16);
    bytes.extend_from_slice(INDEX_HEAD);
    for (key, span) in entries {
        bytes.extend_from_slice(key.bytes());
        bytes.extend_from_slice(&span.offset.to_le_bytes());
        bytes.extend_from_slice(&span.len.to_le_bytes());
    }
    let sum = blake3::hash(&bytes);
    bytes.extend_from_slice(&sum.as_bytes()[..8]);
    bytes
}

/// Reads what [`encode_index`] wrote; `None` when it is not whole.
pub(super) fn decode_index(bytes: &[u8]) -> Option<Vec<(Key, Span)>> {
    let (body, sum) = bytes.split_last_chunk::<8>()?;
    let entries = body.strip_prefix(INDEX_HEAD)?;
    if blake3::hash(body).as_bytes()[..8] != *sum || entries.len() % ENTRY_BYTES != 0 {
        return None;
    }
    let number = |bytes: &[u8]| bytes.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
    entries
        .chunks_exact(ENTRY_BYTES)
        .map(|entry| {
            let key = Key::from_bytes(*entry.first_chunk()?);
            Some((key, Span { offset: number(&entry[16..])?, len: number(&entry[20..])? }))
        })
        .collect()
}
