//! Whether everything in a data folder is as it should be: the ledger by its own rules, what is derived from it
//! against it, thumbnails, backups and kept results. Nothing is written.
//!
//! Beside a server, the server judges what it has open; files that anybody may read are looked at here.

use std::path::Path;

use lumidex::ledger::backup::newest_first;
use lumidex::ledger::paid::{self, PaidError};
use lumidex::ledger::verify::{self as rules, Closed, FileError, Finding, Findings, Mend};
use lumidex::ledger::{OpenError, Reader};
use lumidex::projection::thumbs;
use lumidex::projection::verify::{self as derived, LookError};
use lumidex::sys::{PathError, Stop};
use lumidex_schema::layout;
use serde::{Deserialize, Serialize};

use crate::access::{self, AccessError, Looked};

/// Why nothing can be said of a library.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyToolError {
    /// It cannot be had.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The ledger cannot be looked at, for a reason that is no damage.
    #[error(transparent)]
    Ledger(FileError),
    /// What was paid for cannot be looked at, for a reason that is no damage.
    #[error(transparent)]
    Paid(#[from] PaidError),
    /// A folder cannot be listed.
    #[error(transparent)]
    File(#[from] PathError),
    /// What is derived cannot be looked at.
    #[error(transparent)]
    Derived(LookError),
    /// It was told to stop.
    #[error("stopped before everything was looked at")]
    Stopped,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// What is not as it should be.
    pub findings: Findings,
    /// What could not be looked at because of that.
    pub unlooked: Vec<String>,
    /// A server was asked for what it has open; pages of its files were not proved.
    pub served: bool,
}

/// What is looked at, for people who watch: a word, things done, and how many there are.
pub type Told<'a> = &'a mut dyn FnMut(&'static str, u64, u64);

/// Looks at a library that nobody has open, or that a server has.
///
/// # Errors
///
/// [`VerifyToolError`].
pub fn verify(folder: &Path, stop: &Stop, told: Told<'_>) -> Result<Verified, VerifyToolError> {
    match access::look(folder)? {
        Looked::Closed(_held) => verify_held(folder, stop, told),
        Looked::Served(server) => {
            told("the server looks", 0, 0);
            let findings = server.ask::<Findings>("/api/v1/verify", stop)?.ok_or(VerifyToolError::Stopped)?;
            let mut verified = Verified { findings, unlooked: Vec::new(), served: true };
            let thumbs = folder.join(layout::THUMBS);
            thumbs::verify(
                &thumbs,
                stop,
                &mut |done, total| told("thumbnails", done, total),
                &mut verified.findings,
            )
            .map_err(in_our_words)?;
            files(folder, stop, told, &mut verified.findings)?;
            Ok(verified)
        }
    }
}

/// As [`verify`], of a library whose lock the caller holds.
///
/// # Errors
///
/// As [`verify`].
pub fn verify_held(folder: &Path, stop: &Stop, told: Told<'_>) -> Result<Verified, VerifyToolError> {
    let ledger = folder.join(layout::LEDGER);
    let mut verified = Verified::default();
    if ledger.exists() {
        verified.findings =
            rules::verify_closed(&ledger, stop, &mut |done, total| told("ledger", done, total)).map_err(
                |error| match error {
                    FileError::Verify(rules::VerifyError::Stopped) => VerifyToolError::Stopped,
                    other => VerifyToolError::Ledger(other),
                },
            )?;
    } else {
        let words = ("a ledger", "none, and backups of one");
        verified.findings.add(Finding::new(layout::LEDGER, "file-sound", "the file", words, Mend::Restore));
    }
    if verified.findings.asks_for(layout::LEDGER, Mend::Restore) {
        verified.unlooked.push("what is derived from the ledger".to_owned());
    } else {
        projections(folder, &ledger, stop, told, &mut verified)?;
    }
    verified.findings.add_all(paid::verify_closed(&folder.join(layout::PAID))?);
    // A server adds to it at any time.
    let copy = format!("{}/{}", layout::BACKUPS, layout::PAID);
    for finding in paid::verify_closed(&folder.join(&copy))?.told {
        let place = copy.clone().into();
        verified.findings.add(Finding { place, mend: Mend::PutAway, ..finding });
    }
    files(folder, stop, told, &mut verified.findings)?;
    Ok(verified)
}

fn projections(
    folder: &Path,
    ledger: &Path,
    stop: &Stop,
    told: Told<'_>,
    verified: &mut Verified,
) -> Result<(), VerifyToolError> {
    let is_sound = verified.findings.is_empty();
    let unreadable = |error: OpenError| VerifyToolError::Ledger(error.into());
    let reader = match Reader::as_it_stands(ledger) {
        Err(_) if !is_sound => {
            verified.unlooked.push("what is derived from the ledger".to_owned());
            return Ok(());
        }
        opened => opened.map_err(unreadable)?,
    };
    match derived::verify_closed(folder, &reader, stop, told, &mut verified.findings) {
        Err(LookError::Ledger(_)) if !is_sound => {
            verified.unlooked.push("some of what is derived from the ledger".to_owned());
            Ok(())
        }
        looked => looked.map_err(in_our_words),
    }
}

fn in_our_words(error: LookError) -> VerifyToolError {
    match error {
        LookError::Stopped => VerifyToolError::Stopped,
        other => VerifyToolError::Derived(other),
    }
}

/// Backups, and results that are kept: files that are replaced whole and never changed.
fn files(folder: &Path, stop: &Stop, told: Told<'_>, findings: &mut Findings) -> Result<(), VerifyToolError> {
    let backups = newest_first(folder)?;
    let total = backups.len() as u64;
    for (nth, path) in backups.iter().enumerate() {
        told("backups", nth as u64, total);
        if stop.is_stopped() {
            return Err(VerifyToolError::Stopped);
        }
        let damage = match Closed::open(path) {
            Ok(_) => continue,
            // It was removed for a newer one.
            Err(_) if !path.exists() => continue,
            Err(error) => error.to_string(),
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let place = format!("{}/{name}", layout::BACKUPS);
        let words = ("a ledger as it was copied".to_owned(), damage);
        findings.add(Finding::new(place, "file-sound", "the file", words, Mend::PutAway));
    }
    for kept in [layout::TOPICS, layout::ORGANIZE] {
        results(folder, kept, stop, findings)?;
    }
    Ok(())
}

/// What a kept result looks like, whatever it is of.
#[derive(Deserialize)]
#[allow(dead_code, reason = "only whether it is there matters")]
struct Kept {
    format: u32,
    turn: u64,
    record: serde::de::IgnoredAny,
}

fn results(folder: &Path, below: &str, stop: &Stop, findings: &mut Findings) -> Result<(), VerifyToolError> {
    let mut waiting = vec![below.to_owned()];
    while let Some(below) = waiting.pop() {
        if stop.is_stopped() {
            return Err(VerifyToolError::Stopped);
        }
        let entries = match std::fs::read_dir(folder.join(&below)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            listed => listed.map_err(PathError::doing("list", &folder.join(&below)))?,
        };
        for entry in entries.flatten() {
            let place = format!("{below}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                waiting.push(place);
            } else if place.ends_with(".json")
                && let Ok(file) = std::fs::File::open(entry.path())
                && let Err(error) = serde_json::from_reader::<_, Kept>(std::io::BufReader::new(file))
            {
                let words = ("a result as it was kept".to_owned(), error.to_string());
                findings.add(Finding::new(place, "record-reads", "the file", words, Mend::Refill));
            }
        }
    }
    Ok(())
}
