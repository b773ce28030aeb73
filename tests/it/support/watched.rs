//! A library over a folder of real files that is watched, asked as a person would ask it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lumidex::intake::{IntakeSettings, RootStanding, WatchSettings};
use lumidex::library::{Library, LibraryOptions};
use lumidex::query::{Matching, Search};
use lumidex::sys::paths;
use lumidex_schema::id::{ImageId, RootId};
use lumidex_schema::record::PathType;

/// How long anything may take before it is called broken.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// See the file's head. Its folder is called `pics`.
pub struct Watched {
    pub dir: tempfile::TempDir,
    pub watch: WatchSettings,
    library: Option<Library>,
}

impl Watched {
    /// Over an empty folder.
    pub fn new() -> Self {
        Self::with(
            WatchSettings { roots_every: Duration::from_millis(50), ..WatchSettings::default() },
            |_| {},
        )
    }

    /// Over a folder that `fill` filled.
    pub fn with(watch: WatchSettings, fill: impl FnOnce(&Path)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("pics")).unwrap();
        fill(&dir.path().join("pics"));
        let mut watched = Self { dir, watch, library: None };
        watched.start();
        watched.library().add_extra_path(&paths::to_bytes(watched.path("")), &[PathType::Scanned]).unwrap();
        watched.library().update().unwrap();
        watched
    }

    /// Opens the library; walks nothing.
    pub fn start(&mut self) {
        let data_dir = self.dir.path().join("data");
        let options = LibraryOptions {
            data_dir,
            intake: IntakeSettings::default(),
            watch: Some(self.watch),
            granted: None,
        };
        self.library = Some(Library::open(&options).unwrap());
    }

    /// Closes the library.
    pub fn stop(&mut self) {
        self.library = None;
    }

    pub fn library(&self) -> &Library {
        self.library.as_ref().unwrap()
    }

    /// A path in the watched folder; the folder itself for none.
    pub fn path(&self, below: &str) -> PathBuf {
        let root = self.dir.path().join("pics");
        if below.is_empty() { root } else { root.join(below) }
    }

    /// Writes a picture that says `prompt`.
    pub fn write(&self, below: &str, prompt: &str) {
        fs::write(self.path(below), picture(prompt)).unwrap();
    }

    pub fn root(&self) -> RootId {
        self.library().reader().unwrap().roots().unwrap()[0].0
    }

    /// The image whose file is there.
    pub fn image(&self, below: &str) -> ImageId {
        let path = paths::to_bytes(self.path(below));
        self.library().reader().unwrap().present_at(&path).unwrap().unwrap().0
    }

    pub fn standing(&self) -> RootStanding {
        self.library().intake().standings().unwrap().remove(0)
    }

    /// Paths below the folder of the images that a search for this piece of text finds, sorted.
    pub fn found(&self, needle: &str) -> Vec<String> {
        let search =
            Search { matching: Matching::Substring(needle.to_owned()), size: 10_000, ..Search::default() };
        let page = self.library().query().search(&search).unwrap();
        let root = paths::to_bytes(self.path(""));
        let below = |path: &[u8]| String::from_utf8(path[root.len() + 1..].to_vec()).unwrap();
        let mut found: Vec<String> = page.hits.iter().map(|hit| below(&hit.path)).collect();
        found.sort();
        found
    }

    /// Waits until a search for this piece of text finds these and no others.
    #[track_caller]
    pub fn await_found(&self, needle: &str, expected: &[&str]) {
        until(
            &format!("`{needle}` finds {expected:?}"),
            || self.found(needle) == expected,
            || format!("{:?}", self.found(needle)),
        );
    }

    /// Waits until a root's standing is so.
    #[track_caller]
    pub fn await_standing(&self, what: &str, is_so: impl Fn(&RootStanding) -> bool) {
        until(what, || is_so(&self.standing()), || format!("{:?}", self.standing()));
    }
}

/// Waits for a condition; says how things are when patience ends.
#[track_caller]
pub fn until(what: &str, is_so: impl Fn() -> bool, how_it_is: impl Fn() -> String) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "{what}; but it is {}", how_it_is());
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A small PNG with an infotext.
pub fn picture(prompt: &str) -> Vec<u8> {
    let infotext = format!("{prompt}\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 8x8");
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut png, b"IHDR", &[0, 0, 0, 8, 0, 0, 0, 8, 8, 2, 0, 0, 0]);
    chunk(&mut png, b"tEXt", &[b"parameters\0", infotext.as_bytes()].concat());
    // Never decoded by anyone here; different for each prompt, as pixels are.
    chunk(&mut png, b"IDAT", prompt.repeat(40).as_bytes());
    chunk(&mut png, b"IEND", b"");
    png
}

fn chunk(png: &mut Vec<u8>, name: &[u8; 4], content: &[u8]) {
    png.extend_from_slice(&(content.len() as u32).to_be_bytes());
    png.extend_from_slice(name);
    png.extend_from_slice(content);
    // The reader does not check sums of chunks; what it takes of a file does not depend on them.
    png.extend_from_slice(&[0; 4]);
}
