//! Opening the ledger, and the handle everyone else holds.

use super::alike::SharedAlike;
use super::decide::{DecideError, Outcome, Request};
use super::intern::{Displaced, Interned};
use super::observe::Observation;
use super::pace::{Pace, Paced};
use super::store::{Current, Store};
use super::sweep::{self, Sweepable, Swept};
use super::txn::Tables;
use super::writer::{Ask, Report, Sweeping, WriteError, Writer, begin};
use super::{ReadError, Reader};
use crate::limits;
use crate::sys::storage::{Disk, Storage};
use crate::sys::{Bell, Stop};
use crossbeam_channel::{Sender, bounded};
use lumidex_schema::id::{ImageId, Seq, TagId};
use lumidex_schema::record::{ExtraPath, Fingerprint, PathType, Sighting};
use lumidex_schema::tag::{TagKind, WELL_KNOWN};
use lumidex_schema::{format, tables};
use redb::{Database, ReadableDatabase, ReadableTable, TableHandle};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

/// Why the ledger could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A newer program wrote it.
    #[error(
        "the ledger is of format {found}, this program knows {known}: use the newer program again, \
         or choose another folder with `--data-dir`"
    )]
    Newer {
        /// Its format.
        found: u32,
        /// The newest format this program knows.
        known: u32,
    },
    /// Too old to be upgraded.
    #[error("the ledger is of format {found}, older than {oldest}, the oldest this program can upgrade")]
    TooOld {
        /// Its format.
        found: u32,
        /// The oldest format this program can upgrade.
        oldest: u32,
    },
    /// The file is no ledger.
    #[error("`{path}` is not a lumidex ledger")]
    Foreign {
        /// The file.
        path: String,
    },
    /// The storage engine failed.
    #[error("the ledger `{path}` cannot be opened")]
    Store {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: ReadError,
    },
    /// The writer's thread could not be started.
    #[error("the ledger's thread cannot be started")]
    Thread(#[source] std::io::Error),
}

/// The open ledger. Clones share it; it closes when the last one is gone.
#[derive(Clone)]
pub struct Ledger {
    inner: Arc<Inner>,
}

/// Fields drop in order: closing the inboxes ends the writer's loop, then its thread is joined.
struct Inner {
    reports: Sender<Report>,
    asks: Sender<Ask>,
    sweeps: Sender<Sweeping>,
    _thread: JoinOnDrop,
    head: Bell,
    pace: Pace,
    alike: SharedAlike,
    displaced: Displaced,
    current: CloseOnDrop,
}

struct CloseOnDrop(Current);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close();
    }
}

struct JoinOnDrop(Option<JoinHandle<()>>);

impl Drop for JoinOnDrop {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take()
            && thread.join().is_err()
        {
            tracing::error!("the ledger's writer panicked");
        }
    }
}

