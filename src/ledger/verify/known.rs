//! What everything else is compared with: folders, texts, tags and images, as far as they can be read, and
//! whether they fit together. Knows neither places nor people.

use super::change::{Change, Place};
use super::finding::Mend;
use super::look::{ById, Look, VerifyError};
use crate::ledger::observe::SharedText;
use lumidex_schema::id::{TagId, TextId};
use lumidex_schema::record::{Folder, Image, Presence, Root, Row, Tag, Text};
use lumidex_schema::tables;
use lumidex_schema::tag::TagKind;
use lumidex_schema::text::HOLE;

#[derive(Debug)]
pub(super) struct KnownFolder {
    pub(super) seq: u64,
    pub(super) root: u32,
    pub(super) path: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct KnownText {
    pub(super) seq: u64,
    pub(super) holes: usize,
}

#[derive(Debug)]
pub(super) struct KnownTag {
    pub(super) seq: u64,
    pub(super) kind: TagKind,
    pub(super) removed: bool,
}

#[derive(Debug)]
pub(super) struct KnownImage {
    pub(super) seq: u64,
    pub(super) folder: u32,
    /// First bytes of the digest of its name.
    pub(super) name: u64,
    /// What its path leads to with: 0 when it is not there.
    pub(super) digest: u64,
    pub(super) is_present: bool,
    pub(super) has_path: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) roots: ById<Root>,
    pub(super) folders: ById<KnownFolder>,
    pub(super) texts: ById<KnownText>,
    pub(super) tags: ById<KnownTag>,
    pub(super) images: ById<KnownImage>,
    /// Custom tags that were not removed, by name.
    pub(super) custom: std::collections::BTreeMap<String, u32>,
}

/// First bytes of the digest of a name.
pub(super) fn name_digest(name: &[u8]) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&blake3::hash(name).as_bytes()[..8]);
    u64::from_le_bytes(first)
}

impl Look<'_> {
    /// A row that cannot be read.
    pub(super) fn unreadable(&mut self, place: Place, bytes: &[u8]) {
        let found = format!("{} bytes that are none", bytes.len());
        self.lost.insert(place.clone());
        self.tell("row-reads", place.shown(), ("a row", found), Mend::PutBack, vec![Change::Lost(place)]);
    }

    /// Reads a row, or tells that it cannot be read.
    pub(super) fn read<R: Row>(&mut self, place: Place, bytes: &[u8]) -> Option<R> {
        let row = R::decode(bytes).ok();
        if row.is_none() {
            self.unreadable(place, bytes);
        }
        row
    }

    /// A row that others speak of and that is not there; told once.
    pub(super) fn absent(&mut self, place: Place, by: impl Into<String>) {
        if !self.lost.insert(place.clone()) {
            return;
        }
        let found = format!("none, and {} speaks of it", by.into());
        self.tell("row-exists", place.shown(), ("a row", found), Mend::PutBack, vec![Change::Lost(place)]);
    }

    /// Reads everything that is not about places or people.
    pub(super) fn known(&mut self) -> Result<Known, VerifyError> {
        let mut known = Known::default();
        self.each(tables::ROOTS, |look, id, bytes| {
            if let Some(root) = look.read::<Root>(Place::Root(id), bytes) {
                known.roots.push(id, root);
            }
            Ok(())
        })?;
        self.each(tables::FOLDERS, |look, id, bytes| {
            if let Some(folder) = look.read::<Folder>(Place::Folder(id), bytes) {
                let (root, path) = (folder.root.0, folder.path.as_bytes().to_vec());
                if known.roots.get(root).is_none() {
                    look.absent(Place::Root(root), Place::Folder(id).shown());
                }
                known.folders.push(id, KnownFolder { seq: folder.seq.0, root, path });
            }
            Ok(())
        })?;
        self.tags(&mut known)?;
        self.texts(&mut known)?;
        self.images(&mut known)?;
        Ok(known)
    }

    fn tags(&mut self, known: &mut Known) -> Result<(), VerifyError> {
        self.each(tables::TAGS, |look, id, bytes| {
            let Some(tag) = look.read::<Tag>(Place::Tag(id), bytes) else { return Ok(()) };
            if tag.kind == TagKind::Custom && !tag.removed {
                known.custom.insert(tag.name, id);
            }
            known.tags.push(id, KnownTag { seq: tag.seq.0, kind: tag.kind, removed: tag.removed });
            Ok(())
        })
    }

    fn texts(&mut self, known: &mut Known) -> Result<(), VerifyError> {
        // Names of tags, for the digests; most texts share them.
        let tags = match self.txn.open_table(tables::TAGS) {
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(()),
            opened => opened?,
        };
        let mut names: std::collections::HashMap<TagId, Option<(TagKind, String)>> = Default::default();
        self.each(tables::TEXTS, |look, id, bytes| {
            let Some(text) = look.read::<Text>(Place::Text(id), bytes) else { return Ok(()) };
            let mut named = Vec::with_capacity(text.tags.len());
            for tag in &text.tags {
                let name = match names.get(tag) {
                    Some(name) => name.clone(),
                    None => {
                        let row = tags.get(tag.0)?.and_then(|row| Tag::decode(row.value()).ok());
                        let name = row.map(|row| (row.kind, row.name));
                        names.insert(*tag, name.clone());
                        name
                    }
                };
                match name {
                    Some(name) => named.push(name),
                    None => look.absent(Place::Tag(tag.0), Place::Text(id).shown()),
                }
            }
            let holes = text.template.matches(HOLE).count();
            if named.len() == text.tags.len() {
                let expected = *SharedText::new(text.template, named).digest();
                if expected != text.digest {
                    let hex = |digest: &[u8; 16]| u128::from_be_bytes(*digest);
                    let words = (
                        format!("the digest {:032x}", hex(&expected)),
                        format!("the digest {:032x}", hex(&text.digest)),
                    );
                    let what = Place::Text(id).shown();
                    look.tell("text-digest", what, words, Mend::PutBack, vec![Change::Lost(Place::Text(id))]);
                }
            }
            known.texts.push(id, KnownText { seq: text.seq.0, holes });
            Ok(())
        })
    }

    fn images(&mut self, known: &mut Known) -> Result<(), VerifyError> {
        self.each(tables::IMAGES, |look, id, bytes| {
            let Some(image) = look.read::<Image>(Place::Image(id), bytes) else { return Ok(()) };
            let by = || Place::Image(id).shown();
            if known.folders.get(image.folder.0).is_none() {
                look.absent(Place::Folder(image.folder.0), by());
            }
            if image.size_tag.0 != 0 && known.tags.get(image.size_tag.0).is_none() {
                look.absent(Place::Tag(image.size_tag.0), by());
            }
            match known.texts.get(image.text.0) {
                None if image.text != TextId::NONE => {
                    look.absent(Place::Text(image.text.0), by());
                }
                text => {
                    let holes = text.map_or(0, |text| text.holes);
                    if holes != image.holes.len() {
                        let words = (
                            format!("{holes} values, as text {} has holes", image.text),
                            format!("{} values", image.holes.len()),
                        );
                        let changes = vec![Change::ReadAgain(id)];
                        look.tell("holes-fit", by(), words, Mend::Derive, changes);
                    }
                }
            }
            let is_present = image.presence == Presence::Present;
            let digest = if is_present { image.sighting.digest() } else { 0 };
            let (folder, name) = (image.folder.0, name_digest(&image.name));
            let seq = image.seq.0;
            known.images.push(id, KnownImage { seq, folder, name, digest, is_present, has_path: false });
            Ok(())
        })
    }
}
