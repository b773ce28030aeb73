//! A library as one thing: the ledger, what follows it, what fills it, and what answers from it.
//!
//! Opens them in the order of the flow and closes them in reverse. A method that changes
//! something returns once every search shows it. Knows nothing of HTTP.

mod files;
mod pictures;
mod recipes;
mod upkeep;

use self::files::Recovery;
use crate::files::Files;
use crate::intake::{Intake, IntakeError, IntakeSettings, ProgressSnapshot, RunError, WatchSettings};
use crate::ledger::{DecideError, Ledger, OpenError, ReadError, Reader};
use crate::limits;
use crate::projection::tags::TagsProjection;
use crate::projection::text::TextProjection;
use crate::projection::thumbs::{Ahead, Thumbs};
use crate::projection::{Follower, ProjectionError};
use crate::query::{Engine, Sources};
use crate::sys::lock::LockError;
use crate::sys::storage::{Disk, Storage};
use crate::sys::tree::DiskTree;
use crate::sys::{DirLock, PathError, Stopper};
use lumidex_schema::id::{ImageId, RootId, Seq, TagId};
use lumidex_schema::layout;
use lumidex_schema::path::display;
use lumidex_schema::record::{ExtraPath, PathType};
use parking_lot::Mutex;
use pictures::PicturesAt;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use upkeep::{Upkeep, remove_left_copies};

pub use pictures::Making;
pub use recipes::{EditError, RulesError};
pub use upkeep::UpkeepSettings;

/// Where a library lives and how it is read.
#[derive(Clone, Debug)]
pub struct LibraryOptions {
    /// The data folder; made when there is none.
    pub data_dir: PathBuf,
    /// How many threads walk and read.
    pub intake: IntakeSettings,
    /// How roots are watched from their first walk on; without it they are only walked when asked.
    pub watch: Option<WatchSettings>,
}

