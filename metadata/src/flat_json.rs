//! JSON of programs that are not known, spaces of Hugging Face among them: one object with a prompt, whose
//! other members have one of the usual names (catalogue 5.15).

use crate::claim::Claim;
use crate::json::Value;
use crate::members::{self, Is, Table, put};
use crate::normal;
use crate::sheet::Sheet;
use crate::slots::Place;
use lumidex_schema::recipe::Source;

const TABLE: &Table = &[
    ("prompt", Is::Positive),
    ("Prompt", Is::Positive),
    ("negative_prompt", Is::Negative),
    ("negativePrompt", Is::Negative),
    ("negative", Is::Negative),
    ("uc", Is::Negative),
    ("Negative prompt", Is::Negative),
    ("steps", Is::Steps),
    ("num_inference_steps", Is::Steps),
    ("num_steps", Is::Steps),
    ("Steps", Is::Steps),
    ("sampler", Is::Sampler),
    ("sampler_name", Is::Sampler),
    ("Sampler", Is::Sampler),
    ("scheduler", Is::Sampler),
    ("cfg", Is::Cfg),
    ("cfg_scale", Is::Cfg),
    ("cfgScale", Is::Cfg),
    ("guidance_scale", Is::Cfg),
    ("guidance", Is::Cfg),
    ("scale", Is::Cfg),
    ("CFG scale", Is::Cfg),
    ("seed", Is::Seed),
    ("noise_seed", Is::Seed),
    ("Seed", Is::Seed),
    ("resolution", Is::Size),
    ("size", Is::Size),
    ("Size", Is::Size),
    ("width", Is::Width),
    ("height", Is::Height),
    ("model", Is::Model),
    ("base_model", Is::Model),
    ("Model", Is::Model),
    ("ckpt", Is::Model),
    ("checkpoint", Is::Model),
    ("model_name", Is::Model),
    ("Model hash", Is::ModelHash),
    ("model_hash", Is::ModelHash),
    ("vae", Is::Stem("VAE")),
    ("clip_skip", Is::ClipSkip),
    ("clipSkip", Is::ClipSkip),
    ("strength", Is::Number("Denoising strength")),
    ("denoising_strength", Is::Number("Denoising strength")),
    ("style_preset", Is::Text("Styles")),
    ("use_upscaler", Is::Skip),
    ("loras", Is::Skip),
];

/// What a prompt is called.
const PROMPTS: [&str; 2] = ["prompt", "Prompt"];

/// The recipe of a flat object with a prompt.
pub(super) fn find(sheet: &Sheet<'_>) -> Option<Claim> {
    let (slot, object) = sheet.objects(&PROMPTS).find(|(slot, object)| is_flat(&slot.place, object))?;
    let has = |key: &str| object.get(key).is_some();
    let is_space = has("Model") && has("resolution") || has("use_upscaler") || has("style_preset");
    let source = if is_space { Source::HfSpace } else { Source::Generic };
    let mut recipe = members::recipe(object, TABLE, source, &slot.text);
    // Where both are there, the second name is a scheduler's after all.
    if let Some(scheduler) = object.get("scheduler").and_then(Value::scalar).and_then(normal::word)
        && recipe.sampler.as_ref().is_some_and(|sampler| *sampler != scheduler)
    {
        recipe.scheduler = Some(scheduler);
    }
    if let Some(upscaler) = object.get("use_upscaler").filter(|upscaler| upscaler.map().is_some()) {
        let scalar = |key: &str| upscaler.get(key).and_then(Value::scalar);
        put(&mut recipe, "Hires upscaler", scalar("upscale_method"));
        put(&mut recipe, "Hires upscale", scalar("upscale_by"));
        put(&mut recipe, "Hires steps", scalar("upscale_steps"));
        put(&mut recipe, "Denoising strength", scalar("upscaler_strength"));
    }
    for lora in object.get("loras").and_then(Value::list).unwrap_or_default() {
        let name = ["name", "model", "path"].iter().find_map(|key| lora.get(key)?.text());
        let weight = ["weight", "scale", "strength"].iter().find_map(|key| lora.get(key)?.scalar());
        let weight = weight.and_then(normal::number).unwrap_or(1.0);
        normal::add_lora(&mut recipe.loras, name.or_else(|| lora.text()).unwrap_or_default(), weight);
    }
    Some(Claim::rendered(recipe, slot.place.label()))
}

/// A prompt that is words, and one more member with a name of the table, which an infotext's place does
/// not need.
fn is_flat(place: &Place, object: &Value<'_>) -> bool {
    let is_words = |text: &&str| !text.trim().is_empty() && !normal::is_json(text);
    let prompt = PROMPTS.iter().find_map(|key| object.get(key)?.text());
    if prompt.filter(is_words).is_none() {
        return false;
    }
    let is_known =
        |key: &str| TABLE.iter().any(|(known, _)| *known == key) && !key.eq_ignore_ascii_case("prompt");
    matches!(place, Place::Keyword(keyword) if keyword.eq_ignore_ascii_case("parameters"))
        || object.map().is_some_and(|members| members.iter().any(|(key, _)| is_known(key)))
}

/// Whether a text is a caption in the form of an object, which some models take for a prompt.
pub(super) fn is_structured_caption(value: &Value<'_>) -> bool {
    const KEYS: [&str; 8] = [
        "short_description",
        "objects",
        "lighting",
        "background_setting",
        "aesthetics",
        "context",
        "style_medium",
        "text_render",
    ];
    KEYS.iter().filter(|key| value.get(key).is_some()).count() >= 2
}
