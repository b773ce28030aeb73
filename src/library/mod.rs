//! A library as one thing: the ledger, what follows it, what fills it, and what answers from it.
//!
//! Opens them in the order of the flow and closes them in reverse. A method that changes
//! something returns once every search shows it. Knows nothing of HTTP.

mod checks;
mod decisions;
mod files;
mod opening;
mod organize;
mod pictures;
mod recipes;
mod topics;
mod upkeep;
mod upstream;
mod vectors;

use self::files::{Recovery, confined, tell_unknown};
use self::opening::{is_aside, open_projections, random_token, settle};
use crate::files::Files;
use crate::intake::{Intake, IntakeError, IntakeSettings, ProgressSnapshot, RunError, WatchSettings};
use crate::ledger::paid::Paid;
use crate::ledger::{DecideError, Ledger, OpenError, ReadError, Reader};
use crate::limits;
use crate::organize::{FindTopics, Organize, Parts};
use crate::projection::thumbs::{Ahead, Thumbs};
use crate::projection::vectors::{VectorsKeeper, VectorsReader};
use crate::projection::{Follower, ProjectionError};
use crate::query::{Engine, Sources};
use crate::sys::lock::LockError;
use crate::sys::storage::{Disk, Storage};
use crate::sys::tree::{Confinement, RootedTree};
use crate::sys::{DirLock, PathError, Stopper};
use crate::topics::{GraphEffort, Topics, TopicsParts};
use crate::upstream::Upstream;
use lumidex_schema::id::{RootId, Seq};
use lumidex_schema::layout;
use lumidex_schema::path::display;
use parking_lot::Mutex;
use pictures::PicturesAt;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use upkeep::{Upkeep, remove_left_copies};

pub use files::Granted;
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
    /// What files may be changed in from the first moment on, by what is finished after a crash as well: see
    /// [`Library::confine`]. Without it anywhere.
    pub granted: Option<Granted>,
}

/// Whom a library may ask, and how.
#[derive(Clone, Debug, Default)]
pub struct Asking {
    /// For vectors and chats, if there is one.
    pub upstream: Option<Arc<Upstream>>,
    /// About keywords.
    pub graph: GraphEffort,
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
    /// Jobs that organize files cannot be kept.
    #[error(transparent)]
    Jobs(#[from] PathError),
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
    organize: Organize,
    /// After who has topics found.
    topics: Arc<Topics>,
    upkeep: Mutex<Option<Upkeep>>,
    /// Held while a copy is made: one at a time.
    copying: Arc<Mutex<()>>,
    /// Before the pictures it makes.
    ahead: Mutex<Option<Ahead>>,
    thumbs: OnceLock<Thumbs>,
    pictures_at: PicturesAt,
    storage: Arc<dyn Storage>,
    files: Arc<Files>,
    /// What `files` may change, and by which folders it is known.
    confinement: Confinement,
    granted: Mutex<Option<Granted>>,
    intake: Arc<Intake>,
    stopper: Stopper,
    engine: Engine,
    keeper: VectorsKeeper,
    vectors_reader: VectorsReader,
    tags: Follower,
    text: Follower,
    vectors: Follower,
    paid: Paid,
    ledger: Ledger,
    token: String,
    data_dir: PathBuf,
    lock: Mutex<DirLock>,
    /// Rules are being put to every image.
    is_ruling: AtomicBool,
    /// Roots that were walked, with the head when that was first known.
    walked: Mutex<HashMap<RootId, Seq>>,
    /// Set once, if at all.
    upstream: Arc<OnceLock<Arc<Upstream>>>,
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
        Self::open_as(storage, options, Asking::default(), None)
    }

    /// As [`Library::open`], with an upstream to ask.
    ///
    /// # Errors
    /// As [`Library::open`].
    pub fn open_asking(options: &LibraryOptions, asking: Asking) -> Result<Self, LibraryError> {
        Self::open_as(&Disk::shared(), options, asking, None)
    }

    /// As [`Library::open_on`], with the topics for organizing found by another.
    ///
    /// # Errors
    /// As [`Library::open`].
    pub fn open_finding(
        storage: &Arc<dyn Storage>,
        options: &LibraryOptions,
        finder: Arc<dyn FindTopics>,
    ) -> Result<Self, LibraryError> {
        Self::open_as(storage, options, Asking::default(), Some(finder))
    }

