//! Walks one root and compares it with what the ledger knows: what is to be read, and what is gone.
//!
//! Absent is not deleted. Files of a root that cannot be opened, or that is suddenly empty or another
//! device and holds none of a sample of its files, stay as they are; so do files of folders that
//! could not be listed.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use crossbeam_channel::Sender;
use lumidex_schema::id::{FolderId, RootId, Seq};
use lumidex_schema::path::RelPath;
use parking_lot::Mutex;

use super::above::{Above, above, is_bare};
use super::listing::OpenFolder;
use super::pipeline::{Found, Place, Shared};
use super::reconcile::{Depth, Difference, Reconciler};
use super::rules::is_passed_over;
use super::walk::{Entering, FolderPart, Start, Walked, WalkedRoot, walk_from};
use super::way::Way;
use crate::ledger::{KnownFile, ReadError, Reader, Sighted};
use crate::metadata;
use crate::sys::{PathError, paths};

/// Known files looked for when a root is in doubt (design ruling 5).
const SAMPLE_FILES_MAX: usize = 32;

/// How a root was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Walked to its end.
    Walked,
    /// It cannot be opened, or nothing says that it is the folder it was; nothing of it is missing.
    Offline,
    /// The walk was stopped.
    BrokenOff,
}

/// Why a root could not be compared with the ledger.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// The ledger could not be read.
    #[error("what is known of the folder cannot be read")]
    Ledger(#[from] ReadError),
    /// The system gave no thread.
    #[error("a thread to look at the folder cannot be started")]
    Thread(#[from] std::io::Error),
}

/// Device and inode of a folder: the same one, wherever it is mounted.
pub(super) type Identity = (u64, u64);

/// What makes it sure that a root is the folder it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Faith {
    /// Nothing but what is in it.
    Examine,
    /// It was out of reach: something known must be there, whatever else is. Another drive may have
    /// the same number.
    Lost,
    /// If it is still this folder: it was never out of sight, so what is absent was seen to go.
    Same(Identity),
    /// A person said so.
    Accepted,
}

/// What is to be walked, and how.
#[derive(Clone)]
pub(super) struct Errand {
    pub(super) root: WalkedRoot,
    /// This folder and what is below it; nothing else is judged.
    pub(super) top: RelPath,
    pub(super) n_walkers: usize,
    pub(super) depth: Depth,
    pub(super) faith: Faith,
    pub(super) entering: Arc<Entering>,
    /// Called before the end of a walk of the whole root is sent, with the folder it is.
    pub(super) walked: Arc<dyn Fn(Identity) + Send + Sync>,
}

/// Walks a root, or a folder of it, and sends what was found.
pub(super) fn survey(shared: &Shared, errand: &Errand, sender: &Sender<Found>) -> Result<Reach, SurveyError> {
    let Errand { root, top, n_walkers, depth, faith, entering, walked: told } = errand;
    let (n_walkers, depth, faith) = (*n_walkers, *depth, *faith);
    // Of a root in doubt nothing is read either: what lies there now would vouch for it later.
    let (Trust::Sure, Some(identity)) = trust(shared, root, faith)? else { return Ok(Reach::Offline) };
    // Before the walk: what it finds itself is told to the ledger while it goes on.
    let reader = shared.ledger.reader()?;
    let known_folders = reader.folders_from(root.id, top)?;
    let last_before = reader.last_image()?;
    let is_behind = reader.read_with(root.id)? < metadata::VERSION;
    let before = reader.head()?;
    drop(reader);
    let survey = Survey {
        shared,
        root,
        depth,
        is_behind,
        before,
        is_root_certain: faith == Faith::Accepted || faith == Faith::Same(identity),
        sender,
        visited: Mutex::default(),
        bare: Mutex::default(),
        failure: Mutex::default(),
    };
    let walked = match above(root, top) {
        Ok(Above::Visited(ignores)) => {
            let (entering, logs, pulse) = (&**entering, &*shared.logs, &*shared.pulse);
            let start = Start { folder: top.clone(), ignores, entering, logs, pulse };
            walk_from(root, start, n_walkers, &shared.stop, &shared.progress, || survey.visitor())
        }
        Ok(Above::Ignored | Above::Absent) => Ok(Walked::default()),
        Err(error) => Err(error),
    };
    if let Some(failure) = survey.failure.lock().take() {
        return Err(failure.into());
    }
    let walked = match walked {
        Ok(walked) => walked,
        // It was there a moment ago.
        Err(error) => {
            shared.progress.complain(&error);
            return Ok(Reach::Offline);
        }
    };
    if walked.is_broken_off {
        return Ok(Reach::BrokenOff);
    }
    // Unmounted meanwhile, its folders would look as if they were gone.
    let is_same = look_at_root(root).is_ok_and(|(_, identity_now)| identity_now == identity);
    if walked.unlisted.contains(&RelPath::root()) || !is_same {
        return Ok(Reach::Offline);
    }
    survey.note_mount_point_above(top);
    let gone = survey.gone_folders(&known_folders, &walked)?;
    for files in gone {
        let files = survey.still_gone(files)?;
        if !files.is_empty() && survey.pass(Found::Gone(files)).is_break() {
            return Ok(Reach::BrokenOff);
        }
    }
    if shared.stop.is_stopped() {
        return Ok(Reach::BrokenOff);
    }
    if *top == RelPath::root() {
        told(identity);
        let seen_through = walked.unlisted.is_empty().then_some(last_before);
        // When nobody takes it, the run fails with what the ledger said.
        let _ = survey.pass(Found::RootWalked(root.id, seen_through));
    }
    Ok(Reach::Walked)
}

