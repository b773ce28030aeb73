//! Disks that are full or cannot be written: nothing is half done, nothing is lost, and it is said why.

use super::{Two, kept};
use crate::support::disks::{Mounted, left_out};
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

/// A library here and on a file system in memory with these options.
fn limited(options: &str, n: usize) -> Option<(Two, Mounted, tempfile::TempDir)> {
    let folder = tempfile::tempdir().unwrap();
    let mounted = Mounted::tmpfs(folder.path(), options)?;
    Some((Two::between(folder.path().join("there"), None, n), mounted, folder))
}

fn at_top(two: &Two) -> Vec<PathBuf> {
    two.ids().keys().map(PathBuf::from).filter(|path| path.parent() == Some(&two.here)).collect()
}

#[test]
fn a_disk_without_room_is_told_before_anything_is_done() {
    let Some((two, mounted, _folder)) = limited("size=4m", 9) else { return };
    let (before, ids) = (kept(&two.here), two.ids());
    for (route, body) in [
        ("/move_files", json!({ "file_paths": at_top(&two), "dest": two.there })),
        ("/move_files", json!({ "file_paths": [two.here.join("set")], "dest": two.there })),
        ("/copy_files", json!({ "file_paths": at_top(&two), "dest": two.there, "continue_on_error": true })),
    ] {
        let why = two.refused(route, &body, &[400]);
        assert!(why.contains("room") || why.contains("free"), "{why}");
    }
    assert_eq!((kept(&two.here), kept(&two.there).len()), (before.clone(), 0));
    assert_eq!(two.ids(), ids);
    mounted.remount("size=64m");
    let moved = two.done("/move_files", &json!({ "file_paths": [two.here.join("set")], "dest": two.there }));
    two.undone(moved);
    assert_eq!((kept(&two.here), two.ids()), (before, ids));
}

#[test]
fn a_disk_that_is_full_on_the_way_leaves_whole_files_on_both_sides() {
    // There are bytes for all files, but not names: that shows when they are made.
    let Some((two, mounted, _folder)) = limited("size=64m,nr_inodes=12", 60) else { return };
    let (before, ids) = (kept(&two.here), two.ids());
    let whole = |two: &Two| {
        let (here, there) = (kept(&two.here), kept(&two.there));
        for (path, file) in before.iter().filter(|(path, _)| !path.starts_with("set")) {
            let (one, other) = (here.get(path), there.get(path));
            assert!((one == Some(file)) != (other == Some(file)), "{path} is whole, and there once");
            let sidecar = path.replace(".png", ".txt");
            if before.contains_key(&sidecar) {
                assert_eq!(
                    here.contains_key(path),
                    here.contains_key(&sidecar),
                    "{path} has its sidecar beside it"
                );
            }
        }
        assert!(there.keys().all(|path| before.contains_key(path)), "nothing else: {:?}", there.keys());
        assert_eq!(two.ids().values().collect::<std::collections::BTreeSet<_>>(), ids.values().collect());
        assert!(two.ids().keys().all(|path| PathBuf::from(path).exists()));
        there.len()
    };
    let body = json!({ "file_paths": at_top(&two), "dest": two.there });
    let (status, answer, deed) = two.post("/move_files", &body);
    assert_eq!(status, 400, "{answer}");
    let why = answer["detail"].as_str().unwrap();
    assert!(why.contains("no room left on the disk"), "{why}");
    assert!(whole(&two) > 2, "some were moved before: {why}");
    // What was done before can be taken back,
    two.undone(deed.unwrap());
    assert_eq!((kept(&two.here), two.ids()), (before.clone(), ids.clone()));
    // the same with each failure told,
    let going_on = json!({ "file_paths": at_top(&two), "dest": two.there, "continue_on_error": true });
    let (status, answer, deed) = two.post("/move_files", &going_on);
    assert_eq!(status, 200, "{answer}");
    assert!(answer["errors"].as_array().unwrap().len() > 3, "{answer}");
    whole(&two);
    two.undone(deed.unwrap());
    // a folder,
    let (status, answer, deed) =
        two.post("/move_files", &json!({ "file_paths": [two.here.join("set")], "dest": two.there }));
    assert_eq!(status, 400, "{answer}");
    two.undone(deed.unwrap());
    assert_eq!((kept(&two.here), two.ids()), (before.clone(), ids.clone()));
    // and with room again it is done, by the same program.
    mounted.remount("nr_inodes=1000");
    let moved = two.done("/move_files", &body);
    assert_eq!(whole(&two), at_top_of(&before));
    two.undone(moved);
    assert_eq!((kept(&two.here), two.ids()), (before, ids));
}

