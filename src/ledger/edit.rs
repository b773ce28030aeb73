//! Generation texts that people give images by hand. What the file says stays in the image's record, so
//! that reading it again changes nothing about an edit, and taking an edit back shows it again.

use super::decide::{DecideError, Decided, Outcome, Request, done, known_image};
use super::intern::Interned;
use super::observe::{SharedText, rule_all};
use super::txn::{Tables, decode};
use super::{Ledger, ReadError, Reader};
use lumidex_schema::id::{ImageId, Seq, TextId, Timestamp};
use lumidex_schema::record::{Action, Edit, Row};
use redb::ReadableTable;
use std::sync::Arc;

/// A generation text taken apart: its shared part, and the values of its holes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worded {
    /// With the tags that follow from it.
    pub shared: Arc<SharedText>,
    /// In order.
    pub holes: Vec<u64>,
    /// Custom tags that a person's rules give it.
    pub rule_tags: Vec<String>,
}

impl Ledger {
    /// Gives an image a generation text in place of what its file says, or, with `None`, shows what the file
    /// says again; gives the decision's number. Tags that rules put on by the text are put on; what a
    /// person decided about tags stays.
    ///
    /// # Errors
    /// [`DecideError::UnknownImage`], [`DecideError::Write`]; nothing is written then.
    pub fn edit_text(&self, image: ImageId, text: Option<Worded>) -> Result<Seq, DecideError> {
        Ok(self.decide(Request::EditText { image, text })?.0)
    }
}

impl Reader {
    /// The generation text that a person gave an image.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn edit(&self, image: ImageId) -> Result<Option<Edit>, ReadError> {
        decode(self.edits().get(image.0)?)
    }
}

pub(super) fn edit(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    image: ImageId,
    text: Option<Worded>,
    at: Timestamp,
) -> Decided {
    let image = known_image(tables, image)?;
    let before = of(tables, image)?;
    let (after, rule_tags) = match text {
        None => (None, Vec::new()),
        Some(Worded { shared, holes, rule_tags }) => {
            let is_blank = shared.template().is_empty();
            let text = if is_blank { TextId::NONE } else { interned.text(tables, &shared)? };
            (Some(Edit { text, holes, at }), rule_tags)
        }
    };
    let says = |edit: &Option<Edit>| edit.as_ref().map(|edit| (edit.text, edit.holes.clone()));
    if says(&before) == says(&after) {
        return done(tables);
    }
    rule_all(tables, interned, image, &rule_tags)?;
    put(tables, image, after.as_ref())?;
    let seq = tables.decided(at, Action::TextEdited { image, before, after })?;
    Ok((seq, Outcome::Done))
}

pub(super) fn of(tables: &Tables<'_>, image: ImageId) -> Result<Option<Edit>, ReadError> {
    decode(tables.edits.get(image.0)?)
}

/// Stores an edit or removes it; whoever follows the image is told.
pub(super) fn put(tables: &mut Tables<'_>, image: ImageId, edit: Option<&Edit>) -> Result<(), ReadError> {
    keep(tables, image, edit)?;
    tables.decided_on(image)
}

/// As [`put`], where the image is written anyway.
pub(super) fn keep(tables: &mut Tables<'_>, image: ImageId, edit: Option<&Edit>) -> Result<(), ReadError> {
    match edit {
        Some(edit) => tables.edits.insert(image.0, edit.encode().as_slice())?.is_some(),
        None => tables.edits.remove(image.0)?.is_some(),
    };
    Ok(())
}
