//! A walk over real folders, pathological ones included.

#![allow(clippy::unwrap_used)]

use std::fs;

use super::*;

/// A folder to walk, and what the walk found in it.
struct Tree {
    top: tempfile::TempDir,
}

#[derive(Debug, Default)]
struct Found {
    parts: Vec<FolderPart>,
    walked: Walked,
    skipped: u64,
}

impl Tree {
    fn of(files: &[&str]) -> Self {
        let tree = Self { top: tempfile::tempdir().unwrap() };
        for file in files {
            tree.write(file, b"x");
        }
        tree
    }

    fn path(&self, below: &str) -> PathBuf {
        self.top.path().join(below)
    }

    fn write(&self, below: &str, content: &[u8]) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn root(&self) -> WalkedRoot {
        WalkedRoot { id: RootId(1), path: paths::to_bytes(self.top.path()) }
    }

    fn walk(&self) -> Found {
        self.walk_until(&Stop::never(), |_| ControlFlow::Continue(()))
    }

    fn walk_until(&self, stop: &Stop, each: impl Fn(&FolderPart) -> ControlFlow<()> + Sync) -> Found {
        let progress = Progress::default();
        let parts = Mutex::new(Vec::new());
        let walked = walk(&self.root(), 2, stop, &progress, || {
            |part: FolderPart| {
                let answer = each(&part);
                parts.lock().push(part);
                answer
            }
        })
        .unwrap();
        let mut parts = parts.into_inner();
        // Stable, so the parts of one folder keep their order.
        parts.sort_by(|a, b| a.folder.cmp(&b.folder));
        Found { parts, walked, skipped: progress.snapshot().skipped }
    }
}

impl Found {
    fn files(&self) -> Vec<String> {
        let path = |part: &FolderPart, seen: &Seen| {
            lumidex_schema::path::display(part.folder.join(&seen.name).as_bytes())
        };
        self.parts.iter().flat_map(|part| part.files.iter().map(move |seen| path(part, seen))).collect()
    }
}

#[test]
fn media_files_are_found_sorted_and_the_rest_is_not() {
    let tree =
        Tree::of(&["b.png", "a.JPG", "notes.txt", "x/y/z.webm", "x/c.mp3", "png", "x.png/in.png", "empty/t"]);
    let found = tree.walk();
    assert_eq!(found.files(), ["a.JPG", "b.png", "x/c.mp3", "x.png/in.png", "x/y/z.webm"]);
    assert_eq!(found.walked, Walked::default());
    assert!(found.parts.iter().all(|part| part.is_first && part.is_last && part.is_complete));
    assert_eq!(found.parts.len(), 5, "folders without media are reported too");
}

#[test]
fn a_sighting_is_what_the_file_system_says() {
    let tree = Tree::of(&["a.png"]);
    let seen = tree.walk().parts[0].files[0].clone();
    let metadata = fs::metadata(tree.path("a.png")).unwrap();
    let modified = metadata.modified().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(seen.sighting.size, 1);
    assert_eq!(i128::from(seen.sighting.modified.0), modified.as_nanos() as i128);
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        assert_eq!((seen.sighting.inode, seen.sighting.device), (metadata.ino(), metadata.dev()));
    }
}

#[test]
fn times_before_1970_and_far_ahead_are_kept() {
    let tree = Tree::of(&["old.png", "ahead.png"]);
    let set = |name: &str, time| {
        fs::File::options().write(true).open(tree.path(name)).unwrap().set_modified(time).unwrap();
    };
    set("old.png", std::time::UNIX_EPOCH - std::time::Duration::new(1_000, 5));
    set("ahead.png", std::time::UNIX_EPOCH + std::time::Duration::new(4_000_000_000, 7));
    let modified: Vec<i64> = tree.walk().parts[0].files.iter().map(|seen| seen.sighting.modified.0).collect();
    assert_eq!(modified, [4_000_000_000_000_000_007, -1_000_000_000_005]);
}

