//! What becomes of images that have been missing for long: those that no person ever did anything to
//! are removed, the others lose what can be read from their files again.
//!
//! Nothing a person did goes: an image that one tagged, chose a cover for, is being asked about, or that the record of
//! decisions names, keeps its id, its content identity, its place and its tags, and takes them up
//! again when its content comes back. Removed rows are what guard 3 of a checkpoint is about:
//! the horizon says how far they are gone, and only those go that all who follow have followed.

use super::ReadError;
use super::intern::Interned;
use super::reader::Reader;
use super::relink::decisions;
use super::settle::is_open;
use super::txn::Tables;
use crate::limits;
use crate::sys::Stop;
use lumidex_schema::feed::Subject;
use lumidex_schema::id::{ImageId, Seq, TagId, TextId, Timestamp};
use lumidex_schema::record::{Action, Decision, Former, Image, Link, Presence, Question, Review, Row};
use lumidex_schema::tables;
use redb::ReadableTable;
use std::collections::HashSet;

/// Images between two looks whether to stop, while they are looked through.
const SCANNED_AT_ONCE: usize = 8_192;

/// The key in the table of numbers under which it stands how far removed rows are gone.
const HORIZON: &str = "horizon";

/// What a sweep may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sweepable {
    /// Images that are missing since before this.
    pub before: Timestamp,
    /// Rows up to this number, which everyone who follows has made durable: who has not followed a
    /// removed row starts from nothing.
    pub followed: Seq,
    /// Images at most; the rest is for the next sweep.
    pub max: usize,
}

/// What a sweep took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Images that are gone.
    pub removed: u64,
    /// Images that were kept, and lost what can be read from their files again.
    pub stripped: u64,
}

impl std::ops::AddAssign for Swept {
    fn add_assign(&mut self, other: Self) {
        self.removed += other.removed;
        self.stripped += other.stripped;
    }
}

/// Images that were found to be due, by id. Whether they are is asked again when they are written.
#[derive(Debug)]
pub(super) struct Due {
    /// With whether the record of decisions names them, as far as it was read.
    pub(super) images: Vec<(ImageId, bool)>,
    /// The head when they were looked for.
    pub(super) seen: Seq,
}

/// What is to become of an image.
enum Fate {
    Removed,
    Stripped,
    /// It is not due, or there is nothing left to take, or someone has to follow its row first.
    Kept,
}

impl Sweepable {
    fn is_due(&self, image: &Image) -> bool {
        matches!(image.presence, Presence::Missing { since } if since < self.before)
    }

    fn fate(&self, image: &Image, is_persons: bool) -> Fate {
        match is_persons {
            _ if !self.is_due(image) => Fate::Kept,
            true if is_bare(image) => Fate::Kept,
            true => Fate::Stripped,
            false if image.seq > self.followed => Fate::Kept,
            false => Fate::Removed,
        }
    }
}

/// Finds what is due in a snapshot; `None` when told to stop.
pub(super) fn find(reader: &Reader, which: Sweepable, stop: &Stop) -> Result<Option<Due>, ReadError> {
    let mut due: Vec<(ImageId, Image)> = Vec::new();
    let images = reader.txn().open_table(tables::IMAGES)?;
    for (nth, entry) in images.range::<u32>(..)?.enumerate() {
        if nth % SCANNED_AT_ONCE == 0 && stop.is_stopped() {
            return Ok(None);
        }
        let (id, row) = entry?;
        let image = Image::decode(row.value())?;
        if which.is_due(&image) && !(is_bare(&image) && image.seq > which.followed) {
            due.push((ImageId(id.value()), image));
        }
    }
    let seen = reader.head()?;
    if due.is_empty() {
        return Ok(Some(Due { images: Vec::new(), seen }));
    }
    let mut is_named = vec![false; due.len()];
    let mut name = |id: ImageId| {
        if let Ok(at) = due.binary_search_by_key(&id, |(due, _)| *due) {
            is_named[at] = true;
        }
    };
    for entry in reader.txn().open_table(tables::DECISIONS)?.range::<u64>(..)? {
        named_by_decision(&Decision::decode(entry?.1.value())?, &mut name);
    }
    let is_due = |id| due.binary_search_by_key(&id, |(due, _)| *due).is_ok();
    let reviews = reader.txn().open_table(tables::REVIEWS)?;
    let asked = asked_about(&reviews, is_due, |id| reader.image(id))?;
    let links = reader.txn().open_table(tables::LINKS)?;
    let covers = reader.txn().open_table(tables::COVERS)?;
    let edits = reader.txn().open_table(tables::EDITS)?;
    let mut images = Vec::new();
    for ((id, image), is_named) in due.into_iter().zip(is_named) {
        if images.len() == which.max {
            break;
        }
        let is_persons = is_named
            || asked.contains(&id)
            || has_decided(&links, id)?
            || covers.get(id.0)?.is_some()
            || edits.get(id.0)?.is_some();
        if !matches!(which.fate(&image, is_persons), Fate::Kept) {
            images.push((id, is_named));
        }
    }
    Ok(Some(Due { images, seen }))
}

/// Takes a slice of what was found to be due.
pub(super) fn apply(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    which: Sweepable,
    seen: Seq,
    slice: &[(ImageId, bool)],
) -> Result<Swept, ReadError> {
    let is_due = |id| slice.binary_search_by_key(&id, |(due, _)| *due).is_ok();
    let mut named = asked_about(&tables.reviews, is_due, |id| tables.image(id))?;
    for entry in tables.decisions.range(seen.next().0..)? {
        named_by_decision(&Decision::decode(entry?.1.value())?, &mut |id| named.extend([id]));
    }
    let (mut removed, mut stripped) = (Vec::new(), Vec::new());
    for (id, is_named) in slice {
        let Some(image) = tables.image(*id)? else { continue };
        let is_persons = *is_named || named.contains(id) || !decisions(tables, *id)?.is_empty();
        match which.fate(&image, is_persons) {
            Fate::Removed => removed.push((*id, image)),
            Fate::Stripped => stripped.push((*id, image)),
            Fate::Kept => {}
        }
    }
    let swept = Swept { removed: removed.len() as u64, stripped: stripped.len() as u64 };
    remove(tables, interned, &removed)?;
    for (id, image) in stripped {
        strip(tables, id, image)?;
    }
    Ok(swept)
}

