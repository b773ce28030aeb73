//! Pages of hits, with their records from the ledger.

use crate::ledger::{ReadError, Reader};
use lumidex_schema::api;
use lumidex_schema::id::{FolderId, ImageId, Seq};
use lumidex_schema::path;
use lumidex_schema::record::{Image, Presence};
use std::collections::HashMap;

/// One image of a page.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// Its id.
    pub id: ImageId,
    /// Absolute path.
    pub path: Vec<u8>,
    /// Its record.
    pub image: Image,
}

/// How far an index that refills itself is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partial {
    /// Numbers of the ledger applied.
    pub done: u64,
    /// Numbers of the ledger given.
    pub total: u64,
}

/// What a search gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// In the order of the search.
    pub hits: Vec<Hit>,
    /// Where the next page begins.
    pub cursor: api::Cursor,
    /// Every change up to this number of the ledger is in the answer.
    pub as_of: Seq,
    /// The text index is refilling itself; more may match than is shown.
    pub partial: Option<Partial>,
}

/// The records of images that are there according to the ledger, in the same order.
pub(super) fn hits(reader: &Reader, ids: &[ImageId]) -> Result<Vec<Hit>, ReadError> {
    let mut folders: HashMap<FolderId, Vec<u8>> = HashMap::new();
    let mut hits = Vec::with_capacity(ids.len());
    for id in ids {
        let Some(image) = reader.image(*id)?.filter(|image| image.presence == Presence::Present) else {
            continue;
        };
        let folder = match folders.get(&image.folder) {
            Some(folder) => folder,
            None => folders.entry(image.folder).or_insert(reader.folder_path(image.folder)?),
        };
        let path = path::absolute(folder, b"", &image.name);
        hits.push(Hit { id: *id, path, image });
    }
    Ok(hits)
}
