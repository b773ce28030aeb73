//! In an open library that watches: what is done shows in searches when the answer is there, and images
//! stay who they are although the watcher sees the same moves.

use crate::support::watched::{Watched, until};
use lumidex::files::{Wish, WishError};
use lumidex::sys::paths;
use lumidex_schema::id::Seq;
use std::fs;

fn all(watched: &Watched, below: &[&str]) -> Vec<Vec<u8>> {
    below.iter().map(|path| paths::to_bytes(watched.path(path))).collect()
}

fn folder_of(watched: &Watched) -> Vec<u8> {
    paths::to_bytes(watched.path("sub"))
}

#[test]
fn what_is_done_is_searchable_at_once_and_tags_stay() {
    let watched = Watched::new();
    fs::create_dir(watched.path("sub")).unwrap();
    for name in ["a.png", "b.png", "c.png"] {
        watched.write(name, "a lighthouse");
    }
    watched.await_found("lighthouse", &["a.png", "b.png", "c.png"]);
    let library = watched.library();
    let (image, tag) = (watched.image("a.png"), library.make_tag("mine").unwrap());
    library.put_tag(tag, vec![image]).unwrap();

    let wish = Wish::Move {
        files: all(&watched, &["a.png"]),
        into: folder_of(&watched),
        make_folder: false,
        go_on: false,
    };
    let moved = library.perform(&wish).unwrap();
    assert_eq!(watched.found("lighthouse"), ["b.png", "c.png", "sub/a.png"]);
    assert_eq!(watched.image("sub/a.png"), image);

    let deleted =
        library.perform(&Wish::Delete { files: all(&watched, &["b.png"]), for_good: false }).unwrap();
    assert_eq!(watched.found("lighthouse"), ["c.png", "sub/a.png"]);
    library.undo(deleted.operation.unwrap()).unwrap();
    assert_eq!(watched.found("lighthouse"), ["b.png", "c.png", "sub/a.png"]);
    library.undo(moved.operation.unwrap()).unwrap();
    assert_eq!(watched.found("lighthouse"), ["a.png", "b.png", "c.png"]);

    let wish = Wish::Copy {
        files: all(&watched, &["a.png"]),
        into: folder_of(&watched),
        make_folder: false,
        go_on: false,
    };
    library.perform(&wish).unwrap();
    watched.await_found("lighthouse", &["a.png", "b.png", "c.png", "sub/a.png"]);
    library.perform(&Wish::Rename { path: folder_of(&watched), name: b"other".to_vec() }).unwrap();
    assert_eq!(watched.found("lighthouse"), ["a.png", "b.png", "c.png", "other/a.png"]);

    // The watcher has told everything it saw, and walks find nothing to add.
    library.update().unwrap();
    assert_eq!(watched.found("lighthouse"), ["a.png", "b.png", "c.png", "other/a.png"]);
    assert_eq!(watched.image("a.png"), image);
    let tags = library.reader().unwrap().custom_tags_of(image).unwrap();
    assert_eq!(tags[0].1.name, "mine");
}

#[test]
fn images_that_are_moved_to_and_fro_while_they_are_watched_stay_who_they_are() {
    let watched = Watched::new();
    let names: Vec<String> = (0..40).map(|nth| format!("{nth:02}.png")).collect();
    for name in &names {
        watched.write(name, &format!("number {name}"));
    }
    let library = watched.library();
    until(
        "all are known",
        || watched.found("number").len() == names.len(),
        || format!("{}", watched.found("number").len()),
    );
    let ids: Vec<_> = names.iter().map(|name| watched.image(name)).collect();
    let files: Vec<Vec<u8>> = names.iter().map(|name| paths::to_bytes(watched.path(name))).collect();
    let into = paths::to_bytes(watched.path("to/and/fro"));
    for _ in 0..5 {
        let wish = Wish::Move { files: files.clone(), into: into.clone(), make_folder: true, go_on: false };
        let moved = library.perform(&wish).unwrap();
        assert_eq!(moved.done, 40);
        let there: Vec<_> = names.iter().map(|name| watched.image(&format!("to/and/fro/{name}"))).collect();
        assert_eq!(there, ids);
        let deleted = library.perform(&Wish::Delete {
            files: names
                .iter()
                .map(|name| paths::to_bytes(watched.path(&format!("to/and/fro/{name}"))))
                .collect(),
            for_good: false,
        });
        assert!(watched.found("number").is_empty());
        library.undo(deleted.unwrap().operation.unwrap()).unwrap();
        library.undo(moved.operation.unwrap()).unwrap();
        let back: Vec<_> = names.iter().map(|name| watched.image(name)).collect();
        assert_eq!(back, ids);
    }
    library.update().unwrap();
    let back: Vec<_> = names.iter().map(|name| watched.image(name)).collect();
    assert_eq!(back, ids);
    assert!(!watched.path("to").exists());
}

#[test]
fn one_undo_serves_for_decisions_and_for_files() {
    let watched = Watched::new();
    watched.write("a.png", "a tree");
    watched.await_found("tree", &["a.png"]);
    let (library, image) = (watched.library(), watched.image("a.png"));
    let tag = library.make_tag("mine").unwrap();
    library.put_tag(tag, vec![image]).unwrap();
    let decision = library.reader().unwrap().decisions(1).unwrap()[0].0;
    let undone = library.undo(decision).unwrap();
    assert!(library.reader().unwrap().custom_tags_of(image).unwrap().is_empty());
    library.undo(undone.operation.unwrap()).unwrap();
    assert_eq!(library.reader().unwrap().custom_tags_of(image).unwrap().len(), 1);
    assert!(matches!(library.undo(decision), Err(WishError::Refused(_))));
    assert!(matches!(library.undo(Seq(123_456)), Err(WishError::Unknown(_))));
    library.perform(&Wish::Delete { files: all(&watched, &["a.png"]), for_good: false }).unwrap();
    assert_eq!(library.purge_trash().unwrap().files, 1);
    assert!(library.running().is_empty() && !library.stop_operation(Seq(1)));
}
