//! SwarmUI, formerly StableSwarmUI: one JSON object wherever the container has room, or beside the file
//! (catalogue 5.9).

use crate::claim::Claim;
use crate::json::Value;
use crate::members::{self, Is, Table, put};
use crate::sheet::Sheet;
use crate::{normal, prompt};
use lumidex_schema::recipe::{Recipe, Source};

const PARAMS: &str = "sui_image_params";

const TABLE: &Table = &[
    ("prompt", Is::Positive),
    ("negativeprompt", Is::Negative),
    ("steps", Is::Steps),
    ("sampler", Is::Sampler),
    ("comfyuisampler", Is::Sampler),
    ("autowebuisampler", Is::Sampler),
    ("scheduler", Is::Scheduler),
    ("comfyuischeduler", Is::Scheduler),
    ("cfgscale", Is::Cfg),
    ("seed", Is::Seed),
    ("width", Is::Width),
    ("height", Is::Height),
    ("model", Is::Model),
    ("vae", Is::Stem("VAE")),
    ("clipstopatlayer", Is::ClipSkip),
    ("fluxguidancescale", Is::Number("Distilled CFG Scale")),
    ("refinercontrolpercentage", Is::Number("Denoising strength")),
    ("initimagecreativity", Is::Number("Denoising strength")),
    ("refinerupscale", Is::Number("Hires upscale")),
    ("refinerupscalemethod", Is::Skip),
    ("refinersteps", Is::Skip),
    ("refinermodel", Is::Stem("Refiner")),
    ("swarm_version", Is::Text("Version")),
    ("loras", Is::Skip),
    ("loraweights", Is::Skip),
    ("initimage", Is::Skip),
    ("maskimage", Is::Skip),
    ("promptimages", Is::Skip),
];

/// The recipe, if SwarmUI wrote the file.
pub(super) fn find(sheet: &Sheet<'_>) -> Option<Claim> {
    let is_ours = |value: &Value<'_>| value.get(PARAMS).and_then(Value::map).is_some();
    let (slot, whole) = sheet.object(&[PARAMS], is_ours)?;
    Some(Claim::rendered(recipe(whole, &slot.text)?, slot.place.label()))
}

fn recipe(whole: &Value<'_>, raw: &str) -> Option<Recipe> {
    let params = whole.get(PARAMS)?;
    let mut recipe = members::recipe(params, TABLE, Source::SwarmUi, raw);
    let scalar = |key: &str| params.get(key).and_then(Value::scalar);
    let upscaler = scalar("refinerupscalemethod").map(|method| match method.strip_prefix("model-") {
        Some(file) => normal::stem(file).to_owned(),
        None => method.to_owned(),
    });
    if recipe.extra.iter().any(|(key, _)| key == "Hires upscale") {
        put(&mut recipe, "Hires upscaler", upscaler.as_deref());
    }
    let has_refiner = recipe.extra.iter().any(|(key, _)| key == "Refiner");
    let steps = scalar("refinersteps").and_then(normal::count).map(|steps| steps.to_string());
    put(&mut recipe, if has_refiner { "Refiner steps" } else { "Hires steps" }, steps.as_deref());
    if let Some(beside) = whole.get("sui_extra_data") {
        let text = |key: &str| beside.get(key).and_then(Value::text);
        let typed = text("original_prompt").filter(|typed| normal::text(typed) != recipe.positive);
        put(&mut recipe, "Raw prompt", typed);
        put(&mut recipe, "Creation time", text("date"));
    }
    adapters(&mut recipe, params);
    hashes(&mut recipe, whole);
    Some(recipe)
}

/// Names and weights stand in parallel lists.
fn adapters(recipe: &mut Recipe, params: &Value<'_>) {
    let list = |key: &str| params.get(key).map(members::listed).unwrap_or_default();
    let weights = list("loraweights");
    let mut loras = Vec::new();
    for (nth, name) in list("loras").iter().enumerate() {
        let weight = weights.get(nth).and_then(|weight| normal::number(weight)).unwrap_or(1.0);
        normal::add_lora(&mut loras, name, weight);
    }
    prompt::add_loras(&mut loras, &recipe.positive);
    recipe.loras = loras;
}

fn hashes(recipe: &mut Recipe, whole: &Value<'_>) {
    let models = whole.get("sui_models").and_then(Value::list).unwrap_or_default();
    for model in models.iter().take(crate::limits::LORAS_MAX) {
        let text = |key: &str| model.get(key).and_then(Value::text);
        let (Some(name), Some(hash)) = (text("name"), text("hash").and_then(normal::hash)) else { continue };
        match text("param").unwrap_or_default() {
            "model" => {
                recipe.model_hash.get_or_insert(hash);
            }
            "loras" | "used_loras" => {
                if let Some(lora) =
                    recipe.loras.iter_mut().find(|lora| normal::is_same_lora(&lora.name, name))
                {
                    lora.hash = Some(hash);
                }
            }
            _ => {}
        }
    }
}
