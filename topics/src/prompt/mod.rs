//! From a positive prompt to the text that is embedded: what everybody writes into every prompt is taken
//! out, so that the rest says what the picture shows. Knows nothing of vectors, images or storage.

mod rules;
#[cfg(test)]
mod tests;

use sha2::{Digest, Sha256};

/// Version of the rules of [`cleaned`]. Whoever changes what it answers raises this.
pub const RULES: u32 = 1;
/// Estimated tokens that a cleaned prompt has at most.
pub const TOKENS_MAX: usize = 7_800;
/// Characters in an estimated token of ASCII text.
const ASCII_PER_TOKEN: usize = 4;
/// Pieces no wider than this are dropped. Width is counted as East Asian terminals do: a letter of a script
/// written without blanks counts two, so that a word of two ideographs stays and a single one goes.
const PIECE_WIDTH_MIN: usize = 2;

/// The text of a positive prompt that is embedded: at most `max_chars` characters of it, up to a
/// `negative prompt:`, without weights, adapters, brackets, bold markers and boilerplate about quality,
/// resolution, cameras, lenses and exposure; pieces of two characters or fewer are left out and the others
/// joined by full-width commas. If nothing remains, the text as it was; nothing if that is blank.
///
/// The answer is at most [`TOKENS_MAX`] estimated tokens long.
pub fn cleaned(positive: &str, max_chars: usize) -> Option<String> {
    let positive = cut(before_negative(positive), max_chars).trim();
    if positive.is_empty() {
        return None;
    }
    let bare = rules::without_markup(positive);
    let mut text = String::with_capacity(bare.len());
    for piece in rules::pieces(&bare) {
        let piece = rules::without_boilerplate(piece);
        if width(&piece) > PIECE_WIDTH_MIN {
            if !text.is_empty() {
                text.push('，');
            }
            text.push_str(&piece);
        }
    }
    if text.is_empty() {
        text.push_str(positive);
    }
    text.truncate(tokens_end(&text, TOKENS_MAX));
    Some(text)
}

/// Names a cleaned prompt: SHA-256 of `<RULES>:<text>`, so that other rules make other names.
pub fn hash(cleaned: &str) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(RULES.to_string());
    digest.update(b":");
    digest.update(cleaned);
    digest.finalize().into()
}

/// Tokens that a model may count: four ASCII characters, or one other character, are one.
pub fn estimated_tokens(text: &str) -> usize {
    let n_ascii = text.bytes().filter(u8::is_ascii).count();
    n_ascii.div_ceil(ASCII_PER_TOKEN) + text.chars().filter(|letter| !letter.is_ascii()).count()
}

/// The first `n_chars` characters, without blanks at the end.
pub fn short(text: &str, n_chars: usize) -> &str {
    cut(text, n_chars).trim_end()
}

fn cut(text: &str, n_chars: usize) -> &str {
    text.char_indices().nth(n_chars).map_or(text, |(at, _)| &text[..at])
}

/// Bytes of the longest beginning that is estimated at `n_tokens` at most.
fn tokens_end(text: &str, n_tokens: usize) -> usize {
    let (mut n_ascii, mut n_other) = (0usize, 0usize);
    for (at, letter) in text.char_indices() {
        if letter.is_ascii() {
            n_ascii += 1;
        } else {
            n_other += 1;
        }
        if n_ascii.div_ceil(ASCII_PER_TOKEN) + n_other > n_tokens {
            return at;
        }
    }
    text.len()
}

fn before_negative(text: &str) -> &str {
    const MARK: &[u8] = b"negative prompt:";
    let at = text.as_bytes().windows(MARK.len()).position(|window| window.eq_ignore_ascii_case(MARK));
    at.map_or(text, |at| &text[..at])
}

fn width(text: &str) -> usize {
    text.chars().map(|letter| 1 + usize::from(is_wide(letter))).sum()
}

fn is_wide(letter: char) -> bool {
    crate::words::is_unspaced(letter) || matches!(u32::from(letter), 0x1100..=0x115F | 0xAC00..=0xD7A3)
}

/// Whether a piece says nothing but quality, resolution, cameras, lenses or exposure.
pub(crate) fn is_boilerplate(piece: &str) -> bool {
    rules::without_boilerplate(piece).is_empty()
}
