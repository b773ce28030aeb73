//! A hundred thousand thumbnails in the cache, and as many in a file for each.

use lumidex::projection::thumbs::{Cache, CacheBounds, Frame, Identity, Key, Source, Thumbs};
use lumidex::sys::storage::Disk;
use lumidex_schema::id::Timestamp;
use lumidex_schema::media::MediaKind;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

const ENTRIES: u64 = 100_000;
const ASKED: usize = 20_000;
const BYTES: usize = 12_000;

fn key(n: u64) -> Key {
    let identity = Identity::of_file(b"bench", n, Timestamp(0));
    Thumbs::key_of(&Source::new(identity, MediaKind::Image, || unreachable!()), Frame::COMMON)
}

fn path_of(folder: &Path, key: &Key) -> PathBuf {
    let name = key.to_string();
    folder.join(&name[..2]).join(name)
}

/// Bytes of blocks of a folder and all in it.
fn disk(folder: &Path) -> u64 {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            metadata.blocks() * 512 + if metadata.is_dir() { disk(&entry.path()) } else { 0 }
        })
        .sum()
}

fn micros(time: Duration, n: usize) -> f64 {
    time.as_secs_f64() * 1e6 / n as f64
}

/// Median and 99th of a hundred, of `ask` on random keys, in microseconds.
fn asked(mut ask: impl FnMut(&Key)) -> (f64, f64) {
    let mut rng = fastrand::Rng::with_seed(1);
    let mut times: Vec<_> = (0..ASKED)
        .map(|_| {
            let key = key(rng.u64(..ENTRIES));
            let start = Instant::now();
            ask(&key);
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    (micros(times[ASKED / 2], 1), micros(times[ASKED * 99 / 100], 1))
}

pub(crate) fn compare(folder: &Path) {
    let mut rng = fastrand::Rng::with_seed(2);
    let content: Vec<u8> = std::iter::repeat_with(|| rng.u8(..)).take(BYTES).collect();
    let (packed, plain) = (folder.join("packed"), folder.join("plain"));
    let bounds = CacheBounds { bytes: 4 << 30, segment_bytes: 32 << 20 };
    println!(
        "\n| {ENTRIES} thumbnails of {BYTES} bytes | put us | open ms | get us p50 | get us p99 | disk MiB |"
    );
    println!("|---|---|---|---|---|---|");

    let cache = Cache::open(Arc::new(Disk), &packed, bounds).unwrap();
    let start = Instant::now();
    (0..ENTRIES).for_each(|n| cache.put(&key(n), &content));
    let put = micros(start.elapsed(), ENTRIES as usize);
    drop(cache);
    let start = Instant::now();
    let cache = Cache::open(Arc::new(Disk), &packed, bounds).unwrap();
    let opened = start.elapsed().as_secs_f64() * 1e3;
    assert_eq!(cache.kept().entries, ENTRIES as usize);
    let (p50, p99) = asked(|key| assert_eq!(cache.get(key).unwrap().len(), BYTES));
    println!("| packed | {put:.1} | {opened:.1} | {p50:.1} | {p99:.1} | {} |", disk(&packed) >> 20);

    let start = Instant::now();
    for n in 0..ENTRIES {
        let path = path_of(&plain, &key(n));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &content).unwrap();
    }
    let put = micros(start.elapsed(), ENTRIES as usize);
    // What a bound on bytes needs to know at the start.
    let start = Instant::now();
    let n_disk = disk(&plain);
    let opened = start.elapsed().as_secs_f64() * 1e3;
    let (p50, p99) = asked(|key| assert_eq!(fs::read(path_of(&plain, key)).unwrap().len(), BYTES));
    println!("| a file for each | {put:.1} | {opened:.1} | {p50:.1} | {p99:.1} | {} |", n_disk >> 20);
}
