//! A storage that fails when told to, and remembers everything that was done to it.

use super::image::{Journal, Op};
use lumidex::sys::storage::{Disk, Open, Storage, StoredFile};
use parking_lot::Mutex;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// `ENOSPC`, `EIO`, `EROFS` ...
    pub code: i32,
    /// Whether everything after the first failure fails too, until lifted.
    pub lasts: bool,
}

pub const ENOSPC: i32 = 28;
pub const EIO: i32 = 5;
pub const EROFS: i32 = 30;

#[derive(Debug, Default)]
struct State {
    /// Operations that change something, seen so far.
    seen: u64,
    /// From, or at, which of them on; and how.
    plan: Option<(u64, Fault)>,
    n_failed: u64,
    /// How many reads from now on succeed.
    reads: Option<u64>,
    journal: Option<Journal>,
}

/// See the module. Clones share everything.
#[derive(Clone, Debug, Default)]
pub struct Shim {
    state: Arc<Mutex<State>>,
}

impl Shim {
    /// Remembers what is done below `root`, so that images of it can be made.
    pub fn recording(root: &Path) -> Self {
        let state = State { journal: Some(Journal::of(root)), ..State::default() };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    pub fn storage(&self) -> Arc<dyn Storage> {
        Arc::new(self.clone())
    }

    /// The `nth` change from now on fails (the next is number 0).
    pub fn fail_at(&self, nth: u64, fault: Fault) {
        let mut state = self.state.lock();
        state.plan = Some((state.seen + nth, fault));
        state.n_failed = 0;
    }

    /// The `nth` read from now on fails, once.
    pub fn fail_read(&self, nth: u64) {
        self.state.lock().reads = Some(nth);
    }

    /// Nothing fails any more. Whether anything did.
    pub fn lift(&self) -> bool {
        let mut state = self.state.lock();
        state.plan = None;
        state.reads = None;
        std::mem::take(&mut state.n_failed) > 0
    }

    /// How many operations have failed.
    pub fn n_failed(&self) -> u64 {
        self.state.lock().n_failed
    }

    /// Says in the journal that so many steps of a script were answered.
    pub fn acknowledge(&self, steps: usize) {
        if let Some(journal) = &mut self.state.lock().journal {
            journal.push(Op::Acknowledged(steps));
        }
    }

    /// What was recorded; nothing is recorded after.
    pub fn take_journal(&self) -> Journal {
        self.state.lock().journal.take().unwrap()
    }

    /// Does a change, or fails; then `partly` is done of it.
    fn change<T>(
        &self,
        really: impl FnOnce() -> io::Result<T>,
        partly: impl FnOnce() -> io::Result<()>,
        record: impl FnOnce(&mut Journal),
    ) -> io::Result<T> {
        let mut state = self.state.lock();
        let nth = state.seen;
        state.seen += 1;
        if let Some((at, fault)) = state.plan
            && (nth == at || (fault.lasts && nth > at))
        {
            state.n_failed += 1;
            partly()?;
            return Err(io::Error::from_raw_os_error(fault.code));
        }
        // Under the lock, so that the journal has the order in which things happened.
        let done = really()?;
        if let Some(journal) = &mut state.journal {
            record(journal);
        }
        Ok(done)
    }
}

fn nothing() -> io::Result<()> {
    Ok(())
}

impl Storage for Shim {
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn StoredFile>> {
        let wrap = |file| Arc::new(ShimFile { file, path: path.into(), shim: self.clone() });
        if how == Open::Read {
            return Ok(wrap(Disk.open(path, how)?));
        }
        let is_new = !path.exists();
        let file = self.change(
            || Disk.open(path, how),
            nothing,
            |journal| {
                if is_new {
                    journal.push_at(path, Op::Created);
                }
            },
        )?;
        Ok(wrap(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change(|| Disk.rename(from, to), nothing, |journal| journal.renamed(from, to))
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.change(|| Disk.remove_file(path), nothing, |journal| journal.push_at(path, Op::Removed))
    }

    fn create_folders(&self, path: &Path) -> io::Result<()> {
        self.change(|| Disk.create_folders(path), nothing, |_| {})
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.change(|| Disk.remove_folder(path), nothing, |journal| journal.push_at(path, Op::RemovedFolder))
    }

    /// Nothing in these tests outlives the machine, so nothing waits for its disk.
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.change(nothing, nothing, |journal| journal.push_at(path, Op::SyncedFolder))
    }
}

#[derive(Debug)]
struct ShimFile {
    file: Arc<dyn StoredFile>,
    /// As opened: files that are written are never renamed while open.
    path: std::path::PathBuf,
    shim: Shim,
}

impl StoredFile for ShimFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut state = self.shim.state.lock();
        match &mut state.reads {
            Some(0) => {
                state.reads = None;
                state.n_failed += 1;
                return Err(io::Error::from_raw_os_error(EIO));
            }
            Some(left) => *left -= 1,
            None => {}
        }
        drop(state);
        self.file.read_at(offset, buffer)
    }

    /// One that fails has written half of it.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.shim.change(
            || self.file.write_at(offset, bytes),
            || self.file.write_at(offset, &bytes[..bytes.len() / 2]),
            |journal| journal.push_at(&self.path, Op::Wrote(offset, bytes.into())),
        )
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.shim.change(
            || self.file.set_len(len),
            nothing,
            |journal| journal.push_at(&self.path, Op::SetLen(len)),
        )
    }

    fn sync(&self) -> io::Result<()> {
        self.shim.change(nothing, nothing, |journal| journal.push_at(&self.path, Op::Synced))
    }
}

/// A folder in memory where there is one: what these tests call a disk is this shim.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}
