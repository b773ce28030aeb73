//! Jobs: what is asked for now and answered later. Each has an id, is told how far it is, and is still known
//! after a restart. Generic over what a job is about; knows nothing of topics.

use super::ask::hex;
use super::shelf::Shelf;
use crate::sys::PathError;
use crate::sys::storage::Storage;
use lumidex_schema::id::Timestamp;
use parking_lot::{Condvar, Mutex};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// A job on a board.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Posted<J> {
    /// 32 hex digits.
    pub id: String,
    /// When it was asked for.
    pub created: Timestamp,
    /// When something of it changed last.
    pub updated: Timestamp,
    /// What it is about, and how far it is.
    pub job: J,
}

/// Every job of a kind, the latest sixteen of which outlive the program.
pub struct Board<J> {
    format: u32,
    shelf: Shelf<Posted<J>>,
    /// As they are now: what is on the shelf may be a little behind.
    now: Mutex<HashMap<String, Posted<J>>>,
    changed: Condvar,
    /// Held while a job is put up or written, so that an earlier state of it never replaces a later one, and
    /// one that is not written yet does not count as forgotten.
    writing: Mutex<()>,
}

impl<J: Clone + Serialize + DeserializeOwned> Board<J> {
    /// The board of a folder.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(
        storage: Arc<dyn Storage>,
        folder: &Path,
        format: u32,
        max: usize,
    ) -> Result<Self, PathError> {
        let shelf: Shelf<Posted<J>> = Shelf::open(storage, folder, format, max)?;
        let now = shelf.all().into_iter().map(|(id, posted)| (id, Posted::clone(&posted))).collect();
        Ok(Self { format, shelf, now: Mutex::new(now), changed: Condvar::new(), writing: Mutex::default() })
    }

    /// Puts up a job; gives its id.
    pub fn post(&self, job: J) -> String {
        let id = new_id();
        let now = now();
        let posted = Posted { id: id.clone(), created: now, updated: now, job };
        let _writing = self.writing.lock();
        self.now.lock().insert(id.clone(), posted);
        self.write(&id);
        id
    }

    /// A job as it is now.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Posted<J>> {
        self.now.lock().get(id).cloned()
    }

    /// Every job as it is now, the one that changed last first.
    #[must_use]
    pub fn all(&self) -> Vec<Posted<J>> {
        let mut all: Vec<_> = self.now.lock().values().cloned().collect();
        all.sort_unstable_by(|a, b| (b.updated, &b.id).cmp(&(a.updated, &a.id)));
        all
    }

    /// Changes a job; gives what `change` answers, `None` where there is no such job. Others see all of the change
    /// or nothing. Durable only after [`Board::keep`].
    pub fn change<A>(&self, id: &str, change: impl FnOnce(&mut J) -> A) -> Option<A> {
        let mut now_known = self.now.lock();
        let posted = now_known.get_mut(id)?;
        let answer = change(&mut posted.job);
        posted.updated = now();
        self.changed.notify_all();
        Some(answer)
    }

    /// Waits until a job is as wanted, but no longer than that; gives it as it is then, `None` where there is no
    /// such job.
    pub fn wait(
        &self,
        id: &str,
        no_longer_than: Duration,
        is_wanted: impl Fn(&J) -> bool,
    ) -> Option<Posted<J>> {
        let until = Instant::now() + no_longer_than;
        let mut now = self.now.lock();
        loop {
            let posted = now.get(id)?;
            if is_wanted(&posted.job) || self.changed.wait_until(&mut now, until).timed_out() {
                return now.get(id).cloned();
            }
        }
    }

    /// Makes a job durable as it is now. Where that fails it goes on all the same, and is only not known
    /// after a restart.
    pub fn keep(&self, id: &str) {
        let _writing = self.writing.lock();
        self.write(id);
    }

    fn write(&self, id: &str) {
        let Some(posted) = self.get(id) else { return };
        if let Err(error) = self.shelf.put(id, self.format, posted) {
            tracing::warn!(error = &error as &dyn std::error::Error, "a job would not outlive a restart");
        }
        let mut now = self.now.lock();
        now.retain(|id, _| self.shelf.get(id).is_some());
    }
}

/// The time of day.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

/// 128 random bits in hex; where there is no randomness, the time.
fn new_id() -> String {
    let mut bytes = [0; 16];
    if getrandom::fill(&mut bytes).is_err() {
        bytes[..8].copy_from_slice(&now().0.to_be_bytes());
    }
    hex(&bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sys::storage::Disk;

    fn open(folder: &Path) -> Board<u32> {
        Board::open(Disk::shared(), folder, 1, 2).unwrap()
    }

    #[test]
    fn jobs_outlive_the_program_as_they_were_kept_last() {
        let folder = tempfile::tempdir().unwrap();
        let board = open(folder.path());
        let id = board.post(1);
        assert_eq!(board.change(&id, |job| std::mem::replace(job, 2)), Some(1));
        board.keep(&id);
        board.change(&id, |job| *job = 3).unwrap();
        assert_eq!(board.get(&id).unwrap().job, 3);
        assert_eq!(open(folder.path()).get(&id).unwrap().job, 2);
        assert_eq!(board.change("none", |job| *job), None);
    }

    #[test]
    fn an_earlier_state_never_replaces_a_later_one() {
        let folder = tempfile::tempdir().unwrap();
        let board = open(folder.path());
        let id = board.post(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        board.change(&id, |job| *job += 1).unwrap();
                        board.keep(&id);
                    }
                });
            }
        });
        assert_eq!(open(folder.path()).get(&id).unwrap().job, 200);
    }

    #[test]
    fn a_job_is_known_from_the_moment_it_is_put_up() {
        let folder = tempfile::tempdir().unwrap();
        let board = Board::open(Disk::shared(), folder.path(), 1, 1_000).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for nth in 0..50 {
                        let id = board.post(nth);
                        assert_eq!(board.change(&id, |job| *job), Some(nth));
                    }
                });
            }
        });
        assert_eq!(board.all().len(), 200);
    }

    #[test]
    fn only_the_latest_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let board = open(folder.path());
        let ids: Vec<_> = (0..4).map(|n| board.post(n)).collect();
        assert_eq!(board.all().len(), 2);
        assert!(board.get(&ids[0]).is_none() && board.get(&ids[3]).is_some());
        assert!(ids.iter().all(|id| id.len() == 32));
    }
}
