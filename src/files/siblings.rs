//! Sidecars and who shares them: `a.txt` is the sidecar of `a.png` and of `a.mp4` beside it.

use super::place::{folder_of, join, name_of, on_disk};
use crate::intake::walk::{SIDECAR_ENDING, sidecar_name};
use crate::limits::files as limits;
use crate::sys::PathError;
use crate::sys::tree::{Kind, Listing, Tree};
use lumidex_schema::media::MediaKind;
use std::collections::HashMap;
use std::rc::Rc;

/// Media files of one stem, and the text file they share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Family {
    /// Paths, by name; not empty.
    pub(super) media: Vec<Vec<u8>>,
    /// Path.
    pub(super) sidecar: Vec<u8>,
}

/// Remembers listings of folders, up to a bound.
#[derive(Default)]
pub(super) struct Siblings {
    listings: HashMap<Vec<u8>, Rc<Listing>>,
    n_names: usize,
}

impl Siblings {
    /// The family of a file, if it has a sidecar or is one.
    ///
    /// # Errors
    /// When the disk cannot be asked.
    pub(super) fn of(&mut self, tree: &dyn Tree, file: &[u8]) -> Result<Option<Family>, PathError> {
        let (folder, name) = (folder_of(file), name_of(file));
        let is_media = MediaKind::of_name(name).is_some();
        if !is_media && !name.ends_with(SIDECAR_ENDING) {
            return Ok(None);
        }
        let sidecar = join(folder, &sidecar_name(name));
        // Most files have none; then their folder need not be listed.
        if tree.look(&on_disk(&sidecar))?.is_none_or(|look| look.kind != Kind::File) {
            return Ok(None);
        }
        let media = media_of(&*self.listing(tree, folder)?, name);
        let media: Vec<_> = media.iter().map(|name| join(folder, name)).collect();
        Ok((!media.is_empty()).then_some(Family { media, sidecar }))
    }

    fn listing(&mut self, tree: &dyn Tree, folder: &[u8]) -> Result<Rc<Listing>, PathError> {
        if let Some(known) = self.listings.get(folder) {
            return Ok(Rc::clone(known));
        }
        let listing = Rc::new(tree.list(&on_disk(folder))?);
        if self.n_names.saturating_add(listing.len()) > limits::NAMES_REMEMBERED_MAX {
            (self.listings, self.n_names) = (HashMap::new(), 0);
        }
        self.n_names += listing.len();
        self.listings.insert(folder.to_vec(), Rc::clone(&listing));
        Ok(listing)
    }
}

/// The media files that share the sidecar of this name, by name.
pub(super) fn media_of(listing: &Listing, name: &[u8]) -> Vec<Vec<u8>> {
    let sidecar = sidecar_name(name);
    let prefix = &sidecar[..sidecar.len() - SIDECAR_ENDING.len() + 1];
    listing
        .from(prefix)
        .take_while(|(name, _)| name.starts_with(prefix))
        .filter(|(name, kind)| {
            matches!(kind, Kind::File | Kind::Link)
                && MediaKind::of_name(name).is_some()
                && sidecar_name(name) == sidecar
        })
        .map(|(name, _)| name.to_vec())
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::sys::paths;
    use crate::sys::tree::DiskTree;
    use std::fs;

    #[test]
    fn a_family_is_of_one_stem() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.png", "a.mp4", "a.txt", "a.b.png", "a.zip", "ab.png", "b.png", "c.txt"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let top = paths::to_bytes(folder.path());
        let path = |name: &str| join(&top, name.as_bytes());
        let mut siblings = Siblings::default();
        let mut of = |name: &str| siblings.of(&DiskTree, &path(name)).unwrap();
        let family = Family { media: vec![path("a.mp4"), path("a.png")], sidecar: path("a.txt") };
        for name in ["a.png", "a.mp4", "a.txt"] {
            assert_eq!(of(name).as_ref(), Some(&family), "{name}");
        }
        for name in ["a.b.png", "a.zip", "ab.png", "b.png", "c.txt"] {
            assert_eq!(of(name), None, "{name}");
        }
    }
}
