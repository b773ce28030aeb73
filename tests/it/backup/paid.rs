//! What was paid for goes along with a backup, whoever has the library open, and comes back with it.

use crate::live::Program;
use lumidex::ledger::Ledger;
use lumidex::ledger::backup::Existing;
use lumidex::ledger::paid::{Merged, Paid};
use lumidex::sys::Stop;
use lumidex_index_tools::backup::backup;
use lumidex_index_tools::paid::{backup as backup_paid, beside_backup};
use lumidex_index_tools::restore::Place;
use lumidex_schema::layout;
use std::path::Path;

const MODEL: &str = "text-embedding-3-small";

fn buy(data: &Path, numbers: std::ops::Range<u8>) {
    let vectors: Vec<_> = numbers.map(|n| ([n; 32], vec![f32::from(n); 3])).collect();
    Paid::at(&data.join(layout::PAID)).put_vectors(MODEL, &vectors).unwrap();
}

fn bought(path: &Path) -> u64 {
    Paid::at(path).stats(MODEL).unwrap().count
}

#[test]
fn what_was_paid_for_goes_along_and_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let (data, target) = (dir.path().join("data"), dir.path().join("usb.redb"));
    std::fs::create_dir_all(&data).unwrap();
    drop(Ledger::open(&data.join(layout::LEDGER)).unwrap());
    backup(&data, &target, Existing::Keep, &mut |_| {}).unwrap();
    assert_eq!(backup_paid(&data, &target, &Stop::never()).unwrap(), Merged::default());
    assert!(!beside_backup(&target).exists(), "nothing was paid for");
    // By itself, then from the server that has the library open: only what is new.
    buy(&data, 0..10);
    assert_eq!(backup_paid(&data, &target, &Stop::never()).unwrap().added, 10);
    buy(&data, 10..15);
    let program = Program::start(&data, &[]);
    backup(&data, &target, Existing::Replace, &mut |_| {}).unwrap();
    assert_eq!(backup_paid(&data, &target, &Stop::never()).unwrap().added, 5);
    assert_eq!(backup_paid(&data, &target, &Stop::never()).unwrap().added, 0);
    assert_eq!(std::fs::read_dir(data.join(layout::BACKUPS)).unwrap().count(), 0, "nothing is left of it");
    drop(program);
    assert_eq!(bought(&beside_backup(&target)), 15);

    std::fs::remove_file(data.join(layout::PAID)).unwrap();
    buy(&data, 14..20);
    let place = Place::take(&data, &target).unwrap();
    place.restore(&target, &Stop::never()).unwrap();
    assert_eq!(place.restore_paid(&target, &Stop::never()).unwrap().unwrap().added, 14);
    assert_eq!(bought(&data.join(layout::PAID)), 20, "both what was there and what came back");
    // From the folder of daily backups it is their one copy; elsewhere no file is taken for it.
    let backups = data.join(layout::BACKUPS);
    std::fs::rename(beside_backup(&target), backups.join(layout::PAID)).unwrap();
    std::fs::copy(&target, backups.join("ledger-20261122T120000Z.redb")).unwrap();
    std::fs::remove_file(data.join(layout::PAID)).unwrap();
    assert_eq!(place.restore_paid(&target, &Stop::never()).unwrap(), None);
    let daily = place.restore_paid(&backups.join("ledger-20261122T120000Z.redb"), &Stop::never()).unwrap();
    assert_eq!((daily.unwrap().added, bought(&data.join(layout::PAID))), (15, 15));
}
