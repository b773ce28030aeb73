//! What of a database has to be brought into this library, what is here already, and what stays behind and why.
//! Only reads.

use std::collections::{BTreeMap, HashMap};

use lumidex::ledger::{AbsentFile, ReadError, Reader, Whose};
use lumidex::sys::Stop;
use lumidex_schema::archive::cover_name;
use lumidex_schema::id::{ImageId, TagId, TextId};
use lumidex_schema::pending::{Candidate, Mark};
use lumidex_schema::record::{Edit, ExtraPath, Link, PathType};
use lumidex_schema::{path, text};

use super::ImportError;
use super::lookup::{Alike, Places};
use super::mapping::{PathMap, Placed};
use super::settings::{Wish, wishes};
use super::source::{Source, SourceFile};

/// Files between two looks at whether to stop.
const FILES_AT_ONCE: usize = 8_192;

/// What is to be done.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Tags to be made or coloured: places in [`Source::tags`].
    pub(super) tags: Vec<u32>,
    /// How many of them are to be made.
    pub(super) tags_made: u64,
    /// Files to be written: places in [`Source::files`], and whose they are.
    pub(super) files: Vec<(u32, Whose)>,
    /// Folders to be added or renamed.
    pub(super) folders: Vec<FolderPlan>,
    pub(super) settings: Vec<Wish>,
    pub(super) counts: Counts,
    /// Where files lie that are waited for: the beginning of their paths, and how many.
    pub(super) waiting_below: BTreeMap<(String, Lies), u64>,
    /// Folders that are in the library by then.
    wanted: Vec<Vec<u8>>,
    /// Reasons why something stays behind.
    pub(super) left: Vec<String>,
}

/// Whether a file can be found where it is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lies {
    /// In a folder of the library.
    Inside,
    /// In none.
    Outside,
    /// That is no path of this machine.
    Elsewhere,
}

/// A folder to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FolderPlan {
    pub(super) path: Vec<u8>,
    pub(super) types: Vec<PathType>,
    pub(super) alias: Option<String>,
    pub(super) is_there: bool,
}

/// Numbers for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Images that get something, and tags, texts and covers they get.
    pub(super) images: u64,
    pub(super) links: u64,
    pub(super) texts: u64,
    pub(super) covers: u64,
    /// Images among them that lie elsewhere and were found by content, or by name and size.
    pub(super) elsewhere: u64,
    /// Files that are to be waited for, with their tags and texts.
    pub(super) waiting: u64,
    pub(super) waiting_links: u64,
    pub(super) waiting_texts: u64,
    /// Files among them that several images here could be.
    pub(super) ambiguous: u64,
    /// Here already.
    pub(super) links_here: u64,
    pub(super) texts_here: u64,
    pub(super) covers_here: u64,
    pub(super) waiting_here: u64,
    /// Tags that a person decided about otherwise here, texts and covers a person gave here.
    pub(super) refused: u64,
    pub(super) texts_kept: u64,
    pub(super) covers_kept: u64,
}

impl Plan {
    /// Whether nothing is to be done.
    pub(super) fn is_empty(&self) -> bool {
        self.tags.is_empty() && self.files.is_empty() && self.folders.is_empty() && self.settings.is_empty()
    }

