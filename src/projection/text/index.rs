//! The writing side of the text index: takes distinct texts, folders and tag names, makes them
//! visible at once and durable when told to.
//!
//! What is visible but not durable stands in a tail in memory, from which the index is refilled
//! when a commit fails. Refuses to know the ledger; the projection reads it.

use super::error::TextError;
use super::snapshot::{Base, Snapshot, TextReader};
use super::store::Store;
use super::tail::{self, Entry, Tail};
use super::words;
use crate::sys::storage::{Disk, Storage};
use lumidex_schema::checkpoint::{Checkpoint, StartEmpty};
use lumidex_schema::feed::Subject;
use lumidex_schema::fold::fold;
use lumidex_schema::id::{FolderId, Seq, TagId, TextId};
use parking_lot::RwLock;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tantivy::{TantivyDocument, Term};

/// Names the segments; without it there is no index.
const META: &str = "meta.json";

/// The text index, open for writing. One owner; readers are had by [`TextIndex::reader`].
pub struct TextIndex {
    storage: Arc<dyn Storage>,
    dir: PathBuf,
    /// `None` while there is nothing usable in the directory, or after a failed commit.
    store: Option<Store>,
    /// What is durable, for searches; survives the store.
    base: Option<Arc<Base>>,
    reader: TextReader,
    /// Visible, not durable.
    tail: Tail,
    /// Added since the last `publish`.
    fresh: Vec<Entry>,
    fresh_ids: BTreeSet<TextId>,
    /// Folders and tags changed since the last commit; `None` is a tag taken away.
    keyed: BTreeMap<u64, Option<String>>,
}

impl TextIndex {
    /// Opens what is in the directory, which need not exist. With an index that is absent,
    /// damaged or foreign it answers why, stays empty, and touches nothing until
    /// [`TextIndex::start_empty`].
    pub fn open(dir: &Path) -> (Self, Result<Checkpoint, StartEmpty>) {
        Self::open_on(Disk::shared(), dir)
    }

    /// As [`TextIndex::open`], on this storage.
    pub fn open_on(storage: Arc<dyn Storage>, dir: &Path) -> (Self, Result<Checkpoint, StartEmpty>) {
        let empty = Snapshot::compose(None, Tail::default(), Seq::ZERO);
        let reader = TextReader { current: Arc::new(RwLock::new(empty)) };
        let mut index = Self {
            storage,
            dir: dir.to_owned(),
            store: None,
            base: None,
            reader,
            tail: Tail::default(),
            fresh: Vec::new(),
            fresh_ids: BTreeSet::new(),
            keyed: BTreeMap::new(),
        };
        let found = match open_fenced(&index.storage, dir) {
            Ok(Some(store)) => store.checkpoint().map(|checkpoint| (store, checkpoint)),
            Ok(None) => None,
            Err(error) => {
                tracing::info!(error = &error as &dyn std::error::Error, "text index cannot be used");
                return (index, Err(StartEmpty::Unreadable));
            }
        };
        let Some((store, checkpoint)) = found else { return (index, Err(StartEmpty::Absent)) };
        index.base = Some(Arc::clone(store.base()));
        index.store = Some(store);
        index.show(checkpoint.applied);
        (index, Ok(checkpoint))
    }

    /// Gives readers.
    #[must_use]
    pub fn reader(&self) -> TextReader {
        self.reader.clone()
    }

    /// Throws everything away and begins anew in the same directory.
    ///
    /// # Errors
    /// The directory cannot be emptied or written.
    pub fn start_empty(&mut self) -> Result<(), TextError> {
        self.release();
        self.base = None;
        self.tail = Tail::default();
        self.fresh.clear();
        self.fresh_ids.clear();
        self.keyed.clear();
        self.show(Seq::ZERO);
        let fail = |source| TextError::File { path: self.dir.clone(), source };
        // What makes it an index goes first: cut off anywhere, there is none, and never half of one.
        let removed = self.storage.remove_file(&self.dir.join(META));
        for removed in [removed, self.storage.remove_folder(&self.dir)] {
            match removed {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(fail(error)),
                Ok(()) | Err(_) => {}
            }
        }
        self.storage.create_folders(&self.dir).map_err(fail)?;
        self.store = Some(Store::create(&self.storage, &self.dir)?);
        Ok(())
    }

