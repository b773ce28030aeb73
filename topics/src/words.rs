//! What counts as a word of a prompt: tags, words inside tags, pairs of characters where a script is
//! written without blanks. Knows nothing of weights or vectors.

use std::borrow::Cow;

/// Longest tag, in words, that is a term of its own; longer ones are sentences.
const PHRASE_WORDS_MAX: usize = 4;
/// Longest run of characters written without blanks that is a term of its own.
const RUN_CHARS_MAX: usize = 8;
/// Words beyond this are not looked at: a bound on what one prompt may cost.
const WORDS_MAX: usize = 2_000;
/// Longer words are cut: they are no words.
const WORD_CHARS_MAX: usize = 40;

/// Words without a topic, in languages that prompts are written in.
const STOP_WORDS: &[&str] = &[
    "a", "about", "after", "all", "along", "also", "an", "and", "another", "any", "are", "around", "as",
    "at", "be", "been", "being", "behind", "beside", "between", "both", "but", "by", "can", "down", "each",
    "for", "from", "has", "have", "her", "hers", "him", "his", "how", "if", "in", "inside", "into", "is",
    "it", "its", "like", "many", "more", "most", "near", "no", "not", "of", "off", "on", "one", "onto", "or",
    "other", "our", "out", "over", "own", "she", "so", "some", "such", "than", "that", "the", "their",
    "them", "then", "there", "these", "they", "this", "those", "through", "to", "too", "toward", "towards",
    "under", "up", "upon", "very", "was", "we", "were", "what", "when", "where", "which", "while", "who",
    "with", "within", "without", "you", "your", "der", "die", "das", "und", "ein", "eine", "einer", "mit",
    "von", "im", "auf", "le", "la", "les", "des", "du", "et", "un", "une", "el", "los", "las", "y", "con",
];

/// Whether a letter belongs to a script that is written without blanks between words.
pub(crate) fn is_unspaced(letter: char) -> bool {
    matches!(u32::from(letter),
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF | 0x3005..=0x3007 | 0x3041..=0x30FF
        | 0x31F0..=0x31FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0xFF66..=0xFF9F
        | 0x20000..=0x3FFFF)
}

/// Whether a lower-case word says nothing about a topic.
pub(crate) fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.contains(&word)
}

/// The pieces that a cleaned prompt is made of.
pub(crate) fn tags(prompt: &str) -> impl Iterator<Item = &str> {
    prompt
        .split(['，', ',', '、', ';', '；', '\n', '\r', '。', '|'])
        .map(str::trim)
        .filter(|tag| !tag.is_empty())
}

/// A run of letters of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word<'a> {
    /// Written with blanks: a word, in lower case.
    Spaced(Cow<'a, str>),
    /// Written without: a run of one or more words, in lower case.
    Run(Cow<'a, str>),
}

impl Word<'_> {
    pub(crate) fn text(&self) -> &str {
        match self {
            Word::Spaced(text) | Word::Run(text) => text,
        }
    }
}

/// The words of a tag, stop words left out. A number alone is no word.
pub(crate) fn words(tag: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut begin: Option<(usize, bool)> = None;
    let ends = tag.char_indices().chain([(tag.len(), ' ')]);
    for (at, letter) in ends {
        let is_part = letter.is_alphanumeric() || is_mark(letter);
        let kind = is_unspaced(letter);
        if let Some((from, was)) = begin
            && (!is_part || (kind != was && !is_mark(letter)))
        {
            push_word(&mut words, &tag[from..at], was);
            begin = None;
        }
        if begin.is_none() && is_part && words.len() < WORDS_MAX {
            begin = Some((at, kind));
        }
    }
    words
}

/// Marks that belong to the letter before them.
fn is_mark(letter: char) -> bool {
    matches!(u32::from(letter), 0x0300..=0x036F | 0x0900..=0x0DFF | 0x0E31 | 0x0E34..=0x0E4E | 0x30FC | 0x200D)
}

fn push_word<'a>(words: &mut Vec<Word<'a>>, text: &'a str, is_run: bool) {
    let end = text.char_indices().nth(WORD_CHARS_MAX).map_or(text.len(), |(at, _)| at);
    let text = lower(&text[..end]);
    if is_run {
        words.push(Word::Run(text));
    } else if !is_stop_word(&text) && !text.bytes().all(|byte| byte.is_ascii_digit()) {
        words.push(Word::Spaced(text));
    }
}

fn lower(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_uppercase) { Cow::Owned(text.to_lowercase()) } else { Cow::Borrowed(text) }
}

/// A term of a tag. `is_whole` for the one that stands for the tag itself.
pub(crate) struct Term<'a> {
    pub(crate) text: &'a str,
    pub(crate) is_whole: bool,
}

/// Visits the terms of a tag: the tag itself, if it is short, and its parts. A tag of a single word is
/// visited once, as a whole.
pub(crate) fn each_term(words: &[Word<'_>], visit: &mut dyn FnMut(Term<'_>)) {
    match words {
        [] => {}
        [Word::Spaced(word)] => visit(Term { text: word, is_whole: true }),
        [Word::Run(run)] => run_terms(run, true, visit),
        _ => {
            if words.len() <= PHRASE_WORDS_MAX {
                let phrase = words.iter().map(Word::text).collect::<Vec<_>>().join(" ");
                visit(Term { text: &phrase, is_whole: true });
            }
            for word in words {
                match word {
                    Word::Spaced(word) => visit(Term { text: word, is_whole: false }),
                    Word::Run(run) => run_terms(run, false, visit),
                }
            }
        }
    }
}

fn run_terms(run: &str, is_whole: bool, visit: &mut dyn FnMut(Term<'_>)) {
    let n_chars = run.chars().count();
    if n_chars <= RUN_CHARS_MAX {
        visit(Term { text: run, is_whole });
    }
    if n_chars > 2 {
        each_ngram(run, 2, &mut |pair| visit(Term { text: pair, is_whole: false }));
    }
}

/// Visits all runs of `n` characters; the text itself if it is shorter.
pub(crate) fn each_ngram(text: &str, n: usize, visit: &mut dyn FnMut(&str)) {
    let starts = text.char_indices().map(|(at, _)| at);
    let ends = text.char_indices().map(|(at, _)| at).skip(n).chain([text.len()]);
    for (from, to) in starts.zip(ends) {
        visit(&text[from..to]);
    }
}
