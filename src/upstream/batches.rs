//! Texts into requests: not too many at once, and not too long together. Pure.

use crate::limits::upstream::{BATCH_TEXTS_MAX, BATCH_TOKENS_MAX};
use std::ops::Range;

/// About how many tokens a text has (contract 16.1): four ASCII characters, or one of another kind, make one.
#[must_use]
pub fn estimated_tokens(text: &str) -> usize {
    let (ascii, others) =
        text.chars().fold((0_usize, 0), |(ascii, others), letter| match letter.is_ascii() {
            true => (ascii + 1, others),
            false => (ascii, others + 1),
        });
    ascii.div_ceil(4) + others
}

/// Ranges of texts that are asked for together, in order and without gaps: at most `batch_size` texts and
/// 7,600 estimated tokens each; a text that has more goes alone.
pub fn batches<'a>(
    texts: impl IntoIterator<Item = &'a str>,
    batch_size: usize,
) -> impl Iterator<Item = Range<usize>> {
    let batch_size = batch_size.clamp(1, BATCH_TEXTS_MAX);
    let mut texts = texts.into_iter().map(estimated_tokens).peekable();
    let mut begin = 0;
    std::iter::from_fn(move || {
        let mut tokens = texts.next()?;
        let mut end = begin + 1;
        while end - begin < batch_size
            && let Some(more) = texts.next_if(|more| tokens + more <= BATCH_TOKENS_MAX)
        {
            tokens += more;
            end += 1;
        }
        Some(std::mem::replace(&mut begin, end)..end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tokens_are_estimated_by_script() {
        for (text, want) in [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("水墨山水", 4), ("ink 水墨", 3)]
        {
            assert_eq!(estimated_tokens(text), want, "{text}");
        }
    }

    #[test]
    fn a_text_beyond_the_budget_goes_alone() {
        let long = "a".repeat(4 * BATCH_TOKENS_MAX + 1);
        let texts = ["a", &long, "b", "c", "d"];
        assert_eq!(batches(texts, 64).collect::<Vec<_>>(), [0..1, 1..2, 2..5]);
        assert_eq!(batches(texts, 2).collect::<Vec<_>>(), [0..1, 1..2, 2..4, 4..5]);
        assert_eq!(batches([], 2).count(), 0);
        assert_eq!(batches(["a"; 300], 0).count(), 300);
        assert_eq!(batches(["a"; 300], usize::MAX).count(), 2);
    }

    proptest! {
        #[test]
        fn batches_cover_all_within_bounds(
            lengths in proptest::collection::vec(0_usize..12_000, 0..200), batch_size in 0_usize..300
        ) {
            let texts: Vec<String> = lengths.iter().map(|length| "雨".repeat(*length)).collect();
            let found: Vec<_> = batches(texts.iter().map(String::as_str), batch_size).collect();
            let mut next = 0;
            for range in &found {
                prop_assert_eq!(range.start, next);
                next = range.end;
                prop_assert!(range.len() <= batch_size.clamp(1, 256) && !range.is_empty());
                let tokens: usize = lengths[range.clone()].iter().sum();
                prop_assert!(tokens <= BATCH_TOKENS_MAX || range.len() == 1);
            }
            prop_assert_eq!(next, texts.len());
            for pair in found.windows(2) {
                // None is closed early.
                let tokens: usize = lengths[pair[0].start..=pair[1].start].iter().sum();
                prop_assert!(pair[0].len() == batch_size.clamp(1, 256) || tokens > BATCH_TOKENS_MAX);
            }
        }
    }
}
