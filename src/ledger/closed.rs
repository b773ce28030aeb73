//! A ledger that nobody has open, looked at without changing it.

use super::open::{OpenError, begin_epoch};
use super::store::{HEADER_BYTES, open_for_reading, reading};
use super::{ReadError, Reader};
use crate::sys::storage::{Disk, Open, Storage, StoredFile};
use std::io;
use std::path::Path;
use std::sync::Arc;

impl Reader {
    /// The ledger as it stands in its file. It is brought up to the format of today, and repaired after a kill, in
    /// memory alone. The caller holds the lock of its folder.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn as_it_stands(path: &Path) -> Result<Self, OpenError> {
        let store = |source: ReadError| OpenError::Store { path: path.display().to_string(), source };
        let storage = &*Disk::shared();
        let header = header_of(storage, path).map_err(|error| store(error.into()))?;
        let generation = open_for_reading(storage, path, header).map_err(store)?;
        generation.with(|db| begin_epoch(db, path))?;
        Self::begin(&Arc::new(generation)).map_err(store)
    }
}

impl Reader {
    /// An empty ledger, in memory.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn of_nothing() -> Result<Self, OpenError> {
        let path = Path::new("nothing");
        let store = |source: ReadError| OpenError::Store { path: path.display().to_string(), source };
        let generation = reading(Arc::new(Nothing), Vec::new()).map_err(store)?;
        generation.with(|db| begin_epoch(db, path))?;
        Self::begin(&Arc::new(generation)).map_err(store)
    }
}

/// A file of no bytes, of which nothing is ever written.
#[derive(Debug)]
struct Nothing;

impl StoredFile for Nothing {
    fn len(&self) -> io::Result<u64> {
        Ok(0)
    }

    fn read_at(&self, _: u64, buffer: &mut [u8]) -> io::Result<()> {
        if buffer.is_empty() { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    fn write_at(&self, _: u64, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

fn header_of(storage: &dyn Storage, path: &Path) -> io::Result<Vec<u8>> {
    let file = storage.open(path, Open::Read)?;
    let mut header = vec![0; file.len()?.min(HEADER_BYTES) as usize];
    file.read_at(0, &mut header)?;
    Ok(header)
}
