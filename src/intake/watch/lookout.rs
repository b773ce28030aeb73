//! What the threads of this room share: the roots, their watches, and what changed. Walks tell it
//! which folders there are. It reads no file and tells the ledger nothing.
//!
//! Locks are taken one at a time. A watch is never set while the changes are locked, because the
//! notifier's thread waits for that lock while it reports.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use lumidex_schema::id::RootId;
use lumidex_schema::path::{RelPath, below};
use lumidex_schema::record::Sighting;
use parking_lot::{Condvar, Mutex};

use super::dirty::{Change, Dirty, Due, Moment};
use super::roots::{Again, Cause, Ended, Roots};
use super::watches::{Entered, Watches};
use super::{event, system};
use crate::intake::logs::Logs;
use crate::intake::runs::Runs;
use crate::intake::standing::Standing;
use crate::intake::survey::{Faith, Identity, look_at_root};
use crate::intake::walk::{WalkedRoot, folder_path};
use crate::limits::watch as limits;
use crate::sys::paths;

/// How roots are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchSettings {
    /// Folders watched at most; without it, a quarter of what the system allows.
    pub watches_max: Option<usize>,
    /// Use what the system reports; otherwise everything is polled.
    pub uses_events: bool,
    /// Least time between walks of a root of which not everything is watched.
    pub poll_min: Duration,
    /// How often roots are looked at: whether they are there.
    pub roots_every: Duration,
}

impl Default for WatchSettings {
    fn default() -> Self {
        Self {
            watches_max: None,
            uses_events: true,
            poll_min: limits::POLL_MIN,
            roots_every: limits::ROOTS_EVERY,
        }
    }
}

/// A walk of a whole root, from its beginning to its end.
#[derive(Clone, Copy, Debug)]
pub(in crate::intake) struct Ticket {
    pub(in crate::intake) root: RootId,
    pub(in crate::intake) number: u64,
    pub(in crate::intake) faith: Faith,
    began: Instant,
    cause: Cause,
}

/// How a root is doing apart from walks: see `RootStanding`.
pub(in crate::intake) struct Watched {
    pub(in crate::intake) standing: Standing,
    pub(in crate::intake) n_watched: u64,
    pub(in crate::intake) n_polled: u64,
    pub(in crate::intake) poll_every: Option<Duration>,
    pub(in crate::intake) reason: Option<String>,
}

/// What is to be done, as the notifier's thread leaves it.
#[derive(Default)]
struct Inbox {
    dirty: Dirty,
    roots: Vec<WalkedRoot>,
    /// Folders to be surveyed.
    trees: BTreeSet<(RootId, RelPath)>,
    /// Events were lost.
    is_overflown: bool,
    /// Something happened to a root itself, or to the list of them.
    are_roots_doubtful: bool,
    is_stopped: bool,
}

/// What `tend` is to do next.
#[derive(Default)]
pub(super) struct Chores {
    pub(super) trees: BTreeSet<(RootId, RelPath)>,
    pub(super) is_overflown: bool,
    pub(super) are_roots_doubtful: bool,
    pub(super) is_stopped: bool,
}

/// See the file's head.
pub(in crate::intake) struct Lookout {
    /// Without them nothing is watched or polled; the state of the roots is kept all the same.
    pub(super) settings: Option<WatchSettings>,
    pub(in crate::intake) roots: Mutex<Roots>,
    pub(super) runs: Arc<Runs>,
    pub(in crate::intake) logs: Arc<Logs>,
    watches: Mutex<Watches>,
    inbox: Arc<(Mutex<Inbox>, Wakers)>,
    silence: system::Silence,
    began: Instant,
    n_walks: AtomicU64,
}

#[derive(Default)]
struct Wakers {
    live: Condvar,
    tend: Condvar,
}

impl Lookout {
    pub(in crate::intake) fn new(settings: Option<WatchSettings>, runs: Arc<Runs>) -> Self {
        let watches_max =
            settings.and_then(|settings| settings.watches_max).unwrap_or_else(system::watches_max);
        let lookout = Self {
            settings,
            roots: Mutex::default(),
            runs,
            logs: Arc::default(),
            watches: Mutex::new(Watches::new(None, watches_max)),
            inbox: Arc::default(),
            silence: system::Silence::default(),
            began: Instant::now(),
            n_walks: AtomicU64::new(0),
        };
        lookout.begin_watching();
        lookout
    }

