//! Rooted file access: which paths may be named, decided on the components of resolved paths, and the one way to open
//! what was allowed. Refuses to know who asks, and what for.
//!
//! A path is judged by where it leads once symbolic links are resolved. What may be opened is a value of its own,
//! [`Allowed`], which only [`Bounds::check`] makes. It is opened relative to a handle of its root, and no link is
//! followed on the way: what was a folder when it was judged and is a link when it is opened is refused.

mod folder;
mod opening;
#[cfg(test)]
mod tests;

use super::paths;
use super::tree::{Kind, Look};
use lumidex_schema::path::below;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use folder::Folder;

/// Folders by which paths are judged.
#[derive(Clone, Debug)]
pub struct Bounds {
    is_confined: bool,
    roots: Vec<Root>,
}

#[derive(Clone, Debug)]
struct Root {
    /// As it was given.
    lexical: Vec<u8>,
    /// Where it leads.
    real: Arc<Path>,
}

/// How a path lies to the roots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Is a root or lies below one.
    Inside,
    /// A root lies below it, or was given by a path that goes through it.
    Above,
    /// Neither.
    Outside,
}

/// How far what is asked for reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Only what is a root or lies below one.
    Within,
    /// What lies above a root as well.
    WithinOrAbove,
}

/// A path that was allowed. Holds nothing open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The root it lies in, and where in it, both without links; for what lies in none, the whole path.
    root: Option<Arc<Path>>,
    real: PathBuf,
    standing: Standing,
}

impl Bounds {
    /// Of these folders, absolute and lexically normal; with `is_confined` nothing else is allowed.
    #[must_use]
    pub fn new(roots: impl IntoIterator<Item = Vec<u8>>, is_confined: bool) -> Self {
        let root = |path: Vec<u8>| Root { real: resolve(&paths::from_bytes(&path)).into(), lexical: path };
        Self { is_confined, roots: roots.into_iter().map(root).collect() }
    }

    /// Whether only what lies in the roots is allowed.
    #[must_use]
    pub fn is_confined(&self) -> bool {
        self.is_confined
    }

    /// The folders as they were given.
    pub fn roots(&self) -> impl Iterator<Item = &[u8]> {
        self.roots.iter().map(|root| root.lexical.as_slice())
    }

    /// An absolute, lexically normal path, if it may be opened; `None` when it may not.
    #[must_use]
    pub fn check(&self, path: &[u8], reach: Reach) -> Option<Allowed> {
        let real = resolve(&paths::from_bytes(path));
        let root = self.root_of(&real);
        let standing = match root {
            Some(_) => Standing::Inside,
            None if self.is_above(path) || self.roots.iter().any(|root| root.real.starts_with(&real)) => {
                Standing::Above
            }
            None => Standing::Outside,
        };
        let may = !self.is_confined
            || standing == Standing::Inside
            || (standing == Standing::Above && reach == Reach::WithinOrAbove);
        may.then_some(Allowed { root, real, standing })
    }

    /// Whether the lexical path is a root or lies below one, without a look at the disk.
    #[must_use]
    pub fn is_under_root(&self, path: &[u8]) -> bool {
        self.roots.iter().any(|root| below(path, &root.lexical).is_some())
    }

    /// Whether a root was given by a path that goes through this one. A root behind a link has two ways
    /// that lead to it, and people go by the one they gave.
    #[must_use]
    pub fn is_above(&self, path: &[u8]) -> bool {
        self.roots.iter().any(|root| below(&root.lexical, path).is_some())
    }

    /// The innermost, so that a root within another is opened by its own handle.
    fn root_of(&self, real: &Path) -> Option<Arc<Path>> {
        let roots = self.roots.iter().map(|root| &root.real).filter(|root| real.starts_with(root));
        roots.max_by_key(|root| root.as_os_str().len()).cloned()
    }
}

