//! Archives of our own: what is taken along comes back as it was, wherever the files are by then.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use lumidex::intake::worded;
use lumidex::ledger::Ledger;
use lumidex::ledger::backup::Existing;
use lumidex::sys::Stop;
use lumidex_index_tools::export::{Archived, Contents, ExportError, archive};
use lumidex_index_tools::reading::Standing;
use lumidex_schema::archive as format;
use lumidex_schema::id::{ImageId, TagId};
use lumidex_schema::record::{Link, PathType};
use zip::{ZipArchive, ZipWriter};

use crate::home::{Home, gone, see, see_as, walked};

fn standing(home: &Home) -> Standing {
    // A process that another test is just starting holds all locks of this one until it is another program.
    loop {
        match Standing::open(&home.data(), false, &Stop::never(), &mut |_| {}) {
            Err(error) if format!("{error:?}").contains("Held") => std::thread::yield_now(),
            opened => break opened.unwrap(),
        }
    }
}

fn write(home: &Home, name: &str, existing: Existing) -> Result<Archived, ExportError> {
    let (library, target) = (standing(home), home.dir.path().join(name));
    archive(&library, &target, existing, Contents::default(), &Stop::never(), &mut |_| {})
}

fn exported(home: &Home) -> PathBuf {
    write(home, "mine.zip", Existing::Replace).unwrap();
    home.dir.path().join("mine.zip")
}

/// Every member but the manifest, which has a time.
fn members(path: &Path) -> BTreeMap<String, String> {
    let mut zip = ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    let mut members = BTreeMap::new();
    for name in names.into_iter().filter(|name| name != format::MANIFEST) {
        let mut bytes = Vec::new();
        zip.by_name(&name).unwrap().read_to_end(&mut bytes).unwrap();
        members.insert(name, String::from_utf8_lossy(&bytes).into_owned());
    }
    members
}

/// Another library in the making: without anything, not even a ledger.
fn wiped(home: &Home) {
    std::fs::remove_dir_all(home.data()).unwrap();
}

fn id_at(ledger: &Ledger, path: &str) -> ImageId {
    ledger.reader().unwrap().image_at(path.as_bytes()).unwrap().unwrap().0
}

const NAMES: [&str; 12] = [
    "a.png",
    "b.png",
    "c.mp4",
    "x/a.png",
    "x/ü 猫.png",
    "x/y/d.png",
    "e.png",
    "f.png",
    "g.png",
    "h.png",
    "i.png",
    "j.png",
];

