//! Libraries that sequences are replayed over, each begun as a person begins: nothing there, a folder added, its
//! first update, all through the page.

use super::first_load;
use super::page::Page;
use super::shapes::{Entry, media_of};
use axum::Router;
use lumidex::intake::IntakeSettings;
use lumidex::library::{Library, LibraryOptions};
use lumidex::serve::{Engine, app};
use lumidex::settings::{Environment, Flags, Place, Settings};
use lumidex_index_tools::synth::{self, png};
use parking_lot::RwLock;
use serde_json::json;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

/// How many images they hold.
const FEW: u32 = 200;
const MANY: u32 = 20_000;
const SEED: u64 = 18;
/// Images that the writers of synthetic libraries make.
const VARIED: u32 = 4_000;
/// Names that an address, a page or a shell could take for something else; one is not UTF-8.
const ODD: [&[u8]; 6] = [
    b"a b.png",
    b"100%25 + c&d#e?=;.PNG",
    "猫 ü.png".as_bytes(),
    b"<img src=x onerror=alert(1)>.png",
    b"'quoted' \"twice\".png",
    b"caf\xe9.png",
];
/// What a folder can be added as; a start page has a list of each.
pub(super) const FOLDER_TYPES: [&str; 3] = ["scanned", "scanned-fixed", "walk"];
/// Images of the folder that is not indexed.
pub(super) const MORE: usize = 20;

/// Nobody changes it.
pub(super) static SMALL: LazyLock<Served> = LazyLock::new(|| Served::lasting(FEW));
/// Some sequences change it, in whatever order: what others take for granted is what lies on the disk, and the
/// folder `odd`, which all leave as it is.
pub(super) static BIG: LazyLock<RwLock<Served>> = LazyLock::new(|| RwLock::new(Served::lasting(MANY)));

/// Replays a sequence over the big library while no other has it.
pub(super) fn alone(sequence: fn(&mut Served)) {
    let mut served = BIG.write();
    sequence(&mut served);
    served.page().does("POST", "/db/update_image_data", &json!({}));
}

/// A library behind a server. Its folder holds `pics`, which is indexed, `more`, which is not, and the data.
pub(super) struct Served {
    /// Gone while it starts again.
    running: Option<(Router, Arc<Library>)>,
    pub(super) dir: PathBuf,
    _gone: Gone,
}

/// What removes the folder.
enum Gone {
    WithIt { _dir: TempDir },
    WithTheProcess { _waits: Child },
}

impl Served {
    /// A small one that is removed with its value.
    pub(super) fn small() -> Self {
        let served = Self::empty();
        served.fill(FEW);
        first_load::begins(&served);
        served
    }

