//! What a copy holds, and what ends the making of one.

use super::{Home, backup_of, names, rows, see};
use lumidex::ledger::Observation;
use lumidex::ledger::backup::{BackupError, Existing, check, copy, copy_closed};
use lumidex::sys::{Stop, Stopper};
use lumidex_schema::id::Timestamp;
use lumidex_schema::layout;
use lumidex_schema::record::PathType;
use proptest::collection::vec;
use proptest::prelude::*;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

#[derive(Clone, Debug)]
enum Op {
    See(u32),
    Miss(u32),
    Tag(u8, u32),
    Set(u8, u8),
    Root(bool),
    Reopen,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (0u32..40).prop_map(Op::See),
        2 => (0u32..40).prop_map(Op::Miss),
        4 => (0u8..4, 0u32..40).prop_map(|(tag, image)| Op::Tag(tag, image)),
        2 => (0u8..4, 0u8..4).prop_map(|(name, value)| Op::Set(name, value)),
        1 => any::<bool>().prop_map(Op::Root),
        1 => Just(Op::Reopen),
    ]
}

fn apply(home: &mut Home, op: &Op) {
    let ledger = home.ledger();
    let image = |n: u32| {
        let path = format!("/r/f{}/{n}.png", n % 5);
        ledger.reader().unwrap().present_at(path.as_bytes()).unwrap().map(|(id, _)| id)
    };
    match *op {
        Op::See(n) => drop(see(&ledger, n..n + 3)),
        Op::Miss(n) => {
            let reader = ledger.reader().unwrap();
            let folder = image(n).map(|id| reader.image(id).unwrap().unwrap().folder);
            let known = folder.map_or(Vec::new(), |folder| reader.known_in(folder).unwrap());
            let name = format!("{n}.png").into_bytes();
            let gone = known.iter().filter(|known| known.name == name);
            let gone = gone.map(|known| Observation::Missing {
                file: known.sighted(),
                at: Timestamp(1),
                copies: Vec::new(),
            });
            ledger.observe(gone.collect()).unwrap();
        }
        Op::Tag(tag, n) => {
            let (_, tag) = ledger.make_tag(&format!("tag {tag}")).unwrap();
            if let Some(image) = image(n) {
                ledger.toggle_tag(tag, image).unwrap();
            }
        }
        Op::Set(name, value) => drop(ledger.put_setting(&name.to_string(), &value.to_string()).unwrap()),
        Op::Root(true) => drop(ledger.add_extra_path(b"/other", &[PathType::Scanned]).unwrap()),
        Op::Root(false) => drop(ledger.remove_extra_path(b"/other", &[]).unwrap()),
        Op::Reopen => {
            drop(ledger);
            home.close();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_backup_after_any_history_equals_the_ledger_row_by_row(ops in vec(op(), 0..25)) {
        let mut home = Home::new();
        for op in &ops {
            apply(&mut home, op);
        }
        let open = home.backup("open.redb");
        let head = home.ledger().head();
        home.close();
        let closed = home.path("closed.redb");
        let ledger = home.path(layout::LEDGER);
        let copied =
            copy_closed(&ledger, &closed, Existing::Keep, &Stop::never(), &mut |_, _| {}).unwrap();
        let expected = rows(&ledger);
        prop_assert_eq!(&rows(&open), &expected);
        prop_assert_eq!(&rows(&closed), &expected);
        prop_assert_eq!(copied.rows as usize, expected.values().map(Vec::len).sum::<usize>());
        prop_assert_eq!(copied.head, head);
        prop_assert_eq!(check(&closed).unwrap(), copied);
    }
}

#[test]
fn a_backup_made_while_the_ledger_is_written_is_of_one_moment() {
    let mut home = Home::new();
    let ledger = home.ledger();
    see(&ledger, 0..4_000);
    let (_, tag) = ledger.make_tag("mine").unwrap();
    let is_done = AtomicBool::new(false);
    let moments = std::thread::scope(|scope| {
        // Every commit puts the tag on one more image and says so in a setting, together with a
        // batch of observations; so the rows of any moment tell which moment it is.
        let writer = scope.spawn(|| {
            let mut n = 0;
            while !is_done.load(Ordering::SeqCst) && n < 3_999 {
                let path = format!("/r/f{}/{n}.png", n % 5);
                let image = ledger.reader().unwrap().present_at(path.as_bytes()).unwrap().unwrap().0;
                ledger.put_tag(tag, vec![image]).unwrap();
                n += 1;
            }
            n
        });
        let mut moments = Vec::new();
        for nth in 0..4 {
            let path = home.path(&format!("{nth}.redb"));
            let before = ledger.head();
            let copied = backup_of(&ledger, &path);
            assert!(copied.head >= before);
            moments.push((copied, path));
        }
        is_done.store(true, Ordering::SeqCst);
        assert!(writer.join().unwrap() > 0, "it was written meanwhile");
        moments
    });
    for (copied, path) in moments {
        assert_eq!(check(&path).unwrap(), copied);
        let rows = rows(&path);
        // One decision added the root, one made the tag.
        assert_eq!(rows["links"].len() + 2, rows["decisions"].len());
    }
}

#[test]
fn a_copy_is_stopped_and_never_takes_anothers_name() {
    let mut home = Home::new();
    let ledger = home.ledger();
    see(&ledger, 0..3_000);
    let path = home.path("copy.redb");
    let reader = ledger.reader().unwrap();
    let stopper = Stopper::new();
    let stopped = copy(&reader, &path, Existing::Keep, &stopper.stop(), &mut |_, _| stopper.trigger());
    assert!(matches!(stopped, Err(BackupError::Stopped)), "{stopped:?}");
    assert_eq!(names(home.dir.path()), [layout::LEDGER]);
    fs::write(&path, "somebody's notes").unwrap();
    let refused = copy(&reader, &path, Existing::Keep, &Stop::never(), &mut |_, _| {});
    assert!(matches!(refused, Err(BackupError::Exists { .. })), "{refused:?}");
    assert_eq!(fs::read(&path).unwrap(), b"somebody's notes");
    copy(&reader, &path, Existing::Replace, &Stop::never(), &mut |_, _| {}).unwrap();
    check(&path).unwrap();
    assert_eq!(names(home.dir.path()), ["copy.redb", layout::LEDGER]);
}

#[test]
fn a_table_nobody_knows_ends_a_copy() {
    let mut home = Home::new();
    home.close();
    let db = redb::Database::create(home.path(layout::LEDGER)).unwrap();
    let txn = db.begin_write().unwrap();
    txn.open_table(redb::TableDefinition::<u8, u8>::new("later")).unwrap();
    txn.commit().unwrap();
    drop(db);
    let path = home.path("copy.redb");
    let refused =
        copy(&home.ledger().reader().unwrap(), &path, Existing::Keep, &Stop::never(), &mut |_, _| {});
    assert!(matches!(&refused, Err(BackupError::UnknownTable { name }) if name == "later"), "{refused:?}");
    assert!(!path.exists());
}
