//! What is being done: so many at once, each with its progress and a way to stop it.

use super::{Running, WishError};
use crate::limits::files as limits;
use crate::sys::Stop;
use lumidex_schema::id::{Seq, Timestamp};
use lumidex_schema::operation::OperationKind;
use parking_lot::Mutex;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::SystemTime;

/// All that is being done.
#[derive(Default)]
pub(super) struct Runs {
    runs: Mutex<Vec<Arc<Run>>>,
}

/// One operation on its way.
pub(super) struct Run {
    kind: OperationKind,
    since: Timestamp,
    operation: AtomicU64,
    taken: AtomicU64,
    steps: AtomicU64,
    bytes: AtomicU64,
    is_stopping: AtomicBool,
    program: Stop,
}

/// Why an operation ends before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// A person asked for it.
    Asked,
    /// The program stops; the next start goes on.
    Program,
}

/// Takes the run off the list when it goes.
pub(super) struct Turn<'a> {
    runs: &'a Runs,
    run: Arc<Run>,
}

impl std::ops::Deref for Turn<'_> {
    type Target = Run;

    fn deref(&self) -> &Run {
        &self.run
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.runs.runs.lock().retain(|run| !Arc::ptr_eq(run, &self.run));
    }
}

impl Runs {
    /// Begins one, if there are not too many.
    pub(super) fn begin(&self, kind: OperationKind, program: &Stop) -> Result<Turn<'_>, WishError> {
        if program.is_stopped() {
            return Err(WishError::Busy("the program is stopping".to_owned()));
        }
        let mut runs = self.runs.lock();
        if runs.len() >= limits::AT_ONCE_MAX {
            return Err(WishError::Busy(format!(
                "{} operations on files are going on; wait for one to end",
                runs.len()
            )));
        }
        let run = Arc::new(Run::unlisted(kind, program));
        runs.push(Arc::clone(&run));
        Ok(Turn { runs: self, run })
    }

    pub(super) fn all(&self) -> Vec<Running> {
        self.runs.lock().iter().map(|run| run.shown()).collect()
    }

    pub(super) fn is_running(&self, operation: Seq) -> bool {
        self.runs.lock().iter().any(|run| run.number() == Some(operation))
    }

    /// Whether there is such an operation.
    pub(super) fn stop(&self, operation: Seq) -> bool {
        let runs = self.runs.lock();
        let found = runs.iter().find(|run| run.number() == Some(operation));
        found.inspect(|run| run.is_stopping.store(true, Ordering::Relaxed)).is_some()
    }
}

impl Run {
    /// One that nobody can see or stop, and that takes nobody's turn.
    pub(super) fn unlisted(kind: OperationKind, program: &Stop) -> Self {
        Self {
            kind,
            since: now(),
            operation: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            steps: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            is_stopping: AtomicBool::new(false),
            program: program.clone(),
        }
    }

    pub(super) const fn kind(&self) -> OperationKind {
        self.kind
    }

    pub(super) fn number(&self) -> Option<Seq> {
        Some(Seq(self.operation.load(Ordering::Acquire))).filter(|number| *number != Seq::ZERO)
    }

    pub(super) fn set_number(&self, operation: Seq) {
        self.operation.store(operation.0, Ordering::Release);
    }

    pub(super) fn set_progress(&self, taken: u32, steps: u32) {
        self.taken.store(taken.into(), Ordering::Relaxed);
        self.steps.store(steps.into(), Ordering::Relaxed);
    }

    pub(super) fn add_taken(&self, n: usize) {
        self.taken.fetch_add(n as u64, Ordering::Relaxed);
    }

    pub(super) fn add_steps(&self, n: usize) {
        self.steps.fetch_add(n as u64, Ordering::Relaxed);
    }

    /// Why it is to end, if it is.
    pub(super) fn ending(&self) -> Option<Ending> {
        if self.program.is_stopped() {
            Some(Ending::Program)
        } else {
            self.is_stopping.load(Ordering::Relaxed).then_some(Ending::Asked)
        }
    }

    /// Counts bytes, and says whether to go on.
    pub(super) fn copied(&self, bytes: u64) -> ControlFlow<()> {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        if self.ending().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn shown(&self) -> Running {
        Running {
            operation: self.number(),
            kind: self.kind,
            since: self.since,
            taken: self.taken.load(Ordering::Relaxed),
            steps: self.steps.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            is_stopping: self.is_stopping.load(Ordering::Relaxed),
        }
    }
}

pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::sys::Stopper;

    #[test]
    fn there_are_not_too_many_and_one_that_is_over_makes_room() {
        let (runs, stopper) = (Runs::default(), Stopper::new());
        let begin = || runs.begin(OperationKind::Move, &stopper.stop());
        let mut turns: Vec<_> = (0..limits::AT_ONCE_MAX).map(|_| begin().unwrap()).collect();
        assert!(matches!(begin(), Err(WishError::Busy(_))));
        turns.pop();
        let turn = begin().unwrap();
        turn.set_number(Seq(7));
        assert_eq!(turn.copied(5), ControlFlow::Continue(()));
        assert!(runs.is_running(Seq(7)) && !runs.stop(Seq(8)) && runs.stop(Seq(7)));
        assert_eq!(turn.copied(5), ControlFlow::Break(()));
        assert_eq!(turn.ending(), Some(Ending::Asked));
        let shown = runs.all().pop().unwrap();
        assert_eq!((shown.operation, shown.bytes, shown.is_stopping), (Some(Seq(7)), 10, true));
        stopper.trigger();
        assert_eq!(turn.ending(), Some(Ending::Program));
        turns.clear();
        assert!(matches!(begin(), Err(WishError::Busy(_))));
    }
}
