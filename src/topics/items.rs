//! Which prompts the images of some folders have, and what they were like when that was looked at.

use super::ask::{Embedder, Scope, hex};
use super::error::TopicsError;
use super::kept::VectorsMark;
use super::room::Inner;
use crate::projection::vectors::{Scope as Prompts, Space};
use crate::query::Reach;
use lumidex_schema::id::{PromptId, Timestamp};
use lumidex_topics::prompt;

/// Prompts with their images, both by increasing id.
pub(super) struct Items {
    pub(super) prompts: Prompts,
}

impl Items {
    /// Of the images that are there now.
    pub(super) fn of(inner: &Inner, scope: &Scope) -> Result<Self, TopicsError> {
        inner.wait_followed();
        let Scope { folders, recursive } = scope;
        let reach = if *recursive { Reach::Below } else { Reach::Direct };
        let prompts = inner.parts.engine.prompts_in(&inner.parts.vectors, folders, reach)?;
        Ok(Self { prompts })
    }

    /// Images with a prompt.
    pub(super) fn n_images(&self) -> u64 {
        self.prompts.n_images()
    }

    /// Which of the images have which vectors.
    pub(super) fn mark(
        &self,
        inner: &Inner,
        embedder: &Embedder,
        space: &Space,
    ) -> Result<VectorsMark, TopicsError> {
        let mut digest = blake3::Hasher::new();
        digest.update(&prompt::RULES.to_le_bytes());
        let mut count = 0;
        for (prompt, images) in self.prompts.iter().filter(|(prompt, _)| space.contains(*prompt)) {
            count += images.len() as u64;
            digest.update(&inner.parts.vectors.hash_of(prompt).unwrap_or_default());
            for image in images {
                digest.update(&image.0.to_le_bytes());
            }
        }
        let updated = match embedder {
            // What it learned from is what its vectors depend on; when it did is not kept.
            Embedder::Builtin => {
                digest.update(&inner.parts.vectors.builtin_mark()?);
                Timestamp::default()
            }
            Embedder::Upstream(model) => inner.parts.paid.stats(model)?.max_updated_at.unwrap_or_default(),
        };
        Ok(VectorsMark { count, updated, digest: hex(&digest.finalize().as_bytes()[..16]) })
    }
}

/// The words of a prompt; empty where it is not known any more.
pub(super) fn words(inner: &Inner, prompts: &[PromptId]) -> Result<Vec<String>, TopicsError> {
    let reader = inner.parts.ledger.reader()?;
    let words =
        prompts.iter().map(|prompt| Ok(inner.parts.vectors.prompt(&reader, *prompt)?.unwrap_or_default()));
    words.collect()
}
