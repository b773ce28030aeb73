//! Replacing a file whole: readers see all of what was there before or all of what is there now,
//! also after a power cut.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::files::PathError;
use super::storage::{Disk, Open, Storage};

/// Writes `content` beside `path`, makes it durable, and renames it over `path`.
///
/// # Errors
/// [`PathError`]; then `path` is as it was.
pub fn replace_file(path: &Path, content: &[u8]) -> Result<(), PathError> {
    replace_file_on(&Disk, path, content)
}

/// As [`replace_file`], on this storage.
///
/// # Errors
/// As [`replace_file`]; but when the folder could not be synced, `path` is replaced, and may be as
/// it was after a power cut.
pub fn replace_file_on(storage: &dyn Storage, path: &Path, content: &[u8]) -> Result<(), PathError> {
    put_in_place(storage, path, content)?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    storage.sync_folder(parent).map_err(PathError::doing("sync the folder", parent))
}

/// As [`replace_file_on`], without making the new content durable under the name.
///
/// # Errors
/// [`PathError`]; then `path` is as it was.
pub fn put_in_place(storage: &dyn Storage, path: &Path, content: &[u8]) -> Result<(), PathError> {
    let beside = name_beside(path);
    let written = write_durably(storage, &beside, content)
        .and_then(|()| storage.rename(&beside, path).map_err(PathError::doing("replace", path)));
    if written.is_err() {
        // The first error is the one to report; what is left over has a name nothing reads.
        let _ = storage.remove_file(&beside);
    }
    written
}

fn write_durably(storage: &dyn Storage, path: &Path, content: &[u8]) -> Result<(), PathError> {
    let file = storage.open(path, Open::New).map_err(PathError::doing("create", path))?;
    file.write_at(0, content).and_then(|()| file.sync()).map_err(PathError::doing("write", path))
}

/// A hidden name in the same folder that no other process and no other call uses.
pub(super) fn name_beside(path: &Path) -> PathBuf {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}-{call}.tmp", std::process::id()));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manifest");
        for content in [&b"first"[..], b"", b"third and longer"] {
            replace_file(&path, content).unwrap();
            assert_eq!(fs::read(&path).unwrap(), content);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failure_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let in_the_way = folder.path().join("folder");
        fs::create_dir_all(in_the_way.join("x")).unwrap();
        assert_eq!(replace_file(&in_the_way, b"x").unwrap_err().doing, "replace");
        assert!(in_the_way.join("x").is_dir());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
