//! File operations whose errors say what was being done and to which path.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// An operation on a file or folder failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} `{}`", path.display())]
pub struct PathError {
    /// Of what.
    pub path: PathBuf,
    /// What was being done, as in `cannot open`.
    pub doing: &'static str,
    /// Why not.
    pub source: io::Error,
}

impl PathError {
    /// To be used with `map_err`: what was being done to which path.
    pub fn doing(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self { path, doing, source }
    }

    /// Whether there is nothing of that name (any more).
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(self.source.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
    }
}

/// Makes a folder and those above it; it may exist already.
///
/// # Errors
/// [`PathError`].
pub fn create_folders(path: &Path) -> Result<(), PathError> {
    fs::create_dir_all(path).map_err(PathError::doing("create the folder", path))
}

/// Opens a file for reading.
///
/// # Errors
/// [`PathError`].
pub fn open(path: &Path) -> Result<File, PathError> {
    File::open(path).map_err(PathError::doing("open", path))
}

/// Removes a file; it may be absent already.
///
/// # Errors
/// [`PathError`].
pub fn remove_file(path: &Path) -> Result<(), PathError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(PathError::doing("remove", path)),
    }
}

/// Removes a folder and everything in it; it may be absent already.
///
/// # Errors
/// [`PathError`].
pub fn remove_folder(path: &Path) -> Result<(), PathError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(PathError::doing("remove the folder", path)),
    }
}

/// The whole content of a file of at most `max_bytes`.
///
/// # Errors
/// [`PathError`], of kind [`io::ErrorKind::FileTooLarge`] when it is longer.
pub fn read_at_most(path: &Path, max_bytes: u64) -> Result<Vec<u8>, PathError> {
    content_at_most(open(path)?, path, max_bytes)
}

/// The same of what is open; `path` is for words.
///
/// # Errors
/// As [`read_at_most`].
pub fn content_at_most(file: impl Read, path: &Path, max_bytes: u64) -> Result<Vec<u8>, PathError> {
    let mut content = Vec::new();
    file.take(max_bytes.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(PathError::doing("read", path))?;
    if content.len() as u64 > max_bytes {
        return Err(PathError {
            path: path.to_owned(),
            doing: "read",
            source: io::Error::new(io::ErrorKind::FileTooLarge, format!("longer than {max_bytes} bytes")),
        });
    }
    Ok(content)
}

/// Makes the entries of a folder durable, where the platform has such a thing.
///
/// # Errors
/// [`PathError`].
pub fn sync_folder(path: &Path) -> Result<(), PathError> {
    if cfg!(unix) {
        open(path)?.sync_all().map_err(PathError::doing("sync the folder", path))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn errors_name_the_path_and_removing_nothing_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let absent = folder.path().join("absent");
        let error = open(&absent).unwrap_err();
        assert_eq!(error.to_string(), format!("cannot open `{}`", absent.display()));
        assert!(error.is_absent());
        remove_file(&absent).unwrap();
        remove_folder(&absent).unwrap();
    }

    #[test]
    fn a_longer_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("five");
        fs::write(&path, b"12345").unwrap();
        assert_eq!(read_at_most(&path, 5).unwrap(), b"12345");
        assert_eq!(read_at_most(&path, 4).unwrap_err().source.kind(), io::ErrorKind::FileTooLarge);
    }
}
