//! The built-in embedder: vectors learned from a library's own prompts, on the processor, in seconds, the
//! same bits for the same prompts. Knows nothing of where prompts come from or where vectors go.
//!
//! A vector has three parts:
//!
//! - *learned* ([`LEARNED`] numbers): the topic. Which terms occur with which is a bipartite graph of prompts
//!   and terms; its normalised adjacency has large singular values for groups of terms that occur together
//!   (Dhillon, "Co-clustering documents and words using bipartite spectral graph partitioning", 2001), small
//!   ones for everything else, and what all prompts share is its first singular vector, which is left out.
//!   The edge between large and small is measured on the same graph with its ends shuffled. Instead of
//!   computing singular vectors, random signals are filtered by a polynomial that keeps what is beyond the edge
//!   (Tremblay, Puy, Gribonval, Vandergheynst, "Compressive spectral clustering", 2016): this needs no bound on
//!   the number of topics and makes prompts of one topic nearly parallel even if they share few words.
//! - *shared* ([`SHARED`] numbers): the wording, by feature hashing of words and of runs of three to five
//!   characters, so that unseen words and any script say something.
//! - *own* ([`OWN`] numbers): terms as they are, hashed. A prompt whose terms belong to no topic has its
//!   weight here, so that it is near its variants and nothing else. Queries leave this part at zero.

mod filter;
mod fit;
mod format;
mod hashed;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

pub use format::{FORMAT, Malformed};

use crate::vector;
use crate::words::{self, Word};
use crate::{Prompts, Stopped, Watch};

/// Numbers of the learned part.
pub const LEARNED: usize = 128;
/// Numbers of the shared hashed part.
pub const SHARED: usize = 80;
/// Numbers of the own hashed part.
pub const OWN: usize = 48;
/// Numbers of a vector.
pub const DIM: usize = LEARNED + SHARED + OWN;
/// Terms that a model knows at most, the most frequent ones.
pub const TERMS_MAX: usize = 65_536;

/// Part of a prompt's squared length that the shared part has, always.
const SHARED_PART: f32 = 0.04;
/// How many times as long as a random prompt's the learned part must be to have half of the rest.
const COHERENCE_HALF: f32 = 1.0;
/// Length of the learned part of a query, beside a shared part of length one.
const QUERY_LEARNED: f32 = 0.3;

/// What was learned from the prompts of a library.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Prompts it was fitted on.
    n_prompts: u64,
    /// Root mean square of the lengths of terms' vectors over all occurrences.
    level: f32,
    /// Terms by hash; the value is the row.
    rows: HashMap<u64, u32>,
    /// Prompts that have the term, by row.
    frequencies: Vec<u32>,
    /// What one step of `codes` stands for, by row.
    scales: Vec<f32>,
    /// Vectors of terms, `LEARNED` codes for each row.
    codes: Vec<i8>,
}

/// The terms of one prompt, each once.
struct Reading {
    /// Rows of known terms that speak for the prompt.
    atoms: Vec<u32>,
    /// How many terms speak for it, known or not.
    n_atoms: usize,
    shared: [f32; SHARED],
    own: [f32; OWN],
}

impl Model {
    /// Learns from prompts, which are gone through twice. The same prompts in the same order give the same
    /// bits, whatever the number of processors. Few or no prompts are fine: then wording is all there is.
    ///
    /// # Errors
    ///
    /// [`Stopped`] when `watch` says so.
    pub fn fit<P: Prompts + ?Sized>(prompts: &P, watch: &mut dyn Watch) -> Result<Self, Stopped> {
        fit::fit(prompts, watch)
    }

    /// Numbers of a vector.
    pub fn dim(&self) -> usize {
        DIM
    }

    /// Prompts it was fitted on.
    pub fn fitted_on(&self) -> u64 {
        self.n_prompts
    }

    /// Terms it knows.
    pub fn n_terms(&self) -> usize {
        self.frequencies.len()
    }

    /// Writes the vector of a cleaned prompt: of length 1, or all zero if the text says nothing.
    ///
    /// # Panics
    ///
    /// If `vector` has not [`DIM`] numbers.
    pub fn embed(&self, prompt: &str, vector: &mut [f32]) {
        let (reading, coherence) = self.read_into(prompt, vector);
        let learned_part = coherence.powi(4) / (coherence.powi(4) + COHERENCE_HALF.powi(4));
        let rest = 1.0 - SHARED_PART;
        self.weigh(&reading, vector, [rest * learned_part, SHARED_PART, rest * (1.0 - learned_part)]);
    }

