//! The tags projection as a follower of the ledger, and what queries hold of it.

use super::state::{Change, Dirty, Live, State};
use super::store;
use crate::ledger::Reader;
use crate::projection::contract::{Batch, Projection, ProjectionError};
use crate::sys::storage::{Disk, Storage};
use lumidex_schema::checkpoint::{Checkpoint, StartEmpty};
use lumidex_schema::feed::Subject;
use lumidex_schema::format;
use lumidex_schema::id::{TagId, TextId};
use lumidex_schema::record::Presence;
use parking_lot::{RwLock, RwLockReadGuard};
use redb::Database;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

const NAME: &str = "tags";

/// Postings made smaller under one hold of the lock, so that searches wait little.
const SHRUNK_AT_ONCE: usize = 256;

/// What queries hold of the tags projection. Clones share it.
#[derive(Clone, Default)]
pub struct TagsReader {
    state: Arc<RwLock<State>>,
}

impl TagsReader {
    /// Of a state that nobody changes.
    pub(super) fn of(state: State) -> Self {
        Self { state: Arc::new(RwLock::new(state)) }
    }

    /// The state of this moment. Changes wait while it is held: hold it for one query, never
    /// across I/O.
    pub fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read()
    }
}

/// The write side.
pub struct TagsProjection {
    storage: Arc<dyn Storage>,
    path: PathBuf,
    db: Option<Database>,
    found: Result<Checkpoint, StartEmpty>,
    state: Arc<RwLock<State>>,
}

impl TagsProjection {
    /// Loads what is stored at `path`; anything unreadable is left to be refilled.
    #[must_use]
    pub fn open(path: &Path) -> Self {
        Self::open_on(Disk::shared(), path)
    }

    /// As [`TagsProjection::open`], on this storage.
    #[must_use]
    pub fn open_on(storage: Arc<dyn Storage>, path: &Path) -> Self {
        let mut opened = Self {
            storage,
            path: path.to_owned(),
            db: None,
            found: Err(StartEmpty::Absent),
            state: Arc::default(),
        };
        if path.exists() {
            opened.found = opened.load().map_err(|error| {
                tracing::debug!(error = &*error as &dyn std::error::Error, "tags cannot be read");
                StartEmpty::Unreadable
            });
        }
        opened
    }

    /// What queries hold.
    #[must_use]
    pub fn reader(&self) -> TagsReader {
        TagsReader { state: Arc::clone(&self.state) }
    }

    fn load(&mut self) -> Result<Checkpoint, store::StoreError> {
        let db = store::open(&*self.storage, &self.path)?;
        let checkpoint = store::checkpoint(&db)?.ok_or("there is no checkpoint")?;
        if checkpoint.format == format::TAGS.current {
            *self.state.write() = store::load(&db)?;
        }
        self.db = Some(db);
        Ok(checkpoint)
    }

    /// Opens the file again after a failure.
    fn reopen(&self) -> Result<Database, store::StoreError> {
        let db = store::open(&*self.storage, &self.path)?;
        if self.found.is_ok() && store::checkpoint(&db)?.is_none() {
            // Another file than the one that was written to: everything is missing from it.
            let mut state = self.state.write();
            state.dirty = state.everything();
        }
        Ok(db)
    }

    fn image_changes(&self, batch: &Batch<'_>) -> Result<Vec<Change>, ProjectionError> {
        let reader = batch.reader;
        let has_links = reader.has_links()?;
        let state = self.state.read();
        let mut tags_of = TagsOfTexts::default();
        let mut changes = Vec::with_capacity(batch.rows.len());
        for (_, subject) in batch.rows {
            let Subject::Image(id) = *subject else { continue };
            let image = reader.image(id)?.filter(|image| image.presence == Presence::Present);
            let former = state.text_of(id);
            let former_tags = match former {
                Some(text) if image.as_ref().is_none_or(|image| image.text != text) => {
                    tags_of.get(reader, text)?
                }
                _ => Rc::default(),
            };
            let live = match image {
                Some(image) => {
                    let custom = if has_links { reader.custom_tag_ids_of(id)? } else { Vec::new() };
                    Some(Live::new(&image, tags_of.get(reader, image.text)?, custom))
                }
                None => None,
            };
            changes.push(Change { id, former_tags, live });
        }
        Ok(changes)
    }

