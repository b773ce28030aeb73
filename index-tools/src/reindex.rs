//! Empties projections and fills them again from the ledger, and reads every file again, while no
//! server runs.
//!
//! Nothing is lost by it: projections hold nothing of their own, and reading files again changes
//! nothing a person did. It is for a projection that is suspected to be wrong, and for measuring
//! how long refilling takes.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use lumidex::intake::{Intake, IntakeError, IntakeSettings, ProgressSnapshot, RunSummary};
use lumidex::ledger::{DecideError, Ledger, OpenError, ReadError};
use lumidex::projection::follower::catch_up;
use lumidex::projection::tags::TagsProjection;
use lumidex::projection::text::TextProjection;
use lumidex::projection::vectors::VectorsProjection;
use lumidex::projection::{Projection, ProjectionError};
use lumidex::sys::{DirLock, Stop};
use lumidex_schema::id::Seq;
use lumidex_schema::layout;

use crate::access::{self, AccessError};

/// Something that is refilled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The full-text index of generation texts, paths and tag names.
    Text,
    /// Tag bitmaps, columns and orders.
    Tags,
    /// Prompts. Their vectors are made again when a server is left alone, or when they are asked for; those
    /// that were paid for are kept elsewhere.
    Vectors,
}

impl Part {
    /// Everything, in the order it is refilled.
    pub const ALL: [Self; 3] = [Self::Tags, Self::Text, Self::Vectors];

    /// The word for it on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Tags => "tags",
            Self::Vectors => "vectors",
        }
    }
}

