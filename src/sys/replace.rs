//! Replacing a file whole: readers see all of what was there before or all of what is there now,
//! also after a power cut.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::files::{PathError, remove_file, sync_folder};

/// Writes `content` beside `path`, makes it durable, and renames it over `path`.
///
/// # Errors
/// [`PathError`]; then `path` is as it was.
pub fn replace_file(path: &Path, content: &[u8]) -> Result<(), PathError> {
    let beside = name_beside(path);
    let written = write_durably(&beside, content)
        .and_then(|()| fs::rename(&beside, path).map_err(PathError::doing("replace", path)));
    if written.is_err() {
        // The first error is the one to report; what is left over has a name nothing reads.
        let _ = remove_file(&beside);
        return written;
    }
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_folder(parent),
        _ => sync_folder(Path::new(".")),
    }
}

fn write_durably(path: &Path, content: &[u8]) -> Result<(), PathError> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(PathError::doing("create", path))?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(PathError::doing("write", path))
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
