//! Whether everything in a data folder is as it should be: the ledger by its own rules, what is derived from it
//! against it, thumbnails, backups and kept results. Nothing is written.
//!
//! Beside a server, the server judges what it has open; files that anybody may read are looked at here.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::thread::ScopedJoinHandle;

use lumidex::ledger::Reader;
use lumidex::ledger::backup::newest_first;
use lumidex::ledger::paid::{self, PaidError};
use lumidex::ledger::verify::{self as rules, Closed, FileError, Finding, Findings, Mend};
use lumidex::projection::thumbs;
use lumidex::projection::verify::{self as derived, LookError};
use lumidex::sys::{PathError, Stop};
use lumidex_schema::layout;
use serde::{Deserialize, Serialize};

use crate::access::{self, AccessError, Looked, Place};

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
pub fn verify(place: impl Into<Place>, stop: &Stop, told: Told<'_>) -> Result<Verified, VerifyToolError> {
    let place = place.into();
    let folder = place.folder();
    match access::look(folder)? {
        Looked::Closed(_held) => verify_held(&place, stop, told),
        Looked::Served(server) => {
            told("the server looks", 0, 0);
            let findings = server.ask::<Findings>("/api/v1/verify", stop)?.ok_or(VerifyToolError::Stopped)?;
            let mut verified = Verified { findings, unlooked: Vec::new(), served: true };
            thumbs::verify(
                place.thumbs(),
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

/// As [`verify`], of a library whose lock the caller holds. The ledger, what is derived from it, and what is kept beside
/// it are looked at side by side: each takes about as long as the ledger, and most of the time each uses one core.
///
/// # Errors
///
/// As [`verify`].
pub fn verify_held(place: &Place, stop: &Stop, told: Told<'_>) -> Result<Verified, VerifyToolError> {
    let (say, said) = channel();
    let ledger = &place.of(layout::LEDGER);
    let (ruled, derived, kept) = std::thread::scope(|scope| {
        let (of_rules, of_derived, of_kept) = (say.clone(), say.clone(), say);
        let ruled = scope.spawn(move || rules_of(ledger, stop, &mut telling(of_rules)));
        let derived = scope.spawn(move || derived_from(ledger, place, stop, &mut telling(of_derived)));
        let kept = scope.spawn(move || kept_beside(place.folder(), stop, &mut telling(of_kept)));
        for (place, done, total) in said {
            told(place, done, total);
        }
        (joined(ruled), joined(derived), joined(kept))
    });
    let mut verified = Verified { findings: ruled?, ..Verified::default() };
    let is_sound = verified.findings.is_empty();
    if verified.findings.asks_for(layout::LEDGER, Mend::Restore) {
        // What was found by a ledger that is none says nothing.
        verified.unlooked.push("what is derived from the ledger".to_owned());
    } else {
        let Derived { findings, unlooked } = derived?;
        verified.findings.add_all(findings);
        match unlooked {
            Some((_, why)) if is_sound => return Err(why),
            unlooked => verified.unlooked.extend(unlooked.map(|(what, _)| what.to_owned())),
        }
    }
    verified.findings.add_all(kept?);
    Ok(verified)
}

/// Tells another thread.
fn telling(say: Sender<(&'static str, u64, u64)>) -> impl FnMut(&'static str, u64, u64) {
    move |place, done, total| {
        // Nobody listens any more once a thread panicked.
        let _ = say.send((place, done, total));
    }
}

fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

/// The ledger by its own rules.
fn rules_of(ledger: &Path, stop: &Stop, told: Told<'_>) -> Result<Findings, VerifyToolError> {
    if !ledger.exists() {
        let mut findings = Findings::default();
        let words = ("a ledger", "none, and backups of one");
        findings.add(Finding::new(layout::LEDGER, "file-sound", "the file", words, Mend::Restore));
        return Ok(findings);
    }
    rules::verify_closed(ledger, stop, &mut |done, total| told("ledger", done, total)).map_err(|error| {
        match error {
            FileError::Verify(rules::VerifyError::Stopped) => VerifyToolError::Stopped,
            other => VerifyToolError::Ledger(other),
        }
    })
}

/// What is derived from a ledger, compared with it.
struct Derived {
    findings: Findings,
    /// What could not be looked at because the ledger could not be read.
    unlooked: Option<(&'static str, VerifyToolError)>,
}

fn derived_from(
    ledger: &Path,
    place: &Place,
    stop: &Stop,
    told: Told<'_>,
) -> Result<Derived, VerifyToolError> {
    let mut findings = Findings::default();
    // Damage that makes the engine panic is damage like any other, and its own rules tell of it.
    let opened = catch_unwind(AssertUnwindSafe(|| Reader::as_it_stands(ledger)));
    let panicked = |_| Err(FileError::Damaged("opening it panics".to_owned()));
    let reader = match opened.map_or_else(panicked, |opened| opened.map_err(FileError::from)) {
        Ok(reader) => reader,
        Err(error) => {
            let why = VerifyToolError::Ledger(error);
            return Ok(Derived { findings, unlooked: Some(("what is derived from the ledger", why)) });
        }
    };
    let unlooked =
        match derived::verify_closed(place.folder(), place.thumbs(), &reader, stop, told, &mut findings) {
            Ok(()) => None,
            Err(error @ LookError::Ledger(_)) => {
                Some(("some of what is derived from the ledger", in_our_words(error)))
            }
            Err(error) => return Err(in_our_words(error)),
        };
    Ok(Derived { findings, unlooked })
}

/// What was paid for, its copy, backups and kept results.
fn kept_beside(folder: &Path, stop: &Stop, told: Told<'_>) -> Result<Findings, VerifyToolError> {
    let mut findings = paid::verify_closed(&folder.join(layout::PAID))?;
    // A server adds to it at any time.
    let copy = format!("{}/{}", layout::BACKUPS, layout::PAID);
    for finding in paid::verify_closed(&folder.join(&copy))?.told {
        let place = copy.clone().into();
        findings.add(Finding { place, mend: Mend::PutAway, ..finding });
    }
    files(folder, stop, told, &mut findings)?;
    Ok(findings)
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
