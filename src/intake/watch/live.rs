//! The thread `intake-live`: names that are due are looked at, read, and told to the ledger in small
//! batches, what is gone first. A person waits for this, so it runs as everyone. What it asks of a root is asked
//! on a thread of its own, on which it waits only as long as files answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lumidex_schema::id::{RootId, Seq};
use lumidex_schema::path::RelPath;

use super::dirty::{Change, Due};
use super::look::{Looked, Name, Site, look};
use super::lookout::Lookout;
use super::tend::RETRY;
use crate::intake::claims;
use crate::intake::hung::Hung;
use crate::intake::patience::{Pulse, Silence, ask};
use crate::intake::pipeline::{PipelineError, Place, now};
use crate::intake::progress::Progress;
use crate::intake::readers::{Interpret, Outcome, read};
use crate::intake::walk::{Seen, WalkedRoot};
use crate::intake::way::Way;
use crate::intake::worker::{InterpreterFactory, MakeInterpreter, RunError};
use crate::ledger::{Ledger, Observation, ReadError, Sighted};
use crate::limits::watch as limits;
use crate::sys::Stop;

/// How long rules for tags may be out of date.
const INTERPRETER_AGE_MAX: Duration = Duration::from_secs(1);

/// Reads changed files and tells the ledger.
pub(in crate::intake) struct Live {
    pub(in crate::intake) lookout: Arc<Lookout>,
    pub(in crate::intake) ledger: Ledger,
    pub(in crate::intake) make: Arc<MakeInterpreter>,
    pub(in crate::intake) stop: Stop,
    pub(in crate::intake) hung: Arc<Hung>,
    /// How long one file may take.
    pub(in crate::intake) file_time_max: Duration,
    /// Counts what is passed over, for nobody to read so far.
    pub(in crate::intake) progress: Progress,
}

/// Names by folder.
type ByFolder = BTreeMap<RelPath, Vec<Name>>;

/// A file to read, and what is known in its place.
type ToRead = (Arc<Place>, Seen, Option<Sighted>);

impl Live {
    /// Until the lookout is stopped.
    pub(in crate::intake) fn run(self: &Arc<Self>) {
        let mut interpreter: Option<(Instant, Arc<InterpreterFactory>)> = None;
        while let Some(names) = self.lookout.wait_for_names() {
            if interpreter.as_ref().is_none_or(|(made, _)| made.elapsed() > INTERPRETER_AGE_MAX) {
                interpreter = self.interpreter().ok().map(|factory| (Instant::now(), factory));
            }
            let Some((_, interpreter)) = &interpreter else {
                self.try_later(names);
                continue;
            };
            let roots = self.lookout.watched_roots();
            if let Err(error) = self.look_and_tell(&roots, by_root(&names), interpreter) {
                tracing::error!(error = &error as &dyn std::error::Error, "changes could not be taken in");
                self.try_later(names);
            }
        }
    }

    /// Looks at one file now, whoever watches; answers the ledger's head if it was told something. Of a
    /// root in doubt nothing is read: what lies there now would vouch for it later.
    pub(in crate::intake) fn look_at(
        self: &Arc<Self>,
        root: &WalkedRoot,
        folder: RelPath,
        name: Vec<u8>,
    ) -> Result<Option<Seq>, RunError> {
        if self.lookout.roots.lock().why_offline(root.id).is_some() {
            return Ok(None);
        }
        let interpreter = self.interpreter()?;
        let by_folder = ByFolder::from([(folder, vec![Name { name, is_rewritten: false }])]);
        let by_root = BTreeMap::from([(root.id, by_folder)]);
        self.look_and_tell(std::slice::from_ref(root), by_root, &interpreter)
    }

    fn interpreter(&self) -> Result<Arc<InterpreterFactory>, ReadError> {
        (self.make)(&self.ledger.reader()?)
    }

    fn try_later(&self, names: Vec<Due>) {
        if self.stop.wait_for(RETRY) {
            return;
        }
        for due in names {
            match due {
                Due::Name { root, folder, name, is_rewritten } => {
                    let change = if is_rewritten { Change::Written } else { Change::Touched };
                    self.lookout.mark_all(root, [(folder, name, change)]);
                }
                Due::Tree { root, folder } => self.lookout.plant([(root, folder)]),
            }
        }
    }

