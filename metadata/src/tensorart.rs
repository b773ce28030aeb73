//! TensorArt and its relatives: the job as JSON beside a graph of inner names (catalogue 5.13), and the
//! label that some countries ask for.

use crate::claim::Claim;
use crate::json::{self, Value};
use crate::members::{self, Is, Table, put};
use crate::normal;
use crate::sheet::Sheet;
use lumidex_schema::recipe::{Recipe, Source};

const TABLE: &Table = &[
    ("prompt", Is::Positive),
    ("negativePrompt", Is::Negative),
    ("steps", Is::Steps),
    ("samplerName", Is::Sampler),
    ("ksamplerName", Is::Sampler),
    ("schedule", Is::Scheduler),
    ("cfgScale", Is::Cfg),
    ("seed", Is::Seed),
    ("width", Is::Width),
    ("height", Is::Height),
    ("clipSkip", Is::ClipSkip),
    ("sdVae", Is::Stem("VAE")),
    ("guidance", Is::Number("Distilled CFG Scale")),
    ("denoisingStrength", Is::Number("Denoising strength")),
    ("baseModel", Is::Skip),
    ("models", Is::Skip),
    ("imageCount", Is::Skip),
];

/// The recipe, if TensorArt or a relative wrote the file.
pub(super) fn find(sheet: &Sheet<'_>) -> Option<Claim> {
    let text = sheet.keyword("generation_data")?;
    let object = sheet.json(text).filter(|object| object.map().is_some())?;
    let mut recipe = members::recipe(object, TABLE, Source::TensorArt, text);
    if let Some(model) = object.get("baseModel") {
        let text = |key: &str| model.get(key).and_then(Value::text);
        recipe.model =
            text("modelFileName").and_then(normal::model).or_else(|| text("label").and_then(normal::model));
        recipe.model_hash = text("hash").and_then(normal::hash);
    }
    for lora in object.get("models").and_then(Value::list).unwrap_or_default() {
        let text = |key: &str| lora.get(key).and_then(Value::text);
        if text("type").is_some_and(|kind| !kind.to_ascii_uppercase().contains("LOR")) {
            continue;
        }
        let weight = lora.get("weight").and_then(Value::scalar).and_then(normal::number).unwrap_or(1.0);
        let name = text("modelFileName").or_else(|| text("label")).unwrap_or_default();
        normal::put_lora(&mut recipe.loras, name, weight, None, text("hash").and_then(normal::hash));
    }
    Some(Claim::rendered(recipe, sheet.place_of(text)))
}

/// The mark of a picture made by a machine; it holds no prompt.
pub(super) fn label(sheet: &Sheet<'_>) -> Option<Claim> {
    const KEYS: [&str; 4] = ["Label", "ContentProducer", "ProduceID", "aigc_info"];
    let is_label = |value: &Value<'_>| KEYS.iter().any(|key| value.get(key).is_some());
    let claim = |label: &Value<'_>, raw: &str, place| {
        let mut recipe = Recipe { source: Source::Generic, raw: raw.to_owned(), ..Recipe::default() };
        put(&mut recipe, "AI generated", Some("true"));
        let inner = label.get("aigc_info").filter(|inner| inner.map().is_some()).unwrap_or(label);
        for key in ["ContentProducer", "ProduceID"] {
            put(&mut recipe, key, inner.get(key).and_then(Value::scalar).filter(|text| text.len() <= 256));
        }
        Some(Claim::rendered(recipe, place))
    };
    if let Some((slot, value)) = sheet.object(&KEYS, |value| is_label(value) && value.get("prompt").is_none())
    {
        return claim(value, &slot.text, slot.place.label());
    }
    let text = sheet.keyword("AIGC").or_else(|| sheet.xmp("TC260:AIGC"))?;
    match sheet.json(text)? {
        Value::Text(inner) => claim(&json::parse(inner)?, text, sheet.place_of(text)),
        object => claim(object, text, sheet.place_of(text)),
    }
}
