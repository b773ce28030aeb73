//! A folder of files, a ledger that knows them, and what people do to both.

use crate::support::watched::picture;
use lumidex::files::{Files, Report, Wish, WishError};
use lumidex::intake::{Intake, IntakeSettings};
use lumidex::ledger::Ledger;
use lumidex::ledger::verify::verify;
use lumidex::sys::storage::{Disk, Storage};
use lumidex::sys::tree::{DiskTree, Tree};
use lumidex::sys::{Stop, paths};
use lumidex_schema::id::ImageId;
use lumidex_schema::layout;
use lumidex_schema::media::MediaKind;
use lumidex_schema::record::{PathType, Presence};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The root is `pics`; `out` lies beside it and is no folder of the library.
pub struct World {
    pub dir: Arc<tempfile::TempDir>,
    pub ledger: Ledger,
    pub files: Arc<Files>,
    storage: Arc<dyn Storage>,
    tree: Arc<dyn Tree>,
}

/// What stands somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum There {
    Folder,
    /// Content, and modification time in nanoseconds.
    File(Vec<u8>, i64),
    Link(PathBuf),
}

/// What is known of an image: who it is, and what a person put on it.
pub type Known = (ImageId, Vec<String>);

/// Names end with `/` for folders. Files with media names are pictures that say their own name.
pub fn fill(top: &Path, names: &[&str]) {
    for (nth, name) in names.iter().enumerate() {
        let path = top.join(name);
        if name.ends_with('/') {
            fs::create_dir_all(path).unwrap();
            continue;
        }
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        write(&path, name, nth);
    }
}

