//! The disk fails at every call in turn, the program ends before and after every call, and the ledger
//! cannot be written: no content is ever lost, items are done whole or not at all, and afterwards disk
//! and ledger agree.

use super::shaky::{Cut, Mishap, Shaky};
use super::world::{There, World};
use crate::faults::shim::{EIO, ENOSPC, EROFS, Fault, Shim};
use lumidex::files::{Files, Wish, WishError};
use lumidex::sys::storage::Disk;
use lumidex_schema::id::Seq;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

const EACCES: i32 = 13;
const CODES: [i32; 4] = [ENOSPC, EIO, EROFS, EACCES];

const FILES: [&str; 10] = [
    "out/far/",
    "pics/a.png",
    "pics/a.jpg",
    "pics/a.txt",
    "pics/b.mp3",
    "pics/sub/c.png",
    "pics/sub/c.txt",
    "pics/sub/deep/d.bin",
    "pics/far/e.png",
    "pics/far/e.txt",
];

/// Something that is done, and may fail on the way.
struct Deed {
    name: &'static str,
    /// What came before it.
    before: fn(&World) -> Option<Seq>,
    does: fn(&World, Option<Seq>) -> Result<(), WishError>,
}

fn nothing(_: &World) -> Option<Seq> {
    None
}

fn perform(world: &World, wish: &Wish) -> Result<(), WishError> {
    world.files.perform(wish).map(drop)
}

fn deleted(world: &World) -> Option<Seq> {
    world.does(&world.delete(&["pics/a.png", "pics/a.jpg", "pics/sub/c.png"])).operation
}

fn moved(world: &World) -> Option<Seq> {
    let (files, into) = (world.all(&["pics/b.mp3", "pics/sub"]), world.bytes("out/far/new"));
    world.does(&Wish::Move { files, into, make_folder: true, go_on: false }).operation
}

fn undo(world: &World, of: Option<Seq>) -> Result<(), WishError> {
    world.files.undo(of.unwrap()).map(drop)
}

/// Every way of doing something, on one disk and across two.
fn deeds() -> Vec<Deed> {
    vec![
        Deed {
            name: "move",
            before: nothing,
            does: |world, _| {
                let (files, into) = (
                    world.all(&["pics/a.png", "pics/a.jpg", "pics/b.mp3", "pics/sub"]),
                    world.bytes("pics/x/y"),
                );
                perform(world, &Wish::Move { files, into, make_folder: true, go_on: false })
            },
        },
        Deed {
            name: "move across",
            before: nothing,
            does: |world, _| {
                let (files, into) = (world.all(&["pics/b.mp3", "pics/sub"]), world.bytes("pics/far"));
                perform(world, &Wish::Move { files, into, make_folder: false, go_on: true })
            },
        },
        Deed {
            name: "copy",
            before: nothing,
            does: |world, _| {
                perform(world, &world.copy(&["pics/a.png", "pics/b.mp3", "pics/far/e.png"], "pics/sub"))
            },
        },
        Deed {
            name: "rename",
            before: nothing,
            does: |world, _| perform(world, &world.rename("pics/sub/c.png", "z.png")),
        },
        Deed {
            name: "delete",
            before: nothing,
            does: |world, _| perform(world, &world.delete(&["pics/far/e.png", "pics/a.png", "pics/a.jpg"])),
        },
        Deed {
            name: "flatten",
            before: nothing,
            does: |world, _| {
                let (files, into) = (world.all(&["pics/sub/deep/d.bin"]), world.bytes("out"));
                perform(world, &Wish::Move { files, into, make_folder: false, go_on: false })?;
                perform(world, &world.flatten("pics"))
            },
        },
        Deed { name: "undo of deleting", before: deleted, does: undo },
        Deed { name: "undo of moving across", before: moved, does: undo },
    ]
}

/// How often there is each content, wherever that is; no two files of the test begin alike.
fn contents(world: &World) -> BTreeMap<Vec<u8>, usize> {
    let mut contents = BTreeMap::new();
    for there in world.there().into_values().chain(world.trash().into_values()) {
        if let There::File(content, _) = there {
            *contents.entry(content).or_default() += 1;
        }
    }
    contents
}

