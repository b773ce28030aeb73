//! The thread `intake-live`: names that are due are looked at, read, and told to the ledger in small
//! batches, what is gone first. A person waits for this, so it runs as everyone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lumidex_schema::id::{RootId, Seq};
use lumidex_schema::path::RelPath;

use super::dirty::{Change, Due};
use super::look::{Looked, Name, look};
use super::lookout::Lookout;
use super::tend::RETRY;
use crate::intake::claims;
use crate::intake::pipeline::{Place, now};
use crate::intake::progress::Progress;
use crate::intake::readers::{self, Interpret, Outcome, read};
use crate::intake::walk::{Seen, WalkedRoot, folder_path};
use crate::intake::worker::{InterpreterFactory, MakeInterpreter, RunError};
use crate::ledger::{Ledger, Observation, ReadError, Sighted};
use crate::limits::watch as limits;
use crate::sys::paths;

/// How long rules for tags may be out of date.
const INTERPRETER_AGE_MAX: Duration = Duration::from_secs(1);

/// Reads changed files and tells the ledger.
pub(in crate::intake) struct Live {
    pub(in crate::intake) lookout: Arc<Lookout>,
    pub(in crate::intake) ledger: Ledger,
    pub(in crate::intake) make: Arc<MakeInterpreter>,
    pub(in crate::intake) stop: crate::sys::Stop,
    /// Counts what is passed over, for nobody to read so far.
    pub(in crate::intake) progress: Progress,
}

/// Names by folder.
type ByFolder = BTreeMap<(RootId, RelPath), Vec<Name>>;

impl Live {
    /// Until the lookout is stopped.
    pub(in crate::intake) fn run(&self) {
        let mut interpreter: Option<(Instant, Box<dyn Interpret>)> = None;
        while let Some(names) = self.lookout.wait_for_names() {
            if interpreter.as_ref().is_none_or(|(made, _)| made.elapsed() > INTERPRETER_AGE_MAX) {
                interpreter = self.interpreter().ok().map(|factory| (Instant::now(), factory()));
            }
            let Some((_, interpreter)) = &mut interpreter else {
                self.try_later(names);
                continue;
            };
            let roots = self.lookout.watched_roots();
            let told = self.look_and_tell(&roots, by_folder(&names), &mut **interpreter);
            if let Err(error) = told {
                tracing::error!(error = &error as &dyn std::error::Error, "changes could not be taken in");
                self.try_later(names);
            }
        }
    }

    /// Looks at one file now, whoever watches; answers the ledger's head if it was told something. Of a
    /// root in doubt nothing is read: what lies there now would vouch for it later.
    pub(in crate::intake) fn look_at(
        &self,
        root: &WalkedRoot,
        folder: RelPath,
        name: Vec<u8>,
    ) -> Result<Option<Seq>, RunError> {
        if self.lookout.roots.lock().why_offline(root.id).is_some() {
            return Ok(None);
        }
        let mut interpreter = self.interpreter()?();
        let names = vec![Name { name, is_rewritten: false }];
        let by_folder = ByFolder::from([((root.id, folder), names)]);
        self.look_and_tell(std::slice::from_ref(root), by_folder, &mut *interpreter)
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
        &self,
        roots: &[WalkedRoot],
        names: ByFolder,
        interpreter: &mut dyn Interpret,
    ) -> Result<Option<Seq>, RunError> {
        let mut looked = Looked::default();
        for ((root, folder), names) in names {
            let Some(root) = roots.iter().find(|known| known.id == root) else { continue };
            look(&self.lookout, &self.ledger, root, &folder, names, &mut looked)?;
        }
        let Looked { to_read, gone, trees } = looked;
        self.lookout.plant(trees);
        // What is gone comes first, so that its other half finds it.
        let missing = claims::missing(&self.ledger, &gone, now()).collect();
        let mut batch = Batch { live: self, observations: missing, opened: Instant::now(), head: None };
        for (place, seen, known) in to_read {
            if self.stop.is_stopped() {
                break;
            }
            batch.observations.extend(self.read(&place, seen, known, interpreter));
            batch.tell_if_full()?;
        }
        batch.tell()?;
        Ok(batch.head)
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
                let path = folder_path(&place.root.path, &place.folder).join(paths::from_bytes(&name));
                // What changed while it was read is read again when it has settled.
                let after = readers::open(&path).ok().flatten().map(|(_, sighting)| sighting);
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

struct Batch<'a> {
    live: &'a Live,
    observations: Vec<Observation>,
    opened: Instant,
    head: Option<Seq>,
}

impl Batch<'_> {
    fn tell_if_full(&mut self) -> Result<(), RunError> {
        if self.observations.len() >= limits::BATCH_OBSERVATIONS_MAX
            || self.opened.elapsed() >= limits::BATCH_TIME_MAX
        {
            self.tell()?;
        }
        Ok(())
    }

    fn tell(&mut self) -> Result<(), RunError> {
        let observations = std::mem::take(&mut self.observations);
        if !observations.is_empty() {
            tracing::debug!(n_observations = observations.len(), "telling the ledger of changes");
            let told = self.live.ledger.observe(observations);
            self.head = Some(told.map_err(crate::intake::PipelineError::from)?);
            let displaced = claims::tell_displaced(&self.live.ledger, now());
            if let Some(head) = displaced.map_err(crate::intake::PipelineError::from)? {
                self.head = Some(head);
            }
        }
        self.opened = Instant::now();
        Ok(())
    }
}

fn by_folder(names: &[Due]) -> ByFolder {
    let mut by_folder = ByFolder::new();
    for due in names {
        if let Due::Name { root, folder, name, is_rewritten } = due {
            let name = Name { name: name.clone(), is_rewritten: *is_rewritten };
            by_folder.entry((*root, folder.clone())).or_default().push(name);
        }
    }
    by_folder
}
