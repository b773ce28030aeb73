//! Editions: all vectors of a model at one time, immutable, in a folder that a pointer file names.
//!
//! An edition is durable before the pointer names it, so a kill at any moment leaves the old one or the new.
//! Its graph comes later into the same folder, and the manifest that names it is replaced whole. Whatever is
//! not as its digest says makes the edition count as absent. Refuses to know how vectors are made.

use super::dots;
use super::files::{self, Writing, damaged, u32_at};
use super::graph::{Codes, Graph};
use super::pivots::Pivots;
use super::prompts::Prompts;
use crate::limits::vectors as limits;
use crate::sys::replace::replace_file_on;
use crate::sys::storage::Storage;
use lumidex_schema::format;
use lumidex_schema::id::PromptId;
use lumidex_schema::vectors::{self, File, Manifest, edition_name, edition_number};
use lumidex_topics::builtin::Model;
use parking_lot::RwLock;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use tantivy::directory::OwnedBytes;

/// Longest pointer or manifest that is read.
const MANIFEST_BYTES_MAX: u64 = 64 << 10;

/// An edition that was opened and proved.
pub(super) struct Edition {
    folder: PathBuf,
    manifest: Manifest,
    rows: Option<OwnedBytes>,
    vectors: OwnedBytes,
    pub(super) codes: Codes,
    pub(super) graph: Option<Graph>,
    /// Where searches of the graph begin.
    pub(super) pivots: Option<Pivots>,
    pub(super) model: Option<OwnedBytes>,
}

impl Edition {
    /// Opens the edition that is in force for a model; `Ok(None)` when there is none.
    ///
    /// # Errors
    /// When it is damaged, of another format or model, or made for other prompts.
    pub(super) fn open(home: &Path, model: &str, prompts: &Prompts) -> io::Result<Option<Self>> {
        let Some(name) = current(home)? else { return Ok(None) };
        let folder = home.join(&name);
        let manifest = read_small(&folder.join(vectors::MANIFEST))?;
        let manifest = Manifest::decode(&manifest).ok_or_else(|| damaged("a manifest is damaged"))?;
        if manifest.format != format::VECTORS.current || manifest.model != model {
            return Err(damaged("an edition is of another format or model"));
        }
        if prompts.digest(manifest.prompts).as_ref() != Some(&manifest.prompts_digest) {
            return Err(damaged("an edition was made for other prompts"));
        }
        Self::map(folder, manifest).map(Some)
    }

    fn map(folder: PathBuf, manifest: Manifest) -> io::Result<Self> {
        let (n, dim) = (manifest.rows as usize, manifest.dim as usize);
        let map = |name: &str| manifest.file(name).map(|file| files::map(&folder, file)).transpose();
        let needed = |name: &str| map(name)?.ok_or_else(|| damaged("an edition lacks a file"));
        let rows = map(vectors::ROWS)?;
        let found = needed(vectors::ROW_VECTORS)?;
        let codes = Codes::over(needed(vectors::CODES)?, n, dim);
        let codes = codes.ok_or_else(|| damaged("the codes of an edition are too few"))?;
        let has_room = n.checked_mul(dim).and_then(|numbers| numbers.checked_mul(4)) == Some(found.len());
        let are_rows = match &rows {
            None => manifest.rows == manifest.prompts,
            Some(rows) => {
                let mut list = rows.as_chunks::<4>().0.iter().map(|row| u32::from_le_bytes(*row));
                rows.len() == n * 4
                    && list.clone().is_sorted_by(|a, b| a < b)
                    && list.next_back().is_none_or(|last| last < manifest.prompts)
            }
        };
        if !has_room || !are_rows {
            return Err(damaged("the files of an edition do not fit together"));
        }
        let graph = map(vectors::GRAPH)?.map(|bytes| Graph::read(bytes, n)).transpose()?;
        let pivots = graph.as_ref().map(|graph| Pivots::of(&codes, graph.pivots()));
        let model = map(vectors::MODEL)?;
        Ok(Self { rows, vectors: found, codes, graph, pivots, model, folder, manifest })
    }

    /// Vectors in it.
    pub(super) fn len(&self) -> u32 {
        self.manifest.rows
    }

    pub(super) fn dim(&self) -> usize {
        self.manifest.dim as usize
    }

    /// The prompts it was made for are those below this.
    pub(super) fn prompts(&self) -> u32 {
        self.manifest.prompts
    }

