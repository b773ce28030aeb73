//! Several operations at once, and one that is stopped.

use super::shaky::Shaky;
use super::world::{There, World};
use lumidex::files::Wish;
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
