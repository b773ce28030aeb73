//! Giving a file or folder another name without ever taking one that is in use.

use std::fs::{self, FileType};
use std::io;
use std::path::Path;

/// Renames `from` to `to`, if nothing stands there. Both lie on one file system.
///
/// # Errors
/// Of kind [`io::ErrorKind::AlreadyExists`] when something does; otherwise the system's. Then all is as
/// it was.
pub(super) fn rename_onto_nothing(from: &Path, to: &Path) -> io::Result<()> {
    match rename_in_one_step(from, to) {
        Some(Err(error)) if error.kind() == io::ErrorKind::AlreadyExists && is_other_case(from, to)? => {
            fs::rename(from, to)
        }
        Some(renamed) => renamed,
        None => rename_in_steps(from, to),
    }
}

/// `None` where file system or kernel cannot look and rename in one step.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn rename_in_one_step(from: &Path, to: &Path) -> Option<io::Result<()>> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // A folder that is to go into itself is invalid as well; in steps, that is said again.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => None,
        other => Some(other.map_err(io::Error::from)),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn rename_in_one_step(_from: &Path, _to: &Path) -> Option<io::Result<()>> {
    None
}

/// A second link never takes a name in use, so files are linked and unlinked. What cannot be linked
/// is looked for and renamed; a folder then takes the place of an empty one at most.
fn rename_in_steps(from: &Path, to: &Path) -> io::Result<()> {
    let kind = fs::symlink_metadata(from)?.file_type();
    if !can_be_linked(kind) {
        return look_and_rename(from, to);
    }
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from).inspect_err(|_| {
            // The error that led here is the one to report. One name too many is better than none.
            if fs::symlink_metadata(from).is_ok() {
                let _ = fs::remove_file(to);
            }
        }),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_other_case(from, to)? => {
            fs::rename(from, to)
        }
        Err(error) if is_about_the_place(error.kind()) => Err(error),
        Err(_) => look_and_rename(from, to),
    }
}

/// Links to links are made differently by each system.
fn can_be_linked(kind: FileType) -> bool {
    !kind.is_dir() && !kind.is_symlink()
}

fn is_about_the_place(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{
        AlreadyExists, CrossesDevices, NotADirectory, NotFound, ReadOnlyFilesystem, StorageFull,
    };
    matches!(
        kind,
        AlreadyExists | CrossesDevices | NotADirectory | NotFound | ReadOnlyFilesystem | StorageFull
    )
}

fn look_and_rename(from: &Path, to: &Path) -> io::Result<()> {
    match fs::symlink_metadata(to) {
        Ok(_) if is_other_case(from, to)? => fs::rename(from, to),
        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => fs::rename(from, to),
        Err(error) => Err(error),
    }
}

/// Whether `to` stands for `from` itself, on a file system that does not tell such names apart: `a.PNG`
/// and `a.png`. Two links of one file are two names, each of which is listed.
#[cfg(unix)]
fn is_other_case(from: &Path, to: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    if from == to || from.parent() != to.parent() {
        return Ok(false);
    }
    let (one, other) = (fs::symlink_metadata(from)?, fs::symlink_metadata(to)?);
    if (one.dev(), one.ino()) != (other.dev(), other.ino()) {
        return Ok(false);
    }
    for entry in fs::read_dir(super::beside::folder_of(to))? {
        if Some(entry?.file_name().as_os_str()) == to.file_name() {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(not(unix))]
fn is_other_case(from: &Path, to: &Path) -> io::Result<bool> {
    let lower = |path: &Path| path.to_string_lossy().to_lowercase();
    Ok(from != to && lower(from) == lower(to))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    type Rename = fn(&Path, &Path) -> io::Result<()>;
    const WAYS: [Rename; 3] = [rename_onto_nothing, rename_in_steps, look_and_rename];

    #[test]
    fn a_name_in_use_is_never_taken() {
        for rename in WAYS {
            let folder = tempfile::tempdir().unwrap();
            let path = |name: &str| folder.path().join(name);
            fs::write(path("a"), "a").unwrap();
            fs::write(path("b"), "b").unwrap();
            fs::create_dir(path("full")).unwrap();
            fs::write(path("full/x"), "x").unwrap();
            for (from, to) in [("a", "b"), ("a", "a"), ("a", "full"), ("full", "b")] {
                let error = rename(&path(from), &path(to)).unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::AlreadyExists, "{from} to {to}");
            }
            assert_eq!(fs::read_to_string(path("a")).unwrap(), "a");
            assert_eq!(fs::read_to_string(path("b")).unwrap(), "b");
            rename(&path("a"), &path("full/y")).unwrap();
            rename(&path("full"), &path("moved")).unwrap();
            assert_eq!(fs::read_to_string(path("moved/y")).unwrap(), "a");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
            assert_eq!(rename(&path("none"), &path("c")).unwrap_err().kind(), io::ErrorKind::NotFound);
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_moved_as_links_and_two_links_of_a_file_are_two_names() {
        for rename in WAYS {
            let folder = tempfile::tempdir().unwrap();
            let path = |name: &str| folder.path().join(name);
            std::os::unix::fs::symlink("nowhere", path("link")).unwrap();
            rename(&path("link"), &path("moved")).unwrap();
            assert_eq!(fs::read_link(path("moved")).unwrap(), Path::new("nowhere"));
            fs::write(path("a"), "a").unwrap();
            assert!(rename(&path("a"), &path("moved")).is_err(), "a dangling link is something");
            fs::hard_link(path("a"), path("A")).unwrap();
            assert!(rename(&path("a"), &path("A")).is_err());
            assert!(path("a").exists() && path("A").exists());
        }
    }
}