impl Ledger {
    /// Opens the ledger at `path`, or makes an empty one. The caller holds the folder's lock.
    ///
    /// # Errors
    /// See [`OpenError`]; nothing is changed then.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::open_on(Disk::shared(), path)
    }

    /// As [`Ledger::open`], on this storage.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub fn open_on(storage: Arc<dyn Storage>, path: &Path) -> Result<Self, OpenError> {
        let (wake, woken) = bounded(1);
        let (store, current, head) = Store::open(storage, path, wake)?;
        let current = CloseOnDrop(current);
        let head = Bell::starting_at(head.0);
        let (reports, reports_in) = bounded(limits::LEDGER_REPORTS_QUEUED);
        let (asks, asks_in) = bounded(limits::LEDGER_DECISIONS_QUEUED);
        // One is written while nothing else waits; the next is asked for after it.
        let (sweeps, sweeps_in) = bounded(1);
        let (alike, displaced) = (SharedAlike::default(), Displaced::default());
        let writer = Writer {
            store,
            reports: reports_in,
            asks: asks_in,
            sweeps: sweeps_in,
            woken,
            head: head.clone(),
            interned: Interned::new(alike.clone(), displaced.clone()),
        };
        let thread = std::thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || writer.run())
            .map_err(OpenError::Thread)?;
        let pace = Pace::default();
        Ok(Self {
            inner: Arc::new(Inner {
                reports,
                asks,
                sweeps,
                _thread: JoinOnDrop(Some(thread)),
                head,
                pace,
                alike,
                displaced,
                current,
            }),
        })
    }

    /// A snapshot of this moment.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn reader(&self) -> Result<Reader, ReadError> {
        self.inner.current.0.begin(Reader::begin)
    }

    /// Why nothing can be written at the moment, if so: the disk failed. It is tried again with
    /// every write, and every few seconds.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.inner.current.0.failure()
    }

    /// The largest number that is durable.
    #[must_use]
    pub fn head(&self) -> Seq {
        Seq(self.inner.head.last())
    }

    /// Rings with every commit, with the head's number.
    #[must_use]
    pub fn bell(&self) -> &Bell {
        &self.inner.head
    }

    /// Observations keep the pace of who follows, told by this bell, until the guard is dropped.
    #[must_use]
    pub fn keep_pace_with(&self, visible: Bell) -> Paced {
        self.inner.pace.keep_with(visible)
    }

    /// Writes a batch of observations; answers after it is durable, with the head then. Waits
    /// while the writer is busy, and a while for followers that are far behind.
    ///
    /// # Errors
    /// [`WriteError`]; parts of the batch that were made durable before stay.
    pub fn observe(&self, observations: Vec<Observation>) -> Result<Seq, WriteError> {
        self.inner.pace.wait(self.head());
        let (answer, said) = bounded(1);
        self.inner.reports.send(Report { observations, answer }).map_err(|_| WriteError::Closed)?;
        said.recv().map_err(|_| WriteError::Closed)?
    }

    /// Images that may have this content, or had it; those that may be this very file come first.
    /// What the records say of them decides.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn alike(&self, fingerprint: &Fingerprint, sighting: &Sighting) -> Result<Vec<ImageId>, ReadError> {
        self.inner.alike.get(fingerprint, sighting, || self.reader())
    }

    /// Images whose place was taken by others since this was last asked. Their content may have come
    /// elsewhere with the same observations; whoever made those can look.
    #[must_use]
    pub fn take_displaced(&self) -> Vec<ImageId> {
        std::mem::take(&mut *self.inner.displaced.lock())
    }

    /// Takes what is left of images that have been missing for long, in small transactions that let
    /// decisions and observations go first: those that no person ever did anything to are removed, the
    /// others lose what can be read from their files again. Ends early when told to stop.
    ///
    /// # Errors
    /// [`WriteError`]; what was made durable before stays so.
    pub fn sweep(&self, which: Sweepable, stop: &Stop) -> Result<Swept, WriteError> {
        let unread = |error| WriteError::Store(Arc::new(error));
        let mut swept = Swept::default();
        let found = self.reader().and_then(|reader| sweep::find(&reader, which, stop)).map_err(unread)?;
        let Some(due) = found else { return Ok(swept) };
        for images in sweep::batches(&due) {
            if stop.is_stopped() {
                break;
            }
            let (answer, said) = bounded(1);
            let sweeping = Sweeping { which, seen: due.seen, images: images.to_vec(), answer };
            self.inner.sweeps.send(sweeping).map_err(|_| WriteError::Closed)?;
            swept += said.recv().map_err(|_| WriteError::Closed)??;
        }
        Ok(swept)
    }

    /// Those that could not be told where their content is; they are asked about again.
    pub fn give_back_displaced(&self, images: Vec<ImageId>) {
        self.inner.displaced.lock().extend(images);
    }

    /// Gets ready what [`Ledger::alike`] needs, so that the first question does not wait for it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn prepare_alike(&self) -> Result<(), ReadError> {
        self.alike(&Fingerprint([1; 16]), &Sighting::default()).map(drop)
    }

    /// Makes a custom tag, or finds the one of that name.
    ///
    /// # Errors
    /// [`DecideError`], nothing written; so for every decision.
    pub fn make_tag(&self, name: &str) -> Result<(Seq, TagId), DecideError> {
        match self.decide(Request::MakeTag { name: name.to_owned() })? {
            (seq, Outcome::Tag(id)) => Ok((seq, id)),
            (_, other) => unreachable!("making a tag gives a tag, not {other:?}"),
        }
    }

    /// Removes a custom tag and takes it off every image; an unknown tag is no error.
    ///
    /// # Errors
    /// As [`Ledger::make_tag`].
    pub fn remove_tag(&self, tag: TagId) -> Result<Seq, DecideError> {
        Ok(self.decide(Request::RemoveTag { tag })?.0)
    }

    /// Gives a tag a colour; an unknown tag is no error.
    ///
    /// # Errors
    /// As [`Ledger::make_tag`].
    pub fn color_tag(&self, tag: TagId, color: &str) -> Result<Seq, DecideError> {
        Ok(self.decide(Request::ColorTag { tag, color: color.to_owned() })?.0)
    }

    /// Puts a custom tag on images.
    ///
    /// # Errors
    /// As [`Ledger::make_tag`].
    pub fn put_tag(&self, tag: TagId, images: Vec<ImageId>) -> Result<Seq, DecideError> {
        Ok(self.decide(Request::PutTag { tag, images })?.0)
    }

    /// Takes a custom tag off images; no rule puts it on them again.
    ///
    /// # Errors
    /// As [`Ledger::make_tag`].
    pub fn take_tag(&self, tag: TagId, images: Vec<ImageId>) -> Result<Seq, DecideError> {
        Ok(self.decide(Request::TakeTag { tag, images })?.0)
    }

    /// Puts a custom tag on an image or takes it off; says whether it is now off.
    ///
    /// # Errors
    /// As [`Ledger::make_tag`].
    pub fn toggle_tag(&self, tag: TagId, image: ImageId) -> Result<(Seq, bool), DecideError> {
        match self.decide(Request::ToggleTag { tag, image })? {
            (seq, Outcome::IsRemoved(is_removed)) => Ok((seq, is_removed)),
            (_, other) => unreachable!("toggling says whether the tag is off, not {other:?}"),
        }
    }

    /// Stores a client's setting; `json` must be JSON text.
    ///
    /// # Errors
    /// As [`Ledger::make_tag`].
    pub fn put_setting(&self, name: &str, json: &str) -> Result<Seq, DecideError> {
        Ok(self.decide(Request::PutSetting { name: name.to_owned(), json: json.to_owned() })?.0)
    }

    /// Removes a client's setting; an absent one is no error.
    ///
    /// # Errors
    /// As [`Ledger::make_tag`].
    pub fn remove_setting(&self, name: &str) -> Result<Seq, DecideError> {
        Ok(self.decide(Request::RemoveSetting { name: name.to_owned() })?.0)
    }

    /// Adds types to an extra path, or adds the path. `path` is absolute and lexically normal.
    ///
    /// # Errors
    /// As [`Ledger::make_tag`].
    pub fn add_extra_path(&self, path: &[u8], types: &[PathType]) -> Result<Seq, DecideError> {
        Ok(self.decide(Request::AddExtraPath { path: path.to_vec(), types: types.to_vec() })?.0)
    }

    /// Removes types from an extra path (all when `types` is empty); it goes with its last type.
    /// Images that no other extra path covers are hidden; what a person did to them is kept.
    ///
    /// # Errors
    /// As [`Ledger::make_tag`].
    pub fn remove_extra_path(&self, path: &[u8], types: &[PathType]) -> Result<Seq, DecideError> {
        Ok(self.decide(Request::RemoveExtraPath { path: path.to_vec(), types: types.to_vec() })?.0)
    }

    /// Gives an extra path a name of the user's own.
    ///
    /// # Errors
    /// As [`Ledger::make_tag`].
    pub fn alias_extra_path(&self, path: &[u8], alias: &str) -> Result<(Seq, ExtraPath), DecideError> {
        match self.decide(Request::AliasExtraPath { path: path.to_vec(), alias: alias.to_owned() })? {
            (seq, Outcome::ExtraPath(entry)) => Ok((seq, entry)),
            (_, other) => unreachable!("an alias gives the entry, not {other:?}"),
        }
    }

    /// Settles a question about identity. Without `take` all stays as it is. With it: of
    /// [`Question::Ambiguous`] this missing image stands at the arrived one's place from now on; of
    /// [`Question::Both`] the two become one, the older, with the tags of both; of
    /// [`Question::Replaced`] it is another picture: a new image has its file, and the image itself is
    /// missing, with all that was done to it.
    ///
    /// [`Question::Ambiguous`]: lumidex_schema::record::Question::Ambiguous
    /// [`Question::Both`]: lumidex_schema::record::Question::Both
    /// [`Question::Replaced`]: lumidex_schema::record::Question::Replaced
    ///
    /// # Errors
    /// As [`Ledger::make_tag`].
    pub fn settle_review(&self, review: Seq, take: Option<ImageId>) -> Result<Seq, DecideError> {
        Ok(self.decide(Request::SettleReview { review, take })?.0)
    }

    pub(super) fn decide(&self, request: Request) -> Result<(Seq, Outcome), DecideError> {
        let (answer, said) = bounded(1);
        self.inner.asks.send(Ask { request, answer }).map_err(|_| WriteError::Closed)?;
        said.recv().map_err(|_| WriteError::Closed)?
    }
}

