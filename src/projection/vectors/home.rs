//! The folder of one model, and what is open of it.
//!
//! Two locks: `turn` for moments in which what is open changes, and `building` for the long work of making an
//! edition, during which searches go on. Refuses to know texts.

use super::edition::{self, Edition, Making};
use super::error::VectorsError;
use super::graph;
use super::prompts::Prompts;
use super::space::Space;
use crate::sys::storage::Storage;
use lumidex_schema::id::PromptId;
use lumidex_topics::builtin::Model;
use parking_lot::{Mutex, MutexGuard, RwLock};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What is open of a model.
#[derive(Clone)]
pub(super) struct Loaded {
    pub(super) space: Arc<Space>,
    /// Of the built-in model.
    pub(super) model: Option<Arc<Model>>,
    /// Vectors of prompts below this were made, or looked for.
    pub(super) looked: u32,
}

/// See the module.
pub(super) struct Home {
    pub(super) name: String,
    path: PathBuf,
    storage: Arc<dyn Storage>,
    loaded: RwLock<Option<Loaded>>,
    turn: Mutex<()>,
    building: Mutex<()>,
    /// Who waits for `building`; whoever has it at low priority lets go of it then.
    waiting: AtomicUsize,
    used: Mutex<Instant>,
}

impl Home {
    pub(super) fn at(storage: Arc<dyn Storage>, path: &Path, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            path: path.to_owned(),
            storage,
            loaded: RwLock::default(),
            turn: Mutex::default(),
            building: Mutex::default(),
            waiting: AtomicUsize::new(0),
            used: Mutex::new(Instant::now()),
        }
    }

    /// What is open.
    pub(super) fn loaded(&self) -> Option<Loaded> {
        self.loaded.read().clone()
    }

    pub(super) fn is_used(&self) {
        *self.used.lock() = Instant::now();
    }

    /// Closes what nobody has asked for in a while.
    pub(super) fn close_if_idle(&self, kept: Duration) {
        if self.used.lock().elapsed() >= kept {
            *self.loaded.write() = None;
        }
    }

    /// What is open, opened if it is not, brought up to date by `update`, which says what is to be open then.
    pub(super) fn update<E: From<VectorsError>>(
        &self,
        prompts: &RwLock<Prompts>,
        update: impl FnOnce(&Loaded) -> Result<Option<Loaded>, E>,
    ) -> Result<Loaded, E> {
        let _turn = self.turn.lock();
        let before = match self.loaded() {
            Some(loaded) => loaded,
            None => self.open(prompts)?,
        };
        let after = update(&before)?.unwrap_or(before);
        *self.loaded.write() = Some(after.clone());
        Ok(after)
    }

    fn open(&self, prompts: &RwLock<Prompts>) -> Result<Loaded, VectorsError> {
        // What somebody is building is no leftover.
        if let Some(_building) = self.try_begin_building() {
            self.tidy();
        }
        let opened = catch_unwind(AssertUnwindSafe(|| self.open_edition(prompts)));
        let opened = opened.unwrap_or_else(|_| Err(super::files::damaged("reading it panicked")));
        match opened {
            Ok(loaded) => Ok(loaded),
            Err(error) => {
                tracing::info!(model = self.name, %error, "vectors cannot be used; they are made anew");
                self.forget().map_err(|error| self.failed(error))?;
                Ok(Loaded { space: Arc::default(), model: None, looked: 0 })
            }
        }
    }

    fn open_edition(&self, prompts: &RwLock<Prompts>) -> io::Result<Loaded> {
        let edition = Edition::open(&self.path, &self.name, &prompts.read())?.map(Arc::new);
        let model = match edition.as_ref().and_then(|edition| edition.model.as_ref()) {
            Some(bytes) => Some(Arc::new(Model::decode(bytes).map_err(io::Error::other)?)),
            None => None,
        };
        let looked = edition.as_ref().map_or(0, |edition| edition.prompts());
        Ok(Loaded { space: Arc::new(Space::new(edition, 0)), model, looked })
    }

    /// Removes everything of it.
    fn forget(&self) -> io::Result<()> {
        match self.storage.remove_folder(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Forgets what there is, so that it is found anew. For who may build.
    pub(super) fn renew(&self) -> Result<(), VectorsError> {
        let _turn = self.turn.lock();
        *self.loaded.write() = None;
        self.forget().map_err(|error| self.failed(error))
    }

    /// Whoever holds it may make an edition. Who waits here is told to, by [`Home::is_waited_for`].
    pub(super) fn begin_building(&self) -> MutexGuard<'_, ()> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let guard = self.building.lock();
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        guard
    }

    /// As [`Home::begin_building`], if nobody else has begun.
    pub(super) fn try_begin_building(&self) -> Option<MutexGuard<'_, ()>> {
        self.building.try_lock()
    }

    /// Whether someone waits for the building to end.
    pub(super) fn is_waited_for(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0
    }

    /// Makes an edition of what `put` gives, puts it in force, and shows it with what came meanwhile.
    pub(super) fn make_edition(
        &self,
        prompts: &RwLock<Prompts>,
        dim: usize,
        model: Option<&Arc<Model>>,
        put: impl FnOnce(u32, &mut Making<'_>) -> Result<(), VectorsError>,
    ) -> Result<(), VectorsError> {
        let (n, mut making) = {
            let prompts = prompts.read();
            let making = Making::begin(&*self.storage, &self.path, &self.name, dim, &prompts);
            (prompts.len(), making.map_err(|error| self.failed(error))?)
        };
        put(n, &mut making)?;
        let bytes = model.map(|model| model.encode());
        making.finish(bytes.as_deref()).map_err(|error| self.failed(error))?;
        let opened = self.open_edition(prompts).map_err(|error| self.failed(error))?;
        self.show(|before| {
            // Vectors of another model are of no use.
            let is_same = match (model, &before.model) {
                (Some(model), Some(before)) => Arc::ptr_eq(model, before),
                (model, before) => model.is_none() && before.is_none(),
            };
            let rest = if is_same { before.space.tail() } else { Vec::new() };
            let looked = if is_same { before.looked.max(n) } else { n };
            Loaded { space: Arc::new(opened.space.with(rest)), model: model.cloned(), looked }
        });
        self.tidy();
        Ok(())
    }

    /// Adds a graph to the edition, if it is large enough and has none.
    pub(super) fn add_graph(
        &self,
        prompts: &RwLock<Prompts>,
        mut go_on: impl FnMut(f32) -> bool,
    ) -> Result<(), VectorsError> {
        let Some(edition) = self.loaded().and_then(|loaded| loaded.space.edition().cloned()) else {
            return Ok(());
        };
        if !edition.needs_graph() {
            return Ok(());
        }
        let n = edition.len().max(1) as f32;
        let built = graph::build(&edition.codes, |row| go_on(row as f32 / n)).ok_or(VectorsError::Stopped)?;
        edition.add_graph(&*self.storage, &built).map_err(|error| self.failed(error))?;
        let opened = self.open_edition(prompts).map_err(|error| self.failed(error))?;
        self.show(|before| Loaded {
            space: Arc::new(opened.space.with(before.space.tail())),
            model: before.model.clone(),
            looked: before.looked,
        });
        Ok(())
    }

    fn show(&self, after: impl FnOnce(&Loaded) -> Loaded) {
        let _turn = self.turn.lock();
        let mut loaded = self.loaded.write();
        // What was closed meanwhile is opened from the new edition when it is needed.
        if let Some(before) = &*loaded {
            *loaded = Some(after(before));
        }
    }

    /// Removes what is not in force. For who may build.
    pub(super) fn tidy(&self) {
        if let Err(error) = edition::clean(&*self.storage, &self.path) {
            tracing::warn!(model = self.name, %error, "an edition that is not in force stays");
        }
    }

    fn failed(&self, source: io::Error) -> VectorsError {
        VectorsError::File { path: self.path.clone(), source }
    }

    /// An error of writing a row.
    pub(super) fn put(
        &self,
        making: &mut Making<'_>,
        prompt: PromptId,
        vector: &[f32],
    ) -> Result<(), VectorsError> {
        making.put(prompt, vector).map_err(|error| self.failed(error))
    }
}