/// A library with anything a person can do in it.
fn random(seed: u64) -> Home {
    let mut random = fastrand::Rng::with_seed(seed);
    let home = Home::new();
    let ledger = home.ledger();
    see(&ledger, &NAMES.map(|name| (name, 100)));
    walked(&ledger);
    let tags: Vec<TagId> = ["like", "t1", "t2", "<b>&\"", "猫", "gone"]
        .iter()
        .map(|name| ledger.make_tag(name).unwrap().1)
        .collect();
    for _ in 0..random.usize(5..60) {
        let image = id_at(&ledger, &format!("/p/{}", random.choice(NAMES).unwrap()));
        let tag = *random.choice(&tags).unwrap();
        match random.u8(0..8) {
            0..=3 => drop(ledger.toggle_tag(tag, image).unwrap()),
            4 => {
                let text = format!(
                    "words {}\nNegative prompt: no\nSteps: 3, Seed: {}",
                    random.u8(..),
                    random.u64(..)
                );
                let text =
                    worded(&ledger.reader().unwrap(), random.choice(&[text.as_str(), ""]).unwrap()).unwrap();
                ledger.edit_text(image, random.bool().then_some(text)).unwrap();
            }
            5 => drop(ledger.choose_cover(image, Some(vec![random.u8(..); random.usize(1..40)])).unwrap()),
            6 => drop(ledger.color_tag(tag, random.choice(["#ff0000", "", "blue"]).unwrap()).unwrap()),
            _ => drop(ledger.put_setting("count", &random.u32(..).to_string()).unwrap()),
        }
    }
    let media = ledger.reader().unwrap().all_tags().unwrap();
    let other = media.iter().find(|(_, tag)| tag.name == "Image").unwrap().0;
    let search =
        format!(r#"{{"tabs":[{{"and_tags":[{},"{}"],"not_tags":[{}]}}]}}"#, tags[1].0, tags[2].0, other.0);
    ledger.put_setting("workspace_snapshot_1", &search).unwrap();
    ledger.put_setting("odd", " [1e999, \"\\u0000\"] ").unwrap();
    ledger.add_extra_path(b"/q", &[PathType::Walk]).unwrap();
    ledger.alias_extra_path(b"/q", "the \"other\"").unwrap();
    ledger.remove_tag(tags[5]).unwrap();
    for name in ["e.png", "f.png"] {
        if random.bool() {
            gone(&ledger, name);
        }
    }
    home
}

#[test]
fn what_is_exported_and_imported_again_is_the_same() {
    for seed in 0..40 {
        let home = random(seed);
        let before = members(&exported(&home));
        assert!(before[format::FILES].lines().count() > 1, "{seed}");
        let file = home.dir.path().join("mine.zip");
        wiped(&home);
        home.import(&file, &[]);
        // Nothing was seen yet: everything waits, and is exported all the same.
        assert_eq!(members(&exported(&home)), before, "{seed}");
        assert!(home.plan(&exported(&home), &[]).is_empty(), "{seed}");
        home.see(&NAMES.map(|name| (name, 100)));
        home.walked();
        let after = members(&exported(&home));
        for name in ["e.png", "f.png"] {
            // Found again, though it had been missing.
            let found = |members: &BTreeMap<String, String>| {
                let lines = members[format::FILES].lines().map(str::to_owned);
                lines
                    .filter(|line| line.contains(name))
                    .map(|line| line.replace("\"missing\":true,", ""))
                    .collect()
            };
            let (before, after): (Vec<String>, Vec<String>) = (found(&before), found(&after));
            assert_eq!(after, before, "{seed}");
        }
        let rest = |members: &BTreeMap<String, String>| {
            let mut members = members.clone();
            let lines = members[format::FILES].lines().map(str::to_owned);
            let lines = lines.filter(|line| !line.contains("/p/e.png") && !line.contains("/p/f.png"));
            let lines = lines.collect();
            members.insert(format::FILES.to_owned(), lines);
            members
        };
        assert_eq!(rest(&after), rest(&before), "{seed}");
        assert_eq!(home.state().waiting, 0, "{seed}");
        assert!(home.plan(&exported(&home), &[]).is_empty(), "{seed}");
    }
}

/// A library in which `a.png` has the tag `t`, exported and gone.
fn tagged(files: &[&str]) -> (Home, PathBuf) {
    let home = Home::new();
    let ledger = home.ledger();
    see(&ledger, &files.iter().map(|name| (*name, 100)).collect::<Vec<_>>());
    for name in files {
        let tag = ledger.make_tag(&format!("of {name}")).unwrap().1;
        ledger.toggle_tag(tag, id_at(&ledger, &format!("/p/{name}"))).unwrap();
    }
    drop(ledger);
    let file = exported(&home);
    wiped(&home);
    home.import(&file, &[]);
    (home, file)
}

#[test]
fn tags_follow_the_content_of_files_that_lie_elsewhere_by_then() {
    let (home, _) = tagged(&["a.png", "b.png", "c.png"]);
    let ledger = home.ledger();
    // Two changed their names with each other, one is elsewhere and has other metadata.
    see_as(&ledger, &[("b.png", "a.png", 100), ("a.png", "b.png", 100), ("new/z.png", "c.png", 321)]);
    walked(&ledger);
    drop(ledger);
    assert_eq!(home.tags("/p/b.png"), ["of a.png"]);
    assert_eq!(home.tags("/p/a.png"), ["of b.png"]);
    assert_eq!(home.tags("/p/new/z.png"), ["of c.png"]);
    assert_eq!(home.state().waiting, 0);
}

#[test]
fn a_file_that_was_rewritten_keeps_its_tags_but_no_copy_gets_them() {
    let (home, _) = tagged(&["a.png", "b.png"]);
    let ledger = home.ledger();
    see_as(&ledger, &[("a.png", "another picture", 7), ("one.png", "b.png", 100), ("two.png", "b.png", 100)]);
    // Not before all was seen: it may have been moved.
    assert_eq!(ledger.reader().unwrap().n_pending().unwrap(), 2);
    walked(&ledger);
    drop(ledger);
    assert_eq!(home.tags("/p/a.png"), ["of a.png"]);
    assert_eq!((home.tags("/p/one.png"), home.tags("/p/two.png")), (vec![], vec![]));
    assert_eq!(home.state().waiting, 1);
    home.see(&[("b.png", 100)]);
    assert_eq!(home.tags("/p/b.png"), ["of b.png"]);
}

#[test]
fn what_was_done_to_a_missing_file_does_not_come_to_the_one_in_its_place() {
    let home = Home::new();
    let ledger = home.ledger();
    see(&ledger, &[("a.png", 100)]);
    let tag = ledger.make_tag("t").unwrap().1;
    ledger.toggle_tag(tag, id_at(&ledger, "/p/a.png")).unwrap();
    gone(&ledger, "a.png");
    drop(ledger);
    let file = exported(&home);
    wiped(&home);
    home.import(&file, &[]);
    let ledger = home.ledger();
    see_as(&ledger, &[("a.png", "another", 100)]);
    walked(&ledger);
    drop(ledger);
    assert_eq!((home.tags("/p/a.png"), home.state().waiting), (vec![], 1));
    let ledger = home.ledger();
    see_as(&ledger, &[("back.png", "a.png", 100)]);
    drop(ledger);
    assert_eq!(home.tags("/p/back.png"), ["t"]);
}

#[test]
fn what_was_done_here_stays() {
    let home = random(3);
    let file = exported(&home);
    let ledger = home.ledger();
    let (image, like) = (id_at(&ledger, "/p/a.png"), ledger.make_tag("like").unwrap().1);
    let is_on = |link: Option<Link>| link == Some(Link::Given);
    let link = |ledger: &Ledger| {
        let links = ledger.reader().unwrap().links_of(image).unwrap();
        links.into_iter().find(|(tag, _)| *tag == like).map(|(_, link)| link)
    };
    let before = is_on(link(&ledger));
    ledger.toggle_tag(like, image).unwrap();
    let mine = link(&ledger);
    assert_ne!(is_on(mine), before);
    drop(ledger);
    home.import(&file, &[]);
    let after = link(&home.ledger());
    // Where nothing was said, what was said elsewhere comes.
    assert!(after == mine || mine.is_none(), "{mine:?} {after:?}");
}

#[test]
fn folders_are_elsewhere_on_another_machine() {
    let (home, file) = tagged(&["x/a.png"]);
    wiped(&home);
    home.import(&file, &["/p/x=/p/new place"]);
    home.see(&[("new place/a.png", 100)]);
    // Its content is another by the test's rule; its path is the one that was expected.
    home.walked();
    assert_eq!(home.tags("/p/new place/a.png"), ["of x/a.png"]);
}

#[test]
fn damaged_and_foreign_files_are_refused_and_nothing_is_written() {
    let home = random(5);
    let file = exported(&home);
    let whole = std::fs::read(&file).unwrap();
    let other = Home::new();
    let before = other.state();
    let refused = |bytes: &[u8]| {
        let bad = other.dir.path().join("bad.zip");
        std::fs::write(&bad, bytes).unwrap();
        match other.try_plan(&bad, &[]) {
            Err(error) => format!("{error}"),
            Ok(plan) => panic!("taken: {}", plan.report()),
        }
    };
    for cut in [5, whole.len() / 3, whole.len() / 2, whole.len() - 30] {
        assert!(refused(&whole[..cut]).contains("bad.zip"), "{cut}");
    }
    // Anything that changes what is unpacked is noticed; what changes nothing of it may pass.
    let mut n_refused = 0;
    for at in (30..whole.len()).step_by(whole.len() / 60) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x20;
        let bad = other.dir.path().join("bad.zip");
        std::fs::write(&bad, &bytes).unwrap();
        match other.try_plan(&bad, &[]) {
            Err(_) => n_refused += 1,
            Ok(plan) => assert!(plan.complaints() == 0, "{at}"),
        }
    }
    assert!(n_refused > 20, "{n_refused}");

    // Lines that are not those that were written.
    let changed = |edit: &dyn Fn(&str, String) -> String| {
        let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let mut read = ZipArchive::new(std::fs::File::open(&file).unwrap()).unwrap();
        let names: Vec<String> = read.file_names().map(|name| name.unwrap().into_owned()).collect();
        for name in names {
            let mut bytes = Vec::new();
            read.by_name(&name).unwrap().read_to_end(&mut bytes).unwrap();
            if !name.starts_with(format::COVERS) {
                bytes = edit(&name, String::from_utf8(bytes).unwrap()).into_bytes();
            }
            zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(&bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    };
    let edit_of = |member: &'static str, from: &'static str, to: &'static str| {
        move |name: &str, text: String| if name == member { text.replacen(from, to, 1) } else { text }
    };
    for (member, from, to, why) in [
        (format::FILES, "/p/", "/P/", "is not what was written"),
        (format::TAGS, "\n", "\n{}\n", "is longer than it says"),
        (format::MANIFEST, "\"version\": 1", "\"version\": 99", "is of version 99"),
        (format::MANIFEST, "lumidex-archive", "something", "something else"),
        (format::MANIFEST, "\"lines\"", "\"lin\"", "its manifest"),
    ] {
        let said = refused(&changed(&edit_of(member, from, to)));
        assert!(said.contains(why), "{member}: {said}");
    }
    assert!(
        refused(&changed(&|name, text| if name == format::MANIFEST { String::new() } else { text }))
            .contains("else")
    );
    assert_eq!(other.state(), before);
    assert!(matches!(other.try_plan(&file, &[]), Ok(plan) if !plan.is_empty()));
}

#[test]
fn a_file_that_is_there_is_not_replaced_and_a_stop_leaves_nothing() {
    let home = random(7);
    let file = home.dir.path().join("mine.zip");
    std::fs::write(&file, "precious").unwrap();
    assert!(matches!(write(&home, "mine.zip", Existing::Keep), Err(ExportError::Exists { .. })));
    assert_eq!(std::fs::read(&file).unwrap(), b"precious");
    let stopper = lumidex::sys::Stopper::new();
    stopper.trigger();
    let library = standing(&home);
    let stopped =
        archive(&library, &file, Existing::Replace, Contents::default(), &stopper.stop(), &mut |_| {});
    assert!(matches!(stopped, Err(ExportError::Stopped)));
    let left: Vec<_> =
        std::fs::read_dir(home.dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!((std::fs::read(&file).unwrap(), left.len()), (b"precious".to_vec(), 2), "{left:?}");
}

#[test]
fn vectors_that_were_paid_for_go_along() {
    use lumidex::ledger::paid::Paid;
    let home = random(1);
    let paid = |home: &Home| Paid::at(&home.data().join(lumidex_schema::layout::PAID));
    let vectors: Vec<([u8; 32], Vec<f32>)> = (0..2_500u32)
        .map(|n| (*blake3::hash(&n.to_le_bytes()).as_bytes(), vec![n as f32, 1.5, -0.25]))
        .collect();
    paid(&home).put_vectors("model/a", &vectors).unwrap();
    paid(&home).put_vectors("model b", &vectors[..3]).unwrap();
    paid(&home).put_title("key", r#"{"title":"herons"}"#).unwrap();
    paid(&home).put_abstraction("tags", "[1]").unwrap();
    let file = home.dir.path().join("all.zip");
    let contents = Contents { records: true, vectors: true };
    let done =
        archive(&standing(&home), &file, Existing::Keep, contents, &Stop::never(), &mut |_| {}).unwrap();
    assert_eq!(done.lines[format::VECTORS], 2_503);
    assert!(done.lines[format::DOCUMENTS] > 5);
    wiped(&home);
    let report = home.plan(&file, &[]).report();
    assert!(report.contains("2500 vectors of prompts by `model/a`"), "{report}");
    assert_eq!(home.import(&file, &[]).vectors, 2_505);
    let hashes: Vec<_> = vectors.iter().map(|(hash, _)| *hash).collect();
    let found = paid(&home).vectors("model/a", &hashes).unwrap();
    assert!(found.into_iter().zip(&vectors).all(|(found, (_, vector))| found.as_ref() == Some(vector)));
    assert_eq!(paid(&home).title("key").unwrap().as_deref(), Some(r#"{"title":"herons"}"#));
    assert_eq!(paid(&home).abstraction("tags").unwrap().as_deref(), Some("[1]"));
    assert!(home.plan(&file, &[]).is_empty());
}
