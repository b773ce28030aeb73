//! What people did to images: tags, links, texts, covers, settings, folders, and what waits for files. All of it
//! is about something that is there.

use super::change::{Change, Place};
use super::finding::Mend;
use super::known::Known;
use super::look::{Look, VerifyError};
use crate::ledger::pending::mark_of;
use lumidex_schema::id::TextId;
use lumidex_schema::path::display;
use lumidex_schema::pending::{Candidate, Mark, Pending, UNKNOWN_SIZE};
use lumidex_schema::record::{Edit, ExtraPath, Former, Link, Review, Row};
use lumidex_schema::tables;
use lumidex_schema::tag::TagKind;
use std::collections::{BTreeMap, BTreeSet};

impl Look<'_> {
    /// Names of custom tags lead to them.
    pub(super) fn custom_tags(&mut self, known: &Known) -> Result<(), VerifyError> {
        let mut expected: BTreeMap<&str, u32> =
            known.custom.iter().map(|(name, id)| (name.as_str(), *id)).collect();
        self.each(tables::CUSTOM_TAGS, |look, name, id| {
            let what = format!("name `{name}` of a custom tag");
            let due = expected.remove(name);
            if due == Some(id) {
                return Ok(());
            }
            if due.is_none() && known.tags.get(id).is_none() {
                look.absent(Place::Tag(id), what);
                return Ok(());
            }
            let words =
                (due.map_or("no tag".to_owned(), |due| Place::Tag(due).shown()), Place::Tag(id).shown());
            look.tell("tag-name", what, words, Mend::Derive, vec![Change::CustomTag(name.to_owned(), due)]);
            Ok(())
        })?;
        for (name, id) in expected {
            let what = format!("name `{name}` of a custom tag");
            let changes = vec![Change::CustomTag(name.to_owned(), Some(id))];
            self.tell("tag-name", what, (Place::Tag(id).shown(), "nothing"), Mend::Derive, changes);
        }
        Ok(())
    }

    /// Links are of images and custom tags.
    pub(super) fn links(&mut self, known: &Known) -> Result<(), VerifyError> {
        self.each(tables::LINKS, |look, (image, tag), bytes| {
            let place = Place::Link(image, tag);
            if Link::decode(bytes).is_err() {
                look.unreadable(place, bytes);
                return Ok(());
            }
            if known.images.get(image).is_none() {
                look.absent(Place::Image(image), place.shown());
            }
            match known.tags.get(tag) {
                None => look.absent(Place::Tag(tag), place.shown()),
                Some(row) if row.kind != TagKind::Custom || row.removed => {
                    let found = if row.removed { "a tag that was removed" } else { "a tag that files give" };
                    let what = place.shown();
                    let changes = vec![Change::SetAside(place)];
                    look.tell("link-is-custom", what, ("a custom tag", found), Mend::SetAside, changes);
                }
                Some(_) => {}
            }
            Ok(())
        })
    }

    /// Texts given by hand, covers, what files held before, and how they were read.
    pub(super) fn of_images(&mut self, known: &Known) -> Result<(), VerifyError> {
        self.each(tables::EDITS, |look, image, bytes| {
            let Some(edit) = look.read::<Edit>(Place::Edit(image), bytes) else { return Ok(()) };
            if known.images.get(image).is_none() {
                look.absent(Place::Image(image), Place::Edit(image).shown());
            }
            let holes = match known.texts.get(edit.text.0) {
                None if edit.text != TextId::NONE => {
                    look.absent(Place::Text(edit.text.0), Place::Edit(image).shown());
                    return Ok(());
                }
                text => text.map_or(0, |text| text.holes),
            };
            if holes != edit.holes.len() {
                let words = (format!("{holes} values"), format!("{} values", edit.holes.len()));
                let (what, lost) = (Place::Edit(image).shown(), Change::Lost(Place::Edit(image)));
                look.tell("holes-fit", what, words, Mend::PutBack, vec![lost]);
            }
            Ok(())
        })?;
        self.each(tables::COVERS, |look, image, bytes| {
            if bytes.is_empty() {
                look.unreadable(Place::Cover(image), bytes);
            }
            if known.images.get(image).is_none() {
                look.absent(Place::Image(image), Place::Cover(image).shown());
            }
            Ok(())
        })?;
        self.each(tables::FORMERS, |look, image, bytes| {
            if look.read::<Former>(Place::Former(image), bytes).is_some() && known.images.get(image).is_none()
            {
                look.absent(Place::Image(image), Place::Former(image).shown());
            }
            Ok(())
        })?;
        self.each(tables::NOTES, |look, image, _| {
            if known.images.get(image).is_none() && !look.lost.contains(&Place::Image(image)) {
                let what = format!("note on image {image}");
                let words = ("an image", "none");
                look.tell("note-has-image", what, words, Mend::Derive, vec![Change::Note(image)]);
            }
            Ok(())
        })
    }

    /// Settings, folders people gave, questions, and how far roots were seen.
    pub(super) fn owned(&mut self, known: &Known) -> Result<(), VerifyError> {
        self.each(tables::SETTINGS, |look, name, json| {
            if serde_json::from_str::<serde::de::IgnoredAny>(json).is_err() {
                look.unreadable(Place::Setting(name.to_owned()), json.as_bytes());
            }
            Ok(())
        })?;
        self.each(tables::EXTRA_PATHS, |look, path, bytes| {
            let place = Place::ExtraPath(path.to_vec());
            if let Some(entry) = look.read::<ExtraPath>(place.clone(), bytes)
                && (entry.types.is_empty() || !entry.types.is_sorted_by(|a, b| a < b))
            {
                look.unreadable(place, bytes);
            }
            Ok(())
        })?;
        self.each(tables::REVIEWS, |look, seq, bytes| {
            look.read::<Review>(Place::Review(seq), bytes);
            Ok(())
        })?;
        let last = known.images.last();
        self.each(tables::SEEN_THROUGH, |look, root, image| {
            let what = format!("how far root {root} was seen");
            if known.roots.get(root).is_none() {
                let words = ("a root", "none");
                look.tell("root-exists", what, words, Mend::Derive, vec![Change::SeenThrough(root, None)]);
            } else if u64::from(image) > look.number("last_image")?.max(last.into()) {
                let words = (format!("at most image {last}"), format!("image {image}"));
                let changes = vec![Change::SeenThrough(root, Some(last))];
                look.tell("seen-what-was", what, words, Mend::Derive, changes);
            }
            Ok(())
        })?;
        self.each(tables::READ_WITH, |look, root, _| {
            if known.roots.get(root).is_none() {
                let what = format!("what root {root} was read with");
                look.tell(
                    "root-exists",
                    what,
                    ("a root", "none"),
                    Mend::Derive,
                    vec![Change::ReadWith(root)],
                );
            }
            Ok(())
        })
    }

    /// What waits for files that were not seen yet, and the ways to it.
    pub(super) fn pending(&mut self, known: &Known) -> Result<(), VerifyError> {
        type PathKey = (Vec<u8>, Vec<u8>, u64);
        let (mut paths, mut names) = (BTreeSet::<PathKey>::new(), BTreeSet::<(Vec<u8>, u64, Vec<u8>)>::new());
        self.each(tables::PENDING, |look, (source, size), bytes| {
            let place = Place::Pending(source.to_vec(), size);
            let Some(pending) = look.read::<Pending>(place.clone(), bytes) else { return Ok(()) };
            for tag in pending.tags.iter().chain(&pending.refused).chain(&pending.ruled) {
                if known.tags.get(tag.0).is_none() {
                    look.absent(Place::Tag(tag.0), place.shown());
                }
            }
            if let Some(edit) = &pending.edit
                && edit.text != TextId::NONE
                && known.texts.get(edit.text.0).is_none()
            {
                look.absent(Place::Text(edit.text.0), place.shown());
            }
            let mark = mark_of(&pending, size);
            if mark.size != UNKNOWN_SIZE {
                names.insert((mark.name, mark.size, source.to_vec()));
            }
            paths.insert((pending.path, source.to_vec(), size));
            Ok(())
        })?;
        let what = |path: &[u8]| format!("what waits at `{}`", display(path));
        self.each(tables::PENDING_PATHS, |look, (path, source, size), ()| {
            let key = (path.to_vec(), source.to_vec(), size);
            if !paths.remove(&key) && !look.lost.contains(&Place::Pending(source.to_vec(), size)) {
                let words = ("something that waits", "nothing");
                let changes = vec![Change::PendingPath(key, false)];
                look.tell("pending-path", what(path), words, Mend::Derive, changes);
            }
            Ok(())
        })?;
        for key in paths {
            let words = ("a way to it", "none");
            let what = what(&key.0);
            self.tell("pending-path", what, words, Mend::Derive, vec![Change::PendingPath(key, true)]);
        }
        self.each(tables::PENDING_NAMES, |look, (name, size, source), candidate| {
            let key = (name.to_vec(), size, source.to_vec());
            let what = match (Mark { name: name.to_vec(), size }).content() {
                Some(_) => format!("what waits for the content of `{}`", display(source)),
                None => format!("what waits for the name `{}`", display(name)),
            };
            if !names.contains(&key) {
                // Of a content it is not known how large the file was.
                let is_of = |place: &Place| matches!(place, Place::Pending(of, _) if of == source);
                if !look.lost.iter().any(is_of) {
                    let changes = vec![Change::PendingName(key, None)];
                    look.tell(
                        "pending-name",
                        what,
                        ("something that waits", "nothing"),
                        Mend::Derive,
                        changes,
                    );
                }
            } else if let Candidate::One(image) = Candidate::decode(candidate)
                && known.images.get(image.0).is_none()
            {
                let changes = vec![Change::PendingName(key, Some(Candidate::None.encode()))];
                let words = ("an image or nobody", format!("image {image}, which there is not"));
                look.tell("pending-name", what, words, Mend::Derive, changes);
            }
            Ok(())
        })
    }
}
