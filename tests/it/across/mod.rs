//! Operations between two file systems, through the real program: what is moved is copied, proven equal,
//! made durable and then removed, and everything about it is as it was.

mod killed;
mod limits;

use crate::live::Program;
use crate::support::disks::{Elsewhere, left_out};
use crate::support::watched::picture;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Seconds since 1970 of the first file; each further one is a bit older. Nanoseconds are kept, too.
const FIRST_DATE: Duration = Duration::new(1_600_000_000, 123_456_789);

/// A library of two folders on two file systems, and the program over it.
struct Two {
    program: Program,
    here: PathBuf,
    there: PathBuf,
    data: PathBuf,
    /// Removed when dropped.
    _dirs: (tempfile::TempDir, Option<Elsewhere>),
}

/// What is at a path: permissions, time of change, and bytes or, of a link, where it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    mode: u32,
    modified: SystemTime,
    content: Vec<u8>,
}

impl Two {
    /// With `n` pictures here, each third with a sidecar; nothing where there is no other file system.
    fn new(n: usize) -> Option<Self> {
        let Some(elsewhere) = Elsewhere::new() else {
            left_out("there is only one file system");
            return None;
        };
        let there = elsewhere.path().join("there");
        Some(Self::between(there, Some(elsewhere), n))
    }

    fn between(there: PathBuf, elsewhere: Option<Elsewhere>, n: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (here, data) = (dir.path().join("here"), dir.path().join("data"));
        fs::create_dir_all(here.join("set/deep/empty")).unwrap();
        fs::create_dir_all(&there).unwrap();
        for nth in 0..n {
            let folder = ["", "set", "set/deep"][nth % 3];
            let path = here.join(folder).join(format!("{nth:04}.png"));
            write(&path, &picture(&format!("a heron, number {nth}")), nth);
            if nth % 4 == 0 {
                write(&path.with_extension("txt"), format!("beside {nth}").as_bytes(), nth + 1);
            }
        }
        symlink("0001.png", here.join("set/link.png")).unwrap();
        fs::set_permissions(here.join("set/deep"), fs::Permissions::from_mode(0o750)).unwrap();
        let program = Program::start(&data, &[&here, &there]);
        program.reference("/db/update_image_data", &json!({}));
        Self { program, here, there, data, _dirs: (dir, elsewhere) }
    }

    fn post(&self, route: &str, body: &Value) -> (u16, Value, Option<u64>) {
        let prefix = if route.starts_with("/api") { "" } else { "/infinite_image_browsing" };
        let url = format!("{}{prefix}{route}", self.program.url);
        let response = self.program.client.post(url).json(body).send().unwrap();
        let status = response.status().as_u16();
        let deed =
            response.headers().get("x-lumidex-deed").map(|number| number.to_str().unwrap().parse().unwrap());
        (status, response.json().unwrap(), deed)
    }

    /// Must be done; the number of what it was.
    #[track_caller]
    fn done(&self, route: &str, body: &Value) -> u64 {
        let (status, answer, deed) = self.post(route, body);
        assert_eq!(status, 200, "{route} {body}: {answer}");
        deed.unwrap()
    }

    #[track_caller]
    fn undone(&self, deed: u64) {
        let (status, answer, _) = self.post("/api/v1/undo", &json!({ "number": deed }));
        assert_eq!(status, 200, "{answer}");
    }

    /// Must not be done; why.
    #[track_caller]
    fn refused(&self, route: &str, body: &Value, statuses: &[u16]) -> String {
        let (status, answer, _) = self.post(route, body);
        assert!(statuses.contains(&status), "{route} {body}: {status} {answer}");
        answer["detail"].as_str().unwrap().to_owned()
    }

    /// Ids of all images, by path.
    fn ids(&self) -> BTreeMap<String, u64> {
        let found = self.program.reference("/db/search_by_substr", &json!({ "surstr": "", "size": 10_000 }));
        let id = |file: &Value| file["id"].as_u64().or_else(|| file["id"].as_str()?.parse().ok()).unwrap();
        let files = found["files"].as_array().unwrap();
        let ids: BTreeMap<String, u64> =
            files.iter().map(|file| (file["fullpath"].as_str().unwrap().to_owned(), id(file))).collect();
        assert_eq!(ids.len(), files.len());
        ids
    }

    fn tag(&self, paths: &[&Path]) -> u64 {
        let tag = self.program.reference("/db/add_custom_tag", &json!({ "tag_name": "kept" }))["id"]
            .as_u64()
            .unwrap();
        let body = json!({ "img_paths": paths, "tag_id": tag, "action": "add" });
        self.program.reference("/db/batch_update_image_tag", &body);
        tag
    }

    fn tagged(&self, tag: u64) -> Vec<String> {
        let body = json!({ "and_tags": [tag], "size": 10_000 });
        let found = self.program.reference("/db/match_images_by_tags", &body);
        let files = found["files"].as_array().unwrap();
        let mut paths: Vec<String> =
            files.iter().map(|file| file["fullpath"].as_str().unwrap().to_owned()).collect();
        paths.sort();
        paths
    }
}

fn write(path: &Path, content: &[u8], nth: usize) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode([0o644, 0o600, 0o444][nth % 3])).unwrap();
    let modified = SystemTime::UNIX_EPOCH + FIRST_DATE - Duration::from_secs(nth as u64);
    let file = fs::File::open(path).unwrap();
    file.set_times(fs::FileTimes::new().set_modified(modified)).unwrap();
}

