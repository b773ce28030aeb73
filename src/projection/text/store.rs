//! The files of the text index: opened and proved, committed, cleaned up.
//!
//! Trusts nothing on disk until it is proved: every file against its checksum, the manifest
//! against its digest, the documents against the arenas. Refuses to know the feed.

use super::arena::{self, Arena};
use super::directory::StoredDirectory;
use super::error::TextError;
use super::grams::Grams;
use super::segment::{Segment, Subjects};
use super::snapshot::Base;
use super::tail::Tail;
use super::words::Words;
use crate::sys::storage::Storage;
use lumidex_schema::checkpoint::Checkpoint;
use lumidex_schema::feed::Subject;
use lumidex_schema::id::TextId;
use lumidex_schema::text_index::{self, Fields, Manifest};
use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tantivy::directory::Directory;
use tantivy::index::SegmentId;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::tokenizer::TextAnalyzer;
use tantivy::{Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, TantivyDocument, Term};

/// Postings are gathered in this much memory, in bytes, before a segment is written. Larger ones
/// spare merges; the whole program has 800 MB at its peak.
const INDEXING_MEMORY_BYTES: usize = 96 << 20;

/// So many segments of like size are merged into one. Each segment costs a search some
/// microseconds per gram.
const MERGED_SEGMENTS: usize = 6;

/// Written by tantivy on the first file it makes.
const MANAGED: &str = ".managed.json";

/// The components every segment of this schema has; tantivy opens some only when they exist.
const COMPONENTS: [&str; 6] = ["term", "idx", "pos", "fast", "fieldnorm", "store"];

/// An open index.
pub(super) struct Store {
    dir: PathBuf,
    directory: StoredDirectory,
    index: Index,
    reader: IndexReader,
    fields: Fields,
    writer: Option<IndexWriter>,
    base: Arc<Base>,
    /// Folders and tags in the index.
    pub(super) keyed: BTreeSet<u64>,
    checkpoint: Option<Checkpoint>,
    next_arena: u64,
}

impl Store {
    /// Makes an empty index in a directory that holds none, or one that was never committed to.
    pub(super) fn create(storage: &Arc<dyn Storage>, dir: &Path) -> Result<Self, TextError> {
        let fail = |source| TextError::Index { dir: dir.to_owned(), source };
        let directory = StoredDirectory::open(storage, dir).map_err(|error| fail(error.into()))?;
        let (schema, _) = text_index::schema();
        // No field is stored, so there is nothing to compress and no thread to do it.
        let settings =
            IndexSettings { docstore_compress_dedicated_thread: false, ..IndexSettings::default() };
        let index = Index::create(directory.clone(), schema, settings).map_err(fail)?;
        let store = Self::attach(dir, directory, index, None).map_err(fail)?;
        // One may be left of a first commit that failed.
        store.remove_stray_arenas()?;
        Ok(store)
    }

    /// Opens what is in the directory; `Ok(None)` when there is no index.
    pub(super) fn open(storage: &Arc<dyn Storage>, dir: &Path) -> Result<Option<Self>, TextError> {
        let Some(directory) = Self::directory(storage, dir)? else { return Ok(None) };
        let Some(store) = Self::open_proved(dir, directory)? else { return Ok(None) };
        store.remove_stray_arenas()?;
        Ok(Some(store))
    }

    /// As [`Store::open`], to be looked at: nothing in the directory is changed.
    pub(super) fn open_as_it_stands(
        storage: &Arc<dyn Storage>,
        dir: &Path,
    ) -> Result<Option<Self>, TextError> {
        let Some(directory) = Self::directory(storage, dir)? else { return Ok(None) };
        directory.shut();
        Self::open_proved(dir, directory)
    }

    fn directory(storage: &Arc<dyn Storage>, dir: &Path) -> Result<Option<StoredDirectory>, TextError> {
        if !dir.is_dir() {
            return Ok(None);
        }
        let directory = StoredDirectory::open(storage, dir);
        directory.map(Some).map_err(|error| TextError::Index { dir: dir.to_owned(), source: error.into() })
    }

    fn open_proved(dir: &Path, directory: StoredDirectory) -> Result<Option<Self>, TextError> {
        let fail = |source| TextError::Index { dir: dir.to_owned(), source };
        let damaged = |what| TextError::Damaged { dir: dir.to_owned(), what };
        if !Index::exists(&directory).map_err(|error| fail(error.into()))? {
            return Ok(None);
        }
        if !dir.join(MANAGED).is_file() {
            return Err(damaged("its list of files is gone"));
        }
        let index = Index::open(directory.clone()).map_err(fail)?;
        if index.schema() != text_index::schema().0 {
            return Err(damaged("its fields are not those of this build"));
        }
        let metas = index.load_metas().map_err(fail)?;
        if metas.payload.is_none() && metas.segments.is_empty() {
            // Made, and never committed to.
            return Ok(None);
        }
        let Some(manifest) = metas.payload.as_deref().and_then(Manifest::decode) else {
            return Err(damaged("its manifest is gone or damaged"));
        };
        if manifest.opstamp != metas.opstamp {
            return Err(damaged("its manifest belongs to another commit"));
        }
        prove_files(&index).map_err(fail)?.map_err(damaged)?;
        let store = Self::attach(dir, directory, index, Some(&manifest)).map_err(fail)?;
        store.prove_documents(&manifest).map_err(damaged)?;
        Ok(Some(store))
    }

