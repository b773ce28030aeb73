//! Topics that are kept, and whether they are still what would be found.

use super::ask::{Scope, TopicsAsk};
use super::error::TopicsError;
use super::items::Items;
use super::kept::{TopicSet, VectorsMark};
use super::room::{Inner, Topics};
use crate::sys::paths;
use lumidex_schema::id::Timestamp;
use std::sync::Arc;

/// Topics that are kept, and whether they are still what would be found.
#[derive(Clone, Debug, PartialEq)]
pub struct Cached {
    /// What the answer is kept under.
    pub key: String,
    /// The answer.
    pub set: Option<Arc<TopicSet>>,
    /// The first folder that changed since.
    pub folder: Option<FolderChange>,
    /// The vectors there are now.
    pub vectors: VectorsMark,
    /// Whether they are others than then.
    pub vectors_changed: bool,
}

/// A folder that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderChange {
    /// `folder_not_indexed`, `folder_missing` or `folder_modified_date_changed`.
    pub reason: &'static str,
    /// Which, absolute.
    pub folder: Vec<u8>,
    /// When it had changed last.
    pub stored: Option<Timestamp>,
    /// When it has.
    pub current: Option<Timestamp>,
}

impl Topics {
    /// What is kept for this, without finding anything.
    ///
    /// # Errors
    /// [`TopicsError`].
    pub fn cached(&self, ask: &TopicsAsk) -> Result<Cached, TopicsError> {
        let ask = ask.clone().clamped();
        let inner = &self.inner;
        let (key, embedder) = (inner.key(&ask)?, inner.embedder(ask.embedding.model.as_deref())?);
        let set = inner.sets.get(&key);
        let items = Items::of(inner, &ask.scope)?;
        let vectors = items.mark(inner, &embedder, &*inner.parts.vectors.space(embedder.name())?)?;
        let vectors_changed = set.as_ref().is_some_and(|set| set.vectors != vectors);
        let times = set.as_ref().map(|set| set.folder_times.clone()).unwrap_or_default();
        let folder = inner.folder_change(&ask.scope, set.is_some().then_some(times.as_slice()))?;
        Ok(Cached { key, set, folder, vectors, vectors_changed })
    }
}

impl Inner {
    /// The first folder that is not as it was; without times, as if nothing were known.
    fn folder_change(
        &self,
        scope: &Scope,
        stored: Option<&[Option<Timestamp>]>,
    ) -> Result<Option<FolderChange>, TopicsError> {
        let reader = self.parts.ledger.reader()?;
        let roots = reader.roots()?;
        for (nth, folder) in scope.folders.iter().enumerate() {
            let is_indexed = roots.iter().any(|(_, root)| {
                !root.retired
                    && root.walked.is_some()
                    && lumidex_schema::path::below(folder, &root.path).is_some()
            });
            let then = stored.and_then(|times| times.get(nth).copied().flatten());
            let now = changed(folder);
            let reason = match (is_indexed, now) {
                (_, None) => "folder_missing",
                (false, Some(_)) => "folder_not_indexed",
                (true, now) if stored.is_some() && now != then => "folder_modified_date_changed",
                _ => continue,
            };
            return Ok(Some(FolderChange { reason, folder: folder.clone(), stored: then, current: now }));
        }
        Ok(None)
    }
}

/// When something of a folder changed last; `None` when it is not there.
pub(super) fn changed(folder: &[u8]) -> Option<Timestamp> {
    let modified = std::fs::metadata(paths::from_bytes(folder)).ok()?.modified().ok()?;
    let since = modified.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Some(Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)))
}
