//! What an operation left somewhere may have gone away since and been brought back: from another disk as
//! another file, as a copy that was taken away and made anew, or as a folder that was made again. To the file system it is not the same, to who undoes
//! the operation it is. The journals of later operations say where each thing went and what it became;
//! nothing is guessed by looks.

use super::Planner;
use crate::files::WishError;
use crate::files::place::digest;
use crate::ledger::{ReadError, Reader};
use crate::limits::files as limits;
use crate::sys::tree::{Kind, Look};
use lumidex_schema::id::Seq;
use lumidex_schema::operation::{Act, OperationKind, Step, StepState};
use lumidex_schema::path;
use lumidex_schema::record::Sighting;
use std::collections::HashMap;

/// What some steps of an operation left, and what has become of it.
pub(super) struct Returned {
    /// The first of the steps.
    from: u32,
    /// By digests of where things are now.
    things: HashMap<u128, Vec<Thing>>,
}

struct Thing {
    /// A digest of where it was left, and what it was there.
    left: (u128, Sighting),
    kind: Kind,
    place: Vec<u8>,
    now: Now,
}

/// What a thing is now.
#[derive(Clone, Copy)]
enum Now {
    There(Sighting),
    /// Until that operation is undone.
    RemovedBy(Seq),
}

/// An operation after the one that is asked about.
#[derive(Clone, Copy)]
struct Later {
    number: Seq,
    /// The operation that it undid.
    undid: Option<Seq>,
}

impl Planner<'_> {
    /// Whether what is seen at a place is what a step of operation `of`, the `nth`, left there, be it that
    /// it went away since and was brought back.
    pub(super) fn is_still_of(
        &mut self,
        (of, nth): (Seq, u32),
        path: &[u8],
        look: &Look,
        left: &Sighting,
    ) -> Result<bool, WishError> {
        if look.is_still(left) {
            return Ok(true);
        }
        if self.returned.as_ref().is_none_or(|returned| nth < returned.from) {
            self.returned = Some(Returned::read(&self.reader, of, nth)?);
        }
        let now = self.returned.as_ref().and_then(|returned| returned.at(path, left));
        Ok(now.is_some_and(|now| look.is_still(now)))
    }
}

impl Returned {
    /// Of the steps of an operation up to this one, some.
    fn read(reader: &Reader, of: Seq, nth: u32) -> Result<Self, ReadError> {
        let n = u32::try_from(limits::STEPS_FOLLOWED_AT_ONCE).unwrap_or(u32::MAX);
        let from = nth.saturating_sub(n - 1);
        let mut returned = Self { from, things: HashMap::new() };
        each_done(reader, of, from..=nth, |step| {
            let folder = matches!(step.act, Act::MakeFolder | Act::MoveFolder);
            let kind = if folder { Kind::Folder } else { Kind::File };
            if let Some(after) = step.after {
                returned.leave(&step.to, kind, after);
            }
            if let Some(original) = step.before.filter(|_| step.act == Act::CopyFile) {
                returned.leave(&step.from, kind, original);
            }
        })?;
        for later in later(reader, of)? {
            each_done(reader, later.number, 0..=u32::MAX, |step| returned.follow(&step, later))?;
        }
        Ok(returned)
    }

    fn leave(&mut self, place: &[u8], kind: Kind, sighting: Sighting) {
        let (left, now) = ((digest(place), sighting), Now::There(sighting));
        self.put(Thing { left, kind, place: place.to_vec(), now });
    }

    fn put(&mut self, thing: Thing) {
        self.things.entry(digest(&thing.place)).or_default().push(thing);
    }

    fn follow(&mut self, step: &Step, Later { number, undid }: Later) {
        match step.act {
            Act::MoveFile => self.file_moved(step),
            Act::MoveFolder => self.folder_moved(&step.from, &step.to),
            Act::RemoveFile => {
                for file in self.at_mut(Kind::File, &step.from).filter(|file| file.is_what(step.before)) {
                    file.now = Now::RemovedBy(number);
                }
            }
            Act::RemoveFolder => {
                for folder in self.at_mut(Kind::Folder, &step.from) {
                    folder.now = Now::RemovedBy(number);
                }
            }
            Act::CopyFile => self.made_again(Kind::File, step, undid),
            Act::MakeFolder => self.made_again(Kind::Folder, step, undid),
        }
    }

