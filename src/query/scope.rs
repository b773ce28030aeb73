//! The images of folders, and the prompts they have.

use super::engine::Engine;
use super::request::SearchError;
use crate::projection::tags::State;
use crate::projection::vectors::{Scope, VectorsReader};
use lumidex_schema::id::FolderId;
use lumidex_schema::path;
use roaring::RoaringBitmap;
use std::sync::Arc;

/// How far below a folder its images may lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Directly in it.
    Direct,
    /// In it, and in every folder below it.
    Below,
}

impl Engine {
    /// The prompts that live images of these folders have, by absolute path, with the images of each. Folders
    /// that the library does not know have none. Some ten milliseconds for a million images, and no look at
    /// the disk.
    ///
    /// # Errors
    /// When the indexes are not ready.
    pub fn prompts_in(
        &self,
        vectors: &VectorsReader,
        folders: &[Vec<u8>],
        reach: Reach,
    ) -> Result<Scope, SearchError> {
        self.wait_ready()?;
        let state = self.tags_reader().read();
        Ok(vectors.scope(&state, &images_in(&state, folders, reach)))
    }

    /// As [`Engine::prompts_in`], of all live images; kept until something changes.
    ///
    /// # Errors
    /// When the indexes are not ready.
    pub fn prompts_of_all(&self, vectors: &VectorsReader) -> Result<Arc<Scope>, SearchError> {
        self.wait_ready()?;
        let state = self.tags_reader().read();
        Ok(vectors.whole_scope(&state))
    }
}

/// The live images of these folders.
pub(super) fn images_in(state: &State, wanted: &[Vec<u8>], reach: Reach) -> RoaringBitmap {
    let is_meant = |folder: &[u8], ancestor: &Vec<u8>| match reach {
        Reach::Below => path::below(folder, ancestor).is_some(),
        Reach::Direct => path::below(folder, ancestor).is_some_and(<[u8]>::is_empty),
    };
    let mut set = RoaringBitmap::new();
    for (id, folder) in state.folders().iter().enumerate().skip(1) {
        if wanted.iter().any(|ancestor| is_meant(&folder.path, ancestor)) {
            state.in_folder(FolderId(id as u32)).union_into(&mut set);
        }
    }
    set
}
