//! Draw Things: JSON in a comment, and the same in readable text beside it (catalogue 5.10). The comment
//! of a JPEG has lost every letter that is not ASCII; the readable text has not.

use crate::claim::Claim;
use crate::infotext;
use crate::json::Value;
use crate::members::{self, Is, Table, put};
use crate::normal;
use crate::sheet::Sheet;
use crate::slots::tag;
use lumidex_schema::recipe::{Recipe, Source};

const TABLE: &Table = &[
    ("c", Is::Positive),
    ("uc", Is::Negative),
    ("steps", Is::Steps),
    ("sampler", Is::Sampler),
    ("scale", Is::Cfg),
    ("seed", Is::Seed),
    ("size", Is::Size),
    ("model", Is::Model),
    ("clip_skip", Is::ClipSkip),
    ("upscaler", Is::Stem("Upscaler")),
    ("refiner", Is::Stem("Refiner")),
    ("guidance_embed", Is::Number("Distilled CFG Scale")),
    ("strength", Is::Skip),
    ("second_stage_strength", Is::Skip),
    ("lora", Is::Skip),
    ("profile", Is::Skip),
    ("v2", Is::Skip),
];

/// Whether a file is of Draw Things, by the program it names.
fn is_named(sheet: &Sheet<'_>) -> bool {
    let names = [sheet.xmp("xmp:CreatorTool"), sheet.exif(tag::SOFTWARE), sheet.keyword("Software")];
    names.into_iter().flatten().any(|name| name.trim() == Source::DrawThings.identifier())
}

/// Whether a file is of Draw Things, by its name or its JSON.
pub(super) fn is_speaking(sheet: &Sheet<'_>) -> bool {
    is_named(sheet) || sheet.object(&KEYS, |value| is_ours(value, false)).is_some()
}

/// Of which any of its objects has one.
const KEYS: [&str; 2] = ["v2", "sampler"];

fn is_ours(value: &Value<'_>, is_named: bool) -> bool {
    let has = |key: &str| value.get(key).is_some();
    has("c") && (has("uc") || is_named) && (has("v2") || has("sampler"))
}

/// The recipe, if Draw Things wrote the file.
pub(super) fn find(sheet: &Sheet<'_>) -> Option<Claim> {
    let is_named = is_named(sheet);
    let places = [sheet.exif(tag::DESCRIPTION), sheet.xmp("dc:description"), sheet.iptc(120)];
    let mut readable = places.into_iter().flatten();
    let Some((slot, object)) = sheet.object(&KEYS, |value| is_ours(value, is_named)) else {
        if !is_named {
            return None;
        }
        let text = readable.next()?;
        return Some(Claim::rendered(of_text(text)?, sheet.place_of(text)));
    };
    let mut recipe = of_json(object, &slot.text);
    let Some((place, mut text)) = readable.find_map(|text| Some((text, of_text(text)?))) else {
        return Some(Claim::rendered(recipe, slot.place.label()));
    };
    if sheet.whole_json(&slot.text).is_some() {
        mend(&mut recipe, text);
        return Some(Claim::rendered(recipe, slot.place.label()));
    }
    // Where it was cut off, a number may have lost its end, and a list its last ones.
    mend(&mut text, recipe);
    Some(Claim::rendered(text, sheet.place_of(place)))
}

fn of_json(object: &Value<'_>, raw: &str) -> Recipe {
    let mut recipe = members::recipe(object, TABLE, Source::DrawThings, raw);
    let number = |key: &str| object.get(key).and_then(Value::scalar).and_then(normal::number);
    // Full strength is a picture made of nothing.
    let strength = number("strength").filter(|strength| *strength < 1.0);
    let is_hires = object.get("hires_fix").and_then(Value::scalar) == Some("true");
    let second = number("second_stage_strength").filter(|_| is_hires);
    let strength = strength.or(second).map(|strength| strength.to_string());
    put(&mut recipe, "Denoising strength", strength.as_deref());
    let whole = object.get("v2");
    let of_whole = |key: &str| whole.and_then(|whole| whole.get(key)).and_then(Value::scalar);
    if recipe.width.is_none() {
        let side =
            |key: &str| of_whole(key).and_then(normal::count).filter(|side| (1..=65_535).contains(side));
        (recipe.width, recipe.height) = side("width").zip(side("height")).unzip();
    }
    put(&mut recipe, "Refiner", of_whole("refinerModel").and_then(normal::model).as_deref());
    put(&mut recipe, "Upscaler", of_whole("upscaler").and_then(normal::model).as_deref());
    let refiner_start =
        of_whole("refinerStart").filter(|_| recipe.extra.iter().any(|(key, _)| key == "Refiner"));
    put(&mut recipe, "Refiner switch at", refiner_start);
    let lists = [object.get("lora"), whole.and_then(|whole| whole.get("loras"))];
    for lora in lists.into_iter().flatten().filter_map(Value::list).flatten().take(crate::limits::LORAS_MAX) {
        let name = ["model", "file"].iter().find_map(|key| lora.get(key)?.text()).unwrap_or_default();
        let weight = lora.get("weight").and_then(Value::scalar).and_then(normal::number).unwrap_or(1.0);
        normal::add_lora(&mut recipe.loras, name, weight);
    }
    recipe
}