/// One pass over each table.
fn remove(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    removed: &[(ImageId, Image)],
) -> Result<(), ReadError> {
    let Some(last) = removed.iter().map(|(_, image)| image.seq).max() else { return Ok(()) };
    for (_, image) in removed {
        tables.feed.remove(image.seq.0)?;
    }
    let before = tables.meta.get(HORIZON)?.map_or(0, |number| number.value());
    tables.meta.insert(HORIZON, before.max(last.0))?;
    // The ledger differs from what it was at its head, and says so.
    tables.next_seq();
    for (id, image) in removed {
        tables.images.remove(id.0)?;
        tables.notes.remove(id.0)?;
        interned.alikes.remove(*id, &image.fingerprint, &image.sighting);
    }
    for (id, image) in removed {
        let key = (image.folder.0, image.name.as_slice());
        let leads_to = tables.paths.get(key)?.map(|row| row.value().0);
        if leads_to == Some(id.0) {
            tables.paths.remove(key)?;
        }
    }
    for (id, _) in removed {
        let former = tables.formers.remove(id.0)?.map(|former| Former::decode(former.value())).transpose()?;
        if let Some(former) = former {
            interned.alikes.remove(*id, &former.fingerprint, &former.sighting);
        }
    }
    for (id, _) in removed {
        let mut tags = Vec::new();
        for entry in tables.links.range((id.0, 0)..=(id.0, u32::MAX))? {
            tags.push(entry?.0.value().1);
        }
        for tag in tags {
            tables.links.remove((id.0, tag))?;
        }
    }
    Ok(())
}

/// Whether an image holds nothing that could be read from its file again, beside what finds it.
pub(super) fn is_bare(image: &Image) -> bool {
    *image == bare(image.clone())
}

/// An image without what can be read from its file again.
pub(super) fn bare(image: Image) -> Image {
    Image {
        pixel_width: 0,
        pixel_height: 0,
        size_tag: TagId::default(),
        text: TextId::NONE,
        holes: Vec::new(),
        complaints: 0,
        ..image
    }
}

fn strip(tables: &mut Tables<'_>, id: ImageId, image: Image) -> Result<(), ReadError> {
    let mut image = bare(image);
    image.seq = tables.renumber(Some(image.seq), Subject::Image(id))?;
    tables.images.insert(id.0, image.encode().as_slice())?;
    Ok(())
}

/// Whether a person put a tag on an image or took one off.
fn has_decided(
    links: &impl ReadableTable<(u32, u32), &'static [u8]>,
    image: ImageId,
) -> Result<bool, ReadError> {
    for entry in links.range((image.0, 0)..=(image.0, u32::MAX))? {
        if Link::decode(entry?.1.value())? != Link::Ruled {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The images that open questions are about, as far as they are about one of those that are due.
fn asked_about(
    reviews: &impl ReadableTable<u64, &'static [u8]>,
    is_due: impl Fn(ImageId) -> bool,
    image: impl Fn(ImageId) -> Result<Option<Image>, ReadError>,
) -> Result<HashSet<ImageId>, ReadError> {
    let mut asked = HashSet::new();
    for entry in reviews.range::<u64>(..)? {
        let question = Review::decode(entry?.1.value())?.question;
        let mut named = Vec::new();
        named_by_question(&question, &mut |id| named.push(id));
        if named.iter().any(|id| is_due(*id)) && is_open(&question, &image)? {
            asked.extend(named);
        }
    }
    Ok(asked)
}

fn named_by_question(question: &Question, name: &mut impl FnMut(ImageId)) {
    match question {
        Question::Ambiguous { arrived, missing } => missing.iter().chain([arrived]).copied().for_each(name),
        Question::Both { missing, arrived } => [*missing, *arrived].into_iter().for_each(name),
        Question::Replaced { image, .. } => name(*image),
    }
}

fn named_by_decision(decision: &Decision, name: &mut impl FnMut(ImageId)) {
    match &decision.action {
        Action::TagRemoved { images, .. }
        | Action::TagPut { images, .. }
        | Action::TagTaken { images, .. } => images.iter().copied().for_each(name),
        Action::TagLinked { changes, .. } => changes.iter().map(|change| change.image).for_each(name),
        Action::TagDropped { links, .. } => links.iter().map(|(image, _)| *image).for_each(name),
        Action::CoverChosen { image, .. } | Action::TextEdited { image, .. } => name(*image),
        Action::ReviewReopened { review, .. } => named_by_question(&review.question, name),
        Action::ReviewSettled { review, image, before }
        | Action::ReviewAnswered { review, image, before, .. }
        | Action::ReviewTaken { review, image, before, .. } => {
            named_by_question(&review.question, name);
            [*image, *before].into_iter().for_each(name);
        }
        Action::TagMade { .. }
        | Action::TagBack { .. }
        | Action::TagColored { .. }
        | Action::Setting { .. }
        | Action::ExtraPath { .. }
        | Action::Files { .. } => {}
    }
}

/// The next images to write at once.
pub(super) fn batches(due: &Due) -> impl Iterator<Item = &[(ImageId, bool)]> {
    due.images.chunks(limits::SWEEP_BATCH_IMAGES)
}
