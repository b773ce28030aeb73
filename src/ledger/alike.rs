//! Which images have, or had, the same content: an index in memory from fingerprints to images.
//!
//! It only says where to look; whoever asks proves it against the records. So it may hold images that
//! moved on since, and of content that thousands of files share it need not hold all. It is filled
//! from a snapshot on first use, and grows with every commit.

use super::ReadError;
use super::reader::Reader;
use super::txn::Tables;
use hashbrown::HashTable;
use lumidex_schema::id::ImageId;
use lumidex_schema::record::{Fingerprint, Former, Image, Row, Sighting};
use parking_lot::{Condvar, Mutex, MutexGuard};
use redb::ReadableTable;
use std::sync::Arc;

/// Images kept for one fingerprint. Of more files with the same content, each is still found as the
/// file it is; which of them has gone where cannot be told by content anyway.
const ALIKE_MAX: usize = 64;

/// A part of the hash and an image: 8 bytes, because there is one for each image in memory.
type Entry = (u32, ImageId);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Alike {
    /// By fingerprint; the first [`ALIKE_MAX`] of each.
    by_content: HashTable<Entry>,
    /// By fingerprint, inode and birth time: the same file under another name.
    by_file: HashTable<Entry>,
}

impl Alike {
    /// Notes that an image has this content, in this file.
    pub(super) fn add(&mut self, fingerprint: &Fingerprint, sighting: &Sighting, image: ImageId) {
        if let Some(content) = hash_of_content(fingerprint) {
            insert(&mut self.by_content, (content, image));
        }
        if let Some(file) = hash_of_file(fingerprint, sighting) {
            insert(&mut self.by_file, (file, image));
        }
    }

    /// Forgets that an image has, or had, this content.
    fn remove(&mut self, fingerprint: &Fingerprint, sighting: &Sighting, image: ImageId) {
        for (table, hash) in [
            (&mut self.by_content, hash_of_content(fingerprint)),
            (&mut self.by_file, hash_of_file(fingerprint, sighting)),
        ] {
            let Some(hash) = hash else { continue };
            while let Ok(known) = table.find_entry(spread(hash), |entry| *entry == (hash, image)) {
                known.remove();
            }
        }
    }

    /// Images that may have this content, those that may be this very file first.
    pub(super) fn get(&self, fingerprint: &Fingerprint, sighting: &Sighting, found: &mut Vec<ImageId>) {
        let mut take = |table: &HashTable<Entry>, hash: Option<u32>| {
            let Some(hash) = hash else { return };
            for (known, image) in table.iter_hash(spread(hash)).take(2 * ALIKE_MAX) {
                if *known == hash && !found.contains(image) {
                    found.push(*image);
                }
            }
        };
        take(&self.by_file, hash_of_file(fingerprint, sighting));
        take(&self.by_content, hash_of_content(fingerprint));
    }

    fn take_in(&mut self, Changes { fresh, gone }: Changes) {
        fresh.by_content.into_iter().for_each(|entry| insert(&mut self.by_content, entry));
        fresh.by_file.into_iter().for_each(|entry| insert(&mut self.by_file, entry));
        for (image, fingerprint, sighting) in gone {
            self.remove(&fingerprint, &sighting, image);
        }
    }

    fn load(
        images: &impl ReadableTable<u32, &'static [u8]>,
        formers: &impl ReadableTable<u32, &'static [u8]>,
    ) -> Result<Self, ReadError> {
        let mut alike = Self::default();
        for entry in images.range::<u32>(..)? {
            let (id, row) = entry?;
            let image = Image::decode(row.value())?;
            alike.add(&image.fingerprint, &image.sighting, ImageId(id.value()));
        }
        for entry in formers.range::<u32>(..)? {
            let (id, row) = entry?;
            let former = Former::decode(row.value())?;
            alike.add(&former.fingerprint, &former.sighting, ImageId(id.value()));
        }
        Ok(alike)
    }
}

/// Once for each image, however often its file is seen: otherwise one that is touched again and again
/// would take the room of all others of its content.
fn insert(table: &mut HashTable<Entry>, entry: Entry) {
    let (mut n_alike, mut is_known) = (0, false);
    for known in table.iter_hash(spread(entry.0)).filter(|known| known.0 == entry.0) {
        (n_alike, is_known) = (n_alike + 1, is_known || known.1 == entry.1);
    }
    if n_alike < ALIKE_MAX && !is_known {
        table.insert_unique(spread(entry.0), entry, |(hash, _)| spread(*hash));
    }
}

