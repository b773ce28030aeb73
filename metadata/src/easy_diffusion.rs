//! Easy Diffusion: a text per field, the same as JSON, or lines of a text beside the picture
//! (catalogue 5.11). Fields have names for programs and names for people.

use crate::claim::Claim;
use crate::json::Value;
use crate::members::{self, Is, Table};
use crate::sheet::Sheet;
use crate::slots::Place;
use crate::{comfyui, normal, prompt};
use lumidex_schema::recipe::{Recipe, Source};
use std::borrow::Cow;

const TABLE: &Table = &[
    ("prompt", Is::Positive),
    ("Prompt", Is::Positive),
    ("negative_prompt", Is::Negative),
    ("Negative Prompt", Is::Negative),
    ("num_inference_steps", Is::Steps),
    ("Steps", Is::Steps),
    ("sampler_name", Is::Sampler),
    ("Sampler", Is::Sampler),
    ("scheduler_name", Is::Scheduler),
    ("Scheduler", Is::Scheduler),
    ("guidance_scale", Is::Cfg),
    ("Guidance Scale", Is::Cfg),
    ("seed", Is::Seed),
    ("Seed", Is::Seed),
    ("width", Is::Width),
    ("Width", Is::Width),
    ("height", Is::Height),
    ("Height", Is::Height),
    ("use_stable_diffusion_model", Is::Model),
    ("Stable Diffusion model", Is::Model),
    ("use_vae_model", Is::Stem("VAE")),
    ("VAE model", Is::Stem("VAE")),
    ("clip_skip", Is::Skip),
    ("Clip Skip", Is::Skip),
    ("distilled_guidance_scale", Is::Number("Distilled CFG Scale")),
    ("Distilled Guidance", Is::Number("Distilled CFG Scale")),
    ("Distilled Guidance Scale", Is::Number("Distilled CFG Scale")),
    ("prompt_strength", Is::Number("Denoising strength")),
    ("Prompt Strength", Is::Number("Denoising strength")),
    ("use_upscale", Is::Stem("Upscaler")),
    ("Use Upscaling", Is::Stem("Upscaler")),
    ("upscale_amount", Is::Skip),
    ("Upscale By", Is::Skip),
    ("use_lora_model", Is::Skip),
    ("LoRA model", Is::Skip),
    ("lora_alpha", Is::Skip),
    ("LoRA Strength", Is::Skip),
];

/// The recipe, if Easy Diffusion wrote the file.
pub(super) fn find(sheet: &Sheet<'_>) -> Option<Claim> {
    let keys = ["use_stable_diffusion_model", "Stable Diffusion model"];
    let is_ours = |value: &Value<'_>| keys.iter().any(|key| value.get(key).is_some());
    if let Some((slot, object)) = sheet.object(&keys, is_ours) {
        return Some(Claim::rendered(recipe(object, &slot.text), slot.place.label()));
    }
    of_keywords(sheet)
}

/// A text chunk per field.
fn of_keywords(sheet: &Sheet<'_>) -> Option<Claim> {
    let has = |keyword: &str| sheet.keyword(keyword).is_some();
    let prompt = sheet.keyword("prompt").filter(|text| !normal::is_json(text) && !comfyui::is_graph(text));
    let is_ours = has("use_stable_diffusion_model")
        || has("Stable Diffusion model")
        || prompt.is_some() && has("negative_prompt");
    if !is_ours {
        return None;
    }
    let mut raw = String::new();
    let mut fields = Vec::new();
    for slot in sheet.slots() {
        let Place::Keyword(keyword) = &slot.place else { continue };
        if TABLE.iter().any(|(known, _)| known == keyword) && !comfyui::is_graph(&slot.text) {
            raw.push_str(&format!("{keyword}: {}\n", slot.text));
            fields.push((Cow::Borrowed(keyword.as_str()), Value::Text(Cow::Borrowed(&slot.text))));
        }
    }
    let place = prompt.map_or_else(|| "text:prompt".to_owned(), |text| sheet.place_of(text));
    Some(Claim::rendered(recipe(&Value::Map(fields), raw.trim_end()), place))
}

/// The recipe of the lines of a text, if they are Easy Diffusion's.
pub(super) fn of_lines(text: &str) -> Option<Recipe> {
    let key = |line: &str| {
        let (key, _) = line.split_once(':')?;
        TABLE.iter().map(|(known, _)| *known).find(|known| known.eq_ignore_ascii_case(key.trim()))
    };
    let mut fields: Vec<(&'static str, String)> = Vec::new();
    for line in text.lines() {
        match key(line).filter(|key| !fields.iter().any(|(known, _)| known == key)) {
            Some(key) => {
                let value = line.split_once(':').map_or("", |(_, value)| value);
                fields.push((key, value.trim().to_owned()));
            }
            // Prompts may have several lines.
            None => {
                let (_, value) = fields.last_mut()?;
                value.push('\n');
                value.push_str(line);
            }
        }
    }
    let is_ours = |key: &&str| ["Stable Diffusion model", "use_stable_diffusion_model"].contains(key);
    fields.iter().map(|(key, _)| key).find(|key| is_ours(key))?;
    let fields = fields.into_iter().map(|(key, value)| (Cow::Borrowed(key), Value::Text(Cow::Owned(value))));
    Some(recipe(&Value::Map(fields.collect()), text))
}

fn recipe(object: &Value<'_>, raw: &str) -> Recipe {
    let mut recipe = members::recipe(object, TABLE, Source::EasyDiffusion, raw);
    let first = |keys: [&str; 2]| keys.iter().find_map(|key| object.get(key));
    // Here the setting is whether one layer is left out.
    let skips = first(["clip_skip", "Clip Skip"]).and_then(Value::scalar).unwrap_or_default();
    let skip = match skips.trim() {
        "true" | "True" => Some("2"),
        number => normal::count(number).filter(|skip| *skip > 0).map(|_| number),
    };
    members::put(&mut recipe, "Clip skip", skip);
    if recipe.extra.iter().any(|(key, _)| key == "Upscaler") {
        let by = first(["upscale_amount", "Upscale By"]).and_then(Value::scalar);
        members::put(&mut recipe, "Postprocess upscale by", by);
    }
    let list = |keys| first(keys).map(members::listed).unwrap_or_default();
    let weights = list(["lora_alpha", "LoRA Strength"]);
    let mut loras = Vec::new();
    for (nth, name) in list(["use_lora_model", "LoRA model"]).iter().enumerate() {
        let weight = weights.get(nth).and_then(|weight| normal::number(weight)).unwrap_or(1.0);
        normal::add_lora(&mut loras, name, weight);
    }
    prompt::add_loras(&mut loras, &recipe.positive);
    recipe.loras = loras;
    recipe
}
