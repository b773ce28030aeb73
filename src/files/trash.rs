//! Where deleted files are kept: `<root>/.lumidex-trash/<UTC time>-<operation>/<path below the root>`.
//! The names stay readable, so that a person can take a file back by hand.
//!
//! Its folders are made when a file is to be put there and removed when they are empty; they are not in
//! the journal, which only names the files. Only their owner may look into them, because a file that
//! nobody else could reach in its own folder must not be reached here.

use super::place::{folder_of, join, on_disk};
use crate::intake::rules::TRASH;
use crate::sys::PathError;
use crate::sys::tree::{Kind, Tree};
use lumidex_schema::id::{Seq, Timestamp};
use lumidex_schema::path::{absolute, below};
use std::io;

/// Permissions of folders in a trash.
const PERMISSIONS: u32 = 0o700;

/// The name of an operation where its files and its unfinished copies are: nothing else has it.
pub(super) fn token(operation: Seq, at: Timestamp) -> String {
    let time = jiff::Timestamp::from_nanosecond(at.0.into()).unwrap_or_default();
    format!("{}-{operation}", time.strftime("%Y%m%dT%H%M%SZ"))
}

/// Where an operation puts a file of this root.
pub(super) fn place(root: &[u8], token: &str, path: &[u8]) -> Option<Vec<u8>> {
    let below = below(path, root).filter(|rest| !rest.is_empty())?;
    Some(absolute(&top(root, token), below, b""))
}

fn top(root: &[u8], token: &str) -> Vec<u8> {
    join(&join(root, TRASH), token.as_bytes())
}

/// The root in whose trash this operation put a file, if `path` is one of those.
pub(super) fn root_of<'p>(path: &'p [u8], token: &str) -> Option<&'p [u8]> {
    let middle = [b"/", TRASH, b"/", token.as_bytes(), b"/"].concat();
    let at = path.windows(middle.len()).position(|window| window == middle)?;
    Some(&path[..at.max(1)])
}

/// The name of the operation that put a file at this place in a trash.
pub(super) fn token_in(path: &[u8]) -> Option<&str> {
    let middle = [b"/", TRASH, b"/"].concat();
    let at = path.windows(middle.len()).position(|window| window == middle)?;
    let rest = &path[at + middle.len()..];
    let end = rest.iter().position(|byte| *byte == b'/')?;
    std::str::from_utf8(&rest[..end]).ok()
}

/// Makes the folders that a place in a trash needs. Gives those in which something was made.
///
/// # Errors
/// [`PathError`]; what was made stays, empty.
pub(super) fn make_way(tree: &dyn Tree, place: &[u8], token: &str) -> Result<Vec<Vec<u8>>, PathError> {
    let Some(root) = root_of(place, token) else { return Ok(Vec::new()) };
    let mut missing = Vec::new();
    let mut folder = folder_of(place);
    while folder.len() > root.len() {
        let path = on_disk(folder);
        match tree.look(&path)? {
            Some(look) if look.kind == Kind::Folder => break,
            // A link would lead what is deleted to where nobody looks for it.
            Some(_) => {
                return Err(PathError::doing("use as a trash", &path)(io::ErrorKind::NotADirectory.into()));
            }
            None => missing.push(folder.to_vec()),
        }
        folder = folder_of(folder);
    }
    let mut touched = Vec::with_capacity(missing.len());
    for folder in missing.iter().rev() {
        match tree.make_folder(&on_disk(folder), Some(PERMISSIONS)) {
            // Another operation made it meanwhile.
            Err(error) if error.source.kind() == io::ErrorKind::AlreadyExists => {}
            made => made?,
        }
        touched.push(folder_of(folder).to_vec());
    }
    Ok(touched)
}

/// Removes the folders of an operation above this place as far as they are empty, and the trash itself
/// if it is. What cannot be removed stays; that is no harm.
pub(super) fn clear_way(tree: &dyn Tree, place: &[u8], token: &str) {
    let Some(root) = root_of(place, token) else { return };
    let mut folder = folder_of(place);
    while folder.len() > root.len() {
        match tree.remove_folder(&on_disk(folder)) {
            Ok(()) => {}
            Err(error) if error.is_absent() => {}
            Err(_) => return,
        }
        folder = folder_of(folder);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::sys::paths;
    use crate::sys::tree::DiskTree;
    use std::fs;

    #[test]
    fn places_are_readable_and_known_again() {
        let token = token(Seq(12), Timestamp(1_795_363_958_250_000_000));
        assert_eq!(token, "20261122T161238Z-12");
        let place = place(b"/pics", &token, b"/pics/a/x.png").unwrap();
        assert_eq!(place, b"/pics/.lumidex-trash/20261122T161238Z-12/a/x.png");
        assert_eq!(root_of(&place, &token), Some(&b"/pics"[..]));
        assert_eq!(root_of(&place, "20261122T161238Z-1"), None);
        assert_eq!(token_in(&place), Some(&*token));
        assert_eq!(token_in(b"/pics/.lumidex-trash/x"), None);
        assert_eq!(super::place(b"/pics", &token, b"/pics"), None);
        let at_top = super::place(b"/", &token, b"/x.png").unwrap();
        assert_eq!(root_of(&at_top, &token), Some(&b"/"[..]));
    }

    #[test]
    fn the_way_is_made_and_cleared_as_far_as_it_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let root = paths::to_bytes(folder.path());
        let here = |path: &str| place(&root, "t-1", &join(&root, path.as_bytes())).unwrap();
        let touched = make_way(&DiskTree, &here("a/b/x"), "t-1").unwrap();
        assert_eq!(touched.first(), Some(&root));
        assert_eq!(touched.len(), 4);
        fs::write(on_disk(&here("a/y")), "").unwrap();
        clear_way(&DiskTree, &here("a/b/x"), "t-1");
        assert!(on_disk(&here("a/y")).exists() && !on_disk(&here("a/b")).exists());
        fs::remove_file(on_disk(&here("a/y"))).unwrap();
        clear_way(&DiskTree, &here("a/y"), "t-1");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_no_trash() {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let root = paths::to_bytes(folder.path());
        std::os::unix::fs::symlink(elsewhere.path(), folder.path().join(".lumidex-trash")).unwrap();
        let place = place(&root, "t-1", &join(&root, b"x")).unwrap();
        assert!(make_way(&DiskTree, &place, "t-1").is_err());
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }
}
