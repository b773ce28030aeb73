//! A copy of the ledger in one file: made here when nobody has the library open, else by the
//! server that has it, asked over loopback.
//!
//! The file has its name only when it is whole, proven and durable.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use lumidex::ledger::backup::{self, BackupError, CheckError, Copied, Existing};
use lumidex::sys::lock::LockError;
use lumidex::sys::{Beside, DirLock, PathError, Stop, beside};
use lumidex_schema::layout;

use crate::server::{self, AskError};

/// Bytes taken from the server at once.
const CHUNK_BYTES: usize = 256 << 10;

/// Why there is no backup. What has its name is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupToolError {
    /// There is no ledger.
    #[error("there is no library in `{}`; name its folder with `--data-dir`", folder.display())]
    NoLibrary {
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// The backup would lie in no folder.
    #[error("there is no folder `{}` for the backup", folder.display())]
    NoFolder {
        /// Where it was to be.
        folder: PathBuf,
    },
    /// The backup would take the place of what it is a backup of.
    #[error("`{}` is the ledger itself", path.display())]
    Itself {
        /// The file.
        path: PathBuf,
    },
    /// There is a file of that name.
    #[error("`{}` exists already; choose another name, or add `--force`", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// It could not be made here.
    #[error(transparent)]
    Backup(BackupError),
    /// Who has the library open does not say how to ask.
    #[error("{0} and does not answer tools; try again in a moment, or stop it first")]
    Mute(LockError),
    /// The lock could not be taken.
    #[error(transparent)]
    Lock(LockError),
    /// The server did not hand it out.
    #[error("no backup from the server at `{address}`")]
    Server {
        /// Where it was asked.
        address: String,
        /// Why.
        #[source]
        source: AskError,
    },
    /// What the server sent is not what it has.
    #[error("the backup from the server is not sound")]
    Unsound(#[source] CheckError),
    /// The server has another number of rows.
    #[error("the backup from the server has {found} rows and should have {expected}")]
    Rows {
        /// Rows that came.
        found: u64,
        /// Rows it was said to have.
        expected: u64,
    },
    /// It could not be written.
    #[error(transparent)]
    File(#[from] PathError),
    /// It was told to stop.
    #[error("stopped before the copy was whole; nothing is left of it")]
    Stopped,
}

/// What is being done, for people who watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The server makes the copy.
    Waiting,
    /// Rows are copied and compared: so many of so many.
    Copying(u64, u64),
    /// Bytes come from the server: so many of so many.
    Receiving(u64, u64),
    /// What came is read in full.
    Checking,
}

/// Makes a backup of the library in `folder`. `progress` is told from time to time how far it is.
///
/// # Errors
///
/// [`BackupToolError`]; then nothing is left behind.
pub fn backup(
    folder: &Path,
    target: &Path,
    existing: Existing,
    progress: &mut dyn FnMut(Stage),
) -> Result<Copied, BackupToolError> {
    backup_unless(folder, target, existing, &Stop::never(), progress)
}

/// As [`backup()`], unless told to stop.
///
/// # Errors
///
/// As [`backup()`], and [`BackupToolError::Stopped`].
pub fn backup_unless(
    folder: &Path,
    target: &Path,
    existing: Existing,
    stop: &Stop,
    progress: &mut dyn FnMut(Stage),
) -> Result<Copied, BackupToolError> {
    let ledger = folder.join(layout::LEDGER);
    // Looked for first, so that a mistyped folder is not made.
    if !ledger.is_file() {
        return Err(BackupToolError::NoLibrary { folder: folder.to_owned() });
    }
    judge_target(target, &ledger, existing)?;
    match DirLock::take(folder) {
        Ok(_lock) => {
            let steps = &mut |done, total| progress(Stage::Copying(done, total));
            Ok(backup::copy_closed(&ledger, target, existing, stop, steps).map_err(in_our_words)?)
        }
        Err(LockError::Held { folder, holder }) => {
            let asked =
                holder.as_ref().and_then(|holder| Some((holder.address.clone()?, holder.token.clone()?)));
            match asked {
                Some((address, token)) => receive((&address, &token), target, existing, stop, progress),
                None => Err(BackupToolError::Mute(LockError::Held { folder, holder })),
            }
        }
        Err(error) => Err(BackupToolError::Lock(error)),
    }
}

fn judge_target(target: &Path, ledger: &Path, existing: Existing) -> Result<(), BackupToolError> {
    let parent = beside::folder_of(target);
    if !parent.is_dir() {
        return Err(BackupToolError::NoFolder { folder: parent.to_owned() });
    }
    let is_there = std::fs::symlink_metadata(target).is_ok();
    if is_there && std::fs::canonicalize(target).ok() == std::fs::canonicalize(ledger).ok() {
        return Err(BackupToolError::Itself { path: target.to_owned() });
    }
    if is_there && existing == Existing::Keep {
        return Err(BackupToolError::Exists { path: target.to_owned() });
    }
    Ok(())
}

fn in_our_words(error: BackupError) -> BackupToolError {
    match error {
        BackupError::Exists { path } => BackupToolError::Exists { path },
        BackupError::Stopped => BackupToolError::Stopped,
        other => BackupToolError::Backup(other),
    }
}

/// Takes the backup from the server that has the library open.
fn receive(
    (address, token): (&str, &str),
    target: &Path,
    existing: Existing,
    stop: &Stop,
    progress: &mut dyn FnMut(Stage),
) -> Result<Copied, BackupToolError> {
    let failed = |source| BackupToolError::Server { address: address.to_owned(), source };
    progress(Stage::Waiting);
    let answer = server::ask_unless(address, token, "/api/v1/backup", stop).map_err(failed)?;
    let Some(mut answer) = answer else { return Err(BackupToolError::Stopped) };
    let expected = answer.header("x-lumidex-rows").and_then(|rows| rows.parse().ok());
    let expected: u64 = expected.ok_or_else(|| failed(AskError::Garbled))?;
    let beside = Beside::of(target);
    let mut file = File::create_new(beside.path()).map_err(PathError::doing("create", beside.path()))?;
    let (mut done, total) = (0, answer.length());
    let mut chunk = vec![0; CHUNK_BYTES];
    while done < total {
        let n = match answer.read(&mut chunk) {
            Ok(0) => return Err(failed(AskError::Read(io::ErrorKind::UnexpectedEof.into()))),
            Ok(n) => n,
            Err(error) => return Err(failed(AskError::Read(error))),
        };
        file.write_all(&chunk[..n]).map_err(PathError::doing("write", target))?;
        done += n as u64;
        progress(Stage::Receiving(done, total));
        if stop.is_stopped() {
            return Err(BackupToolError::Stopped);
        }
    }
    file.sync_all().map_err(PathError::doing("write", target))?;
    drop(file);
    progress(Stage::Checking);
    let content = backup::check(beside.path()).map_err(BackupToolError::Unsound)?;
    if content.rows != expected {
        return Err(BackupToolError::Rows { found: content.rows, expected });
    }
    match existing {
        Existing::Replace => beside.replace()?,
        Existing::Keep => beside.place().map_err(|error| match error.source.kind() {
            io::ErrorKind::AlreadyExists => BackupToolError::Exists { path: target.to_owned() },
            _ => error.into(),
        })?,
    }
    Ok(content)
}
