//! The intake as the rest of the program sees it: a thread that walks when asked to, one run at a
//! time, and says how far it is; and, if wanted, the threads that watch between walks.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::Sender;
use lumidex_schema::id::{RootId, Seq};
use lumidex_schema::path::{RelPath, below};
use lumidex_schema::record::Root;
use parking_lot::Mutex;

use super::hung::Hung;
use super::interpreter;
use super::patience::survey_patiently;
use super::pipeline::{self, Found, PipelineError, Reading, Shared};
use super::progress::{Progress, ProgressSnapshot};
use super::readers::Interpret;
use super::reconcile::Depth;
use super::runs::{Runs, Wish};
use super::standing::{RootStanding, Standing};
use super::survey::{Errand, Reach, SurveyError};
use super::walk::WalkedRoot;
use super::watch::{Cause, Ended, Live, Lookout, Tend, Ticket, WatchSettings};
use crate::ledger::{Ledger, ReadError, Reader};
use crate::limits::reading::FILE_TIME_MAX;
use crate::metadata;
use crate::sys::{Stop, Stopper, priority};

/// How many threads do what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntakeSettings {
    /// Threads that list folders.
    pub n_walkers: usize,
    /// Threads that read files. Two saturate a warm cache; cold and network storage gain from more.
    pub n_readers: usize,
    /// Where texts hidden in pixels are looked for.
    pub hidden: metadata::Hidden,
    /// How long one file may be read, or a folder be silent that is listed; then it is left for the next walk.
    pub file_time_max: Duration,
}

impl Default for IntakeSettings {
    fn default() -> Self {
        let (hidden, file_time_max) = (metadata::Hidden::default(), FILE_TIME_MAX);
        Self { n_walkers: 2, n_readers: 2, hidden, file_time_max }
    }
}

/// What a run found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSummary {
    /// The ledger's head after the run: whoever has followed to here shows everything it found.
    pub head: Seq,
    /// Roots that could not be reached, of which nothing was taken for gone.
    pub offline: Vec<RootId>,
    /// Its counters at the end.
    pub progress: ProgressSnapshot,
}

