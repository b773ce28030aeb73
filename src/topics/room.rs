//! The room where topics are found: jobs one after the other, results that are kept, and questions that are
//! answered at once.

use super::ask::{Embedder, Embedding, Scope, TopicsAsk};
use super::board::{Board, Posted};
use super::cached::changed;
use super::embedding::{Embedded, embed};
use super::error::TopicsError;
use super::found::{Told, find};
use super::grouping::{self, GraphFound, Wanted};
use super::items::Items;
use super::job::{Progress, Stage, TopicsJob};
use super::kept::{self, Topic, TopicSet};
use super::search::{self, MeaningAsk, MeaningFound, SimilarAsk};
use super::shelf::Shelf;
use crate::ledger::Ledger;
use crate::ledger::paid::Paid;
use crate::limits::topics as limits;
use crate::projection::FollowerState;
use crate::projection::vectors::VectorsReader;
use crate::query::Engine;
use crate::sys::storage::Storage;
use crate::sys::{PathError, Stop, Stopper, priority};
use crate::upstream::Upstream;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use parking_lot::Mutex;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

/// What topics are found with.
pub struct TopicsParts {
    /// Which images there are.
    pub engine: Engine,
    /// The words of prompts.
    pub ledger: Ledger,
    /// Prompts, and vectors of them.
    pub vectors: VectorsReader,
    /// How far prompts are followed.
    pub vectors_follower: FollowerState,
    /// What the upstream was paid for.
    pub paid: Paid,
    /// Who may be asked, once that is known.
    pub upstream: Arc<OnceLock<Arc<Upstream>>>,
    /// How it is asked about keywords.
    pub graph: GraphEffort,
}

/// How an upstream is asked to group keywords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GraphEffort {
    /// With more keywords than this it is not.
    pub tags_max: usize,
    /// The largest are sent, and no more than this.
    pub tags_sent: usize,
    /// For each attempt.
    pub within: Duration,
    /// Attempts.
    pub attempts: u32,
}

impl Default for GraphEffort {
    fn default() -> Self {
        Self { tags_max: 500, tags_sent: 500, within: Duration::from_secs(180), attempts: 5 }
    }
}

/// What everyone in the room works with.
pub(super) struct Inner {
    pub(super) parts: TopicsParts,
    board: Board<TopicsJob>,
    pub(super) sets: Shelf<TopicSet>,
    /// Of jobs that run.
    stops: Mutex<HashMap<String, Stopper>>,
    /// Held while topics with this key are being found, or vectors of this model bought.
    turns: Mutex<HashMap<String, Arc<Mutex<()>>>>,
    stopper: Stopper,
}

/// The room. Dropping it ends what runs; that is gone on with when the room is opened again.
pub struct Topics {
    pub(super) inner: Arc<Inner>,
    queue: Option<Sender<String>>,
    threads: Vec<JoinHandle<()>>,
}

impl Topics {
    /// Opens the room, whose jobs and results lie in `folder`, and goes on with jobs that were not finished.
    ///
    /// # Errors
    /// When the folder cannot be used or a thread cannot be started.
    pub fn open(storage: &Arc<dyn Storage>, folder: &Path, parts: TopicsParts) -> Result<Self, PathError> {
        let at = |name: &str| folder.join(name);
        let board = Board::open(Arc::clone(storage), &at("jobs"), kept::FORMAT, limits::JOBS_KEPT)?;
        let sets = Shelf::open(Arc::clone(storage), &at("results"), kept::FORMAT, limits::RESULTS_KEPT)?;
        let inner = Arc::new(Inner {
            parts,
            board,
            sets,
            stops: Mutex::default(),
            turns: Mutex::default(),
            stopper: Stopper::new(),
        });
        let (queue, jobs) = bounded(limits::JOBS_QUEUED);
        let mut threads = Vec::new();
        for _ in 0..limits::JOBS_AT_ONCE {
            let (inner, jobs) = (Arc::clone(&inner), jobs.clone());
            let worker = std::thread::Builder::new().name("topics".to_owned()).spawn(move || {
                priority::yield_to_others();
                work(&inner, &jobs);
            });
            threads.push(worker.map_err(PathError::doing("start a thread for", folder))?);
        }
        let mut unfinished = inner.board.all();
        unfinished.retain(|posted| !posted.job.stage.is_end());
        // The first asked for comes first.
        for posted in unfinished.into_iter().rev() {
            let _ = queue.try_send(posted.id);
        }
        Ok(Self { inner, queue: Some(queue), threads })
    }

