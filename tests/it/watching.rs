//! Watched folders over a real file system, through the library as the server opens it.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::time::Duration;

use lumidex::intake::{Alone, Standing, WatchSettings};
use lumidex::sys::paths;

#[cfg(target_os = "linux")]
use crate::support::disks::Mounted;
use crate::support::watched::{Watched, picture, until};

/// Looks at roots and at what is not watched often, so that nobody has to wait.
fn impatient() -> WatchSettings {
    WatchSettings {
        poll_min: Duration::from_millis(100),
        roots_every: Duration::from_millis(50),
        ..WatchSettings::default()
    }
}

#[test]
fn a_file_written_in_one_go_is_found_and_one_removed_is_not() {
    let watched = Watched::new();
    watched.await_standing("it is watched", |root| root.standing == Standing::Watching);
    watched.write("a.png", "a heron at dawn");
    watched.await_found("heron", &["a.png"]);
    watched.write("a.png", "an otter at noon");
    watched.await_found("otter", &["a.png"]);
    assert!(watched.found("heron").is_empty(), "it was rewritten");
    fs::remove_file(watched.path("a.png")).unwrap();
    watched.await_found("otter", &[]);
}

#[test]
fn a_file_that_grows_with_pauses_is_whole_in_the_end() {
    let watched = Watched::new();
    let prompt = format!("a heron, {} and its very last word, albatross", "detailed feathers, ".repeat(300));
    let whole = picture(&prompt);
    // By writers that keep it open, and by one that opens it anew for each piece.
    for (name, is_kept_open) in [("open.png", true), ("anew.png", false)] {
        let path = watched.path(name);
        let mut kept = is_kept_open.then(|| fs::File::create(&path).unwrap());
        for piece in whole.chunks(whole.len() / 7) {
            match &mut kept {
                Some(file) => file.write_all(piece).unwrap(),
                None => {
                    let mut file = OpenOptions::new().create(true).append(true).open(&path).unwrap();
                    file.write_all(piece).unwrap();
                }
            }
            // Longer than a file needs to settle, so that halves are there to be read.
            std::thread::sleep(Duration::from_millis(if is_kept_open { 250 } else { 60 }));
        }
    }
    watched.await_found("albatross", &["anew.png", "open.png"]);
    let text = |name: &str| {
        let reader = watched.library().reader().unwrap();
        let (_, image) = reader.present_at(&paths::to_bytes(watched.path(name))).unwrap().unwrap();
        reader.generation_text(&image).unwrap()
    };
    for name in ["open.png", "anew.png"] {
        let expected = Alone::open(&watched.path(name)).unwrap().reading().unwrap().generation_text;
        assert!(expected.contains(&prompt) && expected.contains("Steps: 20"), "{expected}");
        assert_eq!(text(name), expected, "{name} is whole");
    }
    assert_eq!(watched.library().query().n_images().unwrap(), 2);
}

#[test]
fn a_file_renamed_from_a_temporary_name_is_found() {
    let watched = Watched::new();
    watched.write("a.png.tmp", "a heron");
    fs::rename(watched.path("a.png.tmp"), watched.path("a.png")).unwrap();
    watched.await_found("heron", &["a.png"]);
    // Over a file that is there, as programs save.
    watched.write("a.png.part", "an otter");
    fs::rename(watched.path("a.png.part"), watched.path("a.png")).unwrap();
    watched.await_found("otter", &["a.png"]);
    assert!(watched.found("heron").is_empty());
    assert_eq!(watched.library().query().n_images().unwrap(), 1);
}

#[test]
fn a_text_that_comes_later_is_read_with_its_picture() {
    let watched = Watched::new();
    fs::write(watched.path("a.jpg"), "no metadata at all").unwrap();
    watched.await_found("a.jpg", &["a.jpg"]);
    fs::write(watched.path("a.txt"), "a caption of a cormorant").unwrap();
    watched.await_found("cormorant", &["a.jpg"]);
    fs::write(watched.path("a.txt"), "a caption of a razorbill").unwrap();
    watched.await_found("razorbill", &["a.jpg"]);
    fs::remove_file(watched.path("a.txt")).unwrap();
    watched.await_found("razorbill", &[]);
    assert_eq!(watched.found("a.jpg"), ["a.jpg"]);
    // And one that was there first.
    fs::write(watched.path("b.txt"), "a caption of a guillemot").unwrap();
    fs::write(watched.path("b.jpg"), "no metadata either").unwrap();
    watched.await_found("guillemot", &["b.jpg"]);
}

