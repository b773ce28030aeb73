//! What is brought for files that were not seen yet: it waits, and comes to the file by its path, or by name and size
//! where nothing else could be meant.

use lumidex::ledger::backup::{Existing, copy};
use lumidex::sys::Stop;
use lumidex_schema::layout;
use lumidex_schema::record::PathType;

use crate::fixture::{Age, Iib};
use crate::home::{Home, see, walked};

/// A database in which these files have the tag `t`.
fn tagged(home: &Home, files: &[(&str, i64)]) -> std::path::PathBuf {
    let _ = std::fs::remove_file(home.dir.path().join("iib.db"));
    let iib = Iib::new(home.dir.path(), Age::Newest);
    let tag = iib.tag("t", "");
    for (path, size) in files {
        iib.link(iib.image(path, *size), tag);
    }
    iib.done()
}

#[test]
fn a_file_gets_what_waits_for_it_when_it_is_seen_at_its_path() {
    let home = Home::new();
    let iib = Iib::new(home.dir.path(), Age::Newest);
    let tag = iib.tag("t", "red");
    iib.link(iib.image("/p/a.png", 10), tag);
    iib.link(iib.edited("/p/x/b.png", 20, "my own words"), tag);
    let file = iib.done();
    let report = home.plan(&file, &[]).report();
    assert!(
        report.contains("  1 below /p\n")
            && report.contains("  1 below /p/x\n")
            && !report.contains("no folder of the library"),
        "{report}"
    );
    assert_eq!(home.import(&file, &[]).waiting, 2);
    assert!(home.plan(&file, &[]).is_empty());
    // Whatever its size is by now.
    home.see(&[("a.png", 11), ("x/c.png", 20)]);
    assert_eq!(home.tags("/p/a.png"), ["t"]);
    assert_eq!(home.state().waiting, 1);
    home.see(&[("x/b.png", 20)]);
    let state = home.state();
    assert_eq!(state.images["/p/x/b.png"], (vec!["t".to_owned()], Some("my own words".to_owned())));
    assert_eq!((state.images.len(), state.waiting), (2, 0));
    assert!(home.plan(&file, &[]).is_empty(), "and it is known then that it came");
}

#[test]
fn a_file_elsewhere_gets_it_when_it_is_the_only_one_of_its_name_and_size() {
    let home = Home::new();
    let file = tagged(&home, &[("/old/a.png", 10), ("/old/b.png", 20), ("/old/c.png", 30)]);
    let report = home.plan(&file, &[]).report();
    assert!(report.contains("  3 below /old; no folder of the library holds them"), "{report}");
    home.import(&file, &[]);
    // Before a walk has come to its end, another may be seen.
    home.see(&[("moved/a.png", 10), ("moved/b.png", 21), ("one/c.png", 30)]);
    assert_eq!(home.state().waiting, 3);
    home.see(&[("two/c.png", 30)]);
    home.walked();
    let state = home.state();
    assert_eq!(
        state.images.keys().collect::<Vec<_>>(),
        ["/p/moved/a.png"],
        "b has another size, c is ambiguous"
    );
    assert_eq!(state.waiting, 2);
    // After it, at once.
    home.see(&[("late/b.png", 20)]);
    assert_eq!(home.tags("/p/late/b.png"), ["t"]);
    assert_eq!(home.state().waiting, 1);
    // The path tells what name and size do not.
    home.ledger().add_extra_path(b"/old", &[PathType::Scanned]).unwrap();
    let report = home.plan(&file, &["/old=/p/two"]).report();
    assert!(report.contains("1 tag and 0 texts given by hand for 1 image"), "{report}");
    home.import(&file, &["/old=/p/two"]);
    assert_eq!((home.tags("/p/two/c.png"), home.tags("/p/one/c.png")), (vec!["t".to_owned()], Vec::new()));
    assert_eq!(home.state().waiting, 0);
}

