//! A whole synthetic library, and writing it to a folder.

use std::fs::{self, File, FileTimes};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::dialect::Dialect;
use super::image::SynthImage;
use super::timeline::Timeline;
use super::writers::log_page;

/// After so many images [`Library::write_to`] reports how far it is.
const REPORT_EVERY: u32 = 256;

/// A library of images, none of which is kept in memory.
#[derive(Clone, Debug)]
pub struct Library {
    seed: u64,
    images: u32,
    dialects: Vec<Dialect>,
    timeline: Timeline,
}

impl Library {
    /// A library of `images` images in the commonest dialects. The same seed and size give the same
    /// library for ever; another size spreads the images differently over time.
    #[must_use]
    pub fn new(seed: u64, images: u32) -> Self {
        Self { seed, images, dialects: Dialect::COMMON.to_vec(), timeline: Timeline::new(seed, images) }
    }

    /// The same library in these dialects only. No dialect means the commonest.
    #[must_use]
    pub fn with_dialects(mut self, dialects: &[Dialect]) -> Self {
        // Kept in one order, so that the order they were named in makes no difference.
        self.dialects = Dialect::all();
        self.dialects.retain(|dialect| dialects.contains(dialect));
        if self.dialects.is_empty() {
            self.dialects = Dialect::COMMON.to_vec();
        }
        self
    }

    /// How many images there are.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.images
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.images == 0
    }

    /// The image of an index, which may also lie beyond the end: such images are later and still distinct.
    #[must_use]
    pub fn image(&self, index: u32) -> SynthImage {
        SynthImage::throw(self.seed, &self.dialects, index, &self.timeline.place(index))
    }

    /// The log of the folder that an image lies in: all the pictures there that say nothing themselves, the newest
    /// first. `None` where there are none.
    ///
    /// ```
    /// use lumidex_synth::{Dialects, Library};
    ///
    /// let logged: Dialects = "fooocus-log".parse().unwrap();
    /// let library = Library::new(1, 100).with_dialects(&logged.0);
    /// assert!(library.log_of(7).unwrap().contains(&library.image(7).name));
    /// assert_eq!(Library::new(1, 100).log_of(7), None);
    /// ```
    #[must_use]
    pub fn log_of(&self, index: u32) -> Option<String> {
        self.dated_log_of(index).map(|(log, _)| log)
    }

    /// The same, and when the newest of its pictures was written.
    fn dated_log_of(&self, index: u32) -> Option<(String, i64)> {
        let folder = self.image(index).folder;
        // The images of a day lie side by side.
        let date = |index: u32| self.timeline.place(index).date;
        let day = date(index);
        let first = (0..index).rev().take_while(|index| date(*index) == day).last().unwrap_or(index);
        let last = (index..self.images).take_while(|index| date(*index) == day).last().unwrap_or(index);
        let images = (first..=last).rev().map(|index| self.image(index));
        let told: Vec<_> = images
            .filter(|image| image.folder == folder)
            .filter_map(|image| Some((image.logged()?, image.name, image.modified_ns)))
            .collect();
        let pictures: Vec<_> = told.iter().map(|(intended, name, _)| (name.as_str(), intended)).collect();
        Some((log_page(&pictures), told.iter().map(|(.., modified_ns)| *modified_ns).max()?))
    }

    /// Writes the images of `range`, their sidecars and the logs of their folders below `dir`, which is created if need be.
    /// Files that are there already, by size and modification time, are left alone, so an
    /// interrupted run can simply be repeated. `progress` is told from time to time how many
    /// images of the range are done.
    ///
    /// # Errors
    ///
    /// The first folder that could not be created or file that could not be written.
    pub fn write_to(&self, dir: &Path, range: Range<u32>, progress: &dyn Fn(u64)) -> Result<(), SynthError> {
        self.write_unless(dir, range, &|| false, progress)
    }

    /// As [`Library::write_to`], but asks before each image whether to stop.
    ///
    /// # Errors
    ///
    /// As [`Library::write_to`], and [`SynthError::Stopped`].
    pub fn write_unless(
        &self,
        dir: &Path,
        range: Range<u32>,
        is_stopped: &dyn Fn() -> bool,
        progress: &dyn Fn(u64),
    ) -> Result<(), SynthError> {
        let first = range.start;
        let (mut folder, mut logged) = (PathBuf::new(), None);
        for index in range {
            if is_stopped() {
                return Err(SynthError::Stopped);
            }
            let image = self.image(index);
            let wanted = dir.join(&image.folder);
            if wanted != folder {
                fs::create_dir_all(&wanted)
                    .map_err(|source| SynthError::Folder { path: wanted.clone(), source })?;
                folder = wanted;
            }
            let path = folder.join(&image.name);
            let files = image.files();
            for (name, bytes) in files.beside {
                write_unless_there(&folder.join(name), &bytes, image.modified_ns)?;
            }
            write_unless_there(&path, &files.bytes, image.modified_ns)?;
            if files.is_logged
                && logged.as_ref() != Some(&folder)
                && let Some((log, modified_ns)) = self.dated_log_of(index)
            {
                write_unless_there(&folder.join("log.html"), log.as_bytes(), modified_ns)?;
                logged = Some(folder.clone());
            }
            let done = index - first + 1;
            if done.is_multiple_of(REPORT_EVERY) {
                progress(u64::from(done));
            }
        }
        Ok(())
    }
}

/// Why a library could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SynthError {
    /// It was told to stop.
    #[error("stopped; the same again goes on")]
    Stopped,
    /// A folder could not be created.
    #[error("could not create the folder `{path}`")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file could not be written or dated.
    #[error("could not write the file `{path}`")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// The modification time is set last, so a file that has it is whole.
fn write_unless_there(path: &Path, bytes: &[u8], modified_ns: i64) -> Result<(), SynthError> {
    let modified = SystemTime::UNIX_EPOCH + Duration::from_nanos(modified_ns.unsigned_abs());
    let there = fs::metadata(path).is_ok_and(|found| {
        found.len() == bytes.len() as u64 && found.modified().is_ok_and(|time| time == modified)
    });
    if there {
        return Ok(());
    }
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.set_times(FileTimes::new().set_modified(modified))
    };
    write().map_err(|source| SynthError::File { path: path.to_owned(), source })
}
