//! Whether tags, columns and names are what the ledger says of each image. Sets of images are proved by asking them
//! for each image that is to be in them, and by their size: so nothing as large as they is built beside them.

use super::posting::Posting;
use super::projection::TagsReader;
use super::state::{FolderEntry, Live, State, TagEntry};
use super::store;
use crate::ledger::verify::{Finding, Mend};
use crate::ledger::{ReadError, Reader};
use crate::limits::IMAGES_LOOKED_THROUGH_AT_ONCE;
use crate::projection::verify::{LookError, Looking, Unjudged, open_as_it_stands};
use lumidex_schema::checkpoint::Checkpoint;
use lumidex_schema::id::{FolderId, ImageId, TagId, TextId};
use lumidex_schema::record::{Image, Presence};
use lumidex_schema::tag::media_tag;
use lumidex_schema::{format, layout};
use roaring::RoaringBitmap;
use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

const PLACE: &str = layout::TAGS;
/// Texts whose tags are remembered.
const TEXTS_REMEMBERED: usize = 50_000;
/// Images whose differences are remembered until it is known whether they changed meanwhile.
const DIFFERENCES_MAX: usize = 10_000;

/// Looks at the file of a projection that nobody has open.
pub(in crate::projection) fn verify_closed(path: &Path, looking: &mut Looking<'_>) -> Result<(), LookError> {
    if !path.exists() {
        return Ok(());
    }
    let (state, checkpoint) = match load(path) {
        Ok(Some(loaded)) => loaded,
        Ok(None) => return Ok(()),
        Err(error) => {
            looking.tell(PLACE, "file-sound", "the file", ("tags as they were written", error.to_string()));
            return Ok(());
        }
    };
    let Some(applied) = looking.judge(PLACE, Ok(checkpoint), format::TAGS.current)? else { return Ok(()) };
    let reader = TagsReader::of(state);
    let unjudged = Unjudged::since(looking.reader, applied)?;
    compare(&reader, looking, || Ok(unjudged))
}

fn load(path: &Path) -> Result<Option<(State, Checkpoint)>, store::StoreError> {
    let Some(db) = open_as_it_stands(path)? else { return Ok(None) };
    let checkpoint = store::checkpoint(&db)?.ok_or("there is no checkpoint")?;
    let is_current = checkpoint.format == format::TAGS.current;
    let state = if is_current { store::load(&db)? } else { State::default() };
    Ok(Some((state, checkpoint)))
}

/// Looks at tags as they are served, which are at least as far as the ledger that is looked at; `changed` is asked
/// in the end what changed meanwhile.
///
/// # Errors
/// [`LookError`].
pub fn verify(
    tags: &TagsReader,
    looking: &mut Looking<'_>,
    changed: impl FnOnce() -> Result<Unjudged, ReadError>,
) -> Result<(), LookError> {
    compare(tags, looking, changed)
}

/// What there is to be.
#[derive(Default)]
struct Expected {
    live: RoaringBitmap,
    /// Images of each tag.
    tags: Vec<u64>,
    /// Images of each folder.
    folders: Vec<u64>,
    differences: Vec<(u32, Finding)>,
    texts: HashMap<TextId, Rc<[TagId]>>,
}

fn compare(
    tags: &TagsReader,
    looking: &mut Looking<'_>,
    changed: impl FnOnce() -> Result<Unjudged, ReadError>,
) -> Result<(), LookError> {
    let reader = looking.reader;
    let (total, has_links) = (reader.n_images()?, reader.has_links()?);
    let mut expected = Expected::default();
    let mut after = ImageId::default();
    loop {
        let page = reader.images_after(after, IMAGES_LOOKED_THROUGH_AT_ONCE)?;
        let Some((last, _, _)) = page.last() else { break };
        after = *last;
        let mut lives = Vec::with_capacity(page.len());
        for (id, image, _) in page {
            looking.step(total)?;
            lives.push((id, expected.live_of(reader, id, image, has_links)?));
        }
        // Held for a page, so that what is served waits little.
        let state = tags.read();
        for (id, live) in lives {
            expected.look_at(&state, id, live.as_ref());
        }
    }
    let unjudged = changed()?;
    for id in &unjudged.images {
        if let Some(image) = reader.image(ImageId(id))?
            && let Some(live) = expected.live_of(reader, ImageId(id), image, has_links)?
        {
            expected.count(&live, false);
        }
    }
    for (id, finding) in std::mem::take(&mut expected.differences) {
        if !unjudged.images.contains(id) {
            looking.findings.add(finding);
        }
    }
    let state = tags.read();
    expected.look_at_sets(&state, looking, &unjudged);
    look_at_order(&state, looking);
    look_at_names(&state, looking, &unjudged)
}

