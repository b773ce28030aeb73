//! Archives that were packed to stay on the server: where they lie, under which names, how long.
//! Bounded in number, bytes and age, so that nothing is left for ever. Refuses to know how they are
//! made.

use super::limits::{KEPT_AGE_MAX, KEPT_BYTES_MAX, KEPT_MAX};
use crate::sys::beside::{Beside, remove_leftovers};
use crate::sys::files::{PathError, create_folders, remove_file};
use jiff::Zoned;
use parking_lot::Mutex;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// As the original server names them, with the local time between these.
const NAME: [&str; 2] = ["iib_batch_download_", ".zip"];

/// The folder of archives.
#[derive(Debug)]
pub(crate) struct Kept {
    folder: PathBuf,
    /// The second of the last name given, and how many were given in it.
    last: Mutex<(String, u32)>,
}

/// One that lies there.
#[derive(Debug)]
struct Archive {
    modified: SystemTime,
    path: PathBuf,
    bytes: u64,
}

impl Kept {
    /// In this folder, which may be absent.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, last: Mutex::default() }
    }

    /// What an archive of now is called. No name is given twice, however short the while or often the
    /// clock is put back.
    pub(crate) fn name(&self) -> String {
        let now = Zoned::now().strftime("%Y-%m-%d-%H-%M-%S").to_string();
        let mut last = self.last.lock();
        if now > last.0 {
            *last = (now, 0);
        }
        loop {
            last.1 += 1;
            let [before, after] = NAME;
            let (second, nth) = &*last;
            let name = match nth {
                1 => format!("{before}{second}{after}"),
                nth => format!("{before}{second}-{nth}{after}"),
            };
            if !self.folder.join(&name).exists() {
                return name;
            }
        }
    }

    /// Makes an archive there, whole or not at all, after there is room for it.
    ///
    /// # Errors
    /// What `write` says, or [`PathError`] when the folder cannot be written.
    pub(crate) fn keep<E: From<PathError>>(
        &self,
        bytes: u64,
        write: impl FnOnce(File) -> Result<(), E>,
    ) -> Result<(), E> {
        create_folders(&self.folder)?;
        self.make_room(1, bytes, SystemTime::now())?;
        let path = self.folder.join(self.name());
        let beside = Beside::of(&path);
        let file = File::options().write(true).create_new(true).open(beside.path());
        write(file.map_err(PathError::doing("create", beside.path()))?)?;
        Ok(beside.place()?)
    }

    /// Removes what is too old, and what interrupted work left. For when nobody works there.
    ///
    /// # Errors
    /// [`PathError`] when the folder cannot be listed or something not removed.
    pub(crate) fn begin(&self) -> Result<(), PathError> {
        remove_leftovers(&self.folder, is_ours)?;
        self.tidy()
    }

    /// Removes what is too old or too much.
    ///
    /// # Errors
    /// As [`Kept::begin`].
    pub(crate) fn tidy(&self) -> Result<(), PathError> {
        self.make_room(0, 0, SystemTime::now())
    }

    /// Removes the oldest until so many of so many bytes more are within bounds.
    fn make_room(&self, n: usize, bytes: u64, now: SystemTime) -> Result<(), PathError> {
        let mut kept = archives(&self.folder)?;
        kept.sort_by(|a, b| (b.modified, &b.path).cmp(&(a.modified, &a.path)));
        let (mut n, mut bytes) = (n, bytes);
        for archive in kept {
            n += 1;
            bytes = bytes.saturating_add(archive.bytes);
            // One that is said to come is as old as one can be: the clock was put back.
            let age = now.duration_since(archive.modified).unwrap_or(Duration::ZERO);
            if n > KEPT_MAX || bytes > KEPT_BYTES_MAX || age > KEPT_AGE_MAX {
                remove_file(&archive.path)?;
            }
        }
        Ok(())
    }
}

fn is_ours(name: &str) -> bool {
    let [before, after] = NAME;
    name.starts_with(before) && name.ends_with(after)
}

fn archives(folder: &Path) -> Result<Vec<Archive>, PathError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed.map_err(PathError::doing("list", folder))?,
    };
    let mut kept = Vec::new();
    for entry in entries {
        let entry = entry.map_err(PathError::doing("list", folder))?;
        // Whatever else lies there is not ours; what is gone need not be removed.
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_file() && entry.file_name().to_str().is_some_and(is_ours) {
            let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            kept.push(Archive { modified, path: entry.path(), bytes: metadata.len() });
        }
    }
    Ok(kept)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::io::Write as _;

    fn put(kept: &Kept, content: &[u8]) {
        kept.keep(content.len() as u64, |mut file| {
            file.write_all(content).map_err(PathError::doing("write", Path::new("archive")))
        })
        .unwrap();
    }

    fn n(kept: &Kept) -> usize {
        fs::read_dir(&kept.folder).unwrap().count()
    }

    #[test]
    fn no_name_is_given_twice() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::new(folder.path().join("zip_temp"));
        let names: Vec<String> = (0..5_000).map(|_| kept.name()).collect();
        assert!(names.iter().all(|name| is_ours(name) && name.len() >= 42), "{:?}", names.last());
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), 5_000);
        // Another process gave this one.
        fs::create_dir(&kept.folder).unwrap();
        let second = kept.last.lock().0.clone();
        let given = format!("{}{second}-{}{}", NAME[0], kept.last.lock().1 + 1, NAME[1]);
        fs::write(kept.folder.join(&given), "").unwrap();
        assert_ne!(kept.name(), given);
    }

    #[test]
    fn the_number_of_archives_is_bounded_and_the_oldest_go() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::new(folder.path().join("zip_temp"));
        for nth in 0..KEPT_MAX + 3 {
            put(&kept, nth.to_string().as_bytes());
            let day = SystemTime::now() - Duration::from_secs(1_000 - nth as u64);
            for archive in archives(&kept.folder).unwrap() {
                if fs::read(&archive.path).unwrap() == nth.to_string().as_bytes() {
                    File::options().write(true).open(&archive.path).unwrap().set_modified(day).unwrap();
                }
            }
        }
        assert_eq!(n(&kept), KEPT_MAX);
        let contents = archives(&kept.folder).unwrap();
        assert!(contents.iter().all(|archive| fs::read(&archive.path).unwrap() != b"0"));
    }

    #[test]
    fn old_archives_and_what_was_interrupted_are_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::new(folder.path().join("zip_temp"));
        kept.begin().unwrap();
        put(&kept, b"new");
        put(&kept, b"old");
        for archive in archives(&kept.folder).unwrap() {
            if fs::read(&archive.path).unwrap() == b"old" {
                let then = SystemTime::now() - KEPT_AGE_MAX - Duration::from_secs(1);
                File::options().write(true).open(&archive.path).unwrap().set_modified(then).unwrap();
            }
        }
        fs::write(kept.folder.join("letter.zip"), "a person put it there").unwrap();
        fs::write(Beside::of(&kept.folder.join(kept.name())).path(), "half").unwrap();
        kept.begin().unwrap();
        assert_eq!(n(&kept), 2, "the new one and the letter");
    }

    #[test]
    fn what_could_not_be_written_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::new(folder.path().join("zip_temp"));
        let failed = kept.keep(4, |mut file| {
            file.write_all(b"half").map_err(PathError::doing("write", Path::new("archive")))?;
            Err(PathError::doing("write", Path::new("archive"))(std::io::ErrorKind::StorageFull.into()))
        });
        assert!(failed.is_err());
        assert_eq!(n(&kept), 0);
    }
}
