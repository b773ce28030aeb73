//! Sidecars and who shares them: `a.txt` and `a.json` are the sidecars of `a.png` and of `a.mp4` beside them.

use super::place::{folder_of, join, name_of, on_disk};
use crate::intake::beside::{sidecar_names, sidecar_parts, stem};
use crate::limits::files as limits;
use crate::sys::PathError;
use crate::sys::tree::{Kind, Listing, Tree};
use lumidex_schema::media::MediaKind;
use std::collections::HashMap;
use std::io::ErrorKind;
use std::rc::Rc;

/// Media files of one stem, and the sidecars they share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Family {
    /// Paths, by name; not empty.
    pub(super) media: Vec<Vec<u8>>,
    /// Paths; not empty.
    pub(super) sidecars: Vec<Vec<u8>>,
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
        let Some(stem) = stem_of(name) else { return Ok(None) };
        // Most files have none; then their folder need not be listed.
        let mut sidecars = Vec::new();
        for (_, sidecar) in sidecar_names(stem) {
            let sidecar = join(folder, &sidecar);
            let look = match tree.look(&on_disk(&sidecar)) {
                // The file's own name may be as long as names can be.
                Err(error) if error.source.kind() == ErrorKind::InvalidFilename => None,
                looked => looked?,
            };
            if look.is_some_and(|look| look.kind == Kind::File) {
                sidecars.push(sidecar);
            }
        }
        if sidecars.is_empty() {
            return Ok(None);
        }
        let media = media_of(&*self.listing(tree, folder)?, stem);
        let media: Vec<_> = media.iter().map(|name| join(folder, name)).collect();
        Ok((!media.is_empty()).then_some(Family { media, sidecars }))
    }

    /// A folder as it was when it was first listed; perhaps listed again, to remember less.
    ///
    /// # Errors
    /// When it cannot be listed.
    pub(super) fn listing(&mut self, tree: &dyn Tree, folder: &[u8]) -> Result<Rc<Listing>, PathError> {
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

/// The stem of a media file or of a sidecar; `None` for other names.
pub(super) fn stem_of(name: &[u8]) -> Option<&[u8]> {
    match MediaKind::of_name(name) {
        Some(_) => Some(stem(name)),
        None => sidecar_parts(name).map(|(stem, _)| stem),
    }
}

/// The media files of a stem, by name.
pub(super) fn media_of(listing: &Listing, wanted: &[u8]) -> Vec<Vec<u8>> {
    let prefix = [wanted, b"."].concat();
    listing
        .from(&prefix)
        .take_while(|(name, _)| name.starts_with(&prefix))
        .filter(|(name, kind)| {
            matches!(kind, Kind::File | Kind::Link)
                && MediaKind::of_name(name).is_some()
                && stem(name) == wanted
        })
        .map(|(name, _)| name.to_vec())
        .collect()
}

/// The names of the sidecars of a stem that are there.
pub(super) fn sidecars_of(listing: &Listing, stem: &[u8]) -> Vec<Vec<u8>> {
    let names = sidecar_names(stem).map(|(_, name)| name);
    names.filter(|name| listing.kind_of(name) == Some(Kind::File)).collect()
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
        for name in [
            "a.png",
            "a.mp4",
            "a.txt",
            "a.json",
            "a.b.png",
            "a.b.swarm.json",
            "a.zip",
            "ab.png",
            "b.png",
            "c.txt",
            "log.html",
        ] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let top = paths::to_bytes(folder.path());
        let path = |name: &str| join(&top, name.as_bytes());
        let mut siblings = Siblings::default();
        let mut of = |name: &str| siblings.of(&DiskTree, &path(name)).unwrap();
        let sidecars = vec![path("a.txt"), path("a.json")];
        let family = Family { media: vec![path("a.mp4"), path("a.png")], sidecars };
        for name in ["a.png", "a.mp4", "a.txt", "a.json"] {
            assert_eq!(of(name).as_ref(), Some(&family), "{name}");
        }
        let dotted = Family { media: vec![path("a.b.png")], sidecars: vec![path("a.b.swarm.json")] };
        assert_eq!(of("a.b.swarm.json"), Some(dotted));
        for name in ["a.zip", "ab.png", "b.png", "c.txt", "log.html"] {
            assert_eq!(of(name), None, "{name}");
        }
    }
}
