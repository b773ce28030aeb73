//! What a projection remembers of the ledger it followed.

use crate::id::{EpochToken, Seq};
use serde::{Deserialize, Serialize};

/// Made durable with, or after, the data it describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The format of the data, see [`crate::format`].
    pub format: u32,
    /// Every feed row up to here is in the data.
    pub applied: Seq,
    /// The ledger's head in the snapshot last read.
    pub seen: Seq,
    /// The token of the ledger epoch that wrote `seen`.
    pub epoch: EpochToken,
}

/// What a ledger says of itself, to judge a checkpoint by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History {
    /// The largest number given.
    pub head: Seq,
    /// Rows of removed subjects may be gone up to here.
    pub horizon: Seq,
    /// The token of the epoch that wrote the number under judgement, if there is such a number.
    pub token_of_seen: Option<EpochToken>,
}

/// Why a projection starts from nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartEmpty {
    /// There is none yet.
    Absent,
    /// The data is of another format, or cannot be read.
    Unreadable,
    /// It has seen numbers this ledger never gave: a restored backup or a lost commit.
    AnotherLedger,
    /// Removals it has not followed may have been forgotten.
    BehindHorizon,
}

impl std::fmt::Display for StartEmpty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Absent => "there is none yet",
            Self::Unreadable => "its data is of another format or damaged",
            Self::AnotherLedger => "it followed another history of the ledger",
            Self::BehindHorizon => "it is too far behind",
        })
    }
}

impl Checkpoint {
    /// Whether a projection with this checkpoint may continue, by the three guards of the design.
    ///
    /// # Errors
    /// The guard that refuses.
    pub fn judge(&self, current_format: u32, history: History) -> Result<Seq, StartEmpty> {
        if self.format != current_format || self.applied > self.seen {
            return Err(StartEmpty::Unreadable);
        }
        if self.seen > history.head || history.token_of_seen != Some(self.epoch) {
            return Err(StartEmpty::AnotherLedger);
        }
        if self.applied < history.horizon && self.applied > Seq::ZERO {
            return Err(StartEmpty::BehindHorizon);
        }
        Ok(self.applied)
    }
}
