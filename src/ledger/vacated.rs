//! Places that operations took files from a moment ago. A walk or an event may have looked there before,
//! and tell it after: then the image would get a double at its old place, and what a person does to what
//! stands there by name would be done to the double. In memory only, as is what was looked at.
//!
//! What somebody else put back there was looked at since, and counts.

use super::ReadError;
use super::intern::Interned;
use super::observe::Seen;
use super::txn::Tables;
use crate::limits;
use lumidex_schema::id::RootId;
use lumidex_schema::path::RelPath;
use lumidex_schema::record::{Presence, Sighting};
use std::collections::HashMap;
use std::time::Instant;

/// A name in a folder of a root.
pub(super) type Spot = (RootId, RelPath, Vec<u8>);

/// See the top of the file.
#[derive(Default)]
pub(super) struct Vacated {
    /// What was there, and when the ledger was told that it is there no more.
    files: HashMap<Spot, ([Sighting; 2], Instant)>,
    /// Folders that moved with all in them.
    folders: HashMap<(RootId, RelPath), Instant>,
}

impl Vacated {
    /// A file that looked like either of these has left.
    pub(super) fn leave(&mut self, place: Spot, sightings: [Sighting; 2]) {
        self.make_room();
        self.files.insert(place, (sightings, Instant::now()));
    }

    /// A folder has left.
    pub(super) fn leave_folder(&mut self, place: (RootId, RelPath)) {
        self.make_room();
        self.folders.insert(place, Instant::now());
    }

    /// An operation brought a file there.
    pub(super) fn arrive(&mut self, place: &Spot) {
        self.files.remove(place);
    }

    /// What is known may be wrong.
    pub(super) fn forget(&mut self) {
        self.files.clear();
        self.folders.clear();
    }

    fn make_room(&mut self) {
        if self.files.len() + self.folders.len() < limits::VACATED_MAX {
            return;
        }
        let is_young = |at: &Instant| at.elapsed() < limits::VACATED_FOR;
        self.files.retain(|_, (_, at)| is_young(at));
        self.folders.retain(|_, at| is_young(at));
        if self.files.len() + self.folders.len() >= limits::VACATED_MAX {
            self.forget();
        }
    }

    fn has_left(&self, seen: &Seen, looked: Instant) -> bool {
        let place = (seen.root, seen.folder.clone(), seen.name.clone());
        self.files.get(&place).is_some_and(|(sightings, at)| {
            looked < *at && sightings.iter().any(|left| left.is_same_file(&seen.sighting))
        })
    }

    fn has_left_with_folder(&self, seen: &Seen, looked: Instant) -> bool {
        let mut above = std::iter::successors(Some(seen.folder.clone()), RelPath::parent);
        !self.folders.is_empty()
            && above.any(|folder| self.folders.get(&(seen.root, folder)).is_some_and(|at| looked < *at))
    }
}

/// Whether what was seen was looked at before an operation took it away.
pub(super) fn is_late(tables: &Tables<'_>, interned: &Interned, seen: &Seen) -> Result<bool, ReadError> {
    let Some(looked) = seen.elsewhere.looked else { return Ok(false) };
    if interned.vacated.has_left(seen, looked) {
        return Ok(true);
    }
    if !interned.vacated.has_left_with_folder(seen, looked) {
        return Ok(false);
    }
    // The folder's new place has it; whatever else was there is not known to have gone.
    for id in interned.alikes.get(tables, &seen.fingerprint, &seen.sighting)? {
        let image = tables.image(id)?.filter(|image| image.presence == Presence::Present);
        if image.is_some_and(|image| image.sighting.is_same_file(&seen.sighting)) {
            return Ok(true);
        }
    }
    Ok(false)
}
