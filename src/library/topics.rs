//! Topics of an open library.

use super::Library;
use crate::topics::Topics;

impl Library {
    /// The room where topics are found.
    #[must_use]
    pub fn topics(&self) -> &Topics {
        &self.topics
    }
}
