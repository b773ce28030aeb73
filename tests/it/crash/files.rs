//! The files of a world on the disk, and what other programs do to them.

use super::picture::Content;
use super::state::{Change, FOLDERS, State, sidecar};
use parking_lot::{Mutex, MutexGuard};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The files, shared by who moves them and who names them.
pub(super) struct Files {
    root: PathBuf,
    /// Outside the root: where files are while they are gone.
    stash: PathBuf,
    /// Held while something happens to files, so that it is known what; whether it is not.
    hands: Mutex<bool>,
    state: Mutex<State>,
}

/// Files below a root by path, as they are on the disk.
pub(super) type OnDisk = BTreeMap<String, Vec<u8>>;

impl Files {
    /// So many new ones.
    pub(super) fn new(dir: &Path, n: u32) -> Self {
        let (root, stash) = (dir.join("pics"), dir.join("stash"));
        fs::create_dir_all(&stash).unwrap();
        let files = Self { root, stash, hands: Mutex::default(), state: Mutex::default() };
        {
            let state = &mut *files.state.lock();
            for nth in 0..FOLDERS {
                state.folders.push(format!("folder{nth}"));
                fs::create_dir_all(files.root.join(&state.folders[nth])).unwrap();
            }
            for nth in 0..n as usize {
                let (path, content) = (state.path(nth), Content::new(state.key()));
                files.write(&path, content);
                assert!(state.put(&path, content));
            }
        }
        files
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Contents by absolute path, as of now.
    pub(super) fn present(&self) -> BTreeMap<String, Content> {
        let state = self.state.lock();
        state.present.iter().map(|(path, content)| (self.absolute(path), *content)).collect()
    }

    /// Some files and where they are.
    pub(super) fn some(&self, n: usize, rng: &mut fastrand::Rng) -> Vec<(u32, String)> {
        let present: Vec<_> = self.present().into_iter().collect();
        (0..n)
            .map(|_| {
                let (path, content) = &present[rng.usize(..present.len())];
                (content.key, path.clone())
            })
            .collect()
    }

    /// Nothing else happens to files until this is dropped, and as long as it says that nobody knows what
    /// is where.
    pub(super) fn hands(&self) -> MutexGuard<'_, bool> {
        self.hands.lock()
    }

    pub(super) fn state(&self) -> State {
        self.state.lock().clone()
    }

    pub(super) fn set_state(&self, state: State) {
        *self.state.lock() = state;
    }

    /// An absolute path.
    pub(super) fn absolute(&self, below: &str) -> String {
        self.root.join(below).to_str().unwrap().to_owned()
    }

    /// Something happens to a file, by the hands of the caller; which one it was and what it holds, if it is there.
    pub(super) fn change(&self, rng: &mut fastrand::Rng) -> Option<(String, Content)> {
        let state = &mut *self.state.lock();
        let chosen = state.present.iter().nth(rng.usize(..state.present.len()));
        let (path, content) = chosen.map(|(path, content)| (path.clone(), *content)).unwrap();
        // Which of several equal pictures it was that went, nobody could say.
        let is_single = !state.copied.contains(&content.pixels);
        match rng.u8(..10) {
            // Another file.
            0 | 1 => {
                let content = Content::new(state.key());
                let to = state.path(rng.usize(..));
                self.write(&to, content);
                assert!(state.put(&to, content));
                Some((to, content))
            }
            // The same picture with another text in it.
            2 if is_single => {
                let content = Content { version: content.version + 1, ..content };
                self.write(&path, content);
                state.present.insert(path.clone(), content);
                Some((path, content))
            }
            // Touched.
            3 => {
                let file = fs::File::options().write(true).open(self.root.join(&path)).unwrap();
                file.set_modified(std::time::SystemTime::now()).unwrap();
                Some((path, content))
            }
            // Deleted, or moved where nobody looks.
            4 if state.present.len() > 50 && is_single => {
                self.shift(content, &self.root.join(&path), &self.stashed(content));
                state.present.remove(&path);
                state.gone.push(content);
                None
            }
            // Back, anywhere.
            4 | 5 if !state.gone.is_empty() => {
                let content = state.gone.swap_remove(rng.usize(..state.gone.len()));
                let to = state.path(rng.usize(..));
                self.shift(content, &self.stashed(content), &self.root.join(&to));
                assert!(state.put(&to, content));
                Some((to, content))
            }
            // A whole folder gets another name.
            6 => {
                let nth = rng.usize(..FOLDERS);
                let (from, to) = (state.folders[nth].clone(), format!("folder{nth}-{}", state.name()));
                fs::rename(self.root.join(&from), self.root.join(&to)).unwrap();
                *state = state.after(&[Change::Folder { from, to }]).unwrap();
                None
            }
            // Another name, in any folder.
            _ => {
                let to = state.path(rng.usize(..));
                self.shift(content, &self.root.join(&path), &self.root.join(&to));
                *state = state.after(&[Change::Move { from: path, to: to.clone() }]).unwrap();
                Some((to, content))
            }
        }
    }

    /// Written beside and renamed, as generators do; then it is whole when it is there.
    fn write(&self, path: &str, content: Content) {
        let beside = self.stash.join("in-the-making");
        fs::write(&beside, content.bytes()).unwrap();
        fs::rename(&beside, self.root.join(path)).unwrap();
        if let Some(text) = content.beside() {
            fs::write(self.root.join(sidecar(path)), text).unwrap();
        }
    }

    fn stashed(&self, content: Content) -> PathBuf {
        self.stash.join(format!("{}.png", content.key))
    }

    fn shift(&self, content: Content, from: &Path, to: &Path) {
        fs::rename(from, to).unwrap();
        if content.beside().is_some() {
            fs::rename(from.with_extension("txt"), to.with_extension("txt")).unwrap();
        }
    }

    /// What is below the root, and what is in the trash by the path it had.
    pub(super) fn on_disk(&self) -> (OnDisk, OnDisk) {
        on_disk(&self.root)
    }

    /// Folders that were made to hold nothing.
    pub(super) fn made_on_disk(&self) -> Vec<String> {
        let names = fs::read_dir(&self.root).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut made: Vec<String> = names.filter(|name| name.starts_with("made")).collect();
        made.sort();
        made
    }
}

/// Every file below a root, and every one in its trash by the path it had; nothing is passed over.
pub(super) fn on_disk(root: &Path) -> (OnDisk, OnDisk) {
    let (mut kept, mut trash) = (OnDisk::new(), OnDisk::new());
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let below = path.strip_prefix(root).unwrap().to_str().unwrap();
            let twice = match below.strip_prefix(".lumidex-trash/") {
                Some(deleted) => {
                    let (_operation, below) = deleted.split_once('/').unwrap();
                    trash.insert(below.to_owned(), fs::read(&path).unwrap())
                }
                None => kept.insert(below.to_owned(), fs::read(&path).unwrap()),
            };
            assert_eq!(twice, None, "`{below}` is in the trash once");
        }
    }
    (kept, trash)
}
