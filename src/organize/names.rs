//! Names of folders that every file system takes: pure functions of text.

use crate::intake::rules::is_passed_over;
use crate::limits::organize as limits;
use std::collections::HashMap;

/// What no name may hold somewhere, beside control characters.
const FORBIDDEN: [char; 9] = ['<', '>', ':', '"', '/', '\\', '|', '?', '*'];

/// Names that are devices on Windows, whatever ending they have.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// A name for a folder: what is not allowed becomes a blank, blanks are collapsed, blanks and dots at the
/// ends go, at most `chars_max` characters stay. Empty where nothing is left.
pub(super) fn sanitised_or_empty(name: &str, chars_max: usize) -> String {
    let is_forbidden =
        |letter: char| letter.is_control() || FORBIDDEN.contains(&letter) || is_invisible(letter);
    let cleaned: String =
        name.chars().map(|letter| if is_forbidden(letter) { ' ' } else { letter }).collect();
    let words: Vec<&str> = cleaned.split_whitespace().collect();
    let joined = words.join(" ");
    let trimmed = joined.trim_matches([' ', '.']);
    let cut = shortened(trimmed, chars_max.max(1), limits::FOLDER_NAME_BYTES_MAX);
    let is_cut = cut.len() < trimmed.len();
    let name = cut.trim_end_matches(|letter| matches!(letter, ' ' | '.') || (is_cut && letter == '_'));
    // Whatever it ends with, it would be no folder on Windows.
    let is_device = is_device(name);
    let marked = if is_device { format!("_{name}") } else { name.to_owned() };
    let marked =
        shortened(&marked, chars_max.max(1), limits::FOLDER_NAME_BYTES_MAX).trim_end_matches([' ', '.']);
    if is_passed_over(marked.as_bytes()) { seen_by_walks(marked) } else { marked.to_owned() }
}

/// A name of the same length that walks do not pass over.
fn seen_by_walks(name: &str) -> String {
    match name.rfind(['.', '~', '@']) {
        Some(at) => format!("{}_{}", &name[..at], &name[at + 1..]),
        None => name.to_owned(),
    }
}

/// As `sanitised_or_empty`; `cluster` where nothing is left.
#[must_use]
pub fn sanitised(name: &str, chars_max: usize) -> String {
    let name = sanitised_or_empty(name, chars_max);
    if name.is_empty() { "cluster".to_owned() } else { name }
}

/// Marks of direction and joiners at the ends of a name would make two that look the same.
const fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffd}')
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_lowercase();
    let is_numbered = |kind: &str| {
        stem.strip_prefix(kind).is_some_and(|rest| {
            let mut digits = rest.chars();
            matches!((digits.next(), digits.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
        })
    };
    DEVICES.contains(&stem.as_str()) || is_numbered("com") || is_numbered("lpt")
}

fn shortened(text: &str, chars_max: usize, bytes_max: usize) -> &str {
    let ends = text.char_indices().map(|(at, letter)| at + letter.len_utf8());
    let end = ends.take(chars_max).take_while(|end| *end <= bytes_max).last().unwrap_or(0);
    &text[..end]
}

/// Under which two names are one, on the file systems that do not tell upper from lower case.
#[must_use]
pub fn folded(name: &str) -> String {
    name.chars().flat_map(char::to_lowercase).collect()
}

/// Paths of folders that are taken, in their spelling; components are divided by `/`.
#[derive(Clone, Debug, Default)]
pub struct Spellings {
    /// By folded path, the last component as it is spelled.
    known: HashMap<String, String>,
}

impl Spellings {
    /// Of these paths; of two that are one, the first.
    #[must_use]
    pub fn of<'a>(paths: impl IntoIterator<Item = &'a str>) -> Self {
        let mut spellings = Self::default();
        for path in paths {
            spellings.spelled(path);
        }
        spellings
    }

    /// The path as its folders were spelled when they were first met.
    pub fn spelled(&mut self, path: &str) -> String {
        let mut so_far = String::new();
        let mut spelled: Vec<String> = Vec::new();
        for component in path.split('/') {
            so_far.push('/');
            so_far.push_str(&folded(component));
            let known = self.known.entry(so_far.clone()).or_insert_with(|| component.to_owned());
            spelled.push(known.clone());
        }
        spelled.join("/")
    }
}
