//! The way to the files that people own: looking, moving, copying, removing. Nothing here ever
//! overwrites anything. Knows nothing of images, of the ledger, or of why a file is moved.
//!
//! A trait, so that tests can make every single call fail, or be the last one before a power cut.

mod copying;
mod disk;
mod listing;
mod look;
mod rooted;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;
use std::path::Path;

use super::PathError;

pub use disk::DiskTree;
pub use listing::Listing;
pub use look::{Kind, Look};
pub(super) use look::{look_at_open, look_in};
pub use rooted::{Confinement, RootedTree};

/// What is told while bytes are read or written: how many since the last time. Breaking ends the work
/// with an error of kind [`std::io::ErrorKind::Interrupted`].
pub type Progress<'a> = &'a mut dyn FnMut(u64) -> ControlFlow<()>;

/// A file to be copied.
#[derive(Clone, Copy, Debug)]
pub struct CopyNew<'a> {
    /// A regular file, or a link to one if `is_through_links`.
    pub from: &'a Path,
    /// A name in the folder of `to` that nobody else uses, under which the copy is made.
    pub beside: &'a Path,
    /// Its name once it is whole.
    pub to: &'a Path,
    /// Whether `from` may be a symbolic link, whose content is taken.
    pub is_through_links: bool,
}

/// A file system, or several.
///
/// Every error is a [`PathError`]; after one, nothing was changed unless it says otherwise.
pub trait Tree: Send + Sync {
    /// What stands there, without following a symbolic link; `None` when there is nothing.
    ///
    /// # Errors
    /// When it cannot be looked at.
    fn look(&self, path: &Path) -> Result<Option<Look>, PathError>;

    /// As [`Tree::look`], following links; `None` also for one that leads nowhere.
    ///
    /// # Errors
    /// When it cannot be looked at.
    fn look_through(&self, path: &Path) -> Result<Option<Look>, PathError>;

    /// Everything in a folder, by name.
    ///
    /// # Errors
    /// When it cannot be listed to its end.
    fn list(&self, folder: &Path) -> Result<Listing, PathError>;

    /// Gives a file, link or folder another place on the same file system, if nothing stands there.
    ///
    /// # Errors
    /// Of kind [`std::io::ErrorKind::AlreadyExists`] when something stands there, and of kind
    /// [`std::io::ErrorKind::CrossesDevices`] when the place is on another file system.
    fn move_new(&self, from: &Path, to: &Path) -> Result<(), PathError>;

    /// Copies a regular file with its times and permissions. The copy is durable and proven equal
    /// before it gets its name; its folder is not yet synced.
    ///
    /// # Errors
    /// As [`Tree::move_new`]; when something else than a regular file is found; when the file changed
    /// meanwhile. Then nothing is left of the copy.
    fn copy_new(&self, copy: CopyNew<'_>, progress: Progress<'_>) -> Result<(), PathError>;

    /// Makes a symbolic link that says what this one says, with its time of change.
    ///
    /// # Errors
    /// As [`Tree::move_new`].
    fn copy_link(&self, from: &Path, to: &Path) -> Result<(), PathError>;

    /// Whether two regular files are equal byte for byte, or two symbolic links say the same.
    ///
    /// # Errors
    /// When one cannot be read, or is neither file nor link.
    fn is_same_content(&self, one: &Path, other: &Path, progress: Progress<'_>) -> Result<bool, PathError>;

    /// Removes a file or link.
    ///
    /// # Errors
    /// Also when there is none.
    fn remove_file(&self, path: &Path) -> Result<(), PathError>;

    /// Makes one folder, with these permission bits if given, as far as the system has such.
    ///
    /// # Errors
    /// Of kind [`std::io::ErrorKind::AlreadyExists`] when something stands there. When only the
    /// permissions cannot be given, the folder is there.
    fn make_folder(&self, path: &Path, permissions: Option<u32>) -> Result<(), PathError>;

    /// Removes an empty folder.
    ///
    /// # Errors
    /// Of kind [`std::io::ErrorKind::DirectoryNotEmpty`] when it is not.
    fn remove_folder(&self, path: &Path) -> Result<(), PathError>;

    /// Makes the entries of a folder durable, where the file system has such a thing.
    ///
    /// # Errors
    /// When that fails.
    fn sync_folder(&self, path: &Path) -> Result<(), PathError>;

    /// Bytes that may still be written on the file system of this folder.
    ///
    /// # Errors
    /// When it cannot be asked.
    fn free_bytes(&self, folder: &Path) -> Result<u64, PathError>;
}
