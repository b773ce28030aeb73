//! The intake as the rest of the program sees it: a thread that walks when asked to, one run at a
//! time, and says how far it is.

use std::collections::HashSet;
use std::sync::Arc;
use std::thread::JoinHandle;

use lumidex_schema::id::{RootId, Seq};
use lumidex_schema::record::Root;
use parking_lot::{Condvar, Mutex};

use super::interpreter;
use super::pipeline::{self, PipelineError, Shared};
use super::progress::{Progress, ProgressSnapshot};
use super::readers::Interpret;
use super::reconcile::Depth;
use super::standing::{RootStanding, Standing};
use super::survey::{Reach, SurveyError, survey};
use super::walk::WalkedRoot;
use crate::ledger::{Ledger, ReadError, Reader};
use crate::sys::{Stop, Stopper, priority};

/// How many threads do what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntakeSettings {
    /// Threads that list folders.
    pub n_walkers: usize,
    /// Threads that read files. Two saturate a warm cache; cold and network storage gain from more.
    pub n_readers: usize,
}

impl Default for IntakeSettings {
    fn default() -> Self {
        Self { n_walkers: 2, n_readers: 2 }
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

/// Walks the roots of a ledger. Ends, and waits for its thread, when dropped.
pub struct Intake {
    shared: Arc<Worker>,
    stopper: Stopper,
    thread: Option<JoinHandle<()>>,
}

struct Worker {
    ledger: Ledger,
    settings: IntakeSettings,
    interpreter: Box<MakeInterpreter>,
    stop: Stop,
    progress: Arc<Progress>,
    runs: Mutex<Runs>,
    changed: Condvar,
    /// Roots of the current run that are not done.
    walking: Mutex<HashSet<RootId>>,
}

#[derive(Default)]
struct Runs {
    /// A run to begin as soon as none is going on.
    wanted: Option<Depth>,
    /// The one going on.
    current: Option<Depth>,
    n_begun: u64,
    n_ended: u64,
    /// Of the run that ended last.
    last: Option<Result<RunSummary, IntakeError>>,
    is_stopped: bool,
}

impl Intake {
    /// Starts the thread; it waits to be asked. Ends its work when `stop` says so.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(ledger: Ledger, settings: IntakeSettings, stop: &Stop) -> std::io::Result<Self> {
        Self::start_with(ledger, settings, stop, Box::new(interpreter::make))
    }

    /// As [`Intake::start`], with another way to read files.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start_with(
        ledger: Ledger,
        settings: IntakeSettings,
        stop: &Stop,
        interpreter: Box<MakeInterpreter>,
    ) -> std::io::Result<Self> {
        let stopper = Stopper::new();
        let worker = Arc::new(Worker {
            ledger,
            settings,
            interpreter,
            stop: stopper.stop(),
            progress: Arc::default(),
            runs: Mutex::default(),
            changed: Condvar::new(),
            walking: Mutex::default(),
        });
        let outer = stopper.clone();
        stop.when_stopped(move || outer.trigger());
        let woken = Arc::downgrade(&worker);
        stopper.stop().when_stopped(move || {
            if let Some(worker) = woken.upgrade() {
                worker.runs.lock().is_stopped = true;
                worker.changed.notify_all();
            }
        });
        let thread = std::thread::Builder::new().name("intake".to_owned()).spawn({
            let worker = Arc::clone(&worker);
            move || {
                // Its readers and walkers inherit this.
                priority::yield_to_others();
                worker.work();
            }
        })?;
        Ok(Self { shared: worker, stopper, thread: Some(thread) })
    }

    /// Walks every root and reads what changed; answers after everything found is durable in the
    /// ledger. Joins the run that is going on, unless another one was asked for since it began.
    ///
    /// # Errors
    /// [`IntakeError`].
    pub fn update(&self) -> Result<RunSummary, IntakeError> {
        self.shared.run_and_wait(Depth::Changes)
    }

    /// As [`Intake::update`], but reads every file again.
    ///
    /// # Errors
    /// [`IntakeError`].
    pub fn rebuild(&self) -> Result<RunSummary, IntakeError> {
        self.shared.run_and_wait(Depth::Everything)
    }

