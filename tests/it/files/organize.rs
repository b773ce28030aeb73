//! Files put into several folders at once: names that are taken, sidecars, copies, and what is foreseen.

use super::world::{There, World};
use lumidex::files::{Placing, Wish};
use std::collections::BTreeMap;

fn organize(world: &World, placing: Placing, folders: &[(&str, &[&str])]) -> Wish {
    let folders = folders.iter().map(|(into, files)| (world.bytes(into), world.all(files))).collect();
    Wish::Organize { folders, placing }
}

#[test]
fn a_name_that_is_taken_gets_a_number_and_nothing_is_overwritten() {
    let world =
        World::new(&["pics/a/x.png", "pics/b/x.png", "pics/c/x.png", "pics/to/x.png", "pics/to/x (2).png"]);
    let (before, known) = (world.there(), world.known());
    let files: &[&str] = &["pics/a/x.png", "pics/b/x.png", "pics/c/x.png"];
    let report = world.does(&organize(&world, Placing::Move, &[("pics/to", files)]));
    let after = world.there();
    for (from, to) in [
        ("pics/a/x.png", "pics/to/x (1).png"),
        ("pics/b/x.png", "pics/to/x (3).png"),
        ("pics/c/x.png", "pics/to/x (4).png"),
        ("pics/to/x.png", "pics/to/x.png"),
        ("pics/to/x (2).png", "pics/to/x (2).png"),
    ] {
        assert_eq!(after[to], before[from], "{to}");
        assert_eq!(world.known()[to], known[from], "{to}");
    }
    world.agrees();
    world.files.undo(report.operation.unwrap()).unwrap();
    assert!(world.there() == before && world.known() == known);
}

#[test]
fn files_that_share_a_sidecar_get_one_number() {
    let world = World::new(&["pics/a/x.png", "pics/a/x.mp4", "pics/a/x.txt", "pics/to/x.mp4"]);
    let before = world.there();
    let files: &[&str] = &["pics/a/x.png", "pics/a/x.mp4"];
    world.does(&organize(&world, Placing::Move, &[("pics/to", files)]));
    let after = world.there();
    for ending in ["png", "mp4", "txt"] {
        assert_eq!(after[&format!("pics/to/x (1).{ending}")], before[&format!("pics/a/x.{ending}")]);
    }
    assert_eq!(after["pics/to/x.mp4"], before["pics/to/x.mp4"]);
    world.agrees();
}

#[test]
fn no_file_gets_the_sidecar_of_another() {
    // One that lies there, one that comes along, and one that would speak for what lies there.
    let world = World::new(&[
        "pics/a/x.png",
        "pics/b/y.png",
        "pics/c/y.mp4",
        "pics/c/y.txt",
        "pics/d/z.png",
        "pics/d/z.txt",
        "pics/to/x.txt",
        "pics/to/z.mp4",
    ]);
    let files: &[&str] = &["pics/a/x.png", "pics/b/y.png", "pics/c/y.mp4", "pics/d/z.png"];
    world.does(&organize(&world, Placing::Move, &[("pics/to", files)]));
    let mut names = world.names();
    names.retain(|name| name.starts_with("pics/to/") && name != "pics/to/");
    assert_eq!(
        names,
        [
            "pics/to/x (1).png",
            "pics/to/x.txt",
            "pics/to/y (1).mp4",
            "pics/to/y (1).txt",
            "pics/to/y.png",
            "pics/to/z (1).png",
            "pics/to/z (1).txt",
            "pics/to/z.mp4"
        ]
    );
}

#[test]
fn copies_are_made_in_many_folders_and_taken_away_in_one_step() {
    let world = World::new(&["pics/a.png", "pics/a.txt", "pics/b.png", "pics/to/a.png"]);
    let (before, known) = (world.there(), world.known());
    let wish =
        organize(&world, Placing::Copy, &[("pics/to", &["pics/a.png"]), ("pics/new/er", &["pics/b.png"])]);
    let report = world.does(&wish);
    assert_eq!(report.done, 2);
    let after = world.there();
    assert_eq!(after["pics/to/a (1).png"], before["pics/a.png"]);
    assert_eq!(after["pics/to/a (1).txt"], before["pics/a.txt"]);
    assert_eq!(after["pics/new/er/b.png"], before["pics/b.png"]);
    assert_eq!(world.known(), known, "the originals stay the images they are");
    world.files.undo(report.operation.unwrap()).unwrap();
    assert!(world.there() == before && world.known() == known);
}

