//! Whole runs against a real ledger, with a toy that reads the files.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use lumidex_schema::id::Timestamp;
use lumidex_schema::media::MediaKind;
use lumidex_schema::note::Note;
use lumidex_schema::record::{Fingerprint, Image, PathType, Presence};
use lumidex_schema::text::split;

use super::*;
use crate::intake::readers::Facts;
use crate::ledger::{Elsewhere, Observation, Seen, SharedText};
use crate::metadata::{self, Beside, ReadAt};
use crate::sys::paths;

mod bad;
mod beside;
mod hanging;

type Hook = dyn Fn(&[u8]) + Send + Sync;

/// The whole content is the text. Films begin with `film`; `panic` makes it panic.
struct Toy {
    hook: Arc<Hook>,
}

impl Interpret for Toy {
    fn interpret(
        &mut self,
        file: &dyn ReadAt,
        name: &[u8],
        media: MediaKind,
        beside: &[Beside<'_>],
    ) -> std::io::Result<Option<Facts>> {
        (self.hook)(name);
        let mut content = vec![0; usize::try_from(file.len()).unwrap()];
        let n_read = file.read_at(0, &mut content)?;
        content.truncate(n_read);
        assert_ne!(content, b"panic", "as a broken parser would");
        if media == MediaKind::Video && !content.starts_with(b"film") {
            return Ok(None);
        }
        let fingerprint = Fingerprint(blake3::hash(&content).as_bytes()[..16].try_into().unwrap());
        beside.iter().for_each(|one| content.extend_from_slice(one.bytes));
        let split = split(&String::from_utf8_lossy(&content));
        let text = Some(Arc::new(SharedText::new(split.template, Vec::new())));
        Ok(Some(Facts { fingerprint, text, holes: split.holes, ..Facts::default() }))
    }
}

/// A library in a folder, and one root beside it.
struct Library {
    top: tempfile::TempDir,
    ledger: Ledger,
}

impl Library {
    fn of(files: &[&str]) -> Self {
        let top = tempfile::tempdir().unwrap();
        fs::create_dir(top.path().join("pics")).unwrap();
        let ledger = Ledger::open(&top.path().join("ledger.redb")).unwrap();
        let library = Self { top, ledger };
        library.ledger.add_extra_path(&paths::to_bytes(library.path("")), &[PathType::Scanned]).unwrap();
        for file in files {
            library.write(file, file);
        }
        library
    }

    fn path(&self, below: &str) -> PathBuf {
        let root = self.top.path().join("pics");
        if below.is_empty() { root } else { root.join(below) }
    }

    fn write(&self, below: &str, content: &str) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn intake_with(&self, stop: &Stop, settings: IntakeSettings, hook: Arc<Hook>) -> Intake {
        self.intake_watching(None, stop, settings, hook)
    }

    fn intake_watching(
        &self,
        watch: Option<WatchSettings>,
        stop: &Stop,
        settings: IntakeSettings,
        hook: Arc<Hook>,
    ) -> Intake {
        let make: Box<MakeInterpreter> = Box::new(move |_| {
            let hook = Arc::clone(&hook);
            Ok(Arc::new(move || Box::new(Toy { hook: Arc::clone(&hook) }) as Box<dyn Interpret>))
        });
        Intake::start_with(self.ledger.clone(), settings, watch, stop, make).unwrap()
    }

    fn intake(&self) -> Intake {
        self.intake_with(&Stop::never(), IntakeSettings::default(), Arc::new(|_| {}))
    }

    fn update(&self) -> RunSummary {
        self.intake().update().unwrap()
    }

    fn image(&self, below: &str) -> (lumidex_schema::id::ImageId, Image) {
        self.find(&self.path(below)).unwrap()
    }

    fn find(&self, path: &Path) -> Option<(lumidex_schema::id::ImageId, Image)> {
        self.ledger.reader().unwrap().image_at(&paths::to_bytes(path)).unwrap()
    }

    fn text(&self, below: &str) -> String {
        self.ledger.reader().unwrap().generation_text(&self.image(below).1).unwrap()
    }

    fn is_present(&self, below: &str) -> bool {
        self.find(&self.path(below)).is_some_and(|(_, image)| image.presence == Presence::Present)
    }

