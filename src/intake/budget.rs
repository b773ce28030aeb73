//! A bound on the bytes of text between the readers and the ledger.

use parking_lot::{Condvar, Mutex};

/// Bytes that were read and are not yet with the ledger. Whoever starts a job waits while there are
/// too many; whoever has started one goes on, so the bound is exceeded by what is under way.
#[derive(Debug, Default)]
pub(super) struct Budget {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    n_bytes: usize,
    is_closed: bool,
}

impl Budget {
    /// Waits until at most `max_bytes` are out, or nobody takes any more.
    pub(super) fn wait_below(&self, max_bytes: usize) {
        let mut state = self.state.lock();
        while state.n_bytes > max_bytes && !state.is_closed {
            self.changed.wait(&mut state);
        }
    }

    pub(super) fn add(&self, n_bytes: usize) {
        self.state.lock().n_bytes += n_bytes;
    }

    pub(super) fn release(&self, n_bytes: usize) {
        let mut state = self.state.lock();
        state.n_bytes = state.n_bytes.saturating_sub(n_bytes);
        self.changed.notify_all();
    }

    /// Nobody waits from now on.
    pub(super) fn close(&self) {
        self.state.lock().is_closed = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_starts_waits_until_bytes_are_released_or_nobody_takes_any() {
        let budget = Budget::default();
        budget.wait_below(0);
        budget.add(10);
        budget.wait_below(10);
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| budget.wait_below(5));
            budget.release(5);
            waiter.join().expect("the waiter does not panic");
            let waiter = scope.spawn(|| budget.wait_below(0));
            budget.close();
            waiter.join().expect("the waiter does not panic");
        });
    }
}
