//! What of a database has to be brought into this library, what is here already, and what stays behind and why.
//! Only reads.

use std::collections::{BTreeMap, HashMap};

use lumidex::ledger::{AbsentFile, ReadError, Reader, Whose};
use lumidex::sys::Stop;
use lumidex_schema::id::{FolderId, ImageId, TagId, TextId};
use lumidex_schema::pending::Candidate;
use lumidex_schema::record::{Edit, ExtraPath, Image, Link, PathType, Presence};
use lumidex_schema::text;

use super::ImportError;
use super::mapping::{PathMap, Placed};
use super::read::{Source, SourceFile, name_and_size};
use super::settings::{Wish, wishes};

/// Images read at once where all are looked through.
const IMAGES_AT_ONCE: usize = 8_192;

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
    /// Where files lie that are waited for: the beginning of their paths, how many, whether it can be a
    /// path of this machine.
    pub(super) waiting_below: BTreeMap<String, (u64, bool)>,
    /// Reasons why something stays behind.
    pub(super) left: Vec<String>,
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
    /// Images that get something, and tags and texts they get.
    pub(super) images: u64,
    pub(super) links: u64,
    pub(super) texts: u64,
    /// Images among them that lie elsewhere and were found by name and size.
    pub(super) by_name: u64,
    /// Files that are to be waited for, with their tags and texts.
    pub(super) waiting: u64,
    pub(super) waiting_links: u64,
    pub(super) waiting_texts: u64,
    /// Files among them that several images here could be.
    pub(super) ambiguous: u64,
    /// Here already.
    pub(super) links_here: u64,
    pub(super) texts_here: u64,
    pub(super) waiting_here: u64,
    /// Tags that a person took off here, texts a person gave here.
    pub(super) refused: u64,
    pub(super) texts_kept: u64,
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
        for (path, types, alias) in &source.folders {
            let shown = super::complaints::one_line(path);
            let Placed { path, is_here, .. } = map.place(path);
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
        let mut places = Places { reader, folders: HashMap::new() };
        let mut found = Vec::with_capacity(source.files.len());
        let mut wanted = HashMap::new();
        for (nth, file) in source.files.iter().enumerate() {
            if nth % IMAGES_AT_ONCE == 0 {
                if stop.is_stopped() {
                    return Err(ImportError::Stopped);
                }
                progress(nth as u64);
            }
            let placed = map.place(&file.path);
            let image = if placed.is_here { places.image(&placed.path)? } else { None };
            if image.is_none() && file.is_unique {
                wanted.insert(name_and_size(name_of(&placed.path), file.size), Candidate::None);
            }
            found.push((placed, image));
        }
        let alike = if wanted.is_empty() { Alike::default() } else { Alike::find(reader, wanted, stop)? };
        for (nth, (file, (placed, image))) in source.files.iter().zip(found).enumerate() {
            if nth % IMAGES_AT_ONCE == 0 && stop.is_stopped() {
                return Err(ImportError::Stopped);
            }
            let by_name = file.is_unique.then(|| alike.of(name_of(&placed.path), file.size));
            let by_name_now = match by_name {
                Some(Candidate::One(id)) if alike.is_settled(id) => Some(id),
                _ => None,
            };
            match (image, by_name_now) {
                (Some(id), _) => self.known(nth, file, id, tag_ids, reader)?,
                (None, Some(id)) => {
                    let before = self.counts.images;
                    self.known(nth, file, id, tag_ids, reader)?;
                    self.counts.by_name += self.counts.images - before;
                }
                (None, None) => self.absent(nth, file, placed, by_name, tag_ids, reader)?,
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
        let (mut links_new, mut text_new) = (0, 0);
        for place in &file.tags {
            match tag_ids[*place as usize].and_then(|tag| links.get(&tag)) {
                None | Some(Link::Ruled) => links_new += 1,
                Some(Link::Given) => self.counts.links_here += 1,
                Some(Link::Refused) => self.counts.refused += 1,
            }
        }
        if let Some(given) = &file.text {
            match reader.edit(id)? {
                None => text_new = 1,
                Some(edit) if worded(reader, &edit)? == *given => self.counts.texts_here += 1,
                Some(_) => self.counts.texts_kept += 1,
            }
        }
        let waits = reader.pending(file.path.as_bytes(), file.size)?.is_some();
        if links_new + text_new > 0 || waits {
            self.files.push((nth as u32, Whose::Image(id)));
        }
        self.counts.images += u64::from(links_new + text_new > 0);
        self.counts.links += links_new;
        self.counts.texts += text_new;
        Ok(())
    }

    fn absent(
        &mut self,
        nth: usize,
        file: &SourceFile,
        placed: Placed,
        by_name: Option<Candidate>,
        tag_ids: &[Option<TagId>],
        reader: &Reader,
    ) -> Result<(), ReadError> {
        let Counts { waiting, waiting_links, waiting_texts, waiting_here, ambiguous, .. } = &mut self.counts;
        *ambiguous += u64::from(by_name == Some(Candidate::Several));
        let (below, is_here) = (beginning(&placed.path), placed.is_here);
        self.waiting_below.entry(below).or_insert((0, is_here)).0 += 1;
        if let Some((pending, candidate)) = reader.pending(file.path.as_bytes(), file.size)? {
            let mut tags: Vec<_> = file.tags.iter().map(|place| tag_ids[*place as usize]).collect();
            tags.sort_unstable();
            let has_text = match (&pending.edit, &file.text) {
                (None, None) => true,
                (Some(edit), Some(given)) => worded(reader, edit)? == *given,
                _ => false,
            };
            let is_same = pending.path == placed.path
                && candidate == by_name
                && has_text
                && pending.tags.iter().copied().map(Some).eq(tags);
            if is_same {
                *waiting_here += 1;
                return Ok(());
            }
        }
        *waiting += 1;
        *waiting_links += file.tags.len() as u64;
        *waiting_texts += u64::from(file.text.is_some());
        self.files.push((nth as u32, Whose::Absent(AbsentFile { path: placed.path, by_name })));
        Ok(())
    }
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
fn beginning(path: &[u8]) -> String {
    let text = lumidex_schema::path::display(path);
    let folder = text.rfind('/').map_or("", |at| &text[..at]);
    let mut separators = folder.char_indices().filter(|(at, letter)| *letter == '/' && *at > 1);
    let end = separators.nth(1).map_or(folder.len(), |(at, _)| at);
    folder[..end].to_owned()
}

/// Looks images up by path; each folder once.
struct Places<'r> {
    reader: &'r Reader,
    folders: HashMap<Vec<u8>, Option<FolderId>>,
}

impl Places<'_> {
    fn image(&mut self, path: &[u8]) -> Result<Option<ImageId>, ReadError> {
        let Some(slash) = path.iter().rposition(|byte| *byte == b'/') else { return Ok(None) };
        let (directory, name) = (&path[..slash.max(1)], &path[slash + 1..]);
        let folder = match self.folders.get(directory) {
            Some(folder) => *folder,
            None => {
                let folder = self.reader.folder_at(directory)?;
                self.folders.insert(directory.to_vec(), folder);
                folder
            }
        };
        folder.map_or(Ok(None), |folder| self.reader.image_in(folder, name))
    }
}