/// Checks the format, makes what an empty ledger begins with, and begins an epoch.
pub(super) fn begin_epoch(db: &Database, path: &Path) -> Result<Seq, OpenError> {
    readable_format(db, path)?;
    open_epoch(db).map_err(|source| OpenError::Store { path: path.display().to_string(), source })
}

/// The format of a ledger that this program can read or upgrade; `None` for a new file.
pub(super) fn readable_format(db: &impl ReadableDatabase, path: &Path) -> Result<Option<u32>, OpenError> {
    match stored_format(db, path)? {
        Some(found) if found > format::LEDGER.current => {
            Err(OpenError::Newer { found, known: format::LEDGER.current })
        }
        Some(found) if found < format::LEDGER.oldest_readable => {
            Err(OpenError::TooOld { found, oldest: format::LEDGER.oldest_readable })
        }
        readable => Ok(readable),
    }
}

fn open_epoch(db: &Database) -> Result<Seq, ReadError> {
    let txn = begin(db)?;
    let head = {
        let mut tables = Tables::open(&txn)?;
        let stored = tables.meta.get("format")?.map(|format| format.value());
        let is_new = stored.is_none();
        // Until format 5 there came only tables, which opening them has made, and kinds of decisions.
        if stored == Some(5) {
            super::pending::upgrade(&mut tables)?;
        }
        tables.meta.insert("format", u64::from(format::LEDGER.current))?;
        if is_new {
            for (id, kind, name) in WELL_KNOWN {
                let given = tables.add_tag(kind, name)?;
                debug_assert_eq!(given, id);
                debug_assert!(kind != TagKind::Pos);
            }
        }
        let mut epochs = txn.open_table(tables::EPOCHS)?;
        // Numbers of this epoch begin after the head. An epoch that gave none is overwritten by
        // the next, for no checkpoint can have seen a number of it.
        epochs.insert(tables.counters.head.next().0, random_token())?;
        drop(epochs);
        tables.finish()?
    };
    txn.commit()?;
    Ok(head)
}

/// The format of the stored ledger; `None` for a new file.
fn stored_format(db: &impl ReadableDatabase, path: &Path) -> Result<Option<u32>, OpenError> {
    let store = |source| OpenError::Store { path: path.display().to_string(), source };
    let txn = db.begin_read().map_err(|e| store(e.into()))?;
    let mut names = txn.list_tables().map_err(|e| store(e.into()))?.map(|t| t.name().to_owned()).peekable();
    if names.peek().is_none() {
        return Ok(None);
    }
    let foreign = || OpenError::Foreign { path: path.display().to_string() };
    let meta = txn.open_table(tables::META).map_err(|_| foreign())?;
    let format = meta.get("format").map_err(|e| store(e.into()))?.ok_or_else(foreign)?;
    u32::try_from(format.value()).map(Some).map_err(|_| foreign())
}

/// A number that no other epoch has.
pub(super) fn random_token() -> u64 {
    getrandom::u64().unwrap_or_else(|_| super::writer::now().0.unsigned_abs())
}
