//! What is kept comes back, whatever happened to the files; nothing else ever does.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::projection::thumbs::key::{Frame, Identity};
use crate::sys::storage::Disk;
use lumidex_schema::id::Timestamp;
use std::fs;
use std::io;

const SMALL: CacheBounds = CacheBounds { bytes: 40_000, segment_bytes: 10_000 };

fn key(n: u64) -> Key {
    Key::of(Identity::of_file(b"", n, Timestamp(0)), Frame::COMMON)
}

fn bytes(n: u64) -> Vec<u8> {
    (0..900 + n % 100).map(|at| (at * 31 + n) as u8).collect()
}

fn open(folder: &Path, bounds: CacheBounds) -> Cache {
    Cache::open(Arc::new(Disk), folder, bounds).unwrap()
}

/// How many of the first `n` are there; each that is, is right.
fn n_found(cache: &Cache, n: u64) -> usize {
    let is_there = |n: &u64| {
        let found = cache.get(&key(*n));
        assert!(found.as_deref().is_none_or(|found| found == bytes(*n)), "{n} is another one");
        found.is_some()
    };
    (0..n).filter(is_there).count()
}

#[test]
fn what_is_kept_comes_back_after_a_stop_and_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let cache = open(folder.path(), SMALL);
    (0..30).for_each(|n| cache.put(&key(n), &bytes(n)));
    assert_eq!(n_found(&cache, 40), 30);
    let kept = cache.kept();
    drop(cache);
    let cache = open(folder.path(), SMALL);
    assert_eq!((n_found(&cache, 40), cache.kept()), (30, kept));
    // Killed: the newest segment has no index.
    cache.put(&key(30), &bytes(30));
    std::mem::forget(cache);
    let cache = open(folder.path(), SMALL);
    assert_eq!(n_found(&cache, 40), 31);
    drop(cache);
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "idx") {
            fs::remove_file(path).unwrap();
        }
    }
    assert_eq!(n_found(&open(folder.path(), SMALL), 40), 31, "an index can always be done without");
}

#[test]
fn every_cut_and_every_flipped_bit_costs_what_it_hits_and_nothing_wrong_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let cache = open(folder.path(), SMALL);
    (0..5).for_each(|n| cache.put(&key(n), &bytes(n)));
    drop(cache);
    let (segment, index) = (segment_path(folder.path(), 0), index_path(folder.path(), 0));
    let (whole, whole_index) = (fs::read(&segment).unwrap(), fs::read(&index).unwrap());
    for cut in (0..whole.len()).step_by(101) {
        fs::write(&segment, &whole[..cut]).unwrap();
        let expected = (0..5)
            .take_while(|n| cut as u64 >= 8 + (0..=*n).map(|n| 28 + bytes(n).len() as u64).sum::<u64>());
        let expected = expected.count();
        for has_index in [true, false] {
            let _ = fs::remove_file(&index);
            if has_index {
                fs::write(&index, &whole_index).unwrap();
            }
            let cache = open(folder.path(), SMALL);
            assert_eq!(n_found(&cache, 5), expected, "cut at {cut}");
            // What is lost can be kept again.
            (0..5).for_each(|n| cache.put(&key(n), &bytes(n)));
            assert_eq!(n_found(&cache, 5), 5);
            drop(cache);
            let _ = fs::remove_file(segment_path(folder.path(), 1));
            let _ = fs::remove_file(index_path(folder.path(), 1));
            fs::write(&segment, &whole[..cut]).unwrap();
        }
    }
    for at in (0..whole.len()).step_by(37) {
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << (at % 8);
        fs::write(&segment, &damaged).unwrap();
        fs::write(&index, &whole_index).unwrap();
        assert!(n_found(&open(folder.path(), SMALL), 5) >= 4, "bit {at}");
    }
    fs::write(&segment, &whole).unwrap();
    for at in 0..whole_index.len() {
        let mut damaged = whole_index.clone();
        damaged[at] ^= 1;
        fs::write(&index, &damaged).unwrap();
        assert_eq!(n_found(&open(folder.path(), SMALL), 5), 5, "the records are walked through");
    }
}

#[test]
fn the_oldest_goes_and_what_is_asked_for_stays() {
    let folder = tempfile::tempdir().unwrap();
    let cache = open(folder.path(), SMALL);
    for n in 0..500 {
        cache.put(&key(n), &bytes(n));
        assert!(cache.get(&key(0)).is_some(), "asked for all the time, at {n}");
        assert!(cache.kept().bytes <= SMALL.bytes, "{:?} at {n}", cache.kept());
    }
    assert!(cache.get(&key(1)).is_none() && cache.get(&key(499)).is_some());
    let on_disk: u64 = listed(folder.path()).iter().map(|(_, n_bytes)| n_bytes).sum();
    assert_eq!(on_disk, cache.kept().bytes);
    drop(cache);
    // A smaller bound holds at once.
    let smaller = open(folder.path(), CacheBounds { bytes: 15_000, ..SMALL });
    assert!(smaller.kept().bytes <= 15_000, "{:?}", smaller.kept());
}

#[test]
fn all_are_asked_for_and_yet_the_cache_stays_small() {
    let folder = tempfile::tempdir().unwrap();
    let cache = open(folder.path(), SMALL);
    for n in 0..300 {
        cache.put(&key(n), &bytes(n));
        n_found(&cache, n + 1);
        assert!(cache.kept().bytes <= SMALL.bytes + SMALL.segment_bytes, "{:?}", cache.kept());
    }
}

/// A disk that is full.
#[derive(Debug)]
struct Full;

#[derive(Debug)]
struct FullFile(Arc<dyn StoredFile>);

impl Storage for Full {
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn StoredFile>> {
        Ok(Arc::new(FullFile(Disk.open(path, how)?)))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Disk.rename(from, to)
    }
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        Disk.remove_file(path)
    }
    fn create_folders(&self, path: &Path) -> io::Result<()> {
        Disk.create_folders(path)
    }
    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        Disk.remove_folder(path)
    }
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        Disk.sync_folder(path)
    }
}

impl StoredFile for FullFile {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0.read_at(offset, buffer)
    }
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        // Half of it, as a full disk does.
        self.0.write_at(offset, &bytes[..bytes.len() / 2])?;
        Err(io::ErrorKind::StorageFull.into())
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }
    fn sync(&self) -> io::Result<()> {
        self.0.sync()
    }
}

#[test]
fn a_full_disk_keeps_nothing_more_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let cache = open(folder.path(), SMALL);
    (0..5).for_each(|n| cache.put(&key(n), &bytes(n)));
    drop(cache);
    let full = Cache::open(Arc::new(Full), folder.path(), SMALL).unwrap();
    (5..200).for_each(|n| full.put(&key(n), &bytes(n)));
    assert_eq!(n_found(&full, 200), 5);
    assert!(listed(folder.path()).len() <= 2, "what cannot be written does not pile up");
    drop(full);
    let cache = open(folder.path(), SMALL);
    cache.put(&key(5), &bytes(5));
    assert_eq!(n_found(&cache, 200), 6);
}