/// Images here by name and size, as far as somebody looks for them.
#[derive(Default)]
struct Alike {
    found: HashMap<u64, Candidate>,
    /// Images of roots that no walk has come to the end of: another may be there.
    unsettled: Vec<ImageId>,
}

impl Alike {
    fn find(reader: &Reader, wanted: HashMap<u64, Candidate>, stop: &Stop) -> Result<Self, ImportError> {
        let mut alike = Self { found: wanted, unsettled: Vec::new() };
        let unwalked: Vec<_> =
            reader.roots()?.into_iter().filter(|(_, root)| root.walked.is_none()).map(|(id, _)| id).collect();
        let mut after = ImageId::default();
        loop {
            if stop.is_stopped() {
                return Err(ImportError::Stopped);
            }
            let images = reader.images_after(after, IMAGES_AT_ONCE)?;
            let Some((last, _, _)) = images.last() else { return Ok(alike) };
            after = *last;
            for (id, image, _) in &images {
                if image.presence == Presence::Present && alike.meet(*id, image) && !unwalked.is_empty() {
                    let folder = reader.folder(image.folder)?;
                    if folder.is_none_or(|folder| unwalked.contains(&folder.root)) {
                        alike.unsettled.push(*id);
                    }
                }
            }
        }
    }

    /// Whether somebody looks for it.
    fn meet(&mut self, id: ImageId, image: &Image) -> bool {
        let Some(candidate) = self.found.get_mut(&name_and_size(&image.name, image.sighting.size)) else {
            return false;
        };
        *candidate = match candidate {
            Candidate::None => Candidate::One(id),
            Candidate::One(_) | Candidate::Several => Candidate::Several,
        };
        true
    }

    fn of(&self, name: &[u8], size: u64) -> Candidate {
        self.found.get(&name_and_size(name, size)).copied().unwrap_or(Candidate::None)
    }

    fn is_settled(&self, id: ImageId) -> bool {
        self.unsettled.binary_search(&id).is_err()
    }
}
