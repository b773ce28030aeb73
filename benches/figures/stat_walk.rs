//! The bare cost of looking at every file: a parallel walk that asks each entry's size and times
//! and does nothing with them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How many files there are below `top`, and how long it took to look at them on all processors.
pub(crate) fn stat_walk(top: &Path) -> (u64, Duration) {
    let started = Instant::now();
    let folders = Mutex::new(vec![top.to_owned()]);
    // Folders found but not finished; the walk is over when there are none.
    let open = AtomicUsize::new(1);
    let files = AtomicU64::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while open.load(Ordering::SeqCst) > 0 {
                    let next = folders.lock().ok().and_then(|mut folders| folders.pop());
                    match next {
                        Some(folder) => {
                            let found = look(&folder, &files);
                            open.fetch_add(found.len(), Ordering::SeqCst);
                            if let Ok(mut folders) = folders.lock() {
                                folders.extend(found);
                            }
                            open.fetch_sub(1, Ordering::SeqCst);
                        }
                        None => std::thread::yield_now(),
                    }
                }
            });
        }
    });
    (files.into_inner(), started.elapsed())
}

/// Looks at every entry of a folder; gives the folders in it.
fn look(folder: &Path, files: &AtomicU64) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => found.push(entry.path()),
            Ok(_) => {
                files.fetch_add(1, Ordering::Relaxed);
            }
            Err(_) => {}
        }
    }
    found
}
