//! The way from a root to a folder, as walks take it: the root may be a link or lie behind one, and none is followed
//! from there on, nor in place of what is opened. So a folder that becomes a link while it is walked leads nowhere
//! else. Knows nothing of what files hold.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use lumidex_schema::path::RelPath;
use lumidex_schema::record::{Image, Sighting};

use super::listing::{EntryType, Names, OpenFolder, Stat, stat_open};
use super::walk::WalkedRoot;
use crate::ledger::{ReadError, Reader};
use crate::sys::{PathError, paths, rooted};

/// An open file as it was when it was opened.
pub(super) type OpenedFile = (File, Sighting);

/// A folder of a root. Holds nothing open.
#[derive(Clone, Debug)]
pub(super) struct Way {
    root: Vec<u8>,
    folder: RelPath,
}

impl Way {
    pub(super) fn to(root: &WalkedRoot, folder: &RelPath) -> Self {
        Self::below(&root.path, folder)
    }

    /// Below the folder of this absolute path, which counts as the root.
    pub(super) fn below(root: &[u8], folder: &RelPath) -> Self {
        Self { root: root.to_vec(), folder: folder.clone() }
    }

    /// The folder of an image.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub(super) fn to_image(reader: &Reader, image: &Image) -> Result<Self, ReadError> {
        let Some(folder) = reader.folder(image.folder)? else {
            return Ok(Self::below(b"", &RelPath::root()));
        };
        let root = reader.root(folder.root)?.map(|root| root.path).unwrap_or_default();
        Ok(Self { root, folder: folder.path })
    }

    /// For words, and to tell folders apart. Nothing is opened by it.
    pub(super) fn path(&self) -> PathBuf {
        super::walk::folder_path(&self.root, &self.folder)
    }

    /// The folder itself, held open.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn folder(&self) -> io::Result<OpenFolder> {
        OpenFolder::open_below(&self.root, &self.folder)
    }

    /// What has this name there, without following a link.
    ///
    /// # Errors
    /// The system's; also when there is nothing.
    pub(super) fn look(&self, name: &[u8]) -> io::Result<Stat> {
        let mut names = Names::default();
        names.push(name);
        self.folder()?.stat(&names, 0)
    }

    /// Opens a regular file there; `None` when it is something else. The sighting is that of the open file, so that
    /// a change between looking and opening, or while it is read, is noticed by the next walk.
    ///
    /// # Errors
    /// [`PathError`]; see [`is_link`].
    pub(super) fn open(&self, name: &[u8]) -> Result<Option<OpenedFile>, PathError> {
        let below = paths::from_bytes(self.folder.join(name).as_bytes());
        let root = paths::from_bytes(&self.root);
        opened(rooted::open_below(&root, &below))
            .map_err(|error| PathError::doing("open", &self.path().join(paths::from_bytes(name)))(error))
    }
}

/// The same with a path that the person named who started the program: links on the way are followed.
///
/// # Errors
/// As [`Way::open`].
pub(super) fn open_named(path: &Path) -> Result<Option<OpenedFile>, PathError> {
    let (folder, name) = (path.parent().unwrap_or(Path::new("/")), path.file_name().unwrap_or_default());
    opened(rooted::open_below(folder, Path::new(name))).map_err(PathError::doing("open", path))
}

fn opened(opened: io::Result<File>) -> io::Result<Option<OpenedFile>> {
    let file = match opened {
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::IsADirectory) => {
            return Ok(None);
        }
        opened => opened?,
    };
    let stat = stat_open(&file)?;
    Ok((stat.entry_type == EntryType::File).then_some((file, stat.sighting)))
}

/// Whether there is nothing of that name, or no folder where one would have to be.
pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Whether a link stands in the way, or in place of what was to be opened.
pub(super) fn is_link(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
    }
    #[cfg(not(unix))]
    {
        let _ = error;
        false
    }
}
