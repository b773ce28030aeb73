//! Copies are whole or absent, alike in everything, and nothing that is no file is ever waited for.

#![allow(clippy::unwrap_used)]

use super::{CopyNew, DiskTree, Kind, Tree};
use std::fs;
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn names(&self) -> Vec<String> {
        let listing = DiskTree.list(self.0.path()).unwrap();
        listing.iter().map(|(name, _)| String::from_utf8(name.to_vec()).unwrap()).collect()
    }

    fn copy(&self, from: &str, to: &str, is_through_links: bool) -> Result<(), crate::sys::PathError> {
        let (from, beside, to) = (self.path(from), self.path(".beside"), self.path(to));
        let copy = CopyNew { from: &from, beside: &beside, to: &to, is_through_links };
        DiskTree.copy_new(copy, &mut |_| ControlFlow::Continue(()))
    }
}

fn large() -> Vec<u8> {
    (0..3_000_017_u32).map(|nth| (nth.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

#[test]
fn a_copy_has_content_times_and_permissions_of_its_source() {
    let folder = Folder::new();
    let content = large();
    fs::write(folder.path("a"), &content).unwrap();
    let time = std::time::UNIX_EPOCH + std::time::Duration::new(1_400_000_000, 987_654_321);
    fs::File::options().write(true).open(folder.path("a")).unwrap().set_modified(time).unwrap();
    #[cfg(unix)]
    fs::set_permissions(folder.path("a"), std::os::unix::fs::PermissionsExt::from_mode(0o4640)).unwrap();
    folder.copy("a", "b", false).unwrap();
    assert_eq!(folder.names(), ["a", "b"]);
    assert_eq!(fs::read(folder.path("b")).unwrap(), content);
    let metadata = fs::metadata(folder.path("b")).unwrap();
    assert_eq!(metadata.modified().unwrap(), time);
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::MetadataExt::mode(&metadata) & 0o7777,
        0o640,
        "without the right to act as its owner"
    );
    let mut go_on = |_| ControlFlow::Continue(());
    assert!(DiskTree.is_same_content(&folder.path("a"), &folder.path("b"), &mut go_on).unwrap());
    fs::write(folder.path("c"), &content[1..]).unwrap();
    assert!(!DiskTree.is_same_content(&folder.path("a"), &folder.path("c"), &mut go_on).unwrap());
}

#[cfg(target_os = "linux")]
#[test]
fn what_people_noted_on_a_file_goes_with_its_copy() {
    let folder = Folder::new();
    fs::write(folder.path("a"), "a").unwrap();
    let flags = rustix::fs::XattrFlags::empty();
    if rustix::fs::setxattr(folder.path("a"), "user.xdg.tags", b"sea", flags).is_err() {
        println!("left out: this file system holds no attributes");
        return;
    }
    folder.copy("a", "b", false).unwrap();
    let mut value = [0; 16];
    let length = rustix::fs::getxattr(folder.path("b"), "user.xdg.tags", &mut value[..]).unwrap();
    assert_eq!(&value[..length], b"sea");
}

#[test]
fn a_place_that_is_taken_stays_as_it_is() {
    let folder = Folder::new();
    fs::write(folder.path("a"), "a").unwrap();
    fs::write(folder.path("b"), "b").unwrap();
    fs::create_dir(folder.path("dir")).unwrap();
    for to in ["b", "dir", "a"] {
        assert_eq!(folder.copy("a", to, false).unwrap_err().source.kind(), ErrorKind::AlreadyExists);
        let moved = DiskTree.move_new(&folder.path("a"), &folder.path(to));
        assert_eq!(moved.unwrap_err().source.kind(), ErrorKind::AlreadyExists);
    }
    // An unfinished copy of somebody else is not taken over either.
    fs::write(folder.path(".beside"), "theirs").unwrap();
    assert_eq!(folder.copy("a", "c", false).unwrap_err().source.kind(), ErrorKind::AlreadyExists);
    assert_eq!(folder.names(), [".beside", "a", "b", "dir"]);
    assert_eq!(fs::read_to_string(folder.path("b")).unwrap(), "b");
    assert_eq!(fs::read_to_string(folder.path(".beside")).unwrap(), "theirs");
}

#[test]
fn a_copy_that_is_ended_leaves_nothing() {
    let folder = Folder::new();
    fs::write(folder.path("a"), large()).unwrap();
    for pieces in 0..6 {
        let mut n = 0;
        let mut progress = |_: u64| {
            n += 1;
            if n > pieces { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let (from, beside, to) = (folder.path("a"), folder.path(".beside"), folder.path("b"));
        let copy = CopyNew { from: &from, beside: &beside, to: &to, is_through_links: false };
        match DiskTree.copy_new(copy, &mut progress) {
            Err(error) => assert_eq!(error.source.kind(), ErrorKind::Interrupted),
            // A disk that shares blocks has nothing to be ended.
            Ok(()) => fs::remove_file(&to).unwrap(),
        }
        assert_eq!(folder.names(), ["a"]);
    }
}

#[test]
fn what_grows_while_it_is_copied_is_not_copied() {
    let folder = Folder::new();
    fs::write(folder.path("a"), large()).unwrap();
    let (from, beside, to) = (folder.path("a"), folder.path(".beside"), folder.path("b"));
    let copy = CopyNew { from: &from, beside: &beside, to: &to, is_through_links: false };
    let mut is_changed = false;
    let copied = DiskTree.copy_new(copy, &mut |_| {
        if !is_changed {
            is_changed = true;
            fs::write(folder.path("a"), "something else").unwrap();
        }
        ControlFlow::Continue(())
    });
    assert_eq!(copied.is_err(), is_changed);
    if is_changed {
        assert_eq!(folder.names(), ["a"]);
    }
}

#[cfg(unix)]
#[test]
fn only_regular_files_are_read_and_nothing_is_waited_for() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new();
    let pipe = folder.path("pipe");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    #[cfg(target_os = "linux")]
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    #[cfg(not(target_os = "linux"))]
    let _ = (&pipe, mode);
    fs::create_dir(folder.path("dir")).unwrap();
    symlink("a", folder.path("link")).unwrap();
    symlink("dir", folder.path("to-dir")).unwrap();
    symlink("/dev/zero", folder.path("to-zero")).unwrap();
    for (from, is_through_links) in [
        ("pipe", true),
        ("pipe", false),
        ("dir", false),
        ("link", true),
        ("link", false),
        ("to-dir", true),
        ("to-zero", true),
    ] {
        assert!(folder.copy(from, "copy", is_through_links).is_err(), "{from}");
    }
    fs::write(folder.path("a"), "a").unwrap();
    assert!(folder.copy("link", "copy", false).is_err(), "as it is, it is no file");
    folder.copy("link", "copy", true).unwrap();
    assert_eq!(fs::read_to_string(folder.path("copy")).unwrap(), "a");
    DiskTree.copy_link(&folder.path("to-dir"), &folder.path("again")).unwrap();
    assert_eq!(fs::read_link(folder.path("again")).unwrap(), Path::new("dir"));
    assert!(DiskTree.copy_link(&folder.path("to-dir"), &folder.path("a")).is_err());
    let kinds = [("a", Kind::File), ("dir", Kind::Folder), ("link", Kind::Link)];
    let listing = DiskTree.list(folder.0.path()).unwrap();
    for (name, kind) in kinds {
        assert_eq!(DiskTree.look(&folder.path(name)).unwrap().unwrap().kind, kind);
        assert_eq!(listing.kind_of(name.as_bytes()), Some(kind));
    }
    let mut go_on = |_| ControlFlow::Continue(());
    assert!(DiskTree.is_same_content(&folder.path("again"), &folder.path("to-dir"), &mut go_on).unwrap());
    assert!(!DiskTree.is_same_content(&folder.path("again"), &folder.path("link"), &mut go_on).unwrap());
}

#[test]
fn nothing_is_there_below_a_file_and_folders_are_removed_empty_only() {
    let folder = Folder::new();
    fs::write(folder.path("a"), "").unwrap();
    assert_eq!(DiskTree.look(&folder.path("a/b")).unwrap(), None);
    assert_eq!(DiskTree.look_through(&folder.path("none")).unwrap(), None);
    DiskTree.make_folder(&folder.path("dir"), Some(0o700)).unwrap();
    assert_eq!(
        DiskTree.make_folder(&folder.path("dir"), None).unwrap_err().source.kind(),
        ErrorKind::AlreadyExists
    );
    fs::write(folder.path("dir/x"), "").unwrap();
    let removed = DiskTree.remove_folder(&folder.path("dir"));
    assert_eq!(removed.unwrap_err().source.kind(), ErrorKind::DirectoryNotEmpty);
    DiskTree.remove_file(&folder.path("dir/x")).unwrap();
    assert!(DiskTree.remove_file(&folder.path("dir/x")).is_err());
    DiskTree.sync_folder(&folder.path("dir")).unwrap();
    #[cfg(unix)]
    assert_eq!(DiskTree.look(&folder.path("dir")).unwrap().unwrap().sighting.size, 0o700);
    DiskTree.remove_folder(&folder.path("dir")).unwrap();
    assert_eq!(folder.names(), ["a"]);
}