#[test]
fn folders_are_found_with_what_is_in_them_and_watched() {
    let watched = Watched::new();
    fs::create_dir_all(watched.path("made/deep/deeper")).unwrap();
    watched.write("made/deep/deeper/a.png", "a heron");
    watched.await_found("heron", &["made/deep/deeper/a.png"]);
    // Moved in from elsewhere, whole.
    let outside = watched.dir.path().join("outside");
    fs::create_dir_all(outside.join("x/y")).unwrap();
    fs::write(outside.join("x/y/b.png"), picture("an otter")).unwrap();
    fs::write(outside.join("c.png"), picture("an otter too")).unwrap();
    fs::rename(&outside, watched.path("moved")).unwrap();
    watched.await_found("otter", &["moved/c.png", "moved/x/y/b.png"]);
    watched.await_standing("every folder is watched", |root| (root.n_watched, root.n_polled) == (7, 0));
    watched.write("made/deep/d.png", "a puffin");
    watched.write("moved/x/y/e.png", "a puffin");
    watched.await_found("puffin", &["made/deep/d.png", "moved/x/y/e.png"]);
}

#[test]
fn a_renamed_folder_takes_its_files_along_and_stays_watched() {
    let watched = Watched::new();
    fs::create_dir_all(watched.path("one/in")).unwrap();
    watched.write("one/a.png", "a heron");
    watched.write("one/in/b.png", "a heron as well");
    watched.await_found("heron", &["one/a.png", "one/in/b.png"]);
    let ids = [watched.image("one/a.png"), watched.image("one/in/b.png")];
    fs::rename(watched.path("one"), watched.path("two")).unwrap();
    watched.await_found("heron", &["two/a.png", "two/in/b.png"]);
    assert_eq!([watched.image("two/a.png"), watched.image("two/in/b.png")], ids);
    watched.await_standing("the watches moved along", |root| root.n_watched == 3);
    watched.write("two/in/c.png", "an otter");
    watched.await_found("otter", &["two/in/c.png"]);
    // Another of the old name, at once.
    fs::create_dir(watched.path("one")).unwrap();
    watched.write("one/d.png", "a puffin");
    watched.await_found("puffin", &["one/d.png"]);
    let id = watched.image("two/in/c.png");
    fs::rename(watched.path("two/in/c.png"), watched.path("one/c.png")).unwrap();
    watched.await_found("otter", &["one/c.png"]);
    assert_eq!(watched.image("one/c.png"), id);
    // Out of sight altogether.
    fs::rename(watched.path("two"), watched.dir.path().join("gone")).unwrap();
    watched.await_found("heron", &[]);
    watched.await_standing("what left is not watched", |root| root.n_watched == 2);
}

#[test]
fn a_folder_is_removed_with_all_its_files() {
    let watched = Watched::new();
    fs::create_dir_all(watched.path("many/more")).unwrap();
    for n in 0..150 {
        watched.write(&format!("many/{n:03}.png"), &format!("heron {n}"));
        watched.write(&format!("many/more/{n:03}.png"), &format!("heron {n}"));
    }
    watched.write("stays.png", "a heron that stays");
    until(
        "all are found",
        || watched.found("heron").len() == 301,
        || watched.found("heron").len().to_string(),
    );
    fs::remove_dir_all(watched.path("many")).unwrap();
    watched.await_found("heron", &["stays.png"]);
    // The last one as well: that it goes was seen, so the root is in no doubt.
    fs::remove_file(watched.path("stays.png")).unwrap();
    watched.await_found("heron", &[]);
    assert!(watched.library().intake().offline().is_empty());
}

