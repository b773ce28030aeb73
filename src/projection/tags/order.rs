//! Live images by (date, id), oldest first, with their text beside them.
//!
//! Searches walk it backwards, newest first, and stop when their page is full. The text stands
//! beside the id so that a walk over a million images reads memory in order.

use super::columns::Columns;
use lumidex_schema::id::{ImageId, Timestamp};
use roaring::RoaringBitmap;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Order {
    ids: Vec<u32>,
    texts: Vec<u32>,
}

impl Order {
    /// Every live image, oldest first.
    #[must_use]
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// The text of each image of [`Order::ids`].
    #[must_use]
    pub fn texts(&self) -> &[u32] {
        &self.texts
    }

    /// How many images are strictly older than this place, by (date, id).
    #[must_use]
    pub fn before(&self, columns: &Columns, date: Timestamp, id: ImageId) -> usize {
        self.ids.partition_point(|at| (columns.date(ImageId(*at)), *at) < (date, id.0))
    }

    /// From nothing.
    pub(super) fn sort(columns: &Columns, live: &RoaringBitmap) -> Self {
        let mut keyed: Vec<(i64, u32)> = live.iter().map(|id| (columns.date(ImageId(id)).0, id)).collect();
        keyed.sort_unstable();
        let ids: Vec<u32> = keyed.iter().map(|(_, id)| *id).collect();
        let texts = ids.iter().map(|id| columns.text(ImageId(*id)).0).collect();
        Self { ids, texts }
    }

    /// The order after some images went, and some came (again): `came` with the dates and texts
    /// they have from now on; `changed` holds all of both.
    pub(super) fn merged(
        &self,
        columns: &Columns,
        changed: &RoaringBitmap,
        mut came: Vec<(Timestamp, ImageId, u32)>,
    ) -> Self {
        came.sort_unstable_by_key(|(date, id, _)| (*date, *id));
        let len = self.ids.len() + came.len();
        let mut merged = Self { ids: Vec::with_capacity(len), texts: Vec::with_capacity(len) };
        let mut came = came.into_iter().peekable();
        // Ids are given in order, so what changed often lies beyond everything here: no look-ups.
        let first_changed = changed.min().unwrap_or(u32::MAX);
        for (id, text) in self.ids.iter().zip(&self.texts) {
            if *id >= first_changed && changed.contains(*id) {
                continue;
            }
            if let Some((next, _, _)) = came.peek()
                && *next <= columns.date(ImageId(*id))
            {
                let date = columns.date(ImageId(*id));
                while let Some((_, newcomer, text)) = came.next_if(|(d, i, _)| (*d, i.0) < (date, *id)) {
                    merged.push(newcomer.0, text);
                }
            }
            merged.push(*id, *text);
        }
        came.for_each(|(_, id, text)| merged.push(id.0, text));
        merged
    }

    fn push(&mut self, id: u32, text: u32) {
        self.ids.push(id);
        self.texts.push(text);
    }
}
