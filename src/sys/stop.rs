//! Asking long work to end, and waiting for that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

#[derive(Debug, Default)]
struct State {
    stopped: AtomicBool,
    // Held only around the notification, so that a waiter cannot miss it.
    gate: Mutex<()>,
    changed: Condvar,
}

/// Says whether the work should end. Cheap to clone and to ask.
#[derive(Clone, Debug)]
pub struct Stop {
    state: Arc<State>,
}

/// Ends the work of everyone who holds a [`Stop`] of it. Dropping it changes nothing.
#[derive(Clone, Debug, Default)]
pub struct Stopper {
    state: Arc<State>,
}

impl Stopper {
    /// One that has not been used.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What the work asks.
    #[must_use]
    pub fn stop(&self) -> Stop {
        Stop { state: Arc::clone(&self.state) }
    }

    /// Asks everyone to end, and wakes those who wait. Doing it again changes nothing.
    pub fn trigger(&self) {
        let _gate = self.state.gate.lock();
        self.state.stopped.store(true, Ordering::SeqCst);
        self.state.changed.notify_all();
    }
}

impl Stop {
    /// One that nobody can trigger.
    #[must_use]
    pub fn never() -> Self {
        Stopper::new().stop()
    }

    /// Whether the work should end.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.state.stopped.load(Ordering::SeqCst)
    }

    /// Waits until the work should end.
    pub fn wait(&self) {
        let mut gate = self.state.gate.lock();
        while !self.is_stopped() {
            self.state.changed.wait(&mut gate);
        }
    }

    /// Waits at most `timeout`; whether the work should end.
    #[must_use]
    pub fn wait_for(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        let mut gate = self.state.gate.lock();
        while !self.is_stopped() {
            if self.state.changed.wait_until(&mut gate, deadline).timed_out() {
                return self.is_stopped();
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_who_waits_is_woken() {
        let stopper = Stopper::new();
        let stop = stopper.stop();
        assert!(!stop.is_stopped());
        assert!(!stop.wait_for(Duration::ZERO));
        std::thread::scope(|scope| {
            for _ in 0..3 {
                let stop = stop.clone();
                scope.spawn(move || stop.wait());
            }
            stopper.trigger();
        });
        assert!(stop.is_stopped());
        assert!(stop.wait_for(Duration::from_secs(3600)));
        assert!(!Stop::never().is_stopped());
    }
}
