//! The vectors of one model as searches see them: an edition, and behind it those that came since.
//!
//! A space never changes; what comes makes another one that shares everything but the last few vectors.
//! Scores are cosines, always of the vectors themselves. Refuses to know texts, images and how vectors are
//! made.

use super::dots::{self, dot, dots};
use super::edition::Edition;
use super::search::{Best, Scored, search};
use crate::limits::vectors as limits;
use lumidex_schema::id::PromptId;
use roaring::RoaringBitmap;
use std::sync::Arc;

/// See the module.
#[derive(Clone, Default)]
pub struct Space {
    dim: usize,
    edition: Option<Arc<Edition>>,
    tail: Vec<Arc<Chunk>>,
    /// Bytes of vectors of the edition up to which each is looked at.
    exact_bytes_max: usize,
}

/// Vectors that came since the edition.
#[derive(Clone, Debug, Default)]
struct Chunk {
    /// By increasing prompt.
    prompts: Vec<u32>,
    /// As in the file of an edition.
    vectors: Vec<u8>,
}

impl Chunk {
    fn row_of(&self, prompt: PromptId) -> Option<u32> {
        self.prompts.binary_search(&prompt.0).ok().map(|row| row as u32)
    }
}

impl Space {
    pub(super) fn new(edition: Option<Arc<Edition>>, dim: usize) -> Self {
        let dim = edition.as_ref().map_or(dim, |edition| edition.dim());
        Self { dim, edition, tail: Vec::new(), exact_bytes_max: limits::EXACT_BYTES_MAX }
    }

    #[cfg(test)]
    pub(super) fn exact_up_to(self, exact_bytes_max: usize) -> Self {
        Self { exact_bytes_max, ..self }
    }

    /// With these vectors too; those of another dimension, and of prompts that have one, are left out.
    pub(super) fn with(&self, mut more: Vec<(PromptId, Vec<f32>)>) -> Self {
        let mut next = self.clone();
        if next.dim == 0 {
            next.dim = more.first().map_or(0, |(_, vector)| vector.len());
        }
        more.retain(|(prompt, vector)| vector.len() == next.dim && !self.contains(*prompt));
        more.sort_unstable_by_key(|(prompt, _)| *prompt);
        more.dedup_by_key(|(prompt, _)| *prompt);
        // Small chunks are taken up, so that there are few, and each vector is copied a few times.
        let mut chunk = Chunk::default();
        for (prompt, mut vector) in more {
            dots::normalise(&mut vector);
            chunk.prompts.push(prompt.0);
            chunk.vectors.extend(vector.iter().flat_map(|value| value.to_le_bytes()));
        }
        while let Some(last) = next.tail.pop_if(|last| last.prompts.len() <= 2 * chunk.prompts.len()) {
            chunk = merged(&last, &chunk, next.dim * 4);
        }
        if !chunk.prompts.is_empty() {
            next.tail.push(Arc::new(chunk));
        }
        next
    }

    /// Numbers in a vector; 0 while there is none.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// How many prompts have a vector.
    #[must_use]
    pub fn n(&self) -> usize {
        self.edition.as_ref().map_or(0, |edition| edition.len() as usize) + self.n_tail()
    }

    /// How many of them are not in the edition, and are looked at one by one by every search.
    #[must_use]
    pub fn n_tail(&self) -> usize {
        self.tail.iter().map(|chunk| chunk.prompts.len()).sum()
    }

    /// Whether the edition has a graph.
    #[must_use]
    pub fn has_graph(&self) -> bool {
        self.edition.as_ref().is_some_and(|edition| edition.graph.is_some())
    }

    pub(super) fn edition(&self) -> Option<&Arc<Edition>> {
        self.edition.as_ref()
    }