/// Unreadable content is like no other.
fn hash_of_content(fingerprint: &Fingerprint) -> Option<u32> {
    if *fingerprint == Fingerprint::default() {
        return None;
    }
    let [a, b, c, d, ..] = fingerprint.0;
    Some(u32::from_le_bytes([a, b, c, d]))
}

fn hash_of_file(fingerprint: &Fingerprint, sighting: &Sighting) -> Option<u32> {
    let content = hash_of_content(fingerprint)?;
    let file = sighting.inode.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ sighting.created.0.unsigned_abs();
    let mixed = file.wrapping_mul(0xff51_afd7_ed55_8ccd) >> 32;
    (sighting.inode != 0).then_some(content ^ mixed as u32)
}

/// The table wants its bits at the top and at the bottom.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// What a transaction added, and the images it removed with what they have, or had.
#[derive(Debug, Default)]
struct Changes {
    fresh: Alike,
    gone: Vec<(ImageId, Fingerprint, Sighting)>,
}

#[derive(Debug, Default)]
enum State {
    /// Nobody asked yet.
    #[default]
    Empty,
    /// A reader fills it from a snapshot; what is committed meanwhile waits.
    Filling(Vec<Changes>),
    Filled(Alike),
}

/// What was committed, as everyone shares it. Nothing slow happens under its lock.
#[derive(Clone, Debug, Default)]
pub(super) struct SharedAlike {
    state: Arc<(Mutex<State>, Condvar)>,
}

impl SharedAlike {
    /// Images that may have this content, as of the last commit or later. Waits while it is filled.
    pub(super) fn get(
        &self,
        fingerprint: &Fingerprint,
        sighting: &Sighting,
        snapshot: impl Fn() -> Result<Reader, ReadError>,
    ) -> Result<Vec<ImageId>, ReadError> {
        let (state, filled) = &*self.state;
        let mut locked = state.lock();
        loop {
            match &mut *locked {
                State::Filled(alike) => {
                    let mut found = Vec::new();
                    alike.get(fingerprint, sighting, &mut found);
                    return Ok(found);
                }
                State::Filling(_) => filled.wait(&mut locked),
                // Commits wait from here on, so that the snapshot misses none.
                State::Empty => {
                    *locked = State::Filling(Vec::new());
                    let loaded = MutexGuard::unlocked(&mut locked, || snapshot()?.with_contents(Alike::load));
                    self.filled(&mut locked, loaded)?;
                }
            }
        }
    }

    /// Ends the filling; whoever waits goes on.
    fn filled(&self, state: &mut State, loaded: Result<Alike, ReadError>) -> Result<(), ReadError> {
        let outcome = match (std::mem::take(state), loaded) {
            (State::Filling(waiting), Ok(mut alike)) => {
                waiting.into_iter().for_each(|changes| alike.take_in(changes));
                *state = State::Filled(alike);
                Ok(())
            }
            (State::Filling(_), Err(error)) => Err(error),
            // The writer could not wait, and filled it itself.
            (done, _) => {
                *state = done;
                Ok(())
            }
        };
        self.state.1.notify_all();
        outcome
    }

    /// As [`SharedAlike::get`] for the writer, which waits for no reader: readers may wait for it.
    fn get_as_writer(
        &self,
        fingerprint: &Fingerprint,
        sighting: &Sighting,
        load: impl FnOnce() -> Result<Alike, ReadError>,
    ) -> Result<Vec<ImageId>, ReadError> {
        let mut found = Vec::new();
        let mut state = self.state.0.lock();
        if let State::Filled(alike) = &*state {
            alike.get(fingerprint, sighting, &mut found);
            return Ok(found);
        }
        let loaded = MutexGuard::unlocked(&mut state, load)?;
        loaded.get(fingerprint, sighting, &mut found);
        // Only the writer commits, so nothing was committed meanwhile.
        *state = State::Filled(loaded);
        self.state.1.notify_all();
        Ok(found)
    }
}

/// The writer's side: what is committed, and what its transaction adds.
#[derive(Debug, Default)]
pub(super) struct Alikes {
    shared: SharedAlike,
    changes: Changes,
}

