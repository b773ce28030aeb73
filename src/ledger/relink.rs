//! Gives what was seen to the image it is of: the one at that place, one that was moved there, or a
//! new one. Tags follow content; an image's id never changes hands silently.
//!
//! The order in which absences and arrivals are told does not matter. Who arrives looks for images
//! whose file is gone; who goes missing looks for a newer image of the same content, and takes over
//! its place.

use super::ReadError;
use super::edit;
use super::identity::{Choice, Decided, Lost, Spot, choose};
use super::intern::Interned;
use super::observe::{Elsewhere, Sighted};
use super::txn::{Tables, decode};
use lumidex_schema::id::{ImageId, TagId, TextId, Timestamp};
use lumidex_schema::record::{Fingerprint, Former, Image, Link, Presence, Question, Row, Sighting};
use redb::ReadableTable;

/// Stores a file that was just read: its record lacks only the number.
pub(super) fn see(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    seen: Image,
    elsewhere: &Elsewhere,
    at: Timestamp,
) -> Result<ImageId, ReadError> {
    Relink { tables, interned, copies: &elsewhere.copies, at }.see(seen, elsewhere)
}

/// Whether a file is a new image or its image as before, without any question: nobody of its content
/// is missing, and nothing was known at its place, or the same.
pub(super) fn is_plain(
    tables: &Tables<'_>,
    interned: &Interned,
    known: Option<&Image>,
    (fingerprint, sighting): (&Fingerprint, &Sighting),
    elsewhere: &Elsewhere,
) -> Result<bool, ReadError> {
    if let Some(known) = known {
        return Ok(known.presence == Presence::Present
            && known.fingerprint == *fingerprint
            && (known.sighting.is_same_file(sighting) || sighting.inode == 0));
    }
    if !(elsewhere.gone.is_empty() && elsewhere.altered.is_empty()) {
        return Ok(false);
    }
    for id in interned.alikes.get(tables, fingerprint, sighting)? {
        // Those of this batch have no record yet, nor a past.
        let Some(image) = tables.image(id)? else { continue };
        if matches!(image.presence, Presence::Missing { .. }) || tables.formers.get(id.0)?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Gives an image that has just gone missing the place of a newer one of the same content, if one of
/// `copies`, which were found where they are known, came since.
pub(super) fn missed(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    image: ImageId,
    copies: &[Sighted],
    at: Timestamp,
) -> Result<(), ReadError> {
    Relink { tables, interned, copies, at }.missed(image)
}

/// As [`missed`], for an image whose place another took: among images that were read with the same
/// observations, and so are where they are known.
pub(super) fn displaced(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    image: ImageId,
    fresh: &[ImageId],
    at: Timestamp,
) -> Result<(), ReadError> {
    let Some(record) = tables.image(image)? else { return Ok(()) };
    let mut copies = Vec::new();
    for id in interned.alikes.get(tables, &record.fingerprint, &record.sighting)? {
        if fresh.contains(&id)
            && let Some(place) = tables.image(id)?
        {
            copies.push(tables.sighted(id, &place)?);
        }
    }
    if copies.is_empty() { Ok(()) } else { missed(tables, interned, image, &copies, at) }
}

/// What a person did to an image.
pub(super) fn decisions(tables: &Tables<'_>, image: ImageId) -> Result<Decided, ReadError> {
    let cover = tables.covers.get(image.0)?.map(|cover| *blake3::hash(cover.value()).as_bytes());
    let edit = edit::of(tables, image)?.map(|edit| (edit.text, edit.holes));
    let mut tags = Vec::new();
    for (tag, link) in links(tables, image)? {
        match link {
            Link::Given => tags.push((tag, true)),
            Link::Refused => tags.push((tag, false)),
            Link::Ruled => {}
        }
    }
    Ok(Decided { tags, cover, edit })
}

/// Gives an image the place, the file and the rules' tags of a newer one, which is no more; what a
/// person did to the newer one is added.
pub(super) fn take_over(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    image: ImageId,
    newer: ImageId,
    at: Timestamp,
) -> Result<(), ReadError> {
    Relink { tables, interned, copies: &[], at }.take_over(image, newer)
}

/// Gives the file of an image to a new one; the image itself is missing from now on, and known by
/// the content it had before.
pub(super) fn part(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    image: ImageId,
    fingerprint: Fingerprint,
    at: Timestamp,
) -> Result<Option<ImageId>, ReadError> {
    let mut relink = Relink { tables, interned, copies: &[], at };
    let Some(record) = relink.tables.image(image)? else { return Ok(None) };
    let newer = relink.part(image, &record)?;
    let presence = Presence::Missing { since: at };
    let before = Image { presence, fingerprint, sighting: Sighting::default(), ..record };
    relink.interned.alikes.add(image, &before.fingerprint, &before.sighting);
    relink.store_elsewhere(image, before)?;
    Ok(Some(newer))
}

pub(super) struct Relink<'a, 't> {
    pub(super) tables: &'a mut Tables<'t>,
    pub(super) interned: &'a mut Interned,
    /// Images of what is missing from now on, found where they are known.
    copies: &'a [Sighted],
    pub(super) at: Timestamp,
}

impl<'a, 't> Relink<'a, 't> {
    /// Without knowledge of copies.
    pub(super) fn new(tables: &'a mut Tables<'t>, interned: &'a mut Interned, at: Timestamp) -> Self {
        Self { tables, interned, copies: &[], at }
    }
}

impl Relink<'_, '_> {
    pub(super) fn see(&mut self, seen: Image, elsewhere: &Elsewhere) -> Result<ImageId, ReadError> {
        let known = self.at_place(seen.folder, &seen.name)?;
        let unchanged = known.as_ref().filter(|(_, known)| known.fingerprint == seen.fingerprint);
        if let Some((id, record)) = unchanged
            && record.sighting.is_same_file(&seen.sighting)
        {
            let id = *id;
            self.store(id, seen)?;
            return Ok(id);
        }
        let unchanged = unchanged.map(|(id, _)| *id);
        let alike = self.alike(&seen)?;
        let lost = self.lost(&alike, &seen, known.is_some(), elsewhere)?;
        // That it is the very file is stronger than any likeness.
        let n_very = lost.iter().filter(|lost| lost.sighting.is_same_file(&seen.sighting)).count();
        if n_very == 0
            && let Some((id, record)) = self.moved_away(&alike, &seen, known.is_some())?
        {
            let is_lost = elsewhere.gone.contains(&self.tables.sighted(id, &record)?);
            return self.followed((id, record, is_lost), seen, known);
        }
        if let Some(id) = unchanged.filter(|_| n_very != 1) {
            self.store(id, seen)?;
            return Ok(id);
        }
        let spot = self.spot(&seen)?;
        match choose(&spot, &seen.sighting, &lost) {
            Choice::One(id) => {
                self.move_here(id, seen, known)?;
                Ok(id)
            }
            Choice::Ask(missing) => {
                let id = self.new_here(seen, known)?;
                self.ask(Question::Ambiguous { arrived: id, missing })?;
                Ok(id)
            }
            Choice::Nobody => self.rewritten_or_new(seen, known),
        }
    }

    /// The file of an image that was thought to be rewritten turned up: another had taken its name.
    fn followed(
        &mut self,
        (id, record, is_lost): (ImageId, Image, bool),
        seen: Image,
        known: Option<(ImageId, Image)>,
    ) -> Result<ImageId, ReadError> {
        if known.as_ref().is_some_and(|(known, _)| *known == id) {
            // It is back at its place.
            self.forget_former(id)?;
            self.store(id, seen)?;
        } else {
            self.move_here(id, seen, known)?;
            // It has its own file again; what it stood for in between is not its.
            self.forget_former(id)?;
            if !is_lost {
                // What took its name is another image: a lost one perhaps.
                let place = (record.folder, record.name.clone());
                let other = self.see(record, &Elsewhere::default())?;
                debug_assert_eq!(self.at_place(place.0, &place.1)?.map(|(at, _)| at), Some(other));
            }
        }
        Ok(id)
    }

    /// Content that no lost image had, at a place that may be known.
    fn rewritten_or_new(
        &mut self,
        seen: Image,
        known: Option<(ImageId, Image)>,
    ) -> Result<ImageId, ReadError> {
        let Some((id, record)) = known else { return self.new_here(seen, None) };
        let has_same_recipe =
            record.text != TextId::NONE && (record.text, &record.holes) == (seen.text, &seen.holes);
        if let Presence::Missing { since } = record.presence
            && !(has_same_recipe && self.is_recent(since))
        {
            // It was deleted, and another picture got its name; unless it was edited by a program that
            // removes a file before it writes it again.
            return self.new_here(seen, Some((id, record)));
        }
        if let Some(newer) = self.moved_on(id, &record)? {
            self.take_over(id, newer)?;
            return self.new_here(seen, None);
        }
        // An empty file that was filled held nothing before.
        if record.fingerprint != Fingerprint::default() {
            let is_replaced = !has_same_recipe && (record.text, seen.text) != (TextId::NONE, TextId::NONE);
            self.remember_former(id, &record, &seen, is_replaced)?;
        }
        self.store(id, seen)?;
        Ok(id)
    }

    pub(super) fn missed(&mut self, id: ImageId) -> Result<(), ReadError> {
        let Some(record) = self.missing(id)? else { return Ok(()) };
        if self.interned.underway.contains(self.tables, id, &record)? {
            self.interned.underway.hold_back(id);
            return Ok(());
        }
        let alike = self.alike(&record)?;
        for newer in &alike {
            let Some(place) = self.present(*newer, &record.fingerprint)? else { continue };
            // Its very file was moved on while a walk told of it, and when it was looked for, the ledger did
            // not know where it is. For a copy somebody has to have looked.
            let is_very = place.sighting.is_same_file(&record.sighting);
            if !is_very && !self.copies.contains(&self.tables.sighted(*newer, &place)?) {
                continue;
            }
            if !self.arrived_since(*newer, id, &record)? || self.is_anothers_file(&alike, *newer, &place)? {
                continue;
            }
            let mut lost = Vec::new();
            for other in alike.iter().chain([&id]) {
                if let Some(other_record) = self.missing(*other)?
                    && other_record.fingerprint == record.fingerprint
                    && !self.interned.underway.contains(self.tables, *other, &other_record)?
                    && self.arrived_since(*newer, *other, &other_record)?
                    && !lost.iter().any(|known: &Lost| known.image == *other)
                {
                    lost.push(self.as_lost(*other, &other_record)?);
                }
            }
            match choose(&self.spot(&place)?, &place.sighting, &lost) {
                Choice::One(one) if one == id && is_very => return self.take_over(one, *newer),
                Choice::One(one) => return self.take_over_unless_both_count(one, *newer),
                Choice::Ask(missing) => return self.ask(Question::Ambiguous { arrived: *newer, missing }),
                Choice::Nobody => {}
            }
        }
        Ok(())
    }

    /// Whoever carries what a person did stays; when both do, a person is asked.
    fn take_over_unless_both_count(&mut self, id: ImageId, newer: ImageId) -> Result<(), ReadError> {
        let (ours, theirs) = (decisions(self.tables, id)?, decisions(self.tables, newer)?);
        if theirs.is_empty() || ours == theirs {
            return self.take_over(id, newer);
        }
        if ours.is_empty() {
            return Ok(());
        }
        self.ask(Question::Both { missing: id, arrived: newer })
    }

    fn alike(&self, image: &Image) -> Result<Vec<ImageId>, ReadError> {
        self.interned.alikes.get(self.tables, &image.fingerprint, &image.sighting)
    }

    fn present(&self, id: ImageId, content: &Fingerprint) -> Result<Option<Image>, ReadError> {
        let image = self.tables.image(id)?;
        Ok(image.filter(|image| image.presence == Presence::Present && image.fingerprint == *content))
    }

    fn missing(&self, id: ImageId) -> Result<Option<Image>, ReadError> {
        let image = self.tables.image(id)?;
        Ok(image.filter(|image| matches!(image.presence, Presence::Missing { .. })))
    }

    /// Images of this content whose files are not where they were. One whose file was altered counts when
    /// its content took the place of another's; beside a new file it was merely rewritten.
    fn lost(
        &self,
        alike: &[ImageId],
        seen: &Image,
        is_known: bool,
        elsewhere: &Elsewhere,
    ) -> Result<Vec<Lost>, ReadError> {
        let mut lost = Vec::new();
        for id in alike {
            let Some(image) = self.tables.image(*id)?.filter(|image| image.fingerprint == seen.fingerprint)
            else {
                continue;
            };
            let is_lost = match image.presence {
                Presence::Missing { .. } => true,
                Presence::Present | Presence::Retired => {
                    let file = self.tables.sighted(*id, &image)?;
                    let counts = is_known || image.sighting.is_same_file(&seen.sighting);
                    elsewhere.gone.contains(&file) || (counts && elsewhere.altered.contains(&file))
                }
            };
            // Where its file goes is not guessed while an operation is about to tell.
            if is_lost
                && (image.sighting.is_same_file(&seen.sighting)
                    || !self.interned.underway.contains(self.tables, *id, &image)?)
            {
                lost.push(self.as_lost(*id, &image)?);
            }
        }
        Ok(lost)
    }

    fn as_lost(&self, image: ImageId, record: &Image) -> Result<Lost, ReadError> {
        let decisions = decisions(self.tables, image)?;
        Ok(Lost { image, spot: self.spot(record)?, sighting: record.sighting, decisions })
    }

    fn spot(&self, image: &Image) -> Result<Spot, ReadError> {
        let folder = self.tables.folder_row(image.folder)?.map(|folder| folder.path).unwrap_or_default();
        Ok(Spot { folder, name: image.name.clone() })
    }

    /// Whether an image came after another was last seen at its place.
    fn arrived_since(&self, newer: ImageId, id: ImageId, record: &Image) -> Result<bool, ReadError> {
        let root = self.tables.folder_row(record.folder)?.map(|folder| folder.root).unwrap_or_default();
        let seen_through = self.tables.seen_through.get(root.0)?.map_or(0, |last| last.value());
        Ok(newer.0 > id.0.max(seen_through))
    }

    /// Whether the file of a newer image is the file that another one had: then that one was moved.
    fn is_anothers_file(&self, alike: &[ImageId], newer: ImageId, place: &Image) -> Result<bool, ReadError> {
        for other in alike.iter().filter(|other| **other < newer) {
            if let Some(image) = self.present(*other, &place.fingerprint)?
                && image.sighting.is_same_file(&place.sighting)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The image whose former file is what was seen now; or, at a place that had other content, one whose
    /// former content it is and that was rewritten a moment ago, if nobody else has that content.
    fn moved_away(
        &self,
        alike: &[ImageId],
        seen: &Image,
        is_known: bool,
    ) -> Result<Option<(ImageId, Image)>, ReadError> {
        let mut has_other = false;
        for id in alike {
            has_other |= self.present(*id, &seen.fingerprint)?.is_some();
        }
        for id in alike {
            let Some(former) = self.former(*id)? else { continue };
            let (is_same_file, is_recent) =
                (former.sighting.is_same_file(&seen.sighting), self.is_recent(former.at));
            let is_its_file = match former.is_of_rewriting() {
                true => is_same_file || (is_known && is_recent && !has_other),
                false => is_same_file && is_recent,
            };
            if is_its_file
                && former.fingerprint == seen.fingerprint
                && let Some(image) = self.present(*id, &former.since)?
            {
                return Ok(Some((*id, image)));
            }
        }
        Ok(None)
    }

    /// The newer image that is the very file of one whose place holds something else by now.
    fn moved_on(&self, id: ImageId, record: &Image) -> Result<Option<ImageId>, ReadError> {
        for newer in self.alike(record)? {
            if newer > id
                && let Some(image) = self.present(newer, &record.fingerprint)?
                && image.sighting.is_same_file(&record.sighting)
                && decisions(self.tables, newer)?.is_empty()
            {
                return Ok(Some(newer));
            }
        }
        Ok(None)
    }

    pub(super) fn former(&self, id: ImageId) -> Result<Option<Former>, ReadError> {
        decode(self.tables.formers.get(id.0)?)
    }
}

pub(super) fn links(tables: &Tables<'_>, image: ImageId) -> Result<Vec<(TagId, Link)>, ReadError> {
    let mut links = Vec::new();
    for entry in tables.links.range((image.0, 0)..=(image.0, u32::MAX))? {
        let (key, link) = entry?;
        links.push((TagId(key.value().1), Link::decode(link.value())?));
    }
    Ok(links)
}
