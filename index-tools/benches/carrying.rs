//! How long it takes to bring a library of infinite-image-browsing, to export it and to bring it again.
//!
//! `cargo bench -p lumidex-index-tools --bench carrying -- --images 200000`
#![allow(clippy::unwrap_used)]

// Only a part of it is needed here.
#[allow(dead_code)]
#[path = "../tests/import/fixture.rs"]
mod fixture;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use fixture::{Age, Iib};
use lumidex::ledger::backup::Existing;
use lumidex::ledger::{Elsewhere, Ledger, Observation, Seen, SharedText};
use lumidex::sys::Stop;
use lumidex_index_tools::export::{Contents, archive};
use lumidex_index_tools::import::{Import, PathMap};
use lumidex_index_tools::reading::Standing;
use lumidex_schema::layout;
use lumidex_schema::media::MediaKind;
use lumidex_schema::note::Note;
use lumidex_schema::path::RelPath;
use lumidex_schema::record::{Fingerprint, PathType, Sighting};

/// Tags the original finds in each file.
const FOUND_TAGS: usize = 30;
/// Images of a folder.
const FOLDER: usize = 1_000;
/// Files told to the ledger at once.
const BATCH: usize = 8_192;

fn main() {
    let mut words = std::env::args().skip(1).skip_while(|word| word != "--images").skip(1);
    let n: usize = words.next().map_or(20_000, |n| n.parse().expect("a number of images"));
    let dir = tempfile::tempdir().unwrap();
    let file = timed("the database is made", || database(dir.path(), n));
    println!("{} images, {} MiB", n, file.metadata().unwrap().len() >> 20);

    let empty = dir.path().join("empty");
    let plan = timed("looked at, no library yet", || plan(&empty, &file));
    timed("brought, all wait for their files", || plan.apply(&mut |_| {}).unwrap());
    let plan = timed("looked at again", || self::plan(&empty, &file));
    assert!(plan.is_empty());
    drop(plan);

    let full = dir.path().join("full");
    std::fs::create_dir(&full).unwrap();
    see(&full, n);
    let plan = timed("looked at, all files known", || self::plan(&full, &file));
    timed("brought, all files known", || plan.apply(&mut |_| {}).unwrap());

    for (folder, name) in [(&empty, "waiting.zip"), (&full, "full.zip")] {
        let zip = dir.path().join(name);
        let library = Standing::open(folder, false, &Stop::never(), &mut |_| {}).unwrap();
        timed(&format!("exported, {name}"), || {
            archive(&library, &zip, Existing::Keep, Contents::default(), &Stop::never(), &mut |_| {}).unwrap()
        });
    }
    let other = dir.path().join("other");
    let zip = dir.path().join("full.zip");
    println!("archive: {} MiB", zip.metadata().unwrap().len() >> 20);
    let plan = timed("archive looked at, no library yet", || self::plan(&other, &zip));
    timed("archive brought, all wait", || plan.apply(&mut |_| {}).unwrap());
    timed("all files seen, each gets its own", || see(&other, n));
    let waiting = Ledger::open(&other.join(layout::LEDGER)).unwrap().reader().unwrap().n_pending().unwrap();
    assert_eq!(waiting, 0);
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = work();
    println!("{:>8.2} s  {what}", began.elapsed().as_secs_f64());
    done
}

fn plan(folder: &Path, file: &Path) -> Import {
    Import::plan(folder, file, PathMap::default(), &Stop::never(), &mut |_| {}).unwrap()
}

fn name(nth: usize) -> String {
    format!("{}/{nth:07}.png", nth / FOLDER)
}

/// Every image has tags the original found, and one or two of a person; one in fifty has a text of a person.
fn database(folder: &Path, n: usize) -> PathBuf {
    let iib = Iib::new(folder, Age::Newest);
    iib.begin();
    let own: Vec<i64> = (0..40).map(|nth| iib.tag(&format!("of mine {nth}"), "#123456")).collect();
    let found: Vec<i64> = (0..5_000).map(|nth| iib.tag_of("pos", &format!("word {nth}"))).collect();
    for nth in 0..n {
        let path = format!("/p/{}", name(nth));
        let image = match nth % 50 {
            0 => iib.edited(&path, nth as i64, &format!("mine {nth}\nSteps: 20, Seed: {nth}")),
            _ => iib.image(&path, nth as i64),
        };
        for at in 0..FOUND_TAGS {
            iib.link(image, found[(nth * 31 + at * 167) % found.len()]);
        }
        iib.link(image, own[nth % own.len()]);
        if nth % 3 == 0 {
            iib.link(image, iib.like());
        }
    }
    iib.folder("/p", "scanned", "");
    iib.done()
}

/// Files as a walk tells them.
fn see(folder: &Path, n: usize) {
    let ledger = Ledger::open(&folder.join(layout::LEDGER)).unwrap();
    ledger.add_extra_path(b"/p", &[PathType::Scanned]).unwrap();
    let root = ledger.reader().unwrap().roots().unwrap()[0].0;
    let text = Arc::new(SharedText::new("a text that many share".to_owned(), Vec::new()));
    let all: Vec<usize> = (0..n).collect();
    for some in all.chunks(BATCH) {
        let seen = some.iter().map(|nth| {
            let (path, mut fingerprint) = (name(*nth), [1; 16]);
            fingerprint[..8]
                .copy_from_slice(&(*nth as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
            let (below, name) = path.split_once('/').unwrap();
            Observation::Seen(Box::new(Seen {
                root,
                folder: RelPath::from_bytes(below.as_bytes()),
                name: name.as_bytes().to_vec(),
                sighting: Sighting { size: *nth as u64, inode: *nth as u64 + 1, ..Sighting::default() },
                media: MediaKind::Image,
                fingerprint: Fingerprint(fingerprint),
                pixel_width: 512,
                pixel_height: 512,
                text: Some(Arc::clone(&text)),
                holes: Vec::new(),
                rule_tags: Vec::new(),
                complaints: 0,
                note: Note::default(),
                elsewhere: Elsewhere::default(),
            }))
        });
        ledger.observe(seen.collect()).unwrap();
    }
}
