//! Searches by meaning: images whose prompts are like some words, or like another image's prompt.

use super::ask::{Embedder, Embedding, Scope};
use super::embedding::embed;
use super::error::TopicsError;
use super::items::{Items, words};
use super::room::Inner;
use crate::projection::vectors::Space;
use crate::sys::Stop;
use lumidex_schema::id::{ImageId, PromptId};
use lumidex_topics::prompt;
use std::collections::HashMap;

/// Characters of a sample prompt.
const SAMPLE_CHARS: usize = 200;
/// How much a place in a ranking counts: the usual constant of reciprocal rank fusion.
const RANK_DAMPING: f32 = 60.0;

/// Asks for images whose prompts mean something like these words.
#[derive(Clone, Debug, PartialEq)]
pub struct MeaningAsk {
    /// The words.
    pub query: String,
    /// Of which images.
    pub scope: Scope,
    /// How prompts become vectors.
    pub embedding: Embedding,
    /// Images at most, 1 to 500.
    pub top_k: usize,
    /// Cosine at least, -1 to 1.
    pub min_score: f32,
    /// Prompts without a vector get one first.
    pub ensure_embed: bool,
    /// Prompts that hold the words rank higher than they would by meaning alone.
    pub hybrid: bool,
}

/// Asks for images like one.
#[derive(Clone, Debug, PartialEq)]
pub struct SimilarAsk {
    /// Like which.
    pub image: ImageId,
    /// Of which images.
    pub scope: Scope,
    /// By whose vectors.
    pub model: Option<String>,
    /// Images at most, 1 to 500.
    pub top_k: usize,
    /// Images of one prompt at most.
    pub per_prompt: usize,
}

/// An image that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Alike {
    /// Which.
    pub image: ImageId,
    /// How much alike: a cosine, or, for a hybrid search, a fused rank between 0 and 1.
    pub score: f32,
    /// The beginning of its prompt.
    pub sample: String,
}

/// What was found, the most alike first; images of one prompt by id.
#[derive(Clone, Debug, PartialEq)]
pub struct MeaningFound {
    /// Whose vectors.
    pub embedder: Embedder,
    /// Images that were compared.
    pub count: u64,
    /// The best.
    pub found: Vec<Alike>,
}

pub(super) fn by_meaning(inner: &Inner, ask: &MeaningAsk, stop: &Stop) -> Result<MeaningFound, TopicsError> {
    let embedder = inner.embedder(ask.embedding.model.as_deref())?;
    let items = Items::of(inner, &ask.scope)?;
    if ask.ensure_embed || embedder == Embedder::Builtin {
        embed(inner, &items, &embedder, &ask.embedding, &mut |_| {}, stop)?;
    }
    let query = match &embedder {
        Embedder::Builtin => inner.parts.vectors.embed_query(&ask.query)?.unwrap_or_default(),
        Embedder::Upstream(model) => inner
            .upstream()?
            .embed(model, &[prompt::short(&ask.query, ask.embedding.max_chars)], stop)?
            .pop()
            .ok_or(TopicsError::NoQueryVector)?
            .map_err(|failure| TopicsError::Refused(failure.reason))?,
    };
    let space = inner.parts.vectors.space(embedder.name())?;
    if query.iter().all(|value| *value == 0.0) && items.n_images() > 0 {
        return Err(TopicsError::NoQueryVector);
    }
    let allowed = items.prompts.to_bitmap();
    // Each prompt has an image at least; a hybrid search looks deeper, because ranks are fused.
    let depth = if ask.hybrid { (ask.top_k * 4).max(200) } else { ask.top_k };
    let mut prompts = space.search(&query, Some(&allowed), depth, ask.min_score);
    if ask.hybrid {
        prompts = fused(&prompts, &worded(inner, &ask.query, &items, depth)?);
    }
    let count = compared(&items, &space);
    Ok(MeaningFound { embedder, count, found: expanded(inner, &items, &prompts, ask.top_k, usize::MAX)? })
}