/// Why a run gave no summary. What it told the ledger before stays.
#[derive(Clone, Debug, thiserror::Error)]
pub enum IntakeError {
    /// The program is stopping.
    #[error("the walk was stopped")]
    Stopped,
    /// The run failed.
    #[error("the walk failed")]
    Run(#[source] Arc<RunError>),
}

/// What made a run fail.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The ledger could not be read.
    #[error(transparent)]
    Ledger(#[from] ReadError),
    /// A root could not be compared with the ledger.
    #[error(transparent)]
    Survey(#[from] SurveyError),
    /// What was found could not be told to the ledger.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
}

/// Makes the interpreter of a reader thread, by the rules that hold when the run begins.
pub type MakeInterpreter = dyn Fn(&Reader) -> Result<Arc<InterpreterFactory>, ReadError> + Send + Sync;

/// Makes an interpreter for one thread.
pub type InterpreterFactory = dyn Fn() -> Box<dyn Interpret> + Send + Sync;

/// Walks the roots of a ledger, and watches them if told so. Ends, and waits for its threads, when
/// dropped.
pub struct Intake {
    shared: Arc<Worker>,
    live: Arc<Live>,
    stopper: Stopper,
    threads: Vec<JoinHandle<()>>,
}

struct Worker {
    ledger: Ledger,
    settings: IntakeSettings,
    make: Arc<MakeInterpreter>,
    stop: Stop,
    progress: Arc<Progress>,
    runs: Arc<Runs>,
    lookout: Arc<Lookout>,
    hung: Arc<Hung>,
    /// Roots of the current run that are not done.
    walking: Mutex<HashSet<RootId>>,
}

impl Intake {
    /// Starts its threads; they wait to be asked. With `watch`, roots are watched from their first
    /// walk on. Ends its work when `stop` says so.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        ledger: Ledger,
        settings: IntakeSettings,
        watch: Option<WatchSettings>,
        stop: &Stop,
    ) -> std::io::Result<Self> {
        let make = move |reader: &_| interpreter::make(reader, settings.hidden);
        Self::start_with(ledger, settings, watch, stop, Box::new(make))
    }

    /// As [`Intake::start`], with another way to read files.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start_with(
        ledger: Ledger,
        settings: IntakeSettings,
        watch: Option<WatchSettings>,
        stop: &Stop,
        interpreter: Box<MakeInterpreter>,
    ) -> std::io::Result<Self> {
        let stopper = Stopper::new();
        let outer = stopper.clone();
        stop.when_stopped(move || outer.trigger());
        let runs = Arc::<Runs>::default();
        let lookout = Arc::new(Lookout::new(watch, Arc::clone(&runs)));
        let (woken, seen) = (Arc::downgrade(&runs), Arc::downgrade(&lookout));
        stopper.stop().when_stopped(move || {
            if let (Some(runs), Some(lookout)) = (woken.upgrade(), seen.upgrade()) {
                runs.stop();
                lookout.stop();
            }
        });
        let make: Arc<MakeInterpreter> = Arc::from(interpreter);
        let (stop, progress) = (stopper.stop(), Progress::default());
        let hung = Arc::<Hung>::default();
        let live = Arc::new(Live {
            lookout: Arc::clone(&lookout),
            ledger: ledger.clone(),
            make: Arc::clone(&make),
            stop: stop.clone(),
            hung: Arc::clone(&hung),
            file_time_max: settings.file_time_max,
            progress,
        });
        let tend = Tend {
            lookout: Arc::clone(&lookout),
            ledger: ledger.clone(),
            make: Arc::clone(&make),
            intake: settings,
            stop: stop.clone(),
            progress: Arc::default(),
            hung: Arc::clone(&hung),
        };
        let progress = Arc::default();
        let walking = Mutex::default();
        let shared =
            Arc::new(Worker { ledger, settings, make, stop, progress, runs, lookout, hung, walking });
        let mut intake = Self { shared, live, stopper, threads: Vec::new() };
        let worker = Arc::clone(&intake.shared);
        intake.spawn("intake", move || {
            // Its readers and walkers inherit this.
            priority::yield_to_others();
            worker.work();
        })?;
        if watch.is_some() {
            let live = Arc::clone(&intake.live);
            intake.spawn("intake-live", move || live.run())?;
            intake.spawn("intake-tend", move || tend.run())?;
        }
        Ok(intake)
    }

    fn spawn(&mut self, name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
        self.threads.push(std::thread::Builder::new().name(name.to_owned()).spawn(work)?);
        Ok(())
    }

    /// Walks every root and reads what changed; answers after everything found is durable in the
    /// ledger, so also everything that stood there before this call, but for files that did not answer in time,
    /// of which the summary complains. The run that is going on is waited for, not joined: it may have passed a folder already. Callers who come before the
    /// next one begins share it.
    ///
    /// # Errors
    /// [`IntakeError`].
    pub fn update(&self) -> Result<RunSummary, IntakeError> {
        self.shared.runs.run_and_wait(Depth::Changes)
    }

    /// As [`Intake::update`], but reads every file again.
    ///
    /// # Errors
    /// [`IntakeError`].
    pub fn rebuild(&self) -> Result<RunSummary, IntakeError> {
        self.shared.runs.run_and_wait(Depth::Everything)
    }

    /// Asks for an update and does not wait. While a run goes on, another one follows it, so that
    /// what changed before this call is found in any case.
    pub fn request_update(&self) {
        self.shared.runs.request_all();
    }

    /// As [`Intake::request_update`], but every file is read again.
    pub fn request_rebuild(&self) {
        self.shared.runs.request_everything();
    }

    /// How far the current run is, or how the last one ended.
    #[must_use]
    pub fn progress(&self) -> ProgressSnapshot {
        self.shared.progress.snapshot()
    }

    /// The counters themselves, for who shows them all the time.
    #[must_use]
    pub fn progress_counters(&self) -> Arc<Progress> {
        Arc::clone(&self.shared.progress)
    }

