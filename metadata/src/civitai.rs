//! The generator of Civitai: what it says of the whole job beside the graph of its last step
//! (catalogue 5.12). Its infotexts are the infotext's subject.

use crate::claim::Claim;
use crate::json::{self, Value};
use crate::limits::{LORAS_MAX, SETTINGS_MAX};
use crate::members::{self, Is, Table};
use crate::normal;
use crate::sheet::Sheet;
use lumidex_schema::recipe::{Lora, Recipe, Source};

const TABLE: &Table = &[
    ("prompt", Is::Positive),
    ("negativePrompt", Is::Negative),
    ("steps", Is::Steps),
    ("sampler", Is::Sampler),
    ("scheduler", Is::Scheduler),
    ("cfgScale", Is::Cfg),
    ("seed", Is::Seed),
    ("width", Is::Width),
    ("height", Is::Height),
    ("clipSkip", Is::ClipSkip),
    ("baseModel", Is::Text("Base model")),
    ("denoise", Is::Number("Denoising strength")),
    ("workflow", Is::Text("Generation mode")),
    ("workflowId", Is::Text("Generation mode")),
    ("resources", Is::Skip),
];

/// The recipe, if the generator of Civitai wrote the file.
pub(super) fn find(sheet: &Sheet<'_>) -> Option<Claim> {
    let is_ours = |value: &Value<'_>| {
        let extra = value.get("extra");
        value.get("extraMetadata").is_some()
            || extra.is_some_and(|extra| extra.get("airs").or(extra.get("ckpt_airs")).is_some())
    };
    let (slot, object) = sheet.object(&["extraMetadata", "airs", "ckpt_airs"], is_ours)?;
    let unwrapped = match object.get("extraMetadata") {
        Some(Value::Text(text)) => json::parse(text),
        other => other.cloned(),
    };
    // Without it only the graph speaks.
    let about = unwrapped.filter(|about| about.map().is_some())?;
    let mut recipe = members::recipe(&about, TABLE, Source::Civitai, &slot.text);
    resources(&mut recipe, &about, &airs(object));
    Some(Claim::rendered(recipe, slot.place.label()))
}

/// Which kind of resource a version is, as their identifiers say.
fn airs(object: &Value<'_>) -> Vec<(String, String)> {
    let extra = object.get("extra");
    let lists = ["airs", "ckpt_airs", "lora_airs"];
    let lists = lists.iter().filter_map(|key| extra?.get(key)?.list()).flatten();
    let parts = lists.take(SETTINGS_MAX).filter_map(|air| {
        // urn:air:sdxl:checkpoint:civitai:111@222
        let air = air.text()?;
        let (_, version) = air.rsplit_once('@')?;
        Some((version.to_owned(), air.split(':').nth(3)?.to_ascii_lowercase()))
    });
    parts.collect()
}

/// Resources have numbers for names. The first whose kind nobody says is the model, if nothing else is.
fn resources(recipe: &mut Recipe, about: &Value<'_>, airs: &[(String, String)]) {
    let kind_of = |id: &str| airs.iter().find(|(version, _)| version == id).map(|(_, kind)| kind.as_str());
    let is_model = |id: &str| kind_of(id) == Some("checkpoint");
    let list = about.get("resources").and_then(Value::list).unwrap_or_default();
    let ids: Vec<_> = list
        .iter()
        .take(LORAS_MAX)
        .filter_map(|item| Some((item.get("modelVersionId")?.scalar()?, item)))
        .collect();
    let named = ids.iter().map(|(id, _)| *id).find(|id| is_model(id));
    let of_air = || airs.iter().find(|(_, kind)| kind == "checkpoint").map(|(id, _)| id.as_str());
    let first = || ids.iter().map(|(id, _)| *id).find(|id| kind_of(id).is_none());
    let model = named.or_else(of_air).or_else(first);
    recipe.model = recipe.model.take().or_else(|| model.map(|id| format!("civitai:{id}")));
    for (id, item) in ids.iter().filter(|(id, _)| Some(*id) != model) {
        if matches!(kind_of(id), None | Some("lora" | "lycoris" | "locon" | "dora")) {
            let weight = ["strength", "weight"].iter().find_map(|key| item.get(key)?.scalar());
            let weight = weight.and_then(normal::number).unwrap_or(1.0);
            recipe.loras.push(Lora { name: format!("civitai:{id}"), weight, ..Lora::default() });
        }
    }
}
