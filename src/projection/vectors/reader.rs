//! What everyone else holds of the vectors projection: prompts, and the spaces of models.
//!
//! The vectors of the built-in model are made here, those of others come from what was paid for. Both are
//! opened when they are first asked for. Knows nothing of upstreams, clusters and searches of images.

use super::error::VectorsError;
use super::home::{Home, Loaded};
use super::prompts::Prompts;
use super::scope::Scope;
use super::space::Space;
use super::wording::prompt_of;
use crate::ledger::paid::{Paid, PromptHash};
use crate::ledger::{Ledger, ReadError, Reader};
use crate::limits::vectors as limits;
use crate::projection::tags::State;
use crate::sys::storage::Storage;
use lumidex_schema::id::{PromptId, TextId};
use lumidex_topics::builtin::Model;
use lumidex_topics::{Stopped, Watch};
use parking_lot::{Condvar, Mutex, RwLock};
use roaring::RoaringBitmap;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The name of the model that is learned from the library's own prompts.
pub const BUILTIN: &str = "builtin";

/// Parts of getting the built-in model ready: learning, making vectors, and building the graph.
const LEARNED: f32 = 0.3;
const EMBEDDED: f32 = 0.6;

/// What the projection and its readers share.
pub(super) struct Shared {
    pub(super) storage: Arc<dyn Storage>,
    pub(super) dir: PathBuf,
    pub(super) prompts: RwLock<Prompts>,
    homes: Mutex<BTreeMap<String, Arc<Home>>>,
    /// Set when nothing has changed for a while.
    quiet: (Mutex<bool>, Condvar),
    whole: Mutex<Option<Whole>>,
}

/// The prompts of all live images, as they were last asked for.
struct Whole {
    /// Of the state of tags, and how many texts were followed.
    of: (u64, usize),
    scope: Arc<Scope>,
    used: Instant,
}

impl Shared {
    pub(super) fn at(storage: Arc<dyn Storage>, dir: &Path) -> Self {
        Self {
            storage,
            dir: dir.to_owned(),
            prompts: RwLock::default(),
            homes: Mutex::default(),
            quiet: (Mutex::new(false), Condvar::new()),
            whole: Mutex::default(),
        }
    }

    /// Forgets what is open; the folder is removed by the caller.
    pub(super) fn forget(&self) {
        self.homes.lock().clear();
        *self.whole.lock() = None;
        *self.prompts.write() = Prompts::default();
    }

    fn home(&self, model: &str) -> Arc<Home> {
        let mut homes = self.homes.lock();
        let home = homes.entry(model.to_owned()).or_insert_with(|| {
            let folder = match model {
                BUILTIN => BUILTIN.to_owned(),
                // A name may hold anything.
                _ => format!("model-{}", &blake3::hash(model.as_bytes()).to_hex()[..16]),
            };
            Arc::new(Home::at(Arc::clone(&self.storage), &self.dir.join(folder), model))
        });
        Arc::clone(home)
    }

    pub(super) fn homes(&self) -> Vec<Arc<Home>> {
        self.homes.lock().values().cloned().collect()
    }

    /// Says that nothing has changed for a while.
    pub(super) fn is_quiet(&self) {
        *self.quiet.0.lock() = true;
        self.quiet.1.notify_all();
    }

    /// Wakes who waits in [`Shared::wait_quiet`].
    pub(super) fn wake(&self) {
        self.quiet.1.notify_all();
    }

    /// Waits until nothing has changed for a while, but no longer than that, or until woken; whether nothing
    /// has. Each time that is said counts once.
    pub(super) fn wait_quiet(&self, no_longer_than: Duration, is_over: impl Fn() -> bool) -> bool {
        let mut quiet = self.quiet.0.lock();
        while !*quiet && !is_over() {
            if self.quiet.1.wait_for(&mut quiet, no_longer_than).timed_out() {
                break;
            }
        }
        std::mem::take(&mut *quiet)
    }

    /// Closes what nobody has asked for in a while.
    pub(super) fn close_idle(&self, kept: Duration) {
        self.homes().iter().for_each(|home| home.close_if_idle(kept));
        self.whole.lock().take_if(|whole| whole.used.elapsed() >= kept);
    }
}

/// See the module. Clones share it.
#[derive(Clone)]
pub struct VectorsReader {
    pub(super) shared: Arc<Shared>,
    ledger: Ledger,
    paid: Paid,
}

impl VectorsReader {
    pub(super) fn new(shared: Arc<Shared>, ledger: Ledger, paid: Paid) -> Self {
        Self { shared, ledger, paid }
    }

