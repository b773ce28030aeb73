//! Copying a file so that the copy is whole, durable and proven equal before anybody sees it.

use std::fs::{self, File, FileTimes};
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::path::Path;

use super::look::{Kind, look_at_open};
use super::{CopyNew, Progress};
use crate::sys::PathError;
use crate::sys::moving::rename_onto_nothing;

/// Bytes read or written at once; between two, the work can be ended.
const PIECE_BYTES: usize = 1 << 20;

/// See [`super::Tree::copy_new`].
pub(super) fn copy_new(copy: CopyNew<'_>, progress: Progress<'_>) -> Result<(), PathError> {
    let CopyNew { from, beside, to, is_through_links } = copy;
    let source = open_regular(from, is_through_links).map_err(PathError::doing("open", from))?;
    let target = create(beside).map_err(PathError::doing("create", to))?;
    let copied = fill(&source, target, copy, progress)
        .and_then(|()| rename_onto_nothing(beside, to).map_err(PathError::doing("create", to)));
    if copied.is_err() {
        // The error that led here is the one to report; what is left over has a name nothing reads.
        let _ = fs::remove_file(beside);
    }
    copied
}

fn fill(source: &File, mut target: File, copy: CopyNew<'_>, progress: Progress<'_>) -> Result<(), PathError> {
    let CopyNew { from, beside, to, .. } = copy;
    let before = look_at_open(source).map_err(PathError::doing("read", from))?;
    let is_cloned = clone(source, &target);
    let digest = if is_cloned { None } else { Some(pour(source, &mut target, copy, progress)?) };
    like_the_source(source, &target).map_err(PathError::doing("write", to))?;
    target.sync_all().map_err(PathError::doing("write", to))?;
    forget_cached(&target);
    let after = look_at_open(source).map_err(PathError::doing("read", from))?;
    if !after.is_like(&before.sighting) {
        return Err(PathError::doing("copy", from)(io::Error::other("it changed while it was copied")));
    }
    let made = look_at_open(&target).map_err(PathError::doing("read", to))?;
    drop(target);
    let is_equal = made.sighting.size == before.sighting.size
        && match digest {
            // The blocks of a clone are those of the source; there is nothing to compare.
            None => true,
            Some(expected) => self::digest(beside, progress)? == expected,
        };
    if is_equal {
        Ok(())
    } else {
        let what = "what was written does not read back the same";
        Err(PathError::doing("copy", from)(io::Error::new(io::ErrorKind::InvalidData, what)))
    }
}

/// Writes everything, and answers its digest.
fn pour(
    mut source: &File,
    target: &mut File,
    copy: CopyNew<'_>,
    progress: Progress<'_>,
) -> Result<blake3::Hash, PathError> {
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let n = read(&mut source, &mut piece).map_err(PathError::doing("read", copy.from))?;
        if n == 0 {
            return Ok(hasher.finalize());
        }
        target.write_all(&piece[..n]).map_err(PathError::doing("write", copy.to))?;
        hasher.update(&piece[..n]);
        go_on(progress, n, copy.from)?;
    }
}

/// The digest of a regular file's content.
pub(super) fn digest(path: &Path, progress: Progress<'_>) -> Result<blake3::Hash, PathError> {
    let mut file = open_regular(path, false).map_err(PathError::doing("open", path))?;
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let n = read(&mut file, &mut piece).map_err(PathError::doing("read", path))?;
        if n == 0 {
            return Ok(hasher.finalize());
        }
        hasher.update(&piece[..n]);
        // Reading is no progress that anybody counts, but a moment to end.
        go_on(progress, 0, path)?;
    }
}

fn read(file: &mut impl Read, piece: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

fn go_on(progress: Progress<'_>, n: usize, path: &Path) -> Result<(), PathError> {
    match progress(n as u64) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => {
            Err(PathError::doing("copy", path)(io::Error::new(io::ErrorKind::Interrupted, "it was stopped")))
        }
    }
}

/// Opens a file for reading if it is a regular one. Never waits: a pipe without a writer is refused
/// like any other thing that is no file.
fn open_regular(path: &Path, is_through_links: bool) -> io::Result<File> {
    let file = open_without_waiting(path, is_through_links)?;
    match look_at_open(&file)?.kind {
        Kind::File => Ok(file),
        Kind::Folder => Err(io::ErrorKind::IsADirectory.into()),
        Kind::Link | Kind::Special => Err(io::Error::other("it is no regular file")),
    }
}

#[cfg(unix)]
fn open_without_waiting(path: &Path, is_through_links: bool) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};
    let mut flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    if !is_through_links {
        flags |= OFlags::NOFOLLOW;
    }
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

#[cfg(not(unix))]
fn open_without_waiting(path: &Path, is_through_links: bool) -> io::Result<File> {
    if !is_through_links && fs::symlink_metadata(path)?.is_symlink() {
        return Err(io::Error::other("it is a link"));
    }
    File::open(path)
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        // Nobody else reads it before it has the permissions of its source.
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

/// Lets both files share their blocks, where the file system can.
#[cfg(target_os = "linux")]
fn clone(source: &File, target: &File) -> bool {
    rustix::fs::ioctl_ficlone(target, source).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn clone(_source: &File, _target: &File) -> bool {
    false
}

/// So that reading back asks the disk and not the memory of the system.
#[cfg(target_os = "linux")]
fn forget_cached(file: &File) {
    // An advice; where it is not taken, what is in memory is compared.
    let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed);
}

#[cfg(not(target_os = "linux"))]
fn forget_cached(_file: &File) {}

/// What people and programs noted on a file beside its content, as far as the other disk can hold it.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn copy_attributes(source: &File, target: &File) {
    use rustix::fs::{XattrFlags, fgetxattr, flistxattr, fsetxattr};
    /// As much as the system hands out at once.
    const ATTRIBUTES_BYTES_MAX: usize = 64 << 10;
    let mut names = vec![0; ATTRIBUTES_BYTES_MAX];
    let n_bytes = flistxattr(source, &mut names[..]).unwrap_or_default();
    let mut value = vec![0; if n_bytes > 0 { ATTRIBUTES_BYTES_MAX } else { 0 }];
    // On Linux the others are the system's.
    let is_ours =
        |name: &&[u8]| !name.is_empty() && (cfg!(target_os = "macos") || name.starts_with(b"user."));
    for name in names[..n_bytes].split(|byte| *byte == 0).filter(is_ours) {
        if let Ok(length) = fgetxattr(source, name, &mut value[..]) {
            let _ = fsetxattr(target, name, &value[..length], XattrFlags::empty());
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn copy_attributes(_source: &File, _target: &File) {}

/// Owner as far as one may give it away, permissions, times.
fn like_the_source(source: &File, target: &File) -> io::Result<()> {
    let metadata = source.metadata()?;
    copy_attributes(source, target);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
        // Only the administrator gives files away; everybody else owns what he copies.
        let _ = fchown(target, Some(metadata.uid()), Some(metadata.gid()));
        // A copy runs with nobody else's rights.
        let permissions = fs::Permissions::from_mode(metadata.mode() & 0o777);
        match target.set_permissions(permissions) {
            // File systems without permissions.
            Err(error)
                if matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported) => {}
            permitted => permitted?,
        }
    }
    let mut times = FileTimes::new().set_modified(metadata.modified()?);
    if let Ok(accessed) = metadata.accessed() {
        times = times.set_accessed(accessed);
    }
    target.set_times(times)
}
