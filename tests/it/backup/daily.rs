//! Backups as they are made in real life: each day by themselves, and through a running server.

use super::{Home, NOON, names, see};
use crate::live::{PATIENCE, Program, command, pictures};
use lumidex::ledger::backup::{Bounds, Copied, Daily, Existing, Look, check};
use lumidex::sys::Stop;
use lumidex_index_tools::backup::{BackupToolError, Stage, backup as tool};
use lumidex_index_tools::reading::Standing;
use lumidex_index_tools::restore::Place;
use lumidex_schema::id::Timestamp;
use lumidex_schema::layout;
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

const DAY: i64 = 24 * 3_600 * 1_000_000_000;

#[test]
fn daily_backups_are_made_when_due_and_bounded_in_number_and_bytes() {
    let mut home = Home::new();
    let ledger = home.ledger();
    see(&ledger, 0..200);
    let bounds = |number, bytes| Bounds { number, bytes, reserve_bytes: 0 };
    let data_dir = home.dir.path().to_owned();
    let folder = home.path(layout::BACKUPS);
    let daily = |bounds| Daily::new(ledger.clone(), &data_dir, bounds);
    let look = |daily: &Daily, at| daily.look(Timestamp(at), &Stop::never()).unwrap();
    let change = |n: i64| assert!(ledger.put_setting("day", &n.to_string()).is_ok());

    assert_eq!(look(&daily(bounds(0, u64::MAX)), NOON), Look::Off);
    assert!(!folder.exists());
    let nearly_full = Bounds { number: 4, bytes: u64::MAX, reserve_bytes: u64::MAX };
    assert!(matches!(look(&daily(nearly_full), NOON), Look::NoRoom { .. }));

    let kept = daily(bounds(3, u64::MAX));
    assert!(matches!(look(&kept, NOON), Look::Made(_)));
    change(0);
    assert_eq!(look(&kept, NOON + DAY - 1), Look::Recent);
    assert!(matches!(look(&kept, NOON + DAY), Look::Made(_)));
    assert_eq!(look(&kept, NOON + 2 * DAY), Look::Unchanged);
    for day in 3..6 {
        change(day);
        let Look::Made(made) = look(&kept, NOON + day * DAY) else { panic!("day {day}") };
        assert_eq!(check(&made.path).unwrap(), made.content);
        assert_eq!(made.content.head, ledger.head());
    }
    let three =
        ["ledger-20261125T120000Z.redb", "ledger-20261126T120000Z.redb", "ledger-20261127T120000Z.redb"];
    assert_eq!(names(&folder), three);

    // Files of others do not count and stay.
    fs::write(folder.join("ledger-20200101T000000Z.redb.bak"), "x").unwrap();
    change(6);
    let Look::Made(made) = look(&daily(bounds(9, 1)), NOON + 6 * DAY) else { panic!() };
    let two_and_notes =
        ["ledger-20200101T000000Z.redb.bak", "ledger-20261127T120000Z.redb", "ledger-20261128T120000Z.redb"];
    assert_eq!(names(&folder), two_and_notes, "two of the newest size always may stay");
    assert_eq!(made.removed.len(), 2);

    // A damaged newest one is no reason not to make another.
    fs::write(&made.path, "rubbish").unwrap();
    assert!(matches!(look(&kept, NOON + 7 * DAY), Look::Made(_)));
    // A clock that was years ahead does not end backups, and what is made then stays.
    let ahead = folder.join("ledger-20990101T000000Z.redb");
    fs::copy(folder.join("ledger-20261129T120000Z.redb"), &ahead).unwrap();
    change(8);
    let Look::Made(made) = look(&daily(bounds(1, u64::MAX)), NOON + 8 * DAY) else { panic!() };
    assert!(made.path.exists() && !ahead.exists());
}

/// The tool over a data folder.
fn make(data: &Path, target: &Path) -> Result<(Copied, Vec<Stage>), BackupToolError> {
    let mut stages = Vec::new();
    let copied = tool(data, target, Existing::Keep, &mut |stage| stages.push(stage))?;
    Ok((copied, stages))
}

