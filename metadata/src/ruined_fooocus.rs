//! RuinedFooocus: a JSON object that names its program (catalogue 5.6).

use crate::claim::Claim;
use crate::json::Value;
use crate::members::{self, Is, Table};
use crate::normal;
use crate::sheet::Sheet;
use lumidex_schema::recipe::Source;

const TABLE: &Table = &[
    ("Prompt", Is::Positive),
    ("Negative", Is::Negative),
    ("steps", Is::Steps),
    ("sampler_name", Is::Sampler),
    ("scheduler", Is::Scheduler),
    ("cfg", Is::Cfg),
    ("seed", Is::Seed),
    ("width", Is::Width),
    ("height", Is::Height),
    ("base_model_name", Is::Model),
    ("base_model_hash", Is::ModelHash),
    ("clip_skip", Is::ClipSkip),
    ("denoise", Is::Skip),
    ("loras", Is::Skip),
    ("software", Is::Skip),
];

/// The recipe, if RuinedFooocus wrote the file.
pub(super) fn find(sheet: &Sheet<'_>) -> Option<Claim> {
    let is_ours = |value: &Value<'_>| {
        value.get("software").and_then(Value::text) == Some(Source::RuinedFooocus.identifier())
    };
    let (slot, object) = sheet.object(&["software"], is_ours)?;
    let mut recipe = members::recipe(object, TABLE, Source::RuinedFooocus, &slot.text);
    // Always written; 1 is a picture made of nothing.
    let denoise = object.get("denoise").and_then(Value::scalar).and_then(normal::number);
    let denoise = denoise.filter(|denoise| *denoise < 1.0).map(|denoise| denoise.to_string());
    members::put(&mut recipe, "Denoising strength", denoise.as_deref());
    for lora in object.get("loras").and_then(Value::list).unwrap_or_default() {
        // A hash, and weight and file in one text.
        let Some([hash, named]) = lora.list() else { continue };
        let hash = hash.text().and_then(normal::hash);
        let named = named.text().unwrap_or_default();
        let (weight, name) = named.split_once(" - ").unwrap_or(("1", named));
        let weight = normal::number(weight).unwrap_or(1.0);
        normal::put_lora(&mut recipe.loras, name, weight, None, hash);
    }
    Some(Claim::rendered(recipe, slot.place.label()))
}
