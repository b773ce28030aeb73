//! The vectors projection as a follower of the ledger. It follows texts and keeps which prompt each has;
//! vectors are made from there, by who reads, or by the keeper.

use super::prompts::NONE;
use super::reader::{Shared, VectorsReader};
use super::store::{self, Stored};
use super::wording::prompt_of;
use crate::ledger::Ledger;
use crate::ledger::paid::Paid;
use crate::projection::contract::{Batch, Projection, ProjectionError};
use crate::sys::storage::{Disk, Storage};
use lumidex_schema::checkpoint::{Checkpoint, StartEmpty};
use lumidex_schema::feed::Subject;
use lumidex_schema::format;
use lumidex_topics::prompt;
use redb::Database;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const NAME: &str = "vectors";

/// Other rules of cleaning make other prompts, as another format does.
pub(super) const FORMAT: u32 = (format::VECTORS.current << 16) | prompt::RULES;

/// Name of the file of prompts, in the projection's folder.
pub(super) const PROMPTS: &str = "prompts.redb";

/// The write side.
pub struct VectorsProjection {
    db: Option<Database>,
    found: Result<Checkpoint, StartEmpty>,
    /// From where on prompts are not durable.
    stored: Stored,
    changes: usize,
    shared: Arc<Shared>,
}

impl VectorsProjection {
    /// Loads the prompts that are stored in the folder `dir`; anything unreadable is left to be refilled.
    /// Vectors are opened when they are asked for.
    #[must_use]
    pub fn open(dir: &Path) -> Self {
        Self::open_on(Disk::shared(), dir)
    }

    /// As [`VectorsProjection::open`], on this storage.
    #[must_use]
    pub fn open_on(storage: Arc<dyn Storage>, dir: &Path) -> Self {
        let mut opened = Self {
            db: None,
            found: Err(StartEmpty::Absent),
            stored: Stored::default(),
            changes: 0,
            shared: Arc::new(Shared::at(storage, dir)),
        };
        if opened.path().exists() {
            opened.found = opened.load().map_err(|error| {
                tracing::debug!(error = &*error as &dyn std::error::Error, "prompts cannot be read");
                StartEmpty::Unreadable
            });
        } else if dir.exists() {
            opened.found = Err(StartEmpty::Unreadable);
        }
        opened
    }

    /// What others hold.
    #[must_use]
    pub fn reader(&self, ledger: Ledger, paid: Paid) -> VectorsReader {
        VectorsReader::new(Arc::clone(&self.shared), ledger, paid)
    }

    fn path(&self) -> PathBuf {
        self.shared.dir.join(PROMPTS)
    }

    fn load(&mut self) -> Result<Checkpoint, store::StoreError> {
        let db = store::open(&*self.shared.storage, &self.path())?;
        let checkpoint = store::checkpoint(&db)?.ok_or("there is no checkpoint")?;
        if checkpoint.format == FORMAT {
            let prompts = store::load(&db)?;
            self.stored = Stored { texts: prompts.of_texts.len(), prompts: prompts.hashes.len() };
            *self.shared.prompts.write() = prompts;
        }
        self.db = Some(db);
        Ok(checkpoint)
    }

    /// Opens the file again after a failure.
    fn reopen(&mut self) -> Result<Database, store::StoreError> {
        let db = store::open(&*self.shared.storage, &self.path())?;
        if self.found.is_ok() && store::checkpoint(&db)?.is_none() {
            // Another file than the one that was written to: everything is missing from it.
            self.stored = Stored::default();
        }
        Ok(db)
    }
}

fn failed(doing: &'static str) -> impl Fn(store::StoreError) -> ProjectionError {
    move |source| ProjectionError::Store { name: NAME, doing, source }
}

impl Projection for VectorsProjection {
    fn name(&self) -> &'static str {
        NAME
    }

    fn format(&self) -> u32 {
        FORMAT
    }

    fn checkpoint(&self) -> Result<Checkpoint, StartEmpty> {
        self.found
    }

    fn start_empty(&mut self) -> Result<(), ProjectionError> {
        self.found = Err(StartEmpty::Absent);
        self.db = None;
        self.shared.forget();
        (self.stored, self.changes) = (Stored::default(), 0);
        let storage = &*self.shared.storage;
        // Prompts go first: without them nothing else of it counts, wherever this is cut off.
        for removed in [storage.remove_file(&self.path()), storage.remove_folder(&self.shared.dir)] {
            match removed {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(failed("removed its folder")(error.into()));
                }
                Ok(()) | Err(_) => {}
            }
        }
        storage.create_folders(&self.shared.dir).map_err(|error| failed("made its folder")(error.into()))?;
        self.db = Some(store::open(storage, &self.path()).map_err(failed("made its file"))?);
        Ok(())
    }

    fn apply(&mut self, batch: &Batch<'_>) -> Result<(), ProjectionError> {
        let mut texts = Vec::new();
        for (_, subject) in batch.rows {
            let Subject::Text(id) = *subject else { continue };
            let is_known =
                self.shared.prompts.read().of_texts.get(id.index()).is_some_and(|prompt| *prompt != NONE);
            if !is_known && let Some(text) = batch.reader.text(id)? {
                let words = prompt_of(&text.template);
                texts.push((id, words.map(|words| prompt::hash(&words))));
            }
        }
        if texts.is_empty() {
            return Ok(());
        }
        self.changes += texts.len();
        let mut prompts = self.shared.prompts.write();
        for (id, hash) in texts {
            prompts.put(id, hash);
        }
        Ok(())
    }

    fn commit(&mut self, checkpoint: Checkpoint) -> Result<(), ProjectionError> {
        if self.db.is_none() {
            self.db = Some(self.reopen().map_err(failed("opened its file"))?);
        }
        let Some(db) = &self.db else { return Ok(()) };
        let saved = {
            let prompts = self.shared.prompts.read();
            let all = Stored { texts: prompts.of_texts.len(), prompts: prompts.hashes.len() };
            store::save(db, &prompts, self.stored, &checkpoint).map(|()| all)
        };
        match saved {
            Ok(stored) => {
                (self.stored, self.changes) = (stored, 0);
                self.found = Ok(checkpoint);
                Ok(())
            }
            Err(error) => {
                // Once its disk has failed the engine refuses everything; the next commit opens the file
                // again. It holds the former state or the new one, and gets the new one.
                self.db = None;
                Err(failed("wrote its file")(error))
            }
        }
    }

    fn pending(&self) -> usize {
        self.changes
    }

    fn can_wait(&self) -> bool {
        true
    }

    fn sets_the_pace(&self) -> bool {
        false
    }

    fn rest(&mut self) {
        self.shared.is_quiet();
    }
}
