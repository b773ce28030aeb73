//! Looking at one folder and at files, as the operating system reports them: names first, sizes and
//! times on demand, relative to the open folder. Never follows a symbolic link below the folder.
//! Knows nothing of media or rules.

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::ops::Range;

use lumidex_schema::id::Timestamp;
use lumidex_schema::path::RelPath;
use lumidex_schema::record::Sighting;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EntryType {
    File,
    Folder,
    Link,
    /// FIFOs, sockets, devices.
    Special,
}

/// What is to be known of an entry without opening it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stat {
    pub(super) entry_type: EntryType,
    /// Without sidecar.
    pub(super) sighting: Sighting,
}

/// Whether the last component of a path may be a symbolic link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Links {
    Follow,
    Refuse,
}

/// Many names in one allocation: a folder of a million files takes some 40 bytes for each.
#[derive(Debug, Default)]
pub(super) struct Names {
    // Each name is followed by a NUL, so that it can be handed to the operating system as it is.
    bytes: Vec<u8>,
    ranges: Vec<Range<usize>>,
}

impl Names {
    pub(super) fn push(&mut self, name: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(name);
        self.bytes.push(0);
        self.ranges.push(start..self.bytes.len());
    }

    pub(super) fn len(&self) -> usize {
        self.ranges.len()
    }

    pub(super) fn get(&self, nth: usize) -> &[u8] {
        let range = &self.ranges[nth];
        &self.bytes[range.start..range.end - 1]
    }

    fn get_c(&self, nth: usize) -> &CStr {
        CStr::from_bytes_until_nul(&self.bytes[self.ranges[nth].clone()])
            .expect("every name was stored with a NUL after it")
    }

    pub(super) fn sort(&mut self) {
        let bytes = &self.bytes;
        // The NUL sorts before every byte a name can hold, so comparing with it is comparing names.
        self.ranges.sort_unstable_by(|a, b| bytes[a.clone()].cmp(&bytes[b.clone()]));
    }

    /// Whether it is there; the names must be sorted.
    pub(super) fn contains(&self, name: &[u8]) -> Option<usize> {
        self.ranges.binary_search_by(|range| self.bytes[range.start..range.end - 1].cmp(name)).ok()
    }
}

#[cfg(target_os = "linux")]
pub(super) use linux::{OpenFolder, stat_open};

#[cfg(target_os = "linux")]
mod linux {
    use std::mem::MaybeUninit;
    use std::os::fd::OwnedFd;

    use rustix::fs::{AtFlags, FileType, RawDir, Statx, StatxFlags, StatxTimestamp};

    use super::{CStr, EntryType, File, Names, RelPath, Sighting, Stat, Timestamp, io};
    use crate::sys::paths;
    use crate::sys::rooted::folder_below;

    /// Bytes of directory entries taken from the kernel at once; large folders take few calls.
    const ENTRIES_BUFFER_BYTES: usize = 64 * 1024;

    /// A folder held open, so that looking at its files does not walk its path again.
    #[derive(Debug)]
    pub(in crate::intake) struct OpenFolder {
        handle: OwnedFd,
    }

    impl OpenFolder {
        /// A root, links followed.
        pub(in crate::intake) fn open_root(root: &[u8]) -> io::Result<Self> {
            Self::open_below(root, &RelPath::root())
        }

        /// Below a root, which may be a link itself or lie behind one; no other is followed on the way.
        pub(in crate::intake) fn open_below(root: &[u8], folder: &RelPath) -> io::Result<Self> {
            let handle = folder_below(&paths::from_bytes(root), &paths::from_bytes(folder.as_bytes()))?;
            Ok(Self { handle })
        }

        /// The folder itself.
        pub(in crate::intake) fn stat_self(&self) -> io::Result<Stat> {
            statx(&self.handle, c"", AtFlags::EMPTY_PATH)
        }

        /// Calls `visit` with every entry but `.` and `..`, in no order, until it answers `false`.
        pub(in crate::intake) fn entries(
            &self,
            mut visit: impl FnMut(&[u8], EntryType) -> bool,
        ) -> io::Result<()> {
            let mut buffer = vec![MaybeUninit::uninit(); ENTRIES_BUFFER_BYTES];
            let mut entries = RawDir::new(&self.handle, &mut buffer);
            while let Some(entry) = entries.next() {
                let entry = entry?;
                let name = entry.file_name();
                if name == c"." || name == c".." {
                    continue;
                }
                let entry_type = match entry.file_type() {
                    // Some file systems do not say; an entry that is gone by now is no entry.
                    FileType::Unknown => match statx(&self.handle, name, AtFlags::SYMLINK_NOFOLLOW) {
                        Ok(stat) => stat.entry_type,
                        Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                        Err(error) => return Err(error),
                    },
                    known => from_file_type(known),
                };
                if !visit(name.to_bytes(), entry_type) {
                    break;
                }
            }
            Ok(())
        }

        /// The nth name, which lies in this folder.
        pub(in crate::intake) fn stat(&self, names: &Names, nth: usize) -> io::Result<Stat> {
            statx(&self.handle, names.get_c(nth), AtFlags::SYMLINK_NOFOLLOW)
        }
    }

    /// An open file.
    pub(in crate::intake) fn stat_open(file: &File) -> io::Result<Stat> {
        statx(file, c"", AtFlags::EMPTY_PATH)
    }