    /// Asks everything that runs to end soon; it is gone on with later.
    pub fn begin_stop(&self) {
        self.inner.stopper.trigger();
        self.inner.stops.lock().values().for_each(Stopper::trigger);
    }

    /// Puts up a job; gives its id. Who asks for what is being found already gets that job.
    ///
    /// # Errors
    /// [`TopicsError`] when nobody could do it.
    pub fn start(&self, ask: TopicsAsk) -> Result<String, TopicsError> {
        let ask = ask.clamped();
        let key = self.inner.key(&ask)?;
        let is_same = |posted: &Posted<TopicsJob>| !posted.job.stage.is_end() && posted.job.ask == ask;
        if let Some(running) = self.inner.board.all().into_iter().find(is_same) {
            return Ok(running.id);
        }
        let queue = self.queue.as_ref().ok_or(TopicsError::Stopped)?;
        if queue.is_full() {
            return Err(TopicsError::Busy);
        }
        let id = self.inner.board.post(TopicsJob::new(ask, key));
        match queue.try_send(id.clone()) {
            Ok(()) => Ok(id),
            Err(TrySendError::Full(_)) => {
                self.inner.end(&id, Err(&TopicsError::Busy));
                Err(TopicsError::Busy)
            }
            Err(TrySendError::Disconnected(_)) => Err(TopicsError::Stopped),
        }
    }

    /// A job as it is now.
    #[must_use]
    pub fn job(&self, id: &str) -> Option<Posted<TopicsJob>> {
        self.inner.board.get(id)
    }

    /// Waits until a job has its end, but no longer than that; gives it as it is then.
    #[must_use]
    pub fn wait(&self, id: &str, no_longer_than: Duration) -> Option<Posted<TopicsJob>> {
        self.inner.board.wait(id, no_longer_than, |job| job.stage.is_end())
    }

    /// Asks a job to end without an answer; `false` when it is not under way.
    pub fn stop(&self, id: &str) -> bool {
        if let Some(stopper) = self.inner.stops.lock().get(id) {
            stopper.trigger();
            return true;
        }
        let is_queued = self.inner.board.get(id).is_some_and(|posted| posted.job.stage == Stage::Queued);
        if is_queued {
            self.inner.end(id, Err(&TopicsError::Stopped));
        }
        is_queued
    }

    /// What is kept under a key.
    #[must_use]
    pub fn kept(&self, key: &str) -> Option<Arc<TopicSet>> {
        self.inner.sets.get(key)
    }

    /// Finds topics in the calling thread; gives what is kept if that is still right.
    ///
    /// # Errors
    /// [`TopicsError`].
    pub fn find(
        &self,
        ask: &TopicsAsk,
        told: &mut dyn FnMut(Stage, Progress),
        stop: &Stop,
    ) -> Result<Arc<TopicSet>, TopicsError> {
        self.inner.answer(&ask.clone().clamped(), told, stop).map(|(set, _)| set)
    }

    /// Sees to it that the prompts of these images have vectors (contract 6.2).
    ///
    /// # Errors
    /// [`TopicsError`].
    pub fn embed(
        &self,
        scope: &Scope,
        how: Embedding,
        stop: &Stop,
    ) -> Result<(Embedder, Embedded), TopicsError> {
        let how = how.clamped();
        let embedder = self.inner.embedder(how.model.as_deref())?;
        let items = Items::of(&self.inner, scope)?;
        if items.n_images() == 0 {
            return Ok((embedder, Embedded::default()));
        }
        let embedded = self.inner.embed(&items, &embedder, &how, &mut |_| {}, stop)?;
        Ok((embedder, embedded))
    }

    /// Images whose prompts mean something like these words.
    ///
    /// # Errors
    /// [`TopicsError`].
    pub fn by_meaning(&self, ask: &MeaningAsk, stop: &Stop) -> Result<MeaningFound, TopicsError> {
        search::by_meaning(&self.inner, ask, stop)
    }

