//! Putting a backup in the place of a ledger: whole, or not at all.

use super::{Home, NOON, names, rows, see};
use lumidex::ledger::backup::{CheckError, Existing, RestoreError, copy_closed, restore};
use lumidex::ledger::{Ledger, OpenError};
use lumidex::projection::follower::catch_up;
use lumidex::projection::tags::TagsProjection;
use lumidex::sys::{Stop, Stopper};
use lumidex_schema::id::{TagId, Timestamp};
use lumidex_schema::{layout, tables};
use redb::ReadableDatabase as _;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

#[test]
fn a_restored_ledger_is_the_backup_and_the_former_one_is_kept() {
    let mut home = Home::new();
    see(&home.ledger(), 0..50);
    let backup = home.backup("backup.redb");
    see(&home.ledger(), 50..80);
    home.close();
    let (then, before) = (rows(&backup), rows(&home.path(layout::LEDGER)));
    fs::set_permissions(&backup, std::os::unix::fs::PermissionsExt::from_mode(0o400)).unwrap();
    for former in
        ["ledger.redb.before-restore-20261122T120000Z", "ledger.redb.before-restore-20261122T120000Z-1"]
    {
        let restored = restore(&backup, home.dir.path(), Timestamp(NOON), &Stop::never()).unwrap();
        assert_eq!(restored.former, Some(home.path(former)));
        assert_eq!(rows(&home.path(layout::LEDGER)), then);
    }
    assert_eq!(rows(&home.path("ledger.redb.before-restore-20261122T120000Z")), before);
    home.ledger().put_setting("a", "1").unwrap();
    home.close();
    assert_eq!(
        rows(&home.path("ledger.redb.before-restore-20261122T120000Z-1")),
        then,
        "it is a file of its own"
    );
    let fresh = tempfile::tempdir().unwrap();
    assert_eq!(restore(&backup, fresh.path(), Timestamp(NOON), &Stop::never()).unwrap().former, None);
    assert_eq!(rows(&fresh.path().join(layout::LEDGER)), then);
}

#[test]
fn what_is_no_sound_backup_is_refused_and_leaves_all_as_it_was() {
    let mut home = Home::new();
    see(&home.ledger(), 0..500);
    let backup = home.backup("backup.redb");
    see(&home.ledger(), 500..600);
    home.close();
    let ledger = fs::read(home.path(layout::LEDGER)).unwrap();
    let sound = fs::read(&backup).unwrap();
    let refuse = |content: &[u8], what: &str| {
        fs::write(&backup, content).unwrap();
        let refused = restore(&backup, home.dir.path(), Timestamp(NOON), &Stop::never()).unwrap_err();
        assert!(refused.to_string().contains("backup.redb"), "{what}: {refused}");
        assert_eq!(fs::read(home.path(layout::LEDGER)).unwrap(), ledger, "{what}");
        assert_eq!(fs::read(&backup).unwrap(), content, "{what}");
        assert_eq!(names(home.dir.path()), ["backup.redb", layout::LEDGER], "{what}");
        refused
    };
    for len in [0, 1, 100, 4_096, sound.len() / 2, sound.len() - 4_096, sound.len() - 1] {
        let refused = refuse(&sound[..len], &format!("cut to {len}"));
        assert!(matches!(refused, RestoreError::Unsound { .. }), "{len}: {refused}");
    }
    refuse(b"somebody's notes, longer than a header".repeat(500).as_slice(), "no store");
    // Pages in use are found by what stands in them; others may hold anything.
    let needle = b"picture 3";
    let at = sound.windows(needle.len()).position(|window| window == needle).unwrap();
    let mut flipped = sound.clone();
    flipped[at] ^= 4;
    let refused = refuse(&flipped, "one bit");
    assert!(
        matches!(&refused, RestoreError::Unsound { source: CheckError::Damaged { .. }, .. }),
        "{refused:?}"
    );
    set_format(&backup, &sound, 99);
    let newer = refuse(&fs::read(&backup).unwrap(), "newer");
    assert!(
        matches!(
            &newer,
            RestoreError::Unsound { source: CheckError::Open(OpenError::Newer { found: 99, .. }), .. }
        ),
        "{newer:?}"
    );
    set_format(&backup, &sound, 0);
    let older = refuse(&fs::read(&backup).unwrap(), "too old");
    assert!(
        matches!(&older, RestoreError::Unsound { source: CheckError::Open(OpenError::TooOld { .. }), .. }),
        "{older:?}"
    );
    fs::remove_file(&backup).unwrap();
    assert!(matches!(
        restore(&backup, home.dir.path(), Timestamp(NOON), &Stop::never()),
        Err(RestoreError::Absent { .. })
    ));
    let itself = restore(&home.path(layout::LEDGER), home.dir.path(), Timestamp(NOON), &Stop::never());
    assert!(matches!(itself, Err(RestoreError::Itself { .. })), "{itself:?}");
    drop(redb::Database::create(home.path("empty")).unwrap());
    let empty = restore(&home.path("empty"), home.dir.path(), Timestamp(NOON), &Stop::never());
    assert!(
        matches!(
            &empty,
            Err(RestoreError::Unsound { source: CheckError::Open(OpenError::Foreign { .. }), .. })
        ),
        "{empty:?}"
    );
}

