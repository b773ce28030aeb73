//! Ways from places to folders and images, and the feed: rows that follow from the records.

use super::change::{Change, Place};
use super::finding::Mend;
use super::known::{Known, name_digest};
use super::look::{Look, VerifyError};
use lumidex_schema::feed::Subject;
use lumidex_schema::id::{FolderId, ImageId, TagId, TextId};
use lumidex_schema::path::display;
use lumidex_schema::record::{Image, Row};
use lumidex_schema::tables;
use std::collections::BTreeMap;

impl Look<'_> {
    /// Paths lead to images, and every image that is there has one.
    pub(super) fn paths(&mut self, known: &mut Known) -> Result<(), VerifyError> {
        self.each(tables::PATHS, |look, (folder, name), (image, digest)| {
            let what = || format!("path `{}` in folder {folder}", display(name));
            let key = (folder, name.to_vec());
            let Some(record) = known.images.get_mut(image) else {
                let by = what();
                look.absent(Place::Image(image), by);
                return Ok(());
            };
            if (record.folder, record.name) != (folder, name_digest(name)) {
                let words = ("an image of this name and folder", format!("image {image} of another"));
                look.tell("path-leads-home", what(), words, Mend::Derive, vec![Change::Path(key, None)]);
                return Ok(());
            }
            record.has_path = true;
            if digest != record.digest {
                let words = (format!("{:016x}", record.digest), format!("{digest:016x}"));
                let changes = vec![Change::Path(key, Some((image, record.digest)))];
                look.tell("path-digest", what(), words, Mend::Derive, changes);
            }
            Ok(())
        })?;
        let lacking: Vec<(u32, u64)> = known
            .images
            .iter()
            .filter(|(_, image)| image.is_present && !image.has_path)
            .map(|(id, image)| (id, image.digest))
            .collect();
        if lacking.is_empty() {
            return Ok(());
        }
        let (images, paths) = (self.txn.open_table(tables::IMAGES)?, self.txn.open_table(tables::PATHS)?);
        for (id, digest) in lacking {
            let row = images.get(id)?.and_then(|row| Image::decode(row.value()).ok());
            let Some(image) = row else { continue };
            let there = paths.get((image.folder.0, image.name.as_slice()))?.map(|row| row.value().0);
            let found = there.map_or("none".to_owned(), |other| format!("one to image {other}"));
            let key = (image.folder.0, image.name);
            let is_anothers = there
                .and_then(|other| known.images.get(other))
                .is_some_and(|other| other.is_present && other.has_path);
            // Two at one place: which of them it is, the next walk tells. It is found again by its content.
            let change = match is_anothers {
                true => Change::ReadAgain(id),
                false => Change::Path(key, Some((id, digest))),
            };
            let what = Place::Image(id).shown();
            self.tell("image-has-path", what, ("a path to it", found), Mend::Derive, vec![change]);
        }
        Ok(())
    }

    /// Places of folders lead to them, and every folder has one.
    pub(super) fn folder_ids(&mut self, known: &Known) -> Result<(), VerifyError> {
        let mut expected: BTreeMap<(u32, Vec<u8>), u32> =
            known.folders.iter().map(|(id, folder)| ((folder.root, folder.path.clone()), id)).collect();
        self.each(tables::FOLDER_IDS, |look, (root, path), id| {
            let what = format!("place `{}` in root {root}", display(path));
            if known.folders.get(id).is_none() {
                look.absent(Place::Folder(id), what);
                expected.remove(&(root, path.to_vec()));
                return Ok(());
            }
            let key = (root, path.to_vec());
            match expected.remove(&key) {
                Some(due) if due == id => {}
                due => {
                    let words = (
                        due.map_or("no folder".to_owned(), |due| format!("folder {due}")),
                        format!("folder {id}"),
                    );
                    look.tell("folder-place", what, words, Mend::Derive, vec![Change::FolderId(key, due)]);
                }
            }
            Ok(())
        })?;
        for ((root, path), id) in expected {
            let what = format!("place `{}` in root {root}", display(&path));
            let changes = vec![Change::FolderId((root, path), Some(id))];
            self.tell("folder-place", what, (format!("folder {id}"), "nothing"), Mend::Derive, changes);
        }
        Ok(())
    }

    /// Every subject stands in the feed once, at its number.
    pub(super) fn feed(&mut self, known: &Known) -> Result<(), VerifyError> {
        let images = known.images.iter().map(|(id, image)| (image.seq, Subject::Image(ImageId(id))));
        let texts = known.texts.iter().map(|(id, text)| (text.seq, Subject::Text(TextId(id))));
        let folders = known.folders.iter().map(|(id, folder)| (folder.seq, Subject::Folder(FolderId(id))));
        let tags = known.tags.iter().map(|(id, tag)| (tag.seq, Subject::Tag(TagId(id))));
        let mut due: Vec<(u64, u64)> = images
            .chain(texts)
            .chain(folders)
            .chain(tags)
            .map(|(seq, subject)| (seq, subject.encode()))
            .collect();
        due.sort_unstable();
        let mut due = due.into_iter().peekable();
        self.each(tables::FEED, |look, seq, row| {
            while let Some((lacking, subject)) = due.next_if(|due| *due < (seq, row)) {
                look.not_in_feed(lacking, subject, (lacking == seq).then_some(row));
            }
            if due.next_if_eq(&(seq, row)).is_some() {
                return Ok(());
            }
            let what = format!("number {seq} of the feed");
            let subject = Subject::decode(row);
            let place = subject.map(Place::of);
            match place {
                Some(place) if !known.has(subject) => look.absent(place, what),
                _ => {
                    let found = place.map_or(format!("{row:#x}"), |place| place.shown());
                    let words = ("what has this number", found);
                    look.tell("feed-row", what, words, Mend::Derive, vec![Change::Feed(seq)]);
                }
            }
            Ok(())
        })?;
        for (seq, subject) in due {
            self.not_in_feed(seq, subject, None);
        }
        Ok(())
    }

    fn not_in_feed(&mut self, seq: u64, subject: u64, there: Option<u64>) {
        let Some(subject) = Subject::decode(subject) else { return };
        let found = match there.and_then(Subject::decode) {
            Some(other) => Place::of(other).shown(),
            None => "none".to_owned(),
        };
        let words = (format!("a row of it at its number {seq}"), found);
        let what = Place::of(subject).shown();
        self.tell("feed-has-subject", what, words, Mend::Derive, vec![Change::Renumber(subject)]);
    }
}

impl Known {
    fn has(&self, subject: Option<Subject>) -> bool {
        match subject {
            Some(Subject::Image(id)) => self.images.get(id.0).is_some(),
            Some(Subject::Text(id)) => self.texts.get(id.0).is_some(),
            Some(Subject::Folder(id)) => self.folders.get(id.0).is_some(),
            Some(Subject::Tag(id)) => self.tags.get(id.0).is_some(),
            None => false,
        }
    }
}