#[test]
fn a_backup_is_made_through_a_running_server_and_without_one() {
    let dir = tempfile::tempdir().unwrap();
    let (data, pics) = (dir.path().join("data"), dir.path().join("pics"));
    let (served, alone) = (dir.path().join("served.redb"), dir.path().join("alone.redb"));
    pictures(&pics, 80);
    let absent = make(&data, &served).unwrap_err();
    assert!(matches!(absent, BackupToolError::NoLibrary { .. }) && !data.exists());
    let program = Program::start(&data, &[&pics]);
    program.reference("/db/update_image_data", &json!({}));
    let tag = program.reference("/db/add_custom_tag", &json!({ "tag_name": "kept" }))["id"].clone();
    let (copied, stages) = make(&data, &served).unwrap();
    assert!(stages.iter().any(|stage| matches!(stage, Stage::Receiving(..))), "{stages:?}");
    let again = make(&data, &served).unwrap_err();
    assert!(matches!(again, BackupToolError::Exists { .. }), "{again}");
    let itself = tool(&data, &data.join(layout::LEDGER), Existing::Replace, &mut |_| {}).unwrap_err();
    assert!(matches!(itself, BackupToolError::Itself { .. }), "{itself}");
    let refused = Place::take(&data, &served).err().unwrap();
    assert!(refused.to_string().contains("stop it first"), "{refused}");
    // Tools that only read take a copy, too.
    let standing = Standing::open(&data, true, &Stop::never(), &mut |_| {}).unwrap();
    assert!(standing.reader.custom_tags().unwrap().iter().any(|(_, tag)| tag.name == "kept"));
    assert_eq!(standing.reader.n_images().unwrap(), 80);
    assert_eq!(standing.paid.models().unwrap(), Vec::<String>::new());
    drop(standing);
    program.reference("/db/remove_custom_tag", &json!({ "tag_id": tag }));
    program.kill();

    let (copied_alone, stages) = make(&data, &alone).unwrap();
    assert!(stages.iter().all(|stage| matches!(stage, Stage::Copying(..))), "{stages:?}");
    assert!(copied_alone.head > copied.head);
    Place::take(&data, &served).unwrap().restore(&served, &Stop::never()).unwrap();
    let program = Program::start(&data, &[]);
    let info = program.get("/infinite_image_browsing/db/basic_info");
    assert_eq!(info["img_count"], 80);
    let names: BTreeSet<&str> =
        info["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    assert!(names.contains("kept"), "{names:?}");
}

#[test]
fn a_server_makes_a_backup_soon_after_its_start_unless_told_not_to() {
    let dir = tempfile::tempdir().unwrap();
    let start = |name: &str, number: &str| {
        let data = dir.path().join(name);
        fs::create_dir_all(data.join(layout::BACKUPS)).unwrap();
        fs::write(data.join(layout::BACKUPS).join(".ledger-20261122T120000Z.redb.77-0.tmp"), "cut").unwrap();
        let mut child = command(&data);
        child.env("IIB_DB_FILE_BACKUP_MAX", number).stdout(std::process::Stdio::null());
        (child.stderr(std::process::Stdio::null()).spawn().unwrap(), data.join(layout::BACKUPS))
    };
    // The one that must not look starts first, so it had its chance when the other has looked.
    let (mut without, none) = start("without", "0");
    let (mut with, kept) = start("with", "4");
    let deadline = Instant::now() + PATIENCE;
    let is_made = || names(&kept).iter().any(|name| name.starts_with("ledger-"));
    while !is_made() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(50));
    }
    for child in [&mut with, &mut without] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let made = names(&kept);
    assert!(made.len() == 1 && check(&kept.join(&made[0])).is_ok(), "{made:?}");
    assert_eq!(names(&none), [] as [&str; 0], "what was left is removed, nothing is made");
}
