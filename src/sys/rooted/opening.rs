//! Opening below a handle without following a link: in one step where the system can, component by component where it
//! cannot. Refuses to judge paths.

use crate::sys::tree::{Kind, Look, look_at_open};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

/// A regular file at a path without links, below the root if there is one.
pub(super) fn file(root: Option<&Path>, real: &Path) -> io::Result<File> {
    regular(unix::open(root, real, unix::READING)?.into())
}

/// A regular file below a root that may be a link itself.
pub(super) fn below(root: &Path, below: &Path) -> io::Result<File> {
    regular(unix::open_below(&unix::root_of(root, unix::Root::MayBeLink)?, below, unix::READING)?.into())
}

/// A folder below such a root.
pub(super) fn folder_below(root: &Path, below: &Path) -> io::Result<OwnedFd> {
    unix::open_below(&unix::root_of(root, unix::Root::MayBeLink)?, below, unix::LISTING)
}

/// What stands at a path without links, a link included.
pub(super) fn look(root: Option<&Path>, real: &Path) -> io::Result<Look> {
    look_at_open(File::from(unix::open(root, real, unix::LOOKING)?))
}

fn regular(file: File) -> io::Result<File> {
    match look_at_open(&file)?.kind {
        Kind::File => Ok(file),
        Kind::Folder => Err(io::ErrorKind::IsADirectory.into()),
        Kind::Link | Kind::Special => {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"))
        }
    }
}

pub(super) mod unix {
    use rustix::fs::{Mode, OFlags, open as open_path, openat};
    use std::io;
    use std::os::fd::{AsFd, OwnedFd};
    use std::path::{Component, Path};

    /// For its content; of a pipe or device nothing is waited for.
    pub(crate) const READING: OFlags = OFlags::RDONLY
        .union(OFlags::NONBLOCK)
        .union(OFlags::NOFOLLOW)
        .union(OFlags::NOCTTY)
        .union(OFlags::CLOEXEC);
    /// For its entries.
    pub(crate) const LISTING: OFlags = READING.union(OFlags::DIRECTORY);
    /// For nothing but what it is.
    #[cfg(target_os = "linux")]
    pub(crate) const LOOKING: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
    /// Elsewhere there is no such thing; what may not be read cannot be looked at.
    #[cfg(not(target_os = "linux"))]
    pub(crate) const LOOKING: OFlags = READING;
    /// A folder that others are opened relative to.
    #[cfg(target_os = "linux")]
    pub(crate) const WAY: OFlags = LOOKING.union(OFlags::DIRECTORY);
    #[cfg(not(target_os = "linux"))]
    pub(crate) const WAY: OFlags = LISTING;

    /// What a root may be.
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Root {
        Real,
        MayBeLink,
    }

    pub(crate) fn root_of(root: &Path, what: Root) -> io::Result<OwnedFd> {
        match what {
            Root::Real => open(None, root, WAY),
            Root::MayBeLink => Ok(open_path(root, WAY.difference(OFlags::NOFOLLOW), Mode::empty())?),
        }
    }

    /// Opens a path that has no link in it: below its root, or from the top.
    pub(crate) fn open(root: Option<&Path>, real: &Path, flags: OFlags) -> io::Result<OwnedFd> {
        match root {
            Some(root) => {
                let below =
                    real.strip_prefix(root).map_err(|_| io::Error::from(io::ErrorKind::PermissionDenied))?;
                open_below(&root_of(root, Root::Real)?, below, flags)
            }
            None => {
                let top = open_path("/", WAY, Mode::empty())?;
                let below =
                    real.strip_prefix("/").map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
                open_below(&top, below, flags)
            }
        }
    }

    /// Opens what lies below a folder, on a way without links.
    pub(crate) fn open_below(folder: &OwnedFd, below: &Path, flags: OFlags) -> io::Result<OwnedFd> {
        if below.as_os_str().is_empty() {
            return Ok(openat(folder, ".", flags, Mode::empty())?);
        }
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{ResolveFlags, openat2};
            use rustix::io::Errno;
            let how = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_SYMLINKS;
            match openat2(folder, below, flags, Mode::empty(), how) {
                // Kernels that do not know it, and sandboxes that forbid what they do not know.
                Err(Errno::NOSYS | Errno::PERM) => {}
                // A rename somewhere while it looked: it cannot tell, and asks to be asked again.
                Err(Errno::AGAIN) => {}
                opened => return Ok(opened?),
            }
        }
        by_components(folder, below, flags)
    }

    /// The same, a folder at a time, each of which may be no link.
    pub(crate) fn by_components(folder: &OwnedFd, below: &Path, flags: OFlags) -> io::Result<OwnedFd> {
        let mut here: Option<OwnedFd> = None;
        let mut components = below.components().peekable();
        while let Some(component) = components.next() {
            let Component::Normal(name) = component else {
                return Err(io::ErrorKind::PermissionDenied.into());
            };
            let at = here.as_ref().map_or_else(|| folder.as_fd(), AsFd::as_fd);
            let flags = if components.peek().is_some() { WAY } else { flags };
            here = Some(openat(at, name, flags, Mode::empty())?);
        }
        here.map_or_else(|| Ok(openat(folder, ".", flags, Mode::empty())?), Ok)
    }
}
