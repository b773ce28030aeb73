//! Cuts a folded template into the set of its 1-, 2- and 3-grams of code points.
//!
//! Each distinct gram is given once: the index asks whether a text has it, never where. A gram
//! never spans a hole. Knows nothing of words or of what is searched.

use lumidex_schema::text::HOLE;
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

/// The longest gram, in code points.
pub(super) const GRAM_MAX: usize = 3;

/// Bits for every gram of up to three 7-bit characters, packed as [`pack`] does with width 7.
const ASCII_WORDS: usize = 1 << (7 * GRAM_MAX - 6);

/// Code points have 21 bits. A gram packs the later ones lower; shorter grams have zeros above,
/// which no other gram has, because NUL never stands in a gram.
const WIDTH: u32 = 21;

/// The tokenizer; keeps its tables between texts.
#[derive(Clone, Default)]
pub(super) struct Grams {
    /// A bit per packed ASCII gram; all clear between texts.
    seen: Vec<u64>,
    ascii: Vec<u32>,
    /// Grams with a character beyond ASCII, sorted and without repeats after `collect`.
    wide: Vec<u64>,
}

impl Tokenizer for Grams {
    type TokenStream<'a> = GramStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> GramStream<'a> {
        self.collect(text);
        GramStream { grams: self, next: 0, token: Token { position: 0, ..Token::default() } }
    }
}

impl Grams {
    fn collect(&mut self, text: &str) {
        self.seen.resize(ASCII_WORDS, 0);
        self.ascii.clear();
        self.wide.clear();
        if text.is_ascii() {
            self.collect_chars(text.bytes().map(u32::from));
        } else {
            self.collect_chars(text.chars().map(u32::from));
        }
        for &gram in &self.ascii {
            self.seen[gram as usize >> 6] = 0;
        }
        self.wide.sort_unstable();
        self.wide.dedup();
    }

    #[inline]
    fn collect_chars(&mut self, chars: impl Iterator<Item = u32>) {
        // The two characters before, 0 where the run begins.
        let (mut second, mut first) = (0, 0);
        for c in chars {
            if c == HOLE as u32 {
                (second, first) = (0, 0);
                continue;
            }
            self.add(0, 0, c);
            if first != 0 {
                self.add(0, first, c);
            }
            if second != 0 {
                self.add(second, first, c);
            }
            (second, first) = (first, c);
        }
    }

    #[inline]
    fn add(&mut self, a: u32, b: u32, c: u32) {
        if (a | b | c) < 128 {
            let gram = a << 14 | b << 7 | c;
            let (word, bit) = (gram as usize >> 6, 1 << (gram & 63));
            if self.seen[word] & bit == 0 {
                self.seen[word] |= bit;
                self.ascii.push(gram);
            }
        } else {
            self.wide.push(u64::from(a) << (2 * WIDTH) | u64::from(b) << WIDTH | u64::from(c));
        }
    }
}

/// The grams of one text.
pub(super) struct GramStream<'a> {
    grams: &'a Grams,
    next: usize,
    token: Token,
}

impl TokenStream for GramStream<'_> {
    fn advance(&mut self) -> bool {
        let Grams { ascii, wide, .. } = self.grams;
        self.token.text.clear();
        if let Some(&gram) = ascii.get(self.next) {
            for shift in [14, 7, 0] {
                let c = (gram >> shift) as u8 & 127;
                if c != 0 {
                    self.token.text.push(char::from(c));
                }
            }
        } else if let Some(&gram) = wide.get(self.next - ascii.len()) {
            for shift in [2 * WIDTH, WIDTH, 0] {
                let c = (gram >> shift) as u32 & ((1 << WIDTH) - 1);
                if c != 0 {
                    self.token.text.extend(char::from_u32(c));
                }
            }
        } else {
            return false;
        }
        self.next += 1;
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn grams(tokenizer: &mut Grams, text: &str) -> Vec<String> {
        let mut stream = tokenizer.token_stream(text);
        let mut grams = Vec::new();
        while let Some(token) = stream.next() {
            grams.push(token.text.clone());
        }
        grams
    }

    fn oracle(text: &str) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for run in text.split(HOLE) {
            let chars: Vec<char> = run.chars().collect();
            for len in 1..=GRAM_MAX {
                all.extend(chars.windows(len).map(|gram| gram.iter().collect::<String>()));
            }
        }
        all
    }

    proptest! {
        #[test]
        fn each_gram_once_and_none_across_a_hole(
            texts in prop::collection::vec("[ab\0é猫😀 ]{0,20}", 1..4)
        ) {
            let mut tokenizer = Grams::default();
            for text in texts {
                let grams = grams(&mut tokenizer, &text);
                let set: BTreeSet<String> = grams.iter().cloned().collect();
                prop_assert_eq!(set.len(), grams.len());
                prop_assert_eq!(set, oracle(&text));
            }
        }
    }
}
