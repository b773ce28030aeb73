//! The archive of what a person did: a zip file of JSON lines, one object a line, in UTF-8. Only names and shapes.
//!
//! Paths are absolute, with `/`; a byte that is not UTF-8 stands as U+FFFD and two hexadecimal digits. Unknown
//! members of the zip and unknown fields of its lines are passed over, so that later programs may add some; whatever
//! else changes the meaning of what is there raises [`VERSION`].

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The word in a manifest that tells an archive from other zip files.
pub const WORD: &str = "lumidex-archive";
/// What is written today, and the newest that can be read. 1: first version.
pub const VERSION: u32 = 1;

/// [`Manifest`], a single JSON object.
pub const MANIFEST: &str = "manifest.json";
/// Lines of [`TagLine`], by kind and name.
pub const TAGS: &str = "tags.jsonl";
/// Lines of [`FolderLine`], by path.
pub const FOLDERS: &str = "folders.jsonl";
/// Lines of [`SettingLine`], by name.
pub const SETTINGS: &str = "settings.jsonl";
/// Lines of [`FileLine`], by path.
pub const FILES: &str = "files.jsonl";
/// Folder of covers, WebP pictures named by their BLAKE3 digest: `covers/0123....webp`.
pub const COVERS: &str = "covers/";
/// Lines of [`crate::document::Document`]: every image as its file says it is. For other programs; not read back.
pub const DOCUMENTS: &str = "documents.jsonl";
/// Lines of [`VectorLine`], by model and prompt.
pub const VECTORS: &str = "vectors.jsonl";
/// Lines of [`KeptLine`]: titles an upstream was paid for.
pub const TITLES: &str = "titles.jsonl";
/// Lines of [`KeptLine`]: groups of tags an upstream was paid for.
pub const ABSTRACTIONS: &str = "abstractions.jsonl";

/// What an archive says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`WORD`].
    pub archive: String,
    /// [`VERSION`].
    pub version: u32,
    /// Version of the program that wrote it.
    pub program: String,
    /// When it was made: RFC 3339, UTC.
    pub made: String,
    /// Each member but this one and covers, by name.
    pub members: BTreeMap<String, Member>,
}

/// One member of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Lines in it.
    pub lines: u64,
    /// Its length in bytes, unpacked.
    pub bytes: u64,
    /// BLAKE3 digest of these, 64 hexadecimal digits.
    pub blake3: String,
}

/// A custom tag, or another that a saved search names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagLine {
    /// By which other lines, and saved searches among the settings, name it. From 1.
    pub number: u32,
    /// `custom`, or the word of another kind: `Model`, `lora`.
    pub kind: String,
    /// Case kept.
    pub name: String,
    /// A CSS colour.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub color: String,
}

/// A folder a person gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderLine {
    /// Where it is.
    pub path: String,
    /// `scanned`, `scanned-fixed`, `walk`.
    pub types: Vec<String>,
    /// A name of the person's own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub alias: String,
}

/// A setting of a client: its page, saved searches, rules for tags.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingLine {
    /// Its name.
    pub name: String,
    /// Its value as JSON text.
    pub json: String,
}

/// A file a person did something to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileLine {
    /// Where it is, or was last.
    pub path: String,
    /// Its size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Its fingerprint, 32 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// It was not there any more; by its content it is known again.
    #[serde(default, skip_serializing_if = "is_false")]
    pub missing: bool,
    /// Numbers of tags the person put on it, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<u32>,
    /// Numbers of tags the person took off it, so that no rule puts them on again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<u32>,
    /// Numbers of tags that the person's rules put on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ruled: Vec<u32>,
    /// The generation text the person gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Name of the member with the cover the person chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cover: Option<String>,
}

/// A vector an upstream was paid for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VectorLine {
    /// The model that made it.
    pub model: String,
    /// SHA-256 digest of the cleaned prompt with the version of the rules of cleaning, 64 hexadecimal digits.
    pub prompt: String,
    /// Little-endian `f32`, in Base64.
    pub vector: String,
}

/// A title, or a group of tags.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptLine {
    /// What it was asked for.
    pub key: String,
    /// What was answered, as JSON text.
    pub json: String,
}

// The shape that serde's attribute wants.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(value: &bool) -> bool {
    !value
}

/// Name of the member that holds this cover.
#[must_use]
pub fn cover_name(webp: &[u8]) -> String {
    format!("{COVERS}{}.webp", blake3::hash(webp).to_hex())
}

/// Bytes as lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes from hexadecimal digits; `None` when there are more, fewer or others.
#[must_use]
pub fn from_hex<const N: usize>(digits: &str) -> Option<[u8; N]> {
    if digits.len() != 2 * N || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_come_back_and_others_do_not() {
        assert_eq!(from_hex(&hex(&[0, 7, 255])), Some([0, 7, 255]));
        for bad in ["", "0", "000", "0g", "+1", "é"] {
            assert_eq!(from_hex::<1>(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_a_line_does_not_say_takes_no_room() {
        let line = FileLine { path: "/a.png".to_owned(), tags: vec![1], ..FileLine::default() };
        let text = serde_json::to_string(&line).expect("a line");
        assert_eq!(text, r#"{"path":"/a.png","tags":[1]}"#);
        assert_eq!(serde_json::from_str::<FileLine>(&text).ok(), Some(line));
        let more = r#"{"path":"/a.png","tags":[1],"later":{"x":1}}"#;
        assert_eq!(serde_json::from_str::<FileLine>(more).ok().map(|line| line.tags), Some(vec![1]));
    }
}
