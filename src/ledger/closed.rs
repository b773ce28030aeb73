//! A ledger that nobody has open, looked at without changing it.

use super::open::{OpenError, begin_epoch};
use super::store::{HEADER_BYTES, open_for_reading};
use super::{ReadError, Reader};
use crate::sys::storage::{Disk, Open, Storage};
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

fn header_of(storage: &dyn Storage, path: &Path) -> io::Result<Vec<u8>> {
    let file = storage.open(path, Open::Read)?;
    let mut header = vec![0; file.len()?.min(HEADER_BYTES) as usize];
    file.read_at(0, &mut header)?;
    Ok(header)
}
