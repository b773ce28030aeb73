//! The file systems of this machine.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::look::{self, Links};
use super::{CopyNew, Kind, Listing, Look, Progress, Tree, copying};
use crate::sys::moving::rename_onto_nothing;
use crate::sys::{PathError, paths, space};

/// See [`Tree`].
#[derive(Clone, Copy, Debug, Default)]
pub struct DiskTree;

impl DiskTree {
    /// To be handed on.
    #[must_use]
    pub fn shared() -> Arc<dyn Tree> {
        Arc::new(Self)
    }
}

impl Tree for DiskTree {
    fn look(&self, path: &Path) -> Result<Option<Look>, PathError> {
        look::look(path, Links::AsTheyAre).map_err(PathError::doing("look at", path))
    }

    fn look_through(&self, path: &Path) -> Result<Option<Look>, PathError> {
        look::look(path, Links::Follow).map_err(PathError::doing("look at", path))
    }

    fn list(&self, folder: &Path) -> Result<Listing, PathError> {
        list(folder).map_err(PathError::doing("list", folder))
    }

    fn move_new(&self, from: &Path, to: &Path) -> Result<(), PathError> {
        // The place is what may be taken, full or forbidden; only what is gone is named by where it was.
        rename_onto_nothing(from, to).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => PathError::doing("create", to)(error),
            _ => PathError::doing("move", from)(error),
        })
    }

    fn copy_new(&self, copy: CopyNew<'_>, progress: Progress<'_>) -> Result<(), PathError> {
        copying::copy_new(copy, progress)
    }

    fn copy_link(&self, from: &Path, to: &Path) -> Result<(), PathError> {
        let target = fs::read_link(from).map_err(PathError::doing("read the link", from))?;
        make_link(&target, to).map_err(PathError::doing("create", to))?;
        // A link is as good with another time; only recovery would have to ask a person.
        let _ = keep_time(from, to);
        Ok(())
    }

    fn is_same_content(&self, one: &Path, other: &Path, progress: Progress<'_>) -> Result<bool, PathError> {
        let is_link = |path| self.look(path).map(|look| look.is_some_and(|look| look.kind == Kind::Link));
        if is_link(one)? && is_link(other)? {
            let says = |path: &Path| fs::read_link(path).map_err(PathError::doing("read the link", path));
            return Ok(says(one)? == says(other)?);
        }
        Ok(copying::digest(one, progress)? == copying::digest(other, progress)?)
    }

    fn remove_file(&self, path: &Path) -> Result<(), PathError> {
        fs::remove_file(path).map_err(PathError::doing("remove", path))
    }

    fn make_folder(&self, path: &Path, permissions: Option<u32>) -> Result<(), PathError> {
        fs::create_dir(path).map_err(PathError::doing("create the folder", path))?;
        match permissions {
            Some(bits) => permit(path, bits).map_err(PathError::doing("give permissions to", path)),
            None => Ok(()),
        }
    }

    fn remove_folder(&self, path: &Path) -> Result<(), PathError> {
        fs::remove_dir(path).map_err(PathError::doing("remove the folder", path))
    }

    fn sync_folder(&self, path: &Path) -> Result<(), PathError> {
        sync_folder(path).map_err(PathError::doing("sync the folder", path))
    }

    fn free_bytes(&self, folder: &Path) -> Result<u64, PathError> {
        space::free_bytes(folder)
    }
}

fn list(folder: &Path) -> io::Result<Listing> {
    let mut listing = Listing::default();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let file_type = entry.file_type()?;
        let kind = if file_type.is_file() {
            Kind::File
        } else if file_type.is_dir() {
            Kind::Folder
        } else if file_type.is_symlink() {
            Kind::Link
        } else {
            Kind::Special
        };
        if !listing.push(&paths::to_bytes(entry.file_name()), kind) {
            return Err(io::Error::other("it holds too much"));
        }
    }
    listing.sort();
    Ok(listing)
}

#[cfg(unix)]
fn make_link(target: &Path, to: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, to)
}

#[cfg(not(unix))]
fn make_link(_target: &Path, _to: &Path) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "links are not made on this system"))
}

#[cfg(unix)]
fn keep_time(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::symlink_metadata(from)?;
    let last_access = Timespec { tv_sec: metadata.atime(), tv_nsec: metadata.atime_nsec() as _ };
    let last_modification = Timespec { tv_sec: metadata.mtime(), tv_nsec: metadata.mtime_nsec() as _ };
    let times = Timestamps { last_access, last_modification };
    Ok(utimensat(CWD, to, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}

#[cfg(not(unix))]
fn keep_time(_from: &Path, _to: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn permit(path: &Path, bits: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(bits))
}

#[cfg(not(unix))]
fn permit(_path: &Path, _bits: u32) -> io::Result<()> {
    Ok(())
}

fn sync_folder(path: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    match fs::File::open(path)?.sync_all() {
        // Some network file systems have no such thing.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Ok(())
        }
        synced => synced,
    }
}
