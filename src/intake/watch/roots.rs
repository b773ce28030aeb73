//! What is known of each root at the moment: whether it can be reached, how it is doing, when it is
//! to be walked next. One place, whoever finds it out. Pure: time is handed in.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use lumidex_schema::id::RootId;
use lumidex_schema::path::RelPath;

use crate::intake::survey::{Faith, Identity};
use crate::limits::watch as limits;

/// Why a root is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::intake) enum Cause {
    /// It is its turn; nothing is known to have changed.
    Turn,
    /// Something may have been missed, or it is back.
    Doubt,
    /// A person or a client asked.
    Asked,
}

/// What became of a walk of a whole root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) enum Ended {
    /// It is the folder it was, which is this one.
    Walked(Identity),
    /// It could not be reached, or is in doubt.
    Offline,
    /// The walk was stopped, or failed.
    BrokenOff,
}

#[derive(Debug, Default)]
struct RootState {
    /// Why it is offline, if it is.
    offline: Option<String>,
    /// The folder it was when last walked, as long as it was not out of sight since.
    identity: Option<Identity>,
    /// A person said that it is empty; the next walk believes it.
    is_accepted: bool,
    /// Walked by this process; before that, nobody waits for it.
    is_known: bool,
    /// How long the last walk took that was done because it was its turn: others read much.
    last_turn_took: Duration,
    /// The last walk was broken off.
    is_unfinished: bool,
    last_walk_ended: Option<Instant>,
    /// Walks going on, of all of it.
    n_walks: u32,
    /// Surveys going on, of parts of it; one after the other, so that they see each other's folders.
    n_parts: u32,
    /// Names looked at meanwhile, to be looked at again.
    again: BTreeSet<(RelPath, Vec<u8>)>,
    is_again_whole: bool,
}

impl RootState {
    fn take_again(&mut self) -> Again {
        if self.n_walks + self.n_parts > 0 {
            return Again::default();
        }
        let names = std::mem::take(&mut self.again).into_iter().collect();
        Again { names, is_whole: std::mem::take(&mut self.is_again_whole) }
    }
}

/// What was found under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) enum Kind {
    Folder,
    /// A file, or nothing any more.
    File,
}

/// What is to be looked at again after a walk.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::intake) struct Again {
    pub(in crate::intake) names: Vec<(RelPath, Vec<u8>)>,
    /// Too many to be remembered: all of it.
    pub(in crate::intake) is_whole: bool,
}

/// See the file's head.
#[derive(Debug, Default)]
pub(in crate::intake) struct Roots {
    states: BTreeMap<RootId, RootState>,
}

impl Roots {
    /// Only these are wanted; what is known of others is forgotten. Gives those that are.
    pub(in crate::intake) fn keep(&mut self, wanted: &[RootId]) -> Vec<RootId> {
        let dropped: Vec<_> = self.states.keys().filter(|id| !wanted.contains(id)).copied().collect();
        dropped.iter().for_each(|id| drop(self.states.remove(id)));
        dropped
    }

    pub(in crate::intake) fn offline(&self) -> Vec<RootId> {
        self.states.iter().filter(|(_, state)| state.offline.is_some()).map(|(id, _)| *id).collect()
    }

    /// Why a root is offline, if it is.
    pub(in crate::intake) fn why_offline(&self, root: RootId) -> Option<String> {
        self.states.get(&root)?.offline.clone()
    }

    /// It cannot be reached any more, or is another folder.
    pub(in crate::intake) fn lose(&mut self, root: RootId, why: &str) {
        let state = self.states.entry(root).or_default();
        state.identity = None;
        if state.offline.is_none() {
            tracing::warn!(root = root.0, why, "a root is offline; nothing of it is taken for gone");
        }
        state.offline = Some(why.to_owned());
    }

    /// The folder a root was when last walked, unless it was out of sight since.
    pub(in crate::intake) fn identity(&self, root: RootId) -> Option<Identity> {
        self.states.get(&root)?.identity
    }

    /// Whether this process walked it to its end before.
    pub(in crate::intake) fn is_known(&self, root: RootId) -> bool {
        self.states.get(&root).is_some_and(|state| state.is_known)
    }

    pub(in crate::intake) fn accept_empty(&mut self, root: RootId) {
        self.states.entry(root).or_default().is_accepted = true;
    }

    /// It could not be walked when a person had said that it is empty. That was said of what was there
    /// then, and must not be believed of what is there some other day.
    pub(in crate::intake) fn forget_accepted(&mut self, root: RootId) {
        self.states.entry(root).or_default().is_accepted = false;
    }

