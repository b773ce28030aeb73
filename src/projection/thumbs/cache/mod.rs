//! Thumbnails on disk, packed into a few large files.
//!
//! They are appended to the newest segment. When all together are too many bytes the oldest segment
//! goes as a whole, and what was asked for since it was written is carried over into the newest. A
//! disk that is full or cannot be written means that nothing more is kept, and nothing else. Nothing
//! is made durable: what a power cut leaves is told by checksums.

mod places;
mod record;
mod verify;

pub(in crate::projection) use verify::verify_closed;
pub use verify::{kept_below, kept_in, verify};

use super::key::Key;
use crate::limits::thumbs::{CACHE_BYTES_MAX, CACHE_SHARE_OF_FREE, SEGMENT_BYTES};
use crate::sys::PathError;
use crate::sys::space::free_bytes;
use crate::sys::storage::{Open, Storage, StoredFile};
use parking_lot::Mutex;
use places::Places;
use record::{SEGMENT_HEAD, Span};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Of the bytes of a segment that goes, the part that is carried over at most: `1 / 2`, or the cache
/// would not become smaller.
const CARRIED_OVER: u64 = 2;

/// How much a cache may hold.
#[derive(Clone, Copy, Debug)]
pub struct CacheBounds {
    /// Bytes of all segments together.
    pub bytes: u64,
    /// Bytes of a segment.
    pub segment_bytes: u64,
}

impl CacheBounds {
    /// The usual ones, on the disk of this folder: no more than a part of what is free and what the
    /// cache has already.
    #[must_use]
    pub fn on_disk_of(folder: &Path) -> Self {
        let used: u64 = listed(folder).iter().map(|(_, n_bytes)| n_bytes).sum();
        let free = free_bytes(folder).unwrap_or(u64::MAX).saturating_add(used);
        let bytes = CACHE_BYTES_MAX.min(free / CACHE_SHARE_OF_FREE);
        Self { bytes, segment_bytes: SEGMENT_BYTES.min(bytes / 4) }
    }
}

/// What is in a cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Thumbnails.
    pub entries: usize,
    /// Bytes of all segments.
    pub bytes: u64,
}

/// The cache of one folder. Nobody else writes there while it is open.
#[derive(Debug)]
pub struct Cache {
    storage: Arc<dyn Storage>,
    folder: PathBuf,
    bounds: CacheBounds,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    places: Places,
    segments: BTreeMap<u32, Segment>,
    /// The segment that is written, and what stands in it.
    newest: Option<(u32, Vec<(Key, Span)>)>,
    /// The number of the next segment: greater than all there are, also those that cannot be read.
    next: u32,
    /// Why nothing is kept at the moment was said.
    has_complained: bool,
}

#[derive(Clone, Debug)]
struct Segment {
    file: Arc<dyn StoredFile>,
    n_bytes: u64,
}

