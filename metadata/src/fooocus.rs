//! Fooocus and what was made of it: a JSON object or an infotext, told by the name of its scheme
//! (catalogue 5.6). The page it logs to is another file's subject.

use crate::claim::Claim;
use crate::infotext;
use crate::json::{self, Value};
use crate::members::{self, Is, Table};
use crate::normal;
use crate::sheet::Sheet;
use crate::slots::tag;
use lumidex_schema::recipe::{Recipe, Source};

/// The keys of the program itself, of its page, and of its relatives.
const TABLE: &Table = &[
    ("prompt", Is::Positive),
    ("Prompt", Is::Positive),
    ("full_prompt", Is::Positive),
    ("Full Prompt", Is::Positive),
    ("real_prompt", Is::Positive),
    ("negative_prompt", Is::Negative),
    ("Negative Prompt", Is::Negative),
    ("full_negative_prompt", Is::Negative),
    ("Full Negative Prompt", Is::Negative),
    ("real_negative_prompt", Is::Negative),
    ("steps", Is::Steps),
    ("Steps", Is::Steps),
    ("sampler", Is::Sampler),
    ("Sampler", Is::Sampler),
    ("scheduler", Is::Scheduler),
    ("Scheduler", Is::Scheduler),
    ("guidance_scale", Is::Cfg),
    ("Guidance Scale", Is::Cfg),
    ("cfg", Is::Cfg),
    ("CFG", Is::Cfg),
    ("seed", Is::Seed),
    ("Seed", Is::Seed),
    ("resolution", Is::Size),
    ("Resolution", Is::Size),
    ("width", Is::Width),
    ("height", Is::Height),
    ("base_model", Is::Model),
    ("Base Model", Is::Model),
    ("base_model_hash", Is::ModelHash),
    ("Base Model Hash", Is::ModelHash),
    ("vae", Is::Stem("VAE")),
    ("VAE", Is::Stem("VAE")),
    ("clip_skip", Is::ClipSkip),
    ("base_clip_skip", Is::ClipSkip),
    ("CLIP Skip", Is::ClipSkip),
    ("Clip Skip", Is::ClipSkip),
    ("refiner_model", Is::Stem("Refiner")),
    ("Refiner Model", Is::Stem("Refiner")),
    ("refiner_model_hash", Is::Text("Refiner hash")),
    ("refiner_switch", Is::Number("Refiner switch at")),
    ("Refiner Switch", Is::Number("Refiner switch at")),
    ("switch", Is::Number("Refiner switch at")),
    ("performance", Is::Text("Performance")),
    ("Performance", Is::Text("Performance")),
    ("sharpness", Is::Number("Sharpness")),
    ("Sharpness", Is::Number("Sharpness")),
    ("adm_guidance", Is::Text("ADM Guidance")),
    ("ADM Guidance", Is::Text("ADM Guidance")),
    ("prompt_expansion", Is::Text("Expanded prompt")),
    ("Fooocus V2 Expansion", Is::Text("Expanded prompt")),
    ("Full raw prompt", Is::Text("Raw prompt")),
    ("created_by", Is::Text("Author")),
    ("User", Is::Text("Author")),
    ("version", Is::Text("Version")),
    ("Version", Is::Text("Version")),
    ("software", Is::Text("Version")),
    ("styles", Is::Skip),
    ("Styles", Is::Skip),
    ("style", Is::Skip),
    ("loras", Is::Skip),
    ("metadata_scheme", Is::Skip),
    ("Metadata Scheme", Is::Skip),
];

/// The recipe, if Fooocus or a relative wrote the file.
pub(super) fn find(sheet: &Sheet<'_>) -> Option<Claim> {
    if let Some((slot, object)) = sheet.object(&["metadata_scheme", "base_model", "Base Model"], is_ours) {
        return Some(Claim::rendered(recipe(object, &slot.text), slot.place.label()));
    }
    let is_named = sheet.keyword("fooocus_scheme").is_some()
        || [sheet.keyword("Software"), sheet.exif(tag::SOFTWARE)]
            .into_iter()
            .flatten()
            .any(|software| software.trim_start().starts_with("Fooocus"));
    let places = [sheet.keyword("parameters"), sheet.exif(tag::USER_COMMENT), sheet.keyword("Comment")];
    let mut texts = places.into_iter().flatten().filter(|_| is_named);
    texts.find_map(|text| match sheet.json(text) {
        Some(object @ Value::Map(_)) => Some(Claim::rendered(recipe(object, text), sheet.place_of(text))),
        _ => {
            let recipe = Recipe { source: Source::Fooocus, ..infotext::parse(text)? };
            Some(Claim::embedded(recipe, sheet.place_of(text)))
        }
    })
}

