//! A copy of the ledger each day, bounded in number and bytes.
//!
//! Looks now and then whether one is due: the newest is a day old and the ledger has changed since.
//! What was just made and proven is never removed to make room, and nothing is removed before it
//! is. Files of other names in the folder are left alone.

use super::super::{Ledger, ReadError};
use super::check::{Identity, identity};
use super::copy::{BackupError, Copied, Existing, copy};
use crate::limits;
use crate::sys::files::{create_folders, remove_file};
use crate::sys::{PathError, Stop, space};
use jiff::tz::TimeZone;
use lumidex_schema::id::Timestamp;
use lumidex_schema::layout;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How the time stands in a name: names sort as times do, on every file system.
const TIME: &str = "%Y%m%dT%H%M%SZ";
/// A backup from further ahead than this comes from a clock that was wrong, and counts as old.
const AHEAD_MAX: Duration = Duration::from_secs(3_600);

/// How many copies are kept, and on which disk they are made at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Copies kept; 0 makes none and removes none.
    pub number: u32,
    /// Bytes of all that are kept, or twice the newest if that is more.
    pub bytes: u64,
    /// Bytes that a copy must leave free on its disk.
    pub reserve_bytes: u64,
}

impl Bounds {
    /// This many, with the usual bounds on bytes.
    #[must_use]
    pub const fn of_number(number: u32) -> Self {
        Self { number, bytes: limits::BACKUPS_BYTES_MAX, reserve_bytes: limits::BACKUP_RESERVE_BYTES }
    }
}

/// What a look came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// None are to be made.
    Off,
    /// The newest is not a day old.
    Recent,
    /// The newest holds all there is.
    Unchanged,
    /// A copy would leave less than the reserve on the disk.
    NoRoom {
        /// What the copy may need.
        needed_bytes: u64,
        /// What the disk has.
        free_bytes: u64,
    },
    /// One was made.
    Made(Made),
}

/// A copy that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The file.
    pub path: PathBuf,
    /// What it holds.
    pub content: Copied,
    /// Older ones that were removed for it.
    pub removed: Vec<PathBuf>,
}

/// Makes the daily copies of one ledger.
pub struct Daily {
    ledger: Ledger,
    data_dir: PathBuf,
    folder: PathBuf,
    bounds: Bounds,
}

#[derive(Clone, Debug)]
struct Kept {
    path: PathBuf,
    at: Timestamp,
    bytes: u64,
}

impl Daily {
    /// Of the ledger of this data folder. Nothing is done yet.
    #[must_use]
    pub fn new(ledger: Ledger, data_dir: &Path, bounds: Bounds) -> Self {
        let folder = data_dir.join(layout::BACKUPS);
        Self { ledger, data_dir: data_dir.to_owned(), folder, bounds }
    }

    /// Makes a copy if one is due at `now`, and removes what is too much with it.
    ///
    /// # Errors
    /// [`BackupError`]; then nothing was removed.
    pub fn look(&self, now: Timestamp, stop: &Stop) -> Result<Look, BackupError> {
        if self.bounds.number == 0 {
            return Ok(Look::Off);
        }
        create_folders(&self.folder).map_err(BackupError::File)?;
        let kept = self.kept()?;
        if let Some(newest) = kept.last() {
            let age = now.0.saturating_sub(newest.at.0);
            if age < nanos(limits::BACKUP_EVERY) && age >= -nanos(AHEAD_MAX) {
                return Ok(Look::Recent);
            }
            if self.is_unchanged_since(newest)? {
                return Ok(Look::Unchanged);
            }
        }
        let needed_bytes = std::fs::metadata(self.data_dir.join(layout::LEDGER)).map_or(0, |m| m.len());
        let free_bytes = space::free_bytes(&self.folder).map_err(BackupError::File)?;
        if free_bytes < needed_bytes.saturating_add(self.bounds.reserve_bytes) {
            return Ok(Look::NoRoom { needed_bytes, free_bytes });
        }
        let path = self.folder.join(name_at(now));
        let content = copy(&self.ledger.reader()?, &path, Existing::Keep, stop, &mut |_, _| {})?;
        let removed = self.make_room(kept, content.bytes)?;
        Ok(Look::Made(Made { path, content, removed }))
    }

