//! Flattening a folder.

use super::world::World;
use lumidex_schema::path::display;
use std::fs;

fn conflicts(world: &World, folder: &str) -> (u64, Vec<String>) {
    let preview = world.files.preview_flatten(&world.bytes(folder)).unwrap();
    (preview.files, preview.conflicts.iter().map(|name| display(name)).collect())
}

#[test]
fn media_go_up_with_their_sidecars_and_what_is_empty_goes() {
    let world = World::new(&[
        "pics/x/top.png",
        "pics/x/a/1.png",
        "pics/x/a/1.txt",
        "pics/x/a/b/2.mp3",
        "pics/x/a/b/3.png",
        "pics/x/a/b/3.jpg",
        "pics/x/a/b/3.txt",
        "pics/x/c/4.png",
        "pics/x/c/note.txt",
        "pics/x/d/was/empty/",
    ]);
    let (before, known) = (world.there(), world.known());
    assert_eq!(conflicts(&world, "pics/x"), (5, vec![]));
    assert_eq!(world.there(), before, "a preview touches nothing");
    let report = world.does(&world.flatten("pics/x"));
    assert_eq!(report.done, 5);
    assert_eq!(
        world.names(),
        [
            "pics/x/",
            "pics/x/1.png",
            "pics/x/1.txt",
            "pics/x/2.mp3",
            "pics/x/3.jpg",
            "pics/x/3.png",
            "pics/x/3.txt",
            "pics/x/4.png",
            "pics/x/c/",
            "pics/x/c/note.txt",
            "pics/x/top.png"
        ]
    );
    assert_eq!(world.known()["pics/x/2.mp3"], known["pics/x/a/b/2.mp3"]);
    world.agrees();
    world.files.undo(report.operation.unwrap()).unwrap();
    assert_eq!(world.there(), before);
    assert_eq!(world.known(), known);
    world.agrees();
}

#[test]
fn names_that_are_used_twice_are_conflicts_also_those_of_the_folder_itself_and_of_sidecars() {
    let world = World::new(&[
        "pics/a.png",
        "pics/one/a.png",
        "pics/one/b.png",
        "pics/two/b.png",
        "pics/one/c.png",
        "pics/one/c.txt",
        "pics/two/c.jpg",
        "pics/two/c.txt",
        "pics/one/d.png",
        "pics/d.png/",
        "pics/one/e.png",
        "pics/one/e.txt",
        "pics/e.txt",
        "pics/three/fine.png",
    ]);
    let (files, names) = conflicts(&world, "pics");
    assert_eq!(files, 8);
    assert_eq!(names, ["a.png", "d.png", "e.txt", "b.png", "c.txt"]);
    world.refuses(&world.flatten("pics"), "5 names are used more than once");
}

#[test]
fn what_walks_pass_over_is_left_alone() {
    let world = World::new(&[
        "pics/.lumidexignore",
        "pics/x/a/1.png",
        "pics/x/a/skip.png",
        "pics/x/a/skip.txt",
        "pics/x/.git/2.png",
        "pics/x/@eaDir/3.png",
        "pics/x/b/.4.png",
        "pics/x/b/5.png.part",
        "pics/x/secret/6.png",
        "pics/x/c/.lumidexignore",
        "pics/x/c/7.png",
        "pics/x/c/8.jpg",
    ]);
    fs::write(world.path("pics/.lumidexignore"), "/x/secret/\nskip.png\n").unwrap();
    fs::write(world.path("pics/x/c/.lumidexignore"), "*.png\n").unwrap();
    assert_eq!(conflicts(&world, "pics/x"), (2, vec![]));
    let before = world.names();
    world.does(&world.flatten("pics/x"));
    let moved = |name: &String| name.ends_with("/1.png") || name.ends_with("/8.jpg");
    let stayed: Vec<_> = before.into_iter().filter(|name| !moved(name)).collect();
    let now: Vec<_> = world.names().into_iter().filter(|name| !moved(name)).collect();
    assert_eq!(now, stayed);
    assert!(world.there().contains_key("pics/x/1.png") && world.there().contains_key("pics/x/8.jpg"));
}

#[test]
fn only_folders_are_flattened() {
    let world = World::new(&["pics/a.png"]);
    world.refuses(&world.flatten("pics/a.png"), "is no folder");
    world.refuses(&world.flatten("pics/none"), "does not exist");
    assert!(world.files.preview_flatten(&world.bytes("pics/a.png")).is_err());
    let report = world.does(&world.flatten("pics"));
    assert_eq!((report.operation, report.done), (None, 0));
}

#[test]
fn a_folder_of_the_library_within_stays_though_it_becomes_empty() {
    let world = World::new(&["pics/given/a.png", "pics/other/b.png"]);
    let types = [lumidex_schema::record::PathType::Walk];
    world.ledger.add_extra_path(&world.bytes("pics/given"), &types).unwrap();
    world.does(&world.flatten("pics"));
    assert_eq!(world.names(), ["pics/a.png", "pics/b.png", "pics/given/"]);
}
