//! The one way by which what lumidex stores reaches a disk.
//!
//! The ledger, the tags file, the text index and whole-file replacement write through a
//! [`Storage`]; programs use [`Disk`], and tests put one below that fails, or that remembers what
//! a power cut would leave. Readers of the text index map its files into memory, past this. Knows
//! nothing of what is stored.

mod backend;
mod compact;
mod disk;
mod divert;

pub use backend::Backend;
pub use compact::{CompactError, compact};
pub use disk::Disk;
pub use divert::Diverting;

use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// For reading; it must be there.
    Read,
    /// For reading and writing; made when there is none, kept as it is when there is one.
    Keep,
    /// For writing; there must be none of the name.
    New,
}

/// A file system, as much of it as is needed to store things. Paths are those of the system.
pub trait Storage: Debug + Send + Sync {
    /// Opens a file. A new one is durable under its name only after [`Storage::sync_folder`].
    ///
    /// # Errors
    /// What the system says; so for everything here.
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn StoredFile>>;

    /// Gives a file another name; what had that name is replaced.
    ///
    /// # Errors
    /// As [`Storage::open`].
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// As [`Storage::open`]; so also of kind [`io::ErrorKind::NotFound`].
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Makes a folder and those above it; it may exist already.
    ///
    /// # Errors
    /// As [`Storage::open`].
    fn create_folders(&self, path: &Path) -> io::Result<()>;

    /// Removes a folder and everything in it.
    ///
    /// # Errors
    /// As [`Storage::remove_file`].
    fn remove_folder(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a folder durable, where the platform has such a thing.
    ///
    /// # Errors
    /// As [`Storage::open`].
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
}

/// An open file, read and written at given places.
#[allow(clippy::len_without_is_empty, reason = "an empty file is nothing special")]
pub trait StoredFile: Debug + Send + Sync {
    /// Its length in bytes.
    ///
    /// # Errors
    /// What the system says; so for everything here.
    fn len(&self) -> io::Result<u64>;

    /// Fills the buffer with what stands at `offset`.
    ///
    /// # Errors
    /// As [`StoredFile::len`], and when the file ends before the buffer is full.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// Writes all of the bytes at `offset`; the file grows when need be.
    ///
    /// # Errors
    /// As [`StoredFile::len`]; then any part of the bytes may have been written.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Cuts the file, or makes it longer with zeros.
    ///
    /// # Errors
    /// As [`StoredFile::len`].
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// Makes everything written durable.
    ///
    /// # Errors
    /// As [`StoredFile::len`]; then nothing is known of what was written since the last time.
    fn sync(&self) -> io::Result<()>;
}