    fn n_present(&self) -> usize {
        let reader = self.ledger.reader().unwrap();
        let roots = reader.roots().unwrap();
        let folders = roots.iter().flat_map(|(root, _)| reader.folders_of(*root).unwrap());
        folders.map(|(folder, _)| reader.known_in(folder).unwrap().len()).sum()
    }
}

#[test]
fn everything_is_found_once_and_then_left_alone() {
    let library = Library::of(&["a.png", "sub/b.jpg", "sub/deep/c.webp", "notes.txt"]);
    let first = library.update();
    assert_eq!((first.progress.files, first.progress.read, first.progress.folders), (3, 3, 3));
    assert_eq!(first.head, library.ledger.head());
    assert_eq!(library.text("sub/b.jpg"), "sub/b.jpg");
    let reader = library.ledger.reader().unwrap();
    assert!(reader.roots().unwrap()[0].1.walked.is_some());
    let again = library.update();
    assert_eq!((again.progress.files, again.progress.to_read, again.progress.missing), (3, 0, 0));
    assert_eq!(library.n_present(), 3);
}

#[test]
fn an_in_place_change_and_a_sidecar_are_noticed_and_the_id_stays() {
    let library = Library::of(&["a.png", "b.png"]);
    library.update();
    let (id, _) = library.image("a.png");
    library.write("a.png", "another text");
    library.write("b.txt", " caption");
    assert_eq!(library.update().progress.to_read, 2);
    assert_eq!((library.image("a.png").0, library.text("a.png")), (id, "another text".to_owned()));
    assert_eq!(library.text("b.png"), "b.png caption");
    fs::remove_file(library.path("b.txt")).unwrap();
    assert_eq!(library.update().progress.to_read, 1);
    assert_eq!(library.text("b.png"), "b.png");
    assert_eq!(library.update().progress.to_read, 0);
}

#[test]
fn what_is_gone_is_missing_and_comes_back_with_its_id() {
    let library = Library::of(&["a.png", "sub/b.png", "sub/deep/c.png"]);
    library.update();
    let ids: Vec<_> = ["a.png", "sub/deep/c.png"].map(|path| library.image(path).0).into();
    fs::remove_file(library.path("a.png")).unwrap();
    fs::rename(library.path("sub/deep"), library.top.path().join("away")).unwrap();
    let summary = library.update();
    assert_eq!((summary.progress.missing, summary.offline), (2, Vec::new()));
    assert!(!library.is_present("a.png") && !library.is_present("sub/deep/c.png"));
    assert!(library.is_present("sub/b.png"));
    assert_eq!(library.update().progress.missing, 0, "it is said once");
    library.write("a.png", "a.png");
    fs::rename(library.top.path().join("away"), library.path("sub/deep")).unwrap();
    library.update();
    assert_eq!(ids, ["a.png", "sub/deep/c.png"].map(|path| library.image(path).0));
    assert_eq!(library.n_present(), 3);
}

#[test]
fn nothing_of_a_root_that_is_away_or_suddenly_empty_is_missing() {
    let library = Library::of(&["a.png", "sub/b.png"]);
    library.update();
    let away = library.top.path().join("away");
    fs::rename(library.path(""), &away).unwrap();
    let root = library.ledger.reader().unwrap().roots().unwrap()[0].0;
    let summary = library.update();
    assert_eq!((summary.offline, summary.progress.missing), (vec![root], 0));
    assert_eq!(library.n_present(), 2);
    // As a mount point is when nothing is mounted.
    fs::create_dir(library.path("")).unwrap();
    library.write(".hidden", "");
    let summary = library.update();
    assert_eq!((summary.offline, summary.progress.missing), (vec![root], 0));
    assert_eq!(library.n_present(), 2);
    fs::remove_dir_all(library.path("")).unwrap();
    fs::rename(&away, library.path("")).unwrap();
    let summary = library.update();
    assert_eq!((summary.offline, summary.progress.to_read), (Vec::new(), 0));
}

#[test]
fn a_walk_can_be_stopped_anywhere_and_goes_on_from_there() {
    const N_FILES: usize = 300;
    for n_before_stop in [0, 1, 63, 64, 65, 200, N_FILES - 1] {
        let library = Library::of(&[]);
        for n in 0..N_FILES {
            library.write(&format!("{}/{n:03}.png", n % 7), &format!("cat {n}"));
        }
        let stopper = Stopper::new();
        let n_read = Arc::new(AtomicUsize::new(0));
        let (trigger, counter) = (stopper.clone(), Arc::clone(&n_read));
        let hook = move |_: &[u8]| {
            if counter.fetch_add(1, Ordering::SeqCst) == n_before_stop {
                trigger.trigger();
            }
        };
        let intake = library.intake_with(&stopper.stop(), IntakeSettings::default(), Arc::new(hook));
        assert!(matches!(intake.update(), Err(IntakeError::Stopped)));
        assert!(matches!(intake.update(), Err(IntakeError::Stopped)), "and never walks again");
        drop(intake);
        let n_told = library.n_present();
        assert_eq!(n_told, n_read.load(Ordering::SeqCst), "what was read was not read in vain");
        let root = library.ledger.reader().unwrap().roots().unwrap()[0].1.clone();
        assert_eq!(root.walked, None);
        let rest = library.update();
        assert_eq!(rest.progress.read as usize, N_FILES - n_told);
        assert_eq!(library.n_present(), N_FILES);
        assert_eq!(library.ledger.reader().unwrap().n_images().unwrap(), N_FILES as u64);
    }
}

#[test]
fn a_rebuild_reads_everything_and_keeps_ids() {
    let library = Library::of(&["a.png", "b.png", "c.png"]);
    library.update();
    let before = library.image("b.png").0;
    let rebuilt = library.intake().rebuild().unwrap();
    assert_eq!(rebuilt.progress.read, 3);
    assert_eq!(library.image("b.png").0, before);
    assert_eq!(library.n_present(), 3);
}

/// What an older program told of a file, and that it had looked at all of its root.
fn told_by_an_older_reader(library: &Library, below: &str, reader: u8) {
    let (_, image) = library.image(below);
    let root = library.ledger.reader().unwrap().roots().unwrap()[0].0;
    let seen = Seen {
        root,
        folder: RelPath::root(),
        name: image.name,
        sighting: image.sighting,
        media: image.media,
        fingerprint: image.fingerprint,
        pixel_width: 0,
        pixel_height: 0,
        text: Some(Arc::new(SharedText::new("as it was read then".to_owned(), Vec::new()))),
        holes: Vec::new(),
        rule_tags: Vec::new(),
        complaints: 0,
        note: Note { reader, ..Note::default() },
        elsewhere: Elsewhere::default(),
    };
    let from = library.ledger.reader().unwrap().last_image().unwrap();
    let walked = Observation::RootWalked { root, from, at: Timestamp(1), read_with: reader };
    library.ledger.observe(vec![Observation::Seen(Box::new(seen)), walked]).unwrap();
}

#[test]
fn what_an_older_reader_read_is_read_again_once_and_nothing_else_is() {
    let library = Library::of(&["a.png", "b.png", "c.png"]);
    library.update();
    let before = library.image("b.png").0;
    // Before it was remembered how files were read: every reader since reads them differently.
    told_by_an_older_reader(&library, "b.png", 1);
    assert_eq!(library.text("b.png"), "as it was read then");
    let again = library.update();
    assert_eq!((again.progress.read, library.text("b.png").as_str()), (1, "b.png"));
    assert_eq!(library.image("b.png").0, before);
    assert_eq!(library.ledger.reader().unwrap().note(before).unwrap().reader, metadata::VERSION);
    assert_eq!(library.update().progress.read, 0);
    // What this reader read is left alone, however its root was walked.
    told_by_an_older_reader(&library, "b.png", metadata::VERSION);
    assert_eq!(library.update().progress.read, 0);
}

#[test]
fn a_file_that_goes_between_looking_and_reading_is_no_error() {
    let library = Library::of(&["a.png", "b.png", "c.png"]);
    let victim = library.path("b.png");
    let hook = move |name: &[u8]| {
        if name == b"a.png" {
            fs::remove_file(&victim).unwrap();
        }
    };
    let settings = IntakeSettings { n_walkers: 1, n_readers: 1, ..IntakeSettings::default() };
    let summary = library.intake_with(&Stop::never(), settings, Arc::new(hook)).update().unwrap();
    assert_eq!((summary.progress.read, summary.progress.unreadable), (3, 0));
    assert_eq!(library.n_present(), 2);
}

#[cfg(unix)]
#[test]
fn what_takes_the_place_of_a_file_is_not_waited_for_nor_followed() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let library = Library::of(&["a.png", "b.png", "c.png"]);
    fs::write(library.top.path().join("secret"), "secret").unwrap();
    let (pipe, link) = (library.path("b.png"), library.path("c.png"));
    let target = library.top.path().join("secret");
    let hook = move |name: &[u8]| {
        if name == b"a.png" {
            fs::remove_file(&pipe).unwrap();
            mknodat(CWD, &pipe, FileType::Fifo, Mode::RWXU, 0).unwrap();
            fs::remove_file(&link).unwrap();
            std::os::unix::fs::symlink(&target, &link).unwrap();
        }
    };
    let settings = IntakeSettings { n_walkers: 1, n_readers: 1, ..IntakeSettings::default() };
    let summary = library.intake_with(&Stop::never(), settings, Arc::new(hook)).update().unwrap();
    assert_eq!((summary.progress.skipped, summary.progress.unreadable), (1, 0));
    assert_eq!(library.n_present(), 1);
}

