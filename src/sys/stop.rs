//! Asking long work to end, and waiting for that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

type Callback = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct State {
    stopped: AtomicBool,
    /// To be called once it is stopped; the lock also makes sure that no waiter misses the moment.
    callbacks: Mutex<Vec<Callback>>,
    changed: Condvar,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("stopped", &self.stopped).finish_non_exhaustive()
    }
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
        let callbacks = {
            let mut callbacks = self.state.callbacks.lock();
            self.state.stopped.store(true, Ordering::SeqCst);
            self.state.changed.notify_all();
            std::mem::take(&mut *callbacks)
        };
        callbacks.into_iter().for_each(|callback| callback());
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

    /// Calls `callback` once when the work should end, on the thread that triggers it; at once if
    /// that is past. For those who wait for something else as well.
    pub fn when_stopped(&self, callback: impl FnOnce() + Send + 'static) {
        let mut callbacks = self.state.callbacks.lock();
        if self.is_stopped() {
            drop(callbacks);
            callback();
        } else {
            callbacks.push(Box::new(callback));
        }
    }

    /// Waits until the work should end.
    pub fn wait(&self) {
        let mut callbacks = self.state.callbacks.lock();
        while !self.is_stopped() {
            self.state.changed.wait(&mut callbacks);
        }
    }

    /// Waits at most `timeout`; whether the work should end.
    #[must_use]
    pub fn wait_for(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        let mut callbacks = self.state.callbacks.lock();
        while !self.is_stopped() {
            if self.state.changed.wait_until(&mut callbacks, deadline).timed_out() {
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

    #[test]
    fn callbacks_are_called_once_also_when_they_come_late() {
        let stopper = Stopper::new();
        let (sender, calls) = std::sync::mpsc::channel();
        let late = sender.clone();
        stopper.stop().when_stopped(move || sender.send("early").expect("the test listens"));
        assert!(calls.try_recv().is_err());
        stopper.trigger();
        stopper.trigger();
        stopper.stop().when_stopped(move || late.send("late").expect("the test listens"));
        assert_eq!(calls.iter().collect::<Vec<_>>(), ["early", "late"]);
    }
}
