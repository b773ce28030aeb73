//! What an upstream was paid for: vectors of prompts, prompts that never get one, titles, abstractions.
//!
//! Kept in a file of its own, because it is large, is added to and hardly ever revised, and comes back only
//! for money. It belongs to the ledger's room all the same: what is derived is rebuilt from it. The rows know a
//! prompt by its hash alone, so they hold for any ledger. Knows nothing of upstreams, nor of who asks.
//!
//! In reading order: the file through failures of its disk (`file`), rows (`rows`), copies (`copy`), looking through it
//! (`verify`).

mod copy;
mod file;
mod rows;
mod verify;
#[cfg(test)]
mod tests;

pub use copy::{Merged, PaidCopyError};
pub use rows::{PromptHash, Stats};
pub use verify::verify_closed;

use rows::Stays;

use super::ReadError;
use crate::sys::storage::{Disk, Storage};
use file::PaidFile;
use lumidex_schema::id::Timestamp;
use lumidex_schema::paid as tables;
use std::path::Path;
use std::sync::Arc;

/// What was paid for could not be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum PaidError {
    /// A newer program wrote it.
    #[error("`{path}` is of format {found}, this program knows {known}: use the newer program again")]
    Newer {
        /// The file.
        path: String,
        /// Its format.
        found: u64,
        /// The newest format this program knows.
        known: u32,
    },
    /// The file is something else.
    #[error("`{path}` does not hold what an upstream was paid for")]
    Foreign {
        /// The file.
        path: String,
    },
    /// The storage engine failed.
    #[error("what was paid for cannot be read or kept in `{path}`")]
    Store {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: ReadError,
    },
}

/// What was paid for. Clones share it. The file is opened when it is first needed, and made when something is
/// first put. What was put is durable when it is answered. After a failure of the disk it is read as it was,
/// and every put tries the disk again.
#[derive(Clone)]
pub struct Paid {
    file: Arc<PaidFile>,
}