    fn entry_changes(&self, batch: &Batch<'_>) -> Result<(), ProjectionError> {
        for (_, subject) in batch.rows {
            match *subject {
                Subject::Tag(id) => {
                    let tag = batch.reader.tag(id)?;
                    self.state.write().set_tag(id, tag);
                }
                Subject::Folder(id) => {
                    let path = batch.reader.folder_path(id)?;
                    self.state.write().set_folder(id, &path);
                }
                Subject::Image(_) | Subject::Text(_) => {}
            }
        }
        Ok(())
    }

    fn shrink(&self, dirty: &Dirty) {
        for chunk in &dirty.chunks {
            let mut state = self.state.write();
            state.names.shrink(*chunk as usize);
            state.holes.shrink(*chunk as usize);
        }
        let mut tags = dirty.postings.iter().copied();
        loop {
            let mut state = self.state.write();
            let mut shrunk = 0;
            for TagId(tag) in tags.by_ref().take(SHRUNK_AT_ONCE) {
                if let Some(posting) = state.postings.get_mut(tag as usize) {
                    posting.shrink();
                }
                shrunk += 1;
            }
            if shrunk == 0 {
                break;
            }
        }
    }
}

/// The tags of the texts of one batch, which mostly share them.
#[derive(Default)]
struct TagsOfTexts {
    known: HashMap<TextId, Rc<[TagId]>>,
}

impl TagsOfTexts {
    fn get(&mut self, reader: &Reader, text: TextId) -> Result<Rc<[TagId]>, ProjectionError> {
        if let Some(tags) = self.known.get(&text) {
            return Ok(Rc::clone(tags));
        }
        let tags: Rc<[TagId]> = reader.tags_of_text(text)?.into();
        self.known.insert(text, Rc::clone(&tags));
        Ok(tags)
    }
}

fn failed(doing: &'static str) -> impl Fn(store::StoreError) -> ProjectionError {
    move |source| ProjectionError::Store { name: NAME, doing, source }
}

impl Projection for TagsProjection {
    fn name(&self) -> &'static str {
        NAME
    }

    fn format(&self) -> u32 {
        format::TAGS.current
    }

    fn checkpoint(&self) -> Result<Checkpoint, StartEmpty> {
        self.found
    }

    fn start_empty(&mut self) -> Result<(), ProjectionError> {
        self.found = Err(StartEmpty::Absent);
        self.db = None;
        match self.storage.remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed("removed its file")(error.into()));
            }
            _ => {}
        }
        self.db = Some(store::open(&*self.storage, &self.path).map_err(failed("made its file"))?);
        *self.state.write() = State::default();
        Ok(())
    }

    fn apply(&mut self, batch: &Batch<'_>) -> Result<(), ProjectionError> {
        self.entry_changes(batch)?;
        let changes = self.image_changes(batch)?;
        if changes.is_empty() {
            return Ok(());
        }
        let order = {
            let state = self.state.read();
            (!state.keeps_order(&changes)).then(|| state.order_after(&changes))
        };
        let former = self.state.write().change(changes, order);
        // The lock is free again.
        drop(former);
        Ok(())
    }

    fn commit(&mut self, checkpoint: Checkpoint) -> Result<(), ProjectionError> {
        if self.db.is_none() {
            self.db = Some(self.reopen().map_err(failed("opened its file"))?);
        }
        let Some(db) = &self.db else { return Ok(()) };
        let dirty = std::mem::take(&mut self.state.write().dirty);
        self.shrink(&dirty);
        let saved = store::save(db, &self.state.read(), &dirty, &checkpoint);
        if let Err(error) = saved {
            self.state.write().dirty = dirty;
            // Once its disk has failed the engine refuses everything; the next commit opens the
            // file again. It holds the former state or the new one, and gets the new one.
            self.db = None;
            return Err(failed("wrote its file")(error));
        }
        self.found = Ok(checkpoint);
        Ok(())
    }

    fn pending(&self) -> usize {
        self.state.read().dirty.changes
    }

    fn can_wait(&self) -> bool {
        false
    }

    fn rest(&mut self) {}
}
