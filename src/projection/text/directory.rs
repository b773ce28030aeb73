//! The directory of the text index: read through memory maps, written through the storage.

use super::arena;
use crate::sys::replace;
use crate::sys::storage::{Open, Storage, StoredFile};
use std::fmt::{self, Debug};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tantivy::directory::error::{DeleteError, LockError, OpenDirectoryError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    AntiCallToken, Directory, DirectoryLock, FileHandle, Lock, MmapDirectory, TerminatingWrite,
    WatchCallback, WatchHandle, WritePtr,
};

/// See the module. Clones share it.
#[derive(Clone)]
pub(super) struct StoredDirectory {
    maps: MmapDirectory,
    storage: Arc<dyn Storage>,
    path: PathBuf,
}

impl StoredDirectory {
    /// Over a folder that is there.
    pub(super) fn open(storage: &Arc<dyn Storage>, path: &Path) -> Result<Self, OpenDirectoryError> {
        Ok(Self { maps: MmapDirectory::open(path)?, storage: Arc::clone(storage), path: path.to_owned() })
    }

    /// Removes an arena.
    pub(super) fn remove_arena(&self, name: &str) -> io::Result<()> {
        debug_assert!(name.starts_with(arena::PREFIX));
        self.storage.remove_file(&self.path.join(name))
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

    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        self.maps.acquire_lock(lock)
    }

    fn watch(&self, callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        self.maps.watch(callback)
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        self.storage.remove_file(&self.path.join(path)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => DeleteError::FileDoesNotExist(path.to_owned()),
            _ => DeleteError::IoError { io_error: Arc::new(error), filepath: path.to_owned() },
        })
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        let opened = self.storage.open(&self.path.join(path), Open::New);
        let file = opened.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => OpenWriteError::FileAlreadyExists(path.to_owned()),
            _ => OpenWriteError::IoError { io_error: Arc::new(error), filepath: path.to_owned() },
        })?;
        Ok(BufWriter::new(Box::new(Appending { file, len: 0 })))
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        replace::put_in_place(&*self.storage, &self.path.join(path), data).map_err(|error| error.source)
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.storage.sync_folder(&self.path)
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
