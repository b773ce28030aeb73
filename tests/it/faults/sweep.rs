//! The n-th change of the disk fails, for every n of a script: nothing acknowledged is lost,
//! reads go on, and the same handles finish the script when the disk works again.

use super::script::{self, dump, shown};
use super::shim::{EIO, ENOSPC, EROFS, Fault, Shim, folder};
use lumidex::ledger::Ledger;
use lumidex::projection::contract::{Batch, Projection, checkpoint_of};
use lumidex::projection::follower::catch_up;
use lumidex::projection::tags::TagsProjection;
use lumidex::projection::text::TextProjection;
use lumidex::sys::Stop;
use lumidex::sys::replace::replace_file_on;
use lumidex_schema::id::Seq;
use lumidex_schema::layout;
use std::path::{Path, PathBuf};

type Answer = Result<(), Box<dyn std::error::Error>>;

/// Everything that stores something, open.
struct World {
    shim: Shim,
    dir: PathBuf,
    ledger: Ledger,
    tags: TagsProjection,
    text: TextProjection,
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Step(usize),
    Tags,
    Text,
    Replace(usize),
}

/// Steps before the disk may fail.
const PREPARED: usize = 5;

fn script() -> Vec<Act> {
    let mut acts = Vec::new();
    for nth in PREPARED..PREPARED + 11 {
        acts.push(Act::Step(nth));
        match nth % 4 {
            0 => acts.extend([Act::Tags, Act::Text]),
            2 => acts.extend([Act::Replace(nth), Act::Text]),
            _ => {}
        }
    }
    acts.extend([Act::Tags, Act::Text]);
    acts
}

impl World {
    fn open(shim: &Shim, dir: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        let ledger = Ledger::open_on(shim.storage(), &dir.join(layout::LEDGER))?;
        let tags = TagsProjection::open_on(shim.storage(), &dir.join(layout::TAGS));
        let text = TextProjection::open_on(shim.storage(), &dir.join(layout::TEXT));
        Ok(Self { shim: shim.clone(), dir: dir.to_owned(), ledger, tags, text })
    }

    fn prepared(shim: &Shim, dir: &Path) -> Self {
        let mut world = Self::open(shim, dir).unwrap();
        script::prepare(&world.ledger);
        for nth in 0..PREPARED {
            world.act(Act::Step(nth)).unwrap();
        }
        world.act(Act::Tags).unwrap();
        world.act(Act::Text).unwrap();
        world.act(Act::Replace(0)).unwrap();
        world
    }

    fn act(&mut self, act: Act) -> Answer {
        match act {
            Act::Step(nth) => drop(script::step(&self.ledger, nth)?),
            Act::Tags => drop(catch_up(&mut self.tags, &self.ledger, &Stop::never(), &mut |_, _| {})?),
            Act::Text => drop(catch_up(&mut self.text, &self.ledger, &Stop::never(), &mut |_, _| {})?),
            Act::Replace(nth) => {
                replace_file_on(&self.shim, &self.dir.join("small"), nth.to_string().as_bytes())?;
            }
        }
        Ok(())
    }

    fn shown(&self) -> String {
        shown(&self.tags.reader(), &self.text.reader())
    }

    fn small(&self) -> String {
        std::fs::read_to_string(self.dir.join("small")).unwrap()
    }
}

/// What an undisturbed run leaves after each act: ledger, searches, the small file.
fn undisturbed() -> Vec<(String, String, String)> {
    let dir = folder();
    let mut world = World::prepared(&Shim::default(), dir.path());
    let mut states = vec![(dump(&world.ledger), world.shown(), world.small())];
    for act in script() {
        world.act(act).unwrap();
        states.push((dump(&world.ledger), world.shown(), world.small()));
    }
    states
}

/// One run in which the `nth` change fails; whether the script has as many.
fn run(nth: u64, fault: Fault, expected: &[(String, String, String)]) -> bool {
    let (shim, dir) = (Shim::default(), folder());
    let mut world = World::prepared(&shim, dir.path());
    shim.fail_at(nth, fault);
    let mut was_hit = false;
    for (at, act) in script().into_iter().enumerate() {
        let (before, after) = (&expected[at], &expected[at + 1]);
        let case = format!("change {nth}, {fault:?}, {act:?}");
        if let Err(error) = world.act(act) {
            assert_eq!(dump(&world.ledger), before.0, "{case}: {error:?}");
            let seen = world.shown();
            assert!(seen == before.1 || seen == after.1, "{case}: {seen}");
            assert!([&before.2, &after.2].contains(&&world.small()), "{case}");
            if fault.lasts {
                let error = world.act(act).expect_err("the disk is as bad as before");
                assert_eq!(dump(&world.ledger), before.0, "{case}: {error:?}");
                if let Act::Step(_) = act {
                    assert!(world.ledger.failure().is_some(), "{case}");
                }
            }
            was_hit |= shim.lift();
            world.act(act).unwrap_or_else(|error| panic!("{case}, lifted: {error:?}"));
        } else if fault.lasts {
            // It failed where nobody waits for it, as in tidying up.
            was_hit |= shim.n_failed() > 0 && shim.lift();
        }
        assert_same(&dump(&world.ledger), &after.0, &case);
        assert_same(&world.shown(), &after.1, &case);
        assert_eq!(world.small(), after.2, "{case}");
        assert_eq!(world.ledger.failure(), None, "{case}");
    }
    was_hit |= shim.lift();
    let last = expected.last().unwrap();
    drop(world);
    // What is on disk is the same, and the projections go on from it.
    let mut again = World::open(&shim, dir.path()).unwrap();
    assert_eq!(dump(&again.ledger), last.0, "change {nth}, {fault:?}: after a restart");
    again.act(Act::Tags).unwrap();
    again.act(Act::Text).unwrap();
    assert_eq!(again.shown(), last.1, "change {nth}, {fault:?}: after a restart");
    was_hit
}

