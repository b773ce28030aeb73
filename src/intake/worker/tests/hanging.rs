//! Files that do not answer while they are read, as those of a drive in a network that is gone (row A15 of the
//! bad inputs).

use std::collections::HashMap;

use parking_lot::Condvar;

use super::*;
use crate::limits::reading::HUNG_PER_ROOT_MAX;

/// Long for a file that answers, short for a test.
const FILE_TIME_MAX: Duration = Duration::from_millis(400);

/// Lets files be read, or keeps whoever reads them waiting.
#[derive(Default)]
struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Default)]
struct GateState {
    closed: Vec<&'static str>,
    n_reads: HashMap<Vec<u8>, usize>,
}

impl Gate {
    fn closed_to(names: &[&'static str]) -> Closed {
        let gate = Self::default();
        gate.state.lock().closed = names.to_vec();
        Closed(Arc::new(gate))
    }

    fn pass(&self, name: &[u8]) {
        let mut state = self.state.lock();
        *state.n_reads.entry(name.to_vec()).or_default() += 1;
        self.changed.notify_all();
        while state.closed.iter().any(|closed| closed.as_bytes() == name) {
            self.changed.wait(&mut state);
        }
    }
}

/// Opened at the end of a test, however it ends.
struct Closed(Arc<Gate>);

impl Closed {
    fn hook(&self) -> Arc<Hook> {
        let gate = Arc::clone(&self.0);
        Arc::new(move |name| gate.pass(name))
    }

    fn open(&self) {
        self.0.state.lock().closed.clear();
        self.0.changed.notify_all();
    }

    fn n_reads(&self, name: &str) -> usize {
        self.0.state.lock().n_reads.get(name.as_bytes()).copied().unwrap_or(0)
    }
}

impl Drop for Closed {
    fn drop(&mut self) {
        self.open();
    }
}

const SETTINGS: IntakeSettings = IntakeSettings {
    n_walkers: 1,
    n_readers: 1,
    hidden: metadata::Hidden::Never,
    file_time_max: FILE_TIME_MAX,
};

/// A library with these files, and another root beside it with two more.
fn library_of_two_roots(files: &[&str]) -> Library {
    let library = Library::of(files);
    let other = library.top.path().join("other");
    fs::create_dir(&other).unwrap();
    library.ledger.add_extra_path(&paths::to_bytes(&other), &[PathType::Scanned]).unwrap();
    for name in ["x.png", "y.png"] {
        fs::write(other.join(name), name).unwrap();
    }
    library
}

/// Whether the library's own root, and the one beside it, were walked to their ends.
fn walked(library: &Library) -> [bool; 2] {
    let roots = library.ledger.reader().unwrap().roots().unwrap();
    [0, 1].map(|nth| roots[nth].1.walked.is_some())
}

fn n_images(library: &Library) -> u64 {
    library.ledger.reader().unwrap().n_images().unwrap()
}

#[test]
fn a15_a_file_that_does_not_answer_is_left_and_all_others_are_read() {
    let library = library_of_two_roots(&["a.png", "b.png", "c.png", "sub/d.png"]);
    let gate = Gate::closed_to(&["b.png"]);
    let intake = library.intake_with(&Stop::never(), SETTINGS, gate.hook());
    for n_tried in [1, 2] {
        let summary = intake.update().unwrap();
        assert_eq!(
            (summary.progress.to_read, summary.progress.read),
            if n_tried == 1 { (6, 6) } else { (1, 1) }
        );
        assert_eq!((gate.n_reads("b.png"), intake.shared.hung.len()), (n_tried, n_tried));
        let complaints = &summary.progress.complaints_kept;
        assert!(complaints.len() == 1 && complaints[0].contains("pics/b.png"), "{complaints:?}");
        assert_eq!((library.n_present(), n_images(&library)), (5, 5));
        assert_eq!(walked(&library), [false, true]);
    }
    let (head, read) = (library.ledger.head(), intake.progress().read);
    gate.open();
    until("those that hung come back", || intake.shared.hung.len() == 0);
    assert_eq!((library.ledger.head(), intake.progress().read), (head, read), "nobody hears what they say");
    let summary = intake.update().unwrap();
    assert_eq!((summary.progress.read, summary.progress.unreadable), (1, 0));
    assert_eq!((library.n_present(), n_images(&library), walked(&library)), (6, 6, [true, true]));
    assert_eq!(library.text("b.png"), "b.png");
    assert_eq!(intake.update().unwrap().progress.to_read, 0);
}

#[test]
fn a15_of_a_root_that_does_not_answer_few_files_are_tried() {
    let names = ["0.png", "1.png", "2.png", "3.png", "4.png", "5.png", "6.png", "7.png"];
    let library = library_of_two_roots(&names);
    let gate = Gate::closed_to(&names);
    let settings = IntakeSettings { n_readers: 2, ..SETTINGS };
    let intake = library.intake_with(&Stop::never(), settings, gate.hook());
    let n_tried = || names.iter().map(|name| gate.n_reads(name)).sum::<usize>();
    let summary = intake.update().unwrap();
    assert_eq!((summary.progress.read, summary.progress.unreadable), (10, HUNG_PER_ROOT_MAX as u64));
    assert_eq!((n_tried(), intake.shared.hung.len()), (HUNG_PER_ROOT_MAX, HUNG_PER_ROOT_MAX));
    assert_eq!((library.n_present(), walked(&library)), (2, [false, true]));
    // As long as they hang, nobody joins them.
    let again = intake.update().unwrap();
    assert_eq!((again.progress.read, again.progress.unreadable, n_tried()), (8, 0, HUNG_PER_ROOT_MAX));
    assert_eq!(walked(&library), [false, true]);
    gate.open();
    until("those that hung come back", || intake.shared.hung.len() == 0);
    assert_eq!(intake.update().unwrap().progress.read, 8);
    assert_eq!((library.n_present(), n_images(&library), walked(&library)), (10, 10, [true, true]));
}

#[test]
fn a15_a_file_that_an_event_tells_of_and_that_does_not_answer_keeps_nobody_waiting() {
    let library = library_of_two_roots(&["a.png"]);
    let other = library.top.path().join("other");
    let gate = Gate::closed_to(&["b.png"]);
    let watch = WatchSettings { roots_every: Duration::from_millis(50), ..WatchSettings::default() };
    let intake = library.intake_watching(Some(watch), &Stop::never(), SETTINGS, gate.hook());
    intake.update().unwrap();
    library.write("b.png", "b.png");
    until("it is being read", || gate.n_reads("b.png") == 1);
    fs::write(other.join("z.png"), "z.png").unwrap();
    until("others are found meanwhile", || library.find(&other.join("z.png")).is_some());
    let root = library.ledger.reader().unwrap().roots().unwrap()[0].0;
    until("its root is offline", || intake.offline() == [root]);
    assert!(!library.is_present("b.png") && library.is_present("a.png"));
    gate.open();
    until("the root is back, and the file is read", || {
        library.is_present("b.png") && intake.offline().is_empty()
    });
    assert_eq!((library.n_present(), n_images(&library)), (5, 5));
}

#[test]
fn a15_an_intake_ends_though_a_file_does_not_answer() {
    let library = library_of_two_roots(&["a.png", "b.png"]);
    let gate = Gate::closed_to(&["b.png"]);
    let intake = library.intake_with(&Stop::never(), SETTINGS, gate.hook());
    intake.request_update();
    until("the file is being read", || gate.n_reads("b.png") == 1);
    drop(intake);
    assert!(library.is_present("a.png"), "what was read before is told");
    assert_eq!(walked(&library), [false, false]);
}