#[test]
fn a_panic_costs_one_file_and_an_empty_file_is_indexed() {
    let library = Library::of(&["a.png", "c.png"]);
    library.write("b.png", "panic");
    library.write("d.png", "");
    let summary = library.update();
    assert_eq!((summary.progress.complaints, summary.progress.unreadable), (1, 1));
    assert_eq!(library.n_present(), 4);
    let (_, image) = library.image("b.png");
    assert_eq!((image.fingerprint, image.complaints), (Fingerprint::default(), 1));
    assert_eq!(library.update().progress.to_read, 0);
}

#[test]
fn films_are_known_by_their_content() {
    let library = Library::of(&["main.ts"]);
    library.write("a.mp4", "film a");
    library.write("b.mp4", "film b");
    assert_eq!(library.update().progress.skipped, 1);
    assert_eq!(library.n_present(), 2);
    library.write("b.mp4", "no longer one");
    library.update();
    assert_eq!((library.n_present(), library.is_present("b.mp4")), (1, false));
}

#[test]
fn requests_are_done_by_the_thread_and_a_request_during_a_run_is_not_lost() {
    let library = Library::of(&["a.png"]);
    let late = library.path("late.png");
    let (sender, receiver) = crossbeam_channel::bounded::<()>(0);
    let hook = move |name: &[u8]| {
        if name == b"a.png" {
            // The run is past listing the folder; the test writes and asks, then lets it go on.
            receiver.recv().unwrap();
        }
    };
    let intake = library.intake_with(&Stop::never(), IntakeSettings::default(), Arc::new(hook));
    intake.request_update();
    fs::write(&late, "late").unwrap();
    sender.send(()).unwrap();
    intake.request_update();
    intake.update().unwrap();
    assert!(library.is_present("late.png"));
    assert!(!intake.progress().is_walking);
}

