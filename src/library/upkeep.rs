//! What an open library does for itself now and then, and copies of it for who asks.

use super::Library;
use super::files::purge_now_and_then;
use crate::files::Files;
use crate::ledger::backup::{self, BackupError, Bounds, Copied, Daily, Existing, Look};
use crate::ledger::paid::{Merged, Paid, PaidCopyError};
use crate::ledger::{Ledger, Sweepable, Swept, WriteError};
use crate::limits;
use crate::projection::FollowerState;
use crate::sys::files::{create_folders, open, remove_file};
use crate::sys::{PathError, Stop, Stopper, beside, priority, space};
use lumidex_schema::id::Timestamp;
use lumidex_schema::layout;
use parking_lot::Mutex;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Instant, SystemTime};

/// Names of copies on their way to who asked for them, in the folder of backups.
const HANDED_OUT: &str = "handed-out.redb";
const HANDED_OUT_PAID: &str = "handed-out-paid.redb";

/// What an open library does for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpkeepSettings {
    /// Copies of the ledger that are kept; 0 makes none.
    pub backups_max: u32,
    /// Days that a file may be missing before what was read from it goes; 0 keeps it for ever.
    pub missing_retention_days: u32,
}

/// The thread that does it. Dropping it stops and joins the thread.
pub(super) struct Upkeep {
    pub(super) stopper: Stopper,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Upkeep {
    fn drop(&mut self) {
        self.stopper.trigger();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that looks after the library panicked");
        }
    }
}

impl Library {
    /// From now on makes a copy of the ledger each day, sweeps what has been missing for long, and empties
    /// the trash of what is old.
    ///
    /// # Errors
    /// When its thread cannot be started.
    pub fn keep_up(&self, settings: UpkeepSettings) -> std::io::Result<()> {
        let UpkeepSettings { backups_max, missing_retention_days } = settings;
        let daily = Daily::new(self.ledger.clone(), &self.data_dir, Bounds::of_number(backups_max));
        let (stopper, copying) = (Stopper::new(), Arc::clone(&self.copying));
        let paid = (backups_max > 0).then(|| (self.paid.clone(), self.data_dir.join(layout::BACKUPS)));
        let copier = Copier { daily, paid, copying };
        let (sweeper, files, stop) = (self.sweeper(), Arc::clone(&self.files), stopper.stop());
        let thread = std::thread::Builder::new().name("upkeep".to_owned()).spawn(move || {
            priority::yield_to_others();
            keep_up(&copier, &sweeper, &files, missing_retention_days, &stop);
        })?;
        *self.upkeep.lock() = Some(Upkeep { stopper, thread: Some(thread) });
        Ok(())
    }

    /// Takes what is left of images that are missing since before this, see [`Ledger::sweep`]; not yet
    /// of those whose absence an index has not made durable.
    ///
    /// # Errors
    /// [`WriteError`]; what was made durable before stays so.
    pub fn sweep(&self, before: Timestamp) -> Result<Swept, WriteError> {
        self.sweeper().sweep(before, &self.stopper.stop())
    }

