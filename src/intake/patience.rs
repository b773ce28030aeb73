//! What is asked of roots whose file systems may not answer: each on a thread of its own, which is left to itself when
//! nothing came of it for long. Its root is then offline, until it answers again.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};
use lumidex_schema::id::RootId;
use parking_lot::Mutex;

use super::hung::{Doing, Hung};
use super::pipeline::{Found, Shared};
use super::survey::{Errand, Reach, SurveyError, survey};
use crate::sys::{Stopper, paths};

/// Shows that a file system answers.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    n_beats: AtomicU64,
    /// Threads that wait for something that is not a file system.
    n_waiting: AtomicUsize,
}

impl Pulse {
    /// It answered.
    pub(super) fn beat(&self) {
        self.n_beats.fetch_add(1, Ordering::Relaxed);
    }

    fn n_beats(&self) -> u64 {
        self.n_beats.load(Ordering::Relaxed)
    }

    /// Whether nothing came since there were `n_beats`, though it might have.
    fn is_quiet_since(&self, n_beats: u64) -> bool {
        self.n_beats() == n_beats && self.n_waiting.load(Ordering::Relaxed) == 0
    }

    /// Does what may take long for other reasons.
    pub(super) fn waiting<T>(&self, work: impl FnOnce() -> T) -> T {
        self.n_waiting.fetch_add(1, Ordering::Relaxed);
        let done = work();
        self.beat();
        self.n_waiting.fetch_sub(1, Ordering::Relaxed);
        done
    }
}

/// A file system does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Silence;

/// Does `work` on another thread and waits for it, but not for longer than `time_max` without a beat, and not at all
/// while something that was asked of this root before hangs.
///
/// # Errors
/// When the system gives no thread.
pub(super) fn ask<T: Send + 'static>(
    hung: &Arc<Hung>,
    root: RootId,
    time_max: Duration,
    pulse: &Pulse,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<Result<T, Silence>> {
    if hung.is_silent(root) {
        return Ok(Err(Silence));
    }
    let (answer, answered) = bounded(1);
    let asked = Arc::new(Mutex::new(Asked::Working));
    let ending = Ending { asked: Arc::clone(&asked), hung: Arc::clone(hung), root };
    let thread = thread::Builder::new().name("intake-ask".to_owned()).spawn(move || {
        let _ending = ending;
        // Perhaps nobody waits any more.
        let _ = answer.send(work());
    })?;
    let mut n_beats = 0;
    loop {
        match answered.recv_timeout(time_max) {
            Ok(given) => {
                // It is at its end.
                let _ = thread.join();
                return Ok(Ok(given));
            }
            Err(RecvTimeoutError::Disconnected) => match thread.join() {
                Err(panic) => std::panic::resume_unwind(panic),
                Ok(()) => return Ok(Err(Silence)),
            },
            Err(RecvTimeoutError::Timeout) => {
                let is_quiet = pulse.is_quiet_since(n_beats);
                n_beats = pulse.n_beats();
                let mut asked = asked.lock();
                if is_quiet && *asked == Asked::Working {
                    *asked = Asked::GivenUp;
                    hung.add(root, Doing::Listing);
                    return Ok(Err(Silence));
                }
            }
        }
    }
}

/// What becomes of a thread that was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Working,
    Ended,
    GivenUp,
}

/// Says that the thread ended, however it did.
struct Ending {
    asked: Arc<Mutex<Asked>>,
    hung: Arc<Hung>,
    root: RootId,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let mut asked = self.asked.lock();
        if *asked == Asked::GivenUp {
            self.hung.remove(self.root, Doing::Listing);
        }
        *asked = Asked::Ended;
    }
}

/// As [`survey`], but a root that does not answer is offline.
pub(super) fn survey_patiently(
    shared: &Shared,
    errand: Errand,
    time_max: Duration,
    sender: &Sender<Found>,
) -> Result<Reach, SurveyError> {
    let stopper = Stopper::new();
    let outer = stopper.clone();
    let _wanted = shared.stop.if_stopped(move || outer.trigger());
    let pulse = Arc::<Pulse>::default();
    let own = Shared { stop: stopper.stop(), pulse: Arc::clone(&pulse), ..shared.clone() };
    let (root, sender) = (errand.root.clone(), sender.clone());
    let surveyed = ask(&shared.hung, root.id, time_max, &pulse, move || survey(&own, &errand, &sender))?;
    surveyed.unwrap_or_else(|Silence| {
        // Should it come back, it is to tell nothing.
        stopper.trigger();
        let path = paths::from_bytes(&root.path);
        shared.progress.complain(&format_args!("`{}` does not answer", path.display()));
        Ok(if shared.stop.is_stopped() { Reach::BrokenOff } else { Reach::Offline })
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ROOT: RootId = RootId(1);
    const SHORT: Duration = Duration::from_millis(5);

    #[test]
    fn who_does_not_answer_is_not_asked_again_until_it_came_back() {
        let hung = Arc::<Hung>::default();
        let (let_go, held) = bounded::<()>(0);
        let silent = ask(&hung, ROOT, SHORT, &Pulse::default(), move || held.recv()).unwrap();
        assert_eq!((silent.err(), hung.is_silent(ROOT)), (Some(Silence), true));
        let again = ask(&hung, ROOT, Duration::MAX, &Pulse::default(), || ()).unwrap();
        assert_eq!(again, Err(Silence));
        let other = ask(&hung, RootId(2), Duration::MAX, &Pulse::default(), || 5).unwrap();
        assert_eq!(other, Ok(5));
        let_go.send(()).unwrap();
        while hung.is_silent(ROOT) {
            thread::yield_now();
        }
        assert_eq!(ask(&hung, ROOT, Duration::MAX, &Pulse::default(), || 7).unwrap(), Ok(7));
        assert_eq!(hung.len(), 0);
    }

    #[test]
    fn who_waits_for_something_else_is_not_quiet() {
        let pulse = Pulse::default();
        let n_beats = pulse.n_beats();
        assert!(pulse.is_quiet_since(n_beats));
        pulse.waiting(|| assert!(!pulse.is_quiet_since(n_beats)));
        assert!(!pulse.is_quiet_since(n_beats), "it went on");
        assert!(pulse.is_quiet_since(pulse.n_beats()));
    }
}
