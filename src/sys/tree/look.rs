//! What stands at a path, as the system reports it without opening anything.

use std::io;
use std::path::Path;

use lumidex_schema::id::Timestamp;
use lumidex_schema::record::Sighting;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A pipe, socket or device.
    Special,
}

/// What is to be known of something without opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// What it is.
    pub kind: Kind,
    /// Without sidecar. Of a folder, `size` holds the permission bits: its size means nothing.
    pub sighting: Sighting,
}

impl Look {
    /// Whether this is what `planned` was, neither replaced nor changed: the same inode and, but for a
    /// folder, size and time of change. The device is left out; it differs when a drive is mounted
    /// again.
    #[must_use]
    pub fn is_still(&self, planned: &Sighting) -> bool {
        let now = &self.sighting;
        let is_same = now.inode == planned.inode;
        is_same && (self.kind == Kind::Folder || self.is_like(planned))
    }

    /// Whether size and time of change are those, as those of a copy are.
    #[must_use]
    pub fn is_like(&self, planned: &Sighting) -> bool {
        (self.sighting.size, self.sighting.modified) == (planned.size, planned.modified)
    }
}

/// Whether links are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Links {
    Follow,
    AsTheyAre,
}

/// `None` when there is nothing.
pub(super) fn look(path: &Path, links: Links) -> io::Result<Option<Look>> {
    match look_at(path, links) {
        Ok(look) => Ok(Some(look)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use super::{Kind, Links, Look, Path, Sighting, Timestamp, io};
    use rustix::fs::{AtFlags, CWD, FileType, Statx, StatxFlags, StatxTimestamp};
    use std::os::fd::AsFd;

    pub(crate) fn look_at(path: &Path, links: Links) -> io::Result<Look> {
        let flags = match links {
            Links::Follow => AtFlags::empty(),
            Links::AsTheyAre => AtFlags::SYMLINK_NOFOLLOW,
        };
        Ok(from_statx(&rustix::fs::statx(CWD, path, flags, wanted())?))
    }

    pub(crate) fn look_at_open(file: impl AsFd) -> io::Result<Look> {
        Ok(from_statx(&rustix::fs::statx(file, c"", AtFlags::EMPTY_PATH, wanted())?))
    }

    /// What a name stands for in an open folder, without following a link.
    pub(crate) fn look_in(folder: impl AsFd, name: &[u8]) -> io::Result<Look> {
        Ok(from_statx(&rustix::fs::statx(folder, name, AtFlags::SYMLINK_NOFOLLOW, wanted())?))
    }

    fn wanted() -> StatxFlags {
        StatxFlags::BASIC_STATS | StatxFlags::BTIME
    }

    fn from_statx(stat: &Statx) -> Look {
        let kind = match FileType::from_raw_mode(u32::from(stat.stx_mode)) {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Folder,
            FileType::Symlink => Kind::Link,
            _ => Kind::Special,
        };
        let has_birth_time = stat.stx_mask & StatxFlags::BTIME.bits() != 0;
        let permissions = u64::from(stat.stx_mode) & 0o7777;
        let sighting = Sighting {
            size: if kind == Kind::Folder { permissions } else { stat.stx_size },
            modified: timestamp(stat.stx_mtime),
            created: timestamp(if has_birth_time { stat.stx_btime } else { stat.stx_ctime }),
            inode: stat.stx_ino,
            device: rustix::fs::makedev(stat.stx_dev_major, stat.stx_dev_minor),
            sidecar: None,
        };
        Look { kind, sighting }
    }

    const fn timestamp(time: StatxTimestamp) -> Timestamp {
        Timestamp::from_parts(time.tv_sec, time.tv_nsec)
    }
}

#[cfg(target_os = "linux")]
pub(super) use linux::look_at;
#[cfg(target_os = "linux")]
pub(in crate::sys) use linux::{look_at_open, look_in};

#[cfg(not(target_os = "linux"))]
mod portable {
    use super::{Kind, Links, Look, Path, Sighting, Timestamp, io};
    use std::fs::{self, File, Metadata};
    use std::time::{SystemTime, UNIX_EPOCH};

    pub(crate) fn look_at(path: &Path, links: Links) -> io::Result<Look> {
        Ok(from_metadata(&match links {
            Links::Follow => fs::metadata(path)?,
            Links::AsTheyAre => fs::symlink_metadata(path)?,
        }))
    }

    pub(crate) fn look_at_open(file: impl std::borrow::Borrow<File>) -> io::Result<Look> {
        Ok(from_metadata(&file.borrow().metadata()?))
    }

    /// What a name stands for in an open folder; a link cannot be opened, and is refused.
    #[cfg(unix)]
    pub(crate) fn look_in(folder: impl std::os::fd::AsFd, name: &[u8]) -> io::Result<Look> {
        use rustix::fs::{Mode, OFlags, openat};
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::NOCTTY | OFlags::CLOEXEC;
        look_at_open(File::from(openat(folder, name, flags, Mode::empty())?))
    }

    fn from_metadata(metadata: &Metadata) -> Look {
        let file_type = metadata.file_type();
        let kind = if file_type.is_file() {
            Kind::File
        } else if file_type.is_dir() {
            Kind::Folder
        } else if file_type.is_symlink() {
            Kind::Link
        } else {
            Kind::Special
        };
        #[cfg(unix)]
        let (inode, device, permissions) = {
            use std::os::unix::fs::MetadataExt;
            (metadata.ino(), metadata.dev(), u64::from(metadata.mode()) & 0o7777)
        };
        #[cfg(not(unix))]
        let (inode, device, permissions) = (0, 0, 0);
        let modified = timestamp(metadata.modified());
        let created = metadata.created().map_or(modified, |time| timestamp(Ok(time)));
        let size = if kind == Kind::Folder { permissions } else { metadata.len() };
        Look { kind, sighting: Sighting { size, modified, created, inode, device, sidecar: None } }
    }

    fn timestamp(time: io::Result<SystemTime>) -> Timestamp {
        let nanos = |span: std::time::Duration| i64::try_from(span.as_nanos()).unwrap_or(i64::MAX);
        Timestamp(match time.map(|time| time.duration_since(UNIX_EPOCH)) {
            Ok(Ok(after)) => nanos(after),
            Ok(Err(before)) => -nanos(before.duration()),
            Err(_) => 0,
        })
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) use portable::look_at;
#[cfg(not(target_os = "linux"))]
pub(in crate::sys) use portable::{look_at_open, look_in};
