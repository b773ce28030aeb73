//! Which files and folders changed, and when each is to be looked at. Pure: time is handed in, and
//! paths are only names here.
//!
//! A file that is finished, because its writer closed it or it was moved in, is due at once; any other
//! change makes it due when it has been quiet for a while. What is gone waits a little for its other
//! half, and goes with whatever is due earlier, so that both halves of a move come together.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use lumidex_schema::id::RootId;
use lumidex_schema::media::MediaKind;
use lumidex_schema::path::RelPath;

use crate::intake::beside::{LOG_NAME, sidecar_parts};
use crate::intake::rules::{IGNORE_FILE, is_passed_over};
use crate::limits::watch as limits;

/// Time since some beginning.
pub(super) type Moment = Duration;

/// What happened to a name in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Closed by its writer, moved in, or a folder that was made.
    Finished,
    /// Made or written to.
    Written,
    /// Its times or rights changed.
    Touched,
    /// Removed or moved away.
    Gone,
}

/// A place to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// A name in a folder: a file, a folder, or nothing any more.
    Name {
        root: RootId,
        folder: RelPath,
        name: Vec<u8>,
        /// It was looked at shortly before and written to since: it is another file even if size and
        /// time are the same, because clocks of file systems are coarse.
        is_rewritten: bool,
    },
    /// A folder and everything below it.
    Tree { root: RootId, folder: RelPath },
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    root: RootId,
    folder: RelPath,
    /// Without one it is the folder as a whole.
    name: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// To be looked at, at the latest then.
    Waiting { due: Moment, is_gone: bool, is_written: bool },
    /// Was looked at; forgotten then.
    Cooling { until: Moment },
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    state: State,
    /// How often it was looked at lately.
    n_looks: u32,
}

/// See the file's head.
#[derive(Debug, Default)]
pub(super) struct Dirty {
    entries: BTreeMap<Arc<Key>, Entry>,
    /// Entries by the time at which something happens to them.
    timed: BTreeSet<(Moment, Arc<Key>)>,
    /// Those of the waiting ones that are gone.
    gone: BTreeSet<Arc<Key>>,
    /// Waiting names by folder.
    n_waiting: HashMap<(RootId, RelPath), usize>,
}

impl Dirty {
    /// Notes a change of a name in a folder.
    pub(super) fn mark(&mut self, root: RootId, folder: &RelPath, name: &[u8], change: Change, now: Moment) {
        if name == IGNORE_FILE {
            return self.mark_tree(root, folder, now + limits::HOLD);
        }
        if is_passed_over(name) || self.is_tree_waiting(root, folder) {
            return;
        }
        // What is neither media nor describes it may be a folder; one is never written to.
        let may_be_file =
            MediaKind::of_name(name).is_some() || sidecar_parts(name).is_some() || name == LOG_NAME;
        if !may_be_file && change == Change::Written {
            return self.mark(root, folder, name, Change::Touched, now);
        }
        let key = Arc::new(Key { root, folder: folder.clone(), name: Some(name.to_vec()) });
        let known = self.entries.get(&key).copied();
        if !matches!(known, Some(Entry { state: State::Waiting { .. }, .. }))
            && self.is_full(root, folder, now)
        {
            return;
        }
        let n_looks = known.map_or(0, |entry| entry.n_looks);
        let state = state_after(known, change, now);
        self.put(key, Entry { state, n_looks });
    }

    /// The folder and everything below it is to be looked at, at `due`.
    pub(super) fn mark_tree(&mut self, root: RootId, folder: &RelPath, due: Moment) {
        let n_folders = self.n_waiting.keys().filter(|(known, _)| *known == root).count();
        if n_folders >= limits::FOLDERS_PER_ROOT_MAX && *folder != RelPath::root() {
            return self.mark_tree(root, &RelPath::root(), due);
        }
        let key = Arc::new(Key { root, folder: folder.clone(), name: None });
        let earlier = match self.entries.get(&key) {
            Some(Entry { state: State::Waiting { due: known, .. }, .. }) => due.min(*known),
            _ => due,
        };
        self.drop_names_below(root, folder);
        let state = State::Waiting { due: earlier, is_gone: false, is_written: false };
        self.put(key, Entry { state, n_looks: 0 });
    }

    /// Forgets everything about a root.
    pub(super) fn forget(&mut self, root: RootId) {
        let of_root = |key: &&Arc<Key>| key.root == root;
        let keys: Vec<_> = self.entries.keys().filter(of_root).cloned().collect();
        keys.iter().for_each(|key| self.drop_entry(key));
    }

    /// What is to be looked at now, at most `max`; whatever is gone comes with it.
    pub(super) fn take(&mut self, now: Moment, max: usize) -> Vec<Due> {
        let mut taken = Vec::new();
        while let Some((at, key)) = self.timed.first().cloned() {
            if at > now || taken.len() >= max {
                break;
            }
            match self.entries.get(&key).map(|entry| entry.state) {
                Some(State::Waiting { .. }) => taken.push(self.take_one(&key, now)),
                Some(State::Cooling { .. }) | None => self.drop_entry(&key),
            }
        }
        while !taken.is_empty() && taken.len() < max {
            let Some(key) = self.gone.first().cloned() else { break };
            taken.push(self.take_one(&key, now));
        }
        taken
    }

