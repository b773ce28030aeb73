//! The thread `intake-tend`: surveys folders that came, went, or changed too much at once; looks
//! whether roots are there; and asks for the walks whose turn it is.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lumidex_schema::id::RootId;
use lumidex_schema::path::RelPath;

use super::lookout::{Chores, Lookout};
use super::roots::Cause;
use crate::intake::hung::Hung;
use crate::intake::patience::{Silence, ask, survey_patiently};
use crate::intake::pipeline::{self, Reading, Shared};
use crate::intake::progress::Progress;
use crate::intake::reconcile::Depth;
use crate::intake::survey::{Errand, Faith, Reach, SurveyError, is_trusted, look_at_root};
use crate::intake::walk::WalkedRoot;
use crate::intake::worker::{IntakeSettings, MakeInterpreter, RunError};
use crate::ledger::{Ledger, ReadError};
use crate::limits::watch as limits;
use crate::sys::{PathError, Stop, paths};

/// How long to wait when the ledger cannot be read or written, as when the disk is full.
pub(super) const RETRY: Duration = Duration::from_secs(1);

/// See the file's head.
pub(in crate::intake) struct Tend {
    pub(in crate::intake) lookout: Arc<Lookout>,
    pub(in crate::intake) ledger: Ledger,
    pub(in crate::intake) make: Arc<MakeInterpreter>,
    pub(in crate::intake) intake: IntakeSettings,
    pub(in crate::intake) stop: Stop,
    /// Counts what is passed over, for nobody to read so far.
    pub(in crate::intake) progress: Arc<Progress>,
    pub(in crate::intake) hung: Arc<Hung>,
}

impl Tend {
    /// Until the lookout is stopped.
    pub(in crate::intake) fn run(&self) {
        let roots_every = self.lookout.settings.map_or(limits::ROOTS_EVERY, |settings| settings.roots_every);
        let mut next_look = Instant::now() + roots_every;
        loop {
            let chores =
                self.lookout.wait_for_chores(self.next_turn().map_or(next_look, |at| at.min(next_look)));
            let Chores { trees, is_overflown, are_roots_doubtful, is_stopped } = chores;
            if is_stopped {
                return;
            }
            if is_overflown {
                self.begin_again();
            }
            if are_roots_doubtful || Instant::now() >= next_look {
                next_look = Instant::now() + roots_every;
                self.report(self.look_at_roots());
            }
            self.request_turns();
            let has_trees = !trees.is_empty();
            if has_trees && let Err(error) = self.survey(&trees) {
                self.report(Err(error));
                if self.stop.wait_for(RETRY) {
                    return;
                }
                self.lookout.plant(trees);
            }
            if has_trees {
                self.lookout.logs.rest();
            }
        }
    }