    /// Whether the text is there already, visible or not.
    #[must_use]
    pub fn contains(&self, id: TextId) -> bool {
        let durable = self.base.iter().flat_map(|base| &base.arenas);
        self.fresh_ids.contains(&id)
            || self.tail.get(id).is_some()
            || durable.rev().any(|arena| arena.contains(id))
    }

    /// Adds a text, unless it is there already: texts never change.
    ///
    /// # Errors
    /// The index cannot be written.
    pub fn add_text(&mut self, id: TextId, template: &str) -> Result<(), TextError> {
        self.ready()?;
        if self.contains(id) {
            return Ok(());
        }
        self.fresh_ids.insert(id);
        let folded: Arc<str> = fold(template).into();
        let result = self.store.as_mut().map_or(Ok(()), |store| add_text(store, id, &folded));
        self.fresh.push((id, folded));
        result.map_err(|error| self.broken(error))
    }

    /// Adds a folder or gives it another path: absolute, as shown.
    ///
    /// # Errors
    /// The index cannot be written.
    pub fn put_folder(&mut self, id: FolderId, path: &str) -> Result<(), TextError> {
        self.put(Subject::Folder(id), Some(fold(path)))
    }

    /// Takes a folder away.
    ///
    /// # Errors
    /// The index cannot be written.
    pub fn remove_folder(&mut self, id: FolderId) -> Result<(), TextError> {
        self.put(Subject::Folder(id), None)
    }

    /// Adds a tag name or replaces it.
    ///
    /// # Errors
    /// The index cannot be written.
    pub fn put_tag(&mut self, id: TagId, name: &str) -> Result<(), TextError> {
        self.put(Subject::Tag(id), Some(fold(name)))
    }

    /// Takes a tag name away.
    ///
    /// # Errors
    /// The index cannot be written.
    pub fn remove_tag(&mut self, id: TagId) -> Result<(), TextError> {
        self.put(Subject::Tag(id), None)
    }

    /// Makes everything added so far visible, as the state at this number of the feed.
    pub fn publish(&mut self, visible: Seq) {
        self.fresh_ids.clear();
        self.tail = self.tail.with(std::mem::take(&mut self.fresh));
        self.show(visible);
    }

    /// Makes everything added so far visible and durable, with the checkpoint.
    ///
    /// # Errors
    /// The index cannot be written. Nothing is lost: what is visible stays so, and the next call
    /// tries again.
    pub fn commit(&mut self, checkpoint: Checkpoint) -> Result<(), TextError> {
        self.publish(checkpoint.applied);
        let tail = self.tail.clone();
        self.ready()?;
        let store = self.store.as_mut();
        let committed = fenced(&self.dir, || store.map_or(Ok(()), |store| store.commit(&tail, checkpoint)));
        if let Err(error) = committed {
            return Err(self.broken(error));
        }
        self.base = self.store.as_ref().map(|store| Arc::clone(store.base()));
        self.tail = Tail::default();
        self.keyed.clear();
        self.show(checkpoint.applied);
        Ok(())
    }

    /// How much has changed since the last commit: folders and tags, and texts, each once for
    /// every 1,024 bytes begun.
    #[must_use]
    pub fn pending(&self) -> usize {
        let fresh: usize = self.fresh.iter().map(tail::weight).sum();
        self.tail.weight() + fresh + self.keyed.len()
    }

    /// Ends the writer with its threads and buffers; the next change begins another. A merge that
    /// goes on is given up, and planned again with the next commit.
    pub fn rest(&mut self) {
        if self.pending() == 0
            && let Some(store) = &mut self.store
        {
            store.end_writer();
        }
    }

