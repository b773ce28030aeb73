//! The newest files directly in a folder: its cover. Asks the tags projection for the images of that
//! folder alone, so what it costs does not grow with the library.

use super::page::{Hit, hits};
use crate::ledger::{ReadError, Reader};
use crate::projection::tags::TagsReader;
use lumidex_schema::id::{FolderId, ImageId, Timestamp};
use lumidex_schema::media::MediaKind;

/// Up to `max` images and videos, the latest made first; of those made at once, the latest known.
pub(super) fn newest_in(
    reader: &Reader,
    tags: &TagsReader,
    folder: FolderId,
    max: usize,
) -> Result<Vec<Hit>, ReadError> {
    let mut keyed = keys(tags, folder);
    let mut found = Vec::with_capacity(max.min(keyed.len()));
    let mut rest = keyed.as_mut_slice();
    // One portion is enough but for images that went since the projection was read.
    while !rest.is_empty() && found.len() < max {
        let portion = max.min(rest.len());
        if portion < rest.len() {
            rest.select_nth_unstable_by(portion, |a, b| b.cmp(a));
        }
        let (next, later) = rest.split_at_mut(portion);
        next.sort_unstable_by(|a, b| b.cmp(a));
        let ids: Vec<ImageId> = next.iter().map(|(_, id)| *id).collect();
        found.extend(hits(reader, &ids)?);
        rest = later;
    }
    found.truncate(max);
    Ok(found)
}

/// When each was made; sounds have nothing to show.
fn keys(tags: &TagsReader, folder: FolderId) -> Vec<(Timestamp, ImageId)> {
    let state = tags.read();
    let mut keys = Vec::new();
    state.in_folder(folder).for_each(|id| {
        if state.columns.media(id).is_some_and(|media| media != MediaKind::Audio) {
            keys.push((state.columns.created(id), id));
        }
    });
    keys
}
