//! Cameras: maker, model and exposure. A photograph has no prompt, and what makes one of a graph stands in
//! the same tags.

use crate::claim::Claim;
use crate::members::put;
use crate::sheet::Sheet;
use crate::slots::tag;
use lumidex_schema::recipe::{Recipe, Source};

/// Tags of an exposure, and what they are called as settings.
const EXPOSURE: [(u16, &str); 4] = [
    (tag::EXPOSURE_TIME, "Exposure time"),
    (tag::F_NUMBER, "F-number"),
    (tag::ISO, "ISO"),
    (tag::TIME_TAKEN, "Creation time"),
];

/// The camera, if one took the picture.
pub(super) fn find(sheet: &Sheet<'_>) -> Option<Claim> {
    let is_name = |text: &&str| {
        let text = text.trim_start();
        let is_graph = ["workflow:", "prompt:"]
            .iter()
            .any(|label| text.get(..label.len()).is_some_and(|start| start.eq_ignore_ascii_case(label)));
        !is_graph && !text.starts_with(['{', '[']) && text.len() <= crate::limits::OWN_SETTING_BYTES_MAX
    };
    let make = sheet.exif(tag::MAKE).filter(is_name)?;
    let model = sheet.exif(tag::MODEL).filter(is_name)?;
    let mut recipe = Recipe { source: Source::Camera, raw: format!("{make} {model}"), ..Recipe::default() };
    put(&mut recipe, "Camera make", Some(make));
    put(&mut recipe, "Camera model", Some(model));
    let before = recipe.extra.len();
    for (tag, key) in EXPOSURE {
        put(&mut recipe, key, sheet.exif(tag));
    }
    (recipe.extra.len() > before).then(|| Claim::rendered(recipe, sheet.place_of(model)))
}
