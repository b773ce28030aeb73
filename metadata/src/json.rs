//! A lenient JSON reader: what generators write, not what the standard allows.
//!
//! Differs from a strict reader in that `NaN` and `Infinity` are null, text after the first
//! complete value is ignored, numbers keep their source text (seeds exceed every number type),
//! unpaired surrogates become U+FFFD, raw control characters may stand in strings, and nesting
//! and size are bounded. Knows no dialect.

use crate::limits::{JSON_DEPTH_MAX, JSON_VALUES_MAX};
use std::borrow::Cow;
use std::fmt;

/// A JSON value that borrows from its text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    /// The number's own text.
    Number(&'a str),
    Text(Cow<'a, str>),
    List(Vec<Value<'a>>),
    /// In order of appearance, repeated keys included.
    Map(Vec<(Cow<'a, str>, Value<'a>)>),
}

impl<'a> Value<'a> {
    /// The member of a map; the last one of repeated keys.
    pub(super) fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.map()?.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    pub(super) fn map(&self) -> Option<&[(Cow<'a, str>, Value<'a>)]> {
        if let Self::Map(map) = self { Some(map) } else { None }
    }

    pub(super) fn list(&self) -> Option<&[Value<'a>]> {
        if let Self::List(list) = self { Some(list) } else { None }
    }

    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// Text, number or truth value as text.
    pub(super) fn scalar(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(number) => Some(number),
            Self::Bool(value) => Some(if *value { "true" } else { "false" }),
            Self::Null | Self::List(_) | Self::Map(_) => None,
        }
    }
}

impl fmt::Display for Value<'_> {
    /// Compact JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |text: &str| serde_json::Value::from(text);
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(number) => f.write_str(number),
            Self::Text(text) => write!(f, "{}", quoted(text)),
            Self::List(items) => {
                for (nth, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if nth == 0 { "[" } else { "," })?;
                }
                f.write_str(if items.is_empty() { "[]" } else { "]" })
            }
            Self::Map(members) => {
                for (nth, (key, value)) in members.iter().enumerate() {
                    write!(f, "{}{}:{value}", if nth == 0 { "{" } else { "," }, quoted(key))?;
                }
                f.write_str(if members.is_empty() { "{}" } else { "}" })
            }
        }
    }
}

/// The first complete value of `text`; `None` when there is none within the bounds.
pub(super) fn parse(text: &str) -> Option<Value<'_>> {
    prefix(text).map(|(value, _)| value)
}

/// The first complete value and how many bytes it takes, blanks before it included.
pub(super) fn prefix(text: &str) -> Option<(Value<'_>, usize)> {
    let mut reader = Reader::new(text, Cut::Refused);
    let value = reader.value(0)?;
    Some((value, reader.at))
}

/// How many bytes the first complete value takes, as [`prefix`] has it, without making the value.
pub(super) fn len(text: &str) -> Option<usize> {
    let mut reader = Reader { keeps: Keeps::Nothing, ..Reader::new(text, Cut::Refused) };
    reader.value(0)?;
    Some(reader.at)
}

/// The keys of a text's object, of one that is cut off those of whole members; none for what is no object.
pub(super) fn keys(text: &str) -> Vec<Cow<'_, str>> {
    let mut reader = Reader { keeps: Keeps::Keys, ..Reader::new(text, Cut::Allowed) };
    match reader.value(0) {
        Some(Value::Map(members)) => members.into_iter().map(|(key, _)| key).collect(),
        _ => Vec::new(),
    }
}

/// The first value and whether it is complete: of a text that ends in the middle of an object, the object
/// with the members that are whole, if there are any.
pub(super) fn whole_or_cut(text: &str) -> Option<(Value<'_>, bool)> {
    let mut reader = Reader::new(text, Cut::Allowed);
    let value = reader.value(0)?;
    let is_whole = reader.cut != Cut::Met;
    let has_members = || value.map().is_some_and(|members| !members.is_empty());
    (is_whole || has_members()).then_some((value, is_whole))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    n_values: usize,
    cut: Cut,
    keeps: Keeps,
    /// Of the lists that are open, the inner ones last; each moves out when it ends, at its exact size.
    items: Vec<Value<'a>>,
    /// The same of the objects that are open.
    members: Vec<(Cow<'a, str>, Value<'a>)>,
}

/// Puts one to others. A long list that is full gets room for as many as are to come, half as many again at least:
/// were it doubled each time, it would be allocated three times over.
fn push<T>(list: &mut Vec<T>, one: T, to_come: usize) {
    const LONG: usize = 512;
    if list.len() == list.capacity() && list.len() >= LONG {
        list.reserve_exact(to_come.max(list.len() / 2));
    }
    list.push(one);
}

/// What is kept of what is read; the rest is only read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keeps {
    Everything,
    /// The keys of the outermost object.
    Keys,
    Nothing,
}

