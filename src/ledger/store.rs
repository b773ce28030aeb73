//! The ledger's file through failures of its disk.
//!
//! A *generation* is the file opened once. When the disk fails under one, it is retired: whoever
//! reads in it goes on, nobody else begins. The next generation reads what had been made durable
//! and cannot be written; when the disk can be written again, one that can be takes its place. So
//! there are readers at any time, and no failed transaction is ever seen.

use super::ReadError;
use super::open::{OpenError, begin_epoch};
use super::writer::begin;
use crate::limits;
use crate::sys::storage::{Diverting, Open, Storage, StoredFile};
use crossbeam_channel::Sender;
use lumidex_schema::id::Seq;
use parking_lot::{Condvar, Mutex, RwLock};
use redb::{Database, ReadTransaction, ReadableDatabase, WriteTransaction};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// Bytes of the first page, by which a file is opened as it was last durable.
pub(super) const HEADER_BYTES: u64 = 4_096;

/// How often the writer looks whether the readers of a retired generation are gone.
const READERS_LOOK: Duration = Duration::from_millis(5);

/// The file, opened once.
pub(super) struct Generation {
    /// Taken out when the ledger is closed; then its readers fail.
    db: RwLock<Option<Database>>,
    backend: Diverting,
    can_be_written: bool,
}

impl Generation {
    /// A snapshot. Only this generation's, and only while this is held, are its pages kept.
    pub(super) fn begin_read(&self) -> Result<ReadTransaction, ReadError> {
        match &*self.db.read() {
            Some(db) => Ok(db.begin_read()?),
            None => Err(redb::StorageError::DatabaseClosed.into()),
        }
    }

    /// Hands over the open file.
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, OpenError>,
    ) -> Result<Option<T>, OpenError> {
        self.db.read().as_ref().map(work).transpose()
    }

    fn write<T>(&self, work: impl FnOnce(&WriteTransaction) -> Result<T, ReadError>) -> Result<T, ReadError> {
        let db = self.db.read();
        let Some(db) = &*db else { return Err(redb::StorageError::DatabaseClosed.into()) };
        let txn = begin(db)?;
        let value = work(&txn)?;
        if let Some(error) = self.backend.failure() {
            return Err(error.into());
        }
        txn.commit()?;
        Ok(value)
    }
}

/// The generation of the moment, for all who read. Clones share it.
#[derive(Clone)]
pub(super) struct Current {
    shared: Arc<(Mutex<Now>, Condvar)>,
    /// Wakes the writer, so that it replaces a generation that failed.
    wake: Sender<()>,
}

struct Now {
    generation: Arc<Generation>,
    /// Why the ledger cannot be written, if it cannot.
    failure: Option<String>,
    /// Nor can it be read: the generation failed and could not be replaced.
    is_unreadable: bool,
}

impl Current {
    /// Begins something in a generation that has not failed.
    pub(super) fn begin<R>(
        &self,
        begin: impl Fn(&Arc<Generation>) -> Result<R, ReadError>,
    ) -> Result<R, ReadError> {
        let deadline = Instant::now() + limits::LEDGER_SWITCH_WAIT;
        loop {
            let generation = Arc::clone(&self.shared.0.lock().generation);
            let begun = begin(&generation);
            // A transaction that failed is seen by nobody: what it left in the engine's memory
            // can have been seen only after its generation was known not to be sound.
            if generation.backend.is_sound() {
                return begun;
            }
            let Some(error) = generation.backend.failure() else { return begun };
            let _ = self.wake.try_send(());
            let (now, changed) = &*self.shared;
            let mut now = now.lock();
            while Arc::ptr_eq(&now.generation, &generation) {
                if now.is_unreadable || changed.wait_until(&mut now, deadline).timed_out() {
                    return Err(error.into());
                }
            }
        }
    }

    /// Why the ledger cannot be written at the moment, if it cannot.
    pub(super) fn failure(&self) -> Option<String> {
        self.shared.0.lock().failure.clone()
    }

    /// Ends the last generation; who still reads gets errors.
    pub(super) fn close(&self) {
        let generation = Arc::clone(&self.shared.0.lock().generation);
        let db = generation.db.write().take();
        drop(db);
    }

    fn generation(&self) -> Arc<Generation> {
        Arc::clone(&self.shared.0.lock().generation)
    }

