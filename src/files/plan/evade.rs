//! Finding a free name for files whose names are taken where they go: `a (1).png` for `a.png`.
//!
//! Files of one stem share a sidecar, so a group of files gets one number, and a stem is free only if no file
//! would get a sidecar there that is not its own.

use super::file::Group;
use super::{Aim, AtTaken, Destination, Planner};
use crate::files::place::{digest, join, name_of, on_disk};
use crate::files::problem::{Problem, Wrong};
use crate::files::siblings::media_of;
use crate::intake::beside::{sidecar_names, stem};
use lumidex_schema::media::MediaKind;
use lumidex_schema::operation::Step;

impl Planner<'_> {
    /// As [`Planner::steps_of`], to the first names that are free, where others than their own will do.
    pub(super) fn free_steps_of(
        &mut self,
        aim: &Aim,
        group: &Group,
        steps: &mut Vec<Step>,
    ) -> Result<(), Wrong> {
        let evading = match aim {
            Aim::Copy(destination) | Aim::Move(destination) => {
                (destination.at_taken == AtTaken::Evade).then_some(destination)
            }
            Aim::Rename(_) | Aim::Trash | Aim::Remove => None,
        };
        let Some((destination, first)) = evading.zip(group.files.first()) else {
            return self.steps_of(aim, group, 0, steps);
        };
        // Many files of one name must not each try all numbers.
        let wanted = digest(&destination.nth_place(first, 0));
        let mut nth = self.evaded.get(&wanted).map_or(0, |last| last.saturating_add(1));
        loop {
            self.go_on()?;
            let stem = Stem::of(destination, group, first, nth);
            let tried = match self.is_own(destination, &stem)? {
                true => self.steps_of(aim, group, nth, steps),
                false => Err(Problem::taken("it would get the sidecar of another file").into()),
            };
            match tried {
                Err(Wrong::Item(problem)) if problem.is_taken() && nth < u32::MAX => {
                    for step in steps.drain(..) {
                        self.claimed.remove(&digest(&step.to));
                    }
                    nth += 1;
                }
                tried => {
                    if tried.is_ok() {
                        self.stems.insert(digest(&join(&destination.folder, &stem.name)), stem.has_sidecar);
                        self.evaded.extend((nth > 0).then_some((wanted, nth)));
                    }
                    return tried;
                }
            }
        }
    }

    /// Whether a sidecar there would be that of the group alone.
    fn is_own(&mut self, destination: &Destination, stem: &Stem) -> Result<bool, Wrong> {
        if !stem.is_media {
            return Ok(true);
        }
        if let Some(has_sidecar) = self.stems.get(&digest(&join(&destination.folder, &stem.name))) {
            // Without sidecars, files of one stem have nothing to do with each other.
            return Ok(!has_sidecar && !stem.has_sidecar);
        }
        if !stem.has_sidecar {
            for (_, sidecar) in sidecar_names(&stem.name) {
                if self.tree().look(&on_disk(&join(&destination.folder, &sidecar)))?.is_some() {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        if self.tree().look_through(&on_disk(&destination.folder))?.is_none() {
            return Ok(true);
        }
        let listing = self.siblings.listing(self.tree(), &destination.folder)?;
        Ok(media_of(&listing, &stem.name).is_empty())
    }
}

/// What files would share there.
struct Stem {
    name: Vec<u8>,
    has_sidecar: bool,
    is_media: bool,
}

impl Stem {
    fn of(destination: &Destination, group: &Group, first: &[u8], nth: u32) -> Self {
        let place = destination.nth_place(first, nth);
        let name = name_of(&place);
        Self {
            name: stem(name).to_vec(),
            has_sidecar: !group.sidecars.is_empty(),
            is_media: MediaKind::of_name(name).is_some(),
        }
    }
}