impl Expected {
    fn live_of(
        &mut self,
        reader: &Reader,
        id: ImageId,
        mut image: Image,
        has_links: bool,
    ) -> Result<Option<Live>, ReadError> {
        if image.presence != Presence::Present {
            return Ok(None);
        }
        if let Some(edit) = reader.edit(id)? {
            (image.text, image.holes) = (edit.text, edit.holes);
        }
        let tags = match self.texts.get(&image.text) {
            Some(tags) => Rc::clone(tags),
            None => {
                let tags: Rc<[TagId]> = reader.tags_of_text(image.text)?.into();
                if self.texts.len() >= TEXTS_REMEMBERED {
                    self.texts.clear();
                }
                self.texts.insert(image.text, Rc::clone(&tags));
                tags
            }
        };
        let custom = if has_links { reader.custom_tag_ids_of(id)? } else { Vec::new() };
        Ok(Some(Live::new(&image, tags, custom)))
    }

    fn look_at(&mut self, state: &State, id: ImageId, live: Option<&Live>) {
        let Some(live) = live else {
            if state.live.contains(id.0) || state.columns.get(id).is_some() {
                self.differ(id, "image-is-there", "none that is there", "one that is there");
            }
            return;
        };
        self.live.insert(id.0);
        self.count(live, true);
        let facts = state.columns.get(id);
        if !state.live.contains(id.0) || facts != Some(live.facts) {
            let found = facts.map_or("none".to_owned(), |facts| format!("{facts:?}"));
            self.differ(id, "image-facts", &format!("{:?}", live.facts), &found);
        }
        for (rule, due, there) in [
            ("image-name", &live.name, state.names.get(id)),
            ("image-holes", &live.holes, state.holes.get(id)),
        ] {
            if due != there {
                let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace('\0', "|");
                self.differ(id, rule, &shown(due), &shown(there));
            }
        }
        for tag in tags_of(live) {
            if !state.posting(tag).contains(id) {
                self.differ(id, "image-has-tag", &format!("tag {tag} on it"), "not");
            }
        }
        if !state.in_folder(live.facts.folder).contains(id) {
            self.differ(id, "image-in-folder", &format!("it in folder {}", live.facts.folder), "not");
        }
    }

    fn differ(&mut self, id: ImageId, rule: &'static str, due: &str, found: &str) {
        if self.differences.len() < DIFFERENCES_MAX {
            let finding = Finding::new(PLACE, rule, format!("image {id}"), (due, found), Mend::Refill);
            self.differences.push((id.0, finding));
        }
    }

    fn count(&mut self, live: &Live, is_more: bool) {
        let add = |counts: &mut Vec<u64>, at: usize| {
            if counts.len() <= at {
                counts.resize(at + 1, 0);
            }
            counts[at] = if is_more { counts[at] + 1 } else { counts[at].saturating_sub(1) };
        };
        for tag in tags_of(live) {
            add(&mut self.tags, tag.index());
        }
        add(&mut self.folders, live.facts.folder.index());
    }