    /// One without any folder, and nothing in the folder it might have.
    pub(super) fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self::over(dir.path().to_owned(), Gone::WithIt { _dir: dir })
    }

    /// For a static, which is never dropped: what removes its folder waits for the end of this process, however
    /// that comes.
    fn lasting(n_images: u32) -> Self {
        let dir = tempfile::tempdir().unwrap().keep();
        let waits = Command::new("sh")
            .args(["-c", "cat; rm -rf \"$1\"", "sh"])
            .arg(&dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Whoever interrupts the tests does not interrupt this.
            .process_group(0)
            .spawn()
            .unwrap();
        let served = Self::over(dir, Gone::WithTheProcess { _waits: waits });
        served.fill(n_images);
        first_load::begins(&served);
        served
    }

    fn over(dir: PathBuf, gone: Gone) -> Self {
        let mut served = Self { running: None, dir, _gone: gone };
        fs::create_dir(served.dir.join("pics")).unwrap();
        fs::create_dir(served.dir.join("more")).unwrap();
        served.start();
        served
    }

    /// Writes the files.
    fn fill(&self, n_images: u32) {
        let (pics, more) = (self.dir.join("pics"), self.dir.join("more"));
        write_synthetic(&pics, n_images - ODD.len() as u32 - 2);
        let odd = pics.join("odd");
        fs::create_dir_all(odd.join("empty")).unwrap();
        let text = |what: &str| {
            format!("{what}, oddly named\nNegative prompt: plain\nSteps: 20, Sampler: Euler a, Seed: 1")
        };
        for (nth, name) in ODD.into_iter().enumerate() {
            let content = png(100_000 + nth as u64, Some(&text(&format!("picture {nth}"))));
            fs::write(odd.join(OsStr::from_bytes(name)), content).unwrap();
        }
        fs::write(
            odd.join("film.mp4"),
            [b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2".as_slice(), &[7; 3_000]].concat(),
        )
        .unwrap();
        fs::write(odd.join("film.txt"), text("a film")).unwrap();
        fs::write(
            odd.join("sound.wav"),
            b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x44\xac\0\0\x88\x58\x01\0\x02\0\x10\0data\0\0\0\0",
        )
        .unwrap();
        fs::write(odd.join("read me.md"), "no medium").unwrap();
        for nth in 0..MORE {
            let content = png(200_000 + nth as u64, Some(&text(&format!("one more, number {nth}"))));
            fs::write(more.join(format!("m-{nth:02}.png")), content).unwrap();
        }
        assert_eq!(self.n_images(), n_images as usize);
    }

    fn start(&mut self) {
        let settings = self.settings(|_| {});
        let options = LibraryOptions {
            data_dir: settings.data_dir.clone(),
            intake: IntakeSettings::default(),
            watch: None,
            granted: None,
        };
        let library = Arc::new(Library::open(&options).unwrap());
        let router = app(Arc::clone(&library) as Arc<dyn Engine>, settings).unwrap();
        self.running = Some((router, library));
    }

    /// Ends the library as the program ends it, and opens it again.
    pub(super) fn restart(&mut self) {
        let (router, library) = self.running.take().unwrap();
        drop(router);
        drop(Arc::into_inner(library).expect("no page is open"));
        self.start();
    }

    /// A tab of a browser.
    pub(super) fn page(&self) -> Page {
        Page::new(self.running.as_ref().unwrap().0.clone())
    }

    /// A tab of a browser at another server over the same library, with other settings.
    pub(super) fn page_of(&self, change: impl FnOnce(&mut Settings)) -> Page {
        let library = Arc::clone(self.library());
        Page::new(app(library as Arc<dyn Engine>, self.settings(change)).unwrap())
    }

    pub(super) fn library(&self) -> &Arc<Library> {
        &self.running.as_ref().unwrap().1
    }

    fn settings(&self, change: impl FnOnce(&mut Settings)) -> Settings {
        let dir = &self.dir;
        let place = Place {
            cwd: dir.clone(),
            home: Some(dir.clone()),
            data_dir: Some(dir.join("data")),
            ..Place::default()
        };
        let mut settings = Settings::resolve(Flags::default(), &Environment::with(place, &[]), &[]).unwrap();
        settings.opener = Some("/bin/true".into());
        change(&mut settings);
        settings
    }

    /// The folder that is indexed, or one below it.
    pub(super) fn pics(&self, below: &str) -> String {
        text(&self.dir.join("pics").join(below))
    }

    /// How many files of media lie in the folder that is indexed.
    pub(super) fn n_images(&self) -> usize {
        let (mut n, mut ahead) = (0, vec![self.dir.join("pics")]);
        while let Some(folder) = ahead.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                let name = entry.file_name();
                let name = name.to_string_lossy();
                if entry.file_type().unwrap().is_dir() {
                    ahead.extend((!name.starts_with('.')).then(|| entry.path()));
                } else {
                    n += usize::from(media_of(&name).is_some());
                }
            }
        }
        n
    }

    /// A folder that holds so many images directly, found by walking, and what is in it. Folders that sequences
    /// made are passed over, and `odd`.
    pub(super) fn folder_of_images(&self, page: &Page, at_least: usize) -> (String, Vec<Entry>) {
        let mut ahead = vec![self.pics("")];
        while let Some(folder) = ahead.pop() {
            let listing = page.list(&folder);
            if listing.iter().filter(|entry| entry.media() == Some("image")).count() >= at_least {
                return (folder, listing);
            }
            let is_passed = |name: &str| name == "odd" || name.starts_with('~');
            let mut folders: Vec<&Entry> =
                listing.iter().filter(|entry| entry.is_folder && !is_passed(&entry.name)).collect();
            folders.sort_by(|a, b| b.name.cmp(&a.name));
            ahead.extend(folders.into_iter().map(|entry| entry.path.clone()));
        }
        panic!("no folder holds {at_least} images");
    }

    /// The folder beside it.
    pub(super) fn more(&self) -> String {
        text(&self.dir.join("more"))
    }
}

/// So many images as generators leave them; beyond [`VARIED`], what those say is said again by pictures of their
/// own, a thousand to a folder, which is quick to write and to read.
fn write_synthetic(pics: &Path, n_images: u32) {
    let n_varied = n_images.min(VARIED);
    let library = synth::Library::new(SEED, n_varied);
    library.write_to(pics, 0..n_varied, &|_| {}).unwrap();
    for nth in n_varied..n_images {
        let image = library.image(nth % n_varied);
        let folder = pics.join(format!("again/{:02}", nth / 1_000));
        if nth == n_varied || nth % 1_000 == 0 {
            fs::create_dir_all(&folder).unwrap();
        }
        let path = folder.join(format!("{nth:05}.png"));
        fs::write(&path, png(nth.into(), image.expected.infotext.as_deref())).unwrap();
        let modified =
            Duration::from_nanos(image.modified_ns.unsigned_abs()) + Duration::from_secs(nth.into());
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(SystemTime::UNIX_EPOCH + modified)
            .unwrap();
    }
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().trim_end_matches('/').to_owned()
}
