//! The files of an edition: written once with a digest, proved when they are opened, mapped.
//!
//! Trusts nothing on disk until it is proved. Refuses to know what stands in them.

use crate::sys::storage::{Open, Storage, StoredFile};
use lumidex_schema::vectors::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use tantivy::directory::{Directory, MmapDirectory, OwnedBytes};

/// Bytes gathered before they are written.
const BUFFER_BYTES: usize = 1 << 20;

/// A file in the making.
pub(super) struct Writing {
    name: String,
    file: Arc<dyn StoredFile>,
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
    bytes: u64,
}

impl Writing {
    /// There must be none of the name in the folder.
    pub(super) fn begin(storage: &dyn Storage, folder: &Path, name: &str) -> io::Result<Self> {
        let file = storage.open(&folder.join(name), Open::New)?;
        let buffer = Vec::with_capacity(BUFFER_BYTES);
        Ok(Self { name: name.to_owned(), file, hasher: blake3::Hasher::new(), buffer, bytes: 0 })
    }

    pub(super) fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_at(self.bytes, &self.buffer)?;
        self.bytes += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Makes it durable; its name is when the folder is synced.
    pub(super) fn finish(mut self) -> io::Result<File> {
        self.flush()?;
        self.file.sync()?;
        let digest = self.hasher.finalize().to_hex().to_string();
        Ok(File { name: self.name, bytes: self.bytes, digest })
    }
}

/// Writes a whole file.
pub(super) fn write(storage: &dyn Storage, folder: &Path, name: &str, bytes: &[u8]) -> io::Result<File> {
    let mut writing = Writing::begin(storage, folder, name)?;
    writing.put(bytes)?;
    writing.finish()
}

/// Maps a file and proves that it is, byte for byte, what the manifest names.
pub(super) fn map(folder: &Path, file: &File) -> io::Result<OwnedBytes> {
    let maps = MmapDirectory::open(folder).map_err(io::Error::other)?;
    let bytes = maps.open_read(Path::new(&file.name)).map_err(io::Error::other)?.read_bytes()?;
    if bytes.len() as u64 != file.bytes || blake3::hash(&bytes).to_hex().as_str() != file.digest {
        return Err(damaged("a file is not the one the manifest names"));
    }
    Ok(bytes)
}

pub(super) fn damaged(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

pub(super) fn u32_at(bytes: &[u8], nth: usize) -> Option<u32> {
    bytes.get(nth * 4..)?.first_chunk::<4>().map(|bytes| u32::from_le_bytes(*bytes))
}