    pub(super) fn of(
        source: &Source,
        map: &PathMap,
        reader: &Reader,
        stop: &Stop,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Self, ImportError> {
        let mut plan = Self::default();
        let tag_ids = plan.tags(source, reader)?;
        plan.folders(source, map, reader)?;
        plan.settings = wishes(source, map, reader, &mut plan.left)?;
        plan.files(source, map, reader, &tag_ids, stop, progress)?;
        Ok(plan)
    }

    /// Gives the id that each tag has here.
    fn tags(&mut self, source: &Source, reader: &Reader) -> Result<Vec<Option<TagId>>, ReadError> {
        let here: HashMap<String, (TagId, String)> =
            reader.custom_tags()?.into_iter().map(|(id, tag)| (tag.name, (id, tag.color))).collect();
        let mut ids = Vec::with_capacity(source.tags.len());
        for (place, tag) in source.tags.iter().enumerate() {
            let known = here.get(&tag.name);
            match known {
                None => {
                    self.tags.push(place as u32);
                    self.tags_made += 1;
                }
                Some((_, color)) if color.is_empty() && !tag.color.is_empty() => self.tags.push(place as u32),
                Some((_, color)) if !tag.color.is_empty() && *color != tag.color => self.left.push(format!(
                    "the colour `{}` of the tag `{}`: it has `{color}` here",
                    super::complaints::one_line(&tag.color),
                    super::complaints::one_line(&tag.name)
                )),
                Some(_) => {}
            }
            ids.push(known.map(|(id, _)| *id));
        }
        Ok(ids)
    }

    fn folders(&mut self, source: &Source, map: &PathMap, reader: &Reader) -> Result<(), ReadError> {
        let here: BTreeMap<Vec<u8>, ExtraPath> = reader.extra_paths()?.into_iter().collect();
        self.wanted = here.keys().cloned().collect();
        for (path, types, alias) in &source.folders {
            let shown = super::complaints::one_line(path);
            let Placed { path, is_here, .. } = source.place(map, path);
            if !is_here {
                self.left.push(format!(
                    "the folder `{shown}`: that is no path of this machine; say where it is with `--map '{shown}=...'`"
                ));
                continue;
            }
            let (mut wanted, mut unknown) = (Vec::new(), Vec::new());
            for word in types.split('+').filter(|word| !word.is_empty()) {
                match PathType::from_word(word) {
                    Some(known) => wanted.push(known),
                    None => unknown.push(super::complaints::one_line(word)),
                }
            }
            for word in unknown {
                self.left
                    .push(format!("the folder `{shown}` as `{word}`: there is no such kind of folder here"));
            }
            if wanted.is_empty() {
                continue;
            }
            let known = here.get(&path);
            wanted.retain(|word| known.is_none_or(|known| !known.types.contains(word)));
            let alias = (!alias.is_empty() && known.is_none_or(|known| known.alias.is_empty()))
                .then(|| alias.clone());
            if wanted.is_empty() && alias.is_none() {
                continue;
            }
            self.wanted.push(path.clone());
            let is_there = lumidex::sys::paths::from_bytes(&path).is_dir();
            self.folders.push(FolderPlan { path, types: wanted, alias, is_there });
        }
        Ok(())
    }

    fn files(
        &mut self,
        source: &Source,
        map: &PathMap,
        reader: &Reader,
        tag_ids: &[Option<TagId>],
        stop: &Stop,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), ImportError> {
        let mut places = Places::of(reader);
        let mut found = Vec::with_capacity(source.files.len());
        for (nth, file) in source.files.iter().enumerate() {
            if nth % FILES_AT_ONCE == 0 {
                if stop.is_stopped() {
                    return Err(ImportError::Stopped);
                }
                progress(nth as u64);
            }
            let placed = source.place(map, &file.path);
            let image = if placed.is_here { places.image(&placed.path)? } else { None };
            let image = image.map(|id| at_place(reader, file, id)).transpose()?.flatten();
            let is_it = image.is_some_and(|(_, is_it)| is_it);
            let mark = file.mark(name_of(&placed.path)).filter(|_| !is_it);
            found.push((placed, image, mark));
        }
        let wanted = found.iter().filter_map(|(_, _, mark)| mark.clone());
        let alike = Alike::find(reader, wanted, stop)?;
        for (nth, (file, (placed, image, mark))) in source.files.iter().zip(found).enumerate() {
            if nth % FILES_AT_ONCE == 0 && stop.is_stopped() {
                return Err(ImportError::Stopped);
            }
            let elsewhere = mark.as_ref().map(|mark| alike.of(mark));
            let known = match (image, elsewhere) {
                (Some((id, true)), _) => Some(id),
                (_, Some(Candidate::One(id))) => Some(id).filter(|id| alike.is_settled(*id, &placed.path)),
                (other, Some(Candidate::None)) => {
                    let gone = mark.as_ref().and_then(|mark| alike.gone(mark));
                    // Its content is nowhere: the file at its path was rewritten.
                    gone.or_else(|| other.map(|(id, _)| id).filter(|_| alike.is_walked(&placed.path)))
                }
                _ => None,
            };
            let is_elsewhere = known.is_some() && image.map(|(id, _)| id) != known;
            match known {
                Some(id) => {
                    let before = self.counts.images;
                    self.known(nth, file, id, tag_ids, reader)?;
                    self.counts.elsewhere += if is_elsewhere { self.counts.images - before } else { 0 };
                }
                None => self.absent(nth, file, placed, elsewhere, tag_ids, reader)?,
            }
        }
        Ok(())
    }

    fn known(
        &mut self,
        nth: usize,
        file: &SourceFile,
        id: ImageId,
        tag_ids: &[Option<TagId>],
        reader: &Reader,
    ) -> Result<(), ReadError> {
        let links: HashMap<TagId, Link> = reader.links_of(id)?.into_iter().collect();
        let here = |place: &u32| tag_ids[*place as usize].and_then(|tag| links.get(&tag)).copied();
        let (mut links_new, mut text_new, mut cover_new) = (0, 0, 0);
        for place in &file.tags {
            match here(place) {
                None | Some(Link::Ruled) => links_new += 1,
                Some(Link::Given) => self.counts.links_here += 1,
                Some(Link::Refused) => self.counts.refused += 1,
            }
        }
        for place in &file.refused {
            match here(place) {
                None | Some(Link::Ruled) => links_new += 1,
                Some(Link::Refused) => self.counts.links_here += 1,
                Some(Link::Given) => self.counts.refused += 1,
            }
        }
        for place in &file.ruled {
            match here(place) {
                None => links_new += 1,
                Some(_) => self.counts.links_here += 1,
            }
        }
        if let Some(given) = &file.text {
            match reader.edit(id)? {
                None => text_new = 1,
                Some(edit) if worded(reader, &edit)? == *given => self.counts.texts_here += 1,
                Some(_) => self.counts.texts_kept += 1,
            }
        }
        if let Some(chosen) = &file.cover {
            match reader.cover(id)? {
                None => cover_new = 1,
                Some(webp) if cover_name(&webp) == *chosen => self.counts.covers_here += 1,
                Some(_) => self.counts.covers_kept += 1,
            }
        }
        let waits = reader.pending(&file.key(), file.size)?.is_some();
        let n_new = links_new + text_new + cover_new;
        if n_new > 0 || waits {
            self.files.push((nth as u32, Whose::Image(id)));
        }
        self.counts.images += u64::from(n_new > 0);
        self.counts.links += links_new;
        self.counts.texts += text_new;
        self.counts.covers += cover_new;
        Ok(())
    }

    fn absent(
        &mut self,
        nth: usize,
        file: &SourceFile,
        placed: Placed,
        elsewhere: Option<Candidate>,
        tag_ids: &[Option<TagId>],
        reader: &Reader,
    ) -> Result<(), ReadError> {
        let Counts { waiting, waiting_links, waiting_texts, waiting_here, ambiguous, .. } = &mut self.counts;
        *ambiguous += u64::from(elsewhere == Some(Candidate::Several));
        let lies = match placed.is_here {
            true if self.wanted.iter().any(|folder| path::below(&placed.path, folder).is_some()) => {
                Lies::Inside
            }
            true => Lies::Outside,
            false => Lies::Elsewhere,
        };
        *self.waiting_below.entry((beginning(&placed.path), lies)).or_default() += 1;
        if let Some((pending, candidate)) = reader.pending(&file.key(), file.size)? {
            let tags = |places: &[u32]| {
                let mut tags: Vec<_> = places.iter().map(|place| tag_ids[*place as usize]).collect();
                tags.sort_unstable();
                tags
            };
            let has_text = match (&pending.edit, &file.text) {
                (None, None) => true,
                (Some(edit), Some(given)) => worded(reader, edit)? == *given,
                _ => false,
            };
            let is_same = pending.path == placed.path
                && pending.fingerprint == file.fingerprint
                && pending.was_missing == file.was_missing
                && candidate == elsewhere
                && has_text
                && pending.cover.as_deref().map(cover_name) == file.cover
                && pending.tags.iter().copied().map(Some).eq(tags(&file.tags))
                && pending.refused.iter().copied().map(Some).eq(tags(&file.refused))
                // A text brings more of them along.
                && tags(&file.ruled).iter().all(|tag| tag.is_some_and(|tag| pending.ruled.contains(&tag)));
            if is_same {
                *waiting_here += 1;
                return Ok(());
            }
        }
        *waiting += 1;
        *waiting_links += (file.tags.len() + file.refused.len() + file.ruled.len()) as u64;
        *waiting_texts += u64::from(file.text.is_some());
        let was_missing = file.was_missing;
        let absent = AbsentFile { path: placed.path, elsewhere, was_missing };
        self.files.push((nth as u32, Whose::Absent(absent)));
        Ok(())
    }
}

/// The image at the path of a file, if it may be it, and whether it is for certain.
fn at_place(reader: &Reader, file: &SourceFile, id: ImageId) -> Result<Option<(ImageId, bool)>, ReadError> {
    if Mark::of_content(&file.fingerprint).is_none() {
        return Ok(Some((id, true)));
    }
    let is_it = reader.image_as_read(id)?.is_some_and(|image| image.fingerprint == file.fingerprint);
    Ok((is_it || !file.was_missing).then_some((id, is_it)))
}

/// The text that a person gave here.
fn worded(reader: &Reader, edit: &Edit) -> Result<String, ReadError> {
    if edit.text == TextId::NONE {
        return Ok(String::new());
    }
    let shared = reader.text(edit.text)?;
    Ok(shared.map(|shared| text::fill(&shared.template, &edit.holes)).unwrap_or_default())
}

/// The last component of a path.
fn name_of(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

/// The first two components of a path: enough to see which drive or folder is meant.
fn beginning(place: &[u8]) -> String {
    let text = path::display(place);
    let folder = text.rfind('/').map_or("", |at| &text[..at]);
    let mut separators = folder.char_indices().filter(|(at, letter)| *letter == '/' && *at > 1);
    let end = separators.nth(1).map_or(folder.len(), |(at, _)| at);
    folder[..end].to_owned()
}