/// Whether a list or an object may lack its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    Refused,
    Allowed,
    /// It does; nothing more is read.
    Met,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, cut: Cut) -> Self {
        let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self { text, at, n_values: 0, cut, keeps: Keeps::Everything, items: Vec::new(), members: Vec::new() }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        self.skip_blanks();
        let eaten = self.peek() == Some(byte);
        self.at += usize::from(eaten);
        eaten
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let eaten = self.text[self.at..].starts_with(word);
        self.at += if eaten { word.len() } else { 0 };
        eaten
    }

    fn value(&mut self, depth: usize) -> Option<Value<'a>> {
        self.n_values += 1;
        if depth >= JSON_DEPTH_MAX || self.n_values > JSON_VALUES_MAX {
            self.cut = Cut::Refused;
            return None;
        }
        self.skip_blanks();
        match self.peek()? {
            b'{' => self.members(depth),
            b'[' => self.items(depth),
            b'"' => self.string().map(Value::Text),
            _ => self.word(),
        }
    }

    fn members(&mut self, depth: usize) -> Option<Value<'a>> {
        self.at += 1;
        let start = self.members.len();
        let is_kept = self.keeps == Keeps::Everything || self.keeps == Keeps::Keys && depth == 0;
        let mut is_first = true;
        while !self.eat(b'}') {
            if !is_first && !self.eat(b',') {
                if self.met_cut() { break } else { return None }
            }
            self.skip_blanks();
            if self.peek() == Some(b'}') {
                continue;
            }
            match self.member(depth) {
                Some(member) if is_kept => {
                    let more = self.promised(self.members.len());
                    push(&mut self.members, member, more);
                }
                Some(_) => {}
                None if self.met_cut() => break,
                None => return None,
            }
            is_first = false;
            if self.cut == Cut::Met {
                break;
            }
        }
        // The outermost object is all there is.
        let members = if depth == 0 {
            std::mem::take(&mut self.members)
        } else {
            self.members.drain(start..).collect()
        };
        Some(Value::Map(members))
    }

    fn member(&mut self, depth: usize) -> Option<(Cow<'a, str>, Value<'a>)> {
        let key = self.string()?;
        if !self.eat(b':') {
            return None;
        }
        Some((key, self.value(depth + 1)?))
    }

    fn items(&mut self, depth: usize) -> Option<Value<'a>> {
        self.at += 1;
        let start = self.items.len();
        let mut is_first = true;
        while !self.eat(b']') {
            if !is_first && !self.eat(b',') {
                if self.met_cut() { break } else { return None }
            }
            self.skip_blanks();
            if self.peek() == Some(b']') {
                continue;
            }
            match self.value(depth + 1) {
                Some(item) if self.keeps == Keeps::Everything => {
                    let more = self.promised(self.items.len());
                    push(&mut self.items, item, more);
                }
                Some(_) => {}
                None if self.met_cut() => break,
                None => return None,
            }
            is_first = false;
            if self.cut == Cut::Met {
                break;
            }
        }
        let items =
            if depth == 0 { std::mem::take(&mut self.items) } else { self.items.drain(start..).collect() };
        Some(Value::List(items))
    }

    /// How many more there will be of what there are `n` of, if the text goes on as it began.
    fn promised(&self, n: usize) -> usize {
        let promised = n.saturating_mul(self.text.len() - self.at) / self.at.max(1);
        (promised + promised / 32 + 16).min(JSON_VALUES_MAX.saturating_sub(self.n_values) + 1)
    }

    /// Whether what cannot be read may be left out.
    fn met_cut(&mut self) -> bool {
        let is_allowed = self.cut != Cut::Refused;
        if is_allowed {
            self.cut = Cut::Met;
        }
        is_allowed
    }

    fn word(&mut self) -> Option<Value<'a>> {
        const WORDS: [(&str, Value<'static>); 6] = [
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("null", Value::Null),
            ("NaN", Value::Null),
            ("Infinity", Value::Null),
            ("-Infinity", Value::Null),
        ];
        let is_number = self.peek().is_some_and(|byte| byte.is_ascii_digit());
        if !is_number && let Some((_, value)) = WORDS.into_iter().find(|(word, _)| self.eat_word(word)) {
            return Some(value);
        }
        let rest = &self.text[self.at..];
        let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let len = rest.bytes().take_while(|byte| is_part(byte)).count();
        if !rest[..len].bytes().any(|byte| byte.is_ascii_digit()) {
            return None;
        }
        self.at += len;
        Some(Value::Number(&rest[..len]))
    }

    fn string(&mut self) -> Option<Cow<'a, str>> {
        if self.peek() != Some(b'"') {
            return None;
        }
        self.at += 1;
        let start = self.at;
        let found = memchr::memchr2(b'"', b'\\', &self.text.as_bytes()[start..])?;
        self.at += found;
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Some(Cow::Borrowed(&self.text[start..self.at - 1]));
        }
        let mut string = self.text[start..self.at].to_owned();
        loop {
            if self.keeps == Keeps::Nothing {
                string.clear();
            }
            let start = self.at;
            self.at += memchr::memchr2(b'"', b'\\', &self.text.as_bytes()[start..])?;
            string.push_str(&self.text[start..self.at]);
            self.at += 1;
            if self.text.as_bytes()[self.at - 1] == b'"' {
                return Some(Cow::Owned(string));
            }
            self.escape(&mut string)?;
        }
    }

    /// What follows a backslash.
    fn escape(&mut self, string: &mut String) -> Option<()> {
        let letter = self.text[self.at..].chars().next()?;
        self.at += letter.len_utf8();
        string.push(match letter {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => return self.unicode(string),
            other => other,
        });
        Some(())
    }

    fn unicode(&mut self, string: &mut String) -> Option<()> {
        let first = self.hex()?;
        let mut code = u32::from(first);
        if (0xd800..0xdc00).contains(&first) && self.text[self.at..].starts_with("\\u") {
            let back = self.at;
            self.at += 2;
            match self.hex()? {
                second @ 0xdc00..0xe000 => {
                    code = 0x10000 + ((code - 0xd800) << 10) + (u32::from(second) - 0xdc00);
                }
                _ => self.at = back,
            }
        }
        string.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        Some(())
    }

    fn hex(&mut self) -> Option<u16> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        u16::from_str_radix(digits, 16).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn number(text: &str) -> String {
        parse(text).unwrap().get("a").unwrap().scalar().unwrap().to_owned()
    }

    #[test]
    fn numbers_keep_their_text() {
        for digits in ["18446744073709551615", "-1", "1e400", "12.0", "123456789012345678901234567890"] {
            assert_eq!(number(&format!("{{\"a\": {digits}}}")), digits);
        }
        assert_eq!(number("{\"a\": \"0xABCDEF\"}"), "0xABCDEF");
    }

    #[test]
    fn what_writers_get_wrong_is_read() {
        assert_eq!(parse("[NaN, Infinity, -Infinity]"), Some(Value::List(vec![const { Value::Null }; 3])));
        assert_eq!(parse("\u{feff}[1,]\0\0"), Some(Value::List(vec![Value::Number("1")])));
        assert_eq!(prefix("{} {\"b\": 1}"), Some((Value::Map(vec![]), 2)));
        assert_eq!(number("{\"a\": 1, \"a\": 2}"), "2");
        assert_eq!(number("{\"a\": \"x\\ud800y\"}"), "x\u{fffd}y");
        assert_eq!(number("{\"a\": \"\\ud83d\\ude00\\n\\u732b\"}"), "😀\n猫");
        assert_eq!(number("{\"a\": \"line\nbreak\"}"), "line\nbreak");
    }

    #[test]
    fn what_is_no_complete_value_is_none() {
        for text in [
            "",
            "{",
            "{\"a\"",
            "{\"a\":",
            "[1",
            "[1 2]",
            "\"x",
            "\"\\u12",
            "word",
            "{a: 1}",
            "-",
            "{,}",
            "\"\\u123é\"",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn of_a_text_that_was_cut_whole_members_are_read() {
        let cut = |text| {
            whole_or_cut(text).map(|(value, is_whole)| {
                assert!(!is_whole, "{text}");
                value.to_string()
            })
        };
        assert_eq!(whole_or_cut("[1, {}]x"), prefix("[1, {}]").map(|(value, _)| (value, true)));
        assert_eq!(cut("{\"a\": 1, \"b\": \"cu").as_deref(), Some("{\"a\":1}"));
        assert_eq!(cut("{\"a\": {\"b\": [1, 2, ").as_deref(), Some("{\"a\":{\"b\":[1,2]}}"));
        for text in
            ["{", "{\"a\"", "[1, 2", "{a cat}, dog", &format!("{{\"a\": 1, \"b\": {}", "[".repeat(200))]
        {
            assert_eq!(cut(text), None, "{text}");
        }
    }

    #[test]
    fn depth_and_number_of_values_are_bounded() {
        assert_eq!(parse(&"[".repeat(100_000)), None);
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(parse(&deep), None);
        let wide = format!("[{}]", "[],".repeat(JSON_VALUES_MAX + 1));
        assert_eq!(parse(&wide), None);
        let fair = format!("{}{}", "[".repeat(100), "]".repeat(100));
        assert!(parse(&fair).is_some());
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in r#"([\[\]{}:,"\\]|\\u[0-9a-f]{0,5}|NaN|-?[0-9]{1,3}|é|[a-z ]{0,3}){0,40}"#) {
            let read = prefix(&text);
            let _ = read.as_ref().map(|(_, len)| &text[..*len]);
            proptest::prop_assert_eq!(len(&text), read.as_ref().map(|(_, len)| *len));
            let members = whole_or_cut(&text).and_then(|(value, _)| Some(value.map()?.to_owned()));
            let known: Vec<_> = members.unwrap_or_default().into_iter().map(|(key, _)| key).collect();
            proptest::prop_assert_eq!(keys(&text), known);
            let lenient = whole_or_cut(&text).filter(|(_, is_whole)| *is_whole).map(|(value, _)| value);
            proptest::prop_assert_eq!(lenient, read.map(|(value, _)| value));
        }
    }
}
