//! One operation on more than a thousand files, killed at a random moment, and perhaps some more times
//! while it is gone on with: in the end all of it is done, or it was never begun. A file with its sidecar
//! is never lost, and never there twice.

use super::files::{OnDisk, on_disk};
use super::load::{Said, ask};
use super::picture::Content;
use crate::live::Program;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// More than the server takes between two words to the ledger.
const FILES: u32 = 1_300;
/// Kills when nobody asks for more; otherwise one for so many cycles of the mixed load.
const KILLS_DEFAULT: u64 = 6;
const CYCLES_PER_KILL: u64 = 2;
/// How long an operation is thought to take at first, in milliseconds.
const FIRST_GUESS_MS: u64 = 300;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Move,
    Copy,
    Delete,
    Undo,
    MoveFolder,
    Flatten,
}

const SORTS: [Sort; 6] = [Sort::Move, Sort::Copy, Sort::Delete, Sort::Undo, Sort::MoveFolder, Sort::Flatten];

#[test]
fn one_operation_on_thousands_of_files_is_finished_or_never_begun() {
    let asked = std::env::var("LUMIDEX_CRASH_CYCLES").ok();
    let kills = asked.map_or(KILLS_DEFAULT, |cycles| {
        (cycles.parse::<u64>().unwrap() / CYCLES_PER_KILL).max(KILLS_DEFAULT)
    });
    let mut heap = Heap::new();
    let mut rng = fastrand::Rng::with_seed(7);
    // How long each sort of operation takes, as far as known.
    let mut guesses = [FIRST_GUESS_MS; SORTS.len()];
    let (mut finished, mut recovering) = (0, 0);
    for nth in 0..kills {
        let which = usize::try_from(nth).unwrap() % SORTS.len();
        eprint!("kill {nth}, {:?}", SORTS[which]);
        let round = heap.round(SORTS[which], &mut guesses[which], &mut rng);
        eprintln!(": {round:?}");
        finished += u64::from(round.is_done);
        recovering += round.killed_again;
    }
    println!(
        "{kills} kills of operations on {FILES} files: {finished} finished, {recovering} more kills while going on"
    );
    assert!(finished > 0, "some were begun");
}

#[derive(Debug)]
struct Round {
    is_done: bool,
    killed_again: u64,
}

/// A library of one folder of pictures.
struct Heap {
    /// Removed when dropped.
    _dir: tempfile::TempDir,
    root: PathBuf,
    data: PathBuf,
    /// Ids of images by the name of their file.
    ids: BTreeMap<String, u64>,
    tag: u64,
    tagged: BTreeSet<String>,
}