#[track_caller]
fn nothing_is_lost(before: &BTreeMap<Vec<u8>, usize>, world: &World, case: &str) {
    let after = contents(world);
    for (content, n) in before {
        let n_after = after.get(content).copied().unwrap_or_default();
        let shown = content.escape_ascii();
        assert!(
            n_after >= *n,
            "{case}: was there {n} times, is {n_after} times: {shown}, {:?}",
            world.names()
        );
    }
}

#[track_caller]
fn nothing_is_left_over(world: &World, case: &str) {
    let left: Vec<_> = world
        .there()
        .into_keys()
        .chain(world.trash().into_keys())
        .filter(|name| name.ends_with(".tmp"))
        .collect();
    assert!(left.is_empty(), "{case}: {left:?}");
}

/// Files go with their sidecars: each stands beside its own.
#[track_caller]
fn none_is_alone(world: &World, case: &str) {
    let there = world.there();
    for (media, text) in
        [("a.png", "a.txt"), ("a.jpg", "a.txt"), ("c.png", "c.txt"), ("z.png", "z.txt"), ("e.png", "e.txt")]
    {
        for path in there.keys().filter(|path| path.ends_with(&format!("/{media}"))) {
            let beside = path.replace(media, text);
            assert!(there.contains_key(&beside), "{case}: {path} without {text}: {:?}", world.names());
        }
    }
}

fn world(shaky: &Shaky) -> World {
    World::on(&FILES, Disk::shared(), shaky.tree())
}

/// The calls the deed takes, and what is there before and after it.
fn measure(deed: &Deed) -> (Vec<&'static str>, Vec<String>, Vec<String>) {
    let shaky = Shaky::default();
    let world = world(&shaky);
    let operation = (deed.before)(&world);
    let before = world.names();
    shaky.calm();
    (deed.does)(&world, operation).unwrap();
    let log = shaky.log();
    world.agrees();
    (log, before, world.names())
}

#[test]
fn a_disk_that_fails_at_any_call_loses_nothing() {
    for deed in deeds() {
        let (log, ..) = measure(&deed);
        for nth in 0..log.len() as u64 {
            let code = CODES[(nth % 4) as usize];
            let lasts = (nth / 4) % 2 == 1;
            let shaky = Shaky::default();
            let world = world(&shaky);
            let operation = (deed.before)(&world);
            let before = contents(&world);
            shaky.plan(nth, Mishap::Fails { code, lasts });
            let done = (deed.does)(&world, operation);
            let failed_at = shaky.log().get(nth as usize).copied();
            shaky.calm();
            let case = format!(
                "{}, call {nth} ({failed_at:?}) fails with {code}, lasting: {lasts}: {done:?}",
                deed.name
            );
            nothing_is_lost(&before, &world, &case);
            if !lasts {
                nothing_is_left_over(&world, &case);
                none_is_alone(&world, &case);
            }
            assert!(world.files.running().is_empty(), "{case}");
            world.agrees_after(&case);
        }
    }
}

/// Ends the program at a call, if there are so many.
fn cut(shaky: &Shaky, world: &World, nth: u64, mishap: Mishap, does: impl FnOnce(&World)) -> bool {
    shaky.plan(nth, mishap);
    let ended = catch_unwind(AssertUnwindSafe(|| does(world)));
    shaky.calm();
    match ended {
        Ok(()) => false,
        Err(payload) => {
            assert!(payload.is::<Cut>(), "it ended for another reason");
            true
        }
    }
}

