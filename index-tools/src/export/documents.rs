//! Images as documents: from their records, their texts and what a person did.

use std::collections::HashMap;

use jiff::Timestamp;
use lumidex::ledger::{ReadError, Reader};
use lumidex::metadata::{Seed, normalised, recipe_of};
use lumidex_schema::archive::hex;
use lumidex_schema::document::Document;
use lumidex_schema::id::{FolderId, ImageId, TagId};
use lumidex_schema::path::display;
use lumidex_schema::record::{Fingerprint, Image, Link, Presence, Tag};
use lumidex_schema::tag::TagKind;

/// Images read at once.
const AT_ONCE: usize = 1_024;

/// Documents of the images that are there, by id.
pub(super) struct Documents<'a> {
    reader: &'a Reader,
    tags: HashMap<TagId, Tag>,
    /// With the path shown.
    folders: HashMap<FolderId, Vec<u8>>,
    after: ImageId,
    last: ImageId,
}

impl<'a> Documents<'a> {
    pub(super) fn of(reader: &'a Reader) -> Result<Self, ReadError> {
        Ok(Self {
            reader,
            tags: reader.all_tags()?.into_iter().collect(),
            folders: HashMap::new(),
            after: ImageId::default(),
            last: reader.last_image()?,
        })
    }

    /// How many there are, those that are gone included.
    pub(super) fn all(&self) -> u64 {
        self.last.0.into()
    }

    /// How many of these were looked at.
    pub(super) fn done(&self) -> u64 {
        self.after.0.into()
    }

    /// The next ones; `None` at the end.
    pub(super) fn next_some(&mut self) -> Result<Option<Vec<Document>>, ReadError> {
        let images = self.reader.images_after(self.after, AT_ONCE)?;
        let Some((last, _, _)) = images.last() else { return Ok(None) };
        self.after = *last;
        let mut documents = Vec::with_capacity(images.len());
        for (id, _, _) in images {
            // With the text a person gave it.
            let image = self.reader.image(id)?.filter(|image| image.presence == Presence::Present);
            if let Some(image) = image {
                documents.push(self.document(id, &image)?);
            }
        }
        Ok(Some(documents))
    }

    fn document(&mut self, id: ImageId, image: &Image) -> Result<Document, ReadError> {
        let folder = match self.folders.get(&image.folder) {
            Some(folder) => folder.clone(),
            None => {
                let folder = self.reader.folder_path(image.folder)?;
                self.folders.insert(image.folder, folder.clone());
                folder
            }
        };
        let name = display(&image.name);
        let text = self.reader.generation_text(image)?;
        let mut document = Document {
            id: id.0,
            path: display(&lumidex_schema::path::absolute(&folder, b"", &image.name)),
            folder: display(&folder),
            ext: name.rsplit_once('.').map(|(_, ext)| ext.to_lowercase()).unwrap_or_default(),
            name,
            media: image.media.word().to_owned(),
            size: image.sighting.size,
            width: (image.pixel_width > 0).then_some(image.pixel_width),
            height: (image.pixel_height > 0).then_some(image.pixel_height),
            content: (image.fingerprint != Fingerprint::default()).then(|| hex(&image.fingerprint.0)),
            created: rfc3339(image.sighting.created.0),
            modified: rfc3339(image.sighting.modified.0),
            ..Document::default()
        };
        recipe(&text, &mut document);
        document.text = text;
        for (tag, link) in self.reader.links_of(id)? {
            if let Some(tag) = self.tags.get(&tag).filter(|tag| link != Link::Refused && !tag.removed) {
                document.tags.push(tag.name.clone());
            }
        }
        document.tags.sort_unstable();
        for tag in self.reader.tags_of_text(image.text)? {
            if let Some(tag) = self.tags.get(&tag).filter(|tag| tag.kind != TagKind::Custom) {
                document.keywords.push(format!("{}:{}", tag.kind.word(), tag.name));
            }
        }
        Ok(document)
    }
}

fn recipe(text: &str, document: &mut Document) {
    let Some(recipe) = recipe_of(text) else { return };
    let said = normalised(&recipe);
    let some = |text: String| (!text.is_empty()).then_some(text);
    document.source = some(said.source.to_owned());
    document.prompt = some(said.positive);
    document.negative = some(said.negative);
    document.model = said.model.and_then(|model| model.name.or(model.hash));
    document.sampler = said.sampler.map(|sampler| sampler.canonical);
    document.scheduler = said.scheduler.map(|scheduler| scheduler.canonical);
    (document.steps, document.cfg) = (said.steps, said.cfg);
    document.seed = match said.seed {
        Some(Seed::Number(seed)) => Some(seed),
        Some(Seed::Digits(_)) | None => None,
    };
    document.loras = said.loras.into_iter().map(|lora| lora.name).collect();
}

/// Nanoseconds since 1970; what no calendar has is its nearest end.
fn rfc3339(nanoseconds: i64) -> String {
    let time = Timestamp::from_nanosecond(nanoseconds.into());
    time.unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%S%.fZ").to_string()
}
