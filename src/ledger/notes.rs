//! What is remembered of how files were read, and tags that a person's rules put on afterwards.

use super::decide::{
    DecideError, Decided, Failure, Outcome, Request, change_links, custom, done, known_image, link_of,
};
use super::intern::Interned;
use super::txn::Tables;
use super::{Ledger, ReadError, Reader};
use lumidex_schema::id::{ImageId, RootId, Seq, Timestamp};
use lumidex_schema::note::Note;
use lumidex_schema::record::{Image, Link, LinkChange, Row};
use lumidex_schema::tables;
use lumidex_schema::tag::{self, TagKind};
use redb::{AccessGuard, ReadableTable, StorageError};

impl Ledger {
    /// Puts a custom tag on images because a rule says so, as far as nobody decided about it on them;
    /// gives the decision's number. The tag is made when there is none.
    ///
    /// # Errors
    /// [`DecideError::BadTagName`], [`DecideError::UnknownImage`], [`DecideError::Write`]; nothing is
    /// written then.
    pub fn rule_tag(&self, name: &str, images: &[ImageId]) -> Result<Seq, DecideError> {
        Ok(self.decide(Request::RuleTag { name: name.to_owned(), images: images.to_vec() })?.0)
    }

    /// Every file is to be read again: forgets by which version of the reader it was read, so that walks take each
    /// for one that a newer reader would read differently, until it was read. Nothing else changes, and a walk that
    /// is broken off, however it is, leaves no more to the next one than it did not read.
    ///
    /// A walk that goes on meanwhile may have passed files that it then takes for read; so it is for a ledger of
    /// which nobody walks.
    ///
    /// # Errors
    /// [`DecideError::Write`]; nothing is forgotten then.
    pub fn outdate_all(&self) -> Result<(), DecideError> {
        self.decide(Request::OutdateAll).map(|_| ())
    }
}

impl Reader {
    /// How an image's file was read; the default when that was not remembered.
    ///
    /// # Errors
    /// When the store cannot be read; so for every function here.
    pub fn note(&self, image: ImageId) -> Result<Note, ReadError> {
        let notes = self.txn().open_table(tables::NOTES)?;
        Ok(notes.get(image.0)?.map_or_else(Note::default, |note| Note::decode(note.value())))
    }

    /// Version of the reader that every file of a root was looked at with; 0 when no walk has.
    ///
    /// # Errors
    /// As [`Reader::note`].
    pub fn read_with(&self, root: RootId) -> Result<u8, ReadError> {
        let table = self.txn().open_table(tables::READ_WITH)?;
        Ok(table.get(root.0)?.map_or(0, |version| u8::try_from(version.value()).unwrap_or(u8::MAX)))
    }

    /// Up to `max` images whose ids follow `after`, in their order, as read from their files and with how
    /// that went, whatever their presence.
    ///
    /// # Errors
    /// As [`Reader::note`].
    pub fn images_after(&self, after: ImageId, max: usize) -> Result<Vec<(ImageId, Image, Note)>, ReadError> {
        let images = self.txn().open_table(tables::IMAGES)?;
        let notes = self.txn().open_table(tables::NOTES)?;
        let mut notes = notes.range(after.next().0..)?.peekable();
        let mut found = Vec::new();
        for entry in images.range(after.next().0..)?.take(max) {
            let (id, row) = entry?;
            let id = id.value();
            let mut note = Note::default();
            while let Some(next) =
                notes.next_if(|next| next.as_ref().map_or(true, |(of, _)| of.value() <= id))
            {
                let (of, number) = next?;
                if of.value() == id {
                    note = Note::decode(number.value());
                }
            }
            found.push((ImageId(id), Image::decode(row.value())?, note));
        }
        Ok(found)
    }
}

pub(super) fn outdate_all(tables: &mut Tables<'_>) -> Decided {
    tables.read_with.retain(|_, _| false)?;
    let of_a_reader = |entry: Result<(AccessGuard<'_, u32>, AccessGuard<'_, u64>), StorageError>| {
        let (image, note) = match entry {
            Ok((image, note)) => (image.value(), Note::decode(note.value())),
            Err(error) => return Some(Err(error)),
        };
        (note.reader != 0).then(|| Ok((image, Note { reader: 0, ..note })))
    };
    // Some 12 bytes an image.
    let outdated = tables.notes.range::<u32>(..)?.filter_map(of_a_reader);
    for (image, note) in outdated.collect::<Result<Vec<_>, _>>()? {
        tables.notes.insert(image, note.encode())?;
    }
    done(tables)
}

pub(super) fn rule_tag(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    name: &str,
    images: Vec<ImageId>,
    at: Timestamp,
) -> Decided {
    if !tag::is_valid_name(name) {
        return Err(Failure::Refused(DecideError::BadTagName(name.to_owned())));
    }
    let known = tables.custom_tags.get(name)?.map(|id| lumidex_schema::id::TagId(id.value()));
    let mut found = Vec::with_capacity(images.len());
    for image in images {
        found.push(known_image(tables, image)?);
    }
    found.sort_unstable();
    found.dedup();
    let id = match known {
        Some(id) => id,
        None => interned.tag(tables, TagKind::Custom, name)?,
    };
    custom(tables, id)?;
    let mut changes = Vec::new();
    for image in found {
        if link_of(tables, image, id)?.is_none() {
            changes.push(LinkChange { image, before: None, after: Some(Link::Ruled) });
        }
    }
    let (seq, _) = change_links(tables, id, changes, at)?;
    Ok((seq, Outcome::Tag(id)))
}