impl Allowed {
    /// How it lies to the roots.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// Opens it for reading if it is a regular file. Never waits for the other end of a pipe.
    ///
    /// # Errors
    /// The system's; of kind [`io::ErrorKind::IsADirectory`] for a folder, and of kind
    /// [`io::ErrorKind::InvalidInput`] for anything else that is no regular file.
    pub fn open(&self) -> io::Result<File> {
        opening::file(self.root.as_deref(), &self.real)
    }

    /// What stands there; `None` when there is nothing, or a link that leads nowhere or was not there before.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub fn look(&self) -> io::Result<Option<Look>> {
        match opening::look(self.root.as_deref(), &self.real) {
            Ok(look) => Ok(Some(look).filter(|look| look.kind != Kind::Link)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens it to be listed.
    ///
    /// # Errors
    /// The system's; of kind [`io::ErrorKind::NotADirectory`] when it is no folder.
    pub fn folder(&self) -> io::Result<Folder> {
        Folder::open(self.root.as_deref(), &self.real)
    }

    /// What has this name in the folder it lies in, unless that folder lies in no root and it does.
    #[must_use]
    pub fn sibling(&self, name: &[u8]) -> Option<Self> {
        let is_name = !name.is_empty() && name != b"." && name != b".." && !name.contains(&b'/');
        let folder = self.real.parent().filter(|_| is_name)?;
        let stays = self.root.as_deref().is_none_or(|root| folder.starts_with(root));
        let (root, standing) = (self.root.clone(), self.standing);
        stays.then(|| Self { root, real: folder.join(paths::from_bytes(name)), standing })
    }

    /// What has this name in the folder that it is.
    pub(super) fn below(&self, name: &OsStr) -> Option<Self> {
        let is_name = name != "." && name != ".." && !name.as_encoded_bytes().contains(&b'/');
        is_name.then(|| Self { real: self.real.join(name), ..self.clone() })
    }

    /// The name it has, links resolved; empty for the top of a file system.
    #[must_use]
    pub fn name(&self) -> Vec<u8> {
        self.real.file_name().map(paths::to_bytes).unwrap_or_default()
    }

    /// Where it is, for words, and for programs of the host that open it by its path. Nothing here is opened by it.
    #[must_use]
    pub fn named(&self) -> &Path {
        &self.real
    }

    /// The folder that it lies in, held open, and its name there; `None` for a root, and for the top of a file system.
    pub(super) fn held(&self) -> io::Result<Option<(OwnedFd, &OsStr)>> {
        let is_root = self.root.as_deref() == Some(self.real.as_path());
        let (Some(folder), Some(name), false) = (self.real.parent(), self.real.file_name(), is_root) else {
            return Ok(None);
        };
        Ok(Some((opening::unix::open(self.root.as_deref(), folder, opening::unix::WAY)?, name)))
    }
}

/// Opens a folder below a root that walks go through, as [`open_below`]; for the root itself `below` is empty.
///
/// # Errors
/// The system's; of kind [`io::ErrorKind::NotADirectory`] when it is no folder.
pub fn folder_below(root: &Path, below: &Path) -> io::Result<OwnedFd> {
    opening::folder_below(root, below)
}

/// Opens a regular file below a root that walks go through: `root` may be, or lie behind, a link, `below` may hold
/// none. As [`Allowed::open`].
///
/// # Errors
/// As [`Allowed::open`].
pub fn open_below(root: &Path, below: &Path) -> io::Result<File> {
    opening::below(root, below)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename
    )
}

/// The path with the symlinks of its existing part resolved; what does not exist is appended.
fn resolve(path: &Path) -> PathBuf {
    let mut rest = Vec::new();
    let mut head = path;
    loop {
        if let Ok(mut real) = head.canonicalize() {
            real.extend(rest.iter().rev());
            return real;
        }
        match (head.parent(), head.file_name()) {
            (Some(parent), Some(name)) => {
                rest.push(name);
                head = parent;
            }
            _ => return path.to_owned(),
        }
    }
}
