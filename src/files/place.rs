//! Absolute paths as bytes: their parts, how they are shown, and a short stand-in for each.

use crate::sys::paths;
use lumidex_schema::path::{absolute, display};
use std::path::PathBuf;

/// The folder that a file or folder stands in; of the top, itself.
pub(super) fn folder_of(path: &[u8]) -> &[u8] {
    let slash = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
    &path[..slash.max(1).min(path.len())]
}

/// The last component.
pub(super) fn name_of(path: &[u8]) -> &[u8] {
    path.iter().rposition(|byte| *byte == b'/').map_or(path, |slash| &path[slash + 1..])
}

pub(super) fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    absolute(folder, b"", name)
}

/// For the system.
pub(super) fn on_disk(path: &[u8]) -> PathBuf {
    paths::from_bytes(path)
}

/// In quotes, for a person.
pub(super) fn shown(path: &[u8]) -> String {
    format!("`{}`", display(path))
}

/// The folders above, from the nearest up.
pub(super) fn folders_above(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut next = path;
    std::iter::from_fn(move || {
        let above = folder_of(next);
        (above.len() < next.len()).then(|| {
            next = above;
            above
        })
    })
}

/// A stand-in of fixed size; two paths never have the same one.
pub(super) fn digest(path: &[u8]) -> u128 {
    let mut first = [0; 16];
    first.copy_from_slice(&blake3::hash(path).as_bytes()[..16]);
    u128::from_le_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_come_apart_and_together() {
        for (path, folder, name) in [("/a/b", "/a", "b"), ("/a", "/", "a"), ("/", "/", "")] {
            assert_eq!(folder_of(path.as_bytes()), folder.as_bytes());
            assert_eq!(name_of(path.as_bytes()), name.as_bytes());
            assert_eq!(join(folder.as_bytes(), name.as_bytes()), path.as_bytes());
        }
        assert_eq!(folders_above(b"/a/b/c").collect::<Vec<_>>(), [&b"/a/b"[..], b"/a", b"/"]);
        assert_eq!(folders_above(b"/").count(), 0);
        assert_ne!(digest(b"/a"), digest(b"/b"));
    }
}
