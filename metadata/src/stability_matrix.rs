//! StabilityMatrix: the job as JSON beside an infotext, a project and a graph (catalogue 5.14).

use crate::claim::Claim;
use crate::json::{self, Value};
use crate::members::{self, Is, Table};
use crate::normal;
use crate::sheet::Sheet;
use lumidex_schema::recipe::{Recipe, Source};

const TABLE: &Table = &[
    ("PositivePrompt", Is::Positive),
    ("NegativePrompt", Is::Negative),
    ("Steps", Is::Steps),
    ("Sampler", Is::Sampler),
    ("Scheduler", Is::Scheduler),
    ("CfgScale", Is::Cfg),
    ("Seed", Is::Seed),
    ("Width", Is::Width),
    ("Height", Is::Height),
    ("ModelName", Is::Model),
    ("ModelHash", Is::ModelHash),
    ("ClipSkip", Is::ClipSkip),
    ("DenoiseStrength", Is::Number("Denoising strength")),
];

/// The recipe, if StabilityMatrix wrote the file.
pub(super) fn find(sheet: &Sheet<'_>) -> Option<Claim> {
    let read = |object: &Value<'_>, raw: &str, place| {
        let is_ours = object.get("PositivePrompt").is_some() || object.get("CfgScale").is_some();
        is_ours.then(|| Claim::rendered(members::recipe(object, TABLE, Source::StabilityMatrix, raw), place))
    };
    let of_keyword = || {
        let text = sheet.keyword("parameters-json")?;
        read(sheet.json(text)?, text, sheet.place_of(text))
    };
    // Copies hold all texts in one object.
    let of_copy = || {
        let (slot, object) =
            sheet.object(&["parameters-json"], |value| value.get("parameters-json").is_some())?;
        match object.get("parameters-json")? {
            Value::Text(inner) => read(&json::parse(inner)?, &slot.text, slot.place.label()),
            inner => read(inner, &slot.text, slot.place.label()),
        }
    };
    let of_plain = || {
        let (slot, object) =
            sheet.object(&["PositivePrompt"], |value| value.get("PositivePrompt").is_some())?;
        read(object, &slot.text, slot.place.label())
    };
    let of_project = || {
        let text = sheet.keyword("smproj")?;
        Some(Claim::rendered(of_project(sheet.json(text)?, text)?, sheet.place_of(text)))
    };
    of_keyword().or_else(of_copy).or_else(of_plain).or_else(of_project)
}

/// A project is the state of the program's cards.
fn of_project(project: &Value<'_>, raw: &str) -> Option<Recipe> {
    let state = project.get("State")?;
    let of = |card: &str, key: &str| state.get(card)?.get(key)?.scalar();
    let side =
        |key: &str| of("SamplerCard", key).and_then(normal::count).filter(|side| (1..=65_535).contains(side));
    let (width, height) = side("Width").zip(side("Height")).unzip();
    let text = |key: &str| of("PromptCard", key).map(normal::text).unwrap_or_default();
    Some(Recipe {
        source: Source::StabilityMatrix,
        positive: text("Prompt"),
        negative: text("NegativePrompt"),
        steps: of("SamplerCard", "Steps").and_then(normal::count),
        cfg: of("SamplerCard", "CfgScale").and_then(normal::number),
        seed: of("SeedCard", "Seed").and_then(normal::seed),
        model: of("ModelCard", "SelectedModelName").and_then(normal::model),
        width,
        height,
        raw: raw.to_owned(),
        ..Recipe::default()
    })
}
