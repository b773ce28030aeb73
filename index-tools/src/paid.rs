//! What an upstream was paid for, beside a backup of the ledger and back from there.
//!
//! Rows are only added, whichever way: a copy that is there takes in what is new, and what comes back adds
//! what is missing. So it does not matter how old a copy is.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use lumidex::ledger::paid::{Merged, Paid, PaidCopyError};
use lumidex::sys::lock::LockError;
use lumidex::sys::{Beside, DirLock, PathError, Stop, beside};
use lumidex_schema::layout;

use crate::server::{self, AskError};

/// Bytes taken from the server at once.
const CHUNK_BYTES: usize = 256 << 10;
/// Behind the name of a backup, in the name of what belongs to it.
const BESIDE: &str = ".paid";

/// Why there is no copy of what was paid for, or nothing came back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PaidToolError {
    /// It could not be copied, or added.
    #[error(transparent)]
    Copy(#[from] PaidCopyError),
    /// Who has the library open does not say how to ask.
    #[error("{0} and does not answer tools; try again in a moment, or stop it first")]
    Mute(LockError),
    /// The lock could not be taken.
    #[error(transparent)]
    Lock(LockError),
    /// The server did not hand it out.
    #[error("what was paid for cannot be had from the server at `{address}`")]
    Server {
        /// Where it was asked.
        address: String,
        /// Why.
        #[source]
        source: AskError,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] PathError),
}

/// Where a backup of the ledger has what was paid for.
#[must_use]
pub fn beside_backup(backup: &Path) -> PathBuf {
    let mut name = OsString::from(backup);
    name.push(BESIDE);
    PathBuf::from(name)
}

/// Copies what was paid for in the library of `folder` beside the backup `target`, or takes in what is new.
///
/// # Errors
///
/// [`PaidToolError`].
pub fn backup(folder: &Path, target: &Path, stop: &Stop) -> Result<Merged, PaidToolError> {
    let target = beside_backup(target);
    match DirLock::take(folder) {
        Ok(_lock) => Ok(Paid::at(&folder.join(layout::PAID)).copy_into(&target, stop)?),
        Err(LockError::Held { folder, holder }) => {
            let asked =
                holder.as_ref().and_then(|holder| Some((holder.address.clone()?, holder.token.clone()?)));
            match asked {
                Some((address, token)) => receive(&address, &token, &target, stop),
                None => Err(PaidToolError::Mute(LockError::Held { folder, holder })),
            }
        }
        Err(error) => Err(PaidToolError::Lock(error)),
    }
}

/// Adds to the library of `folder`, whose lock the caller holds, what was copied beside the backup: into a file
/// of its name, or into the one of the daily backups. `None` when there is neither.
///
/// # Errors
///
/// [`PaidToolError`]; what was added stays.
pub fn restore(backup: &Path, folder: &Path, stop: &Stop) -> Result<Option<Merged>, PaidToolError> {
    let daily = beside::folder_of(backup).join(layout::PAID);
    let is_daily = beside::folder_of(backup).ends_with(layout::BACKUPS);
    let found = [Some(beside_backup(backup)), is_daily.then_some(daily)].into_iter().flatten();
    let Some(copy) = found.into_iter().find(|path| path.is_file()) else { return Ok(None) };
    let paid = Paid::at(&folder.join(layout::PAID));
    Ok(Some(paid.merge_from(&copy, folder, stop)?))
}

/// Takes a copy from the server that has the library open, and what is new in it into the target.
fn receive(address: &str, token: &str, target: &Path, stop: &Stop) -> Result<Merged, PaidToolError> {
    let failed = |source| PaidToolError::Server { address: address.to_owned(), source };
    let answer = server::ask_unless(address, token, "/api/v1/backup/paid", stop).map_err(failed)?;
    let Some(mut answer) = answer else { return Err(PaidCopyError::Stopped.into()) };
    if answer.length() == 0 {
        return Ok(Merged::default());
    }
    let received = Beside::of(target);
    let mut file = File::create_new(received.path()).map_err(PathError::doing("create", received.path()))?;
    let mut chunk = vec![0; CHUNK_BYTES];
    while answer.length() > 0 {
        let n = answer.read(&mut chunk).map_err(|error| failed(AskError::Read(error)))?;
        if n == 0 {
            return Err(failed(AskError::Garbled));
        }
        file.write_all(&chunk[..n]).map_err(PathError::doing("write", target))?;
        if stop.is_stopped() {
            return Err(PaidCopyError::Stopped.into());
        }
    }
    drop(file);
    Ok(Paid::at(received.path()).copy_into(target, stop)?)
}