    /// Every vector outside the edition.
    pub(super) fn tail(&self) -> Vec<(PromptId, Vec<f32>)> {
        let prompts = self.tail.iter().flat_map(|chunk| chunk.prompts.iter().copied());
        prompts.filter_map(|prompt| Some((PromptId(prompt), self.vector(PromptId(prompt))?))).collect()
    }

    /// Whether so many vectors are outside the edition that another one is worth its making.
    pub(super) fn is_overgrown(&self) -> bool {
        let within = self.edition.as_ref().map_or(0, |edition| edition.len() as usize);
        self.n_tail() > (within / limits::TAIL_SHARE).max(limits::TAIL_MIN)
    }

    /// Whether a prompt has a vector.
    #[must_use]
    pub fn contains(&self, prompt: PromptId) -> bool {
        self.edition.as_ref().is_some_and(|edition| edition.row_of(prompt).is_some())
            || self.tail.iter().any(|chunk| chunk.row_of(prompt).is_some())
    }

    /// The vector of a prompt, of unit length, or all zero when the prompt says nothing.
    #[must_use]
    pub fn vector(&self, prompt: PromptId) -> Option<Vec<f32>> {
        if let Some(edition) = &self.edition
            && let Some(row) = edition.row_of(prompt)
        {
            return Some(edition.vector(row));
        }
        self.tail.iter().find_map(|chunk| {
            let at = chunk.row_of(prompt)? as usize * self.dim * 4;
            let bytes = chunk.vectors.get(at..at + self.dim * 4)?;
            Some(bytes.as_chunks::<4>().0.iter().map(|value| f32::from_le_bytes(*value)).collect())
        })
    }

    /// Every prompt that has a vector, by increasing id.
    #[must_use]
    pub fn prompts(&self) -> RoaringBitmap {
        let edition =
            self.edition.iter().flat_map(|edition| (0..edition.len()).map(|row| edition.prompt(row).0));
        edition.chain(self.tail.iter().flat_map(|chunk| chunk.prompts.iter().copied())).collect()
    }

    /// The `k` prompts whose vectors are nearest to `query`, best first, of those that are `allowed` and score
    /// at least `min_score`, each with its score from -1 to 1. Exact where few are allowed, or there is no
    /// graph; otherwise nearly so. Nothing for a query of another dimension, or one that is all zero.
    #[must_use]
    pub fn search(
        &self,
        query: &[f32],
        allowed: Option<&RoaringBitmap>,
        k: usize,
        min_score: f32,
    ) -> Vec<(PromptId, f32)> {
        let mut query = query.to_vec();
        dots::normalise(&mut query);
        if query.len() != self.dim || k == 0 || query.iter().all(|value| *value == 0.0) {
            return Vec::new();
        }
        let mut best = Best::of(k);
        self.search_edition(&query, allowed, k, &mut best);
        for chunk in &self.tail {
            let is_allowed =
                |row: &u32| allowed.is_none_or(|allowed| allowed.contains(chunk.prompts[*row as usize]));
            let rows = (0..chunk.prompts.len() as u32).filter(is_allowed);
            dots(&query, &chunk.vectors, rows, |row, score| {
                best.put(Scored { score, row: chunk.prompts[row as usize] });
            });
        }
        let found = best.into_sorted().into_iter().take_while(|found| found.score >= min_score);
        found.map(|Scored { score, row }| (PromptId(row), score)).collect()
    }

    /// The `k` prompts nearest to one that has a vector, without itself, as [`Space::search`] finds them.
    #[must_use]
    pub fn candidates(&self, prompt: PromptId, k: usize) -> Vec<(PromptId, f32)> {
        let Some(vector) = self.vector(prompt) else { return Vec::new() };
        let mut found = self.search(&vector, None, k + 1, -1.0);
        found.retain(|(other, _)| *other != prompt);
        found.truncate(k);
        found
    }

