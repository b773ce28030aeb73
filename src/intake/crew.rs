//! The threads that read files, and the jobs they read. A reader whose file does not answer is given up: what it
//! had read of its job counts, another reader reads the rest, and what it says later is not heard. Knows nothing
//! of batches or the ledger's order.
//!
//! The thread that a file system keeps waiting cannot be ended, so readers belong to no scope: they share a
//! [`Crew`], and a run ends without those that hang.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};
use lumidex_schema::id::RootId;
use parking_lot::{Condvar, Mutex};

use super::budget::Budget;
use super::claims;
use super::hung::Doing;
use super::pipeline::{Place, Shared, now};
use super::progress::Progress;
use super::readers::{Interpret, Outcome, read};
use super::walk::{Seen, folder_path};
use super::worker::InterpreterFactory;
use crate::ledger::{Observation, Sighted};
use crate::limits::WALK_BATCH_TEXT_BYTES_MAX;
use crate::sys::paths;

/// One file to read, and what the ledger knows at its place, if anything.
pub(super) struct ToRead {
    pub(super) place: Arc<Place>,
    pub(super) seen: Seen,
    pub(super) known: Option<Sighted>,
}

/// What reading a job gave.
#[derive(Default)]
pub(super) struct Results {
    pub(super) observations: Vec<Observation>,
    pub(super) text_bytes: usize,
}

/// Files that one reader reads, unless it is given up.
pub(super) struct Job {
    results: Sender<Results>,
    state: Mutex<JobState>,
}

struct JobState {
    rest: std::vec::IntoIter<ToRead>,
    read: Results,
    /// The file that is being read.
    reading: Option<Reading>,
    /// How many readers of it were given up; whoever finds another number than it began with is one of them.
    n_given_up: u32,
}

struct Reading {
    reader: u64,
    place: Arc<Place>,
    name: Vec<u8>,
    since: Instant,
}

impl Job {
    /// Whose results go to `results` once it is read.
    pub(super) fn of(files: Vec<ToRead>, results: Sender<Results>) -> Self {
        let rest = files.into_iter();
        let state = JobState { rest, read: Results::default(), reading: None, n_given_up: 0 };
        Self { results, state: Mutex::new(state) }
    }
}

/// What all readers of a run share.
pub(super) struct Crew {
    shared: Shared,
    interpreter: Arc<InterpreterFactory>,
    /// How long one file may take.
    file_time_max: Duration,
    jobs: Receiver<Arc<Job>>,
    /// Text that was read and is not yet with the ledger.
    pub(super) budget: Budget,
    members: Mutex<Members>,
    left: Condvar,
    /// Nobody wants results any more.
    is_dismissed: AtomicBool,
}

#[derive(Default)]
struct Members {
    /// Of every reader that was not given up.
    threads: HashMap<u64, JoinHandle<()>>,
    n_begun: u64,
    n_working: usize,
    /// Files of each root that were not read, because they or others of it did not answer.
    unread: HashMap<RootId, u64>,
}

/// How a reader left a job.
enum Left {
    Read,
    /// Nobody hears this reader any more.
    GivenUp,
}

/// Counts a reader out however it ends, or the end of the run would wait for it.
struct Membership<'a>(&'a Crew);

impl Drop for Membership<'_> {
    fn drop(&mut self) {
        self.0.members.lock().n_working -= 1;
        self.0.left.notify_all();
    }
}

impl Crew {
    /// Without readers so far.
    pub(super) fn new(
        shared: &Shared,
        interpreter: &Arc<InterpreterFactory>,
        file_time_max: Duration,
        jobs: Receiver<Arc<Job>>,
    ) -> Self {
        Self {
            shared: shared.clone(),
            interpreter: Arc::clone(interpreter),
            file_time_max,
            jobs,
            budget: Budget::default(),
            members: Mutex::default(),
            left: Condvar::new(),
            is_dismissed: AtomicBool::new(false),
        }
    }

