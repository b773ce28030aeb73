//! What people do to files: copying, moving, renaming, deleting, flattening, all by one path.
//!
//! A *wish* is planned (everything checked, nothing touched), its steps are journaled in the ledger,
//! applied in chunks, and the ledger follows each chunk. Nothing is ever overwritten; what was begun is
//! gone on with after a crash; everything but deleting for good can be undone. Knows nothing of HTTP.

mod act;
mod again;
mod apply;
pub mod archive;
mod draft;
mod follow;
mod place;
mod plan;
mod problem;
mod purge;
mod recover;
mod roots;
mod running;
mod siblings;
mod trash;
mod wish;

use crate::ledger::Ledger;
use crate::limits::files as limits;
use crate::sys::tree::{Listing, Tree};
use crate::sys::{PathError, Stop};
use apply::{Applied, Manner, apply};
use lumidex_schema::id::{Seq, Timestamp};
use lumidex_schema::operation::OperationKind;
use parking_lot::{Mutex, RwLock};
use plan::{AtProblem, Plan, foresee, plan, preview, reverse};
use purge::{Bounds, purge};
use running::{Run, Runs};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub use wish::{Foreseen, Gone, Placing, Preview, Report, Running, Wish, WishError};

/// Does what is wished. Its methods block until that is done; several may be called at once.
pub struct Files {
    ledger: Ledger,
    tree: Arc<dyn Tree>,
    stop: Stop,
    /// How long telling the ledger what was done is tried.
    patience: Duration,
    runs: Runs,
    /// Held for reading while an operation gets its number.
    numbering: RwLock<()>,
    /// Whether what was left behind is done. Held while it is being done.
    is_recovered: Mutex<bool>,
    /// Operations that are being undone or expired.
    busy: Mutex<BTreeSet<Seq>>,
}

impl Files {
    /// For the files of this tree; ends what it does soon after `stop`, to be gone on with by
    /// [`Files::recover`] after the next start.
    #[must_use]
    pub fn new(ledger: Ledger, tree: Arc<dyn Tree>, stop: Stop) -> Self {
        Self {
            ledger,
            tree,
            stop,
            patience: limits::LEDGER_TRIED_FOR,
            runs: Runs::default(),
            numbering: RwLock::default(),
            is_recovered: Mutex::default(),
            busy: Mutex::default(),
        }
    }

    /// With another bound for how long telling the ledger what was done is tried again, should it fail.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Does it, after what was left behind before. Where only part of it was done, the report says so:
    /// with the items that failed, and the operation by which the rest can be undone.
    ///
    /// # Errors
    /// [`WishError`]; nothing was done, but for [`WishError::Ledger`] and when the program stops.
    pub fn perform(&self, wish: &Wish) -> Result<Report, WishError> {
        self.wait_recovered()?;
        let run = self.runs.begin(wish.kind(), &self.stop)?;
        let plan = plan(self, &run, wish)?;
        self.apply(&run, plan, wish.at_problem() != AtProblem::GoOn)
    }

    /// Takes an operation back, in whole or, where that is not possible any more, not at all. Only a disk
    /// that fails, or who stops it, ends it halfway; then the report says so, and it can be asked for
    /// again. Undoing what undid something is doing it again.
    ///
    /// # Errors
    /// As [`Files::perform`]. The reasons of the first few files are told.
    pub fn undo(&self, operation: Seq) -> Result<Report, WishError> {
        self.wait_recovered()?;
        let Some(_turn) = self.busy_with(operation) else {
            return Err(WishError::Busy(format!("operation {operation} is being undone or expired")));
        };
        let run = self.runs.begin(OperationKind::Undo { of: operation }, &self.stop)?;
        let plan = reverse(self, &run, operation)?;
        self.apply(&run, plan, true)
    }

    /// What [`Wish::Flatten`] would move, and what is in its way.
    ///
    /// # Errors
    /// As [`Files::perform`].
    pub fn preview_flatten(&self, folder: &[u8]) -> Result<Preview, WishError> {
        preview(self, folder)
    }