    fn report(&self, done: Result<(), RunError>) {
        if let Err(error) = done
            && !self.stop.is_stopped()
        {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "watched folders could not be looked at"
            );
        }
    }

    fn shared(&self) -> Shared {
        Shared {
            ledger: self.ledger.clone(),
            stop: self.stop.clone(),
            progress: Arc::clone(&self.progress),
            logs: Arc::clone(&self.lookout.logs),
            hung: Arc::clone(&self.hung),
            pulse: Arc::default(),
        }
    }

    /// Events were lost: watches may be wrong, and anything may have changed.
    fn begin_again(&self) {
        tracing::warn!("too much changed at once; walking the watched folders again");
        let roots: BTreeSet<RootId> = self.lookout.known_roots().into_iter().collect();
        self.lookout.begin_watching();
        self.lookout.runs.request(roots, Cause::Doubt);
    }

    fn next_turn(&self) -> Option<Instant> {
        self.lookout.known_roots().into_iter().filter_map(|root| self.lookout.turn(root)).min()
    }

    fn request_turns(&self) {
        let now = Instant::now();
        let is_due = |root: &RootId| self.lookout.turn(*root).is_some_and(|turn| turn <= now);
        let due: BTreeSet<RootId> = self.lookout.known_roots().into_iter().filter(is_due).collect();
        for root in &due {
            self.lookout.roots.lock().begin_turn(*root, now);
        }
        self.lookout.runs.request(due, Cause::Turn);
    }

    /// Which roots are wanted, which are there, and which are back.
    fn look_at_roots(&self) -> Result<(), RunError> {
        let wanted = self.wanted_roots()?;
        let ids: Vec<RootId> = wanted.iter().map(|root| root.id).collect();
        self.lookout.roots.lock().keep(&ids);
        for root in self.lookout.known_roots().into_iter().filter(|root| !ids.contains(root)) {
            self.lookout.unwatch(root);
        }
        let mut back = BTreeSet::new();
        for root in &wanted {
            if self.is_back(root)? {
                back.insert(root.id);
            }
        }
        self.lookout.runs.request(back, Cause::Doubt);
        Ok(())
    }

    /// Whether a root is to be walked because it is there again, or is another folder than it was.
    fn is_back(&self, root: &WalkedRoot) -> Result<bool, SurveyError> {
        let (identity, is_known, is_offline, is_walked_now) = {
            let roots = self.lookout.roots.lock();
            let is_offline = roots.why_offline(root.id).is_some();
            (roots.identity(root.id), roots.is_known(root.id), is_offline, roots.is_walked_now(root.id))
        };
        // Nobody asked for it to be walked yet, or the walk finds out by itself.
        if (!is_known && !is_offline) || is_walked_now {
            return Ok(false);
        }
        let looked = self.ask(root, |_, root| look_at_root(root))?;
        match looked.unwrap_or_else(|Silence| Err(no_answer(root))) {
            Err(error) => {
                self.lookout.roots.lock().lose(root.id, &error.to_string());
                self.lookout.unwatch(root.id);
                Ok(false)
            }
            Ok((_, found)) if identity == Some(found) => Ok(false),
            Ok(_) if is_offline => self.is_trusted(root),
            Ok(_) => {
                // What is watched is elsewhere now.
                self.lookout.roots.lock().lose(root.id, "it is another folder than it was");
                self.lookout.unwatch(root.id);
                self.is_trusted(root)
            }
        }
    }

    fn is_trusted(&self, root: &WalkedRoot) -> Result<bool, SurveyError> {
        self.ask(root, |shared, root| is_trusted(shared, root, Faith::Lost))?.unwrap_or(Ok(false))
    }

    /// Asks something of a root that may not answer.
    fn ask<T: Send + 'static>(
        &self,
        root: &WalkedRoot,
        question: impl FnOnce(&Shared, &WalkedRoot) -> T + Send + 'static,
    ) -> Result<Result<T, Silence>, SurveyError> {
        let (shared, asked) = (self.shared(), root.clone());
        let pulse = Arc::clone(&shared.pulse);
        let question = move || question(&shared, &asked);
        Ok(ask(&self.hung, root.id, self.intake.file_time_max, &pulse, question)?)
    }

    fn wanted_roots(&self) -> Result<Vec<WalkedRoot>, ReadError> {
        let roots = self.ledger.reader()?.roots()?.into_iter().filter(|(_, root)| !root.retired);
        Ok(roots.map(|(id, root)| WalkedRoot { id, path: root.path }).collect())
    }

    /// Surveys folders, those of one call together, so that what left one and came to another is
    /// told to the ledger together.
    fn survey(&self, trees: &BTreeSet<(RootId, RelPath)>) -> Result<(), RunError> {
        let roots: BTreeMap<RootId, WalkedRoot> =
            self.lookout.watched_roots().into_iter().map(|root| (root.id, root)).collect();
        let interpreter = (self.make)(&self.ledger.reader()?)?;
        let shared = self.shared();
        let IntakeSettings { n_readers, file_time_max, .. } = self.intake;
        let parts = Parts::begin(&self.lookout, trees);
        let walk = |sender: &_| -> Result<(), SurveyError> {
            for (root, top) in outermost(trees) {
                let Some(root) = roots.get(&root) else { continue };
                let number = self.lookout.next_walk();
                let is_watched = self.lookout.identity(root.id, &RelPath::root()).is_some();
                let faith = self.lookout.roots.lock().faith(root.id, is_watched);
                let (lookout, entered) = (Arc::clone(&self.lookout), root.clone());
                let errand = Errand {
                    root: root.clone(),
                    top: top.clone(),
                    n_walkers: self.intake.n_walkers,
                    depth: Depth::Changes,
                    faith,
                    // Its watch may belong to another folder of this name by now.
                    entering: Arc::new(move |folder, sighting| {
                        lookout.enter(&entered, folder, sighting, number, true);
                    }),
                    walked: Arc::new(|_| {}),
                };
                match survey_patiently(&shared, errand, file_time_max, sender)? {
                    Reach::Walked => self.lookout.sweep(root.id, top, number),
                    Reach::Offline => self.lookout.doubt_roots(),
                    Reach::BrokenOff => break,
                }
            }
            Ok(())
        };
        let reading = Reading { n_readers, file_time_max, interpreter, root_done: &|_| {} };
        let told = pipeline::run(&shared, &reading, walk);
        drop(parts);
        let (walked, _) = told?;
        Ok(walked?)
    }
}

fn no_answer(root: &WalkedRoot) -> PathError {
    let path = paths::from_bytes(&root.path);
    PathError::doing("open the folder", &path)(io::ErrorKind::TimedOut.into())
}

/// Parts of roots that are being surveyed, until dropped.
struct Parts<'a> {
    lookout: &'a Lookout,
    roots: BTreeSet<RootId>,
}

impl<'a> Parts<'a> {
    fn begin(lookout: &'a Lookout, trees: &BTreeSet<(RootId, RelPath)>) -> Self {
        let roots: BTreeSet<RootId> = trees.iter().map(|(root, _)| *root).collect();
        roots.iter().for_each(|root| lookout.begin_part(*root));
        Self { lookout, roots }
    }
}

impl Drop for Parts<'_> {
    fn drop(&mut self) {
        self.roots.iter().for_each(|root| self.lookout.end_part(*root));
    }
}

/// Those that lie in no other.
fn outermost(trees: &BTreeSet<(RootId, RelPath)>) -> impl Iterator<Item = (RootId, &RelPath)> {
    let is_inner = |root: RootId, folder: &RelPath| {
        let mut outer = folder.parent();
        while let Some(above) = outer {
            if trees.contains(&(root, above.clone())) {
                return true;
            }
            outer = above.parent();
        }
        false
    };
    trees.iter().filter(move |(root, folder)| !is_inner(*root, folder)).map(|(root, folder)| (*root, folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_within_others_are_surveyed_once() {
        let trees = [(1, "a/b"), (1, "a"), (1, "ab"), (2, "a/b"), (2, "a/b/c/d")]
            .map(|(root, folder)| (RootId(root), RelPath::from_bytes(folder.as_bytes())));
        let trees = BTreeSet::from(trees);
        let kept: Vec<_> =
            outermost(&trees).map(|(root, folder)| (root.0, folder.as_bytes().to_vec())).collect();
        assert_eq!(kept, [(1, b"a".to_vec()), (1, b"ab".to_vec()), (2, b"a/b".to_vec())]);
    }
}
