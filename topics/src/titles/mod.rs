//! Titles and keywords of clusters from their own prompts: terms that most prompts of a cluster have and few
//! other clusters do (class-based tf-idf), joined so that they read. Knows nothing of vectors or of chat models.

mod phrases;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};

use crate::prompt;
use phrases::Phrase;

/// Characters of a title at most.
pub const TITLE_CHARS_MAX: usize = 24;
/// Keywords of a cluster at most.
pub const KEYWORDS_MAX: usize = 6;
/// Characters of a [`first_clause`] at most.
pub const CLAUSE_CHARS_MAX: usize = 18;
/// Prompts of a cluster that are looked at; the representative ones come first.
pub const PROMPTS_MAX: usize = 64;

/// Characters of each prompt that are looked at.
const PROMPT_CHARS_MAX: usize = 4_000;
/// Part of a cluster's images that must have a term for it to be in a title, or a keyword, unless no term has.
const TITLE_SUPPORT_MIN: f32 = 0.3;
const KEYWORD_SUPPORT_MIN: f32 = 0.1;
/// Terms in a title at most, and how many of the best are tried.
const TITLE_TERMS_MAX: usize = 3;
const TRIED: usize = 12;
/// A further term must score this part of the first.
const FURTHER_SCORE_MIN: f32 = 0.6;

/// Prompts of a cluster.
#[derive(Debug, Clone)]
pub struct Sample<'a> {
    /// Cleaned prompts with their numbers of images, representative first; [`PROMPTS_MAX`] are looked at.
    pub prompts: Vec<(&'a str, u32)>,
}

/// What a cluster is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// At most [`TITLE_CHARS_MAX`] characters, not empty, different from those of the other clusters.
    pub title: String,
    /// At most [`KEYWORDS_MAX`], the most telling first; may be empty.
    pub keywords: Vec<String>,
}

/// A term of a cluster.
struct Scored {
    phrase: Phrase,
    support: f32,
    score: f32,
}

/// Titles and keywords of all clusters, compared with each other: hand in all that are shown together.
pub fn describe(clusters: &[Sample<'_>]) -> Vec<Described> {
    let supports: Vec<BTreeMap<Phrase, f32>> = clusters.iter().map(support).collect();
    let mut everywhere: BTreeMap<&Phrase, f32> = BTreeMap::new();
    for phrases in &supports {
        for (phrase, support) in phrases {
            *everywhere.entry(phrase).or_default() += support;
        }
    }
    let n_clusters = clusters.len() as f32;
    let mut taken = HashSet::new();
    let described = clusters.iter().zip(&supports).map(|(sample, phrases)| {
        let mut scored: Vec<Scored> = phrases
            .iter()
            .map(|(phrase, &support)| {
                let elsewhere = everywhere.get(phrase).copied().unwrap_or(support);
                let score = support * (1.0 + n_clusters / elsewhere).ln() * phrase.readability();
                Scored { phrase: phrase.clone(), support, score }
            })
            .collect();
        scored.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.phrase.cmp(&b.phrase)));
        let title = title(&scored, sample, &mut taken);
        Described { title, keywords: keywords(&scored) }
    });
    described.collect()
}

/// The first clause of a prompt that says something, at most [`CLAUSE_CHARS_MAX`] characters; empty if none
/// does.
pub fn first_clause(prompt: &str) -> String {
    let cleaned = prompt::cleaned(prompt, PROMPT_CHARS_MAX).unwrap_or_default();
    let clause = crate::words::tags(&cleaned)
        .map(|tag| tag.replace('_', " "))
        .find(|tag| !prompt::is_boilerplate(tag) && !phrases::is_count(tag));
    clause
        .map_or_else(String::new, |clause| phrases::capitalised(phrases::at_word(&clause, CLAUSE_CHARS_MAX)))
}