    fn statx(folder: impl std::os::fd::AsFd, name: &CStr, flags: AtFlags) -> io::Result<Stat> {
        let wanted = StatxFlags::TYPE
            | StatxFlags::SIZE
            | StatxFlags::MTIME
            | StatxFlags::CTIME
            | StatxFlags::BTIME
            | StatxFlags::INO;
        Ok(from_statx(&rustix::fs::statx(folder, name, flags, wanted)?))
    }

    fn from_statx(stat: &Statx) -> Stat {
        let has_birth_time = stat.stx_mask & StatxFlags::BTIME.bits() != 0;
        Stat {
            entry_type: from_file_type(FileType::from_raw_mode(u32::from(stat.stx_mode))),
            sighting: Sighting {
                size: stat.stx_size,
                modified: timestamp(stat.stx_mtime),
                created: timestamp(if has_birth_time { stat.stx_btime } else { stat.stx_ctime }),
                inode: stat.stx_ino,
                device: rustix::fs::makedev(stat.stx_dev_major, stat.stx_dev_minor),
                sidecar: None,
            },
        }
    }

    const fn timestamp(time: StatxTimestamp) -> Timestamp {
        Timestamp::from_parts(time.tv_sec, time.tv_nsec)
    }

    const fn from_file_type(file_type: FileType) -> EntryType {
        match file_type {
            FileType::RegularFile => EntryType::File,
            FileType::Directory => EntryType::Folder,
            FileType::Symlink => EntryType::Link,
            FileType::Fifo
            | FileType::Socket
            | FileType::CharacterDevice
            | FileType::BlockDevice
            | FileType::Unknown => EntryType::Special,
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) use portable::{OpenFolder, stat_open};

#[cfg(not(target_os = "linux"))]
mod portable {
    use std::fs::{self, FileType, Metadata};
    use std::path::PathBuf;
    use std::time::{SystemTime, UNIX_EPOCH};

    use super::{EntryType, File, Names, RelPath, Sighting, Stat, Timestamp, io};
    use crate::sys::paths;
    use crate::sys::rooted::folder_below;

    /// A folder, by its path.
    #[derive(Debug)]
    pub(in crate::intake) struct OpenFolder {
        path: PathBuf,
    }

    impl OpenFolder {
        /// A root, links followed.
        pub(in crate::intake) fn open_root(root: &[u8]) -> io::Result<Self> {
            Self::open_below(root, &RelPath::root())
        }

        /// Below a root, which may be a link itself or lie behind one; no other may be on the way.
        pub(in crate::intake) fn open_below(root: &[u8], folder: &RelPath) -> io::Result<Self> {
            let (root, below) = (paths::from_bytes(root), paths::from_bytes(folder.as_bytes()));
            folder_below(&root, &below)?;
            Ok(Self { path: root.join(below) })
        }

        /// The folder itself.
        pub(in crate::intake) fn stat_self(&self) -> io::Result<Stat> {
            Ok(from_metadata(&fs::metadata(&self.path)?))
        }

        /// Calls `visit` with every entry, in no order, until it answers `false`.
        pub(in crate::intake) fn entries(
            &self,
            mut visit: impl FnMut(&[u8], EntryType) -> bool,
        ) -> io::Result<()> {
            for entry in fs::read_dir(&self.path)? {
                let entry = entry?;
                if !visit(&paths::to_bytes(entry.file_name()), from_file_type(entry.file_type()?)) {
                    break;
                }
            }
            Ok(())
        }

        /// The nth name, which lies in this folder.
        pub(in crate::intake) fn stat(&self, names: &Names, nth: usize) -> io::Result<Stat> {
            Ok(from_metadata(&fs::symlink_metadata(self.path.join(paths::from_bytes(names.get(nth))))?))
        }
    }

    /// An open file.
    pub(in crate::intake) fn stat_open(file: &File) -> io::Result<Stat> {
        Ok(from_metadata(&file.metadata()?))
    }

    fn from_metadata(metadata: &Metadata) -> Stat {
        let modified = timestamp(metadata.modified());
        #[cfg(unix)]
        let (inode, device) = {
            use std::os::unix::fs::MetadataExt;
            (metadata.ino(), metadata.dev())
        };
        #[cfg(not(unix))]
        let (inode, device) = (0, 0);
        let created = metadata.created().map_or(modified, |time| timestamp(Ok(time)));
        Stat {
            entry_type: from_file_type(metadata.file_type()),
            sighting: Sighting { size: metadata.len(), modified, created, inode, device, sidecar: None },
        }
    }

    fn timestamp(time: io::Result<SystemTime>) -> Timestamp {
        let nanos = |span: std::time::Duration| i64::try_from(span.as_nanos()).unwrap_or(i64::MAX);
        Timestamp(match time.map(|time| time.duration_since(UNIX_EPOCH)) {
            Ok(Ok(after)) => nanos(after),
            Ok(Err(before)) => -nanos(before.duration()),
            Err(_) => 0,
        })
    }

    fn from_file_type(file_type: FileType) -> EntryType {
        if file_type.is_file() {
            EntryType::File
        } else if file_type.is_dir() {
            EntryType::Folder
        } else if file_type.is_symlink() {
            EntryType::Link
        } else {
            EntryType::Special
        }
    }
}
