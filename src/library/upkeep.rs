//! What an open library does for itself now and then, and copies of it for who asks.

use super::Library;
use crate::ledger::backup::{self, BackupError, Bounds, Copied, Daily, Existing, Look};
use crate::limits;
use crate::sys::files::{create_folders, open, remove_file};
use crate::sys::{Stop, Stopper, beside, priority};
use lumidex_schema::id::Timestamp;
use lumidex_schema::layout;
use parking_lot::Mutex;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::SystemTime;

/// Name of a copy on its way to who asked for it, in the folder of backups.
const HANDED_OUT: &str = "handed-out.redb";

/// The thread that makes daily backups. Dropping it stops and joins the thread.
pub(super) struct Backups {
    pub(super) stopper: Stopper,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Backups {
    fn drop(&mut self) {
        self.stopper.trigger();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that makes backups panicked");
        }
    }
}

impl Library {
    /// Makes a copy of the ledger each day from now on and keeps this many; none with 0.
    ///
    /// # Errors
    /// When its thread cannot be started.
    pub fn keep_backups(&self, number: u32) -> std::io::Result<()> {
        let daily = Daily::new(self.ledger.clone(), &self.data_dir, Bounds::of_number(number));
        let (stopper, copying) = (Stopper::new(), Arc::clone(&self.copying));
        let stop = stopper.stop();
        let thread = std::thread::Builder::new()
            .name("backups".to_owned())
            .spawn(move || make_daily(&daily, &copying, &stop))?;
        *self.backups.lock() = Some(Backups { stopper, thread: Some(thread) });
        Ok(())
    }

    /// A copy of the ledger as it is now, proven equal. The file has no name any more: it is gone
    /// once it is closed.
    ///
    /// # Errors
    /// [`BackupError`]; then nothing is left of it.
    pub fn backup(&self) -> Result<(File, Copied), BackupError> {
        let _turn = self.copying.lock();
        let folder = self.data_dir.join(layout::BACKUPS);
        create_folders(&folder).map_err(BackupError::File)?;
        let path = folder.join(HANDED_OUT);
        let stop = self.stopper.stop();
        let copied = backup::copy(&self.reader()?, &path, Existing::Replace, &stop, &mut |_, _| {})?;
        let file = open(&path).map_err(BackupError::File)?;
        remove_file(&path).map_err(BackupError::File)?;
        Ok((file, copied))
    }
}

/// What programs that were killed left of copies they were making.
pub(super) fn remove_left_copies(data_dir: &Path) {
    let folder = data_dir.join(layout::BACKUPS);
    let removed = beside::remove_leftovers(&folder, |target| target.ends_with(".redb"))
        .and_then(|_| remove_file(&folder.join(HANDED_OUT)))
        .and_then(|()| beside::remove_leftovers(data_dir, |target| target.starts_with(layout::LEDGER)));
    if let Err(error) = removed {
        tracing::warn!(error = &error as &dyn std::error::Error, "an unfinished backup stays");
    }
}

/// Until told to stop. What goes wrong is tried again with the next look.
fn make_daily(daily: &Daily, copying: &Mutex<()>, stop: &Stop) {
    priority::yield_to_others();
    let mut wait = limits::BACKUP_FIRST_LOOK;
    while !stop.wait_for(wait) {
        wait = limits::BACKUP_LOOK_EVERY;
        let looked = {
            let _turn = copying.lock();
            daily.look(now(), stop)
        };
        match looked {
            Ok(Look::Made(made)) => {
                let (rows, removed) = (made.content.rows, made.removed.len());
                tracing::info!(rows, bytes = made.content.bytes, removed, "made a backup of the ledger");
            }
            Ok(Look::NoRoom { needed_bytes, free_bytes }) => {
                tracing::warn!(needed_bytes, free_bytes, "no backup was made, for the disk is nearly full");
            }
            Ok(Look::Off | Look::Recent | Look::Unchanged) | Err(BackupError::Stopped) => {}
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "no backup was made; tried again later"
                );
            }
        }
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
