//! What people do to files: copying, moving, renaming, deleting, flattening, all by one path.
//!
//! A *wish* is planned (everything checked, nothing touched), its steps are journaled in the ledger,
//! applied in chunks, and the ledger follows each chunk. Nothing is ever overwritten; what was begun is
//! gone on with after a crash; everything but deleting for good can be undone. Knows nothing of HTTP.

mod wish;

use crate::ledger::Ledger;
use crate::sys::Stop;
use crate::sys::tree::Tree;
use lumidex_schema::id::{Seq, Timestamp};
use std::sync::Arc;

pub use wish::{Gone, Preview, Report, Running, Wish, WishError};

/// Does what is wished. Its methods block until that is done; several may be called at once.
pub struct Files {
    ledger: Ledger,
    tree: Arc<dyn Tree>,
    stop: Stop,
}

impl Files {
    /// For the files of this tree; ends what it does soon after `stop`, to be gone on with by
    /// [`Files::recover`] after the next start.
    #[must_use]
    pub fn new(ledger: Ledger, tree: Arc<dyn Tree>, stop: Stop) -> Self {
        Self { ledger, tree, stop }
    }

    /// Does it. An item that failed is in the report; without `go_on` it was the last that was tried.
    ///
    /// # Errors
    /// [`WishError`]; nothing was done, but for [`WishError::Ledger`].
    pub fn perform(&self, _wish: &Wish) -> Result<Report, WishError> {
        Err(WishError::Busy("not yet".to_owned()))
    }

    /// Takes an operation back, in whole or, where that is not possible any more, not at all.
    ///
    /// # Errors
    /// As [`Files::perform`].
    pub fn undo(&self, _operation: Seq) -> Result<Report, WishError> {
        Err(WishError::Busy("not yet".to_owned()))
    }

    /// What [`Wish::Flatten`] would move, and what is in its way.
    ///
    /// # Errors
    /// As [`Files::perform`].
    pub fn preview_flatten(&self, _folder: &[u8]) -> Result<Preview, WishError> {
        Err(WishError::Busy("not yet".to_owned()))
    }

    /// Goes on with what was begun before the last end of the program, and forgets what was only
    /// planned. To be called once, before anything else.
    ///
    /// # Errors
    /// As [`Files::perform`]; what was not gone on with is tried again with the next wish.
    pub fn recover(&self) -> Result<Vec<Report>, WishError> {
        Err(WishError::Busy("not yet".to_owned()))
    }

    /// What is being done now, in the order it was begun.
    #[must_use]
    pub fn running(&self) -> Vec<Running> {
        Vec::new()
    }

    /// Asks an operation to stop after the item it is at; `false` when it is not running.
    pub fn stop(&self, _operation: Seq) -> bool {
        false
    }

    /// Removes for good what was put in the trash before `older_than`, and then the oldest until at
    /// most `bytes_max` are left, but never the newest for that.
    ///
    /// # Errors
    /// When the ledger fails; what was removed before stays so. What cannot be removed is left.
    pub fn purge(&self, _older_than: Timestamp, _bytes_max: u64) -> Result<Gone, WishError> {
        Err(WishError::Busy("not yet".to_owned()))
    }

    /// Removes for good everything in the trash.
    ///
    /// # Errors
    /// As [`Files::purge`].
    pub fn purge_all(&self) -> Result<Gone, WishError> {
        Err(WishError::Busy("not yet".to_owned()))
    }
}
