//! What changed in a folder: its listing merged with what the ledger knows of it. Pure.

use std::cmp::Ordering;

use super::walk::{FolderPart, Seen};
use crate::ledger::{KnownFile, Sighted};

/// What is different from what the ledger knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The ledger knows no file of this name in the folder.
    Arrived(Seen),
    /// The file is not as it was when last read, or everything is to be read again.
    Altered(Seen, Sighted),
    /// The file is gone.
    Vanished(Sighted),
}

/// Whether files that look unchanged are to be read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Only what arrived or differs.
    Changes,
    /// Everything.
    Everything,
}

/// Merges the parts of one folder's listing, in order, with the files known in it.
#[derive(Debug)]
pub struct Reconciler<K: Iterator<Item = KnownFile>> {
    known: std::iter::Peekable<K>,
    depth: Depth,
}

impl<K: Iterator<Item = KnownFile>> Reconciler<K> {
    /// For one folder; `known` must come sorted by name, without repeats.
    pub fn new(known: K, depth: Depth) -> Self {
        Self { known: known.peekable(), depth }
    }

    /// What is different in the next part of the listing, sorted by name except that files which
    /// vanished stand where they would have been met.
    pub fn part(&mut self, part: FolderPart) -> Vec<Difference> {
        let FolderPart { files, doubtful, is_last, is_complete, .. } = part;
        let has_vanished = |known: &KnownFile| is_complete && doubtful.binary_search(&known.name).is_err();
        let mut differences = Vec::new();
        for seen in files {
            let mut same = None;
            while let Some(known) = self.known.next_if(|known| known.name <= seen.name) {
                match known.name.cmp(&seen.name) {
                    Ordering::Equal => same = Some(known),
                    _ if has_vanished(&known) => differences.push(Difference::Vanished(known.sighted())),
                    _ => {}
                }
            }
            match same {
                None => differences.push(Difference::Arrived(seen)),
                Some(known) if self.is_to_be_read(&known, &seen) => {
                    differences.push(Difference::Altered(seen, known.sighted()));
                }
                Some(_) => {}
            }
        }
        // A doubtful name behind the last file must be met here: the next part does not list it.
        let through = doubtful.last();
        while let Some(known) = self.known.next_if(|known| is_last || Some(&known.name) <= through) {
            if has_vanished(&known) {
                differences.push(Difference::Vanished(known.sighted()));
            }
        }
        differences
    }

    fn is_to_be_read(&self, known: &KnownFile, seen: &Seen) -> bool {
        self.depth == Depth::Everything || known.is_outdated || known.digest != seen.sighting.digest()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use lumidex_schema::id::{FolderId, ImageId, RootId, Seq, Timestamp};
    use lumidex_schema::media::MediaKind;
    use lumidex_schema::path::RelPath;
    use lumidex_schema::record::Sighting;
    use proptest::prelude::{Strategy, prop};

    use super::*;

    fn seen(name: u8, size: u64) -> Seen {
        let sighting = Sighting { size, ..Sighting::default() };
        Seen { name: vec![b'a' + name], sighting, media: MediaKind::Image, besides: None }
    }

    fn known_file(name: u8, size: u64) -> KnownFile {
        let digest = seen(name, size).sighting.digest();
        let (folder, image) = (FolderId(1), ImageId(u32::from(name)));
        KnownFile { name: vec![b'a' + name], folder, folder_seq: Seq(1), image, digest, is_outdated: false }
    }

    fn sighted(name: u8, size: u64) -> Sighted {
        known_file(name, size).sighted()
    }

    /// The toy: one look-up after the other.
    fn toy(
        listed: &BTreeMap<u8, u64>,
        doubtful: &[u8],
        known: &BTreeMap<u8, u64>,
        is_complete: bool,
        depth: Depth,
    ) -> Vec<Difference> {
        let mut differences = Vec::new();
        for (name, size) in listed {
            match known.get(name) {
                None => differences.push(Difference::Arrived(seen(*name, *size))),
                Some(before) if before != size || depth == Depth::Everything => {
                    differences.push(Difference::Altered(seen(*name, *size), sighted(*name, known[name])));
                }
                Some(_) => {}
            }
        }
        for (name, size) in known {
            if is_complete && !listed.contains_key(name) && !doubtful.contains(name) {
                differences.push(Difference::Vanished(sighted(*name, *size)));
            }
        }
        differences
    }

    /// As the walk cuts a listing: files that cannot be looked at travel with their neighbours.
    fn parts(listed: &BTreeMap<u8, u64>, doubtful: &[u8], size: usize, is_complete: bool) -> Vec<FolderPart> {
        let mut names: Vec<u8> = listed.keys().copied().chain(doubtful.iter().copied()).collect();
        names.sort_unstable();
        let chunks: Vec<&[u8]> = if names.is_empty() { vec![&[]] } else { names.chunks(size).collect() };
        let n_chunks = chunks.len();
        chunks
            .into_iter()
            .enumerate()
            .map(|(nth, chunk)| FolderPart {
                root: RootId(1),
                folder: RelPath::root(),
                modified: Timestamp(0),
                device: 0,
                is_bare: false,
                files: chunk.iter().filter_map(|n| listed.get(n).map(|size| seen(*n, *size))).collect(),
                doubtful: chunk.iter().filter(|n| doubtful.contains(n)).map(|n| vec![b'a' + n]).collect(),
                is_first: nth == 0,
                is_last: nth + 1 == n_chunks,
                is_complete,
            })
            .collect()
    }

    fn sorted(mut differences: Vec<Difference>) -> Vec<Difference> {
        differences.sort_by_key(|difference| match difference {
            Difference::Arrived(seen) | Difference::Altered(seen, _) => (0, seen.name.clone()),
            Difference::Vanished(file) => (1, vec![file.image.0 as u8]),
        });
        differences
    }

    fn files() -> impl Strategy<Value = BTreeMap<u8, u64>> {
        prop::collection::btree_map(0_u8..24, 0_u64..3, 0..16)
    }

    proptest::proptest! {
        #[test]
        fn merging_gives_what_looking_up_gives(
            mut listed in files(),
            known in files(),
            doubtful in prop::collection::btree_set(0_u8..24, 0..4),
            size in 1_usize..6,
            is_complete: bool,
            everything: bool,
        ) {
            let depth = if everything { Depth::Everything } else { Depth::Changes };
            let doubtful: Vec<u8> = doubtful.into_iter().collect();
            listed.retain(|name, _| !doubtful.contains(name));
            let rows = known.iter().map(|(name, size)| known_file(*name, *size));
            let mut reconciler = Reconciler::new(rows, depth);
            let merged: Vec<Difference> = parts(&listed, &doubtful, size, is_complete)
                .into_iter()
                .flat_map(|part| reconciler.part(part))
                .collect();
            proptest::prop_assert_eq!(sorted(merged), toy(&listed, &doubtful, &known, is_complete, depth));
        }
    }
}
