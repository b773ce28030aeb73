//! Asking long work to end, and waiting for that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

type Callback = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct State {
    stopped: AtomicBool,
    /// To be called once it is stopped; the lock also makes sure that no waiter misses the moment.
    callbacks: Mutex<Vec<(u64, Callback)>>,
    /// Names callbacks, so that those that are no longer wanted can be found.
    next: AtomicU64,
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

/// A callback that is wanted until this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Wanted {
    state: Arc<State>,
    name: u64,
}

impl Drop for Wanted {
    fn drop(&mut self) {
        let mut callbacks = self.state.callbacks.lock();
        let found = callbacks.iter().rposition(|(name, _)| *name == self.name);
        let callback = found.map(|nth| callbacks.remove(nth));
        // What it holds may ask for this lock when it goes.
        drop(callbacks);
        drop(callback);
    }
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
        callbacks.into_iter().for_each(|(_, callback)| callback());
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
        self.call(Box::new(callback));
    }

    /// As [`Stop::when_stopped`], for as long as what is returned is kept: for waits that are many and
    /// short beside a long life.
    pub fn if_stopped(&self, callback: impl FnOnce() + Send + 'static) -> Wanted {
        Wanted { state: Arc::clone(&self.state), name: self.call(Box::new(callback)) }
    }

    fn call(&self, callback: Callback) -> u64 {
        let name = self.state.next.fetch_add(1, Ordering::Relaxed);
        let mut callbacks = self.state.callbacks.lock();
        if self.is_stopped() {
            drop(callbacks);
            callback();
        } else {
            callbacks.push((name, callback));
        }
        name
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

    #[test]
    fn a_callback_that_is_no_longer_wanted_is_neither_called_nor_kept() {
        let stopper = Stopper::new();
        let (sender, calls) = std::sync::mpsc::channel();
        let (dropped, kept) = (sender.clone(), sender.clone());
        drop(stopper.stop().if_stopped(move || dropped.send("dropped").expect("the test listens")));
        assert!(stopper.state.callbacks.lock().is_empty());
        let _wanted = stopper.stop().if_stopped(move || kept.send("kept").expect("the test listens"));
        stopper.trigger();
        let _late = stopper.stop().if_stopped(move || sender.send("late").expect("the test listens"));
        assert_eq!(calls.try_iter().collect::<Vec<_>>(), ["kept", "late"]);
    }
}
