//! Feature hashing: a feature becomes a row of signs that depends on its hash alone (Weinberger and others,
//! "Feature hashing for large scale multitask learning", 2009). Knows nothing of what was learned.

use crate::vector::{add_scaled, hash, mix};
use crate::words::each_ngram;

/// Part of a word's squared length that is the word itself; the rest are its runs of characters.
const WORD_PART: f32 = 0.5;
/// Seeds that keep words, runs of characters and own terms apart.
const WORD_SEED: u64 = 1;
const RUN_SEED: u64 = 2;
const OWN_SEED: u64 = 3;
/// Characters of runs, with the marks for beginning and end counted. Ideographs say as much in one or two.
const SPACED_RUNS: [usize; 3] = [3, 4, 5];
const UNSPACED_RUNS: [usize; 2] = [1, 2];

/// Adds a term by its hash alone.
pub(super) fn add_term(row: &mut [f32], term: u64, weight: f32) {
    add_signs(row, mix(term ^ OWN_SEED), weight);
}

/// Adds a word and the runs of characters in it.
pub(super) fn add_word(row: &mut [f32], word_hash: u64, word: &str, weight: f32) {
    add_signs(row, mix(word_hash ^ WORD_SEED), weight * WORD_PART.sqrt());
    let is_unspaced = word.chars().next().is_some_and(crate::words::is_unspaced);
    let mut runs = Vec::new();
    if is_unspaced {
        for n in UNSPACED_RUNS {
            each_ngram(word, n, &mut |run| runs.push(hash(run.as_bytes(), RUN_SEED)));
        }
    } else {
        let marked = format!("^{word}$");
        for n in SPACED_RUNS {
            each_ngram(&marked, n, &mut |run| runs.push(hash(run.as_bytes(), RUN_SEED)));
        }
    }
    runs.sort_unstable();
    runs.dedup();
    let each = weight * ((1.0 - WORD_PART) / runs.len().max(1) as f32).sqrt();
    for run in runs {
        add_signs(row, run, each);
    }
}

/// Adds `weight` or `-weight` to each number, by the bits of the seed.
fn add_signs(row: &mut [f32], seed: u64, weight: f32) {
    for (part, chunk) in row.chunks_mut(64).enumerate() {
        let bits = mix(seed.wrapping_add(part as u64));
        let signs: [f32; 64] = std::array::from_fn(|at| if bits >> at & 1 == 1 { 1.0 } else { -1.0 });
        add_scaled(chunk, &signs, weight);
    }
}