    /// Starts with no watch at all; the next walk of each root sets them.
    pub(super) fn begin_watching(&self) {
        let notifier = match self.settings {
            Some(settings) if settings.uses_events => system::notifier(self.handler())
                .inspect_err(|error| tracing::warn!(%error, "changes are not reported; polling instead"))
                .ok(),
            Some(_) | None => None,
        };
        self.watches.lock().begin_again(notifier);
    }

    fn handler(&self) -> impl FnMut(notify::Result<notify::Event>) + Send + 'static {
        let (inbox, began) = (Arc::clone(&self.inbox), self.began);
        move |event| {
            let (inbox, wakers) = &*inbox;
            let mut inbox = inbox.lock();
            match event {
                Ok(event) if !event.need_rescan() => inbox.report(&event, began.elapsed()),
                Ok(_) | Err(_) => inbox.is_overflown = true,
            }
            wakers.live.notify_one();
            if inbox.is_overflown || inbox.are_roots_doubtful {
                wakers.tend.notify_one();
            }
        }
    }

    /// As if the system had said that events were lost.
    pub(in crate::intake) fn overflow(&self) {
        self.inbox.0.lock().is_overflown = true;
        self.inbox.1.tend.notify_one();
    }

    /// The list of roots may have changed, or one of them.
    pub(in crate::intake) fn doubt_roots(&self) {
        self.inbox.0.lock().are_roots_doubtful = true;
        self.inbox.1.tend.notify_one();
    }

    pub(in crate::intake) fn stop(&self) {
        self.inbox.0.lock().is_stopped = true;
        self.inbox.1.live.notify_all();
        self.inbox.1.tend.notify_all();
    }

    /// A walk of all of a root begins.
    pub(in crate::intake) fn begin_walk(&self, root: &WalkedRoot, cause: Cause) -> Ticket {
        let number = self.next_walk();
        // Only a folder that was watched all the time was never out of sight.
        let is_watched = self.identity(root.id, &RelPath::root()).is_some();
        let faith = self.roots.lock().begin_walk(root.id, is_watched);
        Ticket { root: root.id, number, faith, began: Instant::now(), cause }
    }

    /// It ended, and what it found is durable.
    pub(in crate::intake) fn end_walk(&self, ticket: &Ticket, ended: Ended) {
        let took = ticket.began.elapsed();
        match ended {
            Ended::Walked(_) => self.sweep(ticket.root, &RelPath::root(), ticket.number),
            Ended::Offline => {
                if ticket.faith == Faith::Accepted {
                    self.roots.lock().forget_accepted(ticket.root);
                }
                self.unwatch(ticket.root);
            }
            Ended::BrokenOff => {}
        }
        let turn_took = (ticket.cause == Cause::Turn).then_some(took);
        let again = self.roots.lock().end_walk(ticket.root, ended, turn_took, Instant::now());
        self.look_again(ticket.root, again);
        // Its turn comes later now.
        self.inbox.1.tend.notify_one();
    }

    /// A survey of a part of a root begins.
    pub(super) fn begin_part(&self, root: RootId) {
        self.roots.lock().begin_part(root);
    }

    /// It ended, and what it found is durable.
    pub(super) fn end_part(&self, root: RootId) {
        let again = self.roots.lock().end_part(root);
        self.look_again(root, again);
    }

    /// What was looked at while somebody walked, who may have told what was there before.
    fn look_again(&self, root: RootId, Again { names, is_whole }: Again) {
        if is_whole {
            self.runs.request(BTreeSet::from([root]), Cause::Doubt);
        }
        self.mark_all(root, names.into_iter().map(|(folder, name)| (folder, name, Change::Touched)));
    }

    /// A number for a walk, greater than those before.
    pub(super) fn next_walk(&self) -> u64 {
        self.n_walks.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// A walk is about to list this folder.
    pub(in crate::intake) fn enter(
        &self,
        root: &WalkedRoot,
        folder: &RelPath,
        sighting: &Sighting,
        walk: u64,
        is_renewed: bool,
    ) {
        if self.settings.is_none() {
            return;
        }
        if *folder == RelPath::root() {
            self.silence.forget();
            let mut inbox = self.inbox.0.lock();
            if !inbox.roots.iter().any(|known| known.id == root.id) {
                inbox.roots.push(root.clone());
            }
        }
        let silent = self.silence.of(sighting.device, || folder_path(&root.path, folder));
        self.watches.lock().enter(&Entered { root, folder, sighting, silent, walk, is_renewed });
    }

    /// A walk of a part of a root came to its end.
    pub(super) fn sweep(&self, root: RootId, top: &RelPath, walk: u64) {
        self.watches.lock().sweep(root, top, walk);
    }

    /// Nothing of this root is to be watched, at least until it is walked again.
    pub(super) fn unwatch(&self, root: RootId) {
        let mut inbox = self.inbox.0.lock();
        inbox.dirty.forget(root);
        inbox.roots.retain(|known| known.id != root);
        inbox.trees.retain(|(known, _)| *known != root);
        drop(inbox);
        self.silence.forget();
        self.watches.lock().forget(root);
    }

    /// The folder as it was when its watch was set.
    pub(super) fn identity(&self, root: RootId, folder: &RelPath) -> Option<Identity> {
        self.watches.lock().identity(root, folder)
    }

    /// Whether a root is still the folder it was when last walked, and was watched since.
    pub(super) fn is_in_sight(&self, root: &WalkedRoot) -> bool {
        let identity = self.roots.lock().identity(root.id);
        identity.is_some() && look_at_root(root).ok().map(|(_, found)| found) == identity
    }

    /// Whether something at or below this folder is watched.
    pub(super) fn has_below(&self, root: RootId, folder: &RelPath) -> bool {
        self.watches.lock().has_below(root, folder)
    }

    /// Roots whose changes are reported here.
    pub(super) fn watched_roots(&self) -> Vec<WalkedRoot> {
        self.inbox.0.lock().roots.clone()
    }

    /// Roots that have watches or are polled.
    pub(super) fn known_roots(&self) -> Vec<RootId> {
        self.watches.lock().roots()
    }

    /// Notes changes that no event told of.
    pub(super) fn mark_all(
        &self,
        root: RootId,
        changes: impl IntoIterator<Item = (RelPath, Vec<u8>, Change)>,
    ) {
        let now = self.began.elapsed();
        let mut inbox = self.inbox.0.lock();
        for (folder, name, change) in changes {
            inbox.dirty.mark(root, &folder, &name, change, now);
        }
        self.inbox.1.live.notify_one();
    }

    /// Hands folders to whoever surveys them.
    pub(super) fn plant(&self, trees: impl IntoIterator<Item = (RootId, RelPath)>) {
        let mut inbox = self.inbox.0.lock();
        // Where nothing is watched, nobody takes them.
        for (root, folder) in trees {
            if inbox.roots.iter().any(|known| known.id == root) {
                inbox.plant(root, folder);
            }
        }
        if !inbox.trees.is_empty() {
            self.inbox.1.tend.notify_one();
        }
    }

    /// Waits for names to look at, handing folders on; `None` at the end.
    pub(super) fn wait_for_names(&self) -> Option<Vec<Due>> {
        let (inbox, wakers) = &*self.inbox;
        let mut inbox = inbox.lock();
        loop {
            if inbox.is_stopped {
                return None;
            }
            let due = inbox.dirty.take(self.began.elapsed(), limits::BATCH_OBSERVATIONS_MAX);
            let mut names = Vec::with_capacity(due.len());
            for one in due {
                match one {
                    Due::Tree { root, folder } => inbox.plant(root, folder),
                    Due::Name { .. } => names.push(one),
                }
            }
            if !inbox.trees.is_empty() {
                wakers.tend.notify_one();
            }
            if !names.is_empty() {
                return Some(names);
            }
            match inbox.dirty.next() {
                Some(next) => drop(wakers.live.wait_until(&mut inbox, self.began + next)),
                None => wakers.live.wait(&mut inbox),
            }
        }
    }

    /// Waits for something to tend to, at most until `deadline`.
    pub(super) fn wait_for_chores(&self, deadline: Instant) -> Chores {
        let (inbox, wakers) = &*self.inbox;
        let mut inbox = inbox.lock();
        let has_chores = |inbox: &Inbox| {
            inbox.is_stopped || inbox.is_overflown || inbox.are_roots_doubtful || !inbox.trees.is_empty()
        };
        if !has_chores(&inbox) {
            let _ = wakers.tend.wait_until(&mut inbox, deadline);
        }
        Chores {
            trees: std::mem::take(&mut inbox.trees),
            is_overflown: std::mem::take(&mut inbox.is_overflown),
            are_roots_doubtful: std::mem::take(&mut inbox.are_roots_doubtful),
            is_stopped: inbox.is_stopped,
        }
    }

    /// How a root is doing apart from walks.
    pub(in crate::intake) fn standing(&self, root: RootId) -> Watched {
        let ((n_watched, n_polled), reason) = {
            let watches = self.watches.lock();
            (watches.counts(root), watches.reason(root))
        };
        let roots = self.roots.lock();
        let so = |standing, reason| Watched { standing, n_watched, n_polled, poll_every: None, reason };
        if let Some(why) = roots.why_offline(root) {
            return so(Standing::Offline, Some(why));
        }
        let Some(settings) = self.settings else {
            return so(Standing::Polling, Some("watching is turned off".to_owned()));
        };
        if n_watched + n_polled == 0 {
            return so(Standing::Polling, Some("it is watched from its first update on".to_owned()));
        }
        let standing = match (n_watched, n_polled) {
            (_, 0) => Standing::Watching,
            (0, _) => Standing::Polling,
            _ => Standing::PartlyPolling,
        };
        let poll_every = (n_polled > 0).then(|| roots.rest(root, true, settings.poll_min));
        Watched { poll_every, ..so(standing, reason) }
    }

    /// When a root's turn to be walked comes.
    pub(super) fn turn(&self, root: RootId) -> Option<Instant> {
        let settings = self.settings?;
        let (_, n_polled) = self.watches.lock().counts(root);
        self.roots.lock().turn(root, n_polled > 0, settings.poll_min)
    }
}

