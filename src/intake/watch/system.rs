//! What the operating system gives: a notifier, how many folders may be watched, and which file
//! systems report what happens in them. Knows no roots.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use notify::{Config, ErrorKind, RecommendedWatcher, RecursiveMode, WatchPathConfig, Watcher};
use parking_lot::Mutex;

use super::event;
use super::watches::{Notifier, Refusal};
use crate::intake::listing::Links;
use crate::limits::watch as limits;

/// The system's own notifier; `handler` is called on its thread with everything it reports.
pub(super) fn notifier(
    handler: impl FnMut(notify::Result<notify::Event>) + Send + 'static,
) -> Result<Box<dyn Notifier>, notify::Error> {
    let config = Config::default().with_event_kinds(event::wanted()).with_follow_symlinks(false);
    Ok(Box::new(System(RecommendedWatcher::new(handler, config)?)))
}

struct System(RecommendedWatcher);

impl Notifier for System {
    fn watch(&mut self, path: &Path, links: Links) -> Result<(), Refusal> {
        let config = WatchPathConfig::new(RecursiveMode::NonRecursive)
            .with_dereference_symlinks(links == Links::Follow);
        self.0.watch_with(path, config).map_err(|error| match error.kind {
            ErrorKind::MaxFilesWatch => Refusal::Limit,
            ErrorKind::PathNotFound => Refusal::Absent,
            ErrorKind::Io(source) if source.kind() == std::io::ErrorKind::NotFound => Refusal::Absent,
            ErrorKind::Io(source) => Refusal::Other(source.to_string()),
            ErrorKind::Generic(_) | ErrorKind::WatchNotFound | ErrorKind::InvalidConfig(_) => {
                Refusal::Other(error.to_string())
            }
        })
    }

    fn unwatch(&mut self, path: &Path) {
        // It ends by itself when the folder goes.
        let _ = self.0.unwatch(path);
    }
}

/// How many folders lumidex watches at most: its share of what the system allows.
pub(super) fn watches_max() -> usize {
    let said = std::fs::read_to_string("/proc/sys/fs/inotify/max_user_watches").ok();
    let allowed = said.and_then(|said| said.trim().parse::<usize>().ok());
    allowed.map_or(limits::FOLDERS_WATCHED_DEFAULT, |allowed| allowed / limits::SHARE_OF_WATCHES)
}

/// Which devices have file systems that are silent, as far as folders on them were entered. Those of a
/// network have numbers that others get after them, so this is to be forgotten now and then.
#[derive(Default)]
pub(super) struct Silence {
    by_device: Mutex<HashMap<u64, Option<&'static str>>>,
}

impl Silence {
    /// The name of the file system if it is silent; `path` is a folder on this device.
    pub(super) fn of(&self, device: u64, path: impl FnOnce() -> PathBuf) -> Option<&'static str> {
        let known = self.by_device.lock().get(&device).copied();
        // A server that is away makes this take long; others do not wait for it.
        known.unwrap_or_else(|| {
            let found = silent_file_system(&path());
            self.by_device.lock().insert(device, found);
            found
        })
    }

    /// Whatever has these numbers now is looked at when it is entered.
    pub(super) fn forget(&self) {
        self.by_device.lock().clear();
    }
}

/// The name of the file system at `path` if changes made elsewhere are not reported by it, as on
/// every network: magic numbers of Linux's `statfs`.
#[cfg(target_os = "linux")]
pub(super) fn silent_file_system(path: &Path) -> Option<&'static str> {
    let found = rustix::fs::statfs(path).ok()?;
    // The field's type differs between processors; the numbers have 32 bits.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::unnecessary_cast)]
    let magic = found.f_type as u32;
    Some(match magic {
        0x6969 => "nfs",
        0x517b => "smb",
        0xff53_4d42 => "cifs",
        0xfe53_4d42 => "smb2",
        0x6573_5546 => "fuse",
        0x0102_1997 => "9p",
        0x00c3_6400 => "ceph",
        0x5346_414f | 0x6b41_4653 => "afs",
        0x7375_7245 => "coda",
        0x786f_4256 => "vboxsf",
        0xbacb_acbc => "vmhgfs",
        _ => return None,
    })
}

#[cfg(not(target_os = "linux"))]
pub(super) fn silent_file_system(_: &Path) -> Option<&'static str> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_a_quarter_and_a_local_disk_reports() {
        let max = watches_max();
        assert!(max > 0);
        if let Ok(said) = std::fs::read_to_string("/proc/sys/fs/inotify/max_user_watches") {
            assert_eq!(said.trim().parse::<usize>().ok().map(|allowed| allowed / 4), Some(max));
        }
        assert_eq!(silent_file_system(Path::new("/proc")), None);
        assert_eq!(silent_file_system(Path::new("/no such place")), None);
    }

    #[test]
    fn a_device_is_looked_at_once_until_it_is_forgotten() {
        let silence = Silence::default();
        silence.by_device.lock().insert(7, Some("nfs"));
        assert_eq!(silence.of(7, || "/".into()), Some("nfs"));
        silence.forget();
        assert_eq!(silence.of(7, || "/proc".into()), None, "another has its number now");
        assert_eq!(silence.by_device.lock().get(&7), Some(&None));
    }
}
