//! Every wish does what it says, to the disk and to the ledger at once.

use super::world::{There, World};
use lumidex::files::{Placing, Wish};
use lumidex_schema::operation::{OperationKind, OperationState};

#[test]
fn files_are_moved_with_their_sidecars_and_keep_who_they_are() {
    let world = World::new(&["pics/a.png", "pics/a.txt", "pics/b.mp3", "pics/sub/"]);
    let before = world.known();
    let report = world.does(&world.mv(&["pics/a.png", "pics/b.mp3"], "pics/sub"));
    assert_eq!(report.done, 2);
    assert_eq!(world.names(), ["pics/sub/", "pics/sub/a.png", "pics/sub/a.txt", "pics/sub/b.mp3"]);
    assert_eq!(world.known()["pics/sub/a.png"], before["pics/a.png"]);
    assert_eq!(world.known().len(), before.len());
    assert_eq!(world.ledger.reader().unwrap().head().unwrap(), report.head);
    world.agrees();
    let head = world.ledger.reader().unwrap().operation(report.operation.unwrap()).unwrap().unwrap();
    assert_eq!((head.kind, head.state, head.items), (OperationKind::Move, OperationState::Done, 2));
    assert_eq!((head.steps, head.taken, head.failed), (3, 3, 0));
}

#[test]
fn copies_are_new_files_with_the_times_of_the_old_and_found_by_the_next_walk() {
    let world = World::new(&["pics/a.png", "pics/a.txt", "pics/sub/"]);
    let before = world.there();
    let known = world.known();
    assert_eq!(world.does(&world.copy(&["pics/a.png"], "pics/sub")).done, 1);
    let after = world.there();
    assert_eq!(after["pics/sub/a.png"], before["pics/a.png"]);
    assert_eq!(after["pics/sub/a.txt"], before["pics/a.txt"]);
    assert_eq!(after.len(), before.len() + 2);
    assert_eq!(world.known(), known);
    world.agrees();
    assert_eq!(world.known().len(), known.len() + 1);
}

#[test]
fn a_renamed_file_takes_its_sidecar_along() {
    let world = World::new(&["pics/a.png", "pics/a.txt"]);
    let known = world.known();
    world.does(&world.rename("pics/a.png", "b.c.png"));
    assert_eq!(world.names(), ["pics/b.c.png", "pics/b.c.txt"]);
    assert_eq!(world.known()["pics/b.c.png"], known["pics/a.png"]);
    world.agrees();
    world.does(&world.rename("pics/b.c.png", "b.c.jpg"));
    assert_eq!(world.names(), ["pics/b.c.jpg", "pics/b.c.txt"]);
    assert_eq!(world.known()["pics/b.c.jpg"], known["pics/a.png"]);
    world.agrees();
}

#[test]
fn a_renamed_folder_takes_everything_below_along() {
    let world = World::new(&["pics/a/b/x.png", "pics/a/y.png", "pics/a/.hidden", "pics/a/empty/"]);
    let known = world.known();
    world.does(&world.rename("pics/a", "c"));
    assert_eq!(
        world.names(),
        ["pics/c/", "pics/c/.hidden", "pics/c/b/", "pics/c/b/x.png", "pics/c/empty/", "pics/c/y.png"]
    );
    assert_eq!(world.known()["pics/c/b/x.png"], known["pics/a/b/x.png"]);
    assert_eq!(world.known()["pics/c/y.png"], known["pics/a/y.png"]);
    world.agrees();
}

#[test]
fn folders_are_moved_into_the_library_and_out_of_it() {
    let world = World::new(&["pics/a/x.png", "pics/into/", "out/b/y.png"]);
    let known = world.known();
    world.does(&world.mv(&["pics/a", "out/b"], "pics/into"));
    assert_eq!(world.known()["pics/into/a/x.png"], known["pics/a/x.png"]);
    world.agrees();
    assert!(world.known().contains_key("pics/into/b/y.png"));
    world.does(&world.mv(&["pics/into"], "out"));
    assert!(world.known().is_empty());
    assert_eq!(world.names().last().unwrap(), "out/into/b/y.png");
    world.does(&world.mv(&["out/into/a"], "pics"));
    world.agrees();
    assert_eq!(world.known()["pics/a/x.png"].1, known["pics/a/x.png"].1, "its tags are back");
}

#[test]
fn deleted_files_lie_readable_in_the_trash_of_their_root() {
    let world = World::new(&["pics/a/b/x.png", "pics/a/b/x.txt", "pics/a/y.png"]);
    let before = world.there();
    let report = world.does(&world.delete(&["pics/a/b/x.png"]));
    assert_eq!(world.names(), ["pics/a/", "pics/a/b/", "pics/a/y.png"]);
    let trash = world.trash();
    let folder = trash.keys().nth(1).unwrap().clone();
    assert!(folder.ends_with(&format!("Z-{}", report.operation.unwrap())), "{folder}");
    assert_eq!(trash[&format!("{folder}/a/b/x.png")], before["pics/a/b/x.png"]);
    assert_eq!(trash[&format!("{folder}/a/b/x.txt")], before["pics/a/b/x.txt"]);
    assert_eq!(world.known().keys().collect::<Vec<_>>(), ["pics/a/y.png"]);
    let head = world.ledger.reader().unwrap().operation(report.operation.unwrap()).unwrap().unwrap();
    let size = |path: &str| match &before[path] {
        There::File(content, _) => content.len() as u64,
        _ => 0,
    };
    assert_eq!(head.held, size("pics/a/b/x.png") + size("pics/a/b/x.txt"));
    world.agrees();
}