    /// With all that is to be in them in them, sets of the right size are right.
    fn look_at_sets(&self, state: &State, looking: &mut Looking<'_>, unjudged: &Unjudged) {
        let more = &(&state.live - &self.live) - &unjudged.images;
        for id in more {
            looking.tell(
                PLACE,
                "image-is-there",
                format!("image {id}"),
                ("none that is there", "one that is"),
            );
        }
        let n_judged = |posting: &Posting| match unjudged.images.is_empty() {
            true => posting.len(),
            false => (&posting.to_bitmap() - &unjudged.images).len(),
        };
        let mut judge = |what: &str, id: usize, due: Option<&u64>, there: &Posting| {
            let (due, found) = (due.copied().unwrap_or(0), n_judged(there));
            if due != found {
                let words = (format!("{due} images"), format!("{found} images"));
                looking.tell(PLACE, "set-size", format!("{what} {id}"), words);
            }
        };
        for id in 0..state.postings.len().max(self.tags.len()) {
            judge("images of tag", id, self.tags.get(id), state.posting(TagId(id as u32)));
        }
        for id in 0..state.folder_postings.len().max(self.folders.len()) {
            judge("images in folder", id, self.folders.get(id), state.in_folder(FolderId(id as u32)));
        }
    }
}

/// Every tag of an image, once.
fn tags_of(live: &Live) -> Vec<TagId> {
    let media =
        lumidex_schema::media::MediaKind::ALL.into_iter().find(|media| *media as u8 == live.facts.media);
    let mut tags: Vec<TagId> = live.tags.iter().chain(&live.custom).copied().collect();
    tags.push(live.facts.size_tag);
    tags.extend(media.map(media_tag));
    tags.sort_unstable();
    tags.dedup();
    tags
}

fn look_at_order(state: &State, looking: &mut Looking<'_>) {
    let (ids, texts) = (state.order.ids(), state.order.texts());
    let is_sorted = ids.is_sorted_by_key(|id| (state.columns.date(ImageId(*id)), *id));
    let is_whole = ids.len() as u64 == state.live.len() && texts.len() == ids.len();
    let has_texts = ids.iter().zip(texts).all(|(id, text)| state.columns.text(ImageId(*id)).0 == *text);
    if !(is_sorted && is_whole && has_texts) {
        let words = ("every image once, by date", "another");
        looking.tell(PLACE, "order", "the order by date", words);
    }
}

/// Tags and folders by their ids.
fn look_at_names(state: &State, looking: &mut Looking<'_>, unjudged: &Unjudged) -> Result<(), LookError> {
    let reader = looking.reader;
    let last = reader.last_tag()?.0.max(u32::try_from(state.tags.len()).unwrap_or(u32::MAX));
    for id in (1..=last).filter(|id| !unjudged.tags.contains(*id)) {
        let due = reader.tag(TagId(id))?.filter(|tag| !tag.removed).map(|tag| TagEntry {
            kind: tag.kind,
            name: tag.name.into(),
            color: tag.color.into(),
        });
        let there = state.tag(TagId(id));
        if due.as_ref() != there {
            let shown = |entry: Option<&TagEntry>| {
                entry.map_or("none".to_owned(), |entry| format!("{} `{}`", entry.kind.word(), entry.name))
            };
            looking.tell(PLACE, "tag-entry", format!("tag {id}"), (shown(due.as_ref()), shown(there)));
        }
    }
    let last = reader.last_folder()?.0.max(u32::try_from(state.folders().len()).unwrap_or(u32::MAX));
    for id in (1..=last).filter(|id| !unjudged.folders.contains(*id)) {
        let due = reader.folder_path(FolderId(id))?;
        let there = state.folders().get(id as usize);
        let is_there = there.is_some_and(|entry| *entry == FolderEntry::new(&due));
        let is_none = there.is_none_or(|entry| entry.path.is_empty()) && due.is_empty();
        if !is_there && !is_none {
            let shown = lumidex_schema::path::display;
            let found = there.map_or("none".to_owned(), |entry| shown(&entry.path));
            looking.tell(PLACE, "folder-entry", format!("folder {id}"), (shown(&due), found));
        }
    }
    Ok(())
}