    /// All vectors, as they lie in the file.
    pub(super) fn vectors(&self) -> &[u8] {
        &self.vectors
    }

    pub(super) fn prompt(&self, row: u32) -> PromptId {
        match &self.rows {
            None => PromptId(row),
            Some(rows) => PromptId(u32_at(rows, row as usize).unwrap_or(u32::MAX)),
        }
    }

    pub(super) fn row_of(&self, prompt: PromptId) -> Option<u32> {
        let Some(rows) = &self.rows else { return (prompt.0 < self.len()).then_some(prompt.0) };
        let (rows, _) = rows.as_chunks::<4>();
        rows.binary_search_by_key(&prompt.0, |row| u32::from_le_bytes(*row)).ok().map(|row| row as u32)
    }

    /// The vector of a row.
    pub(super) fn vector(&self, row: u32) -> Vec<f32> {
        let at = row as usize * self.dim() * 4;
        let bytes = self.vectors.get(at..at + self.dim() * 4).unwrap_or_default();
        bytes.as_chunks::<4>().0.iter().map(|value| f32::from_le_bytes(*value)).collect()
    }

    /// Whether it is large enough for a graph, and has none.
    pub(super) fn needs_graph(&self) -> bool {
        self.graph.is_none() && self.len() as usize >= limits::GRAPH_ROWS_MIN
    }

    /// Adds a graph. Others see it when they open the edition anew.
    pub(super) fn add_graph(&self, storage: &dyn Storage, graph: &[u8]) -> io::Result<()> {
        let path = self.folder.join(vectors::GRAPH);
        // One may be left of an attempt that was cut off: the manifest does not name it.
        match storage.remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let file = files::write(storage, &self.folder, vectors::GRAPH, graph)?;
        storage.sync_folder(&self.folder)?;
        let mut manifest = self.manifest.clone();
        manifest.files.retain(|known| known.name != vectors::GRAPH);
        manifest.files.push(file);
        put_manifest(storage, &self.folder, &manifest)
    }
}

/// What proving an edition came to, if it is not damaged.
pub(super) enum Proved {
    Sound,
    /// There is none.
    Absent,
    /// It was made for more prompts than there are.
    Ahead,
}

/// Proves the edition that is in force in a model's folder, whoever's it is.
pub(super) fn prove(home: &Path, prompts: &RwLock<Prompts>) -> io::Result<Proved> {
    let Some(name) = current(home)? else { return Ok(Proved::Absent) };
    let manifest = read_small(&home.join(&name).join(vectors::MANIFEST))?;
    let manifest = Manifest::decode(&manifest).ok_or_else(|| damaged("a manifest is damaged"))?;
    if manifest.prompts > prompts.read().len() {
        return Ok(Proved::Ahead);
    }
    let opened = Edition::open(home, &manifest.model, &prompts.read())?;
    if let Some(bytes) = opened.and_then(|edition| edition.model) {
        Model::decode(&bytes).map_err(io::Error::other)?;
    }
    Ok(Proved::Sound)
}

/// What the editions in force in a projection's folder say of themselves, whoever's they are.
#[must_use]
pub fn editions(dir: &Path) -> Vec<Manifest> {
    let homes = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let manifest = |home: PathBuf| {
        let name = current(&home).ok()??;
        Manifest::decode(&read_small(&home.join(name).join(vectors::MANIFEST)).ok()?)
    };
    let mut found: Vec<Manifest> = homes.filter(|home| home.is_dir()).filter_map(manifest).collect();
    found.sort_by(|a, b| a.model.cmp(&b.model));
    found
}

/// An edition in the making, row by row. Dropped before it is finished, its folder stays until [`clean`].
pub(super) struct Making<'s> {
    storage: &'s dyn Storage,
    home: PathBuf,
    name: String,
    manifest: Manifest,
    rows: Vec<u8>,
    is_dense: bool,
    scales: Vec<u8>,
    codes: Vec<u8>,
    vectors: Writing,
}

