//! A folder of a root, reached from the root down as a walk would: no link is followed, and the ignore
//! rules of the folders above it, up to the root, are gathered on the way. What lies above the root is not read: the
//! person who gave the root gave nothing else. Knows nothing of the ledger.

use std::io;

use lumidex_schema::media::MediaKind;
use lumidex_schema::path::RelPath;

use super::listing::{EntryType, Names, OpenFolder};
use super::rules::{IGNORE_FILE, Ignores, is_passed_over};
use super::walk::WalkedRoot;
use super::way::{Way, is_absent, is_link};
use crate::sys::PathError;

/// What a walk would make of a folder.
pub(super) enum Above {
    /// It would be visited, with these rules of the folders above it.
    Visited(Ignores),
    /// It would be passed over.
    Ignored,
    /// One of the folders above it is not there, or is something else.
    Absent,
}

/// Looks at the folders above `folder`, not at itself. Complaints about ignore files are left to
/// walks, which read them as well.
///
/// # Errors
/// [`PathError`] when one of them cannot be opened.
pub(super) fn above(root: &WalkedRoot, folder: &RelPath) -> Result<Above, PathError> {
    let mut ignores = Ignores::default();
    let mut reached = RelPath::root();
    for name in folder.as_bytes().split(|byte| *byte == b'/').filter(|name| !name.is_empty()) {
        let way = Way::to(root, &reached);
        match way.folder() {
            Ok(open) => ignores = within(ignores, &open, root, &reached),
            Err(error) if is_absent(&error) || is_link(&error) => return Ok(Above::Absent),
            Err(error) => return Err(PathError::doing("open the folder", &way.path())(error)),
        }
        if is_passed_over(name) || ignores.ignores(&reached, name, true) {
            return Ok(Above::Ignored);
        }
        reached = reached.join(name);
    }
    Ok(Above::Visited(ignores))
}

/// The rules that hold in an open folder, with its own ignore file.
pub(super) fn within(outer: Ignores, open: &OpenFolder, root: &WalkedRoot, folder: &RelPath) -> Ignores {
    let mut names = Names::default();
    names.push(IGNORE_FILE);
    match open.stat(&names, 0) {
        Ok(stat) if stat.entry_type == EntryType::File => {
            outer.reading(&root.path, folder).map_or(outer, |(ignores, _)| ignores)
        }
        Ok(_) | Err(_) => outer,
    }
}

/// Whether an open folder, not listed before, holds neither media files nor folders; so is a mount point
/// when nothing is mounted.
///
/// # Errors
/// When it cannot be listed.
pub(super) fn is_bare(open: &OpenFolder) -> io::Result<bool> {
    let mut is_bare = true;
    open.entries(|name, entry_type| {
        is_bare =
            is_passed_over(name) || (entry_type != EntryType::Folder && MediaKind::of_name(name).is_none());
        is_bare
    })?;
    Ok(is_bare)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sys::paths;
    use lumidex_schema::id::RootId;
    use std::fs;

    #[test]
    fn rules_above_decide_and_links_are_not_followed() {
        let top = tempfile::tempdir().unwrap();
        fs::create_dir_all(top.path().join("a/b/c")).unwrap();
        fs::create_dir_all(top.path().join("a/skip/c")).unwrap();
        fs::write(top.path().join("a/.lumidexignore"), "skip\n*.jpg").unwrap();
        let root = WalkedRoot { id: RootId(1), path: paths::to_bytes(top.path()) };
        let look = |folder: &str| above(&root, &RelPath::from_bytes(folder.as_bytes())).unwrap();
        let Above::Visited(ignores) = look("a/b/c") else { panic!("it is visited") };
        assert!(ignores.ignores(&RelPath::from_bytes(*b"a/b/c"), b"x.jpg", false));
        assert!(matches!(look("a/skip/c"), Above::Ignored));
        assert!(matches!(look("a/.git"), Above::Ignored));
        assert!(matches!(look("a/no/c"), Above::Absent));
        assert!(matches!(look("a/no"), Above::Visited(_)), "it is not looked at itself");
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(top.path().join("a/b"), top.path().join("a/link")).unwrap();
            assert!(matches!(look("a/link/c"), Above::Absent));
        }
    }
}
