//! Names that programs stumble over are names like others.

use super::world::{There, World};
use lumidex::files::Wish;
use lumidex::sys::paths;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

fn hostile() -> Vec<Vec<u8>> {
    let mut names: Vec<Vec<u8>> = [
        "it's \"quoted\".png",
        "new\nline.png",
        "-x.png",
        "--help.png",
        "$(reboot);&|.png",
        "%2e%2e%2f.png",
        "*?[a].png",
        " .png",
        "..png",
        "a..png",
        "back\\slash.png",
        "tab\there.png",
        "e\u{301}.png",
        "\u{e9}.png",
        "\u{202e}gnp.png",
        "\u{1f600}.png",
        "CON.png",
    ]
    .iter()
    .map(|name| name.as_bytes().to_vec())
    .collect();
    names.push([vec![b'n'; 251], b".png".to_vec()].concat());
    names.push(b"\xff\xfe\x80.png".to_vec());
    names
}

fn world() -> (World, Vec<Vec<u8>>) {
    let world = World::new(&["pics/sub/", "pics/other/"]);
    let mut files = Vec::new();
    for (nth, name) in hostile().into_iter().enumerate() {
        let path = world.path("pics").join(OsStr::from_bytes(&name));
        fs::write(&path, format!("content {nth}")).unwrap();
        let sidecar = [&name[..name.len() - 4], b".txt"].concat();
        fs::write(world.path("pics").join(OsStr::from_bytes(&sidecar)), format!("caption {nth}")).unwrap();
        files.push(paths::to_bytes(path));
    }
    world.walk();
    (world, files)
}

fn contents(world: &World, below: &str) -> Vec<Vec<u8>> {
    let there = world.there().into_iter().chain(world.trash());
    let files = there.filter(|(path, _)| path.starts_with(below));
    let mut contents: Vec<_> = files
        .filter_map(|(_, there)| match there {
            There::File(content, _) => Some(content),
            There::Folder | There::Link(_) => None,
        })
        .collect();
    contents.sort();
    contents
}

#[test]
fn every_name_is_moved_copied_deleted_and_brought_back() {
    let (world, files) = world();
    let n = files.len() as u64;
    let (known, all, names) = (world.known(), contents(&world, "pics"), world.names());
    let copied = Wish::Copy {
        files: files.clone(),
        into: world.bytes("pics/other"),
        make_folder: false,
        go_on: false,
    };
    assert_eq!(world.does(&copied).done, n);
    assert_eq!(contents(&world, "pics/other"), all);
    let moved =
        Wish::Move { files: files.clone(), into: world.bytes("pics/sub"), make_folder: false, go_on: false };
    let moved = world.does(&moved);
    assert_eq!(moved.done, n);
    assert_eq!(contents(&world, "pics/sub"), all);
    world.agrees();
    world.files.undo(moved.operation.unwrap()).unwrap();
    let deleted = world.does(&Wish::Delete { files, for_good: false });
    assert_eq!(contents(&world, "pics/.lumidex-trash"), all);
    world.files.undo(deleted.operation.unwrap()).unwrap();
    world.does(&Wish::Flatten { folder: world.bytes("pics/sub") });
    let now: Vec<_> = world.names().into_iter().filter(|name| !name.starts_with("pics/other/")).collect();
    let before: Vec<_> = names.into_iter().filter(|name| !name.starts_with("pics/other/")).collect();
    assert_eq!(now, before);
    for (path, image) in known {
        assert_eq!(world.known()[&path], image);
    }
}

#[test]
fn every_name_is_given_and_taken_away_again() {
    let (world, _) = world();
    for name in hostile() {
        let from = [world.bytes("pics"), b"/".to_vec(), name.clone()].concat();
        let renamed = world.does(&Wish::Rename { path: from.clone(), name: b"plain.png".to_vec() });
        assert!(world.path("pics/plain.png").exists() && world.path("pics/plain.txt").exists());
        world.does(&Wish::Rename { path: world.bytes("pics/plain.png"), name: name.clone() });
        assert!(paths::from_bytes(&from).exists(), "{}", name.escape_ascii());
        assert!(renamed.operation.is_some());
    }
    world.agrees();
}

#[test]
fn twins_that_differ_in_form_only_are_two_files() {
    let world = World::new(&["pics/e\u{301}.png", "pics/\u{e9}.png", "pics/sub/"]);
    if world.known().len() < 2 {
        // The file system takes them for one.
        return;
    }
    let there = world.there();
    let report = world.does(&world.mv(&["pics/e\u{301}.png", "pics/\u{e9}.png"], "pics/sub"));
    assert_eq!(report.done, 2);
    assert_eq!(world.there()["pics/sub/\u{e9}.png"], there["pics/\u{e9}.png"]);
    world.refuses(&world.rename("pics/sub/e\u{301}.png", "\u{e9}.png"), "exists already");
    world.agrees();
}