/// Whether a root can be opened, and nothing says that it is another folder than it was.
pub(super) fn is_trusted(shared: &Shared, root: &WalkedRoot, faith: Faith) -> Result<bool, SurveyError> {
    Ok(trust(shared, root, faith)?.0 == Trust::Sure)
}

/// Whether the root's own folder holds nothing of interest, and which folder it is.
pub(super) fn look_at_root(root: &WalkedRoot) -> Result<(bool, Identity), PathError> {
    let look = || {
        let open = OpenFolder::open_root(&root.path)?;
        let mut is_empty = true;
        open.entries(|name, _| {
            is_empty = is_passed_over(name);
            is_empty
        })?;
        let sighting = open.stat_self()?.sighting;
        Ok((is_empty, (sighting.device, sighting.inode)))
    };
    look().map_err(PathError::doing("open the folder", &paths::from_bytes(&root.path)))
}

/// Whether what is absent from a root may be taken for gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    Sure,
    /// It can be opened, but nothing says that it is the folder it was.
    Doubtful,
}

fn trust(shared: &Shared, root: &WalkedRoot, faith: Faith) -> Result<(Trust, Option<Identity>), SurveyError> {
    let (is_empty, identity) = match look_at_root(root) {
        Ok(looked) => looked,
        Err(error) => {
            shared.progress.complain(&error);
            return Ok((Trust::Doubtful, None));
        }
    };
    let trust = match faith {
        Faith::Accepted => Trust::Sure,
        Faith::Same(before) if before == identity => Trust::Sure,
        Faith::Same(_) | Faith::Examine => examine(shared, root, is_empty, identity.0)?,
        // As if it were empty: its device proves nothing.
        Faith::Lost => examine(shared, root, true, identity.0)?,
    };
    Ok((trust, Some(identity)))
}

/// Judges by the files known in a root: it holds something and most of them lay on its device, or
/// one of them is there although it lay elsewhere, as after mounting it in another order.
fn examine(shared: &Shared, root: &WalkedRoot, is_empty: bool, device: u64) -> Result<Trust, SurveyError> {
    let sample = sample(shared, root.id, SAMPLE_FILES_MAX)?;
    if sample.is_empty() {
        return Ok(Trust::Sure);
    }
    let reader = shared.ledger.reader()?;
    let mut elsewhere = Vec::new();
    for (folder, file) in &sample {
        let known_device = reader.image(file.image)?.map(|image| image.sighting.device);
        if is_empty || known_device != Some(device) {
            elsewhere.push((folder, file));
        }
    }
    if elsewhere.len() * 2 <= sample.len() {
        return Ok(Trust::Sure);
    }
    let is_there = |(folder, file): &(&RelPath, &KnownFile)| {
        let is_there = Way::to(root, folder).look(&file.name).is_ok();
        shared.pulse.beat();
        is_there
    };
    Ok(if elsewhere.iter().any(is_there) { Trust::Sure } else { Trust::Doubtful })
}

/// Up to `n` of the files known in a root, from all over it; none only when none is known.
fn sample(shared: &Shared, root: RootId, n: usize) -> Result<Vec<(RelPath, KnownFile)>, ReadError> {
    let reader = shared.ledger.reader()?;
    let folders = reader.folders_of(root)?;
    let mut sample = Vec::new();
    for (id, folder) in spread(&folders, n) {
        let known = reader.known_from(*id, b"", n.div_ceil(folders.len()))?;
        sample.extend(known.into_iter().map(|file| (folder.clone(), file)));
    }
    if sample.is_empty() {
        // The chosen folders hold nothing any more; another may.
        for (id, folder) in &folders {
            if let Some(file) = reader.known_from(*id, b"", 1)?.into_iter().next() {
                sample.push((folder.clone(), file));
                break;
            }
        }
    }
    Ok(sample)
}

