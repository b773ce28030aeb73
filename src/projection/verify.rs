//! Whether projections say what the ledger says. Each room judges its own; here stands what they share, and all of
//! them in turn, of a data folder that nobody has open. Looking changes nothing.

use super::{tags, text, thumbs, vectors};
use crate::ledger::verify::{Finding, Findings, Mend};
use crate::ledger::{ReadError, Reader};
use crate::limits::FEED_ROWS_PULLED;
use crate::sys::Stop;
use crate::sys::storage::{Disk, Diverting, Open};
use lumidex_schema::checkpoint::{Checkpoint, StartEmpty};
use lumidex_schema::feed::Subject;
use lumidex_schema::id::Seq;
use lumidex_schema::layout;
use redb::{Database, ReadableDatabase};
use roaring::RoaringBitmap;
use std::borrow::Cow;
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;

/// Why a projection could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The ledger could not be read.
    #[error(transparent)]
    Ledger(#[from] ReadError),
    /// It was told to stop.
    #[error("stopped before everything was looked at")]
    Stopped,
}

/// How often a look asks whether to stop, in things looked at.
pub(super) const LOOKED_AT_ONCE: u64 = 4_096;

/// Bytes by which the engine knows its files.
const FIRST_BYTES: usize = 8;

/// What looking at a projection goes by.
pub struct Looking<'a> {
    /// The ledger it is compared with.
    pub reader: &'a Reader,
    /// Asked now and then.
    pub stop: &'a Stop,
    /// Told things looked at, and how many there are.
    pub progress: &'a mut dyn FnMut(u64, u64),
    /// Where findings go.
    pub findings: &'a mut Findings,
    done: u64,
}

impl<'a> Looking<'a> {
    /// Begins a look.
    #[must_use]
    pub fn new(
        reader: &'a Reader,
        stop: &'a Stop,
        progress: &'a mut dyn FnMut(u64, u64),
        findings: &'a mut Findings,
    ) -> Self {
        Self { reader, stop, progress, findings, done: 0 }
    }

    /// One thing of so many was looked at.
    pub(super) fn step(&mut self, total: u64) -> Result<(), LookError> {
        self.done += 1;
        if self.done.is_multiple_of(LOOKED_AT_ONCE) {
            (self.progress)(self.done.min(total), total);
            if self.stop.is_stopped() {
                return Err(LookError::Stopped);
            }
        }
        Ok(())
    }

    /// A place that is to be emptied.
    pub(super) fn tell(
        &mut self,
        place: impl Into<Cow<'static, str>>,
        rule: &'static str,
        what: impl Into<String>,
        words: (impl Into<String>, impl Into<String>),
    ) {
        self.findings.add(Finding::new(place, rule, what, words, Mend::Refill));
    }

    /// Judges a checkpoint as whoever attaches the projection would; gives how far it is. `None` when there is
    /// nothing to be looked at.
    pub(super) fn judge(
        &mut self,
        place: &'static str,
        found: Result<Checkpoint, StartEmpty>,
        format: u32,
    ) -> Result<Option<Seq>, LookError> {
        let judged = match found {
            Ok(checkpoint) => checkpoint.judge(format, self.reader.history(checkpoint.seen)?),
            Err(reason) => Err(reason),
        };
        match judged {
            Ok(applied) => Ok(Some(applied)),
            // It is filled when a server starts.
            Err(StartEmpty::Absent) => Ok(None),
            Err(reason) => {
                self.tell(
                    place,
                    "checkpoint",
                    "the whole",
                    ("one that the ledger knows", reason.to_string()),
                );
                Ok(None)
            }
        }
    }
}

/// Subjects that a projection need not agree on with the ledger, because they changed after what it followed.
#[derive(Clone, Debug, Default)]
pub struct Unjudged {
    pub(super) images: RoaringBitmap,
    pub(super) texts: RoaringBitmap,
    pub(super) folders: RoaringBitmap,
    pub(super) tags: RoaringBitmap,
}

