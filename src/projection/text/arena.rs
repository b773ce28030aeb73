//! Folded templates by text id: immutable files, memory-mapped.
//!
//! An arena is written once, never changed, and lives as long as a snapshot holds it. It refuses
//! to know what the texts are searched for.
//!
//! ```text
//! 0    magic "LDXARENA"
//! 8    format  u32    16  number of texts  u32 (n), then 4 zero bytes
//! 24   ids     n x u32, increasing; padded with zeros to a multiple of 8
//!      ends    n x u64, end of each text within the bytes that follow
//!      bytes   UTF-8, back to back
//! ```
//! Numbers are little-endian. The digest of the whole file stands in the manifest that names it.

use super::directory::StoredDirectory;
use lumidex_schema::id::TextId;
use lumidex_schema::text_index::ArenaFile;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use tantivy::Directory;
use tantivy::directory::{OwnedBytes, TerminatingWrite};

const MAGIC: &[u8; 8] = b"LDXARENA";
const FORMAT: u32 = 1;
const HEADER_BYTES: usize = 24;
/// The prefix by which arena files are known in the directory.
pub(super) const PREFIX: &str = "arena-";

/// One open file of templates.
pub(super) struct Arena {
    file: ArenaFile,
    bytes: OwnedBytes,
    first: u32,
    len: u32,
    /// Where the tables start.
    ids: usize,
    ends: usize,
    texts: usize,
    /// Ids have no gaps, so a text is found without searching.
    dense: bool,
}

impl Arena {
    /// Opens the file and proves that it is, byte for byte, what the manifest names.
    pub(super) fn open(directory: &StoredDirectory, file: &ArenaFile) -> io::Result<Self> {
        let bytes = directory.open_read(Path::new(&file.name)).map_err(io::Error::other)?.read_bytes()?;
        if blake3::hash(&bytes).to_hex().as_str() != file.digest {
            return Err(damaged("arena is not the one the manifest names"));
        }
        Self::parse(file.clone(), bytes).ok_or_else(|| damaged("arena is not well formed"))
    }

    /// The digest has proved who wrote the bytes; what remains is that no look-up leaves them.
    fn parse(file: ArenaFile, bytes: OwnedBytes) -> Option<Self> {
        let header = bytes.get(..HEADER_BYTES)?;
        if &header[..8] != MAGIC || u32_at(header, 8) != FORMAT {
            return None;
        }
        let len = u32_at(header, 16);
        let ids = HEADER_BYTES;
        let ends = ids + ids_bytes(len as usize);
        let texts = ends + 8 * len as usize;
        if len == 0 || texts > bytes.len() {
            return None;
        }
        let mut arena = Self { file, bytes, first: 0, len, ids, ends, texts, dense: false };
        arena.first = arena.id_at(0);
        let mut end = 0;
        for nth in 0..len as usize {
            let next = arena.end_at(nth);
            if next < end || (nth > 0 && arena.id_at(nth) <= arena.id_at(nth - 1)) {
                return None;
            }
            end = next;
        }
        arena.dense = arena.id_at(len as usize - 1) - arena.first == len - 1;
        (end == (arena.bytes.len() - texts) as u64).then_some(arena)
    }

    /// What the manifest says of it.
    pub(super) fn file(&self) -> &ArenaFile {
        &self.file
    }

    /// Number of texts.
    pub(super) fn len(&self) -> u32 {
        self.len
    }

    /// Size of the file in bytes.
    pub(super) fn size_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The largest id.
    pub(super) fn last(&self) -> TextId {
        TextId(self.id_at(self.len as usize - 1))
    }

    pub(super) fn contains(&self, id: TextId) -> bool {
        self.position(id).is_some()
    }

    /// The bytes of a folded template; they are UTF-8.
    #[inline]
    pub(super) fn get(&self, id: TextId) -> Option<&[u8]> {
        self.position(id).map(|nth| self.nth(nth).1)
    }

    /// Every text with its id, by increasing id.
    pub(super) fn iter(&self) -> impl Iterator<Item = (TextId, &[u8])> {
        (0..self.len as usize).map(|nth| self.nth(nth))
    }

    fn nth(&self, nth: usize) -> (TextId, &[u8]) {
        let start = if nth == 0 { 0 } else { self.end_at(nth - 1) as usize };
        let end = self.end_at(nth) as usize;
        (TextId(self.id_at(nth)), &self.bytes[self.texts + start..self.texts + end])
    }

