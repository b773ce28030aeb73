//! What is taken for gone, and what only seems so.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use lumidex_schema::id::ImageId;
use lumidex_schema::media::MediaKind;
use lumidex_schema::record::{Fingerprint, PathType, Sighting};

use super::*;
use crate::intake::patience::survey_patiently;
use crate::intake::pipeline::Reading;
use crate::intake::{interpreter, pipeline};
use crate::ledger::{Elsewhere, Ledger, Observation, Seen};
use crate::limits::WALK_BATCH_OBSERVATIONS_MAX;
use crate::limits::reading::FILE_TIME_MAX;
use crate::metadata::Hidden;
use crate::sys::Stop;

fn observation(root: RootId, folder: RelPath, name: &[u8], sighting: Sighting) -> Observation {
    Observation::Seen(Box::new(Seen {
        root,
        folder,
        name: name.to_vec(),
        sighting,
        media: MediaKind::Image,
        fingerprint: Fingerprint::default(),
        pixel_width: 0,
        pixel_height: 0,
        text: None,
        holes: Vec::new(),
        rule_tags: Vec::new(),
        complaints: 0,
        note: lumidex_schema::note::Note::default(),
        elsewhere: Elsewhere::default(),
    }))
}

fn shared(ledger: &Ledger) -> Shared {
    Shared {
        ledger: ledger.clone(),
        stop: Stop::never(),
        progress: Arc::default(),
        logs: Arc::default(),
        hung: Arc::default(),
        pulse: Arc::default(),
    }
}

fn errand(root: &WalkedRoot, top: &RelPath) -> Errand {
    Errand {
        root: root.clone(),
        top: top.clone(),
        n_walkers: 2,
        depth: Depth::Changes,
        faith: Faith::Examine,
        entering: Arc::new(|_, _| {}),
        walked: Arc::new(|_| {}),
    }
}

/// A root whose folders and files the ledger knows, whatever is on disk.
struct Setting {
    top: tempfile::TempDir,
    ledger: Ledger,
    root: WalkedRoot,
}

impl Setting {
    fn knowing(files: &[(&str, &str, u64)]) -> Self {
        let top = tempfile::tempdir().unwrap();
        let path = top.path().join("pics");
        fs::create_dir(&path).unwrap();
        let ledger = Ledger::open(&top.path().join("ledger.redb")).unwrap();
        let path = paths::to_bytes(path);
        ledger.add_extra_path(&path, &[PathType::Scanned]).unwrap();
        let root = ledger.reader().unwrap().roots().unwrap()[0].0;
        let seen = |(folder, name, device): &(&str, &str, u64)| {
            let sighting = Sighting { size: 1, device: *device, ..Sighting::default() };
            observation(root, RelPath::from_bytes(folder.as_bytes()), name.as_bytes(), sighting)
        };
        ledger.observe(files.iter().map(seen).collect()).unwrap();
        Self { top, ledger, root: WalkedRoot { id: root, path } }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.top.path().join("pics").join(below)
    }

    fn device(&self) -> u64 {
        OpenFolder::open_root(self.top.path().as_os_str().as_encoded_bytes())
            .unwrap()
            .stat_self()
            .unwrap()
            .sighting
            .device
    }

    /// How it ended, and the images that are gone.
    fn survey(&self) -> (Reach, Vec<ImageId>) {
        self.survey_as(&errand(&self.root, &RelPath::root()))
    }

    /// As [`Setting::survey`], of one folder and what is below it.
    fn survey_from(&self, top: &str) -> (Reach, Vec<ImageId>) {
        self.survey_as(&errand(&self.root, &RelPath::from_bytes(top.as_bytes())))
    }

    fn survey_as(&self, errand: &Errand) -> (Reach, Vec<ImageId>) {
        let shared = shared(&self.ledger);
        let (sender, found) = crossbeam_channel::unbounded();
        let reach = survey(&shared, errand, &sender).unwrap();
        drop(sender);
        let gone = found.iter().flat_map(|found| match found {
            Found::Gone(files) => files,
            Found::ToRead { .. } | Found::RootWalked(..) | Found::End => Vec::new(),
        });
        let mut gone: Vec<_> = gone.map(|file| file.image).collect();
        gone.sort_unstable();
        (reach, gone)
    }
}

