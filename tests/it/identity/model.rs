//! Random steps of another program on the files of two roots, against an oracle: tags follow content.
//!
//! The oracle knows nothing of how images are found again. It compares what lies where, before and
//! after, and allows only what the rulings on identity allow:
//!
//! - a tag is on exactly one image, for ever;
//! - if that image is there, its file holds the content the tag was given to, unless the file was
//!   rewritten in place and neither content can be found elsewhere as a move;
//! - if it is not there, its content is nowhere to be found, or only in copies that were there before
//!   under whatever name, or a person is being asked.

use super::album::{Album, Picture};
use super::oracle::Given;
use crate::support::record::Record;
use lumidex_schema::id::ImageId;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::time::{Duration, Instant, SystemTime};

pub(super) const ROOTS: [&str; 2] = ["one", "two"];
const FOLDERS: [&str; 4] = ["", "f/", "g/", "g/h/"];
const NAMES: u64 = 6;
/// Tags made in one history; later ones say nothing that the first do not.
const TAGS_MAX: usize = 12;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OnDisk {
    pub(super) picture: Picture,
    /// Which file it is, whatever it is called.
    pub(super) file: u64,
}

pub(super) struct History {
    pub(super) album: Album,
    /// Whether events tell of changes between updates.
    pub(super) is_watched: bool,
    pub(super) dice: fastrand::Rng,
    pub(super) disk: BTreeMap<String, OnDisk>,
    /// As of the last update.
    pub(super) before: BTreeMap<String, OnDisk>,
    /// Contents of images that were missing then.
    pub(super) missing_before: BTreeSet<u64>,
    pub(super) last_before: ImageId,
    pub(super) deleted: Vec<Picture>,
    pub(super) given: Vec<Given>,
    pub(super) away: Option<usize>,
    pub(super) contents: BTreeMap<[u8; 16], u64>,
    pub(super) n_made: u64,
    pub(super) steps: Vec<String>,
}

/// What a history came to.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    steps: u64,
    updates: u64,
    tags: u64,
    asked: u64,
}

impl History {
    fn new(seed: u64, album: Album) -> Self {
        Self {
            is_watched: album.is_watched(),
            album,
            dice: fastrand::Rng::with_seed(seed),
            disk: BTreeMap::new(),
            before: BTreeMap::new(),
            missing_before: BTreeSet::new(),
            last_before: ImageId(0),
            deleted: Vec::new(),
            given: Vec::new(),
            away: None,
            contents: BTreeMap::new(),
            n_made: 1,
            steps: Vec::new(),
        }
    }

    fn next(&mut self) -> u64 {
        self.n_made += 1;
        self.n_made
    }

    /// A place in a root that can be reached.
    fn place(&mut self) -> String {
        let root = match self.away {
            Some(away) => 1 - away,
            None => self.dice.usize(..2),
        };
        let folder = FOLDERS[self.dice.usize(..FOLDERS.len())];
        format!("{}/{folder}{}.png", ROOTS[root], self.dice.u64(..NAMES))
    }

    pub(super) fn is_away(&self, path: &str) -> bool {
        self.away.is_some_and(|away| path.starts_with(&format!("{}/", ROOTS[away])))
    }

    /// A file that is there and can be reached.
    fn file(&mut self) -> Option<String> {
        let files: Vec<&String> = self.disk.keys().filter(|path| !self.is_away(path)).collect();
        (!files.is_empty()).then(|| files[self.dice.usize(..files.len())].clone())
    }

