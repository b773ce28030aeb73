//! What people do to files, in an open library: each method returns once searches show what it did.

use super::Library;
use crate::files::{Files, Foreseen, Gone, Preview, Report, Running, Wish, WishError};
use crate::ledger::{Ledger, ReadError};
use crate::limits;
use crate::sys::Stopper;
use crate::sys::rooted::Bounds;
use crate::sys::tree::Confinement;
use lumidex_schema::id::{Seq, Timestamp};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::SystemTime;

/// The thread that finishes what was begun before the last end of the program. Dropping it stops and
/// joins the thread; what is not finished then is for the next start.
pub(super) struct Recovery {
    stopper: Stopper,
    thread: Option<JoinHandle<()>>,
}

impl Recovery {
    pub(super) fn start(files: &Arc<Files>, stopper: &Stopper) -> std::io::Result<Self> {
        let files = Arc::clone(files);
        let thread = std::thread::Builder::new().name("files-recovery".to_owned()).spawn(move || {
            // What went wrong was told, and is tried again with the next wish.
            let finished = files.recover().map_or(0, |reports| reports.len());
            if finished > 0 {
                tracing::info!(finished, "finished operations on files that were cut short");
            }
        })?;
        Ok(Self { stopper: stopper.clone(), thread: Some(thread) })
    }
}

impl Drop for Recovery {
    fn drop(&mut self) {
        self.stopper.trigger();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that finishes operations on files panicked");
        }
    }
}

/// Folders that clients may reach, absolute, as bytes.
#[derive(Clone, Debug, Default)]
pub struct Granted {
    /// Only these, whatever the library holds.
    pub only: Option<Vec<Vec<u8>>>,
    /// These beside those that the library holds.
    pub besides: Vec<Vec<u8>>,
}

/// Confines to the folders that the ledger holds and to those granted; to none when it cannot be read.
pub(super) fn confined(
    confinement: &Confinement,
    ledger: &Ledger,
    granted: &Granted,
) -> Result<(), ReadError> {
    let bounded = |roots: Vec<Vec<u8>>| confinement.set(Bounds::new(roots, true));
    if let Some(only) = &granted.only {
        bounded(only.clone());
        return Ok(());
    }
    let held = ledger.reader().and_then(|reader| reader.extra_paths());
    let held = held.inspect_err(|_| bounded(Vec::new()))?;
    bounded(held.into_iter().map(|(path, _)| path).chain(granted.besides.iter().cloned()).collect());
    Ok(())
}

/// That what [`confined`] needs cannot be read.
pub(super) fn tell_unknown(error: &ReadError) {
    let error = error as &dyn std::error::Error;
    tracing::error!(error, "no file may be changed until the folders of the library are known");
}

impl Library {
    /// From now on files are changed only in the folders that the library holds and in those granted, whoever asks
    /// for it: with what is undone, organized and finished after a crash.
    ///
    /// # Errors
    /// When the ledger cannot be read; then nothing may be changed.
    pub fn confine(&self, granted: Granted) -> Result<(), ReadError> {
        *self.granted.lock() = Some(granted);
        self.renew_confinement()
    }

    /// After folders came or went.
    pub(super) fn renew_confinement(&self) -> Result<(), ReadError> {
        let granted = self.granted.lock();
        granted.as_ref().map_or(Ok(()), |granted| confined(&self.confinement, &self.ledger, granted))
    }

    /// What people do to files.
    #[must_use]
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// See [`Files::perform`].
    ///
    /// # Errors
    /// [`WishError`].
    pub fn perform(&self, wish: &Wish) -> Result<Report, WishError> {
        let report = self.files.perform(wish)?;
        self.settle(report.head);
        Ok(report)
    }

    /// See [`Files::foresee`].
    ///
    /// # Errors
    /// [`WishError`].
    pub fn foresee(&self, wish: &Wish) -> Result<Foreseen, WishError> {
        self.files.foresee(wish)
    }

    /// See [`Files::preview_flatten`].
    ///
    /// # Errors
    /// [`WishError`].
    pub fn preview_flatten(&self, folder: &[u8]) -> Result<Preview, WishError> {
        self.files.preview_flatten(folder)
    }

    /// Undoes a decision, or an operation on files with [`Files::undo`]. The number of what undid it is
    /// in the report; undoing that is doing it again.
    ///
    /// # Errors
    /// [`WishError`]: unknown, or it cannot be undone any more; nothing was done then.
    pub fn undo(&self, decision: Seq) -> Result<Report, WishError> {
        if self.reader()?.operation(decision)?.is_some() {
            let report = self.files.undo(decision)?;
            self.settle(report.head);
            return Ok(report);
        }
        let head = self.ledger.undo(decision)?;
        // It may have been about the folders of the library.
        self.settle_roots(head);
        Ok(Report { operation: Some(head), done: 1, head, ..Report::default() })
    }

    /// See [`Files::running`].
    #[must_use]
    pub fn running(&self) -> Vec<Running> {
        self.files.running()
    }

    /// See [`Files::stop`].
    pub fn stop_operation(&self, operation: Seq) -> bool {
        self.files.stop(operation)
    }

    /// See [`Files::purge_all`].
    ///
    /// # Errors
    /// When the ledger fails; what was removed before stays so.
    pub fn purge_trash(&self) -> Result<Gone, WishError> {
        self.files.purge_all()
    }
}

/// Removes from the trash what has been there for long, or is too much.
pub(super) fn purge_now_and_then(files: &Files) {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let older_than = since.saturating_sub(limits::UNDO_AGE_MAX).as_nanos();
    let older_than = Timestamp(i64::try_from(older_than).unwrap_or(i64::MAX));
    match files.purge(older_than, limits::files::TRASH_BYTES_MAX) {
        Ok(gone) if gone == Gone::default() => {}
        Ok(Gone { operations, files, bytes }) => {
            tracing::info!(operations, files, bytes, "removed from the trash what was there for long");
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the trash is not emptied; tried again later");
        }
    }
}