    fn sweeper(&self) -> Sweeper {
        let followers = [&self.tags, &self.text, &self.vectors].map(|follower| follower.state().clone());
        Sweeper { ledger: self.ledger.clone(), followers }
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

impl Library {
    /// As [`Library::backup`], of what an upstream was paid for, with its bytes and rows: none when nothing was.
    ///
    /// # Errors
    /// [`PaidCopyError`]; then nothing is left of it.
    pub fn backup_paid(&self) -> Result<(File, u64, u64), PaidCopyError> {
        let _turn = self.copying.lock();
        let folder = self.data_dir.join(layout::BACKUPS);
        create_folders(&folder)?;
        let path = folder.join(HANDED_OUT_PAID);
        // Not whole when nothing is copied into it.
        std::fs::write(&path, "").map_err(PathError::doing("create", &path))?;
        let merged = self.paid.copy_into(&path, &self.stopper.stop())?;
        let file = open(&path)?;
        remove_file(&path)?;
        let bytes = file.metadata().map_err(PathError::doing("open", &path))?.len();
        Ok((file, bytes, merged.added))
    }
}

/// What programs that were killed left of copies they were making.
pub(super) fn remove_left_copies(data_dir: &Path) {
    let folder = data_dir.join(layout::BACKUPS);
    let removed = beside::remove_leftovers(&folder, |target| target.ends_with(".redb"))
        .and_then(|_| remove_file(&folder.join(HANDED_OUT)))
        .and_then(|()| remove_file(&folder.join(HANDED_OUT_PAID)))
        .and_then(|()| {
            beside::remove_leftovers(data_dir, |target| {
                target.starts_with(layout::LEDGER) || target == layout::PAID
            })
        });
    if let Err(error) = removed {
        tracing::warn!(error = &error as &dyn std::error::Error, "an unfinished backup stays");
    }
}

/// Until told to stop. What goes wrong is tried again with the next look.
fn keep_up(copier: &Copier, sweeper: &Sweeper, files: &Files, missing_retention_days: u32, stop: &Stop) {
    let began = Instant::now();
    let (mut look_at, mut sweep_at) = (began + limits::BACKUP_FIRST_LOOK, began + limits::SWEEP_FIRST);
    let mut purge_at = began + limits::files::PURGE_FIRST;
    while !stop.wait_for(look_at.min(sweep_at).min(purge_at).saturating_duration_since(Instant::now())) {
        if Instant::now() >= purge_at {
            purge_now_and_then(files);
            purge_at = Instant::now() + limits::files::PURGE_EVERY;
            continue;
        }
        let is_sweeping = Instant::now() >= sweep_at;
        // What a sweep takes is in a backup, if any are made.
        let is_copied = copier.look(stop);
        look_at = Instant::now() + limits::BACKUP_LOOK_EVERY;
        if is_sweeping && is_copied {
            sweep_at = Instant::now() + limits::SWEEP_EVERY;
            if let Some(before) = days_before(now(), missing_retention_days) {
                sweeper.sweep_and_tell(before, stop);
            }
        } else if is_sweeping {
            sweep_at = look_at;
        }
    }
}

/// So many days before; `None` for 0, which means never.
fn days_before(now: Timestamp, days: u32) -> Option<Timestamp> {
    const DAY_NS: i64 = 24 * 3_600 * 1_000_000_000;
    (days > 0).then(|| Timestamp(now.0.saturating_sub(DAY_NS.saturating_mul(days.into()))))
}

/// Makes the daily copies, one at a time with those for who asks.
struct Copier {
    daily: Daily,
    /// With the folder of its copy.
    paid: Option<(Paid, PathBuf)>,
    copying: Arc<Mutex<()>>,
}

impl Copier {
    /// Takes into the copy of what was paid for what is new there. One copy is enough: nothing in it is ever
    /// removed.
    fn copy_paid(&self, stop: &Stop) {
        let Some((paid, folder)) = &self.paid else { return };
        let _turn = self.copying.lock();
        let is_roomy = space::free_bytes(folder).is_ok_and(|free| free > limits::BACKUP_RESERVE_BYTES);
        if !is_roomy {
            return;
        }
        match paid.copy_into(&folder.join(layout::PAID), stop) {
            Ok(Merged { added: 0, .. }) | Err(PaidCopyError::Stopped) => {}
            Ok(Merged { added, .. }) => tracing::info!(added, "copied what was paid for"),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "what was paid for was not copied; tried again later");
            }
        }
    }

    /// Whether there is a backup that is recent enough, or none is wanted.
    fn look(&self, stop: &Stop) -> bool {
        let is_kept = self.look_at_ledger(stop);
        self.copy_paid(stop);
        is_kept
    }

    fn look_at_ledger(&self, stop: &Stop) -> bool {
        let looked = {
            let _turn = self.copying.lock();
            self.daily.look(now(), stop)
        };
        match looked {
            Ok(Look::Made(made)) => {
                let (rows, removed) = (made.content.rows, made.removed.len());
                tracing::info!(rows, bytes = made.content.bytes, removed, "made a backup of the ledger");
                true
            }
            Ok(Look::Off | Look::Recent | Look::Unchanged) => true,
            Ok(Look::NoRoom { needed_bytes, free_bytes }) => {
                tracing::warn!(needed_bytes, free_bytes, "no backup was made, for the disk is nearly full");
                false
            }
            Err(BackupError::Stopped) => false,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "no backup was made; tried again later"
                );
                false
            }
        }
    }
}

/// Sweeps what all who follow the ledger have followed for good, so that none of them has to start
/// from nothing for it.
struct Sweeper {
    ledger: Ledger,
    followers: [FollowerState; 3],
}

impl Sweeper {
    fn sweep(&self, before: Timestamp, stop: &Stop) -> Result<Swept, WriteError> {
        let followed = self.followers.iter().map(FollowerState::durable).min().unwrap_or_default();
        self.ledger.sweep(Sweepable { before, followed, max: limits::SWEEP_IMAGES_MAX }, stop)
    }

    fn sweep_and_tell(&self, before: Timestamp, stop: &Stop) {
        match self.sweep(before, stop) {
            Ok(swept) if swept == Swept::default() => {}
            Ok(Swept { removed, stripped }) => {
                tracing::info!(removed, stripped, "forgot what was read from files that are long missing");
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "files that are long missing are not forgotten; tried again later");
            }
        }
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_days_mean_never() {
        const NOW: i64 = 1_795_363_958_000_000_000;
        assert_eq!(days_before(Timestamp(NOW), 0), None);
        assert_eq!(days_before(Timestamp(NOW), 180), Some(Timestamp(NOW - 180 * 86_400_000_000_000)));
        assert_eq!(days_before(Timestamp(i64::MIN), u32::MAX), Some(Timestamp(i64::MIN)));
    }
}
