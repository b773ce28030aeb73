//! A file beside a media file that describes it (contract 15.6, design ruling 13, catalogue 5.3).
//! Knows neither folders nor which files belong together.

use crate::claim::Claim;
use crate::dialects;
use crate::limits::SIDECAR_BYTES_MAX;
use crate::sheet::Sheet;
use crate::slots::{Place, Slots, Wanted};
use crate::{decode, easy_diffusion, normal};

/// A file beside a media file.
#[derive(Clone, Copy, Debug)]
pub struct Beside<'a> {
    /// Its name without folder, as bytes; its end says what it may hold.
    pub name: &'a [u8],
    /// All of it. More than 1 MiB is a complaint and is not used.
    pub bytes: &'a [u8],
}

/// What a sidecar holds.
pub(super) enum Sidecar {
    /// Nothing, or nothing of the picture.
    Silent,
    /// Too long, or not text.
    Unreadable,
    /// A text that says how the picture was made.
    Recipe(Place, Vec<Claim>),
    /// Any other words: a description, never a prompt.
    Caption(Place, String),
}

/// Reads a sidecar.
pub(super) fn read(beside: Beside<'_>) -> Sidecar {
    let name = String::from_utf8_lossy(beside.name);
    let ends = |ends: &[&str]| {
        let name = name.to_ascii_lowercase();
        ends.iter().any(|end| name.ends_with(end))
    };
    // Those describe models.
    if ends(&[".yaml", ".yml", ".civitai.info"]) {
        return Sidecar::Silent;
    }
    if beside.bytes.len() as u64 > SIDECAR_BYTES_MAX {
        return Sidecar::Unreadable;
    }
    let Some(text) = decode::file(beside.bytes) else { return Sidecar::Unreadable };
    if text.trim().is_empty() {
        return Sidecar::Silent;
    }
    let place = Place::Beside(name.clone().into_owned());
    // Its lines end like an infotext.
    if let Some(recipe) = easy_diffusion::of_lines(&text) {
        let claim = Claim::rendered(recipe, place.label());
        return Sidecar::Recipe(place, vec![claim]);
    }
    let mut slots = Slots::new(Wanted::Recipe);
    slots.add(place.clone(), text);
    let sheet = Sheet::new(&slots, "");
    let claims = dialects::claims(&sheet);
    let Some(text) = sheet.slots().first().map(|slot| slot.text.as_str()) else { return Sidecar::Silent };
    if !claims.is_empty() {
        return Sidecar::Recipe(place, claims);
    }
    // Words may stand in a text file only, a caption in the form of an object in one of JSON too.
    let is_caption = dialects::is_caption(&sheet, text);
    if !is_caption || ends(&[".json", ".html"]) && !normal::is_json(text) {
        return Sidecar::Silent;
    }
    Sidecar::Caption(place, text.trim().to_owned())
}
