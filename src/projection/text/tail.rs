//! Texts that are visible but not yet durable: a small list in memory that every search scans.
//!
//! A tail never changes; adding to it gives another that shares the texts. Refuses to know how
//! they become durable.

use lumidex_schema::id::TextId;
use std::sync::Arc;

/// A folded template and the text's id.
pub(super) type Entry = (TextId, Arc<str>);

/// Runs of entries, each sorted by id. A run is joined to the one before when it is not smaller,
/// so there are few and adding one text at a time stays cheap.
#[derive(Clone, Default)]
pub(super) struct Tail {
    runs: Vec<Arc<[Entry]>>,
    len: usize,
    weight: usize,
}

/// What a text counts for: one for every 1,024 bytes begun.
pub(super) fn weight((_, text): &Entry) -> usize {
    text.len() / 1024 + 1
}

impl Tail {
    /// This tail and these entries, whose ids are not in it and differ from each other.
    pub(super) fn with(&self, mut entries: Vec<Entry>) -> Self {
        if entries.is_empty() {
            return self.clone();
        }
        let weight = self.weight + entries.iter().map(weight).sum::<usize>();
        let mut tail = Self { runs: self.runs.clone(), len: self.len + entries.len(), weight };
        while let Some(run) = tail.runs.pop_if(|run| run.len() <= entries.len()) {
            entries.extend(run.iter().cloned());
        }
        entries.sort_unstable_by_key(|(id, _)| *id);
        tail.runs.push(entries.into());
        tail
    }

    /// The entries for which `keep` holds.
    pub(super) fn filtered(&self, keep: impl Fn(TextId) -> bool) -> Self {
        Self::default().with(self.iter().filter(|(id, _)| keep(*id)).cloned().collect())
    }

    /// Number of texts.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The weight of its texts.
    pub(super) fn weight(&self) -> usize {
        self.weight
    }

    /// The largest id, 0 when there is none.
    pub(super) fn last(&self) -> TextId {
        self.runs.iter().filter_map(|run| run.last()).map(|(id, _)| *id).max().unwrap_or_default()
    }

    pub(super) fn get(&self, id: TextId) -> Option<&str> {
        self.runs.iter().find_map(|run| {
            let nth = run.binary_search_by_key(&id, |(id, _)| *id).ok()?;
            Some(&*run[nth].1)
        })
    }

    /// Every entry, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.runs.iter().flat_map(|run| run.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_by_one_gives_few_runs_and_every_text_is_found() {
        let mut tail = Tail::default();
        for id in (0..1000u32).rev() {
            tail = tail.with(vec![(TextId(id), format!("{id}").into())]);
        }
        assert!(tail.runs.len() <= 10, "{}", tail.runs.len());
        assert_eq!((tail.len(), tail.iter().count(), tail.last()), (1000, 1000, TextId(999)));
        assert_eq!(tail.get(TextId(77)), Some("77"));
        assert_eq!(tail.get(TextId(1000)), None);
        assert_eq!(tail.filtered(|id| id.0 < 10).len(), 10);
    }
}
