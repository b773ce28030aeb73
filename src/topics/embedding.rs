//! Vectors for prompts that have none: made by the embedder that is built in, or bought from the upstream, batch
//! by batch. What was bought is kept at once, so that a run that is broken off loses one request at most.

use super::ask::{Embedder, Embedding};
use super::error::TopicsError;
use super::items::{Items, words};
use super::job::Progress;
use super::room::Inner;
use crate::limits::topics as limits;
use crate::sys::Stop;
use crate::upstream::{Upstream, UpstreamError, batches};
use lumidex_schema::id::PromptId;
use lumidex_topics::prompt;
use std::sync::Arc;

/// What became of the images of a scope (contract 6.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Embedded {
    /// With a prompt.
    pub count: u64,
    /// Got a vector.
    pub updated: u64,
    /// Had one.
    pub skipped: u64,
    /// Are known to get none.
    pub skipped_failed: u64,
    /// Got none now.
    pub failed: u64,
}

/// Sees to it that the prompts have vectors; `told` hears how far that is.
pub(super) fn embed(
    inner: &Inner,
    items: &Items,
    embedder: &Embedder,
    how: &Embedding,
    told: &mut dyn FnMut(Progress),
    stop: &Stop,
) -> Result<Embedded, TopicsError> {
    let progress = Progress { scanned: items.n_images(), ..Progress::default() };
    told(progress);
    let done = match embedder {
        Embedder::Builtin => learn(inner, items, how.force, progress, told, stop)?,
        Embedder::Upstream(model) => {
            let upstream = inner.upstream()?;
            Buying { inner, upstream, model, how, progress, dim: None }.buy(items, told, stop)?
        }
    };
    let Progress { scanned, updated, skipped, skipped_failed, failed, .. } = done;
    told(done);
    Ok(Embedded { count: scanned, updated, skipped, skipped_failed, failed })
}

/// The built-in embedder knows every prompt of the library, once it has learned.
fn learn(
    inner: &Inner,
    items: &Items,
    anew: bool,
    before: Progress,
    told: &mut dyn FnMut(Progress),
    stop: &Stop,
) -> Result<Progress, TopicsError> {
    let vectors = &inner.parts.vectors;
    let space = vectors.space(Embedder::BUILTIN)?;
    let has = |prompt: &PromptId| !anew && space.contains(*prompt);
    let had: u64 =
        items.prompts.iter().filter(|(prompt, _)| has(prompt)).map(|(_, images)| images.len() as u64).sum();
    let missing = before.scanned - had;
    let mut progress = Progress { skipped: had, to_embed: missing, ..before };
    told(progress);
    let mut watch = |done: f32| {
        progress.embedded_done = (f64::from(done) * missing as f64) as u64;
        told(progress);
        !stop.is_stopped()
    };
    if anew { vectors.renew_builtin(&mut watch) } else { vectors.ready_builtin(&mut watch) }?;
    Ok(Progress { embedded_done: missing, updated: missing, ..progress })
}

/// Buys vectors of a model.
struct Buying<'a> {
    inner: &'a Inner,
    upstream: &'a Arc<Upstream>,
    model: &'a str,
    how: &'a Embedding,
    progress: Progress,
    /// Numbers in a vector of this model, once one was seen.
    dim: Option<usize>,
}

