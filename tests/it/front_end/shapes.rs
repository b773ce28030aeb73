//! What the front end reads of answers, and how strictly: types exact, arrays always arrays, nothing twice
//! where it keys a list by it.

use lumidex_schema::tag::TagKind;
use serde_json::Value;
use std::collections::BTreeSet;

/// What the page filters lists by; anything else is not shown.
const IMAGES: [&str; 8] = ["jpg", "jpeg", "png", "gif", "bmp", "webp", "avif", "jpe"];
const VIDEOS: [&str; 9] = ["mp4", "m4v", "avi", "mkv", "mov", "wmv", "flv", "ts", "webm"];
const AUDIOS: [&str; 7] = ["mp3", "wav", "ogg", "flac", "m4a", "aac", "wma"];
const UNITS: [&str; 7] = ["B", "KB", "MB", "GB", "TB", "PB", "EB"];

/// A file or folder of a list.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) is_folder: bool,
    pub(super) name: String,
    pub(super) path: String,
    pub(super) date: String,
    created: String,
    pub(super) is_indexed: bool,
    pub(super) bytes: u64,
    /// As it came.
    pub(super) whole: Value,
}

/// A tag.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tag {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) color: String,
    pub(super) count: u64,
    /// As it came.
    pub(super) whole: Value,
}

impl Entry {
    /// `image`, `video`, `audio`, or nothing: by its extension, as the page tells them apart.
    pub(super) fn media(&self) -> Option<&'static str> {
        if self.is_folder { None } else { media_of(&self.name) }
    }
}

/// See [`Entry::media`].
pub(super) fn media_of(name: &str) -> Option<&'static str> {
    let end = name.rsplit_once('.')?.1.to_lowercase();
    let kinds = [("image", &IMAGES[..]), ("video", &VIDEOS[..]), ("audio", &AUDIOS[..])];
    kinds.into_iter().find(|(_, ends)| ends.contains(&end.as_str())).map(|(kind, _)| kind)
}

/// An entry of any list.
#[track_caller]
pub(super) fn file(value: &Value) -> Entry {
    let text =
        |key: &str| value[key].as_str().unwrap_or_else(|| panic!("`{key}` is a text: {value}")).to_owned();
    let (name, path) = (text("name"), text("fullpath"));
    assert!(!name.is_empty() && path.starts_with('/') && path.ends_with(&name), "{value}");
    let kind = text("type");
    assert!(["file", "dir"].contains(&kind.as_str()), "{value}");
    for key in ["date", "created_time"] {
        assert_moment(&text(key));
    }
    if let Some(date) = value.get("created_date") {
        assert_eq!(date, &value["date"], "{value}");
    }
    let bytes = value["bytes"].as_u64().unwrap_or_else(|| panic!("`bytes` is a number: {value}"));
    let is_folder = kind == "dir";
    assert_eq!(text("size"), if is_folder { "-".to_owned() } else { size(bytes) }, "{value}");
    if let Some(id) = value.get("id") {
        assert!(id.is_u64() && !is_folder, "{value}");
    }
    if let Some(media) = value.get("media_type") {
        assert!(["image", "video", "audio"].contains(&media.as_str().unwrap()) && !is_folder, "{value}");
    }
    let is_indexed = value["is_under_scanned_path"].as_bool();
    let is_indexed = is_indexed.unwrap_or_else(|| panic!("`is_under_scanned_path` is a bool: {value}"));
    let (date, created) = (text("date"), text("created_time"));
    Entry { is_folder, name, path, date, created, is_indexed, bytes, whole: value.clone() }
}

/// A list, in which no path stands twice.
#[track_caller]
pub(super) fn files(value: &Value) -> Vec<Entry> {
    let entries: Vec<Entry> = value.as_array().expect("an array of files").iter().map(file).collect();
    assert_once(&entries);
    entries
}