#[test]
fn rules_that_come_later_hold() {
    let watched = Watched::new();
    fs::create_dir_all(watched.path("sketches/old")).unwrap();
    watched.write("sketches/old/a.png", "a heron");
    watched.write("b.png", "a heron");
    watched.await_found("heron", &["b.png", "sketches/old/a.png"]);
    watched.await_standing("every folder is watched", |root| root.n_watched == 3);
    fs::write(watched.path(".lumidexignore"), "sketches\n").unwrap();
    watched.await_found("heron", &["b.png"]);
    watched.await_standing("what is ignored is not watched", |root| root.n_watched == 1);
    watched.write("sketches/c.png", "an otter");
    fs::write(watched.path(".lumidexignore"), "*.jpg\n").unwrap();
    watched.await_found("heron", &["b.png", "sketches/old/a.png"]);
    watched.await_found("otter", &["sketches/c.png"]);
    fs::write(watched.path("no.jpg"), "no.jpg").unwrap();
    watched.write("yes.png", "a puffin");
    watched.await_found("puffin", &["yes.png"]);
    assert!(watched.found("no.jpg").is_empty());
}

#[test]
fn a_root_that_is_away_is_offline_and_heals_with_its_tags() {
    let watched = Watched::new();
    fs::create_dir(watched.path("deep")).unwrap();
    watched.write("deep/a.png", "a heron");
    watched.await_found("heron", &["deep/a.png"]);
    let image = watched.image("deep/a.png");
    let tag = watched.library().make_tag("kept").unwrap();
    watched.library().put_tag(tag, vec![image]).unwrap();

    let away = watched.dir.path().join("away");
    fs::rename(watched.path(""), &away).unwrap();
    watched
        .await_standing("it is offline", |root| root.standing == Standing::Offline && root.reason.is_some());
    assert_eq!(watched.library().intake().offline(), [watched.root()]);
    assert_eq!(watched.found("heron"), ["deep/a.png"], "nothing of it is missing");
    fs::remove_file(away.join("deep/a.png")).unwrap();
    fs::write(away.join("deep/b.png"), picture("an otter")).unwrap();
    assert_eq!(watched.found("heron"), ["deep/a.png"], "nobody looks at it where it is now");

    fs::write(away.join("deep/a.png"), picture("a heron")).unwrap();
    fs::rename(&away, watched.path("")).unwrap();
    watched.await_standing("it is watched again", |root| root.standing == Standing::Watching);
    watched.await_found("otter", &["deep/b.png"]);
    assert_eq!((watched.found("heron"), watched.image("deep/a.png")), (vec!["deep/a.png".to_owned()], image));
    let tags = watched.library().reader().unwrap().custom_tag_ids_of(image).unwrap();
    assert_eq!(tags, [tag]);
    watched.write("deep/c.png", "a puffin");
    watched.await_found("puffin", &["deep/c.png"]);
}

#[test]
fn a_root_emptied_while_nothing_ran_is_in_doubt_until_a_person_says_so() {
    let mut watched = Watched::with(impatient(), |pics| {
        fs::write(pics.join("a.png"), picture("a heron")).unwrap();
        fs::write(pics.join("b.png"), picture("a heron")).unwrap();
    });
    watched.await_found("heron", &["a.png", "b.png"]);
    watched.stop();
    fs::remove_file(watched.path("a.png")).unwrap();
    fs::remove_file(watched.path("b.png")).unwrap();
    watched.start();
    watched.library().update().unwrap();
    watched.await_standing("it is offline", |root| root.standing == Standing::Offline);
    assert_eq!(watched.found("heron"), ["a.png", "b.png"]);
    watched.library().intake().accept_empty(watched.root());
    watched.await_found("heron", &[]);
    watched.await_standing("it is watched", |root| root.standing == Standing::Watching);
    watched.write("c.png", "an otter");
    watched.await_found("otter", &["c.png"]);
}