pub(super) fn similar(inner: &Inner, ask: &SimilarAsk, stop: &Stop) -> Result<MeaningFound, TopicsError> {
    let embedder = inner.embedder(ask.model.as_deref())?;
    let items = Items::of(inner, &ask.scope)?;
    let own = items.prompts.iter().find(|(_, images)| images.contains(&ask.image)).map(|(prompt, _)| prompt);
    let own = own.ok_or(TopicsError::NoPrompt)?;
    if embedder == Embedder::Builtin {
        embed(inner, &items, &embedder, &Embedding::default(), &mut |_| {}, stop)?;
    }
    let space = inner.parts.vectors.space(embedder.name())?;
    let vector = space.vector(own).ok_or(TopicsError::NotEmbedded)?;
    let allowed = items.prompts.to_bitmap();
    let prompts = space.search(&vector, Some(&allowed), ask.top_k + 1, -1.0);
    let mut found = expanded(inner, &items, &prompts, ask.top_k + 1, ask.per_prompt.max(1))?;
    found.retain(|alike| alike.image != ask.image);
    found.truncate(ask.top_k);
    Ok(MeaningFound { embedder, count: compared(&items, &space), found })
}

fn compared(items: &Items, space: &Space) -> u64 {
    let with = items.prompts.iter().filter(|(prompt, _)| space.contains(*prompt));
    with.map(|(_, images)| images.len() as u64).sum()
}

/// The images of these prompts, in their order.
fn expanded(
    inner: &Inner,
    items: &Items,
    prompts: &[(PromptId, f32)],
    max: usize,
    per_prompt: usize,
) -> Result<Vec<Alike>, TopicsError> {
    let mut found = Vec::new();
    for (prompt, score) in prompts {
        if found.len() >= max {
            break;
        }
        let sample = words(inner, &[*prompt])?.pop().unwrap_or_default();
        let sample = prompt::short(&sample, SAMPLE_CHARS);
        let images = items.prompts.images_of(*prompt).iter().take(per_prompt.min(max - found.len()));
        found.extend(images.map(|image| Alike { image: *image, score: *score, sample: sample.to_owned() }));
    }
    Ok(found)
}

/// Prompts whose words are among those of the query, the best first.
fn worded(inner: &Inner, query: &str, items: &Items, max: usize) -> Result<Vec<PromptId>, TopicsError> {
    let mut prompts = Vec::new();
    for text in inner.parts.engine.ranked_texts(query, max * 4)? {
        if let Some(prompt) = inner.parts.vectors.prompt_of(text)
            && !items.prompts.images_of(prompt).is_empty()
            && !prompts.contains(&prompt)
        {
            prompts.push(prompt);
            if prompts.len() == max {
                break;
            }
        }
    }
    Ok(prompts)
}

/// Reciprocal rank fusion (Cormack, Clarke and Buettcher, 2009), scaled so that the first of both rankings has 1.
fn fused(near: &[(PromptId, f32)], worded: &[PromptId]) -> Vec<(PromptId, f32)> {
    let share = |rank: usize| (RANK_DAMPING + 1.0) / (2.0 * (RANK_DAMPING + 1.0 + rank as f32));
    let mut scores: HashMap<PromptId, f32> = HashMap::new();
    near.iter()
        .enumerate()
        .for_each(|(rank, (prompt, _))| *scores.entry(*prompt).or_default() += share(rank));
    worded.iter().enumerate().for_each(|(rank, prompt)| *scores.entry(*prompt).or_default() += share(rank));
    let mut all: Vec<_> = scores.into_iter().collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_first_in_both_rankings_is_first() {
        let near = [(PromptId(1), 0.9), (PromptId(2), 0.8), (PromptId(3), 0.7)];
        let all = fused(&near, &[PromptId(1), PromptId(4), PromptId(3)]);
        assert_eq!(all[0], (PromptId(1), 1.0));
        assert_eq!(all[1].0, PromptId(3), "in both beats second in one");
        assert_eq!(all.len(), 4);
        assert_eq!(fused(&[], &[]), []);
    }
}