impl Alikes {
    pub(super) fn new(shared: SharedAlike) -> Self {
        Self { shared, ..Self::default() }
    }

    /// See [`Alike::add`].
    pub(super) fn add(&mut self, image: ImageId, fingerprint: &Fingerprint, sighting: &Sighting) {
        self.changes.fresh.add(fingerprint, sighting, image);
    }

    /// Forgets, once the transaction is durable, that an image has, or had, this content.
    pub(super) fn remove(&mut self, image: ImageId, fingerprint: &Fingerprint, sighting: &Sighting) {
        self.changes.gone.push((image, *fingerprint, *sighting));
    }

    /// Images that may have this content, those of this transaction included.
    pub(super) fn get(
        &self,
        tables: &Tables<'_>,
        fingerprint: &Fingerprint,
        sighting: &Sighting,
    ) -> Result<Vec<ImageId>, ReadError> {
        let mut found = self
            .shared
            .get_as_writer(fingerprint, sighting, || Alike::load(&tables.images, &tables.formers))?;
        self.changes.fresh.get(fingerprint, sighting, &mut found);
        Ok(found)
    }

    /// The transaction is durable: everyone may know what it added. Before the first use there is
    /// nothing to add to; whoever fills the index will find it stored.
    pub(super) fn commit(&mut self) {
        let changes = std::mem::take(&mut self.changes);
        match &mut *self.shared.state.0.lock() {
            State::Empty => {}
            State::Filling(waiting) => waiting.push(changes),
            State::Filled(alike) => alike.take_in(changes),
        }
    }

    /// The transaction is lost.
    pub(super) fn forget(&mut self) {
        self.changes = Changes::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lumidex_schema::id::Timestamp;

    fn print(n: u32) -> Fingerprint {
        let mut bytes = [7; 16];
        bytes[..4].copy_from_slice(&n.to_le_bytes());
        Fingerprint(bytes)
    }

    fn file(inode: u64) -> Sighting {
        Sighting { inode, created: Timestamp(5), ..Sighting::default() }
    }

    fn get(alike: &Alike, content: u32, inode: u64) -> Vec<u32> {
        let mut found = Vec::new();
        alike.get(&print(content), &file(inode), &mut found);
        found.into_iter().map(|id| id.0).collect()
    }

    #[test]
    fn the_very_file_comes_first_and_is_found_among_any_number_of_equal_ones() {
        let mut alike = Alike::default();
        for id in 1..=5_000 {
            alike.add(&print(1), &file(u64::from(id)), ImageId(id));
        }
        alike.add(&print(2), &file(9), ImageId(9_000));
        let found = get(&alike, 1, 4_321);
        assert_eq!((found[0], found.len()), (4_321, 1 + ALIKE_MAX));
        assert_eq!(get(&alike, 2, 77), [9_000]);
        assert!(get(&alike, 3, 1).is_empty());
    }

    #[test]
    fn a_file_that_is_seen_often_takes_the_room_of_one() {
        let mut alike = Alike::default();
        for _ in 0..2 * ALIKE_MAX {
            alike.add(&print(1), &file(1), ImageId(1));
        }
        alike.add(&print(1), &file(2), ImageId(2));
        assert_eq!((alike.by_content.len(), alike.by_file.len()), (2, 2));
        assert_eq!(get(&alike, 1, 3), [1, 2], "a copy of it is found by its content");
    }

    #[test]
    fn what_was_removed_makes_room() {
        let mut alike = Alike::default();
        (1..=100).for_each(|id| alike.add(&print(1), &file(u64::from(id)), ImageId(id)));
        (1..=100).for_each(|id| alike.remove(&print(1), &file(u64::from(id)), ImageId(id)));
        assert!(get(&alike, 1, 50).is_empty());
        alike.add(&print(1), &file(7), ImageId(101));
        assert_eq!(get(&alike, 1, 7), [101]);
    }

    #[test]
    fn unreadable_content_is_like_no_other() {
        let mut alike = Alike::default();
        alike.add(&Fingerprint::default(), &file(1), ImageId(1));
        let mut found = Vec::new();
        alike.get(&Fingerprint::default(), &file(1), &mut found);
        assert!(found.is_empty());
    }
}
