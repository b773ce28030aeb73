//! The files of a world: what is where, and what can happen to them. A path is given once in a
//! world's life, so it always means the same file.

use super::picture::Content;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders below the root.
const FOLDERS: usize = 5;

/// The files, shared by who moves them and who names them.
pub(super) struct Files {
    root: PathBuf,
    /// Outside the root: where files are while they are gone.
    stash: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Contents of files under the root, by path below it.
    present: BTreeMap<String, Content>,
    gone: Vec<Content>,
    folders: Vec<String>,
    /// Which file a path has meant, for ever.
    keys: BTreeMap<String, u32>,
    names: u32,
}

impl Files {
    /// So many new ones.
    pub(super) fn new(dir: &Path, n: u32) -> Self {
        let files = Self { root: dir.join("pics"), stash: dir.join("stash"), state: Mutex::default() };
        fs::create_dir_all(&files.stash).unwrap();
        {
            let state = &mut *files.state.lock();
            for nth in 0..FOLDERS {
                state.folders.push(format!("folder{nth}"));
                fs::create_dir_all(files.root.join(&state.folders[nth])).unwrap();
            }
            for key in 0..n {
                let path = state.name(key, key as usize);
                let content = Content { key, version: 0 };
                fs::write(files.root.join(&path), content.bytes()).unwrap();
                state.present.insert(path, content);
            }
        }
        files
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Contents by absolute path, as of now.
    pub(super) fn present(&self) -> BTreeMap<String, Content> {
        let absolute = |path: &String| self.root.join(path).to_str().unwrap().to_owned();
        self.state.lock().present.iter().map(|(path, content)| (absolute(path), *content)).collect()
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

    /// Which file an absolute path means.
    pub(super) fn key_of(&self, path: &str) -> u32 {
        let below = Path::new(path).strip_prefix(&self.root).unwrap().to_str().unwrap();
        self.state.lock().keys[below]
    }

    /// Something happens to a file; which one it was and what it holds, if it is there.
    pub(super) fn change(&self, rng: &mut fastrand::Rng) -> Option<(String, Content)> {
        let state = &mut *self.state.lock();
        let chosen = state.present.iter().nth(rng.usize(..state.present.len()));
        let (path, content) = chosen.map(|(path, content)| (path.clone(), *content)).unwrap();
        let at = |below: &str| self.root.join(below);
        match rng.u8(..10) {
            // Another file.
            0 | 1 => {
                let key = state.keys.values().max().unwrap() + 1;
                let content = Content { key, version: 0 };
                let to = state.name(key, rng.usize(..));
                // Written beside and renamed, as generators do; then it is whole when it is there.
                let beside = self.stash.join("in-the-making");
                fs::write(&beside, content.bytes()).unwrap();
                fs::rename(&beside, at(&to)).unwrap();
                state.present.insert(to.clone(), content);
                Some((to, content))
            }
            // The same picture with another text in it.
            2 => {
                let content = Content { version: content.version + 1, ..content };
                let beside = self.stash.join("in-the-making");
                fs::write(&beside, content.bytes()).unwrap();
                fs::rename(&beside, at(&path)).unwrap();
                state.present.insert(path.clone(), content);
                Some((path, content))
            }
            // Touched.
            3 => {
                let file = fs::File::options().write(true).open(at(&path)).unwrap();
                file.set_modified(std::time::SystemTime::now()).unwrap();
                Some((path, content))
            }
            // Deleted, or moved where nobody looks.
            4 if state.present.len() > 50 => {
                fs::rename(at(&path), self.stash.join(content.key.to_string())).unwrap();
                state.present.remove(&path);
                state.gone.push(content);
                None
            }
            // Back, anywhere.
            4 | 5 if !state.gone.is_empty() => {
                let content = state.gone.swap_remove(rng.usize(..state.gone.len()));
                let to = state.name(content.key, rng.usize(..));
                fs::rename(self.stash.join(content.key.to_string()), at(&to)).unwrap();
                state.present.insert(to.clone(), content);
                Some((to, content))
            }
            // A whole folder gets another name.
            6 => {
                let nth = rng.usize(..FOLDERS);
                state.names += 1;
                let to = format!("folder{nth}-{}", state.names);
                let from = std::mem::replace(&mut state.folders[nth], to.clone());
                fs::rename(at(&from), at(&to)).unwrap();
                let inside = format!("{from}/");
                let moved: Vec<_> =
                    state.present.keys().filter(|path| path.starts_with(&inside)).cloned().collect();
                for path in &moved {
                    let content = state.present.remove(path).unwrap();
                    let path = format!("{to}/{}", &path[inside.len()..]);
                    state.keys.insert(path.clone(), content.key);
                    state.present.insert(path, content);
                }
                None
            }
            // Another name, in any folder.
            _ => {
                let to = state.name(content.key, rng.usize(..));
                fs::rename(at(&path), at(&to)).unwrap();
                state.present.remove(&path);
                state.present.insert(to.clone(), content);
                Some((to, content))
            }
        }
    }

    /// An absolute path.
    pub(super) fn absolute(&self, below: &str) -> String {
        self.root.join(below).to_str().unwrap().to_owned()
    }
}

impl State {
    /// A path that was never given, in some folder.
    fn name(&mut self, key: u32, folder: usize) -> String {
        self.names += 1;
        let path = format!("{}/{:06}.png", self.folders[folder % FOLDERS], self.names);
        self.keys.insert(path.clone(), key);
        path
    }
}
