//! The one loop by which every projection follows the ledger.
//!
//! It pulls: a bell says that the ledger has grown, the follower reads the feed from where it is,
//! hands it over in batches, and makes the result durable now and then. Nothing is queued, so
//! nothing can overflow; a follower that is late reads fewer, later rows.

use super::contract::{Batch, Projection, ProjectionError, attach, checkpoint_of};
use crate::ledger::{Ledger, Paced};
use crate::limits;
use crate::sys::{Bell, Stop, Stopper, priority};
use lumidex_schema::id::Seq;
use parking_lot::Mutex;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How far a follower is. Clones share it.
#[derive(Clone, Default)]
pub struct FollowerState {
    visible: Bell,
    durable: Bell,
    failure: Arc<Mutex<Option<String>>>,
}

impl FollowerState {
    /// Every change up to here is visible to searches.
    #[must_use]
    pub fn visible(&self) -> Seq {
        Seq(self.visible.last())
    }

    /// Every change up to here is durable: from there it goes on after a restart.
    #[must_use]
    pub fn durable(&self) -> Seq {
        Seq(self.durable.last())
    }

    /// Waits until `seq` is visible; whether it is.
    #[must_use]
    pub fn wait_visible(&self, seq: Seq, timeout: Duration) -> bool {
        seq == Seq::ZERO || self.visible.wait_past(seq.0 - 1, timeout) >= seq.0
    }

    /// Why the projection stands still, if it does; it is tried again.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.failure.lock().clone()
    }
}

/// A projection with the thread that keeps it up to date. Dropping it stops and joins the thread
/// after a last commit.
pub struct Follower {
    state: FollowerState,
    stopper: Stopper,
    thread: Option<JoinHandle<()>>,
    _paced: Option<Paced>,
}

impl Follower {
    /// Attaches the projection and starts following.
    ///
    /// # Errors
    /// When the projection cannot be attached or the thread cannot be started.
    pub fn start(mut projection: Box<dyn Projection>, ledger: Ledger) -> Result<Self, ProjectionError> {
        let name = projection.name();
        let applied = attach(&mut *projection, &ledger.reader()?)?;
        let state = FollowerState::default();
        state.visible.ring(applied.0);
        state.durable.ring(applied.0);
        let paced = projection.sets_the_pace().then(|| ledger.keep_pace_with(state.visible.clone()));
        let stopper = Stopper::new();
        let follow = Following {
            projection,
            ledger,
            state: state.clone(),
            stop: stopper.stop(),
            applied,
            is_resting: false,
        };
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                if follow.projection.can_wait() {
                    priority::yield_to_others();
                }
                follow.run();
            })
            .map_err(|source| ProjectionError::Store { name, doing: "started", source: source.into() })?;
        Ok(Self { state, stopper, thread: Some(thread), _paced: paced })
    }

    /// How far it is.
    #[must_use]
    pub fn state(&self) -> &FollowerState {
        &self.state
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.stopper.trigger();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a follower panicked");
        }
    }
}

/// Brings a projection up to the ledger's head and makes it durable, in the calling thread.
/// `progress` is told numbers applied and the head.
///
/// # Errors
/// When the ledger cannot be read or the projection cannot be written.
pub fn catch_up(
    projection: &mut dyn Projection,
    ledger: &Ledger,
    stop: &Stop,
    progress: &mut dyn FnMut(Seq, Seq),
) -> Result<Seq, ProjectionError> {
    let mut applied = attach(projection, &ledger.reader()?)?;
    loop {
        let next = pull(projection, ledger, applied)?;
        progress(next, ledger.head());
        if next == applied || stop.is_stopped() {
            break;
        }
        applied = next;
        if projection.pending() >= limits::PROJECTION_PENDING_MAX {
            commit(projection, ledger, applied)?;
        }
    }
    commit(projection, ledger, applied)?;
    Ok(applied)
}