    /// Whether a copy holds what the ledger holds now. One that cannot be read does not.
    fn is_unchanged_since(&self, newest: &Kept) -> Result<bool, ReadError> {
        let reader = self.ledger.reader()?;
        let head = reader.head()?;
        let now = Identity { head, epoch: reader.epoch_of(head)?.map_or(0, |token| token.0) };
        match identity(&newest.path) {
            Ok(then) => Ok(then == now),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a backup cannot be read any more");
                Ok(false)
            }
        }
    }

    /// Removes the oldest beyond the bounds, beside one that was just made.
    fn make_room(&self, mut others: Vec<Kept>, made_bytes: u64) -> Result<Vec<PathBuf>, BackupError> {
        let bytes_max = self.bounds.bytes.max(made_bytes.saturating_mul(2));
        let mut removed = Vec::new();
        loop {
            let bytes = others.iter().map(|kept| kept.bytes).sum::<u64>().saturating_add(made_bytes);
            let number = others.len() as u64 + 1;
            if others.is_empty() || (number <= u64::from(self.bounds.number) && bytes <= bytes_max) {
                return Ok(removed);
            }
            let oldest = others.remove(0);
            remove_file(&oldest.path).map_err(BackupError::File)?;
            removed.push(oldest.path);
        }
    }

    fn kept(&self) -> Result<Vec<Kept>, BackupError> {
        kept_in(&self.folder).map_err(BackupError::File)
    }
}

/// Those that are there, oldest first.
fn kept_in(folder: &Path) -> Result<Vec<Kept>, PathError> {
    let mut kept = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(PathError::doing("list", folder))? {
        let entry = entry.map_err(PathError::doing("list", folder))?;
        if let Some(at) = entry.file_name().to_str().and_then(time_of) {
            let bytes = entry.metadata().map_or(0, |metadata| metadata.len());
            kept.push(Kept { path: entry.path(), at, bytes });
        }
    }
    kept.sort_by_key(|kept| kept.at);
    Ok(kept)
}

/// The daily copies in a data folder, the newest first; none where there is no folder of them.
///
/// # Errors
/// [`PathError`] when they cannot be listed.
pub fn newest_first(data_dir: &Path) -> Result<Vec<PathBuf>, PathError> {
    match kept_in(&data_dir.join(layout::BACKUPS)) {
        Err(error) if error.is_absent() => Ok(Vec::new()),
        kept => Ok(kept?.into_iter().rev().map(|kept| kept.path).collect()),
    }
}

/// `at` as it stands in names: `20261122T161238Z`.
pub(in crate::ledger) fn shown_time(at: Timestamp) -> String {
    let time = jiff::Timestamp::from_nanosecond(at.0.into()).unwrap_or_default();
    time.to_zoned(TimeZone::UTC).strftime(TIME).to_string()
}

fn name_at(at: Timestamp) -> String {
    format!("ledger-{}.redb", shown_time(at))
}

fn time_of(name: &str) -> Option<Timestamp> {
    let time = name.strip_prefix("ledger-")?.strip_suffix(".redb")?;
    let time = jiff::civil::DateTime::strptime(TIME, time).ok()?;
    let nanos = time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_nanosecond();
    let at = Timestamp(i64::try_from(nanos).ok()?);
    // A name in another spelling of the same time is not one of ours.
    (name_at(at) == name).then_some(at)
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_times_and_only_such_names_are_ours() {
        for nanos in [0, 1_795_363_958_250_000_000, 4_102_444_799_000_000_000] {
            let at = Timestamp(nanos);
            let seconds = Timestamp(nanos - nanos % 1_000_000_000);
            assert_eq!(time_of(&name_at(at)), Some(seconds));
        }
        assert_eq!(name_at(Timestamp(1_795_363_958_250_000_000)), "ledger-20261122T161238Z.redb");
        for foreign in ["ledger-20261122T161238Z.redb.old", "ledger-2026-11-22.redb", "ledger-.redb", "x"] {
            assert_eq!(time_of(foreign), None, "{foreign}");
        }
    }
}
