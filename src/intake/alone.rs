//! One file read by itself, outside any walk: what `inspect` shows, and what clients see of files
//! that no root holds.

use super::readers::{self, MediaFile};
use crate::metadata::{self, Beside, Reading, Workflow};
use crate::sys::paths;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// An open file with the text beside it.
#[derive(Debug)]
pub struct Alone {
    file: MediaFile,
    name: Vec<u8>,
    /// Name and content.
    sidecar: Option<(Vec<u8>, Vec<u8>)>,
}

impl Alone {
    /// Opens a regular file, without waiting for the other end of a pipe and without following a
    /// link.
    ///
    /// # Errors
    /// When it is something else, or cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        let opened = readers::open(path).map_err(|error| error.source)?;
        let (file, sighting) =
            opened.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"))?;
        let name = paths::to_bytes(path.file_name().unwrap_or_default());
        Ok(Self { file: MediaFile::new(file, sighting.size), name, sidecar: None })
    }

    /// With the text file beside it, if there is one that can be read.
    #[must_use]
    pub fn with_sidecar(mut self, path: &Path) -> Self {
        let beside = path.with_extension("txt");
        if beside != path {
            let name = paths::to_bytes(beside.file_name().unwrap_or_default());
            self.sidecar = readers::read_sidecar(&beside).ok().flatten().map(|(content, _)| (name, content));
        }
        self
    }

    /// What it says.
    ///
    /// # Errors
    /// When it cannot be read; never because of what it holds.
    pub fn reading(&self) -> io::Result<Reading> {
        metadata::read(&self.file, &self.name, self.beside().as_slice())
    }

    fn beside(&self) -> Option<Beside<'_>> {
        self.sidecar.as_ref().map(|(name, bytes)| Beside { name, bytes })
    }

    /// How its texts are built, with what people wrote in them made unreadable: for showing to strangers.
    ///
    /// # Errors
    /// As [`Alone::reading`].
    pub fn redacted(&self) -> io::Result<serde_json::Value> {
        metadata::redacted(&self.file, &self.name, self.beside().as_slice())
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
