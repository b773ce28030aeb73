//! The power is cut at every sync of a script, and again while what is left is recovered: each
//! time the ledger holds everything acknowledged and at most the step that was being done, and
//! the projections show just that.

use super::image::{Fate, Files, Journal, Op, Replay, restore};
use super::script::{self, N_PREPARED, dump, shown};
use super::shim::{Shim, folder};
use lumidex::ledger::Ledger;
use lumidex::projection::follower::catch_up;
use lumidex::projection::tags::TagsProjection;
use lumidex::projection::text::TextProjection;
use lumidex::sys::Stop;
use lumidex_schema::layout;
use std::collections::BTreeMap;
use std::path::Path;

/// Steps after those of preparation.
const STEPS: usize = 30;

/// What ledger and searches hold after so many steps.
struct Expected {
    ledgers: Vec<String>,
    searches: Vec<String>,
}

fn step(ledger: &Ledger, nth: usize) {
    match nth.checked_sub(N_PREPARED) {
        None => script::prepare_one(ledger, nth),
        Some(nth) => drop(script::step(ledger, nth).unwrap()),
    }
}

impl Expected {
    fn new() -> Self {
        let dir = folder();
        let ledger = Ledger::open_on(Shim::default().storage(), &dir.path().join("l.redb")).unwrap();
        let mut expected = Self { ledgers: Vec::new(), searches: Vec::new() };
        for nth in 0..=N_PREPARED + STEPS {
            expected.ledgers.push(dump(&ledger));
            let fresh = folder();
            expected.searches.push(follow(&Shim::default(), &ledger, fresh.path()));
            if nth < N_PREPARED + STEPS {
                step(&ledger, nth);
            }
        }
        expected
    }
}

fn follow(shim: &Shim, ledger: &Ledger, dir: &Path) -> String {
    let mut tags = TagsProjection::open_on(shim.storage(), &dir.join(layout::TAGS));
    let mut text = TextProjection::open_on(shim.storage(), &dir.join(layout::TEXT));
    catch_up(&mut tags, ledger, &Stop::never(), &mut |_, _| {}).unwrap();
    catch_up(&mut text, ledger, &Stop::never(), &mut |_, _| {}).unwrap();
    shown(&tags.reader(), &text.reader())
}

/// Runs the script from nothing and remembers every change.
fn journal_of_script() -> Journal {
    let dir = folder();
    let shim = Shim::recording(dir.path());
    let ledger = Ledger::open_on(shim.storage(), &dir.path().join(layout::LEDGER)).unwrap();
    let mut tags = TagsProjection::open_on(shim.storage(), &dir.path().join(layout::TAGS));
    let mut text = TextProjection::open_on(shim.storage(), &dir.path().join(layout::TEXT));
    for nth in 0..N_PREPARED + STEPS {
        step(&ledger, nth);
        shim.acknowledge(nth + 1);
        if nth % 4 == 3 {
            catch_up(&mut tags, &ledger, &Stop::never(), &mut |_, _| {}).unwrap();
            catch_up(&mut text, &ledger, &Stop::never(), &mut |_, _| {}).unwrap();
        }
    }
    let journal = shim.take_journal();
    drop((tags, text, ledger));
    journal
}

/// Starts from an image as the program does, and judges what is there. Gives what was done.
fn recover(image: &Files, acknowledged: usize, expected: &Expected, case: &str) -> Journal {
    let dir = folder();
    restore(image, dir.path());
    let shim = Shim::recording(dir.path());
    let opened = Ledger::open_on(shim.storage(), &dir.path().join(layout::LEDGER));
    let ledger = opened.unwrap_or_else(|error| panic!("{case}: {error:?}"));
    let found = dump(&ledger);
    let done = [acknowledged, acknowledged + 1];
    let done = done.into_iter().find(|nth| expected.ledgers.get(*nth) == Some(&found));
    let Some(done) = done else {
        panic!("{case}: {acknowledged} steps were acknowledged, found\n{found}");
    };
    assert_eq!(follow(&shim, &ledger, dir.path()), expected.searches[done], "{case}");
    let journal = shim.take_journal();
    drop(ledger);
    journal
}

/// Cuts a run at each of its syncs, in this way and the others in turn, and calls `each` with what
/// is left.
fn cuts(journal: &Journal, is_long: bool, mut each: impl FnMut(usize, Fate, Files, usize)) {
    let mut replay = Replay::of(journal);
    let mut nth = 0;
    for (path, op) in &journal.ops {
        if matches!(op, Op::Synced | Op::SyncedFolder) {
            let seed = 2 * nth as u64;
            let fates = [Fate::Lost, Fate::Torn(seed), Fate::Kept, Fate::Torn(seed + 1)];
            let fates = if is_long { &fates[..] } else { &fates[nth % 4..=nth % 4] };
            for fate in fates {
                each(nth, *fate, replay.cut(*fate), replay.acknowledged);
            }
            nth += 1;
        }
        replay.apply(path, op);
    }
}

/// Every how many cuts the recovery is cut too.
const SAMPLED: usize = 16;

#[test]
fn a_power_cut_at_any_sync_and_another_while_recovering_lose_nothing_acknowledged() {
    let is_long = std::env::var_os("LUMIDEX_TEST_LONG").is_some();
    let expected = Expected::new();
    let journal = journal_of_script();
    let (mut n_once, mut n_twice, mut n_torn) = (0, 0, 0);
    let mut syncs: BTreeMap<String, usize> = BTreeMap::new();
    for (path, op) in &journal.ops {
        if matches!(op, Op::Synced | Op::SyncedFolder) {
            let room = path.iter().next().map_or("the folder", |name| name.to_str().unwrap());
            *syncs.entry(room.to_owned()).or_default() += 1;
        }
    }
    cuts(&journal, is_long, |nth, fate, image, acknowledged| {
        let case = format!("cut at sync {nth}, {fate:?}");
        let recovery = recover(&image, acknowledged, &expected, &case);
        n_once += 1;
        n_torn += usize::from(matches!(fate, Fate::Torn(_)));
        if !is_long && nth % SAMPLED != 0 {
            return;
        }
        cuts(&recovery, false, |again, fate, image, _| {
            let case = format!("{case}, and at sync {again} of its recovery, {fate:?}");
            recover(&image, acknowledged, &expected, &case);
            n_twice += 1;
        });
    });
    println!("{n_once} cuts, {n_torn} of them torn, and {n_twice} while recovering; syncs: {syncs:?}");
    assert!(n_once >= 150 && n_torn >= 50 && n_twice >= 50, "{n_once} {n_torn} {n_twice}");
    assert!(syncs.len() >= 3 && syncs.values().all(|n| *n > 0), "{syncs:?}");
}