#[test]
fn what_is_deleted_for_good_is_in_no_trash() {
    let world = World::new(&["pics/x.png", "pics/x.txt", "pics/empty/"]);
    world.does(&Wish::Delete { files: world.all(&["pics/x.png", "pics/empty"]), for_good: true });
    assert_eq!(world.names(), [""; 0]);
    assert!(world.trash().is_empty());
    assert!(world.known().is_empty());
}

#[test]
fn an_empty_folder_is_deleted_also_when_it_becomes_empty_by_the_same_wish() {
    let world = World::new(&["pics/a/b/x.png", "pics/a/b/x.txt"]);
    world.refuses(&world.delete(&["pics/a/b"]), "is not empty");
    world.does(&world.delete(&["pics/a/b/x.png", "pics/a/b", "pics/a"]));
    assert_eq!(world.names(), [""; 0]);
}

#[test]
fn folders_are_made_with_those_above_them() {
    let world = World::new(&["pics/a.png"]);
    let wish = Wish::MakeFolder { folder: world.bytes("pics/x/y/z") };
    assert_eq!(world.does(&wish).done, 1);
    assert!(world.names().contains(&"pics/x/y/z/".to_owned()));
    let again = world.does(&wish);
    assert_eq!((again.operation, again.done), (None, 0));
    let wish = Wish::Copy {
        files: world.all(&["pics/a.png"]),
        into: world.bytes("out/new/er"),
        make_folder: true,
        go_on: false,
    };
    assert_eq!(world.does(&wish).done, 1);
    assert!(world.there().contains_key("out/new/er/a.png"));
}

#[test]
fn with_going_on_bad_items_are_told_and_the_others_done() {
    let world = World::new(&["pics/a.png", "pics/b.png", "pics/sub/b.png", "pics/folder/x.png"]);
    let wish = |is_copy, files: &[&str]| {
        let (files, into, make_folder, go_on) = (world.all(files), world.bytes("pics/sub"), false, true);
        if is_copy {
            Wish::Copy { files, into, make_folder, go_on }
        } else {
            Wish::Move { files, into, make_folder, go_on }
        }
    };
    let report = world.files.perform(&wish(true, &["pics/none.png", "pics/folder", "pics/a.png"])).unwrap();
    assert_eq!((report.done, report.failed), (1, 2));
    assert_eq!(report.errors[0].0, world.bytes("pics/none.png"));
    assert!(report.errors[0].1.contains("does not exist"), "{:?}", report.errors);
    assert!(report.errors[1].1.contains("is a folder"), "{:?}", report.errors);
    let report = world.files.perform(&wish(false, &["pics/b.png", "pics/folder"])).unwrap();
    assert_eq!((report.done, report.failed), (1, 1));
    assert!(report.errors[0].1.contains("exists already"), "{:?}", report.errors);
    assert!(world.there().contains_key("pics/sub/folder/x.png"));
    world.agrees();
}

#[test]
fn files_go_to_many_folders_at_once() {
    let world = World::new(&["pics/a.png", "pics/b.png", "pics/b.txt", "pics/c.png", "pics/one/"]);
    let known = world.known();
    let folders = vec![
        (world.bytes("pics/one"), world.all(&["pics/a.png"])),
        (world.bytes("pics/two/deep"), world.all(&["pics/b.png", "pics/none.png"])),
        (world.bytes("pics/two"), world.all(&["pics/c.png"])),
    ];
    let report = world.files.perform(&Wish::Organize { folders, placing: Placing::Move }).unwrap();
    assert_eq!((report.done, report.failed), (3, 1));
    assert_eq!(world.known()["pics/one/a.png"], known["pics/a.png"]);
    assert_eq!(world.known()["pics/two/deep/b.png"], known["pics/b.png"]);
    assert_eq!(world.known()["pics/two/c.png"], known["pics/c.png"]);
    assert!(world.there().contains_key("pics/two/deep/b.txt"));
    world.agrees();
    world.files.undo(report.operation.unwrap()).unwrap();
    assert_eq!(world.names(), ["pics/a.png", "pics/b.png", "pics/b.txt", "pics/c.png", "pics/one/"]);
    assert_eq!(world.known(), known);
}

#[test]
fn deleting_stops_at_the_first_failure_and_what_was_deleted_stays_so() {
    let world = World::new(&["pics/a.png", "pics/b.png", "pics/c.png"]);
    let report = world.files.perform(&world.delete(&["pics/a.png", "pics/none.png", "pics/c.png"])).unwrap();
    assert_eq!((report.done, report.failed), (1, 1));
    assert_eq!(world.names(), ["pics/b.png", "pics/c.png"]);
    world.files.undo(report.operation.unwrap()).unwrap();
    assert_eq!(world.names(), ["pics/a.png", "pics/b.png", "pics/c.png"]);
}

#[test]
fn links_are_moved_as_links_and_copied_as_what_they_lead_to() {
    let world = World::new(&["pics/a.png", "pics/sub/"]);
    std::os::unix::fs::symlink(world.path("pics/a.png"), world.path("pics/link.png")).unwrap();
    std::os::unix::fs::symlink("nowhere", world.path("pics/dangling")).unwrap();
    world.does(&world.copy(&["pics/link.png"], "pics/sub"));
    let there = world.there();
    assert_eq!(there["pics/sub/link.png"], there["pics/a.png"]);
    world.does(&world.mv(&["pics/dangling"], "pics/sub"));
    assert_eq!(world.there()["pics/sub/dangling"], There::Link("nowhere".into()));
    let report = world.does(&world.delete(&["pics/link.png"]));
    assert!(world.there().contains_key("pics/a.png"));
    world.files.undo(report.operation.unwrap()).unwrap();
    assert_eq!(world.there()["pics/link.png"], There::Link(world.path("pics/a.png")));
}
