//! Which folders are watched, within a bound: the newest ones. Those beyond it, and those whose file
//! system reports nothing, are remembered as polled. Knows no events.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use lumidex_schema::id::{RootId, Timestamp};
use lumidex_schema::path::RelPath;
use lumidex_schema::record::Sighting;

use crate::intake::listing::Links;
use crate::intake::walk::{WalkedRoot, folder_path};

/// Device and inode: the same folder, whatever it is called.
pub(super) type Identity = (u64, u64);

/// What sets a watch on one folder.
pub(super) trait Notifier: Send {
    fn watch(&mut self, path: &Path, links: Links) -> Result<(), Refusal>;
    /// That there was no watch is no error.
    fn unwatch(&mut self, path: &Path);
}

/// Why a folder is not watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The system gives no more watches.
    Limit,
    /// The folder is gone.
    Absent,
    Other(String),
}

/// A folder that a walk is about to list.
pub(super) struct Entered<'a> {
    pub(super) root: &'a WalkedRoot,
    pub(super) folder: &'a RelPath,
    pub(super) sighting: &'a Sighting,
    /// Why the file system it lies on is not to be relied on for events, if so.
    pub(super) silent: Option<&'static str>,
    /// The number of the walk; later ones are greater.
    pub(super) walk: u64,
    /// Set the watch again even if there seems to be one.
    pub(super) is_renewed: bool,
}

struct Watch {
    modified: Timestamp,
    identity: Identity,
    walk: u64,
}

type Place = (RootId, RelPath);

/// See the file's head.
pub(super) struct Watches {
    /// Without one everything is polled.
    notifier: Option<Box<dyn Notifier>>,
    watches_max: usize,
    watched: BTreeMap<Place, Watch>,
    by_age: BTreeSet<(Timestamp, Place)>,
    /// With the walk that met them last.
    polled: BTreeMap<Place, u64>,
    paths: HashMap<RootId, Vec<u8>>,
    /// Why something of a root is polled.
    reasons: HashMap<RootId, String>,
}

impl Watches {
    pub(super) fn new(notifier: Option<Box<dyn Notifier>>, watches_max: usize) -> Self {
        Self {
            notifier,
            watches_max,
            watched: BTreeMap::new(),
            by_age: BTreeSet::new(),
            polled: BTreeMap::new(),
            paths: HashMap::new(),
            reasons: HashMap::new(),
        }
    }

    /// Another notifier takes over, which watches nothing yet; so does this.
    pub(super) fn begin_again(&mut self, notifier: Option<Box<dyn Notifier>>) {
        *self = Self::new(notifier, self.watches_max);
    }

    /// Watches the folder if it may; otherwise it is polled.
    pub(super) fn enter(&mut self, entered: &Entered<'_>) {
        let Entered { root, folder, sighting, silent, walk, is_renewed } = *entered;
        let place = (root.id, folder.clone());
        self.paths.insert(root.id, root.path.clone());
        let identity = (sighting.device, sighting.inode);
        let known = self.watched.get(&place).map(|watch| watch.identity);
        if known.is_some_and(|known| is_renewed || known != identity || silent.is_some()) {
            self.drop_watch(&place);
        } else if known.is_some() {
            return self.touch(place, sighting.modified, walk);
        } else if is_renewed && let Some(notifier) = &mut self.notifier {
            // It may have one that was forgotten here.
            notifier.unwatch(&folder_path(&root.path, folder));
        }
        if let Some(silent) = silent {
            return self.poll(place, walk, format!("its file system ({silent}) does not report changes"));
        }
        if self.notifier.is_none() {
            return self.poll(place, walk, "the system does not report changes".to_owned());
        }
        if self.watched.len() >= self.watches_max && !self.make_room(sighting.modified) {
            return self.poll(place, walk, self.limit_reason());
        }
        let watch = Watch { modified: sighting.modified, identity, walk };
        self.set(place, watch, folder_path(&root.path, folder));
    }

    /// The walk is at its end: what it did not meet at or below `top` is no longer there, or ignored.
    pub(super) fn sweep(&mut self, root: RootId, top: &RelPath, walk: u64) {
        let is_below = |place: &Place| place.0 == root && place.1.strip_prefix(top).is_some();
        let met_earlier = self.watched.iter().filter(|(place, watch)| is_below(place) && watch.walk < walk);
        let places: Vec<_> = met_earlier.map(|(place, _)| place.clone()).collect();
        places.iter().for_each(|place| self.drop_watch(place));
        self.polled.retain(|place, met| !is_below(place) || *met >= walk);
        if !self.polled.keys().any(|place| place.0 == root) {
            self.reasons.remove(&root);
        }
    }

