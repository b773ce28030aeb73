//! Whether a ledger is what it should be: every row can be read, what refers to something refers to something
//! that is there, and what follows from other rows does follow from them. And what makes it right again.
//!
//! Looking changes nothing and needs no more than a snapshot. Mending is for a ledger that nobody has open. In
//! reading order: what is found (`finding`), looking (`look`), what all else is compared with (`known`), the rules
//! (`places`, `people`, `deeds`), changes (`change`), files that nobody has open (`file`), `mend`.

mod finding;
mod change;
mod look;
mod known;
mod places;
mod people;
mod deeds;
mod file;
mod rescue;
mod mend;

pub use file::{Closed, FileError, verify_closed};
pub use finding::{Finding, Findings, Mend};
pub use look::VerifyError;
pub use mend::{MendError, Mended, keep_aside, mend};

use super::ReadError;
use super::Reader;
use crate::sys::Stop;
use change::Change;
use look::Look;
use lumidex_schema::id::{FolderId, TagId, TextId};
use lumidex_schema::tables;
use redb::ReadTransaction;
use std::collections::BTreeSet;

impl Reader {
    /// The last id given to a tag.
    ///
    /// # Errors
    /// When the store cannot be read; so for each of these.
    pub fn last_tag(&self) -> Result<TagId, ReadError> {
        self.last_id("last_tag").map(TagId)
    }

    /// The last id given to a text.
    ///
    /// # Errors
    /// As [`Reader::last_tag`].
    pub fn last_text(&self) -> Result<TextId, ReadError> {
        self.last_id("last_text").map(TextId)
    }

    /// The last id given to a folder.
    ///
    /// # Errors
    /// As [`Reader::last_tag`].
    pub fn last_folder(&self) -> Result<FolderId, ReadError> {
        self.last_id("last_folder").map(FolderId)
    }

    fn last_id(&self, name: &str) -> Result<u32, ReadError> {
        let last = self.txn().open_table(tables::META)?.get(name)?.map_or(0, |last| last.value());
        Ok(u32::try_from(last).unwrap_or(u32::MAX))
    }
}

/// Looks through the ledger of a snapshot. `progress` is told rows looked at, and about how many there are.
///
/// # Errors
/// [`VerifyError`].
pub fn verify(
    reader: &Reader,
    stop: &Stop,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Findings, VerifyError> {
    let mut findings = Findings::default();
    look_through(reader.txn(), stop, progress, &mut |finding, _| findings.add(finding))?;
    Ok(findings)
}

/// Tells each thing that is not as it should be, with what makes it right.
fn look_through(
    txn: &ReadTransaction,
    stop: &Stop,
    progress: &mut dyn FnMut(u64, u64),
    told: &mut dyn FnMut(Finding, Vec<Change>),
) -> Result<(), VerifyError> {
    let mut look = Look { txn, stop, progress, told, done: 0, total: 0, lost: BTreeSet::new() };
    look.total = look.n_rows(tables::IMAGES)?
        + look.n_rows(tables::PATHS)?
        + look.n_rows(tables::NOTES)?
        + look.n_rows(tables::FEED)?
        + look.n_rows(tables::TEXTS)?
        + look.n_rows(tables::TAGS)?
        + look.n_rows(tables::LINKS)?
        + look.n_rows(tables::STEPS)?;
    let mut known = look.known()?;
    look.paths(&mut known)?;
    look.folder_ids(&known)?;
    look.feed(&known)?;
    look.custom_tags(&known)?;
    look.links(&known)?;
    look.of_images(&known)?;
    look.owned(&known)?;
    look.pending(&known)?;
    look.deeds()?;
    look.numbers(&known)?;
    (look.progress)(look.total, look.total);
    Ok(())
}