#[test]
fn a_folder_that_cannot_be_made_is_told_for_each_of_its_files() {
    let world = World::new(&["pics/a.png", "pics/b.png", "pics/c.png", "pics/file"]);
    let wish = organize(
        &world,
        Placing::Move,
        &[("pics/file/deep", &["pics/a.png", "pics/b.png"]), ("pics/to", &["pics/c.png"])],
    );
    let report = world.files.perform(&wish).unwrap();
    assert_eq!((report.done, report.failed), (1, 2));
    assert!(report.errors.iter().all(|(_, why)| why.contains("file")), "{:?}", report.errors);
    assert_eq!(world.names(), ["pics/a.png", "pics/b.png", "pics/file", "pics/to/", "pics/to/c.png"]);
    world.agrees();
}

#[test]
fn what_is_foreseen_is_what_is_done() {
    let mut rng = fastrand::Rng::with_seed(5);
    for _ in 0..20 {
        let mut names: Vec<String> = Vec::new();
        for _ in 0..rng.usize(4..24) {
            let (folder, stem) = (rng.u8(..3), rng.choice(["x", "y", "x (1)", "x (2)"]).unwrap());
            let name = format!("pics/{folder}/{stem}.{}", rng.choice(["png", "jpg", "txt"]).unwrap());
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let all: Vec<&str> = names.iter().map(String::as_str).collect();
        let world = World::new(&all);
        let media: Vec<&str> = all.iter().copied().filter(|name| !name.ends_with(".txt")).collect();
        let (mut one, mut other) = (Vec::new(), Vec::new());
        for name in media {
            match rng.u8(..3) {
                0 if !name.starts_with("pics/0/") => one.push(name),
                1 => other.push(name),
                _ => {}
            }
        }
        let placing = if rng.bool() { Placing::Move } else { Placing::Copy };
        let wish = organize(&world, placing, &[("pics/0", &one), ("pics/new", &other)]);
        let (before, head) = (world.there(), world.ledger.head());
        let foreseen = world.files.foresee(&wish).unwrap();
        assert!(world.there() == before && world.ledger.head() == head, "nothing is touched");
        // A sidecar is copied with each of those that share it.
        let places: Vec<(String, String)> =
            foreseen.places.iter().map(|(from, to)| (below(&world, from), below(&world, to))).collect();
        let goes = |path: &String| placing == Placing::Move && places.iter().any(|(from, _)| from == path);
        let report = world.files.perform(&wish).unwrap();
        assert_eq!(
            (report.done as usize, report.errors),
            (one.len() + other.len(), foreseen.errors),
            "{names:?}"
        );
        let mut expected: BTreeMap<String, There> = before
            .iter()
            .filter(|(path, _)| !goes(path))
            .map(|(path, there)| (path.clone(), there.clone()))
            .collect();
        for (from, to) in &places {
            assert_eq!(expected.insert(to.clone(), before[from].clone()), None, "{to} is overwritten");
        }
        let mut after = world.there();
        after.retain(|_, there| *there != There::Folder);
        expected.retain(|_, there| *there != There::Folder);
        assert!(after == expected, "{names:?}: {:?} instead of {:?}", after.keys(), expected.keys());
        if let Some(operation) = report.operation {
            world.files.undo(operation).unwrap();
            assert!(world.there() == before, "{names:?}");
        }
    }
}

fn below(world: &World, path: &[u8]) -> String {
    let path = lumidex::sys::paths::from_bytes(path);
    path.strip_prefix(world.dir.path()).unwrap().to_str().unwrap().to_owned()
}