    /// Nothing of this root is watched or polled any more.
    pub(super) fn forget(&mut self, root: RootId) {
        self.sweep(root, &RelPath::root(), u64::MAX);
        self.paths.remove(&root);
    }

    /// The folder as it was when its watch was set.
    pub(super) fn identity(&self, root: RootId, folder: &RelPath) -> Option<Identity> {
        self.watched.get(&(root, folder.clone())).map(|watch| watch.identity)
    }

    /// Whether something at or below this folder is watched.
    pub(super) fn has_below(&self, root: RootId, folder: &RelPath) -> bool {
        let from = (root, folder.clone());
        let begins_alike = |place: &Place| place.1.as_bytes().starts_with(folder.as_bytes());
        let range = self.watched.range(from..).map(|(place, _)| place);
        range
            .take_while(|place| place.0 == root && begins_alike(place))
            .any(|place| place.1.strip_prefix(folder).is_some())
    }

    /// Folders of a root: watched, polled.
    pub(super) fn counts(&self, root: RootId) -> (u64, u64) {
        let n_watched = self.watched.keys().filter(|place| place.0 == root).count();
        let n_polled = self.polled.keys().filter(|place| place.0 == root).count();
        (n_watched as u64, n_polled as u64)
    }

    /// Why something of a root is polled, if so.
    pub(super) fn reason(&self, root: RootId) -> Option<String> {
        self.reasons.get(&root).cloned()
    }

    /// Roots of which something is known here.
    pub(super) fn roots(&self) -> Vec<RootId> {
        self.paths.keys().copied().collect()
    }

    fn set(&mut self, place: Place, watch: Watch, path: PathBuf) {
        let Some(notifier) = &mut self.notifier else { return };
        let walk = watch.walk;
        let links = if place.1 == RelPath::root() { Links::Follow } else { Links::Refuse };
        match notifier.watch(&path, links) {
            Ok(()) => {
                self.polled.remove(&place);
                self.by_age.insert((watch.modified, place.clone()));
                self.watched.insert(place, watch);
            }
            Err(Refusal::Absent) => {}
            Err(Refusal::Limit) => {
                // No more than there are; other programs may have taken the rest.
                self.watches_max = self.watched.len();
                tracing::warn!(n_watched = self.watched.len(), "the system gives no more watches");
                if self.make_room(watch.modified) {
                    return self.set(place, watch, path);
                }
                self.poll(place, walk, self.limit_reason());
            }
            Err(Refusal::Other(why)) => {
                tracing::debug!(why, "a folder cannot be watched");
                self.poll(place, walk, format!("a folder cannot be watched: {why}"));
            }
        }
    }

    /// Gives up the oldest watched folder if it is older than one of this time.
    fn make_room(&mut self, modified: Timestamp) -> bool {
        let Some((age, place)) = self.by_age.first().cloned() else { return false };
        if age >= modified {
            return false;
        }
        let walk = self.watched.get(&place).map_or(0, |watch| watch.walk);
        self.drop_watch(&place);
        self.poll(place, walk, self.limit_reason());
        true
    }

    fn limit_reason(&self) -> String {
        format!("only {} folders may be watched", self.watches_max)
    }

    fn touch(&mut self, place: Place, modified: Timestamp, walk: u64) {
        if let Some(watch) = self.watched.get_mut(&place) {
            watch.walk = watch.walk.max(walk);
            if watch.modified != modified {
                self.by_age.remove(&(watch.modified, place.clone()));
                watch.modified = modified;
                self.by_age.insert((modified, place));
            }
        }
    }

    fn poll(&mut self, place: Place, walk: u64, reason: String) {
        self.reasons.insert(place.0, reason);
        self.polled.insert(place, walk);
    }

    fn drop_watch(&mut self, place: &Place) {
        let Some(watch) = self.watched.remove(place) else { return };
        self.by_age.remove(&(watch.modified, place.clone()));
        if let (Some(notifier), Some(root)) = (&mut self.notifier, self.paths.get(&place.0)) {
            notifier.unwatch(&folder_path(root, &place.1));
        }
    }
}

#[cfg(test)]
mod tests;