fn write(path: &Path, says: &str, nth: usize) {
    let is_media = MediaKind::of_name(&paths::to_bytes(path)).is_some();
    fs::write(path, if is_media { picture(says) } else { says.as_bytes().to_vec() }).unwrap();
    // Times that no file gets by chance, so that a copy that does not keep them is found out.
    let time = SystemTime::UNIX_EPOCH + Duration::new(1_500_000_000 + nth as u64 * 1_000, 123_456_789);
    fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

impl Drop for World {
    /// Whatever was done and whatever failed, the ledger's own rules hold.
    fn drop(&mut self) {
        if !std::thread::panicking()
            && let Ok(reader) = self.ledger.reader()
            && let Ok(found) = verify(&reader, &Stop::never(), &mut |_, _| {})
        {
            assert!(found.is_empty(), "{found:#?}");
        }
    }
}

impl World {
    /// Over these files, walked; each image carries a tag.
    pub fn new(names: &[&str]) -> Self {
        Self::within(tempfile::tempdir().unwrap(), names, Disk::shared(), DiskTree::shared())
    }

    /// As [`World::new`], with other disks below; files are made and walked without them. In memory where
    /// there is a folder in it: whoever asks for other disks asks for many worlds.
    pub fn on(names: &[&str], storage: Arc<dyn Storage>, tree: Arc<dyn Tree>) -> Self {
        Self::within(crate::faults::shim::folder(), names, storage, tree)
    }

    fn within(
        dir: tempfile::TempDir,
        names: &[&str],
        storage: Arc<dyn Storage>,
        tree: Arc<dyn Tree>,
    ) -> Self {
        for folder in ["pics", "out", "data"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        fill(dir.path(), names);
        let ledger = open(&storage, dir.path());
        ledger.add_extra_path(&paths::to_bytes(dir.path().join("pics")), &[PathType::Scanned]).unwrap();
        let files = Arc::new(Files::new(ledger.clone(), Arc::clone(&tree), Stop::never()));
        let world = Self { dir: Arc::new(dir), ledger, files, storage, tree };
        world.walk();
        let images: Vec<_> = world.known().into_values().map(|(image, _)| image).collect();
        if !images.is_empty() {
            let (_, tag) = world.ledger.make_tag("mine").unwrap();
            world.ledger.put_tag(tag, images).unwrap();
        }
        world
    }

    /// The same after the program ended and was started again.
    #[must_use]
    pub fn restarted(self) -> Self {
        let (dir, storage, tree) = (Arc::clone(&self.dir), Arc::clone(&self.storage), Arc::clone(&self.tree));
        drop(self);
        let ledger = open(&storage, dir.path());
        let files = Arc::new(Files::new(ledger.clone(), Arc::clone(&tree), Stop::never()));
        Self { dir, ledger, files, storage, tree }
    }

    pub fn tree(&self) -> Arc<dyn Tree> {
        Arc::clone(&self.tree)
    }

    pub fn walk(&self) {
        let settings = IntakeSettings { n_walkers: 1, n_readers: 1, ..IntakeSettings::default() };
        let intake = Intake::start(self.ledger.clone(), settings, None, &Stop::never()).unwrap();
        intake.update().unwrap();
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    pub fn bytes(&self, below: &str) -> Vec<u8> {
        paths::to_bytes(self.path(below))
    }

    pub fn all(&self, below: &[&str]) -> Vec<Vec<u8>> {
        below.iter().map(|path| self.bytes(path)).collect()
    }

    pub fn copy(&self, files: &[&str], into: &str) -> Wish {
        Wish::Copy { files: self.all(files), into: self.bytes(into), make_folder: false, go_on: false }
    }

    pub fn mv(&self, files: &[&str], into: &str) -> Wish {
        Wish::Move { files: self.all(files), into: self.bytes(into), make_folder: false, go_on: false }
    }

    pub fn rename(&self, path: &str, name: &str) -> Wish {
        Wish::Rename { path: self.bytes(path), name: name.as_bytes().to_vec() }
    }

    pub fn delete(&self, files: &[&str]) -> Wish {
        Wish::Delete { files: self.all(files), for_good: false }
    }

    pub fn flatten(&self, folder: &str) -> Wish {
        Wish::Flatten { folder: self.bytes(folder) }
    }

    #[track_caller]
    pub fn does(&self, wish: &Wish) -> Report {
        let report = self.files.perform(wish).unwrap();
        assert_eq!((report.failed, &report.errors[..], report.is_stopped), (0, &[][..], false), "{wish:?}");
        report
    }

    /// Does nothing, for this reason; neither the disk nor the ledger differs.
    #[track_caller]
    pub fn refuses(&self, wish: &Wish, reason: &str) -> WishError {
        let before = (self.there(), self.known());
        let error = match self.files.perform(wish) {
            Ok(report) => panic!("{wish:?} was done: {report:?}"),
            Err(error) => error,
        };
        assert!(error.to_string().contains(reason), "{wish:?}: {error}");
        assert_eq!((self.there(), self.known()), before, "{wish:?}");
        error
    }

    /// Everything below `pics` and `out` but what is in a trash, by path.
    pub fn there(&self) -> BTreeMap<String, There> {
        self.look(false)
    }

    /// What is in the trash, by path.
    pub fn trash(&self) -> BTreeMap<String, There> {
        self.look(true)
    }

    fn look(&self, is_trash: bool) -> BTreeMap<String, There> {
        let mut all = BTreeMap::new();
        for top in ["pics", "out"] {
            look(self.dir.path(), &self.path(top), &mut all);
        }
        all.retain(|path, _| path.contains(".lumidex-trash") == is_trash);
        all
    }

    /// The names below `pics` and `out`, folders with a `/`; what is in a trash left out.
    pub fn names(&self) -> Vec<String> {
        let name = |(path, there)| if there == There::Folder { format!("{path}/") } else { path };
        self.there().into_iter().map(name).collect()
    }

    /// The images that are present, by path below the folder of the test.
    pub fn known(&self) -> BTreeMap<String, Known> {
        let reader = self.ledger.reader().unwrap();
        let last = (1..).map(ImageId).take_while(|id| reader.image(*id).unwrap().is_some());
        let mut known = BTreeMap::new();
        for id in last {
            let image = reader.image(id).unwrap().unwrap();
            if image.presence != Presence::Present {
                continue;
            }
            let path = reader.path_of(&image).unwrap();
            let path = paths::from_bytes(&path);
            let path = path.strip_prefix(self.dir.path()).unwrap();
            let path = lumidex_schema::path::display(&paths::to_bytes(path));
            let tags = reader.custom_tags_of(id).unwrap().into_iter().map(|(_, tag)| tag.name).collect();
            assert_eq!(known.insert(path, (id, tags)), None, "two images at one place");
        }
        known
    }

    /// Disk and ledger agree: each present image is the file that stands there, and walking the folders
    /// again finds the same images, however many are new.
    #[track_caller]
    pub fn agrees(&self) {
        self.agrees_after("");
    }

    /// As [`World::agrees`], in this case.
    #[track_caller]
    pub fn agrees_after(&self, case: &str) {
        let reader = self.ledger.reader().unwrap();
        let before = self.known();
        for (path, (id, _)) in &before {
            let image = reader.image(*id).unwrap().unwrap();
            let real = reader.path_of(&image).unwrap();
            let file = fs::symlink_metadata(paths::from_bytes(&real));
            let file = file.unwrap_or_else(|error| panic!("{case}: {path} is known, and not there: {error}"));
            assert_eq!(image.sighting.inode, file.ino(), "{case}: {path} is another file");
        }
        drop(reader);
        self.walk();
        let after = self.known();
        for (path, known) in &before {
            assert_eq!(after.get(path), Some(known), "{case}: {path} after a walk");
        }
    }
}

fn open(storage: &Arc<dyn Storage>, dir: &Path) -> Ledger {
    Ledger::open_on(Arc::clone(storage), &dir.join("data").join(layout::LEDGER)).unwrap()
}

fn look(base: &Path, folder: &Path, all: &mut BTreeMap<String, There>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::symlink_metadata(&path).unwrap();
        let there = if metadata.is_dir() {
            look(base, &path, all);
            There::Folder
        } else if metadata.is_symlink() {
            There::Link(fs::read_link(&path).unwrap())
        } else {
            let time = metadata.mtime() * 1_000_000_000 + metadata.mtime_nsec();
            There::File(if metadata.is_file() { fs::read(&path).unwrap() } else { Vec::new() }, time)
        };
        let name = lumidex_schema::path::display(&paths::to_bytes(path.strip_prefix(base).unwrap()));
        all.insert(name, there);
    }
}
