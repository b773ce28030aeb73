//! Which images there are, where their files are now, and what each says of itself, as the ledger knows it.

use super::template::{Facts, Template};
use crate::ledger::{Ledger, ReadError, Reader};
use crate::limits;
use crate::metadata::recipe_of;
use crate::sys::Stop;
use crate::topics::Scope;
use lumidex_schema::id::{FolderId, ImageId};
use lumidex_schema::path::{RelPath, below};
use lumidex_schema::record::{Image, Presence};
use std::collections::BTreeSet;

/// Why images were not told.
#[derive(Debug, thiserror::Error)]
pub(super) enum ImagesError {
    /// There are more than one job takes.
    #[error("these folders hold more than {} images; choose fewer folders", limits::organize::IMAGES_MAX)]
    TooMany,
    /// The program stops.
    #[error("the program is stopping")]
    Stopped,
    /// The ledger could not be read.
    #[error("the ledger cannot be read: {0}")]
    Ledger(#[from] ReadError),
}

/// The images of some folders that are believed to be there, by id.
pub(super) fn images_of(reader: &Reader, scope: &Scope) -> Result<BTreeSet<ImageId>, ImagesError> {
    let mut images = BTreeSet::new();
    for folder in &scope.folders {
        for id in folders_of(reader, folder, scope.recursive)? {
            images.extend(reader.known_in(id)?.into_iter().map(|known| known.image));
            if images.len() > limits::organize::IMAGES_MAX {
                return Err(ImagesError::TooMany);
            }
        }
    }
    Ok(images)
}

fn folders_of(reader: &Reader, folder: &[u8], recursive: bool) -> Result<Vec<FolderId>, ReadError> {
    if !recursive {
        return Ok(reader.folder_at(folder)?.into_iter().collect());
    }
    let mut folders = Vec::new();
    for (id, root) in reader.roots()?.into_iter().filter(|(_, root)| !root.retired) {
        if let Some(inside) = below(folder, &root.path) {
            folders.extend(reader.folders_from(id, &RelPath::from_bytes(inside))?);
        } else if below(&root.path, folder).is_some() {
            folders.extend(reader.folders_of(id)?);
        }
    }
    Ok(folders.into_iter().map(|(id, _)| id).collect())
}

/// Is shown an image, and where its file is.
type See<'a> = &'a mut dyn FnMut(&Reader, ImageId, Image, Vec<u8>) -> Result<(), ReadError>;

/// Calls `see` with each of these images that is there, and where its file is; readers are not held long.
pub(super) fn look_at(
    ledger: &Ledger,
    images: &[ImageId],
    stop: &Stop,
    see: See<'_>,
) -> Result<(), ImagesError> {
    for some in images.chunks(limits::IMAGES_LOOKED_THROUGH_AT_ONCE) {
        if stop.is_stopped() {
            return Err(ImagesError::Stopped);
        }
        let reader = ledger.reader()?;
        for id in some {
            let Some(image) = reader.image(*id)?.filter(|image| image.presence == Presence::Present) else {
                continue;
            };
            let path = reader.path_of(&image)?;
            see(&reader, *id, image, path)?;
        }
    }
    Ok(())
}

/// What an image says of itself, as far as the template asks.
pub(super) fn facts_of(
    reader: &Reader,
    template: &Template,
    image: &Image,
    path: &[u8],
) -> Result<Facts, ReadError> {
    let text =
        |bytes: &[u8]| Some(String::from_utf8_lossy(bytes).into_owned()).filter(|text| !text.is_empty());
    let number = |pixels: u32| (pixels > 0).then(|| pixels.to_string());
    let mut parts = path.rsplit(|byte| *byte == b'/');
    let name = parts.next().unwrap_or_default();
    let dot = name.iter().rposition(|byte| *byte == b'.');
    let mut facts = Facts {
        width: number(image.pixel_width),
        height: number(image.pixel_height),
        media: Some(image.media.word().to_owned()),
        ext: dot.and_then(|dot| text(&name[dot + 1..].to_ascii_lowercase())),
        folder: parts.next().and_then(text),
        date: Some(image.sighting.modified),
        ..Facts::default()
    };
    if !template.needs_recipe() {
        return Ok(facts);
    }
    if let Some(recipe) = recipe_of(&reader.generation_text(image)?) {
        facts.source = Some(recipe.source.word().to_owned());
        facts.width = facts.width.or_else(|| recipe.width.map(|width| width.to_string()));
        facts.height = facts.height.or_else(|| recipe.height.map(|height| height.to_string()));
        facts.model = recipe.model.or(recipe.model_hash);
        facts.sampler = recipe.sampler;
        facts.scheduler = recipe.scheduler;
        facts.seed = recipe.seed;
        facts.steps = recipe.steps.map(|steps| steps.to_string());
        facts.cfg = recipe.cfg.map(|cfg| cfg.to_string());
    }
    Ok(facts)
}