/// No path stands twice: lists are keyed by it.
#[track_caller]
pub(super) fn assert_once(entries: &[Entry]) {
    let paths: BTreeSet<&str> = entries.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(paths.len(), entries.len(), "a path stands twice");
}

/// A page of a search, and the cursor of the next if there is one.
#[track_caller]
pub(super) fn found(answer: &Value) -> (Vec<Entry>, Option<String>) {
    let entries = files(&answer["files"]);
    assert!(entries.iter().all(|entry| !entry.is_folder && entry.is_indexed && entry.whole["id"].is_u64()));
    assert_eq!(answer.get("partial"), None, "the index is whole");
    let has_next = answer["cursor"]["has_next"].as_bool().expect("`has_next` is a bool");
    let next = answer["cursor"]["next"].as_str().expect("`next` is a text");
    assert!(!has_next || !next.is_empty());
    (entries, has_next.then(|| next.to_owned()))
}

/// Tags, none of them twice.
#[track_caller]
pub(super) fn tags(value: &Value) -> Vec<Tag> {
    let tags: Vec<Tag> = value.as_array().expect("an array of tags").iter().map(tag).collect();
    assert_eq!(
        tags.iter().map(|tag| tag.id).collect::<BTreeSet<_>>().len(),
        tags.len(),
        "an id stands twice"
    );
    let names: BTreeSet<(&str, &str)> =
        tags.iter().map(|tag| (tag.kind.as_str(), tag.name.as_str())).collect();
    assert_eq!(names.len(), tags.len(), "a name stands twice in its section");
    tags
}

/// A tag. Its id is a number, because the page makes one of the text `toggle-tag-<id>` again.
#[track_caller]
pub(super) fn tag(value: &Value) -> Tag {
    let text =
        |key: &str| value[key].as_str().unwrap_or_else(|| panic!("`{key}` is a text: {value}")).to_owned();
    let number = |key: &str| value[key].as_u64().unwrap_or_else(|| panic!("`{key}` is a number: {value}"));
    assert!(value["display_name"].is_null() || value["display_name"].is_string(), "{value}");
    assert!(value.get("display_name").is_some() && value["score"].is_u64(), "{value}");
    let kind = text("type");
    assert!(TagKind::ALL.iter().any(|known| known.word() == kind), "a section of the page: {value}");
    let name = text("name");
    assert!(!name.is_empty());
    Tag { id: number("id"), name, kind, color: text("color"), count: number("count"), whole: value.clone() }
}

/// A list of texts.
#[track_caller]
pub(super) fn texts(value: &Value) -> Vec<&str> {
    let texts = value.as_array().unwrap_or_else(|| panic!("an array: {value}"));
    texts.iter().map(|text| text.as_str().unwrap_or_else(|| panic!("a text: {text}"))).collect()
}

pub(super) fn is_object_of_texts(value: &Value) -> bool {
    value.as_object().is_some_and(|object| object.values().all(Value::is_string))
}

/// `YYYY-MM-DD HH:MM:SS`: what a browser can read as a date, and what folders are compared by.
#[track_caller]
pub(super) fn assert_moment(text: &str) {
    let read = jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S", text);
    assert!(text.len() == 19 && read.is_ok(), "{text}");
}

/// As the list is shown: what is no media is left out, folders come first, then what was made last.
pub(super) fn sorted(entries: &[Entry]) -> Vec<&Entry> {
    let mut shown: Vec<&Entry> =
        entries.iter().filter(|entry| entry.is_folder || entry.media().is_some()).collect();
    shown.sort_by(|a, b| (b.is_folder, &b.created).cmp(&(a.is_folder, &a.created)));
    shown
}

/// Two decimals and a unit.
fn size(bytes: u64) -> String {
    if bytes == 0 {
        return "0B".to_owned();
    }
    let (mut size, mut unit) = (bytes as f64, 0);
    while size >= 1024.0 {
        size /= 1024.0;
        unit += 1;
    }
    format!("{size:.2} {}", UNITS[unit])
}
