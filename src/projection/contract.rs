//! What every projection promises, and how one is attached to the ledger.

use crate::ledger::{ReadError, Reader};
use lumidex_schema::checkpoint::{Checkpoint, StartEmpty};
use lumidex_schema::feed::Subject;
use lumidex_schema::id::{EpochToken, Seq};

/// A projection could not take in, or keep, what it was given.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    /// The ledger could not be read.
    #[error(transparent)]
    Ledger(#[from] ReadError),
    /// The projection's own store failed.
    #[error("projection `{name}` failed while it {doing}")]
    Store {
        /// The projection.
        name: &'static str,
        /// What it was doing, as in "wrote its bitmaps".
        doing: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Feed rows in order, with the snapshot they were read in.
pub struct Batch<'a> {
    /// What changed, oldest first, each subject at its latest number.
    pub rows: &'a [(Seq, Subject)],
    /// With these rows everything up to here is applied.
    pub through: Seq,
    /// The ledger as it was when the rows were read.
    pub reader: &'a Reader,
}

/// Something derived from the ledger.
///
/// Replaying rows must be harmless: records are read in their current state, and applying one
/// again changes nothing.
pub trait Projection: Send {
    /// The room's name, for messages.
    fn name(&self) -> &'static str;

    /// The number of the format it writes.
    fn format(&self) -> u32;

    /// What its durable data remembers, or why there is nothing to continue from.
    fn checkpoint(&self) -> Result<Checkpoint, StartEmpty>;

    /// Forgets everything, in memory and on disk.
    ///
    /// # Errors
    /// When the store cannot be emptied.
    fn start_empty(&mut self) -> Result<(), ProjectionError>;

    /// Takes in a batch and makes it visible to readers.
    ///
    /// # Errors
    /// When the ledger or the store cannot be read.
    fn apply(&mut self, batch: &Batch<'_>) -> Result<(), ProjectionError>;

    /// Makes everything applied durable, and the checkpoint with or after it.
    ///
    /// # Errors
    /// When the store cannot be written; the former checkpoint stays valid.
    fn commit(&mut self, checkpoint: Checkpoint) -> Result<(), ProjectionError>;

    /// Changes that are visible but not durable yet.
    fn pending(&self) -> usize;

    /// Whether searches can be answered without its latest changes, so that its work may wait.
    fn can_wait(&self) -> bool;

    /// Whether observations wait for it when it is far behind: a start after a kill has to follow what it had
    /// not made durable before it can answer.
    fn sets_the_pace(&self) -> bool {
        true
    }

    /// Gives back what only writing needs; called when nothing has changed for a while.
    fn rest(&mut self);
}

/// Judges a projection's checkpoint against the ledger and empties it when it may not continue.
/// Gives the number to follow from.
///
/// # Errors
/// When the ledger cannot be read or the projection cannot be emptied.
pub fn attach(projection: &mut dyn Projection, reader: &Reader) -> Result<Seq, ProjectionError> {
    let judged = match projection.checkpoint() {
        Ok(checkpoint) => checkpoint.judge(projection.format(), reader.history(checkpoint.seen)?),
        Err(reason) => Err(reason),
    };
    match judged {
        Ok(applied) => Ok(applied),
        Err(reason) => {
            if reason != StartEmpty::Absent {
                tracing::info!(projection = projection.name(), %reason, "starts empty and refills itself");
            }
            projection.start_empty()?;
            Ok(Seq::ZERO)
        }
    }
}

/// The checkpoint of a projection that has applied `applied` and read in this snapshot.
///
/// # Errors
/// When the ledger cannot be read.
pub fn checkpoint_of(format: u32, applied: Seq, reader: &Reader) -> Result<Checkpoint, ReadError> {
    let seen = reader.head()?;
    let epoch = reader.epoch_of(seen)?.unwrap_or(EpochToken(0));
    Ok(Checkpoint { format, applied, seen, epoch })
}
