//! Takes jobs and does them: one thread finds out what jobs would do, another does what a person agreed to,
//! one job after the other. A job outlives the program: what was being found is found again, and what was
//! being moved is settled by the journal of its operation.

use super::ask::OrganizeAsk;
use super::carrying::Attempt;
use super::destination::{existing, folder_of};
use super::job::{Choice, OrganizeJob, Outcome, Preview, Status};
use super::mapping::chosen;
use super::outcome::so_far;
use crate::files::{Files, Running};
use crate::ledger::{Ledger, ReadError};
use crate::limits::organize as limits;
use crate::sys::storage::Storage;
use crate::sys::{PathError, Stop, Stopper};
use crate::topics::{Board, Posted, Progress, Stage, TopicSet, Topics, TopicsAsk};
use crossbeam_channel::{Receiver, Sender};
use lumidex_schema::format;
use lumidex_schema::id::Seq;
use lumidex_schema::operation::OperationKind;
use lumidex_schema::path::absolute;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

/// Finds topics; blocks until they are found.
pub trait FindTopics: Send + Sync {
    /// The topics of what was asked, which tells now and then how far it is.
    ///
    /// # Errors
    /// In words for a person; also when it was stopped.
    fn find(
        &self,
        ask: TopicsAsk,
        told: &mut dyn FnMut(Stage, Progress),
        stop: &Stop,
    ) -> Result<Arc<TopicSet>, String>;
}

impl FindTopics for Topics {
    fn find(
        &self,
        ask: TopicsAsk,
        told: &mut dyn FnMut(Stage, Progress),
        stop: &Stop,
    ) -> Result<Arc<TopicSet>, String> {
        Topics::find(self, &ask, told, stop).map_err(|error| error.to_string())
    }
}

/// Returns once searches show everything up to this number.
pub type Settle = Box<dyn Fn(Seq) + Send + Sync>;

/// Whom it asks and tells.
pub struct Parts {
    /// What is known of images.
    pub ledger: Ledger,
    /// Who moves and copies.
    pub files: Arc<Files>,
    /// Who finds topics.
    pub finder: Arc<dyn FindTopics>,
    /// Who knows what searches show.
    pub settle: Settle,
}

/// See the module. Dropping it stops and joins its threads.
pub struct Organize {
    desk: Arc<Desk>,
    /// `None` only while it is dropped.
    queues: Option<Queues>,
    stopper: Stopper,
    threads: Vec<JoinHandle<()>>,
}

struct Queues {
    finding: Sender<String>,
    moving: Sender<String>,
}

/// What both threads share.
pub(super) struct Desk {
    pub(super) parts: Parts,
    pub(super) board: Board<OrganizeJob>,
    pub(super) stop: Stop,
}

/// Why a job was not taken.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Too many wait already.
    #[error("{} jobs that organize files wait or run; wait for one to end", limits::JOBS_AT_ONCE_MAX)]
    Busy,
}

/// Why a job was not confirmed.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// There is no such job.
    #[error("there is no job with the id `{0}`")]
    Unknown(String),
    /// It does not wait for that.
    #[error("the job is `{}`; only one that is `preview_ready` can be confirmed", .0.word())]
    NotReady(Status),
}

/// How far files are moved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moving {
    /// Files that were moved or copied, roughly.
    pub done: u64,
    /// Files that are to be.
    pub total: u64,
    /// Where files are being put.
    pub current: Option<Vec<u8>>,
    /// What is known of it so far.
    pub so_far: Outcome,
}

