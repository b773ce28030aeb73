//! How far a run is: counters that everyone adds to and anyone reads.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Complaints kept for people to read; the rest are only counted.
const COMPLAINTS_KEPT_MAX: usize = 32;

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counters of the current run, or of the last one when none is going on.
        #[derive(Debug, Default)]
        pub struct Progress {
            $(pub(super) $name: AtomicU64,)*
            walking: AtomicBool,
            span: Mutex<Span>,
            complaints_kept: Mutex<VecDeque<String>>,
        }

        /// What [`Progress`] says at one moment.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct ProgressSnapshot {
            $($(#[$doc])* pub $name: u64,)*
            /// Whether a run is going on.
            pub is_walking: bool,
            /// How long the run takes so far, or took.
            pub elapsed: Duration,
            /// The last complaints, oldest first; they name paths.
            pub complaints_kept: Vec<String>,
        }

        impl Progress {
            /// All counters now.
            #[must_use]
            pub fn snapshot(&self) -> ProgressSnapshot {
                let span = *self.span.lock();
                ProgressSnapshot {
                    $($name: self.$name.load(Ordering::Relaxed),)*
                    is_walking: self.walking.load(Ordering::Relaxed),
                    elapsed: span.elapsed(),
                    complaints_kept: self.complaints_kept.lock().iter().cloned().collect(),
                }
            }

            /// A run begins: all counters start from nothing, except its number.
            pub(super) fn begin(&self) {
                let run = self.runs.load(Ordering::Relaxed);
                $(self.$name.store(0, Ordering::Relaxed);)*
                self.runs.store(run + 1, Ordering::Relaxed);
                self.complaints_kept.lock().clear();
                *self.span.lock() = Span { begun: Some(Instant::now()), ended: None };
                self.walking.store(true, Ordering::Relaxed);
            }
        }
    };
}

counters! {
    /// Which run it is, counted from 1; 0 before the first.
    runs,
    /// Folders listed.
    folders,
    /// Media files seen.
    files,
    /// Files that arrived or altered, so far; the walk may find more.
    to_read,
    /// Files read of those.
    read,
    /// Bytes those files have.
    bytes,
    /// Files and folders that could not be looked at or read; tried again next time.
    unreadable,
    /// Files named like media that are something else: links, pipes, texts named like films.
    skipped,
    /// What was wrong inside of files that were read nevertheless.
    complaints,
    /// Files found to be gone.
    missing,
}

#[derive(Clone, Copy, Debug, Default)]
struct Span {
    begun: Option<Instant>,
    ended: Option<Instant>,
}

impl Span {
    fn elapsed(self) -> Duration {
        self.begun.map_or(Duration::ZERO, |begun| {
            self.ended.unwrap_or_else(Instant::now).saturating_duration_since(begun)
        })
    }
}

impl Progress {
    pub(super) fn add(&self, counter: &AtomicU64, n: u64) {
        counter.fetch_add(n, Ordering::Relaxed);
    }

    /// Something could not be looked at or read.
    pub(super) fn complain(&self, complaint: &impl std::fmt::Display) {
        self.add(&self.unreadable, 1);
        tracing::debug!(%complaint, "passed over");
        let mut kept = self.complaints_kept.lock();
        if kept.len() == COMPLAINTS_KEPT_MAX {
            kept.pop_front();
        }
        kept.push_back(complaint.to_string());
    }

    pub(super) fn end(&self) {
        self.span.lock().ended = Some(Instant::now());
        self.walking.store(false, Ordering::Relaxed);
    }
}

impl ProgressSnapshot {
    /// Files read per second so far; 0 before the first.
    #[must_use]
    pub fn rate(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        if seconds > 0.0 { self.read as f64 / seconds } else { 0.0 }
    }

    /// How long the files found so far will take at the rate so far; `None` while there is no rate.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        let rate = self.rate();
        let left = self.to_read.saturating_sub(self.read) as f64;
        if rate > 0.0 { Duration::try_from_secs_f64(left / rate).ok() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_starts_from_nothing_and_keeps_few_complaints() {
        let progress = Progress::default();
        assert_eq!(progress.snapshot(), ProgressSnapshot::default());
        progress.begin();
        progress.add(&progress.read, 5);
        progress.add(&progress.to_read, 10);
        for n in 0..100 {
            progress.complain(&n);
        }
        let during = progress.snapshot();
        assert!(during.is_walking && during.rate() > 0.0 && during.remaining() > Some(Duration::ZERO));
        assert_eq!((during.unreadable, during.complaints_kept.len()), (100, COMPLAINTS_KEPT_MAX));
        assert_eq!(during.complaints_kept.last().map(String::as_str), Some("99"));
        progress.end();
        assert_eq!(progress.snapshot().elapsed, progress.snapshot().elapsed, "time stands still");
        progress.begin();
        let next = progress.snapshot();
        assert_eq!((next.runs, next.read, next.unreadable), (2, 0, 0));
    }
}