/// Waits for a condition as long as anyone would.
fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = std::time::Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn an_update_finds_what_stood_there_before_it_though_a_walk_had_passed_it() {
    let library = Library::of(&["a.png"]);
    let (begun, is_begun) = crossbeam_channel::bounded::<()>(1);
    let (go_on, may_go_on) = crossbeam_channel::bounded::<()>(0);
    let hook = move |name: &[u8]| {
        if name == b"a.png" {
            // The run is past listing the folder.
            begun.send(()).unwrap();
            may_go_on.recv().unwrap();
        }
    };
    let intake = library.intake_with(&Stop::never(), IntakeSettings::default(), Arc::new(hook));
    intake.request_update();
    is_begun.recv().unwrap();
    library.write("late.png", "late");
    let updated = std::thread::scope(|scope| {
        // Dropped when this fails, so that the run ends all the same.
        let go_on = go_on;
        let update = scope.spawn(|| intake.update().unwrap());
        until("another run is to follow", || intake.shared.runs.is_another_wanted());
        go_on.send(()).unwrap();
        update.join().unwrap()
    });
    assert!(library.is_present("late.png"));
    assert_eq!((updated.progress.files, updated.progress.to_read), (2, 1));
    assert!(!intake.shared.runs.is_another_wanted(), "nobody asked for more");
}

