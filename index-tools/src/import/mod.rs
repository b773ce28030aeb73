//! Brings what a person did elsewhere into a library's ledger: from the SQLite database of infinite-image-browsing, of
//! any age, or from an archive of another library.
//!
//! First a plan, which only reads; then batches, each a decision of its own, so that a run that was cut off is gone on
//! with by running it again. What is here already is not written twice, and what a person did here stays.

mod apply;
mod archive;
mod complaints;
mod database;
mod lookup;
mod mapping;
mod plan;
mod read;
mod report;
mod settings;
mod source;
mod vectors;

use std::path::{Path, PathBuf};

use lumidex::ledger::paid::{Paid, PaidError};
use lumidex::ledger::{DecideError, OpenError, ReadError, Reader};
use lumidex::sys::lock::LockError;
use lumidex::sys::{DirLock, Stop};
use lumidex_schema::layout;

pub use apply::Done;
pub use mapping::{Mapping, PathMap};

use archive::Archive;
use complaints::Complaints;
use database::Database;
use plan::Plan;
use source::Source;
use vectors::VectorsPlan;

/// Why nothing, or not everything, was brought. What was brought stays; running it again goes on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file, or what stands beside it, could not be read.
    #[error("`{}` cannot be read", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It cannot be used as an archive.
    #[error("`{}` cannot be brought in: {why}", path.display())]
    Archive {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// It is something else.
    #[error("`{}` is neither an archive of lumidex nor an SQLite database", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// It is a database of something else.
    #[error("`{}` is a database, but not one of infinite-image-browsing: it has no table `image`", path.display())]
    Other {
        /// The file.
        path: PathBuf,
    },
    /// SQLite cannot open it.
    #[error("`{}` cannot be opened as a database", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// It was written while it was copied.
    #[error("`{}` is being written; stop infinite-image-browsing first", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// Another process has the data folder.
    #[error("{0}; stop it first")]
    InUse(LockError),
    /// The lock could not be taken for another reason.
    #[error(transparent)]
    Lock(LockError),
    /// The ledger could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The ledger could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The ledger could not be written.
    #[error(transparent)]
    Decide(#[from] DecideError),
    /// What was paid for could not be read or written.
    #[error(transparent)]
    Paid(#[from] PaidError),
    /// The caller asked to stop.
    #[error("stopped; run it again to go on")]
    Stopped,
}

/// What is going on, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Rows or lines of the file are read.
    Reading(u64),
    /// Files are looked up: done, of how many.
    Comparing(u64, u64),
    /// Vectors are read, of how many.
    Vectors(u64, u64),
    /// Files are written: done, of how many.
    Writing(u64, u64),
}

/// Rows between two words about how far it is.
const TOLD_EVERY: u64 = 4_096;

/// Where an import comes from.
enum From {
    Database(Database),
    Archive(Box<Archive>),
}

impl From {
    fn open(file: &Path, stop: &Stop) -> Result<Self, ImportError> {
        if Archive::is_one(file)? {
            return Ok(Self::Archive(Box::new(Archive::open(file, stop)?)));
        }
        let database = Database::open(file, stop)?;
        match database.has("image") {
            true => Ok(Self::Database(database)),
            false => Err(ImportError::Other { path: file.to_owned() }),
        }
    }

    fn read(&mut self, progress: &mut dyn FnMut(u64)) -> Result<Source, ImportError> {
        match self {
            Self::Database(database) => Source::read(database, progress),
            Self::Archive(archive) => archive.read(progress),
        }
    }

    /// Looks what was paid for, and with `put` brings it.
    fn vectors(
        &mut self,
        paid: &Paid,
        put: bool,
        complaints: &mut Complaints,
        progress: &mut dyn FnMut(Stage),
    ) -> Result<VectorsPlan, ImportError> {
        match self {
            Self::Database(database) => {
                let all = database.count("image_embedding");
                let told = &mut |done| progress(Stage::Vectors(done, all));
                vectors::bring(database, paid, put, complaints, told)
            }
            Self::Archive(archive) => {
                let all = archive.count(lumidex_schema::archive::VECTORS);
                let told = &mut |done| progress(Stage::Vectors(done, all));
                vectors::bring_archived(archive, paid, put, complaints, told)
            }
        }
    }

    fn cover(&mut self, name: &str) -> Result<Option<Vec<u8>>, ImportError> {
        match self {
            Self::Database(_) => Ok(None),
            Self::Archive(archive) => archive.cover(name),
        }
    }
}

/// An import that was planned. The data folder is locked as long as it lives.
pub struct Import {
    folder: PathBuf,
    from: From,
    map: PathMap,
    source: Source,
    plan: Plan,
    vectors: VectorsPlan,
    stop: Stop,
    /// `None` while there is no library yet: nothing is made before it is agreed to.
    lock: Option<DirLock>,
}

impl Import {
    /// Reads the file and the library, and plans what is to be done. Writes nothing.
    ///
    /// # Errors
    ///
    /// [`ImportError`].
    pub fn plan(
        folder: &Path,
        file: &Path,
        map: PathMap,
        stop: &Stop,
        progress: &mut dyn FnMut(Stage),
    ) -> Result<Self, ImportError> {
        let mut from = From::open(file, stop)?;
        let ledger = folder.join(layout::LEDGER);
        let lock = if ledger.is_file() { Some(take_lock(folder)?) } else { None };
        let mut source = from.read(&mut |rows| {
            if rows.is_multiple_of(TOLD_EVERY) {
                progress(Stage::Reading(rows));
            }
        })?;
        let reader = match &lock {
            Some(_) => Reader::as_it_stands(&ledger)?,
            // Where there is no library, one is looked at that nobody will see.
            None => Reader::of_nothing()?,
        };
        let n_files = source.files.len() as u64;
        let plan =
            Plan::of(&source, &map, &reader, stop, &mut |done| progress(Stage::Comparing(done, n_files)))?;
        drop(reader);
        let paid = Paid::at(&folder.join(layout::PAID));
        let vectors = from.vectors(&paid, false, &mut source.complaints, progress)?;
        Ok(Self { folder: folder.to_owned(), from, map, source, plan, vectors, stop: stop.clone(), lock })
    }

    /// Whether nothing is to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.plan.is_empty() && self.vectors.to_bring() == 0
    }

    /// Rows that could not be used.
    #[must_use]
    pub fn complaints(&self) -> u64 {
        self.source.complaints.count()
    }

    /// What is to be done, what is here already and what stays behind and why.
    #[must_use]
    pub fn report(&self) -> String {
        report::of(self)
    }

    /// Does it.
    ///
    /// # Errors
    ///
    /// [`ImportError`]; what was done before stays, and running it again does the rest.
    pub fn apply(self, progress: &mut dyn FnMut(Stage)) -> Result<Done, ImportError> {
        apply::apply(self, progress)
    }
}

fn take_lock(folder: &Path) -> Result<DirLock, ImportError> {
    DirLock::take(folder).map_err(|error| match error {
        LockError::Held { .. } => ImportError::InUse(error),
        LockError::File(_) => ImportError::Lock(error),
    })
}
