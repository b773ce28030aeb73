//! Regular expressions over paths and generation texts, in bounded time.
//!
//! Syntax and cost are those of the `regex` crate: linear in the text, no look-around, no
//! back-references. Literals that every match must hold are looked for first, as a needle.
//! Matching runs on folded text; with `(?i)` that is the same, so `(?-i)` is refused.

use super::needle::fill;
use super::request::SearchError;
use crate::limits;
use crate::projection::tags::{HOLE_MARK, State};
use crate::projection::text::Snapshot;
use lumidex_schema::fold::fold;
use lumidex_schema::id::{ImageId, TextId};
use lumidex_schema::text::HOLE;
use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::hir::{Class, Hir, HirKind, Look};
use std::time::Instant;

/// A compiled expression and what every match of it must hold.
pub(super) struct Pattern {
    regex: Regex,
    /// Folded; the longest literal that every match holds.
    pub(super) literal: Option<String>,
    digits: Digits,
    /// Since then its time runs.
    began: Instant,
}

impl Pattern {
    pub(super) fn new(expression: &str) -> Result<Self, SearchError> {
        let refuse = |why: &str| SearchError::BadRegex(why.to_owned());
        if expression.len() > limits::REGEX_BYTES_MAX {
            return Err(refuse("it is too long"));
        }
        if turns_case_on(expression) {
            return Err(refuse("searches ignore case, `(?-i)` is not supported"));
        }
        let regex = RegexBuilder::new(expression)
            .case_insensitive(true)
            .multi_line(true)
            .dot_matches_new_line(true)
            .size_limit(limits::REGEX_PROGRAM_BYTES_MAX)
            .dfa_size_limit(limits::REGEX_CACHE_BYTES_MAX)
            .build()
            .map_err(|error| SearchError::BadRegex(one_line(&error)))?;
        let parse = |ignore_case| {
            regex_syntax::ParserBuilder::new()
                .case_insensitive(ignore_case)
                .multi_line(true)
                .dot_matches_new_line(true)
                .build()
                .parse(expression)
                .ok()
        };
        // Literals of the expression as written: folded, they stand in every folded match.
        let literal = parse(false).and_then(|hir| required(&hir)).filter(|literal| !literal.is_empty());
        let digits = parse(true).map_or(Digits::Distinct, |hir| digits(&hir));
        Ok(Self { regex, literal, digits, began: Instant::now() })
    }
}

/// What difference the digits of a hole can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Digits {
    /// No match can hold or touch a digit, so holes never matter.
    Blind,
    /// One digit is as good as another, so only the lengths of holes matter.
    Alike,
    /// Any.
    Distinct,
}

/// A pattern being asked of one snapshot.
pub(super) struct Matcher<'a> {
    pattern: &'a Pattern,
    state: &'a State,
    text: &'a Snapshot,
    path_only: bool,
    /// What is known of each text: 0 nothing; otherwise, in the lowest two bits, 1 that it matches or
    /// 2 that it does not, and above them for which lengths of holes.
    known: Vec<u32>,
    filled: Vec<u8>,
    asked: u32,
}

impl<'a> Matcher<'a> {
    pub(super) fn new(pattern: &'a Pattern, state: &'a State, text: &'a Snapshot, path_only: bool) -> Self {
        let known = if path_only { Vec::new() } else { vec![0; text.len() as usize] };
        Self { pattern, state, text, path_only, known, filled: Vec::new(), asked: 0 }
    }

    /// Whether an image's path or text matches.
    pub(super) fn matches(&mut self, id: ImageId, image_text: TextId) -> Result<bool, SearchError> {
        self.asked += 1;
        if self.asked.is_multiple_of(256) && self.pattern.began.elapsed() > limits::REGEX_TIME_MAX {
            return Err(SearchError::RegexTooExpensive);
        }
        if !self.path_only && self.in_text(id, image_text) {
            return Ok(true);
        }
        let folder = self.state.folders().get(self.state.columns.folder(id).index());
        self.filled.clear();
        self.filled.extend_from_slice(folder.map_or(&[][..], |folder| folder.folded.as_bytes()));
        self.filled.extend_from_slice(self.state.names.get(id));
        Ok(self.pattern.regex.is_match(&self.filled))
    }

    fn in_text(&mut self, id: ImageId, image_text: TextId) -> bool {
        let Some(&known) = self.known.get(image_text.index()) else { return false };
        let Some(template) = self.text.folded_bytes(image_text) else { return false };
        let holes = self.state.holes.get(id);
        let lengths = match self.pattern.digits {
            _ if memchr::memchr(HOLE as u8, template).is_none() => Some(0),
            Digits::Blind => Some(0),
            Digits::Alike => Some(lengths(holes)),
            Digits::Distinct => None,
        };
        if known != 0 && lengths == Some(known >> 2) {
            return known & 3 == 1;
        }
        fill(template, holes, &mut self.filled);
        let is_match = self.pattern.regex.is_match(&self.filled);
        if let Some(lengths) = lengths {
            self.known[image_text.index()] = lengths << 2 | if is_match { 1 } else { 2 };
        }
        is_match
    }
}