/// The readable text: prompt, perhaps a line that begins with a dash, and a line of settings.
fn of_text(text: &str) -> Option<Recipe> {
    let whole = infotext::parse(text)?;
    let Recipe { steps, sampler, seed, width, height, model, .. } = whole;
    let mut recipe = Recipe { source: Source::DrawThings, raw: text.to_owned(), ..Recipe::default() };
    let recipe_of_line = Recipe { steps, sampler, seed, width, height, model, ..Recipe::default() };
    recipe = Recipe { source: recipe.source, raw: recipe.raw, ..recipe_of_line };
    // Other programs' words for the second part are words of a prompt here.
    let prompts = infotext::before_settings(text);
    let at = if prompts.starts_with('-') { Some(0) } else { prompts.rfind("\n-").map(|at| at + 1) };
    let (positive, negative) = prompts.split_at(at.unwrap_or(prompts.len()));
    recipe.positive = normal::text(positive);
    recipe.negative = normal::text(negative.strip_prefix('-').unwrap_or_default());
    let adapters: Vec<_> = whole.extra.iter().filter(|(key, _)| key.starts_with("LoRA ")).collect();
    for (key, name) in adapters.iter().filter(|(key, _)| key.ends_with(" Model")) {
        let wanted = key.replace(" Model", " Weight");
        let weight =
            adapters.iter().find(|(key, _)| *key == wanted).and_then(|(_, weight)| normal::number(weight));
        normal::add_lora(&mut recipe.loras, name, weight.unwrap_or(1.0));
    }
    for (key, value) in &whole.extra {
        match key.as_str() {
            "Guidance Scale" => recipe.cfg = normal::number(value),
            "CLIP Skip" | "Clip skip" => put(&mut recipe, "Clip skip", Some(value)),
            "Strength" if normal::number(value).is_some_and(|strength| strength < 1.0) => {
                put(&mut recipe, "Denoising strength", Some(value));
            }
            "Seed Mode" => put(&mut recipe, "seed_mode", Some(value)),
            "Shift" => put(&mut recipe, "shift", Some(value)),
            _ => {}
        }
    }
    Some(recipe)
}

/// Takes from the readable text what the JSON has lost, or from one that was cut off what the text does not say.
fn mend(recipe: &mut Recipe, text: Recipe) {
    let has_lost = |json: &str, text: &str| {
        json.is_empty() && !text.is_empty() || json.contains('?') && !text.is_ascii()
    };
    if has_lost(&recipe.positive, &text.positive) {
        recipe.positive = text.positive;
    }
    if has_lost(&recipe.negative, &text.negative) {
        recipe.negative = text.negative;
    }
    let own = recipe;
    if has_lost(own.model.as_deref().unwrap_or_default(), text.model.as_deref().unwrap_or_default()) {
        own.model.clone_from(&text.model);
    }
    if own.loras.len() == text.loras.len() {
        for (lora, told) in own.loras.iter_mut().zip(&text.loras) {
            if has_lost(&lora.name, &told.name) {
                lora.name.clone_from(&told.name);
            }
        }
    }
    own.steps = own.steps.or(text.steps);
    own.sampler = own.sampler.take().or(text.sampler);
    own.cfg = own.cfg.or(text.cfg);
    own.seed = own.seed.take().or(text.seed);
    own.model = own.model.take().or(text.model);
    if own.width.is_none() {
        (own.width, own.height) = (text.width, text.height);
    }
    if own.loras.is_empty() {
        own.loras = text.loras;
    }
    for (key, value) in text.extra {
        put(own, &key, Some(&value));
    }
}