    /// A walk of all of it begins: what it may believe.
    pub(in crate::intake) fn begin_walk(&mut self, root: RootId, is_watched: bool) -> Faith {
        self.states.entry(root).or_default().n_walks += 1;
        self.faith(root, is_watched)
    }

    /// What a walk of a root or a part of it may believe at the moment.
    pub(in crate::intake) fn faith(&self, root: RootId, is_watched: bool) -> Faith {
        let Some(state) = self.states.get(&root) else { return Faith::Examine };
        match (state.is_accepted, state.identity) {
            (true, _) => Faith::Accepted,
            (false, _) if state.offline.is_some() => Faith::Lost,
            (false, Some(identity)) if is_watched => Faith::Same(identity),
            (false, _) => Faith::Examine,
        }
    }

    /// It ended; what was looked at meanwhile. `turn_took` is how long it took if it was its turn.
    pub(in crate::intake) fn end_walk(
        &mut self,
        root: RootId,
        ended: Ended,
        turn_took: Option<Duration>,
        now: Instant,
    ) -> Again {
        self.states.entry(root).or_default().is_unfinished = ended == Ended::BrokenOff;
        match ended {
            Ended::Walked(identity) => {
                let state = self.states.entry(root).or_default();
                if state.offline.take().is_some() {
                    tracing::info!(root = root.0, "a root is back");
                }
                state.identity = Some(identity);
                state.is_accepted = false;
                state.is_known = true;
            }
            Ended::Offline => self.lose(root, "it cannot be opened, or none of its known files is there"),
            Ended::BrokenOff => {}
        }
        let state = self.states.entry(root).or_default();
        state.last_turn_took = turn_took.unwrap_or(state.last_turn_took);
        state.last_walk_ended = Some(now);
        state.n_walks = state.n_walks.saturating_sub(1);
        state.take_again()
    }

    /// A survey of a part of it begins.
    pub(in crate::intake) fn begin_part(&mut self, root: RootId) {
        self.states.entry(root).or_default().n_parts += 1;
    }

    /// It ended, and what it found is durable; what was looked at meanwhile.
    pub(in crate::intake) fn end_part(&mut self, root: RootId) -> Again {
        let state = self.states.entry(root).or_default();
        state.n_parts = state.n_parts.saturating_sub(1);
        state.take_again()
    }

    /// A name was looked at; remembered while a walk goes on that may have seen it before.
    pub(in crate::intake) fn looked_at(&mut self, root: RootId, folder: &RelPath, name: &[u8], what: Kind) {
        let Some(state) = self.states.get_mut(&root) else { return };
        if state.n_walks == 0 && (state.n_parts == 0 || what == Kind::Folder) {
            return;
        }
        if state.again.len() < limits::AGAIN_MAX {
            state.again.insert((folder.clone(), name.to_vec()));
        } else {
            state.is_again_whole = true;
        }
    }

    /// How long after its last walk a root is walked again, `polled` when not all of it is watched.
    pub(in crate::intake) fn rest(&self, root: RootId, polled: bool, poll_min: Duration) -> Duration {
        let took = self.states.get(&root).map_or(Duration::ZERO, |state| state.last_turn_took);
        let rest = poll_min.max(took * limits::POLL_REST);
        let is_unfinished = self.states.get(&root).is_some_and(|state| state.is_unfinished);
        if polled || is_unfinished { rest } else { rest.max(limits::RESCAN_EVERY) }
    }

    /// It was asked for because it is its turn: the next one is later, whatever becomes of this.
    pub(in crate::intake) fn begin_turn(&mut self, root: RootId, now: Instant) {
        if let Some(state) = self.states.get_mut(&root) {
            state.last_walk_ended = Some(now);
        }
    }

    /// Whether all of it is being walked.
    pub(in crate::intake) fn is_walked_now(&self, root: RootId) -> bool {
        self.states.get(&root).is_some_and(|state| state.n_walks > 0)
    }

