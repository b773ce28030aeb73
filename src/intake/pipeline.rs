//! From differences to the ledger: jobs are read by a pool of threads, put back in order, and told
//! to the ledger in batches. Every queue is bounded, so a slow ledger slows the walk.
//!
//! ```text
//! walkers --found--> dispatch --jobs---> readers
//!                       |                   | results, one queue of its own for each job
//!                       +-----pending----> collect --batches--> ledger
//! ```
//!
//! There is one dispatcher, so jobs are taken in the order in which their results are awaited; and
//! a reader takes a job only while little text is out. So whoever waits, waits for a job that is
//! under way, and can tell whether its file takes too long (`crew`).

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use lumidex_schema::id::{ImageId, RootId, Seq, Timestamp};
use lumidex_schema::path::RelPath;

use super::claims;
use super::crew::{Crew, Job, Results, ToRead};
use super::hung::Hung;
use super::logs::Logs;
use super::patience::Pulse;
use super::progress::Progress;
use super::walk::{Seen, WalkedRoot};
use super::worker::InterpreterFactory;
use crate::ledger::{Ledger, Observation, Sighted, WriteError};
use crate::limits::{WALK_BATCH_OBSERVATIONS_MAX, WALK_BATCH_TEXT_BYTES_MAX};
use crate::metadata;
use crate::sys::Stop;

/// Files in a job: enough that queues cost nothing, few enough that slow disks show results soon.
const JOB_FILES_MAX: usize = 64;
/// Jobs waiting to be read, and jobs whose results wait to be collected: about two batches.
const JOBS_MAX: usize = 2 * WALK_BATCH_OBSERVATIONS_MAX / JOB_FILES_MAX;
/// A batch closes after this time even when it is small, so that slow disks show results soon.
const BATCH_AGE_MAX: Duration = Duration::from_secs(1);

/// What walkers hand to the pipeline.
#[derive(Debug)]
pub(super) enum Found {
    /// Files of one folder that are to be read.
    ToRead { place: Arc<Place>, files: Vec<(Seen, Option<Sighted>)> },
    /// Files that are gone.
    Gone(Vec<Sighted>),
    /// Everything in this root was found by a walk that began when this was the last id given; `None` when
    /// not everything could be seen.
    RootWalked(RootId, Option<ImageId>),
    /// Nothing follows that anyone wants to hear, though a walker that hangs may say something later.
    End,
}

/// A folder that is walked.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) root: WalkedRoot,
    pub(super) folder: RelPath,
}

/// What the collector is to do next.
enum Pending {
    Await(Arc<Job>, Receiver<Results>),
    Gone(Vec<Sighted>),
    RootWalked(RootId, Option<ImageId>),
}

/// The parts that all threads share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) ledger: Ledger,
    pub(super) stop: Stop,
    pub(super) progress: Arc<Progress>,
    pub(super) logs: Arc<Logs>,
    pub(super) hung: Arc<Hung>,
    /// Of the walk that is going on.
    pub(super) pulse: Arc<Pulse>,
}

/// How files are read, and who wants to know.
pub(super) struct Reading<'a> {
    pub(super) n_readers: usize,
    /// How long one file may take.
    pub(super) file_time_max: Duration,
    pub(super) interpreter: Arc<InterpreterFactory>,
    /// Called after a root's findings are durable.
    pub(super) root_done: &'a (dyn Fn(RootId) + Sync),
}

