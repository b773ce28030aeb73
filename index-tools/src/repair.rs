//! Makes right what a check of a data folder found: first shown, then done, with a copy of what is changed beside.
//! Interrupted, it can be run again. Nothing a person did is lost: what is taken out of the ledger is kept in a file.

use std::path::PathBuf;

use lumidex::ledger::backup::{self, RestoreError, keep_copy, newest_first};
use lumidex::ledger::paid::{Paid, PaidCopyError, PaidError};
use lumidex::ledger::verify::{Mend, MendError, Mended, keep_aside, mend};
use lumidex::sys::files::{remove_file, remove_folder};
use lumidex::sys::{DirLock, PathError, Stop};
use lumidex_schema::id::Timestamp;
use lumidex_schema::layout;

use crate::access::{self, AccessError, Place};
use crate::verify::{Told, Verified, VerifyToolError, verify_held};

/// What is right after one round may show what was hidden behind it.
const ROUNDS_MAX: usize = 4;

/// Why a repair did not come to its end. What was made right stays so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepairError {
    /// The library cannot be had.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// It cannot be looked at.
    #[error(transparent)]
    Verify(VerifyToolError),
    /// The ledger cannot be made right.
    #[error(transparent)]
    Mend(MendError),
    /// What was paid for cannot be made right.
    #[error(transparent)]
    Paid(#[from] PaidError),
    /// What was paid for cannot be had from its copy.
    #[error(transparent)]
    PaidCopy(#[from] PaidCopyError),
    /// A file cannot be copied, renamed or removed.
    #[error(transparent)]
    File(#[from] PathError),
    /// It was told to stop.
    #[error("stopped; run it again to go on")]
    Stopped,
}

/// A data folder that nobody else uses, and what is to be made right in it.
pub struct Repair {
    place: Place,
    verified: Verified,
    kept_ledger: bool,
    /// What was done, in words.
    done: Vec<String>,
    _lock: DirLock,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repaired {
    /// What was done, in words.
    pub done: Vec<String>,
    /// What is not right even so.
    pub left: Verified,
}

impl Repair {
    /// Takes the folder's lock and looks at everything. Nothing is changed.
    ///
    /// # Errors
    ///
    /// [`RepairError`].
    pub fn plan(place: impl Into<Place>, stop: &Stop, told: Told<'_>) -> Result<Self, RepairError> {
        let place = place.into();
        let lock = access::take(place.folder())?;
        let verified = verify_held(&place, stop, told).map_err(unverified)?;
        Ok(Self { place, verified, kept_ledger: false, done: Vec::new(), _lock: lock })
    }

    /// What was found.
    #[must_use]
    pub fn found(&self) -> &Verified {
        &self.verified
    }

    /// Makes everything right that can be, and looks again. `now` names what is kept beside.
    ///
    /// # Errors
    ///
    /// [`RepairError`].
    pub fn apply(mut self, now: Timestamp, stop: &Stop, told: Told<'_>) -> Result<Repaired, RepairError> {
        for _ in 0..ROUNDS_MAX {
            if self.verified.findings.is_empty() {
                break;
            }
            self.round(now, stop, told)?;
            let after = verify_held(&self.place, stop, told).map_err(unverified)?;
            if std::mem::replace(&mut self.verified, after) == self.verified {
                break;
            }
        }
        Ok(Repaired { done: self.done, left: self.verified })
    }

    fn round(&mut self, now: Timestamp, stop: &Stop, told: Told<'_>) -> Result<(), RepairError> {
        let of_ledger = |finding: &&lumidex::ledger::verify::Finding| finding.place == layout::LEDGER;
        if self.verified.findings.asks_for(layout::LEDGER, Mend::Restore) {
            self.restore_ledger(now, stop)?;
        } else if self.verified.findings.told.iter().find(of_ledger).is_some() {
            self.mend_ledger(now, stop, told)?;
        }
        self.paid(now, stop)?;
        let mut places: Vec<(String, Mend)> = self
            .verified
            .findings
            .told
            .iter()
            .filter(|finding| ![layout::LEDGER, layout::PAID].contains(&&*finding.place))
            .map(|finding| (finding.place.clone().into_owned(), finding.mend))
            .collect();
        places.sort();
        places.dedup();
        for (place, mend) in places {
            if stop.is_stopped() {
                return Err(RepairError::Stopped);
            }
            match mend {
                Mend::Refill => self.empty(&place)?,
                Mend::PutAway => self.put_away(&place)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn restore_ledger(&mut self, now: Timestamp, stop: &Stop) -> Result<(), RepairError> {
        for path in newest_first(self.place.folder())? {
            match backup::restore(&path, self.place.folder(), now, stop) {
                Ok(restored) => {
                    let (file, rows) = (path.display(), restored.content.rows);
                    self.done.push(format!("restored the ledger from `{file}`, {rows} rows"));
                    if let Some(former) = restored.former {
                        self.done.push(format!("kept the former ledger as `{}`", former.display()));
                    }
                    return Ok(());
                }
                Err(RestoreError::File(error)) => return Err(error.into()),
                Err(RestoreError::Stopped) => return Err(RepairError::Stopped),
                // The next one may be sound.
                Err(_) => {}
            }
        }
        Ok(())
    }

    fn mend_ledger(&mut self, now: Timestamp, stop: &Stop, told: Told<'_>) -> Result<(), RepairError> {
        if !self.kept_ledger {
            let kept = keep_copy(&self.place.of(layout::LEDGER), layout::BEFORE_REPAIR, now)?;
            self.done.push(format!("copied the ledger to `{}`", kept.display()));
            self.kept_ledger = true;
        }
        let progress = &mut |done, total| told("ledger", done, total);
        let mended = mend(self.place.folder(), now, stop, progress).map_err(|error| match error {
            MendError::Stopped => RepairError::Stopped,
            other => RepairError::Mend(other),
        })?;
        let Mended { changes, from_backups, set_aside, kept, read_again, hopeless } = mended;
        self.done.push(format!("changed {changes} rows of the ledger, {from_backups} of them from a backup"));
        if let Some(kept) = kept {
            self.done.push(format!("took {set_aside} rows out, kept in `{}`", kept.display()));
        }
        if read_again > 0 {
            self.done.push(format!("{read_again} files are read again when a server starts"));
        }
        self.done.extend(hopeless.into_iter().map(|row| format!("found nothing to bring {row} back from")));
        Ok(())
    }

    fn paid(&mut self, now: Timestamp, stop: &Stop) -> Result<(), RepairError> {
        let mut mends: Vec<Mend> = Vec::new();
        let of_paid = self.verified.findings.told.iter().filter(|finding| finding.place == layout::PAID);
        mends.extend(of_paid.map(|finding| finding.mend));
        if mends.is_empty() {
            return Ok(());
        }
        let path = self.place.of(layout::PAID);
        let kept = keep_copy(&path, layout::BEFORE_REPAIR, now)?;
        self.done.push(format!("copied what was paid for to `{}`", kept.display()));
        if mends.contains(&Mend::Restore) {
            remove_file(&path)?;
        } else {
            let taken = Paid::at(&path).mend()?;
            if !taken.is_empty() {
                let kept =
                    keep_aside(self.place.folder(), format!("{}\n", taken.join("\n")).as_bytes(), now)?;
                self.done.push(format!("took {} rows out, kept in `{}`", taken.len(), kept.display()));
            }
        }
        let copy = self.place.folder().join(layout::BACKUPS).join(layout::PAID);
        if copy.is_file() {
            let merged = Paid::at(&path).merge_from(&copy, self.place.folder(), stop)?;
            self.done.push(format!(
                "added {} rows of what was paid for from `{}`",
                merged.added,
                copy.display()
            ));
        }
        Ok(())
    }

    fn empty(&mut self, place: &str) -> Result<(), RepairError> {
        let path = self.place.of(place);
        if path.is_dir() {
            remove_folder(&path)?;
        } else {
            remove_file(&path)?;
            if place.ends_with(".seg") {
                remove_file(&path.with_extension("idx"))?;
            }
        }
        self.done.push(format!("emptied `{place}`"));
        Ok(())
    }

    fn put_away(&mut self, place: &str) -> Result<(), RepairError> {
        let path = self.place.of(place);
        let away = PathBuf::from(format!("{}.damaged", path.display()));
        std::fs::rename(&path, &away).map_err(PathError::doing("rename", &path))?;
        self.done.push(format!("renamed `{place}` to `{}`", away.display()));
        Ok(())
    }
}

fn unverified(error: VerifyToolError) -> RepairError {
    match error {
        VerifyToolError::Stopped => RepairError::Stopped,
        VerifyToolError::Access(error) => RepairError::Access(error),
        other => RepairError::Verify(other),
    }
}
