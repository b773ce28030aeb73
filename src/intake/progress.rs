//! How far a run is: counters that everyone adds to and anyone reads.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Complaints kept for people to read; the rest are only counted.
const COMPLAINTS_KEPT_MAX: usize = 32;
/// Complaints of a run that are logged; of the rest only those whose number is a power of two, with the number.
const COMPLAINTS_LOGGED_MAX: u64 = 32;

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counters of the current run, or of the last one when none is going on.
        #[derive(Debug, Default)]
        pub struct Progress {
            $(pub(super) $name: AtomicU64,)*
            walking: AtomicBool,
            span: Mutex<Span>,
            complaints_kept: Mutex<Complaints>,
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
                    complaints_kept: self.complaints_kept.lock().last.iter().cloned().collect(),
                }
            }

            /// Counts what `other` counted, and leaves nothing there.
            pub(super) fn absorb(&self, other: &Progress) {
                $(match other.$name.swap(0, Ordering::Relaxed) {
                    0 => {}
                    n => self.add(&self.$name, n),
                })*
                let complaints = std::mem::take(&mut other.complaints_kept.lock().last);
                complaints.into_iter().for_each(|complaint| self.keep(complaint));
            }

            /// A run begins: all counters start from nothing, except its number.
            pub(super) fn begin(&self) {
                let run = self.runs.load(Ordering::Relaxed);
                $(self.$name.store(0, Ordering::Relaxed);)*
                self.runs.store(run + 1, Ordering::Relaxed);
                *self.complaints_kept.lock() = Complaints::default();
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

#[derive(Debug, Default)]
struct Complaints {
    last: VecDeque<String>,
    n: u64,
    /// They are told to somebody else, who logs them.
    are_handed_on: bool,
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

    /// One whose counts another absorbs.
    pub(super) fn handed_on() -> Self {
        let complaints = Complaints { are_handed_on: true, ..Complaints::default() };
        Self { complaints_kept: Mutex::new(complaints), ..Self::default() }
    }

    /// Something could not be looked at or read.
    pub(super) fn complain(&self, complaint: &impl std::fmt::Display) {
        self.add(&self.unreadable, 1);
        self.keep(complaint.to_string());
    }

    /// Any number of bad files leave few lines in the log.
    fn keep(&self, complaint: String) {
        let mut kept = self.complaints_kept.lock();
        kept.n += 1;
        let n = kept.n;
        if !kept.are_handed_on && (n <= COMPLAINTS_LOGGED_MAX || n.is_power_of_two()) {
            tracing::debug!(%complaint, n, "passed over");
        }
        if kept.last.len() == COMPLAINTS_KEPT_MAX {
            kept.last.pop_front();
        }
        kept.last.push_back(complaint);
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
    use std::sync::Arc;

    use super::*;

    /// Counts what is logged on this thread.
    struct Lines(Arc<AtomicU64>);

    impl tracing::Subscriber for Lines {
        fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
            true
        }
        fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
            tracing::span::Id::from_u64(1)
        }
        fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
        fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
        fn event(&self, _: &tracing::Event<'_>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
        fn enter(&self, _: &tracing::span::Id) {}
        fn exit(&self, _: &tracing::span::Id) {}
    }

    #[test]
    fn g6_ten_thousand_complaints_leave_few_lines_and_the_last_ones() {
        let lines = Arc::<AtomicU64>::default();
        let (progress, reader) = (Progress::default(), Progress::handed_on());
        let _logged = tracing::subscriber::set_default(Lines(Arc::clone(&lines)));
        for n in 0..10_000 {
            // As a reader does, file by file.
            reader.complain(&n);
            progress.absorb(&reader);
        }
        let said = progress.snapshot();
        assert_eq!((said.unreadable, said.complaints_kept.len()), (10_000, COMPLAINTS_KEPT_MAX));
        assert_eq!(said.complaints_kept.last().map(String::as_str), Some("9999"));
        assert_eq!(reader.snapshot(), ProgressSnapshot::default());
        // The first ones, and 64, 128 ... 8,192.
        assert_eq!(lines.load(Ordering::Relaxed), COMPLAINTS_LOGGED_MAX + 8);
    }

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
