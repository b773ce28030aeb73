//! How a tool gets at a library: as the only one who changes it, or beside whoever has it open.

use std::path::{Path, PathBuf};

use lumidex::ledger::backup::newest_first;
use lumidex::projection::thumbs::kept_below;
use lumidex::sys::lock::{LockError, LookLock};
use lumidex::sys::paths::absolute_normal;
use lumidex::sys::{DirLock, Stop};
use lumidex_schema::layout;
use serde::de::DeserializeOwned;

use crate::server::{self, AskError};

/// Why a library cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// There is no ledger, nor a backup of one.
    #[error("there is no library in `{}`; name its folder with `--data-dir`", folder.display())]
    NoLibrary {
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// Another process has the folder.
    #[error("{0}; stop it first")]
    InUse(LockError),
    /// Who has the library open does not say how to ask.
    #[error("{0} and does not answer tools; try again in a moment, or stop it first")]
    Mute(LockError),
    /// The lock could not be taken for another reason.
    #[error(transparent)]
    Lock(LockError),
    /// The server did not answer as it should.
    #[error("the server at `{address}` did not tell")]
    Server {
        /// Where it was asked.
        address: String,
        /// Why.
        #[source]
        source: AskError,
    },
}

/// Where a library lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    folder: PathBuf,
    thumbs: PathBuf,
}

impl<P: AsRef<Path> + ?Sized> From<&P> for Place {
    /// All of it in one data folder.
    fn from(folder: &P) -> Self {
        let folder = folder.as_ref().to_owned();
        Self { thumbs: folder.join(layout::THUMBS), folder }
    }
}

impl Place {
    /// With small pictures below another folder, as a server keeps them there when told so.
    ///
    /// # Errors
    ///
    /// When the system does not say which folder is the current one.
    pub fn with_cache(folder: &Path, cache: &Path) -> std::io::Result<Self> {
        let thumbs = kept_below(cache, &absolute_normal(folder, &std::env::current_dir()?));
        Ok(Self { folder: folder.to_owned(), thumbs })
    }

    /// The data folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where small pictures are.
    #[must_use]
    pub fn thumbs(&self) -> &Path {
        &self.thumbs
    }

    /// What a finding names.
    #[must_use]
    pub fn of(&self, place: &str) -> PathBuf {
        match Path::new(place).strip_prefix(layout::THUMBS) {
            Ok(below) if below.as_os_str().is_empty() => self.thumbs.clone(),
            Ok(below) => self.thumbs.join(below),
            Err(_) => self.folder.join(place),
        }
    }
}

/// A library that is only looked at.
pub enum Looked {
    /// Nobody has it open, and nobody opens it while this is held.
    Closed(LookLock),
    /// A server has it open.
    Served(Served),
}

/// A server that has a library open.
pub struct Served {
    address: String,
    token: String,
}

/// Whether there is anything to look at.
fn expect_library(folder: &Path) -> Result<(), AccessError> {
    let is_there =
        folder.join(layout::LEDGER).exists() || newest_first(folder).is_ok_and(|backups| !backups.is_empty());
    if is_there { Ok(()) } else { Err(AccessError::NoLibrary { folder: folder.to_owned() }) }
}

/// A library to be looked at: by itself, or through the server that has it open. Nothing is written.
///
/// # Errors
///
/// [`AccessError`].
pub fn look(folder: &Path) -> Result<Looked, AccessError> {
    expect_library(folder)?;
    match LookLock::take(folder) {
        Ok(lock) => Ok(Looked::Closed(lock)),
        Err(LockError::Held { folder, holder }) => {
            let asked =
                holder.as_ref().and_then(|holder| Some((holder.address.clone()?, holder.token.clone()?)));
            match asked {
                Some((address, token)) => Ok(Looked::Served(Served { address, token })),
                None => Err(AccessError::Mute(LockError::Held { folder, holder })),
            }
        }
        Err(error) => Err(AccessError::Lock(error)),
    }
}

/// A library for who changes it, and for nobody else.
///
/// # Errors
///
/// [`AccessError`]; nothing is changed then, and a mistyped folder is not made.
pub fn take(folder: &Path) -> Result<DirLock, AccessError> {
    expect_library(folder)?;
    DirLock::take(folder).map_err(|error| match error {
        LockError::Held { .. } => AccessError::InUse(error),
        LockError::File(_) => AccessError::Lock(error),
    })
}

impl Served {
    /// What it answers to a path, as JSON. A stop ends the wait; what the server then does ends soon as well.
    ///
    /// # Errors
    ///
    /// [`AccessError::Server`]; `None` when told to stop.
    pub fn ask<T: DeserializeOwned + Send>(&self, path: &str, stop: &Stop) -> Result<Option<T>, AccessError> {
        let failed = |source| AccessError::Server { address: self.address.clone(), source };
        let answer = server::ask_unless(&self.address, &self.token, path, stop).map_err(failed)?;
        let Some(answer) = answer else { return Ok(None) };
        serde_json::from_reader(answer).map(Some).map_err(|error| failed(AskError::Read(error.into())))
    }
}
