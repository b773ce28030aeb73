//! Thumbnails before anybody asks: of what arrives while the program runs, and of a whole library on
//! request.

use super::desk::Thumbs;
use super::error::ThumbError;
use super::key::Frame;
use super::source::Source;
use crate::ledger::{Ledger, ReadError};
use crate::limits::PROJECTION_RETRY;
use crate::limits::thumbs::{AHEAD_GRACE_NS, AHEAD_QUEUED_MAX, AHEAD_REST, AHEAD_WAIT};
use crate::sys::{Stop, Stopper, priority};
use lumidex_schema::feed::Subject;
use lumidex_schema::id::{Seq, Timestamp};
use lumidex_schema::media::MediaKind;
use lumidex_schema::record::Presence;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

/// How long it waits while people wait for thumbnails, before it looks again.
const YIELD: Duration = Duration::from_millis(100);

/// Makes the common thumbnail of images that arrive, at low priority and while nobody waits for one.
/// Dropped, it stops.
#[derive(Debug)]
pub struct Ahead {
    stopper: Stopper,
    thread: Option<JoinHandle<()>>,
}

impl Ahead {
    /// Follows the ledger from its present head on. Files that were made before that, as those of a first
    /// index, are left until they are asked for.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(thumbs: Thumbs, ledger: Ledger) -> std::io::Result<Self> {
        let stopper = Stopper::new();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(now.as_nanos()).unwrap_or(i64::MAX);
        let worker = Worker {
            applied: ledger.head(),
            since: Timestamp(now.saturating_sub(AHEAD_GRACE_NS)),
            thumbs,
            ledger,
            stop: stopper.stop(),
            queue: VecDeque::new(),
        };
        let thread = std::thread::Builder::new().name("thumbs".to_owned()).spawn(move || {
            priority::yield_to_others();
            worker.run();
        })?;
        Ok(Self { stopper, thread: Some(thread) })
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.stopper.trigger();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the maker of thumbnails panicked");
        }
    }
}

struct Worker {
    thumbs: Thumbs,
    ledger: Ledger,
    stop: Stop,
    applied: Seq,
    since: Timestamp,
    queue: VecDeque<Source>,
}

impl Worker {
    fn run(mut self) {
        while !self.stop.is_stopped() {
            if let Err(error) = self.pull() {
                tracing::debug!(error = &error as &dyn std::error::Error, "no thumbnails ahead for now");
                let _ = self.stop.wait_for(PROJECTION_RETRY);
                continue;
            }
            // What came last is looked at first.
            match self.queue.pop_back() {
                Some(source) => self.make(&source),
                None => {
                    let _ = self.ledger.bell().wait_past(self.applied.0, AHEAD_WAIT);
                }
            }
        }
    }

    /// Takes note of what arrived.
    fn pull(&mut self) -> Result<(), ReadError> {
        if self.ledger.head() <= self.applied {
            return Ok(());
        }
        let reader = self.ledger.reader()?;
        let rows = reader.feed_after(self.applied, AHEAD_QUEUED_MAX + 1)?;
        if rows.len() > AHEAD_QUEUED_MAX {
            // Nobody draws that fast: a walk found them, or they were moved.
            self.applied = reader.head()?;
            let _ = self.stop.wait_for(AHEAD_WAIT);
            return Ok(());
        }
        for (seq, subject) in rows {
            self.applied = seq;
            let Subject::Image(id) = subject else { continue };
            let Some(image) = reader.image(id)? else { continue };
            let is_new = image.presence == Presence::Present && image.sighting.created >= self.since;
            if !is_new || image.media != MediaKind::Image {
                continue;
            }
            self.queue.push_back(Source::of_image(&reader, &image)?);
            if self.queue.len() > AHEAD_QUEUED_MAX {
                self.queue.pop_front();
            }
        }
        // Numbers without a row were given to subjects that moved on, or to decisions.
        self.applied = self.applied.max(reader.head()?);
        Ok(())
    }

    fn make(&self, source: &Source) {
        while self.thumbs.is_busy() {
            if self.stop.wait_for(YIELD) {
                return;
            }
        }
        let since = Instant::now();
        // Whoever asks for it is told why there is none.
        let is_made = self.thumbs.prepare(source, Frame::COMMON, &self.stop);
        if !matches!(is_made, Ok(false)) {
            let _ = self.stop.wait_for(since.elapsed() * AHEAD_REST);
        }
    }
}

/// How far [`Thumbs::build_all`] is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Built {
    /// Thumbnails made.
    pub made: u64,
    /// Those that were there already.
    pub present: u64,
    /// Files that have none.
    pub failed: u64,
}

impl Thumbs {
    /// Makes the thumbnails, or for [`Frame::COVER`] the covers, of all these files that are not kept
    /// yet, on all cores. `progress` is told after each. Interrupted, it goes on where it was when it is
    /// called again.
    ///
    /// # Errors
    /// [`ThumbError::NeedsFfmpeg`] in the end, when some were left without because of that; the others
    /// are made.
    pub fn build_all(
        &self,
        sources: impl Iterator<Item = Source> + Send,
        frame: Frame,
        stop: &Stop,
        progress: &(dyn Fn(Built) + Sync),
    ) -> Result<Built, ThumbError> {
        let sources = Mutex::new(sources);
        let counts: [AtomicU64; 3] = Default::default();
        let built = || {
            let [made, present, failed] = [0, 1, 2].map(|nth: usize| counts[nth].load(Ordering::SeqCst));
            Built { made, present, failed }
        };
        let lacks_ffmpeg = Mutex::new(None);
        let work = || {
            while !stop.is_stopped() {
                let Some(source) = sources.lock().next() else { return };
                let nth = match self.prepare(&source, frame, stop) {
                    Ok(is_made) => usize::from(!is_made),
                    Err(ThumbError::Stopped) => return,
                    Err(error) => {
                        if matches!(error, ThumbError::NeedsFfmpeg { .. }) {
                            *lacks_ffmpeg.lock() = Some(error);
                        }
                        2
                    }
                };
                counts[nth].fetch_add(1, Ordering::SeqCst);
                progress(built());
            }
        };
        let n_cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        std::thread::scope(|scope| {
            for _ in 0..n_cores {
                scope.spawn(work);
            }
        });
        match lacks_ffmpeg.into_inner() {
            Some(error) => Err(error),
            None => Ok(built()),
        }
    }
}
