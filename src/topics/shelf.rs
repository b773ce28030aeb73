//! Records that outlive the program, each a JSON file of its own, replaced whole.
//!
//! Bounded: when there are too many, those put away longest ago go. What is kept here can be computed again;
//! a file that cannot be read is left out and said so. Knows nothing of what it keeps.

use crate::sys::files::{create_folders, read_at_most, remove_file};
use crate::sys::storage::Storage;
use crate::sys::{PathError, replace};
use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The largest record that is read back: a million images in topics take a tenth of it.
const RECORD_BYTES_MAX: u64 = 256 << 20;

/// Records of one kind by name. Names are made of ASCII letters, digits and underscores.
pub struct Shelf<T> {
    storage: Arc<dyn Storage>,
    folder: PathBuf,
    max: usize,
    kept: Mutex<Kept<T>>,
}

struct Kept<T> {
    records: HashMap<String, (u64, Arc<T>)>,
    /// Grows with each record put away.
    turn: u64,
}

/// What a file holds.
#[derive(serde::Serialize, serde::Deserialize)]
struct Stored<T> {
    format: u32,
    turn: u64,
    record: T,
}

impl<T: Serialize + DeserializeOwned> Shelf<T> {
    /// What lies in the folder, which is made when there is none. At most `max` records are kept; those of
    /// another format are removed.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(
        storage: Arc<dyn Storage>,
        folder: &Path,
        format: u32,
        max: usize,
    ) -> Result<Self, PathError> {
        create_folders(folder)?;
        let mut records = HashMap::new();
        let entries = std::fs::read_dir(folder).map_err(PathError::doing("list", folder))?;
        for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
            let Some(name) = name_of(&path) else {
                // Left by a program that was killed while it wrote.
                if path.extension().is_some_and(|ending| ending == "tmp") {
                    let _ = remove_file(&path);
                }
                continue;
            };
            match read::<T>(&path) {
                Ok(Some(stored)) if stored.format == format => {
                    records.insert(name, (stored.turn, Arc::new(stored.record)));
                }
                Ok(_) => {
                    tracing::info!(name, "a kept result is of another version and goes");
                    let _ = remove_file(&path);
                }
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "a kept result cannot be read");
                }
            }
        }
        let turn = records.values().map(|(turn, _)| *turn).max().unwrap_or_default();
        Ok(Self { storage, folder: folder.to_owned(), max, kept: Mutex::new(Kept { records, turn }) })
    }

    /// A record.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<T>> {
        self.kept.lock().records.get(name).map(|(_, record)| Arc::clone(record))
    }

    /// Every record with its name, the one put away last first.
    #[must_use]
    pub fn all(&self) -> Vec<(String, Arc<T>)> {
        let kept = self.kept.lock();
        let mut all: Vec<_> = kept.records.iter().collect();
        all.sort_unstable_by_key(|(_, (turn, _))| std::cmp::Reverse(*turn));
        all.into_iter().map(|(name, (_, record))| (name.clone(), Arc::clone(record))).collect()
    }

    /// Keeps a record under a name, in place of the one that had it.
    ///
    /// # Errors
    /// When it cannot be made durable; it is kept in memory all the same.
    pub fn put(&self, name: &str, format: u32, record: T) -> Result<Arc<T>, PathError> {
        debug_assert!(is_name(name), "{name}");
        let record = Arc::new(record);
        let (turn, forgotten) = {
            let mut kept = self.kept.lock();
            kept.turn += 1;
            let turn = kept.turn;
            kept.records.insert(name.to_owned(), (turn, Arc::clone(&record)));
            (turn, kept.forget_beyond(self.max))
        };
        for name in forgotten {
            let _ = self.storage.remove_file(&self.path(&name));
        }
        let stored = Stored { format, turn, record: &*record };
        let bytes = serde_json::to_vec(&stored).unwrap_or_default();
        replace::replace_file_on(&*self.storage, &self.path(name), &bytes)?;
        Ok(record)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name).with_extension("json")
    }
}

impl<T> Kept<T> {
    fn forget_beyond(&mut self, max: usize) -> Vec<String> {
        if self.records.len() <= max {
            return Vec::new();
        }
        let mut turns: Vec<_> = self.records.iter().map(|(name, (turn, _))| (*turn, name.clone())).collect();
        turns.sort_unstable();
        let gone: Vec<String> = turns.drain(..turns.len() - max).map(|(_, name)| name).collect();
        gone.iter().for_each(|name| drop(self.records.remove(name)));
        gone
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn name_of(path: &Path) -> Option<String> {
    let name = path.file_stem()?.to_str()?;
    (path.extension()? == "json" && is_name(name)).then(|| name.to_owned())
}

/// `None` when it is no record.
fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<Stored<T>>, PathError> {
    Ok(serde_json::from_slice(&read_at_most(path, RECORD_BYTES_MAX)?).ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sys::storage::Disk;

    fn open(folder: &Path, max: usize) -> Shelf<String> {
        Shelf::open(Disk::shared(), folder, 1, max).unwrap()
    }

    #[test]
    fn records_outlive_the_program_and_the_oldest_goes() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = open(folder.path(), 2);
        for name in ["a", "b", "a", "c"] {
            shelf.put(name, 1, name.to_uppercase()).unwrap();
        }
        let shelf = open(folder.path(), 2);
        let names: Vec<_> = shelf.all().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["c", "a"]);
        assert_eq!(*shelf.get("a").unwrap(), "A");
        assert!(shelf.get("b").is_none());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_is_damaged_or_of_another_version_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path(), 9).put("good", 1, "x".to_owned()).unwrap();
        std::fs::write(folder.path().join("bad.json"), b"{\"format\": 1, \"tu").unwrap();
        std::fs::write(folder.path().join("new.json"), b"{\"format\": 2, \"turn\": 7, \"record\": \"y\"}")
            .unwrap();
        std::fs::write(folder.path().join(".good.json.1-2.tmp"), b"half").unwrap();
        let names: Vec<_> = open(folder.path(), 9).all().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["good"]);
        assert!(!folder.path().join(".good.json.1-2.tmp").exists());
    }
}
