//! A file of which a thumbnail is wanted, opened by whoever may.

use super::key::Identity;
use crate::sys::paths;
use lumidex_schema::media::MediaKind;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

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
        Self::new(identity, media, move || open_regular(&path))
    }
}

fn open_regular(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::NOCTTY | OFlags::CLOEXEC;
        let flags = i32::try_from(flags.bits()).unwrap_or_default();
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags);
    }
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "no regular file"));
    }
    Ok(file)
}