    /// Coarse clocks give equal times to writes in a row; in real life they differ.
    fn stamp(&mut self, path: &str) {
        let nth = self.next();
        let time = SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 0) + Duration::from_micros(nth);
        File::options().write(true).open(self.album.path(path)).unwrap().set_modified(time).unwrap();
    }

    fn write(&mut self, path: &str, picture: Picture) {
        self.album.write(path, picture);
        self.stamp(path);
        let fresh = self.next();
        let file = self.disk.get(path).map_or(fresh, |known| known.file);
        self.disk.insert(path.to_owned(), OnDisk { picture, file });
    }

    fn step(&mut self) {
        let said = match self.dice.u32(..100) {
            0..20 => {
                let (path, n) = (self.place(), self.next());
                self.write(&path, super::picture(n));
                format!("write {n} to {path}")
            }
            20..38 => self.moved(),
            38..48 => self.copied(),
            48..54 => self.swapped(),
            54..62 => self.rewritten(),
            62..70 => self.removed(),
            70..76 => self.restored(),
            76..80 => self.folder_renamed(),
            80..84 => self.drive(),
            84..88 => {
                self.album.restart();
                "restart".to_owned()
            }
            _ => self.update(),
        };
        self.steps.push(said);
    }

    fn moved(&mut self) -> String {
        let (Some(from), to) = (self.file(), self.place()) else { return "nothing".to_owned() };
        if from != to {
            self.album.rename(&from, &to);
            let file = self.disk.remove(&from).unwrap();
            self.disk.insert(to.clone(), file);
        }
        format!("move {from} to {to}")
    }

    fn copied(&mut self) -> String {
        let (Some(from), to) = (self.file(), self.place()) else { return "nothing".to_owned() };
        if from != to {
            self.album.copy(&from, &to);
            self.stamp(&to);
            let (fresh, picture) = (self.next(), self.disk[&from].picture);
            let file = self.disk.get(&to).map_or(fresh, |known| known.file);
            self.disk.insert(to.clone(), OnDisk { picture, file });
        }
        format!("copy {from} to {to}")
    }

    fn swapped(&mut self) -> String {
        let (Some(a), Some(b)) = (self.file(), self.file()) else { return "nothing".to_owned() };
        if a != b {
            self.album.rename(&a, "between");
            self.album.rename(&b, &a);
            self.album.rename("between", &b);
            let (at_a, at_b) = (self.disk[&a], self.disk[&b]);
            self.disk.insert(a.clone(), at_b);
            self.disk.insert(b.clone(), at_a);
        }
        format!("swap {a} and {b}")
    }

    /// Touched, saved again with another recipe, edited, or replaced, in place.
    fn rewritten(&mut self) -> String {
        let Some(path) = self.file() else { return "nothing".to_owned() };
        let n = self.next();
        let picture = self.disk[&path].picture;
        let picture = match self.dice.u32(..4) {
            0 => picture,
            1 => Picture { recipe: n, ..picture },
            2 => Picture { pixels: n, ..picture },
            _ => super::picture(n),
        };
        self.write(&path, picture);
        format!("rewrite {path} as {picture:?}")
    }

    fn removed(&mut self) -> String {
        let Some(path) = self.file() else { return "nothing".to_owned() };
        self.album.remove(&path);
        self.deleted.push(self.disk.remove(&path).unwrap().picture);
        format!("remove {path}")
    }

    fn restored(&mut self) -> String {
        if self.deleted.is_empty() {
            return "nothing".to_owned();
        }
        let picture = self.deleted.swap_remove(self.dice.usize(..self.deleted.len()));
        let path = self.place();
        self.write(&path, picture);
        format!("restore {picture:?} to {path}")
    }

    fn folder_renamed(&mut self) -> String {
        let Some(inside) = self.file() else { return "nothing".to_owned() };
        let (folder, _) = inside.rsplit_once('/').unwrap();
        let to = format!(
            "{}/{}",
            self.place().split('/').next().unwrap(),
            ["g", "f", "g/h"][self.dice.usize(..3)]
        );
        if ROOTS.contains(&folder) || self.album.path(&to).exists() || to.starts_with(folder) {
            return "nothing".to_owned();
        }
        self.album.rename(folder, &to);
        let inside = format!("{folder}/");
        let moved: Vec<String> = self.disk.keys().filter(|path| path.starts_with(&inside)).cloned().collect();
        for path in moved {
            let file = self.disk.remove(&path).unwrap();
            self.disk.insert(format!("{to}/{}", &path[inside.len()..]), file);
        }
        format!("rename folder {folder} to {to}")
    }

    /// A root goes away, or the one that is away comes back.
    fn drive(&mut self) -> String {
        match self.away.take() {
            Some(root) => {
                self.album.rename("away", ROOTS[root]);
                format!("{} comes back", ROOTS[root])
            }
            None => {
                let root = self.dice.usize(..2);
                self.album.rename(ROOTS[root], "away");
                self.away = Some(root);
                format!("{} goes away", ROOTS[root])
            }
        }
    }

    fn update(&mut self) -> String {
        self.album.update();
        self.check();
        if self.given.len() < TAGS_MAX
            && self.dice.u32(..3) == 0
            && let Some(path) = self.file()
        {
            let name = format!("tag {}", self.given.len());
            let tag = self.album.tag(&path, &name);
            let OnDisk { picture: Picture { pixels, recipe }, file } = self.disk[&path];
            self.given.push(Given {
                tag,
                pixels,
                recipe,
                file,
                earlier: Vec::new(),
                path: Some(path.clone()),
            });
            return format!("update; {name} to {path}");
        }
        "update".to_owned()
    }

    fn run(mut self, steps: u64) -> Totals {
        let mut totals = Totals { steps, ..Totals::default() };
        for _ in 0..steps {
            self.step();
            totals.updates += u64::from(self.steps.last().is_some_and(|said| said.starts_with("update")));
        }
        self.update();
        totals.updates += 1;
        totals.tags = self.given.len() as u64;
        totals.asked = self.album.reviews().len() as u64;
        totals
    }
}

/// Steps in one history: long enough for tags to travel, short enough to read when it fails.
const STEPS: u64 = 200;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().map_or(default, |text| text.parse().expect("a whole number"))
}

#[test]
fn tags_follow_content_through_random_histories() {
    drive("model", Album::new, 2_000);
}

/// Events come as fast as they may between the updates, which the outcome must not depend on.
#[test]
fn tags_follow_content_while_events_tell_of_changes() {
    drive("model-watched", Album::watched, 600);
}

/// Goes on with a proof until it has as many steps as are asked for.
fn drive(name: &str, album: fn() -> Album, steps_default: u64) {
    let wanted = number("LUMIDEX_MODEL_STEPS", steps_default);
    let mut record = Record::open(name, ["steps", "updates", "tags", "questions"]);
    for seed in number("LUMIDEX_MODEL_SEED", 1).. {
        if record.totals()[0] >= wanted {
            break;
        }
        if !record.has(seed) {
            let began = Instant::now();
            let run = std::panic::catch_unwind(|| History::new(seed, album()).run(STEPS));
            let Ok(run) = run else { panic!("the history of seed {seed} went wrong, see above") };
            record.add(seed, [run.steps, run.updates, run.tags, run.asked], began.elapsed());
        }
    }
    let [steps, updates, tags, asked] = record.totals();
    println!("{name}: {steps} steps, {updates} updates, {tags} tags followed, {asked} questions left");
    assert!(steps >= wanted && tags > steps / 200 && updates > tags, "{:?}", record.totals());
}
