//! The parallel walk of one root, a folder at a time: which media files there are, and what is to be
//! known of them without opening them. Knows nothing of the ledger.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{io, thread};

use lumidex_schema::id::{RootId, Timestamp};
use lumidex_schema::media::MediaKind;
use lumidex_schema::path::{RelPath, absolute};
use lumidex_schema::record::Sighting;
use parking_lot::{Condvar, Mutex};

use super::beside::{self, Besides, LOG_NAME, sidecar_parts};
use super::listing::{EntryType, Names, OpenFolder};
use super::logs::Logs;
use super::patience::Pulse;
use super::progress::Progress;
use super::rules::{IGNORE_FILE, Ignores, is_passed_over};
use super::way::Way;
use crate::metadata::Log;
use crate::sys::{PathError, Stop, paths};

/// Files handed over at once. A folder of a million files is walked in little memory, and its first
/// files are searchable long before its last is looked at.
pub const PART_FILES_MAX: usize = 4_096;

/// A media file, as seen without opening it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// File name.
    pub name: Vec<u8>,
    /// Size, times and identity, and what is beside it.
    pub sighting: Sighting,
    /// By extension.
    pub media: MediaKind,
    /// What stands beside it, if anything.
    pub besides: Option<Box<Besides>>,
}

/// The listing of a folder, or a run of it: names between those of the part before and the part
/// after. The parts of one folder come in order, from one thread, without those of another folder
/// between them; every folder has at least one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderPart {
    /// The root that is walked.
    pub root: RootId,
    /// Which folder below it.
    pub folder: RelPath,
    /// The folder's own modification time.
    pub modified: Timestamp,
    /// The device it lies on; 0 where there is none.
    pub device: u64,
    /// It holds neither media files nor folders; so is a mount point when nothing is mounted.
    pub is_bare: bool,
    /// Media files, sorted by name, at most [`PART_FILES_MAX`].
    pub files: Vec<Seen>,
    /// Names of media files that are there but could not be looked at, sorted.
    pub doubtful: Vec<Vec<u8>>,
    /// No part of the folder came before.
    pub is_first: bool,
    /// No part of the folder follows.
    pub is_last: bool,
    /// The whole folder could be listed, so that what is in no part is not there.
    pub is_complete: bool,
}

/// What to walk.
#[derive(Clone, Debug)]
pub struct WalkedRoot {
    /// Its id, handed through.
    pub id: RootId,
    /// Absolute. May itself be a symbolic link.
    pub path: Vec<u8>,
}

/// How a walk came to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walked {
    /// It was stopped, or a visitor broke it off; then nothing is known of what was not visited.
    pub is_broken_off: bool,
    /// Folders that could not be listed to their end; nothing is known of them and of what is below.
    pub unlisted: Vec<RelPath>,
}

/// Walks `root` on `n_threads` threads, each of which hands what it finds to a visitor of its own
/// made by `visitor`. Symbolic links are never followed; each real folder is visited once.
///
/// # Errors
/// [`PathError`] when the root itself cannot be opened.
pub fn walk<V>(
    root: &WalkedRoot,
    n_threads: usize,
    stop: &Stop,
    progress: &Progress,
    visitor: impl Fn() -> V + Sync,
) -> Result<Walked, PathError>
where
    V: FnMut(FolderPart) -> ControlFlow<()>,
{
    let (ignores, logs) = (Ignores::default(), &Logs::default());
    let (folder, pulse) = (RelPath::root(), &Pulse::default());
    let start = Start { folder, ignores, entering: &|_, _| {}, logs, pulse };
    walk_from(root, start, n_threads, stop, progress, visitor)
}

/// Called with each folder and its own sighting after it was opened and before it is listed.
pub(super) type Entering = dyn Fn(&RelPath, &Sighting) + Send + Sync;

/// Where a walk begins.
pub(super) struct Start<'a> {
    /// It and what is below it is walked. When it is not there, nothing is visited.
    pub(super) folder: RelPath,
    /// The rules of the folders above it.
    pub(super) ignores: Ignores,
    pub(super) entering: &'a Entering,
    pub(super) logs: &'a Logs,
    /// Beats as long as folders and files answer.
    pub(super) pulse: &'a Pulse,
}

/// As [`walk`], beginning at a folder of the root.
pub(super) fn walk_from<V>(
    root: &WalkedRoot,
    start: Start<'_>,
    n_threads: usize,
    stop: &Stop,
    progress: &Progress,
    visitor: impl Fn() -> V + Sync,
) -> Result<Walked, PathError>
where
    V: FnMut(FolderPart) -> ControlFlow<()>,
{
    let path = paths::from_bytes(&root.path);
    OpenFolder::open_root(&root.path).map_err(PathError::doing("open the folder", &path))?;
    let Start { folder, ignores, entering, logs, pulse } = start;
    let (queue, findings) = (Queue::default(), Mutex::default());
    let walk = Walk { root, entering, logs, pulse, stop, progress, queue, findings };
    walk.queue.push(vec![Todo { folder, ignores }]);
    thread::scope(|scope| {
        for _ in 0..n_threads.max(1) {
            thread::Builder::new()
                .name("intake-walk".to_owned())
                .spawn_scoped(scope, || walk.work(visitor()))
                .map_err(PathError::doing("start a thread to walk", &path))?;
        }
        Ok::<(), PathError>(())
    })
    .inspect_err(|_| walk.queue.break_off())?;
    let findings = walk.findings.into_inner();
    let is_broken_off = walk.queue.is_broken_off() || stop.is_stopped();
    Ok(Walked { is_broken_off, unlisted: findings.unlisted })
}

