//! Folders of pictures that another program reorganises, and a ledger that is told by walks.

use lumidex::intake::{Alone, Intake, IntakeSettings, RunSummary, WatchSettings};
use lumidex::ledger::verify::verify;
use lumidex::ledger::{Elsewhere, Ledger, Observation, Reader, Seen};
use lumidex::sys::Stop;
use lumidex_index_tools::synth::png;
use lumidex_schema::id::{ImageId, Seq, TagId, Timestamp};
use lumidex_schema::media::MediaKind;
use lumidex_schema::path::RelPath;
use lumidex_schema::record::{Image, PathType, Presence, Review, Sighting};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::SystemTime;

/// A picture's pixels and what was typed to make it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Picture {
    pub pixels: u64,
    pub recipe: u64,
}

impl Picture {
    pub fn bytes(self) -> Vec<u8> {
        png(self.pixels, Some(&format!("picture {}\nSteps: 20, Sampler: Euler, Seed: 7", self.recipe)))
    }
}

/// The same pixels and recipe number.
pub fn picture(n: u64) -> Picture {
    Picture { pixels: n, recipe: n }
}

/// Roots `one` and `two` below a temporary folder, and a data folder beside them.
pub struct Album {
    pub top: tempfile::TempDir,
    open: Option<(Intake, Ledger)>,
    /// Whether events tell of changes between updates.
    watch: Option<WatchSettings>,
}

impl Drop for Album {
    /// Whatever was done, the ledger's own rules hold.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let found = verify(&self.reader(), &Stop::never(), &mut |_, _| {}).unwrap();
        assert!(found.is_empty(), "{found:#?}");
    }
}

impl Album {
    pub fn new() -> Self {
        Self::with(None)
    }

    pub fn watched() -> Self {
        Self::with(Some(WatchSettings::default()))
    }

    pub fn is_watched(&self) -> bool {
        self.watch.is_some()
    }

    fn with(watch: Option<WatchSettings>) -> Self {
        let mut album = Self { top: scratch(), open: None, watch };
        for (root, n) in [("one", 1_000), ("two", 1_001)] {
            // A root that is suddenly empty counts as away; these never go.
            album.write(&format!("{root}/stays.png"), picture(n));
            album.add_root(root);
        }
        album.update();
        album
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.top.path().join(below)
    }

    pub fn ledger(&mut self) -> &Ledger {
        &self.open().1
    }

    fn open(&mut self) -> &(Intake, Ledger) {
        let (path, watch) = (self.path("ledger.redb"), self.watch);
        self.open.get_or_insert_with(|| {
            let ledger = Ledger::open(&path).unwrap();
            let settings = IntakeSettings { n_walkers: 1, n_readers: 1, ..IntakeSettings::default() };
            (Intake::start(ledger.clone(), settings, watch, &Stop::never()).unwrap(), ledger)
        })
    }

    pub fn restart(&mut self) {
        self.open = None;
    }

    pub fn reader(&mut self) -> Reader {
        self.ledger().reader().unwrap()
    }

    pub fn add_root(&mut self, below: &str) {
        let path = self.path(below);
        self.ledger().add_extra_path(path.as_os_str().as_encoded_bytes(), &[PathType::Scanned]).unwrap();
    }

    pub fn remove_root(&mut self, below: &str) {
        let path = self.path(below);
        self.ledger().remove_extra_path(path.as_os_str().as_encoded_bytes(), &[]).unwrap();
    }

    pub fn update(&mut self) -> RunSummary {
        self.open().0.update().unwrap()
    }

    /// Walks while the other root is away.
    pub fn update_without(&mut self, away: &str) {
        self.rename(away, "away");
        self.update();
        self.rename("away", away);
    }

