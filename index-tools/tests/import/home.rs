//! A data folder with images that are known, and what can be seen of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lumidex::ledger::{Elsewhere, Ledger, Observation, Reader, Seen, SharedText};
use lumidex::sys::Stop;
use lumidex_index_tools::import::{Done, Import, ImportError, Mapping, PathMap};
use lumidex_schema::id::{ImageId, RootId, Timestamp};
use lumidex_schema::layout;
use lumidex_schema::media::MediaKind;
use lumidex_schema::note::Note;
use lumidex_schema::path::RelPath;
use lumidex_schema::record::{Fingerprint, PathType, Sighting};

/// See the module.
pub(crate) struct Home {
    pub(crate) dir: tempfile::TempDir,
}

/// All that a person did, by names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// Tags and, if given by hand, the text of each image that has any, by path.
    pub(crate) images: BTreeMap<String, (Vec<String>, Option<String>)>,
    /// Colours of custom tags.
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) settings: Vec<(String, String)>,
    /// Types and alias.
    pub(crate) folders: BTreeMap<String, (Vec<&'static str>, String)>,
    pub(crate) waiting: u64,
}

impl Home {
    /// A library of one root, `/p`.
    pub(crate) fn new() -> Self {
        let home = Self { dir: tempfile::tempdir().unwrap() };
        std::fs::create_dir(home.data()).unwrap();
        home.ledger().add_extra_path(b"/p", &[PathType::Scanned]).unwrap();
        home
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::open(&self.data().join(layout::LEDGER)).unwrap()
    }

    /// Files are seen: path below `/p`, and size.
    pub(crate) fn see(&self, files: &[(&str, u64)]) {
        see(&self.ledger(), files);
    }

    /// A walk of the root comes to its end.
    pub(crate) fn walked(&self) {
        walked(&self.ledger());
    }

    pub(crate) fn plan(&self, file: &Path, maps: &[&str]) -> Import {
        self.try_plan(file, maps).unwrap()
    }

    pub(crate) fn try_plan(&self, file: &Path, maps: &[&str]) -> Result<Import, ImportError> {
        let maps: Vec<Mapping> = maps.iter().map(|map| map.parse().unwrap()).collect();
        let map = PathMap::new(&maps, Path::new("/")).unwrap();
        Import::plan(&self.data(), file, map, &Stop::never(), &mut |_| {})
    }

    pub(crate) fn import(&self, file: &Path, maps: &[&str]) -> Done {
        self.plan(file, maps).apply(&mut |_| {}).unwrap()
    }

    pub(crate) fn state(&self) -> State {
        state(&self.ledger().reader().unwrap())
    }

    /// The tags of an image; panics when it is not known.
    pub(crate) fn tags(&self, path: &str) -> Vec<String> {
        tags(&self.ledger().reader().unwrap(), path)
    }
}

pub(crate) fn root(ledger: &Ledger) -> RootId {
    ledger.reader().unwrap().roots().unwrap()[0].0
}

pub(crate) fn see(ledger: &Ledger, files: &[(&str, u64)]) {
    let root = root(ledger);
    ledger.observe(files.iter().map(|(path, size)| seen(root, path, path, *size)).collect()).unwrap();
}

/// Files with the content that others would have: path, whose content, size.
pub(crate) fn see_as(ledger: &Ledger, files: &[(&str, &str, u64)]) {
    let root = root(ledger);
    let files = files.iter().map(|(path, content, size)| seen(root, path, content, *size));
    ledger.observe(files.collect()).unwrap();
}

/// A file is not there any more.
pub(crate) fn gone(ledger: &Ledger, path: &str) {
    let reader = ledger.reader().unwrap();
    let (id, image) = reader.image_at(format!("/p/{path}").as_bytes()).unwrap().unwrap();
    let file = reader.sighted(id, &image).unwrap();
    ledger.observe(vec![Observation::Missing { file, copies: Vec::new(), at: Timestamp(9) }]).unwrap();
}

pub(crate) fn walked(ledger: &Ledger) {
    let (root, from) = (root(ledger), ledger.reader().unwrap().last_image().unwrap());
    let walked = Observation::RootWalked { root, from, at: Timestamp(1), read_with: 1 };
    ledger.observe(vec![walked]).unwrap();
}

fn seen(root: RootId, path: &str, content: &str, size: u64) -> Observation {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let hash = content_of(content);
    Observation::Seen(Box::new(Seen {
        root,
        folder: RelPath::from_bytes(folder.as_bytes()),
        name: name.as_bytes().to_vec(),
        sighting: Sighting {
            size,
            inode: u64::from_le_bytes(*hash.first_chunk().unwrap()),
            modified: Timestamp(7),
            ..Sighting::default()
        },
        media: MediaKind::Image,
        fingerprint: Fingerprint(hash),
        pixel_width: 8,
        pixel_height: 8,
        text: Some(Arc::new(SharedText::new("a file's own text".to_owned(), Vec::new()))),
        holes: Vec::new(),
        rule_tags: Vec::new(),
        complaints: 0,
        note: Note::default(),
        elsewhere: Elsewhere::default(),
    }))
}

/// Sixteen bytes that differ for every path.
fn content_of(path: &str) -> [u8; 16] {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut bytes = [0; 16];
    for (nth, half) in bytes.chunks_exact_mut(8).enumerate() {
        let mut hasher = DefaultHasher::new();
        (nth, path).hash(&mut hasher);
        half.copy_from_slice(&hasher.finish().to_le_bytes());
    }
    bytes
}

fn tags(reader: &Reader, path: &str) -> Vec<String> {
    let (id, _) = reader.image_at(path.as_bytes()).unwrap().unwrap();
    reader.custom_tags_of(id).unwrap().into_iter().map(|(_, tag)| tag.name).collect()
}

fn state(reader: &Reader) -> State {
    let mut state = State { waiting: reader.n_pending().unwrap(), ..State::default() };
    for n in 1..=reader.last_image().unwrap().0 {
        let Some(image) = reader.image(ImageId(n)).unwrap() else { continue };
        let mut tags: Vec<String> =
            reader.custom_tags_of(ImageId(n)).unwrap().into_iter().map(|(_, tag)| tag.name).collect();
        tags.sort();
        let edit = reader.edit(ImageId(n)).unwrap().map(|_| reader.generation_text(&image).unwrap());
        if !tags.is_empty() || edit.is_some() {
            let path = String::from_utf8(reader.path_of(&image).unwrap()).unwrap();
            state.images.insert(path, (tags, edit));
        }
    }
    state.tags = reader.custom_tags().unwrap().into_iter().map(|(_, tag)| (tag.name, tag.color)).collect();
    state.settings = reader.settings().unwrap();
    for (path, entry) in reader.extra_paths().unwrap() {
        let types = entry.types.iter().map(|known| known.word()).collect();
        state.folders.insert(String::from_utf8(path).unwrap(), (types, entry.alias));
    }
    state
}