impl Unjudged {
    /// All that changed after this number.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn since(reader: &Reader, seq: Seq) -> Result<Self, ReadError> {
        let (mut unjudged, mut after) = (Self::default(), seq);
        loop {
            let rows = reader.feed_after(after, FEED_ROWS_PULLED)?;
            let Some((last, _)) = rows.last() else { return Ok(unjudged) };
            after = *last;
            for (_, subject) in rows {
                match subject {
                    Subject::Image(id) => unjudged.images.insert(id.0),
                    Subject::Text(id) => unjudged.texts.insert(id.0),
                    Subject::Folder(id) => unjudged.folders.insert(id.0),
                    Subject::Tag(id) => unjudged.tags.insert(id.0),
                };
            }
        }
    }
}

/// Opens a projection's store as it stands and proves every page; `None` for one that was begun and never filled, as
/// when a program was killed meanwhile: it is filled when a server starts.
pub(super) fn open_as_it_stands(path: &Path) -> Result<Option<Database>, Box<dyn Error + Send + Sync>> {
    let mut first = [0; FIRST_BYTES];
    let file = Disk::shared().open(path, Open::Read)?;
    let len = file.len()?.min(FIRST_BYTES as u64) as usize;
    file.read_at(0, &mut first[..len])?;
    // The engine writes these last when it makes a file.
    if first == [0; FIRST_BYTES] {
        return Ok(None);
    }
    let backend = Diverting::as_it_stands(&*Disk::shared(), path)?;
    let mut db: Database = Database::builder().create_with_backend(backend)?;
    if !db.check_integrity()? {
        return Err("a page is not as it was written".into());
    }
    let is_filled = db.begin_read()?.list_tables()?.next().is_some();
    Ok(is_filled.then_some(db))
}

/// Looks at everything derived in a data folder that nobody has open, at all of its parts side by side. `progress` is
/// told which part, things looked at, and how many there are. `thumbs` is where small pictures are kept.
///
/// # Errors
/// [`LookError`].
pub fn verify_closed(
    folder: &Path,
    thumbs: &Path,
    reader: &Reader,
    stop: &Stop,
    progress: &mut dyn FnMut(&'static str, u64, u64),
    findings: &mut Findings,
) -> Result<(), LookError> {
    type Part = fn(&Path, &mut Looking<'_>) -> Result<(), LookError>;
    let parts: [(&'static str, PathBuf, Part); 4] = [
        (layout::TAGS, folder.join(layout::TAGS), tags::verify_closed),
        (layout::TEXT, folder.join(layout::TEXT), text::verify_closed),
        (layout::VECTORS, folder.join(layout::VECTORS), vectors::verify_closed),
        (layout::THUMBS, thumbs.to_owned(), thumbs::verify_closed),
    ];
    let (told, said) = channel();
    std::thread::scope(|scope| {
        let threads = parts.map(|(place, path, part)| {
            let told = told.clone();
            scope.spawn(move || {
                let mut found = Findings::default();
                // Nobody listens any more once a thread panicked.
                let mut told = |done, total| {
                    let _ = told.send((place, done, total));
                };
                let mut looking = Looking::new(reader, stop, &mut told, &mut found);
                // Damage that makes a library panic is damage like any other.
                let looked = catch_unwind(AssertUnwindSafe(|| part(&path, &mut looking)));
                let looked = looked.unwrap_or_else(|_| {
                    looking.tell(place, "file-sound", "the whole", ("what was written", "reading it panics"));
                    Ok(())
                });
                (looked, found)
            })
        });
        drop(told);
        for (place, done, total) in said {
            progress(place, done, total);
        }
        let mut all = Ok(());
        for thread in threads {
            let (looked, found) = thread.join().unwrap_or_else(|panic| resume_unwind(panic));
            findings.add_all(found);
            all = all.and(looked);
        }
        all
    })
}
