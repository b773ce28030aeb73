//! What the writer keeps in memory to know a text or a tag when it meets one again.
//!
//! Looking these up in the store would cost a random read for each; keeping only their digests
//! costs about 30 bytes each. Filled on first use, thrown away when a transaction fails.

use super::ReadError;
use super::alike::{Alikes, SharedAlike};
use super::observe::SharedText;
use super::txn::Tables;
use super::underway::Underway;
use super::vacated::Vacated;
use crate::limits;
use lumidex_schema::feed::Subject;
use lumidex_schema::id::{ImageId, TagId, TextId};
use lumidex_schema::record::{Malformed, Row, Tag, Text};
use lumidex_schema::tag::{TagKind, is_valid_name, pixel_size_name};
use parking_lot::Mutex;
use redb::ReadableTable;
use std::collections::HashMap;
use std::sync::Arc;

/// Images whose place another took, for whoever can look where their content is now.
pub(super) type Displaced = Arc<Mutex<Vec<ImageId>>>;

/// See the module.
#[derive(Default)]
pub(super) struct Interned {
    /// Which images have the same content.
    pub(super) alikes: Alikes,
    /// Images whose place another took in this transaction.
    pub(super) displaced: Vec<ImageId>,
    /// Images whose files operations are about to move.
    pub(super) underway: Underway,
    /// Places they took files from.
    pub(super) vacated: Vacated,
    told: Displaced,
    texts: Option<HashMap<[u8; 16], TextId>>,
    tags: Option<HashMap<(TagKind, Box<str>), TagId>>,
    sizes: HashMap<(u32, u32), TagId>,
}

impl Interned {
    pub(super) fn new(alike: SharedAlike, told: Displaced) -> Self {
        Self { alikes: Alikes::new(alike), told, ..Self::default() }
    }

    /// The transaction is durable.
    pub(super) fn commit(&mut self) {
        self.alikes.commit();
        let mut told = self.told.lock();
        let room = limits::DISPLACED_MAX.saturating_sub(told.len());
        told.extend(self.displaced.drain(..).take(room));
    }

    /// The transaction is lost: ids given in it must not be met again.
    pub(super) fn forget(&mut self) {
        let Self { alikes, displaced, underway, vacated, told: _, texts, tags, sizes } = self;
        alikes.forget();
        displaced.clear();
        underway.forget();
        vacated.forget();
        (*texts, *tags) = (None, None);
        sizes.clear();
    }

    /// The id of a distinct text, given when it is met for the first time.
    pub(super) fn text(&mut self, tables: &mut Tables<'_>, shared: &SharedText) -> Result<TextId, ReadError> {
        if self.texts.is_none() {
            self.texts = Some(load_texts(tables)?);
        }
        let known = self.texts.as_ref().and_then(|texts| texts.get(shared.digest()));
        if let Some(id) = known {
            return Ok(*id);
        }
        let mut tags = Vec::with_capacity(shared.tags().len());
        for (kind, name) in shared.tags() {
            tags.push(self.tag(tables, *kind, name)?);
        }
        tables.counters.text = tables.counters.text.next();
        let id = tables.counters.text;
        let seq = tables.renumber(None, Subject::Text(id))?;
        let text = Text { seq, digest: *shared.digest(), template: shared.template().to_owned(), tags };
        tables.texts.insert(id.0, text.encode().as_slice())?;
        if let Some(texts) = &mut self.texts {
            texts.insert(*shared.digest(), id);
        }
        Ok(id)
    }

    /// The id of a tag, given when it is met for the first time.
    pub(super) fn tag(
        &mut self,
        tables: &mut Tables<'_>,
        kind: TagKind,
        name: &str,
    ) -> Result<TagId, ReadError> {
        if self.tags.is_none() {
            self.tags = Some(load_tags(tables)?);
        }
        let tags = self.tags.get_or_insert_with(HashMap::new);
        let key = (kind, Box::<str>::from(name));
        if let Some(id) = tags.get(&key) {
            return Ok(*id);
        }
        let id = tables.add_tag(kind, name)?;
        tags.insert(key, id);
        Ok(id)
    }

    /// The id of a pixel-size tag.
    pub(super) fn pixel_size(
        &mut self,
        tables: &mut Tables<'_>,
        width: u32,
        height: u32,
    ) -> Result<TagId, ReadError> {
        if let Some(id) = self.sizes.get(&(width, height)) {
            return Ok(*id);
        }
        let name = pixel_size_name(width, height);
        debug_assert!(is_valid_name(&name));
        let id = self.tag(tables, TagKind::PixelSize, &name)?;
        self.sizes.insert((width, height), id);
        Ok(id)
    }

    /// A custom tag that a person had removed is back.
    pub(super) fn know_custom(&mut self, name: &str, id: TagId) {
        if let Some(tags) = &mut self.tags {
            tags.insert((TagKind::Custom, Box::<str>::from(name)), id);
        }
    }

    /// Forgets a custom tag that a person removed, so that the name makes another.
    pub(super) fn forget_custom(&mut self, name: &str) {
        if let Some(tags) = &mut self.tags {
            tags.remove(&(TagKind::Custom, Box::<str>::from(name)));
        }
    }
}

fn load_texts(tables: &Tables<'_>) -> Result<HashMap<[u8; 16], TextId>, ReadError> {
    let mut texts = HashMap::new();
    for entry in tables.texts.range::<u32>(..)? {
        let (id, row) = entry?;
        // Only the two leading fields: decoding every template would cost more than the scan.
        let ((_, digest), _) = Text::decode_head(row.value()).ok_or(Malformed { table: Text::TABLE })?;
        texts.insert(digest, TextId(id.value()));
    }
    Ok(texts)
}

fn load_tags(tables: &Tables<'_>) -> Result<HashMap<(TagKind, Box<str>), TagId>, ReadError> {
    let mut tags = HashMap::new();
    for entry in tables.tags.range::<u32>(..)? {
        let (id, row) = entry?;
        let tag = Tag::decode(row.value())?;
        if !tag.removed {
            tags.insert((tag.kind, tag.name.into_boxed_str()), TagId(id.value()));
        }
    }
    Ok(tags)
}