    /// As it was before it was removed, and not just one of that name.
    fn made_again(&mut self, kind: Kind, step: &Step, undid: Option<Seq>) {
        let (Some(undid), Some(after)) = (undid, step.after) else { return };
        for thing in self.at_mut(kind, &step.to) {
            if matches!(thing.now, Now::RemovedBy(by) if by == undid) {
                thing.now = Now::There(after);
            }
        }
    }

    fn file_moved(&mut self, step: &Step) {
        let (Some(things), Some(after)) = (self.things.get_mut(&digest(&step.from)), step.after) else {
            return;
        };
        for thing in things.extract_if(.., |thing| thing.is_what(step.before)).collect::<Vec<_>>() {
            self.put(Thing { place: step.to.clone(), now: Now::There(after), ..thing });
        }
    }

    fn folder_moved(&mut self, from: &[u8], to: &[u8]) {
        let mut moved = Vec::new();
        for things in self.things.values_mut() {
            moved.extend(things.extract_if(.., |thing| path::below(&thing.place, from).is_some()));
        }
        for thing in moved {
            let rest = path::below(&thing.place, from).unwrap_or_default();
            let place = path::absolute(to, rest, b"");
            self.put(Thing { place, ..thing });
        }
    }

    fn at_mut(&mut self, kind: Kind, place: &[u8]) -> impl Iterator<Item = &mut Thing> {
        let things = self.things.get_mut(&digest(place)).into_iter().flatten();
        things.filter(move |thing| thing.kind == kind)
    }

    /// What has become of what was left here, if it is here.
    fn at(&self, place: &[u8], left: &Sighting) -> Option<&Sighting> {
        let place = digest(place);
        let thing = self.things.get(&place)?.iter().find(|thing| thing.left == (place, *left))?;
        match &thing.now {
            Now::There(now) => Some(now),
            Now::RemovedBy(_) => None,
        }
    }
}

impl Thing {
    /// Whether it is what a step found.
    fn is_what(&self, before: Option<Sighting>) -> bool {
        match (self.now, before) {
            (Now::There(now), Some(sighting)) => Look { kind: self.kind, sighting }.is_still(&now),
            _ => false,
        }
    }
}

/// The operations after this one, in their order.
fn later(reader: &Reader, than: Seq) -> Result<Vec<Later>, ReadError> {
    let (mut later, mut before) = (Vec::new(), None);
    loop {
        let some = reader.operations(before, limits::OPERATIONS_READ_AT_ONCE)?;
        let n_read = some.len();
        before = some.last().map(|(last, _)| *last);
        let newer = some.into_iter().filter(|(number, _)| *number > than);
        let n_before = later.len();
        later.extend(newer.map(|(number, head)| {
            let undid = match head.kind {
                OperationKind::Undo { of } => Some(of),
                _ => None,
            };
            Later { number, undid }
        }));
        if n_read == 0 || later.len() - n_before < n_read {
            later.reverse();
            return Ok(later);
        }
    }
}

fn each_done(
    reader: &Reader,
    operation: Seq,
    which: std::ops::RangeInclusive<u32>,
    mut told: impl FnMut(Step),
) -> Result<(), ReadError> {
    let (mut next, end) = which.into_inner();
    while next <= end {
        let n = usize::try_from(end - next).map_or(usize::MAX, |n| n.saturating_add(1));
        let steps = reader.steps(operation, next, n.min(limits::STEPS_JOURNALED_AT_ONCE))?;
        let Some(n) = u32::try_from(steps.len()).ok().filter(|n| *n > 0) else { return Ok(()) };
        next = next.saturating_add(n);
        steps.into_iter().filter(|step| step.state == StepState::Done).for_each(&mut told);
    }
    Ok(())
}