    fn open_as(
        storage: &Arc<dyn Storage>,
        options: &LibraryOptions,
        asking: Asking,
        finder: Option<Arc<dyn FindTopics>>,
    ) -> Result<Self, LibraryError> {
        let lock = DirLock::take(&options.data_dir)?;
        remove_left_copies(&options.data_dir);
        let ledger = Ledger::open_on(Arc::clone(storage), &options.data_dir.join(layout::LEDGER))?;
        let paid = Paid::on(Arc::clone(storage), &options.data_dir.join(layout::PAID));
        let (tags, text, vectors) = open_projections(storage, &options.data_dir);
        let (tags_reader, text_reader) = (tags.reader(), text.reader());
        let vectors_reader = vectors.reader(ledger.clone(), paid.clone());
        let tags = Follower::start(Box::new(tags), ledger.clone())?;
        let text = Follower::start(Box::new(text), ledger.clone())?;
        let vectors = Follower::start(Box::new(vectors), ledger.clone())?;
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
        let confinement = Confinement::default();
        if let Some(granted) = &options.granted {
            confined(&confinement, &ledger, granted).unwrap_or_else(|error| tell_unknown(&error));
        }
        let tree = Arc::new(RootedTree::within(confinement.clone()));
        let files = Arc::new(Files::new(ledger.clone(), tree, stopper.stop()));
        let Asking { upstream, graph } = asking;
        let upstream = Arc::new(upstream.map_or_else(OnceLock::new, OnceLock::from));
        let parts = TopicsParts {
            engine: engine.clone(),
            ledger: ledger.clone(),
            vectors: vectors_reader.clone(),
            vectors_follower: vectors.state().clone(),
            paid: paid.clone(),
            upstream: Arc::clone(&upstream),
            graph,
        };
        let topics = Arc::new(Topics::open(storage, &options.data_dir.join(layout::TOPICS), parts)?);
        let shown = engine.clone();
        let parts = Parts {
            ledger: ledger.clone(),
            files: Arc::clone(&files),
            finder: finder.unwrap_or_else(|| Arc::clone(&topics) as _),
            settle: Box::new(move |seq| settle(&shown, seq)),
        };
        let folder = options.data_dir.join(layout::ORGANIZE);
        let organize = Organize::open(Arc::clone(storage), &folder, parts, &stopper)?;
        Ok(Self {
            organize,
            topics,
            upkeep: Mutex::default(),
            copying: Arc::default(),
            ahead: Mutex::default(),
            thumbs: OnceLock::new(),
            pictures_at: PicturesAt::new(),
            storage: Arc::clone(storage),
            _recovery: Recovery::start(&files, &stopper).map_err(LibraryError::Thread)?,
            files,
            confinement,
            granted: Mutex::new(options.granted.clone()),
            intake: Arc::new(intake),
            stopper,
            engine,
            keeper: VectorsKeeper::start(vectors_reader.clone()).map_err(LibraryError::Thread)?,
            vectors_reader,
            tags,
            text,
            vectors,
            paid,
            ledger,
            token: random_token(),
            data_dir: options.data_dir.clone(),
            lock: Mutex::new(lock),
            is_ruling: AtomicBool::new(false),
            walked: Mutex::default(),
            upstream,
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
        self.topics.begin_stop();
        self.keeper.begin_stop();
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
        let paid = self.paid.failure().map(|reason| ("paid", reason));
        let failure = |name, follower: &Follower| Some((name, follower.state().failure()?));
        let followers =
            [failure("tags", &self.tags), failure("text", &self.text), failure("vectors", &self.vectors)];
        [ledger].into_iter().chain(followers).chain([paid]).flatten().collect()
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
        settle(&self.engine, seq);
    }

    fn settle_roots(&self, seq: Seq) {
        self.look_at_roots();
        self.settle(seq);
    }

    /// Folders came or went.
    fn look_at_roots(&self) {
        self.renew_confinement().unwrap_or_else(|error| tell_unknown(&error));
        self.intake.look_at_roots();
    }

    /// What a walk found may take minutes to become searchable; only a projection that stands still,
    /// or the end of the program, is a reason not to wait for it.
    fn settle_walk(&self, head: Seq) {
        while !self.engine.wait_visible(head, limits::WALK_VISIBLE_LOOK) {
            if self.stopper.stop().is_stopped() {
                return;
            }
            if let Some((projection, reason)) = self.failures().iter().find(|(name, _)| !is_aside(name)) {
                tracing::warn!(projection, reason, "what a walk found is durable but not searchable yet");
                return;
            }
        }
    }
}
