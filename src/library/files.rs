//! What people do to files, and taking back anything they did; answered once searches show it.

use super::Library;
use crate::files::{Gone, Preview, Report, Running, Wish, WishError};
use crate::ledger::DecideError;
use lumidex_schema::id::Seq;
use lumidex_schema::record::Action;

impl Library {
    /// See [`crate::files::Files::perform`].
    ///
    /// # Errors
    /// [`WishError`].
    pub fn perform(&self, wish: &Wish) -> Result<Report, WishError> {
        let report = self.files.perform(wish)?;
        self.settle(report.head);
        Ok(report)
    }

    /// See [`crate::files::Files::preview_flatten`].
    ///
    /// # Errors
    /// [`WishError`].
    pub fn preview_flatten(&self, folder: &[u8]) -> Result<Preview, WishError> {
        self.files.preview_flatten(folder)
    }

    /// Takes back what has this number, whether it was about files or anything else.
    ///
    /// # Errors
    /// [`WishError`]; nothing was done, or, of files, what the error says.
    pub fn undo(&self, deed: Seq) -> Result<Report, WishError> {
        let decision = self.reader()?.decision(deed)?;
        if decision.is_some_and(|decision| matches!(decision.action, Action::Files { .. })) {
            let report = self.files.undo(deed)?;
            self.settle(report.head);
            return Ok(report);
        }
        let number = self.ledger.undo(deed).map_err(refusal)?;
        // Folders may have been among it.
        self.settle_roots(number);
        Ok(Report { operation: Some(number), done: 1, head: number, ..Report::default() })
    }

    /// See [`crate::files::Files::running`].
    #[must_use]
    pub fn running(&self) -> Vec<Running> {
        self.files.running()
    }

    /// See [`crate::files::Files::stop`].
    #[must_use]
    pub fn stop_operation(&self, operation: Seq) -> bool {
        self.files.stop(operation)
    }

    /// See [`crate::files::Files::purge_all`].
    ///
    /// # Errors
    /// [`WishError`].
    pub fn purge_trash(&self) -> Result<Gone, WishError> {
        self.files.purge_all()
    }
}

fn refusal(error: DecideError) -> WishError {
    match error {
        DecideError::UnknownDecision(_) => WishError::Unknown(error.to_string()),
        DecideError::Write(_) => WishError::Ledger(Box::new(error)),
        error => WishError::Refused(error.to_string()),
    }
}
