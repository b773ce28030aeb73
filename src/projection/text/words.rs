//! Cuts texts into words for ranked search, and a template into its prompt and negative prompt.
//!
//! A word is a run of letters and digits; runs of a script written without spaces are cut into
//! overlapping pairs of characters (a lone character stands for itself). Expects folded text.
//! Refuses to know languages: no stems, no stop words.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

/// Longer words are cut here, in bytes; nobody types them, and they would bloat the dictionary.
const WORD_BYTES_MAX: usize = 64;

/// A folded template taken apart by the lines of the A1111 infotext: the positive prompt is what
/// stands before the line that starts with `negative prompt:`; the negative prompt is what
/// follows it up to the settings, the last line if it starts with `steps: `. A text without these
/// lines is all prompt.
pub(super) fn parts(folded: &str) -> (&str, &str) {
    const NEGATIVE: &str = "negative prompt:";
    let settings = match folded.rfind('\n') {
        Some(at) if folded[at + 1..].starts_with("steps: ") => at,
        None if folded.starts_with("steps: ") => 0,
        _ => folded.len(),
    };
    let prompts = &folded[..settings];
    let negative = match prompts.find("\nnegative prompt:") {
        _ if prompts.starts_with(NEGATIVE) => Some(0),
        found => found.map(|at| at + 1),
    };
    match negative {
        Some(at) => (&prompts[..at], &prompts[at + NEGATIVE.len()..]),
        None => (prompts, ""),
    }
}

/// The tokenizer.
#[derive(Clone, Default)]
pub(super) struct Words;

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        WordStream { text, at: 0, open: None, token: Token::default() }
    }
}

/// The words of one text.
pub(super) struct WordStream<'a> {
    text: &'a str,
    /// Up to here the text is read.
    at: usize,
    /// A character of an unspaced script that was read last: where it starts, and whether it has
    /// ended a pair already.
    open: Option<(usize, bool)>,
    token: Token,
}

impl WordStream<'_> {
    fn emit(&mut self, start: usize) -> bool {
        let text = &self.text[start..self.at];
        self.token.text.clear();
        self.token.text.push_str(&text[..text.floor_char_boundary(WORD_BYTES_MAX)]);
        self.token.offset_from = start;
        self.token.offset_to = self.at;
        self.token.position = self.token.position.wrapping_add(1);
        true
    }
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        loop {
            let rest = &self.text[self.at..];
            let next = rest.chars().next();
            if let Some((start, paired)) = self.open.take() {
                if let Some(c) = next.filter(|&c| is_unspaced(c)) {
                    self.open = Some((self.at, true));
                    self.at += c.len_utf8();
                    return self.emit(start);
                }
                if !paired {
                    return self.emit(start);
                }
            }
            let Some(c) = next else { return false };
            let start = self.at;
            if is_unspaced(c) {
                self.open = Some((start, false));
                self.at += c.len_utf8();
            } else if c.is_alphanumeric() {
                let end = rest.find(|c: char| !c.is_alphanumeric() || is_unspaced(c));
                self.at += end.unwrap_or(rest.len());
                return self.emit(start);
            } else {
                self.at += c.len_utf8();
            }
        }
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

/// Whether the script of this character is written without spaces between words: Han, kana,
/// Hangul (spaced, but its words carry endings), Thai, Lao, Burmese and Khmer.
fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c),
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1100..=0x11FF | 0x1780..=0x17FF
        | 0x3005..=0x3007 | 0x3040..=0x30FA | 0x30FC..=0x318F | 0x31F0..=0x31FF
        | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xAC00..=0xD7FF | 0xF900..=0xFAFF
        | 0xFF66..=0xFFDC | 0x20000..=0x3FFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut tokenizer = Words;
        let mut stream = tokenizer.token_stream(text);
        let mut words = Vec::new();
        while let Some(token) = stream.next() {
            assert_eq!(token.position, words.len());
            assert!(text[token.offset_from..token.offset_to].starts_with(&token.text));
            words.push(token.text.clone());
        }
        words
    }

    #[test]
    fn words_are_runs_of_letters_and_digits_and_pairs_where_nobody_writes_spaces() {
        assert_eq!(words("(long_hair:1.2), größe\0x"), ["long", "hair", "1", "2", "größe", "x"]);
        assert_eq!(words("猫"), ["猫"]);
        assert_eq!(words("猫耳娘, 1猫x"), ["猫耳", "耳娘", "1", "猫", "x"]);
        assert_eq!(words("ネコ 犬"), ["ネコ", "犬"]);
        assert_eq!(words(" ,\0. "), Vec::<String>::new());
        assert_eq!(words(&"é".repeat(1000)), ["é".repeat(WORD_BYTES_MAX / 2)]);
    }

    #[test]
    fn a_template_has_a_prompt_and_a_negative_prompt() {
        assert_eq!(parts("a cat\nnegative prompt: dog\nsteps: 2, seed: \0"), ("a cat\n", " dog"));
        assert_eq!(parts("a cat\nsteps: 2"), ("a cat", ""));
        assert_eq!(parts("negative prompt: dog"), ("", " dog"));
        assert_eq!(parts("steps: 2"), ("", ""));
        assert_eq!(parts("just\na caption"), ("just\na caption", ""));
    }
}