    /// What a wish would do if it were done now: all is checked as for that, and nothing is journaled.
    ///
    /// # Errors
    /// As [`Files::perform`].
    pub fn foresee(&self, wish: &Wish) -> Result<Foreseen, WishError> {
        foresee(self, &Run::unlisted(wish.kind(), &self.stop), wish)
    }

    /// Everything in a folder, if files may be put there.
    ///
    /// # Errors
    /// When it may not be listed, or cannot be.
    pub fn list(&self, folder: &Path) -> Result<Listing, PathError> {
        self.tree.list(folder)
    }

    /// Goes on with what was begun before the last end of the program, and forgets what was only
    /// planned. Other methods wait for it, and do it themselves if nobody did.
    ///
    /// # Errors
    /// As [`Files::perform`]; what was not finished is tried again with the next wish.
    pub fn recover(&self) -> Result<Vec<Report>, WishError> {
        let mut is_recovered = self.is_recovered.lock();
        let reports = recover::recover(self).inspect_err(recover::warn_of)?;
        *is_recovered = true;
        Ok(reports)
    }

    /// What is being done now, in the order it was begun.
    #[must_use]
    pub fn running(&self) -> Vec<Running> {
        self.runs.all()
    }

    /// Asks an operation to stop after the item it is at; `false` when it is not running.
    pub fn stop(&self, operation: Seq) -> bool {
        self.runs.stop(operation)
    }

    /// Removes for good what was put in the trash before `older_than`, and then the oldest until at
    /// most `bytes_max` are left, but never the newest for that. What belongs to folders that are not
    /// there is left for later.
    ///
    /// # Errors
    /// When the ledger fails; what was removed before stays so. What cannot be removed is left.
    pub fn purge(&self, older_than: Timestamp, bytes_max: u64) -> Result<Gone, WishError> {
        purge(self, Bounds { older_than, bytes_max, keeps_newest: true })
    }

    /// Removes for good everything in the trash.
    ///
    /// # Errors
    /// As [`Files::purge`].
    pub fn purge_all(&self) -> Result<Gone, WishError> {
        let older_than = Timestamp(i64::MIN);
        purge(self, Bounds { older_than, bytes_max: 0, keeps_newest: false })
    }

    fn apply(&self, run: &Run, plan: Plan, stops: bool) -> Result<Report, WishError> {
        let Some(operation) = plan.operation else {
            let head = self.ledger.reader()?.head()?;
            return Ok(Report::of(None, Applied::nothing(plan.mistakes, head)));
        };
        let manner = Manner { stops, is_again: false };
        match apply(self, run, operation, plan, manner) {
            Ok(applied) => match applied.mistakes.first() {
                // Then that is the answer.
                Some(problem) if stops && !applied.has_effect => Err(problem.clone().into_error()),
                _ => Ok(Report::of(Some(operation), applied)),
            },
            Err(error) => {
                // The journal has it; whoever comes next goes on with it.
                *self.is_recovered.lock() = false;
                Err(error)
            }
        }
    }

    fn wait_recovered(&self) -> Result<(), WishError> {
        let Some(mut is_recovered) = self.is_recovered.try_lock_for(limits::RECOVERY_WAIT) else {
            let why = "what was begun before the last end of the program is still being finished";
            return Err(WishError::Busy(why.to_owned()));
        };
        if !*is_recovered {
            recover::recover(self).inspect_err(recover::warn_of)?;
            *is_recovered = true;
        }
        Ok(())
    }

    /// `None` when somebody is.
    fn busy_with(&self, operation: Seq) -> Option<impl Drop> {
        self.busy.lock().insert(operation).then(|| Busy { busy: &self.busy, operation })
    }
}

/// See [`Files::busy_with`].
struct Busy<'a> {
    busy: &'a Mutex<BTreeSet<Seq>>,
    operation: Seq,
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.busy.lock().remove(&self.operation);
    }
}

impl Report {
    fn of(operation: Option<Seq>, applied: Applied) -> Self {
        let Applied { done, mistakes, is_stopped, head, .. } = applied;
        let failed = mistakes.count();
        Self { operation, done, errors: mistakes.into_told(), failed, is_stopped, head }
    }
}