    /// Tells the ledger of one file that arrived, as an event would, without a walk.
    pub fn tell(&mut self, below: &str) {
        let path = self.path(below);
        let file = fs::metadata(&path).unwrap();
        let since = |time: std::io::Result<SystemTime>| {
            let since = time.unwrap().duration_since(SystemTime::UNIX_EPOCH).unwrap();
            Timestamp(i64::try_from(since.as_nanos()).unwrap())
        };
        let reading = Alone::open(&path).unwrap().reading().unwrap();
        let (root, rest) = below.split_once('/').unwrap();
        let (folder, name) = rest.rsplit_once('/').unwrap_or(("", rest));
        let root = self.path(root);
        let roots = self.reader().roots().unwrap();
        let root =
            roots.iter().find(|(_, known)| known.path == root.as_os_str().as_encoded_bytes()).unwrap().0;
        let seen = Seen {
            root,
            folder: RelPath::from_bytes(folder.as_bytes()),
            name: name.as_bytes().to_vec(),
            sighting: Sighting {
                size: file.len(),
                modified: since(file.modified()),
                created: since(file.created()),
                inode: file.ino(),
                device: file.dev(),
                sidecar: None,
            },
            media: MediaKind::Image,
            fingerprint: reading.fingerprint,
            pixel_width: reading.pixel_width,
            pixel_height: reading.pixel_height,
            text: None,
            holes: Vec::new(),
            rule_tags: Vec::new(),
            complaints: 0,
            note: lumidex_schema::note::Note::default(),
            elsewhere: Elsewhere::default(),
        };
        self.ledger().observe(vec![Observation::Seen(Box::new(seen))]).unwrap();
    }

    pub fn write(&self, below: &str, picture: Picture) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, picture.bytes()).unwrap();
    }

    pub fn rename(&self, from: &str, to: &str) {
        let to = self.path(to);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::rename(self.path(from), to).unwrap();
    }

    pub fn copy(&self, from: &str, to: &str) {
        let to = self.path(to);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(self.path(from), to).unwrap();
    }

    pub fn remove(&self, below: &str) {
        let path = self.path(below);
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }

    /// The image at a place, if the ledger thinks it is there.
    pub fn at(&mut self, below: &str) -> Option<(ImageId, Image)> {
        let path = self.path(below);
        self.reader().present_at(path.as_os_str().as_encoded_bytes()).unwrap()
    }

    pub fn id(&mut self, below: &str) -> ImageId {
        self.at(below).unwrap_or_else(|| panic!("there is no image at `{below}`")).0
    }

    /// Puts a tag of this name on the image at a place.
    pub fn tag(&mut self, below: &str, name: &str) -> TagId {
        let image = self.id(below);
        let (_, tag) = self.ledger().make_tag(name).unwrap();
        self.ledger().put_tag(tag, vec![image]).unwrap();
        tag
    }

    /// The names of the custom tags of the image at a place.
    pub fn tags(&mut self, below: &str) -> Vec<String> {
        let id = self.id(below);
        let tags = self.reader().custom_tags_of(id).unwrap();
        tags.into_iter().map(|(_, tag)| tag.name).collect()
    }

    pub fn is_missing(&mut self, id: ImageId) -> bool {
        let image = self.reader().image(id).unwrap().unwrap();
        matches!(image.presence, Presence::Missing { .. })
    }

    pub fn reviews(&mut self) -> Vec<(Seq, Review)> {
        self.reader().reviews(usize::MAX).unwrap()
    }
}

/// On a file system in memory where there is one: thousands of durable commits are to be proven right,
/// not slow. `LUMIDEX_PROOF_TMP` names another place.
fn scratch() -> tempfile::TempDir {
    let asked = std::env::var_os("LUMIDEX_PROOF_TMP").map(PathBuf::from);
    let folder = asked.unwrap_or_else(|| PathBuf::from("/dev/shm"));
    let made = if folder.is_dir() { tempfile::tempdir_in(&folder) } else { tempfile::tempdir() };
    made.or_else(|_| tempfile::tempdir()).unwrap()
}
