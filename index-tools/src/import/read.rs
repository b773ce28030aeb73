//! What a person did, as the database tells it, still in its own words: tags with colours, who has them, texts given
//! by hand, folders, settings. What cannot be read is counted and left out.

use std::collections::{BTreeMap, HashMap};

use lumidex_schema::pending::{Mark, UNKNOWN_SIZE};
use lumidex_schema::tag;

use super::ImportError;
use super::database::{Database, Text, number, text};
use super::source::{Source, SourceFile, SourceTag, digest_of};

/// Bytes of a path: what Windows allows, in UTF-8.
const PATH_BYTES_MAX: usize = 32_768 * 3;
/// Bytes of a tag's name, and of its colour.
const NAME_BYTES_MAX: usize = 4_096;
/// Bytes of a text given by hand.
const TEXT_BYTES_MAX: usize = 1 << 20;
/// Bytes of all of them.
const TEXTS_BYTES_MAX: usize = 1 << 30;
/// Bytes of a setting.
const SETTING_BYTES_MAX: usize = 16 << 20;
/// Tags on images: 16 bytes each are held.
const LINKS_MAX: usize = 32 << 20;

impl Source {
    /// Reads everything but vectors; `progress` hears how many rows were read.
    pub(super) fn read(database: &Database, progress: &mut dyn FnMut(u64)) -> Result<Self, ImportError> {
        let mut source = Self { images: Some(0), ..Self::default() };
        let by_id = source.read_tags(database)?;
        let links = source.read_links(database, &by_id, progress)?;
        source.read_images(database, &links, progress)?;
        source.read_folders(database)?;
        source.read_settings(database)?;
        Ok(source)
    }

    /// Custom tags; gives the place of each by its number there.
    fn read_tags(&mut self, database: &Database) -> Result<HashMap<i64, u32>, ImportError> {
        let mut by_id = HashMap::new();
        if !database.has("tag") {
            return Ok(by_id);
        }
        let mut by_name: HashMap<String, u32> = HashMap::new();
        let column = |name| database.column("tag", name, NAME_BYTES_MAX);
        let statement = format!(
            "SELECT {}, {}, {}, {} FROM tag",
            column("id"),
            column("name"),
            column("type"),
            column("color")
        );
        let Self { tags, tag_ids, complaints, .. } = self;
        database.for_each("tag", &statement, complaints, |row, complaints| {
            let Some(id) = number(row, 0) else {
                complaints.add("tag", "have no number", &"");
                return Ok(());
            };
            let (Text::Is(name), Text::Is(kind)) = (text(row, 1), text(row, 2)) else {
                complaints.add("tag", "have no name or no type that is text", &id);
                return Ok(());
            };
            tag_ids.insert(id, (kind.to_owned(), name.to_owned()));
            if kind != "custom" {
                return Ok(());
            }
            if !tag::is_valid_name(name) {
                complaints.add("tag", "have a name that no tag may have here", &name);
                return Ok(());
            }
            let color = match text(row, 3) {
                Text::Is(color) => color,
                Text::Null => "",
                Text::Bad => {
                    complaints.add("tag", "have a colour that is no text", &name);
                    ""
                }
            };
            let place = *by_name.entry(name.to_owned()).or_insert_with(|| {
                tags.push(SourceTag { name: name.to_owned(), color: String::new() });
                tags.len() as u32 - 1
            });
            if tags[place as usize].color.is_empty() {
                color.clone_into(&mut tags[place as usize].color);
            }
            by_id.insert(id, place);
            Ok(())
        })?;
        Ok(by_id)
    }