struct Walk<'a> {
    root: &'a WalkedRoot,
    entering: &'a Entering,
    logs: &'a Logs,
    pulse: &'a Pulse,
    stop: &'a Stop,
    progress: &'a Progress,
    queue: Queue,
    findings: Mutex<Findings>,
}

#[derive(Default)]
struct Findings {
    /// Device and inode of every folder visited, against bind mounts in a ring.
    visited: HashSet<(u64, u64)>,
    unlisted: Vec<RelPath>,
}

/// A folder still to be visited.
struct Todo {
    folder: RelPath,
    /// Those of the folders above.
    ignores: Ignores,
}

/// A folder's entries before any file was looked at.
#[derive(Default)]
struct Entries {
    media: Names,
    /// Names that end like a sidecar.
    sidecars: Names,
    folders: Vec<Vec<u8>>,
    has_ignore_file: bool,
    has_log: bool,
}

impl Walk<'_> {
    fn work<V: FnMut(FolderPart) -> ControlFlow<()>>(&self, mut visitor: V) {
        while let Some(todo) = self.queue.take() {
            // Ends the turn however it is left, or the other threads would wait for ever.
            let _turn = Turn(&self.queue);
            if self.stop.is_stopped() || self.visit(todo, &mut visitor).is_break() {
                self.queue.break_off();
            }
        }
    }

    fn visit<V: FnMut(FolderPart) -> ControlFlow<()>>(&self, todo: Todo, visitor: &mut V) -> ControlFlow<()> {
        let Todo { folder, ignores } = todo;
        let way = Way::to(self.root, &folder);
        let path = way.path();
        let opened = way.folder().and_then(|open| open.stat_self().map(|stat| (open, stat.sighting)));
        let (open, sighting) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                self.give_up(folder, PathError::doing("open the folder", &path)(error));
                return ControlFlow::Continue(());
            }
        };
        if !self.findings.lock().visited.insert((sighting.device, sighting.inode)) && sighting.inode != 0 {
            return ControlFlow::Continue(());
        }
        self.pulse.beat();
        // Perhaps it took so long to answer that nobody wants to hear it.
        if self.stop.is_stopped() {
            return ControlFlow::Break(());
        }
        (self.entering)(&folder, &sighting);
        let (mut entries, listed) = self.entries(&open);
        let is_complete = listed.is_ok();
        if let Err(error) = listed {
            self.give_up(folder.clone(), PathError::doing("list", &path)(error));
        }
        if self.stop.is_stopped() {
            return ControlFlow::Break(());
        }
        self.progress.add(&self.progress.folders, 1);
        let ignores = self.ignores(ignores, &entries, &folder);
        let is_bare = entries.media.len() == 0 && entries.folders.is_empty();
        self.queue_folders(&mut entries, &folder, &ignores);
        let has_log = entries.has_log && entries.media.len() > 0;
        let log = has_log.then(|| self.logs.of(&way, self.pulse)).flatten();
        let listing = Listing { path: &path, folder, sighting, is_bare, is_complete, ignores, log };
        self.look(&listing, &open, &entries, visitor)
    }

    /// A folder that is gone is no complaint: its parent's listing was simply overtaken.
    fn give_up(&self, folder: RelPath, error: PathError) {
        if error.is_absent() && folder != RelPath::root() {
            return;
        }
        self.progress.complain(&error);
        self.findings.lock().unlisted.push(folder);
    }

    fn entries(&self, open: &OpenFolder) -> (Entries, io::Result<()>) {
        let mut entries = Entries::default();
        let listed = open.entries(|name, entry_type| {
            self.pulse.beat();
            if name == IGNORE_FILE && entry_type == EntryType::File {
                entries.has_ignore_file = true;
            }
            if is_passed_over(name) {
                return !self.stop.is_stopped();
            }
            match entry_type {
                EntryType::Folder => entries.folders.push(name.to_vec()),
                EntryType::File if MediaKind::of_name(name).is_some() => entries.media.push(name),
                EntryType::File if name == LOG_NAME => entries.has_log = true,
                EntryType::File if sidecar_parts(name).is_some() => entries.sidecars.push(name),
                EntryType::Link | EntryType::Special if MediaKind::of_name(name).is_some() => {
                    self.progress.add(&self.progress.skipped, 1);
                }
                EntryType::File | EntryType::Link | EntryType::Special => {}
            }
            !self.stop.is_stopped()
        });
        entries.media.sort();
        entries.sidecars.sort();
        (entries, listed)
    }

    fn ignores(&self, outer: Ignores, entries: &Entries, folder: &RelPath) -> Ignores {
        if !entries.has_ignore_file {
            return outer;
        }
        match outer.reading(&self.root.path, folder) {
            Ok((ignores, n_bad)) => {
                self.progress.add(&self.progress.complaints, n_bad);
                ignores
            }
            Err(error) => {
                self.progress.complain(&error);
                outer
            }
        }
    }

    fn queue_folders(&self, entries: &mut Entries, folder: &RelPath, ignores: &Ignores) {
        let mut names = std::mem::take(&mut entries.folders);
        names.retain(|name| !ignores.ignores(folder, name, true));
        // The stack gives the last one first.
        names.sort_unstable_by(|a, b| b.cmp(a));
        self.queue.push(
            names.iter().map(|name| Todo { folder: folder.join(name), ignores: ignores.clone() }).collect(),
        );
    }

    /// Looks at the files, and hands them over part by part.
    fn look<V: FnMut(FolderPart) -> ControlFlow<()>>(
        &self,
        listing: &Listing<'_>,
        open: &OpenFolder,
        entries: &Entries,
        visitor: &mut V,
    ) -> ControlFlow<()> {
        let n_media = entries.media.len();
        let mut from = 0;
        loop {
            let to = n_media.min(from + PART_FILES_MAX);
            let mut part = FolderPart {
                root: self.root.id,
                folder: listing.folder.clone(),
                modified: listing.sighting.modified,
                device: listing.sighting.device,
                is_bare: listing.is_bare,
                files: Vec::with_capacity(to - from),
                doubtful: Vec::new(),
                is_first: from == 0,
                is_last: to == n_media,
                is_complete: listing.is_complete,
            };
            for nth in from..to {
                self.look_at(nth, listing, open, entries, &mut part);
            }
            self.progress.add(&self.progress.files, part.files.len() as u64);
            if self.stop.is_stopped() {
                return ControlFlow::Break(());
            }
            visitor(part)?;
            if to == n_media {
                return ControlFlow::Continue(());
            }
            from = to;
        }
    }

    fn look_at(
        &self,
        nth: usize,
        listing: &Listing<'_>,
        open: &OpenFolder,
        entries: &Entries,
        part: &mut FolderPart,
    ) {
        let name = entries.media.get(nth);
        let Some(media) = MediaKind::of_name(name) else { return };
        if listing.ignores.ignores(&listing.folder, name, false) {
            return;
        }
        let found = open.stat(&entries.media, nth);
        self.pulse.beat();
        match found {
            Ok(stat) if stat.entry_type == EntryType::File => {
                let mut sighting = stat.sighting;
                let log = listing.log.as_deref();
                let besides = beside::look(open, &entries.sidecars, log, name, &mut sighting);
                part.files.push(Seen { name: name.to_vec(), sighting, media, besides });
            }
            // Something else by now, or gone: as if it had not been listed.
            Ok(_) => self.progress.add(&self.progress.skipped, 1),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let path = listing.path.join(paths::from_bytes(name));
                self.progress.complain(&PathError::doing("look at", &path)(error));
                part.doubtful.push(name.to_vec());
            }
        }
    }
}