impl<'s> Making<'s> {
    /// Begins an edition beside the one that is in force.
    pub(super) fn begin(
        storage: &'s dyn Storage,
        home: &Path,
        model: &str,
        dim: usize,
        prompts: &Prompts,
    ) -> io::Result<Self> {
        storage.create_folders(home)?;
        let n = prompts.len();
        let next =
            list(home)?.iter().filter_map(|name| edition_number(name)).max().map_or(1, |last| last + 1);
        let name = edition_name(next);
        let folder = home.join(&name);
        storage.create_folders(&folder)?;
        let vectors = Writing::begin(storage, &folder, vectors::ROW_VECTORS)?;
        let manifest = Manifest {
            format: format::VECTORS.current,
            model: model.to_owned(),
            dim: u32::try_from(dim).map_err(io::Error::other)?,
            rows: 0,
            prompts: n,
            prompts_digest: prompts.digest(n).unwrap_or_default(),
            files: Vec::new(),
        };
        Ok(Self {
            storage,
            home: home.to_owned(),
            name,
            manifest,
            rows: Vec::new(),
            is_dense: true,
            scales: Vec::new(),
            codes: Vec::new(),
            vectors,
        })
    }

    /// Adds the vector of a prompt, normalised; prompts increase.
    pub(super) fn put(&mut self, prompt: PromptId, vector: &[f32]) -> io::Result<()> {
        debug_assert_eq!(vector.len(), self.manifest.dim as usize);
        self.is_dense &= prompt.0 == self.manifest.rows;
        self.rows.extend(prompt.0.to_le_bytes());
        let scale = dots::encode(vector, &mut self.codes);
        self.scales.extend(scale.to_le_bytes());
        self.manifest.rows += 1;
        let bytes: Vec<u8> = vector.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.vectors.put(&bytes)
    }

    /// Makes it durable and puts it in force.
    pub(super) fn finish(mut self, model: Option<&[u8]>) -> io::Result<()> {
        let folder = self.home.join(&self.name);
        let mut files = vec![self.vectors.finish()?];
        let mut codes = Writing::begin(self.storage, &folder, vectors::CODES)?;
        codes.put(&self.scales)?;
        codes.put(&self.codes)?;
        files.push(codes.finish()?);
        if !self.is_dense || self.manifest.rows != self.manifest.prompts {
            files.push(files::write(self.storage, &folder, vectors::ROWS, &self.rows)?);
        }
        if let Some(model) = model {
            files.push(files::write(self.storage, &folder, vectors::MODEL, model)?);
        }
        self.manifest.files = files;
        put_manifest(self.storage, &folder, &self.manifest)?;
        self.storage.sync_folder(&self.home)?;
        replace_file_on(self.storage, &self.home.join(vectors::CURRENT), self.name.as_bytes())
            .map_err(|error| error.source)
    }
}

fn put_manifest(storage: &dyn Storage, folder: &Path, manifest: &Manifest) -> io::Result<()> {
    let path = folder.join(vectors::MANIFEST);
    replace_file_on(storage, &path, manifest.encode().as_bytes()).map_err(|error| error.source)
}

/// Removes everything in a model's folder but the edition in force, and from that what it does not name. Maps
/// that searches still hold stay readable.
pub(super) fn clean(storage: &dyn Storage, home: &Path) -> io::Result<()> {
    let in_force = current(home).unwrap_or_default();
    for name in list(home)? {
        if in_force.as_ref() != Some(&name) && name != vectors::CURRENT {
            remove(storage, &home.join(name))?;
        }
    }
    let Some(folder) = in_force.map(|name| home.join(name)) else { return Ok(()) };
    let Ok(manifest) = read_small(&folder.join(vectors::MANIFEST)) else { return Ok(()) };
    let Some(manifest) = Manifest::decode(&manifest) else { return Ok(()) };
    let named: BTreeSet<&str> =
        manifest.files.iter().map(|File { name, .. }| name.as_str()).chain([vectors::MANIFEST]).collect();
    for name in list(&folder)? {
        if !named.contains(name.as_str()) {
            remove(storage, &folder.join(name))?;
        }
    }
    Ok(())
}

fn remove(storage: &dyn Storage, path: &Path) -> io::Result<()> {
    let is_folder = std::fs::symlink_metadata(path)?.is_dir();
    let removed = if is_folder { storage.remove_folder(path) } else { storage.remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The name of the edition in force.
fn current(home: &Path) -> io::Result<Option<String>> {
    let name = match read_small(&home.join(vectors::CURRENT)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read?,
    };
    let name = String::from_utf8(name).ok().filter(|name| edition_number(name).is_some());
    name.map(Some).ok_or_else(|| damaged("a pointer names no edition"))
}

fn read_small(path: &Path) -> io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let file = crate::sys::files::open(path).map_err(|error| error.source)?;
    file.take(MANIFEST_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn list(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry?.file_name().into_string().ok());
    }
    Ok(names)
}