    #[inline]
    fn position(&self, id: TextId) -> Option<usize> {
        let offset = id.0.checked_sub(self.first)?;
        if self.dense {
            return (offset < self.len).then_some(offset as usize);
        }
        // Ids grow by at least one, so an id stands no later than its distance from the first.
        let (mut low, mut high) = (0, (offset as usize + 1).min(self.len as usize));
        while low < high {
            let middle = low + (high - low) / 2;
            if self.id_at(middle) < id.0 {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (low < self.len as usize && self.id_at(low) == id.0).then_some(low)
    }

    #[inline]
    fn id_at(&self, nth: usize) -> u32 {
        u32_at(&self.bytes, self.ids + 4 * nth)
    }

    #[inline]
    fn end_at(&self, nth: usize) -> u64 {
        let at = self.ends + 8 * nth;
        u64::from_le_bytes(self.bytes[at..at + 8].try_into().expect("eight bytes were taken"))
    }
}

/// Writes texts, given by strictly increasing id, to a file of this name that does not exist
/// yet, makes its content durable and opens it. The directory itself is synced by the commit that
/// names the file.
pub(super) fn write(directory: &StoredDirectory, name: &str, texts: &[(TextId, &[u8])]) -> io::Result<Arena> {
    let mut hasher = blake3::Hasher::new();
    let mut out = directory.open_write(Path::new(name)).map_err(io::Error::other)?;
    let mut put = |bytes: &[u8]| {
        hasher.update(bytes);
        out.write_all(bytes)
    };
    let len = u32::try_from(texts.len()).map_err(io::Error::other)?;
    put(MAGIC)?;
    put(&u64::from(FORMAT).to_le_bytes())?;
    put(&u64::from(len).to_le_bytes())?;
    let mut table = Vec::with_capacity(8 * texts.len());
    table.extend(texts.iter().flat_map(|(id, _)| id.0.to_le_bytes()));
    table.resize(ids_bytes(texts.len()), 0);
    put(&table)?;
    table.clear();
    let mut end = 0;
    for (_, text) in texts {
        end += text.len() as u64;
        table.extend(end.to_le_bytes());
    }
    put(&table)?;
    for (_, text) in texts {
        put(text)?;
    }
    out.terminate()?;
    let file = ArenaFile { name: name.to_owned(), digest: hasher.finalize().to_hex().to_string() };
    Arena::open(directory, &file)
}

/// Which of the newest arenas are rewritten together with `fresh_bytes` of new texts: as long as
/// one is at most twice the size of all that is newer. So sizes at least double from one to the
/// next older, there are only logarithmically many, and each text is rewritten as often.
pub(super) fn rewritten(arenas: &[Arc<Arena>], fresh_bytes: usize) -> usize {
    let mut bytes = fresh_bytes;
    let mut from = arenas.len();
    while from > 0 && arenas[from - 1].size_bytes() <= bytes.saturating_mul(2) {
        from -= 1;
        bytes += arenas[from].size_bytes();
    }
    from
}

fn ids_bytes(len: usize) -> usize {
    (4 * len).next_multiple_of(8)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes were taken"))
}

fn damaged(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::sys::storage::Disk;

    fn directory() -> (tempfile::TempDir, StoredDirectory) {
        let dir = tempfile::tempdir().unwrap();
        let directory = StoredDirectory::open(&Disk::shared(), dir.path()).unwrap();
        (dir, directory)
    }

    #[test]
    fn texts_come_back_by_id_with_and_without_gaps() {
        let (_dir, directory) = directory();
        for ids in [vec![1u32, 2, 3], vec![4, 9, 4_000_000_000], vec![7]] {
            let texts: Vec<(TextId, Vec<u8>)> =
                ids.iter().map(|&id| (TextId(id), format!("text {id}").into_bytes())).collect();
            let slices: Vec<(TextId, &[u8])> = texts.iter().map(|(id, text)| (*id, &text[..])).collect();
            let arena = write(&directory, &format!("arena-{}", ids[0]), &slices).unwrap();
            assert_eq!(arena.iter().collect::<Vec<_>>(), slices);
            assert_eq!(arena.last(), TextId(ids[ids.len() - 1]));
            for (id, text) in &slices {
                assert_eq!(arena.get(*id), Some(*text));
            }
            for id in [0, 5, 8, 10, u32::MAX] {
                assert_eq!(arena.contains(TextId(id)), ids.contains(&id), "{id}");
            }
        }
    }

    #[test]
    fn any_flipped_bit_or_missing_end_is_noticed() {
        let (dir, directory) = directory();
        let arena = write(&directory, "arena-1", &[(TextId(1), b"a cat"), (TextId(2), b"")]).unwrap();
        let file = arena.file().clone();
        let good = std::fs::read(dir.path().join("arena-1")).unwrap();
        drop(arena);
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            std::fs::write(dir.path().join("bad"), &bad).unwrap();
            let bad_file = ArenaFile { name: "bad".into(), ..file.clone() };
            assert!(Arena::open(&directory, &bad_file).is_err(), "{at}");
            // Even with the right digest, a malformed file is refused or stays within itself.
            let digest = blake3::hash(&bad).to_hex().to_string();
            if let Ok(arena) = Arena::open(&directory, &ArenaFile { digest, ..bad_file }) {
                assert_eq!(arena.iter().count() as u32, arena.len());
            }
            std::fs::write(dir.path().join("cut"), &good[..at]).unwrap();
            assert!(Arena::open(&directory, &ArenaFile { name: "cut".into(), ..file.clone() }).is_err());
        }
    }
}
