//! Where each thumbnail is, in memory: some 24 bytes each.

use super::record::Span;
use crate::projection::thumbs::key::Key;
use hashbrown::HashTable;

/// Of a thumbnail. Of its key only half is kept; the whole stands in the record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    half: u64,
    pub(super) segment: u32,
    pub(super) span: Span,
    /// Asked for since it was written to its segment.
    is_used: bool,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Places {
    table: HashTable<Place>,
}

fn half(key: &Key) -> u64 {
    key.bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

impl Places {
    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn has(&self, key: &Key) -> bool {
        let half = half(key);
        self.table.find(half, |place| place.half == half).is_some()
    }

    /// Where it is, and that it was asked for.
    pub(super) fn ask(&mut self, key: &Key) -> Option<(u32, Span)> {
        let half = half(key);
        let place = self.table.find_mut(half, |place| place.half == half)?;
        place.is_used = true;
        Some((place.segment, place.span))
    }

    pub(super) fn put(&mut self, key: &Key, segment: u32, span: Span) {
        let place = Place { half: half(key), segment, span, is_used: false };
        match self.table.find_mut(place.half, |known| known.half == place.half) {
            Some(known) => *known = place,
            None => {
                self.table.insert_unique(place.half, place, |place| place.half);
            }
        }
    }

    /// Forgets it, if it is at this place.
    pub(super) fn forget(&mut self, key: &Key, segment: u32, span: Span) {
        let half = half(key);
        let is_it = |place: &Place| place.half == half && place.segment == segment && place.span == span;
        if let Ok(found) = self.table.find_entry(half, is_it) {
            found.remove();
        }
    }

    /// Forgets what is in a segment; those that were asked for come back.
    pub(super) fn drain(&mut self, segment: u32) -> Vec<Span> {
        let mut used = Vec::new();
        self.table.retain(|place| {
            if place.segment == segment && place.is_used {
                used.push(place.span);
            }
            place.segment != segment
        });
        self.table.shrink_to(self.table.len() * 2, |place| place.half);
        used
    }
}