    fn change(&self, change: impl FnOnce(&mut Now)) {
        let (now, changed) = &*self.shared;
        change(&mut now.lock());
        changed.notify_all();
    }
}

/// What the writer holds.
pub(super) struct Store {
    storage: Arc<dyn Storage>,
    path: PathBuf,
    current: Current,
    /// Generations replaced, which someone may still read in.
    retired: Vec<Weak<Generation>>,
    /// Keeps, in the generation of the moment, the pages that readers of an earlier one need.
    pin: Option<(Weak<Generation>, ReadTransaction)>,
}

impl Store {
    /// Opens the file, or makes an empty ledger; begins an epoch. Gives the head.
    pub(super) fn open(
        storage: Arc<dyn Storage>,
        path: &Path,
        wake: Sender<()>,
    ) -> Result<(Self, Current, Seq), OpenError> {
        let failed =
            |error: io::Error| OpenError::Store { path: path.display().to_string(), source: error.into() };
        if is_absent(&*storage, path).map_err(failed)? {
            make(&*storage, path, failed)?;
        }
        let file = storage.open(path, Open::Keep).map_err(failed)?;
        let (generation, _, head) = open_for_writing(file, path)?;
        let now = Now { generation: Arc::new(generation), failure: None, is_unreadable: false };
        let current = Current { shared: Arc::new((Mutex::new(now), Condvar::new())), wake };
        let store =
            Self { storage, path: path.to_owned(), current: current.clone(), retired: Vec::new(), pin: None };
        Ok((store, current, head))
    }

    /// Whether there is nothing to mend, and nothing kept for readers of an earlier generation.
    pub(super) fn is_settled(&self) -> bool {
        let generation = self.current.generation();
        generation.can_be_written && !generation.backend.has_failed() && self.pin.is_none()
    }

    /// Runs `work` in a transaction and makes it durable. After an error nothing of it is kept,
    /// now or later.
    pub(super) fn write<T>(
        &mut self,
        work: impl FnOnce(&WriteTransaction) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        self.mend()?;
        let generation = self.current.generation();
        let outcome = generation.write(work);
        let Some(error) = generation.backend.failure() else { return outcome };
        let is_lost = generation.backend.has_lost();
        self.retire(&generation, &error);
        match outcome {
            // Something failed only after the commit had been made durable.
            Ok(value) if !is_lost => Ok(value),
            _ => Err(error.into()),
        }
    }

    /// Makes the ledger writable again when it is not.
    pub(super) fn mend(&mut self) -> Result<(), ReadError> {
        self.pin.take_if(|(earlier, _)| earlier.strong_count() == 0);
        let generation = self.current.generation();
        if let Some(error) = generation.backend.failure() {
            self.retire(&generation, &error);
        } else if generation.can_be_written {
            return Ok(());
        }
        drop(generation);
        self.replace().inspect_err(|error| {
            let why = format!("the ledger cannot be written: {}", cause(error));
            self.current.change(|now| now.failure = Some(why));
        })
    }

    /// Lets nobody begin in this generation any more; the next reads what is durable.
    fn retire(&mut self, failed: &Arc<Generation>, error: &io::Error) {
        tracing::error!(%error, "the disk failed under the ledger; it is read, and cannot be written");
        self.pin = None;
        let failure = Some(format!("the ledger cannot be written: {error}"));
        let reading = open_for_reading(&*self.storage, &self.path, failed.backend.durable_header());
        match reading {
            Ok(generation) => {
                self.retired.push(Arc::downgrade(failed));
                self.current.change(|now| {
                    *now = Now { generation: Arc::new(generation), failure, is_unreadable: false };
                });
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "nor can the ledger be read");
                self.current.change(|now| (now.failure, now.is_unreadable) = (failure, true));
            }
        }
    }

    /// Opens the file for writing in place of a generation that only reads.
    fn replace(&mut self) -> Result<(), ReadError> {
        let reading = self.current.generation();
        if reading.backend.has_failed() {
            return Err(reading.backend.failure().unwrap_or_else(|| io::ErrorKind::Other.into()).into());
        }
        // Their snapshots may be older than the one pinned below.
        self.wait_for_readers()?;
        let header = reading.backend.durable_header();
        let file = self.storage.open(&self.path, Open::Keep)?;
        bring_back(&*file, &header)?;
        let (generation, pin, head) = match open_for_writing(Arc::clone(&file), &self.path) {
            Ok(opened) => opened,
            Err(OpenError::Store { source, .. }) => return Err(source),
            Err(other) => return Err(io::Error::other(other.to_string()).into()),
        };
        self.retired.push(Arc::downgrade(&reading));
        self.pin = Some((Arc::downgrade(&reading), pin));
        self.current.change(|now| {
            *now = Now { generation: Arc::new(generation), failure: None, is_unreadable: false };
        });
        tracing::info!(%head, "the ledger can be written again");
        Ok(())
    }

    fn wait_for_readers(&mut self) -> Result<(), ReadError> {
        let deadline = Instant::now() + limits::LEDGER_READERS_WAIT;
        loop {
            self.retired.retain(|generation| generation.strong_count() > 0);
            if self.retired.is_empty() {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let why = "someone still reads in what was open when the disk failed";
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, why).into());
            }
            std::thread::sleep(READERS_LOOK);
        }
    }
}

