//! `index-tools verify` and `repair`: what is planted is found under its rule and mended, what is sound is left alone,
//! nothing a person did is lost, and looking writes nothing.

mod beside;
mod derived;
mod home;
mod lost;
mod planted;
mod random;

use home::{Home, Person};
use lumidex::ledger::verify::Mend;
use lumidex::sys::Stop;
use lumidex_index_tools::access::Place;
use lumidex_index_tools::repair::{Repair, Repaired};
use lumidex_index_tools::verify::{Verified, verify};
use lumidex_schema::id::Timestamp;
use std::path::Path;

/// What is found in a data folder that nobody has open. A process that another test is just starting holds all locks
/// of this one until it is another program.
fn look(place: impl Into<Place>) -> Verified {
    let place = place.into();
    loop {
        match verify(place.clone(), &Stop::never(), &mut |_, _, _| {}) {
            Err(error) if error.to_string().contains("in use by") => std::thread::yield_now(),
            verified => return verified.unwrap(),
        }
    }
}

fn repair(place: impl Into<Place>) -> Repaired {
    let place = place.into();
    let plan = loop {
        match Repair::plan(place.clone(), &Stop::never(), &mut |_, _, _| {}) {
            Err(error) if error.to_string().contains("in use by") => std::thread::yield_now(),
            plan => break plan.unwrap(),
        }
    };
    plan.apply(Timestamp(1_795_363_958_000_000_000), &Stop::never(), &mut |_, _, _| {}).unwrap()
}

#[track_caller]
fn assert_clean(data: &Path) {
    let verified = look(data);
    assert!(verified.findings.is_empty() && verified.unlooked.is_empty(), "{verified:#?}");
}

/// Something is planted: it is found, with what was expected and found; a repair mends it, and everything a person
/// did is as it was.
#[track_caller]
fn mended(home: &Home, place: &str, rule: &str, mend: Mend, plant: impl FnOnce(&Path)) -> Repaired {
    let data = home.copy();
    let before = Person::of(data.path());
    plant(data.path());
    let found = look(data.path());
    let of_rule = found.findings.told.iter().find(|finding| finding.place == place && finding.rule == rule);
    let of_rule = of_rule.unwrap_or_else(|| panic!("{place}: {rule} in {found:#?}"));
    assert_eq!(of_rule.mend, mend, "{of_rule:?}");
    assert!(!of_rule.expected.is_empty() && !of_rule.found.is_empty(), "{of_rule:?}");
    let repaired = repair(data.path());
    assert!(repaired.left.findings.is_empty(), "{repaired:#?}");
    assert!(!repaired.done.is_empty());
    assert_clean(data.path());
    assert_eq!(Person::of(data.path()), before, "{repaired:#?}");
    // A library goes on from there.
    home.walk(data.path());
    assert_clean(data.path());
    assert_eq!(Person::of(data.path()), before);
    repaired
}