/// Up to `n` items at equal distances.
fn spread<T>(items: &[T], n: usize) -> impl Iterator<Item = &T> {
    items.iter().step_by(items.len().div_ceil(n.max(1)).max(1))
}

struct Survey<'a> {
    shared: &'a Shared,
    root: &'a WalkedRoot,
    depth: Depth,
    /// Some files were not looked at with today's reader yet.
    is_behind: bool,
    /// The ledger's head when the walk began.
    before: Seq,
    /// The root is no mount point without its drive, even if it is bare.
    is_root_certain: bool,
    sender: &'a Sender<Found>,
    /// Folders of the ledger that were listed.
    visited: Mutex<HashSet<FolderId>>,
    /// Folders that hold nothing at all, with the device they lie on.
    bare: Mutex<Vec<(RelPath, u64)>>,
    failure: Mutex<Option<ReadError>>,
}

impl Survey<'_> {
    /// Should the top itself be gone, then perhaps because it lay on a drive that was mounted above
    /// it: the folder it would be in tells.
    fn note_mount_point_above(&self, top: &RelPath) {
        let mut folder = top.clone();
        while let Some(outer) = folder.parent() {
            match Way::to(self.root, &outer).folder() {
                Ok(open) => {
                    let is_vouched_for = self.is_root_certain && outer == RelPath::root();
                    if let (Ok(true), Ok(stat)) = (is_bare(&open), open.stat_self())
                        && !is_vouched_for
                    {
                        self.bare.lock().push((outer, stat.sighting.device));
                    }
                    return;
                }
                Err(_) => folder = outer,
            }
        }
    }

    /// Compares the folders that one thread lists.
    fn visitor(&self) -> impl FnMut(FolderPart) -> ControlFlow<()> {
        let mut reconciler = Reconciler::new(KnownPages::none(self), self.depth);
        move |mut part| {
            let folder = part.folder.clone();
            let compared = if part.is_first { self.begin(&mut part) } else { Ok(None) };
            let differences = compared.map(|known| {
                if let Some(known) = known {
                    reconciler = Reconciler::new(known, self.depth);
                }
                reconciler.part(part)
            });
            match differences {
                // Known files that could not be read would look like arrived ones.
                Ok(differences) if self.failure.lock().is_none() => self.send(folder, differences),
                Ok(_) => ControlFlow::Break(()),
                Err(error) => {
                    *self.failure.lock() = Some(error);
                    ControlFlow::Break(())
                }
            }
        }
    }

    /// What is known of the folder whose first part this is.
    fn begin(&self, part: &mut FolderPart) -> Result<Option<KnownPages<'_>>, ReadError> {
        let reader = self.shared.ledger.reader()?;
        let id = reader.folder_id(self.root.id, &part.folder)?;
        if let Some(id) = id {
            self.visited.lock().insert(id);
        }
        if part.is_bare && !(self.is_root_certain && part.folder == RelPath::root()) {
            self.bare.lock().push((part.folder.clone(), part.device));
            part.is_complete &= match id {
                Some(id) => !self.was_elsewhere(&reader, id, part.device)?,
                None => true,
            };
        }
        Ok(Some(KnownPages { folder: id, ..KnownPages::none(self) }))
    }

    /// Whether the files known in a folder lay on another device, as those of a drive that was
    /// mounted there.
    fn was_elsewhere(&self, reader: &Reader, folder: FolderId, device: u64) -> Result<bool, ReadError> {
        let Some(known) = reader.known_from(folder, b"", 1)?.into_iter().next() else { return Ok(false) };
        Ok(reader.image(known.image)?.is_some_and(|image| image.sighting.device != device))
    }

    fn send(&self, folder: RelPath, differences: Vec<Difference>) -> ControlFlow<()> {
        let mut files = Vec::new();
        let mut gone = Vec::new();
        for difference in differences {
            match difference {
                Difference::Arrived(seen) => files.push((seen, None)),
                Difference::Altered(seen, known) => files.push((seen, Some(known))),
                Difference::Vanished(file) => gone.push(file),
            }
        }
        let mut answer = ControlFlow::Continue(());
        if !files.is_empty() {
            self.shared.progress.add(&self.shared.progress.to_read, files.len() as u64);
            let place = Arc::new(Place { root: self.root.clone(), folder });
            answer = self.pass(Found::ToRead { place, files });
        }
        if answer.is_continue() && !gone.is_empty() {
            answer = self.pass_gone(gone);
        }
        answer
    }

    fn pass_gone(&self, gone: Vec<Sighted>) -> ControlFlow<()> {
        match self.still_gone(gone) {
            Ok(gone) if gone.is_empty() => ControlFlow::Continue(()),
            Ok(gone) => self.pass(Found::Gone(gone)),
            Err(error) => {
                *self.failure.lock() = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    /// Without those that are where the ledger has known them since the walk began: an operation moved
    /// them into a folder that had been listed by then.
    fn still_gone(&self, mut gone: Vec<Sighted>) -> Result<Vec<Sighted>, ReadError> {
        let reader = self.shared.ledger.reader()?;
        let mut came_since = HashSet::new();
        for file in &gone {
            let Some(image) = reader.image(file.image)? else { continue };
            let folder_seq = reader.folder(image.folder)?.map_or(Seq::ZERO, |folder| folder.seq);
            if image.seq.max(folder_seq) > self.before
                && Way::to_image(&reader, &image)?.look(&image.name).is_ok()
            {
                came_since.insert(file.image);
            }
        }
        gone.retain(|file| !came_since.contains(&file.image));
        Ok(gone)
    }

    fn pass(&self, found: Found) -> ControlFlow<()> {
        // What took so long to be found that nobody waits for it may not be so any more.
        if self.shared.stop.is_stopped() {
            return ControlFlow::Break(());
        }
        match self.shared.pulse.waiting(|| self.sender.send(found)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }

    /// The files of folders that are no longer there, and of which that can be said.
    fn gone_folders(
        &self,
        known_folders: &[(FolderId, RelPath)],
        walked: &Walked,
    ) -> Result<Vec<Vec<Sighted>>, ReadError> {
        let reader = self.shared.ledger.reader()?;
        let (visited, bare) = (self.visited.lock(), self.bare.lock());
        let unlisted: HashSet<&RelPath> = walked.unlisted.iter().collect();
        let devices: HashMap<&RelPath, u64> = bare.iter().map(|(folder, device)| (folder, *device)).collect();
        let mut gone = Vec::new();
        for (id, folder) in known_folders {
            // With itself.
            let mut above = std::iter::successors(Some(folder.clone()), RelPath::parent);
            if visited.contains(id) || above.clone().any(|folder| unlisted.contains(&folder)) {
                continue;
            }
            if let Some(device) = above.find_map(|folder| devices.get(&folder).copied())
                && self.was_elsewhere(&reader, *id, device)?
            {
                continue;
            }
            let files: Vec<_> = reader.known_in(*id)?.iter().map(KnownFile::sighted).collect();
            if !files.is_empty() {
                gone.push(files);
            }
        }
        Ok(gone)
    }
}

/// Known files taken from the ledger at once.
const KNOWN_PAGE_FILES: usize = 4_096;

/// The files known in a folder, by name, a page at a time: a folder may hold a million. Each page
/// is of a snapshot of its own, because one held for long would keep the ledger from re-using its
/// pages. What operations brought here since the folder was listed is told apart before it counts as gone.
struct KnownPages<'a> {
    survey: &'a Survey<'a>,
    /// Without one, nothing is known.
    folder: Option<FolderId>,
    page: std::vec::IntoIter<KnownFile>,
    /// The least name of the next page.
    from: Vec<u8>,
}

impl<'a> KnownPages<'a> {
    fn none(survey: &'a Survey<'a>) -> Self {
        Self { survey, folder: None, page: Vec::new().into_iter(), from: Vec::new() }
    }

    fn next_page(&mut self, folder: FolderId) -> Result<Vec<KnownFile>, ReadError> {
        let reader = self.survey.shared.ledger.reader()?;
        let mut page = reader.known_from(folder, &self.from, KNOWN_PAGE_FILES)?;
        if self.survey.is_behind {
            for known in &mut page {
                known.is_outdated = metadata::is_outdated(&reader.note(known.image)?);
            }
        }
        match page.last() {
            // The name after it in the order of bytes.
            Some(last) if page.len() == KNOWN_PAGE_FILES => self.from = [&last.name[..], &[0]].concat(),
            _ => self.folder = None,
        }
        Ok(page)
    }
}

impl Iterator for KnownPages<'_> {
    type Item = KnownFile;

    fn next(&mut self) -> Option<KnownFile> {
        if let Some(known) = self.page.next() {
            return Some(known);
        }
        match self.next_page(self.folder?) {
            Ok(page) => self.page = page.into_iter(),
            Err(error) => {
                self.folder = None;
                *self.survey.failure.lock() = Some(error);
            }
        }
        self.page.next()
    }
}

#[cfg(test)]
mod tests;
