//! Generation texts as shared templates with holes.
//!
//! Images of a batch differ in their seed and little else. A text is therefore stored as a
//! *template*, shared by all images that have it, in which each hole is one NUL character, and
//! the hole's values stand with the image. NUL never occurs in a stored text.

/// Stands in a template where an image has a value of its own.
pub const HOLE: char = '\0';

/// At most this many holes in a template; further numbers stay in the template.
pub const HOLES_MAX: usize = 4;

/// Keys looked at in a text; bounds the work on one that is nothing but keys.
const KEYS_LOOKED_AT_MAX: usize = 32;

/// Settings keys whose value is an image's own.
const HOLE_KEYS: [&str; 3] = ["Seed: ", "Variation seed: ", "Batch pos: "];

/// A generation text taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// The text with each hole as [`HOLE`].
    pub template: String,
    /// The values of the holes, in order.
    pub holes: Vec<u64>,
}

/// Takes a text apart. Only values that print back to the same digits become holes, so
/// [`fill`] always restores the text exactly. NUL characters in `text` are dropped.
#[must_use]
pub fn split(text: &str) -> Split {
    let cleaned;
    let text = if text.contains(HOLE) {
        cleaned = text.replace(HOLE, "");
        cleaned.as_str()
    } else {
        text
    };
    let settings = text.rfind('\n').map_or(0, |at| at + 1);
    let mut split = Split { template: String::with_capacity(text.len()), holes: Vec::new() };
    let mut copied = 0;
    let mut at = settings;
    for _ in 0..KEYS_LOOKED_AT_MAX {
        if split.holes.len() == HOLES_MAX {
            break;
        }
        let Some(start) = next_hole(text, at) else { break };
        let digits = text[start..].bytes().take_while(u8::is_ascii_digit).count();
        let end = start + digits;
        if let Some(value) = canonical(&text[start..end])
            && matches!(text.as_bytes().get(end), None | Some(b',' | b'\n'))
        {
            split.template.push_str(&text[copied..start]);
            split.template.push(HOLE);
            split.holes.push(value);
            copied = end;
        }
        // A key without digits has given no progress of its own; the key itself has.
        at = end;
    }
    split.template.push_str(&text[copied..]);
    split
}

/// Where the next value of a hole key starts, at or after `at`.
fn next_hole(text: &str, at: usize) -> Option<usize> {
    let settings = &text[at..];
    HOLE_KEYS
        .iter()
        .filter_map(|key| {
            settings.match_indices(key).find_map(|(found, _)| {
                let key_at = at + found;
                // A key starts the line or follows a separator, so that `Variation seed` is not
                // taken for `Seed` and a word of the prompt is not taken for a key.
                let starts = key_at == 0 || text[..key_at].ends_with([',', '\n', ' ']);
                starts.then_some(key_at + key.len())
            })
        })
        .min()
}

/// Whether digits with this text before and after them, all folded, can be those of a hole; empty
/// where the text ends. Most digits of a needle can not, and need not be looked for in holes.
#[must_use]
pub fn can_be_hole(before: &str, after: &str) -> bool {
    let follows_key = HOLE_KEYS.iter().any(|key| {
        let key = key.to_ascii_lowercase();
        key.ends_with(before) || before.ends_with(&key)
    });
    follows_key && (after.is_empty() || after.starts_with([',', '\n']))
}

/// The value, if printing it gives the same digits again.
fn canonical(digits: &str) -> Option<u64> {
    let value: u64 = digits.parse().ok()?;
    (digits.len() == 1 || !digits.starts_with('0')).then_some(value)
}

/// The text whose template and holes these are. Missing values leave their hole empty.
#[must_use]
pub fn fill(template: &str, holes: &[u64]) -> String {
    let mut text = String::with_capacity(template.len() + holes.len() * 10);
    let mut values = holes.iter();
    for (nth, part) in template.split(HOLE).enumerate() {
        if nth > 0
            && let Some(value) = values.next()
        {
            text.push_str(&value.to_string());
        }
        text.push_str(part);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_become_holes_and_come_back() {
        let text = "a cat\nSteps: 20, Seed: 42, Size: 512x512, Variation seed: 0, Model: x";
        let split = split(text);
        assert_eq!(split.template, "a cat\nSteps: 20, Seed: \0, Size: 512x512, Variation seed: \0, Model: x");
        assert_eq!(split.holes, [42, 0]);
        assert_eq!(fill(&split.template, &split.holes), text);
    }

    #[test]
    fn numbers_that_would_print_differently_stay() {
        for text in [
            "Seed: 007, a",
            "Seed: 99999999999999999999999, a",
            "Seed: -1, a",
            "Seed: 5x, a",
            "Seed: ",
            "Seed: é",
        ] {
            assert_eq!(split(text).holes, [0_u64; 0], "{text}");
            assert_eq!(fill(&split(text).template, &[]), text);
        }
    }

    #[test]
    fn only_digits_behind_a_key_can_be_a_hole() {
        for (before, after) in
            [("", ""), ("seed: ", ""), (" ", ","), ("steps: x, seed: ", ", size: "), ("d: ", "\n")]
        {
            assert!(can_be_hole(before, after), "{before:?} {after:?}");
        }
        for (before, after) in [("-", ""), ("", "x"), ("steps: ", ","), ("seed", ""), ("", "-")] {
            assert!(!can_be_hole(before, after), "{before:?} {after:?}");
        }
    }

    #[test]
    fn a_text_of_nothing_but_keys_costs_no_more_than_a_few_scans() {
        // Quadratic work would be 10^11 steps here, and this test would not end.
        let text = "Seed: x, ".repeat(1 << 17);
        assert_eq!(split(&text).template, text);
    }

    proptest::proptest! {
        #[test]
        fn any_text_comes_back(text in "(Seed: |Variation seed: |[0-9]{1,22}|, |\n|[a-zé]{0,4}){0,12}") {
            let split = split(&text);
            proptest::prop_assert_eq!(fill(&split.template, &split.holes), text);
        }
    }
}
