//! Undoing brings back exactly what was, or does nothing and says why.

use super::shaky::Shaky;
use super::world::{There, World};
use lumidex::files::{Wish, WishError};
use lumidex::sys::storage::Disk;
use lumidex_schema::id::Seq;
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[track_caller]
fn cannot_be_undone(world: &World, operation: Option<Seq>, reason: &str) {
    let before = (world.there(), world.trash(), world.known());
    let error = world.files.undo(operation.unwrap()).unwrap_err();
    assert!(error.to_string().contains(reason), "{error}");
    assert_eq!((world.there(), world.trash(), world.known()), before);
}

const FILES: [&str; 8] = [
    "pics/a.png",
    "pics/a.txt",
    "pics/b.mp3",
    "pics/sub/c.png",
    "pics/sub/deep/d.bin",
    "pics/empty/",
    "out/e.png",
    "out/far/",
];

fn wishes(world: &World) -> Vec<Wish> {
    vec![
        world.mv(&["pics/a.png", "pics/sub"], "pics/empty"),
        world.mv(&["pics/b.mp3", "pics/sub", "out/e.png"], "out/far"),
        world.copy(&["pics/a.png", "out/e.png"], "pics/empty"),
        world.copy(&["pics/a.png", "out/e.png"], "out/far"),
        world.rename("pics/a.png", "z.webp"),
        world.rename("pics/sub", "other"),
        world.delete(&["pics/a.png", "pics/sub/c.png", "pics/empty"]),
        world.flatten("pics"),
        Wish::MakeFolder { folder: world.bytes("pics/x/y") },
        Wish::Move {
            files: world.all(&["pics/b.mp3"]),
            into: world.bytes("pics/x/y"),
            make_folder: true,
            go_on: true,
        },
        Wish::Copy {
            files: world.all(&["pics/b.mp3"]),
            into: world.bytes("out/x"),
            make_folder: true,
            go_on: true,
        },
    ]
}

#[test]
fn everything_is_undone_and_done_again_as_often_as_one_likes() {
    let world = World::on(&FILES, Disk::shared(), Shaky::default().tree());
    for wish in wishes(&world) {
        let before = (world.there(), world.known());
        let mut last = world.does(&wish).operation.unwrap();
        let after = (world.there(), world.known());
        assert_ne!(before.0, after.0, "{wish:?}");
        for expected in [&before, &after, &before] {
            let report = world.files.undo(last).unwrap_or_else(|error| panic!("{wish:?}: {error}"));
            assert_eq!((report.failed, &report.errors[..]), (0, &[][..]), "{wish:?}");
            assert_eq!(&(world.there(), world.known()), expected, "{wish:?}");
            cannot_be_undone(&world, Some(last), "was undone before");
            last = report.operation.unwrap();
        }
        world.agrees();
        // What was copied and taken away again is in no walk's way.
        assert_eq!(world.known(), before.1, "{wish:?}");
    }
}

#[test]
fn what_was_removed_for_good_stays_so() {
    let world = World::new(&["pics/a.png"]);
    let report = world.does(&Wish::Delete { files: world.all(&["pics/a.png"]), for_good: true });
    cannot_be_undone(&world, report.operation, "deleted for good");
    let unknown = world.files.undo(Seq(9_999)).unwrap_err();
    assert!(matches!(unknown, WishError::Unknown(_)), "{unknown}");
}

#[test]
fn where_the_world_has_changed_nothing_is_undone() {
    let world = World::new(&["pics/a.png", "pics/b.png", "pics/sub/", "pics/dir/x.png"]);
    let moved = world.does(&world.mv(&["pics/a.png", "pics/b.png"], "pics/sub")).operation;

    fs::write(world.path("pics/b.png"), "another").unwrap();
    cannot_be_undone(&world, moved, "pics/b.png` exists already");
    fs::remove_file(world.path("pics/b.png")).unwrap();

    let content = fs::read(world.path("pics/sub/a.png")).unwrap();
    fs::write(world.path("pics/sub/a.png"), "edited").unwrap();
    cannot_be_undone(&world, moved, "pics/sub/a.png` has changed since");
    fs::remove_file(world.path("pics/sub/a.png")).unwrap();
    cannot_be_undone(&world, moved, "is not there any more");
    fs::write(world.path("pics/sub/a.png"), content).unwrap();
    cannot_be_undone(&world, moved, "pics/sub/a.png` has changed since");

    let moved = world.does(&world.mv(&["pics/dir/x.png"], "pics")).operation;
    fs::remove_dir(world.path("pics/dir")).unwrap();
    cannot_be_undone(&world, moved, "pics/dir` is not there any more");
    fs::write(world.path("pics/dir"), "in the way").unwrap();
    cannot_be_undone(&world, moved, "pics/dir` is not there any more");
}

