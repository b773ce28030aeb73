//! Who wants which roots to be walked, and how the walks ended: one run at a time, wishes that come
//! meanwhile are one run after it.

use std::collections::BTreeSet;

use lumidex_schema::id::RootId;
use parking_lot::{Condvar, Mutex};

use super::reconcile::Depth;
use super::watch::Cause;
use super::worker::{IntakeError, RunSummary};

/// What a run is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) depth: Depth,
    pub(super) cause: Cause,
    /// Without them, every root.
    pub(super) roots: Option<BTreeSet<RootId>>,
}

/// See the file's head.
#[derive(Default)]
pub(super) struct Runs {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// A run to begin as soon as none is going on.
    wanted: Option<Wish>,
    /// The one going on.
    current: Option<Wish>,
    n_begun: u64,
    n_ended: u64,
    /// Of the run over every root that ended last.
    last: Option<Result<RunSummary, IntakeError>>,
    is_stopped: bool,
}

impl Runs {
    /// Every root is to be walked; nobody waits.
    pub(super) fn request_all(&self) {
        self.state.lock().want(Wish { depth: Depth::Changes, cause: Cause::Asked, roots: None });
        self.changed.notify_all();
    }

    /// Every file is to be read again; nobody waits.
    pub(super) fn request_everything(&self) {
        self.state.lock().want(Wish { depth: Depth::Everything, cause: Cause::Asked, roots: None });
        self.changed.notify_all();
    }

    /// These roots are to be walked; nobody waits.
    pub(super) fn request(&self, roots: BTreeSet<RootId>, cause: Cause) {
        if !roots.is_empty() {
            self.state.lock().want(Wish { depth: Depth::Changes, cause, roots: Some(roots) });
            self.changed.notify_all();
        }
    }

    /// Waits for a run over every root that begins after this call: the one going on may have passed
    /// a folder already. Whoever calls before that run begins shares it.
    pub(super) fn run_and_wait(&self, depth: Depth) -> Result<RunSummary, IntakeError> {
        let mut state = self.state.lock();
        let run = state.join(depth);
        self.changed.notify_all();
        while state.n_ended < run {
            if state.is_stopped && state.current.is_none() {
                return Err(IntakeError::Stopped);
            }
            self.changed.wait(&mut state);
        }
        state.last.clone().unwrap_or(Err(IntakeError::Stopped))
    }

    /// Waits for the next run to do; `None` at the end.
    pub(super) fn next(&self) -> Option<Wish> {
        let mut state = self.state.lock();
        loop {
            if state.is_stopped {
                return None;
            }
            if let Some(wish) = state.wanted.take() {
                state.current = Some(wish.clone());
                state.n_begun += 1;
                return Some(wish);
            }
            self.changed.wait(&mut state);
        }
    }

    /// The run going on ended so.
    pub(super) fn end(&self, ended: Result<RunSummary, IntakeError>) {
        let mut state = self.state.lock();
        let is_whole = state.current.take().is_some_and(|wish| wish.roots.is_none());
        state.n_ended += 1;
        if is_whole {
            state.last = Some(ended);
        }
        self.changed.notify_all();
    }

    /// Whether a run begins when the one going on ends.
    #[cfg(test)]
    pub(super) fn is_another_wanted(&self) -> bool {
        self.state.lock().wanted.is_some()
    }

    /// No run begins any more.
    pub(super) fn stop(&self) {
        self.state.lock().is_stopped = true;
        self.changed.notify_all();
    }
}

impl State {
    fn want(&mut self, wish: Wish) {
        let Some(wanted) = &mut self.wanted else {
            self.wanted = Some(wish);
            return;
        };
        if wish.depth == Depth::Everything {
            wanted.depth = Depth::Everything;
        }
        wanted.cause = wanted.cause.max(wish.cause);
        match (&mut wanted.roots, wish.roots) {
            (Some(known), Some(roots)) => known.extend(roots),
            (roots, _) => *roots = None,
        }
    }

    /// The number of the run to wait for.
    fn join(&mut self, depth: Depth) -> u64 {
        self.want(Wish { depth, cause: Cause::Asked, roots: None });
        self.n_begun + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(depth: Depth) -> Wish {
        Wish { depth, cause: Cause::Asked, roots: None }
    }

    #[test]
    fn whoever_asks_joins_only_a_run_that_has_not_begun() {
        let mut runs = State::default();
        assert_eq!(runs.join(Depth::Changes), 1);
        assert_eq!(runs.join(Depth::Everything), 1, "it has not begun, so it can still do more");
        assert_eq!(runs.wanted, Some(whole(Depth::Everything)));
        (runs.wanted, runs.current, runs.n_begun) = (None, Some(whole(Depth::Everything)), 1);
        assert_eq!(runs.join(Depth::Changes), 2, "the one going on may have passed what changed");
        assert_eq!(runs.wanted, Some(whole(Depth::Changes)));
        assert_eq!(runs.join(Depth::Changes), 2, "two who ask share one run");
        assert_eq!(runs.join(Depth::Everything), 2);
        assert_eq!(runs.wanted, Some(whole(Depth::Everything)));
    }

    #[test]
    fn whoever_wants_every_root_does_not_join_a_run_over_some() {
        let mut runs = State::default();
        let some = |id| Wish {
            depth: Depth::Changes,
            cause: Cause::Turn,
            roots: Some(BTreeSet::from([RootId(id)])),
        };
        runs.want(some(1));
        runs.want(some(2));
        let both = Some(BTreeSet::from([RootId(1), RootId(2)]));
        assert_eq!(runs.wanted.as_ref().map(|wish| wish.roots.clone()), Some(both));
        (runs.current, runs.wanted, runs.n_begun) = (runs.wanted.take(), None, 1);
        assert_eq!(runs.join(Depth::Changes), 2);
        runs.want(some(3));
        assert_eq!(runs.wanted, Some(whole(Depth::Changes)));
    }
}
