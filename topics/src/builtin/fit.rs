//! From prompts to a model: which terms count, who has which, and the terms' vectors by the filter.

use std::collections::HashMap;
use std::ops::ControlFlow;

use super::filter::{self, Graph};
use super::{LEARNED, Model, TERMS_MAX, Terms};
use crate::vector::dot;
use crate::words;
use crate::{Prompts, Stopped, Watch};

/// Prompts that must have a word for it to count: what occurs once occurs with nothing reliably.
const WORD_PROMPTS_MIN: u32 = 2;
/// Prompts that must have a tag of several words for it to count as a term.
const TAG_PROMPTS_MIN: u32 = 3;
/// Counters that are kept while counting; beyond it those at one are dropped (lossy counting).
const COUNTERS_MAX: usize = 4_000_000;
/// Parts of the work, for who watches: counting, arranging, filtering.
const COUNTED: f32 = 0.15;
const ARRANGED: f32 = 0.3;
/// Prompts between two questions whether to go on.
const ASK_EVERY: usize = 512;

#[derive(Clone, Copy)]
struct Counter {
    n_prompts: u32,
    is_tag: bool,
}

pub(super) fn fit<P: Prompts + ?Sized>(prompts: &P, watch: &mut dyn Watch) -> Result<Model, Stopped> {
    let mut walk = Walk { n: prompts.len(), seen: 0, watch };
    let counters = count(prompts, &mut walk)?;
    let n_prompts = walk.seen;
    let (hashes, frequencies) = choose(counters);
    let rows: HashMap<u64, u32> = hashes.iter().zip(0u32..).map(|(hash, row)| (*hash, row)).collect();
    let graph = arrange(prompts, &rows, &mut walk)?;
    let vectors =
        filter::vectors(&graph, &hashes, &mut |done: f32| watch.goes_on(ARRANGED + (1.0 - ARRANGED) * done))?;
    let level = level(&graph, &vectors);
    let (scales, codes) = quantised(&vectors);
    Ok(Model { n_prompts: n_prompts as u64, level, rows, frequencies, scales, codes })
}

/// One way through all prompts.
struct Walk<'a> {
    n: usize,
    seen: usize,
    watch: &'a mut dyn Watch,
}

impl Walk<'_> {
    fn each<P: Prompts + ?Sized>(
        &mut self,
        prompts: &P,
        [from, to]: [f32; 2],
        visit: &mut dyn FnMut(&str),
    ) -> Result<(), Stopped> {
        self.seen = 0;
        let mut is_stopped = !self.watch.goes_on(from);
        prompts.for_each(&mut |prompt| {
            if self.seen.is_multiple_of(ASK_EVERY) {
                let done = self.seen as f32 / self.n.max(1) as f32;
                is_stopped |= !self.watch.goes_on(from + (to - from) * done.min(1.0));
            }
            if is_stopped {
                return ControlFlow::Break(());
            }
            visit(prompt);
            self.seen += 1;
            ControlFlow::Continue(())
        });
        if is_stopped { Err(Stopped) } else { Ok(()) }
    }
}

/// How many prompts have each term.
fn count<P: Prompts + ?Sized>(prompts: &P, walk: &mut Walk<'_>) -> Result<HashMap<u64, Counter>, Stopped> {
    let mut counters: HashMap<u64, Counter> = HashMap::new();
    walk.each(prompts, [0.0, COUNTED], &mut |prompt| {
        let mut terms = Vec::new();
        for tag in words::tags(prompt) {
            let words = words::words(tag);
            words::each_term(&words, &mut |term| {
                let is_tag = term.is_whole && words.len() > 1;
                terms.push((crate::vector::hash(term.text.as_bytes(), 0), is_tag));
            });
        }
        terms.sort_unstable();
        terms.dedup_by_key(|(hash, _)| *hash);
        for (hash, is_tag) in terms {
            let counter = counters.entry(hash).or_insert(Counter { n_prompts: 0, is_tag });
            counter.n_prompts += 1;
        }
        if counters.len() > COUNTERS_MAX {
            counters.retain(|_, counter| counter.n_prompts > 1);
        }
    })?;
    Ok(counters)
}

/// The most frequent terms, by hash, and how many prompts have them.
fn choose(counters: HashMap<u64, Counter>) -> (Vec<u64>, Vec<u32>) {
    let is_frequent = |counter: &Counter| {
        counter.n_prompts >= if counter.is_tag { TAG_PROMPTS_MIN } else { WORD_PROMPTS_MIN }
    };
    let mut terms: Vec<(u64, u32)> = counters
        .into_iter()
        .filter(|(_, counter)| is_frequent(counter))
        .map(|(hash, counter)| (hash, counter.n_prompts))
        .collect();
    terms.sort_unstable_by_key(|&(hash, n_prompts)| (std::cmp::Reverse(n_prompts), hash));
    terms.truncate(TERMS_MAX);
    terms.sort_unstable();
    terms.into_iter().unzip()
}

/// Who has which term.
fn arrange<P: Prompts + ?Sized>(
    prompts: &P,
    rows: &HashMap<u64, u32>,
    walk: &mut Walk<'_>,
) -> Result<Graph, Stopped> {
    let mut graph = Graph::new(rows.len());
    walk.each(prompts, [COUNTED, ARRANGED], &mut |prompt| {
        let mut terms = Terms::default();
        for tag in words::tags(prompt) {
            terms.add_tag(&words::words(tag), &|hash| rows.contains_key(&hash));
        }
        terms.finish();
        let known = |hashes: &[u64]| hashes.iter().filter_map(|hash| rows.get(hash).copied()).collect();
        let (atoms, nested): (Vec<u32>, Vec<u32>) = (known(&terms.atoms), known(&terms.nested));
        graph.push(&atoms, &nested);
    })?;
    Ok(graph)
}

/// Root mean square of the lengths over all occurrences.
fn level(graph: &Graph, vectors: &[f32]) -> f32 {
    let (mut sum, mut n) = (0f64, 0u64);
    for (row, vector) in vectors.chunks_exact(LEARNED).enumerate() {
        let occurrences = graph.occurrences(row);
        sum += f64::from(dot(vector, vector)) * f64::from(occurrences);
        n += u64::from(occurrences);
    }
    (sum / n.max(1) as f64).sqrt() as f32
}

/// Eight bits for each number: a sixteenth of a percent of error in an angle, a quarter of the memory.
fn quantised(vectors: &[f32]) -> (Vec<f32>, Vec<i8>) {
    let mut codes = Vec::with_capacity(vectors.len());
    let scales = vectors.chunks_exact(LEARNED).map(|vector| {
        let largest = vector.iter().fold(0f32, |largest, value| largest.max(value.abs()));
        let scale = if largest.is_normal() { largest / 127.0 } else { 0.0 };
        codes.extend(vector.iter().map(|value| if scale > 0.0 { (value / scale).round() as i8 } else { 0 }));
        scale
    });
    let scales = scales.collect();
    (scales, codes)
}
