//! A file that is made beside its final name and takes that name only when it is whole: whoever
//! looks there sees what was there before, or all of what is there now, also after a power cut.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::files::{PathError, remove_file, sync_folder};
use super::moving::rename_onto_nothing;
use super::replace::name_beside;

/// A file in the making. Dropped before it is put in place, it is removed.
#[derive(Debug)]
pub struct Beside {
    path: PathBuf,
    target: PathBuf,
}

impl Beside {
    /// For a file that is to be `target`. Nothing is made yet.
    #[must_use]
    pub fn of(target: &Path) -> Self {
        Self { path: name_beside(target), target: target.to_owned() }
    }

    /// Where to write it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it durable and gives it its name, in place of what may stand there.
    ///
    /// # Errors
    /// [`PathError`]; then `target` is as it was. Only when its folder cannot be synced, it is the
    /// one after, and may be the one before again after a power cut.
    pub fn replace(self) -> Result<(), PathError> {
        self.sync()?;
        fs::rename(&self.path, &self.target).map_err(PathError::doing("replace", &self.target))?;
        sync_folder(folder_of(&self.target))
    }

    /// Makes it durable and gives it its name, if nothing stands there.
    ///
    /// # Errors
    /// As [`Beside::replace`], and of kind [`io::ErrorKind::AlreadyExists`] when something does.
    pub fn place(self) -> Result<(), PathError> {
        self.sync()?;
        rename_onto_nothing(&self.path, &self.target).map_err(PathError::doing("create", &self.target))?;
        sync_folder(folder_of(&self.target))
    }

    fn sync(&self) -> Result<(), PathError> {
        // Opened for writing: some systems sync nothing else.
        let opened = File::options().write(true).open(&self.path);
        opened.and_then(|file| file.sync_all()).map_err(PathError::doing("write", &self.path))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // Gone when it was put in place; otherwise the error that led here is the one to report.
        let _ = remove_file(&self.path);
    }
}

/// The folder a file stands in.
#[must_use]
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Removes what interrupted work left in a folder for one of these targets' names: files in the
/// making whose process is gone. The caller makes sure that nobody works there. Says how many.
///
/// # Errors
/// [`PathError`] when the folder, which may be absent, cannot be listed, or a file not removed.
pub fn remove_leftovers(folder: &Path, is_target: impl Fn(&str) -> bool) -> Result<usize, PathError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        listed => listed.map_err(PathError::doing("list", folder))?,
    };
    let mut removed = 0;
    for entry in entries {
        let name = entry.map_err(PathError::doing("list", folder))?.file_name();
        if target_of(&name).is_some_and(&is_target) {
            remove_file(&folder.join(&name))?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// The final name a name was made for: `x.redb` of `.x.redb.12-0.tmp`.
fn target_of(name: &OsString) -> Option<&str> {
    let inside = name.to_str()?.strip_prefix('.')?.strip_suffix(".tmp")?;
    let (target, unique) = inside.rsplit_once('.')?;
    let is_ours = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let (process, call) = unique.split_once('-')?;
    (is_ours(process) && is_ours(call)).then_some(target)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_file_takes_its_name_only_when_it_is_whole_and_never_anothers() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("copy");
        let given_up = Beside::of(&target);
        fs::write(given_up.path(), "half").unwrap();
        drop(given_up);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        for (content, place, expected) in [
            ("first", Beside::place as fn(Beside) -> Result<(), PathError>, "first"),
            ("second", Beside::place, "first"),
            ("third", Beside::replace, "third"),
        ] {
            let beside = Beside::of(&target);
            fs::write(beside.path(), content).unwrap();
            let placed = place(beside);
            assert_eq!(placed.is_ok(), content == expected, "{content}");
            if let Err(error) = placed {
                assert_eq!(error.source.kind(), io::ErrorKind::AlreadyExists);
            }
            assert_eq!(fs::read_to_string(&target).unwrap(), expected);
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn leftovers_are_told_from_what_others_put_there() {
        let folder = tempfile::tempdir().unwrap();
        let left = Beside::of(&folder.path().join("a.redb")).path().to_owned();
        let foreign = [".a.redb.tmp", ".b.redb.1-2.tmp", "a.redb.1-2.tmp", ".a.redb.x-2.tmp", "a.redb"];
        for name in foreign {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::write(&left, "").unwrap();
        assert_eq!(remove_leftovers(folder.path(), |target| target == "a.redb").unwrap(), 1);
        assert!(!left.exists());
        assert!(foreign.iter().all(|name| folder.path().join(name).exists()));
        assert_eq!(remove_leftovers(&folder.path().join("absent"), |_| true).unwrap(), 0);
    }
}
