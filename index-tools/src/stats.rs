//! How much a library holds, of what kind, and what takes how much room. Beside a server, the server counts what
//! the ledger holds; files are measured here. Nothing is written.

use std::collections::BTreeMap;
use std::path::Path;

use lumidex::ledger::{OpenError, ReadError, Reader, Stats, stats as count};
use lumidex::projection::{thumbs, vectors};
use lumidex::sys::Stop;
use lumidex_schema::layout;
use serde::Serialize;

use crate::access::{self, AccessError, Looked, Place};

/// Why nothing was counted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StatsToolError {
    /// The library cannot be had.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The ledger cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The ledger cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It was told to stop.
    #[error("stopped before everything was counted")]
    Stopped,
}

/// See the module.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LibraryStats {
    /// Number of this form.
    pub schema: u32,
    /// What the ledger holds.
    pub library: Stats,
    /// Files and bytes of each thing in the data folder.
    pub folder: BTreeMap<String, Room>,
    /// Vectors by model.
    pub models: Vec<ModelStats>,
    /// Thumbnails that are kept.
    pub thumbnails: u64,
}

/// How much room something takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Room {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// The edition in force of a model.
#[derive(Clone, Debug, Serialize)]
pub struct ModelStats {
    /// Its name.
    pub model: String,
    /// Vectors.
    pub vectors: u32,
    /// Prompts there were when it was made.
    pub prompts: u32,
    /// Numbers in a vector.
    pub dim: u32,
}

/// Counts and measures. `told` is told images looked at, and how many there are.
///
/// # Errors
///
/// [`StatsToolError`].
pub fn stats(
    place: impl Into<Place>,
    stop: &Stop,
    told: &mut dyn FnMut(u64, u64),
) -> Result<LibraryStats, StatsToolError> {
    let place = place.into();
    let folder = place.folder();
    let library = match access::look(folder)? {
        Looked::Closed(_held) => count(&Reader::as_it_stands(&folder.join(layout::LEDGER))?, stop, told)?,
        Looked::Served(server) => server.ask("/api/v1/stats", stop)?,
    };
    let library = library.ok_or(StatsToolError::Stopped)?;
    let models = vectors::editions(&folder.join(layout::VECTORS)).into_iter().map(|manifest| ModelStats {
        model: manifest.model,
        vectors: manifest.rows,
        prompts: manifest.prompts,
        dim: manifest.dim,
    });
    Ok(LibraryStats {
        schema: 1,
        library,
        folder: rooms(folder),
        models: models.collect(),
        thumbnails: thumbs::kept_in(place.thumbs()).entries as u64,
    })
}

/// What each thing directly in a folder takes; what goes meanwhile does not count.
fn rooms(folder: &Path) -> BTreeMap<String, Room> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), room(&entry.path()))).collect()
}

fn room(path: &Path) -> Room {
    let mut room = Room::default();
    let mut waiting = vec![path.to_owned()];
    while let Some(path) = waiting.pop() {
        let Ok(metadata) = std::fs::symlink_metadata(&path) else { continue };
        if metadata.is_dir() {
            waiting
                .extend(std::fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
        } else {
            room.files += 1;
            room.bytes += metadata.len();
        }
    }
    room
}