#[test]
fn a_restore_that_is_told_to_stop_leaves_everything_as_it_was() {
    let mut home = Home::new();
    let backup = home.backup("backup.redb");
    home.close();
    let before = names(home.dir.path());
    let stopper = Stopper::new();
    stopper.trigger();
    let stopped = restore(&backup, home.dir.path(), Timestamp(NOON), &stopper.stop());
    assert!(matches!(stopped, Err(RestoreError::Stopped)), "{stopped:?}");
    assert_eq!(names(home.dir.path()), before);
}

fn set_format(path: &Path, sound: &[u8], format: u64) {
    fs::write(path, sound).unwrap();
    let db = redb::Database::create(path).unwrap();
    let txn = db.begin_write().unwrap();
    txn.open_table(tables::META).unwrap().insert("format", format).unwrap();
    txn.commit().unwrap();
}

/// Makes of a ledger what a program of this format would have left.
fn downgrade(path: &Path, format: u64) {
    let db = redb::Database::create(path).unwrap();
    let txn = db.begin_write().unwrap();
    txn.open_table(tables::META).unwrap().insert("format", format).unwrap();
    assert!(txn.delete_table(tables::PENDING).unwrap());
    assert!(txn.delete_table(tables::PENDING_PATHS).unwrap());
    assert!(txn.delete_table(tables::PENDING_NAMES).unwrap());
    if format < 4 {
        assert!(txn.delete_table(tables::NOTES).unwrap());
        assert!(txn.delete_table(tables::READ_WITH).unwrap());
        assert!(txn.delete_table(tables::EDITS).unwrap());
    }
    if format < 3 {
        assert!(txn.delete_table(tables::OPERATIONS).unwrap());
        assert!(txn.delete_table(tables::STEPS).unwrap());
        assert!(txn.delete_table(tables::UNDONE).unwrap());
        assert!(txn.delete_table(tables::COVERS).unwrap());
    }
    if format < 2 {
        assert!(txn.delete_table(tables::FORMERS).unwrap());
        assert!(txn.delete_table(tables::REVIEWS).unwrap());
        assert!(txn.delete_table(tables::SEEN_THROUGH).unwrap());
    }
    txn.commit().unwrap();
}

#[test]
fn a_ledger_of_an_older_format_is_copied_as_it_is_and_upgraded_when_it_is_opened() {
    for (older, n_tables) in [(1, 15), (2, 18), (3, 22), (4, 25)] {
        let mut home = Home::new();
        see(&home.ledger(), 0..20);
        home.ledger().make_tag("kept").unwrap();
        let decided = home.ledger().reader().unwrap().decisions(9).unwrap();
        home.close();
        let ledger = home.path(layout::LEDGER);
        downgrade(&ledger, older);
        let old = home.path("old.redb");
        let copied = copy_closed(&ledger, &old, Existing::Keep, &Stop::never(), &mut |_, _| {}).unwrap();
        let format = |path: &Path| {
            let txn = redb::ReadOnlyDatabase::open(path).unwrap().begin_read().unwrap();
            let format = txn.open_table(tables::META).unwrap().get("format").unwrap().unwrap().value();
            (format, txn.list_tables().unwrap().count())
        };
        assert_eq!(format(&old), (older, n_tables));
        assert_eq!(format(&ledger), (older, n_tables), "looking at it did not upgrade it");
        assert_eq!(restore(&old, home.dir.path(), Timestamp(NOON), &Stop::never()).unwrap().content, copied);
        let reader = home.ledger().reader().unwrap();
        assert_eq!(reader.n_images().unwrap(), 20);
        assert_eq!(reader.decisions(9).unwrap(), decided);
        assert!(reader.operations(None, 9).unwrap().is_empty());
        drop(reader);
        home.close();
        assert_eq!(format(&ledger), (u64::from(lumidex_schema::format::LEDGER.current), 28));
    }
}

/// Images in order and images by tag, as the tags projection of this folder has them now.
fn followed(ledger: &Ledger, dir: &Path) -> (Vec<u32>, BTreeMap<TagId, Vec<u32>>) {
    let mut tags = TagsProjection::open(&dir.join(layout::TAGS));
    catch_up(&mut tags, ledger, &Stop::never(), &mut |_, _| {}).unwrap();
    let reader = tags.reader();
    let state = reader.read();
    let named = state.tags().map(|(id, _)| (id, state.posting(id).to_bitmap().iter().collect()));
    (state.order.ids().to_vec(), named.collect())
}

#[test]
fn after_a_restore_projections_equal_a_rebuild() {
    let mut home = Home::new();
    let ledger = home.ledger();
    see(&ledger, 0..60);
    let (_, tag) = ledger.make_tag("mine").unwrap();
    ledger.put_tag(tag, (1..20).map(lumidex_schema::id::ImageId).collect()).unwrap();
    let backup = home.backup("backup.redb");
    // Rows the projection has seen and the backup has not, then as many other ones under the same
    // numbers.
    let later = see(&ledger, 10..90);
    ledger.take_tag(tag, (1..10).map(lumidex_schema::id::ImageId).collect()).unwrap();
    let before = followed(&ledger, home.dir.path());
    drop(ledger);
    home.close();
    restore(&backup, home.dir.path(), Timestamp(NOON), &Stop::never()).unwrap();
    let ledger = home.ledger();
    while ledger.head() < later {
        see(&ledger, 100..140);
    }
    let after = followed(&ledger, home.dir.path());
    let fresh = tempfile::tempdir().unwrap();
    assert_eq!(after, followed(&ledger, fresh.path()));
    assert_ne!(after, before);
    assert_eq!(after.1[&tag].len(), 19, "what was done after the backup is gone");
}