    fn put(&mut self, subject: Subject, words: Option<String>) -> Result<(), TextError> {
        let key = subject.encode();
        self.ready()?;
        let result = self.store.as_mut().map_or(Ok(()), |store| put(store, key, words.as_deref()));
        self.keyed.insert(key, words);
        result.map_err(|error| self.broken(error))
    }

    /// The store, opened again after a failure and given what it had not made durable.
    fn ready(&mut self) -> Result<&mut Store, TextError> {
        if self.store.is_none() {
            let store = match open_fenced(&self.storage, &self.dir)? {
                Some(store) => store,
                None if self.base.as_ref().is_some_and(|base| !base.segments.is_empty()) => {
                    return Err(TextError::Damaged { dir: self.dir.clone(), what: "its files are gone" });
                }
                None => {
                    self.storage
                        .create_folders(&self.dir)
                        .map_err(|source| TextError::File { path: self.dir.clone(), source })?;
                    Store::create(&self.storage, &self.dir)?
                }
            };
            self.refill(store)?;
        }
        Ok(self.store.as_mut().expect("it was set above"))
    }

    fn refill(&mut self, mut store: Store) -> Result<(), TextError> {
        self.tail = self.tail.filtered(|id| !store.contains(id));
        self.fresh.retain(|(id, _)| !store.contains(*id));
        for (id, folded) in self.tail.iter().chain(&self.fresh) {
            add_text(&mut store, *id, folded)?;
        }
        for (key, words) in &self.keyed {
            put(&mut store, *key, words.as_deref())?;
        }
        self.base = Some(Arc::clone(store.base()));
        self.store = Some(store);
        let visible = self.reader.current.read().visible;
        self.show(visible);
        Ok(())
    }

    /// Lets go of a store that failed; what it had made durable stays searchable.
    fn broken(&mut self, error: TextError) -> TextError {
        self.release();
        error
    }

    fn release(&mut self) {
        if let Some(store) = self.store.take() {
            store.close();
        }
    }

    fn show(&mut self, visible: Seq) {
        *self.reader.current.write() = Snapshot::compose(self.base.clone(), self.tail.clone(), visible);
    }
}

impl Drop for TextIndex {
    fn drop(&mut self) {
        self.release();
    }
}

fn open_fenced(storage: &Arc<dyn Storage>, dir: &Path) -> Result<Option<Store>, TextError> {
    fenced(dir, || Store::open(storage, dir))
}

/// Damage that makes tantivy panic is damage like any other; what was being done is given up.
fn fenced<T>(dir: &Path, work: impl FnOnce() -> Result<T, TextError>) -> Result<T, TextError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(TextError::Damaged { dir: dir.to_owned(), what: "tantivy panicked over it" }))
}

fn add_text(store: &mut Store, id: TextId, folded: &str) -> Result<(), TextError> {
    let fields = *store.fields();
    let (prompt, negative) = words::parts(folded);
    let mut document = TantivyDocument::new();
    document.add_u64(fields.subject, Subject::Text(id).encode());
    document.add_text(fields.grams, folded);
    document.add_text(fields.prompt, prompt);
    if !negative.is_empty() {
        document.add_text(fields.negative, negative);
    }
    store.add(document)
}

/// Replaces what the index has of a folder or tag by these words, or by nothing.
fn put(store: &mut Store, key: u64, words: Option<&str>) -> Result<(), TextError> {
    let fields = *store.fields();
    if store.keyed.contains(&key) {
        store.delete(Term::from_field_u64(fields.key, key))?;
        store.keyed.remove(&key);
    }
    let Some(words) = words else { return Ok(()) };
    let field = match Subject::decode(key) {
        Some(Subject::Folder(_)) => fields.path,
        Some(Subject::Tag(_)) => fields.tag,
        Some(Subject::Image(_) | Subject::Text(_)) | None => return Ok(()),
    };
    let mut document = TantivyDocument::new();
    document.add_u64(fields.subject, key);
    document.add_u64(fields.key, key);
    document.add_text(field, words);
    store.add(document)?;
    store.keyed.insert(key);
    Ok(())
}