#[test]
fn a_program_that_ends_at_any_call_and_again_while_it_recovers_finishes_what_it_began() {
    for deed in deeds() {
        let (log, names_before, names_after) = measure(&deed);
        for nth in 0..log.len() as u64 {
            // A call of which nothing is known may have been done or not; looking does nothing.
            let is_look = log[nth as usize].starts_with("look") || log[nth as usize] == "list";
            let cuts = [Mishap::CutBefore, Mishap::CutAfter];
            for mishap in cuts.into_iter().take(if is_look { 1 } else { 2 }) {
                let shaky = Shaky::default();
                let mut world = world(&shaky);
                let operation = (deed.before)(&world);
                let before = contents(&world);
                let is_cut = cut(&shaky, &world, nth, mishap, |world| drop((deed.does)(world, operation)));
                assert!(is_cut, "{}: call {nth}", deed.name);
                world = world.restarted();
                let again = nth * 7 % 11;
                let is_cut_again = cut(&shaky, &world, again, mishap, |world| drop(world.files.recover()));
                if is_cut_again {
                    world = world.restarted();
                }
                world.files.recover().unwrap();
                let case = format!("{}, {mishap:?} {nth}, again at {again}: {is_cut_again}", deed.name);
                nothing_is_lost(&before, &world, &case);
                nothing_is_left_over(&world, &case);
                none_is_alone(&world, &case);
                let names = world.names();
                let is_whole = names == names_before || names == names_after;
                assert!(is_whole || deed.name == "flatten", "{case}: {names:?}");
                let reader = world.ledger.reader().unwrap();
                assert!(reader.unfinished_operations().unwrap().is_empty(), "{case}");
                drop(reader);
                world.agrees_after(&case);
            }
        }
    }
}

#[test]
fn a_ledger_that_cannot_be_written_at_any_moment_is_told_after_the_next_start() {
    for deed in deeds() {
        let (_, names_before, names_after) = measure(&deed);
        let mut nth = 0;
        loop {
            let (shim, shaky) = (Shim::default(), Shaky::default());
            let mut world = World::on(&FILES, shim.storage(), shaky.tree());
            let operation = (deed.before)(&world);
            let before = contents(&world);
            world.impatient();
            shim.fail_at(nth, Fault { code: EIO, lasts: true });
            let done = (deed.does)(&world, operation);
            let is_over = shim.n_failed() == 0;
            shim.lift();
            let case = format!("{}, change {nth} of the ledger fails: {done:?}", deed.name);
            assert!(done.is_ok() || matches!(done, Err(WishError::Ledger(_))), "{case}");
            world = world.restarted();
            world.files.recover().unwrap();
            nothing_is_lost(&before, &world, &case);
            nothing_is_left_over(&world, &case);
            let names = world.names();
            let is_whole = names == names_before || names == names_after;
            assert!(is_whole || deed.name == "flatten", "{case}: {names:?}");
            assert!(done.is_err() || names == names_after, "{case}: {names:?}");
            world.agrees_after(&case);
            if is_over {
                break;
            }
            nth += 1;
        }
        assert!(nth > 2, "{}: {nth} changes", deed.name);
    }
}

#[test]
fn what_the_ledger_was_not_told_is_told_before_the_next_wish() {
    let (shim, shaky) = (Shim::default(), Shaky::default());
    let mut world = World::on(&FILES, shim.storage(), shaky.tree());
    world.impatient();
    let known = world.known();
    let (storage, calls) = (shim.clone(), std::sync::atomic::AtomicU32::new(0));
    shaky.listen(move |doing| {
        // Once it is on the disk.
        if doing == "sync" && calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0 {
            storage.fail_at(0, Fault { code: EIO, lasts: true });
        }
    });
    let wish = world.mv(&["pics/b.mp3"], "pics/sub");
    assert!(matches!(world.files.perform(&wish), Err(WishError::Ledger(_))));
    assert!(world.there().contains_key("pics/sub/b.mp3"), "the disk is left as it is");
    shim.lift();
    world.does(&world.rename("pics/sub/b.mp3", "c.mp3"));
    assert_eq!(world.known()["pics/sub/c.mp3"], known["pics/b.mp3"]);
    world.agrees();
}

impl World {
    /// Does not wait for a ledger that fails.
    fn impatient(&mut self) {
        let files = Files::new(self.ledger.clone(), self.tree(), lumidex::sys::Stop::never());
        self.files = files.with_patience(Duration::ZERO).into();
    }
}
