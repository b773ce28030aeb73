//! Organizing files in an open library, over restarts and changes of the world meanwhile.

mod killed;

use crate::support::topics::{Given, Said};
use crate::support::watched::{picture, until};
use lumidex::files::Wish;
use lumidex::intake::IntakeSettings;
use lumidex::library::{Granted, Library, LibraryOptions};
use lumidex::organize::{Choice, ConfirmError, OrganizeAsk, OrganizeJob, Status};
use lumidex::sys::paths;
use lumidex::sys::storage::Disk;
use lumidex::topics::Scope;
use lumidex_schema::record::PathType;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const FOXES: Said = ("Foxes", &["fox"], &["a.png", "sub/b.png"]);
const DOGS: Said = ("Dogs", &["dog"], &["c.png"]);
const FILES: [&str; 4] = ["a.png", "sub/b.png", "c.png", "d.png"];

struct World {
    dir: tempfile::TempDir,
    library: Library,
    given: Arc<Given>,
}

impl World {
    fn new(topics: &[Said], noise: &[&'static str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in FILES {
            let path = dir.path().join("pics").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, picture(name)).unwrap();
        }
        fs::write(dir.path().join("pics/a.txt"), "beside").unwrap();
        let world = Self::open(dir, topics, noise);
        world.library.add_extra_path(&paths::to_bytes(world.path("")), &[PathType::Scanned]).unwrap();
        world.library.update().unwrap();
        world
    }

    fn open(dir: tempfile::TempDir, topics: &[Said], noise: &[&'static str]) -> Self {
        let given = Given::new(topics, noise);
        let options = LibraryOptions {
            data_dir: dir.path().join("data"),
            intake: IntakeSettings::default(),
            watch: None,
            granted: None,
        };
        let library = Library::open_finding(&Disk::shared(), &options, Arc::clone(&given) as _).unwrap();
        given.knows(library.ledger(), &dir.path().join("pics"));
        Self { dir, library, given }
    }

    fn restarted(self, topics: &[Said]) -> Self {
        let Self { dir, library, given } = self;
        drop((library, given));
        Self::open(dir, topics, &[])
    }

    fn path(&self, below: &str) -> PathBuf {
        let pics = self.dir.path().join("pics");
        if below.is_empty() { pics } else { pics.join(below) }
    }

    fn bytes(&self, below: &str) -> Vec<u8> {
        paths::to_bytes(self.path(below))
    }

    fn ask(&self) -> OrganizeAsk {
        let scope = Scope { folders: vec![self.bytes("")], recursive: true };
        OrganizeAsk::of(scope, self.bytes("sorted"))
    }

    fn job(&self, id: &str) -> OrganizeJob {
        self.library.organizing(id).unwrap().unwrap().0.job
    }

    #[track_caller]
    fn comes_to(&self, id: &str, status: Status) -> OrganizeJob {
        let is_there = || self.job(id).status == status;
        until(status.word(), is_there, || format!("{:?}", self.job(id)));
        self.job(id)
    }

    #[track_caller]
    fn ready(&self) -> String {
        let id = self.library.start_organizing(self.ask()).unwrap();
        self.comes_to(&id, Status::PreviewReady);
        id
    }

    /// Every file below the folder, with what it holds.
    fn there(&self) -> BTreeMap<String, Vec<u8>> {
        let mut all = BTreeMap::new();
        look(&self.path(""), &self.path(""), &mut all);
        all
    }

    fn names(&self) -> Vec<String> {
        self.there().into_keys().collect()
    }
}

fn look(top: &Path, folder: &Path, all: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            look(top, &path, all);
        } else {
            let name = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
            all.insert(name, fs::read(&path).unwrap());
        }
    }
}

#[test]
fn a_preview_outlives_the_program_and_can_still_be_confirmed() {
    let world = World::new(&[FOXES, DOGS], &["d.png"]);
    let before = world.there();
    let id = world.ready();
    let preview = world.job(&id).preview;
    let world = world.restarted(&[]);
    assert_eq!(world.job(&id).preview, preview);
    world.library.confirm_organizing(&id, Choice::default()).unwrap();
    let job = world.comes_to(&id, Status::Done);
    let sorted = [
        "sorted/Dogs/c.png",
        "sorted/Foxes/a.png",
        "sorted/Foxes/a.txt",
        "sorted/Foxes/b.png",
        "sorted/Unsorted/d.png",
    ];
    assert_eq!(world.names(), sorted);
    let outcome = job.outcome.unwrap();
    assert_eq!((outcome.moved, outcome.failed, outcome.errors.len(), outcome.created.len()), (4, 0, 0, 4));
    world.library.undo(outcome.operation.unwrap()).unwrap();
    assert_eq!(world.there(), before, "byte for byte");
    let world = world.restarted(&[]);
    assert_eq!(world.job(&id).status, Status::Done, "what was done is not done again");
    assert_eq!(world.there(), before);
    assert!(matches!(
        world.library.confirm_organizing(&id, Choice::default()),
        Err(ConfirmError::NotReady(Status::Done))
    ));
}