fn at_top_of(before: &std::collections::BTreeMap<String, super::Kept>) -> usize {
    before.keys().filter(|path| !path.starts_with("set")).count()
}

/// A folder that cannot be written, as long as the second is held.
fn unwritable(two: &Two, below: &str) -> Option<Option<Mounted>> {
    let path = two.here.join(below);
    if let Some(mounted) = Mounted::read_only(&path) {
        return Some(Some(mounted));
    }
    // Permissions do not hold for an administrator.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(path.join("probe"), "").is_ok() {
        left_out("an administrator who may not mount can write everywhere");
        return None;
    }
    Some(None)
}

#[test]
fn what_cannot_be_written_is_neither_source_nor_target() {
    let Some(two) = Two::new(12) else { return };
    fs::create_dir(two.here.join("locked")).unwrap();
    let moved = json!({ "file_paths": [two.here.join("0000.png"), two.here.join("0003.png")], "dest": two.here.join("locked") });
    two.done("/move_files", &moved);
    two.program.reference("/db/update_image_data", &json!({}));
    let Some(lock) = unwritable(&two, "locked") else { return };
    let (before, ids) = (kept(&two.here), two.ids());
    let (inside, outside) = (two.here.join("locked/0000.png"), two.here.join("0006.png"));
    for (route, body) in [
        ("/move_files", json!({ "file_paths": [outside], "dest": two.here.join("locked") })),
        (
            "/move_files",
            json!({ "file_paths": [outside], "dest": two.here.join("locked/new"), "create_dest_folder": true }),
        ),
        ("/move_files", json!({ "file_paths": [two.here.join("set")], "dest": two.here.join("locked") })),
        ("/copy_files", json!({ "file_paths": [outside], "dest": two.here.join("locked") })),
        ("/move_files", json!({ "file_paths": [inside], "dest": two.here })),
        ("/move_files", json!({ "file_paths": [inside], "dest": two.there })),
        ("/delete_files", json!({ "file_paths": [inside] })),
        ("/delete_files", json!({ "file_paths": [inside], "permanent": true })),
        ("/db/rename", json!({ "path": inside, "name": "other.png" })),
        ("/mkdirs", json!({ "dest_folder": two.here.join("locked/new") })),
    ] {
        let why = two.refused(route, &body, &[403, 400]);
        let names = ["locked", "0000.png", "here/set"];
        assert!(names.iter().any(|name| why.contains(name)), "{route}: {why}");
        assert_eq!(kept(&two.here), before, "{route} {body}: {why}");
        assert_eq!(kept(&two.there).len(), 0, "{route} {body}: {why}");
        assert_eq!(two.ids(), ids, "{route}: {why}");
    }
    let (status, answer, _) =
        two.post("/flatten_folder", &json!({ "folder_path": two.here, "dry_run": false }));
    assert!(status == 400 || status == 403 || answer["success"] == json!(false), "{status} {answer}");
    assert!(kept(&two.here).contains_key("locked/0000.png"));
    drop(lock);
    fs::set_permissions(two.here.join("locked"), fs::Permissions::from_mode(0o755)).unwrap();
    two.done("/db/rename", &json!({ "path": inside, "name": "other.png" }));
}
