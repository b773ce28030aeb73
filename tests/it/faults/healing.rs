//! The ledger while its disk fails, and after.

use super::script;
use super::shim::{ENOSPC, EROFS, Fault, Shim, folder};
use lumidex::ledger::{DecideError, Ledger, WriteError};
use lumidex::limits;
use lumidex_schema::id::ImageId;
use std::time::{Duration, Instant};

fn prepared(shim: &Shim, dir: &tempfile::TempDir) -> Ledger {
    let ledger = Ledger::open_on(shim.storage(), &dir.path().join("ledger.redb")).unwrap();
    script::prepare(&ledger);
    for nth in 0..10 {
        script::step(&ledger, nth).unwrap();
    }
    ledger
}

#[test]
fn a_full_disk_refuses_writes_and_is_forgotten_when_there_is_room_again() {
    let (shim, dir) = (Shim::default(), folder());
    let ledger = prepared(&shim, &dir);
    let before = script::dump(&ledger);
    let held = ledger.reader().unwrap();
    shim.fail_at(3, Fault { code: ENOSPC, lasts: true });
    for nth in 10..15 {
        let refused = ledger.put_setting("x", &nth.to_string()).unwrap_err();
        let DecideError::Write(error) = refused else { panic!("{refused}") };
        // While somebody reads what was open when the disk failed, that is the reason.
        assert!(matches!(error, WriteError::Store(_)), "{error:?}");
        assert!(error.is_disk_full() || nth > 10, "{error:?}");
        assert_eq!(script::dump(&ledger), before, "reads go on");
    }
    let reason = ledger.failure().unwrap();
    assert!(reason.starts_with("the ledger cannot be written: "), "{reason}");
    // The old snapshot is whole to the end.
    assert!(held.image_at(b"/r/f0/0.png").unwrap().is_some());
    let full = ledger.reader().unwrap();
    drop(held);
    let DecideError::Write(error) = ledger.put_setting("x", "1").unwrap_err() else { panic!() };
    assert!(error.is_disk_full(), "{error:?}");
    assert!(ledger.failure().unwrap().contains("space"), "{:?}", ledger.failure());
    let held = full;

    assert!(shim.lift());
    script::step(&ledger, 10).unwrap();
    assert_eq!(ledger.failure(), None);
    let grown = script::dump(&ledger);
    for nth in 11..40 {
        script::step(&ledger, nth).unwrap();
    }
    // A snapshot taken while the disk was full is whole, however much was written since.
    assert!(grown.len() > before.len());
    assert_eq!(held.head().unwrap().0, before[5..].split_once('\n').unwrap().0.parse::<u64>().unwrap());
    for id in 1..=held.last_image().unwrap().0 {
        let image = held.image(ImageId(id)).unwrap().unwrap();
        assert!(held.generation_text(&image).unwrap().starts_with("text "));
    }
    drop(held);
    let after = script::dump(&ledger);
    drop(ledger);
    let again = Ledger::open(&dir.path().join("ledger.redb")).unwrap();
    assert_eq!(script::dump(&again), after, "and so it is after a restart");
}

#[test]
fn nothing_is_written_under_a_snapshot_of_what_failed() {
    let (shim, dir) = (Shim::default(), folder());
    let ledger = prepared(&shim, &dir);
    // Older than what will be durable when the disk fails.
    let held = ledger.reader().unwrap();
    let n_images = held.last_image().unwrap().0;
    for nth in 10..20 {
        script::step(&ledger, nth).unwrap();
    }
    shim.fail_at(0, Fault { code: ENOSPC, lasts: false });
    ledger.put_setting("x", "1").unwrap_err();
    let DecideError::Write(error) = ledger.put_setting("x", "2").unwrap_err() else { panic!() };
    assert!(!error.is_disk_full() && ledger.failure().unwrap().contains("still reads"), "{error:?}");
    for id in 1..=n_images {
        let image = held.image(ImageId(id)).unwrap().unwrap();
        assert!(held.generation_text(&image).unwrap().starts_with("text "));
    }
    drop(held);
    ledger.put_setting("x", "3").unwrap();
    assert_eq!(ledger.reader().unwrap().setting("x").unwrap().as_deref(), Some("3"));
}

#[test]
fn an_idle_ledger_mends_itself() {
    let (shim, dir) = (Shim::default(), folder());
    let ledger = prepared(&shim, &dir);
    shim.fail_at(0, Fault { code: EROFS, lasts: true });
    ledger.put_setting("x", "1").unwrap_err();
    assert!(ledger.failure().is_some());
    assert!(shim.lift());
    let deadline = Instant::now() + limits::LEDGER_MEND_EVERY + Duration::from_secs(30);
    while ledger.failure().is_some() {
        assert!(Instant::now() < deadline, "it is tried again");
        std::thread::sleep(Duration::from_millis(5));
    }
    ledger.put_setting("x", "2").unwrap();
}

#[test]
fn a_read_that_fails_once_fails_nothing_but_itself() {
    for nth in 0..40 {
        let (shim, dir) = (Shim::default(), folder());
        let ledger = prepared(&shim, &dir);
        drop(ledger);
        // Opened anew, so that nothing is in memory yet.
        let ledger = Ledger::open_on(shim.storage(), &dir.path().join("ledger.redb")).unwrap();
        shim.fail_read(nth);
        let read = || -> Result<u64, lumidex::ledger::ReadError> {
            let reader = ledger.reader()?;
            for id in 1..=reader.last_image()?.0 {
                if let Some(image) = reader.image(ImageId(id))? {
                    reader.generation_text(&image)?;
                    reader.path_of(&image)?;
                }
            }
            Ok(reader.head()?.0)
        };
        let first = read();
        let failed = shim.lift();
        assert_eq!(first.is_err(), failed, "{first:?}");
        assert_eq!(read().unwrap(), ledger.head().0, "read {nth}");
        ledger.put_setting("x", "1").unwrap();
        assert_eq!(ledger.failure(), None);
    }
}