    /// Custom tags on images by the number of the image, sorted.
    fn read_links(
        &mut self,
        database: &Database,
        by_id: &HashMap<i64, u32>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Vec<(i64, u32)>, ImportError> {
        let mut links = Vec::new();
        if !database.has("image_tag") {
            return Ok(links);
        }
        // Millions of rows of two numbers: what is none is as long as any value may be, and only looked at.
        let column = |name| if database.has_column("image_tag", name) { name } else { "NULL" };
        let statement = format!("SELECT {}, {} FROM image_tag", column("image_id"), column("tag_id"));
        let (mut n, mut nowhere, mut too_many) = (0, 0, 0);
        let Self { tag_ids, complaints, .. } = self;
        database.for_each("image_tag", &statement, complaints, |row, complaints| {
            n += 1;
            progress(n);
            let (Some(image), Some(tag)) = (number(row, 0), number(row, 1)) else {
                complaints.add("image_tag", "do not name an image and a tag", &"");
                return Ok(());
            };
            match by_id.get(&tag) {
                Some(_) if links.len() >= LINKS_MAX => too_many += 1,
                Some(place) => links.push((image, *place)),
                None if tag_ids.contains_key(&tag) => {}
                None => nowhere += 1,
            }
            Ok(())
        })?;
        complaints.add_many("image_tag", "name a tag that is not there", nowhere);
        complaints.add_many("image_tag", "are more than can be held", too_many);
        links.sort_unstable();
        links.dedup();
        Ok(links)
    }

    fn read_images(
        &mut self,
        database: &Database,
        links: &[(i64, u32)],
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), ImportError> {
        if !database.has("image") {
            self.complaints.add_many("image_tag", "name an image that is not there", links.len() as u64);
            return Ok(());
        }
        let column = |name, max| database.column("image", name, max);
        let edited = match database.has_column("image", "exif_edited") {
            true => format!("CASE WHEN \"image\".exif_edited THEN {} END", column("exif", TEXT_BYTES_MAX)),
            false => "NULL".to_owned(),
        };
        let statement = format!(
            "SELECT {}, {}, {}, {edited} FROM image",
            column("id", 8),
            column("path", PATH_BYTES_MAX),
            column("size", 64),
        );
        // Whether an image there is the only one of its name and size.
        let mut alike: HashMap<u64, bool> = HashMap::new();
        let mut files: BTreeMap<(String, u64), SourceFile> = BTreeMap::new();
        let mut was_met = vec![false; links.len()];
        let mut text_bytes = 0;
        let mut n = 0;
        let Self { complaints, .. } = self;
        database.for_each("image", &statement, complaints, |row, complaints| {
            n += 1;
            progress(links.len() as u64 + n);
            let Some(id) = number(row, 0) else {
                complaints.add("image", "have no number", &"");
                return Ok(());
            };
            let first = links.partition_point(|(image, _)| *image < id);
            let own = links[first..].iter().take_while(|(image, _)| *image == id).count();
            was_met[first..first + own].fill(true);
            let path = match text(row, 1) {
                Text::Is(path) if is_path(path) => path,
                Text::Is(path) => {
                    complaints.add("image", "have a path that no file can have", &path);
                    return Ok(());
                }
                Text::Null | Text::Bad => {
                    complaints.add("image", "have no path that is text", &id);
                    return Ok(());
                }
            };
            let size = number(row, 2).and_then(|size| u64::try_from(size).ok()).unwrap_or(UNKNOWN_SIZE);
            let key = digest_of(&Mark::of_name(name_of(path).as_bytes(), size));
            alike.entry(key).and_modify(|is_alone| *is_alone = false).or_insert(true);
            let given = match text(row, 3) {
                Text::Is(given) if text_bytes + given.len() <= TEXTS_BYTES_MAX => Some(given),
                Text::Is(_) => {
                    complaints.add("image", "have a text given by hand beyond what can be held", &path);
                    None
                }
                Text::Bad => {
                    complaints.add("image", "have a text given by hand that is no text, or too long", &path);
                    None
                }
                Text::Null => None,
            };
            if own == 0 && given.is_none() {
                return Ok(());
            }
            text_bytes += given.map_or(0, str::len);
            let file = files.entry((path.to_owned(), size)).or_default();
            file.tags.extend(links[first..first + own].iter().map(|(_, place)| *place));
            if file.text.is_none() {
                file.text = given.map(str::to_owned);
            }
            Ok(())
        })?;
        self.images = Some(n);
        let nowhere = was_met.iter().filter(|met| !**met).count();
        complaints.add_many("image_tag", "name an image that is not there", nowhere as u64);
        self.files = files
            .into_iter()
            .map(|((path, size), SourceFile { mut tags, text, .. })| {
                tags.sort_unstable();
                tags.dedup();
                let key = digest_of(&Mark::of_name(name_of(&path).as_bytes(), size));
                let is_unique = size != UNKNOWN_SIZE && alike.get(&key) == Some(&true);
                SourceFile { path, size, tags, text, is_unique, ..SourceFile::default() }
            })
            .collect();
        Ok(())
    }

    fn read_folders(&mut self, database: &Database) -> Result<(), ImportError> {
        if !database.has("extra_path") {
            return Ok(());
        }
        let column = |name, max| database.column("extra_path", name, max);
        let statement = format!(
            "SELECT {}, {}, {} FROM extra_path",
            column("path", PATH_BYTES_MAX),
            column("type", NAME_BYTES_MAX),
            column("alias", NAME_BYTES_MAX),
        );
        let Self { folders, complaints, .. } = self;
        database.for_each("extra_path", &statement, complaints, |row, complaints| {
            match (text(row, 0), text(row, 1)) {
                (Text::Is(path), Text::Is(types)) if is_path(path) => {
                    let alias = match text(row, 2) {
                        Text::Is(alias) => alias,
                        Text::Null => "",
                        Text::Bad => {
                            complaints.add("extra_path", "have an alias that is no text", &path);
                            ""
                        }
                    };
                    folders.push((path.to_owned(), types.to_owned(), alias.to_owned()));
                }
                _ => complaints.add("extra_path", "have no path or no types that are text", &""),
            }
            Ok(())
        })
    }

    fn read_settings(&mut self, database: &Database) -> Result<(), ImportError> {
        if !database.has("global_setting") {
            return Ok(());
        }
        let column = |name, max| database.column("global_setting", name, max);
        let statement = format!(
            "SELECT {}, {} FROM global_setting",
            column("name", NAME_BYTES_MAX),
            column("setting_json", SETTING_BYTES_MAX),
        );
        let Self { settings, complaints, .. } = self;
        database.for_each("global_setting", &statement, complaints, |row, complaints| {
            match (text(row, 0), text(row, 1)) {
                (Text::Is(name), Text::Is(json))
                    if serde_json::from_str::<serde::de::IgnoredAny>(json).is_ok() =>
                {
                    settings.push((name.to_owned(), json.to_owned()));
                }
                (Text::Is(name), _) => {
                    complaints.add("global_setting", "have a value that is no JSON", &name)
                }
                _ => complaints.add("global_setting", "have no name", &""),
            }
            Ok(())
        })
    }
}

fn is_path(path: &str) -> bool {
    !path.is_empty() && !path.contains('\0')
}

/// The last component of a path of any system.
fn name_of(path: &str) -> &str {
    let is_of_windows = path.contains('\\') && !path.starts_with('/');
    let separators: &[char] = if is_of_windows { &['/', '\\'] } else { &['/'] };
    path.rsplit(separators).next().unwrap_or(path)
}
