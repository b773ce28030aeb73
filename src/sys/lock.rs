//! The lock on a data folder: one process at a time, and the others learn who it is.
//!
//! The lock is the operating system's, on an open file, so it ends with its process whatever
//! happens. What stands in the file only *names* the holder; content left by a process that died
//! means nothing.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::files::{PathError, create_folders, read_at_most};
use crate::limits::LOCK_FILE_BYTES_MAX;
use lumidex_schema::layout;

/// Who has a data folder open, as written in its lock file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// Where it serves HTTP, as `host:port`, once it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Admits tools of the same user on this machine; the file can be read by its owner only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// When it took the lock, in seconds since 1970 UTC.
    pub started: u64,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "process {}", self.pid)?;
        match &self.address {
            Some(address) => write!(f, ", which serves `{address}`"),
            None => Ok(()),
        }
    }
}

/// Why a data folder could not be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("the data folder `{}` is in use by {}", folder.display(), holder.as_ref().map_or("another process".to_owned(), ToString::to_string))]
    Held {
        /// The data folder.
        folder: PathBuf,
        /// Who, if its lock file says so.
        holder: Option<Holder>,
    },
    /// The lock file cannot be made, locked or written.
    #[error(transparent)]
    File(#[from] PathError),
}

/// The lock on a data folder, held until dropped.
#[derive(Debug)]
pub struct DirLock {
    file: File,
    path: PathBuf,
    holder: Holder,
}

impl DirLock {
    /// Locks `folder` for this process, making the folder if need be.
    ///
    /// # Errors
    /// [`LockError::Held`] when another process has it; [`LockError::File`] otherwise.
    pub fn take(folder: &Path) -> Result<Self, LockError> {
        create_folders(folder)?;
        let path = folder.join(layout::LOCK);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(PathError::doing("open the lock file", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                // Who only looks does not say who it is; what stands there is of somebody before.
                let is_looked_at = file.try_lock_shared().is_ok();
                let holder = if is_looked_at { None } else { read_holder(&path) };
                return Err(LockError::Held { folder: folder.to_owned(), holder });
            }
            Err(TryLockError::Error(error)) => return Err(PathError::doing("lock", &path)(error).into()),
        }
        let started = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let holder = Holder { pid: std::process::id(), started, ..Holder::default() };
        let mut lock = Self { file, path, holder };
        lock.write_holder()?;
        Ok(lock)
    }

    /// Says where this process can be asked over HTTP, and with which token. A file that came here
    /// readable by others is closed to them first.
    ///
    /// # Errors
    /// [`PathError`] when the file cannot be written, or cannot be kept from others; the lock is
    /// still held.
    pub fn announce(&mut self, address: &str, token: Option<&str>) -> Result<(), PathError> {
        #[cfg(unix)]
        if token.is_some() {
            let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            self.file.set_permissions(private).map_err(PathError::doing("keep from others", &self.path))?;
        }
        self.holder.address = Some(address.to_owned());
        self.holder.token = token.map(str::to_owned);
        self.write_holder()
    }

    /// What the lock file says of this process.
    #[must_use]
    pub fn holder(&self) -> &Holder {
        &self.holder
    }

    // In place: replacing the file would leave the lock on one that nobody finds.
    fn write_holder(&mut self) -> Result<(), PathError> {
        let text = serde_json::to_vec(&self.holder).expect("numbers and texts can always be written");
        self.file
            .seek(SeekFrom::Start(0))
            .and_then(|_| self.file.write_all(&text))
            .and_then(|()| self.file.set_len(text.len() as u64))
            .map_err(PathError::doing("write the lock file", &self.path))
    }
}

/// A hold on a data folder by somebody who changes nothing there. Others may hold it so too; while one does, nobody
/// takes the lock. Nothing is written for it, not even the lock file: a folder without one was never opened.
#[derive(Debug)]
pub struct LookLock {
    _file: Option<File>,
}

impl LookLock {
    /// Holds `folder` for looking at it.
    ///
    /// # Errors
    /// [`LockError::Held`] when a process has it that may change it; [`LockError::File`] otherwise.
    pub fn take(folder: &Path) -> Result<Self, LockError> {
        let path = folder.join(layout::LOCK);
        let file = match File::open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self { _file: None }),
            opened => opened.map_err(PathError::doing("open the lock file", &path))?,
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(Self { _file: Some(file) }),
            Err(TryLockError::WouldBlock) => {
                Err(LockError::Held { folder: folder.to_owned(), holder: read_holder(&path) })
            }
            Err(TryLockError::Error(error)) => Err(PathError::doing("lock", &path)(error).into()),
        }
    }
}

/// Who has `folder` open at this moment; `Ok(None)` when nobody has. When somebody has whose file
/// cannot be read, the holder's process id is 0.
///
/// # Errors
/// [`PathError`] when there is a lock file that cannot be opened or tried.
pub fn holder_of(folder: &Path) -> Result<Option<Holder>, PathError> {
    let path = folder.join(layout::LOCK);
    let file = match File::open(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(PathError::doing("open the lock file", &path))?,
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => Ok(Some(read_holder(&path).unwrap_or_default())),
        Err(TryLockError::Error(error)) => Err(PathError::doing("lock", &path)(error)),
    }
}

/// What the lock file says; `None` when it cannot be read, for instance while it is written.
fn read_holder(path: &Path) -> Option<Holder> {
    serde_json::from_slice(&read_at_most(path, LOCK_FILE_BYTES_MAX).ok()?).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_second_holder_is_refused_and_told_who_the_first_is() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let mut lock = DirLock::take(&data).unwrap();
        lock.announce("127.0.0.1:8000", Some("secret")).unwrap();
        let refused = DirLock::take(&data).unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!(
                "the data folder `{}` is in use by process {}, which serves `127.0.0.1:8000`",
                data.display(),
                std::process::id()
            )
        );
        assert_eq!(holder_of(&data).unwrap().as_ref(), Some(lock.holder()));
        drop(lock);
        assert_eq!(holder_of(&data).unwrap(), None);
        DirLock::take(&data).unwrap();
    }

    #[test]
    fn who_looks_leaves_no_trace_and_keeps_out_who_would_change_something() {
        let folder = tempfile::tempdir().unwrap();
        drop(LookLock::take(folder.path()).unwrap());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let lock = DirLock::take(folder.path()).unwrap();
        assert!(matches!(LookLock::take(folder.path()), Err(LockError::Held { holder: Some(_), .. })));
        drop(lock);
        let (one, other) = (LookLock::take(folder.path()).unwrap(), LookLock::take(folder.path()).unwrap());
        drop(other);
        assert!(matches!(DirLock::take(folder.path()), Err(LockError::Held { holder: None, .. })));
        drop(one);
        DirLock::take(folder.path()).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_token_is_kept_from_others_also_in_a_file_that_was_open_to_them() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(layout::LOCK);
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let mut lock = DirLock::take(folder.path()).unwrap();
        lock.announce("127.0.0.1:8000", Some("secret")).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_a_dead_process_left_is_harmless() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(holder_of(folder.path()).unwrap(), None);
        for left in
            [&b"{\"pid\":1,\"started\":5,\"address\":\"x:1\"}"[..], b"", b"\xff not json", &[b'x'; 9000]]
        {
            std::fs::write(folder.path().join(layout::LOCK), left).unwrap();
            assert_eq!(holder_of(folder.path()).unwrap(), None);
            let lock = DirLock::take(folder.path()).unwrap();
            assert_eq!(lock.holder().pid, std::process::id());
            assert_eq!(holder_of(folder.path()).unwrap().as_ref(), Some(lock.holder()));
        }
    }
}