    /// Looks at one file now, and reads it if it arrived or altered; answers the ledger's head if
    /// it was told something. A file that no wanted root holds, or that walks pass over, is left
    /// alone.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn look_at(&self, path: &[u8]) -> Result<Option<Seq>, RunError> {
        let roots = self.shared.wanted_roots(None)?;
        let held = roots.iter().find_map(|root| Some((root, below(path, &root.path)?)));
        let Some((root, place)) = held else { return Ok(None) };
        let (folder, name) = match place.iter().rposition(|byte| *byte == b'/') {
            Some(slash) => (&place[..slash], &place[slash + 1..]),
            None => (&[][..], place),
        };
        self.live.look_at(root, RelPath::from_bytes(folder), name.to_vec())
    }

    /// A person says that this root, which is in doubt because nothing known is there, is really
    /// empty: its next walk, which begins soon, takes what is absent for gone.
    pub fn accept_empty(&self, root: RootId) {
        self.shared.lookout.roots.lock().accept_empty(root);
        self.shared.runs.request(BTreeSet::from([root]), Cause::Doubt);
    }

    /// The list of roots may have changed: what is no longer wanted is no longer watched.
    pub fn look_at_roots(&self) {
        self.shared.lookout.doubt_roots();
    }

    /// As if the system had lost events: everything watched is walked again, with watches set anew.
    pub fn distrust_events(&self) {
        self.shared.lookout.overflow();
    }

    /// Roots that cannot be reached at the moment, or are in doubt.
    #[must_use]
    pub fn offline(&self) -> Vec<RootId> {
        self.shared.lookout.roots.lock().offline()
    }

    /// What becomes of changes in each root that is wanted, by id.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn standings(&self) -> Result<Vec<RootStanding>, ReadError> {
        let standing_of = |id: RootId, root: Root| {
            let standing = self.shared.lookout.standing(id);
            let is_scanning = self.is_walking(id) && standing.standing != Standing::Offline;
            RootStanding {
                root: id,
                path: root.path,
                walked: root.walked,
                standing: if is_scanning { Standing::Scanning } else { standing.standing },
                n_watched: standing.n_watched,
                n_polled: standing.n_polled,
                poll_every: standing.poll_every,
                reason: standing.reason,
            }
        };
        let roots = self.shared.ledger.reader()?.roots()?;
        let wanted = roots.into_iter().filter(|(_, root)| !root.retired);
        Ok(wanted.map(|(id, root)| standing_of(id, root)).collect())
    }

    /// Whether this root is being walked, or waits to be in the current run.
    #[must_use]
    pub fn is_walking(&self, root: RootId) -> bool {
        self.shared.walking.lock().contains(&root)
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        self.stopper.trigger();
        for thread in self.threads.drain(..) {
            // A panic of the thread was reported when it happened.
            let _ = thread.join();
        }
    }
}

impl Worker {
    fn work(&self) {
        while let Some(wish) = self.runs.next() {
            // What is done because it is its turn is nobody's concern.
            let is_quiet = wish.cause == Cause::Turn;
            let progress = if is_quiet { Arc::default() } else { Arc::clone(&self.progress) };
            progress.begin();
            // Waiters must be woken even if something in here panics.
            let run = std::panic::AssertUnwindSafe(|| self.run(&wish, &progress));
            let ended = std::panic::catch_unwind(run);
            progress.end();
            self.walking.lock().clear();
            self.lookout.logs.rest();
            let ended = ended.unwrap_or(Err(IntakeError::Stopped));
            if let Err(IntakeError::Run(error)) = &ended {
                tracing::error!(error = &**error as &dyn std::error::Error, "the walk failed");
            }
            self.runs.end(ended);
            // Whoever waits has its answer; the first file that an event tells of need not wait for this.
            if let Err(error) = self.ledger.prepare_alike() {
                tracing::debug!(error = &error as &dyn std::error::Error, "not prepared");
            }
        }
    }

