//! How much room a disk has.

use std::path::Path;

use super::files::PathError;

/// Bytes that an ordinary user may still write on the disk of this folder; `u64::MAX` where the
/// system does not say.
///
/// # Errors
/// [`PathError`] when the disk cannot be asked.
pub fn free_bytes(folder: &Path) -> Result<u64, PathError> {
    #[cfg(unix)]
    {
        let disk = rustix::fs::statvfs(folder)
            .map_err(|errno| PathError::doing("ask for the free space of", folder)(errno.into()))?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        Ok(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_folder_has_room_and_an_absent_one_cannot_be_asked() {
        let folder = tempfile::tempdir().unwrap();
        assert!(free_bytes(folder.path()).unwrap() > 0);
        assert!(free_bytes(&folder.path().join("absent")).unwrap_err().is_absent());
    }
}