/// Why a run could not go on. Everything told to the ledger before stays.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The ledger could not be written.
    #[error("what was found cannot be written to the ledger")]
    Write(#[from] WriteError),
    /// The system gave no thread.
    #[error("a thread to read files cannot be started")]
    Thread(#[from] std::io::Error),
}

/// Runs `walk` with a sender for what it finds, and reads and tells the ledger everything. Answers
/// what `walk` gave, and the ledger's head after the last batch, when there was one.
///
/// After a stop, files already read are still told to the ledger; the others are left for next time, as are
/// those that take too long.
pub(super) fn run<T>(
    shared: &Shared,
    reading: &Reading<'_>,
    walk: impl FnOnce(&Sender<Found>) -> T,
) -> Result<(T, Option<Seq>), PipelineError> {
    let (found_sender, found) = bounded(16);
    let (job_sender, jobs) = bounded(JOBS_MAX);
    let (pending_sender, pending) = bounded(JOBS_MAX);
    let crew = Arc::new(Crew::new(shared, &reading.interpreter, reading.file_time_max, jobs));
    let thread = |name: &str| std::thread::Builder::new().name(name.to_owned());
    // The senders move in, so that every thread ends should one of them not start.
    let ended = std::thread::scope(|scope| {
        let (collector, closing) = (Collector::of(shared, reading, &crew), Closing(&crew));
        let collector = thread("intake-collect").spawn_scoped(scope, move || {
            // Dropped after the end of `pending`, by which the dispatcher ends.
            let _closing = closing;
            let pending = pending;
            collector.collect(&pending)
        })?;
        for _ in 0..reading.n_readers.max(1) {
            crew.start_reader(None)?;
        }
        let dispatcher = Dispatcher { jobs: job_sender, pending: pending_sender, waiting: Vec::new() };
        thread("intake-dispatch").spawn_scoped(scope, move || dispatcher.dispatch(&found))?;
        let walked = walk(&found_sender);
        // When nobody takes it, the run failed, as will be told.
        let _ = found_sender.send(Found::End);
        let told = collector.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok((walked, told?))
    });
    crew.wait();
    ended
}

/// The other side is gone: the ledger failed, or everyone stops.
struct Disconnected;

struct Dispatcher {
    jobs: Sender<Arc<Job>>,
    pending: Sender<Pending>,
    /// Files for the next job.
    waiting: Vec<ToRead>,
}

impl Dispatcher {
    fn dispatch(mut self, found: &Receiver<Found>) {
        loop {
            let next = if self.waiting.is_empty() {
                found.recv().ok()
            } else {
                match found.try_recv() {
                    Ok(next) => Some(next),
                    // The walk is slower than the readers: a small job is better than none.
                    Err(crossbeam_channel::TryRecvError::Empty) => match self.send_waiting() {
                        Ok(()) => continue,
                        Err(Disconnected) => return,
                    },
                    Err(crossbeam_channel::TryRecvError::Disconnected) => None,
                }
            };
            let next = match next {
                Some(Found::End) | None => break,
                Some(next) => next,
            };
            if self.take(next).is_err() {
                return;
            }
        }
        // At the end it is all the same whether anyone listens.
        let _ = self.send_waiting();
    }

    fn take(&mut self, found: Found) -> Result<(), Disconnected> {
        match found {
            Found::ToRead { place, files } => {
                for (seen, known) in files {
                    self.waiting.push(ToRead { place: Arc::clone(&place), seen, known });
                    if self.waiting.len() == JOB_FILES_MAX {
                        self.send_waiting()?;
                    }
                }
                Ok(())
            }
            Found::Gone(files) => self.send(Pending::Gone(files)),
            Found::RootWalked(root, from) => {
                self.send_waiting()?;
                self.send(Pending::RootWalked(root, from))
            }
            Found::End => Ok(()),
        }
    }

    fn send_waiting(&mut self) -> Result<(), Disconnected> {
        let files = std::mem::take(&mut self.waiting);
        if files.is_empty() {
            return Ok(());
        }
        let (results, awaited) = bounded(1);
        let job = Arc::new(Job::of(files, results));
        self.send(Pending::Await(Arc::clone(&job), awaited))?;
        self.jobs.send(job).map_err(|_| Disconnected)
    }

    fn send(&self, pending: Pending) -> Result<(), Disconnected> {
        self.pending.send(pending).map_err(|_| Disconnected)
    }
}

#[derive(Default)]
struct Batch {
    /// Files that are gone; the ledger takes them faster when they come together.
    missing: Vec<Observation>,
    seen: Vec<Observation>,
    text_bytes: usize,
    opened: Option<Instant>,
}

impl Batch {
    fn push(&mut self, observation: Observation) {
        self.opened.get_or_insert_with(Instant::now);
        match observation {
            Observation::Missing { .. } => self.missing.push(observation),
            Observation::Seen(_) | Observation::Sought { .. } | Observation::RootWalked { .. } => {
                self.seen.push(observation);
            }
        }
    }

    fn len(&self) -> usize {
        self.missing.len() + self.seen.len()
    }

    fn is_full(&self) -> bool {
        self.len() >= WALK_BATCH_OBSERVATIONS_MAX || self.text_bytes >= WALK_BATCH_TEXT_BYTES_MAX
    }
}

struct Collector<'a> {
    shared: &'a Shared,
    root_done: &'a (dyn Fn(RootId) + Sync),
    crew: Arc<Crew>,
    batch: Batch,
    head: Option<Seq>,
}

