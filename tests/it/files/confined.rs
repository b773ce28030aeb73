//! What was begun before the program ended is finished after its next start within what may be changed then: a folder
//! that became a link meanwhile leads nowhere else.

use super::shaky::{Cut, Mishap, Shaky};
use super::world::World;
use crate::live::{Program, command};
use lumidex::intake::IntakeSettings;
use lumidex::library::{Granted, Library, LibraryOptions};
use lumidex::sys::paths;
use lumidex::sys::storage::Disk;
use serde_json::json;
use std::fs;
use std::os::unix::fs::symlink;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

/// A folder in which moving `pics/a.png` into `pics/sub` was begun and cut short, and in which `pics/sub` has become a
/// link to `private` since, which lies in no folder of the library.
fn interrupted() -> Arc<tempfile::TempDir> {
    let shaky = Shaky::default();
    let world = World::on(&["pics/a.png", "pics/sub/"], Disk::shared(), shaky.tree());
    let wish = world.mv(&["pics/a.png"], "pics/sub");
    shaky.calm();
    let done = world.files.perform(&wish).unwrap();
    let until_it_moves = shaky.log().iter().position(|call| *call == "move").unwrap();
    world.files.undo(done.operation.unwrap()).unwrap();
    shaky.plan(until_it_moves as u64, Mishap::CutBefore);
    let ended = catch_unwind(AssertUnwindSafe(|| world.files.perform(&wish).map(drop)));
    assert!(ended.unwrap_err().is::<Cut>());
    let dir = Arc::clone(&world.dir);
    assert_eq!(world.ledger.reader().unwrap().unfinished_operations().unwrap().len(), 1);
    drop(world);
    fs::create_dir(dir.path().join("private")).unwrap();
    fs::remove_dir(dir.path().join("pics/sub")).unwrap();
    symlink(dir.path().join("private"), dir.path().join("pics/sub")).unwrap();
    dir
}

#[track_caller]
fn assert_stayed(dir: &Path) {
    assert_eq!(fs::read_dir(dir.join("private")).unwrap().count(), 0, "nothing went through the link");
    assert!(dir.join("pics/a.png").exists());
}

fn unfinished(library: &Library) -> usize {
    library.files().recover().unwrap();
    library.reader().unwrap().unfinished_operations().unwrap().len()
}

#[test]
fn what_was_begun_is_not_finished_through_a_link_that_leads_out() {
    let open = |dir: &Path, granted| {
        let (data_dir, intake) = (dir.join("data"), IntakeSettings::default());
        Library::open(&LibraryOptions { data_dir, intake, watch: None, granted }).unwrap()
    };
    for is_listed in [false, true] {
        let dir = interrupted();
        let pics = paths::to_bytes(dir.path().join("pics"));
        let only = is_listed.then(|| vec![pics]);
        let library = open(dir.path(), Some(Granted { only, besides: Vec::new() }));
        assert_eq!(unfinished(&library), 0, "it was tried, and is not tried again");
        assert_stayed(dir.path());
    }
    // Where nothing is confined, it is what the person at this machine gets.
    let dir = interrupted();
    let library = open(dir.path(), None);
    assert_eq!(unfinished(&library), 0);
    assert!(dir.path().join("private/a.png").exists() && !dir.path().join("pics/a.png").exists());
}

#[test]
fn the_program_confines_itself_before_it_finishes_anything() {
    let dir = interrupted();
    let mut run = command(&dir.path().join("data"));
    run.args(["--access-control", "enable"]);
    let program = Program::start_as(run, &[]);
    // Waits until what was begun is finished.
    let made = program.reference("/mkdirs", &json!({ "dest_folder": dir.path().join("pics/new") }));
    assert!(made.is_null() && dir.path().join("pics/new").is_dir(), "{made}");
    assert_stayed(dir.path());
    // And so does a command that asks the data folder, for no server runs.
    drop(program);
    let dir = interrupted();
    let mut run = std::process::Command::new(env!("CARGO_BIN_EXE_lumidex"));
    run.env_clear().env("HOME", dir.path()).env("LUMIDEX_ACCESS_CONTROL", "enable");
    run.args(["copy", "--yes", "--make-folder", "--data-dir"]).arg(dir.path().join("data"));
    run.args(["a.png", "new"]).current_dir(dir.path().join("pics"));
    let output = run.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(dir.path().join("pics/new/a.png").exists());
    assert_stayed(dir.path());
}
