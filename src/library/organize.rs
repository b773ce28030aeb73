//! Organizing files into folders, in an open library.

use super::Library;
use crate::ledger::ReadError;
use crate::organize::{Choice, ConfirmError, Moving, Organize, OrganizeAsk, OrganizeJob, StartError};
use crate::topics::Posted;

impl Library {
    /// Who organizes files.
    #[must_use]
    pub fn organize(&self) -> &Organize {
        &self.organize
    }

    /// See [`Organize::start`].
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start_organizing(&self, ask: OrganizeAsk) -> Result<String, StartError> {
        self.organize.start(ask)
    }

    /// A job as it is now, and how far its files are.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn organizing(&self, job: &str) -> Result<Option<(Posted<OrganizeJob>, Moving)>, ReadError> {
        let Some(posted) = self.organize.job(job) else { return Ok(None) };
        let moving = self.organize.moving(&posted.job)?;
        Ok(Some((posted, moving)))
    }

    /// See [`Organize::confirm`].
    ///
    /// # Errors
    /// [`ConfirmError`].
    pub fn confirm_organizing(&self, job: &str, choice: Choice) -> Result<(), ConfirmError> {
        self.organize.confirm(job, choice)
    }
}