/// Applies one batch after `applied`; gives how far it is then.
fn pull(projection: &mut dyn Projection, ledger: &Ledger, applied: Seq) -> Result<Seq, ProjectionError> {
    let reader = ledger.reader()?;
    let rows = reader.feed_after(applied, limits::FEED_ROWS_PULLED)?;
    // When the feed has no more rows, numbers up to the head were given to subjects that moved
    // on, or to decisions: all of them are covered.
    let through = match rows.last() {
        Some((last, _)) if rows.len() == limits::FEED_ROWS_PULLED => *last,
        _ => reader.head()?,
    };
    if through > applied {
        projection.apply(&Batch { rows: &rows, through, reader: &reader })?;
    }
    Ok(through.max(applied))
}

fn commit(projection: &mut dyn Projection, ledger: &Ledger, applied: Seq) -> Result<(), ProjectionError> {
    // This snapshot may be later than the one last pulled from. Claiming to have seen more than it
    // has can only make a projection start empty once too often, never continue wrongly.
    let checkpoint = checkpoint_of(projection.format(), applied, &ledger.reader()?)?;
    projection.commit(checkpoint)
}

/// What failed, and its first cause.
fn reason(error: &ProjectionError) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    format!("{error}: {cause}")
}

struct Following {
    projection: Box<dyn Projection>,
    ledger: Ledger,
    state: FollowerState,
    stop: Stop,
    applied: Seq,
    is_resting: bool,
}

impl Following {
    fn run(mut self) {
        let mut committed_at = Instant::now();
        while !self.stop.is_stopped() {
            match self.step(&mut committed_at) {
                Ok(()) => *self.state.failure.lock() = None,
                Err(error) => {
                    tracing::error!(
                        projection = self.projection.name(),
                        error = &error as &dyn std::error::Error,
                        "stands still and tries again"
                    );
                    *self.state.failure.lock() = Some(reason(&error));
                    let _ = self.stop.wait_for(limits::PROJECTION_RETRY);
                }
            }
        }
        if self.projection.pending() > 0
            && let Err(error) = commit(&mut *self.projection, &self.ledger, self.applied)
        {
            tracing::warn!(
                projection = self.projection.name(),
                error = &error as &dyn std::error::Error,
                "could not keep its last changes; they are followed again at the next start"
            );
        }
    }

    /// One batch, or a wait for one; commits when enough has changed or time has passed.
    fn step(&mut self, committed_at: &mut Instant) -> Result<(), ProjectionError> {
        let next = pull(&mut *self.projection, &self.ledger, self.applied)?;
        let is_idle = next == self.applied;
        if !is_idle {
            self.applied = next;
            self.is_resting = false;
            self.state.visible.ring(next.0);
        }
        let pending = self.projection.pending();
        let is_due = committed_at.elapsed() >= limits::PROJECTION_COMMIT_EVERY;
        // Numbers that changed nothing here count as followed too, in time: what is swept waits for it.
        let is_behind = self.state.durable() < self.applied
            && committed_at.elapsed() >= limits::PROJECTION_CHECKPOINT_EVERY;
        if pending >= limits::PROJECTION_PENDING_MAX || (is_idle && ((pending > 0 && is_due) || is_behind)) {
            commit(&mut *self.projection, &self.ledger, self.applied)?;
            self.state.durable.ring(self.applied.0);
            *committed_at = Instant::now();
            self.is_resting = false;
        }
        let has_rested = committed_at.elapsed() >= limits::PROJECTION_REST_AFTER;
        if is_idle && pending == 0 && has_rested && !self.is_resting {
            self.projection.rest();
            self.is_resting = true;
        }
        if is_idle {
            // Short, so that a stop is noticed soon; the bell ends the wait at once.
            let _ = self.ledger.bell().wait_past(self.applied.0, limits::FOLLOWER_WAIT);
        }
        Ok(())
    }
}