impl Buying<'_> {
    fn buy(
        mut self,
        items: &Items,
        told: &mut dyn FnMut(Progress),
        stop: &Stop,
    ) -> Result<Progress, TopicsError> {
        let wanted = self.wanted(items)?;
        if !self.how.force {
            self.dim = Some(self.inner.parts.vectors.space(self.model)?.dim()).filter(|dim| *dim > 0);
        }
        told(self.progress);
        let mut last = None;
        for chunk in wanted.chunks(limits::PROMPTS_READ_AT_ONCE) {
            let prompts: Vec<PromptId> = chunk.iter().map(|(prompt, _)| *prompt).collect();
            let texts = words(self.inner, &prompts)?;
            let texts: Vec<&str> = texts.iter().map(|text| prompt::short(text, self.how.max_chars)).collect();
            for batch in batches(texts.iter().copied(), self.how.batch_size) {
                if stop.is_stopped() {
                    return Err(TopicsError::Stopped);
                }
                match self.buy_batch(&chunk[batch.clone()], &texts[batch], stop) {
                    Ok(()) => told(self.progress),
                    // Others may fare better, unless nothing can be had at all.
                    Err(TopicsError::Upstream(error))
                        if error.is_transient() && self.progress.updated > 0 =>
                    {
                        last = Some(error);
                        told(self.progress);
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        let all: Vec<PromptId> = items.prompts.prompts().to_vec();
        if self.how.force {
            self.inner.parts.vectors.renew(self.model)?;
        } else {
            self.inner.parts.vectors.include(self.model, &all)?;
        }
        match last {
            Some(error) if self.progress.updated + self.progress.skipped == 0 => Err(error.into()),
            _ if self.progress.failed > 0 && self.progress.updated + self.progress.skipped == 0 => {
                Err(TopicsError::NothingEmbedded)
            }
            _ => Ok(self.progress),
        }
    }

    /// Prompts to be bought, each with its images; counts the others.
    fn wanted(&mut self, items: &Items) -> Result<Vec<(PromptId, u64)>, TopicsError> {
        let prompts = items.prompts.prompts();
        let hashes: Vec<_> = prompts
            .iter()
            .map(|prompt| self.inner.parts.vectors.hash_of(*prompt).unwrap_or_default())
            .collect();
        let known = self.inner.parts.paid.known(self.model, &hashes)?;
        let failures = self.inner.parts.paid.failures(self.model, &hashes)?;
        let mut wanted = Vec::new();
        for (((prompt, images), is_known), failure) in items.prompts.iter().zip(known).zip(failures) {
            let n = images.len() as u64;
            if self.how.force || (!is_known && failure.is_none()) {
                self.progress.to_embed += n;
                wanted.push((prompt, n));
            } else if is_known {
                self.progress.skipped += n;
            } else {
                self.progress.skipped_failed += n;
            }
        }
        Ok(wanted)
    }

    fn buy_batch(
        &mut self,
        prompts: &[(PromptId, u64)],
        texts: &[&str],
        stop: &Stop,
    ) -> Result<(), TopicsError> {
        self.progress.batch_n = texts.len() as u64;
        let n_images: u64 = prompts.iter().map(|(_, n)| *n).sum();
        let bought = match self.upstream.embed(self.model, texts, stop) {
            Ok(bought) => bought,
            Err(UpstreamError::Stopped) => return Err(TopicsError::Stopped),
            Err(error) => {
                self.progress.failed += n_images;
                self.progress.embedded_done += n_images;
                return Err(error.into());
            }
        };
        let (mut vectors, mut failures) = (Vec::new(), Vec::new());
        for ((prompt, n), vector) in prompts.iter().zip(bought) {
            let hash = self.inner.parts.vectors.hash_of(*prompt).unwrap_or_default();
            match vector {
                Ok(vector) => {
                    let known = *self.dim.get_or_insert(vector.len());
                    if known != vector.len() {
                        let (model, found) = (self.model.to_owned(), vector.len());
                        return Err(TopicsError::Dimension { model, found, known });
                    }
                    self.progress.updated += n;
                    vectors.push((hash, vector));
                }
                Err(failure) => {
                    self.progress.failed += n;
                    if failure.is_permanent {
                        failures.push((hash, failure.reason));
                    }
                }
            }
        }
        self.progress.embedded_done += n_images;
        let paid = &self.inner.parts.paid;
        if self.how.force {
            paid.replace_vectors(self.model, &vectors)?;
        } else {
            paid.put_vectors(self.model, &vectors)?;
        }
        self.inner.parts.paid.put_failures(self.model, &failures)?;
        Ok(())
    }
}