#[test]
fn that_a_root_is_empty_is_not_believed_of_another_day() {
    let watched =
        Watched::with(impatient(), |pics| fs::write(pics.join("a.png"), picture("a heron")).unwrap());
    watched.await_found("heron", &["a.png"]);
    let away = watched.path("").with_file_name("away");
    fs::rename(watched.path(""), &away).unwrap();
    watched.await_standing("it is offline", |root| root.standing == Standing::Offline);
    // There is nothing to look at, so nothing can be said of it.
    watched.library().intake().accept_empty(watched.root());
    watched.library().update().unwrap();
    fs::create_dir(watched.path("")).unwrap();
    watched.library().update().unwrap();
    // Nor does a file vouch for it that is asked for where its drive is not mounted.
    watched.write("b.png", "an otter");
    watched.library().look_at(watched.path("b.png").as_os_str().as_encoded_bytes()).unwrap();
    watched.library().update().unwrap();
    assert_eq!(watched.found("otter"), [""; 0]);
    assert_eq!(watched.found("heron"), ["a.png"], "its drive is not mounted yet");
    assert_eq!(watched.standing().standing, Standing::Offline);
}

#[test]
fn beyond_the_budget_the_oldest_folders_are_polled() {
    let watch = WatchSettings { watches_max: Some(3), ..impatient() };
    let watched = Watched::with(watch, |pics| {
        for folder in ["a", "b", "c", "d", "e"] {
            fs::create_dir(pics.join(folder)).unwrap();
        }
    });
    watched.await_standing("three are watched", |root| {
        (root.standing, root.n_watched, root.n_polled) == (Standing::PartlyPolling, 3, 3)
            && root.poll_every.is_some()
            && root.reason.is_some()
    });
    for folder in ["a", "b", "c", "d", "e"] {
        watched.write(&format!("{folder}/x.png"), "a heron");
    }
    watched.await_found("heron", &["a/x.png", "b/x.png", "c/x.png", "d/x.png", "e/x.png"]);
    for folder in ["a", "b", "c", "d", "e"] {
        fs::remove_file(watched.path(&format!("{folder}/x.png"))).unwrap();
    }
    watched.write("stays.png", "a heron");
    watched.await_found("heron", &["stays.png"]);
    watched.await_standing("three are watched still", |root| (root.n_watched, root.n_polled) == (3, 3));
}

#[test]
fn without_events_everything_is_polled() {
    let watched = Watched::with(WatchSettings { uses_events: false, ..impatient() }, |_| {});
    watched.await_standing("it is polled", |root| {
        (root.standing, root.n_watched, root.n_polled) == (Standing::Polling, 0, 1)
    });
    fs::create_dir(watched.path("in")).unwrap();
    watched.write("in/a.png", "a heron");
    watched.await_found("heron", &["in/a.png"]);
    fs::rename(watched.path("in/a.png"), watched.path("b.png")).unwrap();
    watched.await_found("heron", &["b.png"]);
    assert!(watched.library().expired_dirs().unwrap().is_empty(), "polling is no news");
}

#[test]
fn lost_events_are_made_up_for() {
    let watched = Watched::new();
    fs::create_dir(watched.path("in")).unwrap();
    watched.write("in/a.png", "a heron");
    watched.await_found("heron", &["in/a.png"]);
    for round in 0..5 {
        watched.library().intake().distrust_events();
        watched.write(&format!("in/{round}.png"), &format!("otter number {round}"));
        fs::create_dir(watched.path(&format!("in/{round}"))).unwrap();
        watched.write(&format!("in/{round}/x.png"), &format!("otter number {round}"));
    }
    let expected = ["in/0.png", "in/0/x.png", "in/1.png", "in/1/x.png", "in/2.png", "in/2/x.png", "in/3.png"];
    let expected = [&expected[..], &["in/3/x.png", "in/4.png", "in/4/x.png"]].concat();
    watched.await_found("otter", &expected);
    watched.await_standing("it is watched again", |root| {
        (root.standing, root.n_watched) == (Standing::Watching, 7)
    });
    fs::remove_file(watched.path("in/3/x.png")).unwrap();
    watched.await_found("number 3", &["in/3.png"]);
}