#[test]
fn a_sidecar_belongs_to_the_sighting() {
    let tree = Tree::of(&["a.png", "b.png", "c.d.png"]);
    tree.write("a.txt", b"hello");
    tree.write("c.d.txt", b"");
    fs::create_dir(tree.path("b.txt")).unwrap();
    let sizes: Vec<Option<u64>> =
        tree.walk().parts[0].files.iter().map(|seen| seen.sighting.sidecar.map(|(size, _)| size)).collect();
    assert_eq!(sizes, [Some(5), None, Some(0)]);
}

#[test]
fn ignored_and_passed_over_entries_are_not_seen() {
    let tree = Tree::of(&[
        "keep.png",
        "grids/a.png",
        "b.jpg",
        "sub/b.jpg",
        "sub/c.jpg",
        ".hidden/a.png",
        ".a.png",
        "@eaDir/a.png",
        ".lumidex-trash/a.png",
        "old.tmp/a.png",
    ]);
    tree.write(".lumidexignore", b"*.jpg\ngrids/\n");
    tree.write("sub/.lumidexignore", b"!c.jpg\n");
    assert_eq!(tree.walk().files(), ["keep.png", "sub/c.jpg"]);
}

#[test]
fn a_large_folder_comes_in_parts() {
    let tree = Tree::of(&[]);
    let n_files = PART_FILES_MAX + 3;
    for n in 0..n_files {
        fs::File::create(tree.path(&format!("{n:05}.png"))).unwrap();
    }
    let found = tree.walk();
    let shapes: Vec<_> =
        found.parts.iter().map(|part| (part.files.len(), part.is_first, part.is_last)).collect();
    assert_eq!(shapes, [(PART_FILES_MAX, true, false), (3, false, true)]);
    assert!(found.files().is_sorted());
}

#[test]
fn a_stopped_walk_says_so() {
    let tree = Tree::of(&["a/a.png", "b/b.png", "c/c.png"]);
    let stopper = crate::sys::Stopper::new();
    let found = tree.walk_until(&stopper.stop(), |_| {
        stopper.trigger();
        ControlFlow::Continue(())
    });
    assert!(found.walked.is_broken_off);
    assert!(found.parts.len() < 4);
    let found = tree.walk_until(&Stop::never(), |_| ControlFlow::Break(()));
    assert!(found.walked.is_broken_off);
}

