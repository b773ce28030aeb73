//! Thumbnails asked for lately, and files that lately had none. In memory, bounded.

use super::error::ThumbError;
use super::key::Key;
use crate::limits::thumbs::{FAILURES_KEPT, FAILURES_MAX, RECENT_BYTES_MAX};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

/// Thumbnails by key, in two generations: when the young are many enough they become the old, and
/// who is asked for among the old is young again.
#[derive(Debug, Default)]
pub(super) struct Recent {
    young: HashMap<Key, Arc<[u8]>>,
    old: HashMap<Key, Arc<[u8]>>,
    n_young_bytes: usize,
}

impl Recent {
    pub(super) fn get(&mut self, key: &Key) -> Option<Arc<[u8]>> {
        if let Some(bytes) = self.young.get(key) {
            return Some(Arc::clone(bytes));
        }
        let bytes = self.old.remove(key)?;
        self.put(*key, Arc::clone(&bytes));
        Some(bytes)
    }

    pub(super) fn put(&mut self, key: Key, bytes: Arc<[u8]>) {
        let n_bytes = bytes.len();
        if n_bytes > RECENT_BYTES_MAX / 2 {
            return;
        }
        if self.n_young_bytes + n_bytes > RECENT_BYTES_MAX / 2 {
            self.old = std::mem::take(&mut self.young);
            self.n_young_bytes = 0;
        }
        if self.young.insert(key, bytes).is_none() {
            self.n_young_bytes += n_bytes;
        }
    }
}

/// Why files have no thumbnail, for a while.
#[derive(Debug, Default)]
pub(super) struct Failures {
    by_key: HashMap<Key, ThumbError>,
    order: VecDeque<(Instant, Key)>,
}

impl Failures {
    pub(super) fn get(&mut self, key: &Key) -> Option<ThumbError> {
        while self.order.front().is_some_and(|(since, _)| since.elapsed() >= FAILURES_KEPT) {
            self.forget_oldest();
        }
        self.by_key.get(key).cloned()
    }

    pub(super) fn put(&mut self, key: Key, error: ThumbError) {
        if self.by_key.insert(key, error).is_none() {
            self.order.push_back((Instant::now(), key));
        }
        if self.order.len() > FAILURES_MAX {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, key)) = self.order.pop_front() {
            self.by_key.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projection::thumbs::key::{Frame, Identity};
    use lumidex_schema::id::Timestamp;

    fn key(n: u64) -> Key {
        Key::of(Identity::of_file(b"", n, Timestamp(0)), Frame::COMMON)
    }

    #[test]
    fn memory_is_bounded_and_what_is_asked_for_stays() {
        let mut recent = Recent::default();
        let bytes: Arc<[u8]> = Arc::from(vec![0; 100_000]);
        for n in 0..2_000 {
            recent.put(key(n), Arc::clone(&bytes));
            assert!(recent.get(&key(0)).is_some(), "it is asked for again and again");
        }
        let n_bytes: usize = recent.young.values().chain(recent.old.values()).map(|bytes| bytes.len()).sum();
        assert!(n_bytes <= RECENT_BYTES_MAX, "{n_bytes}");
        assert!(recent.get(&key(1)).is_none());
    }

    #[test]
    fn so_many_failures_are_remembered_and_not_more() {
        let mut failures = Failures::default();
        for n in 0..=FAILURES_MAX as u64 {
            failures.put(key(n), ThumbError::Busy);
        }
        assert!(failures.get(&key(0)).is_none());
        assert!(failures.get(&key(1)).is_some());
        assert_eq!((failures.by_key.len(), failures.order.len()), (FAILURES_MAX, FAILURES_MAX));
    }
}
