//! Several operations at once, and one that is stopped.

use super::shaky::{Mishap, Shaky};
use super::world::{There, World};
use lumidex::files::{Files, Wish, WishError};
use lumidex::sys::Stopper;
use lumidex::sys::storage::Disk;
use lumidex_schema::operation::OperationState;
use std::sync::Arc;

#[test]
fn two_who_want_one_place_never_overwrite_each_other() {
    let names: Vec<String> = ["one", "two"]
        .iter()
        .flat_map(|folder| (0..50).map(move |nth| format!("pics/{folder}/{nth}.png")))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let world = World::new(&[&names[..], &["pics/into/"]].concat());
    let known = world.known();
    let wish = |files: &[&str]| Wish::Move {
        files: world.all(files),
        into: world.bytes("pics/into"),
        make_folder: false,
        go_on: true,
    };
    let reports = std::thread::scope(|scope| {
        let threads: Vec<_> = names
            .chunks(50)
            .map(|files| (wish(files), scope))
            .map(|(wish, scope)| {
                let files = Arc::clone(&world.files);
                scope.spawn(move || files.perform(&wish).unwrap())
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(reports.iter().map(|report| report.done).sum::<u64>(), 50);
    assert_eq!(reports.iter().map(|report| report.failed).sum::<u64>(), 50);
    let n_files = world.there().into_values().filter(|there| *there != There::Folder).count();
    assert_eq!(n_files, 100);
    let mut ids: Vec<_> = world.known().into_values().collect();
    let mut expected: Vec<_> = known.into_values().collect();
    ids.sort();
    expected.sort();
    assert_eq!(ids, expected, "everyone is who they were");
    world.agrees();
}

#[test]
fn what_is_being_done_is_shown_and_can_be_stopped_after_the_item_it_is_at() {
    let shaky = Shaky::default();
    let names: Vec<String> = (0..20).map(|nth| format!("pics/{nth:02}.png")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let world = World::on(&[&names[..], &["pics/sub/"]].concat(), Disk::shared(), shaky.tree());
    world.files.recover().unwrap();
    shaky.calm();
    let (files, log) = (Arc::downgrade(&world.files), shaky.clone());
    shaky.listen(move |doing| {
        if doing == "move" && log.log().iter().filter(|call| **call == "move").count() == 6 {
            let files = files.upgrade().unwrap();
            let running = files.running();
            assert_eq!((running.len(), running[0].steps), (1, 20));
            assert!(!running[0].is_stopping && files.stop(running[0].operation.unwrap()));
            assert!(files.running()[0].is_stopping);
        }
    });
    let report = world.files.perform(&world.mv(&names, "pics/sub")).unwrap();
    assert_eq!((report.done, report.failed, report.is_stopped), (7, 0, true));
    let head = world.ledger.reader().unwrap().operation(report.operation.unwrap()).unwrap().unwrap();
    assert_eq!((head.state, head.taken, head.steps), (OperationState::Stopped, 7, 20));
    assert!(world.files.running().is_empty() && !world.files.stop(report.operation.unwrap()));
    world.agrees();
    shaky.listen(|_| {});
    assert_eq!(world.files.undo(report.operation.unwrap()).unwrap().done, 7);
    assert_eq!(world.names().len(), 21);
}

#[test]
fn thousands_of_files_go_in_chunks() {
    let names: Vec<String> = (0..5_000).map(|nth| format!("pics/{nth:04}.bin")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let world = World::new(&[&names[..], &["pics/sub/"]].concat());
    let before = world.there();
    let report = world.does(&world.mv(&names, "pics/sub"));
    assert_eq!(report.done, 5_000);
    assert_eq!(world.names().len(), 5_001);
    let deleted = world.does(
        &world.delete(
            &names
                .iter()
                .map(|name| name.replace("pics/", "pics/sub/"))
                .collect::<Vec<_>>()
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>(),
        ),
    );
    assert_eq!(world.names(), ["pics/sub/"]);
    assert_eq!(world.files.undo(deleted.operation.unwrap()).unwrap().done, 5_000);
    assert_eq!(world.files.undo(report.operation.unwrap()).unwrap().done, 5_000);
    assert_eq!(world.there(), before);
    assert!(world.trash().is_empty());
}

#[test]
fn a_program_that_stops_leaves_the_rest_to_the_next_start() {
    let shaky = Shaky::default();
    let names: Vec<String> = (0..20).map(|nth| format!("pics/{nth:02}.png")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut world = World::on(&[&names[..], &["pics/sub/"]].concat(), Disk::shared(), shaky.tree());
    let known = world.known();
    let stopper = Stopper::new();
    world.files = Arc::new(Files::new(world.ledger.clone(), shaky.tree(), stopper.stop()));
    let (stops, log) = (stopper.clone(), shaky.clone());
    shaky.listen(move |doing| {
        if doing == "move" && log.log().iter().filter(|call| **call == "move").count() == 6 {
            stops.trigger();
        }
    });
    let wish = world.mv(&names, "pics/sub");
    assert!(matches!(world.files.perform(&wish), Err(WishError::Busy(_))));
    assert_eq!(world.names().iter().filter(|name| name.starts_with("pics/sub/")).count(), 1 + 7);
    assert!(matches!(world.files.perform(&wish), Err(WishError::Busy(_))), "it is stopping");
    shaky.listen(|_| {});
    world = world.restarted();
    let reports = world.files.recover().unwrap();
    assert_eq!((reports.len(), reports[0].done, reports[0].failed), (1, 13, 0));
    let ids: Vec<_> = world.known().into_values().collect();
    assert_eq!(ids, known.into_values().collect::<Vec<_>>());
    assert!(world.known().keys().all(|path| path.starts_with("pics/sub/")));
    world.agrees();
    assert_eq!(world.files.recover().unwrap(), []);
}

#[test]
fn what_cannot_be_taken_back_is_told() {
    let shaky = Shaky::default();
    let world = World::on(&["pics/a.png", "pics/a.txt"], Disk::shared(), shaky.tree());
    world.files.recover().unwrap();
    let wish = Wish::Delete { files: world.all(&["pics/a.png"]), for_good: true };
    shaky.calm();
    let (plan, log) = (shaky.clone(), shaky.clone());
    shaky.listen(move |doing| {
        // The second removal, that of the sidecar, fails.
        if doing == "remove" && log.log().last() != Some(&"sync") && log.log().contains(&"remove") {
            plan.plan(0, Mishap::Fails { code: 13, lasts: false });
        }
    });
    let report = world.files.perform(&wish).unwrap();
    assert_eq!((report.done, report.failed), (0, 1));
    assert!(report.errors[0].1.contains("cannot be taken back"), "{:?}", report.errors);
    assert_eq!(world.names(), ["pics/a.txt"]);
    assert!(world.known().is_empty());
}
