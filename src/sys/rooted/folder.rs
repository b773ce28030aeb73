//! A folder held open, so that its entries are those of that folder, wherever its path leads by then.

use super::opening::unix::{LISTING, open};
use crate::sys::tree::{Kind, Look, look_in};
use rustix::fs::{Dir, FileType};
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

/// See [`super::Allowed::folder`].
#[derive(Debug)]
pub struct Folder {
    handle: OwnedFd,
}

impl Folder {
    pub(super) fn open(root: Option<&Path>, real: &Path) -> io::Result<Self> {
        Ok(Self { handle: open(root, real, LISTING)? })
    }

    /// Calls `visit` with each entry but `.` and `..`, in no order, and with what it is where the file system says
    /// so, until it fails.
    ///
    /// # Errors
    /// When it cannot be listed to its end, and what `visit` says.
    pub fn entries<E: From<io::Error>>(
        &self,
        mut visit: impl FnMut(&[u8], Option<Kind>) -> Result<(), E>,
    ) -> Result<(), E> {
        let listed = Dir::read_from(&self.handle).map_err(io::Error::from)?;
        for entry in listed {
            let entry = entry.map_err(io::Error::from)?;
            let name = entry.file_name();
            if name == c"." || name == c".." {
                continue;
            }
            let kind = match entry.file_type() {
                FileType::RegularFile => Some(Kind::File),
                FileType::Directory => Some(Kind::Folder),
                FileType::Symlink => Some(Kind::Link),
                FileType::Unknown => None,
                _ => Some(Kind::Special),
            };
            visit(name.to_bytes(), kind)?;
        }
        Ok(())
    }

    /// What this name stands for, without following a link; `None` when it is gone.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub fn look(&self, name: &[u8]) -> io::Result<Option<Look>> {
        match look_in(&self.handle, name) {
            Ok(look) => Ok(Some(look)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes its entries durable, where the file system has such a thing.
    ///
    /// # Errors
    /// When that fails.
    pub fn sync(&self) -> io::Result<()> {
        match rustix::fs::fsync(&self.handle) {
            Ok(()) | Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOTSUP | rustix::io::Errno::NOSYS) => {
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}