    /// Starts a reader, which begins with this job if there is one.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start_reader(self: &Arc<Self>, first: Option<Arc<Job>>) -> std::io::Result<()> {
        let mut members = self.members.lock();
        members.n_begun += 1;
        let (number, crew) = (members.n_begun, Arc::clone(self));
        let work = move || {
            let membership = Membership(&crew);
            if let Left::GivenUp = crew.work(number, first) {
                // It was counted out then.
                std::mem::forget(membership);
            }
        };
        let thread = std::thread::Builder::new().name("intake-read".to_owned()).spawn(work)?;
        members.threads.insert(number, thread);
        members.n_working += 1;
        Ok(())
    }

    fn work(&self, number: u64, first: Option<Arc<Job>>) -> Left {
        let mut interpreter = (self.interpreter)();
        let mut next = first;
        loop {
            let job = match next.take() {
                Some(job) => job,
                None => {
                    self.budget.wait_below(WALK_BATCH_TEXT_BYTES_MAX);
                    let Ok(job) = self.jobs.recv() else { return Left::Read };
                    job
                }
            };
            if let Left::GivenUp = self.read_job(number, &job, &mut *interpreter) {
                return Left::GivenUp;
            }
        }
    }

    fn read_job(&self, reader: u64, job: &Job, interpreter: &mut dyn Interpret) -> Left {
        // Counted only once it is known that this reader was not given up meanwhile.
        let progress = Progress::handed_on();
        let mut state = job.state.lock();
        let n_given_up = state.n_given_up;
        while let Some(file) = self.next(&mut state) {
            let (place, name) = (Arc::clone(&file.place), file.seen.name.clone());
            let root = place.root.id;
            state.reading = Some(Reading { reader, place, name, since: Instant::now() });
            drop(state);
            let (observation, text_bytes) = self.read_file(file, interpreter, &progress);
            state = job.state.lock();
            if state.n_given_up != n_given_up {
                self.shared.hung.remove(root, Doing::Reading);
                return Left::GivenUp;
            }
            state.reading = None;
            state.read.observations.extend(observation);
            state.read.text_bytes += text_bytes;
            self.shared.progress.absorb(&progress);
        }
        let read = std::mem::take(&mut state.read);
        drop(state);
        self.budget.add(read.text_bytes);
        // When nobody awaits them, the ledger failed, and the files are read again next time.
        let _ = job.results.send(read);
        Left::Read
    }

    /// The next file of a job that may be tried.
    fn next(&self, state: &mut JobState) -> Option<ToRead> {
        if self.shared.stop.is_stopped() || self.is_dismissed.load(Ordering::Relaxed) {
            return None;
        }
        loop {
            let file = state.rest.next()?;
            let root = file.place.root.id;
            if !self.shared.hung.is_full(root) {
                return Some(file);
            }
            self.leave(root);
        }
    }

    fn leave(&self, root: RootId) {
        *self.members.lock().unread.entry(root).or_default() += 1;
        self.shared.progress.add(&self.shared.progress.read, 1);
    }

    fn read_file(
        &self,
        file: ToRead,
        interpreter: &mut dyn Interpret,
        progress: &Progress,
    ) -> (Option<Observation>, usize) {
        let ToRead { place, seen, known } = file;
        let (ledger, is_known) = (&self.shared.ledger, known.is_some());
        let read = || match read(ledger, &place.root, &place.folder, seen, is_known, interpreter, progress) {
            Outcome::Read(seen) => {
                let text_bytes = seen.text.as_ref().map_or(0, |text| text.template().len());
                (Some(Observation::Seen(seen)), text_bytes)
            }
            Outcome::NotMedia => (claims::missing(ledger, known.as_slice(), now()).next(), 0),
            Outcome::Nothing => (None, 0),
        };
        // A reader that is gone without a word would be waited for.
        let outcome = catch_unwind(AssertUnwindSafe(read)).unwrap_or_default();
        progress.add(&progress.read, 1);
        outcome
    }

    /// When a job is to be looked at again, should its results not have come.
    pub(super) fn look_at(&self, job: &Job) -> Instant {
        let since = job.state.lock().reading.as_ref().map_or_else(Instant::now, |reading| reading.since);
        since + self.file_time_max
    }

    /// Gives up the reader of this job if its file takes too long; another one reads the rest.
    ///
    /// # Errors
    /// When the system gives no thread for that.
    pub(super) fn give_up_if_hung(self: &Arc<Self>, job: &Arc<Job>) -> std::io::Result<()> {
        let Reading { reader, place, name, .. } = {
            let mut state = job.state.lock();
            let Some(reading) =
                state.reading.take_if(|reading| reading.since.elapsed() >= self.file_time_max)
            else {
                return Ok(());
            };
            state.n_given_up += 1;
            // Before the lock is free: it may come back at once.
            self.shared.hung.add(reading.place.root.id, Doing::Reading);
            reading
        };
        let path = folder_path(&place.root.path, &place.folder).join(paths::from_bytes(&name));
        let (path, waited) = (path.display(), self.file_time_max);
        self.shared
            .progress
            .complain(&format_args!("`{path}` was not read within {waited:?} and is left for the next walk"));
        self.leave(place.root.id);
        {
            let mut members = self.members.lock();
            // Its thread goes when its file system lets it.
            drop(members.threads.remove(&reader));
            members.n_working -= 1;
        }
        self.start_reader(Some(Arc::clone(job)))
    }

    /// Files of this root that were not read so far, because they or others of it did not answer.
    pub(super) fn n_unread(&self, root: RootId) -> u64 {
        self.members.lock().unread.get(&root).copied().unwrap_or(0)
    }

    /// Nobody wants results any more. Returns when no job is left and none will come.
    pub(super) fn dismiss(&self) {
        self.budget.close();
        self.is_dismissed.store(true, Ordering::Relaxed);
        self.jobs.iter().for_each(drop);
    }

    /// Waits until the readers are gone, but for those that hang.
    pub(super) fn wait(&self) {
        let deadline = Instant::now() + self.file_time_max;
        let mut members = self.members.lock();
        while members.n_working > 0 && !self.left.wait_until(&mut members, deadline).timed_out() {}
        let are_all_done = members.n_working == 0;
        let threads = std::mem::take(&mut members.threads);
        drop(members);
        for thread in threads.into_values().filter(|thread| are_all_done || thread.is_finished()) {
            // A panic was reported when it happened.
            let _ = thread.join();
        }
    }
}