impl Heap {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (root, data) = (dir.path().join("pics"), dir.path().join("data"));
        fs::create_dir_all(root.join("heap/in")).unwrap();
        fs::create_dir_all(root.join("other")).unwrap();
        for key in 0..FILES {
            let (path, content) = (root.join(format!("heap/in/{key:05}.png")), Content::new(key));
            fs::write(&path, content.bytes()).unwrap();
            if let Some(beside) = content.beside() {
                fs::write(path.with_extension("txt"), beside).unwrap();
            }
        }
        let mut heap = Self { _dir: dir, root, data, ids: BTreeMap::new(), tag: 0, tagged: BTreeSet::new() };
        let program = Program::start(&heap.data, &[&heap.root]);
        program.reference("/db/update_image_data", &json!({}));
        heap.ids = heap.found(&program, "heap/in");
        assert_eq!(heap.ids.len(), FILES as usize);
        heap.tag =
            program.reference("/db/add_custom_tag", &json!({ "tag_name": "kept" }))["id"].as_u64().unwrap();
        heap.tagged = heap.ids.keys().step_by(7).cloned().collect();
        let paths: Vec<String> =
            heap.tagged.iter().map(|name| heap.path(&format!("heap/in/{name}"))).collect();
        let body = json!({ "img_paths": paths, "tag_id": heap.tag, "action": "add" });
        program.reference("/db/batch_update_image_tag", &body);
        heap
    }

    fn path(&self, below: &str) -> String {
        self.root.join(below).to_str().unwrap().to_owned()
    }

    fn paths(&self, folder: &str) -> Vec<String> {
        self.ids.keys().map(|name| self.path(&format!("{folder}/{name}"))).collect()
    }

    /// Asks for it, kills the server somewhere on the way, and looks what there is in the end. Then all is
    /// put back.
    fn round(&mut self, sort: Sort, guess_ms: &mut u64, rng: &mut fastrand::Rng) -> Round {
        let program = self.started();
        let base = on_disk(&self.root);
        if sort == Sort::Undo {
            self.done(&program, Sort::Move);
        }
        let before = on_disk(&self.root);
        let (route, body) = self.wish(sort);
        let life = Duration::from_millis(rng.u64(..*guess_ms * 11 / 10 + 1));
        let answered = killed_after(program, life, route, &body);
        *guess_ms = match answered {
            Some(took) => u64::try_from(took.as_millis()).unwrap(),
            None => *guess_ms * 5 / 4,
        };
        let mut killed_again = 0;
        while rng.u8(..3) > 0 {
            let program = Program::start(&self.data, &[]);
            std::thread::sleep(Duration::from_millis(rng.u64(..*guess_ms)));
            program.kill();
            killed_again += 1;
        }
        let program = self.started();
        let after = on_disk(&self.root);
        let is_done = after != before;
        assert!(is_done || answered.is_none(), "{sort:?} was acknowledged");
        if is_done {
            let expected = self.expected(sort, &before);
            assert!(after == expected, "{sort:?}: {}", difference(&after, &expected));
        }
        self.check(&program, if is_done { Some(sort) } else { None }, sort == Sort::Undo);
        self.put_back(&program, sort, is_done);
        assert!(on_disk(&self.root) == base, "all is back");
        self.check(&program, None, false);
        Round { is_done, killed_again }
    }

    /// A server that has gone on with what was begun.
    fn started(&self) -> Program {
        let program = Program::start(&self.data, &[]);
        program.reference("/mkdirs", &json!({ "dest_folder": self.path("") }));
        assert_eq!(program.get("/api/v1/operations"), json!({ "running": [] }));
        program
    }

    fn wish(&self, sort: Sort) -> (&'static str, Value) {
        let heap = self.paths("heap/in");
        match sort {
            Sort::Move => ("/move_files", json!({ "file_paths": heap, "dest": self.path("other") })),
            Sort::Copy => (
                "/copy_files",
                json!({ "file_paths": heap, "dest": self.path("copies"), "create_dest_folder": true }),
            ),
            Sort::Delete => ("/delete_files", json!({ "file_paths": heap })),
            Sort::Undo => ("/api/v1/undo", json!({})),
            Sort::MoveFolder => {
                ("/move_files", json!({ "file_paths": [self.path("heap/in")], "dest": self.path("other") }))
            }
            Sort::Flatten => {
                ("/flatten_folder", json!({ "folder_path": self.path("heap"), "dry_run": false }))
            }
        }
    }

    fn done(&self, program: &Program, sort: Sort) {
        let (route, body) = self.wish(sort);
        match ask(program, route, &body) {
            Said::Yes(_) => {}
            Said::No(why) => panic!("{sort:?} was refused: {why}"),
            Said::Gone => panic!("the server is gone"),
        }
    }

    /// What is on the disk when it is done.
    fn expected(&self, sort: Sort, before: &(OnDisk, OnDisk)) -> (OnDisk, OnDisk) {
        let elsewhere = |from: &str, to: &str| {
            let moved = before.0.iter().map(|(path, bytes)| (path.replacen(from, to, 1), bytes.clone()));
            (moved.collect(), OnDisk::new())
        };
        match sort {
            Sort::Move => elsewhere("heap/in/", "other/"),
            Sort::Undo => elsewhere("other/", "heap/in/"),
            Sort::MoveFolder => elsewhere("heap/in/", "other/in/"),
            Sort::Flatten => elsewhere("heap/in/", "heap/"),
            Sort::Delete => (OnDisk::new(), before.0.clone()),
            Sort::Copy => {
                let (copies, _): (OnDisk, OnDisk) = elsewhere("heap/in/", "copies/");
                (
                    before
                        .0
                        .iter()
                        .chain(&copies)
                        .map(|(path, bytes)| (path.clone(), bytes.clone()))
                        .collect(),
                    OnDisk::new(),
                )
            }
        }
    }

    /// Images are where their files are, with ids and tags, and nowhere else.
    fn check(&self, program: &Program, done: Option<Sort>, is_undo: bool) {
        let folder = match done {
            None if is_undo => "other",
            None | Some(Sort::Copy | Sort::Undo) => "heap/in",
            Some(Sort::Move) => "other",
            Some(Sort::MoveFolder) => "other/in",
            Some(Sort::Flatten) => "heap",
            Some(Sort::Delete) => "",
        };
        for is_walked in [false, true] {
            if is_walked {
                program.reference("/db/update_image_data", &json!({}));
            }
            let all = self.all(program, "/db/search_by_substr", &json!({ "surstr": "", "size": 10_000 }));
            if done == Some(Sort::Delete) {
                assert_eq!(all, [], "nothing is left");
                continue;
            }
            let n = FILES as usize;
            // Copies are found by walks, and one is going on since the start.
            let is_right = match done {
                Some(Sort::Copy) if is_walked => all.len() == 2 * n,
                Some(Sort::Copy) => all.len() >= n,
                _ => all.len() == n,
            };
            assert!(is_right, "{done:?}: each is there once, not {} in all", all.len());
            assert!(self.found(program, folder) == self.ids, "{done:?}: each is the image it was");
            let body = json!({ "and_tags": [self.tag], "size": 10_000 });
            let tagged = self.all(program, "/db/match_images_by_tags", &body);
            let expected: BTreeSet<String> =
                self.tagged.iter().map(|name| self.path(&format!("{folder}/{name}"))).collect();
            assert_eq!(tagged.into_iter().map(|(path, _)| path).collect::<BTreeSet<_>>(), expected);
        }
    }

    /// As it was before the round; the trash is empty.
    fn put_back(&self, program: &Program, sort: Sort, is_done: bool) {
        // What was to be undone still is to be, if undoing it was never begun.
        if is_done != (sort == Sort::Undo) {
            self.done(program, Sort::Undo);
        }
        let Said::Yes(_) = ask(program, "/api/v1/trash/purge", &json!({})) else {
            panic!("the trash is emptied")
        };
        assert!(!self.root.join(".lumidex-trash").exists(), "nothing is left of the trash");
        assert!(!self.root.join("copies").exists(), "nor of a folder that was made");
    }

    fn all(&self, program: &Program, route: &str, body: &Value) -> Vec<(String, u64)> {
        let found = program.reference(route, body);
        let id = |file: &Value| file["id"].as_u64().or_else(|| file["id"].as_str()?.parse().ok()).unwrap();
        let files = found["files"].as_array().unwrap();
        files.iter().map(|file| (file["fullpath"].as_str().unwrap().to_owned(), id(file))).collect()
    }

    /// Ids of the images in a folder by name.
    fn found(&self, program: &Program, folder: &str) -> BTreeMap<String, u64> {
        let inside = self.path(&format!("{folder}/"));
        let all = self.all(program, "/db/search_by_substr", &json!({ "surstr": "", "size": 10_000 }));
        all.into_iter().filter_map(|(path, id)| Some((path.strip_prefix(&inside)?.to_owned(), id))).collect()
    }
}

