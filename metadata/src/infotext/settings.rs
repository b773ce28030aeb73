//! The settings of an infotext as pairs. One pass, linear in the length of the text.

use crate::infotext::parts::{TEMPLATES, template_lines};
use crate::json;
use crate::limits::{SETTING_KEY_BYTES_MAX, SETTINGS_MAX};
use std::borrow::Cow;

/// A key and its value, unquoted.
pub(super) type Pair<'a> = (&'a str, Cow<'a, str>);

/// How often a value may look bracketed and not be; each costs a scan of the rest.
const BROKEN_BRACKETS_MAX: u32 = 16;

/// One of these must be in a line before it counts as settings.
const KNOWN: [&str; 14] = [
    "Steps",
    "Sampler",
    "Seed",
    "CFG scale",
    "CFG Scale",
    "Size",
    "Model",
    "Model hash",
    "Version",
    "Schedule type",
    "Scheduler",
    "Denoising strength",
    "Clip skip",
    "Source Identifier",
];

fn is_known(key: &str) -> bool {
    KNOWN.contains(&key) || key.starts_with("Postprocess")
}

/// Whether a line without `Steps` in front is settings: three pairs with a known key among
/// them, or what the extras tab writes.
pub(super) fn is_settings_line(line: &str) -> bool {
    // Most last lines are prompts; those are told by their first words.
    let line = line.trim_start();
    let Some(len) = key_len(line) else { return false };
    // A prompt jammed before the settings looks like a part of their first key.
    if line[..len].contains("Negative prompt")
        || line[..len].ends_with([' ', '.'])
        || line[..len].ends_with(" Steps")
    {
        return false;
    }
    let pairs = pairs(line);
    let keyed = pairs.iter().filter(|(key, value)| *key != value);
    let known = pairs.iter().any(|(key, _)| is_known(key));
    pairs.first().is_some_and(|(key, _)| key.starts_with("Postprocess")) || known && keyed.count() >= 3
}

/// Whether a text can stand before a colon as the key of a value.
pub(crate) fn is_key(text: &str) -> bool {
    key_len(&format!("{text}:")) == Some(text.len()) && text.trim() == text
}

/// Whether a line begins with a key that is known.
pub(super) fn starts_known(line: &str) -> bool {
    let line = line.trim_start();
    key_len(line).is_some_and(|len| is_known(line[..len].trim()))
}

/// The pairs of the settings part, in order, repeats included, at most [`SETTINGS_MAX`].
pub(super) fn pairs(text: &str) -> Vec<Pair<'_>> {
    let mut scanner = Scanner { text, at: 0, n_broken: 0 };
    let mut pairs = Vec::with_capacity(24);
    while pairs.len() < SETTINGS_MAX && scanner.skip_separators() {
        if scanner.is_line_start() && TEMPLATES.iter().any(|start| scanner.rest().starts_with(start)) {
            scanner.templates(&mut pairs);
        } else if let Some(pair) = scanner.pair() {
            pairs.push(pair);
        }
    }
    pairs
}

/// Length of the key that `text` starts with, without its colon; `None` when it does not.
fn key_len(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let len = bytes[..bytes.len().min(SETTING_KEY_BYTES_MAX)].iter().position(|byte| {
        let is_part = byte.is_ascii_alphanumeric() || *byte >= 0x80 || b" -/_+.()[]#&'|*".contains(byte);
        !is_part
    })?;
    let ends = match bytes.get(len + 1) {
        None => true,
        Some(next) => next.is_ascii_whitespace() || is_known(text.get(..len)?.trim()),
    };
    (bytes[len] == b':' && ends && !text.get(..len)?.trim().is_empty()).then_some(len)
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    n_broken: u32,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn is_line_start(&self) -> bool {
        self.at == 0 || self.text.as_bytes()[self.at - 1] == b'\n'
    }

    /// Whether anything follows.
    fn skip_separators(&mut self) -> bool {
        let rest = self.rest().trim_start_matches(|letter: char| letter == ',' || letter.is_whitespace());
        self.at = self.text.len() - rest.len();
        !rest.is_empty()
    }

    fn templates(&mut self, pairs: &mut Vec<Pair<'a>>) {
        let rest = self.rest();
        // What was appended to the text stands in a line of its own.
        let end = memchr::memmem::find(rest.as_bytes(), b"\nSource Identifier: ").unwrap_or(rest.len());
        pairs
            .extend(template_lines(&rest[..end]).into_iter().map(|(key, value)| (key, Cow::Borrowed(value))));
        self.at += end;
    }

    fn pair(&mut self) -> Option<Pair<'a>> {
        let rest = self.rest();
        let Some(len) = key_len(rest) else {
            let end = memchr::memchr2(b',', b'\n', rest.as_bytes()).unwrap_or(rest.len());
            self.at += end;
            let word = rest[..end].trim();
            return (!word.is_empty()).then_some((word, Cow::Borrowed(word)));
        };
        let value =
            rest[len + 1..].trim_start_matches(|letter: char| letter != '\n' && letter.is_whitespace());
        self.at = self.text.len() - value.len();
        Some((rest[..len].trim(), self.value()))
    }

    fn value(&mut self) -> Cow<'a, str> {
        let rest = self.rest();
        let ends = |len: usize| {
            let after = rest[len..].trim_start_matches([' ', '\t']);
            after.is_empty() || after.starts_with([',', '\n'])
        };
        match rest.as_bytes().first() {
            Some(b'"') => {
                if let Some((json::Value::Text(value), len)) = json::prefix(rest)
                    && ends(len)
                {
                    self.at += len;
                    return value;
                }
            }
            Some(b'{' | b'[') if self.n_broken < BROKEN_BRACKETS_MAX => {
                match balanced(rest).filter(|len| ends(*len)) {
                    Some(len) => {
                        self.at += len;
                        return Cow::Borrowed(&rest[..len]);
                    }
                    None => self.n_broken += 1,
                }
            }
            _ => {}
        }
        let len = plain_len(rest);
        self.at += len;
        Cow::Borrowed(rest[..len].trim())
    }
}

/// Up to the comma before the next key, otherwise to the next comma; never past a line.
fn plain_len(rest: &str) -> usize {
    let line = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
    let rest = &rest[..line];
    if rest.starts_with(',') {
        return 0;
    }
    let mut first = None;
    for at in memchr::memchr_iter(b',', rest.as_bytes()) {
        let after = &rest[at + 1..];
        if key_len(after.trim_start()).is_some() {
            return at;
        }
        first.get_or_insert(at);
        // A text behind the last key has no next key; looking for one at each of its commas
        // would be wasted beyond what a value can be.
        if at > (64 << 10) {
            break;
        }
    }
    first.unwrap_or(line)
}

/// Length of the bracketed text that `text` starts with; quotes are honoured.
fn balanced(text: &str) -> Option<usize> {
    let mut depth = 0_u32;
    let mut in_string = false;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}