/// What the parts of a folder have in common.
struct Listing<'a> {
    path: &'a Path,
    folder: RelPath,
    /// Of the folder itself.
    sighting: Sighting,
    is_bare: bool,
    is_complete: bool,
    ignores: Ignores,
    log: Option<Arc<Log>>,
}

/// The path of a folder of a root.
pub(super) fn folder_path(root: &[u8], folder: &RelPath) -> PathBuf {
    paths::from_bytes(&absolute(root, folder.as_bytes(), b""))
}

/// Folders to be visited, shared by the threads: whoever is free takes the last one put.
#[derive(Default)]
struct Queue {
    state: Mutex<QueueState>,
    changed: Condvar,
}

#[derive(Default)]
struct QueueState {
    todos: Vec<Todo>,
    /// Folders being visited, which may still bring more.
    n_taken: usize,
    is_broken_off: bool,
}

impl Queue {
    fn push(&self, todos: Vec<Todo>) {
        if !todos.is_empty() {
            self.state.lock().todos.extend(todos);
            self.changed.notify_all();
        }
    }

    /// The next folder, waiting while others may still bring some; `None` at the end.
    fn take(&self) -> Option<Todo> {
        let mut state = self.state.lock();
        loop {
            if state.is_broken_off {
                return None;
            }
            if let Some(todo) = state.todos.pop() {
                state.n_taken += 1;
                return Some(todo);
            }
            if state.n_taken == 0 {
                return None;
            }
            self.changed.wait(&mut state);
        }
    }

    fn break_off(&self) {
        self.state.lock().is_broken_off = true;
        self.changed.notify_all();
    }

    fn is_broken_off(&self) -> bool {
        self.state.lock().is_broken_off
    }
}

/// A folder being visited.
struct Turn<'a>(&'a Queue);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.n_taken -= 1;
        if state.n_taken == 0 {
            self.0.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests;