    fn attach(
        dir: &Path,
        directory: StoredDirectory,
        index: Index,
        manifest: Option<&Manifest>,
    ) -> tantivy::Result<Self> {
        let (_, fields) = text_index::schema();
        index.tokenizers().register(text_index::GRAMS, TextAnalyzer::from(Grams::default()));
        index.tokenizers().register(text_index::WORDS, TextAnalyzer::from(Words));
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let files = manifest.map_or(&[][..], |manifest| &manifest.arenas);
        let mut arenas: Vec<Arc<Arena>> = files
            .iter()
            .map(|file| Arena::open(&directory, file).map(Arc::new))
            .collect::<io::Result<_>>()?;
        arenas.sort_by_key(|arena| std::cmp::Reverse(arena.size_bytes()));
        let base = Arc::new(load(&reader, fields, &[], arenas)?);
        let keyed = base.segments.iter().flat_map(Segment::others).map(Subject::encode).collect();
        let next_arena = files.iter().filter_map(|file| number(&file.name)).max().map_or(0, |last| last + 1);
        Ok(Self {
            dir: dir.to_owned(),
            directory,
            index,
            reader,
            fields,
            writer: None,
            base,
            keyed,
            checkpoint: manifest.map(|manifest| manifest.checkpoint),
            next_arena,
        })
    }

    /// What the last commit says it followed.
    pub(super) fn checkpoint(&self) -> Option<Checkpoint> {
        self.checkpoint
    }

    pub(super) fn base(&self) -> &Arc<Base> {
        &self.base
    }

    pub(super) fn fields(&self) -> &Fields {
        &self.fields
    }

    pub(super) fn contains(&self, id: TextId) -> bool {
        self.base.arenas.iter().any(|arena| arena.contains(id))
    }

    /// The writer, begun when first needed: its thread and memory are not there at rest.
    fn writer(&mut self) -> Result<&IndexWriter, TextError> {
        if self.writer.is_none() {
            let options = IndexWriterOptions::builder()
                .memory_budget_per_thread(INDEXING_MEMORY_BYTES)
                .num_worker_threads(1)
                .num_merge_threads(1)
                .build();
            let writer = self.index.writer_with_options(options).map_err(|source| self.fail(source))?;
            let mut policy = LogMergePolicy::default();
            policy.set_min_num_segments(MERGED_SEGMENTS);
            writer.set_merge_policy(Box::new(policy));
            self.writer = Some(writer);
        }
        Ok(self.writer.as_ref().expect("it was set above"))
    }

    /// Ends the writer; documents not committed are lost.
    pub(super) fn end_writer(&mut self) {
        self.writer = None;
    }

    /// Adds a document to the next commit.
    pub(super) fn add(&mut self, document: TantivyDocument) -> Result<(), TextError> {
        let added = self.writer()?.add_document(document);
        added.map(drop).map_err(|source| self.fail(source))
    }

    /// Deletes in the next commit what was added before this with the term.
    pub(super) fn delete(&mut self, term: Term) -> Result<(), TextError> {
        self.writer()?.delete_term(term);
        Ok(())
    }

    /// Makes everything given to the writer durable, together with these new texts and the
    /// checkpoint. After an error the state on disk is the old or the new one: open it again.
    pub(super) fn commit(&mut self, tail: &Tail, checkpoint: Checkpoint) -> Result<(), TextError> {
        self.writer()?;
        let arenas = self.write_arena(tail)?;
        let n_texts: u64 = arenas.iter().map(|arena| u64::from(arena.len())).sum();
        let documents = n_texts + self.keyed.len() as u64;
        let files = arenas.iter().map(|arena| arena.file().clone()).collect();
        let mut manifest = Manifest { checkpoint, arenas: files, documents, opstamp: 0 };
        let writer = self.writer.as_mut().expect("the writer was begun above");
        let commit = || {
            let mut prepared = writer.prepare_commit()?;
            manifest.opstamp = prepared.opstamp();
            prepared.set_payload(&manifest.encode());
            // Syncs the directory, so the arena's name too, before it replaces `meta.json` ...
            prepared.commit()?;
            // ... and this makes that replacement durable, before what it replaced is removed.
            self.directory.sync_directory()?;
            self.reader.reload()?;
            load(&self.reader, self.fields, &self.base.segments, arenas)
        };
        let base = commit().map_err(|source| self.fail(source))?;
        self.base = Arc::new(base);
        self.checkpoint = Some(checkpoint);
        self.prove_documents(&manifest).map_err(|what| TextError::Damaged { dir: self.dir.clone(), what })?;
        self.remove_stray_arenas()
    }

