//! Phrases of a prompt that may stand in a title, and how they are joined. Knows nothing of clusters.

use std::collections::BTreeSet;

use crate::prompt;
use crate::words::{self, each_ngram, is_unspaced};

/// Words in a phrase at most.
const PHRASE_WORDS_MAX: usize = 3;
/// Characters of a phrase at most.
const PHRASE_CHARS_MAX: usize = 24;
/// Characters of a run without blanks that is a phrase as it stands; of longer ones parts are.
const RUN_CHARS_MAX: usize = 6;
const RUN_PARTS: [usize; 3] = [2, 3, 4];
/// Phrases of one prompt at most.
const PHRASES_MAX: usize = 2_000;

/// Tags that say how many or how framed, in nearly every prompt of some models.
const FRAMING: &[&str] = &[
    "solo",
    "looking at viewer",
    "looking at camera",
    "upper body",
    "full body",
    "cowboy shot",
    "portrait",
    "close-up",
    "closeup",
    "simple background",
    "white background",
    "highly",
    "detailed",
    "very",
    "style",
    "background",
    "scene",
    "view",
    "image",
    "photo",
    "art",
    "color",
    "colors",
    "light",
    "lighting",
    "beautiful",
    "featuring",
    "depicting",
    "showing",
    "wearing",
    "standing",
    "single",
    "full",
];

/// A few words that stand together in a prompt, in lower case with single blanks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Phrase(String);

impl Phrase {
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// How much better it reads than one word: two say what one leaves open.
    pub(super) fn readability(&self) -> f32 {
        if is_run(&self.0) {
            return match self.0.chars().count() {
                ..=2 => 1.0,
                3 => 1.1,
                _ => 1.2,
            };
        }
        match self.0.split(' ').count() {
            1 if self.0.chars().count() < 4 => 0.8,
            1 => 1.0,
            2 => 1.3,
            _ => 1.25,
        }
    }

    /// Whether they have a word, or in scripts without blanks two characters, in common.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        if is_run(&self.0) || is_run(&other.0) {
            let mut overlaps = false;
            each_ngram(&other.0, 2, &mut |pair| overlaps |= self.0.contains(pair));
            return overlaps || self.0.contains(other.text()) || other.0.contains(self.text());
        }
        self.0.split(' ').any(|word| other.0.split(' ').any(|theirs| stem(word) == stem(theirs)))
    }
}

/// One plural is as good as its singular.
fn stem(word: &str) -> &str {
    let bare = word.strip_suffix("es").or_else(|| word.strip_suffix('s')).unwrap_or(word);
    if bare.chars().count() < 3 { word } else { bare }
}

fn is_run(text: &str) -> bool {
    text.chars().all(is_unspaced)
}

/// The phrases of a cleaned prompt, each once.
pub(super) fn of(cleaned: &str) -> BTreeSet<Phrase> {
    let mut phrases = BTreeSet::new();
    for tag in words::tags(cleaned) {
        let tag = tag.to_lowercase().replace('_', " ");
        if prompt::is_boilerplate(&tag) {
            continue;
        }
        for stretch in stretches(&tag) {
            of_stretch(&stretch, &mut phrases);
        }
        let whole = bare(&tag);
        if !is_run(&whole) && whole.split(' ').count() <= PHRASE_WORDS_MAX + 1 {
            put(whole, &mut phrases);
        }
        if phrases.len() >= PHRASES_MAX {
            break;
        }
    }
    phrases
}

/// Words that follow each other without a stop word, punctuation or change of script between.
fn stretches(tag: &str) -> Vec<Vec<String>> {
    let mut stretches = vec![Vec::new()];
    for part in tag.split_whitespace() {
        let word = bare(part);
        let is_mixed = word.chars().any(is_unspaced) && !is_run(&word);
        if word.is_empty() || words::is_stop_word(&word) || is_run(&word) || is_mixed {
            stretches.push(Vec::new());
            let runs = word.split(|letter| !is_unspaced(letter)).filter(|run| !run.is_empty());
            stretches.extend(runs.map(|run| vec![run.to_owned()]));
            stretches.push(Vec::new());
        } else {
            if let Some(stretch) = stretches.last_mut() {
                stretch.push(word.clone());
            }
            if !part.ends_with(|letter: char| letter.is_alphanumeric()) {
                stretches.push(Vec::new());
            }
        }
    }
    stretches.retain(|stretch| !stretch.is_empty());
    stretches
}

/// Without punctuation round it.
fn bare(text: &str) -> String {
    text.trim_matches(|letter: char| !letter.is_alphanumeric())
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

fn of_stretch(stretch: &[String], phrases: &mut BTreeSet<Phrase>) {
    if let [run] = stretch
        && is_run(run)
    {
        let n_chars = run.chars().count();
        if n_chars <= RUN_CHARS_MAX {
            put(run.clone(), phrases);
        } else {
            for n in RUN_PARTS {
                each_ngram(run, n, &mut |part| put(part.to_owned(), phrases));
            }
        }
        return;
    }
    for n in 1..=PHRASE_WORDS_MAX {
        for words in stretch.windows(n) {
            put(words.join(" "), phrases);
        }
    }
}

fn put(text: String, phrases: &mut BTreeSet<Phrase>) {
    let n_chars = text.chars().count();
    let fits = (2..=PHRASE_CHARS_MAX).contains(&n_chars) && text.chars().any(char::is_alphabetic);
    let is_idle = is_count(&text) || words::is_stop_word(&text) || prompt::is_boilerplate(&text);
    if fits && !is_idle && text.split(' ').any(|word| !FRAMING.contains(&word)) {
        phrases.insert(Phrase(text));
    }
}

/// Whether a tag only counts or frames: `1girl`, `solo`.
pub(super) fn is_count(tag: &str) -> bool {
    let tag = tag.to_lowercase();
    let counted = tag.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '+');
    FRAMING.contains(&tag.as_str())
        || (counted.len() < tag.len()
            && ["girl", "girls", "boy", "boys", "other", "others", ""].contains(&counted))
}

/// Terms as a title: `Red fox`, `Red fox and snow`, `Fox, snow and pines`; `狐狸、雪地`.
pub(super) fn joined(terms: &[&Phrase]) -> String {
    let texts: Vec<&str> = terms.iter().map(|term| term.text()).collect();
    let title = if texts.iter().any(|text| text.chars().any(is_unspaced)) {
        texts.join("、")
    } else {
        match texts.as_slice() {
            [first @ .., last] if !first.is_empty() && texts.iter().all(|text| text.is_ascii()) => {
                format!("{} and {last}", first.join(", "))
            }
            _ => texts.join(", "),
        }
    };
    capitalised(&title)
}

/// With a capital at the beginning.
pub(super) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// At most `n_chars` characters, cut between words where there are blanks.
pub(super) fn at_word(text: &str, n_chars: usize) -> &str {
    let cut = prompt::short(text, n_chars);
    let is_inside =
        text[cut.len()..].chars().next().is_some_and(|next| next.is_alphanumeric() && !is_unspaced(next));
    let end = if is_inside { cut.rfind(char::is_whitespace).unwrap_or(cut.len()) } else { cut.len() };
    cut[..end].trim_end_matches(|letter: char| !letter.is_alphanumeric())
}
