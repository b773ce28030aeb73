//! Which text has which prompt, in memory.
//!
//! Prompts are numbered in the order in which texts came, and texts come in the order of their ids, so the
//! numbers are the same whenever the table is filled from the same ledger. Refuses to know how a prompt is
//! taken from a text, and what its vectors are.

use crate::ledger::paid::PromptHash;
use hashbrown::HashTable;
use lumidex_schema::id::{PromptId, TextId};

/// Stands for a text without a prompt, or one that did not come yet.
pub(super) const NONE: u32 = u32::MAX;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Prompts {
    /// By text.
    pub(super) of_texts: Vec<u32>,
    /// The first text of each prompt.
    pub(super) firsts: Vec<u32>,
    /// By prompt.
    pub(super) hashes: Vec<PromptHash>,
    by_hash: HashTable<u32>,
}

impl Prompts {
    /// How many there are; ids are below it.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.hashes.len() as u32
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// One more than the largest text that came.
    pub(super) fn n_texts(&self) -> usize {
        self.of_texts.len()
    }

    /// The prompt of a text.
    #[must_use]
    pub fn of(&self, text: TextId) -> Option<PromptId> {
        self.of_texts.get(text.index()).copied().filter(|prompt| *prompt != NONE).map(PromptId)
    }

    /// The first text that has the prompt.
    #[must_use]
    pub fn text_of(&self, prompt: PromptId) -> Option<TextId> {
        self.firsts.get(prompt.index()).copied().map(TextId)
    }

    /// What the prompt is known by, whatever its number.
    #[must_use]
    pub fn hash_of(&self, prompt: PromptId) -> Option<PromptHash> {
        self.hashes.get(prompt.index()).copied()
    }

    /// The prompt with this hash.
    #[must_use]
    pub fn find(&self, hash: &PromptHash) -> Option<PromptId> {
        self.by_hash.find(key(hash), |id| self.hashes[*id as usize] == *hash).copied().map(PromptId)
    }

    /// Says of the first `n` prompts in their order that they are these and no others.
    #[must_use]
    pub fn digest(&self, n: u32) -> Option<String> {
        let hashes = self.hashes.get(..n as usize)?;
        Some(blake3::hash(hashes.as_flattened()).to_hex().to_string())
    }

    /// A text has this prompt, or none. Saying it again changes nothing.
    pub(super) fn put(&mut self, text: TextId, hash: Option<PromptHash>) {
        if self.of_texts.len() <= text.index() {
            self.of_texts.resize(text.index() + 1, NONE);
        }
        if self.of_texts[text.index()] != NONE {
            return;
        }
        let Some(hash) = hash else { return };
        let prompt = self.find(&hash).unwrap_or_else(|| self.add(text, hash));
        self.of_texts[text.index()] = prompt.0;
    }

    fn add(&mut self, text: TextId, hash: PromptHash) -> PromptId {
        let id = self.len();
        self.hashes.push(hash);
        self.firsts.push(text.0);
        let hashes = &self.hashes;
        self.by_hash.insert_unique(key(&hash), id, |id| key(&hashes[*id as usize]));
        PromptId(id)
    }

    /// From what was stored; `None` when it does not fit together.
    pub(super) fn from_stored(of_texts: Vec<u32>, firsts: Vec<u32>, hashes: Vec<PromptHash>) -> Option<Self> {
        let n = u32::try_from(hashes.len()).ok()?;
        let is_first = |(prompt, text): (usize, &u32)| of_texts.get(*text as usize) == Some(&(prompt as u32));
        if firsts.len() != hashes.len()
            || !firsts.is_sorted_by(|a, b| a < b)
            || !firsts.iter().enumerate().all(is_first)
            || of_texts.iter().any(|prompt| *prompt != NONE && *prompt >= n)
        {
            return None;
        }
        let mut by_hash = HashTable::with_capacity(hashes.len());
        for (id, hash) in hashes.iter().enumerate() {
            by_hash.insert_unique(key(hash), id as u32, |id: &u32| key(&hashes[*id as usize]));
        }
        Some(Self { of_texts, firsts, hashes, by_hash })
    }
}

/// A hash is spread evenly already.
fn key(hash: &PromptHash) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    u64::from_le_bytes(first)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::collections::BTreeMap;

    proptest::proptest! {
        #[test]
        fn prompts_are_numbered_by_their_first_text(texts in proptest::collection::vec(0u8..6, 0..60)) {
            let (mut prompts, mut seen) = (Prompts::default(), BTreeMap::new());
            // Twice: replay is harmless.
            for _ in 0..2 {
                for (nth, word) in texts.iter().enumerate() {
                    let text = TextId(nth as u32 + 1);
                    prompts.put(text, (*word > 0).then_some([*word; 32]));
                    let next = seen.len() as u32;
                    if *word > 0 {
                        let (id, first) = *seen.entry(*word).or_insert((next, text));
                        proptest::prop_assert_eq!(prompts.of(text), Some(PromptId(id)));
                        proptest::prop_assert_eq!(prompts.text_of(PromptId(id)), Some(first));
                        proptest::prop_assert_eq!(prompts.find(&[*word; 32]), Some(PromptId(id)));
                    } else {
                        proptest::prop_assert_eq!(prompts.of(text), None);
                    }
                }
            }
            proptest::prop_assert_eq!(prompts.len() as usize, seen.len());
            let Prompts { of_texts, firsts, hashes, .. } = prompts.clone();
            let again = Prompts::from_stored(of_texts, firsts, hashes).unwrap();
            proptest::prop_assert_eq!(again.digest(again.len()), prompts.digest(prompts.len()));
            for word in seen.keys() {
                proptest::prop_assert_eq!(again.find(&[*word; 32]), prompts.find(&[*word; 32]));
            }
        }
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let ok = (vec![NONE, 0, 1, 0], vec![1, 2], vec![[1; 32], [2; 32]]);
        assert!(Prompts::from_stored(ok.0.clone(), ok.1.clone(), ok.2.clone()).is_some());
        assert!(Prompts::from_stored(vec![NONE, 0, 2, 0], ok.1.clone(), ok.2.clone()).is_none());
        assert!(Prompts::from_stored(ok.0.clone(), vec![1, 3], ok.2.clone()).is_none());
        assert!(Prompts::from_stored(ok.0.clone(), vec![1], ok.2.clone()).is_none());
        assert!(Prompts::from_stored(Vec::new(), ok.1, ok.2).is_none());
    }
}