#[test]
fn folders_told_to_the_ledger_while_the_walk_goes_on_are_not_gone() {
    let setting = Setting::knowing(&[]);
    for folder in ["a", "b", "c"] {
        fs::create_dir(setting.path(folder)).unwrap();
        fs::write(setting.path(folder).join("x.png"), "x").unwrap();
    }
    let shared = shared(&setting.ledger);
    let (sender, found) = crossbeam_channel::bounded(0);
    std::thread::scope(|scope| {
        let told = scope.spawn(|| {
            let mut n_told = 0;
            for found in found {
                match found {
                    // Told before the next finding is taken, so before the walk ends.
                    Found::ToRead { place, files } => {
                        for (seen, _) in files {
                            let folder = place.folder.clone();
                            let one = observation(setting.root.id, folder, &seen.name, seen.sighting);
                            setting.ledger.observe(vec![one]).unwrap();
                            n_told += 1;
                        }
                    }
                    Found::Gone(files) => panic!("{files:?} are gone"),
                    Found::RootWalked(..) | Found::End => {}
                }
            }
            n_told
        });
        let reach = survey(&shared, &errand(&setting.root, &RelPath::root()), &sender).unwrap();
        drop(sender);
        assert_eq!((reach, told.join().unwrap()), (Reach::Walked, 3));
    });
}

#[test]
fn what_is_brought_and_told_while_the_walk_goes_on_is_not_gone() {
    let setting = Setting::knowing(&[("sub", "a.png", 1), ("back", "b.png", 1), ("gone", "c.png", 1)]);
    fs::create_dir(setting.path("sub")).unwrap();
    fs::write(setting.path("sub/a.png"), "x").unwrap();
    let (top, sub) = (RelPath::root(), RelPath::from_bytes(&b"sub"[..]));
    let (brought, ledger, root) = (setting.path("back"), setting.ledger.clone(), setting.root.id);
    // Of the folder above it, all was listed by then.
    let entering = move |folder: &RelPath, _: &Sighting| {
        if *folder == sub {
            fs::create_dir(&brought).unwrap();
            fs::write(brought.join("b.png"), "x").unwrap();
            let sighting = Sighting { size: 1, inode: 7, ..Sighting::default() };
            let back = RelPath::from_bytes(&b"back"[..]);
            let told = observation(root, back, b"b.png", sighting);
            ledger.observe(vec![told]).unwrap();
        }
    };
    let errand = Errand { entering: Arc::new(entering), ..errand(&setting.root, &top) };
    assert_eq!(setting.survey_as(&errand), (Reach::Walked, vec![ImageId(3)]));
}

#[test]
fn a15_a_root_whose_folders_do_not_answer_is_offline_and_tells_nothing_later() {
    let device = Setting::knowing(&[]).device();
    let setting = Setting::knowing(&[("gone", "a.png", device)]);
    fs::write(setting.path("b.png"), "x").unwrap();
    let shared = shared(&setting.ledger);
    let (let_go, held) = crossbeam_channel::bounded::<()>(0);
    let entering = move |_: &RelPath, _: &Sighting| held.recv().unwrap();
    let usual = errand(&setting.root, &RelPath::root());
    let silent = Errand { entering: Arc::new(entering), ..usual.clone() };
    let (sender, found) = crossbeam_channel::unbounded();
    let survey = |errand, time_max| survey_patiently(&shared, errand, time_max, &sender).unwrap();
    assert_eq!(survey(silent, Duration::from_millis(500)), Reach::Offline);
    assert!(shared.progress.snapshot().complaints_kept[0].ends_with("does not answer"));
    assert_eq!(
        survey(usual.clone(), FILE_TIME_MAX),
        Reach::Offline,
        "as long as it hangs, it is not asked again"
    );
    let_go.send(()).unwrap();
    while shared.hung.is_silent(setting.root.id) {
        std::thread::yield_now();
    }
    assert_eq!(found.try_iter().count(), 0);
    assert_eq!(survey(usual, FILE_TIME_MAX), Reach::Walked);
    assert_eq!(found.try_iter().count(), 3, "a file to read, one that is gone, the end");
}

#[test]
fn files_below_a_mount_point_without_its_drive_are_not_gone() {
    let device = Setting::knowing(&[]).device();
    let setting = Setting::knowing(&[
        ("", "here.png", device),
        ("nas", "a.png", device + 1),
        ("nas/deep", "b.png", device + 1),
        ("emptied", "c.png", device),
        ("emptied/deep", "d.png", device),
        ("removed", "e.png", device),
    ]);
    fs::write(setting.path("here.png"), "x").unwrap();
    fs::create_dir(setting.path("nas")).unwrap();
    fs::create_dir(setting.path("emptied")).unwrap();
    assert_eq!(setting.survey(), (Reach::Walked, vec![ImageId(4), ImageId(5), ImageId(6)]));
    // Something is there again, so what is not there is gone.
    fs::write(setting.path("nas/new.png"), "x").unwrap();
    let all = [2, 3, 4, 5, 6].map(ImageId).to_vec();
    assert_eq!(setting.survey(), (Reach::Walked, all));
}

