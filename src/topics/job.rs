//! A job that finds topics: what was asked, and how far it is.

use super::ask::TopicsAsk;

/// See the module.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct TopicsJob {
    /// What was asked.
    pub ask: TopicsAsk,
    /// What the answer is kept under.
    pub key: String,
    /// How far it is.
    pub stage: Stage,
    /// In numbers.
    pub progress: Progress,
    /// Whether the answer was there already; known in the end.
    pub cache_hit: Option<bool>,
    /// Why there is no answer.
    pub error: Option<String>,
}

/// What a job does, in the words of contract 6.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Waits for its turn.
    Queued,
    /// Looks which images there are.
    Init,
    /// Makes vectors of prompts.
    Embedding,
    /// Puts them together.
    Clustering,
    /// Names what it found.
    Titling,
    /// The answer is there.
    Done,
    /// There is none.
    Error,
}

impl Stage {
    /// The word of contract 6.4.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Init => "init",
            Self::Embedding => "embedding",
            Self::Clustering => "clustering",
            Self::Titling => "titling",
            Self::Done => "done",
            Self::Error => "error",
        }
    }

    /// Whether nothing comes after it.
    #[must_use]
    pub const fn is_end(self) -> bool {
        matches!(self, Self::Done | Self::Error)
    }
}

/// A job in numbers. Images, but where it says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Progress {
    /// With a prompt.
    pub scanned: u64,
    /// That had no vector when it began.
    pub to_embed: u64,
    /// Of these, that have one or cannot have one.
    pub embedded_done: u64,
    /// Of these, that have one.
    pub updated: u64,
    /// That had one.
    pub skipped: u64,
    /// That are known to get none.
    pub skipped_failed: u64,
    /// That got none now.
    pub failed: u64,
    /// Texts of the last request to the upstream.
    pub batch_n: u64,
    /// To be put together.
    pub items_total: u64,
    /// Put together.
    pub items_done: u64,
    /// Topics to be named.
    pub clusters_total: u64,
    /// Topics that have a name.
    pub clusters_done: u64,
}

impl Progress {
    /// How far all of it is, from 0 to 1: making vectors is half of it, putting together and naming a
    /// quarter each.
    #[must_use]
    pub fn share(&self, stage: Stage) -> f64 {
        let part = |done: u64, all: u64| if all == 0 { 1.0 } else { (done as f64 / all as f64).min(1.0) };
        match stage {
            Stage::Queued | Stage::Init => 0.0,
            Stage::Embedding => 0.5 * part(self.embedded_done, self.to_embed),
            Stage::Clustering => 0.5 + 0.25 * part(self.items_done, self.items_total),
            Stage::Titling => 0.75 + 0.25 * part(self.clusters_done, self.clusters_total),
            Stage::Done | Stage::Error => 1.0,
        }
    }
}

impl TopicsJob {
    pub(super) fn new(ask: TopicsAsk, key: String) -> Self {
        Self { ask, key, stage: Stage::Queued, progress: Progress::default(), cache_hit: None, error: None }
    }
}