/// Everything below a folder, by path below it; the trash by the path each had.
fn kept(root: &Path) -> BTreeMap<String, Kept> {
    let mut all = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let below = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            let (content, modified) = if metadata.is_dir() {
                folders.push(path);
                // Of a folder, only that it is there.
                (Vec::new(), SystemTime::UNIX_EPOCH)
            } else if metadata.is_symlink() {
                (fs::read_link(&path).unwrap().to_str().unwrap().into(), SystemTime::UNIX_EPOCH)
            } else {
                (fs::read(&path).unwrap(), metadata.modified().unwrap())
            };
            let name = match below.strip_prefix(".lumidex-trash/").and_then(|rest| rest.split_once('/')) {
                Some((_operation, rest)) => format!("trash/{rest}"),
                None => below,
            };
            all.insert(name, Kept { mode: metadata.mode(), modified, content });
        }
    }
    all
}

#[test]
fn what_goes_to_another_disk_and_back_is_as_it_was() {
    let Some(two) = Two::new(30) else { return };
    let (before, ids) = (kept(&two.here), two.ids());
    let some = [two.here.join("0000.png"), two.here.join("set/deep/0002.png")];
    let tag = two.tag(&some.each_ref().map(PathBuf::as_path));
    let tagged = two.tagged(tag);
    assert_eq!(tagged.len(), 2);
    let files = [two.here.join("set"), two.here.join("0000.png"), two.here.join("0003.png")];
    let moved = two.done("/move_files", &json!({ "file_paths": files, "dest": two.there }));
    let is_moved = |path: &str| {
        path.split('/').next().is_some_and(|top| ["set", "0000.png", "0000.txt", "0003.png"].contains(&top))
    };
    let expected: BTreeMap<String, Kept> = before
        .iter()
        .filter(|(path, _)| is_moved(path))
        .map(|(path, kept)| (path.clone(), kept.clone()))
        .collect();
    assert!(expected.len() > 20);
    assert_eq!(kept(&two.there), expected);
    let stayed = kept(&two.here);
    assert!(stayed.keys().all(|path| !is_moved(path)), "{:?}", stayed.keys());
    let elsewhere = |path: &String| {
        let below = Path::new(path).strip_prefix(&two.here).unwrap().to_str().unwrap();
        if is_moved(below) { two.there.join(below).to_str().unwrap().to_owned() } else { path.clone() }
    };
    for _ in 0..2 {
        let expected: BTreeMap<String, u64> = ids.iter().map(|(path, id)| (elsewhere(path), *id)).collect();
        assert_eq!(two.ids(), expected, "each is the image it was");
        let mut expected: Vec<String> = tagged.iter().map(elsewhere).collect();
        expected.sort();
        assert_eq!(two.tagged(tag), expected);
        // Nor does a walk think otherwise.
        two.program.reference("/db/update_image_data", &json!({}));
    }
    two.undone(moved);
    assert_eq!(kept(&two.here), before);
    assert_eq!(kept(&two.there), BTreeMap::new());
    assert_eq!((two.ids(), two.tagged(tag)), (ids, tagged));
}

#[test]
fn a_copy_on_another_disk_is_equal_and_can_be_taken_back() {
    let Some(two) = Two::new(8) else { return };
    let (before, ids) = (kept(&two.here), two.ids());
    let body = json!({ "file_paths": [two.here.join("0000.png"), two.here.join("0003.png")], "dest": two.there.join("new"), "create_dest_folder": true });
    let copied = two.done("/copy_files", &body);
    let copies = kept(&two.there);
    for name in ["0000.png", "0000.txt", "0003.png"] {
        assert_eq!(copies[&format!("new/{name}")], before[name], "{name}");
    }
    assert_eq!((kept(&two.here), copies.len()), (before.clone(), 4));
    two.program.reference("/db/update_image_data", &json!({}));
    assert_eq!(two.ids().len(), ids.len() + 2);
    two.undone(copied);
    let trash = kept(&two.there);
    assert!(trash.contains_key("trash/new/0000.png") && !trash.contains_key("new"), "{:?}", trash.keys());
    assert_eq!((kept(&two.here), two.ids()), (before, ids));
}

#[test]
fn what_is_deleted_stays_on_its_disk() {
    let Some(two) = Two::new(8) else { return };
    two.done(
        "/move_files",
        &json!({ "file_paths": [two.here.join("0000.png"), two.here.join("0003.png")], "dest": two.there }),
    );
    let (before, ids) = (kept(&two.there), two.ids());
    let inode = |path: &Path| fs::metadata(path).unwrap().ino();
    let file = two.there.join("0000.png");
    let was = inode(&file);
    let deleted = two.done("/delete_files", &json!({ "file_paths": [file, two.here.join("set/0001.png")] }));
    let trash = kept(&two.there);
    assert_eq!(
        (&trash["trash/0000.png"], &trash["trash/0000.txt"]),
        (&before["0000.png"], &before["0000.txt"])
    );
    assert!(kept(&two.here).contains_key("trash/set/0001.png"));
    two.undone(deleted);
    assert_eq!((kept(&two.there), inode(&file)), (before, was), "it was never copied");
    assert_eq!(two.ids(), ids);
}