impl Organize {
    /// With the jobs that are kept in this folder; those that were cut short are gone on with.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(
        storage: Arc<dyn Storage>,
        folder: &Path,
        parts: Parts,
        stopper: &Stopper,
    ) -> Result<Self, PathError> {
        let board = Board::open(storage, folder, format::ORGANIZE.current, limits::JOBS_KEPT)?;
        let desk = Arc::new(Desk { parts, board, stop: stopper.stop() });
        let (finding, to_find) = crossbeam_channel::bounded(limits::JOBS_KEPT);
        let (moving, to_move) = crossbeam_channel::bounded(limits::JOBS_KEPT);
        let queues = Queues { finding, moving };
        desk.resume(&queues);
        let threads = [
            spawn("organize-find", &desk, to_find, Desk::find),
            spawn("organize-move", &desk, to_move, Desk::settle),
        ];
        let threads = threads.into_iter().flatten().collect();
        Ok(Self { desk, queues: Some(queues), stopper: stopper.clone(), threads })
    }

    /// Takes a job; gives its id.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(&self, ask: OrganizeAsk) -> Result<String, StartError> {
        let busy = self.desk.board.all().iter().filter(|posted| posted.job.status.is_busy()).count();
        let queues = self.queues.as_ref().filter(|_| busy < limits::JOBS_AT_ONCE_MAX);
        let Some(queues) = queues else { return Err(StartError::Busy) };
        let id = self.desk.board.post(OrganizeJob::new(ask.clamped()));
        queues.finding.try_send(id.clone()).map_err(|_| {
            self.desk.fail(&id, "too many jobs wait".to_owned());
            StartError::Busy
        })?;
        Ok(id)
    }

    /// A job as it is now.
    #[must_use]
    pub fn job(&self, id: &str) -> Option<Posted<OrganizeJob>> {
        self.desk.board.get(id)
    }

    /// Absolute paths of the folders that files of a job would be put into, after this choice; none when it
    /// has no preview.
    #[must_use]
    pub fn folders(&self, id: &str, choice: &Choice) -> Vec<Vec<u8>> {
        let Some(Posted { job, .. }) = self.desk.board.get(id) else { return Vec::new() };
        let Some(preview) = &job.preview else { return Vec::new() };
        let folders = chosen(&job.ask, preview, choice, &existing(&self.desk.parts.files, &job.ask));
        folders.into_iter().map(|(folder, _)| absolute(&job.ask.into, folder.as_bytes(), b"")).collect()
    }

    /// Has a job done, as a person chose; once, however often it is said.
    ///
    /// # Errors
    /// [`ConfirmError`].
    pub fn confirm(&self, id: &str, choice: Choice) -> Result<(), ConfirmError> {
        let confirmed = self.desk.board.change(id, |job| {
            if job.status != Status::PreviewReady {
                return Err(ConfirmError::NotReady(job.status));
            }
            job.status = Status::Moving;
            job.total = total(job.preview.as_deref(), &choice);
            job.choice = Some(choice);
            Ok(())
        });
        confirmed.ok_or_else(|| ConfirmError::Unknown(id.to_owned()))??;
        self.desk.board.keep(id);
        if let Some(queues) = &self.queues {
            // It has a place for every job there can be; and the next start would do it.
            drop(queues.moving.try_send(id.to_owned()));
        }
        Ok(())
    }

    /// How far the files of a job are.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn moving(&self, job: &OrganizeJob) -> Result<Moving, ReadError> {
        let waiting = Moving { total: job.total, ..Moving::default() };
        let Some(began) = job.began else { return Ok(waiting) };
        let is_it = |run: &Running| run.kind == OperationKind::Organize;
        let run = self.desk.parts.files.running().into_iter().find(is_it);
        let Some(run) = run.filter(|run| run.operation.is_some_and(|number| number > began)) else {
            return Ok(waiting);
        };
        let Some(operation) = run.operation else { return Ok(waiting) };
        let reader = self.desk.parts.ledger.reader()?;
        let nth = u32::try_from(run.taken).unwrap_or(u32::MAX);
        let next = reader.steps(operation, nth, 1)?.pop();
        let done = u128::from(job.total) * u128::from(run.taken) / u128::from(run.steps.max(1));
        Ok(Moving {
            done: u64::try_from(done).unwrap_or(u64::MAX).min(job.total),
            total: job.total,
            current: next.map(|step| folder_of(&step.to).to_vec()),
            so_far: so_far(&reader, operation)?,
        })
    }
}

impl Drop for Organize {
    fn drop(&mut self) {
        self.stopper.trigger();
        self.queues = None;
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread that organizes files panicked");
            }
        }
    }
}

fn spawn(
    name: &str,
    desk: &Arc<Desk>,
    queue: Receiver<String>,
    work: fn(&Desk, &str),
) -> Option<JoinHandle<()>> {
    let desk = Arc::clone(desk);
    let run = move || {
        while let Ok(id) = queue.recv() {
            if desk.stop.is_stopped() {
                return;
            }
            // One job that goes wrong must not be the last.
            if catch_unwind(AssertUnwindSafe(|| work(&desk, &id))).is_err() {
                tracing::error!("a job that organizes files panicked");
                desk.fail(&id, "it went wrong inside; the log of the server says where".to_owned());
            }
        }
    };
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    spawned.inspect_err(|error| tracing::error!(%error, name, "a thread cannot be started")).ok()
}

/// Files that are moved or copied after this choice.
fn total(preview: Option<&Preview>, choice: &Choice) -> u64 {
    let clusters = preview.into_iter().flat_map(Preview::moved);
    let kept = clusters.filter(|cluster| !choice.skips.contains(&cluster.id));
    kept.map(|cluster| cluster.mappings.len() as u64).sum()
}

impl Desk {
    /// Queues what was cut short: what may have touched files first.
    fn resume(&self, queues: &Queues) {
        let mut jobs = self.board.all();
        jobs.sort_by_key(|posted| (posted.job.began.is_none(), posted.job.began, posted.created));
        for Posted { id, job, .. } in jobs {
            match job.status {
                Status::Queued | Status::Running => {
                    self.board.change(&id, |job| job.status = Status::Queued);
                    drop(queues.finding.try_send(id));
                }
                Status::Moving => drop(queues.moving.try_send(id)),
                Status::PreviewReady | Status::Done | Status::Error => {}
            }
        }
    }

    fn fail(&self, id: &str, why: String) {
        self.board.change(id, |job| {
            job.status = Status::Error;
            job.stage = Stage::Error;
            job.error = Some(why);
        });
        self.board.keep(id);
    }

    /// Finds out what a job would do.
    fn find(&self, id: &str) {
        let Some(Posted { job, .. }) = self.board.get(id) else { return };
        self.board.change(id, |job| (job.status, job.stage) = (Status::Running, Stage::Init));
        match self.preview(id, &job.ask) {
            Ok(preview) => {
                self.board.change(id, |job| {
                    job.status = Status::PreviewReady;
                    job.preview = Some(Arc::new(preview));
                });
                self.board.keep(id);
            }
            // It is found again after the next start.
            Err(_) if self.stop.is_stopped() => {}
            Err(why) => self.fail(id, why),
        }
    }

    /// Does what a person agreed to, or finds it done.
    fn settle(&self, id: &str) {
        let mut is_told = false;
        loop {
            match self.attempt(id) {
                Ok(()) => return,
                Err(Attempt::Final(why)) => return self.fail(id, why),
                // What was journaled is gone on with, here or after the next start.
                Err(Attempt::Again(why)) => {
                    if !is_told {
                        tracing::warn!(why, "organizing files is tried again until it works");
                    }
                    is_told = true;
                    if self.stop.wait_for(limits::RETRY) {
                        return;
                    }
                }
            }
        }
    }
}
