//! What is refused, with nothing done and a reason that says what to do.

use super::shaky::Shaky;
use super::world::World;
use lumidex::files::{Wish, WishError};
use lumidex::sys::paths;
use lumidex::sys::storage::Disk;
use lumidex_schema::record::PathType;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

#[test]
fn a_missing_source_is_unknown_and_nothing_else_is_done() {
    let world = World::new(&["pics/a.png", "pics/sub/"]);
    for wish in [
        world.copy(&["pics/a.png", "pics/none.png"], "pics/sub"),
        world.mv(&["pics/a.png", "pics/none.png"], "pics/sub"),
        world.rename("pics/none.png", "b.png"),
        world.delete(&["pics/none.png", "pics/a.png"]),
    ] {
        assert!(matches!(world.refuses(&wish, "does not exist"), WishError::Unknown(_)), "{wish:?}");
    }
}

#[test]
fn a_place_that_is_taken_is_never_taken_again() {
    let world = World::new(&[
        "pics/a.png",
        "pics/sub/a.png",
        "pics/sub/b.txt/",
        "pics/b.png",
        "pics/b.txt",
        "pics/c.png",
        "pics/c.txt",
        "pics/other/c.txt",
        "pics/dir/x",
        "pics/sub/dir/",
    ]);
    symlink("nowhere", world.path("pics/other/a.png")).unwrap();
    for make in [World::copy, World::mv] {
        world.refuses(&make(&world, &["pics/a.png"], "pics/sub"), "a.png` exists already");
        // The sidecar collides, so neither goes.
        world.refuses(&make(&world, &["pics/b.png"], "pics/sub"), "b.txt` exists already");
        world.refuses(&make(&world, &["pics/c.png"], "pics/other"), "c.txt` exists already");
        world.refuses(&make(&world, &["pics/a.png"], "pics/other"), "a.png` exists already");
        world.refuses(
            &make(&world, &["pics/a.png", "pics/sub/a.png"], "out"),
            "more than one file would become",
        );
    }
    world.refuses(&world.mv(&["pics/dir"], "pics/sub"), "dir` exists already");
    world.refuses(&world.rename("pics/a.png", "b.png"), "exists already");
    world.refuses(&world.rename("pics/a.png", "sub"), "exists already");
    world.refuses(&world.rename("pics/dir", "sub"), "exists already");
    world.refuses(&world.rename("pics/b.png", "b.txt"), "exists already");
    world.refuses(&world.rename("pics/b.png", "c.webp"), "c.txt` exists already");
    world.refuses(&world.rename("pics/a.png", "a.png"), "is there already");
    world.refuses(&world.mv(&["pics/a.png"], "pics"), "is there already");
}

#[test]
fn a_destination_is_a_folder_or_nothing_is_done() {
    let world = World::new(&["pics/a.png", "pics/file"]);
    symlink("nowhere", world.path("pics/link")).unwrap();
    for make in [World::copy, World::mv] {
        world.refuses(&make(&world, &["pics/a.png"], "pics/none"), "does not exist");
        world.refuses(&make(&world, &["pics/a.png"], "pics/file"), "is no folder");
        world.refuses(&make(&world, &["pics/a.png"], "pics/.lumidex-trash/x"), "lies in the trash");
    }
    for folder in ["pics/file", "pics/file/x", "pics/link/x", "pics/link"] {
        let wish = Wish::MakeFolder { folder: world.bytes(folder) };
        world.refuses(&wish, "in the way");
        let (files, into) = (world.all(&["pics/a.png"]), world.bytes(folder));
        world.refuses(&Wish::Move { files, into, make_folder: true, go_on: false }, "");
    }
}

#[test]
fn folders_are_not_copied_and_not_moved_into_themselves() {
    let world = World::new(&["pics/dir/x.png", "pics/dir/sub/"]);
    world.refuses(&world.copy(&["pics/dir"], "out"), "only files are copied");
    world.refuses(&world.mv(&["pics/dir"], "pics/dir"), "into itself");
    world.refuses(&world.mv(&["pics/dir"], "pics/dir/sub"), "into itself");
    world.refuses(&world.mv(&["pics/dir", "pics/dir/x.png"], "out"), "which is moved as well");
    world.refuses(&world.delete(&["pics/dir"]), "is not empty");
    fs::write(world.path("pics/dir/sub/.hidden"), "").unwrap();
    world.refuses(&world.delete(&["pics/dir/sub"]), "is not empty");
    symlink(world.path("pics/dir"), world.path("pics/link")).unwrap();
    world.refuses(&world.copy(&["pics/link"], "out"), "only files are copied");
}

#[test]
fn names_are_one_component() {
    let world = World::new(&["pics/a.png"]);
    for name in ["", ".", "..", "a/b", "/", "a\0b", &"x".repeat(256)] {
        world.refuses(&world.rename("pics/a.png", name), "is no name");
    }
    world.does(&world.rename("pics/a.png", &"x".repeat(255)));
}

#[test]
fn folders_of_the_library_stay_where_they_are() {
    let world = World::new(&["pics/sub/x.png", "pics/dir/empty/"]);
    world.ledger.add_extra_path(&world.bytes("pics/dir/empty"), &[PathType::Walk]).unwrap();
    for (path, reason) in [
        ("pics", "is a folder of the library"),
        ("pics/dir/empty", "is a folder of the library"),
        ("pics/dir", "holds"),
    ] {
        world.refuses(&world.mv(&[path], "out"), reason);
        world.refuses(&world.rename(path, "other"), reason);
        world.refuses(&world.delete(&[path]), reason);
    }
}

