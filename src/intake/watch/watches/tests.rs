//! Budgets, renewals and sweeps, with a notifier that only takes notes.

use std::sync::Arc;

use parking_lot::Mutex;

use super::*;

#[derive(Default)]
struct Notes {
    watched: BTreeSet<PathBuf>,
    limit: Option<usize>,
    n_set: usize,
}

struct Fake(Arc<Mutex<Notes>>);

impl Notifier for Fake {
    fn watch(&mut self, path: &Path, _: Links) -> Result<(), Refusal> {
        let mut notes = self.0.lock();
        if notes.limit.is_some_and(|limit| notes.watched.len() >= limit) {
            return Err(Refusal::Limit);
        }
        notes.n_set += 1;
        notes.watched.insert(path.to_owned());
        Ok(())
    }

    fn unwatch(&mut self, path: &Path) {
        self.0.lock().watched.remove(path);
    }
}

struct World {
    watches: Watches,
    notes: Arc<Mutex<Notes>>,
    root: WalkedRoot,
    walk: u64,
}

impl World {
    fn of(watches_max: usize) -> Self {
        let notes = Arc::new(Mutex::new(Notes::default()));
        let watches = Watches::new(Some(Box::new(Fake(Arc::clone(&notes)))), watches_max);
        Self { watches, notes, root: WalkedRoot { id: RootId(1), path: b"/r".to_vec() }, walk: 1 }
    }

    fn enter(&mut self, folder: &str, modified: i64) {
        self.enter_as(folder, modified, None, false, 7);
    }

    fn enter_as(
        &mut self,
        folder: &str,
        modified: i64,
        silent: Option<&'static str>,
        renew: bool,
        inode: u64,
    ) {
        let sighting = Sighting { modified: Timestamp(modified), inode, ..Sighting::default() };
        self.watches.enter(&Entered {
            root: &self.root,
            folder: &RelPath::from_bytes(folder.as_bytes()),
            sighting: &sighting,
            silent,
            walk: self.walk,
            is_renewed: renew,
        });
    }

    fn watched(&self) -> Vec<String> {
        self.notes.lock().watched.iter().map(|path| path.display().to_string()).collect()
    }
}

#[test]
fn the_newest_folders_are_watched_and_the_others_polled() {
    let mut world = World::of(2);
    for (folder, modified) in [("a", 3), ("b", 1), ("c", 2), ("d", 0)] {
        world.enter(folder, modified);
    }
    assert_eq!(world.watched(), ["/r/a", "/r/c"]);
    assert_eq!(world.watches.counts(RootId(1)), (2, 2));
    assert_eq!(world.watches.reason(RootId(1)).as_deref(), Some("only 2 folders may be watched"));
    // Something was written there, so a later walk finds it newer.
    world.walk = 2;
    world.enter("b", 9);
    assert_eq!(world.watched(), ["/r/a", "/r/b"]);
}

#[test]
fn when_the_system_gives_no_more_the_newest_still_win() {
    let mut world = World::of(100);
    world.notes.lock().limit = Some(2);
    for (folder, modified) in [("a", 1), ("b", 2), ("c", 3)] {
        world.enter(folder, modified);
    }
    assert_eq!(world.watched(), ["/r/b", "/r/c"]);
    assert_eq!(world.watches.counts(RootId(1)), (2, 1));
}

#[test]
fn what_a_walk_no_longer_meets_is_dropped() {
    let mut world = World::of(100);
    for folder in ["", "a", "a/b", "ab"] {
        world.enter(folder, 1);
    }
    world.walk = 2;
    world.watches.sweep(RootId(1), &RelPath::from_bytes(*b"a"), 2);
    assert_eq!(world.watched(), ["/r", "/r/ab"]);
    world.enter("", 1);
    world.watches.sweep(RootId(1), &RelPath::root(), 2);
    assert_eq!(world.watched(), ["/r"]);
    world.watches.forget(RootId(1));
    assert!(world.watched().is_empty() && world.watches.roots().is_empty());
}

#[test]
fn another_folder_of_the_same_name_is_watched_anew() {
    let mut world = World::of(100);
    world.enter("a", 1);
    world.enter("a", 1);
    assert_eq!(world.notes.lock().n_set, 1);
    world.enter_as("a", 1, None, false, 8);
    assert_eq!(world.notes.lock().n_set, 2);
    world.enter_as("a", 1, None, true, 8);
    assert_eq!(world.notes.lock().n_set, 3);
    assert_eq!(world.watches.identity(RootId(1), &RelPath::from_bytes(*b"a")), Some((0, 8)));
}

#[test]
fn silent_file_systems_are_polled() {
    let mut world = World::of(100);
    world.enter_as("", 1, Some("nfs"), false, 7);
    assert_eq!((world.watched().len(), world.watches.counts(RootId(1))), (0, (0, 1)));
    assert!(world.watches.reason(RootId(1)).unwrap_or_default().contains("nfs"));
    let mut blind = Watches::new(None, 100);
    let sighting = Sighting::default();
    blind.enter(&Entered {
        root: &world.root,
        folder: &RelPath::root(),
        sighting: &sighting,
        silent: None,
        walk: 1,
        is_renewed: false,
    });
    assert_eq!(blind.counts(RootId(1)), (0, 1));
}

#[test]
fn a_folder_below_is_told_from_one_that_begins_alike() {
    let mut world = World::of(100);
    world.enter("ab", 1);
    world.enter("c/d", 1);
    let has_below =
        |folder: &str| world.watches.has_below(RootId(1), &RelPath::from_bytes(folder.as_bytes()));
    assert!(!has_below("a"));
    assert!(has_below("ab") && has_below("c") && has_below(""));
}
