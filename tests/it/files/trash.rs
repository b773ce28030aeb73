//! The trash is bounded, and only what a journal names is ever removed from it.

use super::world::World;
use lumidex::files::Gone;
use lumidex_schema::id::{Seq, Timestamp};
use std::fs;
use std::path::PathBuf;

/// Files of a hundred bytes each, deleted one by one.
fn deleted(n: usize) -> (World, Vec<Seq>) {
    let names: Vec<String> = (0..n).map(|nth| format!("pics/a/{nth}.bin")).collect();
    let world = World::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let operations = names
        .iter()
        .map(|name| {
            fs::write(world.path(name), [b'x'; 100]).unwrap();
            world.does(&world.delete(&[name])).operation.unwrap()
        })
        .collect();
    (world, operations)
}

fn files_in(world: &World) -> Vec<String> {
    world.trash().into_keys().filter(|path| path.ends_with(".bin")).collect()
}

fn since_ever() -> Timestamp {
    Timestamp(i64::MIN)
}

#[test]
fn the_oldest_goes_first_and_the_newest_always_stays() {
    let (world, operations) = deleted(4);
    assert_eq!(world.files.purge(since_ever(), 400).unwrap(), Gone::default());
    assert_eq!(world.files.purge(since_ever(), 250).unwrap(), Gone { operations: 2, files: 2, bytes: 200 });
    assert_eq!(files_in(&world).len(), 2);
    for (nth, operation) in operations.iter().enumerate() {
        let head = world.ledger.reader().unwrap().operation(*operation).unwrap().unwrap();
        assert_eq!(head.is_expired(), nth < 2);
    }
    assert_eq!(world.files.purge(since_ever(), 0).unwrap().files, 1);
    assert_eq!(world.files.purge(since_ever(), 0).unwrap(), Gone::default());
    let error = world.files.undo(operations[1]).unwrap_err();
    assert!(error.to_string().contains("too old"), "{error}");
    world.files.undo(operations[3]).unwrap();
    assert_eq!(world.names(), ["pics/a/", "pics/a/3.bin"]);
}

#[test]
fn what_is_old_goes_however_little_it_is() {
    let (world, operations) = deleted(3);
    let at = |nth: usize| world.ledger.reader().unwrap().operation(operations[nth]).unwrap().unwrap().at;
    assert_eq!(world.files.purge(at(2), u64::MAX).unwrap(), Gone { operations: 2, files: 2, bytes: 200 });
    assert_eq!(world.files.purge(Timestamp(at(2).0 + 1), u64::MAX).unwrap().files, 1);
    assert!(world.trash().is_empty(), "empty folders of the trash go as well: {:?}", world.trash());
}

#[test]
fn emptying_the_trash_removes_everything_a_journal_names_and_nothing_else() {
    let (world, operations) = deleted(3);
    let folder = PathBuf::from(files_in(&world)[0].clone());
    let foreign = world.path(folder.parent().unwrap().to_str().unwrap()).join("mine.bin");
    fs::write(&foreign, "put here by hand").unwrap();
    fs::write(world.path("pics/.lumidex-trash/also-mine.bin"), "").unwrap();
    // Rewritten by somebody: not what was put there.
    fs::write(world.path(&files_in(&world)[3]), "rewritten").unwrap();
    let gone = world.files.purge_all().unwrap();
    assert_eq!(gone, Gone { operations: 3, files: 2, bytes: 200 });
    assert_eq!(files_in(&world).len(), 3);
    assert_eq!(fs::read_to_string(foreign).unwrap(), "put here by hand");
    assert!(world.files.undo(operations[0]).is_err());
    assert_eq!(world.files.purge_all().unwrap(), Gone::default());
}

#[test]
fn a_trash_whose_folder_is_away_is_left_for_later() {
    let (world, operations) = deleted(2);
    fs::rename(world.path("pics"), world.path("away")).unwrap();
    assert_eq!(world.files.purge_all().unwrap(), Gone::default());
    fs::rename(world.path("away"), world.path("pics")).unwrap();
    world.files.undo(operations[0]).unwrap();
    assert_eq!(world.files.purge_all().unwrap().files, 1);
}

#[test]
fn a_trash_that_somebody_emptied_by_hand_is_forgotten() {
    let (world, operations) = deleted(2);
    fs::remove_dir_all(world.path("pics/.lumidex-trash")).unwrap();
    assert!(world.files.undo(operations[0]).unwrap_err().to_string().contains("is not there any more"));
    assert_eq!(world.files.purge_all().unwrap(), Gone { operations: 2, files: 0, bytes: 0 });
}

#[test]
fn what_was_brought_back_does_not_count_and_what_was_deleted_again_does() {
    let (world, operations) = deleted(2);
    let undone = world.files.undo(operations[1]).unwrap().operation.unwrap();
    assert_eq!(world.files.purge(since_ever(), 100).unwrap(), Gone::default());
    world.files.undo(undone).unwrap();
    assert_eq!(files_in(&world).len(), 2);
    assert_eq!(world.files.purge(since_ever(), 150).unwrap().files, 1);
    assert_eq!(
        files_in(&world),
        files_in(&world).iter().filter(|path| path.ends_with("1.bin")).cloned().collect::<Vec<_>>()
    );
    assert_eq!(world.files.purge_all().unwrap().files, 1);
    assert!(world.trash().is_empty());
}
