//! Prompts, their vectors, and what an upstream was paid for, of an open library.

use super::Library;
use crate::ledger::paid::Paid;
use crate::projection::vectors::VectorsReader;
use lumidex_schema::id::Seq;
use std::time::Duration;

impl Library {
    /// Prompts and their vectors.
    #[must_use]
    pub fn vectors(&self) -> &VectorsReader {
        &self.vectors_reader
    }

    /// What an upstream was paid for.
    #[must_use]
    pub fn paid(&self) -> &Paid {
        &self.paid
    }

    /// Waits until the prompts of all texts up to this number are known; whether they are. Searches of words
    /// and tags never wait for it.
    #[must_use]
    pub fn wait_prompts(&self, seq: Seq, timeout: Duration) -> bool {
        self.vectors.state().wait_visible(seq, timeout)
    }
}
