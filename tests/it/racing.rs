//! Operations on files beside walks and events that see the half of them: images stay the images they
//! are, nobody is asked anything, listeners are told, and every folder stays watched.

use crate::live::Program;
use crate::support::watched::{PATIENCE, Watched, picture, until};
use lumidex::files::Wish;
use lumidex::intake::WatchSettings;
use lumidex::sys::paths;
use lumidex_schema::id::ImageId;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Several words to the ledger for each operation.
const FILES: usize = 2_000;

/// So many pictures in the folder `in`.
fn filled(n: usize) -> Watched {
    Watched::with(WatchSettings::default(), |pics| {
        for folder in ["in", "out"] {
            fs::create_dir(pics.join(folder)).unwrap();
        }
        for nth in 0..n {
            fs::write(pics.join(format!("in/{nth:05}.png")), picture(&format!("a heron, number {nth}")))
                .unwrap();
        }
    })
}

/// Images of pictures below, by the name of the file.
fn images(watched: &Watched, folder: &str, n: usize) -> BTreeMap<String, ImageId> {
    (0..n)
        .map(|nth| format!("{nth:05}.png"))
        .map(|name| (name.clone(), watched.image(&format!("{folder}/{name}"))))
        .collect()
}

fn files(watched: &Watched, folder: &str, n: usize) -> Vec<Vec<u8>> {
    (0..n).map(|nth| paths::to_bytes(watched.path(&format!("{folder}/{nth:05}.png")))).collect()
}

fn moving(watched: &Watched, from: &str, to: &str, n: usize) -> Wish {
    let into = paths::to_bytes(watched.path(to));
    Wish::Move { files: files(watched, from, n), into, make_folder: false, go_on: false }
}

/// Nothing is known that is not there, nothing twice, and there is no question.
#[track_caller]
fn settled(watched: &Watched, folder: &str, n: usize, ids: &BTreeMap<String, ImageId>) {
    let expected: Vec<String> = (0..n).map(|nth| format!("{folder}/{nth:05}.png")).collect();
    until(
        "all are found where they are",
        || watched.found("heron") == expected,
        || format!("{} files", watched.found("heron").len()),
    );
    for _ in 0..2 {
        assert_eq!(&images(watched, folder, n), ids, "each is the image it was");
        assert_eq!(watched.found("heron").len(), n, "each is there once");
        assert_eq!(watched.library().reader().unwrap().reviews(9).unwrap(), []);
        watched.library().update().unwrap();
    }
}

#[test]
fn walks_and_events_beside_a_move_of_thousands_guess_nothing() {
    let watched = filled(FILES);
    let ids = images(&watched, "in", FILES);
    let library = watched.library();
    let is_over = AtomicBool::new(false);
    let n_walks = std::thread::scope(|scope| {
        let walking = scope.spawn(|| {
            let mut n = 0;
            while !is_over.load(Ordering::Relaxed) {
                library.update().unwrap();
                n += 1;
            }
            n
        });
        let moved = library.perform(&moving(&watched, "in", "out", FILES)).unwrap();
        assert_eq!((moved.done, moved.failed), (FILES as u64, 0));
        let back = library.undo(moved.operation.unwrap()).unwrap();
        assert_eq!((back.done, back.failed), (FILES as u64, 0));
        let again = library.undo(back.operation.unwrap()).unwrap();
        assert_eq!((again.done, again.failed), (FILES as u64, 0));
        is_over.store(true, Ordering::Relaxed);
        walking.join().unwrap()
    });
    assert!(n_walks > 0);
    settled(&watched, "out", FILES, &ids);
}

#[test]
fn a_folder_that_is_renamed_stays_watched_with_all_below() {
    let watched = filled(40);
    fs::create_dir(watched.path("in/deep")).unwrap();
    watched.await_standing("every folder is watched", |root| root.n_watched == 4);
    let ids = images(&watched, "in", 40);
    let rename = |from: &str, name: &str| {
        let wish = Wish::Rename { path: paths::to_bytes(watched.path(from)), name: name.as_bytes().to_vec() };
        watched.library().perform(&wish).unwrap().operation.unwrap()
    };
    let renamed = rename("in", "other");
    // At once: whoever writes does not know that the folder had another name.
    watched.write("other/new.png", "an otter");
    watched.write("other/deep/new.png", "an otter as well");
    watched.await_found("otter", &["other/deep/new.png", "other/new.png"]);
    settled(&watched, "other", 40, &ids);
    watched.await_standing("every folder is watched still", |root| root.n_watched == 4);
    let moved = watched
        .library()
        .perform(&Wish::Move {
            files: vec![paths::to_bytes(watched.path("other"))],
            into: paths::to_bytes(watched.path("out")),
            make_folder: false,
            go_on: false,
        })
        .unwrap();
    watched.write("out/other/deep/third.png", "a puffin");
    watched.await_found("puffin", &["out/other/deep/third.png"]);
    settled(&watched, "out/other", 40, &ids);
    watched.library().undo(moved.operation.unwrap()).unwrap();
    watched.library().undo(renamed).unwrap();
    watched.write("in/deep/fourth.png", "a plover");
    watched.await_found("plover", &["in/deep/fourth.png"]);
    settled(&watched, "in", 40, &ids);
    assert_eq!(watched.found("otter"), ["in/deep/new.png", "in/new.png"]);
}

#[test]
fn listeners_are_told_of_every_file_that_an_operation_moved() {
    let dir = tempfile::tempdir().unwrap();
    let pics = dir.path().join("pics");
    for folder in ["in", "out"] {
        fs::create_dir_all(pics.join(folder)).unwrap();
    }
    let paths: Vec<_> = (0..300).map(|nth| pics.join(format!("in/{nth:05}.png"))).collect();
    for (nth, path) in paths.iter().enumerate() {
        fs::write(path, picture(&format!("a heron, number {nth}"))).unwrap();
    }
    let program = Program::start(&dir.path().join("data"), &[&pics]);
    program.reference("/db/update_image_data", &json!({}));
    let all = program.reference("/db/search_by_substr", &json!({ "surstr": "", "size": 10_000 }));
    let ids: BTreeSet<u64> =
        all["files"].as_array().unwrap().iter().map(|file| file["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), 300);
    let stream = program.client.get(format!("{}/events", program.url)).send().unwrap();
    let mut lines = BufReader::new(stream).lines();
    let said = lines.find(|line| line.as_ref().unwrap() == "event: hello");
    assert!(said.is_some(), "the stream begins");
    program.reference("/move_files", &json!({ "file_paths": paths, "dest": pics.join("out") }));
    let (mut told, began) = (BTreeSet::new(), Instant::now());
    while told.len() < ids.len() {
        assert!(began.elapsed() < PATIENCE, "{} of {} are told", told.len(), ids.len());
        let line = lines.next().unwrap().unwrap();
        let Some(data) = line.strip_prefix("data: ") else { continue };
        let data: Value = serde_json::from_str(data).unwrap();
        for image in data["images"].as_array().into_iter().flatten() {
            assert_eq!(image["state"], "present", "a move takes nothing away: {data}");
            let id = image["id"].as_u64().unwrap();
            assert!(ids.contains(&id), "nor does it make anything: {data}");
            told.insert(id);
        }
    }
}