#[test]
fn nothing_outside_of_the_library_is_deleted() {
    let world = World::new(&["out/a.png", "out/empty/"]);
    for for_good in [false, true] {
        for path in ["out/a.png", "out/empty"] {
            world.refuses(
                &Wish::Delete { files: world.all(&[path]), for_good },
                "lies in no folder of the library",
            );
        }
    }
}

#[test]
fn the_trash_is_not_worked_in() {
    let world = World::new(&["pics/a.png", "pics/b.png"]);
    world.does(&world.delete(&["pics/a.png"]));
    let trashed = world.trash().into_keys().find(|path| path.ends_with("a.png")).unwrap();
    for wish in [
        world.mv(&[&trashed], "out"),
        world.copy(&[&trashed], "out"),
        world.rename(&trashed, "b.png"),
        world.delete(&[&trashed]),
        world.mv(&["pics/.lumidex-trash"], "out"),
        world.rename("pics/.lumidex-trash", "x"),
        world.rename("pics/b.png", ".lumidex-trash"),
        world.flatten("pics/.lumidex-trash"),
    ] {
        world.refuses(&wish, "lies in the trash");
    }
}

#[test]
fn pipes_never_hang_it() {
    let world = World::on(&["pics/a.png", "pics/sub/", "out/far/"], Disk::shared(), Shaky::default().tree());
    let pipe = world.path("pics/pipe.png");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    world.refuses(&world.copy(&["pics/pipe.png"], "pics/sub"), "no regular file");
    world.refuses(&world.mv(&["pics/pipe.png"], "out/far"), "cannot be moved to another disk");
    world.does(&world.mv(&["pics/pipe.png"], "pics/sub"));
    world.refuses(&world.mv(&["pics/sub"], "out/far"), "cannot be moved to another disk");
    symlink(world.path("pics/sub/pipe.png"), world.path("pics/link.png")).unwrap();
    world.refuses(&world.copy(&["pics/link.png"], "pics/sub"), "no regular file");
}

#[test]
fn a_full_disk_is_noticed_before_anything_is_copied() {
    let world = World::new(&["pics/sub/"]);
    let file = fs::File::create(world.path("pics/huge.png")).unwrap();
    // Sparse: it takes no room, but its copy would.
    file.set_len(1 << 42).unwrap();
    world.walk();
    let wish = Wish::Copy {
        files: world.all(&["pics/huge.png"]),
        into: world.bytes("pics/sub"),
        make_folder: false,
        go_on: true,
    };
    let error = world.files.perform(&wish).unwrap_err();
    assert!(error.to_string().contains("there is no room"), "{error}");
    assert_eq!(fs::read_dir(world.path("pics/sub")).unwrap().count(), 0);
}

#[test]
fn what_the_system_forbids_is_forbidden() {
    let world = World::new(&["pics/locked/a.png", "pics/b.png"]);
    let locked = world.path("pics/locked");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o500)).unwrap();
    if fs::write(locked.join("probe"), "").is_ok() {
        // Nothing is forbidden to the administrator: the same by a tree that says so.
        fs::remove_file(locked.join("probe")).unwrap();
        let shaky = Shaky::default();
        let world = World::on(&["pics/a.png"], Disk::shared(), shaky.tree());
        let wish = world.rename("pics/a.png", "c.png");
        world.files.recover().unwrap();
        let shaky_move = shaky.clone();
        shaky.calm();
        world.does(&wish);
        let nth = shaky.log().iter().position(|call| *call == "move").unwrap() as u64;
        let wish = world.rename("pics/c.png", "d.png");
        shaky_move.plan(nth, super::shaky::Mishap::Fails { code: 13, lasts: false });
        assert!(matches!(world.files.perform(&wish), Err(WishError::Forbidden(_))));
    } else {
        assert!(matches!(
            world.refuses(&world.rename("pics/locked/a.png", "c.png"), ""),
            WishError::Forbidden(_)
        ));
        assert!(matches!(
            world.refuses(&world.mv(&["pics/b.png"], "pics/locked"), ""),
            WishError::Forbidden(_)
        ));
    }
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_file_that_changed_since_it_was_planned_is_left_alone() {
    let shaky = Shaky::default();
    let world = World::on(&["pics/a.png", "pics/a.txt", "pics/sub/"], Disk::shared(), shaky.tree());
    let (sidecar, folder) = (world.path("pics/a.txt"), world.path("pics"));
    shaky.listen(move |doing| {
        // Between planning and the second file of the item.
        if doing == "move" {
            fs::write(&sidecar, "rewritten, and longer").unwrap();
        }
    });
    let error = world.files.perform(&world.mv(&["pics/a.png"], "pics/sub")).unwrap_err();
    assert!(error.to_string().contains("has changed meanwhile"), "{error}");
    assert_eq!(world.names(), ["pics/a.png", "pics/a.txt", "pics/sub/"]);
    assert_eq!(fs::read_to_string(folder.join("a.txt")).unwrap(), "rewritten, and longer");
    world.agrees();
}

#[test]
fn paths_are_told_as_they_were_asked_for() {
    let world = World::new(&["pics/a.png"]);
    let path = [world.bytes("pics"), b"/\xff\n.png".to_vec()].concat();
    let wish = Wish::Delete { files: vec![path.clone()], for_good: false };
    let error = world.files.perform(&wish).unwrap_err();
    assert!(error.to_string().contains("\u{fffd}FF\n.png"), "{error}");
    let (files, into) = (vec![path.clone()], paths::to_bytes(world.path("out")));
    let report = world.files.perform(&Wish::Move { files, into, make_folder: false, go_on: true }).unwrap();
    assert_eq!(report.errors[0].0, path);
    assert_eq!(report.operation, None);
}
