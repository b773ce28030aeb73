//! Makes a ledger right that nobody has open, in small transactions, each of which leaves it no worse. Interrupted,
//! it can be run again. What is taken out stands in a file beside before it is.

use super::super::ReadError;
use super::super::backup::{newest_first, shown_time};
use super::super::open::{OpenError, random_token};
use super::super::store::engine;
use super::super::txn::{Tables, decode};
use super::super::writer::begin;
use super::change::{Place, derive, put_counter};
use super::file::{Closed, FileError, fenced};
use super::look_through;
use super::rescue::{Backups, Plan, unread};
use crate::limits;
use crate::sys::storage::{Disk, Diverting, Open};
use crate::sys::{Beside, PathError, Stop};
use lumidex_schema::feed::Subject;
use lumidex_schema::id::{ImageId, Timestamp};
use lumidex_schema::record::{Folder, Image, Presence, Row, Tag, Text};
use lumidex_schema::{layout, tables};
use redb::{Database, ReadTransaction, ReadableTable};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Changes made at once.
const CHANGES_AT_ONCE: usize = 8_192;

/// Why a ledger is not right yet. What was made right stays so.
#[derive(Debug, thiserror::Error)]
pub enum MendError {
    /// It cannot be looked through.
    #[error(transparent)]
    File(#[from] FileError),
    /// It cannot be written.
    #[error("the ledger could not be written")]
    Write(#[source] ReadError),
    /// A file beside it could not be written.
    #[error(transparent)]
    Beside(#[from] PathError),
    /// It was told to stop.
    #[error("stopped; run it again to go on")]
    Stopped,
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mended {
    /// Rows written, of which this many came from a backup.
    pub changes: u64,
    /// See `changes`.
    pub from_backups: u64,
    /// Rows taken out.
    pub set_aside: u64,
    /// Where they are kept.
    pub kept: Option<PathBuf>,
    /// Images whose files are read again by the next walk.
    pub read_again: u64,
    /// Rows that nothing can bring back, for a person.
    pub hopeless: Vec<String>,
}

/// Makes the ledger of a data folder right, whose lock the caller holds, as far as its rows can be read at all.
/// What was done before a stop stays.
///
/// # Errors
/// [`MendError`].
pub fn mend(
    folder: &Path,
    now: Timestamp,
    stop: &Stop,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Mended, MendError> {
    let ledger = folder.join(layout::LEDGER);
    let mut mended = Mended::default();
    let plan = fenced(|| {
        let closed = Closed::open(&ledger)?;
        let mut changes = Vec::new();
        look_through(closed.txn(), stop, progress, &mut |_, of_it| changes.extend(of_it))?;
        let backups = newest_first(folder).unwrap_or_default();
        let plan = Plan::make(closed.txn(), changes, &mut Backups::of(backups), now)?;
        let kept = set_aside(folder, closed.txn(), &plan, now);
        Ok((plan, kept))
    });
    let (plan, kept) = plan?;
    (mended.kept, mended.set_aside) = kept?;
    mended.from_backups = plan.n_from_backups;
    mended.read_again = plan.read_again.len() as u64;
    mended.hopeless = plan.hopeless.iter().map(Place::shown).collect();
    mended.changes = (plan.put.len() + plan.derived.len() + plan.renumbered.len() + plan.read_again.len())
        as u64
        + (plan.counters.len() + plan.epochs.len()) as u64
        + mended.set_aside;
    if mended.changes > 0 {
        Mending::begin(&ledger)?.all(plan, now, stop)?;
    }
    Ok(mended)
}

/// Writes rows that are taken out into a file beside the ledger, one to a line.
fn set_aside(
    folder: &Path,
    txn: &ReadTransaction,
    plan: &Plan,
    now: Timestamp,
) -> Result<(Option<PathBuf>, u64), MendError> {
    let mut lines = Vec::new();
    let mut rows = 0;
    for place in &plan.taken {
        let Some(bytes) = place.raw_in(txn).map_err(MendError::Write)? else { continue };
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let line = serde_json::json!({ "row": place.shown(), "bytes": hex });
        lines.extend_from_slice(format!("{line}\n").as_bytes());
        rows += 1;
    }
    if lines.is_empty() {
        return Ok((None, 0));
    }
    Ok((Some(keep_aside(folder, &lines, now)?), rows))
}

/// Writes lines of what was taken out into a file of its own in a data folder, durably.
///
/// # Errors
/// [`PathError`]; then nothing is left.
pub fn keep_aside(folder: &Path, lines: &[u8], now: Timestamp) -> Result<PathBuf, PathError> {
    let mut nth = 0;
    loop {
        let again = if nth == 0 { String::new() } else { format!("-{nth}") };
        let path = folder.join(format!("{}{}{again}.jsonl", layout::SET_ASIDE, shown_time(now)));
        let beside = Beside::of(&path);
        let written = std::fs::File::create_new(beside.path()).and_then(|mut file| file.write_all(lines));
        written.map_err(PathError::doing("write", &path))?;
        match beside.place() {
            Err(error) if error.source.kind() == std::io::ErrorKind::AlreadyExists => nth += 1,
            placed => return placed.map(|()| path),
        }
    }
}

struct Mending {
    db: Database,
    backend: Diverting,
}

impl Mending {
    fn begin(path: &Path) -> Result<Self, MendError> {
        let failed = |source: ReadError| {
            MendError::File(OpenError::Store { path: path.display().to_string(), source }.into())
        };
        let file = Disk::shared().open(path, Open::Keep).map_err(|error| failed(error.into()))?;
        let backend = Diverting::over(file).map_err(|error| failed(error.into()))?;
        let db = engine(&backend, limits::LEDGER_CACHE_BYTES).map_err(failed)?;
        Ok(Self { db, backend })
    }

    fn all(&self, plan: Plan, now: Timestamp, stop: &Stop) -> Result<(), MendError> {
        let Plan { counters, epochs, put, taken, derived, read_again, renumbered, .. } = plan;
        self.write(|txn| {
            for (name, least) in &counters {
                put_counter(txn, name, *least)?;
            }
            let mut table = txn.open_table(tables::EPOCHS)?;
            for (seq, is_there) in &epochs {
                match is_there {
                    true => drop(table.insert(seq, random_token())?),
                    false => drop(table.remove(seq)?),
                }
            }
            // Numbers that are given from now on are of no epoch that any projection has seen.
            let head = Tables::head_in(txn)?;
            table.insert(head + 1, random_token())?;
            Ok(())
        })?;
        let put: Vec<_> = put.into_iter().collect();
        self.each(&put, stop, |tables, (place, bytes)| place.put(tables, bytes))?;
        self.each(&derived, stop, derive)?;
        let taken: Vec<_> = taken.into_iter().collect();
        self.each(&taken, stop, |tables, place| {
            place.take(tables)?;
            match place {
                // Followers take it off the image.
                Place::Link(image, _) => tables.touch(ImageId(*image)),
                _ => Ok(()),
            }
        })?;
        let read_again: Vec<_> = read_again.into_iter().collect();
        self.each(&read_again, stop, |tables, id| read_again_later(tables, *id, now))?;
        let renumbered: Vec<_> = renumbered.into_iter().collect();
        self.each(&renumbered, stop, |tables, subject| match Subject::decode(*subject) {
            Some(subject) => renumber(tables, subject, now),
            None => Ok(()),
        })
    }

    fn each<T>(
        &self,
        items: &[T],
        stop: &Stop,
        change: impl Fn(&mut Tables<'_>, &T) -> Result<(), ReadError>,
    ) -> Result<(), MendError> {
        for some in items.chunks(CHANGES_AT_ONCE) {
            if stop.is_stopped() {
                return Err(MendError::Stopped);
            }
            self.write(|txn| {
                let mut tables = Tables::open(txn)?;
                for item in some {
                    change(&mut tables, item)?;
                }
                tables.finish().map(drop)
            })?;
        }
        Ok(())
    }

    fn write(
        &self,
        work: impl FnOnce(&redb::WriteTransaction) -> Result<(), ReadError>,
    ) -> Result<(), MendError> {
        let written = || {
            let txn = begin(&self.db)?;
            work(&txn)?;
            if let Some(error) = self.backend.failure() {
                return Err(error.into());
            }
            txn.commit()?;
            self.backend.failure().map_or(Ok(()), |error| Err(error.into()))
        };
        written().map_err(MendError::Write)
    }
}

/// What was read of an image is forgotten. Its path leads to it, if nobody else is there; otherwise it is missing.
fn read_again_later(tables: &mut Tables<'_>, id: u32, now: Timestamp) -> Result<(), ReadError> {
    let Some(image) = tables.image(ImageId(id))? else { return Ok(()) };
    let image = unread(image);
    store(tables, id, image, now)
}

/// Stores an image with the next number, at its place if that is free, or its own.
fn store(tables: &mut Tables<'_>, id: u32, mut image: Image, now: Timestamp) -> Result<(), ReadError> {
    let key = (image.folder.0, image.name.clone());
    let there = tables.paths.get((key.0, key.1.as_slice()))?.map(|row| row.value().0);
    let is_free = match there.filter(|other| *other != id) {
        None => true,
        Some(other) => tables.image(ImageId(other))?.is_none_or(|other| other.presence != Presence::Present),
    };
    if image.presence == Presence::Present && !is_free {
        image.presence = Presence::Missing { since: now };
    }
    if image.presence == Presence::Present {
        tables.paths.insert((key.0, key.1.as_slice()), (id, image.sighting.digest()))?;
    } else if there == Some(id) {
        tables.paths.insert((key.0, key.1.as_slice()), (id, 0))?;
    }
    let subject = Subject::Image(ImageId(id));
    leave_feed(tables, image.seq.0, subject)?;
    image.seq = tables.renumber(None, subject)?;
    tables.images.insert(id, image.encode().as_slice())?;
    Ok(())
}

/// Takes a subject's row at this number away, if it is its.
fn leave_feed(tables: &mut Tables<'_>, seq: u64, subject: Subject) -> Result<(), ReadError> {
    let is_its = tables.feed.get(seq)?.is_some_and(|row| row.value() == subject.encode());
    if is_its {
        tables.feed.remove(seq)?;
    }
    Ok(())
}

fn renumber(tables: &mut Tables<'_>, subject: Subject, now: Timestamp) -> Result<(), ReadError> {
    macro_rules! renumbered {
        ($table:ident, $id:expr, $row:ty) => {{
            let row: Option<$row> = decode(tables.$table.get($id)?)?;
            if let Some(mut row) = row {
                leave_feed(tables, row.seq.0, subject)?;
                row.seq = tables.renumber(None, subject)?;
                tables.$table.insert($id, row.encode().as_slice())?;
            }
        }};
    }
    match subject {
        Subject::Image(id) => {
            if let Some(image) = tables.image(id)? {
                store(tables, id.0, image, now)?;
            }
        }
        Subject::Text(id) => renumbered!(texts, id.0, Text),
        Subject::Tag(id) => renumbered!(tags, id.0, Tag),
        Subject::Folder(id) => renumbered!(folders, id.0, Folder),
    }
    Ok(())
}
