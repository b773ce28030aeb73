//! Puts a backup in the place of a ledger, whole and durably. Cut off at any point, the folder has
//! either the ledger it had or the one that was to come.

use super::check::{CheckError, check};
use super::copy::Copied;
use super::daily::shown_time;
use crate::sys::beside::folder_of;
use crate::sys::files::sync_folder;
use crate::sys::space::free_bytes;
use crate::sys::{Beside, PathError, Stop};
use lumidex_schema::id::Timestamp;
use lumidex_schema::layout;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Bytes that a copy leaves on its disk.
const COPY_RESERVE_BYTES: u64 = 64 << 20;
/// Bytes copied between two looks whether to stop.
const COPIED_AT_ONCE_BYTES: u64 = 16 << 20;

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What the ledger holds now.
    pub content: Copied,
    /// Where the former ledger is kept; `None` when there was none.
    pub former: Option<PathBuf>,
}

/// Why nothing was restored; the ledger is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// There is no such file.
    #[error("there is no file `{}`", path.display())]
    Absent {
        /// The file.
        path: PathBuf,
    },
    /// The backup is the ledger itself.
    #[error("`{}` is the ledger itself", path.display())]
    Itself {
        /// The file.
        path: PathBuf,
    },
    /// It is no backup that can be used. The path named in the reason is that of a copy of it.
    #[error("`{}` cannot be restored", path.display())]
    Unsound {
        /// The backup.
        path: PathBuf,
        /// Why.
        #[source]
        source: CheckError,
    },
    /// A file could not be read, written or renamed.
    #[error(transparent)]
    File(#[from] PathError),
    /// It was told to stop.
    #[error("stopped before anything was restored")]
    Stopped,
}

/// Checks a copy of `backup` and puts it in the place of the ledger of `folder`, whose lock the
/// caller holds. The former ledger is kept under a name that ends in the time `now`; the backup
/// itself is only read. Told to stop, it ends while there is still nothing but the copy.
///
/// # Errors
/// [`RestoreError`]; then the ledger is as it was.
pub fn restore(backup: &Path, folder: &Path, now: Timestamp, stop: &Stop) -> Result<Restored, RestoreError> {
    let ledger = folder.join(layout::LEDGER);
    match std::fs::metadata(backup) {
        Ok(metadata) if metadata.is_file() => {}
        _ => return Err(RestoreError::Absent { path: backup.to_owned() }),
    }
    if std::fs::canonicalize(backup).ok() == std::fs::canonicalize(&ledger).ok() {
        return Err(RestoreError::Itself { path: backup.to_owned() });
    }
    let beside = Beside::of(&ledger);
    if !copy_unless(backup, beside.path(), stop)? {
        return Err(RestoreError::Stopped);
    }
    let content = check(beside.path())
        .map_err(|source| RestoreError::Unsound { path: backup.to_owned(), source: named(source, backup) })?;
    if stop.is_stopped() {
        return Err(RestoreError::Stopped);
    }
    let former = keep_former(&ledger, &shown_time(now))?;
    beside.replace()?;
    Ok(Restored { content, former })
}

/// The reason names the backup, not the copy of it that was looked at.
fn named(error: CheckError, backup: &Path) -> CheckError {
    use super::super::OpenError;
    let path = backup.to_owned();
    let shown = || backup.display().to_string();
    match error {
        CheckError::Damaged { source, .. } => CheckError::Damaged { path, source },
        CheckError::UnknownTable { name, .. } => CheckError::UnknownTable { path, name },
        CheckError::Open(OpenError::Foreign { .. }) => OpenError::Foreign { path: shown() }.into(),
        CheckError::Open(OpenError::Store { source, .. }) => {
            OpenError::Store { path: shown(), source }.into()
        }
        CheckError::Open(other) => other.into(),
    }
}

/// Copies the bytes of a file into a new one that may be written to; `false` when told to stop meanwhile.
pub(in crate::ledger) fn copy_unless(from: &Path, to: &Path, stop: &Stop) -> Result<bool, PathError> {
    let mut source = File::open(from).map_err(PathError::doing("open", from))?;
    let mut target = File::create_new(to).map_err(PathError::doing("create", to))?;
    while !stop.is_stopped() {
        let copied = io::copy(&mut source.by_ref().take(COPIED_AT_ONCE_BYTES), &mut target);
        if copied.map_err(PathError::doing("copy", from))? == 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

fn make_writable(path: &Path) -> Result<(), PathError> {
    let mut permissions = std::fs::metadata(path).map_err(PathError::doing("open", path))?.permissions();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        permissions.set_mode(permissions.mode() | 0o600);
    }
    #[cfg(not(unix))]
    permissions.set_readonly(false);
    std::fs::set_permissions(path, permissions).map_err(PathError::doing("make writable", path))
}

/// Copies a file beside itself, whole and durably, under its name with `infix` and the time `now` behind it.
///
/// # Errors
/// [`PathError`], of kind [`io::ErrorKind::StorageFull`] when the disk has no room for it; then nothing is left.
pub fn keep_copy(file: &Path, infix: &str, now: Timestamp) -> Result<PathBuf, PathError> {
    let bytes = std::fs::metadata(file).map_err(PathError::doing("open", file))?.len();
    if free_bytes(folder_of(file))? < bytes.saturating_add(COPY_RESERVE_BYTES) {
        return Err(PathError::doing("copy", file)(io::ErrorKind::StorageFull.into()));
    }
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut nth = 0;
    loop {
        let again = if nth == 0 { String::new() } else { format!("-{nth}") };
        let kept = file.with_file_name(format!("{name}{infix}{}{again}", shown_time(now)));
        let beside = Beside::of(&kept);
        std::fs::copy(file, beside.path()).map_err(PathError::doing("copy", file))?;
        make_writable(beside.path())?;
        match beside.place() {
            Err(error) if error.source.kind() == io::ErrorKind::AlreadyExists => nth += 1,
            placed => return placed.map(|()| kept),
        }
    }
}

/// Gives the ledger a second name, under which it stays when another takes the first; so there is a
/// ledger at every moment.
fn keep_former(ledger: &Path, at: &str) -> Result<Option<PathBuf>, PathError> {
    if !ledger.exists() {
        return Ok(None);
    }
    let mut nth = 0;
    loop {
        let again = if nth == 0 { String::new() } else { format!("-{nth}") };
        let name = format!("{}{}{at}{again}", layout::LEDGER, layout::BEFORE_RESTORE);
        let former = ledger.with_file_name(name);
        match std::fs::hard_link(ledger, &former) {
            Ok(()) => {
                sync_folder(folder_of(ledger))?;
                return Ok(Some(former));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => nth += 1,
            // A disk without second names: a copy does as well, and takes its room.
            Err(_) => {
                let copy = Beside::of(&former);
                std::fs::copy(ledger, copy.path()).map_err(PathError::doing("copy", ledger))?;
                copy.place()?;
                return Ok(Some(former));
            }
        }
    }
}
