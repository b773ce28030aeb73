//! Names that mean something to shells, to text or to nobody, from end to end: moved, renamed, copied,
//! deleted, packed and taken back, in both dialects.

use super::served::{PREFIXES, Reply, Served, encode, names, png};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::fs;
use std::io::{Cursor, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use zip::ZipArchive;

/// Bytes of names, and how each is shown.
fn hostile() -> Vec<(Vec<u8>, String)> {
    let mut all: Vec<(Vec<u8>, String)> = [
        "it's \"so\" `quoted`.png",
        "two\nlines\r\ttab.png",
        "-rf x.png",
        "--.png",
        "hundred %20 100% %2F%00.png",
        "Caf\u{e9}.png",
        "Cafe\u{301}.png",
        "trailing blank .png",
        "dots...png",
        " leading.png",
        "back\\slash.png",
        "$HOME ~ * ? [a] {b} | & ; > < #!.png",
        "\u{202e}gnp.evil\u{7}.png",
        "C:con.png",
        "猫😀.png",
    ]
    .iter()
    .map(|name| (name.as_bytes().to_vec(), (*name).to_owned()))
    .collect();
    let long = format!("{}.png", "x".repeat(251));
    all.push((long.clone().into_bytes(), long));
    let wide = format!("{}.png", "ü".repeat(125));
    all.push((wide.clone().into_bytes(), wide));
    all.push((b"caf\xe9 \xff.png".to_vec(), "caf\u{fffd}E9 \u{fffd}FF.png".to_owned()));
    // One looks as the other is shown; whoever deletes the one must not lose the other.
    all.push((b"caf\xe9.png".to_vec(), "caf\u{fffd}E9.png".to_owned()));
    let twin = "caf\u{fffd}E9.png".as_bytes().to_vec();
    all.push((twin, "caf\u{fffd}EF\u{fffd}BF\u{fffd}BDE9.png".to_owned()));
    all
}

struct Names {
    served: Served,
    prefix: &'static str,
    /// Name, as it is shown, and content.
    files: Vec<(Vec<u8>, String, Vec<u8>)>,
}

impl Names {
    /// A picture of each name, with its own content, in the folder `odd`.
    fn new(prefix: &'static str) -> Self {
        let served = Served::new();
        fs::create_dir(served.path("odd")).unwrap();
        fs::create_dir(served.path("to")).unwrap();
        let mut files = Vec::new();
        for (nth, (name, shown)) in hostile().into_iter().enumerate() {
            let content = png(&format!("an ibis, number {nth}\nSteps: 20, Sampler: Euler a, Seed: {nth}"));
            fs::write(path_of(&served, "odd", &name), &content).unwrap();
            files.push((name, shown, content));
        }
        served.library.update().unwrap();
        Self { served, prefix, files }
    }

    fn post(&self, route: &str, body: &Value) -> Reply {
        self.served.ask("POST", &format!("{}{route}", self.prefix), body)
    }

    #[track_caller]
    fn done(&self, route: &str, body: &Value) -> u64 {
        let reply = self.post(route, body);
        assert_eq!(reply.status, 200, "{route} {body}: {}", reply.text());
        reply.header("x-lumidex-deed").parse().unwrap()
    }

    #[track_caller]
    fn undone(&self, deed: u64) {
        let reply = self.served.ask("POST", "/api/v1/undo", &json!({ "number": deed }));
        assert_eq!(reply.status, 200, "{}", reply.text());
    }

    /// As they are shown.
    fn paths(&self, folder: &str) -> Vec<String> {
        self.files.iter().map(|(_, shown, _)| self.served.path(&format!("{folder}/{shown}"))).collect()
    }

    /// Ids, in the order of the files.
    #[track_caller]
    fn ids(&self, folder: &str) -> Vec<u64> {
        let found = self.served.ask("GET", "/api/v1/search?q=ibis&size=1000", &Value::Null).json();
        let found = found["files"].as_array().unwrap();
        assert_eq!(found.len(), self.files.len(), "each is found once");
        let id = |path: &String| {
            let file = found.iter().find(|file| file["fullpath"] == json!(path));
            file.unwrap_or_else(|| panic!("{path:?} is not among {found:?}"))["id"].as_u64().unwrap()
        };
        self.paths(folder).iter().map(id).collect()
    }

    /// Every file is in this folder, whole and under its name.
    #[track_caller]
    fn are_in(&self, folder: &str) {
        for (name, shown, content) in &self.files {
            let path = path_of(&self.served, folder, name);
            assert_eq!(fs::read(&path).ok().as_ref(), Some(content), "{shown:?}");
        }
        assert_eq!(fs::read_dir(self.served.path(folder)).unwrap().count(), self.files.len());
    }
}

fn path_of(served: &Served, folder: &str, name: &[u8]) -> PathBuf {
    Path::new(&served.path(folder)).join(OsStr::from_bytes(name))
}

#[test]
fn files_of_any_name_are_moved_and_come_back() {
    for prefix in PREFIXES {
        let names = Names::new(prefix);
        let ids = names.ids("odd");
        let moved = names.done(
            "/move_files",
            &json!({ "file_paths": names.paths("odd"), "dest": names.served.path("to") }),
        );
        names.are_in("to");
        assert_eq!(names.ids("to"), ids);
        names.served.library.update().unwrap();
        assert_eq!(names.ids("to"), ids, "nor does a walk think otherwise");
        names.undone(moved);
        names.are_in("odd");
        assert_eq!(names.ids("odd"), ids);
    }
}

#[test]
fn files_of_any_name_are_listed_as_every_route_takes_them() {
    for prefix in PREFIXES {
        let those = Names::new(prefix);
        let folder = those.served.encoded("odd");
        let listed =
            those.served.ask("GET", &format!("{prefix}/files?folder_path={folder}"), &Value::Null).json();
        let mut listed_names: Vec<&str> = names(&listed);
        listed_names.sort_unstable();
        let mut expected: Vec<&str> = those.files.iter().map(|(_, shown, _)| shown.as_str()).collect();
        expected.sort_unstable();
        assert_eq!(listed_names, expected);
        for ((_, _, content), path) in those.files.iter().zip(those.paths("odd")) {
            let uri = format!("{prefix}/file?path={}&t=1", encode(&path));
            let reply = those.served.ask("GET", &uri, &Value::Null);
            assert_eq!((reply.status, &reply.body), (200, content), "{path:?}");
        }
    }
}

#[test]
fn files_of_any_name_are_copied_and_deleted_and_come_back() {
    for prefix in PREFIXES {
        let names = Names::new(prefix);
        let ids = names.ids("odd");
        let copied = names.done(
            "/copy_files",
            &json!({ "file_paths": names.paths("odd"), "dest": names.served.path("to") }),
        );
        names.are_in("odd");
        names.are_in("to");
        names.undone(copied);
        assert_eq!(fs::read_dir(names.served.path("to")).unwrap().count(), 0);
        let deleted = names.done("/delete_files", &json!({ "file_paths": names.paths("odd") }));
        assert_eq!(fs::read_dir(names.served.path("odd")).unwrap().count(), 0);
        names.undone(deleted);
        names.are_in("odd");
        assert_eq!(names.ids("odd"), ids);
    }
}

#[test]
fn a_file_gets_any_name_and_its_own_again() {
    for prefix in PREFIXES {
        let names = Names::new(prefix);
        let ids = names.ids("odd");
        for (nth, (name, shown, content)) in names.files.iter().enumerate() {
            let (there, plain) = (path_of(&names.served, "odd", name), names.served.path("odd/plain.png"));
            let reply =
                names.post("/db/rename", &json!({ "path": names.paths("odd")[nth], "name": "plain.png" }));
            assert_eq!(
                (reply.status, &reply.json()["new_path"]),
                (200, &json!(plain)),
                "{shown:?}: {}",
                reply.text()
            );
            assert!(!there.exists() && fs::read(&plain).unwrap() == *content, "{shown:?}");
            let reply = names.post("/db/rename", &json!({ "path": plain, "name": shown }));
            assert_eq!(
                (reply.status, &reply.json()["new_path"]),
                (200, &json!(names.paths("odd")[nth])),
                "{}",
                reply.text()
            );
            let renamed: u64 = reply.header("x-lumidex-deed").parse().unwrap();
            assert!(!Path::new(&plain).exists() && fs::read(&there).unwrap() == *content, "{shown:?}");
            names.undone(renamed);
            assert!(!there.exists() && Path::new(&plain).exists(), "{shown:?}");
            names.done("/db/rename", &json!({ "path": plain, "name": shown }));
        }
        names.are_in("odd");
        assert_eq!(names.ids("odd"), ids);
    }
}

#[test]
fn folders_of_any_name_are_made_moved_and_renamed() {
    for prefix in PREFIXES {
        let names = Names::new(prefix);
        for (name, shown, content) in &names.files {
            // A folder whose name ends like that of a picture is a folder all the same.
            let (made, bytes) = (format!("to/{shown}"), path_of(&names.served, "to", name));
            names.done("/mkdirs", &json!({ "dest_folder": names.served.path(&made) }));
            assert!(bytes.is_dir(), "{shown:?}");
            let file = names.served.path(&format!("odd/{shown}"));
            let moved =
                names.done("/move_files", &json!({ "file_paths": [file], "dest": names.served.path(&made) }));
            let inside = bytes.join(OsStr::from_bytes(name));
            assert_eq!(&fs::read(&inside).unwrap(), content, "{shown:?}");
            let renamed =
                names.done("/db/rename", &json!({ "path": names.served.path(&made), "name": "plain" }));
            assert!(Path::new(&names.served.path("to/plain")).is_dir() && !bytes.exists(), "{shown:?}");
            names.undone(renamed);
            names.undone(moved);
            names.done("/delete_files", &json!({ "file_paths": [names.served.path(&made)] }));
            assert!(!bytes.exists(), "{shown:?}");
        }
        names.are_in("odd");
    }
}

#[test]
fn names_that_look_alike_are_two_files() {
    for prefix in PREFIXES {
        let names = Names::new(prefix);
        let composed = names.files.iter().position(|(_, shown, _)| shown == "Caf\u{e9}.png").unwrap();
        let apart = names.files.iter().position(|(_, shown, _)| shown == "Cafe\u{301}.png").unwrap();
        let ids = names.ids("odd");
        names.done("/delete_files", &json!({ "file_paths": [names.paths("odd")[composed]] }));
        assert!(!path_of(&names.served, "odd", &names.files[composed].0).exists());
        let other = path_of(&names.served, "odd", &names.files[apart].0);
        assert_eq!(fs::read(&other).unwrap(), names.files[apart].2);
        let found = names.served.ask("GET", "/api/v1/search?q=ibis&size=1000", &Value::Null).json();
        let left: Vec<u64> =
            found["files"].as_array().unwrap().iter().map(|file| file["id"].as_u64().unwrap()).collect();
        assert!(!left.contains(&ids[composed]) && left.contains(&ids[apart]));
        // Nor does one take the name of the other: a file system that takes both for one is told apart.
        let body = json!({ "path": names.paths("odd")[apart], "name": "Caf\u{e9}.png" });
        names.done("/db/rename", &body);
        assert!(!other.exists());
    }
}

#[test]
fn names_that_are_none_are_refused() {
    for prefix in PREFIXES {
        let names = Names::new(prefix);
        let path = &names.paths("odd")[0];
        let too_long = format!("{}.png", "x".repeat(252));
        let too_wide = format!("{}.png", "ü".repeat(126));
        for name in ["", ".", "..", "a/b.png", "/", "nul\0.png", &too_long, &too_wide] {
            let reply = names.post("/db/rename", &json!({ "path": path, "name": name }));
            assert_eq!(reply.status, 400, "{name:?}: {}", reply.text());
            reply.assert_problem();
        }
        // A hidden name is one, though what bears it is found no more.
        names.done("/db/rename", &json!({ "path": path, "name": ".hidden.png" }));
        assert!(Path::new(&names.served.path("odd/.hidden.png")).exists());
    }
}

#[test]
fn an_archive_holds_files_of_any_name_whole() {
    for prefix in PREFIXES {
        let names = Names::new(prefix);
        let reply = names.post("/zip", &json!({ "paths": names.paths("odd") }));
        assert_eq!((reply.status, reply.header("content-type")), (200, "application/zip"));
        let mut archive = ZipArchive::new(Cursor::new(reply.body)).unwrap();
        let mut packed: Vec<Vec<u8>> = (0..archive.len())
            .map(|nth| {
                let mut entry = archive.by_index(nth).unwrap();
                let name = entry.name().unwrap().into_owned();
                assert!(
                    !name.contains('/') && !name.contains('\\') && name != "..",
                    "{name:?} leads nowhere else"
                );
                let mut content = Vec::new();
                entry.read_to_end(&mut content).unwrap();
                content
            })
            .collect();
        packed.sort();
        let mut expected: Vec<Vec<u8>> = names.files.iter().map(|(_, _, content)| content.clone()).collect();
        expected.sort();
        assert_eq!(packed, expected);
    }
}