#[test]
fn what_a_walk_saw_before_does_not_replace_what_was_seen_since() {
    let library = Library::of(&["a.png"]);
    let n_reads = Arc::new(AtomicUsize::new(0));
    let (begun, is_begun) = crossbeam_channel::bounded::<()>(1);
    let (go_on, may_go_on) = crossbeam_channel::bounded::<()>(0);
    let counter = Arc::clone(&n_reads);
    let hook = move |_: &[u8]| {
        // The second reading is that of the walk; it holds the file open meanwhile.
        if counter.fetch_add(1, Ordering::SeqCst) == 1 {
            begun.send(()).unwrap();
            may_go_on.recv().unwrap();
        }
    };
    let watch = Some(WatchSettings::default());
    let intake = library.intake_watching(watch, &Stop::never(), IntakeSettings::default(), Arc::new(hook));
    intake.update().unwrap();
    std::thread::scope(|scope| {
        let walk = scope.spawn(|| intake.rebuild().unwrap());
        is_begun.recv().unwrap();
        let beside = library.top.path().join("beside");
        fs::write(&beside, "newer").unwrap();
        fs::rename(&beside, library.path("a.png")).unwrap();
        until("the change is seen while the walk goes on", || library.text("a.png") == "newer");
        go_on.send(()).unwrap();
        walk.join().unwrap();
    });
    // What the walk had read was not there any more when it was about to tell of it.
    assert_eq!(library.text("a.png"), "newer");
    assert_eq!(n_reads.load(Ordering::SeqCst), 3);
}

#[test]
fn what_is_moved_on_while_a_walk_reads_it_is_no_copy_of_itself() {
    let library = Library::of(&["a.png"]);
    let n_reads = AtomicUsize::new(0);
    let (begun, is_begun) = crossbeam_channel::bounded::<()>(1);
    let (go_on, may_go_on) = crossbeam_channel::bounded::<()>(0);
    let hook = move |name: &[u8]| {
        // The second reading under this name is that of the walk; it holds the file open meanwhile.
        if name == b"a.png" && n_reads.fetch_add(1, Ordering::SeqCst) == 1 {
            begun.send(()).unwrap();
            may_go_on.recv().unwrap();
        }
    };
    let watch = Some(WatchSettings::default());
    let intake = library.intake_watching(watch, &Stop::never(), IntakeSettings::default(), Arc::new(hook));
    intake.update().unwrap();
    let id = library.image("a.png").0;
    std::thread::scope(|scope| {
        let walk = scope.spawn(|| intake.rebuild().unwrap());
        is_begun.recv().unwrap();
        fs::rename(library.path("a.png"), library.path("b.png")).unwrap();
        until("it is found where it went", || library.is_present("b.png"));
        go_on.send(()).unwrap();
        walk.join().unwrap();
    });
    assert_eq!((library.image("b.png").0, library.is_present("a.png")), (id, false));
    assert_eq!(library.ledger.reader().unwrap().last_image().unwrap(), id, "no second image was made");
}

#[test]
fn a_file_written_again_within_a_tick_of_the_clock_is_read_again() {
    let library = Library::of(&[]);
    let watch = Some(WatchSettings::default());
    let settings = IntakeSettings::default();
    let intake = library.intake_watching(watch, &Stop::never(), settings, Arc::new(|_| {}));
    intake.update().unwrap();
    let tick = std::time::SystemTime::now();
    for content in ["one", "two"] {
        // Closed only when it bears its time, so that nobody looks before.
        let mut file = fs::File::create(library.path("a.png")).unwrap();
        std::io::Write::write_all(&mut file, content.as_bytes()).unwrap();
        file.set_modified(tick).unwrap();
        drop(file);
        until(content, || library.find(&library.path("a.png")).is_some() && library.text("a.png") == content);
    }
}
