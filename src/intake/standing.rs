//! What becomes of changes in a root: whether they are told by events, found by looking, or cannot
//! be seen at the moment. Data only.

use std::time::Duration;

use lumidex_schema::id::{RootId, Timestamp};

/// How changes in a root become known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is being walked.
    Scanning,
    /// Every folder reports its changes.
    Watching,
    /// Some folders report their changes; the others are looked at from time to time.
    PartlyPolling,
    /// It is looked at from time to time.
    Polling,
    /// It cannot be reached, or nothing says that it is the folder it was.
    Offline,
}

impl Standing {
    /// The words for it in answers.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Scanning => "scanning",
            Self::Watching => "watching",
            Self::PartlyPolling => "partly polling",
            Self::Polling => "polling",
            Self::Offline => "offline",
        }
    }
}

/// A root with its standing and the numbers behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootStanding {
    /// Which.
    pub root: RootId,
    /// Its absolute path.
    pub path: Vec<u8>,
    /// How its changes become known.
    pub standing: Standing,
    /// Folders that report their changes.
    pub n_watched: u64,
    /// Folders that are looked at from time to time.
    pub n_polled: u64,
    /// How long it takes at most until a change in those is found; `None` when there are none.
    pub poll_every: Option<Duration>,
    /// When a walk of it last came to its end.
    pub walked: Option<Timestamp>,
    /// Why it is offline, or is not watched in whole; for people to read.
    pub reason: Option<String>,
}
