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
//! under way.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crossbeam_channel::{Receiver, Sender, bounded};
use lumidex_schema::id::{ImageId, RootId, Seq, Timestamp};
use lumidex_schema::path::RelPath;

use super::budget::Budget;
use super::claims;
use super::logs::Logs;
use super::progress::Progress;
use super::readers::{Interpret, Outcome, read};
use super::walk::{Seen, WalkedRoot};
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
}

/// A folder that is walked.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) root: WalkedRoot,
    pub(super) folder: RelPath,
}

/// One file to read, and what the ledger knows at its place, if anything.
struct ToRead {
    place: Arc<Place>,
    seen: Seen,
    known: Option<Sighted>,
}

struct Job {
    files: Vec<ToRead>,
    results: Sender<Results>,
}

#[derive(Default)]
struct Results {
    observations: Vec<Observation>,
    text_bytes: usize,
}

/// What the collector is to do next.
enum Pending {
    Await(Receiver<Results>),
    Gone(Vec<Sighted>),
    RootWalked(RootId, Option<ImageId>),
}

/// The parts that all threads share.
pub(super) struct Shared<'a> {
    pub(super) ledger: &'a Ledger,
    pub(super) stop: &'a Stop,
    pub(super) progress: &'a Progress,
    pub(super) logs: &'a Logs,
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
/// After a stop, files already read are still told to the ledger; the others are left for next time.
pub(super) fn run<T>(
    shared: &Shared<'_>,
    n_readers: usize,
    interpreter: &(dyn Fn() -> Box<dyn Interpret> + Sync),
    walk: impl FnOnce(&Sender<Found>) -> T,
) -> Result<(T, Option<Seq>), PipelineError> {
    let (found_sender, found) = bounded(16);
    let (job_sender, jobs) = bounded::<Job>(JOBS_MAX);
    let (pending_sender, pending) = bounded(JOBS_MAX);
    let budget = &Budget::default();
    let thread = |name: &str| std::thread::Builder::new().name(name.to_owned());
    // The senders move in, so that every thread ends should one of them not start.
    std::thread::scope(move |scope| {
        let collector = thread("intake-collect").spawn_scoped(scope, move || {
            let _closing = Closing(budget);
            Collector { shared, budget, batch: Batch::default(), head: None }.collect(&pending)
        })?;
        for _ in 0..n_readers.max(1) {
            let jobs = jobs.clone();
            let work = move || read_jobs(shared, budget, &jobs, &mut *interpreter());
            thread("intake-read").spawn_scoped(scope, work)?;
        }
        drop(jobs);
        let dispatcher = Dispatcher { jobs: job_sender, pending: pending_sender, waiting: Vec::new() };
        thread("intake-dispatch").spawn_scoped(scope, move || dispatcher.dispatch(&found))?;
        let walked = walk(&found_sender);
        drop(found_sender);
        let told = collector.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok((walked, told?))
    })
}

/// The other side is gone: the ledger failed, or everyone stops.
struct Disconnected;

struct Dispatcher {
    jobs: Sender<Job>,
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
            let Some(next) = next else { break };
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
        }
    }

    fn send_waiting(&mut self) -> Result<(), Disconnected> {
        let files = std::mem::take(&mut self.waiting);
        if files.is_empty() {
            return Ok(());
        }
        let (results, awaited) = bounded(1);
        self.send(Pending::Await(awaited))?;
        self.jobs.send(Job { files, results }).map_err(|_| Disconnected)
    }

    fn send(&self, pending: Pending) -> Result<(), Disconnected> {
        self.pending.send(pending).map_err(|_| Disconnected)
    }
}

fn read_jobs(shared: &Shared<'_>, budget: &Budget, jobs: &Receiver<Job>, interpreter: &mut dyn Interpret) {
    loop {
        budget.wait_below(WALK_BATCH_TEXT_BYTES_MAX);
        let Ok(Job { files, results }) = jobs.recv() else { return };
        let mut read_results = Results::default();
        for file in files {
            if shared.stop.is_stopped() {
                break;
            }
            read_file(shared, file, interpreter, &mut read_results);
        }
        budget.add(read_results.text_bytes);
        // When nobody awaits them, the ledger failed, and the files are read again next time.
        let _ = results.send(read_results);
    }
}

fn read_file(shared: &Shared<'_>, file: ToRead, interpreter: &mut dyn Interpret, results: &mut Results) {
    let ToRead { place, seen, known } = file;
    match read(shared.ledger, &place.root, &place.folder, seen, known.is_some(), interpreter, shared.progress)
    {
        Outcome::Read(seen) => {
            results.text_bytes += seen.text.as_ref().map_or(0, |text| text.template().len());
            results.observations.push(Observation::Seen(seen));
        }
        Outcome::NotMedia => {
            results.observations.extend(claims::missing(shared.ledger, known.as_slice(), now()));
        }
        Outcome::Nothing => {}
    }
    shared.progress.add(&shared.progress.read, 1);
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
    shared: &'a Shared<'a>,
    budget: &'a Budget,
    batch: Batch,
    head: Option<Seq>,
}

impl Collector<'_> {
    fn collect(mut self, pending: &Receiver<Pending>) -> Result<Option<Seq>, WriteError> {
        while let Some(next) = self.wait(pending)? {
            match next {
                Pending::Await(results) => {
                    // Without results its reader is gone; its files are read again next time.
                    if let Some(results) = self.wait(&results)? {
                        self.budget.release(results.text_bytes);
                        self.batch.text_bytes += results.text_bytes;
                        results.observations.into_iter().for_each(|one| self.batch.push(one));
                    }
                }
                Pending::Gone(files) => {
                    // A folder that is gone may have held any number of them.
                    for missing in claims::missing(self.shared.ledger, &files, now()) {
                        self.batch.push(missing);
                        if self.batch.is_full() {
                            self.close_batch()?;
                        }
                    }
                }
                Pending::RootWalked(root, from) => {
                    // What a stop left unread was not found: the root is not walked to its end.
                    if !self.shared.stop.is_stopped() {
                        self.batch.push(Observation::RootWalked {
                            root,
                            from: from.unwrap_or_default(),
                            at: now(),
                            read_with: from.map_or(0, |_| metadata::VERSION),
                        });
                        self.close_batch()?;
                    }
                    (self.shared.root_done)(root);
                }
            }
            if self.batch.is_full() {
                self.close_batch()?;
            }
        }
        self.close_batch()?;
        Ok(self.head)
    }

    /// The next thing from `receiver`, `None` at its end; closes the batch meanwhile when it gets
    /// old.
    fn wait<T>(&mut self, receiver: &Receiver<T>) -> Result<Option<T>, WriteError> {
        if let Some(opened) = self.batch.opened {
            match receiver.recv_deadline(opened + BATCH_AGE_MAX) {
                Ok(next) => return Ok(Some(next)),
                Err(crossbeam_channel::RecvTimeoutError::Disconnected) => return Ok(None),
                Err(crossbeam_channel::RecvTimeoutError::Timeout) => self.close_batch()?,
            }
        }
        Ok(receiver.recv().ok())
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
        if let Some(head) = claims::tell_displaced(self.shared.ledger, now())? {
            self.head = Some(head);
        }
        self.shared.progress.add(&self.shared.progress.missing, n_missing);
        Ok(())
    }
}

/// Lets waiting readers go when the collector ends, however it does.
struct Closing<'a>(&'a Budget);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// The time now.
pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
