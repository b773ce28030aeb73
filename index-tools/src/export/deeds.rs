//! What a person did, in the order in which it is exported, with tags under numbers that depend on nothing else.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use lumidex::ledger::{ReadError, Reader};
use lumidex_schema::archive::{FileLine, FolderLine, SettingLine, TagLine, hex};
use lumidex_schema::id::{ImageId, TagId, TextId};
use lumidex_schema::path::display;
use lumidex_schema::pending::UNKNOWN_SIZE;
use lumidex_schema::record::{Edit, Fingerprint, Link, Presence, Tag};
use lumidex_schema::tag::TagKind;
use lumidex_schema::text;
use serde_json::Value;

/// Keys under which numbers of tags stand, in saved searches.
pub(crate) const TAGS_UNDER: [&str; 3] = ["and_tags", "or_tags", "not_tags"];

/// Tags by what they are called in an export.
#[derive(Debug, Default)]
pub(super) struct Tags {
    pub(super) lines: Vec<TagLine>,
    numbers: HashMap<TagId, u32>,
}

impl Tags {
    /// Custom tags, and those of other kinds that saved searches name.
    pub(super) fn read(reader: &Reader) -> Result<Self, ReadError> {
        let mut named = BTreeSet::new();
        for (_, json) in reader.settings()? {
            if let Ok(mut value) = serde_json::from_str(&json) {
                for_each_tag(&mut value, &mut |id| {
                    named.extend(u32::try_from(id).ok().map(TagId));
                    None
                });
            }
        }
        let mut known: Vec<(TagId, Tag)> = reader.all_tags()?;
        known.retain(|(id, tag)| !tag.removed && (tag.kind == TagKind::Custom || named.contains(id)));
        known.sort_by(|(_, a), (_, b)| (a.kind.word(), &a.name).cmp(&(b.kind.word(), &b.name)));
        let mut tags = Self::default();
        for ((id, tag), number) in known.into_iter().zip(1..) {
            let kind = tag.kind.word().to_owned();
            tags.lines.push(TagLine { number, kind, name: tag.name, color: tag.color });
            tags.numbers.insert(id, number);
        }
        Ok(tags)
    }

    /// The tag of a number.
    pub(super) fn line(&self, number: u32) -> Option<&TagLine> {
        self.lines.get(number.checked_sub(1)? as usize)
    }

    /// Numbers of tags, ascending, without those that were removed.
    fn numbers(&self, tags: impl IntoIterator<Item = TagId>) -> Vec<u32> {
        let mut numbers: Vec<u32> =
            tags.into_iter().filter_map(|tag| self.numbers.get(&tag)).copied().collect();
        numbers.sort_unstable();
        numbers
    }
}

/// Calls `each` with every number of a tag that a setting names, and puts what that gives in its place. Says
/// whether anything was put.
pub(crate) fn for_each_tag(value: &mut Value, each: &mut dyn FnMut(u64) -> Option<u64>) -> bool {
    let mut is_changed = false;
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let numbers = value.as_array_mut().filter(|_| TAGS_UNDER.contains(&name.as_str()));
                let Some(numbers) = numbers else {
                    is_changed |= for_each_tag(value, each);
                    continue;
                };
                for number in numbers {
                    // Some clients write them as texts.
                    let named = number.as_u64().or_else(|| number.as_str()?.parse().ok());
                    if let Some(other) = named.and_then(&mut *each)
                        && *number != other
                    {
                        *number = other.into();
                        is_changed = true;
                    }
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                is_changed |= for_each_tag(item, each);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    is_changed
}

/// Folders by path.
pub(super) fn folders(reader: &Reader) -> Result<Vec<FolderLine>, ReadError> {
    let line = |(path, entry): (Vec<u8>, lumidex_schema::record::ExtraPath)| FolderLine {
        path: display(&path),
        types: entry.types.iter().map(|known| known.word().to_owned()).collect(),
        alias: entry.alias,
    };
    Ok(reader.extra_paths()?.into_iter().map(line).collect())
}

/// Settings by name; those that name tags name them by their numbers in the export.
pub(super) fn settings(reader: &Reader, tags: &Tags) -> Result<Vec<SettingLine>, ReadError> {
    let mut lines = Vec::new();
    for (name, json) in reader.settings()? {
        let mut value: Value = serde_json::from_str(&json).unwrap_or_default();
        let is_changed = for_each_tag(&mut value, &mut |id| {
            // Of a tag that is gone there is nothing to name; no tag has the number 0.
            let number = u32::try_from(id).ok().and_then(|id| tags.numbers.get(&TagId(id)));
            Some(number.copied().unwrap_or(0).into())
        });
        lines.push(SettingLine { name, json: if is_changed { value.to_string() } else { json } });
    }
    Ok(lines)
}

/// Where a line about a file comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    Image(ImageId),
    /// Not seen yet: where an import found it, and its size there.
    Pending(Vec<u8>, u64),
}