fn is_ours(value: &Value<'_>) -> bool {
    let has = |key: &str| value.get(key).is_some();
    has("metadata_scheme")
        || has("base_model") && (has("full_prompt") || has("real_prompt"))
        || has("Base Model") && (has("Prompt") || has("Full Prompt") || has("Sampler"))
}

/// The recipe of an object with the keys of any of them.
pub(super) fn recipe(object: &Value<'_>, raw: &str) -> Recipe {
    let mut recipe = members::recipe(object, TABLE, Source::Fooocus, raw);
    // A switch without a refiner is only where it would have been.
    if !recipe.extra.iter().any(|(key, _)| key == "Refiner") {
        recipe.extra.retain(|(key, _)| key != "Refiner switch at");
    }
    recipe.extra.retain(|(key, _)| !is_adapter_key(key));
    for (key, full) in [
        ("Full prompt", ["full_prompt", "Full Prompt", "real_prompt"]),
        ("Full negative prompt", ["full_negative_prompt", "Full Negative Prompt", "real_negative_prompt"]),
    ] {
        let typed = if key == "Full prompt" { &recipe.positive } else { &recipe.negative };
        let full =
            full.iter().find_map(|key| object.get(key)).map(members::joined).filter(|full| full != typed);
        members::put(&mut recipe, key, full.as_deref());
    }
    let styles = ["styles", "Styles", "style"].iter().find_map(|key| object.get(key));
    let styles = styles.map(|styles| members::listed(styles).join(", "));
    members::put(&mut recipe, "Styles", styles.as_deref());
    adapters(&mut recipe, object);
    recipe
}

/// `l1`, `w1`, `lora_combined_1`, `LoRA 1`, `LoRA [name] weight`.
fn is_adapter_key(key: &str) -> bool {
    let is_numbered = |start: &str| {
        key.strip_prefix(start)
            .is_some_and(|nth| !nth.is_empty() && nth.bytes().all(|digit| digit.is_ascii_digit()))
    };
    ["l", "w", "lora_combined_", "lora_", "LoRA "].iter().any(|start| is_numbered(start))
        || key.starts_with("LoRA [")
}

fn adapters(recipe: &mut Recipe, object: &Value<'_>) {
    let mut loras = Vec::new();
    let listed = object.get("loras");
    let read = listed.and_then(Value::text).and_then(json::parse);
    for lora in read.as_ref().or(listed).and_then(Value::list).unwrap_or_default() {
        let item = |nth: usize| lora.list().and_then(|items| items.get(nth)).and_then(Value::scalar);
        let weight = item(1).and_then(normal::number).unwrap_or(1.0);
        normal::put_lora(
            &mut loras,
            item(0).unwrap_or_default(),
            weight,
            None,
            item(2).and_then(normal::hash),
        );
    }
    for (key, value) in object.map().unwrap_or_default().iter().take(crate::limits::SETTINGS_MAX) {
        let Some(value) = value.scalar().filter(|_| is_adapter_key(key)) else { continue };
        if let Some(name) = key.strip_prefix("LoRA [") {
            let name = name.split_once(']').map_or(name, |(name, _)| name);
            normal::add_lora(&mut loras, name, normal::number(value).unwrap_or(1.0));
        } else if let Some(nth) =
            key.strip_prefix('l').filter(|nth| nth.starts_with(|d: char| d.is_ascii_digit()))
        {
            let weight = object.get(&format!("w{nth}")).and_then(Value::scalar).and_then(normal::number);
            normal::add_lora(&mut loras, value, weight.unwrap_or(1.0));
        } else if let Some((name, weight)) = value.rsplit_once(" : ") {
            normal::add_lora(&mut loras, name, normal::number(weight).unwrap_or(1.0));
        }
    }
    for lora in std::mem::take(&mut recipe.loras) {
        normal::put_lora(&mut loras, &lora.name, lora.weight, lora.clip_weight, lora.hash);
    }
    recipe.loras = loras;
}