    /// The arenas there will be: the old ones, and the new texts in one that takes up small ones.
    fn write_arena(&mut self, tail: &Tail) -> Result<Vec<Arc<Arena>>, TextError> {
        let mut arenas = self.base.arenas.clone();
        if tail.len() == 0 {
            return Ok(arenas);
        }
        let fresh_bytes = tail.iter().map(|(_, text)| text.len() + 12).sum();
        let small = arenas.split_off(arena::rewritten(&arenas, fresh_bytes));
        let mut texts: Vec<(TextId, &[u8])> = small.iter().flat_map(|arena| arena.iter()).collect();
        texts.extend(tail.iter().map(|(id, text)| (*id, text.as_bytes())));
        texts.sort_unstable_by_key(|(id, _)| *id);
        let name = format!("{}{:08}", arena::PREFIX, self.next_arena);
        self.next_arena += 1;
        let written = arena::write(&self.directory, &name, &texts);
        arenas.push(Arc::new(written.map_err(|source| self.file_error(&name, source))?));
        Ok(arenas)
    }

    /// Whether the documents are those the manifest counts and the arenas hold.
    fn prove_documents(&self, manifest: &Manifest) -> Result<(), &'static str> {
        let base = &self.base;
        if base.searcher.num_docs() != manifest.documents {
            return Err("its number of documents is not that of its manifest");
        }
        let n_texts: u64 = base.segments.iter().map(|segment| u64::from(segment.len())).sum();
        let in_arenas: u64 = base.arenas.iter().map(|arena| u64::from(arena.len())).sum();
        if n_texts != in_arenas || n_texts + self.keyed.len() as u64 != manifest.documents {
            return Err("its documents and its arenas differ in number");
        }
        Ok(())
    }

    /// Removes arenas of commits that were replaced or never came to be. Maps that snapshots
    /// still hold stay readable.
    fn remove_stray_arenas(&self) -> Result<(), TextError> {
        let stray = |name: &str| {
            name.starts_with(arena::PREFIX) && self.base.arenas.iter().all(|arena| arena.file().name != name)
        };
        for entry in std::fs::read_dir(&self.dir).map_err(|source| self.file_error("", source))? {
            let name = entry.map_err(|source| self.file_error("", source))?.file_name();
            if let Some(name) = name.to_str().filter(|name| stray(name)) {
                self.directory.remove_arena(name).map_err(|source| self.file_error(name, source))?;
            }
        }
        Ok(())
    }

    /// Waits for merges, unless something failed, and lets go of the directory.
    pub(super) fn close(mut self) {
        if let Some(writer) = self.writer.take()
            && let Err(error) = writer.wait_merging_threads()
        {
            tracing::debug!(%error, "merging text segments ended early");
        }
    }

    fn fail(&self, source: tantivy::TantivyError) -> TextError {
        TextError::Index { dir: self.dir.clone(), source }
    }

    fn file_error(&self, name: &str, source: io::Error) -> TextError {
        TextError::File { path: self.dir.join(name), source }
    }
}

impl Drop for Store {
    /// Merges that could not be waited for go on in threads of their own.
    fn drop(&mut self) {
        self.directory.shut();
    }
}

/// Opens the segments of the reader's state, taking over what is known of those among `known`.
fn load(
    reader: &IndexReader,
    fields: Fields,
    known: &[Segment],
    arenas: Vec<Arc<Arena>>,
) -> tantivy::Result<Base> {
    let searcher = reader.searcher();
    let known: HashMap<SegmentId, &Arc<Subjects>> =
        known.iter().map(|segment| (segment.reader().segment_id(), segment.subjects())).collect();
    let open = |reader| {
        let subjects = match known.get(&tantivy::SegmentReader::segment_id(reader)) {
            Some(subjects) => Arc::clone(subjects),
            None => Arc::new(Subjects::read(reader)?),
        };
        Segment::open(reader, &fields, subjects)
    };
    let segments = searcher.segment_readers().iter().map(open).collect::<tantivy::Result<Vec<_>>>()?;
    Ok(Base { searcher, fields, segments, arenas })
}

/// Whether every file of the index is there and has the checksum it was written with. Done here
/// because tantivy's own check passes over files that are missing from its list of files.
pub(super) fn prove_files(index: &Index) -> tantivy::Result<Result<(), &'static str>> {
    for meta in index.searchable_segment_metas()? {
        let mut names: Vec<String> =
            COMPONENTS.iter().map(|extension| format!("{}.{extension}", meta.id().uuid_string())).collect();
        if let Some(opstamp) = meta.delete_opstamp() {
            names.push(format!("{}.{opstamp}.del", meta.id().uuid_string()));
        }
        for name in names {
            match index.directory().validate_checksum(Path::new(&name)) {
                Ok(true) => {}
                Ok(false) => return Ok(Err("a file of it has another checksum")),
                Err(_) => return Ok(Err("a file of it is missing or cut")),
            }
        }
    }
    Ok(Ok(()))
}

fn number(arena: &str) -> Option<u64> {
    arena.strip_prefix(arena::PREFIX)?.parse().ok()
}