impl<'a> Collector<'a> {
    fn of(shared: &'a Shared, reading: &Reading<'a>, crew: &Arc<Crew>) -> Self {
        let (root_done, crew) = (reading.root_done, Arc::clone(crew));
        Self { shared, root_done, crew, batch: Batch::default(), head: None }
    }

    fn collect(mut self, pending: &Receiver<Pending>) -> Result<Option<Seq>, PipelineError> {
        while let Some(next) = self.wait(pending)? {
            match next {
                Pending::Await(job, results) => {
                    let results = self.results(&job, &results)?;
                    self.crew.budget.release(results.text_bytes);
                    self.batch.text_bytes += results.text_bytes;
                    results.observations.into_iter().for_each(|one| self.batch.push(one));
                }
                Pending::Gone(files) => {
                    // A folder that is gone may have held any number of them.
                    for missing in claims::missing(&self.shared.ledger, &files, now()) {
                        self.batch.push(missing);
                        if self.batch.is_full() {
                            self.close_batch()?;
                        }
                    }
                }
                Pending::RootWalked(root, from) => {
                    // What was left unread was not found: the root is not walked to its end.
                    if !self.shared.stop.is_stopped() && self.is_all_read(root) {
                        self.batch.push(Observation::RootWalked {
                            root,
                            from: from.unwrap_or_default(),
                            at: now(),
                            read_with: from.map_or(0, |_| metadata::VERSION),
                        });
                        self.close_batch()?;
                    }
                    (self.root_done)(root);
                }
            }
            if self.batch.is_full() {
                self.close_batch()?;
            }
        }
        self.close_batch()?;
        Ok(self.head)
    }

    fn is_all_read(&self, root: RootId) -> bool {
        let n_unread = self.crew.n_unread(root);
        if n_unread > 0 {
            tracing::warn!(root = root.0, n_unread, "files did not answer and are left for the next walk");
        }
        n_unread == 0
    }

    /// The next thing from `receiver`, `None` at its end; closes the batch meanwhile when it gets
    /// old.
    fn wait<T>(&mut self, receiver: &Receiver<T>) -> Result<Option<T>, WriteError> {
        if let Some(opened) = self.batch.opened {
            match receiver.recv_deadline(opened + BATCH_AGE_MAX) {
                Ok(next) => return Ok(Some(next)),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) => self.close_batch()?,
            }
        }
        Ok(receiver.recv().ok())
    }

    /// What reading a job gave, by whichever readers.
    fn results(&mut self, job: &Arc<Job>, results: &Receiver<Results>) -> Result<Results, PipelineError> {
        loop {
            let look_at = self.crew.look_at(job);
            let close_at = self.batch.opened.map(|opened| opened + BATCH_AGE_MAX);
            match results.recv_deadline(close_at.map_or(look_at, |close_at| close_at.min(look_at))) {
                Ok(results) => return Ok(results),
                Err(RecvTimeoutError::Disconnected) => return Ok(Results::default()),
                Err(RecvTimeoutError::Timeout) => {
                    if close_at.is_some_and(|close_at| close_at <= Instant::now()) {
                        self.close_batch()?;
                    }
                    self.crew.give_up_if_hung(job)?;
                }
            }
        }
    }

    fn close_batch(&mut self) -> Result<(), WriteError> {
        let Batch { missing, seen, .. } = std::mem::take(&mut self.batch);
        let n_missing = missing.len() as u64;
        let mut observations = missing;
        observations.extend(seen);
        if observations.is_empty() {
            return Ok(());
        }
        tracing::debug!(n_observations = observations.len(), n_missing, "telling the ledger");
        self.head = Some(self.shared.ledger.observe(observations)?);
        if let Some(head) = claims::tell_displaced(&self.shared.ledger, now())? {
            self.head = Some(head);
        }
        self.shared.progress.add(&self.shared.progress.missing, n_missing);
        Ok(())
    }
}

/// Lets readers and the dispatcher go when the collector ends, however it does.
struct Closing<'a>(&'a Crew);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.dismiss();
    }
}

/// The time now.
pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