/// How often reading files says how far it is.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// Why nothing, or not everything, was refilled. Whatever was not finished refills itself when a
/// server starts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReindexError {
    /// The library cannot be had.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The ledger could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The ledger could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The ledger could not be written.
    #[error(transparent)]
    Write(#[from] DecideError),
    /// A projection could not be emptied or filled.
    #[error(transparent)]
    Projection(#[from] ProjectionError),
    /// The files could not be read again.
    #[error(transparent)]
    Intake(#[from] IntakeError),
    /// There was no thread to read files with.
    #[error("a thread could not be started")]
    Thread(#[source] io::Error),
    /// The caller asked to stop.
    #[error("stopped; the same with `--resume` goes on, or the server does when it starts")]
    Stopped,
}

/// A data folder that nobody else uses, with its ledger open.
pub struct Library {
    folder: PathBuf,
    ledger: Ledger,
    // Dropped last: the folder is ours until the ledger is closed.
    _lock: DirLock,
}

impl Library {
    /// Takes the folder's lock and opens its ledger.
    ///
    /// # Errors
    ///
    /// [`ReindexError`]; nothing is changed then.
    pub fn open(folder: &Path) -> Result<Self, ReindexError> {
        let lock = access::take(folder)?;
        // A backup alone is no ledger, and an empty one is not to take its place.
        if !folder.join(layout::LEDGER).is_file() {
            return Err(AccessError::NoLibrary { folder: folder.to_owned() }.into());
        }
        let ledger = Ledger::open(&folder.join(layout::LEDGER))?;
        Ok(Self { folder: folder.to_owned(), ledger, _lock: lock })
    }

    /// The ledger.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Walks every root and reads every file again, changed or not. `progress` is told from time
    /// to time how far it is.
    ///
    /// # Errors
    ///
    /// [`ReindexError`]; what was read before stays in the ledger, and what was read again need not be once more.
    pub fn read_again(
        &self,
        stop: &Stop,
        progress: &mut dyn FnMut(&ProgressSnapshot),
    ) -> Result<RunSummary, ReindexError> {
        self.ledger.outdate_all()?;
        self.go_on_reading(stop, progress)
    }

    /// Goes on where reading every file again ended: reads those that were not read since, and what changed.
    /// `progress` as for [`Library::read_again`].
    ///
    /// # Errors
    ///
    /// As [`Library::read_again`].
    pub fn go_on_reading(
        &self,
        stop: &Stop,
        progress: &mut dyn FnMut(&ProgressSnapshot),
    ) -> Result<RunSummary, ReindexError> {
        let settings = IntakeSettings::default();
        let intake =
            Intake::start(self.ledger.clone(), settings, None, stop).map_err(ReindexError::Thread)?;
        let (done, ended) = channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                // Received below, which waits for it.
                let _ = done.send(intake.update());
            });
            loop {
                match ended.recv_timeout(PROGRESS_EVERY) {
                    Ok(Err(IntakeError::Stopped)) => return Err(ReindexError::Stopped),
                    Ok(summary) => return Ok(summary?),
                    Err(RecvTimeoutError::Timeout) => progress(&intake.progress()),
                    Err(RecvTimeoutError::Disconnected) => return Err(ReindexError::Stopped),
                }
            }
        })
    }

    /// Empties a part and fills it again. `progress` is told how far it is and where the end is.
    ///
    /// # Errors
    ///
    /// [`ReindexError`]; the part is then shorter than the ledger but never wrong.
    pub fn refill(
        &self,
        part: Part,
        stop: &Stop,
        progress: &mut dyn FnMut(Seq, Seq),
    ) -> Result<(), ReindexError> {
        let mut projection = self.projection(part);
        projection.start_empty()?;
        self.follow(&mut *projection, stop, progress)
    }

    /// Goes on where filling a part ended, instead of emptying it first; so what was refilled before an interrupt
    /// stays. `progress` as for [`Library::refill`].
    ///
    /// # Errors
    ///
    /// As [`Library::refill`].
    pub fn go_on(
        &self,
        part: Part,
        stop: &Stop,
        progress: &mut dyn FnMut(Seq, Seq),
    ) -> Result<(), ReindexError> {
        self.follow(&mut *self.projection(part), stop, progress)
    }

    fn projection(&self, part: Part) -> Box<dyn Projection> {
        match part {
            Part::Text => Box::new(TextProjection::open(&self.folder.join(layout::TEXT))),
            Part::Tags => Box::new(TagsProjection::open(&self.folder.join(layout::TAGS))),
            Part::Vectors => Box::new(VectorsProjection::open(&self.folder.join(layout::VECTORS))),
        }
    }

    fn follow(
        &self,
        projection: &mut dyn Projection,
        stop: &Stop,
        progress: &mut dyn FnMut(Seq, Seq),
    ) -> Result<(), ReindexError> {
        catch_up(projection, &self.ledger, stop, progress)?;
        if stop.is_stopped() { Err(ReindexError::Stopped) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lumidex::ledger::{Elsewhere, Observation, Seen, SharedText};
    use lumidex::metadata::is_outdated;
    use lumidex::sys::Stopper;
    use lumidex_schema::id::{ImageId, RootId, TextId};
    use lumidex_schema::media::MediaKind;
    use lumidex_schema::record::{Fingerprint, PathType, Sighting};
    use lumidex_schema::tag::TagKind;

    use super::*;

    /// A data folder whose ledger knows `images` images, none of which any projection has seen.
    fn library(folder: &Path, images: u32) -> Library {
        let ledger = Ledger::open(&folder.join(layout::LEDGER)).unwrap();
        ledger.add_extra_path(b"/pictures", &[PathType::Scanned]).unwrap();
        let root: RootId = ledger.reader().unwrap().roots().unwrap()[0].0;
        let seen = |n: u32| {
            let tags = vec![(TagKind::Pos, format!("tag {}", n % 7))];
            Observation::Seen(Box::new(Seen {
                root,
                folder: Default::default(),
                name: format!("{n}.png").into_bytes(),
                sighting: Sighting::default(),
                media: MediaKind::Image,
                fingerprint: Fingerprint::default(),
                pixel_width: 8,
                pixel_height: 8,
                text: Some(Arc::new(SharedText::new(format!("a picture of {}", n % 7), tags))),
                holes: Vec::new(),
                rule_tags: Vec::new(),
                complaints: 0,
                note: lumidex_schema::note::Note::default(),
                elsewhere: Elsewhere::default(),
            }))
        };
        ledger.observe((0..images).map(seen).collect()).unwrap();
        drop(ledger);
        Library::open(folder).unwrap()
    }

    #[test]
    fn every_part_is_filled_from_nothing_and_again() {
        let dir = tempfile::tempdir().unwrap();
        let library = library(dir.path(), 500);
        for part in Part::ALL.into_iter().chain(Part::ALL) {
            let mut last = Seq::ZERO;
            library.refill(part, &Stop::never(), &mut |applied, _| last = applied).unwrap();
            assert_eq!(last, library.ledger().head(), "{}", part.word());
        }
        let tags = TagsProjection::open(&dir.path().join(layout::TAGS));
        assert_eq!(tags.reader().read().media(MediaKind::Image).len(), 500);
        let text = TextProjection::open(&dir.path().join(layout::TEXT));
        assert!((1..=7).all(|id| text.reader().snapshot().folded(TextId(id)).is_some()));
    }

    #[test]
    fn files_are_read_again_without_being_altered() {
        let dir = tempfile::tempdir().unwrap();
        let pictures = tempfile::tempdir().unwrap();
        let synth = crate::synth::Library::new(4, 200);
        synth.write_to(pictures.path(), 0..200, &|_| {}).unwrap();
        let ledger = Ledger::open(&dir.path().join(layout::LEDGER)).unwrap();
        let path = lumidex::sys::paths::to_bytes(pictures.path());
        ledger.add_extra_path(&path, &[PathType::Scanned]).unwrap();
        drop(ledger);
        let library = Library::open(dir.path()).unwrap();
        for _ in 0..2 {
            let summary = library.read_again(&Stop::never(), &mut |_| {}).unwrap();
            assert_eq!((summary.progress.read, summary.progress.unreadable), (200, 0));
            assert_eq!(library.ledger().reader().unwrap().n_images().unwrap(), 200);
        }
    }

    #[test]
    fn reading_again_that_is_broken_off_goes_on_with_what_was_not_read() {
        let (dir, pictures) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let roots = ["here", "away"].map(|name| pictures.path().join(name));
        let ledger = Ledger::open(&dir.path().join(layout::LEDGER)).unwrap();
        for (root, (seed, images)) in roots.iter().zip([(4, 200), (5, 150)]) {
            crate::synth::Library::new(seed, images).write_to(root, 0..images, &|_| {}).unwrap();
            ledger.add_extra_path(&lumidex::sys::paths::to_bytes(root), &[PathType::Scanned]).unwrap();
        }
        drop(ledger);
        let library = Library::open(dir.path()).unwrap();
        let n_left = || {
            let reader = library.ledger().reader().unwrap();
            let images = reader.images_after(ImageId::default(), usize::MAX).unwrap();
            images.iter().filter(|(.., note)| is_outdated(note)).count() as u64
        };
        let go_on = || library.go_on_reading(&Stop::never(), &mut |_| {}).unwrap().progress.read;
        assert_eq!(
            (library.read_again(&Stop::never(), &mut |_| {}).unwrap().progress.read, n_left()),
            (350, 0)
        );

        // A drive that is away is read when it is back; what was read is not read again for that.
        std::fs::rename(&roots[1], pictures.path().join("unplugged")).unwrap();
        let summary = library.read_again(&Stop::never(), &mut |_| {}).unwrap();
        assert_eq!((summary.progress.read, summary.offline.len(), n_left()), (200, 1, 150));
        std::fs::rename(pictures.path().join("unplugged"), &roots[1]).unwrap();
        assert_eq!((go_on(), n_left(), go_on()), (150, 0, 0));

        // So it is however far reading is when it is told to stop.
        let stopper = Stopper::new();
        let stopped = library.read_again(&stopper.stop(), &mut |_| stopper.trigger());
        assert!(matches!(stopped, Ok(_) | Err(ReindexError::Stopped)), "{stopped:?}");
        let left = n_left();
        assert_eq!((go_on(), n_left(), go_on()), (left, 0, 0));
    }

    #[test]
    fn a_folder_without_a_ledger_is_refused_and_stays_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let refused = Library::open(dir.path()).err().unwrap().to_string();
        assert!(refused.contains("--data-dir"), "{refused}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_in_use_is_refused_by_the_name_of_its_holder() {
        let dir = tempfile::tempdir().unwrap();
        let held = library(dir.path(), 1);
        let refused = Library::open(dir.path()).err().unwrap().to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        assert!(refused.ends_with("stop it first"), "{refused}");
        drop(held);
        assert!(Library::open(dir.path()).is_ok());
    }
}
