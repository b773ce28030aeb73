//! The door through which routes change what is known of how pictures were made, and see how reading that
//! from files went.

use super::engine::Failure;
use crate::intake::{Alone, Checkup, RuleError, Ruled};
use crate::library::{EditError, Library, RulesError};
use crate::metadata::Workflow;
use crate::sys::rooted::Allowed;
use lumidex_schema::id::{ImageId, Seq};

/// Generation texts, rules, and the reading of files. Every method may block; none is called on an async
/// thread. What changes something returns once searches show it.
pub trait Recipes {
    /// Whether a person gave an image its generation text.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn is_edited(&self, image: ImageId) -> Result<bool, Failure>;

    /// Gives an image a generation text; `None` shows what its file says again. By the number it is undone;
    /// `None` when it had that text.
    ///
    /// # Errors
    /// [`Failure`] when there is no such image, or a store fails.
    fn edit_text(&self, image: ImageId, text: Option<&str>) -> Result<Option<Seq>, Failure>;

    /// Puts a person's rules to every image.
    ///
    /// # Errors
    /// [`Failure`] when that is going on already, or a store fails.
    fn put_rules_to_all(&self) -> Result<Ruled, Failure>;

    /// How reading the files went, with up to `examples` paths for each group that `shown` allows.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn checkup(&self, examples: usize, shown: &dyn Fn(&[u8]) -> bool) -> Result<Checkup, Failure>;

    /// The graphs that a file holds, as they stand there; none when it cannot be read.
    fn workflow(&self, file: &Allowed) -> Workflow;

    /// Asks for every file to be read again, and does not wait.
    fn read_all_again(&self);
}

impl Recipes for Library {
    fn is_edited(&self, image: ImageId) -> Result<bool, Failure> {
        let reader = self.reader().map_err(Failure::store)?;
        Ok(reader.edit(image).map_err(Failure::store)?.is_some())
    }

    fn edit_text(&self, image: ImageId, text: Option<&str>) -> Result<Option<Seq>, Failure> {
        Library::edit_text(self, image, text).map_err(|error| match error {
            EditError::Decide(error) => error.into(),
            EditError::Read(error) => Failure::store(error),
        })
    }

    fn put_rules_to_all(&self) -> Result<Ruled, Failure> {
        Library::put_rules_to_all(self).map_err(|error| match error {
            RulesError::Busy => Failure::Unready(error.to_string()),
            RulesError::Failed(RuleError::Write(error)) => error.into(),
            RulesError::Failed(error) => Failure::store(error),
        })
    }

    fn checkup(&self, examples: usize, shown: &dyn Fn(&[u8]) -> bool) -> Result<Checkup, Failure> {
        Library::checkup(self, examples, shown).map_err(Failure::store)
    }

    fn workflow(&self, file: &Allowed) -> Workflow {
        let read = Alone::allowed(file).and_then(|alone| alone.workflow());
        read.unwrap_or_else(|error| {
            tracing::debug!(error = &error as &dyn std::error::Error, "a file's graphs cannot be read");
            Workflow::default()
        })
    }

    fn read_all_again(&self) {
        Library::read_all_again(self);
    }
}