#[test]
fn the_reasons_of_the_first_few_files_are_told() {
    let names: Vec<String> = (0..20).map(|nth| format!("pics/{nth:02}.png")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let world = World::new(&[&names[..], &["pics/sub/"]].concat());
    let moved = world.does(&world.mv(&names, "pics/sub")).operation.unwrap();
    fs::remove_dir_all(world.path("pics/sub")).unwrap();
    let error = world.files.undo(moved).unwrap_err().to_string();
    assert_eq!(error.matches("is not there any more").count(), 5, "{error}");
}

#[test]
fn a_copy_outside_of_the_library_is_removed_only_while_its_original_is_there() {
    let world = World::new(&["pics/a.png", "pics/b.png"]);
    let first = world.does(&world.copy(&["pics/a.png"], "out")).operation;
    let second = world.does(&world.copy(&["pics/b.png"], "out")).operation;
    let other = fs::read(world.path("pics/a.png")).unwrap();
    fs::write(world.path("pics/a.png"), [&other[..], b"more"].concat()).unwrap();
    cannot_be_undone(&world, first, "whose original");
    world.files.undo(second.unwrap()).unwrap();
    assert_eq!(world.names(), ["out/a.png", "pics/a.png", "pics/b.png"]);
}

#[test]
fn a_copy_in_the_library_goes_to_the_trash_with_the_tags_it_was_given() {
    let world = World::new(&["pics/a.png", "pics/sub/"]);
    let copied = world.does(&world.copy(&["pics/a.png"], "pics/sub")).operation.unwrap();
    world.walk();
    let (copy, _) = world.known()["pics/sub/a.png"].clone();
    let (_, tag) = world.ledger.make_tag("mine").unwrap();
    world.ledger.put_tag(tag, vec![copy]).unwrap();
    let known = world.known();
    let undone = world.files.undo(copied).unwrap().operation.unwrap();
    assert_eq!(world.known().len(), 1);
    assert!(world.trash().keys().any(|path| path.ends_with("/sub/a.png")));
    world.files.undo(undone).unwrap();
    assert_eq!(world.known(), known);
    world.agrees();
}

#[test]
fn a_folder_that_was_made_stays_when_something_is_in_it() {
    let world = World::new(&["pics/a.png"]);
    let wish = Wish::Move {
        files: world.all(&["pics/a.png"]),
        into: world.bytes("pics/new/er"),
        make_folder: true,
        go_on: false,
    };
    let moved = world.does(&wish).operation.unwrap();
    fs::write(world.path("pics/new/mine"), "").unwrap();
    let report = world.files.undo(moved).unwrap();
    assert_eq!((report.done, report.failed), (1, 0));
    assert_eq!(world.names(), ["pics/a.png", "pics/new/", "pics/new/mine"]);
}

#[test]
fn folders_that_are_made_again_have_the_permissions_they_had() {
    let world =
        World::on(&["pics/dir/x.png", "pics/far/", "pics/empty/"], Disk::shared(), Shaky::default().tree());
    let permissions = |path: &str| fs::metadata(world.path(path)).unwrap().permissions().mode() & 0o7777;
    for path in ["pics/dir", "pics/empty"] {
        fs::set_permissions(world.path(path), fs::Permissions::from_mode(0o2750)).unwrap();
    }
    let expected = permissions("pics/dir");
    let moved = world.does(&world.mv(&["pics/dir"], "pics/far")).operation.unwrap();
    assert_eq!(permissions("pics/far/dir"), expected);
    world.files.undo(moved).unwrap();
    assert_eq!(permissions("pics/dir"), expected);
    let deleted = world.does(&world.delete(&["pics/empty"])).operation.unwrap();
    world.files.undo(deleted).unwrap();
    assert_eq!(permissions("pics/empty"), expected);
}

#[test]
fn an_undo_that_was_stopped_can_be_asked_for_again() {
    let shaky = Shaky::default();
    let names: Vec<String> = (0..10).map(|nth| format!("pics/{nth}.png")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let world = World::on(&[&names[..], &["pics/sub/"]].concat(), Disk::shared(), shaky.tree());
    let before = (world.there(), world.known());
    let moved = world.does(&world.mv(&names, "pics/sub")).operation.unwrap();
    shaky.calm();
    let (files, log) = (std::sync::Arc::downgrade(&world.files), shaky.clone());
    shaky.listen(move |doing| {
        if doing == "move" && log.log().iter().filter(|call| **call == "move").count() == 4 {
            let files = files.upgrade().unwrap();
            assert!(files.stop(files.running()[0].operation.unwrap()));
        }
    });
    let report = world.files.undo(moved).unwrap();
    assert!(report.is_stopped);
    assert_eq!(report.done, 5);
    shaky.listen(|_| {});
    world.agrees();
    let report = world.files.undo(moved).unwrap();
    assert_eq!((report.done, report.is_stopped), (5, false));
    assert_eq!((world.there(), world.known()), before);
    cannot_be_undone(&world, Some(moved), "was undone before");
}

#[test]
fn a_rewritten_file_of_the_same_size_is_noticed() {
    let world = World::new(&["pics/a.bin", "pics/sub/"]);
    let moved = world.does(&world.mv(&["pics/a.bin"], "pics/sub")).operation;
    let There::File(content, _) = world.there()["pics/sub/a.bin"].clone() else { panic!("a file") };
    fs::write(world.path("pics/sub/a.bin"), vec![b'x'; content.len()]).unwrap();
    cannot_be_undone(&world, moved, "has changed since");
}

#[test]
fn what_was_on_another_disk_and_came_back_is_what_it_was() {
    let world = World::on(&FILES, Disk::shared(), Shaky::default().tree());
    let mut stages = vec![(world.there(), world.known())];
    let mut done = Vec::new();
    for wish in [
        Wish::Copy {
            files: world.all(&["pics/a.png", "pics/b.mp3"]),
            into: world.bytes("pics/new"),
            make_folder: true,
            go_on: false,
        },
        world.rename("pics/new/b.mp3", "d.mp3"),
        world.rename("pics/new", "newer"),
        // Its folder goes, too, and is made again.
        world.mv(&["pics/newer"], "out/far"),
        world.mv(&["out/far/newer"], "pics/empty"),
    ] {
        done.push(world.does(&wish).operation.unwrap());
        stages.push((world.there(), world.known()));
    }
    for _ in 0..2 {
        stages.pop();
        world.files.undo(done.pop().unwrap()).unwrap();
        assert_eq!(stages.last(), Some(&(world.there(), world.known())));
    }
    // There and back once more.
    let again = world.does(&world.mv(&["pics/newer"], "out/far")).operation.unwrap();
    let again = world.files.undo(again).unwrap().operation.unwrap();
    let again = world.files.undo(again).unwrap().operation.unwrap();
    world.files.undo(again).unwrap();
    for operation in done.into_iter().rev() {
        stages.pop();
        world.files.undo(operation).unwrap();
        assert_eq!(stages.last(), Some(&(world.there(), world.known())));
    }
    world.agrees();
}

#[test]
fn what_took_a_files_place_before_it_went_to_another_disk_is_not_taken_for_it() {
    let world = World::on(&["pics/a.txt", "pics/b/", "out/far/"], Disk::shared(), Shaky::default().tree());
    let moved = world.does(&world.mv(&["pics/a.txt"], "pics/b")).operation;
    // Of the same size and time.
    let path = world.path("pics/b/a.txt");
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    fs::rename(&path, world.path("pics/kept.txt")).unwrap();
    fs::write(&path, "PICS/A.TXT").unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    let gone = world.does(&world.mv(&["pics/b/a.txt"], "out/far")).operation.unwrap();
    world.files.undo(gone).unwrap();
    cannot_be_undone(&world, moved, "has changed since");
}

#[test]
fn a_copy_that_was_taken_away_and_made_again_is_what_it_was() {
    let world = World::new(&["pics/b.mp3", "out/far/"]);
    let copied = world.files.perform(&world.copy(&["pics/b.mp3"], "out")).unwrap();
    let renamed = world.files.perform(&world.rename("out/b.mp3", "x.txt")).unwrap();
    let before = world.there();
    let undo = |operation: Option<Seq>| world.files.undo(operation.unwrap()).unwrap();
    let rename_undone = undo(renamed.operation);
    // While it is held open, no other file gets its inode.
    let held = fs::File::open(world.path("out/b.mp3")).unwrap();
    let copy_undone = undo(copied.operation);
    let copied_again = undo(copy_undone.operation);
    let renamed_again = undo(rename_undone.operation);
    assert_eq!(world.there(), before);
    undo(renamed_again.operation);
    undo(copied_again.operation);
    assert!(!world.there().contains_key("out/b.mp3") && !world.there().contains_key("out/x.txt"));
    drop(held);
}

#[test]
fn another_copy_in_its_place_is_not_taken_for_it() {
    let world = World::new(&["pics/b.mp3", "out/far/"]);
    let copied = world.files.perform(&world.copy(&["pics/b.mp3"], "out")).unwrap();
    let renamed = world.files.perform(&world.rename("out/b.mp3", "x.txt")).unwrap();
    let rename_undone = world.files.undo(renamed.operation.unwrap()).unwrap();
    let held = fs::File::open(world.path("out/b.mp3")).unwrap();
    world.files.undo(copied.operation.unwrap()).unwrap();
    world.files.perform(&world.copy(&["pics/b.mp3"], "out")).unwrap();
    cannot_be_undone(&world, rename_undone.operation, "has changed since");
    drop(held);
}
