//! The file systems of this machine, as far as they lie in given folders: whatever is done to a file is done in a folder
//! that was judged and is held open, so that a folder that becomes a link meanwhile leads nowhere else.

use super::{CopyNew, DiskTree, Listing, Look, Progress, Tree};
use crate::sys::PathError;
use crate::sys::paths::to_bytes;
use crate::sys::rooted::{Allowed, Bounds, Reach};
use parking_lot::RwLock;
use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What may be changed at the moment; shared with who decides it. At first everything may.
#[derive(Clone, Debug, Default)]
pub struct Confinement(Arc<RwLock<Option<Arc<Bounds>>>>);

impl Confinement {
    /// From now on only what these bounds allow.
    pub fn set(&self, bounds: Bounds) {
        *self.0.write() = Some(Arc::new(bounds));
    }

    fn bounds(&self) -> Option<Arc<Bounds>> {
        self.0.read().clone().filter(|bounds| bounds.is_confined())
    }
}

/// See [`Tree`]; as [`DiskTree`] where nothing is confined.
#[derive(Clone, Debug, Default)]
pub struct RootedTree {
    confinement: Confinement,
}

/// A name in a folder that is held open, as the system takes it.
struct Held {
    path: PathBuf,
    folder: Option<OwnedFd>,
}

impl RootedTree {
    /// Within this.
    #[must_use]
    pub fn within(confinement: Confinement) -> Self {
        Self { confinement }
    }

    /// The file or link of this path, whose folder is judged and held. A link in its place is not followed.
    fn held(bounds: &Bounds, path: &Path) -> io::Result<Held> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Err(refusal()) };
        let folder = bounds.check(&to_bytes(folder), Reach::Within).ok_or_else(refusal)?;
        let place = folder.below(name).ok_or_else(refusal)?;
        Self::held_as(&place)
    }

    fn held_as(place: &Allowed) -> io::Result<Held> {
        let (folder, name) = place.held()?.ok_or_else(refusal)?;
        Ok(Held::of(folder, name).unwrap_or_else(|| Held { path: place.named().to_owned(), folder: None }))
    }

    /// Does it where everything may be changed, or with the path held.
    fn at<T>(
        &self,
        doing: &'static str,
        path: &Path,
        work: impl FnOnce(&Path) -> Result<T, PathError>,
    ) -> Result<T, PathError> {
        let Some(bounds) = self.confinement.bounds() else { return work(path) };
        let held = Self::held(&bounds, path).map_err(PathError::doing(doing, path))?;
        work(&held.path).map_err(|error| PathError { path: path.to_owned(), ..error })
    }

    /// The same with two.
    fn at_both<T>(
        &self,
        doing: &'static str,
        [from, to]: [&Path; 2],
        work: impl FnOnce([&Path; 2]) -> Result<T, PathError>,
    ) -> Result<T, PathError> {
        let Some(bounds) = self.confinement.bounds() else { return work([from, to]) };
        let held_from = Self::held(&bounds, from).map_err(PathError::doing(doing, from))?;
        let held_to = match to.file_name().and_then(|name| held_from.beside(name)) {
            // By one handle, so that what compares folders by their paths sees one folder.
            Some(beside) if from.parent() == to.parent() => beside,
            _ => Self::held(&bounds, to).map_err(PathError::doing(doing, to))?,
        };
        let named = |error: PathError| {
            let path = if error.path == held_to.path { to } else { from };
            PathError { path: path.to_owned(), ..error }
        };
        work([&held_from.path, &held_to.path]).map_err(named)
    }

    /// What the path leads to, links followed, if that may be looked at.
    fn through(bounds: &Bounds, path: &Path) -> io::Result<Allowed> {
        bounds.check(&to_bytes(path), Reach::Within).ok_or_else(refusal)
    }
}

impl Held {
    /// By the number of the handle, which the system takes for the folder that it is; `None` where it does not.
    fn of(folder: OwnedFd, name: &OsStr) -> Option<Self> {
        if !cfg!(target_os = "linux") {
            return None;
        }
        let way = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd()));
        // Without that file system the path has to do, judged as it is.
        way.symlink_metadata().ok()?;
        Some(Self { path: way.join(name), folder: Some(folder) })
    }

    /// Another name in the same folder.
    fn beside(&self, name: &OsStr) -> Option<Self> {
        let folder = self.folder.as_ref()?.try_clone().ok()?;
        Some(Self { path: self.path.with_file_name(name), folder: Some(folder) })
    }
}

