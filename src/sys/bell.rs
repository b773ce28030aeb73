//! A number that only grows, and that can be waited for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// A number that only grows: rung by whoever made progress, waited for by whoever follows.
/// Clones share the number.
#[derive(Clone, Debug, Default)]
pub struct Bell {
    state: Arc<(Mutex<u64>, Condvar)>,
}

impl Bell {
    /// One that starts at `number`.
    #[must_use]
    pub fn starting_at(number: u64) -> Self {
        Self { state: Arc::new((Mutex::new(number), Condvar::new())) }
    }

    /// The largest number rung so far.
    #[must_use]
    pub fn last(&self) -> u64 {
        *self.state.0.lock()
    }

    /// Raises the number to `number` and wakes everyone who waits; a smaller number is ignored.
    pub fn ring(&self, number: u64) {
        let mut last = self.state.0.lock();
        if number > *last {
            *last = number;
            self.state.1.notify_all();
        }
    }

    /// Waits at most `timeout` for a number greater than `number`; the last number then, which is
    /// not greater when the time was up.
    #[must_use]
    pub fn wait_past(&self, number: u64, timeout: Duration) -> u64 {
        // A deadline too far away to express is no deadline.
        let deadline = Instant::now().checked_add(timeout);
        let mut last = self.state.0.lock();
        while *last <= number {
            match deadline {
                None => self.state.1.wait(&mut last),
                Some(deadline) => {
                    if self.state.1.wait_until(&mut last, deadline).timed_out() {
                        break;
                    }
                }
            }
        }
        *last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smaller_number_is_ignored_and_a_greater_one_wakes() {
        let bell = Bell::starting_at(4);
        bell.ring(2);
        assert_eq!(bell.last(), 4);
        assert_eq!(bell.wait_past(3, Duration::MAX), 4);
        assert_eq!(bell.wait_past(4, Duration::ZERO), 4, "the time is up");
        std::thread::scope(|scope| {
            let waiter = bell.clone();
            let heard = scope.spawn(move || waiter.wait_past(4, Duration::from_secs(3600)));
            bell.ring(9);
            assert_eq!(heard.join().expect("the waiter does not panic"), 9);
        });
    }
}