#[test]
fn files_that_are_known_elsewhere_are_found_by_name_and_size() {
    let home = Home::new();
    home.see(&[("x/a.png", 10), ("x/b.png", 20), ("y/b.png", 20), ("x/c.png", 30)]);
    home.walked();
    let files = [("/old/a.png", 10), ("/old/b.png", 20), ("/old/1/c.png", 30), ("/old/2/c.png", 30)];
    let file = tagged(&home, &files);
    let report = home.plan(&file, &[]).report();
    assert!(report.contains("1 of them lie elsewhere and were found by name and size"), "{report}");
    assert!(report.contains("1 of which several images here have the name and size"), "{report}");
    let done = home.import(&file, &[]);
    assert_eq!((done.files.linked, done.waiting), (1, 3), "b is ambiguous here, c is there");
    assert_eq!(home.state().images.keys().collect::<Vec<_>>(), ["/p/x/a.png"]);
    home.see(&[("z/c.png", 30)]);
    home.walked();
    assert_eq!(home.state().waiting, 3, "two that wait for one name and size stay so");
    assert!(home.plan(&file, &[]).is_empty(), "{}", home.plan(&file, &[]).report());
}

#[test]
fn an_image_that_has_no_tags_there_is_another_file_all_the_same() {
    let home = Home::new();
    let iib = Iib::new(home.dir.path(), Age::Oldest);
    let tag = iib.tag("t", "");
    iib.image("/p/a.png", 10);
    iib.link(iib.image("/gone/a.png", 10), tag);
    let file = iib.done();
    home.see(&[("a.png", 10)]);
    home.walked();
    home.import(&file, &[]);
    home.see(&[("again/a.png", 10)]);
    home.walked();
    let state = home.state();
    assert!(state.images.is_empty(), "{state:?}");
    assert_eq!(state.waiting, 1);
}

#[test]
fn tags_that_were_removed_meanwhile_do_not_come_back() {
    let home = Home::new();
    home.import(&tagged(&home, &[("/p/a.png", 10)]), &[]);
    let ledger = home.ledger();
    let (_, tag) = ledger.make_tag("t").unwrap();
    ledger.remove_tag(tag).unwrap();
    see(&ledger, &[("a.png", 10)]);
    walked(&ledger);
    drop(ledger);
    assert!(home.tags("/p/a.png").is_empty());
    assert_eq!(home.state().waiting, 0);
}

#[test]
fn what_waits_is_in_backups_and_survives_a_restart() {
    let home = Home::new();
    home.import(&tagged(&home, &[("/p/a.png", 10), ("/q/b.png", 20)]), &[]);
    let backup = home.dir.path().join("copy.redb");
    {
        let ledger = home.ledger();
        copy(&ledger.reader().unwrap(), &backup, Existing::Keep, &Stop::never(), &mut |_, _| {}).unwrap();
        see(&ledger, &[("a.png", 10)]);
    }
    assert_eq!(home.state().waiting, 1);
    std::fs::rename(&backup, home.data().join(layout::LEDGER)).unwrap();
    assert_eq!(home.state().waiting, 2);
    home.see(&[("a.png", 10)]);
    assert_eq!(home.tags("/p/a.png"), ["t"]);
}

#[test]
fn files_on_the_disk_get_theirs_with_the_first_walk() {
    let home = Home::new();
    std::fs::remove_dir_all(home.data()).unwrap();
    let pictures = home.dir.path().join("pictures");
    let synth = lumidex_index_tools::synth::Library::new(3, 60);
    synth.write_to(&pictures, 0..60, &|_| {}).unwrap();
    let mut files: Vec<(String, i64)> = Vec::new();
    let mut folders = vec![pictures.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension().and_then(|end| end.to_str()) {
                None => folders.push(path),
                Some("png" | "jpg" | "webp") => {
                    let size = path.metadata().unwrap().len() as i64;
                    files.push((path.to_str().unwrap().to_owned(), size));
                }
                Some(_) => {}
            }
        }
    }
    let iib = Iib::new(home.dir.path(), Age::Newest);
    let tag = iib.tag("t", "");
    // Every second one lay elsewhere.
    for (nth, (path, size)) in files.iter().enumerate() {
        let moved = path.replace(pictures.to_str().unwrap(), r"C:\sd\outputs").replace('/', r"\");
        iib.link(iib.image(if nth % 2 == 0 { path } else { &moved }, *size), tag);
    }
    iib.folder(pictures.to_str().unwrap(), "scanned", "");
    let file = iib.done();
    assert_eq!(home.import(&file, &[]).waiting, files.len() as u64);
    let library = lumidex_index_tools::reindex::Library::open(&home.data()).unwrap();
    library.read_again(&Stop::never(), &mut |_| {}).unwrap();
    drop(library);
    let state = home.state();
    assert_eq!((state.images.len(), state.waiting), (files.len(), 0));
    assert!(state.images.values().all(|(tags, _)| *tags == ["t"]));
    assert!(home.plan(&file, &[]).is_empty());
}
