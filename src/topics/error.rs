//! Why topics are not told.

use crate::ledger::ReadError;
use crate::ledger::paid::PaidError;
use crate::projection::vectors::VectorsError;
use crate::query::SearchError;
use crate::upstream::UpstreamError;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum TopicsError {
    /// It was asked to stop.
    #[error("it was stopped")]
    Stopped,
    /// Too much is asked at once.
    #[error("too many jobs wait already; try again when some are done")]
    Busy,
    /// A model of an upstream was named, and there is none.
    #[error(
        "no AI service is configured: set OPENAI_API_KEY, or OPENAI_BASE_URL for a service of your own, and start lumidex \
         again; or use the model `builtin`, which needs none"
    )]
    NoUpstream,
    /// The upstream did not do it.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// It refused what it was asked.
    #[error("the AI service refused it: {0}")]
    Refused(String),
    /// It did not take a single prompt.
    #[error("no prompt could be embedded; the log says why")]
    NothingEmbedded,
    /// The model answers with vectors of another length than before: it is another model by now.
    #[error(
        "the model `{model}` gives vectors of {found} numbers, those of the library have {known}: have all of them made          anew (`force`), or name another model"
    )]
    Dimension {
        /// The model.
        model: String,
        /// What it gives.
        found: usize,
        /// What the library has.
        known: usize,
    },
    /// What is searched for has no vector.
    #[error("nothing can be searched for by these words")]
    NoQueryVector,
    /// The image has no prompt to compare.
    #[error("the image has no prompt, or is not in the folders that are searched")]
    NoPrompt,
    /// Its prompt has no vector of this model.
    #[error("the image's prompt has no vector of this model yet")]
    NotEmbedded,
    /// There is no such result.
    #[error("no topics are kept for these folders; find them first")]
    NotFound,
    /// The images could not be looked up.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The ledger could not be read.
    #[error(transparent)]
    Ledger(#[from] ReadError),
    /// Vectors could not be read or made.
    #[error(transparent)]
    Vectors(VectorsError),
    /// What was paid for could not be read or kept.
    #[error(transparent)]
    Paid(#[from] PaidError),
}

impl From<VectorsError> for TopicsError {
    fn from(error: VectorsError) -> Self {
        match error {
            VectorsError::Stopped => Self::Stopped,
            error => Self::Vectors(error),
        }
    }
}