    /// Prompts that are probably among the nearest of one, without scores and in no order: what the graph has
    /// beside it, and for one outside the edition what a search finds. For who looks at all prompts in turn.
    pub fn neighbours(&self, prompt: PromptId, k: usize, found: &mut dyn FnMut(PromptId)) {
        let place = self.edition.as_ref().and_then(|edition| Some((edition, edition.row_of(prompt)?)));
        let Some((edition, row)) = place else {
            self.candidates(prompt, k).into_iter().for_each(|(other, _)| found(other));
            return;
        };
        let Some(graph) = &edition.graph else { return };
        // Of equal vectors the first is in the graph; each of the others leads to the next.
        graph.twins(row).chain(graph.near(row)).take(k).for_each(|other| found(edition.prompt(other)));
    }

    fn search_edition(&self, query: &[f32], allowed: Option<&RoaringBitmap>, k: usize, best: &mut Best) {
        let Some(edition) = &self.edition else { return };
        let n = edition.len() as usize;
        let n_allowed = allowed.map_or(n, |allowed| (allowed.len() as usize).min(n));
        let width = (k.saturating_mul(limits::SEARCH_WIDTH_OF_K)).max(limits::SEARCH_WIDTH_MIN);
        // A search of the graph scores some dozen rows for each it finds, and more where few are allowed.
        let wide = width.saturating_mul(limits::SCORED_FOR_EACH_FOUND).saturating_mul(n) / n_allowed.max(1);
        if let Some(graph) = &edition.graph
            && n_allowed.saturating_mul(self.dim * 4) > self.exact_bytes_max
            && wide < n_allowed
        {
            let mut codes = Vec::with_capacity(query.len());
            let scale = dots::encode(query, &mut codes);
            let score = |row: u32| {
                let row = row as usize;
                dots::dot_codes(&codes, edition.codes.row(row)) as f32 * scale * edition.codes.scale(row)
            };
            let is_allowed = |row| allowed.is_none_or(|allowed| allowed.contains(edition.prompt(row).0));
            let begin = edition.pivots.iter().flat_map(|pivots| pivots.near(&codes, limits::SEARCH_BEGINS));
            let (found, _) = search(graph, begin, width, score, is_allowed);
            if found.len() >= k.min(n_allowed) {
                for Scored { row, .. } in found {
                    let at = row as usize * self.dim * 4;
                    let score = edition.vectors().get(at..at + self.dim * 4).map(|stored| dot(query, stored));
                    score
                        .into_iter()
                        .for_each(|score| best.put(Scored { score, row: edition.prompt(row).0 }));
                }
                return;
            }
        }
        let found = |row, score| best.put(Scored { score, row: edition.prompt(row).0 });
        match allowed {
            Some(allowed) if allowed.len() < n as u64 => {
                let rows = allowed.iter().filter_map(|prompt| edition.row_of(PromptId(prompt)));
                dots(query, edition.vectors(), rows, found);
            }
            Some(allowed) => {
                let rows = (0..n as u32).filter(|row| allowed.contains(edition.prompt(*row).0));
                dots(query, edition.vectors(), rows, found);
            }
            None => dots(query, edition.vectors(), 0..n as u32, found),
        }
    }
}

fn merged(left: &Chunk, right: &Chunk, row_bytes: usize) -> Chunk {
    let rows = |chunk: &'_ Chunk| -> Vec<u32> { chunk.prompts.clone() };
    let mut order: Vec<(u32, bool, usize)> = Vec::with_capacity(left.prompts.len() + right.prompts.len());
    order.extend(rows(left).into_iter().enumerate().map(|(row, prompt)| (prompt, false, row)));
    order.extend(rows(right).into_iter().enumerate().map(|(row, prompt)| (prompt, true, row)));
    order.sort_unstable();
    let mut both = Chunk::default();
    for (prompt, is_right, row) in order {
        let from = if is_right { right } else { left };
        both.prompts.push(prompt);
        both.vectors.extend_from_slice(&from.vectors[row * row_bytes..(row + 1) * row_bytes]);
    }
    both
}