#[test]
fn a_root_that_is_not_there_is_an_error() {
    let tree = Tree::of(&["file.png"]);
    for below in ["absent", "file.png"] {
        let root = WalkedRoot { id: RootId(1), path: paths::to_bytes(tree.path(below)) };
        let visitor = || |_: FolderPart| ControlFlow::Continue(());
        let error = walk(&root, 1, &Stop::never(), &Progress::default(), visitor).unwrap_err();
        assert_eq!(error.path, tree.path(below));
    }
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::symlink;

    use rustix::fs::{CWD, FileType, Mode, OFlags, mkdirat, mknodat, openat};

    use super::*;
    use crate::intake::logs::tests::page;

    #[test]
    fn links_and_pipes_are_skipped_without_being_opened() {
        let tree = Tree::of(&["real/a.png"]);
        let outside = Tree::of(&["b.png"]);
        symlink(outside.path("b.png"), tree.path("link.png")).unwrap();
        symlink(outside.path(""), tree.path("elsewhere")).unwrap();
        symlink(tree.path("self.png"), tree.path("self.png")).unwrap();
        symlink(tree.path(""), tree.path("real/up")).unwrap();
        mknodat(CWD, tree.path("pipe.png"), FileType::Fifo, Mode::RUSR, 0).unwrap();
        let found = tree.walk();
        assert_eq!(found.files(), ["real/a.png"]);
        assert_eq!(found.skipped, 3, "only what is named like media counts");
        assert_eq!(found.walked, Walked::default());
    }

    #[test]
    fn a_root_may_itself_be_a_link() {
        let tree = Tree::of(&["real/a.png"]);
        symlink(tree.path("real"), tree.path("link")).unwrap();
        let root = WalkedRoot { id: RootId(1), path: paths::to_bytes(tree.path("link")) };
        let n_files = std::sync::atomic::AtomicUsize::new(0);
        walk(&root, 1, &Stop::never(), &Progress::default(), || {
            |part: FolderPart| {
                n_files.fetch_add(part.files.len(), std::sync::atomic::Ordering::SeqCst);
                ControlFlow::Continue(())
            }
        })
        .unwrap();
        assert_eq!(n_files.into_inner(), 1);
    }

    #[test]
    fn a_folder_that_becomes_a_link_while_it_is_walked_leads_nowhere_else() {
        let tree = Tree::of(&["sub/.lumidexignore", "sub/log.html", "sub/a.png"]);
        let outside = Tree::of(&["a.png"]);
        outside.write(".lumidexignore", b"*.png");
        outside.write("log.html", page(&[("a.png", "a secret")]).as_bytes());
        let (sub, moved, other) = (tree.path("sub"), tree.path("moved"), outside.path(""));
        let swap = move |folder: &RelPath, _: &Sighting| {
            if folder.as_bytes() == b"sub" {
                fs::rename(&sub, &moved).unwrap();
                symlink(&other, &sub).unwrap();
            }
        };
        let (logs, pulse, progress, found) =
            (Logs::default(), Pulse::default(), Progress::default(), Mutex::new(Vec::new()));
        let (folder, ignores) = (RelPath::root(), Ignores::default());
        let start = Start { folder, ignores, entering: &swap, logs: &logs, pulse: &pulse };
        walk_from(&tree.root(), start, 1, &Stop::never(), &progress, || {
            |part: FolderPart| {
                found.lock().extend(part.files);
                ControlFlow::Continue(())
            }
        })
        .unwrap();
        let found = found.into_inner();
        assert_eq!(found.len(), 1, "what the other folder ignores is not ignored");
        assert!(found[0].besides.as_ref().is_none_or(|besides| besides.logged.is_none()));
        assert_eq!(logs.n_parsed(), 0);
    }

    #[test]
    fn names_are_bytes() {
        let tree = Tree::of(&[]);
        for name in [
            &b"\xff\xfe.png"[..],
            b"line\nbreak.png",
            b"quote\"<.png",
            b"%2e.png",
            b"cafe\xcc\x81.png",
            "café.png".as_bytes(),
        ] {
            fs::write(tree.top.path().join(paths::from_bytes(name)), b"x").unwrap();
        }
        let found = tree.walk();
        let names: Vec<&[u8]> = found.parts[0].files.iter().map(|seen| seen.name.as_slice()).collect();
        assert_eq!(names.len(), 6);
        assert!(names.contains(&&b"\xff\xfe.png"[..]) && names.is_sorted());
    }

    /// A path longer than the system takes cannot be opened even by an administrator.
    #[test]
    fn a_folder_that_cannot_be_opened_is_reported_and_the_rest_goes_on() {
        let tree = Tree::of(&["a.png", "z/b.png"]);
        let name = "d".repeat(250);
        let mut folder = rustix::fs::open(tree.top.path(), OFlags::DIRECTORY, Mode::empty()).unwrap();
        for _ in 0..17 {
            mkdirat(&folder, name.as_str(), Mode::RWXU).unwrap();
            folder = openat(&folder, name.as_str(), OFlags::DIRECTORY, Mode::empty()).unwrap();
        }
        let found = tree.walk();
        assert_eq!(found.files(), ["a.png", "z/b.png"]);
        assert_eq!(found.walked.unlisted.len(), 1);
        assert!(found.walked.unlisted[0].as_bytes().starts_with(name.as_bytes()));
        assert!(!found.walked.is_broken_off);
    }
}
