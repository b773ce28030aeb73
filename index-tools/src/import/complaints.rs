//! What could not be read, counted by kind, each with an example.

use std::collections::BTreeMap;

/// Letters of an example: one line.
const EXAMPLE_CHARS: usize = 120;

/// Complaints of a run, by what they are about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Complaints {
    kinds: BTreeMap<(&'static str, &'static str), Kind>,
}

/// Complaints of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Kind {
    count: u64,
    example: String,
}

impl Complaints {
    /// A row of a table could not be used.
    pub(super) fn add(&mut self, table: &'static str, why: &'static str, example: &dyn std::fmt::Display) {
        let kind = self.kinds.entry((table, why)).or_default();
        if kind.count == 0 {
            kind.example = one_line(&example.to_string());
        }
        kind.count += 1;
    }

    /// As [`Complaints::add`], of so many rows.
    pub(super) fn add_many(&mut self, table: &'static str, why: &'static str, count: u64) {
        if count > 0 {
            self.kinds.entry((table, why)).or_default().count += count;
        }
    }

    /// How many rows could not be used.
    pub(super) fn count(&self) -> u64 {
        self.kinds.values().map(|kind| kind.count).sum()
    }

    /// A line for each kind.
    pub(super) fn lines(&self) -> Vec<String> {
        let line = |((table, why), Kind { count, example }): (&(&str, &str), &Kind)| {
            let shown = if example.is_empty() { String::new() } else { format!(", as: {example}") };
            format!("{count} of `{table}` {why}{shown}")
        };
        self.kinds.iter().map(line).collect()
    }
}

/// A text of strangers on one line of a terminal, cut, without anything a terminal obeys.
pub(super) fn one_line(text: &str) -> String {
    let mut line: String = text
        .chars()
        .map(|letter| if letter.is_control() || is_turning(letter) { '\u{fffd}' } else { letter })
        .take(EXAMPLE_CHARS)
        .collect();
    if text.chars().nth(EXAMPLE_CHARS).is_some() {
        line.push('…');
    }
    line
}

/// Turns the direction of writing.
const fn is_turning(letter: char) -> bool {
    matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_counted_with_its_first_example() {
        let mut complaints = Complaints::default();
        complaints.add("tag", "have no name", &"a\u{1b}[2Jb");
        complaints.add("tag", "have no name", &"second");
        complaints.add_many("image_tag", "name no image", 3);
        complaints.add_many("image_tag", "name no tag", 0);
        assert_eq!(complaints.count(), 5);
        assert_eq!(
            complaints.lines(),
            ["3 of `image_tag` name no image", "2 of `tag` have no name, as: a\u{fffd}[2Jb"]
        );
        assert_eq!(one_line(&"x".repeat(500)).chars().count(), EXAMPLE_CHARS + 1);
    }
}