/// Whether there is no ledger, and nothing else that it would replace.
pub(super) fn is_absent(storage: &dyn Storage, path: &Path) -> io::Result<bool> {
    match storage.open(path, Open::Read) {
        Ok(file) => Ok(file.len()? == 0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

/// Makes an empty ledger under another name, and gives it its own when it is whole: a file half
/// made would be taken for something else at the next start.
fn make(
    storage: &dyn Storage,
    path: &Path,
    failed: impl Fn(io::Error) -> OpenError,
) -> Result<(), OpenError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.new"));
    match storage.remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        Ok(()) | Err(_) => {}
    }
    let file = storage.open(&beside, Open::Keep).map_err(&failed)?;
    let (generation, pin, _) = open_for_writing(file, path)?;
    drop(pin);
    let backend = generation.backend.clone();
    drop(generation);
    if let Some(error) = backend.failure() {
        return Err(failed(error));
    }
    storage.rename(&beside, path).map_err(&failed)?;
    // What will be acknowledged must not go with the name.
    storage.sync_folder(path.parent().unwrap_or(Path::new("."))).map_err(failed)
}

fn open_for_writing(
    file: Arc<dyn StoredFile>,
    path: &Path,
) -> Result<(Generation, ReadTransaction, Seq), OpenError> {
    let store = |source| OpenError::Store { path: path.display().to_string(), source };
    let backend = Diverting::over(file).map_err(|e| store(e.into()))?;
    let opened = engine(&backend, limits::LEDGER_CACHE_BYTES).map_err(store).and_then(|db| {
        // Before the epoch's transaction, which might free pages.
        let pin = db.begin_read().map_err(|e| store(e.into()))?;
        let head = begin_epoch(&db, path)?;
        Ok((db, pin, head))
    });
    if let Some(error) = backend.failure() {
        return Err(store(error.into()));
    }
    let (db, pin, head) = opened?;
    Ok((Generation { db: RwLock::new(Some(db)), backend, can_be_written: true }, pin, head))
}

pub(super) fn open_for_reading(
    storage: &dyn Storage,
    path: &Path,
    header: Vec<u8>,
) -> Result<Generation, ReadError> {
    reading(storage.open(path, Open::Read)?, header)
}

/// As [`open_for_reading`], of a file that is open.
pub(super) fn reading(file: Arc<dyn StoredFile>, header: Vec<u8>) -> Result<Generation, ReadError> {
    let backend = Diverting::reading(file, header)?;
    let db = engine(&backend, limits::LEDGER_CACHE_BYTES)?;
    Ok(Generation { db: RwLock::new(Some(db)), backend, can_be_written: false })
}

pub(super) fn engine(backend: &Diverting, cache_bytes: usize) -> Result<Database, ReadError> {
    let mut builder = Database::builder();
    builder.set_cache_size(cache_bytes);
    Ok(builder.create_with_backend(backend.clone())?)
}

/// Undoes the commits that were not known to be durable when the disk failed: their makers were
/// told that they failed.
pub(super) fn bring_back(file: &dyn StoredFile, header: &[u8]) -> io::Result<()> {
    let mut there = vec![0; header.len()];
    file.read_at(0, &mut there)?;
    if there != header {
        file.write_at(0, header)?;
        file.sync()?;
    }
    Ok(())
}

pub(super) fn cause(error: &ReadError) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