    /// When that is; `None` before its first walk, while it is walked, and while it is offline.
    pub(in crate::intake) fn turn(&self, root: RootId, polled: bool, poll_min: Duration) -> Option<Instant> {
        let state = self.states.get(&root)?;
        if state.n_walks + state.n_parts > 0
            || state.offline.is_some()
            || !(state.is_known || state.is_unfinished)
        {
            return None;
        }
        Some(state.last_walk_ended? + self.rest(root, polled, poll_min))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ROOT: RootId = RootId(1);

    #[test]
    fn a_root_is_believed_to_be_empty_only_while_it_was_in_sight_or_when_a_person_says_so() {
        let (mut roots, now) = (Roots::default(), Instant::now());
        assert_eq!(roots.begin_walk(ROOT, true), Faith::Examine);
        roots.end_walk(ROOT, Ended::Walked((1, 2)), None, now);
        assert_eq!(roots.begin_walk(ROOT, true), Faith::Same((1, 2)));
        roots.end_walk(ROOT, Ended::BrokenOff, None, now);
        assert_eq!(roots.begin_walk(ROOT, false), Faith::Examine, "nobody watched");
        roots.end_walk(ROOT, Ended::Offline, None, now);
        assert_eq!((roots.offline(), roots.begin_walk(ROOT, true)), (vec![ROOT], Faith::Lost));
        roots.end_walk(ROOT, Ended::Offline, None, now);
        roots.accept_empty(ROOT);
        assert_eq!(roots.begin_walk(ROOT, true), Faith::Accepted);
        roots.end_walk(ROOT, Ended::Walked((1, 3)), None, now);
        assert_eq!((roots.offline(), roots.begin_walk(ROOT, true)), (Vec::new(), Faith::Same((1, 3))));
    }

    #[test]
    fn what_is_seen_during_a_walk_is_looked_at_again_after_the_last() {
        let (mut roots, now) = (Roots::default(), Instant::now());
        roots.looked_at(ROOT, &RelPath::root(), b"before.png", Kind::File);
        roots.begin_walk(ROOT, true);
        roots.begin_walk(ROOT, true);
        roots.looked_at(ROOT, &RelPath::root(), b"during.png", Kind::File);
        assert_eq!(roots.end_walk(ROOT, Ended::BrokenOff, None, now), Again::default());
        let again = roots.end_walk(ROOT, Ended::BrokenOff, None, now);
        assert_eq!(again.names, [(RelPath::root(), b"during.png".to_vec())]);
        roots.begin_walk(ROOT, true);
        for n in 0..=limits::AGAIN_MAX {
            roots.looked_at(ROOT, &RelPath::root(), n.to_string().as_bytes(), Kind::File);
        }
        assert!(roots.end_walk(ROOT, Ended::BrokenOff, None, now).is_whole);
    }

    #[test]
    fn surveys_of_parts_see_files_twice_and_folders_once() {
        let (mut roots, now) = (Roots::default(), Instant::now());
        roots.begin_part(ROOT);
        roots.looked_at(ROOT, &RelPath::root(), b"a.png", Kind::File);
        roots.looked_at(ROOT, &RelPath::root(), b"folder", Kind::Folder);
        roots.begin_walk(ROOT, true);
        assert_eq!(roots.end_part(ROOT), Again::default());
        roots.looked_at(ROOT, &RelPath::root(), b"another", Kind::Folder);
        let again = roots.end_walk(ROOT, Ended::BrokenOff, None, now);
        let names: Vec<_> = again.names.into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, [b"a.png".to_vec(), b"another".to_vec()]);
    }

    #[test]
    fn a_walk_costs_less_than_a_hundredth_of_the_time() {
        let (mut roots, now) = (Roots::default(), Instant::now());
        let least = limits::POLL_MIN;
        assert_eq!(roots.turn(ROOT, true, least), None, "nobody asked for it yet");
        roots.begin_walk(ROOT, true);
        roots.end_walk(ROOT, Ended::Walked((1, 2)), Some(Duration::from_secs(2)), now);
        assert_eq!(roots.turn(ROOT, true, least), Some(now + Duration::from_secs(200)));
        assert_eq!(roots.turn(ROOT, false, least), Some(now + limits::RESCAN_EVERY));
        roots.begin_walk(ROOT, true);
        assert_eq!(roots.turn(ROOT, true, least), None, "it is being walked");
        roots.end_walk(ROOT, Ended::Walked((1, 2)), Some(Duration::ZERO), now);
        assert_eq!(roots.turn(ROOT, true, least), Some(now + least));
        roots.begin_turn(ROOT, now + least);
        assert_eq!(roots.turn(ROOT, true, least), Some(now + least * 2));
        roots.begin_walk(ROOT, true);
        roots.end_walk(ROOT, Ended::BrokenOff, None, now);
        assert_eq!(roots.turn(ROOT, false, least), Some(now + least), "what failed is tried again soon");
        roots.lose(ROOT, "it is gone");
        assert_eq!(roots.turn(ROOT, true, least), None);
        assert_eq!(roots.keep(&[]), [ROOT]);
        assert_eq!(roots.offline(), []);
    }
}