/// The lengths of up to four values, five bits each: a value has at most twenty digits.
fn lengths(holes: &[u8]) -> u32 {
    let values = holes.split(|b| *b == HOLE_MARK).filter(|value| !value.is_empty());
    values.fold(0, |lengths, value| lengths << 5 | (value.len() as u32 & 31))
}

/// Whether a flag group takes the ignoring of case away.
fn turns_case_on(expression: &str) -> bool {
    let mut rest = expression;
    while let Some(at) = rest.find("(?") {
        rest = &rest[at + 2..];
        let flags: String = rest.chars().take_while(|c| c.is_ascii_alphabetic() || *c == '-').collect();
        if flags.split_once('-').is_some_and(|(_, off)| off.contains('i')) {
            return true;
        }
    }
    false
}

fn one_line(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
        other => {
            other.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
        }
    }
}

/// The longest literal that stands in every match.
fn required(hir: &Hir) -> Option<String> {
    match hir.kind() {
        HirKind::Literal(literal) => std::str::from_utf8(&literal.0).ok().map(fold),
        HirKind::Capture(capture) => required(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => required(&repetition.sub),
        HirKind::Concat(parts) => parts.iter().filter_map(required).max_by_key(String::len),
        HirKind::Empty
        | HirKind::Class(_)
        | HirKind::Look(_)
        | HirKind::Repetition(_)
        | HirKind::Alternation(_) => None,
    }
}

/// What difference digits can make to a match.
fn digits(hir: &Hir) -> Digits {
    let of_class = |n_digits: usize| match n_digits {
        0 => Digits::Blind,
        10 => Digits::Alike,
        _ => Digits::Distinct,
    };
    match hir.kind() {
        HirKind::Empty => Digits::Blind,
        HirKind::Literal(literal) if literal.0.iter().any(u8::is_ascii_digit) => Digits::Distinct,
        HirKind::Literal(_) => Digits::Blind,
        HirKind::Class(Class::Unicode(class)) => {
            let holds = |digit: &char| class.iter().any(|r| (r.start()..=r.end()).contains(digit));
            of_class(('0'..='9').filter(holds).count())
        }
        HirKind::Class(Class::Bytes(class)) => {
            let holds = |digit: &u8| class.iter().any(|r| (r.start()..=r.end()).contains(digit));
            of_class((b'0'..=b'9').filter(holds).count())
        }
        // Whether a word or a line ends beside a hole depends on there being a digit, not on which or
        // how many.
        HirKind::Look(
            Look::Start | Look::End | Look::StartLF | Look::EndLF | Look::WordAscii | Look::WordUnicode,
        ) => Digits::Blind,
        // The others can hold between two digits, where a hole has as many.
        HirKind::Look(_) => Digits::Alike,
        HirKind::Repetition(repetition) => digits(&repetition.sub),
        HirKind::Capture(capture) => digits(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            let worst = |a: Digits, b: Digits| match (a, b) {
                (Digits::Distinct, _) | (_, Digits::Distinct) => Digits::Distinct,
                (Digits::Alike, _) | (_, Digits::Alike) => Digits::Alike,
                (Digits::Blind, Digits::Blind) => Digits::Blind,
            };
            parts.iter().map(digits).fold(Digits::Blind, worst)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_longest_literal_of_every_match_is_found() {
        let literal = |expression: &str| Pattern::new(expression).unwrap().literal;
        assert_eq!(literal("a.*Blue Whale\\d+").as_deref(), Some("blue whale"));
        assert_eq!(literal("(abc)+x?").as_deref(), Some("abc"));
        assert_eq!(literal("cat|dog"), None);
        assert_eq!(literal("[ab]+"), None);
    }

    #[test]
    fn what_this_engine_cannot_do_is_refused() {
        for expression in ["(", "(?=a)b", "(a)\\1", "a(?-i)b", "a(?s-i:b)", "(?:a{1000}){1000}"] {
            assert!(matches!(Pattern::new(expression), Err(SearchError::BadRegex(_))), "{expression}");
        }
        assert!(Pattern::new("a(?s)b").is_ok());
    }

    #[test]
    fn digits_matter_only_where_a_match_can_meet_one() {
        let digits = |expression: &str| Pattern::new(expression).unwrap().digits;
        for blind in ["[xyz]{3}", "a\\b", "^x$"] {
            assert_eq!(digits(blind), Digits::Blind, "{blind}");
        }
        for alike in ["\\d{25}", ".", "a\\B", "\\w+x", "[^a]"] {
            assert_eq!(digits(alike), Digits::Alike, "{alike}");
        }
        for distinct in ["x7", "[1-3]a", "[^5]"] {
            assert_eq!(digits(distinct), Digits::Distinct, "{distinct}");
        }
    }
}
