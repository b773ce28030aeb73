//! A sidecar goes with its file, or, when several share it, with the last of them.

use super::world::{There, World};
use lumidex::files::Wish;

const SHARED: [&str; 5] = ["pics/a.png", "pics/a.webp", "pics/a.mp3", "pics/a.txt", "pics/sub/"];

fn with_text(world: &World) -> Vec<String> {
    world.names().into_iter().filter(|name| name.ends_with(".txt")).collect()
}

#[test]
fn a_shared_sidecar_stays_until_the_last_goes() {
    for is_delete in [false, true] {
        let world = World::new(&SHARED);
        let wish = |files: &[&str]| {
            if is_delete { world.delete(files) } else { world.mv(files, "pics/sub") }
        };
        world.does(&wish(&["pics/a.png"]));
        world.does(&wish(&["pics/a.webp"]));
        assert_eq!(with_text(&world), ["pics/a.txt"]);
        let report = world.does(&wish(&["pics/a.mp3"]));
        assert_eq!(report.done, 1);
        assert_eq!(with_text(&world), if is_delete { vec![] } else { vec!["pics/sub/a.txt"] });
        world.agrees();
    }
}

#[test]
fn all_that_share_it_go_together_whatever_the_order() {
    for order in [["a.png", "a.webp", "a.mp3", "a.txt"], ["a.txt", "a.mp3", "a.webp", "a.png"]] {
        let world = World::new(&SHARED);
        let files = order.map(|name| format!("pics/{name}"));
        let report = world.does(&world.mv(&files.each_ref().map(String::as_str), "pics/sub"));
        assert_eq!(report.done, 3);
        assert_eq!(
            world.names(),
            ["pics/sub/", "pics/sub/a.mp3", "pics/sub/a.png", "pics/sub/a.txt", "pics/sub/a.webp"]
        );
        world.agrees();
    }
}

#[test]
fn those_that_share_it_stay_together_when_one_cannot_go() {
    let world = World::new(&[&SHARED[..], &["pics/sub/a.webp", "pics/b.png"]].concat());
    let files = world.all(&["pics/a.png", "pics/b.png", "pics/a.webp", "pics/a.mp3"]);
    let report = world
        .files
        .perform(&Wish::Move { files, into: world.bytes("pics/sub"), make_folder: false, go_on: true })
        .unwrap();
    assert_eq!((report.done, report.failed), (1, 3));
    assert_eq!(
        world.names(),
        [
            "pics/a.mp3",
            "pics/a.png",
            "pics/a.txt",
            "pics/a.webp",
            "pics/sub/",
            "pics/sub/a.webp",
            "pics/sub/b.png"
        ]
    );
    world.agrees();
}

#[test]
fn each_copy_brings_the_sidecar_and_several_bring_it_once() {
    let world = World::new(&SHARED);
    let report = world.does(&world.copy(&["pics/a.png", "pics/a.webp"], "pics/sub"));
    assert_eq!(report.done, 2);
    assert_eq!(
        world.names(),
        [
            "pics/a.mp3",
            "pics/a.png",
            "pics/a.txt",
            "pics/a.webp",
            "pics/sub/",
            "pics/sub/a.png",
            "pics/sub/a.txt",
            "pics/sub/a.webp"
        ]
    );
}

#[test]
fn a_shared_sidecar_stays_when_one_is_renamed() {
    let world = World::new(&SHARED);
    world.does(&world.rename("pics/a.png", "b.png"));
    assert_eq!(with_text(&world), ["pics/a.txt"]);
    world.agrees();
}

#[test]
fn deleting_a_text_file_itself_is_no_error() {
    let world = World::new(&["pics/a.png", "pics/a.txt", "pics/note.txt"]);
    let known = world.known();
    world.does(&world.delete(&["pics/note.txt"]));
    world.does(&world.delete(&["pics/a.txt"]));
    assert_eq!(world.names(), ["pics/a.png"]);
    assert_eq!(world.known(), known);
    world.agrees();
}

#[test]
fn every_kind_of_sidecar_goes_along_and_the_log_stays() {
    let pics = ["a.json", "a.png", "a.swarm.json", "a.txt", "log.html"];
    let names =
        |folder: &str, names: &[&str]| names.iter().map(|name| format!("{folder}{name}")).collect::<Vec<_>>();
    let all = names("pics/", &pics);
    let of =
        |world: &World| world.names().into_iter().filter(|name| !name.ends_with('/')).collect::<Vec<_>>();
    let mut given: Vec<&str> = all.iter().map(String::as_str).collect();
    given.push("pics/sub/");

    let world = World::new(&given);
    assert_eq!(world.does(&world.mv(&["pics/a.png"], "pics/sub")).done, 1);
    assert_eq!(of(&world), [names("pics/", &pics[4..]), names("pics/sub/", &pics[..4])].concat());
    world.agrees();
    world.does(&world.rename("pics/sub/a.png", "b.c.jpg"));
    let renamed = ["b.c.jpg", "b.c.json", "b.c.swarm.json", "b.c.txt"];
    assert_eq!(of(&world), [names("pics/", &pics[4..]), names("pics/sub/", &renamed)].concat());
    world.does(&world.copy(&["pics/sub/b.c.jpg"], "pics"));
    assert_eq!(
        of(&world),
        [names("pics/", &renamed), names("pics/", &pics[4..]), names("pics/sub/", &renamed)].concat()
    );
    world.does(&world.delete(&["pics/b.c.jpg"]));
    assert_eq!(of(&world), [names("pics/", &pics[4..]), names("pics/sub/", &renamed)].concat());
    let is_file = |(_, there): &(String, There)| matches!(there, There::File(..));
    assert_eq!(world.trash().into_iter().filter(is_file).count(), 4);
    world.does(&world.flatten("pics"));
    assert_eq!(of(&world), [names("pics/", &renamed), names("pics/", &pics[4..])].concat());
    world.agrees();
}

#[test]
fn a_name_belongs_to_one_stem() {
    let world =
        World::new(&["pics/a.png", "pics/a.swarm.png", "pics/a.swarm.json", "pics/ab.json", "pics/sub/"]);
    assert_eq!(world.does(&world.mv(&["pics/a.swarm.png"], "pics/sub")).done, 1);
    assert_eq!(
        world.names(),
        ["pics/a.png", "pics/a.swarm.json", "pics/ab.json", "pics/sub/", "pics/sub/a.swarm.png"]
    );
    world.does(&world.mv(&["pics/a.png"], "pics/sub"));
    assert_eq!(
        world.names(),
        ["pics/ab.json", "pics/sub/", "pics/sub/a.png", "pics/sub/a.swarm.json", "pics/sub/a.swarm.png"]
    );
}

#[test]
fn what_is_asked_for_twice_is_done_once() {
    let world = World::new(&["pics/a.png", "pics/a.txt", "pics/sub/"]);
    let files = ["pics/a.png", "pics/a.txt", "pics/a.png", "pics/a.txt"];
    assert_eq!(world.does(&world.mv(&files, "pics/sub")).done, 1);
    assert_eq!(world.names(), ["pics/sub/", "pics/sub/a.png", "pics/sub/a.txt"]);
}

#[test]
fn text_beside_what_is_no_media_is_no_sidecar() {
    let world = World::new(&["pics/a.zip", "pics/a.txt", "pics/b.png", "pics/b.txt/", "pics/sub/"]);
    world.does(&world.mv(&["pics/a.zip", "pics/b.png"], "pics/sub"));
    assert_eq!(world.names(), ["pics/a.txt", "pics/b.txt/", "pics/sub/", "pics/sub/a.zip", "pics/sub/b.png"]);
}