/// Says only what differs.
fn assert_same(left: &str, right: &str, case: &str) {
    if left != right {
        let differ: Vec<_> = left.lines().zip(right.lines()).filter(|(l, r)| l != r).collect();
        panic!("{case}: {} and {} lines, {differ:#?}", left.lines().count(), right.lines().count());
    }
}

/// Every change is made to fail in one way, and by these three in turn; in every way under
/// `LUMIDEX_TEST_LONG`.
fn sweep(part: u64, code: i32) {
    let expected = undisturbed();
    let is_long = std::env::var_os("LUMIDEX_TEST_LONG").is_some();
    let (mut n_runs, mut nth) = (0, if is_long { 0 } else { part });
    // The last n differs a little from run to run, for the text index has threads of its own.
    loop {
        let is_odd = nth / 3 % 2 == 1;
        let ways: &[bool] = if is_long { &[false, true] } else { &[[false], [true]][usize::from(is_odd)] };
        let mut is_hit = false;
        for lasts in ways {
            is_hit |= run(nth, Fault { code, lasts: *lasts }, &expected);
            n_runs += 1;
        }
        if !is_hit {
            break;
        }
        nth += if is_long { 1 } else { 3 };
    }
    println!("error {code}: {n_runs} runs over {nth} changes");
    assert!(nth > 300, "only {nth} changes");
}

#[test]
fn a_full_disk_costs_only_what_it_refused() {
    sweep(0, ENOSPC);
}

#[test]
fn a_broken_disk_costs_only_what_it_refused() {
    sweep(1, EIO);
}

#[test]
fn a_disk_made_read_only_costs_only_what_it_refused() {
    sweep(2, EROFS);
}

#[test]
fn a_start_that_fails_can_be_tried_again() {
    for nth in 0.. {
        let (shim, dir) = (Shim::default(), folder());
        drop(World::prepared(&shim, dir.path()));
        let expected = dump(&Ledger::open(&dir.path().join(layout::LEDGER)).unwrap());
        shim.fail_at(nth, Fault { code: EIO, lasts: true });
        let opened = World::open(&shim, dir.path());
        let was_hit = shim.lift();
        match opened {
            Ok(world) => assert_eq!(dump(&world.ledger), expected),
            Err(error) => assert!(was_hit, "{error}"),
        }
        let mut world = World::open(&shim, dir.path()).unwrap();
        assert_eq!(dump(&world.ledger), expected, "change {nth}");
        world.act(Act::Step(PREPARED)).unwrap();
        if !was_hit {
            assert!(nth > 5, "only {nth} changes");
            break;
        }
    }
}

/// As the follower does it: the same projection commits again, without being attached anew.
#[test]
fn a_first_commit_that_fails_is_made_up_for() {
    let (calm, dir) = (Shim::default(), folder());
    let world = World::prepared(&calm, dir.path());
    let reader = world.ledger.reader().unwrap();
    let rows = reader.feed_after(Seq::ZERO, 10_000).unwrap();
    let through = reader.head().unwrap();
    let expected = world.shown();
    let mut n_hit = 0;
    for nth in 0.. {
        let (shim, dir) = (Shim::default(), folder());
        let mut tags = TagsProjection::open_on(shim.storage(), &dir.path().join(layout::TAGS));
        let mut text = TextProjection::open_on(shim.storage(), &dir.path().join(layout::TEXT));
        let mut was_hit = false;
        for projection in [&mut tags as &mut dyn Projection, &mut text] {
            projection.start_empty().unwrap();
            shim.fail_at(nth, Fault { code: ENOSPC, lasts: nth % 2 == 0 });
            let batch = Batch { rows: &rows, through, reader: &reader };
            let checkpoint = checkpoint_of(projection.format(), through, &reader).unwrap();
            let first = projection.apply(&batch).and_then(|()| projection.commit(checkpoint));
            was_hit |= shim.lift();
            if let Err(error) = first {
                n_hit += 1;
                projection.apply(&batch).unwrap();
                projection.commit(checkpoint).unwrap_or_else(|again| panic!("{nth}, {error:?}: {again:?}"));
            }
        }
        assert_same(&shown(&tags.reader(), &text.reader()), &expected, &format!("change {nth}"));
        drop((tags, text));
        let tags = TagsProjection::open_on(shim.storage(), &dir.path().join(layout::TAGS));
        let text = TextProjection::open_on(shim.storage(), &dir.path().join(layout::TEXT));
        assert_eq!((tags.checkpoint().is_ok(), text.checkpoint().is_ok()), (true, true), "change {nth}");
        assert_same(&shown(&tags.reader(), &text.reader()), &expected, &format!("change {nth}, again"));
        if !was_hit {
            break;
        }
    }
    assert!(n_hit > 20, "only {n_hit} failures");
}
