//! How far followers may be behind before a walk waits for them.
//!
//! A walk is faster than what follows it. Unbounded, the distance would be paid for after a kill,
//! when everything not followed yet has to be followed before the first answer. Decisions never
//! wait here.

use crate::limits;
use crate::sys::Bell;
use lumidex_schema::id::Seq;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Instant;

/// The bells of who follows at the moment.
#[derive(Clone, Default)]
pub(super) struct Pace {
    bells: Arc<Mutex<Vec<(u64, Bell)>>>,
}

/// A follower that is waited for, until dropped.
pub struct Paced {
    pace: Pace,
    number: u64,
}

impl Pace {
    pub(super) fn keep_with(&self, visible: Bell) -> Paced {
        let mut bells = self.bells.lock();
        let number = bells.last().map_or(0, |(number, _)| number + 1);
        bells.push((number, visible));
        Paced { pace: self.clone(), number }
    }

    /// Waits until no follower is far behind, but not for one that stands still.
    pub(super) fn wait(&self, head: Seq) {
        let Some(enough) = head.0.checked_sub(limits::FOLLOWERS_BEHIND_MAX + 1) else { return };
        let bells: Vec<Bell> = self.bells.lock().iter().map(|(_, bell)| bell.clone()).collect();
        let began = Instant::now();
        for bell in bells {
            let rest = limits::FOLLOWERS_WAIT.saturating_sub(began.elapsed());
            let _ = bell.wait_past(enough, rest);
        }
    }
}

impl Drop for Paced {
    fn drop(&mut self) {
        self.pace.bells.lock().retain(|(number, _)| *number != self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_waits_for_who_follows_and_not_for_who_left() {
        let pace = Pace::default();
        let (near, far) = (Bell::starting_at(0), Bell::starting_at(0));
        let head = Seq(limits::FOLLOWERS_BEHIND_MAX + 10);
        let guard = pace.keep_with(near.clone());
        drop(pace.keep_with(far));
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                pace.wait(head);
                near.last()
            });
            near.ring(10);
            assert_eq!(waiter.join().ok(), Some(10));
        });
        drop(guard);
        // Nobody follows: nothing to wait for, however far the head is.
        pace.wait(Seq(u64::MAX));
    }
}