    /// When something is next to be looked at or forgotten.
    pub(super) fn next(&self) -> Option<Moment> {
        self.timed.first().map(|(at, _)| *at)
    }

    fn take_one(&mut self, key: &Arc<Key>, now: Moment) -> Due {
        let Key { root, folder, name } = (**key).clone();
        let Some(name) = name else {
            self.drop_entry(key);
            return Due::Tree { root, folder };
        };
        let (n_looks, is_written) = match self.entries.get(key) {
            Some(Entry { state: State::Waiting { is_written, .. }, n_looks }) => (*n_looks, *is_written),
            _ => (0, false),
        };
        let state = State::Cooling { until: now + limits::COOL };
        self.put(Arc::clone(key), Entry { state, n_looks: n_looks.saturating_add(1) });
        Due::Name { root, folder, name, is_rewritten: n_looks > 0 && is_written }
    }

    /// Whether there is room for one more name; if not, its folder is looked at as a whole.
    fn is_full(&mut self, root: RootId, folder: &RelPath, now: Moment) -> bool {
        let n_in_folder = self.n_waiting.get(&(root, folder.clone())).copied().unwrap_or(0);
        if n_in_folder < limits::FILES_PER_FOLDER_MAX && self.entries.len() < limits::FILES_MAX {
            return false;
        }
        self.mark_tree(root, folder, now + limits::SETTLE);
        true
    }

    fn is_tree_waiting(&self, root: RootId, folder: &RelPath) -> bool {
        let tree = Key { root, folder: folder.clone(), name: None };
        let top = Key { root, folder: RelPath::root(), name: None };
        self.entries.contains_key(&tree) || self.entries.contains_key(&top)
    }

    fn drop_names_below(&mut self, root: RootId, folder: &RelPath) {
        let from = Key { root, folder: folder.clone(), name: None };
        let is_below = |key: &Key| key.root == root && key.folder.strip_prefix(folder).is_some();
        // Paths that only begin alike may stand between those below, so the range ends with what
        // does not even begin alike.
        let begins_alike =
            |key: &Key| key.root == root && key.folder.as_bytes().starts_with(folder.as_bytes());
        let range = self.entries.range::<Key, _>(from..).map(|(key, _)| key);
        let keys: Vec<_> =
            range.take_while(|key| begins_alike(key)).filter(|key| is_below(key)).cloned().collect();
        keys.iter().for_each(|key| self.drop_entry(key));
    }

    fn put(&mut self, key: Arc<Key>, entry: Entry) {
        self.drop_entry(&key);
        let at = match entry.state {
            State::Waiting { due, is_gone, .. } => {
                *self.n_waiting.entry((key.root, key.folder.clone())).or_default() += 1;
                if is_gone {
                    self.gone.insert(Arc::clone(&key));
                }
                due
            }
            State::Cooling { until } => until,
        };
        self.timed.insert((at, Arc::clone(&key)));
        self.entries.insert(key, entry);
    }

    fn drop_entry(&mut self, key: &Arc<Key>) {
        let Some(entry) = self.entries.remove(key) else { return };
        let at = match entry.state {
            State::Waiting { due, .. } => {
                let place = (key.root, key.folder.clone());
                if let Some(n) = self.n_waiting.get_mut(&place) {
                    *n -= 1;
                    if *n == 0 {
                        self.n_waiting.remove(&place);
                    }
                }
                self.gone.remove(key);
                due
            }
            State::Cooling { until } => until,
        };
        self.timed.remove(&(at, Arc::clone(key)));
    }
}

/// What a change makes of a name.
fn state_after(known: Option<Entry>, change: Change, now: Moment) -> State {
    let n_looks = known.map_or(0, |entry| entry.n_looks);
    let (due_before, was_written) = match known.map(|entry| entry.state) {
        Some(State::Waiting { due, is_gone, is_written }) => (Some((due, is_gone)), is_written),
        Some(State::Cooling { .. }) | None => (None, false),
    };
    match change {
        Change::Finished => {
            let due = match n_looks.checked_sub(limits::READS_AT_ONCE_MAX) {
                None => now + limits::GATHER,
                Some(n_beyond) => now + settle(n_beyond),
            };
            State::Waiting { due, is_gone: false, is_written: true }
        }
        Change::Written => State::Waiting { due: now + settle(n_looks), is_gone: false, is_written: true },
        // Says nothing of the content, so what is about to be read need not wait for it.
        Change::Touched => {
            let (due, is_gone) = due_before.unwrap_or((now + settle(n_looks), false));
            State::Waiting { due, is_gone, is_written: was_written }
        }
        Change::Gone => State::Waiting { due: now + limits::HOLD, is_gone: true, is_written: true },
    }
}

/// How long a file looked at so often lately must be quiet.
fn settle(n_looks: u32) -> Duration {
    (limits::SETTLE * 2_u32.pow(n_looks.min(8))).min(limits::SETTLE_MAX)
}

#[cfg(test)]
mod tests;