    /// The prompt of a text; `None` when it has none, or was not followed yet.
    #[must_use]
    pub fn prompt_of(&self, text: TextId) -> Option<PromptId> {
        self.shared.prompts.read().of(text)
    }

    /// How many prompts there are; ids are below it.
    #[must_use]
    pub fn n_prompts(&self) -> u32 {
        self.shared.prompts.read().len()
    }

    /// The first text that has a prompt.
    #[must_use]
    pub fn text_of(&self, prompt: PromptId) -> Option<TextId> {
        self.shared.prompts.read().text_of(prompt)
    }

    /// What vectors of a prompt are kept by, in what was paid for.
    #[must_use]
    pub fn hash_of(&self, prompt: PromptId) -> Option<PromptHash> {
        self.shared.prompts.read().hash_of(prompt)
    }

    /// The prompt with this hash.
    #[must_use]
    pub fn find(&self, hash: &PromptHash) -> Option<PromptId> {
        self.shared.prompts.read().find(hash)
    }

    /// The words of a prompt, cleaned; `None` when there is no such prompt in this snapshot.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn prompt(&self, reader: &Reader, prompt: PromptId) -> Result<Option<String>, ReadError> {
        let Some(text) = self.text_of(prompt) else { return Ok(None) };
        Ok(reader.text(text)?.and_then(|text| prompt_of(&text.template)))
    }

    /// The prompts of these images, with the images of each. Reads memory only.
    #[must_use]
    pub fn scope(&self, state: &State, images: &RoaringBitmap) -> Scope {
        Scope::of(&self.shared.prompts.read(), &state.columns, images)
    }

    /// The prompts of all live images, with the images of each; made once for each state. Prompts that are not
    /// in it are those that no image has any more.
    #[must_use]
    pub fn whole_scope(&self, state: &State) -> Arc<Scope> {
        let prompts = self.shared.prompts.read();
        let of = (state.version, prompts.n_texts());
        let mut whole = self.shared.whole.lock();
        let scope = match &*whole {
            Some(known) if known.of == of => Arc::clone(&known.scope),
            Some(_) | None => Arc::new(Scope::of(&prompts, &state.columns, &state.live)),
        };
        *whole = Some(Whole { of, scope: Arc::clone(&scope), used: Instant::now() });
        scope
    }

    /// The vectors of a model as they are now; empty for a model that has none. New prompts are embedded by
    /// the built-in model before this returns; those of other models come by [`VectorsReader::include`].
    ///
    /// # Errors
    /// [`VectorsError`].
    pub fn space(&self, model: &str) -> Result<Arc<Space>, VectorsError> {
        let home = self.shared.home(model);
        home.is_used();
        self.open(&home).map(|loaded| loaded.space)
    }

    fn open(&self, home: &Home) -> Result<Loaded, VectorsError> {
        let is_current = |loaded: &Loaded| home.name != BUILTIN || loaded.looked >= self.n_prompts();
        if let Some(loaded) = home.loaded().filter(is_current) {
            return Ok(loaded);
        }
        home.update(&self.shared.prompts, |before| match home.name.as_str() {
            BUILTIN => self.embed_new(before),
            model => self.take_paid(model, before),
        })
    }

    /// Brings in vectors that were paid for.
    ///
    /// # Errors
    /// [`VectorsError`].
    pub fn include(&self, model: &str, prompts: &[PromptId]) -> Result<(), VectorsError> {
        let home = self.shared.home(model);
        home.is_used();
        let n = self.n_prompts();
        let included = home.update(&self.shared.prompts, |before| {
            let before = self.take_paid(model, before)?.unwrap_or_else(|| before.clone());
            let missing =
                prompts.iter().copied().filter(|prompt| prompt.0 < n && !before.space.contains(*prompt));
            let space = self.with_paid(model, &before.space, missing.collect())?;
            Ok::<_, VectorsError>(Some(Loaded { space: Arc::new(space), ..before }))
        });
        included.map(drop)
    }

    /// Takes all vectors of a model from what was paid for again: some are others now.
    ///
    /// # Errors
    /// [`VectorsError`].
    pub fn renew(&self, model: &str) -> Result<(), VectorsError> {
        let home = self.shared.home(model);
        home.is_used();
        let _building = home.begin_building();
        home.renew()?;
        self.open(&home).map(drop)
    }

    /// The vector of what a person searches for, of the built-in model; `None` while it has learned nothing.
    ///
    /// # Errors
    /// [`VectorsError`].
    pub fn embed_query(&self, query: &str) -> Result<Option<Vec<f32>>, VectorsError> {
        let home = self.shared.home(BUILTIN);
        home.is_used();
        let Some(model) = self.open(&home)?.model else { return Ok(None) };
        let mut vector = vec![0.0; model.dim()];
        model.embed_query(query, &mut vector);
        Ok(Some(vector))
    }

    /// Says what the built-in model has learned from: with the same, it makes the same vectors. Empty while it
    /// has learned nothing.
    ///
    /// # Errors
    /// [`VectorsError`].
    pub fn builtin_mark(&self) -> Result<Vec<u8>, VectorsError> {
        let Some(model) = self.open(&self.shared.home(BUILTIN))?.model else { return Ok(Vec::new()) };
        let n = u32::try_from(model.fitted_on()).unwrap_or(u32::MAX);
        let learned = self.shared.prompts.read().digest(n).unwrap_or_default();
        Ok(format!("{} {n} {learned}", lumidex_topics::builtin::FORMAT).into_bytes())
    }

    /// Gets the built-in model ready: learns if it has not, or the library has grown enough, makes the vectors
    /// that are missing, and a graph. Takes long; searches go on with what there is.
    ///
    /// # Errors
    /// [`VectorsError`]; what was finished stays.
    pub fn ready_builtin(&self, watch: &mut dyn Watch) -> Result<(), VectorsError> {
        self.make_ready(false, watch)
    }

    /// As [`VectorsReader::ready_builtin`], and learns in any case.
    ///
    /// # Errors
    /// [`VectorsError`]; what was finished stays.
    pub fn renew_builtin(&self, watch: &mut dyn Watch) -> Result<(), VectorsError> {
        self.make_ready(true, watch)
    }

    fn make_ready(&self, anew: bool, watch: &mut dyn Watch) -> Result<(), VectorsError> {
        let home = self.shared.home(BUILTIN);
        home.is_used();
        let _building = home.begin_building();
        self.build_builtin(&home, watch, 1, anew)
    }

    /// What `ready_builtin` does, by whoever may build. Below `fit_min` prompts nothing is learned yet.
    pub(super) fn build_builtin(
        &self,
        home: &Home,
        watch: &mut dyn Watch,
        fit_min: u32,
        anew: bool,
    ) -> Result<(), VectorsError> {
        home.tidy();
        let loaded = self.open(home)?;
        let n = self.n_prompts();
        if n >= fit_min.max(1) && (anew || is_due(loaded.model.as_deref(), n)) {
            let words = Words { reader: self, n, failed: Mutex::default() };
            let fitted = Model::fit(&words, &mut |done: f32| watch.goes_on(done * LEARNED));
            if let Some(error) = words.failed.into_inner() {
                return Err(error.into());
            }
            let model = fitted.map(Arc::new).map_err(|Stopped| VectorsError::Stopped)?;
            home.make_edition(&self.shared.prompts, model.dim(), Some(&model), |n, making| {
                self.for_each_vector(&model, 0..n, watch, |prompt, vector| home.put(making, prompt, vector))
            })?;
        } else if loaded.space.is_overgrown() {
            self.fold(home, &loaded)?;
        }
        self.open(home)?;
        home.add_graph(&self.shared.prompts, |done| watch.goes_on(EMBEDDED + done * (1.0 - EMBEDDED)))
    }

    /// What `ready_builtin` does, for a model that was paid for: an edition of what came, and a graph.
    pub(super) fn build_paid(&self, home: &Home, watch: &mut dyn Watch) -> Result<(), VectorsError> {
        home.tidy();
        let loaded = self.open(home)?;
        if loaded.space.is_overgrown() {
            self.fold(home, &loaded)?;
        }
        home.add_graph(&self.shared.prompts, |done| watch.goes_on(done))
    }

    pub(super) fn builtin_home(&self) -> Arc<Home> {
        self.shared.home(BUILTIN)
    }

    /// Makes an edition of the vectors there are.
    fn fold(&self, home: &Home, loaded: &Loaded) -> Result<(), VectorsError> {
        let space = Arc::clone(&loaded.space);
        home.make_edition(&self.shared.prompts, space.dim(), loaded.model.as_ref(), |_, making| {
            for prompt in space.prompts().iter().map(PromptId) {
                if let Some(vector) = space.vector(prompt) {
                    home.put(making, prompt, &vector)?;
                }
            }
            Ok(())
        })
    }

    /// With the vectors of prompts that came since.
    fn embed_new(&self, before: &Loaded) -> Result<Option<Loaded>, VectorsError> {
        let (Some(model), n) = (&before.model, self.n_prompts()) else { return Ok(None) };
        if before.looked >= n {
            return Ok(None);
        }
        let mut more = Vec::with_capacity((n - before.looked) as usize);
        self.for_each_vector(model, before.looked..n, &mut lumidex_topics::Unwatched, |prompt, vector| {
            more.push((prompt, vector.to_vec()));
            Ok(())
        })?;
        let space = Arc::new(before.space.with(more));
        Ok(Some(Loaded { space, model: Some(Arc::clone(model)), looked: n }))
    }

    /// With every vector that was paid for; looked for once, when it is opened.
    fn take_paid(&self, model: &str, before: &Loaded) -> Result<Option<Loaded>, VectorsError> {
        if before.looked == u32::MAX {
            return Ok(None);
        }
        let missing = (0..self.n_prompts()).map(PromptId).filter(|prompt| !before.space.contains(*prompt));
        let space = self.with_paid(model, &before.space, missing.collect())?;
        Ok(Some(Loaded { space: Arc::new(space), model: None, looked: u32::MAX }))
    }

    fn with_paid(&self, model: &str, space: &Space, prompts: Vec<PromptId>) -> Result<Space, VectorsError> {
        let mut space = space.clone();
        for prompts in prompts.chunks(limits::TEXTS_READ_AT_ONCE) {
            let hashes: Vec<PromptHash> = {
                let known = self.shared.prompts.read();
                prompts.iter().map(|prompt| known.hash_of(*prompt).unwrap_or_default()).collect()
            };
            let vectors = self.paid.vectors(model, &hashes)?;
            let found = prompts.iter().zip(vectors).filter_map(|(prompt, vector)| Some((*prompt, vector?)));
            space = space.with(found.collect());
        }
        Ok(space)
    }

    /// Hands out the vectors of these prompts, in their order, normalised.
    fn for_each_vector(
        &self,
        model: &Model,
        prompts: std::ops::Range<u32>,
        watch: &mut dyn Watch,
        mut found: impl FnMut(PromptId, &[f32]) -> Result<(), VectorsError>,
    ) -> Result<(), VectorsError> {
        let (begin, n) = (prompts.start, prompts.len().max(1) as f32);
        let mut vector = vec![0.0; model.dim()];
        let mut reader = self.ledger.reader()?;
        for prompt in prompts {
            let nth = prompt - begin;
            if (nth as usize).is_multiple_of(limits::TEXTS_READ_AT_ONCE) {
                if !watch.goes_on(LEARNED + nth as f32 / n * (EMBEDDED - LEARNED)) {
                    return Err(VectorsError::Stopped);
                }
                reader = self.ledger.reader()?;
            }
            let prompt = PromptId(prompt);
            match self.prompt(&reader, prompt)? {
                Some(words) => model.embed(&words, &mut vector),
                None => vector.fill(0.0),
            }
            super::dots::normalise(&mut vector);
            found(prompt, &vector)?;
        }
        Ok(())
    }
}

