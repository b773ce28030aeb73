//! The file of what was paid for, through failures of its disk: read as it was, and opened anew for writing
//! with the next put.
//!
//! Simpler than the ledger's, because nobody holds a snapshot for longer than a look-up: a file that failed
//! is given up once those are done.

use super::super::ReadError;
use super::super::store::{HEADER_BYTES, bring_back, cause, engine, is_absent};
use super::super::writer::begin;
use super::PaidError;
use super::rows;
use crate::limits;
use crate::sys::storage::{Diverting, Open, Storage, StoredFile};
use lumidex_schema::format;
use parking_lot::{Mutex, RwLock};
use redb::{Database, ReadTransaction, ReadableDatabase, WriteTransaction};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// See the module.
pub(super) struct PaidFile {
    storage: Arc<dyn Storage>,
    path: PathBuf,
    /// Its name is not the one it will have, so it may be half made.
    is_named_later: bool,
    opened: RwLock<Option<Opened>>,
    /// Held by who writes; before `opened`.
    writing: Mutex<()>,
    failure: Mutex<Option<String>>,
}

struct Opened {
    db: Database,
    backend: Diverting,
    can_be_written: bool,
}

impl PaidFile {
    pub(super) fn at(storage: Arc<dyn Storage>, path: &Path, is_named_later: bool) -> Self {
        Self {
            storage,
            path: path.to_owned(),
            is_named_later,
            opened: RwLock::default(),
            writing: Mutex::default(),
            failure: Mutex::default(),
        }
    }

    pub(super) fn failure(&self) -> Option<String> {
        self.failure.lock().clone()
    }

