//! What people do about what was read from files: texts given by hand, rules put to every image, a look at
//! how reading went. Each method returns once searches show what it did.

use super::Library;
use crate::intake::{Checkup, RuleError, Ruled, checkup, put_rules_to_all, worded};
use crate::ledger::{DecideError, ReadError};
use lumidex_schema::id::{ImageId, Seq};
use std::sync::atomic::Ordering;

/// Why a text was not given.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The ledger could not be read.
    #[error("the person's rules cannot be read")]
    Read(#[from] ReadError),
    /// It was refused, or the ledger could not be written.
    #[error(transparent)]
    Decide(#[from] DecideError),
}

/// Why rules were not put to every image.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// They are just being put.
    #[error("the rules are being put to every image already")]
    Busy,
    /// They could not be.
    #[error(transparent)]
    Failed(#[from] RuleError),
}

impl Library {
    /// Gives an image a generation text in place of what its file says; `None` shows what the file says
    /// again. Gives the number by which it is undone; `None` when it had that text.
    ///
    /// # Errors
    /// [`EditError`]; nothing was done then.
    pub fn edit_text(&self, image: ImageId, text: Option<&str>) -> Result<Option<Seq>, EditError> {
        let worded = match text {
            Some(text) => Some(worded(&self.reader()?, text)?),
            None => None,
        };
        Ok(self.decide(|ledger| ledger.edit_text(image, worded))?)
    }

    /// Puts the rules of this moment to every image that is there; one at a time.
    ///
    /// # Errors
    /// [`RulesError`]; tags put on before stay.
    pub fn put_rules_to_all(&self) -> Result<Ruled, RulesError> {
        if self.is_ruling.swap(true, Ordering::AcqRel) {
            return Err(RulesError::Busy);
        }
        let ruled = put_rules_to_all(&self.ledger, &self.stopper.stop(), &mut |_, _| {});
        self.is_ruling.store(false, Ordering::Release);
        let ruled = ruled?;
        self.settle(ruled.head);
        Ok(ruled)
    }

    /// How reading the files went; see [`checkup`].
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn checkup(&self, examples: usize, shown: &dyn Fn(&[u8]) -> bool) -> Result<Checkup, ReadError> {
        checkup(&self.reader()?, examples, shown)
    }

    /// Asks for every file to be read again and does not wait; what people did stays.
    pub fn read_all_again(&self) {
        self.intake.request_rebuild();
    }
}
