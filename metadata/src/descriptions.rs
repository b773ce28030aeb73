//! What the general fields of XMP, IPTC, EXIF and PNG say of a picture: title, caption, keywords, author,
//! and the properties IPTC has for pictures made by machines (catalogue 5.18). A caption is no prompt.

use crate::claim::Claim;
use crate::members::put;
use crate::midjourney;
use crate::normal;
use crate::sheet::Sheet;
use crate::slots::{Place, tag};
use crate::vendors;
use lumidex_schema::recipe::{Recipe, Source};

/// The picture as its general fields describe it, where they say that a machine made it.
pub(super) fn find(sheet: &Sheet<'_>) -> Option<Claim> {
    let ai = |name: &str| sheet.xmp(&format!("Iptc4xmpExt:{name}"));
    let source_type = ai("DigitalSourceType").filter(|kind| vendors::is_made(kind));
    let [prompt, system] = ["AIPromptInformation", "AISystemUsed"].map(ai);
    let speaker = prompt.or(system).or(source_type)?;
    let named =
        [system, sheet.xmp("photoshop:Credit"), sheet.xmp("xmp:CreatorTool"), sheet.exif(tag::SOFTWARE)];
    let source = named.into_iter().flatten().find_map(vendors::vendor).unwrap_or(Source::Generic);
    let mut recipe = Recipe { source, raw: speaker.to_owned(), ..Recipe::default() };
    recipe.positive = prompt.map(normal::text).filter(|text| !normal::is_json(text)).unwrap_or_default();
    crate::prompt::add_loras(&mut recipe.loras, &recipe.positive);
    recipe.model = system.and_then(normal::model);
    put(&mut recipe, "AI generated", Some("true"));
    put(&mut recipe, "Version", ai("AISystemVersionUsed"));
    put(&mut recipe, "Author", ai("AIPromptWriterName"));
    put(&mut recipe, "Credits", sheet.xmp("photoshop:Credit"));
    describe(&mut recipe, sheet);
    Some(Claim::rendered(recipe, sheet.place_of(speaker)))
}

/// Adds title, caption, keywords and author to a recipe that has no prompt of its own.
pub(super) fn describe(recipe: &mut Recipe, sheet: &Sheet<'_>) {
    put(recipe, "Title", first(&[sheet.xmp("dc:title"), sheet.iptc(5), sheet.exif(tag::XP_TITLE)]));
    let is_prompt = |caption: &str| normal::text(caption) == recipe.positive || midjourney::is_job(caption);
    let caption = caption(sheet).filter(|caption| !is_prompt(caption));
    put(recipe, "Description", caption);
    put(recipe, "Keywords", keywords(sheet).as_deref());
    put(recipe, "Author", first(&[sheet.xmp("dc:creator"), sheet.iptc(80), sheet.exif(tag::ARTIST)]));
}

/// What a person wrote of the picture.
pub(super) fn caption<'a>(sheet: &Sheet<'a>) -> Option<&'a str> {
    let is_caption = |text: &&&str| !normal::is_json(text) && !super::dialects::is_remark(text);
    let places = [
        sheet.xmp("dc:description"),
        sheet.iptc(120),
        sheet.exif(tag::DESCRIPTION),
        sheet.exif(tag::XP_COMMENT),
        sheet.keyword("Description"),
        sheet.exif(tag::XP_SUBJECT),
        sheet.xmp("photoshop:Headline"),
        sheet.iptc(105),
    ];
    let texts: Vec<_> = places.into_iter().flatten().collect();
    texts.iter().find(is_caption).copied()
}

/// Keywords of every place, no repeats, with commas between.
pub(super) fn keywords(sheet: &Sheet<'_>) -> Option<String> {
    const KEYWORDS_MAX: usize = 256;
    let is_keywords = |place: &Place| match place {
        Place::Iptc(25) | Place::Exif(tag::XP_KEYWORDS) => true,
        Place::Xmp(name) => name == "dc:subject" || name == "lr:hierarchicalSubject",
        _ => false,
    };
    let mut words: Vec<&str> = Vec::new();
    for slot in sheet.slots().iter().filter(|slot| is_keywords(&slot.place)) {
        let in_slot = slot.text.split(['\n', ';', ',']).map(str::trim).filter(|word| !word.is_empty());
        for word in in_slot.take(KEYWORDS_MAX) {
            if words.len() < KEYWORDS_MAX && !words.contains(&word) {
                words.push(word);
            }
        }
    }
    (!words.is_empty()).then(|| words.join(", "))
}

fn first<'a>(places: &[Option<&'a str>]) -> Option<&'a str> {
    places.iter().flatten().copied().find(|text| !normal::is_json(text))
}
