//! What a person did elsewhere, as an import read it, still in the words of where it comes from.

use std::collections::HashMap;

use lumidex_schema::archive::hex;
use lumidex_schema::pending::Mark;
use lumidex_schema::record::Fingerprint;
use lumidex_schema::tag::TagKind;

use super::complaints::Complaints;
use super::mapping::{PathMap, Placed};

/// Everything that was read.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// Images there, whether or not a person did anything to them; `None` when it does not say.
    pub(super) images: Option<u64>,
    /// Custom tags, each name once.
    pub(super) tags: Vec<SourceTag>,
    /// Tags of other kinds that are to be there, for settings name them.
    pub(super) other_tags: Vec<(TagKind, String)>,
    /// Kind and name of every tag by its number there.
    pub(super) tag_ids: HashMap<i64, (String, String)>,
    /// Files a person did something to, by path.
    pub(super) files: Vec<SourceFile>,
    /// Folders: path, types joined by `+`, alias.
    pub(super) folders: Vec<(String, String, String)>,
    /// Settings: name and JSON text.
    pub(super) settings: Vec<(String, String)>,
    /// Bytes that are no text stand in paths as they are shown.
    pub(super) has_shown_paths: bool,
    pub(super) complaints: Complaints,
}

/// A custom tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SourceTag {
    pub(super) name: String,
    pub(super) color: String,
}

/// A file a person did something to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SourceFile {
    /// As it stands there.
    pub(super) path: String,
    /// [`lumidex_schema::pending::UNKNOWN_SIZE`] if it does not say.
    pub(super) size: u64,
    /// All zero if it does not say.
    pub(super) fingerprint: Fingerprint,
    /// It was not there any more.
    pub(super) was_missing: bool,
    /// Places in [`Source::tags`], ascending.
    pub(super) tags: Vec<u32>,
    /// Places of tags that were taken off it, ascending.
    pub(super) refused: Vec<u32>,
    /// Places of tags that rules put on it, ascending.
    pub(super) ruled: Vec<u32>,
    /// The text it was given by hand.
    pub(super) text: Option<String>,
    /// Where the cover that was chosen for it stands.
    pub(super) cover: Option<String>,
    /// No other image there has its name and size.
    pub(super) is_unique: bool,
}

impl SourceFile {
    /// Under what it waits: its path there, and its content where several may have been at one path.
    pub(super) fn key(&self) -> Vec<u8> {
        let mut key = self.path.clone().into_bytes();
        if let Some(mark) = Mark::of_content(&self.fingerprint) {
            // No path has a NUL.
            key.push(0);
            key.extend_from_slice(hex(&mark.name[1..]).as_bytes());
        }
        key
    }

    /// What tells it from others wherever it is now, if anything does.
    pub(super) fn mark(&self, name: &[u8]) -> Option<Mark> {
        let by_name = || self.is_unique.then(|| Mark::of_name(name, self.size));
        Mark::of_content(&self.fingerprint).or_else(by_name)
    }
}

impl Source {
    /// Where a path of there is.
    pub(super) fn place(&self, map: &PathMap, path: &str) -> Placed {
        let mut placed = map.place(path);
        if self.has_shown_paths {
            placed.path = lumidex_schema::path::from_display(&String::from_utf8_lossy(&placed.path));
        }
        placed
    }
}

/// A digest of a mark.
pub(super) fn digest_of(mark: &Mark) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    mark.hash(&mut hasher);
    hasher.finish()
}
