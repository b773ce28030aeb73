//! What the generator of Civitai writes into infotexts: a list of resources, and an object with
//! addresses that nobody else may see.

use crate::json::{self, Value};
use crate::limits::LORAS_MAX;
use crate::normal;
use lumidex_schema::recipe::Lora;

/// The list of resources.
#[derive(Default)]
pub(super) struct Resources {
    pub(super) model: Option<String>,
    pub(super) loras: Vec<Lora>,
}

/// Reads the list of resources; nothing when it is none.
pub(super) fn resources(list: &str) -> Resources {
    let mut found = Resources::default();
    let Some(Value::List(items)) = json::parse(list) else { return found };
    for item in items.iter().take(LORAS_MAX) {
        let Some(name) = name(item) else { continue };
        let kind = item.get("type").and_then(Value::text).unwrap_or("lora").to_ascii_lowercase();
        match kind.as_str() {
            "checkpoint" | "model" if found.model.is_none() => found.model = Some(name),
            "lora" | "lycoris" | "locon" | "dora" => {
                let weight = ["weight", "strength"].into_iter().find_map(|key| item.get(key)?.scalar());
                let weight = weight.and_then(normal::number).unwrap_or(1.0);
                found.loras.push(Lora { name, weight, ..Lora::default() });
            }
            _ => {}
        }
    }
    found
}

/// The names of model and version, otherwise the version's number.
fn name(item: &Value<'_>) -> Option<String> {
    let text =
        |key: &str| item.get(key).and_then(Value::text).map(normal::text).filter(|text| !text.is_empty());
    if let Some(model) = text("modelName") {
        return Some(text("modelVersionName").map_or(model.clone(), |version| format!("{model} {version}")));
    }
    let id = item.get("modelVersionId")?.scalar()?;
    Some(format!("civitai:{id}"))
}

/// An object without the values that are addresses; `None` when nothing is left.
pub(super) fn without_urls(object: &str) -> Option<String> {
    let value = json::parse(object);
    match value {
        None => (!object.contains("://")).then(|| object.to_owned()),
        Some(value) => without(value).map(|value| value.to_string()),
    }
}

fn without(value: Value<'_>) -> Option<Value<'_>> {
    Some(match value {
        Value::Text(text) if text.contains("://") => return None,
        Value::List(items) => Value::List(items.into_iter().filter_map(without).collect()),
        Value::Map(members) => {
            let kept = members.into_iter().filter_map(|(key, value)| Some((key, without(value)?)));
            Value::Map(kept.collect())
        }
        other => other,
    })
}

/// The settings of an infotext with the object's addresses taken out; `None` when there are none.
pub(super) fn clean(settings: &str) -> Option<String> {
    const KEY: &str = "Civitai metadata: ";
    let at = settings.find(KEY)? + KEY.len();
    let object = &settings[at..];
    let (value, len) = json::prefix(object)?;
    if !object[..len].contains("://") {
        return None;
    }
    let kept = without(value)?;
    Some(format!("{}{kept}{}", &settings[..at], &object[len..]))
}