    /// Images whose prompts are most like the one of an image.
    ///
    /// # Errors
    /// [`TopicsError`].
    pub fn similar(&self, ask: &SimilarAsk, stop: &Stop) -> Result<MeaningFound, TopicsError> {
        search::similar(&self.inner, ask, stop)
    }

    /// The tag graph of the topics that were found last for just these folders, in whatever order. Who may not
    /// pay gets groups of keywords by their own vectors, or such as were paid for before.
    ///
    /// # Errors
    /// [`TopicsError::NotFound`] when there are none.
    pub fn graph(
        &self,
        folders: &[Vec<u8>],
        lang: &str,
        may_pay: bool,
        stop: &Stop,
    ) -> Result<GraphFound, TopicsError> {
        let wanted: BTreeSet<&[u8]> = folders.iter().map(Vec::as_slice).collect();
        let is_wanted = |set: &Arc<TopicSet>| {
            set.scope.folders.iter().map(Vec::as_slice).collect::<BTreeSet<_>>() == wanted
                && !set.topics.is_empty()
        };
        let set = self.inner.sets.all().into_iter().map(|(_, set)| set).find(is_wanted);
        grouping::found(&self.inner, set.ok_or(TopicsError::NotFound)?, Wanted { lang, may_pay }, stop)
    }

    /// The images of a topic that is kept; `None` when it is not.
    #[must_use]
    pub fn topic(&self, key: &str, id: &str) -> Option<Topic> {
        self.inner.sets.get(key)?.topic(id).cloned()
    }
}

impl Drop for Topics {
    fn drop(&mut self) {
        self.begin_stop();
        self.queue = None;
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread that finds topics panicked");
            }
        }
    }
}

fn work(inner: &Inner, jobs: &Receiver<String>) {
    for id in jobs {
        if inner.stopper.stop().is_stopped() {
            return;
        }
        inner.run(&id);
    }
}

impl Inner {
    pub(super) fn upstream(&self) -> Result<&Arc<Upstream>, TopicsError> {
        self.parts.upstream.get().ok_or(TopicsError::NoUpstream)
    }

    /// Who embeds, when this model is asked for.
    pub(super) fn embedder(&self, model: Option<&str>) -> Result<Embedder, TopicsError> {
        match (model.map(str::trim).filter(|model| !model.is_empty()), self.parts.upstream.get()) {
            (Some(Embedder::BUILTIN), _) | (None, None) => Ok(Embedder::Builtin),
            (Some(model), Some(_)) => Ok(Embedder::Upstream(model.to_owned())),
            (Some(_), None) => Err(TopicsError::NoUpstream),
            (None, Some(upstream)) => match upstream.config().embedding_model.as_str() {
                Embedder::BUILTIN => Ok(Embedder::Builtin),
                model => Ok(Embedder::Upstream(model.to_owned())),
            },
        }
    }

    /// The chat model that names topics; empty where there is none.
    pub(super) fn title_model(&self, ask: &TopicsAsk) -> String {
        let named = ask.title_model.as_deref().map(str::trim).filter(|model| !model.is_empty());
        match self.parts.upstream.get() {
            Some(upstream) => named.unwrap_or(&upstream.config().title_model).to_owned(),
            None => String::new(),
        }
    }

    pub(super) fn chat_model(&self) -> String {
        self.parts.upstream.get().map(|upstream| upstream.config().chat_model.clone()).unwrap_or_default()
    }

    pub(super) fn key(&self, ask: &TopicsAsk) -> Result<String, TopicsError> {
        Ok(ask.key(&self.embedder(ask.embedding.model.as_deref())?, &self.title_model(ask)))
    }

    /// Prompts of images that were found a moment ago are known soon. Right after a start nothing is followed yet,
    /// and a job that goes on then would find an empty library.
    pub(super) fn wait_followed(&self) {
        let head = self.parts.ledger.head();
        let _ = self.parts.vectors_follower.wait_visible(head, limits::FOLLOWED_WITHIN);
    }

    /// Waits for a turn; two that want the same do not both do it.
    fn turn(&self, name: &str) -> Arc<Mutex<()>> {
        let mut turns = self.turns.lock();
        turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        Arc::clone(turns.entry(name.to_owned()).or_default())
    }

