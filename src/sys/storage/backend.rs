//! A stored file under the redb engine, as it is: what fails, fails.

use super::StoredFile;
use redb::StorageBackend;
use std::io;
use std::sync::Arc;

/// See the module. Takes no lock: who opens the file holds the lock of its folder.
#[derive(Debug)]
pub struct Backend(Arc<dyn StoredFile>);

impl Backend {
    /// Over an open file.
    #[must_use]
    pub fn new(file: Arc<dyn StoredFile>) -> Self {
        Self(file)
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read_at(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write_at(offset, data)
    }
}
