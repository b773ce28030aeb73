//! What changed, as it is told to clients: the ledger's feed, cut off where searches are. Knows
//! nothing of streams or of who listens.

use super::engine::Shown;
use crate::ledger::{ReadError, Reader};
use lumidex_schema::feed::Subject;
use lumidex_schema::id::{EpochToken, FolderId, ImageId, Seq, TagId};
use lumidex_schema::path::absolute;
use lumidex_schema::record::{Image, Presence};
use std::collections::HashMap;
use std::ops::Range;

/// What changed after some number. The feed holds each subject at its latest number only, so
/// each stands here at most once, and what changes again is told again later.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Everything up to this number has been told.
    pub through: Seq,
    /// Images, oldest change first.
    pub images: Vec<ImageChange>,
    /// Tags that were made, coloured or removed, oldest change first.
    pub tags: Vec<(TagId, Seq)>,
    /// Folders that were added or re-homed.
    pub n_folders: u64,
}

/// An image whose record or tags changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageChange {
    /// Which.
    pub id: ImageId,
    /// The number of the change.
    pub number: Seq,
    /// Whether it is there; read when the change is told, so it may be newer than the number.
    pub presence: Presence,
}

impl Changes {
    /// Whether there is nothing a client would care about.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.images.is_empty() && self.tags.is_empty() && self.n_folders == 0
    }
}

/// The token of the epoch that gave this number; `None` when it is beyond the head, or when not all that
/// came after it can be told any more.
///
/// # Errors
/// When the ledger cannot be read.
pub(super) fn epoch_of(reader: &Reader, seq: Seq) -> Result<Option<EpochToken>, ReadError> {
    let history = reader.history(seq)?;
    if seq > history.head || seq < history.horizon {
        return Ok(None);
    }
    Ok(Some(history.token_of_seen.unwrap_or(EpochToken(0))))
}

/// Up to `max` subjects that changed last within `told.start + 1 ..= told.end`; the snapshot must
/// not be older than `told.end`.
///
/// # Errors
/// When the ledger cannot be read.
pub(super) fn changes(
    reader: &Reader,
    told: Range<Seq>,
    max: usize,
    shown: Option<&Shown<'_>>,
) -> Result<Changes, ReadError> {
    let rows = reader.feed_after(told.start, max)?;
    let is_cut = rows.len() == max;
    let within: Vec<_> = rows.into_iter().take_while(|(seq, _)| *seq <= told.end).collect();
    // With no row left, numbers up to the end were given to what moved on, or to decisions.
    let through = match within.last() {
        Some((last, _)) if is_cut && within.len() == max => *last,
        _ => told.end.max(told.start),
    };
    let mut view = View { reader, shown, folders: HashMap::new() };
    let mut changes = Changes { through, ..Changes::default() };
    for (number, subject) in within {
        match subject {
            Subject::Image(id) => {
                let image = reader.image(id)?;
                if view.shows_image(image.as_ref())? {
                    let presence = image.map_or(Presence::Retired, |image| image.presence);
                    changes.images.push(ImageChange { id, number, presence });
                }
            }
            Subject::Tag(id) => changes.tags.push((id, number)),
            Subject::Folder(id) => changes.n_folders += u64::from(view.shows_folder(id)?),
            // Nobody sees a text but through its images.
            Subject::Text(_) => {}
        }
    }
    Ok(changes)
}

/// What a client may know of, with the paths of folders looked up so far.
struct View<'a> {
    reader: &'a Reader,
    shown: Option<&'a Shown<'a>>,
    folders: HashMap<FolderId, Vec<u8>>,
}

impl View<'_> {
    /// An image without a record is nowhere, and so within no folder that is shown.
    fn shows_image(&mut self, image: Option<&Image>) -> Result<bool, ReadError> {
        let Some(shown) = self.shown else { return Ok(true) };
        let Some(image) = image else { return Ok(false) };
        Ok(shown(&absolute(self.folder(image.folder)?, b"", &image.name)))
    }

    fn shows_folder(&mut self, id: FolderId) -> Result<bool, ReadError> {
        let Some(shown) = self.shown else { return Ok(true) };
        Ok(shown(self.folder(id)?))
    }

    fn folder(&mut self, id: FolderId) -> Result<&[u8], ReadError> {
        if !self.folders.contains_key(&id) {
            self.folders.insert(id, self.reader.folder_path(id)?);
        }
        Ok(&self.folders[&id])
    }
}
