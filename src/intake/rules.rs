//! What walks pass over: hidden and temporary names, other programs' and our own side folders, and
//! what a `.lumidexignore` names. Knows names only; reads no folder.

use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use lumidex_schema::path::RelPath;

use super::way::Way;
use crate::limits::IGNORE_FILE_BYTES_MAX;
use crate::sys::{PathError, files, paths};

/// Name of the file that says what to ignore in its folder and below, in gitignore syntax.
pub const IGNORE_FILE: &[u8] = b".lumidexignore";

/// Name of the folder in each root that holds what was deleted.
pub const TRASH: &[u8] = b".lumidex-trash";

/// Synology's thumbnails; hidden folders need no entry here.
const FOREIGN_FOLDERS: [&[u8]; 1] = [b"@eaDir"];

/// How programs name a file that is not finished yet.
const TEMPORARY_ENDINGS: [&[u8]; 5] = [b".tmp", b".part", b".crdownload", b".partial", b"~"];

/// Whether a file or folder of this name is never looked at, wherever it lies.
#[must_use]
pub fn is_passed_over(name: &[u8]) -> bool {
    name.starts_with(b".")
        || FOREIGN_FOLDERS.contains(&name)
        || TEMPORARY_ENDINGS.iter().any(|ending| ends_with_ignoring_case(name, ending))
}

fn ends_with_ignoring_case(name: &[u8], ending: &[u8]) -> bool {
    name.len() >= ending.len() && name[name.len() - ending.len()..].eq_ignore_ascii_case(ending)
}

/// The ignore files that hold in a folder: its own and those of the folders above it, up to the
/// root. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Ignores {
    innermost: Option<Arc<Level>>,
}

#[derive(Debug)]
struct Level {
    folder: RelPath,
    matcher: Gitignore,
    outer: Ignores,
}

impl Ignores {
    /// Those that hold in `folder`, whose own ignore file has this text; `self` are those of the
    /// folder above it. The second value counts lines that are not patterns, which are skipped.
    #[must_use]
    pub fn with(&self, folder: &RelPath, text: &str) -> (Self, u64) {
        // Names are matched relative to the folder, so the matcher need not know where that is.
        let mut builder = GitignoreBuilder::new("");
        let mut n_bad = 0;
        for line in text.trim_start_matches('\u{feff}').lines() {
            n_bad += u64::from(builder.add_line(None, line).is_err());
        }
        match builder.build() {
            Ok(matcher) => {
                let level = Level { folder: folder.clone(), matcher, outer: self.clone() };
                (Self { innermost: Some(Arc::new(level)) }, n_bad)
            }
            Err(_) => (self.clone(), n_bad + 1),
        }
    }

    /// As [`Ignores::with`], reading the ignore file of a folder below this root, without following a link.
    ///
    /// # Errors
    /// [`PathError`] when the file cannot be read or exceeds
    /// [`IGNORE_FILE_BYTES_MAX`].
    pub fn reading(&self, root: &[u8], folder: &RelPath) -> Result<(Self, u64), PathError> {
        let way = Way::below(root, folder);
        let Some((file, _)) = way.open(IGNORE_FILE)? else { return Ok((self.clone(), 0)) };
        let path = way.path().join(paths::from_bytes(IGNORE_FILE));
        let bytes = files::content_at_most(file, &path, IGNORE_FILE_BYTES_MAX)?;
        Ok(self.with(folder, &String::from_utf8_lossy(&bytes)))
    }

    /// Whether an ignore file names this entry of `folder`. The innermost that says something wins.
    #[must_use]
    pub fn ignores(&self, folder: &RelPath, name: &[u8], is_folder: bool) -> bool {
        let mut next = &self.innermost;
        while let Some(level) = next {
            let below = folder.strip_prefix(&level.folder).unwrap_or_default();
            match level.matcher.matched(paths::from_bytes(below.join(name).as_bytes()), is_folder) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => next = &level.outer.innermost,
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_foreign_and_unfinished_names_are_passed_over() {
        for name in [
            &b".git"[..],
            b"@eaDir",
            TRASH,
            b"a.png.crdownload",
            b"a.PART",
            b"b.tmp",
            b"c.png~",
            b"d.partial",
        ] {
            assert!(is_passed_over(name), "{}", name.escape_ascii());
        }
        for name in [&b"a.png"[..], b"tmp", b"part.png", b"~a.png", b"eaDir", b"\xff.png"] {
            assert!(!is_passed_over(name), "{}", name.escape_ascii());
        }
    }

    #[test]
    fn the_innermost_ignore_file_wins_and_patterns_hold_below() {
        let root = RelPath::root();
        let inner = RelPath::from_bytes(*b"keep");
        let (outer, n_bad) = Ignores::default().with(&root, "*.jpg\n/grids/\ndeep/**/x.png\n# note\n");
        assert_eq!(n_bad, 0);
        let (both, _) = outer.with(&inner, "!*.jpg\nskip.*");

        assert!(outer.ignores(&root, b"a.jpg", false));
        assert!(outer.ignores(&RelPath::from_bytes(*b"any/where"), b"a.jpg", false));
        assert!(outer.ignores(&root, b"grids", true));
        assert!(!outer.ignores(&inner, b"grids", true), "anchored to the folder of the file");
        assert!(!outer.ignores(&root, b"grids", false), "only folders");
        assert!(outer.ignores(&RelPath::from_bytes(*b"deep/er"), b"x.png", false));

        assert!(!both.ignores(&inner, b"a.jpg", false));
        assert!(both.ignores(&inner, b"skip.png", false));
        assert!(!Ignores::default().ignores(&root, b"a.jpg", false));
    }

    #[cfg(unix)]
    #[test]
    fn an_ignore_file_behind_a_link_is_not_read() {
        use std::{fs, os::unix::fs::symlink, path::Path};
        let bytes = |path: &Path| paths::to_bytes(path);
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(outside.path().join("below")).unwrap();
        for folder in ["", "below/"] {
            fs::write(outside.path().join(format!("{folder}.lumidexignore")), "*.png").unwrap();
        }
        fs::create_dir(inside.path().join("real")).unwrap();
        symlink(outside.path().join(".lumidexignore"), inside.path().join("real/.lumidexignore")).unwrap();
        symlink(outside.path(), inside.path().join("link")).unwrap();
        for folder in ["real", "link", "link/below"] {
            let read =
                Ignores::default().reading(&bytes(inside.path()), &RelPath::from_bytes(folder.as_bytes()));
            assert!(read.is_err(), "{folder}");
        }
        // Whoever gave the root may have given a link.
        let below = RelPath::from_bytes(*b"below");
        let (ignores, _) = Ignores::default().reading(&bytes(&inside.path().join("link")), &below).unwrap();
        assert!(ignores.ignores(&below, b"a.png", false));
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_not_text_can_be_ignored() {
        let (ignores, _) = Ignores::default().with(&RelPath::root(), "*.png");
        assert!(ignores.ignores(&RelPath::from_bytes(*b"\xfe"), b"\xff.png", false));
    }
}