#[test]
fn a_root_is_watched_from_its_first_update_until_it_is_removed() {
    let watched = Watched::new();
    let other = watched.dir.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("a.png"), picture("a heron")).unwrap();
    let path = paths::to_bytes(&other);
    let types = [lumidex_schema::record::PathType::Scanned];
    watched.library().add_extra_path(&path, &types).unwrap();
    assert_eq!(watched.library().expired_dirs().unwrap(), std::slice::from_ref(&path));
    let of_other =
        || watched.library().intake().standings().unwrap().into_iter().find(|root| root.path == path);
    assert_eq!(of_other().map(|root| root.n_watched), Some(0));
    watched.library().update().unwrap();
    assert!(watched.library().expired_dirs().unwrap().is_empty());
    assert_eq!(of_other().map(|root| (root.standing, root.n_watched)), Some((Standing::Watching, 1)));
    fs::write(other.join("b.png"), picture("an otter")).unwrap();
    let n_images = || watched.library().query().n_images().unwrap();
    until("both are there", || n_images() == 2, || n_images().to_string());
    watched.library().remove_extra_path(&path, &types).unwrap();
    assert_eq!((of_other(), n_images()), (None, 0));
    fs::write(other.join("c.png"), picture("a puffin")).unwrap();
    // By the time this is found, that would have been.
    watched.write("d.png", "a puffin");
    watched.await_found("puffin", &["d.png"]);
    assert_eq!(n_images(), 1);
}

#[test]
fn one_file_can_be_looked_at_without_a_walk() {
    let watched = Watched::new();
    let library = watched.library();
    fs::create_dir(watched.path(".hidden")).unwrap();
    watched.write(".hidden/no.png", "a heron");
    watched.write("yes.png", "a heron");
    let n_runs = library.progress().runs;
    for name in [".hidden/no.png", "yes.png", "absent.png"] {
        library.look_at(&paths::to_bytes(watched.path(name))).unwrap();
    }
    library.look_at(b"/elsewhere/x.png").unwrap();
    assert_eq!(watched.found("heron"), ["yes.png"]);
    assert_eq!(library.progress().runs, n_runs);
}

#[cfg(target_os = "linux")]
#[test]
fn a_drive_that_is_unmounted_under_a_watch_takes_nothing_with_it() {
    let watched = Watched::with(impatient(), |pics| fs::create_dir_all(pics.join("drive")).unwrap());
    watched.write("here.png", "a puffin");
    let mounted = Mounted::tmpfs(&watched.path("drive"), "");
    fs::create_dir_all(watched.path("drive/in")).unwrap();
    watched.write("drive/a.png", "a heron");
    watched.write("drive/in/b.png", "a heron as well");
    // Nothing tells of a drive that is mounted where a folder was.
    watched.library().update().unwrap();
    watched.await_found("heron", &["drive/a.png", "drive/in/b.png"]);
    let Some(mounted) = mounted else { return };
    watched.await_standing("its folders are watched", |root| root.n_watched == 3);
    drop(mounted);
    watched.await_standing("they are no longer", |root| root.n_watched == 2);
    // By the time this is known to be gone, those would have been.
    fs::remove_file(watched.path("here.png")).unwrap();
    watched.await_found("puffin", &[]);
    watched.library().update().unwrap();
    assert_eq!(watched.found("heron"), ["drive/a.png", "drive/in/b.png"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_root_that_is_unmounted_is_offline_also_when_something_else_is_mounted_there() {
    let mut mounted = None;
    let watched = Watched::with(impatient(), |pics| mounted = Mounted::tmpfs(pics, ""));
    fs::create_dir(watched.path("in")).unwrap();
    watched.write("in/a.png", "a heron");
    watched.write("b.png", "a heron as well");
    watched.await_found("heron", &["b.png", "in/a.png"]);
    let Some(first) = mounted.take() else { return };
    drop(first);
    let is_offline = |root: &lumidex::intake::RootStanding| root.standing == Standing::Offline;
    watched.await_standing("it is offline", is_offline);
    let another = Mounted::tmpfs(&watched.path(""), "").unwrap();
    watched.write("c.png", "an otter");
    watched.library().update().unwrap();
    watched.await_standing("it is offline still", is_offline);
    assert_eq!(watched.found("heron"), ["b.png", "in/a.png"]);
    drop(another);
}
