//! What making pictures may cost: bytes of memory and turns shared by all who make some, and time
//! for each.

use super::error::ThumbError;
use crate::limits::thumbs::{DECODE_TIME_MAX, WAIT_MAX};
use crate::sys::Stop;
use parking_lot::{Condvar, Mutex};
use std::io::{self, Read, Seek, SeekFrom};
use std::time::{Duration, Instant};

/// How often who waits looks whether it is still wanted.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Until when something may take, and whether it is wanted.
#[derive(Clone, Debug)]
pub(super) struct Effort {
    stop: Stop,
    until: Instant,
}

impl Effort {
    /// As long as a picture may be decoded, from now on.
    pub(super) fn starting_now(stop: &Stop) -> Self {
        Self { stop: stop.clone(), until: Instant::now() + DECODE_TIME_MAX }
    }

    pub(super) fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Whether to go on.
    pub(super) fn goes_on(&self) -> bool {
        !self.stop.is_stopped() && Instant::now() < self.until
    }

    /// Why not to go on, if so.
    pub(super) fn check(&self) -> Result<(), ThumbError> {
        if self.stop.is_stopped() {
            return Err(ThumbError::Stopped);
        }
        if Instant::now() >= self.until {
            return Err(ThumbError::too_large("decoding takes too long"));
        }
        Ok(())
    }
}

/// A reader that fails when the effort is over, because decoders cannot be interrupted otherwise.
pub(super) struct Limited<'a, R> {
    inner: R,
    effort: &'a Effort,
}

impl<'a, R> Limited<'a, R> {
    pub(super) fn new(inner: R, effort: &'a Effort) -> Self {
        Self { inner, effort }
    }
}

impl<R: Read> Read for Limited<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.effort.goes_on() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.inner.read(buffer)
    }
}

impl<R: Seek> Seek for Limited<'_, R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

/// A number of things that can be taken and come back: bytes, or turns.
#[derive(Debug)]
pub(super) struct Supply {
    max: u64,
    left: Mutex<u64>,
    changed: Condvar,
}

/// Part of a supply; comes back when dropped.
#[derive(Debug)]
pub(super) struct Taken<'a> {
    from: &'a Supply,
    n: u64,
}

impl Supply {
    pub(super) fn of(max: u64) -> Self {
        Self { max, left: Mutex::new(max), changed: Condvar::new() }
    }

    /// Waits until there are `n`. More than there can ever be is `None`.
    ///
    /// # Errors
    /// [`ThumbError::Busy`] after a long wait, [`ThumbError::Stopped`].
    pub(super) fn take(&self, n: u64, stop: &Stop) -> Result<Option<Taken<'_>>, ThumbError> {
        if n > self.max {
            return Ok(None);
        }
        let until = Instant::now() + WAIT_MAX;
        let mut left = self.left.lock();
        while *left < n {
            if stop.is_stopped() {
                return Err(ThumbError::Stopped);
            }
            if Instant::now() >= until {
                return Err(ThumbError::Busy);
            }
            self.changed.wait_for(&mut left, LOOK_EVERY);
        }
        *left -= n;
        Ok(Some(Taken { from: self, n }))
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        *self.from.left.lock() += self.n;
        self.from.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::sys::Stopper;

    #[test]
    fn what_is_taken_comes_back_and_more_than_all_is_never_there() {
        let supply = Supply::of(10);
        let never = Stop::never();
        assert!(supply.take(11, &never).unwrap().is_none());
        let taken = supply.take(10, &never).unwrap();
        assert!(taken.is_some());
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| supply.take(1, &Stop::never()).map(|taken| taken.is_some()));
            drop(taken);
            assert!(waiter.join().unwrap().unwrap());
        });
        let all = supply.take(10, &never).unwrap();
        let stopper = Stopper::new();
        stopper.trigger();
        assert!(matches!(supply.take(1, &stopper.stop()), Err(ThumbError::Stopped)));
        drop(all);
    }
}
