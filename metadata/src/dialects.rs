//! Whose dialect a file speaks: every detector, in the order of the catalogue's section 4, over all
//! texts of the file. The first that recognises it gives the recipe, the others fill holes.

use crate::claim::{self, Claim, Found};
use crate::sheet::Sheet;
use crate::slots::tag;
use crate::{comfyui, infotext, json, novelai};

type Detector = fn(&Sheet<'_>) -> Option<Claim>;

const DETECTORS: [Detector; 4] = [novelai::find, web_ui, later, comfyui::find];

/// The recipe among the texts of a file.
pub(super) fn find(sheet: &Sheet<'_>) -> Option<Found> {
    claim::merge(DETECTORS.iter().filter_map(|detector| detector(sheet)).collect())
}

/// What a file says where no dialect was recognised: the most telling text that is no graph and
/// no program's remark about itself.
pub(super) fn unrecognised(sheet: &Sheet<'_>) -> Option<String> {
    let places = [
        sheet.keyword("parameters"),
        sheet.exif(tag::USER_COMMENT),
        sheet.comment(),
        sheet.exif(tag::DESCRIPTION),
        sheet.keyword("Description"),
        sheet.keyword("prompt"),
        sheet.keyword("Comment"),
    ];
    let text = places.into_iter().flatten().find(|text| !comfyui::is_graph(text) && !is_remark(text))?;
    Some(text.trim().to_owned())
}

/// Whether a text that is no recipe may be shown as a caption.
pub(super) fn is_caption(text: &str) -> bool {
    !text.starts_with(['{', '[']) || json::parse(text).is_none()
}

fn is_remark(text: &str) -> bool {
    const STARTS: [&str; 6] = [
        "Lavc",
        "CREATOR: gd-jpeg",
        "Created with GIMP",
        "Optimized by",
        "File written by Adobe",
        "LEAD Technologies",
    ];
    let text = text.trim();
    text.is_empty() || text == "Screenshot" || STARTS.iter().any(|start| text.starts_with(start))
}

/// The infotext of a file, in the order of the places that hold one.
fn web_ui(sheet: &Sheet<'_>) -> Option<Claim> {
    let of_prompt = || {
        let text = sheet.keyword("parameters")?;
        Some((infotext::parse_prompt(text)?, text))
    };
    let of_comment = || {
        let places = [
            sheet.exif(tag::USER_COMMENT),
            sheet.keyword("UserComment"),
            sheet.comment(),
            sheet.exif(tag::DESCRIPTION),
            sheet.keyword("Description"),
            sheet.keyword("Comment"),
        ];
        places.into_iter().flatten().find_map(|text| Some((infotext::parse_comment(text)?, text)))
    };
    let (recipe, text) = of_prompt().or_else(of_comment)?;
    Some(Claim::embedded(recipe, sheet.place_of(text)))
}

/// What was done to a finished picture; never its recipe where another text is.
fn later(sheet: &Sheet<'_>) -> Option<Claim> {
    let mut places = [sheet.keyword("postprocessing"), sheet.keyword("extras")].into_iter().flatten();
    let (recipe, text) = places.find_map(|text| Some((infotext::parse(text)?, text)))?;
    Some(Claim::embedded(recipe, sheet.place_of(text)))
}