    /// Asks for an update and does not wait. While a run goes on, another one follows it, so that
    /// what changed before this call is found in any case.
    pub fn request_update(&self) {
        self.shared.runs.lock().want(Depth::Changes);
        self.shared.changed.notify_all();
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

    /// Roots that the run which ended last could not reach.
    #[must_use]
    pub fn offline(&self) -> Vec<RootId> {
        let runs = self.shared.runs.lock();
        let last = runs.last.as_ref().and_then(|last| last.as_ref().ok());
        last.map(|run| run.offline.clone()).unwrap_or_default()
    }

    /// What becomes of changes in each root that is wanted, by id.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn standings(&self) -> Result<Vec<RootStanding>, ReadError> {
        let offline = self.offline();
        let standing_of = |id: RootId, root: Root| RootStanding {
            root: id,
            standing: match () {
                () if self.is_walking(id) => Standing::Scanning,
                () if offline.contains(&id) => Standing::Offline,
                () => Standing::Polling,
            },
            path: root.path,
            n_watched: 0,
            n_polled: 0,
            poll_every: None,
            walked: root.walked,
            reason: None,
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
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was reported when it happened.
            let _ = thread.join();
        }
    }
}

impl Runs {
    fn want(&mut self, depth: Depth) {
        if self.wanted != Some(Depth::Everything) {
            self.wanted = Some(depth);
        }
    }

    /// The number of the run to wait for.
    fn join(&mut self, depth: Depth) -> u64 {
        if let (Some(current), None) = (self.current, self.wanted)
            && (current == Depth::Everything || depth == Depth::Changes)
        {
            return self.n_begun;
        }
        self.want(depth);
        self.n_begun + 1
    }
}

impl Worker {
    fn run_and_wait(&self, depth: Depth) -> Result<RunSummary, IntakeError> {
        let mut runs = self.runs.lock();
        let run = runs.join(depth);
        self.changed.notify_all();
        while runs.n_ended < run {
            if runs.is_stopped && runs.current.is_none() {
                return Err(IntakeError::Stopped);
            }
            self.changed.wait(&mut runs);
        }
        runs.last.clone().unwrap_or(Err(IntakeError::Stopped))
    }

    fn work(&self) {
        while let Some(depth) = self.next_run() {
            self.progress.begin();
            // Waiters must be woken even if something in here panics.
            let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.run(depth)));
            self.progress.end();
            self.walking.lock().clear();
            let ended = ended.unwrap_or(Err(IntakeError::Stopped));
            if let Err(IntakeError::Run(error)) = &ended {
                tracing::error!(error = &**error as &dyn std::error::Error, "the walk failed");
            }
            let mut runs = self.runs.lock();
            runs.current = None;
            runs.n_ended += 1;
            runs.last = Some(ended);
            self.changed.notify_all();
        }
    }

    fn next_run(&self) -> Option<Depth> {
        let mut runs = self.runs.lock();
        loop {
            if runs.is_stopped {
                return None;
            }
            if let Some(depth) = runs.wanted.take() {
                runs.current = Some(depth);
                runs.n_begun += 1;
                return Some(depth);
            }
            self.changed.wait(&mut runs);
        }
    }

    fn run(&self, depth: Depth) -> Result<RunSummary, IntakeError> {
        let failed = |error: RunError| IntakeError::Run(Arc::new(error));
        let (roots, interpreter) = self.prepare().map_err(|error| failed(error.into()))?;
        self.walking.lock().extend(roots.iter().map(|root| root.id));
        let root_done = |root| {
            self.walking.lock().remove(&root);
        };
        let shared = Shared {
            ledger: &self.ledger,
            stop: &self.stop,
            progress: &self.progress,
            root_done: &root_done,
        };
        let walk = |sender: &_| -> Result<Vec<RootId>, SurveyError> {
            let mut offline = Vec::new();
            for root in &roots {
                match survey(&shared, root, self.settings.n_walkers, depth, sender)? {
                    Reach::Walked => {}
                    Reach::Offline => {
                        tracing::warn!(
                            root = root.id.0,
                            "a root is offline; nothing of it is taken for gone"
                        );
                        root_done(root.id);
                        offline.push(root.id);
                    }
                    Reach::BrokenOff => break,
                }
            }
            Ok(offline)
        };
        let (offline, head) = pipeline::run(&shared, self.settings.n_readers, &*interpreter, walk)
            .map_err(|error| failed(error.into()))?;
        let offline = offline.map_err(|error| failed(error.into()))?;
        if self.stop.is_stopped() {
            return Err(IntakeError::Stopped);
        }
        let head = head.unwrap_or_else(|| self.ledger.head());
        Ok(RunSummary { head, offline, progress: self.progress.snapshot() })
    }

    fn prepare(&self) -> Result<(Vec<WalkedRoot>, Arc<InterpreterFactory>), ReadError> {
        let reader = self.ledger.reader()?;
        let roots = reader
            .roots()?
            .into_iter()
            .filter(|(_, root)| !root.retired)
            .map(|(id, root)| WalkedRoot { id, path: root.path })
            .collect();
        Ok((roots, (self.interpreter)(&reader)?))
    }
}

#[cfg(test)]
mod tests;
