//! Threads that wait for file systems that do not answer, and on which nobody waits any more. They cannot be ended;
//! so they are counted, and a root that has many of them gets no more.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use lumidex_schema::id::RootId;
use parking_lot::Mutex;

use crate::limits::reading as limits;

/// How many there are of each root.
#[derive(Debug, Default)]
pub(super) struct Hung {
    by_root: Mutex<HashMap<RootId, OfRoot>>,
    /// Of all roots, so that nobody needs the lock while there are none.
    n_all: AtomicUsize,
}

#[derive(Debug, Default)]
struct OfRoot {
    /// Readers of files.
    n_readers: usize,
    /// Others, which list folders.
    n_listers: usize,
}

/// What a thread was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    Reading,
    Listing,
}

impl OfRoot {
    fn count(&mut self, doing: Doing) -> &mut usize {
        match doing {
            Doing::Reading => &mut self.n_readers,
            Doing::Listing => &mut self.n_listers,
        }
    }
}

impl Hung {
    /// One more hangs.
    pub(super) fn add(&self, root: RootId, doing: Doing) {
        let mut by_root = self.by_root.lock();
        *by_root.entry(root).or_default().count(doing) += 1;
        self.n_all.fetch_add(1, Ordering::Relaxed);
    }

    /// One that was added came back.
    pub(super) fn remove(&self, root: RootId, doing: Doing) {
        let mut by_root = self.by_root.lock();
        let Some(of_root) = by_root.get_mut(&root) else { return };
        let count = of_root.count(doing);
        *count = count.saturating_sub(1);
        if of_root.n_readers + of_root.n_listers == 0 {
            by_root.remove(&root);
        }
        self.n_all.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether so many hang that no other file of this root may be tried.
    pub(super) fn is_full(&self, root: RootId) -> bool {
        let n_all = self.n_all.load(Ordering::Relaxed);
        if n_all == 0 {
            return false;
        }
        let by_root = self.by_root.lock();
        let Some(OfRoot { n_readers, n_listers }) = by_root.get(&root) else { return false };
        *n_listers > 0 || *n_readers >= limits::HUNG_PER_ROOT_MAX || n_all >= limits::HUNG_MAX
    }

    /// Whether one hangs that looks at the folders of this root.
    pub(super) fn is_silent(&self, root: RootId) -> bool {
        self.by_root.lock().get(&root).is_some_and(|of_root| of_root.n_listers > 0)
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.n_all.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: RootId = RootId(1);
    const OTHER: RootId = RootId(2);

    #[test]
    fn a_root_is_full_of_its_own_or_of_its_share_of_all_until_one_comes_back() {
        let hung = Hung::default();
        for n in 0..limits::HUNG_PER_ROOT_MAX {
            assert!(!hung.is_full(ONE), "{n}");
            hung.add(ONE, Doing::Reading);
        }
        assert!(hung.is_full(ONE) && !hung.is_full(OTHER) && !hung.is_silent(ONE));
        hung.remove(ONE, Doing::Reading);
        assert!(!hung.is_full(ONE));
        for root in 100..100 + limits::HUNG_MAX as u32 {
            hung.add(RootId(root), Doing::Reading);
        }
        assert!(hung.is_full(ONE), "it has some, and all together are too many");
        assert!(!hung.is_full(OTHER), "it has none, so it may be a good one");
    }

    #[test]
    fn nothing_is_read_of_a_root_whose_folders_cannot_be_listed() {
        let hung = Hung::default();
        hung.add(ONE, Doing::Listing);
        assert!(hung.is_full(ONE) && hung.is_silent(ONE) && !hung.is_full(OTHER));
        hung.remove(ONE, Doing::Listing);
        assert!(!hung.is_full(ONE) && !hung.is_silent(ONE) && hung.len() == 0);
        hung.remove(ONE, Doing::Listing);
        assert_eq!(hung.len(), 0, "what is not there cannot go");
    }
}