/// A path longer than the system takes cannot be opened even by an administrator.
#[cfg(unix)]
#[test]
fn files_of_a_folder_that_cannot_be_listed_are_not_gone() {
    use rustix::fs::{Mode, OFlags, mkdirat, openat};
    let component = "d".repeat(250);
    let long = vec![component.as_str(); 17].join("/");
    let below = format!("{long}/below");
    let setting = Setting::knowing(&[
        ("", "here.png", 0),
        (&long, "a.png", 0),
        (&below, "b.png", 0),
        ("x", "c.png", 0),
    ]);
    fs::write(setting.path("here.png"), "x").unwrap();
    let mut folder = rustix::fs::open(setting.path(""), OFlags::DIRECTORY, Mode::empty()).unwrap();
    for _ in 0..17 {
        mkdirat(&folder, component.as_str(), Mode::RWXU).unwrap();
        folder = openat(&folder, component.as_str(), OFlags::DIRECTORY, Mode::empty()).unwrap();
    }
    assert_eq!(setting.survey(), (Reach::Walked, vec![ImageId(4)]));
}

#[test]
fn a_root_on_another_device_is_trusted_when_a_known_file_is_there() {
    let device = Setting::knowing(&[]).device();
    let setting = Setting::knowing(&[("", "a.png", device + 1), ("x", "b.png", device + 1)]);
    fs::write(setting.path("other.png"), "x").unwrap();
    assert_eq!(setting.survey(), (Reach::Offline, vec![]), "another drive is mounted in its place");
    fs::create_dir(setting.path("x")).unwrap();
    fs::write(setting.path("x/b.png"), "x").unwrap();
    assert_eq!(setting.survey(), (Reach::Walked, vec![ImageId(1)]));
}

#[test]
fn known_files_come_in_pages_without_gap_or_repeat() {
    let names: Vec<String> = (0..KNOWN_PAGE_FILES * 2).map(|n| format!("{n:05}.png")).collect();
    for n in [KNOWN_PAGE_FILES - 1, KNOWN_PAGE_FILES, KNOWN_PAGE_FILES + 1, KNOWN_PAGE_FILES * 2] {
        let files: Vec<_> = names[..n].iter().map(|name| ("f", name.as_str(), 1)).collect();
        let setting = Setting::knowing(&files);
        fs::write(setting.path("here.png"), "x").unwrap();
        let shared = shared(&setting.ledger);
        let (sender, _found) = crossbeam_channel::unbounded();
        let survey = Survey {
            shared: &shared,
            root: &setting.root,
            depth: Depth::Changes,
            is_behind: false,
            before: Seq::ZERO,
            is_root_certain: false,
            sender: &sender,
            visited: Mutex::default(),
            bare: Mutex::default(),
            failure: Mutex::default(),
        };
        let folder = setting.ledger.reader().unwrap().folder_id(setting.root.id, &RelPath::from_bytes(*b"f"));
        let pages = KnownPages { folder: folder.unwrap(), ..KnownPages::none(&survey) };
        assert!(pages.map(|known| known.name).eq(names[..n].iter().map(|name| name.as_bytes())), "{n}");
    }
}

#[test]
fn from_a_folder_down_nothing_else_is_judged() {
    let device = Setting::knowing(&[]).device();
    let setting = Setting::knowing(&[
        ("", "here.png", device),
        ("", "gone.png", device),
        ("a", "b.png", device),
        ("a/in", "c.png", device),
        ("ab", "d.png", device),
        ("a/in/deep", "e.png", device),
    ]);
    fs::write(setting.path("here.png"), "x").unwrap();
    fs::create_dir_all(setting.path("a/in")).unwrap();
    fs::write(setting.path("a/in/c.png"), "x").unwrap();
    assert_eq!(setting.survey_from("a/in"), (Reach::Walked, vec![ImageId(6)]));
    assert_eq!(setting.survey_from("a"), (Reach::Walked, vec![ImageId(3), ImageId(6)]));
    assert_eq!(setting.survey_from("ab"), (Reach::Walked, vec![ImageId(5)]), "it is not there itself");
    // What rules above the folder pass over would not be seen by a walk of everything either.
    fs::write(setting.path(".lumidexignore"), "in").unwrap();
    assert_eq!(setting.survey_from("a/in"), (Reach::Walked, vec![ImageId(4), ImageId(6)]));
    let root = setting.ledger.reader().unwrap().roots().unwrap()[0].1.clone();
    assert_eq!(root.walked, None);
}

