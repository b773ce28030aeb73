//! A whole library, with its threads, on a disk that is full for a while.

use super::script;
use super::shim::{ENOSPC, Fault, Shim, folder};
use lumidex::intake::IntakeSettings;
use lumidex::library::{Library, LibraryOptions};
use lumidex::limits;
use lumidex::query::{Matching, Search};
use lumidex_schema::id::ImageId;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long anything here may take before it is called broken.
const PATIENCE: Duration = Duration::from_secs(60);

fn open(shim: &Shim, dir: &Path) -> Library {
    let options = LibraryOptions {
        data_dir: dir.to_owned(),
        intake: IntakeSettings::default(),
        watch: None,
        granted: None,
    };
    Library::open_on(&shim.storage(), &options).unwrap()
}

fn found(library: &Library) -> Vec<ImageId> {
    let search =
        Search { matching: Matching::Substring("many words".into()), size: 100, ..Search::default() };
    library.query().search(&search).unwrap().hits.into_iter().map(|hit| hit.id).collect()
}

fn failing(library: &Library) -> BTreeSet<&'static str> {
    library.failures().into_iter().map(|(name, _)| name).collect()
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_disk_that_was_full_needs_no_restart() {
    let (shim, dir) = (Shim::default(), folder());
    let library = open(&shim, dir.path());
    script::prepare(library.ledger());
    for nth in 0..10 {
        script::step(library.ledger(), nth).unwrap();
    }
    // Visible, and not durable in the projections yet.
    let head = library.ledger().head();
    assert!(library.query().wait_visible(head, limits::VISIBLE_WAIT));
    let before = found(&library);
    assert_eq!(before.len(), 5, "three of each first step of eight, one of them missing");
    assert_eq!(failing(&library), BTreeSet::new());

    shim.fail_at(0, Fault { code: ENOSPC, lasts: true });
    let refused = library.make_tag("new").unwrap_err();
    assert!(refused.to_string().contains("could not be written"), "{refused}");
    // What nobody waits for may have something to keep as well, or not.
    let needed = BTreeSet::from(["ledger", "tags", "text"]);
    wait_until("the projections cannot keep what they have", || failing(&library).is_superset(&needed));
    for (name, reason) in library.failures() {
        assert!(reason.to_lowercase().contains("space"), "{name}: {reason}");
    }
    assert_eq!(found(&library), before, "searches are answered all the same");

    assert!(shim.lift());
    library.make_tag("new").unwrap();
    wait_until("all is well again", || failing(&library).is_empty());
    for nth in 10..20 {
        script::step(library.ledger(), nth).unwrap();
    }
    assert!(library.query().wait_visible(library.ledger().head(), limits::VISIBLE_WAIT));
    let after = found(&library);
    assert_eq!(after.len(), 7);
    drop(library);
    assert_eq!(found(&open(&shim, dir.path())), after);
}
