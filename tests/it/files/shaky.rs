//! A tree that fails, or ends the program, at whichever call it is told to; and one whose folder `far`
//! is on another disk.

use lumidex::sys::PathError;
use lumidex::sys::tree::{CopyNew, DiskTree, Listing, Look, Progress, Tree};
use parking_lot::Mutex;
use std::io;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::Arc;

/// What happens at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// It fails with this code, and so do all after it if it lasts.
    Fails { code: i32, lasts: bool },
    /// The program ends before it does anything.
    CutBefore,
    /// The program ends when it is done.
    CutAfter,
}

type Hook = Box<dyn Fn(&'static str) + Send + Sync>;

#[derive(Default)]
struct State {
    calls: u64,
    plan: Option<(u64, Mishap)>,
    log: Vec<&'static str>,
}

/// See the file's head. Clones share everything.
#[derive(Clone, Default)]
pub struct Shaky {
    state: Arc<Mutex<State>>,
    hook: Arc<Mutex<Option<Hook>>>,
}

/// What a cut unwinds with.
pub struct Cut;

impl Shaky {
    pub fn tree(&self) -> Arc<dyn Tree> {
        Arc::new(self.clone())
    }

    /// From now on counts anew, and at the `nth` call (the first is number 0) this happens.
    pub fn plan(&self, nth: u64, mishap: Mishap) {
        *self.state.lock() = State { plan: Some((nth, mishap)), ..State::default() };
    }

    /// From now on counts anew, and nothing happens.
    pub fn calm(&self) {
        *self.state.lock() = State::default();
    }

    /// What was called since.
    pub fn log(&self) -> Vec<&'static str> {
        self.state.lock().log.clone()
    }

    /// Is told each call before it is done.
    pub fn listen(&self, hook: impl Fn(&'static str) + Send + Sync + 'static) {
        *self.hook.lock() = Some(Box::new(hook));
    }

    fn call<T>(
        &self,
        doing: &'static str,
        path: &Path,
        act: impl FnOnce() -> Result<T, PathError>,
    ) -> Result<T, PathError> {
        if let Some(hook) = &*self.hook.lock() {
            hook(doing);
        }
        let mishap = {
            let mut state = self.state.lock();
            let nth = state.calls;
            state.calls += 1;
            state.log.push(doing);
            state.plan.and_then(|(planned, mishap)| match mishap {
                Mishap::Fails { lasts: true, .. } if nth >= planned => Some(mishap),
                _ => (nth == planned).then_some(mishap),
            })
        };
        match mishap {
            None => act(),
            Some(Mishap::Fails { code, .. }) => {
                Err(PathError::doing(doing, path)(io::Error::from_raw_os_error(code)))
            }
            Some(Mishap::CutBefore) => resume_unwind(Box::new(Cut)),
            Some(Mishap::CutAfter) => {
                let _ = act();
                resume_unwind(Box::new(Cut))
            }
        }
    }
}

/// What lies in a folder called `far` is on another disk.
fn is_far(path: &Path) -> bool {
    path.iter().any(|part| part == "far")
}

fn placed(look: Option<Look>, path: &Path) -> Option<Look> {
    look.map(|mut look| {
        look.sighting.device += u64::from(is_far(path));
        look
    })
}

fn same_disk(from: &Path, to: &Path) -> Result<(), PathError> {
    if is_far(from) == is_far(to) {
        return Ok(());
    }
    Err(PathError::doing("move", from)(io::ErrorKind::CrossesDevices.into()))
}

impl Tree for Shaky {
    fn look(&self, path: &Path) -> Result<Option<Look>, PathError> {
        self.call("look", path, || Ok(placed(DiskTree.look(path)?, path)))
    }

    fn look_through(&self, path: &Path) -> Result<Option<Look>, PathError> {
        self.call("look through", path, || Ok(placed(DiskTree.look_through(path)?, path)))
    }

    fn list(&self, folder: &Path) -> Result<Listing, PathError> {
        self.call("list", folder, || DiskTree.list(folder))
    }

    fn move_new(&self, from: &Path, to: &Path) -> Result<(), PathError> {
        self.call("move", from, || same_disk(from, to).and_then(|()| DiskTree.move_new(from, to)))
    }

    fn copy_new(&self, copy: CopyNew<'_>, progress: Progress<'_>) -> Result<(), PathError> {
        self.call("copy", copy.to, || DiskTree.copy_new(copy, progress))
    }

    fn copy_link(&self, from: &Path, to: &Path) -> Result<(), PathError> {
        self.call("copy the link", to, || DiskTree.copy_link(from, to))
    }

    fn is_same_content(&self, one: &Path, other: &Path, progress: Progress<'_>) -> Result<bool, PathError> {
        self.call("compare", one, || DiskTree.is_same_content(one, other, progress))
    }

    fn remove_file(&self, path: &Path) -> Result<(), PathError> {
        self.call("remove", path, || DiskTree.remove_file(path))
    }

    fn make_folder(&self, path: &Path, permissions: Option<u32>) -> Result<(), PathError> {
        self.call("make the folder", path, || DiskTree.make_folder(path, permissions))
    }

    fn remove_folder(&self, path: &Path) -> Result<(), PathError> {
        self.call("remove the folder", path, || DiskTree.remove_folder(path))
    }

    fn sync_folder(&self, path: &Path) -> Result<(), PathError> {
        self.call("sync", path, || DiskTree.sync_folder(path))
    }

    fn free_bytes(&self, folder: &Path) -> Result<u64, PathError> {
        self.call("ask for free space", folder, || DiskTree.free_bytes(folder))
    }
}