/// Files a person did something to, by path.
pub(super) struct Files<'a> {
    reader: &'a Reader,
    tags: &'a Tags,
    origins: Vec<(Vec<u8>, Origin)>,
}

/// One of them, with the cover that goes along.
pub(super) struct FileWithCover {
    pub(super) line: FileLine,
    pub(super) cover: Option<Vec<u8>>,
}

impl<'a> Files<'a> {
    pub(super) fn read(reader: &'a Reader, tags: &'a Tags) -> Result<Self, ReadError> {
        let mut origins = Vec::new();
        let mut folders = BTreeMap::new();
        for id in reader.images_with_deeds()? {
            let Some(image) = reader.image_as_read(id)? else { continue };
            let folder = match folders.get(&image.folder) {
                Some(folder) => folder,
                None => folders.entry(image.folder).or_insert(reader.folder_path(image.folder)?),
            };
            origins.push((lumidex_schema::path::absolute(folder, b"", &image.name), Origin::Image(id)));
        }
        for pending in reader.all_pending()? {
            let (source, size, pending) = pending?;
            origins.push((pending.path, Origin::Pending(source, size)));
        }
        origins.sort_unstable();
        Ok(Self { reader, tags, origins })
    }

    pub(super) fn len(&self) -> u64 {
        self.origins.len() as u64
    }

    /// Each in turn; `None` for one of which nothing remains to be said, as all its tags were removed.
    pub(super) fn iter(&self) -> impl Iterator<Item = Result<Option<FileWithCover>, ReadError>> {
        self.origins.iter().map(|(path, origin)| {
            let file = match origin {
                Origin::Image(id) => self.of_image(*id)?,
                Origin::Pending(source, size) => self.of_pending(source, *size)?,
            };
            let Some(mut file) = file else { return Ok(None) };
            file.line.path = display(path);
            file.line.cover = file.cover.as_deref().map(lumidex_schema::archive::cover_name);
            let FileLine { tags, refused, ruled, text, cover, .. } = &file.line;
            let is_any = !tags.is_empty() || !refused.is_empty() || !ruled.is_empty();
            Ok((is_any || text.is_some() || cover.is_some()).then_some(file))
        })
    }

    fn of_image(&self, id: ImageId) -> Result<Option<FileWithCover>, ReadError> {
        let Some(image) = self.reader.image_as_read(id)? else { return Ok(None) };
        let links = self.reader.links_of(id)?;
        let tags = |wanted: Link| {
            self.tags.numbers(links.iter().filter(|(_, link)| *link == wanted).map(|(tag, _)| *tag))
        };
        let text = self.reader.edit(id)?.map(|edit| self.worded(&edit)).transpose()?;
        let line = FileLine {
            size: Some(image.sighting.size),
            content: content(&image.fingerprint),
            missing: matches!(image.presence, Presence::Missing { .. }),
            tags: tags(Link::Given),
            refused: tags(Link::Refused),
            ruled: tags(Link::Ruled),
            text,
            ..FileLine::default()
        };
        Ok(Some(FileWithCover { line, cover: self.reader.cover(id)? }))
    }

    fn of_pending(&self, source: &[u8], size: u64) -> Result<Option<FileWithCover>, ReadError> {
        let Some((pending, _)) = self.reader.pending(source, size)? else { return Ok(None) };
        let line = FileLine {
            size: (size != UNKNOWN_SIZE).then_some(size),
            content: content(&pending.fingerprint),
            missing: pending.was_missing,
            tags: self.tags.numbers(pending.tags),
            refused: self.tags.numbers(pending.refused),
            ruled: self.tags.numbers(pending.ruled),
            text: pending.edit.map(|edit| self.worded(&edit)).transpose()?,
            ..FileLine::default()
        };
        Ok(Some(FileWithCover { line, cover: pending.cover }))
    }

    fn worded(&self, edit: &Edit) -> Result<String, ReadError> {
        if edit.text == TextId::NONE {
            return Ok(String::new());
        }
        let shared = self.reader.text(edit.text)?;
        Ok(shared.map(|shared| text::fill(&shared.template, &edit.holes)).unwrap_or_default())
    }
}

fn content(fingerprint: &Fingerprint) -> Option<String> {
    (*fingerprint != Fingerprint::default()).then(|| hex(&fingerprint.0))
}