impl Inbox {
    /// Notes a folder to be surveyed; instead of too many of a root, the whole of it.
    fn plant(&mut self, root: RootId, folder: RelPath) {
        let n_of_root = self.trees.range((root, RelPath::root())..).take_while(|tree| tree.0 == root).count();
        if n_of_root < limits::FOLDERS_PER_ROOT_MAX {
            self.trees.insert((root, folder));
        } else {
            self.trees.retain(|tree| tree.0 != root);
            self.trees.insert((root, RelPath::root()));
        }
    }

    fn report(&mut self, event: &notify::Event, now: Moment) {
        for (path, change) in event::changes(event) {
            let path = paths::to_bytes(path);
            let place = self.roots.iter().find_map(|root| Some((root.id, below(&path, &root.path)?)));
            let Some((root, place)) = place else { continue };
            let (folder, name) = match place.iter().rposition(|byte| *byte == b'/') {
                Some(slash) => (&place[..slash], &place[slash + 1..]),
                None => (&[][..], place),
            };
            if name.is_empty() {
                // What happens to the root itself; its times and rights do not matter.
                self.are_roots_doubtful |= change == Change::Gone;
            } else {
                self.dirty.mark(root, &RelPath::from_bytes(folder), name, change, now);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_folders_are_their_root() {
        let mut inbox = Inbox::default();
        inbox.plant(RootId(2), RelPath::from_bytes(*b"a"));
        for n in 0..=limits::FOLDERS_PER_ROOT_MAX {
            inbox.plant(RootId(1), RelPath::from_bytes(n.to_string().as_bytes()));
        }
        let left: Vec<_> = inbox.trees.iter().cloned().collect();
        assert_eq!(left, [(RootId(1), RelPath::root()), (RootId(2), RelPath::from_bytes(*b"a"))]);
    }

    #[test]
    fn events_belong_to_names_in_folders_of_roots() {
        use notify::event::{CreateKind, Event, EventKind, RemoveKind};
        let roots = vec![WalkedRoot { id: RootId(1), path: b"/r".to_vec() }];
        let mut inbox = Inbox { roots, ..Inbox::default() };
        let mut report = |kind, path: &str| {
            inbox.report(&Event::new(kind).add_path(path.into()), Moment::ZERO);
            let due = inbox.dirty.take(Duration::from_secs(60), 10);
            (due, std::mem::take(&mut inbox.are_roots_doubtful))
        };
        let name = |folder: &str, name: &str| Due::Name {
            root: RootId(1),
            folder: RelPath::from_bytes(folder.as_bytes()),
            name: name.as_bytes().to_vec(),
            is_rewritten: false,
        };
        let made = EventKind::Create(CreateKind::File);
        assert_eq!(report(made, "/r/a/b.png"), (vec![name("a", "b.png")], false));
        assert_eq!(report(made, "/r/c.png"), (vec![name("", "c.png")], false));
        assert_eq!(report(made, "/rr/c.png"), (vec![], false));
        assert_eq!(report(EventKind::Remove(RemoveKind::Folder), "/r"), (vec![], true));
    }
}
