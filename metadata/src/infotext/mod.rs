//! The infotext of A1111, Forge and everything compatible: prompts, then a settings line.
//!
//! It is also the form in which every other dialect's recipe is stored (design ruling 8).
//! Grammar and mapping follow the format catalogue's sections 5.1 and 5.2.

mod adapters;
mod civitai;
mod map;
mod parts;
mod render;
mod settings;
#[cfg(test)]
mod tests;

pub(super) use adapters::lists_beyond;
pub(super) use parts::before_settings;
pub(super) use render::{complete, keys, pairs, render};
pub(super) use settings::is_key;

use crate::{json, normal, prompt};
use lumidex_schema::recipe::{Recipe, Source};
use std::borrow::Cow;

/// The recipe of a text that has a settings line; `None` for every other text.
pub(super) fn parse(text: &str) -> Option<Recipe> {
    let unified = unify(text);
    let parts = parts::split(&unified);
    let settings = parts.settings?;
    // What is stored is no JSON, even where a prompt begins like it.
    if normal::is_json(text) && !settings.contains("Source Identifier: ") {
        return None;
    }
    Some(recipe(text, &parts))
}

/// The recipe of a text that is known to be a prompt, with or without settings; `None` when it
/// is empty or JSON.
pub(super) fn parse_prompt(text: &str) -> Option<Recipe> {
    if text.trim().is_empty() || normal::is_json(text) {
        return None;
    }
    Some(recipe(text, &parts::split(&unify(text))))
}

/// The recipe of a text that has a settings line or at least a negative prompt.
pub(super) fn parse_comment(text: &str) -> Option<Recipe> {
    parse(text).or_else(|| parse_prompt(text).filter(|recipe| !recipe.negative.is_empty()))
}

/// Whether a line is, or looks like, the settings of an infotext.
pub(super) fn is_settings(line: &str) -> bool {
    parts::is_steps_line(line) || settings::is_settings_line(line)
}

/// Keys and values of such a line.
pub(super) fn settings_of(line: &str) -> Vec<(&str, Cow<'_, str>)> {
    settings::pairs(line)
}

/// Line and paragraph separators count as line ends.
fn unify(text: &str) -> Cow<'_, str> {
    if memchr::memchr3(0xe2, b'\r', b'\0', text.as_bytes()).is_some()
        && text.contains(['\u{2028}', '\u{2029}', '\r'])
    {
        Cow::Owned(text.replace("\r\n", "\n").replace(['\u{2028}', '\u{2029}', '\r'], "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

fn recipe(raw: &str, parts: &parts::Parts<'_>) -> Recipe {
    let mut recipe = Recipe {
        source: Source::A1111,
        positive: parts.positive.to_owned(),
        negative: parts.negative.to_owned(),
        raw: raw.to_owned(),
        ..Recipe::default()
    };
    prompt::add_loras(&mut recipe.loras, &recipe.positive);
    let mut mapper = map::Mapper::new(&mut recipe);
    if let Some(settings) = parts.settings {
        let clean = civitai::clean(settings);
        let settings = clean.as_deref().unwrap_or(settings);
        for (key, value) in settings::pairs(settings) {
            mapper.take(key, &value);
        }
    }
    for (key, value) in &parts.templates {
        mapper.take(key, value);
    }
    if let Some(json::Value::Map(members)) = parts.trailer.and_then(|(trailer, _)| json::parse(trailer)) {
        for (key, value) in &members {
            mapper.extra(key, value.scalar().map_or_else(|| value.to_string(), str::to_owned));
        }
    }
    mapper.finish();
    recipe
}
