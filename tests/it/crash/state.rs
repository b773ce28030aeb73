//! What is where: the files of a world as they should be, and how they change. Touches no disk.

use super::picture::Content;
use std::collections::{BTreeMap, BTreeSet};

/// Folders directly below the root that hold pictures.
pub(super) const FOLDERS: usize = 5;

/// What is known of the files below a root. A path is given once in a world's life, so it always means
/// the same picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    /// By path below the root. Sidecars are where their pictures are.
    pub(super) present: BTreeMap<String, Content>,
    /// In the trash, by the path they had.
    pub(super) trash: BTreeMap<String, Content>,
    /// Outside of the root, where nobody looks.
    pub(super) gone: Vec<Content>,
    pub(super) folders: Vec<String>,
    /// Folders that were asked for and hold nothing.
    pub(super) made: BTreeSet<String>,
    /// Pixels that several pictures have, or had.
    pub(super) copied: BTreeSet<u32>,
    /// Pixels of pictures that were removed for good.
    removed: BTreeSet<u32>,
    /// Which picture a path has meant, for ever.
    keys: BTreeMap<String, u32>,
    names: u32,
    last_key: u32,
}

/// Something that becomes of a picture, with its sidecar, or of a folder. Paths are below the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Move {
        from: String,
        to: String,
    },
    Copy {
        from: String,
        to: String,
        key: u32,
    },
    Trash(String),
    /// Out of the trash, where it was.
    Back(String),
    /// For good.
    Remove(String),
    Folder {
        from: String,
        to: String,
    },
    Make(String),
    Unmake(String),
}

impl State {
    /// What it is after all of these; `None` when one of them cannot be.
    pub(super) fn after(&self, changes: &[Change]) -> Option<Self> {
        let mut state = self.clone();
        changes.iter().all(|change| state.change(change)).then_some(state)
    }

    /// What takes these back, as things are.
    pub(super) fn inverse(&self, changes: &[Change]) -> Option<Vec<Change>> {
        let mut inverse = Vec::with_capacity(changes.len());
        for change in changes.iter().rev().cloned() {
            inverse.push(match change {
                Change::Move { from, to } => Change::Move { from: to, to: from },
                // A copy that is not there any more is none to be taken away.
                Change::Copy { to, .. } if !self.present.contains_key(&to) => continue,
                Change::Copy { to: path, .. } | Change::Back(path) => Change::Trash(path),
                Change::Trash(path) => Change::Back(path),
                Change::Remove(_) => return None,
                Change::Folder { from, to } => Change::Folder { from: to, to: from },
                Change::Make(path) => Change::Unmake(path),
                Change::Unmake(path) => Change::Make(path),
            });
        }
        Some(inverse)
    }

    fn change(&mut self, change: &Change) -> bool {
        match change {
            Change::Move { from, to } => match self.present.remove(from) {
                Some(content) => self.put(to, content),
                None => false,
            },
            Change::Copy { from, to, key } => {
                let Some(content) = self.present.get(from).copied() else { return false };
                // Tags follow content: beside a deleted picture, its equal that arrives is that one again.
                let is_equal = |other: &Content| other.pixels == content.pixels;
                if self.removed.contains(&content.pixels) || self.trash.values().any(is_equal) {
                    return false;
                }
                self.copied.insert(content.pixels);
                self.put(to, Content { key: *key, ..content })
            }
            Change::Trash(path) => match self.present.remove(path) {
                Some(content) => self.trash.insert(path.clone(), content).is_none(),
                None => false,
            },
            Change::Back(path) => match self.trash.remove(path) {
                Some(content) => self.put(path, content),
                None => false,
            },
            Change::Remove(path) => match self.present.remove(path) {
                Some(content) => {
                    self.removed.insert(content.pixels);
                    true
                }
                None => false,
            },
            Change::Folder { from, to } => self.folder(from, to),
            Change::Make(path) => self.made.insert(path.clone()),
            Change::Unmake(path) => self.made.remove(path),
        }
    }

    fn folder(&mut self, from: &str, to: &str) -> bool {
        if let Some(nth) = self.folders.iter().position(|folder| folder == from) {
            to.clone_into(&mut self.folders[nth]);
        }
        self.below(from).into_iter().all(|path| {
            let content = self.present.remove(&path);
            content.is_some_and(|content| self.put(&format!("{to}{}", &path[from.len()..]), content))
        })
    }

    /// Paths of the pictures in a folder and below.
    pub(super) fn below(&self, folder: &str) -> Vec<String> {
        let inside = format!("{folder}/");
        self.present.keys().filter(|path| path.starts_with(&inside)).cloned().collect()
    }

    /// A picture is at this path, if that means no other and nothing is there.
    pub(super) fn put(&mut self, path: &str, content: Content) -> bool {
        let key = *self.keys.entry(path.to_owned()).or_insert(content.key);
        key == content.key && self.present.insert(path.to_owned(), content).is_none()
    }

    /// A name that was never given.
    pub(super) fn name(&mut self) -> String {
        self.names += 1;
        format!("{:06}", self.names)
    }

    /// A path that was never given, in some folder.
    pub(super) fn path(&mut self, folder: usize) -> String {
        let name = self.name();
        format!("{}/{name}.png", self.folders[folder % FOLDERS])
    }

    pub(super) fn key(&mut self) -> u32 {
        self.last_key += 1;
        self.last_key
    }

    /// What stands below the root and outside of the trash, with its bytes: pictures and sidecars.
    pub(super) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        with_sidecars(&self.present)
    }

    /// What stands in the trash, by the path it had.
    pub(super) fn trashed(&self) -> BTreeMap<String, Vec<u8>> {
        with_sidecars(&self.trash)
    }
}

fn with_sidecars(pictures: &BTreeMap<String, Content>) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for (path, content) in pictures {
        files.insert(path.clone(), content.bytes());
        if let Some(beside) = content.beside() {
            files.insert(sidecar(path), beside.into_bytes());
        }
    }
    files
}

/// The path of a picture's sidecar.
pub(super) fn sidecar(path: &str) -> String {
    format!("{}.txt", path.strip_suffix(".png").unwrap())
}
