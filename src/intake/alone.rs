//! One file read by itself, outside any walk: what `inspect` shows, and what clients see of files
//! that no root holds.

use super::beside::{LOG_NAME, sidecar_names, stem};
use super::readers::{self, MediaFile};
use super::way::{self, OpenedFile, Way};
use crate::metadata::limits::LOG_BYTES_MAX;
use crate::metadata::{self, Beside, Reading, Workflow};
use crate::sys::rooted::Allowed;
use crate::sys::{PathError, paths};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// An open file with the texts beside it.
#[derive(Debug)]
pub struct Alone {
    file: MediaFile,
    name: Vec<u8>,
    /// Names and contents, in the order in which they are believed.
    beside: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Alone {
    /// Opens a regular file, without waiting for the other end of a pipe and without following a
    /// link.
    ///
    /// # Errors
    /// When it is something else, or cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::of(way::open_named(path), paths::to_bytes(path.file_name().unwrap_or_default()))
    }

    /// The same with a file of a root.
    ///
    /// # Errors
    /// As [`Alone::open`].
    pub(super) fn on(way: &Way, name: &[u8]) -> io::Result<Self> {
        Self::of(way.open(name), name.to_vec())
    }

    fn of(opened: Result<Option<OpenedFile>, PathError>, name: Vec<u8>) -> io::Result<Self> {
        let opened = opened.map_err(|error| error.source)?;
        let (file, sighting) =
            opened.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"))?;
        Ok(Self { file: MediaFile::new(file, sighting.size), name, beside: Vec::new() })
    }

    /// The same with a file that a client may see.
    ///
    /// # Errors
    /// As [`Alone::open`].
    pub fn allowed(file: &Allowed) -> io::Result<Self> {
        let opened = file.open()?;
        let size = opened.metadata()?.len();
        Ok(Self { file: MediaFile::new(opened, size), name: file.name(), beside: Vec::new() })
    }

    /// With what describes it beside it, as far as that can be read: what the log of its folder says of it,
    /// and its sidecars. Reads the log no further than it speaks of the file.
    #[must_use]
    pub fn with_sidecars(self, path: &Path) -> Self {
        let folder = path.parent().unwrap_or(Path::new(""));
        self.with_beside(|name| Some(way::open_named(&folder.join(paths::from_bytes(name))).ok()??.0))
    }

    /// The same beside a file that a client may see.
    #[must_use]
    pub fn with_allowed_sidecars(self, file: &Allowed) -> Self {
        self.with_beside(|name| file.sibling(name)?.open().ok())
    }

    fn with_beside(mut self, open: impl Fn(&[u8]) -> Option<File>) -> Self {
        let logged = open(LOG_NAME).and_then(|page| self.logged(page));
        self.beside.extend(logged.map(|text| (LOG_NAME.to_vec(), text.into_bytes())));
        for (_, name) in sidecar_names(stem(&self.name)) {
            let read = open(&name).and_then(|file| readers::content_of(file).ok().flatten());
            self.beside.extend(read.map(|content| (name, content)));
        }
        self
    }

    fn logged(&self, page: File) -> Option<String> {
        let name = std::str::from_utf8(&self.name).ok()?;
        let entry = metadata::log_entry(&mut page.take(LOG_BYTES_MAX), name).ok()??;
        Some(metadata::text_of(&entry))
    }

    /// What it says.
    ///
    /// # Errors
    /// When it cannot be read; never because of what it holds.
    pub fn reading(&self) -> io::Result<Reading> {
        metadata::read(&self.file, &self.name, &self.beside())
    }

    fn beside(&self) -> Vec<Beside<'_>> {
        self.beside.iter().map(|(name, bytes)| Beside { name, bytes }).collect()
    }

    /// How its texts are built, with what people wrote in them made unreadable: for showing to strangers.
    ///
    /// # Errors
    /// As [`Alone::reading`].
    pub fn redacted(&self) -> io::Result<serde_json::Value> {
        metadata::redacted(&self.file, &self.name, &self.beside())
    }

    /// The ComfyUI graphs in it, as they stand there.
    ///
    /// # Errors
    /// As [`Alone::reading`].
    pub fn workflow(&self) -> io::Result<Workflow> {
        metadata::workflow_of(&self.file)
    }

    /// Every text in it by its name.
    ///
    /// # Errors
    /// As [`Alone::reading`].
    pub fn slots_as_text(&self) -> io::Result<BTreeMap<String, String>> {
        metadata::slots_as_text(&self.file)
    }
}