impl Paid {
    /// In the file at `path`, which need not exist; nothing is done yet. The caller holds the lock of its
    /// folder.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self::on(Disk::shared(), path)
    }

    /// As [`Paid::at`], on this storage.
    #[must_use]
    pub fn on(storage: Arc<dyn Storage>, path: &Path) -> Self {
        Self { file: Arc::new(PaidFile::at(storage, path, false)) }
    }

    /// Why nothing can be kept at the moment, if so: the disk failed.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.file.failure()
    }

    /// Keeps vectors of a model. One that is there already stays as it was. A prompt that had failed has not.
    ///
    /// # Errors
    /// [`PaidError`], nothing kept; so for everything here.
    pub fn put_vectors(&self, model: &str, vectors: &[(PromptHash, Vec<f32>)]) -> Result<(), PaidError> {
        self.put(model, vectors, Stays::Present)
    }

    /// The same, in place of those that are there.
    ///
    /// # Errors
    /// As [`Paid::put_vectors`].
    pub fn replace_vectors(&self, model: &str, vectors: &[(PromptHash, Vec<f32>)]) -> Result<(), PaidError> {
        self.put(model, vectors, Stays::Comer)
    }

    fn put(&self, model: &str, vectors: &[(PromptHash, Vec<f32>)], stays: Stays) -> Result<(), PaidError> {
        if vectors.is_empty() {
            return Ok(());
        }
        self.file.write(|txn| {
            let mut rows = rows::Tables::open(txn)?;
            let id = rows.model(model)?;
            for (hash, vector) in vectors {
                rows.put_vector(id, hash, &rows::encode_vector(vector), stays)?;
            }
            rows.finish(now())
        })
    }

    /// The vectors of these prompts, in the order asked; `None` for those that have none.
    ///
    /// # Errors
    /// As [`Paid::put_vectors`].
    pub fn vectors(&self, model: &str, hashes: &[PromptHash]) -> Result<Vec<Option<Vec<f32>>>, PaidError> {
        let found = self.file.read(|txn| rows::vectors(txn, model, hashes))?;
        Ok(found.unwrap_or_else(|| vec![None; hashes.len()]))
    }

    /// Which of these prompts have a vector, in the order asked.
    ///
    /// # Errors
    /// As [`Paid::put_vectors`].
    pub fn known(&self, model: &str, hashes: &[PromptHash]) -> Result<Vec<bool>, PaidError> {
        let found = self.file.read(|txn| rows::known(txn, model, hashes))?;
        Ok(found.unwrap_or_else(|| vec![false; hashes.len()]))
    }

    /// Remembers that these prompts will never have a vector, and why.
    ///
    /// # Errors
    /// As [`Paid::put_vectors`].
    pub fn put_failures(&self, model: &str, failures: &[(PromptHash, String)]) -> Result<(), PaidError> {
        if failures.is_empty() {
            return Ok(());
        }
        self.file.write(|txn| {
            let mut rows = rows::Tables::open(txn)?;
            let id = rows.model(model)?;
            for (hash, reason) in failures {
                rows.put_failure(id, hash, reason)?;
            }
            rows.finish(now())
        })
    }

    /// Why these prompts will never have a vector, in the order asked; `None` for those that may.
    ///
    /// # Errors
    /// As [`Paid::put_vectors`].
    pub fn failures(&self, model: &str, hashes: &[PromptHash]) -> Result<Vec<Option<String>>, PaidError> {
        let found = self.file.read(|txn| rows::failures(txn, model, hashes))?;
        Ok(found.unwrap_or_else(|| vec![None; hashes.len()]))
    }

    /// The title kept under this key, as JSON text.
    ///
    /// # Errors
    /// As [`Paid::put_vectors`].
    pub fn title(&self, key: &str) -> Result<Option<String>, PaidError> {
        Ok(self.file.read(|txn| rows::title(txn, key))?.flatten())
    }

    /// Keeps a title, in place of the one that may be there.
    ///
    /// # Errors
    /// As [`Paid::put_vectors`].
    pub fn put_title(&self, key: &str, json: &str) -> Result<(), PaidError> {
        self.file.write(|txn| {
            let mut rows = rows::Tables::open(txn)?;
            rows.put_title(key, json)?;
            rows.finish(now())
        })
    }

    /// The abstraction kept under this key, as JSON text.
    ///
    /// # Errors
    /// As [`Paid::put_vectors`].
    pub fn abstraction(&self, key: &str) -> Result<Option<String>, PaidError> {
        Ok(self.file.read(|txn| rows::abstraction(txn, key))?.flatten())
    }

    /// Keeps an abstraction, in place of the one that may be there.
    ///
    /// # Errors
    /// As [`Paid::put_vectors`].
    pub fn put_abstraction(&self, key: &str, json: &str) -> Result<(), PaidError> {
        self.file.write(|txn| {
            let mut rows = rows::Tables::open(txn)?;
            rows.put_abstraction(key, json)?;
            rows.finish(now())
        })
    }

    /// Up to `max` vectors of a model in the order of their prompts, those after this prompt.
    ///
    /// # Errors
    /// As [`Paid::put_vectors`].
    pub fn vectors_after(
        &self,
        model: &str,
        after: Option<&PromptHash>,
        max: usize,
    ) -> Result<Vec<(PromptHash, Vec<f32>)>, PaidError> {
        Ok(self.file.read(|txn| rows::vectors_after(txn, model, after, max))?.unwrap_or_default())
    }

    /// Every title with its key, in their order.
    ///
    /// # Errors
    /// As [`Paid::put_vectors`].
    pub fn titles(&self) -> Result<Vec<(String, String)>, PaidError> {
        Ok(self.file.read(|txn| rows::all_texts(txn, tables::TITLES))?.unwrap_or_default())
    }

    /// Every abstraction with its key, in their order.
    ///
    /// # Errors
    /// As [`Paid::put_vectors`].
    pub fn abstractions(&self) -> Result<Vec<(String, String)>, PaidError> {
        Ok(self.file.read(|txn| rows::all_texts(txn, tables::ABSTRACTIONS))?.unwrap_or_default())
    }

    /// How many vectors a model has, and since when there was no other.
    ///
    /// # Errors
    /// As [`Paid::put_vectors`].
    pub fn stats(&self, model: &str) -> Result<Stats, PaidError> {
        Ok(self.file.read(|txn| rows::stats(txn, model))?.unwrap_or_default())
    }

    /// The models that have anything, by name.
    ///
    /// # Errors
    /// As [`Paid::put_vectors`].
    pub fn models(&self) -> Result<Vec<String>, PaidError> {
        Ok(self.file.read(rows::models)?.unwrap_or_default())
    }
}

fn now() -> Timestamp {
    super::writer::now()
}
