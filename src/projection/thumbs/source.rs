//! A file of which a thumbnail is wanted, opened by whoever may.

use super::key::Identity;
use crate::ledger::{ReadError, Reader};
use crate::sys::paths;
use crate::sys::rooted::open_below;
use lumidex_schema::media::MediaKind;
use lumidex_schema::record::Image;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

type Opening = dyn Fn() -> io::Result<File> + Send + Sync;

/// A file of which a thumbnail is wanted.
pub struct Source {
    pub(super) identity: Identity,
    pub(super) media: MediaKind,
    pub(super) open: Box<Opening>,
}

impl Source {
    /// `open` is called at most once for each thumbnail that has to be made, and gives a regular file
    /// that nothing was read of yet. It should not wait (for the other end of a pipe), nor follow a
    /// link that the caller did not judge.
    #[must_use]
    pub fn new(
        identity: Identity,
        media: MediaKind,
        open: impl Fn() -> io::Result<File> + Send + Sync + 'static,
    ) -> Self {
        Self { identity, media, open: Box::new(open) }
    }

    /// The regular file at this absolute path, as bytes; a link in its place is refused when it is opened.
    #[must_use]
    pub fn at(path: &[u8], identity: Identity, media: MediaKind) -> Self {
        let path = paths::from_bytes(path);
        let folder = path.parent().unwrap_or(Path::new("/")).to_owned();
        let name = PathBuf::from(path.file_name().unwrap_or_default());
        Self::new(identity, media, move || open_below(&folder, &name))
    }

    /// The file of an image, on the way that walks go to it: no link is followed below its root.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn of_image(reader: &Reader, image: &Image) -> Result<Self, ReadError> {
        let folder = reader.folder(image.folder)?;
        let root = folder.as_ref().map(|folder| reader.root(folder.root)).transpose()?.flatten();
        let root = paths::from_bytes(&root.map(|root| root.path).unwrap_or_default());
        let below = folder.map(|folder| folder.path.join(&image.name)).unwrap_or_default();
        let below = paths::from_bytes(below.as_bytes());
        let identity = Identity::of_image(image, &reader.path_of(image)?);
        Ok(Self::new(identity, image.media, move || open_below(&root, &below)))
    }
}