/// Part of a cluster's images that have each phrase.
fn support(sample: &Sample<'_>) -> BTreeMap<Phrase, f32> {
    let prompts = &sample.prompts[..sample.prompts.len().min(PROMPTS_MAX)];
    let mut supports: BTreeMap<Phrase, f32> = BTreeMap::new();
    // Many images of one prompt say more than one, but not as much as many prompts.
    let weight = |n_images: u32| (n_images.max(1) as f32).sqrt();
    for &(text, n_images) in prompts {
        let cleaned = prompt::cleaned(text, PROMPT_CHARS_MAX).unwrap_or_default();
        for phrase in phrases::of(&cleaned) {
            *supports.entry(phrase).or_default() += weight(n_images);
        }
    }
    let all: f32 = prompts.iter().map(|&(_, n_images)| weight(n_images)).sum();
    supports.values_mut().for_each(|support| *support /= all);
    supports
}

/// The best join of terms that is not taken yet.
fn title(scored: &[Scored], sample: &Sample<'_>, taken: &mut HashSet<String>) -> String {
    let is_frequent = |term: &&Scored| term.support >= TITLE_SUPPORT_MIN;
    let any_frequent = scored.iter().any(|term| is_frequent(&term));
    let mut best: Vec<&Scored> = Vec::new();
    for term in scored.iter().filter(|term| !any_frequent || is_frequent(term)) {
        // A word of a phrase that is better says less, and in another order nothing.
        if best.len() < TRIED && !best.iter().any(|better| better.phrase.overlaps(&term.phrase)) {
            best.push(term);
        }
    }
    let mut titles = Vec::new();
    for (at, first) in best.iter().enumerate() {
        for further in at..best.len() {
            let mut terms = vec![&first.phrase];
            for next in &best[further..] {
                let is_worth = next.score >= FURTHER_SCORE_MIN * first.score;
                if terms.len() < TITLE_TERMS_MAX
                    && is_worth
                    && !terms.iter().any(|term| term.overlaps(&next.phrase))
                {
                    terms.push(&next.phrase);
                    if phrases::joined(&terms).chars().count() > TITLE_CHARS_MAX {
                        terms.pop();
                    }
                }
            }
            titles.push(phrases::joined(&terms));
        }
    }
    let representative = sample.prompts.first().map_or("", |(text, _)| text);
    titles.push(first_clause(representative));
    titles.retain(|title| !title.is_empty() && title.chars().count() <= TITLE_CHARS_MAX);
    let free = titles.iter().find(|title| !taken.contains(&title.to_lowercase()));
    let title =
        free.cloned().unwrap_or_else(|| numbered(titles.first().map_or("Topic", String::as_str), taken));
    taken.insert(title.to_lowercase());
    title
}

/// The title with the first number from 2 on that makes it different.
fn numbered(title: &str, taken: &HashSet<String>) -> String {
    let with = |n: usize| {
        let end = format!(" {n}");
        format!("{}{end}", phrases::at_word(title, TITLE_CHARS_MAX - end.len()))
    };
    let first = if taken.contains(&title.to_lowercase()) { 2 } else { return title.to_owned() };
    (first..).map(with).find(|title| !taken.contains(&title.to_lowercase())).unwrap_or_default()
}

fn keywords(scored: &[Scored]) -> Vec<String> {
    let is_frequent = |term: &&Scored| term.support >= KEYWORD_SUPPORT_MIN;
    let any_frequent = scored.iter().any(|term| is_frequent(&term));
    let mut chosen: Vec<&Phrase> = Vec::new();
    for term in scored.iter().filter(|term| !any_frequent || is_frequent(term)) {
        if chosen.len() == KEYWORDS_MAX {
            break;
        }
        if !chosen.iter().any(|phrase| phrase.overlaps(&term.phrase)) {
            chosen.push(&term.phrase);
        }
    }
    chosen.into_iter().map(|phrase| phrase.text().to_owned()).collect()
}
