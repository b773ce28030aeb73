//! The tags that follow from a recipe (contract 15.3, 15.7), pixel size and media type apart.

use crate::prompt;
use lumidex_schema::recipe::Recipe;
use lumidex_schema::tag::{TagKind, is_valid_name};

/// Settings whose value is a tag.
const SETTINGS: [TagKind; 5] = [
    TagKind::PostprocessUpscaleBy,
    TagKind::PostprocessUpscaler,
    TagKind::Size,
    TagKind::Refiner,
    TagKind::HiresUpscaler,
];

/// The tags of a recipe: valid names only, no repeats within a kind.
#[must_use]
pub fn auto_tags(recipe: &Recipe) -> Vec<(TagKind, String)> {
    let mut tags = Vec::new();
    let mut add = |kind: TagKind, name: &str| {
        let name = name.trim();
        if is_valid_name(name) && name.len() <= crate::limits::TAG_NAME_BYTES_MAX {
            tags.push((kind, name.to_owned()));
        }
    };
    add(
        TagKind::SourceIdentifier,
        setting(recipe, "Source Identifier").unwrap_or(recipe.source.identifier()),
    );
    add(TagKind::Model, recipe.model.as_deref().unwrap_or_default());
    add(TagKind::Sampler, recipe.sampler.as_deref().unwrap_or_default());
    for kind in SETTINGS {
        let Some(value) = setting(recipe, kind.word()).filter(|value| !value.trim().is_empty()) else {
            continue;
        };
        // Sides joined by an `x` alone are split by the writers' own reader and give no tag.
        if kind == TagKind::Size && is_plain_size(value) {
            continue;
        }
        add(kind, value);
        match kind {
            TagKind::HiresUpscaler => add(kind, "Hires All"),
            TagKind::Refiner => add(kind, "Refiner All"),
            _ => {}
        }
    }
    let mut of_prompt = prompt::tags(&recipe.positive);
    for lora in &recipe.loras {
        if !prompt::networks(&recipe.positive)
            .any(|named| crate::normal::is_same_lora(&lora.name, named.name))
        {
            prompt::add_name(&mut of_prompt.loras, &lora.name);
        }
    }
    let prompt::Tags { pos, loras, lycos } = of_prompt;
    let of_kind = |kind: TagKind, names: Vec<String>| names.into_iter().map(move |name| (kind, name));
    tags.extend(of_kind(TagKind::Lora, loras));
    tags.extend(of_kind(TagKind::Lyco, lycos));
    tags.extend(of_kind(TagKind::Pos, pos));
    tags
}

/// A setting that no field holds, its key in any case of letters.
pub(super) fn setting<'a>(recipe: &'a Recipe, key: &str) -> Option<&'a str> {
    recipe.extra.iter().find(|(known, _)| known.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str())
}

fn is_plain_size(value: &str) -> bool {
    let is_number = |side: &str| !side.is_empty() && side.bytes().all(|digit| digit.is_ascii_digit());
    value.split_once('x').is_some_and(|(width, height)| is_number(width) && is_number(height))
}
