//! The door through which routes organize files into folders.

use super::engine::Failure;
use crate::library::Library;
use crate::organize::{Choice, ConfirmError, Moving, OrganizeAsk, OrganizeJob};
use crate::topics::Posted;

/// Jobs that organize files. No method waits for a job.
pub trait Organizing {
    /// Takes a job; gives its id.
    ///
    /// # Errors
    /// [`Failure`] when too many wait.
    fn start_organizing(&self, ask: OrganizeAsk) -> Result<String, Failure>;

    /// A job as it is now, and how far its files are; `None` when there is no such job.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn organizing(&self, job: &str) -> Result<Option<(Posted<OrganizeJob>, Moving)>, Failure>;

    /// Absolute paths of the folders that a job would put files into after this choice; none when it has no
    /// preview.
    fn organized_folders(&self, job: &str, choice: &Choice) -> Vec<Vec<u8>>;

    /// Has a job done, and does not wait for that.
    ///
    /// # Errors
    /// [`Failure`] when there is no such job, or it does not wait for a person.
    fn confirm_organizing(&self, job: &str, choice: Choice) -> Result<(), Failure>;
}

impl Organizing for Library {
    fn start_organizing(&self, ask: OrganizeAsk) -> Result<String, Failure> {
        Library::start_organizing(self, ask).map_err(|error| Failure::Unready(error.to_string()))
    }

    fn organizing(&self, job: &str) -> Result<Option<(Posted<OrganizeJob>, Moving)>, Failure> {
        Library::organizing(self, job).map_err(Failure::store)
    }

    fn organized_folders(&self, job: &str, choice: &Choice) -> Vec<Vec<u8>> {
        self.organize().folders(job, choice)
    }

    fn confirm_organizing(&self, job: &str, choice: Choice) -> Result<(), Failure> {
        Library::confirm_organizing(self, job, choice).map_err(|error| match error {
            ConfirmError::Unknown(_) => Failure::Unknown(error.to_string()),
            ConfirmError::NotReady(_) => Failure::Refused(error.to_string()),
        })
    }
}