#[test]
fn a_job_that_was_cut_short_while_topics_were_found_is_done_again() {
    let world = World::new(&[FOXES], &[]);
    let (told, go) = world.given.hold();
    let id = world.library.start_organizing(world.ask()).unwrap();
    told.recv().unwrap();
    assert_eq!(world.job(&id).status, Status::Running);
    drop(go);
    let world = world.restarted(&[]);
    // What it is asked now has no answer yet, or one without topics; either way it was asked again.
    until("it ends", || !world.job(&id).status.is_busy(), || format!("{:?}", world.job(&id)));
    assert_ne!(world.job(&id).status, Status::Moving);
    assert!(world.path("a.png").exists());
}

#[test]
fn a_file_is_found_that_was_moved_or_went_after_the_preview() {
    let world = World::new(&[FOXES, DOGS], &[]);
    let id = world.ready();
    let wish = Wish::Move {
        files: vec![world.bytes("a.png")],
        into: world.bytes("elsewhere"),
        make_folder: true,
        go_on: false,
    };
    world.library.perform(&wish).unwrap();
    fs::remove_file(world.path("c.png")).unwrap();
    world.library.confirm_organizing(&id, Choice::default()).unwrap();
    let outcome = world.comes_to(&id, Status::Done).outcome.unwrap();
    assert_eq!((outcome.moved, outcome.failed), (2, 1), "{outcome:?}");
    assert_eq!(outcome.errors[0].from, world.bytes("c.png"));
    assert!(outcome.errors[0].why.contains("does not exist"), "{outcome:?}");
    assert_eq!(world.names(), ["d.png", "sorted/Foxes/a.png", "sorted/Foxes/a.txt", "sorted/Foxes/b.png"]);
}

#[test]
fn what_lies_in_its_folder_already_stays_there() {
    let world = World::new(&[FOXES], &[]);
    let ask = OrganizeAsk { into: world.bytes(""), ..world.ask() };
    let start = |ask: &OrganizeAsk| {
        let id = world.library.start_organizing(ask.clone()).unwrap();
        world.comes_to(&id, Status::PreviewReady);
        world.library.confirm_organizing(&id, Choice::default()).unwrap();
        world.comes_to(&id, Status::Done).outcome.unwrap()
    };
    assert_eq!(start(&ask).moved, 2);
    let world_after = world.there();
    // The same files are of the same topic, and lie where they should.
    world.given.says(&[(FOXES.0, FOXES.1, &["Foxes/a.png", "Foxes/b.png"])]);
    let again = start(&ask);
    assert_eq!((again.moved, again.failed, again.operation), (0, 0, None));
    assert_eq!(world.there(), world_after);
}

#[test]
fn not_too_many_jobs_wait() {
    let world = World::new(&[FOXES], &[]);
    let (told, go) = world.given.hold();
    let first = world.library.start_organizing(world.ask()).unwrap();
    told.recv().unwrap();
    let mut taken = 1;
    while world.library.start_organizing(world.ask()).is_ok() {
        taken += 1;
        assert!(taken < 100, "there is a bound");
    }
    go.send(()).unwrap();
    world.comes_to(&first, Status::PreviewReady);
    until("all come to rest", || world.library.start_organizing(world.ask()).is_ok(), String::new);
}

#[test]
fn a_destination_that_is_a_link_out_of_what_may_be_changed_is_not_looked_into() {
    for is_confined in [true, false] {
        let world = World::new(&[FOXES], &[]);
        let outside = world.dir.path().join("outside");
        fs::create_dir_all(outside.join("FOXES")).unwrap();
        std::os::unix::fs::symlink(&outside, world.path("sorted")).unwrap();
        if is_confined {
            world.library.confine(Granted::default()).unwrap();
        }
        let id = world.ready();
        let asked = world.given.asked.lock().pop().unwrap();
        let seen: &[String] = if is_confined { &[] } else { &["FOXES".to_owned()] };
        assert_eq!(asked.existing_folder_names, seen);
        let folders = world.library.organize().folders(&id, &Choice::default());
        let spelled = if is_confined { "sorted/Foxes" } else { "sorted/FOXES" };
        assert!(folders.contains(&world.bytes(spelled)), "{folders:?}");
    }
}
