//! The door through which routes change files and take back what was done. Knows no paths but those it
//! is given: whether a client may name them is decided before.
//!
//! A deed is anything a person did that has a number: a decision about tags, folders or settings, or a
//! file operation.

use super::engine::Failure;
use super::history;
use crate::files::{Foreseen, Gone, Preview, Report, Running, Wish, WishError};
use crate::library::Library;
use lumidex_schema::id::{Seq, Timestamp};

/// What a library does to files. Every method may block; none is called on an async thread. What
/// changes something returns once searches show it.
pub trait Deeds {
    /// Plans a wish, and, when all of it can be done, does it.
    ///
    /// # Errors
    /// [`WishError`]; nothing was done, except where it says so.
    fn perform(&self, wish: Wish) -> Result<Report, WishError>;

    /// What a wish would do if it were done now; nothing is.
    ///
    /// # Errors
    /// As for doing it.
    fn foresee(&self, wish: &Wish) -> Result<Foreseen, WishError>;

    /// What flattening a folder would do.
    ///
    /// # Errors
    /// [`WishError`] when it is no folder that can be read.
    fn preview_flatten(&self, folder: &[u8]) -> Result<Preview, WishError>;

    /// Takes back what has this number.
    ///
    /// # Errors
    /// [`WishError`] when there is no such deed, or the world has changed since; nothing was done then.
    fn undo(&self, deed: Seq) -> Result<Report, WishError>;

    /// Up to `max` deeds before this one, newest first.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn history(&self, before: Option<Seq>, max: usize) -> Result<Vec<Deed>, Failure>;

    /// File operations under way.
    fn running(&self) -> Vec<Running>;

    /// Asks a file operation to stop after the item it is at; whether there is one of this number.
    fn stop_operation(&self, operation: Seq) -> bool;

    /// Removes everything from the trashes for good.
    ///
    /// # Errors
    /// [`WishError`] when a store fails.
    fn purge_trash(&self) -> Result<Gone, WishError>;
}

/// Something a person did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Its number; how it is named.
    pub number: Seq,
    /// When it was done.
    pub at: Timestamp,
    /// One word for what it was.
    pub kind: &'static str,
    /// What it was, in words.
    pub text: String,
    /// Paths it was about, the first few.
    pub paths: Vec<Vec<u8>>,
    /// What took it back, if something did.
    pub undone_by: Option<Seq>,
    /// Why it cannot be taken back; `None` when it may be.
    pub lasting: Option<&'static str>,
}

impl Deeds for Library {
    fn perform(&self, wish: Wish) -> Result<Report, WishError> {
        Library::perform(self, &wish)
    }

    fn foresee(&self, wish: &Wish) -> Result<Foreseen, WishError> {
        Library::foresee(self, wish)
    }

    fn preview_flatten(&self, folder: &[u8]) -> Result<Preview, WishError> {
        Library::preview_flatten(self, folder)
    }

    fn undo(&self, deed: Seq) -> Result<Report, WishError> {
        Library::undo(self, deed)
    }

    fn history(&self, before: Option<Seq>, max: usize) -> Result<Vec<Deed>, Failure> {
        let reader = self.reader().map_err(Failure::store)?;
        history::deeds(&reader, before, max).map_err(Failure::store)
    }

    fn running(&self) -> Vec<Running> {
        Library::running(self)
    }

    fn stop_operation(&self, operation: Seq) -> bool {
        Library::stop_operation(self, operation)
    }

    fn purge_trash(&self) -> Result<Gone, WishError> {
        Library::purge_trash(self)
    }
}