/// Whether the built-in model has learned nothing, or from a much smaller library.
fn is_due(model: Option<&Model>, n: u32) -> bool {
    model.is_none_or(|model| u64::from(n) * 2 >= model.fitted_on().max(1) * u64::from(limits::GROWN_HALVES))
}

/// The first prompts in their order, read from the ledger.
struct Words<'r> {
    reader: &'r VectorsReader,
    n: u32,
    /// What ended a visit early.
    failed: Mutex<Option<ReadError>>,
}

impl Words<'_> {
    fn visit(&self, visit: &mut dyn FnMut(&str) -> ControlFlow<()>) -> Result<(), ReadError> {
        let mut reader = self.reader.ledger.reader()?;
        for prompt in 0..self.n {
            if (prompt as usize).is_multiple_of(limits::TEXTS_READ_AT_ONCE) {
                reader = self.reader.ledger.reader()?;
            }
            let words = self.reader.prompt(&reader, PromptId(prompt))?;
            if visit(&words.unwrap_or_default()).is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl lumidex_topics::Prompts for Words<'_> {
    fn len(&self) -> usize {
        self.n as usize
    }

    fn for_each(&self, visit: &mut dyn FnMut(&str) -> ControlFlow<()>) {
        if let Err(error) = self.visit(visit) {
            *self.failed.lock() = Some(error);
        }
    }
}
