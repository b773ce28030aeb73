//! The directory of the text index: read through memory maps, written through the storage.
//!
//! Each store has one of its own, and shuts it when it is given up: threads of tantivy that outlive
//! their writer then change nothing that its successor relies on. Other processes are none of its
//! concern; the data folder's lock keeps them out.

use super::arena;
use crate::sys::replace;
use crate::sys::storage::{Open, Storage, StoredFile};
use parking_lot::RwLock;
use std::fmt::{self, Debug};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tantivy::directory::error::{DeleteError, LockError, OpenDirectoryError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    AntiCallToken, Directory, DirectoryLock, FileHandle, INDEX_WRITER_LOCK, Lock, MmapDirectory,
    TerminatingWrite, WatchCallback, WatchHandle, WritePtr,
};

/// See the module. Clones share it.
#[derive(Clone)]
pub(super) struct StoredDirectory {
    maps: MmapDirectory,
    storage: Arc<dyn Storage>,
    path: PathBuf,
    /// Whether it is shut. Held for reading while something is changed.
    is_shut: Arc<RwLock<bool>>,
    has_writer: Arc<AtomicBool>,
}

impl StoredDirectory {
    /// Over a folder that is there.
    pub(super) fn open(storage: &Arc<dyn Storage>, path: &Path) -> Result<Self, OpenDirectoryError> {
        Ok(Self {
            maps: MmapDirectory::open(path)?,
            storage: Arc::clone(storage),
            path: path.to_owned(),
            is_shut: Arc::default(),
            has_writer: Arc::default(),
        })
    }

    /// Waits for the change that is being made; later ones are refused. Reading goes on.
    pub(super) fn shut(&self) {
        *self.is_shut.write() = true;
    }

    /// Makes one change, unless shut. Not to be used within another.
    fn change<T>(&self, make: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let is_shut = self.is_shut.read();
        if *is_shut {
            return Err(io::Error::other("the text index was given up by its owner"));
        }
        make()
    }

    /// Removes an arena.
    pub(super) fn remove_arena(&self, name: &str) -> io::Result<()> {
        debug_assert!(name.starts_with(arena::PREFIX));
        self.change(|| self.storage.remove_file(&self.path.join(name)))
    }
}

impl Debug for StoredDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredDirectory({})", self.path.display())
    }
}

impl Directory for StoredDirectory {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        self.maps.get_file_handle(path)
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        self.maps.exists(path)
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        self.maps.atomic_read(path)
    }

    /// The writer's lock is a flag, not a locked file as in tantivy: such a lock outlives its owner
    /// for as long as a process that is just being started has the file open too.
    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        if lock.filepath != INDEX_WRITER_LOCK.filepath {
            if *self.is_shut.read() {
                // Who changes nothing needs none, and must not leave a file for it.
                return Ok(DirectoryLock::from(Box::new(())));
            }
            return self.maps.acquire_lock(lock);
        }
        if self.has_writer.swap(true, Ordering::AcqRel) {
            return Err(LockError::LockBusy);
        }
        Ok(DirectoryLock::from(Box::new(WriterLock(Arc::clone(&self.has_writer)))))
    }

    fn watch(&self, callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        self.maps.watch(callback)
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        let removed = self.change(|| self.storage.remove_file(&self.path.join(path)));
        removed.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => DeleteError::FileDoesNotExist(path.to_owned()),
            _ => DeleteError::IoError { io_error: Arc::new(error), filepath: path.to_owned() },
        })
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        let opened = self.change(|| self.storage.open(&self.path.join(path), Open::New));
        let file = opened.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => OpenWriteError::FileAlreadyExists(path.to_owned()),
            _ => OpenWriteError::IoError { io_error: Arc::new(error), filepath: path.to_owned() },
        })?;
        Ok(BufWriter::new(Box::new(Appending { file, len: 0 })))
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        let put = || replace::put_in_place(&*self.storage, &self.path.join(path), data);
        self.change(|| put().map_err(|error| error.source))
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.change(|| self.storage.sync_folder(&self.path))
    }
}

/// Held by a writer.
struct WriterLock(Arc<AtomicBool>);

impl Drop for WriterLock {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// A new file, written from its beginning to its end.
struct Appending {
    file: Arc<dyn StoredFile>,
    len: u64,
}

impl Write for Appending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_at(self.len, bytes)?;
        self.len += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TerminatingWrite for Appending {
    fn terminate_ref(&mut self, _: AntiCallToken) -> io::Result<()> {
        self.file.sync()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::sys::storage::Disk;

    #[test]
    fn one_writer_at_a_time_and_no_file_keeps_the_next_from_beginning() {
        let dir = tempfile::tempdir().unwrap();
        let directory = StoredDirectory::open(&Disk::shared(), dir.path()).unwrap();
        // As a process has it that is just being started.
        let file = std::fs::File::create(dir.path().join(&INDEX_WRITER_LOCK.filepath)).unwrap();
        file.try_lock().unwrap();
        let lock = directory.acquire_lock(&INDEX_WRITER_LOCK).unwrap();
        assert!(matches!(directory.clone().acquire_lock(&INDEX_WRITER_LOCK), Err(LockError::LockBusy)));
        drop(lock);
        assert!(directory.acquire_lock(&INDEX_WRITER_LOCK).is_ok());
    }

    #[test]
    fn who_outlives_its_store_reads_and_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let owner = StoredDirectory::open(&Disk::shared(), dir.path()).unwrap();
        let straggler = owner.clone();
        let (meta, late) = (Path::new("meta.json"), Path::new("late"));
        straggler.atomic_write(meta, b"kept").unwrap();
        owner.shut();
        assert!(straggler.atomic_write(meta, b"stale").is_err());
        assert!(straggler.delete(meta).is_err());
        assert!(straggler.open_write(late).is_err());
        assert_eq!(straggler.atomic_read(meta).unwrap(), b"kept");
        assert!(!straggler.exists(late).unwrap());
        // Its successor is another.
        let next = StoredDirectory::open(&Disk::shared(), dir.path()).unwrap();
        next.atomic_write(meta, b"new").unwrap();
    }
}