#[test]
fn a_folder_that_is_absent_because_its_drive_is_away_is_not_gone() {
    let device = Setting::knowing(&[]).device();
    let setting = Setting::knowing(&[
        ("", "here.png", device),
        ("nas/deep/in", "a.png", device + 1),
        ("local/deep", "b.png", device),
    ]);
    fs::write(setting.path("here.png"), "x").unwrap();
    fs::create_dir(setting.path("nas")).unwrap();
    fs::create_dir(setting.path("local")).unwrap();
    assert_eq!(setting.survey_from("nas/deep/in"), (Reach::Walked, vec![]));
    assert_eq!(setting.survey_from("nas/deep"), (Reach::Walked, vec![]));
    assert_eq!(setting.survey_from("local/deep"), (Reach::Walked, vec![ImageId(3)]));
}

#[test]
fn a_root_that_is_empty_is_believed_when_it_never_was_out_of_sight_or_a_person_says_so() {
    let setting = Setting::knowing(&[("", "a.png", 1), ("x", "b.png", 1)]);
    let identity = look_at_root(&setting.root).unwrap().1;
    let top = RelPath::root();
    let survey = |faith| setting.survey_as(&Errand { faith, ..errand(&setting.root, &top) });
    assert_eq!(survey(Faith::Examine), (Reach::Offline, vec![]));
    let another = (identity.0, identity.1 + 1);
    assert_eq!(survey(Faith::Same(another)), (Reach::Offline, vec![]));
    assert_eq!(survey(Faith::Lost), (Reach::Offline, vec![]));
    let all = (Reach::Walked, vec![ImageId(1), ImageId(2)]);
    assert_eq!(survey(Faith::Same(identity)), all);
    assert_eq!(survey(Faith::Accepted), all);
}

#[test]
fn what_was_written_where_a_drive_should_be_does_not_vouch_for_it() {
    let device = Setting::knowing(&[]).device();
    let away = ["b.png", "c.png", "d.png"].map(|name| ("x", name, device + 1));
    let setting = Setting::knowing(&[&[("", "a.png", device)][..], &away].concat());
    fs::write(setting.path("a.png"), "x").unwrap();
    assert_eq!(setting.survey(), (Reach::Offline, vec![]));
}

#[test]
fn a_root_that_was_lost_is_back_when_something_known_is_there() {
    let device = Setting::knowing(&[]).device();
    let setting = Setting::knowing(&[("", "a.png", device), ("x", "b.png", device)]);
    fs::write(setting.path("other.png"), "x").unwrap();
    let top = RelPath::root();
    let survey = |faith| setting.survey_as(&Errand { faith, ..errand(&setting.root, &top) });
    assert_eq!(survey(Faith::Lost), (Reach::Offline, vec![]), "another drive of the same number");
    fs::write(setting.path("a.png"), "x").unwrap();
    assert_eq!(survey(Faith::Lost), (Reach::Walked, vec![ImageId(2)]));
}

#[test]
fn a_folder_of_more_files_than_a_batch_holds_is_gone_to_the_last() {
    let names: Vec<String> = (0..=WALK_BATCH_OBSERVATIONS_MAX).map(|n| format!("{n}.png")).collect();
    let files: Vec<_> = names.iter().map(|name| ("gone", name.as_str(), 1)).collect();
    let setting = Setting::knowing(&files);
    let top = RelPath::root();
    let shared = shared(&setting.ledger);
    let accepted = Errand { faith: Faith::Accepted, ..errand(&setting.root, &top) };
    let interpreter = interpreter::make(&setting.ledger.reader().unwrap(), Hidden::default()).unwrap();
    let walk = |sender: &_| survey(&shared, &accepted, sender).unwrap();
    let reading = Reading { n_readers: 1, file_time_max: FILE_TIME_MAX, interpreter, root_done: &|_| {} };
    let (reach, _) = pipeline::run(&shared, &reading, walk).unwrap();
    assert_eq!((reach, shared.progress.snapshot().missing), (Reach::Walked, names.len() as u64));
    assert_eq!(setting.survey_as(&accepted), (Reach::Walked, Vec::new()));
}