fn refusal() -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, "it lies outside the folders this server may change")
}

impl Tree for RootedTree {
    fn look(&self, path: &Path) -> Result<Option<Look>, PathError> {
        let Some(bounds) = self.confinement.bounds() else { return DiskTree.look(path) };
        match Self::held(&bounds, path) {
            Ok(held) => DiskTree.look(&held.path),
            // It is a root.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Self::through(&bounds, path)
                    .and_then(|place| place.look())
                    .map_err(PathError::doing("look at", path));
            }
            // Its folder is not there.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(None)
            }
            Err(error) => Err(PathError::doing("look at", path)(error)),
        }
        .map_err(|error| PathError { path: path.to_owned(), ..error })
    }

    fn look_through(&self, path: &Path) -> Result<Option<Look>, PathError> {
        let Some(bounds) = self.confinement.bounds() else { return DiskTree.look_through(path) };
        Self::through(&bounds, path).and_then(|place| place.look()).map_err(PathError::doing("look at", path))
    }

    fn list(&self, folder: &Path) -> Result<Listing, PathError> {
        let Some(bounds) = self.confinement.bounds() else { return DiskTree.list(folder) };
        Self::through(&bounds, folder)
            .and_then(|place| listed(&place))
            .map_err(PathError::doing("list", folder))
    }

    fn move_new(&self, from: &Path, to: &Path) -> Result<(), PathError> {
        self.at_both("move", [from, to], |[from, to]| DiskTree.move_new(from, to))
    }

    fn copy_new(&self, copy: CopyNew<'_>, progress: Progress<'_>) -> Result<(), PathError> {
        let Some(bounds) = self.confinement.bounds() else { return DiskTree.copy_new(copy, progress) };
        let CopyNew { from, beside, to, is_through_links } = copy;
        let source = if is_through_links {
            Self::through(&bounds, from).and_then(|place| Self::held_as(&place))
        } else {
            Self::held(&bounds, from)
        };
        let source = source.map_err(PathError::doing("open", from))?;
        self.at_both("create", [beside, to], |[beside, to]| {
            // What a link led to was found before; in its place no other is followed.
            DiskTree.copy_new(CopyNew { from: &source.path, beside, to, is_through_links: false }, progress)
        })
        .map_err(|error| {
            if error.path == beside { PathError { path: from.to_owned(), ..error } } else { error }
        })
    }

    fn copy_link(&self, from: &Path, to: &Path) -> Result<(), PathError> {
        self.at_both("create", [from, to], |[from, to]| DiskTree.copy_link(from, to))
    }

    fn is_same_content(&self, one: &Path, other: &Path, progress: Progress<'_>) -> Result<bool, PathError> {
        self.at_both("compare", [one, other], |[one, other]| DiskTree.is_same_content(one, other, progress))
    }

    fn remove_file(&self, path: &Path) -> Result<(), PathError> {
        self.at("remove", path, |path| DiskTree.remove_file(path))
    }

    fn make_folder(&self, path: &Path, permissions: Option<u32>) -> Result<(), PathError> {
        self.at("create the folder", path, |path| DiskTree.make_folder(path, permissions))
    }

    fn remove_folder(&self, path: &Path) -> Result<(), PathError> {
        self.at("remove the folder", path, |path| DiskTree.remove_folder(path))
    }

    fn sync_folder(&self, path: &Path) -> Result<(), PathError> {
        let Some(bounds) = self.confinement.bounds() else { return DiskTree.sync_folder(path) };
        Self::through(&bounds, path)
            .and_then(|place| place.folder())
            .and_then(|folder| folder.sync())
            .map_err(PathError::doing("sync the folder", path))
    }

    fn free_bytes(&self, folder: &Path) -> Result<u64, PathError> {
        DiskTree.free_bytes(folder)
    }
}

fn listed(place: &Allowed) -> io::Result<Listing> {
    let folder = place.folder()?;
    let mut listing = Listing::default();
    folder.entries(|name, kind| {
        let kind = match kind {
            Some(kind) => kind,
            None => match folder.look(name)? {
                Some(look) => look.kind,
                None => return Ok(()),
            },
        };
        if listing.push(name, kind) { Ok(()) } else { Err(io::Error::other("it holds too much")) }
    })?;
    listing.sort();
    Ok(listing)
}