impl Cache {
    /// Opens what is there; what is not whole is not believed.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(storage: Arc<dyn Storage>, folder: &Path, bounds: CacheBounds) -> Result<Self, PathError> {
        storage.create_folders(folder).map_err(PathError::doing("create the folder", folder))?;
        let mut state = State::default();
        for (number, n_bytes) in listed(folder) {
            state.next = number.saturating_add(1);
            let Ok(file) = storage.open(&segment_path(folder, number), Open::Read) else { continue };
            for (key, span) in entries_of(&*storage, folder, number, &*file, n_bytes) {
                state.places.put(&key, number, span);
            }
            state.segments.insert(number, Segment { file, n_bytes });
        }
        let cache = Self { storage, folder: folder.to_owned(), bounds, state: Mutex::new(state) };
        cache.make_room(&mut cache.state.lock());
        Ok(cache)
    }

    /// How much is in it.
    #[must_use]
    pub fn kept(&self) -> Kept {
        let state = self.state.lock();
        Kept { entries: state.places.len(), bytes: state.n_bytes() }
    }

    /// Whether there seems to be one; it may yet turn out to be damaged.
    #[must_use]
    pub fn has(&self, key: &Key) -> bool {
        self.state.lock().places.has(key)
    }

    /// A thumbnail; `None` when there is none, or when it is damaged.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<Arc<[u8]>> {
        let (number, span, file) = {
            let mut state = self.state.lock();
            let (number, span) = state.places.ask(key)?;
            (number, span, Arc::clone(&state.segments.get(&number)?.file))
        };
        let mut record = vec![0; usize::try_from(span.record_bytes()).ok()?];
        let read = file.read_at(u64::from(span.offset), &mut record).is_ok();
        match record::decode(&record, key).filter(|_| read) {
            Some(bytes) => Some(Arc::from(bytes)),
            None => {
                self.state.lock().places.forget(key, number, span);
                None
            }
        }
    }

    /// Keeps a thumbnail, if that is possible.
    pub fn put(&self, key: &Key, bytes: &[u8]) {
        let Some(record) = record::encode(key, bytes) else { return };
        let mut state = self.state.lock();
        if state.places.has(key) {
            return;
        }
        if let Err(error) = self.append(&mut state, key, &record) {
            if !state.has_complained {
                tracing::warn!(error = &error as &dyn std::error::Error, "thumbnails are not kept");
            }
            state.has_complained = true;
            // What was written may be half a record: nothing may follow it.
            self.close_newest(&mut state);
            return;
        }
        state.has_complained = false;
        self.make_room(&mut state);
    }

    fn append(&self, state: &mut State, key: &Key, record: &[u8]) -> Result<(), PathError> {
        let n_record = record.len() as u64;
        if n_record + SEGMENT_HEAD.len() as u64 > self.bounds.segment_bytes {
            return Ok(());
        }
        let is_full = |segment: &Segment| segment.n_bytes + n_record > self.bounds.segment_bytes;
        let newest = state.newest.as_ref().map(|(number, _)| *number);
        if newest.and_then(|number| state.segments.get(&number)).is_some_and(is_full) {
            self.close_newest(state);
        }
        if state.newest.is_none() {
            self.begin(state)?;
        }
        let Some((number, entries)) = &mut state.newest else { return Ok(()) };
        let Some(segment) = state.segments.get_mut(number) else { return Ok(()) };
        let path = segment_path(&self.folder, *number);
        // A segment is shorter than 4 GiB.
        let span = Span { offset: segment.n_bytes as u32, len: n_record as u32 - record::RECORD_HEAD };
        segment.file.write_at(segment.n_bytes, record).map_err(PathError::doing("write", &path))?;
        segment.n_bytes += n_record;
        entries.push((*key, span));
        state.places.put(key, *number, span);
        Ok(())
    }

    fn begin(&self, state: &mut State) -> Result<(), PathError> {
        let number = state.next;
        state.next = state.next.saturating_add(1);
        let path = segment_path(&self.folder, number);
        // A new file cannot be read.
        self.storage.open(&path, Open::New).map_err(PathError::doing("create", &path))?;
        let file = self.storage.open(&path, Open::Keep).map_err(PathError::doing("open", &path))?;
        let begun = file.write_at(0, SEGMENT_HEAD).map_err(PathError::doing("write", &path));
        let n_bytes = SEGMENT_HEAD.len() as u64;
        state.segments.insert(number, Segment { file, n_bytes });
        state.newest = Some((number, Vec::new()));
        begun
    }

    /// Nothing more is written to the newest segment; its index is, should that be possible.
    fn close_newest(&self, state: &mut State) {
        let Some((number, entries)) = state.newest.take() else { return };
        if entries.is_empty() {
            self.remove(state, number);
            return;
        }
        let path = index_path(&self.folder, number);
        let _ = self.storage.remove_file(&path);
        let written = self.storage.open(&path, Open::New);
        // Without it the records are walked through at the next start.
        let _ = written.and_then(|file| file.write_at(0, &record::encode_index(&entries)));
    }

    /// Lets go of the oldest segments until the others are few enough.
    fn make_room(&self, state: &mut State) {
        // Each round removes a segment; what is carried over is less than what went.
        while state.n_bytes() > self.bounds.bytes && state.segments.len() > 1 {
            let Some((&number, oldest)) = state.segments.first_key_value() else { return };
            let oldest = oldest.clone();
            let mut used = state.places.drain(number);
            used.sort_unstable_by_key(|span| std::cmp::Reverse(span.offset));
            self.remove(state, number);
            let mut n_left = oldest.n_bytes / CARRIED_OVER;
            for span in used {
                if span.record_bytes() > n_left || !self.carry_over(state, &oldest, span) {
                    break;
                }
                n_left -= span.record_bytes();
            }
        }
    }

    /// Copies a record to the newest segment; whether it makes sense to go on with others.
    fn carry_over(&self, state: &mut State, from: &Segment, span: Span) -> bool {
        let mut record = vec![0; usize::try_from(span.record_bytes()).unwrap_or(0)];
        let read = from.file.read_at(u64::from(span.offset), &mut record);
        let key = record.first_chunk().map(|bytes| Key::from_bytes(*bytes));
        match (read, key) {
            (Ok(()), Some(key)) if record::decode(&record, &key).is_some() => {
                self.append(state, &key, &record).is_ok()
            }
            _ => true,
        }
    }

    fn remove(&self, state: &mut State, number: u32) {
        state.segments.remove(&number);
        for path in [index_path(&self.folder, number), segment_path(&self.folder, number)] {
            // What cannot be removed now is found, and counted, at the next start.
            let _ = self.storage.remove_file(&path);
        }
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        let mut state = std::mem::take(&mut *self.state.lock());
        self.close_newest(&mut state);
    }
}

impl State {
    fn n_bytes(&self) -> u64 {
        self.segments.values().map(|segment| segment.n_bytes).sum()
    }
}

fn entries_of(
    storage: &dyn Storage,
    folder: &Path,
    number: u32,
    file: &dyn StoredFile,
    n_bytes: u64,
) -> Vec<(Key, Span)> {
    let read = || {
        let index = storage.open(&index_path(folder, number), Open::Read).ok()?;
        // An entry for each smallest record at most.
        let n = usize::try_from(index.len().ok()?.min(n_bytes + 16)).ok()?;
        let mut bytes = vec![0; n];
        index.read_at(0, &mut bytes).ok()?;
        let entries = record::decode_index(&bytes)?;
        entries.iter().all(|(_, span)| span.end() <= n_bytes).then_some(entries)
    };
    read().unwrap_or_else(|| record::walk(file, n_bytes))
}

/// Numbers and bytes of the segments in a folder, the oldest first.
fn listed(folder: &Path) -> Vec<(u32, u64)> {
    let mut segments: Vec<_> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.strip_suffix(".seg")?.parse().ok()?;
            Some((number, entry.metadata().ok()?.len()))
        })
        .collect();
    segments.sort_unstable();
    segments
}

fn segment_path(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("{number:08}.seg"))
}

fn index_path(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("{number:08}.idx"))
}

#[cfg(test)]
mod tests;