/// Asks, and kills the server after so long; how long the answer took, if there was one.
fn killed_after(mut program: Program, life: Duration, route: &str, body: &Value) -> Option<Duration> {
    let began = Instant::now();
    let answered = std::thread::scope(|scope| {
        let asked = scope.spawn(|| match ask(&program, route, body) {
            Said::Yes(_) => Some(began.elapsed()),
            Said::No(why) => panic!("{route} was refused: {why}"),
            Said::Gone => None,
        });
        std::thread::sleep(life);
        kill_process(Pid::from_child(&program.child), Signal::KILL).unwrap();
        asked.join().unwrap()
    });
    program.child.wait().unwrap();
    answered
}

fn difference((kept, trash): &(OnDisk, OnDisk), expected: &(OnDisk, OnDisk)) -> String {
    let few = |one: &OnDisk, other: &OnDisk| {
        let differ: Vec<&String> = one.keys().filter(|path| one.get(*path) != other.get(*path)).collect();
        format!("{} as {:?}", differ.len(), &differ[..differ.len().min(3)])
    };
    format!(
        "there and not expected: {}; expected and not there: {}; in the trash: {}, expected there: {}",
        few(kept, &expected.0),
        few(&expected.0, kept),
        few(trash, &expected.1),
        few(&expected.1, trash)
    )
}