    fn look_and_tell(
        self: &Arc<Self>,
        roots: &[WalkedRoot],
        names: BTreeMap<RootId, ByFolder>,
        interpreter: &Arc<InterpreterFactory>,
    ) -> Result<Option<Seq>, RunError> {
        let (mut gone, mut to_read) = (Vec::new(), Vec::new());
        for (id, names) in names {
            let Some(root) = roots.iter().find(|known| known.id == id) else { continue };
            let asked = root.clone();
            let looked = self.ask(root, move |live, visit| {
                let mut looked = Looked::default();
                for (folder, names) in names {
                    let site = Site {
                        lookout: &live.lookout,
                        ledger: &live.ledger,
                        root: &asked,
                        folder: &folder,
                        pulse: &visit.pulse,
                    };
                    look(&site, names, &mut looked)?;
                }
                Ok(looked)
            })?;
            let Some(looked) = looked else { continue };
            self.lookout.plant(looked.trees);
            gone.extend(looked.gone);
            if !looked.to_read.is_empty() {
                to_read.push((root, looked.to_read));
            }
        }
        // What is gone comes first, so that its other half finds it.
        let mut observations: Vec<_> = claims::missing(&self.ledger, &gone, now()).collect();
        let mut head = None;
        for (root, mut files) in to_read {
            while !files.is_empty() {
                let interpreter = Arc::clone(interpreter);
                let read =
                    self.ask(root, move |live, visit| Ok(live.read_some(files, &mut *interpreter(), visit)))?;
                // What it read before it fell silent is found with the rest.
                let Some((read, rest)) = read else { break };
                observations.extend(read);
                files = rest;
                if !files.is_empty() || observations.len() >= limits::BATCH_OBSERVATIONS_MAX {
                    head = self.tell(std::mem::take(&mut observations))?.or(head);
                }
            }
        }
        Ok(self.tell(observations)?.or(head))
    }

    /// Asks something of a root; `None` when it does not answer. Then its changes are left to the walk that follows
    /// when it is back.
    fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        root: &WalkedRoot,
        question: impl FnOnce(&Live, &Visit) -> Result<T, RunError> + Send + 'static,
    ) -> Result<Option<T>, RunError> {
        let (live, visit) = (Arc::clone(self), Arc::<Visit>::default());
        let asked = Arc::clone(&visit);
        let question = move || question(&live, &asked);
        let answer = ask(&self.hung, root.id, self.file_time_max, &visit.pulse, question);
        match answer.map_err(PipelineError::from)? {
            Ok(answer) => answer.map(Some),
            Err(Silence) => {
                visit.is_given_up.store(true, Ordering::SeqCst);
                self.progress.complain(&format_args!("`{}` does not answer", root.path.escape_ascii()));
                self.lookout.doubt_roots();
                Ok(None)
            }
        }
    }

    /// Reads files until there is a batch of them; what they gave, and those that are left.
    fn read_some(
        &self,
        files: Vec<ToRead>,
        interpreter: &mut dyn Interpret,
        visit: &Visit,
    ) -> (Vec<Observation>, Vec<ToRead>) {
        let (mut files, mut read, opened) = (files.into_iter(), Vec::new(), Instant::now());
        while read.len() < limits::BATCH_OBSERVATIONS_MAX && opened.elapsed() < limits::BATCH_TIME_MAX {
            let Some((place, seen, known)) = files.next() else { break };
            read.extend(self.read(&place, seen, known, interpreter));
            visit.pulse.beat();
            if self.stop.is_stopped() || visit.is_given_up.load(Ordering::SeqCst) {
                return (read, Vec::new());
            }
        }
        (read, files.collect())
    }

    /// Tells the ledger, if there is anything to tell; its head then.
    fn tell(&self, observations: Vec<Observation>) -> Result<Option<Seq>, RunError> {
        if observations.is_empty() {
            return Ok(None);
        }
        tracing::debug!(n_observations = observations.len(), "telling the ledger of changes");
        let head = self.ledger.observe(observations).map_err(PipelineError::from)?;
        let displaced = claims::tell_displaced(&self.ledger, now()).map_err(PipelineError::from)?;
        Ok(displaced.or(Some(head)))
    }

    fn read(
        &self,
        place: &Place,
        seen: Seen,
        known: Option<Sighted>,
        interpreter: &mut dyn Interpret,
    ) -> Option<Observation> {
        let name = seen.name.clone();
        match read(
            &self.ledger,
            &place.root,
            &place.folder,
            seen,
            known.is_some(),
            interpreter,
            &self.progress,
        ) {
            Outcome::Read(seen) => {
                // What changed while it was read is read again when it has settled.
                let opened = Way::to(&place.root, &place.folder).open(&name);
                let after = opened.ok().flatten().map(|(_, sighting)| sighting);
                let before = &seen.sighting;
                if after.is_some_and(|after| (after.size, after.modified) != (before.size, before.modified)) {
                    self.lookout.mark_all(place.root.id, [(place.folder.clone(), name, Change::Written)]);
                }
                Some(Observation::Seen(seen))
            }
            Outcome::NotMedia => claims::missing(&self.ledger, known.as_slice(), now()).next(),
            Outcome::Nothing => None,
        }
    }
}

/// What is asked of a root.
#[derive(Default)]
struct Visit {
    /// Nobody waits for it any more.
    is_given_up: AtomicBool,
    pulse: Pulse,
}

fn by_root(names: &[Due]) -> BTreeMap<RootId, ByFolder> {
    let mut by_root = BTreeMap::<RootId, ByFolder>::new();
    for due in names {
        if let Due::Name { root, folder, name, is_rewritten } = due {
            let name = Name { name: name.clone(), is_rewritten: *is_rewritten };
            by_root.entry(*root).or_default().entry(folder.clone()).or_default().push(name);
        }
    }
    by_root
}