    /// Writes the vector of a question, which is short and may name what no prompt says literally: wording
    /// weighs more than in [`Model::embed`]. Of length 1, or all zero if the text says nothing.
    ///
    /// # Panics
    ///
    /// If `vector` has not [`DIM`] numbers.
    pub fn embed_query(&self, query: &str, vector: &mut [f32]) {
        let (reading, coherence) = self.read_into(query, vector);
        let learned_part = coherence.powi(4) / (coherence.powi(4) + COHERENCE_HALF.powi(4));
        self.weigh(&reading, vector, [QUERY_LEARNED * QUERY_LEARNED * learned_part, 1.0, 0.0]);
    }

    /// Puts the learned part, of length 1 or zero, at the beginning of `vector`. Answers the reading and how
    /// many times as long as that of random terms the learned part was.
    fn read_into(&self, text: &str, vector: &mut [f32]) -> (Reading, f32) {
        assert_eq!(vector.len(), DIM, "a vector has `DIM` numbers");
        vector.fill(0.0);
        let reading = self.read(text);
        let learned = &mut vector[..LEARNED];
        for &row in &reading.atoms {
            self.add_row(row, learned);
        }
        let norm = vector::normalise(learned);
        let random = (reading.n_atoms.max(1) as f32).sqrt() * self.level;
        (reading, if random > 0.0 { norm / random } else { 0.0 })
    }

    /// Puts the parts together, with the given squared lengths.
    fn weigh(&self, reading: &Reading, vector: &mut [f32], [learned, shared, own]: [f32; 3]) {
        let learned = learned.sqrt();
        vector[..LEARNED].iter_mut().for_each(|value| *value *= learned);
        vector::add_scaled(&mut vector[LEARNED..LEARNED + SHARED], &reading.shared, shared.sqrt());
        vector::add_scaled(&mut vector[LEARNED + SHARED..], &reading.own, own.sqrt());
        vector::normalise(vector);
    }

    fn add_row(&self, row: u32, to: &mut [f32]) {
        let row = row as usize;
        let scale = self.scales[row];
        for (to, code) in to.iter_mut().zip(&self.codes[row * LEARNED..][..LEARNED]) {
            *to += scale * f32::from(*code);
        }
    }

    fn read(&self, text: &str) -> Reading {
        let mut terms = Terms::default();
        for tag in words::tags(text) {
            terms.add_tag(&words::words(tag), &|hash| self.rows.contains_key(&hash));
        }
        terms.finish();
        let mut reading =
            Reading { atoms: Vec::new(), n_atoms: terms.atoms.len(), shared: [0.0; SHARED], own: [0.0; OWN] };
        for &hash in &terms.atoms {
            reading.atoms.extend(self.rows.get(&hash));
            hashed::add_term(&mut reading.own, hash, self.rarity(hash));
        }
        for (hash, word) in &terms.words {
            hashed::add_word(&mut reading.shared, *hash, word, self.rarity(*hash));
        }
        vector::normalise(&mut reading.shared);
        vector::normalise(&mut reading.own);
        reading
    }

    /// Inverse document frequency of a term, known or not.
    fn rarity(&self, hash: u64) -> f32 {
        let frequency = self.rows.get(&hash).map_or(0, |row| self.frequencies[*row as usize]);
        (1.0 + (self.n_prompts as f32 + 1.0) / (frequency as f32 + 1.0)).ln()
    }
}

/// Terms of a prompt by hash. A tag of several words that is known is one *atom*, and its words are *nested*:
/// otherwise each such tag would look like a topic of its own, being made of words that always come together.
#[derive(Default)]
struct Terms {
    atoms: Vec<u64>,
    nested: Vec<u64>,
    /// All words, for their wording.
    words: Vec<(u64, String)>,
}

impl Terms {
    fn add_tag(&mut self, tag: &[Word<'_>], is_known: &dyn Fn(u64) -> bool) {
        let mut whole = None;
        let mut parts = Vec::new();
        words::each_term(tag, &mut |term| {
            let hash = vector::hash(term.text.as_bytes(), 0);
            if term.is_whole { whole = Some(hash) } else { parts.push(hash) }
        });
        match whole {
            Some(whole) if parts.is_empty() || is_known(whole) => {
                self.atoms.push(whole);
                self.nested.extend(parts);
            }
            _ => self.atoms.extend(parts),
        }
        for word in tag {
            self.words.push((vector::hash(word.text().as_bytes(), 0), word.text().to_owned()));
        }
    }

    /// Each term once, an atom not nested as well, in an order that depends on nothing but themselves.
    fn finish(&mut self) {
        self.atoms.sort_unstable();
        self.atoms.dedup();
        self.nested.sort_unstable();
        self.nested.dedup();
        self.nested.retain(|hash| self.atoms.binary_search(hash).is_err());
        self.words.sort_unstable();
        self.words.dedup();
    }
}