/// Why a library could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// Another process has it, or the folder cannot be made.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The ledger cannot be opened.
    #[error(transparent)]
    Ledger(#[from] OpenError),
    /// A projection cannot be started.
    #[error(transparent)]
    Projection(#[from] ProjectionError),
    /// A thread cannot be started.
    #[error("a thread of the library cannot be started")]
    Thread(#[source] std::io::Error),
}

/// Why a root was not taken for empty; nothing of it counts as gone then.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// It is no root.
    #[error("`{0}` is no folder of the library")]
    Unknown(String),
    /// There was nothing to look at.
    #[error("`{0}` cannot be opened, so nothing of it was taken for gone; say it again when it can")]
    Offline(String),
    /// Walking it failed.
    #[error(transparent)]
    Walk(#[from] IntakeError),
}

/// An open library. Dropping it stops its threads and makes everything durable.
///
/// Fields drop in order: what fills the ledger, what follows it, the ledger, the lock.
pub struct Library {
    /// Kept for its end, which also ends what is done to files.
    _recovery: Recovery,
    upkeep: Mutex<Option<Upkeep>>,
    /// Held while a copy is made: one at a time.
    copying: Arc<Mutex<()>>,
    /// Before the pictures it makes.
    ahead: Mutex<Option<Ahead>>,
    thumbs: OnceLock<Thumbs>,
    pictures_at: PicturesAt,
    storage: Arc<dyn Storage>,
    files: Arc<Files>,
    intake: Arc<Intake>,
    stopper: Stopper,
    engine: Engine,
    tags: Follower,
    text: Follower,
    ledger: Ledger,
    token: String,
    data_dir: PathBuf,
    lock: Mutex<DirLock>,
    /// Rules are being put to every image.
    is_ruling: AtomicBool,
    /// Roots that were walked, with the head when that was first known.
    walked: Mutex<HashMap<RootId, Seq>>,
}

impl Library {
    /// Opens the library of a data folder, or makes an empty one. Does not wait for anything that
    /// takes long: searches wait by themselves until they can be answered.
    ///
    /// # Errors
    /// See [`LibraryError`].
    pub fn open(options: &LibraryOptions) -> Result<Self, LibraryError> {
        Self::open_on(&Disk::shared(), options)
    }

    /// As [`Library::open`], on this storage.
    ///
    /// # Errors
    /// As [`Library::open`].
    pub fn open_on(storage: &Arc<dyn Storage>, options: &LibraryOptions) -> Result<Self, LibraryError> {
        let lock = DirLock::take(&options.data_dir)?;
        remove_left_copies(&options.data_dir);
        let ledger = Ledger::open_on(Arc::clone(storage), &options.data_dir.join(layout::LEDGER))?;
        let (tags, text) = open_projections(storage, &options.data_dir);
        let (tags_reader, text_reader) = (tags.reader(), text.reader());
        let tags = Follower::start(Box::new(tags), ledger.clone())?;
        let text = Follower::start(Box::new(text), ledger.clone())?;
        let engine = Engine::new(Sources {
            ledger: ledger.clone(),
            tags: tags_reader,
            tags_follower: tags.state().clone(),
            text: text_reader,
            text_follower: text.state().clone(),
        });
        let stopper = Stopper::new();
        let intake = Intake::start(ledger.clone(), options.intake, options.watch, &stopper.stop())
            .map_err(LibraryError::Thread)?;
        let files = Arc::new(Files::new(ledger.clone(), DiskTree::shared(), stopper.stop()));
        Ok(Self {
            upkeep: Mutex::default(),
            copying: Arc::default(),
            ahead: Mutex::default(),
            thumbs: OnceLock::new(),
            pictures_at: PicturesAt::new(),
            storage: Arc::clone(storage),
            _recovery: Recovery::start(&files, &stopper).map_err(LibraryError::Thread)?,
            files,
            intake: Arc::new(intake),
            stopper,
            engine,
            tags,
            text,
            ledger,
            token: random_token(),
            data_dir: options.data_dir.clone(),
            lock: Mutex::new(lock),
            is_ruling: AtomicBool::new(false),
            walked: Mutex::default(),
        })
    }

    /// Answers searches.
    #[must_use]
    pub fn query(&self) -> &Engine {
        &self.engine
    }

    /// The source of truth.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What fills it.
    #[must_use]
    pub fn intake(&self) -> &Arc<Intake> {
        &self.intake
    }

    /// A snapshot of the ledger of this moment.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn reader(&self) -> Result<Reader, ReadError> {
        self.ledger.reader()
    }

    /// Says in the lock file where the library is served, and what its owner shows there.
    ///
    /// # Errors
    /// When the lock file cannot be written.
    pub fn announce(&self, address: &str) -> Result<(), PathError> {
        self.lock.lock().announce(address, Some(&self.token))
    }

    /// What tells the owner of the data folder from everyone else: it stands in the lock file,
    /// which nobody else can read. Empty, and then good for nothing, where there is no randomness.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Asks everything that runs to stop soon; dropping the library then takes little time.
    pub fn begin_stop(&self) {
        self.stopper.trigger();
        if let Some(upkeep) = &*self.upkeep.lock() {
            upkeep.stopper.trigger();
        }
    }

    /// Walks every root; returns when everything that stood there before this call is searchable. A
    /// walk that goes on is waited for, and then another one.
    ///
    /// # Errors
    /// See [`IntakeError`].
    pub fn update(&self) -> Result<(), IntakeError> {
        let summary = self.intake.update()?;
        self.settle_walk(summary.head);
        Ok(())
    }

    /// As [`Library::update`], reading every file again.
    ///
    /// # Errors
    /// See [`IntakeError`].
    pub fn rebuild(&self) -> Result<(), IntakeError> {
        let summary = self.intake.rebuild()?;
        self.settle_walk(summary.head);
        Ok(())
    }

    /// Looks at one file of a root now; returns when what was found is searchable.
    ///
    /// # Errors
    /// See [`RunError`].
    pub fn look_at(&self, path: &[u8]) -> Result<(), RunError> {
        if let Some(seq) = self.intake.look_at(path)? {
            self.settle(seq);
        }
        Ok(())
    }

    /// A person says that the root at this path, which is in doubt because nothing known is there, is
    /// really empty; returns when what was there shows as gone.
    ///
    /// # Errors
    /// See [`AcceptError`].
    pub fn accept_empty(&self, path: &[u8]) -> Result<(), AcceptError> {
        let unreadable = |error: ReadError| IntakeError::Run(Arc::new(error.into()));
        let roots = self.reader().and_then(|reader| reader.roots()).map_err(unreadable)?;
        let found = roots.into_iter().find(|(_, root)| !root.retired && root.path == path);
        let Some((id, _)) = found else { return Err(AcceptError::Unknown(display(path))) };
        self.intake.accept_empty(id);
        let summary = self.intake.update()?;
        self.settle_walk(summary.head);
        if summary.offline.contains(&id) {
            return Err(AcceptError::Offline(display(path)));
        }
        Ok(())
    }

    /// Roots never walked, or being walked, or whose first walk searches do not show yet. Touches no
    /// file system.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn expired_dirs(&self) -> Result<Vec<Vec<u8>>, ReadError> {
        let reader = self.reader()?;
        let (roots, head) = (reader.roots()?, reader.head()?);
        let is_met = |id: &RootId| self.walked.lock().contains_key(id);
        if roots.iter().any(|(id, root)| root.walked.is_some() && !is_met(id)) {
            // What was told a moment ago is about to show; a first walk that is far behind will not.
            let _ = self.engine.wait_visible(head, limits::SHOWN_SOON);
        }
        let mut walked = self.walked.lock();
        // While an index refills itself, pages say that they are partial; another walk would not help.
        let is_partial = self.engine.partial().is_some();
        let mut is_shown =
            |id: RootId| is_partial || *walked.entry(id).or_insert(head) <= self.engine.as_of();
        let mut is_expired = |(id, root): &(RootId, lumidex_schema::record::Root)| {
            !root.retired && (root.walked.is_none() || self.intake.is_walking(*id) || !is_shown(*id))
        };
        Ok(roots.into_iter().filter(|root| is_expired(root)).map(|(_, root)| root.path).collect())
    }

    /// How far the walk is.
    #[must_use]
    pub fn progress(&self) -> ProgressSnapshot {
        self.intake.progress()
    }

    /// Why the ledger cannot be written or a projection stands still, if so: its name and reason.
    #[must_use]
    pub fn failures(&self) -> Vec<(&'static str, String)> {
        let ledger = self.ledger.failure().map(|reason| ("ledger", reason));
        let failure = |name, follower: &Follower| Some((name, follower.state().failure()?));
        [ledger, failure("tags", &self.tags), failure("text", &self.text)].into_iter().flatten().collect()
    }

    /// See [`Ledger::make_tag`].
    ///
    /// # Errors
    /// [`DecideError`], nothing written; so for every decision here, which all give the number by which
    /// they are undone, or `None` when nothing had to be changed.
    pub fn make_tag(&self, name: &str) -> Result<TagId, DecideError> {
        self.make_or_find_tag(name).map(|(tag, _)| tag)
    }

    /// As [`Library::make_tag`], with the number by which it is undone.
    ///
    /// # Errors
    /// As [`Library::make_tag`].
    pub fn make_or_find_tag(&self, name: &str) -> Result<(TagId, Option<Seq>), DecideError> {
        let mut made = TagId::default();
        let deed = self.decide(|ledger| ledger.make_tag(name).map(|(seq, tag)| (made = tag, seq).1))?;
        Ok((made, deed))
    }

    /// See [`Ledger::remove_tag`].
    ///
    /// # Errors
    /// As [`Library::make_tag`].
    pub fn remove_tag(&self, tag: TagId) -> Result<Option<Seq>, DecideError> {
        self.decide(|ledger| ledger.remove_tag(tag))
    }

    /// See [`Ledger::color_tag`].
    ///
    /// # Errors
    /// As [`Library::make_tag`].
    pub fn color_tag(&self, tag: TagId, color: &str) -> Result<Option<Seq>, DecideError> {
        self.decide(|ledger| ledger.color_tag(tag, color))
    }

    /// See [`Ledger::put_tag`].
    ///
    /// # Errors
    /// As [`Library::make_tag`].
    pub fn put_tag(&self, tag: TagId, images: Vec<ImageId>) -> Result<Option<Seq>, DecideError> {
        self.decide(|ledger| ledger.put_tag(tag, images))
    }

    /// See [`Ledger::take_tag`].
    ///
    /// # Errors
    /// As [`Library::make_tag`].
    pub fn take_tag(&self, tag: TagId, images: Vec<ImageId>) -> Result<Option<Seq>, DecideError> {
        self.decide(|ledger| ledger.take_tag(tag, images))
    }

    /// See [`Ledger::toggle_tag`].
    ///
    /// # Errors
    /// As [`Library::make_tag`].
    pub fn toggle_tag(&self, tag: TagId, image: ImageId) -> Result<(bool, Option<Seq>), DecideError> {
        let mut is_off = false;
        let toggled = |(seq, is_removed)| (is_off = is_removed, seq).1;
        let deed = self.decide(|ledger| ledger.toggle_tag(tag, image).map(toggled))?;
        Ok((is_off, deed))
    }

    /// See [`Ledger::settle_review`].
    ///
    /// # Errors
    /// As [`Library::make_tag`].
    pub fn settle_review(&self, review: Seq, take: Option<ImageId>) -> Result<Option<Seq>, DecideError> {
        self.decide(|ledger| ledger.settle_review(review, take))
    }

    /// See [`Ledger::put_setting`].
    ///
    /// # Errors
    /// As [`Library::make_tag`].
    pub fn put_setting(&self, name: &str, json: &str) -> Result<Option<Seq>, DecideError> {
        self.decide(|ledger| ledger.put_setting(name, json))
    }

    /// See [`Ledger::remove_setting`].
    ///
    /// # Errors
    /// As [`Library::make_tag`].
    pub fn remove_setting(&self, name: &str) -> Result<Option<Seq>, DecideError> {
        self.decide(|ledger| ledger.remove_setting(name))
    }

    /// See [`Ledger::add_extra_path`].
    ///
    /// # Errors
    /// As [`Library::make_tag`].
    pub fn add_extra_path(&self, path: &[u8], types: &[PathType]) -> Result<Option<Seq>, DecideError> {
        let deed = self.decide(|ledger| ledger.add_extra_path(path, types))?;
        self.intake.look_at_roots();
        Ok(deed)
    }

    /// See [`Ledger::remove_extra_path`].
    ///
    /// # Errors
    /// As [`Library::make_tag`].
    pub fn remove_extra_path(&self, path: &[u8], types: &[PathType]) -> Result<Option<Seq>, DecideError> {
        let deed = self.decide(|ledger| ledger.remove_extra_path(path, types))?;
        self.intake.look_at_roots();
        Ok(deed)
    }

    /// See [`Ledger::alias_extra_path`].
    ///
    /// # Errors
    /// As [`Library::make_tag`].
    pub fn alias_extra_path(&self, path: &[u8], alias: &str) -> Result<ExtraPath, DecideError> {
        self.ledger.alias_extra_path(path, alias).map(|(_, entry)| entry)
    }

    /// Decides and waits until searches show it. The number by which it is undone; `None` when all was as
    /// decided before.
    fn decide(
        &self,
        decision: impl FnOnce(&Ledger) -> Result<Seq, DecideError>,
    ) -> Result<Option<Seq>, DecideError> {
        let before = self.ledger.head();
        let seq = decision(&self.ledger)?;
        self.settle(seq);
        // Where nothing changed, it is the head as it was.
        Ok((seq > before).then_some(seq))
    }

    /// A change is answered when everyone sees it. A projection that stands still delays the
    /// answer, but the change is durable all the same.
    fn settle(&self, seq: Seq) {
        if !self.engine.wait_visible(seq, limits::VISIBLE_WAIT) {
            tracing::warn!(seq = seq.0, "a change is durable but not searchable yet");
        }
    }

    fn settle_roots(&self, seq: Seq) {
        self.intake.look_at_roots();
        self.settle(seq);
    }

    /// What a walk found may take minutes to become searchable; only a projection that stands still,
    /// or the end of the program, is a reason not to wait for it.
    fn settle_walk(&self, head: Seq) {
        while !self.engine.wait_visible(head, limits::WALK_VISIBLE_LOOK) {
            if self.stopper.stop().is_stopped() {
                return;
            }
            if let Some((projection, reason)) = self.failures().first() {
                tracing::warn!(projection, reason, "what a walk found is durable but not searchable yet");
                return;
            }
        }
    }
}

/// Both projections, loaded side by side: each takes a core of its own at start.
fn open_projections(storage: &Arc<dyn Storage>, data_dir: &Path) -> (TagsProjection, TextProjection) {
    std::thread::scope(|scope| {
        let text = scope.spawn(|| TextProjection::open_on(Arc::clone(storage), &data_dir.join(layout::TEXT)));
        let tags = TagsProjection::open_on(Arc::clone(storage), &data_dir.join(layout::TAGS));
        let text = text.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (tags, text)
    })
}

/// 128 bits in hex.
fn random_token() -> String {
    let mut bytes = [0; 16];
    match getrandom::fill(&mut bytes) {
        Ok(()) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        Err(error) => {
            tracing::warn!(%error, "tools will not be admitted by this server");
            String::new()
        }
    }
}