    fn run(&self, wish: &Wish, progress: &Arc<Progress>) -> Result<RunSummary, IntakeError> {
        let failed = |error: RunError| IntakeError::Run(Arc::new(error));
        let prepare = || Ok((self.wanted_roots(wish.roots.as_ref())?, (self.make)(&self.ledger.reader()?)?));
        let (roots, interpreter) = prepare().map_err(|error: ReadError| failed(error.into()))?;
        if wish.cause != Cause::Turn {
            self.walking.lock().extend(roots.iter().map(|root| root.id));
        }
        let walks = Walks { worker: self, wish, open: Arc::default() };
        let shared = Shared {
            ledger: self.ledger.clone(),
            stop: self.stop.clone(),
            progress: Arc::clone(progress),
            logs: Arc::clone(&self.lookout.logs),
            hung: Arc::clone(&self.hung),
            pulse: Arc::default(),
        };
        let IntakeSettings { n_readers, file_time_max, .. } = self.settings;
        let reading = Reading { n_readers, file_time_max, interpreter, root_done: &|root| walks.done(root) };
        let walk = |sender: &_| -> Result<Vec<RootId>, SurveyError> {
            let mut offline = Vec::new();
            for root in &roots {
                match walks.survey(&shared, root, sender)? {
                    Reach::Walked => {}
                    Reach::Offline => offline.push(root.id),
                    Reach::BrokenOff => break,
                }
            }
            Ok(offline)
        };
        let (offline, head) = pipeline::run(&shared, &reading, walk).map_err(|error| failed(error.into()))?;
        let offline = offline.map_err(|error| failed(error.into()))?;
        if self.stop.is_stopped() {
            return Err(IntakeError::Stopped);
        }
        let head = head.unwrap_or_else(|| self.ledger.head());
        Ok(RunSummary { head, offline, progress: progress.snapshot() })
    }

    /// Every root that is wanted, or those of them that are among `some`.
    fn wanted_roots(&self, some: Option<&BTreeSet<RootId>>) -> Result<Vec<WalkedRoot>, ReadError> {
        let roots = self.ledger.reader()?.roots()?.into_iter();
        let wanted = roots.filter(|(id, root)| !root.retired && some.is_none_or(|some| some.contains(id)));
        Ok(wanted.map(|(id, root)| WalkedRoot { id, path: root.path }).collect())
    }
}

/// The walks of one run that have begun and whose findings are not yet durable.
struct Walks<'a> {
    worker: &'a Worker,
    wish: &'a Wish,
    /// With how the walk ended, once it has.
    open: Arc<Mutex<HashMap<RootId, (Ticket, Ended)>>>,
}

impl Walks<'_> {
    fn survey(
        &self,
        shared: &Shared,
        root: &WalkedRoot,
        sender: &Sender<Found>,
    ) -> Result<Reach, SurveyError> {
        let lookout = Arc::clone(&self.worker.lookout);
        let IntakeSettings { n_walkers, file_time_max, .. } = self.worker.settings;
        let ticket = lookout.begin_walk(root, self.wish.cause);
        self.open.lock().insert(root.id, (ticket, Ended::BrokenOff));
        let (entered, open, id) = (root.clone(), Arc::clone(&self.open), root.id);
        let errand = Errand {
            root: root.clone(),
            top: RelPath::root(),
            n_walkers,
            depth: self.wish.depth,
            faith: ticket.faith,
            entering: Arc::new(move |folder, sighting| {
                lookout.enter(&entered, folder, sighting, ticket.number, false);
            }),
            // Known as walked only when what was found is durable; but that is told through the sender
            // before the survey answers.
            walked: Arc::new(move |identity| {
                if let Some((_, ended)) = open.lock().get_mut(&id) {
                    *ended = Ended::Walked(identity);
                }
            }),
        };
        let reach = survey_patiently(shared, errand, file_time_max, sender)?;
        if reach == Reach::Offline {
            if let Some((_, ended)) = self.open.lock().get_mut(&root.id) {
                *ended = Ended::Offline;
            }
            self.done(root.id);
        }
        Ok(reach)
    }

    fn done(&self, root: RootId) {
        self.worker.walking.lock().remove(&root);
        let walk = self.open.lock().remove(&root);
        if let Some((ticket, ended)) = walk {
            self.worker.lookout.end_walk(&ticket, ended);
        }
    }
}

impl Drop for Walks<'_> {
    fn drop(&mut self) {
        let broken_off: Vec<RootId> = self.open.lock().keys().copied().collect();
        for root in broken_off {
            if let Some((_, ended)) = self.open.lock().get_mut(&root) {
                *ended = Ended::BrokenOff;
            }
            self.done(root);
        }
    }
}

#[cfg(test)]
mod tests;
