//! The pages that Fooocus logs to: each is parsed once for its size and time and kept while there is room, so
//! that a folder of any number of pictures costs one parse (rows G1 and G2 of the bad inputs). Knows no ledger.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lumidex_schema::record::Sighting;
use parking_lot::Mutex;

use super::beside::LOG_NAME;
use super::patience::Pulse;
use super::way::Way;
use crate::limits::{LOGS_BYTES_MAX, LOGS_KEPT_BYTES, LOGS_MAX};
use crate::metadata::Log;
use crate::metadata::limits::LOG_BYTES_MAX;

/// How long a page waits for another one that is being parsed: the longest takes some seconds.
const ALONE_WITHIN: Duration = Duration::from_secs(10);

/// Logs by their folder.
#[derive(Debug, Default)]
pub(super) struct Logs {
    kept: Mutex<Kept>,
    /// Held while a page is parsed, so that only one is in the making, unless that takes very long.
    parsing: Mutex<()>,
    n_parsed: AtomicU64,
}

#[derive(Debug, Default)]
struct Kept {
    pages: HashMap<PathBuf, Page>,
    n_bytes: usize,
    /// Counts uses.
    clock: u64,
}

#[derive(Clone, Debug)]
struct Page {
    version: Version,
    log: Arc<Log>,
    /// Every picture of the folder was compared with it, or with one that says the same of it.
    is_compared: bool,
    used: u64,
}

/// Size, time and inode; a page is written anew with each picture.
type Version = (u64, i64, u64);

fn version(sighting: &Sighting) -> Version {
    (sighting.size, sighting.modified.0, sighting.inode)
}

/// What a page is wanted for.
#[derive(Clone, Copy, Debug, Default)]
struct Wants {
    /// It was written to, even if it looks as before.
    is_rewritten: bool,
    /// Every picture of the folder is compared with it.
    is_compared: bool,
}

/// A file that shows that it answers while it is read.
struct Beating<'a> {
    file: File,
    pulse: &'a Pulse,
}

impl Read for Beating<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n_read = self.file.read(buf)?;
        self.pulse.beat();
        Ok(n_read)
    }
}

impl Logs {
    /// The log of a folder as it is now, for who compares every picture of the folder with it.
    pub(super) fn of(&self, folder: &Way, pulse: &Pulse) -> Option<Arc<Log>> {
        self.fresh(folder, Wants { is_rewritten: false, is_compared: true }, pulse).map(|page| page.log)
    }

    /// The log of a folder as its pictures were last compared with it, though it may have changed since: for
    /// who looks at a few of them. What changed is told by [`Logs::changed`].
    pub(super) fn known(&self, folder: &Way, pulse: &Pulse) -> Option<Arc<Log>> {
        if let Some(page) = self.kept.lock().used(&folder.path()) {
            return Some(page.log);
        }
        self.fresh(folder, Wants::default(), pulse).map(|page| page.log)
    }

    /// The log of a folder was written or removed: of which files it says something else than before, at most
    /// `max`; `None` when those are more, or when not all of the folder was compared with what it said before.
    pub(super) fn changed(
        &self,
        folder: &Way,
        is_rewritten: bool,
        max: usize,
        pulse: &Pulse,
    ) -> Option<Vec<String>> {
        let path = folder.path();
        let before = self.kept.lock().used(&path);
        let was_compared = before.as_ref().is_some_and(|page| page.is_compared);
        let after = self.fresh(folder, Wants { is_rewritten, is_compared: was_compared }, pulse);
        let before = before.filter(|page| page.is_compared)?;
        let nothing = Log::default();
        let differing = after.as_ref().map_or(&nothing, |page| &*page.log).differences(&before.log, max);
        if differing.is_none()
            && let Some(page) = self.kept.lock().pages.get_mut(&path)
        {
            page.is_compared = false;
        }
        differing
    }

    /// Gives back most of the memory; for the end of a walk.
    pub(super) fn rest(&self) {
        self.kept.lock().fit(LOGS_KEPT_BYTES, 0);
    }

    /// How many pages were parsed so far.
    #[cfg(test)]
    pub(super) fn n_parsed(&self) -> u64 {
        self.n_parsed.load(Ordering::Relaxed)
    }

    fn fresh(&self, folder: &Way, wants: Wants, pulse: &Pulse) -> Option<Page> {
        let Wants { is_rewritten, is_compared } = wants;
        let path = folder.path();
        let Some((file, sighting)) = folder.open(LOG_NAME).ok().flatten() else {
            self.kept.lock().forget(&path);
            return None;
        };
        // Another's file system may not answer.
        let _alone = self.parsing.try_lock_for(ALONE_WITHIN);
        let version = version(&sighting);
        let known = self.kept.lock().used(&path).filter(|page| page.version == version && !is_rewritten);
        let mut page = match known {
            Some(page) => page,
            None => Page {
                version,
                log: Arc::new(self.parse(Beating { file, pulse }, &path)?),
                is_compared: false,
                used: 0,
            },
        };
        page.is_compared |= is_compared;
        self.kept.lock().put(&path, page.clone());
        Some(page)
    }

    fn parse(&self, file: Beating<'_>, folder: &Path) -> Option<Log> {
        self.n_parsed.fetch_add(1, Ordering::Relaxed);
        let parsed = Log::parse(&mut file.take(LOG_BYTES_MAX));
        parsed
            .inspect_err(|error| {
                tracing::debug!(%error, folder = %folder.display(), "a log beside pictures cannot be read");
            })
            .ok()
    }
}

impl Kept {
    fn used(&mut self, folder: &Path) -> Option<Page> {
        self.clock += 1;
        let page = self.pages.get_mut(folder)?;
        page.used = self.clock;
        Some(page.clone())
    }

    fn put(&mut self, folder: &Path, page: Page) {
        self.forget(folder);
        // What is about to be used is kept, however large.
        self.fit(LOGS_BYTES_MAX.saturating_sub(page.log.n_bytes()), 1);
        self.clock += 1;
        self.n_bytes += page.log.n_bytes();
        self.pages.insert(folder.to_owned(), Page { used: self.clock, ..page });
    }

    fn forget(&mut self, folder: &Path) {
        if let Some(page) = self.pages.remove(folder) {
            self.n_bytes -= page.log.n_bytes();
        }
    }

    /// Leaves out those that were not used for longest until the others take no more than this.
    fn fit(&mut self, n_bytes: usize, n_more: usize) {
        while self.n_bytes > n_bytes || self.pages.len() + n_more > LOGS_MAX {
            let oldest =
                self.pages.iter().min_by_key(|(_, page)| page.used).map(|(folder, _)| folder.clone());
            let Some(oldest) = oldest else { break };
            self.forget(&oldest);
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
