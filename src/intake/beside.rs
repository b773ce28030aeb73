//! What stands beside media files and describes them (contract 15.6, catalogue 5.3): which names those have,
//! and how what is seen of them goes into a sighting. Reads no content and no folder.

use std::sync::Arc;

use lumidex_schema::id::Timestamp;
use lumidex_schema::record::Sighting;

use super::listing::{EntryType, Names, OpenFolder};
use crate::metadata::Log;

/// How sidecars end, in the order in which they are believed. A name belongs to the first that fits.
pub const SIDECAR_ENDINGS: [&[u8]; 3] = [b".swarm.json", b".txt", b".json"];

/// Where the plain text stands among them.
const TEXT: usize = 1;

/// Name of the page that Fooocus keeps in each folder it writes to.
pub const LOG_NAME: &[u8] = b"log.html";

/// The name of a media file without its last extension: what its sidecars begin with.
#[must_use]
pub fn stem(media: &[u8]) -> &[u8] {
    media.iter().rposition(|byte| *byte == b'.').map_or(media, |dot| &media[..dot])
}

/// A sidecar's name taken apart: the stem and which of [`SIDECAR_ENDINGS`]; `None` for other names.
#[must_use]
pub fn sidecar_parts(name: &[u8]) -> Option<(&[u8], usize)> {
    SIDECAR_ENDINGS.iter().enumerate().find_map(|(nth, ending)| Some((name.strip_suffix(*ending)?, nth)))
}

/// The names that sidecars of this stem may have, with their place in [`SIDECAR_ENDINGS`]. What would be
/// another stem's is left out: `a.swarm.json` is that of `a`, and `a.swarm` has none of this ending.
pub fn sidecar_names(stem: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    SIDECAR_ENDINGS.iter().enumerate().filter_map(move |(nth, ending)| {
        let name = [stem, ending].concat();
        (sidecar_parts(&name) == Some((stem, nth))).then_some((nth, name))
    })
}

/// What stands beside a media file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Besides {
    /// Size and modification time of each sidecar that is there, in the order of [`SIDECAR_ENDINGS`].
    pub files: [Option<(u64, Timestamp)>; SIDECAR_ENDINGS.len()],
    /// What the log of the folder says of the file.
    pub logged: Option<Arc<str>>,
}

impl Besides {
    /// How it goes into a sighting: a text file alone by its size and time; more, or others, as a digest,
    /// which differs when one appears, changes or goes. So sightings of files that have nothing but a text
    /// beside them mean what they always meant. Of a log only what it says of this file counts.
    #[must_use]
    pub fn sighted(&self) -> Option<(u64, Timestamp)> {
        let others = self.files.iter().enumerate().any(|(nth, file)| nth != TEXT && file.is_some());
        if !others && self.logged.is_none() {
            return self.files[TEXT];
        }
        let mut hasher = blake3::Hasher::new();
        for (size, modified) in self.files.iter().map(|file| file.unwrap_or((u64::MAX, Timestamp(i64::MAX))))
        {
            hasher.update(&size.to_le_bytes());
            hasher.update(&modified.0.to_le_bytes());
        }
        hasher.update(self.logged.as_deref().unwrap_or_default().as_bytes());
        let digest = hasher.finalize();
        let mut halves = digest.as_bytes().chunks_exact(8).map(|half| {
            let mut first = [0; 8];
            first.copy_from_slice(half);
            u64::from_le_bytes(first)
        });
        let (size, modified) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
        Some((size, Timestamp(modified.cast_signed())))
    }
}

/// A media file as a walk sees it: what is beside it, put into its sighting as well.
pub(super) fn look(
    open: &OpenFolder,
    sidecars: &Names,
    log: Option<&Log>,
    name: &[u8],
    sighting: &mut Sighting,
) -> Option<Box<Besides>> {
    let mut besides = Besides::default();
    if sidecars.len() > 0 {
        for (nth, sidecar) in sidecar_names(stem(name)) {
            let stat = sidecars.contains(&sidecar).and_then(|at| open.stat(sidecars, at).ok());
            let stat = stat.filter(|stat| stat.entry_type == EntryType::File);
            besides.files[nth] = stat.map(|stat| (stat.sighting.size, stat.sighting.modified));
        }
    }
    besides.logged = log.and_then(|log| log.get(std::str::from_utf8(name).ok()?)).cloned();
    sighting.sidecar = besides.sighted();
    sighting.sidecar.map(|_| Box::new(besides))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sidecar_belongs_to_one_stem() {
        let names = |media: &[u8]| sidecar_names(stem(media)).map(|(_, name)| name).collect::<Vec<_>>();
        assert_eq!(names(b"a.b.png"), [&b"a.b.swarm.json"[..], b"a.b.txt", b"a.b.json"]);
        assert_eq!(names(b"a.swarm.png"), [&b"a.swarm.swarm.json"[..], b"a.swarm.txt"]);
        assert_eq!(sidecar_parts(b"a.swarm.json"), Some((&b"a"[..], 0)));
        assert_eq!(sidecar_parts(b"a.b.json"), Some((&b"a.b"[..], 2)));
        assert_eq!(sidecar_parts(b"a.png"), None);
        assert_eq!(sidecar_parts(LOG_NAME), None);
    }

    #[test]
    fn a_text_alone_is_seen_as_ever_and_whatever_else_changes_is_seen() {
        let text = (5, Timestamp(7));
        let mut besides = Besides::default();
        assert_eq!(besides.sighted(), None);
        besides.files[TEXT] = Some(text);
        assert_eq!(besides.sighted(), Some(text));
        let mut seen = vec![besides.sighted()];
        for (nth, change) in
            [(0, (1, Timestamp(2))), (0, (2, Timestamp(2))), (0, (2, Timestamp(3))), (2, text)]
        {
            besides.files[nth] = Some(change);
            seen.push(besides.sighted());
        }
        besides.files[TEXT] = None;
        seen.push(besides.sighted());
        for logged in ["a", "b"] {
            besides.logged = Some(logged.into());
            seen.push(besides.sighted());
        }
        let n = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), n);
    }
}
