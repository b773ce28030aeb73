//! Whose dialect a file speaks: every detector, in the order of the catalogue's section 4, over all
//! texts of the file. The first that recognises it gives the recipe, the others fill holes.

use crate::claim::{self, Claim, Found};
use crate::sheet::Sheet;
use crate::slots::{Place, Slot, tag};
use crate::{
    camera, civitai, comfyui, descriptions, draw_things, easy_diffusion, flat_json, fooocus, infotext,
    invokeai, members, midjourney, normal, novelai, ruined_fooocus, stability_matrix, swarmui, tensorart,
    vendors,
};
use lumidex_schema::recipe::{Recipe, Source};

type Detector = fn(&Sheet<'_>) -> Option<Claim>;

const DETECTORS: [Detector; 15] = [
    swarmui::find,
    invokeai::find,
    novelai::find,
    stability_matrix::find,
    tensorart::find,
    civitai::find,
    ruined_fooocus::find,
    fooocus::find,
    draw_things::find,
    easy_diffusion::find,
    web_ui,
    later,
    comfyui::find,
    flat_json::find,
    midjourney::find,
];

/// What says that a machine or a camera made the picture, and not how.
const MARKS: [Detector; 4] = [vendors::find, tensorart::label, descriptions::find, camera::find];

/// The recipe among the texts of a file and those beside it, which speak where the file has no prompt.
pub(super) fn find(sheet: &Sheet<'_>, beside: Vec<Claim>) -> Option<Found> {
    let mut claims = claims(sheet);
    if claims.iter().all(|claim| claim.recipe.positive.is_empty()) {
        claims.extend(beside);
    }
    let n_dialects = claims.len();
    for mut claim in MARKS.iter().filter_map(|mark| mark(sheet)) {
        if n_dialects > 0 {
            // Who had a hand in a picture is not the model that made it.
            claim.recipe.model = None;
        }
        if claim.recipe.source != Source::Camera || claims.is_empty() {
            claims.push(claim);
        }
    }
    if n_dialects > 0 {
        claims.extend(scores(sheet));
    }
    if n_dialects == 0
        && let Some(first) = claims.first_mut()
    {
        caption(first, sheet);
    }
    claim::merge(claims)
}

/// What the dialects of programs read from texts.
pub(super) fn claims(sheet: &Sheet<'_>) -> Vec<Claim> {
    let mut claims: Vec<Claim> = Vec::new();
    for claim in DETECTORS.iter().filter_map(|detector| detector(sheet)) {
        // What any object with a prompt says, a dialect that knows the object has said.
        let is_general = matches!(claim.recipe.source, Source::HfSpace | Source::Generic);
        if !is_general || claims.iter().all(|known| known.place != claim.place) {
            claims.push(claim);
        }
    }
    claims
}

/// How a program liked the picture, in texts of their own.
fn scores(sheet: &Sheet<'_>) -> Option<Claim> {
    let mut recipe = Recipe::default();
    let mut place = None;
    for key in ["Score", "aesthetic_score"] {
        if let Some(text) = sheet.keyword(key)
            && let Some(score) = normal::number(text)
        {
            members::put(&mut recipe, key, Some(&score.to_string()));
            place.get_or_insert_with(|| sheet.place_of(text));
        }
    }
    Some(Claim::rendered(recipe, place?))
}

/// A caption of a picture that is known to be made by a machine is its prompt, as it has no other.
fn caption(claim: &mut Claim, sheet: &Sheet<'_>) {
    let recipe = &mut claim.recipe;
    let is_made = recipe.extra.iter().any(|(key, _)| key == "AI generated");
    if is_made
        && recipe.positive.is_empty()
        && let Some(caption) = descriptions::caption(sheet)
    {
        recipe.positive = normal::text(caption);
    }
    descriptions::describe(recipe, sheet);
}

/// What a file says where no dialect was recognised.
pub(super) struct Unrecognised {
    pub(super) text: String,
    /// Whether it may be shown as a caption.
    pub(super) is_caption: bool,
}

/// The most telling text that is no graph, no program's remark about itself and not where a recipe without a prompt
/// was read from, and the file's keywords.
pub(super) fn unrecognised(sheet: &Sheet<'_>, has_recipe: bool) -> Option<Unrecognised> {
    let places = [
        sheet.keyword("parameters"),
        sheet.exif(tag::USER_COMMENT),
        sheet.comment(),
        sheet.exif(tag::DESCRIPTION),
        sheet.xmp("dc:description"),
        sheet.iptc(120),
        sheet.keyword("Description"),
        sheet.exif(tag::XP_COMMENT),
        sheet.keyword("prompt"),
        sheet.keyword("Comment"),
        sheet.hidden(),
    ];
    let is_read = |text: &str| has_recipe && infotext::parse(text).is_some();
    let mut texts = places.into_iter().flatten();
    let text = texts.find(|text| !comfyui::is_graph(text) && !is_remark(text) && !is_read(text));
    let text = text.or_else(|| descriptions::caption(sheet));
    let is_caption = text.is_none_or(|text| is_caption(sheet, text));
    let keywords = descriptions::keywords(sheet).map(|words| format!("Keywords: {words}"));
    let text = match (text.map(str::trim), keywords) {
        (Some(text), Some(words)) if !normal::is_json(text) => format!("{text}\n{words}"),
        (text, keywords) => text.map(str::to_owned).or(keywords)?,
    };
    Some(Unrecognised { text, is_caption })
}

/// Whether a text of a sheet that is no recipe may be shown as a caption.
pub(super) fn is_caption(sheet: &Sheet<'_>, text: &str) -> bool {
    !normal::is_json(text) || sheet.whole_json(text).is_some_and(flat_json::is_structured_caption)
}

/// What programs say of themselves, and texts that only look like a picture's.
pub(super) fn is_remark(text: &str) -> bool {
    const STARTS: [&str; 9] = [
        "Lavc",
        "Lavf",
        "CREATOR: gd-jpeg",
        "Created with ",
        "Optimized by",
        "File written by Adobe",
        "LEAD Technologies",
        "<mxfile",
        "%3Cmxfile",
    ];
    let text = text.trim();
    text.is_empty() || text == "Screenshot" || STARTS.iter().any(|start| text.starts_with(start))
}

/// The infotext of a file, in the order of the places that hold one.
fn web_ui(sheet: &Sheet<'_>) -> Option<Claim> {
    // Its readable text looks like an infotext.
    if draw_things::is_speaking(sheet) {
        return None;
    }
    let of_prompt = || {
        let text = sheet.keyword("parameters")?;
        Some((infotext::parse_prompt(text)?, text))
    };
    let of_comment = || {
        let places = [
            sheet.exif(tag::USER_COMMENT),
            sheet.keyword("UserComment"),
            sheet.xmp("exif:UserComment"),
            property(sheet, ":parameters"),
            sheet.exif(tag::DESCRIPTION),
            sheet.keyword("Description"),
            sheet.xmp("dc:description"),
            sheet.iptc(120),
            sheet.comment(),
            sheet.keyword("Comment"),
            sheet.exif(tag::XP_COMMENT),
            sheet.hidden(),
        ];
        let mut texts = places.into_iter().flatten().filter(|text| !midjourney::is_job(text));
        texts.find_map(|text| Some((infotext::parse_comment(text)?, text)))
    };
    let of_beside = || {
        let beside = sheet.slots().iter().find(|slot| matches!(slot.place, Place::Beside(_)))?;
        Some((infotext::parse(&beside.text)?, beside.text.as_str()))
    };
    let (recipe, text) = of_prompt().or_else(of_comment).or_else(of_beside)?;
    Some(Claim::embedded(recipe, sheet.place_of(text)))
}

/// The first XMP property whose name ends so, whatever its prefix.
fn property<'a>(sheet: &Sheet<'a>, end: &str) -> Option<&'a str> {
    let is_it = |slot: &&Slot| matches!(&slot.place, Place::Xmp(name) if name.ends_with(end));
    sheet.slots().iter().find(is_it).map(|slot| slot.text.as_str())
}

/// What was done to a finished picture; never its recipe where another text is.
fn later(sheet: &Sheet<'_>) -> Option<Claim> {
    let mut places = [sheet.keyword("postprocessing"), sheet.keyword("extras")].into_iter().flatten();
    let (recipe, text) = places.find_map(|text| Some((infotext::parse(text)?, text)))?;
    Some(Claim::embedded(recipe, sheet.place_of(text)))
}