    /// Reads in one snapshot; `None` when there is no file.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&ReadTransaction) -> Result<T, ReadError>,
    ) -> Result<Option<T>, PaidError> {
        if self.opened.read().is_none() {
            let mut opened = self.opened.write();
            if opened.is_none() {
                *opened = self.open_as_it_is()?;
            }
        }
        let opened = self.opened.read();
        let Some(open) = &*opened else { return Ok(None) };
        let read = open.db.begin_read().map_err(ReadError::from).and_then(|txn| work(&txn));
        let failed = (read.is_err() && open.backend.has_failed()).then(|| open.backend.durable_header());
        drop(opened);
        // The engine refuses everything after a failed read: whoever comes next has another.
        if let Some(header) = failed
            && let Ok(again) = self.open_for_reading(header)
        {
            *self.opened.write() = Some(again);
        }
        read.map(Some).map_err(|error| self.store(error))
    }

    /// Runs `work` in a transaction and makes it durable; nothing of it is kept after an error.
    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&WriteTransaction) -> Result<T, ReadError>,
    ) -> Result<T, PaidError> {
        let _turn = self.writing.lock();
        self.make_writable().inspect_err(|error| {
            let mut cause: &dyn std::error::Error = error;
            while let Some(source) = cause.source() {
                cause = source;
            }
            *self.failure.lock() = Some(format!("what is paid for cannot be kept: {cause}"));
        })?;
        let opened = self.opened.read();
        let Some(open) = &*opened else {
            return Err(self.store(io::Error::from(io::ErrorKind::NotFound).into()));
        };
        let outcome = open.write(work);
        let Some(error) = open.backend.failure() else {
            *self.failure.lock() = None;
            return outcome.map_err(|error| self.store(error));
        };
        let (is_lost, header) = (open.backend.has_lost(), open.backend.durable_header());
        drop(opened);
        *self.failure.lock() = Some(format!("what is paid for cannot be kept: {error}"));
        if let Ok(reading) = self.open_for_reading(header) {
            *self.opened.write() = Some(reading);
        }
        match outcome {
            // Something failed only after the commit had been made durable.
            Ok(value) if !is_lost => Ok(value),
            _ => Err(self.store(error.into())),
        }
    }

    /// Opens or makes the file, or opens it anew where it could only be read.
    fn make_writable(&self) -> Result<(), PaidError> {
        let header = match &*self.opened.read() {
            Some(open) if open.can_be_written && !open.backend.has_failed() => return Ok(()),
            Some(open) => Some(open.backend.durable_header()),
            None => None,
        };
        if is_absent(&*self.storage, &self.path).map_err(|error| self.store(error.into()))? {
            self.make()?;
        }
        let file = self.storage.open(&self.path, Open::Keep).map_err(|error| self.store(error.into()))?;
        if let Some(header) = header {
            bring_back(&*file, &header).map_err(|error| self.store(error.into()))?;
        }
        // The former one changes nothing in the file any more, even when it goes: it is diverted.
        let anew = self.open_for_writing(file)?;
        *self.opened.write() = Some(anew);
        Ok(())
    }

    /// Makes an empty file under another name, and gives it its own when it is whole.
    fn make(&self) -> Result<(), PaidError> {
        let failed = |error: io::Error| self.store(error.into());
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let beside = match self.is_named_later {
            true => self.path.clone(),
            false => self.path.with_file_name(format!(".{name}.new")),
        };
        match self.storage.remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            Ok(()) | Err(_) => {}
        }
        let file = self.storage.open(&beside, Open::Keep).map_err(failed)?;
        let backend = Diverting::over(file).map_err(failed)?;
        let begun = engine(&backend, limits::paid::CACHE_BYTES)
            .and_then(|db| rows::begin_file(&db, format::PAID.current));
        if let Some(error) = backend.failure() {
            return Err(failed(error));
        }
        begun.map_err(|error| self.store(error))?;
        if self.is_named_later {
            return Ok(());
        }
        self.storage.rename(&beside, &self.path).map_err(failed)?;
        self.storage.sync_folder(self.path.parent().unwrap_or(Path::new("."))).map_err(failed)
    }

    fn open_for_writing(&self, file: Arc<dyn StoredFile>) -> Result<Opened, PaidError> {
        let backend = Diverting::over(file).map_err(|error| self.store(error.into()))?;
        let db = engine(&backend, limits::paid::CACHE_BYTES);
        if let Some(error) = backend.failure() {
            return Err(self.store(error.into()));
        }
        let db = db.map_err(|error| self.store(error))?;
        self.judge(&db)?;
        Ok(Opened { db, backend, can_be_written: true })
    }

    /// With the header of when it was last durable, or the one that stands there.
    fn open_for_reading(&self, header: Vec<u8>) -> Result<Opened, PaidError> {
        let failed = |error: io::Error| self.store(error.into());
        let file = self.storage.open(&self.path, Open::Read).map_err(failed)?;
        let backend = Diverting::reading(file, header).map_err(failed)?;
        let db = engine(&backend, limits::paid::CACHE_BYTES).map_err(|error| self.store(error))?;
        self.judge(&db)?;
        Ok(Opened { db, backend, can_be_written: false })
    }

    /// For reading, with what stands in the file; `None` when there is none.
    fn open_as_it_is(&self) -> Result<Option<Opened>, PaidError> {
        let failed = |error: io::Error| self.store(error.into());
        if is_absent(&*self.storage, &self.path).map_err(failed)? {
            return Ok(None);
        }
        let file = self.storage.open(&self.path, Open::Read).map_err(failed)?;
        let mut header = vec![0; file.len().map_err(failed)?.min(HEADER_BYTES) as usize];
        file.read_at(0, &mut header).map_err(failed)?;
        self.open_for_reading(header).map(Some)
    }

    fn judge(&self, db: &Database) -> Result<(), PaidError> {
        let stored = db.begin_read().map_err(ReadError::from).and_then(|txn| rows::stored_format(&txn));
        let path = self.path.display().to_string();
        match stored.map_err(|error| self.store(error))? {
            Some(Some(found)) if found > u64::from(format::PAID.current) => {
                Err(PaidError::Newer { path, found, known: format::PAID.current })
            }
            Some(Some(_)) => Ok(()),
            Some(None) | None => Err(PaidError::Foreign { path }),
        }
    }

    fn store(&self, source: ReadError) -> PaidError {
        tracing::debug!(cause = cause(&source), "what was paid for");
        PaidError::Store { path: self.path.display().to_string(), source }
    }
}

impl Opened {
    fn write<T>(&self, work: impl FnOnce(&WriteTransaction) -> Result<T, ReadError>) -> Result<T, ReadError> {
        let txn = begin(&self.db)?;
        let value = work(&txn)?;
        if let Some(error) = self.backend.failure() {
            return Err(error.into());
        }
        txn.commit()?;
        Ok(value)
    }
}
