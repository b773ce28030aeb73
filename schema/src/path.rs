//! Paths as the ledger stores them: bytes relative to a root, and how they are shown.

use serde::{Deserialize, Serialize};

/// A folder below a root: components joined by `/`, no leading or trailing separator, `""` for
/// the root itself. Bytes, because file systems promise nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RelPath(Vec<u8>);

impl RelPath {
    /// The root itself.
    #[must_use]
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// From bytes that are already in normal form.
    #[must_use]
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes, `""` for the root.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The folder of this name below this one.
    #[must_use]
    pub fn join(&self, name: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(self.0.len() + 1 + name.len());
        bytes.extend_from_slice(&self.0);
        if !bytes.is_empty() && !name.is_empty() {
            bytes.push(b'/');
        }
        bytes.extend_from_slice(name);
        Self(bytes)
    }

    /// The folder above this one; `None` of the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let last = self.0.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        (!self.0.is_empty()).then(|| Self(self.0[..last].to_vec()))
    }

    /// What remains of this path below `ancestor`, if it is `ancestor` or below it.
    #[must_use]
    pub fn strip_prefix(&self, ancestor: &Self) -> Option<Self> {
        below(&self.0, &ancestor.0).map(Self::from_bytes)
    }
}

/// What remains of `path` below `ancestor` (both `/`-joined), compared by components; `""` when
/// they are equal, `None` when `path` lies elsewhere. The empty ancestor and `/` contain all.
#[must_use]
pub fn below<'a>(path: &'a [u8], ancestor: &[u8]) -> Option<&'a [u8]> {
    let ancestor = ancestor.strip_suffix(b"/").unwrap_or(ancestor);
    let rest = path.strip_prefix(ancestor)?;
    match rest.first() {
        None => Some(rest),
        Some(b'/') => Some(&rest[1..]),
        Some(_) if ancestor.is_empty() => Some(rest),
        Some(_) => None,
    }
}

/// An absolute path: root, folder below it and file name joined. Skips empty parts.
#[must_use]
pub fn absolute(root: &[u8], folder: &[u8], name: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(root.len() + folder.len() + name.len() + 2);
    bytes.extend_from_slice(root);
    for part in [folder, name] {
        if part.is_empty() {
            continue;
        }
        if bytes.last() != Some(&b'/') {
            bytes.push(b'/');
        }
        bytes.extend_from_slice(part);
    }
    bytes
}

/// The bytes as text: every byte that is not part of valid UTF-8 becomes U+FFFD and two
/// upper-case hex digits. So do the bytes of a U+FFFD that would be taken for such a one: no two names
/// are shown alike.
#[must_use]
pub fn display(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        let mut rest = chunk.valid();
        while let Some((before, after)) = rest.split_once(char::REPLACEMENT_CHARACTER) {
            text.push_str(before);
            match marked_byte(after) {
                Some(_) => push_marked(&mut text, REPLACEMENT),
                None => text.push(char::REPLACEMENT_CHARACTER),
            }
            rest = after;
        }
        text.push_str(rest);
        push_marked(&mut text, chunk.invalid());
    }
    text
}

/// As [`display`], of bytes that may be such a text already, or that are partly: only what is no UTF-8
/// is marked.
#[must_use]
pub fn display_unmarked(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        push_marked(&mut text, chunk.invalid());
    }
    text
}

/// U+FFFD itself.
const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

fn push_marked(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        text.push(char::REPLACEMENT_CHARACTER);
        text.push_str(&format!("{byte:02X}"));
    }
}

/// The byte that a U+FFFD stands for when this comes after it.
fn marked_byte(after: &str) -> Option<u8> {
    let digits = after.get(..2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok().filter(|byte| *byte >= 0x80)
}

/// The bytes [`display`] was given. A text that never came from there is taken literally.
#[must_use]
pub fn from_display(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(char::REPLACEMENT_CHARACTER) {
        bytes.extend_from_slice(before.as_bytes());
        rest = match marked_byte(after) {
            Some(byte) => {
                bytes.push(byte);
                &after[2..]
            }
            None => {
                bytes.extend_from_slice(REPLACEMENT);
                after
            }
        };
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_without_separator_is_not_an_ancestor() {
        assert_eq!(below(b"/a/bc", b"/a/b"), None);
        assert_eq!(below(b"/a/b/c", b"/a/b"), Some(&b"c"[..]));
        assert_eq!(below(b"/a/b", b"/a/b/"), Some(&b""[..]));
        assert_eq!(below(b"/a", b"/"), Some(&b"a"[..]));
        assert_eq!(below(b"x/y", b""), Some(&b"x/y"[..]));
    }

    #[test]
    fn above_everything_is_the_root() {
        let path = |text: &str| RelPath::from_bytes(text.as_bytes());
        assert_eq!(path("a/b c").parent(), Some(path("a")));
        assert_eq!(path("a").parent(), Some(RelPath::root()));
        assert_eq!(RelPath::root().parent(), None);
    }

    #[test]
    fn bytes_that_are_not_text_survive_being_shown() {
        for bytes in [&b"plain"[..], b"\xff\xfe.png", b"a\x80b", "ü\u{fffd}".as_bytes(), b"\xe2\x28"] {
            assert_eq!(from_display(&display(bytes)), bytes, "{bytes:?}");
        }
        assert_eq!(display(b"a\xffb"), "a\u{fffd}FFb");
    }

    #[test]
    fn a_name_that_looks_like_a_shown_byte_is_not_taken_for_another() {
        let (twin, odd) = ("a\u{fffd}FFb".as_bytes(), b"a\xffb");
        assert_ne!(display(twin), display(odd));
        for bytes in ["\u{fffd}\u{fffd}e9", "\u{fffd}7F \u{fffd}g0 \u{fffd}", "\u{fffd}80\u{fffd}aa"]
            .map(str::as_bytes)
        {
            assert_eq!(from_display(&display(bytes)), bytes, "{:?}", display(bytes));
        }
        assert_eq!(from_display(&display(twin)), twin);
    }

    #[test]
    fn what_is_shown_is_not_marked_again() {
        for bytes in [&b"caf\xe9 \xff"[..], "caf\u{fffd}E9".as_bytes()] {
            let shown = display(bytes);
            assert_eq!(display_unmarked(shown.as_bytes()), shown);
            assert_eq!(from_display(&display_unmarked(shown.as_bytes())), bytes);
        }
        assert_eq!(display_unmarked(b"\xff\xef\xbf\xbdE9"), "\u{fffd}FF\u{fffd}E9");
    }
}