    fn embed(
        &self,
        items: &Items,
        embedder: &Embedder,
        how: &Embedding,
        told: &mut dyn FnMut(Progress),
        stop: &Stop,
    ) -> Result<Embedded, TopicsError> {
        // Nobody pays twice.
        let turn = self.turn(&format!("model {}", embedder.name()));
        let _turn = turn.lock();
        embed(self, items, embedder, how, told, stop)
    }

    /// Runs a job to its end. When the program ends before, the job is left as it is, to be run again.
    fn run(&self, id: &str) {
        let Some(posted) = self.board.get(id).filter(|posted| !posted.job.stage.is_end()) else { return };
        let stopper = Stopper::new();
        self.stops.lock().insert(id.to_owned(), stopper.clone());
        let mut stage = Stage::Queued;
        let answered = self.answer(
            &posted.job.ask,
            &mut |now, progress| {
                self.board.change(id, |job| (job.stage, job.progress) = (now, progress));
                if now != stage {
                    stage = now;
                    self.board.keep(id);
                }
            },
            &stopper.stop(),
        );
        self.stops.lock().remove(id);
        if !self.stopper.stop().is_stopped() {
            self.end(id, answered.as_ref().map(|(_, is_hit)| *is_hit));
        }
    }

    /// A job has its answer, or never will.
    fn end(&self, id: &str, answered: Result<bool, &TopicsError>) {
        if let Err(error) = answered {
            tracing::info!(error = error as &dyn std::error::Error, "topics were not found");
        }
        self.board.change(id, |job| match answered {
            Ok(is_hit) => (job.stage, job.cache_hit) = (Stage::Done, Some(is_hit)),
            Err(error) => (job.stage, job.error) = (Stage::Error, Some(chain(error))),
        });
        self.board.keep(id);
    }

    /// The topics, and whether they were kept.
    fn answer(
        &self,
        ask: &TopicsAsk,
        told: &mut dyn FnMut(Stage, Progress),
        stop: &Stop,
    ) -> Result<(Arc<TopicSet>, bool), TopicsError> {
        told(Stage::Init, Progress::default());
        let embedder = self.embedder(ask.embedding.model.as_deref())?;
        let key = ask.key(&embedder, &self.title_model(ask));
        let turn = self.turn(&key);
        let _turn = turn.lock();
        let items = Items::of(self, &ask.scope)?;
        let mut progress = Progress { scanned: items.n_images(), ..Progress::default() };
        if items.n_images() > 0 {
            let mut last = progress;
            self.embed(
                &items,
                &embedder,
                &ask.embedding,
                &mut |now| {
                    told(Stage::Embedding, {
                        last = now;
                        now
                    })
                },
                stop,
            )?;
            progress = last;
        }
        let mark = items.mark(self, &embedder, &*self.parts.vectors.space(embedder.name())?)?;
        let is_asked_anew = ask.force_title || ask.embedding.force;
        if let Some(set) = self.sets.get(&key).filter(|set| set.vectors == mark && !is_asked_anew) {
            return Ok((set, true));
        }
        let folder_times = ask.scope.folders.iter().map(|folder| changed(folder)).collect();
        let found = find(
            self,
            &items,
            ask,
            &embedder,
            &mut |step| match step {
                Told::Clustering { done, all } => {
                    progress = Progress { items_done: done, items_total: all, ..progress };
                    told(Stage::Clustering, progress);
                }
                Told::Titling { done, all } => {
                    progress = Progress {
                        items_done: progress.items_total,
                        clusters_done: done,
                        clusters_total: all,
                        ..progress
                    };
                    told(Stage::Titling, progress);
                }
            },
            stop,
        )?;
        let set = TopicSet { key: key.clone(), folder_times, ..found };
        let set = match self.sets.put(&key, kept::FORMAT, set) {
            Ok(set) => set,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "topics would not outlive a restart"
                );
                self.sets.get(&key).ok_or(TopicsError::NotFound)?
            }
        };
        Ok((set, false))
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let more = source.to_string();
        if !said.ends_with(&more) {
            said = format!("{said}: {more}");
        }
        cause = source.source();
    }
    said
}
